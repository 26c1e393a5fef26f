"""Soft rules: what a date and a time of day are worth, in wish points, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .problem import PartOfDay, Problem, Task, Wish
from .solution import Reason
from .spans import Span, local_minute

NOON = 12 * 60


@dataclass(frozen=True)
class Worth:
    """Wish points of one start, and a Reason for each deduction."""

    points: float
    deductions: tuple[Reason, ...] = ()


def worth_of(problem: Problem, task: Task, day: date, start: int) -> Worth:
    """What a start (UTC minute) on a local date is worth for a task."""
    return _worth(problem, task, day, start < local_minute(task.place.zone, day, NOON))


def worth_by_part(problem: Problem, task: Task, day: date, span: Span) -> list[tuple[Span, float]]:
    """A span of starts, cut at local noon where morning and afternoon differ in points."""
    noon = local_minute(task.place.zone, day, NOON)
    low, high = span
    morning = _worth(problem, task, day, True).points
    afternoon = _worth(problem, task, day, False).points
    if high < noon:
        return [(span, morning)]
    if low >= noon:
        return [(span, afternoon)]
    if morning == afternoon:
        return [(span, morning)]
    step = problem.rules.start_grid
    last = (noon - 1) // step * step
    parts = [((low, last), morning)] if last >= low else []
    return [*parts, ((-(-noon // step) * step, high), afternoon)]


def _worth(problem: Problem, task: Task, day: date, morning: bool) -> Worth:
    weights = problem.weights
    points, deductions = 0.0, []
    wish = _best_wish(task, day, morning, problem)
    if wish is not None:
        points, missed = wish
        if missed is not None:
            deductions.append(missed)
    soft = task.soft_days.get(day)
    if soft is not None and soft.points:
        points -= soft.points
        deductions.append(
            Reason(
                "soft_day",
                f"{day:%-d %B} in {task.place.name}: {soft.reason}",
                {"day": day, "place": task.place.name, "why": soft.reason},
            )
        )
    if day.weekday() == 0 and morning and weights.monday_morning:
        points -= weights.monday_morning
        deductions.append(Reason("monday_morning", "Monday morning is unpopular.", {"day": day}))
    if day.weekday() == 4 and not morning and weights.friday_afternoon:
        points -= weights.friday_afternoon
        deductions.append(
            Reason("friday_afternoon", "Friday afternoon is unpopular.", {"day": day})
        )
    return Worth(points, tuple(deductions))


def _best_wish(
    task: Task, day: date, morning: bool, problem: Problem
) -> tuple[float, Reason | None] | None:
    weights, best = problem.weights, None
    for wish in task.wishes:
        if wish.day != day or not 1 <= wish.rank <= len(weights.ranks):
            continue
        points, missed = weights.ranks[wish.rank - 1], None
        if not _part_met(wish, morning) and weights.other_part_of_day:
            points -= weights.other_part_of_day
            missed = Reason(
                "other_part_of_day", "Wished for another part of the day.", {"part": wish.part}
            )
        if best is None or points > best[0]:
            best = (points, missed)
    return best


def _part_met(wish: Wish, morning: bool) -> bool:
    return wish.part == PartOfDay.ANY or (wish.part == PartOfDay.MORNING) == morning
