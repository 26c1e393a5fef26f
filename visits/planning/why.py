"""One task against every host and day of a plan: where it fits, or the first rule against it.

Other visits of the plan keep their minute. A day is `free` when the task fits as things stand,
`taken` when only visits that might give way stand against it, `closed` when a hard rule or a fact
does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property

from .constraints import host_refusal, start_span
from .links import travel_weights
from .preferences import worth_of
from .problem import Host, Problem, Task
from .reasons import Explainer
from .solution import PlannedVisit, Reason, Solution
from .spans import local_day, minute_of
from .trips import finder_of, memories_of, task_distances
from .verdicts import Slot, as_fixed, reachable_slots, task_of
from .weeks import WeekBuilder


class CellMark(StrEnum):
    """How a host's day stands for a task."""

    FREE = "free"
    TAKEN = "taken"
    CLOSED = "closed"


@dataclass(frozen=True)
class Cell:
    """One host on one local date: the best slot, or the reason why there is none.

    `soft` are the deductions of that slot, `in_the_way` the refs of the tasks that stand against a
    taken day, `room_if` those of them whose going alone would make room.
    """

    host: str
    day: date
    mark: CellMark
    slot: Slot | None = None
    reason: Reason | None = None
    soft: tuple[Reason, ...] = ()
    in_the_way: tuple[str, ...] = ()
    room_if: tuple[str, ...] = ()


def cells_of(problem: Problem, solution: Solution, task: str) -> tuple[Cell, ...]:
    """A cell for every host and every day of the window, host by host.

    Raises ProblemError for an unknown task.
    """
    wanted = task_of(problem, task)
    others = [visit for visit in solution.visits if visit.task != task]
    cells: list[Cell] = []
    for host in problem.hosts:
        refusal = host_refusal(wanted, host)
        if refusal is not None:
            cells += [Cell(host.ref, day, CellMark.CLOSED, reason=refusal) for day in problem.days]
        else:
            cells += _HostDays(problem, wanted, host, others).cells()
    return tuple(cells)


class _HostDays:
    """The days of one host who may lead the task."""

    def __init__(
        self, problem: Problem, task: Task, host: Host, others: list[PlannedVisit]
    ) -> None:
        self.problem, self.task, self.host = problem, task, host
        self.others = others
        self.planned = [v for v in others if v.task is not None and v.host == host.ref]

    def cells(self) -> list[Cell]:
        """Every day of the window in order."""
        now = self.best_by_day(self.others)
        standing = [visit for visit in self.others if visit.task is None]
        beside_facts = self.best_by_day(standing)
        room = self.room_without_one() if self.planned else {}
        found = []
        for day in self.problem.days:
            span = start_span(self.problem, self.task, self.host, day)
            if isinstance(span, Reason):
                found.append(Cell(self.host.ref, day, CellMark.CLOSED, reason=span))
            elif day in now:
                found.append(self.free(day, now[day]))
            elif day in beside_facts or day in room:
                found.append(self.taken(day, tuple(room.get(day, ()))))
            else:
                found.append(Cell(self.host.ref, day, CellMark.CLOSED, reason=self.first(day)))
        return found

    def best_by_day(self, visits: list[PlannedVisit]) -> dict[date, Slot]:
        """The best slot of each local date beside these visits."""
        slots = reachable_slots(self.problem, as_fixed(visits), self.task, self.host)
        best: dict[date, Slot] = {}
        for slot in sorted(slots, key=lambda s: (-s.points, s.travel_minutes, s.start)):
            best.setdefault(self.day_of(slot), slot)
        return best

    def day_of(self, slot: Slot) -> date:
        """The local date of a slot."""
        return local_day(self.task.place.zone, minute_of(slot.start))

    def free(self, day: date, slot: Slot) -> Cell:
        """A day on which the task fits as things stand."""
        worth = worth_of(self.problem, self.task, day, minute_of(slot.start))
        return Cell(self.host.ref, day, CellMark.FREE, slot=slot, soft=worth.deductions)

    def room_without_one(self) -> dict[date, list[str]]:
        """For each day the planned visits of the host whose going alone makes room there."""
        room: dict[date, list[str]] = {}
        for visit in self.planned:
            rest = [other for other in self.others if other is not visit]
            week = visit.start.isocalendar()[:2]
            days = [day for day in self.problem.days if day.isocalendar()[:2] == week]
            slots = reachable_slots(self.problem, as_fixed(rest), self.task, self.host, days=days)
            for day in {self.day_of(slot) for slot in slots}:
                room.setdefault(day, []).append(visit.task or "")
        return room

    def taken(self, day: date, room_if: tuple[str, ...]) -> Cell:
        """A day that visits of the plan have taken: those of the day, else the nearest two."""
        zone = self.task.place.zone
        same = [v for v in self.planned if local_day(zone, minute_of(v.start)) == day]
        if not same:
            near = sorted(
                self.planned,
                key=lambda v: abs((local_day(zone, minute_of(v.start)) - day).days),
            )
            same = sorted(near[:2], key=lambda visit: visit.start)
        names = [visit.label for visit in same]
        reason = Reason(
            "taken",
            f"{self.host.name} is planned at {' and '.join(names)} around {day:%-d %B}.",
            {"host": self.host.name, "day": day, "visits": names},
        )
        refs = tuple(visit.task or "" for visit in same)
        return Cell(
            self.host.ref,
            day,
            CellMark.TAKEN,
            reason=reason,
            in_the_way=refs,
            room_if=room_if,
        )

    @cached_property
    def explainer(self) -> Explainer:
        """Explains days beside the facts alone."""
        small = replace(
            self.problem,
            hosts=(self.host,),
            tasks=(self.task,),
            fixed=as_fixed(v for v in self.others if v.task is None and v.host == self.host.ref),
            published=(),
        )
        weeks = WeekBuilder(small).build()
        weights, step = travel_weights(small.travel), small.rules.start_grid
        memories = memories_of(task_distances(small), 0)
        finders = [finder_of(week, small.travel, weights, step, memories) for week in weeks]
        return Explainer(small, finders, ())

    def first(self, day: date) -> Reason:
        """The first rule or fact that stands against a day."""
        reason, _fit = self.explainer.slot(0, self.task, 0, self.host, day)
        if reason.code in ("fits_now", "fits_if"):
            return Reason(
                "not_reachable",
                f"{self.host.name} cannot get to {self.task.place.name} and back around "
                f"{day:%-d %B}.",
                {"host": self.host.name, "place": self.task.place.name, "day": day},
            )
        return reason
