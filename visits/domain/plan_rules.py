"""The coordinator's decisions as the planner reads them: pins and bans of its tasks."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm import wording
from visits.models import Campaign, Host, PlanDecision, PlanVersion, VisitRequest
from visits.models.requests import Mode
from visits.planning import problem as p

Kind = PlanDecision.Kind


def decisions_of(campaign: Campaign) -> list[PlanDecision]:
    """What was decided for the campaign's plan and not taken back, oldest first."""
    rows = PlanDecision.objects.active().with_names().filter(plan__campaign=campaign)
    return list(rows.order_by("made_at", "pk"))


def with_decisions(problem: p.Problem, decisions: Iterable[PlanDecision]) -> p.Problem:
    """The problem with every decision in its tasks.

    Decisions about requests that are no task any more say nothing. Raises ValidationError when two
    pins of one visit name different places.
    """
    decisions = list(decisions)
    if not decisions:
        return problem
    return replace(problem, tasks=tuple(_decided(task, decisions) for task in problem.tasks))


def _decided(task: p.Task, decisions: Sequence[PlanDecision]) -> p.Task:
    for row in decisions:
        if row.kind == Kind.LOCK:
            task = _beside_lock(task, row)
        elif row.request is not None and row.request.ref in task.requests:
            if row.kind == Kind.PIN:
                task = _pinned(task, _pin_of(row), row)
            else:
                ban = p.Ban(row.host.ref if row.host else None, row.day, _name(row))
                task = replace(task, bans=(*task.bans, ban))
    return task


def _beside_lock(task: p.Task, lock: PlanDecision) -> p.Task:
    host, day = locked_day(lock)
    start = kept_start(lock, task.requests)
    if start is not None:
        pin = p.Pin(host.ref, None, start, (_name(lock),))
        return _pinned(_as_kept(task, lock), pin, lock)
    return replace(task, bans=(*task.bans, p.Ban(host.ref, day, _name(lock))))


def _name(row: PlanDecision) -> str:
    """What the planner calls a decision; one not saved yet has no name."""
    return str(row.pk or "")


def _as_kept(task: p.Task, lock: PlanDecision) -> p.Task:
    """The task online or on site and as long as the locked day keeps it."""
    row = next(each for each in lock.kept if each["request"] in task.requests)
    if "mode" not in row:
        return task
    mode = p.Mode.ONLINE if row["mode"] == Mode.ONLINE else p.Mode.ON_SITE
    return replace(task, mode=mode, duration=row["minutes"])


def locked_day(lock: PlanDecision) -> tuple[Host, date]:
    """Whose day a lock keeps."""
    if lock.host is None or lock.day is None:
        raise ValueError("a lock names a host and a day")
    return lock.host, lock.day


def kept_start(lock: PlanDecision, refs: Iterable[str]) -> datetime | None:
    """When a locked day keeps one of these requests; None when it does not."""
    wanted = set(refs)
    for row in lock.kept:
        if row["request"] in wanted:
            return datetime.fromisoformat(row["starts_at"])
    return None


def _pin_of(row: PlanDecision) -> p.Pin:
    return p.Pin(row.host.ref if row.host else None, row.day, row.starts_at, (_name(row),))


def _pinned(task: p.Task, pin: p.Pin, row: PlanDecision) -> p.Task:
    """The task with both its pins in one."""
    old = task.pin or p.Pin()
    for name in ("host", "day", "start"):
        one, other = getattr(old, name), getattr(pin, name)
        if one is not None and other is not None and one != other:
            raise ValidationError(
                _("%(decision)s, but another decision wants it elsewhere; take one of them back.")
                % {"decision": row},
                code="two_pins",
            )
    both = p.Pin(
        old.host or pin.host,
        old.day or pin.day,
        old.start or pin.start,
        (*old.decisions, *pin.decisions),
    )
    return replace(task, pin=both)


def decided_against(
    decisions: Iterable[PlanDecision],
    requests: Sequence[VisitRequest],
    host: Host,
    day: date,
    *,
    starts_at: datetime | None = None,
) -> str:
    """Why a decision about any of the requests of one visit forbids to hold it with this host on
    this day, or to start it then; "" when none does."""
    refs = [request.ref for request in requests]
    for row in decisions:
        if row.kind == Kind.LOCK:
            kept = kept_start(row, refs)
            is_kept = kept is not None and starts_at in (None, kept)
            if is_kept != (locked_day(row) == (host, day)) or (kept and not is_kept):
                return _locked_words(row)
        elif row.request in requests:
            is_here = row.host in (None, host) and row.on in (None, day)
            is_here = is_here and (starts_at is None or row.starts_at in (None, starts_at))
            if is_here != (row.kind == Kind.PIN):
                return _("%(decision)s (%(reason)s).") % {"decision": row, "reason": row.reason}
    return ""


def refuse_against_decisions(version: PlanVersion) -> None:
    """Raise ValidationError where a draft places anything as it was decided against since."""
    decisions = decisions_of(version.plan.campaign)
    rows = version.placements.filter(visit=None).select_related("host")
    for row in rows.prefetch_related("requests"):
        requests = list(row.requests.all())
        why = decided_against(decisions, requests, row.host, row.on, starts_at=row.starts_at)
        if why:
            raise ValidationError(
                _(
                    "This draft does not keep to what was decided for %(visit)s: %(why)s Move it, "
                    "or take that back."
                ),
                code="decided",
                params={"visit": wording.listed(str(each) for each in requests), "why": why},
            )


def _locked_words(lock: PlanDecision) -> str:
    host, day = locked_day(lock)
    return _("%(day)s of %(host)s is locked: what is there stays, nothing is added.") % {
        "day": wording.short_day(day),
        "host": host,
    }


def marks_of(
    decisions: Iterable[PlanDecision], requests: Sequence[VisitRequest]
) -> list[PlanDecision]:
    """The decisions that speak of one visit: of any of its requests."""
    keys = {request.pk for request in requests}
    refs = [request.ref for request in requests]
    return [row for row in decisions if row.request_id in keys or kept_start(row, refs) is not None]


def local_day_of(moment: datetime, zone: str) -> date:
    """The date at a place."""
    return moment.astimezone(ZoneInfo(zone)).date()
