"""Contradictions in the input, each as one sentence that names the culprit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfoNotFoundError

from .constraints import host_refusal, start_span
from .facts import missing_minutes
from .problem import Mode, Place, Problem, ProblemError, Task
from .reasons import nearest
from .solution import Reason, SlotReason
from .spans import clock_minutes, local_day, minute_of, zone_of
from .trips import TripFinder

# What the bounds remember grows with the square of the tasks; this many take about a gigabyte.
MOST_TASKS = 4_000


def validate(problem: Problem) -> None:
    """Raise ProblemError for the first contradiction found."""
    if len(problem.tasks) > MOST_TASKS:
        raise ProblemError(
            "too_many_tasks",
            "{count} requests are more than one plan can weigh; plan at most {most} at a time.",
            count=len(problem.tasks),
            most=MOST_TASKS,
        )
    if not problem.days:
        raise ProblemError("no_days", "The window has no working day.")
    if problem.most_moves is not None and problem.most_moves < 0:
        raise ProblemError("negative_moves", "The number of moves allowed is negative.")
    _check_refs("host", [host.ref for host in problem.hosts])
    _check_refs("task", [task.ref for task in problem.tasks])
    _check_refs("fixed visit", [visit.ref for visit in problem.fixed])
    _check_hosts(problem)
    for visit in problem.fixed:
        _check_host_known(problem, visit.host, visit.label)
        _check_moments(visit.label, visit.start, visit.end)
        if visit.mode == Mode.ON_SITE:
            _check_place(problem, visit.place, visit.label)
    for row in problem.published:
        _check_moments(row.task, row.start)
    for task in problem.tasks:
        _check_task(problem, task)


def _check_refs(kind: str, refs: Sequence[str]) -> None:
    seen: set[str] = set()
    for ref in refs:
        if ref in seen:
            raise ProblemError("twice", "The {kind} {ref} is given twice.", kind=kind, ref=ref)
        seen.add(ref)


def _check_hosts(problem: Problem) -> None:
    for host in problem.hosts:
        _check_place(problem, host.home, host.name)
        if clock_minutes(host.travel_from) >= clock_minutes(host.travel_to):
            raise ProblemError(
                "travel_hours",
                "The travel hours of {host} end before they begin.",
                host=host.name,
            )
        if host.position is not None:
            _check_place(problem, host.position.place, host.name)
            _check_moments(host.name, host.position.at)
        for busy in host.busy:
            _check_moments(f"{host.name}: {busy.label or 'busy'}", busy.start, busy.end)


def _check_moments(label: str, start: datetime, end: datetime | None = None) -> None:
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise ProblemError("no_zone", "A time of {label} has no time zone.", label=label)
    if end is not None and end <= start:
        raise ProblemError("ends_first", "{label} ends before it begins.", label=label)


def _check_place(problem: Problem, place: Place, label: str) -> None:
    try:
        zone_of(place.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ProblemError(
            "unknown_zone", "{label}: {zone} is not a time zone.", label=label, zone=place.zone
        ) from error
    if place.ref not in problem.travel.index:
        raise ProblemError(
            "no_coordinates",
            "{label}: {place} has no coordinates, so no journey to it is known.",
            label=label,
            place=place.name,
        )


def _check_host_known(problem: Problem, ref: str, label: str) -> None:
    if all(host.ref != ref for host in problem.hosts):
        raise ProblemError(
            "unknown_host",
            "{label} names the host {host}, who is not in the plan.",
            label=label,
            host=ref,
        )


def _check_task(problem: Problem, task: Task) -> None:
    if task.mode == Mode.ON_SITE:
        _check_place(problem, task.place, task.label)
    else:
        try:
            zone_of(task.place.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ProblemError(
                "unknown_zone",
                "{label}: {zone} is not a time zone.",
                label=task.label,
                zone=task.place.zone,
            ) from error
    if task.duration <= 0:
        raise ProblemError("no_duration", "{label} has no duration.", label=task.label)
    if task.priority < 0:
        raise ProblemError("bad_priority", "{label} has a negative priority.", label=task.label)
    for ref in _hosts_named(task):
        _check_host_known(problem, ref, task.label)
    if task.pin is not None:
        _check_pin(problem, task)


def _hosts_named(task: Task) -> Iterable[str]:
    if task.only_host is not None:
        yield task.only_host
    if task.pin is not None and task.pin.host is not None:
        yield task.pin.host


def _check_pin(problem: Problem, task: Task) -> None:
    """A pin must leave at least one host and date; else say what stands against it."""
    pin = task.pin
    if pin is None:
        return
    if pin.start is not None:
        _check_moments(task.label, pin.start)
        on = local_day(task.place.zone, minute_of(pin.start))
        if pin.day not in (None, on):
            raise ProblemError(
                "pin_contradicts_itself",
                "{label} is pinned to {day} and to a start on {other}.",
                label=task.label,
                day=pin.day,
                other=on,
            )
        days: tuple[date, ...] = (on,)
    else:
        days = (pin.day,) if pin.day is not None else problem.days
    against = []
    for host in problem.hosts:
        if pin.host not in (None, host.ref):
            continue
        refusal = host_refusal(task, host)
        for day in days:
            answer = refusal or start_span(problem, task, host, day)
            if not isinstance(answer, Reason):
                return
            against.append(SlotReason(host.ref, day, answer))
    row = nearest(against, {wish.day for wish in task.wishes})
    raise ProblemError(
        "impossible_pin",
        "The pin of {label} cannot be kept: {why}",
        label=task.label,
        why=row.reason.text if row else "no host is left.",
        reason=row.reason if row else None,
    )


def check_pins(problem: Problem, finders: Sequence[TripFinder]) -> None:
    """Raise ProblemError when a task pinned to the minute cannot be reached in time."""
    for finder in finders:
        week = finder.week
        for k, stop in sorted(week.broken):
            ends = [end for end in (k, stop) if 0 <= end < week.size and week.fact[end] >= 0]
            facts = [week.facts[week.fact[end]] for end in ends]
            pins = [fact for fact in facts if fact.task is not None]
            if not pins:
                continue
            free = week.free_after(k)
            missing = missing_minutes(week, problem.travel, k, stop, free)
            others = [fact.label for fact in facts if fact is not pins[0]]
            raise ProblemError(
                "pin_out_of_reach",
                "The pin of {label} cannot be kept: {minutes} minutes are missing between it "
                "and {other}.",
                label=pins[0].label,
                minutes=max(1, missing),
                other=others[0] if others else problem.hosts[week.host].home.name,
            )
