"""Where a task would have a place if visits of a plan gave way; other visits keep their minute."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from .constraints import host_refusal
from .problem import Host, Problem, Task
from .solution import PlannedVisit, Solution
from .spans import local_day, minute_of
from .verdicts import as_fixed, reachable_slots, task_of

# A host and a local date of the place.
Spot = tuple[str, date]


def rooms_of(
    problem: Problem, solution: Solution, task: str, *, loose: Collection[str] = ()
) -> dict[Spot, tuple[str, ...]]:
    """Every host and day that visits of the plan alone keep from the task, each with the refs of
    those whose going alone would make room.

    What has a task may give way, and the `loose` facts (refs); other facts stand. Raises
    ProblemError for an unknown task.
    """
    wanted = task_of(problem, task)
    others = [visit for visit in solution.visits if visit.task != task]
    standing = [visit for visit in others if visit.task is None and visit.fixed not in loose]
    rooms: dict[Spot, tuple[str, ...]] = {}
    for host in problem.hosts:
        going = [v for v in others if v not in standing and v.host == host.ref]
        if not going or host_refusal(wanted, host) is not None:
            continue
        open_days = _days(problem, standing, wanted, host)
        alone = _without_one(problem, others, going, wanted, host)
        for day in open_days | alone.keys():
            rooms[host.ref, day] = tuple(alone.get(day, ()))
    return rooms


def _days(
    problem: Problem,
    visits: list[PlannedVisit],
    task: Task,
    host: Host,
    near: list[date] | None = None,
) -> set[date]:
    """The local dates on which the host can hold the task beside these visits."""
    slots = reachable_slots(problem, as_fixed(visits), task, host, days=near)
    return {local_day(task.place.zone, minute_of(slot.start)) for slot in slots}


def _without_one(
    problem: Problem,
    others: list[PlannedVisit],
    going: list[PlannedVisit],
    task: Task,
    host: Host,
) -> dict[date, list[str]]:
    """For each day the visits of the host whose going alone makes room there."""
    room: dict[date, list[str]] = {}
    for visit in going:
        rest = [other for other in others if other is not visit]
        week = visit.start.isocalendar()[:2]
        near = [day for day in problem.days if day.isocalendar()[:2] == week]
        for day in _days(problem, rest, task, host, near):
            room.setdefault(day, []).append(visit.task or visit.fixed or "")
    return room
