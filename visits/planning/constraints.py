"""Hard rules about one task, one host and one date, before any travel is looked at.

Each function answers with possible start times (UTC minutes) or with the Reason why there are none.
"""

from __future__ import annotations

from datetime import date

from .problem import Host, Mode, Problem, Task
from .solution import Reason
from .spans import Span, clock_minutes, local_day, local_minute, minute_of


def host_refusal(task: Task, host: Host) -> Reason | None:
    """Why this host can never lead this visit, or None."""
    if task.only_host is not None and task.only_host != host.ref:
        return Reason(
            "only_host",
            f"Only another host may lead this visit, not {host.name}.",
            {"host": host.name, "only_host": task.only_host},
        )
    for group in task.needs:
        if group and not group & host.skills:
            return Reason(
                "lacks_skill",
                f"{host.name} does not cover {', '.join(sorted(group))}.",
                {"host": host.name, "skills": sorted(group)},
            )
    if task.languages and not task.languages & host.languages:
        return Reason(
            "lacks_language",
            f"{host.name} speaks none of {', '.join(sorted(task.languages))}.",
            {"host": host.name, "languages": sorted(task.languages)},
        )
    if task.mode == Mode.ON_SITE and (not host.can_travel or host.visits_per_week == 0):
        return Reason("cannot_travel", f"{host.name} does not travel.", {"host": host.name})
    if any(ban.host == host.ref and ban.day is None for ban in task.bans):
        return Reason(
            "banned_host",
            f"The coordinator has ruled out {host.name} for this visit.",
            {"host": host.name},
        )
    if task.pin is not None and task.pin.host not in (None, host.ref):
        return Reason(
            "pinned_elsewhere",
            "The coordinator has pinned this visit to another host.",
            {"host": host.name, "pin": task.pin.host},
        )
    return None


def day_refusal(problem: Problem, task: Task, host: Host, day: date) -> Reason | None:
    """Why this date is closed for this task and host, or None; travel and visits aside."""
    if day not in window_of(problem):
        return Reason(
            "outside_window", f"{day:%-d %B} is not a working day of the window.", {"day": day}
        )
    if day in task.closed:
        why = task.closed[day]
        return Reason(
            "closed_day",
            f"{day:%-d %B} is closed in {task.place.name}: {why.rstrip('.')}.",
            {"day": day, "place": task.place.name, "why": why},
        )
    if task.only_wished and all(wish.day != day for wish in task.wishes):
        return Reason(
            "not_wished",
            f"{day:%-d %B} is none of the days that its city asks for instead.",
            {"day": day},
        )
    for ban in task.bans:
        if ban.day == day and ban.host in (None, host.ref):
            return Reason(
                "banned_day",
                f"The coordinator has ruled out {day:%-d %B} for this visit.",
                {"day": day, "host": ban.host},
            )
    pin = task.pin
    if pin is not None:
        pinned = pin.day or (pin.start and local_day(task.place.zone, minute_of(pin.start)))
        if pinned not in (None, day):
            return Reason(
                "pinned_day",
                f"The coordinator has pinned this visit to {pinned:%-d %B}.",
                {"day": day, "pin": pinned},
            )
    if problem.project_end is not None and day > problem.project_end:
        return Reason(
            "after_project_end",
            f"{day:%-d %B} lies after the project's last day.",
            {"day": day, "project_end": problem.project_end},
        )
    return None


_WINDOWS: dict[int, tuple[tuple[date, ...], frozenset[date]]] = {}


def window_of(problem: Problem) -> frozenset[date]:
    """The days of the window as a set."""
    known = _WINDOWS.get(id(problem.days))
    if known is None or known[0] is not problem.days:
        if len(_WINDOWS) > 64:
            _WINDOWS.clear()
        known = (problem.days, frozenset(problem.days))
        _WINDOWS[id(problem.days)] = known
    return known[1]


def _stays(problem: Problem, task: Task, host: Host) -> bool:
    """Whether a task is pinned to the minute its city knows already: that needs no notice."""
    start = task.pin.start if task.pin is not None else None
    return start is not None and any(
        (row.task, row.host, row.start) == (task.ref, host.ref, start) for row in problem.published
    )


def start_span(problem: Problem, task: Task, host: Host, day: date) -> Span | Reason:
    """Earliest and latest start (UTC minutes, both possible) on a date, or why there is none.

    Looks at the task, its place and the coordinator's decisions, not at the host's calendar.
    """
    refusal = (
        _too_long(problem, task)
        or host_refusal(task, host)
        or day_refusal(problem, task, host, day)
    )
    if refusal is not None:
        return refusal
    span = opening(problem, task, day)
    if isinstance(span, Reason):
        return span
    low, high = span
    pin = task.pin
    if pin is not None and pin.start is not None:
        pinned = minute_of(pin.start)
        if not low <= pinned <= high:
            return Reason(
                "pin_outside_hours",
                f"The pinned start lies outside the hours possible on {day:%-d %B}.",
                {"day": day},
            )
        low = high = pinned
    earliest = None if _stays(problem, task, host) else problem.earliest
    soonest = max((m for m in (earliest, problem.clock) if m is not None), default=None)
    if soonest is not None:
        if high < minute_of(soonest):
            if problem.clock is not None and day < local_day(
                task.place.zone, minute_of(problem.clock)
            ):
                return Reason("day_over", f"{day:%-d %B} is over.", {"day": day})
            return Reason(
                "too_soon",
                f"{day:%-d %B} is too soon: a new visit needs more notice.",
                {"day": day, "earliest": soonest, "zone": task.place.zone},
            )
        low = max(low, minute_of(soonest))
    if pin is None or pin.start is None:
        step = problem.rules.start_grid
        low, high = -(-low // step) * step, high // step * step
    if low > high:
        return _too_short(task, day)
    return low, high


def opening(problem: Problem, task: Task, day: date) -> Span | Reason:
    """Earliest and latest start by the place's hours of that date alone."""
    zone = task.place.zone
    if task.start_windows is not None:
        given = task.start_windows.get(day)
        if given is None:
            return Reason(
                "not_offered", f"{day:%-d %B} was not offered for this visit.", {"day": day}
            )
        return minute_of(given[0]), minute_of(given[1])
    opens, closes = visiting_hours(problem, task)
    closes = min(closes, task.half_days.get(day, closes))
    low = local_minute(zone, day, opens)
    high = local_minute(zone, day, closes) - task.duration
    if low > high:
        return _too_short(task, day)
    return low, high


def visiting_hours(problem: Problem, task: Task) -> tuple[int, int]:
    """When visits begin and end on a usual day, in minutes after 00:00 at the place."""
    rules, online = problem.rules, task.mode == Mode.ONLINE
    opens = clock_minutes(rules.online_from if online else rules.visit_from)
    return opens, clock_minutes(rules.online_to if online else rules.visit_to)


def _too_long(problem: Problem, task: Task) -> Reason | None:
    """That no day of the place is long enough, or None."""
    opens, closes = visiting_hours(problem, task)
    if task.start_windows is not None or task.duration <= closes - opens:
        return None
    return Reason(
        "too_long",
        f"{task.name} takes {task.duration} minutes; a visiting day has only {closes - opens}.",
        {"name": task.name, "duration": task.duration, "longest": closes - opens},
    )


def _too_short(task: Task, day: date) -> Reason:
    return Reason(
        "day_too_short",
        f"{day:%-d %B} has no {task.duration} minutes left in {task.place.name}.",
        {"day": day, "duration": task.duration, "place": task.place.name},
    )
