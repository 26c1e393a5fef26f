"""The order of aims as weights, and what a plan reaches against its bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .master import AimWeights
from .problem import Problem
from .weeks import HostWeek


@dataclass
class Standing:
    """Sums of the best plan and upper bounds on them.

    `value` and `value_bound` are in minutes of travel, by `AimWeights`.
    """

    priority: float = 0.0
    kept: float = 0.0
    points: float = 0.0
    travel: float = 0.0
    value: float = -math.inf
    value_bound: float = math.inf
    priority_bound: int | None = None

    @property
    def proven(self) -> bool:
        """No plan places more priority."""
        return self.priority_bound is not None and self.priority >= self.priority_bound - 1e-6

    @property
    def proven_all(self) -> bool:
        """No plan is better in priority, visits kept, wish points or travel minutes."""
        return self.proven and self.value_bound - self.value < 0.5


def most_travel(weeks: Sequence[HostWeek]) -> float:
    """More than all journeys of any plan can weigh."""
    return sum(900.0 * len(week.days) for week in weeks) + 1.0


def points_range(problem: Problem) -> tuple[float, float]:
    """Bounds on the wish points of one plan: a sum over tasks of the worst and the best case."""
    weights, low, high = problem.weights, 0.0, 0.0
    awkward = weights.monday_morning + weights.friday_afternoon
    for task in problem.tasks:
        soft = max((day.points for day in task.soft_days.values()), default=0.0)
        gift = max((-day.points for day in task.soft_days.values()), default=0.0)
        low -= max(soft, 0.0) + awkward
        high += max(weights.ranks, default=0.0) if task.wishes else 0.0
        high += max(gift, 0.0)
    return low, high


def least_points(problem: Problem) -> float:
    """The fewest wish points a plan can have."""
    return points_range(problem)[0]


def aim_weights(problem: Problem, weeks: Sequence[HostWeek]) -> AimWeights:
    """Weights under which each aim beats all later ones together."""
    low, high = points_range(problem)
    weights = problem.weights
    values = {
        *weights.ranks,
        weights.other_part_of_day,
        weights.monday_morning,
        weights.friday_afternoon,
    }
    values |= {day.points for task in problem.tasks for day in task.soft_days.values()}
    grain = 1.0 if all(float(value).is_integer() for value in values) else 0.25
    travel = most_travel(weeks)
    most_visits = 14.0 * len(weeks)
    span = min(high - low, (max([0.0, *map(abs, values)]) + 1) * most_visits * 2) + 1
    points = travel / grain
    kept = points * span + travel
    published = min(len(problem.published), most_visits)
    return AimWeights(kept * (published + 1), kept, points)
