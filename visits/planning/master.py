"""Choosing trips: a linear programme with prices, and an integer programme over known trips.

Rows: each task at most once, each host week at most once (exactly once when it holds facts), and
rows on the sums of priority, published visits kept and wish points.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from visits.late import highspy, np

from .trips import Trip

AIMS = ("priority", "kept", "points")


@dataclass(frozen=True)
class AimWeights:
    """What one unit of each aim is worth in minutes of travel."""

    priority: float
    kept: float
    points: float

    def profit(self, trip: Trip) -> float:
        """A trip's worth in one number."""
        return (
            self.priority * trip.priority
            + self.kept * trip.kept
            + self.points * trip.points
            - trip.travel
        )


@dataclass(frozen=True)
class Prices:
    """Dual values: per task, per host week, and per aim row."""

    tasks: np.ndarray
    weeks: np.ndarray
    aims: np.ndarray


@dataclass(frozen=True)
class AimRange:
    """Least and most of an aim's sum over the plan."""

    least: float = -math.inf
    most: float = math.inf


_FIRST = threading.Lock()
_greeted = False


def _swallow_greeting() -> None:
    """The solver's library prints a banner once per process, whatever its options: let it go.

    Commands print JSON on the same stream, so the banner is caught below Python's own buffers.
    """
    global _greeted
    with _FIRST:
        if _greeted:
            return
        libc = ctypes.CDLL(None)
        libc.fflush(None)
        kept, sink = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(sink, 1)
            highspy.Highs()
            libc.fflush(None)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            os.close(sink)
        _greeted = True


def quiet_solver() -> highspy.Highs:
    """A solver that prints nothing and uses one thread."""
    _swallow_greeting()
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver


class Master:
    """The linear programme over a growing pool of trips."""

    def __init__(
        self,
        task_count: int,
        weeks: list[bool],
        weights: AimWeights,
        copies: list[int] | None = None,
    ) -> None:
        self.task_count, self.must, self.weights = task_count, weeks, weights
        self.copies = copies or [1] * len(weeks)
        self.pool: list[Trip] = []
        self.known: set[tuple[int, tuple[int, ...]]] = set()
        self.ranges = {name: AimRange() for name in AIMS}
        self.closed: set[int] = set()
        self.solver = quiet_solver()
        self.solver.setOptionValue("presolve", "off")
        self.solver.setOptionValue("simplex_strategy", 4)
        infinity = highspy.kHighsInf
        rows = task_count + len(weeks) + len(AIMS)
        lower = np.full(rows, -infinity)
        upper = np.full(rows, infinity)
        upper[:task_count] = 1.0
        for k, must in enumerate(weeks):
            upper[task_count + k] = self.copies[k]
            if must:
                lower[task_count + k] = 1.0
        self.solver.addRows(
            rows,
            lower,
            upper,
            0,
            np.zeros(rows, dtype=np.int32),
            np.zeros(0, dtype=np.int32),
            np.zeros(0),
        )

    def add(self, trips: list[Trip]) -> int:
        """Add trips that are not known yet; how many were new."""
        fresh = []
        for trip in trips:
            key = (trip.week, trip.stops)
            if key not in self.known:
                self.known.add(key)
                fresh.append(trip)
        if not fresh:
            return 0
        starts: list[int] = []
        index: list[int] = []
        value: list[float] = []
        for trip in fresh:
            starts.append(len(index))
            for row, amount in self._column(trip):
                index.append(row)
                value.append(amount)
        count = len(fresh)
        self.solver.addCols(
            count,
            np.array([-self.weights.profit(trip) for trip in fresh]),
            np.zeros(count),
            np.full(count, highspy.kHighsInf),
            len(index),
            np.array(starts, dtype=np.int32),
            np.array(index, dtype=np.int32),
            np.array(value, dtype=float),
        )
        self.pool += fresh
        return count

    def _column(self, trip: Trip) -> list[tuple[int, float]]:
        column = [(task, 1.0) for task in trip.tasks]
        column.append((self.task_count + trip.week, 1.0))
        first = self.task_count + len(self.must)
        for k, name in enumerate(AIMS):
            amount = getattr(trip, name)
            if amount:
                column.append((first + k, float(amount)))
        return column

    def limit(self, name: str, least: float | None = None, most: float | None = None) -> None:
        """Keep the sum of an aim within a range from now on."""
        old = self.ranges[name]
        new = AimRange(old.least if least is None else least, old.most if most is None else most)
        self.ranges[name] = new
        row = self.task_count + len(self.must) + AIMS.index(name)
        self.solver.changeRowBounds(row, new.least, new.most)

    def fix_trips(self, lower: dict[int, float]) -> None:
        """Demand these columns (index -> 1) or release them (0)."""
        for column, bound in lower.items():
            self.solver.changeColBounds(column, bound, highspy.kHighsInf)

    def solve(self) -> tuple[float, Prices, np.ndarray] | None:
        """Value, prices and the weight of each trip; None when the rows cannot be met."""
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.solver.clearSolver()
            self.solver.run()
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
        solution = self.solver.getSolution()
        dual = -np.array(solution.row_dual)
        weeks = self.task_count + len(self.must)
        prices = Prices(
            np.maximum(dual[: self.task_count], 0.0),
            dual[self.task_count : weeks].copy(),
            dual[weeks:].copy(),
        )
        value = -self.solver.getInfo().objective_function_value
        return value, prices, np.array(solution.col_value)

    def losses(self, prices: Prices) -> np.ndarray:
        """How far each trip of the pool is from paying at these prices (0: it pays exactly)."""
        total = np.empty(len(self.pool))
        for i, trip in enumerate(self.pool):
            paid = float(prices.weeks[trip.week]) + sum(
                float(prices.tasks[task]) for task in trip.tasks
            )
            for k, name in enumerate(AIMS):
                paid += float(prices.aims[k]) * getattr(trip, name)
            total[i] = paid - self.weights.profit(trip)
        return total

    def range_worth(self, prices: Prices) -> float:
        """What the aim rows add to a bound at these prices."""
        total = 0.0
        for k, name in enumerate(AIMS):
            price = float(prices.aims[k])
            if price > 0:
                total += price * self.ranges[name].most
            elif price < 0:
                total += price * self.ranges[name].least
        return total


def choose_trips(
    pool: list[Trip],
    task_count: int,
    weeks: list[bool],
    weights: AimWeights,
    ranges: dict[str, AimRange],
    *,
    start: list[int] | None = None,
    nodes: int = 2000,
    seconds: float = 10.0,
    copies: list[int] | None = None,
    seed: int = 0,
    enough: float | None = None,
    halt: Callable[[], bool] | None = None,
) -> tuple[list[int], float, bool] | None:
    """The best choice of trips out of a pool: positions, an upper bound, and whether it is final.

    `start` is a known choice to begin from; a choice worth `enough` ends the search, and so does
    `halt`, which is asked now and then. None when no choice was found.
    """
    solver = quiet_solver()
    solver.setOptionValue("time_limit", float(max(seconds, 0.05)))
    solver.setOptionValue("mip_max_nodes", int(nodes))
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 1e-6)
    solver.setOptionValue("random_seed", int(seed))
    if enough is not None:
        solver.setOptionValue("objective_target", -float(enough))
    infinity = highspy.kHighsInf
    count, rows = len(pool), task_count + len(weeks) + len(AIMS)
    lower, upper = np.full(rows, -infinity), np.full(rows, infinity)
    upper[:task_count] = 1.0
    for k, must in enumerate(weeks):
        upper[task_count + k] = copies[k] if copies else 1.0
        if must:
            lower[task_count + k] = 1.0
    for k, name in enumerate(AIMS):
        lower[task_count + len(weeks) + k] = ranges[name].least
        upper[task_count + len(weeks) + k] = ranges[name].most
    starts: list[int] = []
    index: list[int] = []
    value: list[float] = []
    for trip in pool:
        starts.append(len(index))
        index += [*trip.tasks, task_count + trip.week]
        value += [1.0] * (len(trip.tasks) + 1)
        for k, name in enumerate(AIMS):
            amount = getattr(trip, name)
            if amount:
                index.append(task_count + len(weeks) + k)
                value.append(float(amount))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, rows
    lp.col_cost_ = np.array([-weights.profit(trip) for trip in pool])
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.array([*starts, len(index)], dtype=np.int32)
    lp.a_matrix_.index_ = np.array(index, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(value, dtype=float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * count
    solver.passModel(lp)
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = np.isin(np.arange(count), start).astype(float).tolist()
        solver.setSolution(known)
    if halt is not None:
        solver.cbMipInterrupt.subscribe(lambda event: event.interrupt() if halt() else None)
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != 2:
        return None
    chosen = np.flatnonzero(np.array(solver.getSolution().col_value) > 0.5).tolist()
    final = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return chosen, -float(info.mip_dual_bound), final
