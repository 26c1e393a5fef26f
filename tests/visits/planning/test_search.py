import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.campaign import best_known, problem_of
from visits.planning.check import violations
from visits.planning.problem import Busy, Limits, PublishedVisit
from visits.planning.search import solve
from visits.planning.spans import local_day, minute_of
from visits.planning.verdicts import as_fixed, reachable_slots

from .campaigns import campaigns
from .verifier import faults

FILES = Path(__file__).parents[3] / "benchmarks" / "data" / "campaign"


def campaign(name):
    return problem_of(json.loads((FILES / f"{name}.json").read_text()))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(campaigns())
def test_every_plan_of_a_random_campaign_keeps_all_rules(problem):
    solution = solve(problem, Limits(seconds=4))
    assert (faults(problem, solution), violations(problem, solution)) == ([], [])
    assert {row.task for row in solution.unplaced} == {task.ref for task in problem.tasks} - {
        visit.task for visit in solution.visits
    }


@pytest.mark.parametrize(
    "name",
    [
        "camp-10-1-1",
        "camp-10-1-2",
        "camp-10-1-3",
        "camp-20-1-1",
        "camp-20-1-2",
        "camp-20-1-3",
        "camp-30-1-1",
        "camp-40-1-1",
    ],
)
def test_small_campaigns_reach_the_best_known_priority_and_prove_it(name):
    problem = campaign(name)
    solution = solve(problem, Limits(seconds=20), with_reasons=False)
    best = int(best_known()[name]["best_priority"])
    assert (solution.priority, solution.bound, solution.proven) == (best, best, True)
    assert violations(problem, solution) == []


def test_task_that_two_others_gone_would_not_place_names_those_of_the_week():
    problem = campaign("camp-30-1-3")
    solution = solve(problem, Limits(seconds=20))
    (row,) = [each for each in solution.unplaced if each.reason.code == "outranked"]
    named, day = row.reason.params["visits"], row.reason.params["day"]
    week = {
        visit.label
        for visit in solution.visits
        if local_day(visit.zone, minute_of(visit.start)).isocalendar()[:2] == day.isocalendar()[:2]
    }
    assert set(named) == week
    assert len(named) > 2
    assert all(name in row.reason.text for name in named)


def test_the_same_campaign_gives_the_same_plan_twice():
    problem = campaign("camp-30-1-1")
    one, other = (solve(problem, Limits(seconds=60, seed=3)) for _ in range(2))
    assert replace(one, seconds=0) == replace(other, seconds=0)


def test_a_plan_stopped_at_once_is_still_a_plan():
    problem = campaign("camp-20-1-1")
    solution = solve(problem, should_stop=lambda: True)
    assert (solution.stopped, solution.proven) == (True, False)
    assert violations(problem, solution) == []


def test_a_way_of_no_minutes_leads_straight_from_one_visit_to_the_next():
    rows = [
        {"id": k, "dur": 120, "pri": 1, "start_windows": {"0": [start, start]}}
        for k, start in enumerate((120, 240))
    ]
    problem = problem_of(
        {
            "days": ["2023-02-06"],
            "hosts": [["Host", "Oslo", 59.9, 10.7, "Europe/Oslo"]],
            "requests": rows,
            "T": [[0, 0, 60], [0, 0, 60], [60, 60, 0]],
        }
    )
    solution = solve(problem, Limits(seconds=10))
    assert (solution.priority, violations(problem, solution)) == (2, [])


def test_progress_never_loses_priority():
    seen = []
    solve(campaign("camp-20-1-2"), Limits(seconds=20), progress=seen.append, with_reasons=False)
    priorities = [step.priority for step in seen]
    assert priorities == sorted(priorities)
    assert seen[-1].bound == 56


def test_a_published_plan_stays_as_it_is_when_nothing_is_new():
    problem = campaign("camp-20-1-2")
    old = solve(problem, Limits(seconds=20), with_reasons=False)
    published = tuple(PublishedVisit(v.task, v.host, v.start) for v in old.visits)
    new = solve(replace(problem, published=published), Limits(seconds=20), with_reasons=False)
    assert (new.kept, new.visits) == (
        len(published),
        tuple(replace(visit, kept=True) for visit in old.visits),
    )


def test_a_new_request_moves_published_visits_only_for_priority():
    problem = campaign("camp-20-1-2")
    first = replace(problem, tasks=problem.tasks[1:])
    old = solve(first, Limits(seconds=20), with_reasons=False)
    published = tuple(PublishedVisit(v.task, v.host, v.start) for v in old.visits)
    free = solve(problem, Limits(seconds=20), with_reasons=False)
    new = solve(replace(problem, published=published), Limits(seconds=20), with_reasons=False)
    places = {(row.task, row.start) for row in published}
    by_chance = sum((visit.task, visit.start) in places for visit in free.visits)
    assert (new.priority, new.proven_all) == (free.priority, True)
    assert new.kept > by_chance


def test_few_moves_moves_no_more_than_allowed():
    problem = campaign("camp-20-1-3")
    old = solve(replace(problem, tasks=problem.tasks[5:]), Limits(seconds=20), with_reasons=False)
    published = tuple(PublishedVisit(v.task, v.host, v.start) for v in old.visits)
    new = solve(
        replace(problem, published=published, most_moves=2), Limits(seconds=20), with_reasons=False
    )
    assert new.kept >= len(published) - 2
    assert new.priority >= old.priority


@pytest.mark.parametrize("name", ["camp-20-1-1", "camp-20-1-2", "camp-30-1-1", "camp-40-1-1"])
def test_a_visit_that_stood_and_still_fits_beside_the_plan_is_never_left_out(name):
    problem = campaign(name)
    old = solve(problem, Limits(seconds=20), with_reasons=False)
    where = {visit.task: visit for visit in old.visits}
    (host,) = problem.hosts
    # Two days of the host are gone, and the search is stopped before it has found other ones.
    gone = [visit for visit in old.visits if visit.task][2:8:5]
    busy = tuple(Busy(visit.start, visit.end, "away") for visit in gone)
    disturbed = replace(
        problem,
        hosts=(replace(host, busy=(*host.busy, *busy)),),
        tasks=tuple(replace(task, promised=task.ref in where) for task in problem.tasks),
        published=tuple(PublishedVisit(v.task, v.host, v.start) for v in old.visits),
    )
    solution = solve(disturbed, Limits(seconds=20), should_stop=lambda: True)
    assert violations(disturbed, solution) == []
    tasks = {task.ref: task for task in disturbed.tasks}
    left = [tasks[row.task] for row in solution.unplaced if row.task in where]
    facts = as_fixed(solution.visits)
    fitting = [
        task.ref for task in left if reachable_slots(disturbed, facts, task, disturbed.hosts[0])
    ]
    assert fitting == []
    assert solution.bound is None or solution.bound >= solution.priority


def told_shifts(problem, solution):
    """How many sentences tell who shifts; all others hold while every visit keeps its minute."""
    hosts = {host.name: host for host in problem.hosts}
    tasks = {task.ref: task for task in problem.tasks}
    told = 0
    for row in solution.unplaced:
        fit = row.would_fit_if
        if fit is None or " by up to " in fit.text:
            told += fit is not None
            continue
        kept = [visit for visit in solution.visits if visit.task not in fit.params["tasks"]]
        host, day = hosts[fit.params["host"]], fit.params["day"]
        assert reachable_slots(problem, as_fixed(kept), tasks[row.task], host, days=[day])
    return told


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(campaigns())
def test_what_would_fit_fits_to_the_minute_unless_its_sentence_tells_who_shifts(problem):
    told_shifts(problem, solve(problem, Limits(seconds=4)))


def test_a_way_to_fit_that_shifts_another_visit_names_it():
    problem = campaign("camp-40-1-1")
    solution = solve(problem, Limits(seconds=20))
    assert told_shifts(problem, solution) == 1
    (words,) = (
        row.would_fit_if.text
        for row in solution.unplaced
        if row.would_fit_if and " by up to " in row.would_fit_if.text
    )
    assert words.endswith("; Tàrrega shifts by up to 170 minutes.")
