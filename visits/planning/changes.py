"""The smallest changes that would let a task fit into a plan, each as a value that can be applied.

A change speaks of one plan: every other visit keeps its minute, except those the change itself
moves or drops. Each change told was carried out and simulated again by the independent check, so
its costs are those of the plan it leads to. What saying yes does to the best plan is answered by
`verdicts.what_if`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from itertools import combinations, islice

from .check import violations
from .constraints import host_refusal
from .preferences import worth_of
from .problem import FixedVisit, Host, Limits, Mode, PartOfDay, Pin, Problem, ProblemError, Task
from .solution import PlannedVisit, Solution
from .spans import local_day, local_minute, minute_of, moment_of
from .verdicts import Slot, as_before, as_fixed, host_of, reachable_slots, task_of

NOON = 12 * 60
# How many slots of a visit's own are tried while another one looks for a new place.
SLOTS_TRIED = 3


class ChangeKind(StrEnum):
    """What has to give way; the smaller ones first.

    `place` nothing at all, `time` the part of the day that was wished, `day` the dates wished,
    `lift` a decision of the coordinator (a pin, ban or lock), `shorter` the length, `online`
    meeting on site, `move` the time of one other visit, `drop` one or two other visits.
    """

    PLACE = "place"
    TIME = "time"
    DAY = "day"
    LIFT = "lift"
    SHORTER = "shorter"
    ONLINE = "online"
    MOVE = "move"
    DROP = "drop"


@dataclass(frozen=True)
class Placed:
    """Where a task goes: the refs of task and host, and the start."""

    task: str
    host: str
    start: datetime


@dataclass(frozen=True)
class Change:
    """One way to let a task fit, and what it costs in the plan it speaks of.

    `placed` is where the task then goes, held for `duration` minutes in `mode`; `moved` and
    `dropped` name other tasks, `lifted` the coordinator's decisions to be taken back. `lost` is the
    priority dropped, `extra_minutes` how much longer all journeys are than before, `extra_points`
    the wish points won (or lost) in the whole plan.
    """

    kind: ChangeKind
    placed: Placed
    duration: int
    mode: Mode
    moved: tuple[Placed, ...] = ()
    dropped: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    lost: int = 0
    extra_minutes: int = 0
    extra_points: float = 0.0

    def rank(self) -> tuple:
        """Smaller changes first, then the cheaper ones."""
        return (
            list(ChangeKind).index(self.kind),
            len(self.dropped),
            len(self.moved),
            len(self.lifted),
            self.lost,
            -self.extra_points,
            self.extra_minutes,
            self.placed.start,
            self.placed.host,
        )


@dataclass(frozen=True)
class Leeway:
    """What may give way: `lengths` the shorter durations that would still make a visit, `online`
    the minutes of an online meeting (0 when there can be none); visits in `standing` are neither
    moved nor dropped, those in `agreed` moved but not dropped."""

    lengths: tuple[int, ...] = ()
    online: int = 0
    standing: frozenset[str] = field(default_factory=frozenset)
    agreed: frozenset[str] = field(default_factory=frozenset)


def apply_change(problem: Problem, change: Change) -> Problem:
    """The problem after a change: its task and the moved ones pinned, the dropped ones gone.

    Pins, bans and the choice of host that stood against the change are lifted for its task.
    """
    goes = {row.task: Pin(row.host, None, row.start) for row in (change.placed, *change.moved)}
    tasks = []
    for task in problem.tasks:
        if task.ref in change.dropped:
            continue
        if task.ref in goes:
            task = replace(task, pin=goes[task.ref])
        if task.ref == change.placed.task:
            task = _unbound(replace(task, duration=change.duration, mode=change.mode))
            task = replace(task, pin=goes[task.ref])
        tasks.append(task)
    gone = {*change.dropped, *goes}
    published = tuple(row for row in problem.published if row.task not in gone)
    return replace(problem, tasks=tuple(tasks), published=published)


def _unbound(task: Task) -> Task:
    """The task without what the coordinator decided for it."""
    return replace(task, pin=None, bans=(), only_host=None)


def carry_out(problem: Problem, solution: Solution, change: Change) -> Solution:
    """The plan after a change; every visit it does not name keeps its minute.

    Raises ProblemError when the change does not fit this plan.
    """
    from .search import solve

    changed = apply_change(problem, change)
    moving = {change.placed.task, *(row.task for row in change.moved)}
    others = [v for v in solution.visits if v.task not in moving | {*change.dropped}]
    held = replace(
        changed,
        fixed=as_fixed(others),
        tasks=tuple(task for task in changed.tasks if task.ref in moving),
        published=(),
    )
    answer = solve(held, Limits(seconds=5.0), with_reasons=False)
    if moving - {visit.task for visit in answer.visits}:
        raise ProblemError("does_not_fit", "The change does not fit this plan.")
    base = replace(solution, visits=tuple(others))
    return as_before(changed, base, answer)


class Ways:
    """Looks for the changes that let one task fit into one plan."""

    def __init__(
        self, problem: Problem, solution: Solution, task: str, leeway: Leeway | None = None
    ) -> None:
        self.problem, self.solution = problem, solution
        self.task, self.leeway = task_of(problem, task), leeway or Leeway()
        self.others = [visit for visit in solution.visits if visit.task != task]
        self.risks = len(solution.risks)

    @cached_property
    def facts(self) -> tuple[FixedVisit, ...]:
        """Every other visit of the plan, held to the minute."""
        return as_fixed(self.others)

    def without(self, *gone: str) -> tuple[FixedVisit, ...]:
        """The facts without some tasks."""
        return as_fixed(visit for visit in self.others if visit.task not in gone)

    def slots(
        self,
        task: Task,
        facts: Sequence[FixedVisit],
        hosts: Iterable[Host],
        days: Collection[date] | None,
    ) -> list[Slot]:
        """Where a task can go beside the facts, the best first."""
        found: list[Slot] = []
        for host in hosts:
            if host_refusal(task, host) is None:
                found += reachable_slots(self.problem, facts, task, host, days=days)
        return sorted(found, key=lambda s: (-s.points, s.travel_minutes, s.start, s.host))

    def find(
        self, *, host: str | None = None, day: date | None = None, touching: bool | None = None
    ) -> tuple[Change, ...]:
        """The smallest change of every kind, smallest first; with `host` or `day` only those that
        hold the task with this host or on this local date, with `touching` only those that touch
        other visits, or none."""
        hosts = self.problem.hosts if host is None else (host_of(self.problem, host),)
        days = None if day is None else (day,)
        found: dict[ChangeKind, Change] = {}
        for group in self.candidates(hosts, days, touching):
            for change in group:
                if change.kind in found:
                    continue
                told = self.told(change)
                if told is not None:
                    found[change.kind] = told
        return tuple(sorted(found.values(), key=Change.rank))

    def smallest(self, *, touching: bool) -> Change | None:
        """The first of what `find` tells, found sooner: what touches nobody without its costs,
        because a slot that can be reached needs no second look."""
        for group in self.candidates(self.problem.hosts, None, touching):
            for change in group:
                told = self.told(change) if change.moved or change.dropped else change
                if told is not None:
                    return told
        return None

    def told(self, change: Change) -> Change | None:
        """The change with the costs of the plan it leads to; None when that plan breaks a rule."""
        try:
            after = carry_out(self.problem, self.solution, change)
        except ProblemError:
            return None
        if len(after.risks) > self.risks:
            return None
        if violations(apply_change(self.problem, change), after):
            return None
        before = self.solution
        lost = sum(visit.priority for visit in before.visits if visit.task in change.dropped)
        return replace(
            change,
            lost=lost,
            extra_minutes=after.totals.minutes - before.totals.minutes,
            extra_points=round(after.points - before.points, 6),
        )

    def candidates(
        self, hosts: Sequence[Host], days: Collection[date] | None, touching: bool | None
    ) -> Iterator[Iterable[Change]]:
        """Changes to be tried, the smaller kinds first, for each kind the cheapest first."""
        if not touching:
            has_room = self.has_room(hosts, days)
            if has_room:
                free = self.spread(self.slots(self.task, self.facts, hosts, days))
                as_it_is = [self.change(self.kind_of(slot), slot, self.task) for slot in free]
                yield sorted(as_it_is, key=lambda change: list(ChangeKind).index(change.kind))
            yield self.lifts(hosts, days)
            if has_room:
                yield self.shortened(hosts, days)
            yield self.met_online(hosts, days)
        if touching is not False:
            yield from self.touching_others(hosts, days)

    def has_room(self, hosts: Sequence[Host], days: Collection[date] | None) -> bool:
        """Whether the task, as short as it may be, goes anywhere beside the facts."""
        least = min([self.task.duration, *self.leeway.lengths])
        return bool(self.slots(replace(self.task, duration=least), self.facts, hosts, days))

    def shortened(self, hosts: Sequence[Host], days: Collection[date] | None) -> Iterator[Change]:
        """The task as a shorter visit, the longest first."""
        for minutes in sorted(self.leeway.lengths, reverse=True):
            if minutes < self.task.duration:
                cut = replace(self.task, duration=minutes)
                for slot in self.spread(self.slots(cut, self.facts, hosts, days)):
                    yield self.change(ChangeKind.SHORTER, slot, cut)

    def met_online(self, hosts: Sequence[Host], days: Collection[date] | None) -> Iterator[Change]:
        """The task as a meeting online; where that is forbidden, with what has to be taken back."""
        online = self.online()
        if online is None:
            return
        for slot in self.spread(self.slots(online, self.facts, hosts, days)):
            yield self.change(ChangeKind.ONLINE, slot, online)
        yield from self.lifts_of_own(hosts, days, kind=ChangeKind.ONLINE, task=online)

    def lifts(self, hosts: Sequence[Host], days: Collection[date] | None) -> Iterator[Change]:
        """Decisions to be taken back, the fewest first: its own, then the pin of one other visit,
        which then goes elsewhere."""
        yield from islice(self.lifts_of_own(hosts, days), SLOTS_TRIED)
        for visit in self.movable():
            assert visit.task is not None
            pin = task_of(self.problem, visit.task).pin
            if pin is not None:
                slots = self.freed_by((visit.task,), hosts, days)
                for change in self.moves([(visit.task, slots)] if slots else []):
                    yield replace(change, kind=ChangeKind.LIFT, lifted=pin.decisions)

    def lifts_of_own(
        self,
        hosts: Sequence[Host],
        days: Collection[date] | None,
        *,
        kind: ChangeKind = ChangeKind.LIFT,
        task: Task | None = None,
    ) -> Iterator[Change]:
        """Decisions about the task itself to be taken back, the fewest first; `task` is what it
        becomes by a change of another kind."""
        task = task or self.task
        freed = _unbound(task)
        if freed == task:
            return
        slots = self.slots(freed, self.facts, hosts, days)
        bound = [(self.against(slot), slot) for slot in slots]
        seen = set()
        for names, slot in sorted(bound, key=lambda row: len(row[0])):
            cell = (slot.host, *self.half_of(slot))
            if cell not in seen and (names or (task.only_host and kind == ChangeKind.LIFT)):
                seen.add(cell)
                change = self.change(kind, slot, freed)
                yield replace(change, lifted=tuple(filter(None, names)))

    def against(self, slot: Slot) -> tuple[str, ...]:
        """The names of the task's own decisions that forbid a slot; "" for one without a name."""
        zone, start = self.task.place.zone, minute_of(slot.start)
        day, pin = local_day(zone, start), self.task.pin
        found = [
            ban.decision
            for ban in self.task.bans
            if ban.host in (None, slot.host) and ban.day in (None, day)
        ]
        wanted = () if pin is None else (pin.host, pin.day, pin.start)
        for one, other in zip(wanted, (slot.host, day, slot.start), strict=False):
            if pin is not None and one not in (None, other):
                found += pin.decisions or ("",)
                break
        return tuple(dict.fromkeys(found))

    def touching_others(
        self, hosts: Sequence[Host], days: Collection[date] | None
    ) -> Iterator[Iterable[Change]]:
        """Changes that move one other visit, and those that drop one or two."""
        freed: list[tuple[str, list[Slot]]] = []
        for visit in self.movable():
            assert visit.task is not None
            if task_of(self.problem, visit.task).pin is not None:
                continue
            slots = self.freed_by((visit.task,), hosts, days)
            if slots:
                freed.append((visit.task, slots))
        yield sorted(self.moves(freed), key=lambda row: (-row.extra_points, row.extra_minutes))
        singles = [((ref,), slots) for ref, slots in freed if ref not in self.leeway.agreed]
        yield self.drops(singles)
        if not singles:
            yield self.drops(self.pairs(hosts, days))

    def movable(self) -> list:
        """The visits that may be moved."""
        return [
            visit
            for visit in self.others
            if visit.task is not None and visit.task not in self.leeway.standing
        ]

    def freed_by(
        self, gone: tuple[str, ...], hosts: Sequence[Host], days: Collection[date] | None
    ) -> list[Slot]:
        """Slots the task gets when others are gone, with the hosts and in the weeks of these."""
        leaving = [visit for visit in self.others if visit.task in gone]
        leaders = {visit.host for visit in leaving}
        zone = self.task.place.zone
        weeks = {local_day(zone, minute_of(v.start)).isocalendar()[:2] for v in leaving}
        near = [
            day
            for day in (self.problem.days if days is None else days)
            if day.isocalendar()[:2] in weeks
        ]
        chosen = [host for host in hosts if host.ref in leaders]
        return self.slots(self.task, self.without(*gone), chosen, near) if near else []

    def pairs(
        self, hosts: Sequence[Host], days: Collection[date] | None
    ) -> Iterator[tuple[tuple[str, ...], list[Slot]]]:
        """Two visits of one host and week whose going makes room."""
        loose = [
            v
            for v in self.movable()
            if v.task not in self.leeway.agreed and task_of(self.problem, v.task or "").pin is None
        ]
        for one, other in combinations(loose, 2):
            same_week = one.start.isocalendar()[:2] == other.start.isocalendar()[:2]
            if one.host == other.host and same_week and one.task and other.task:
                slots = self.freed_by((one.task, other.task), hosts, days)
                if slots:
                    yield (one.task, other.task), slots

    def drops(self, freed: Iterable[tuple[tuple[str, ...], list[Slot]]]) -> Iterator[Change]:
        """What may be dropped, the least priority first."""
        weights = {task.ref: task.priority for task in self.problem.tasks}
        rows = [
            (sum(weights[ref] for ref in gone), -slot.points, slot.travel_minutes, gone, slot)
            for gone, slots in freed
            for slot in slots[:1]
        ]
        for _lost, _points, _travel, gone, slot in sorted(rows, key=lambda row: row[:4]):
            yield replace(self.change(ChangeKind.DROP, slot, self.task), dropped=gone)

    def moves(self, freed: Iterable[tuple[str, list[Slot]]]) -> Iterator[Change]:
        """Another visit goes elsewhere, so that the task gets its place; rough costs."""
        for ref, slots in freed:
            other = replace(task_of(self.problem, ref), pin=None)
            rest = self.without(ref)
            elsewhere = self.slots(other, rest, self.problem.hosts, None)
            for slot in self.spread(slots)[:SLOTS_TRIED]:
                free = [row for row in elsewhere if row.host != slot.host or _apart(row, slot)]
                days = {local_day(other.place.zone, minute_of(row.start)) for row in free}
                if not days:
                    continue
                taken = _held(self.task, Placed(self.task.ref, slot.host, slot.start))
                hosts = [
                    host for host in self.problem.hosts if any(r.host == host.ref for r in free)
                ]
                found = self.slots(other, (*rest, taken), hosts, days)
                if not found:
                    continue
                new = found[0]
                yield replace(
                    self.change(ChangeKind.MOVE, slot, self.task),
                    moved=(Placed(ref, new.host, new.start),),
                    extra_points=slot.points + new.points,
                    extra_minutes=slot.travel_minutes + new.travel_minutes,
                )

    def of_cells(self, still_open: Collection[tuple[str, date]]) -> Iterator[Change]:
        """Changes that touch nobody but the task, or let one other visit go, the smaller first:
        starts of the cells (host and day) that are still open, not carried out, without costs."""
        for host, days in self.by_host(still_open):
            yield from self.lifts_of_own((host,), days)
        shorter = (n for n in sorted(self.leeway.lengths, reverse=True) if n < self.task.duration)
        own = [(ChangeKind.SHORTER, replace(self.task, duration=minutes)) for minutes in shorter]
        online = self.online()
        if online is not None:
            own.append((ChangeKind.ONLINE, online))
        for kind, task in own:
            for slot in self.slots_in(still_open, task, self.facts):
                yield self.change(kind, slot, task)
        if online is not None:
            for host, days in self.by_host(still_open):
                yield from self.lifts_of_own((host,), days, kind=ChangeKind.ONLINE, task=online)
        for other in sorted(self.loose(), key=lambda task: task.priority):
            for slot in self.slots_in(still_open, self.task, self.without(other.ref), near=other):
                yield replace(self.change(ChangeKind.DROP, slot, self.task), dropped=(other.ref,))

    def by_host(self, cells: Collection[tuple[str, date]]) -> Iterator[tuple[Host, set[date]]]:
        """The hosts of cells, each with its days."""
        for host in self.problem.hosts:
            days = {day for name, day in cells if name == host.ref}
            if days:
                yield host, days

    def slots_in(
        self,
        cells: Collection[tuple[str, date]],
        task: Task,
        facts: Sequence[FixedVisit],
        *,
        near: Task | None = None,
    ) -> Iterator[Slot]:
        """Where a task can go within cells; with `near` only in the weeks and with the hosts of
        that one's visits."""
        weeks = {
            (visit.host, visit.start.isocalendar()[:2])
            for visit in self.others
            if near is not None and visit.task == near.ref
        }
        for host in self.problem.hosts:
            days = {
                day
                for name, day in cells
                if name == host.ref and (near is None or (name, day.isocalendar()[:2]) in weeks)
            }
            if days:
                yield from self.slots(task, facts, (host,), days)

    def loose(self) -> list[Task]:
        """The tasks of the plan that may be dropped: neither agreed nor pinned."""
        placed = [task_of(self.problem, visit.task or "") for visit in self.movable()]
        return [row for row in placed if row.pin is None and row.ref not in self.leeway.agreed]

    def online(self) -> Task | None:
        """The task as a meeting online; None when it is one, or there can be none."""
        if self.task.mode != Mode.ON_SITE or not self.leeway.online:
            return None
        minutes = min(self.task.duration, self.leeway.online)
        return replace(self.task, mode=Mode.ONLINE, duration=minutes)

    def spread(self, slots: Sequence[Slot]) -> list[Slot]:
        """The best slots, no two of them on the same half of a day, a few for each kind."""
        seen, kept = set(), []
        kinds: dict[ChangeKind, int] = {}
        for slot in slots:
            day, morning = self.half_of(slot)
            kind = self.kind_of(slot)
            key = (slot.host, day, morning)
            if key in seen or kinds.get(kind, 0) >= SLOTS_TRIED:
                continue
            seen.add(key)
            kinds[kind] = kinds.get(kind, 0) + 1
            kept.append(slot)
        return kept

    def half_of(self, slot: Slot) -> tuple[date, bool]:
        """The local date of a slot, and whether it begins in the morning."""
        zone, start = self.task.place.zone, minute_of(slot.start)
        day = local_day(zone, start)
        return day, start < local_minute(zone, day, NOON)

    def kind_of(self, slot: Slot) -> ChangeKind:
        """What the task itself gives up at a slot that is free."""
        if not self.task.wishes:
            return ChangeKind.PLACE
        day, morning = self.half_of(slot)
        wished = [wish for wish in self.task.wishes if wish.day == day]
        if not wished:
            return ChangeKind.DAY
        part = PartOfDay.MORNING if morning else PartOfDay.AFTERNOON
        met = any(wish.part in (PartOfDay.ANY, part) for wish in wished)
        return ChangeKind.PLACE if met else ChangeKind.TIME

    def change(self, kind: ChangeKind, slot: Slot, task: Task) -> Change:
        """A change that puts the task into a slot."""
        placed = Placed(self.task.ref, slot.host, slot.start)
        return Change(kind, placed, task.duration, task.mode)


def ways_to_fit(
    problem: Problem,
    solution: Solution,
    task: str,
    leeway: Leeway | None = None,
    *,
    host: str | None = None,
    day: date | None = None,
    touching: bool | None = None,
) -> tuple[Change, ...]:
    """The smallest change of every kind that lets `task` fit into the plan, smallest first.

    With `host` or `day` only those that hold it with this host or on this local date, with
    `touching` only those that touch other visits, or none. Empty when no small change helps.
    Raises ProblemError for an unknown task or host.
    """
    return Ways(problem, solution, task, leeway).find(host=host, day=day, touching=touching)


def smallest_way(
    problem: Problem,
    solution: Solution,
    task: str,
    leeway: Leeway | None = None,
    *,
    touching: bool,
) -> Change | None:
    """The first of `ways_to_fit`, found sooner; None when no small change helps.

    Costs are told of what touches other visits.
    """
    return Ways(problem, solution, task, leeway).smallest(touching=touching)


# What no change of a visit or of others helps against.
HOPELESS = frozenset(
    {
        "lacks_skill",
        "lacks_language",
        "outside_window",
        "after_project_end",
        "closed_day",
        "day_over",
        "too_soon",
        "week_over",
    }
)


def nearest_of_cells(
    problem: Problem,
    solution: Solution,
    task: str,
    leeway: Leeway,
    cells: Collection[tuple[str, date]],
) -> dict[tuple[str, date], Change]:
    """For each of these hosts and local dates the smallest change that lets `task` fit there while
    no other visit moves, as far as there is one.

    Every start named can be reached; the costs are not told.
    """
    ways = Ways(problem, solution, task, leeway)
    still_open = set(cells)
    found: dict[tuple[str, date], Change] = {}
    for change in ways.of_cells(still_open):
        day = local_day(ways.task.place.zone, minute_of(change.placed.start))
        cell = (change.placed.host, day)
        if cell in still_open:
            found[cell] = change
            still_open.remove(cell)
    return found


def lay_out(problem: Problem, placed: Sequence[Placed]) -> Solution | None:
    """The plan that holds exactly these tasks at exactly these starts beside the facts.

    None when it breaks a rule or leaves a journey too little time that has enough without them.
    """
    from .search import solve

    bare = replace(problem, tasks=(), published=())
    tasks = {row.task: task_of(problem, row.task) for row in placed}
    held = tuple(_held(tasks[row.task], row) for row in placed)
    answer = solve(
        replace(bare, fixed=(*problem.fixed, *held)), Limits(seconds=5.0), with_reasons=False
    )
    known = {visit.ref: row.task for visit, row in zip(held, placed, strict=True)}
    visits = tuple(
        _laid(problem, visit, tasks[known[visit.fixed]]) if visit.fixed in known else visit
        for visit in answer.visits
    )
    points = sum(visit.points for visit in visits)
    plan = replace(answer.unproven(), visits=visits, points=points)
    alone = solve(bare, Limits(seconds=5.0), with_reasons=False)
    if len(plan.risks) > len(alone.risks) or violations(problem, plan):
        return None
    return plan


def _laid(problem: Problem, visit: PlannedVisit, task: Task) -> PlannedVisit:
    """A visit held as a fact as the task it is, with the wish points of its place."""
    points = points_at(problem, task, visit.start)
    return replace(visit, task=task.ref, fixed=None, points=points)


def points_at(problem: Problem, task: Task, start: datetime) -> float:
    """The wish points of a task at a start."""
    minute = minute_of(start)
    return worth_of(problem, task, local_day(task.place.zone, minute), minute).points


def _apart(one: Slot, other: Slot) -> bool:
    """Whether two slots of one host share no moment."""
    return one.end <= other.start or other.end <= one.start


def _held(task: Task, row: Placed) -> FixedVisit:
    start = minute_of(row.start)
    return FixedVisit(
        f"task {task.ref}",
        task.label,
        row.host,
        task.mode,
        task.place,
        moment_of(start),
        moment_of(start + task.duration),
        task.priority,
        task.requests,
        agreed=False,
    )
