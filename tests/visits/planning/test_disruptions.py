"""Strikes and storms: what they stop, what goes by other means, and how little a new plan moves."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from visits.planning.check import violations
from visits.planning.problem import (
    Busy,
    FixedVisit,
    Host,
    Limits,
    Mode,
    Problem,
    PublishedVisit,
    Task,
    TravelDisruption,
)
from visits.planning.search import solve
from visits.planning.verdicts import reachable_slots, weigh_start

from .campaigns import DETOURS, TABLE, local, place, working_days
from .verifier import faults

DAYS = working_days(date(2023, 2, 13), 1)
MON, TUE, WED, THU, FRI = DAYS
HOST = Host("H", "Joe", place("Oslo"))


def whole_day(day, *places, modes=("fly",), label="an airport strike"):
    start = local(day, 0, 0, "Europe/Oslo")
    return TravelDisruption(
        start, start + timedelta(days=1), frozenset(places), frozenset(modes), label
    )


def task(name, day, *, priority=1, promised=False, **more):
    closed = {other: "closed" for other in DAYS if other != day} if day else {}
    return Task(
        name, name, place(name), 120, priority=priority, promised=promised, closed=closed, **more
    )


def problem_of(*tasks, **more):
    return Problem(DAYS, (HOST,), tasks, TABLE, detours=DETOURS, **more)


def plan(problem):
    solution = solve(problem, Limits(seconds=10))
    assert (violations(problem, solution), faults(problem, solution)) == ([], [])
    return solution


def placed(solution):
    return {visit.label: visit.start for visit in solution.visits}


def test_a_visit_that_only_a_struck_flight_reaches_has_no_place():
    strikes = (whole_day(MON, "Athens"), whole_day(TUE, "Athens"))
    assert placed(plan(problem_of(task("Athens", TUE)))) != {}
    assert placed(plan(problem_of(task("Athens", TUE), disruptions=strikes))) == {}


def test_the_host_flies_the_day_before_the_strike():
    strike = whole_day(WED, "Athens")
    solution = plan(problem_of(task("Athens", WED), disruptions=(strike,)))
    assert [leg.depart.date() for leg in solution.legs] == [TUE, THU]


def test_a_struck_journey_goes_by_train_where_no_other_day_will_do():
    home = replace(HOST, home=place("Ghent"))
    snow = whole_day(TUE, "Antwerp", modes=("drive",), label="snow")
    near = replace(
        problem_of(task("Antwerp", TUE), disruptions=(snow,)), days=(TUE,), hosts=(home,)
    )
    solution = plan(near)
    usual = plan(replace(near, disruptions=()))
    assert [leg.mode for leg in usual.legs] == ["drive", "drive"]
    assert [leg.mode for leg in solution.legs] == ["rail", "rail"]
    assert solution.legs[0].minutes > usual.legs[0].minutes


def test_who_is_there_already_is_not_stopped():
    strike = whole_day(WED, "Athens", modes=())
    first, second = task("Athens", TUE), replace(task("Athens", WED), ref="again", label="again")
    assert set(placed(plan(problem_of(first, second, disruptions=(strike,))))) == {
        "Athens",
        "again",
    }


def test_a_fact_whose_journey_is_struck_names_the_strike():
    start = local(FRI, 10, 0, "Europe/Athens")
    fact = FixedVisit(
        "V1", "V1 Athens", "H", Mode.ON_SITE, place("Athens"), start, start + timedelta(hours=2)
    )
    strike = whole_day(FRI, "Oslo", label="the strike of 17 February")
    solution = plan(problem_of(fixed=(fact,), disruptions=(strike,)))
    assert [str(risk) for risk in solution.risks] == [
        "The journey from Athens to Oslo (fly) is stopped until 18 February 00:00, a day touched "
        "counting whole: the strike of 17 February; without that 40 minutes would be missing."
    ]


def test_a_promised_visit_beats_any_sum_of_new_ones():
    promised = task("Athens", TUE, promised=True)
    new = [task(name, TUE, priority=9) for name in ("Ghent", "Dublin", "Tallinn")]
    assert "Athens" in placed(plan(problem_of(promised, *new)))
    solution = plan(problem_of(promised, *new))
    assert solution.priority == sum(visit.priority for visit in solution.visits) <= solution.bound


def test_a_promised_visit_may_stay_on_a_day_too_near_for_a_new_one():
    start = local(TUE, 18, 0, "Europe/Athens")
    problem = problem_of(
        replace(task("Athens", None, promised=True), half_days={TUE: 12 * 60}),
        published=(PublishedVisit("Athens", "H", start),),
        earliest=local(THU, 0, 0, "Europe/Oslo"),
    )
    assert placed(plan(problem)) == {"Athens": start}


def test_a_struck_promised_visit_moves_and_the_other_stays():
    tasks = (task("Athens", None, promised=True), task("Tallinn", None, promised=True))
    published = (
        PublishedVisit("Athens", "H", local(TUE, 10, 0, "Europe/Athens")),
        PublishedVisit("Tallinn", "H", local(THU, 12, 0, "Europe/Tallinn")),
    )
    two_weeks = replace(problem_of(*tasks, published=published), days=working_days(MON, 2))
    strikes = tuple(whole_day(day, "Tallinn", modes=()) for day in (WED, THU, FRI))
    assert plan(two_weeks).kept == 2
    solution = plan(replace(two_weeks, disruptions=strikes))
    assert [(visit.label, visit.kept) for visit in solution.visits] == [
        ("Athens", True),
        ("Tallinn", False),
    ]


CITIES = ["Ghent", "Athens", "Dublin", "Tallinn", "Cologne", "Venice"]


def call_on(day, host=HOST):
    """A meeting online that stands, from 10:00 to 11:30 in Oslo."""
    start = local(day, 10, 0, "Europe/Oslo")
    label = f"call of {day}"
    return FixedVisit(
        label, label, "H", Mode.ONLINE, host.home, start, start + timedelta(minutes=90)
    )


@st.composite
def disturbed(draw, homes=("Oslo",), calls=None):
    """A week of up to four promised visits, as planned without and then met by a strike."""
    home = draw(st.sampled_from(homes))
    host = replace(HOST, home=place(home))
    names = st.sampled_from([name for name in (*CITIES, *homes) if name != home])
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    tasks = [task(name, None, promised=True) for name in chosen]
    online = tuple(call_on(day, host) for day in sorted(() if calls is None else draw(calls)))
    quiet = replace(problem_of(*tasks), hosts=(host,), fixed=online)
    calm = solve(quiet, Limits(seconds=10), with_reasons=False)
    published = tuple(PublishedVisit(v.task, "H", v.start) for v in calm.visits if v.task)
    day = draw(st.sampled_from(DAYS))
    area = draw(st.sets(st.sampled_from([home, *chosen]), min_size=1))
    strike = whole_day(day, *area, modes=draw(st.sampled_from([("fly",), ("fly", "rail"), ()])))
    return replace(quiet, published=published, disruptions=(strike,))


def ways_to_hold(problem):
    """Every choice of visits that stay: how many there can be in all then, and how many stay."""
    where = {row.task: row.start for row in problem.published}
    ways = []
    for count in range(len(problem.tasks) + 1):
        for gone in combinations(problem.tasks, count):
            held = tuple(
                FixedVisit(
                    row.ref,
                    row.label,
                    "H",
                    row.mode,
                    row.place,
                    where[row.ref],
                    where[row.ref] + timedelta(minutes=row.duration),
                    1,
                )
                for row in problem.tasks
                if row not in gone and row.ref in where
            )
            free = tuple(row for row in problem.tasks if row in gone)
            answer = solve(
                replace(
                    problem,
                    tasks=free,
                    fixed=(*problem.fixed, *held),
                    published=(),
                    most_moves=None,
                ),
                Limits(seconds=10),
                with_reasons=False,
            )
            if not answer.risks:
                ways.append((len(answer.visits), len(held)))
    return ways


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(disturbed())
def test_a_strike_moves_as_few_promised_visits_as_trying_everything_does(problem):
    solution = plan(problem)
    assert (len(solution.visits), solution.kept) == max(ways_to_hold(problem))


@settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    disturbed(
        homes=("Venice", "Oslo"), calls=st.sets(st.sampled_from(DAYS), min_size=1, max_size=2)
    ),
    st.sampled_from([0, 1]),
)
def test_a_plan_of_few_moves_moves_no_more_than_trying_everything_does(problem, most):
    ways = ways_to_hold(problem)
    assume(ways)
    can_stay = max(stay for _visits, stay in ways)
    solution = plan(replace(problem, most_moves=most))
    best = max(way for way in ways if way[1] >= can_stay - most)
    assert (len(solution.visits), solution.kept, solution.proven_all) == (*best, True)


@pytest.mark.parametrize("most", [0, 1])
def test_a_plan_that_may_move_little_keeps_the_rest(most):
    tasks = [task(name, None) for name in ("Athens", "Ghent", "Dublin", "Tallinn")]
    calm = plan(problem_of(*tasks[:3]))
    published = tuple(PublishedVisit(v.task, "H", v.start) for v in calm.visits)
    solution = plan(problem_of(*tasks, published=published, most_moves=most))
    assert solution.kept >= len(published) - most


def test_insert_only_keeps_what_can_stay_beside_a_call_held_at_home():
    # Tallinn cannot stay on Tuesday and could only take the day of Ghent, which can stay.
    host = replace(HOST, home=place("Venice"))
    tasks = tuple(
        replace(
            task(name, None, promised=True),
            duration=360,
            closed={day: "closed" for day in DAYS if day not in (TUE, THU)},
        )
        for name in ("Tallinn", "Ghent")
    )
    stays = local(THU, 9, 0, "Europe/Brussels")
    problem = replace(
        problem_of(*tasks, fixed=(call_on(MON, host),), most_moves=0),
        hosts=(host,),
        published=(
            PublishedVisit("Tallinn", "H", local(TUE, 9, 0, "Europe/Tallinn")),
            PublishedVisit("Ghent", "H", stays),
        ),
        disruptions=tuple(whole_day(day, "Tallinn", modes=()) for day in (MON, TUE)),
    )
    assert placed(plan(problem)).get("Ghent") == stays
    assert set(placed(plan(replace(problem, most_moves=1)))) >= {"Ghent", "Tallinn"}


def test_insert_only_moves_what_cannot_stay_keeps_the_rest_and_adds():
    tasks = (task("Athens", None, promised=True), task("Tallinn", None, promised=True))
    published = (
        PublishedVisit("Athens", "H", local(TUE, 10, 0, "Europe/Athens")),
        PublishedVisit("Tallinn", "H", local(THU, 12, 0, "Europe/Tallinn")),
    )
    strikes = tuple(whole_day(day, "Tallinn", modes=()) for day in (WED, THU, FRI))
    two_weeks = replace(
        problem_of(*tasks, task("Ghent", None), published=published, most_moves=0),
        days=working_days(MON, 2),
        disruptions=strikes,
    )
    solution = plan(two_weeks)
    assert (set(placed(solution)), solution.kept, solution.proven) == (
        {"Athens", "Tallinn", "Ghent"},
        1,
        True,
    )


def test_promised_visit_without_a_place_says_that_the_strike_stops_it():
    problem = problem_of(
        task("Tallinn", None, promised=True),
        published=(PublishedVisit("Tallinn", "H", local(THU, 12, 0, "Europe/Tallinn")),),
        disruptions=tuple(whole_day(day, "Tallinn", modes=()) for day in DAYS),
        earliest=local(FRI, 0, 0, "Europe/Oslo"),
    )
    (left,) = plan(problem).unplaced
    assert str(left.reason) == "It cannot stay on 16 February: an airport strike stops the journey."


def test_promised_visit_whose_host_is_on_leave_names_the_leave():
    start = local(THU, 12, 0, "Europe/Tallinn")
    leave = Busy(start - timedelta(hours=3), start + timedelta(hours=30), "on leave")
    problem = problem_of(
        task("Tallinn", THU, promised=True), published=(PublishedVisit("Tallinn", "H", start),)
    )
    problem = replace(problem, hosts=(replace(HOST, busy=(leave,)),))
    (left,) = plan(problem).unplaced
    words = "It cannot stay on 16 February: Joe is unavailable then (on leave)."
    assert (left.reason.code, str(left.reason)) == ("away_then", words)


def stands(name, day, hour=10):
    """A visit of two hours on site that stands."""
    start = local(day, hour, 0, place(name).zone)
    end = start + timedelta(hours=2)
    return FixedVisit(name, name, "H", Mode.ON_SITE, place(name), start, end)


def ways(legs):
    return [(leg.origin.name, leg.destination.name) for leg in legs]


def test_an_online_visit_is_no_reason_to_travel_out_of_a_storm():
    storm = [whole_day(day, "Vilnius", modes=(), label="the storm") for day in (MON, TUE)]
    facts = (call_on(MON), stands("Vilnius", WED), stands("Tallinn", THU, 14))
    solution = plan(problem_of(fixed=facts, disruptions=tuple(storm)))
    assert ways(solution.unmade) == [("Oslo", "Vilnius")]
    assert [risk.code for risk in solution.risks] == ["leg_stopped"]
    assert MON not in [leg.depart.date() for leg in solution.legs]
    assert ways(solution.legs) == [("Oslo", "Tallinn"), ("Tallinn", "Oslo")]


def test_the_check_refuses_a_trip_to_where_nobody_is_met():
    given = problem_of(fixed=(call_on(TUE), stands("Tallinn", FRI)))
    solution = plan(given)
    there, back = solution.legs
    away = [
        replace(leg, depart=leg.depart - timedelta(days=3), arrive=leg.arrive - timedelta(days=3))
        for leg in (there, replace(back, depart=back.depart, arrive=back.arrive))
    ]
    made_up = replace(solution, legs=(*away, there, back))
    assert "Joe meets nobody in Tallinn." in violations(given, made_up)
    assert "goes to Tallinn for nobody" in faults(given, made_up)


def test_the_check_refuses_a_journey_that_cannot_be_made():
    given = problem_of(fixed=(stands("Tallinn", THU, 14),))
    solution = plan(given)
    late = tuple(replace(leg, missing_minutes=30) for leg in solution.legs)
    assert "The journey from Oslo to Tallinn cannot be made." in violations(
        given, replace(solution, legs=late)
    )


def test_an_absence_is_named_for_every_visit_that_it_keeps_the_host_from():
    start = local(WED, 0, 0, "Europe/Oslo")
    ill = replace(HOST, busy=(Busy(start, start + timedelta(days=2), "ill"),))
    facts = (stands("Ghent", TUE), stands("Vilnius", WED), stands("Venice", FRI))
    solution = plan(replace(problem_of(fixed=facts), hosts=(ill,)))
    assert ways(solution.legs) == [("Oslo", "Ghent"), ("Ghent", "Oslo")]
    assert [(risk.code, "ill" in risk.text) for risk in solution.risks] == [
        ("at_the_same_time", True),
        ("absent_before", True),
    ]


def test_a_visit_missed_for_the_next_one_names_that_one_and_the_journey_to_it():
    facts = (stands("Oslo", TUE, 15), stands("Lisbon", WED, 9))
    solution = plan(problem_of(fixed=facts))
    assert ways(solution.legs) == [("Oslo", "Lisbon"), ("Lisbon", "Oslo")]
    (risk,) = solution.risks
    assert (risk.code, risk.params["label"], risk.params["other"]) == (
        "not_both",
        facts[0].label,
        facts[1].label,
    )
    assert "the journey from Oslo to Lisbon takes" in risk.text


def test_nothing_new_comes_so_near_a_visit_in_a_storm_that_one_could_not_be_at_both():
    """The visit stands until somebody decides about it, and the storm may yet pass."""
    storm = tuple(whole_day(day, "Tallinn", modes=(), label="a storm") for day in DAYS)
    given = problem_of(fixed=(stands("Tallinn", WED, 10),), disruptions=storm)
    new = task("Oslo", None)
    days = {slot.start.date() for slot in reachable_slots(given, given.fixed, new, HOST)}
    assert days == {MON, TUE, THU, FRI}
    for hour, code in ((9, "visits_overlap"), (13, "may_have_to_be")):
        start = local(WED, hour, 0, "Europe/Oslo")
        hard = weigh_start(given, given.fixed, new, HOST, start).hard
        assert [reason.code for reason in hard] == [code]
    assert set(placed(plan(replace(given, tasks=(task("Oslo", WED),))))) == {given.fixed[0].label}
    assert "Oslo" in placed(plan(replace(given, tasks=(task("Oslo", THU),))))


def test_what_agreed_visits_keep_out_is_told_by_their_names_and_not_called_too_many():
    given = problem_of(task("Ghent", WED, promised=True), task("Dublin", WED, priority=9))
    (row,) = plan(given).unplaced
    assert row.task == "Dublin"
    assert str(row.reason) == ("Joe cannot fit it on 15 February beside Ghent, which comes first.")
