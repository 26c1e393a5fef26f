"""Single facts about the planner on campaigns small enough to read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from visits.planning.check import violations
from visits.planning.moves import arrange, reasons_left
from visits.planning.problem import (
    Ban,
    Busy,
    FixedVisit,
    Host,
    Limits,
    Mode,
    Pin,
    Place,
    Position,
    Problem,
    ProblemError,
    PublishedVisit,
    Task,
    Wish,
)
from visits.planning.search import solve
from visits.planning.travel import TravelTable, estimate_travel
from visits.planning.verdicts import (
    as_fixed,
    insert_only,
    reachable_slots,
    verdict,
    weigh_start,
    what_if,
)

from .campaigns import TABLE, local, place, working_days
from .verifier import faults

FEBRUARY = working_days(date(2023, 2, 6), 1)
OSLO = "Europe/Oslo"


def task(name, ref=None, **values):
    return Task(ref or name, name, place(name), values.pop("duration", 180), **values)


def problem(*tasks, host=None, days=FEBRUARY, **values):
    host = host or Host("H", "Joe", place("Oslo"))
    return Problem(days, (host,), tasks, TABLE, project_end=days[-1], **values)


def fixed(name, day, hour, length=3, mode=Mode.ON_SITE):
    start = local(day, hour, 0, place(name).zone)
    return FixedVisit(
        f"V {name}",
        f"visit of {name}",
        "H",
        mode,
        place(name),
        start,
        start + timedelta(hours=length),
        2,
    )


def plan(given, **limits):
    solution = solve(given, Limits(seconds=20, **limits))
    assert (faults(given, solution), violations(given, solution)) == ([], [])
    return solution


def test_a_wished_date_is_met():
    wish = Wish(FEBRUARY[2])
    solution = plan(problem(task("Ghent", wishes=(wish,))))
    assert [(v.start.date(), v.points) for v in solution.visits] == [(FEBRUARY[2], 3.0)]
    assert (solution.proven, solution.proven_all) == (True, True)


def test_priority_beats_any_number_of_wishes():
    closed = {day: "closed" for day in FEBRUARY if day != FEBRUARY[2]}
    rivals = [
        task(name, closed=closed, wishes=(Wish(FEBRUARY[2]),), priority=1)
        for name in ("Ghent", "Venice")
    ]
    solution = plan(problem(*rivals, task("Dublin", closed=closed, priority=2)))
    assert [v.task for v in solution.visits] == ["Dublin"]


def test_an_office_day_stays_free_in_a_full_week():
    names = ("Ghent", "Antwerp", "Utrecht", "Cologne", "Dublin")
    tasks = [
        task(n, closed={d: "closed" for d in FEBRUARY if d != FEBRUARY[k]}, duration=120)
        for k, n in enumerate(names)
    ]
    assert len(plan(problem(*tasks)).visits) == 4
    free = Host("H", "Joe", place("Oslo"), office_day=False, days_in_a_row=None)
    assert len(plan(problem(*tasks, host=free)).visits) == 5


def test_nobody_sets_out_at_the_weekend_unless_allowed():
    day = FEBRUARY[0]
    early = task("Venice", duration=480, closed=dict.fromkeys(FEBRUARY[1:], "closed"))
    assert plan(problem(early)).visits == ()
    allowed = Host(
        "H", "Joe", place("Oslo"), extra_travel_days=frozenset({day - timedelta(days=1)})
    )
    solution = plan(problem(early, host=allowed))
    assert [leg.depart.date() for leg in solution.legs] == [day - timedelta(days=1), day] or (
        solution.legs[0].depart.date() == day - timedelta(days=1)
    )


def test_the_host_is_home_on_the_last_evening():
    late = task("Lisbon", duration=420, closed=dict.fromkeys(FEBRUARY[:-1], "closed"))
    solution = plan(problem(late))
    assert solution.visits == ()
    assert solution.unplaced[0].reason.code == "not_reachable"


def test_a_fixed_visit_out_of_reach_stays_and_is_a_risk():
    facts = (fixed("Lisbon", FEBRUARY[1], 9), fixed("Tallinn", FEBRUARY[1], 14))
    solution = plan(problem(fixed=facts))
    assert len(solution.visits) == 2
    assert [(leg.origin.name, leg.destination.name) for leg in solution.unmade] == [
        ("Oslo", "Lisbon")
    ]
    assert solution.risks[0].text.startswith(
        "Joe cannot be both at visit of Lisbon and at visit of Tallinn: the journey from Lisbon to "
    )


def test_a_way_home_that_comes_too_late_is_made_all_the_same_and_is_a_risk():
    solution = plan(problem(fixed=(fixed("Lisbon", FEBRUARY[-1], 14),)))
    assert [(leg.origin.name, leg.destination.name) for leg in solution.legs] == [
        ("Oslo", "Lisbon"),
        ("Lisbon", "Oslo"),
    ]
    assert solution.unmade == ()
    assert [risk.code for risk in solution.risks] == ["home_too_late"]
    assert solution.totals.nights >= 1


def at_clock(name, day, hour, minute):
    """A fixed visit of three hours that may begin off the hour."""
    start = local(day, hour, minute, place(name).zone)
    return replace(fixed(name, day, hour), start=start, end=start + timedelta(hours=3))


def test_a_fixed_visit_reached_later_than_the_rule_asks_is_told_and_reached_as_soon_as_may_be():
    # Nobody travels on Sunday: from Oslo one is in Venice at 13:35 at the earliest.
    solution = plan(problem(fixed=(at_clock("Venice", FEBRUARY[0], 14, 30),)))
    there, back = solution.legs
    assert there.arrive == local(FEBRUARY[0], 13, 35, "Europe/Rome")
    assert (there.missing_minutes, back.risk) == (0, None)
    assert [str(risk) for risk in solution.risks] == [
        "Joe arrives 55 minutes before visit of Venice; the rule asks for 90."
    ]
    assert plan(problem(fixed=(at_clock("Venice", FEBRUARY[0], 15, 5),))).risks == ()


def test_the_check_refuses_a_late_landing_that_nothing_tells():
    given = problem(fixed=(at_clock("Venice", FEBRUARY[0], 14, 30),))
    solution = plan(given)
    silent = replace(solution, legs=tuple(replace(leg, risk=None) for leg in solution.legs))
    assert violations(given, silent) == [
        "Joe lands late for visit of Venice, and nothing tells so."
    ]


@pytest.mark.parametrize(("minute", "is_offered"), [(0, False), (5, True)])
def test_no_new_visit_makes_a_standing_one_land_late(minute, is_offered):
    # 09:00 to 10:00 in Antwerp, half an hour to leave, 65 minutes to Ghent: there at 11:35.
    facts = (at_clock("Ghent", FEBRUARY[1], 13, minute),)
    asked = task(
        "Antwerp",
        duration=60,
        closed={day: "closed" for day in FEBRUARY if day != FEBRUARY[1]},
        half_days={FEBRUARY[1]: 12 * 60},
    )
    given = problem(asked, fixed=facts)
    start = local(FEBRUARY[1], 9, 0, "Europe/Brussels")
    slots = [slot.start for slot in reachable_slots(given, facts, asked, given.hosts[0])]
    assert slots == [start] * is_offered
    hard = weigh_start(given, facts, asked, given.hosts[0], start).hard
    assert [reason.code for reason in hard] == ["lands_short"] * (not is_offered)
    placed = [visit.task for visit in plan(given).visits if visit.task]
    assert placed == ["Antwerp"] * is_offered


def test_an_online_visit_is_held_on_the_way_but_not_while_travelling():
    online = task(
        "Lisbon",
        mode=Mode.ONLINE,
        duration=90,
        closed={d: "closed" for d in FEBRUARY if d != FEBRUARY[1]},
    )
    facts = (fixed("Ghent", FEBRUARY[1], 9), fixed("Dublin", FEBRUARY[2], 9))
    solution = plan(problem(online, fixed=facts))
    assert "Lisbon" in [visit.task for visit in solution.visits]


def test_the_running_week_begins_where_the_host_is():
    at = local(FEBRUARY[2], 8, 0, OSLO)
    host = Host("H", "Joe", place("Oslo"), position=Position(place("Venice"), at))
    near = task("Venice", closed={d: "closed" for d in FEBRUARY if d != FEBRUARY[2]})
    solution = plan(problem(near, host=host, clock=at, earliest=at))
    assert [(leg.origin.name, leg.destination.name) for leg in solution.legs] == [
        ("Venice", "Oslo")
    ]


def test_a_host_who_is_away_with_nothing_more_to_do_goes_home_first():
    at = local(FEBRUARY[2], 12, 0, OSLO)
    host = Host("H", "Joe", place("Oslo"), position=Position(place("Venice"), at))
    days = working_days(date(2023, 2, 6), 2)
    later = (fixed("Ghent", days[7], 9),)
    solution = plan(problem(host=host, days=days, clock=at, earliest=at, fixed=later))
    assert [(leg.origin.name, leg.destination.name) for leg in solution.legs] == [
        ("Venice", "Oslo"),
        ("Oslo", "Ghent"),
        ("Ghent", "Oslo"),
    ]


def test_a_closed_day_is_named_in_the_reason():
    solution = plan(problem(task("Ghent", closed=dict.fromkeys(FEBRUARY, "patron's day."))))
    reason = solution.unplaced[0].reason
    assert reason.code == "closed_day"
    assert "patron's day" in reason.text


def test_fits_if_names_what_to_drop_and_it_really_fits():
    only = {day: "closed" for day in FEBRUARY if day != FEBRUARY[2]}
    tasks = (task("Ghent", closed=only, priority=3), task("Dublin", closed=only, priority=2))
    given = problem(*tasks)
    row = plan(given).unplaced[0]
    assert (row.task, row.would_fit_if.code) == ("Dublin", "fits_if")
    assert row.would_fit_if.params["tasks"] == ["Ghent"]
    without = plan(replace(given, tasks=tasks[1:]))
    assert [visit.task for visit in without.visits] == ["Dublin"]
    forced = what_if(given, plan(given), "Dublin")
    assert (forced.priority_before, forced.priority_after, forced.dropped) == (3, 2, ("Ghent",))


def test_a_pin_to_the_minute_is_kept():
    start = local(FEBRUARY[3], 13, 15, "Europe/Brussels")
    solution = plan(problem(task("Ghent", pin=Pin("H", None, start)), task("Venice")))
    assert {v.task: v.start for v in solution.visits}["Ghent"] == start.astimezone(UTC)


def test_a_visit_within_the_notice_stays_while_others_are_arranged():
    start = local(FEBRUARY[1], 10, 0, "Europe/Brussels")
    notice = {"clock": local(FEBRUARY[0], 8, 0, OSLO), "earliest": local(FEBRUARY[2], 0, 0, OSLO)}
    agreed = PublishedVisit("Ghent", "H", start)
    given = problem(task("Ghent"), task("Venice"), published=(agreed,), **notice)
    later = local(FEBRUARY[3], 10, 0, "Europe/Rome")
    arranged = arrange(given, {"Ghent": ("H", start), "Venice": ("H", later)})
    assert {visit.task: visit.start for visit in arranged.visits} == {
        "Ghent": start.astimezone(UTC),
        "Venice": later.astimezone(UTC),
    }
    with pytest.raises(ProblemError, match="too soon"):
        arrange(given, {"Ghent": ("H", start + timedelta(hours=1))})


def test_a_banned_date_is_not_used():
    bans = tuple(Ban(None, day) for day in FEBRUARY[:4])
    solution = plan(problem(task("Ghent", bans=bans)))
    assert [visit.start.date() for visit in solution.visits] == [FEBRUARY[4]]


def test_a_verdict_names_hard_rules_and_agrees_with_the_slots():
    given = problem(task("Ghent"), task("Venice"))
    solution = plan(given)
    moved = given.tasks[0]
    others = as_fixed(visit for visit in solution.visits if visit.task != "Ghent")
    slots = reachable_slots(given, others, moved, given.hosts[0])
    assert slots
    for slot in slots:
        assert verdict(given, solution, "Ghent", "H", slot.start).hard == ()
    starts = {slot.start for slot in slots}
    for day in FEBRUARY:
        for hour in range(9, 15):
            start = local(day, hour, 0, "Europe/Brussels")
            answer = verdict(given, solution, "Ghent", "H", start)
            assert answer.possible == (start in starts), (start, answer.hard)


def test_insert_only_moves_nothing():
    given = problem(task("Ghent"), task("Venice"), task("Antwerp"))
    old = plan(replace(given, tasks=given.tasks[:2]))
    new = insert_only(given, old, "Antwerp")
    kept = {(v.task, v.start) for v in old.visits}
    assert kept < {(v.task, v.start) for v in new.visits}
    assert {v.task for v in new.visits} == {"Ghent", "Venice", "Antwerp"}
    assert faults(given, new) == []


def test_a_drive_may_be_split_by_a_night_but_a_flight_may_not():
    far = Place("Far", "Far", OSLO)
    table = TravelTable.from_matrix(["Oslo", "Far"], [[0, 900], [900, 0]])
    given = Problem(
        FEBRUARY, (Host("H", "Joe", place("Oslo")),), (Task("Far", "Far", far, 180),), table
    )
    assert plan(given).visits == ()
    table.splittable[:] = True
    solution = plan(given)
    assert [leg.split for leg in solution.legs] == [True, True]


def test_flying_beats_driving_only_over_long_ways():
    assert estimate_travel((51.05, 3.72), (51.22, 4.40)).mode == "drive"
    far = estimate_travel((59.91, 10.75), (38.72, -9.14))
    assert (far.mode, far.is_estimate) == ("fly", True)
    assert estimate_travel((59.91, 10.75), (59.91, 10.75)).minutes == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: replace(p, days=()), "The window has no working day."),
        (
            lambda p: replace(p, tasks=(replace(p.tasks[0], place=Place("X", "Nowhere", OSLO)),)),
            "Ghent: Nowhere has no coordinates, so no journey to it is known.",
        ),
        (
            lambda p: replace(p, tasks=(replace(p.tasks[0], pin=Pin(day=date(2023, 3, 1))),)),
            "The pin of Ghent cannot be kept: 1 March is not a working day of the window.",
        ),
        (
            lambda p: replace(p, tasks=(replace(p.tasks[0], pin=Pin("H"), only_host="K"),)),
            "Ghent names the host K, who is not in the plan.",
        ),
        (lambda p: replace(p, tasks=(p.tasks[0], p.tasks[0])), "The task Ghent is given twice."),
        (
            lambda p: replace(
                p,
                hosts=(
                    replace(
                        p.hosts[0],
                        busy=(
                            Busy(
                                datetime(2023, 2, 7, tzinfo=UTC),
                                datetime(2023, 2, 6, tzinfo=UTC),
                                "leave",
                            ),
                        ),
                    ),
                ),
            ),
            "Joe: leave ends before it begins.",
        ),
        (
            lambda p: replace(
                p, tasks=(replace(p.tasks[0], place=Place("Ghent", "Ghent", "Mars")),)
            ),
            "Ghent: Mars is not a time zone.",
        ),
        (
            lambda p: replace(
                p, tasks=(replace(p.tasks[0], pin=Pin("H", start=local(FEBRUARY[0], 9, 0, OSLO))),)
            ),
            "The pin of Ghent cannot be kept: 320 minutes are missing between it and Oslo.",
        ),
    ],
)
def test_a_contradiction_is_one_sentence_that_names_the_culprit(change, sentence):
    with pytest.raises(ProblemError) as error:
        solve(change(problem(task("Ghent"))))
    assert str(error.value) == sentence


def test_a_task_longer_than_a_day_is_left_out_by_name_and_the_others_are_planned():
    solution = plan(problem(task("Ghent", "R1", duration=600), task("Venice", "R2")))
    assert [visit.task for visit in solution.visits] == ["R2"]
    (left,) = solution.unplaced
    words = "R1 Ghent takes 600 minutes; a visiting day has only 480."
    assert (left.task, left.reason.code, str(left.reason)) == ("R1", "too_long", words)
    assert left.would_fit_if is None


def test_ten_thousand_requests_are_refused_by_their_number():
    many = [task("Ghent", f"R{number}") for number in range(10_000)]
    with pytest.raises(ProblemError, match="10000 requests are more than one plan can weigh"):
        solve(problem(*many))


def test_reasons_end_with_the_time_and_the_rest_is_left_open(monkeypatch):
    monkeypatch.setattr("visits.planning.search.FOR_REASONS", 0.0)
    never = [task("Ghent", closed=dict.fromkeys(FEBRUARY, "closed"))]
    solution = solve(problem(*never), Limits(seconds=0.0))
    assert [row.reason.code for row in solution.unplaced] == ["left_open"]
    told = solve(problem(*never), Limits(seconds=20))
    assert [row.reason.code for row in told.unplaced] == ["closed_day"]


def test_a_request_that_outweighs_what_stands_in_its_way_is_not_called_outranked():
    day = {other: "closed" for other in FEBRUARY if other != FEBRUARY[2]}
    small = replace(task("Ghent", duration=300, closed=day), priority=1)
    large = replace(task("Dublin", duration=300, closed=day), priority=5)
    given = problem(small, large)
    start = plan(problem(small)).visits[0].start
    arranged = arrange(given, {small.ref: ("H", start)})
    (row,) = reasons_left(given, arranged)
    assert row.task == large.ref
    assert "least as much" not in row.reason.text
