"""One visit against the whole window: where it could go, and the plan as a person arranged it.

`verdicts` answers for one host and start; here every host and day is answered at once, and a set of
places chosen by hand becomes a plan with its journeys, or the sentence why it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from .check import violations
from .constraints import host_refusal
from .preferences import worth_of
from .problem import Limits, Pin, Problem, ProblemError, PublishedVisit, Task
from .reasons import LEFT_OPEN, Explainer, explain
from .search import Search, confirm, published_trips, solve
from .solution import PlannedVisit, Reason, Solution, Unplaced
from .spans import local_day, minute_of
from .verdicts import Slot, as_fixed, reachable_slots

# Every place is given, so this only guards against an endless wait.
ENOUGH = Limits(seconds=20.0)
FITS_NOW = "fits_now"


@dataclass(frozen=True)
class Start:
    """A start that is possible: what it is worth in wish points, what it costs in travel minutes
    against the plan as it is, and the soft rules it bends."""

    start: datetime
    end: datetime
    points: float
    extra_minutes: int
    soft: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One host on one date: the possible starts, best first, or the hard reason against all."""

    host: str
    day: date
    starts: tuple[Start, ...] = ()
    reason: Reason | None = None


def cells(problem: Problem, solution: Solution, ref: str) -> tuple[Cell, ...]:
    """What every host and day of the window would mean for one task, all else staying as it is.

    Best first means: most wish points, then least travel, then earliest. A pin of the task is not
    looked at: who moves a visit by hand is asked about it elsewhere.
    """
    task = replace(task_of(problem, ref), pin=None)
    others = as_fixed(visit for visit in solution.visits if visit.task != ref)
    alone = replace(problem, fixed=others, tasks=(task,), published=(), most_moves=None)
    now = next((visit for visit in solution.visits if visit.task == ref), None)
    slots = {host.ref: reachable_slots(alone, others, task, host) for host in problem.hosts}
    present = 0
    if now is not None:
        here = [slot for slot in slots.get(now.host, ()) if slot.start == now.start]
        present = here[0].travel_minutes if here else 0
    beside_facts = _explainer(replace(alone, fixed=problem.fixed))
    beside_all = _explainer(alone)
    found = []
    for number, host in enumerate(problem.hosts):
        refusal = host_refusal(task, host)
        by_day: dict[date, list[Slot]] = {}
        for slot in slots[host.ref]:
            by_day.setdefault(local_day(task.place.zone, minute_of(slot.start)), []).append(slot)
        for day in problem.days:
            if day in by_day:
                starts = [_start(problem, task, day, slot, present) for slot in by_day[day]]
                starts.sort(key=lambda each: (-each.points, each.extra_minutes, each.start))
                found.append(Cell(host.ref, day, tuple(starts)))
            else:
                # First what holds whatever else the plan has, as the tray tells it.
                reason = refusal or beside_facts.slot(0, task, number, host, day)[0]
                if reason.code == FITS_NOW:
                    reason = beside_all.slot(0, task, number, host, day)[0]
                found.append(Cell(host.ref, day, reason=reason))
    return tuple(found)


def task_of(problem: Problem, ref: str) -> Task:
    """The task of that reference; ProblemError when there is none."""
    if ref in problem.task_by_ref:
        return problem.task_by_ref[ref]
    raise ProblemError("unknown_task", "There is no task {ref}.", ref=ref)


def _explainer(alone: Problem) -> Explainer:
    finders = Search(alone, ENOUGH).finders
    weeks = [finder.base_trips()[:1] for finder in finders]
    return Explainer(alone, finders, [trip for trips in weeks for trip in trips])


def _start(problem: Problem, task: Task, day: date, slot: Slot, present: int) -> Start:
    worth = worth_of(problem, task, day, minute_of(slot.start))
    return Start(
        slot.start, slot.end, worth.points, slot.travel_minutes - present, worth.deductions
    )


def arrange(problem: Problem, places: Mapping[str, tuple[str, datetime]]) -> Solution:
    """The plan in which exactly these tasks (ref to host and start) stand, with its journeys.

    Raises ProblemError with the sentence of the first rule it breaks, found on the way or by the
    independent check.
    """
    tasks = tuple(
        replace(task, pin=Pin(host=places[task.ref][0], start=places[task.ref][1]))
        for task in problem.tasks
        if task.ref in places
    )
    if unknown := sorted(set(places) - {task.ref for task in tasks}):
        raise ProblemError("unknown_task", "There is no task {ref}.", ref=unknown[0])
    found = solve(replace(problem, tasks=tasks, most_moves=None), ENOUGH, with_reasons=False)
    left = [task for task in tasks if all(visit.task != task.ref for visit in found.visits)]
    if left:
        raise ProblemError("no_place", "{label} has no place there.", label=left[0].label)
    kept = {(row.task, row.host, row.start) for row in problem.published}
    visits = tuple(_as_kept(visit, kept) for visit in found.visits)
    kept_count = sum(visit.kept for visit in visits)
    plan = replace(found.unproven(), visits=visits, kept=kept_count)
    if faults := violations(problem, plan):
        raise ProblemError("breaks_rule", "{fault}", fault=faults[0])
    return plan


def reasons_left(
    problem: Problem,
    plan: Solution,
    *,
    only: Collection[str] | None = None,
    over: Callable[[], bool] = lambda: False,
) -> tuple[Unplaced, ...]:
    """Why each task that an arranged plan leaves out has no place in it, or that it has one; some
    of them alone with `only`. Once it is `over`, the reason of the rest is left open."""
    stands = tuple(
        PublishedVisit(task=visit.task, host=visit.host, start=visit.start)
        for visit in plan.visits
        if visit.task is not None
    )
    placed = {visit.task for visit in plan.visits}
    tasks = tuple(t if t.ref in placed else _pinned_to_day(t) for t in problem.tasks)
    held = replace(problem, tasks=tasks, published=stands, most_moves=None)
    search = Search(held, ENOUGH)
    trips = {trip.week: trip for trip in published_trips(held, search.finders)}
    for finder in search.finders:
        if finder.week.number not in trips and (base := finder.base_trips()):
            trips[finder.week.number] = base[0]
    choice = [trips[week] for week in sorted(trips)]
    sound, stood = confirm(search), problem.published
    rows = explain(held, search.finders, choice, sound, only=only, over=over, stood=stood)
    # A place that no trip of the search tells again is a place all the same.
    return tuple(_as_arranged(problem, plan, row) for row in rows if row.task not in placed)


def _pinned_to_day(task: Task) -> Task:
    """A task that is pinned to the minute, but not placed there: to the search that were a fact."""
    if task.pin is None or task.pin.start is None:
        return task
    day = local_day(task.place.zone, minute_of(task.pin.start))
    return replace(task, pin=replace(task.pin, start=None, day=day))


def _as_arranged(problem: Problem, plan: Solution, row: Unplaced) -> Unplaced:
    """The row with a way to fit that holds while the others keep their minute, or with none.

    The search lets visits of a week shift by minutes; what a person arranged does not shift.
    """
    mend = row.would_fit_if
    if row.reason.code == LEFT_OPEN or (row.reason.code != FITS_NOW and mend is None):
        return row
    task = task_of(problem, row.task)
    fit = _fit_now(problem, plan, task) or _fit_instead(problem, plan, task)
    reason = row.reason
    if reason.code == FITS_NOW:
        is_true = fit is not None and fit.code == FITS_NOW
        reason = fit if fit is not None and is_true else _against(problem, plan, task)
    return replace(row, reason=reason, would_fit_if=fit)


def _fit_now(problem: Problem, plan: Solution, task: Task) -> Reason | None:
    """The best place the task has beside the whole plan."""
    facts = as_fixed(plan.visits)
    slots = [s for host in problem.hosts for s in reachable_slots(problem, facts, task, host)]
    if not slots:
        return None
    best = min(slots, key=_best_first)
    words, values = _fit_words(problem, task, best)
    return Reason(FITS_NOW, f"Fits {words}.", values)


def _fit_instead(problem: Problem, plan: Solution, task: Task) -> Reason | None:
    """The place the task has once the least important visit that stands in its way is dropped."""
    first = {row.ref for row in problem.tasks if row.comes_first}
    loose = [v for v in plan.visits if v.task is not None and v.task not in first]
    for gone in sorted(loose, key=lambda v: (v.priority, v.start)):
        rest = as_fixed(visit for visit in plan.visits if visit is not gone)
        host = next(each for each in problem.hosts if each.ref == gone.host)
        slots = reachable_slots(problem, rest, task, host, days=_week(problem, gone))
        if not slots:
            continue
        words, values = _fit_words(problem, task, min(slots, key=_best_first))
        values |= {"dropped": [gone.label], "lost": gone.priority, "tasks": [gone.task]}
        return Reason(
            "fits_if",
            f"In this plan it fits {words} if {gone.label} (priority {gone.priority}) is dropped; "
            f"its own priority is {task.priority}.",
            values,
        )
    return None


def _week(problem: Problem, visit: PlannedVisit) -> list[date]:
    week = local_day(visit.zone, minute_of(visit.start)).isocalendar()[:2]
    return [day for day in problem.days if day.isocalendar()[:2] == week]


def _best_first(slot: Slot) -> tuple:
    return (-slot.points, slot.travel_minutes, slot.start, slot.host)


def _fit_words(problem: Problem, task: Task, slot: Slot) -> tuple[str, dict[str, Any]]:
    day = local_day(task.place.zone, minute_of(slot.start))
    host = next(each for each in problem.hosts if each.ref == slot.host)
    values = {
        "host": host.name,
        "day": day,
        "dropped": [],
        "lost": 0,
        "priority": task.priority,
        "extra_minutes": slot.travel_minutes,
        "tasks": [],
    }
    more = "more" if slot.travel_minutes >= 0 else "less"
    travel = f"{abs(slot.travel_minutes)} minutes {more} travel"
    return f"on {day:%-d %B} with {host.name} ({travel})", values


def _against(problem: Problem, plan: Solution, task: Task) -> Reason:
    """What keeps the task out while every visit of the plan keeps its minute."""
    facts = as_fixed(plan.visits)
    alone = replace(problem, fixed=facts, tasks=(task,), published=(), most_moves=None)
    reason = _explainer(alone).explain(0).reason
    if reason.code != FITS_NOW:
        return reason
    return Reason(
        "not_reachable",
        f"Nobody can get to {task.place.name} and back beside the visits of this plan.",
        {"place": task.place.name},
    )


def _as_kept(visit: PlannedVisit, kept: set[tuple[str, str, datetime]]) -> PlannedVisit:
    if visit.task is None:
        return visit
    return replace(visit, kept=(visit.task, visit.host, visit.start) in kept)
