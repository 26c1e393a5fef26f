"""From a Problem to a Solution: column generation over host weeks, and what it proves.

Trips are priced by `trips`, chosen by `master`. The bound at any time is the sum of the prices plus
the best trip of each host week at these prices. See `Search.run` for the order of the steps.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from .aims import Standing, aim_weights, least_points
from .check import violations
from .choose import Pool
from .columns import Columns
from .itinerary import Storyteller, totals_of
from .large import plan_coarsely
from .links import travel_weights
from .neighbourhood import improve, rework_weeks
from .problem import Host, Limits, Problem
from .reasons import Fit, explain
from .solution import Leg, PlannedVisit, Progress, Solution, Totals
from .spans import local_day, minute_of
from .trips import Trip, TripFinder, finder_of, memories_of, task_distances
from .validate import check_pins, validate
from .verdicts import insert_stood
from .weeks import WeekBuilder

# Seconds that reasons have at least, however short the search was to be.
FOR_REASONS = 5.0
ProgressFunction = Callable[[Progress], None]
StopFunction = Callable[[], bool]


class Search:
    """One run. `choice` is the best plan so far, as one trip per host week that has one."""

    def __init__(
        self,
        problem: Problem,
        limits: Limits,
        progress: ProgressFunction | None = None,
        should_stop: StopFunction | None = None,
    ) -> None:
        self.began = time.monotonic()
        self.problem, self.limits = problem, limits
        self.progress, self.should_stop = progress, should_stop
        self.stopped = False
        self.rounds = 0
        validate(problem)
        weeks = WeekBuilder(problem).build()
        weights = travel_weights(problem.travel)
        memories = memories_of(task_distances(problem))
        self.finders = [
            finder_of(week, problem.travel, weights, problem.rules, memories) for week in weeks
        ]
        check_pins(problem, self.finders)
        self.weights = aim_weights(problem, weeks)
        self.given = sum(visit.priority for visit in problem.fixed)
        self.first_weight = problem.first_weight
        self.pool = Pool(
            self.finders,
            len(problem.tasks),
            self.weights,
            least_points(problem),
            problem.most_moves,
        )
        # Even a search stopped at once can say this much.
        self.pool.standing.priority_bound = sum(
            task.priority + self.first_weight * task.comes_first for task in problem.tasks
        )

    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def left(self) -> float:
        """Seconds left under the ceiling."""
        return self.limits.seconds - self.seconds()

    def over(self) -> bool:
        """Whether the ceiling is reached or the caller wants to stop."""
        if not self.stopped and (
            self.left() <= 0 or (self.should_stop is not None and self.should_stop())
        ):
            self.stopped = True
        return self.stopped

    def tell(self, step: str) -> None:
        """Report to the caller."""
        if self.progress is not None:
            priority, bound = self.figures()
            self.progress(Progress(step, self.seconds(), priority, bound, self.rounds))

    def figures(self) -> tuple[int, int | None]:
        """Priority of the best plan and the bound on it, with the facts.

        Of plans that hold as many tasks that come first; none holds more once it is proven.
        """
        standing, bound = self.pool.standing, self.pool.standing.priority_bound
        tasks = self.problem.tasks
        first = sum(tasks[task].comes_first for trip in self.pool.choice for task in trip.tasks)
        offset = self.given - self.first_weight * first
        return int(standing.priority) + offset, None if bound is None else bound + offset

    def run(self) -> None:
        """Seed, price until nothing improves, choose, prove, and improve what is not proven."""
        pool = self.pool
        columns = Columns(self, pool)
        columns.seed(published_trips(self.problem, self.finders))
        for finder in self.finders:
            finder.halt = self.over
        pool.halt = self.over
        self.tell("seeded")
        columns.price()
        if columns.is_large:
            plan_coarsely(self, pool, columns)
            rework_weeks(self, pool, columns, random.Random(self.limits.seed))
        if not pool.standing.proven:
            columns.prove()
        if not pool.standing.proven:
            improve(self, pool, columns)
        if pool.standing.proven and not self.over():
            columns.finish_aims()
        self.tell("done")


def published_trips(problem: Problem, finders: Sequence[TripFinder]) -> list[Trip]:
    """The published plan as trips, each with its facts and as many of its visits as can stay."""
    return [trip for finder in finders if (trip := finder.fullest_trip()) is not None]


def seconds_for_reasons(seconds: float) -> float:
    """How long reasons may take after a search of so many seconds."""
    return max(FOR_REASONS, seconds / 5)


def solve(
    problem: Problem,
    limits: Limits | None = None,
    *,
    progress: ProgressFunction | None = None,
    should_stop: StopFunction | None = None,
    with_reasons: bool = True,
) -> Solution:
    """The best plan found for a problem, with what is proven about it.

    Raises ProblemError when the input contradicts itself. `progress` is called now and then,
    `should_stop` is asked often; both run in the caller's thread. The same problem, seed and
    effort give the same plan unless the ceiling (`limits.seconds`) or the caller stops the search.
    Reasons have a fifth of the ceiling more, at least FOR_REASONS seconds; the rest is left open.
    """
    limits = limits or Limits()
    search = Search(problem, limits, progress, should_stop)
    search.run()
    solution = found = assemble(search)
    if not found.proven:
        solution = insert_stood(problem, found)
    until = search.seconds() + seconds_for_reasons(limits.seconds)

    def over() -> bool:
        return search.seconds() > max(until, limits.seconds)

    if with_reasons and solution is not found:
        from .moves import reasons_left

        solution = replace(solution, unplaced=reasons_left(problem, solution, over=over))
    elif with_reasons:
        for finder in search.finders:
            finder.halt = bool
        sound = confirm(search)
        reasons = explain(problem, search.finders, search.pool.choice, sound, over=over)
        solution = replace(solution, unplaced=reasons)
    return replace(solution, seconds=round(search.seconds(), 3))


def confirm(search: Search) -> Callable[[Fit], bool]:
    """A function that re-simulates a week as a fit would leave it, with the independent check."""
    problem, teller = search.problem, Storyteller(search.problem)

    def is_sound(fit: Fit) -> bool:
        finder = search.finders[fit.week]
        starts = finder.starts(fit.stops)
        if starts is None:
            return False
        visits, legs, unmade = teller.tell(finder, fit.stops, starts)
        facts = tuple(fact.visit for fact in finder.week.facts if fact.visit is not None)
        host = _in_week(problem.hosts[finder.week.host], finder.week.days[0])
        week = Solution(
            visits=tuple(visits),
            legs=tuple(legs),
            unmade=tuple(unmade),
            unplaced=(),
            risks=(),
            priority=sum(visit.priority for visit in visits),
            kept=0,
            points=0.0,
            bound=None,
            proven=False,
            proven_all=False,
            totals=Totals(),
        )
        return not violations(replace(problem, hosts=(host,), fixed=facts), week)

    return is_sound


def _in_week(host: Host, day: date) -> Host:
    """The host as a trip of that week knows them: a position belongs to its own week alone."""
    if host.position is None:
        return host
    there = local_day(host.home.zone, minute_of(host.position.at))
    is_same = there.isocalendar()[:2] == day.isocalendar()[:2]
    return host if is_same else replace(host, position=None)


def _ways_home(search: Search, teller: Storyteller) -> list[Leg]:
    """The journeys of hosts who are away and have nothing more to do in their week."""
    led = {trip.week for trip in search.pool.choice}
    return [
        leg
        for number, finder in enumerate(search.finders)
        if number not in led and finder.week.start_place != finder.week.home
        for leg in teller.tell(finder, (), ())[1]
    ]


def assemble(search: Search) -> Solution:
    """The Solution of a finished search, without reasons."""
    problem, teller = search.problem, Storyteller(search.problem)
    order = {host.ref: i for i, host in enumerate(problem.hosts)}
    visits: list[PlannedVisit] = []
    legs: list[Leg] = []
    unmade: list[Leg] = []
    for trip in search.pool.choice:
        finder = search.finders[trip.week]
        starts = finder.starts(trip.stops)
        if starts is None:
            raise RuntimeError("a chosen trip does not keep its own times")
        some_visits, some_legs, some_unmade = teller.tell(finder, trip.stops, starts)
        visits += some_visits
        legs += some_legs
        unmade += some_unmade
    legs += _ways_home(search, teller)

    def in_order(told: list[Leg]) -> list[Leg]:
        return sorted(told, key=lambda leg: (order[leg.host], leg.depart))

    held = {visit.fixed for visit in visits}
    visits += teller.past_visits(held)
    visits.sort(key=lambda visit: (visit.start, order[visit.host], visit.label))
    standing: Standing = search.pool.standing
    return Solution(
        visits=tuple(visits),
        legs=tuple(in_order(legs)),
        unmade=tuple(in_order(unmade)),
        unplaced=(),
        risks=tuple(leg.risk for leg in in_order(legs + unmade) if leg.risk is not None),
        priority=int(sum(visit.priority for visit in visits)),
        kept=sum(visit.kept for visit in visits),
        points=round(math.fsum(visit.points for visit in visits), 6),
        bound=search.figures()[1],
        proven=standing.proven,
        proven_all=standing.proven_all,
        totals=totals_of(problem, legs),
        stopped=search.stopped,
        rounds=search.rounds,
    )
