"""Finding the best trip of a host week, against trying every order."""

import json
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import campaign as files
from benchmarks import generated
from visits.planning import columns
from visits.planning.check import violations
from visits.planning.problem import Limits
from visits.planning.rota import REFUSED
from visits.planning.search import Search, solve

from .campaigns import campaigns


def best_profit(finder, gain):
    """The profit of the best trip by trying every order of stops, or None without any trip."""
    week, links, best = finder.week, finder.links, None

    def go(k, free, tasks, state, visits, facts, profit):
        nonlocal best
        if facts == finder.last_fact and free <= links.home_by[k]:
            total = profit - float(links.home_cost[k])
            best = total if best is None else max(best, total)
        for stop in range(week.size):
            task = int(week.task[stop])
            if task in tasks:
                continue
            start = links.start_at(week, k, stop, free, finder.step)
            if start is None:
                continue
            following, more = state, visits
            if week.on_site[stop] and week.fact[stop] < 0:
                following = int(finder.next_state[state, week.date[stop]])
                more += 1
                if following == REFUSED or (finder.room is not None and more > finder.room):
                    continue
            go(
                stop,
                start + float(week.service[stop]),
                tasks | {task},
                following,
                more,
                facts + (week.fact[stop] >= 0),
                profit + gain[stop] - float(links.cost[k, stop]),
            )

    go(week.size, week.ready, frozenset(), finder.first_state, 0, 0, 0.0)
    return best


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(campaigns(), st.integers(0, 2**32 - 1))
def test_exact_pricing_finds_the_best_trip_and_no_bound_lies_below_it(problem, seed):
    problem = replace(problem, tasks=problem.tasks[:3], fixed=problem.fixed[:1])
    search = Search(problem, Limits())
    worth = np.random.default_rng(seed).integers(-200, 3000, len(problem.tasks)).astype(float)
    for finder in search.finders:
        week = finder.week
        gain = np.where(week.task >= 0, worth[np.maximum(week.task, 0)], 0.0) + 10 * week.points
        best = best_profit(finder, gain)
        if best is None:
            continue
        least = best - 500.0
        found = finder.search(gain, least=least, beam=None, keep=50, raising=True)
        assert (found.trips[0][0], found.bound) == (pytest.approx(best), pytest.approx(best))
        assert finder.allows(found.trips[0][1])
        stops = list(found.trips[0][1])
        if stops:
            assert finder.through(gain)[stops].min() >= best - 1e-3
        assert finder.ceiling(gain, least) >= best - 1e-3
        cut_short = finder.search(gain, least=least, beam=None, keep=50, raising=True, most=1)
        assert cut_short.bound >= best - 1e-3
        above = finder.search(gain, least=best + 1.0, beam=None, keep=50)
        assert (above.trips, above.bound, above.complete) == ([], best + 1.0, True)


@pytest.mark.parametrize("asked", [1, 20, 60, 150, 400])
def test_a_search_stopped_at_any_time_claims_nothing_false(asked):
    problem = files.problem_of(json.loads((files.DATA / "camp-20-1-2.json").read_text()))
    turns = count()
    solution = solve(problem, should_stop=lambda: next(turns) >= asked, with_reasons=False)
    assert solution.priority <= 56 <= solution.bound


def test_the_caller_is_heard_within_a_second():
    problem = files.problem_of(json.loads((files.DATA / "camp-300-3-1.json").read_text()))
    began = time.process_time()
    solution = solve(
        problem, should_stop=lambda: time.process_time() - began > 2, with_reasons=False
    )
    assert solution.stopped
    assert solution.priority > 0
    assert time.process_time() - began < 3.5


def test_many_stops_are_planned_in_coarse_steps_with_a_true_bound(monkeypatch):
    monkeypatch.setattr(columns, "MANY", 50)
    problem = files.problem_of(json.loads((files.DATA / "camp-40-2-1.json").read_text()))
    steps = []
    solution = solve(problem, Limits(seconds=60), progress=steps.append, with_reasons=False)
    coarse = next(step for step in steps if step.step == "plunged")
    assert (coarse.priority >= 95, coarse.bound >= 102) == (True, True)
    assert (solution.priority, solution.proven, violations(problem, solution)) == (102, True, [])


def test_large_campaigns_stopped_in_their_first_pass_keep_a_plan_of_the_weeks_so_far(monkeypatch):
    monkeypatch.setattr(columns, "MANY", 50)
    problem = files.problem_of(json.loads((files.DATA / "camp-40-2-1.json").read_text()))
    seen = []
    solution = solve(
        problem,
        progress=seen.append,
        should_stop=lambda: any(step.step == "swept" for step in seen),
        with_reasons=False,
    )
    assert (solution.stopped, solution.rounds, violations(problem, solution)) == (True, 0, [])
    assert len({visit.start.isocalendar()[:2] for visit in solution.visits}) == 1
    assert 0 < solution.priority < 102


def test_generated_campaigns_repeat():
    one, other = (generated.campaign(12, 2, 7) for _ in range(2))
    assert one == other
    assert Path(generated.MODEL).name == "camp-300-3-1.json"
