"""The pool of known trips and the best plan made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .aims import Standing, most_travel
from .master import AimRange, AimWeights, Master, choose_trips
from .trips import Trip, TripFinder

FINE = (
    0.01  # of a wish point: differences between plans that are looked for once priority is proven
)


class Pool:
    """All trips found so far, the linear programme over them, and the best plan."""

    def __init__(
        self,
        finders: Sequence[TripFinder],
        task_count: int,
        weights: AimWeights,
        fewest_points: float,
        most_moves: int | None,
    ) -> None:
        self.finders, self.weights = finders, weights
        self.must = [bool(finder.week.facts) for finder in finders]
        self.master = Master(task_count, self.must, weights)
        self.task_count, self.fewest_points = task_count, fewest_points
        self.travel = most_travel([finder.week for finder in finders])
        self.choice: list[Trip] = []
        self.standing = Standing()
        self.most_moves = most_moves
        self.unit = weights.priority
        self.halt: Callable[[], bool] = bool

    @property
    def trips(self) -> list[Trip]:
        """The trips known so far."""
        return self.master.pool

    def take(self, choice: Sequence[Trip]) -> bool:
        """Make this the best plan if it is better; whether it was."""
        value = sum(self.weights.profit(trip) for trip in choice)
        if value <= self.standing.value + 1e-6:
            return False
        self.choice = sorted(choice, key=lambda trip: trip.week)
        standing = self.standing
        standing.value = value
        standing.priority = sum(trip.priority for trip in choice)
        standing.kept = sum(trip.kept for trip in choice)
        standing.points = sum(trip.points for trip in choice)
        standing.travel = sum(trip.travel for trip in choice)
        return True

    def choose(
        self,
        *,
        nodes: int,
        seconds: float,
        trips: Sequence[Trip] | None = None,
        seed: int = 0,
        enough: int | None = None,
    ) -> bool:
        """Look for a better plan among the known (or these) trips; whether the answer is final.

        A plan with `enough` priority ends the search.
        """
        pool = list(self.trips if trips is None else trips)
        where = {(trip.week, trip.stops): i for i, trip in enumerate(pool)}
        start = [where.get((trip.week, trip.stops), -1) for trip in self.choice]
        if -1 in start:
            pool += [trip for trip, i in zip(self.choice, start, strict=True) if i < 0]
            where = {(trip.week, trip.stops): i for i, trip in enumerate(pool)}
            start = [where[trip.week, trip.stops] for trip in self.choice]
        if not pool:
            self.take([])
            return True
        found = choose_trips(
            pool,
            self.task_count,
            self.must,
            self.weights,
            self.master.ranges,
            start=start if self.choice else None,
            nodes=nodes,
            seconds=seconds,
            seed=seed,
            halt=self.halt,
            enough=None if enough is None else self.worth_of(enough),
        )
        if found is None:
            return False
        chosen, _bound, final = found
        self.take([pool[i] for i in chosen])
        return final

    def choose_better(self, trips: Sequence[Trip], *, seconds: float, nodes: int = 100) -> bool:
        """Choose among these trips; whether the plan got better."""
        before = self.standing.value
        self.choose(nodes=nodes, seconds=seconds, trips=trips)
        return self.standing.value > before + 1e-6

    def bound_by(self, value: float) -> None:
        """Note that no plan is worth more than `value`."""
        standing = self.standing
        standing.value_bound = min(standing.value_bound, value)
        priority = self.priority_of(standing.value_bound)
        if standing.priority_bound is None or priority < standing.priority_bound:
            standing.priority_bound = priority

    def priority_of(self, value: float) -> int:
        """The most priority a plan worth `value` can have."""
        worth = value - self.weights.points * self.fewest_points + self.travel
        return math.floor(worth / self.weights.priority + 1e-7)

    def grade(self, value: float) -> int:
        """A value in whole units: of priority, or, once that is proven, of wish points."""
        if self.unit == self.weights.priority:
            return self.priority_of(value)
        return math.floor(value / self.unit + 1e-7)

    def worth_of(self, priority: float) -> float:
        """The least that a plan with so much priority can be worth."""
        weights = self.weights
        return priority * weights.priority + weights.points * self.fewest_points - self.travel

    def hold_priority(self) -> None:
        """Priority is proven: no plan may have more or less of it from now on, and finer
        differences count."""
        self.unit = FINE * self.weights.points
        self.master.limit(
            "priority", least=self.standing.priority - 1e-6, most=self.standing.priority
        )

    def limit_moves(self, can_stay: float) -> None:
        """Keep all but `most_moves` of the published visits, of which so many can stay."""
        if self.most_moves is not None:
            self.master.limit("kept", least=max(0.0, can_stay - self.most_moves))

    def range_of(self, name: str) -> AimRange:
        """The range an aim is kept in."""
        return self.master.ranges[name]
