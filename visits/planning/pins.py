"""Pinned tasks come first: a search that leaves none of them out for the sake of others.

A task pinned to the minute is a fact of its week. One pinned to a host or a day only has fewer
places to go to; here it also outweighs all others, and the numbers are told as if it did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .moves import reasons_left
from .problem import Limits, Problem, Task
from .search import ProgressFunction, StopFunction, solve
from .solution import Progress, Solution


def solve_pinned(
    problem: Problem,
    limits: Limits,
    *,
    progress: ProgressFunction | None = None,
    should_stop: StopFunction | None = None,
) -> Solution:
    """The best plan that holds every pinned task, as `search.solve` answers it.

    A pinned task is left out only when the facts leave it no place. Raises ProblemError like
    `search.solve`.
    """
    pinned = {task.ref: task.priority for task in problem.tasks if is_loosely_pinned(task)}
    if not pinned:
        return solve(problem, limits, progress=progress, should_stop=should_stop)
    heavy = 1 + sum(task.priority for task in problem.tasks)
    heavy += sum(visit.priority for visit in problem.fixed)
    tasks = tuple(
        replace(task, priority=task.priority + heavy) if task.ref in pinned else task
        for task in problem.tasks
    )
    answer = solve(
        replace(problem, tasks=tasks),
        limits,
        progress=_told_lightly(progress, heavy, len(pinned)),
        should_stop=should_stop,
        with_reasons=False,
    )
    plan = _lightened(answer, pinned, heavy)
    return replace(plan, unplaced=reasons_left(problem, plan))


def is_loosely_pinned(task: Task) -> bool:
    """Whether a pin leaves the start of the task open."""
    return task.pin is not None and task.pin.start is None


def _told_lightly(
    progress: ProgressFunction | None, heavy: int, count: int
) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def tell(row: Progress) -> None:
        bound = None if row.bound is None else max(row.bound - heavy * count, 0)
        progress(replace(row, priority=row.priority % heavy, bound=bound))

    return tell


def _lightened(answer: Solution, pinned: dict[str, int], heavy: int) -> Solution:
    """The plan with every task at its own priority again."""
    visits = tuple(
        replace(visit, priority=pinned[visit.task]) if visit.task in pinned else visit
        for visit in answer.visits
    )
    held = sum(visit.task in pinned for visit in visits)
    is_known = answer.bound is not None and (answer.proven or held == len(pinned))
    return replace(
        answer,
        visits=visits,
        priority=answer.priority - heavy * held,
        bound=answer.bound - heavy * held if is_known and answer.bound is not None else None,
    )
