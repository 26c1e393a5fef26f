"""What is offered can be travelled to, and what is not offered has a rule that says why."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visits.planning.check import violations
from visits.planning.problem import FixedVisit, Limits
from visits.planning.search import solve
from visits.planning.verdicts import as_fixed, reachable_slots, weigh_start

from .campaigns import campaigns, local
from .test_rules import FEBRUARY, fixed, problem, task

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
    assert reason.code == "leg_short_of_time"
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
