"""What is offered can be travelled to, and what is not offered has a rule that says why."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visits.planning.check import violations
from visits.planning.problem import FixedVisit, Limits, TravelDisruption
from visits.planning.search import solve
from visits.planning.verdicts import as_fixed, reachable_slots, weigh_start

from .campaigns import campaigns, local
from .test_rules import FEBRUARY, at_clock, fixed, problem, task

RANDOM = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


def booked(task, slot):
    return FixedVisit("booked", task.label, slot.host, task.mode, task.place, slot.start, slot.end)


def check_plan(given, data):
    """Some slots of one task beside a whole plan, and some starts of the grid beside them."""
    plan = solve(given, Limits(seconds=4), with_reasons=False)
    asked = given.tasks[0]
    facts = as_fixed(visit for visit in plan.visits if visit.task != asked.ref)
    bare = replace(given, tasks=(), fixed=facts, published=())
    before = solve(bare, Limits(seconds=4), with_reasons=False)
    for host in given.hosts:
        slots = reachable_slots(given, facts, asked, host)
        starts = {slot.start for slot in slots}
        for slot in data.draw(st.lists(st.sampled_from(slots), max_size=3)) if slots else ():
            with_it = replace(bare, fixed=(*facts, booked(asked, slot)))
            after = solve(with_it, Limits(seconds=4), with_reasons=False)
            assert violations(with_it, after) == []
            assert len(after.risks) <= len(before.risks)
            extra = sum(leg.minutes for leg in after.legs) - sum(leg.minutes for leg in before.legs)
            assert extra == slot.travel_minutes
        for _count in range(6):
            day = data.draw(st.sampled_from(given.days))
            quarter = data.draw(st.integers(8 * 4, 18 * 4))
            start = local(day, quarter // 4, quarter % 4 * 15, asked.place.zone)
            verdict = weigh_start(given, facts, asked, host, start)
            assert verdict.possible == (start in starts), (start, verdict.hard)
            assert all(reason.text for reason in verdict.hard)


@settings(max_examples=8, **RANDOM)
@given(campaigns(), st.data())
def test_offered_slots_can_be_travelled_and_others_have_a_named_rule(given, data):
    check_plan(given, data)


@pytest.mark.full
@settings(max_examples=1_000, **RANDOM)
@given(campaigns(), st.data())
def test_offered_slots_can_be_travelled_in_a_thousand_plans(given, data):
    check_plan(given, data)


def test_the_journey_that_leaves_too_little_time_is_named():
    facts = (fixed("Venice", FEBRUARY[2], 13),)
    given = problem(task("Tallinn"), fixed=facts)
    start = local(FEBRUARY[3], 9, 0, "Europe/Tallinn")
    verdict = weigh_start(given, facts, given.tasks[0], given.hosts[0], start)
    (reason,) = verdict.hard
    assert reason.code == "outside_travel_hours"
    told = {name: reason.params[name] for name in ("origin", "destination", "host")}
    assert told == {"origin": "Venice", "destination": "Tallinn", "host": "Joe"}
    assert reason.params["leaves"] == local(FEBRUARY[2], 16, 30, "Europe/Rome")
    assert reason.params["due"] == start
    assert reason.params["journey"] > 0


def test_days_narrow_the_question_and_not_the_answer():
    given = problem(task("Ghent"))
    every = reachable_slots(given, (), given.tasks[0], given.hosts[0])
    some = reachable_slots(given, (), given.tasks[0], given.hosts[0], days=[FEBRUARY[1]])
    assert some == [slot for slot in every if slot.start.date() == FEBRUARY[1]]
    assert some


def refusal(given, facts, start):
    verdict = weigh_start(given, facts, given.tasks[0], given.hosts[0], start)
    return [(reason.code, str(reason)) for reason in verdict.hard]


def test_the_evening_on_which_travel_ends_is_named_where_the_way_is_short_enough():
    facts = (at_clock("Utrecht", FEBRUARY[2], 14, 0),)
    given = problem(task("Cologne", duration=60), fixed=facts)
    nine = local(FEBRUARY[3], 9, 0, "Europe/Berlin")
    late = replace(given, hosts=(replace(given.hosts[0], travel_to=time(18)),))
    assert refusal(given, facts, nine) == []
    ((code, words),) = refusal(late, facts, nine)
    assert code == "outside_travel_hours"
    assert "travel is between 07:00 and 18:00" in words


def test_the_storm_that_forbids_the_way_is_named_with_its_end_and_not_the_way_s_length():
    facts = (at_clock("Utrecht", FEBRUARY[2], 14, 0),)
    begins = local(FEBRUARY[2], 6, 0, "Europe/Berlin")
    storm = TravelDisruption(
        begins, begins + timedelta(hours=36), frozenset({"Cologne"}), label="Storm Otto"
    )
    strike = replace(storm, places=frozenset({"Dublin"}), label="a strike in Dublin")
    given = replace(problem(task("Cologne", duration=60), fixed=facts), disruptions=(strike, storm))
    assert refusal(given, facts, local(FEBRUARY[3], 9, 0, "Europe/Berlin")) == [
        (
            "leg_stopped",
            "The journey from Utrecht to Cologne (rail) is stopped until 9 February 18:00, a day "
            "touched counting whole: Storm Otto.",
        )
    ]


def test_the_way_home_names_the_evening_by_which_it_has_to_end():
    given = problem(task("Lisbon", duration=420))
    start = local(FEBRUARY[-1], 9, 0, "Europe/Lisbon")
    assert [code for code, _words in refusal(given, (), start)] == ["home_too_late"]
    ((_code, words),) = refusal(given, (), start)
    assert "cannot be in Oslo by 10 February 20:00 UTC, when travel ends" in words


def test_a_landing_that_is_too_short_is_told_as_that_and_not_as_out_of_reach():
    facts = (at_clock("Ghent", FEBRUARY[1], 13, 0),)
    asked = task("Antwerp", duration=60)
    given = problem(asked, fixed=facts)
    assert refusal(given, facts, local(FEBRUARY[1], 9, 0, "Europe/Brussels")) == [
        ("lands_short", "Joe arrives 85 minutes before visit of Ghent; the rule asks for 90.")
    ]


def test_a_day_that_a_storm_alone_keeps_closed_names_the_storm():
    begins = local(FEBRUARY[0], 0, 0, "Europe/Athens")
    storm = TravelDisruption(
        begins, begins + timedelta(days=90), frozenset({"Athens"}), label="the long strike"
    )
    given = replace(problem(task("Athens", duration=60)), disruptions=(storm,))
    (left,) = solve(given, Limits(seconds=10)).unplaced
    assert left.reason.code == "day_stopped"
    assert "the long strike stops the journey until" in str(left.reason)
    (calm,) = solve(replace(given, disruptions=()), Limits(seconds=10)).visits
    assert calm.label == "Athens"
