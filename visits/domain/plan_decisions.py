"""Pins, bans and locks of the coordinator: made, refused when they contradict, taken back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.models import User
from visits.domain.alternatives import leeway_of, lifted_words, would_fit
from visits.domain.booking import lock_resources
from visits.domain.plan_edits import bare_solution, fact_of
from visits.domain.plan_rules import decisions_of, local_day_of, with_decisions
from visits.domain.planning import LoadedProblem, load_problem
from visits.models import Host, Plan, PlanDecision, PlanVersion, Visit, VisitRequest
from visits.planning import problem as p
from visits.planning.changes import Change, ChangeKind, Placed, nearest_of_cells
from visits.planning.reasons import NEARNESS
from visits.planning.search import solve
from visits.planning.solution import Reason, Unplaced
from visits.planning.verdicts import Slot, reachable_slots
from visits.reason_words import fault_words, not_kept

Kind = PlanDecision.Kind
PINNED_ELSEWHERE = ("pinned_day", "pinned_elsewhere")
ENOUGH = p.Limits(seconds=5.0)
# How many starts are tried as a pin on its day, and as many on the days around it.
TRIED = 6


@dataclass(frozen=True)
class Wanted:
    """A decision as typed: a request for pins and bans, a host and a day for locks."""

    kind: str
    reason: str
    request: VisitRequest | None = None
    host: Host | None = None
    day: date | None = None
    starts_at: datetime | None = None


def decide(
    plan: Plan,
    wanted: Wanted,
    *,
    at: datetime,
    by: User | None,
    version: PlanVersion | None = None,
) -> PlanDecision:
    """Keep a decision for every later search.

    A lock keeps what `version` has on that day, or the calendar when none is given. Raises
    ValidationError with one sentence when it says too little, is there already, or contradicts the
    rules or other decisions; the sentence names the smallest set in conflict.
    """
    _refuse_incomplete(wanted)
    row = PlanDecision(
        plan=plan,
        made_at=at,
        made_by=by,
        is_sample=plan.is_sample,
        kind=wanted.kind,
        reason=wanted.reason,
        request=wanted.request,
        host=wanted.host,
        day=None if wanted.starts_at else wanted.day,
        starts_at=wanted.starts_at,
        kept=_standing(plan, wanted, version),
    )
    if sentence := contradiction(row, at=at):
        raise ValidationError(sentence, code="contradiction")
    with transaction.atomic():
        lock_resources([f"plan:{plan.pk}"])
        _refuse_twice(row)
        row.save()
        record(row, "decide", at=at, by=by, why=f"{row}: {row.reason}")
    return row


def _refuse_incomplete(wanted: Wanted) -> None:
    if wanted.kind == Kind.LOCK:
        if wanted.host is None or wanted.day is None:
            raise ValidationError(_("Name the host and the day to lock."), code="incomplete")
        return
    if wanted.request is None:
        raise ValidationError(_("Name the request."), code="incomplete")
    if wanted.host is None and wanted.day is None and wanted.starts_at is None:
        raise ValidationError(_("Name a host, a day, or both."), code="incomplete")


def _standing(plan: Plan, wanted: Wanted, version: PlanVersion | None) -> list[dict[str, object]]:
    """What stands on the day to be locked, as a lock keeps it."""
    if wanted.kind != Kind.LOCK:
        return []
    if version is not None:
        rows = version.placements.filter(host=wanted.host).prefetch_related("requests")
    else:
        rows = Visit.objects.live().filter(campaign=plan.campaign, host=wanted.host)
        rows = rows.prefetch_related("requests")
    return [
        {
            "request": request.ref,
            "starts_at": row.starts_at.isoformat(),
            "mode": str(row.mode),
            "minutes": int((row.ends_at - row.starts_at).total_seconds()) // 60,
        }
        for row in rows.order_by("starts_at")
        if local_day_of(row.starts_at, row.zone) == wanted.day
        for request in row.requests.all()
    ]


def _refuse_twice(row: PlanDecision) -> None:
    """Locked before its second look: two people deciding the same at once decide it once."""
    same = PlanDecision.objects.active().filter(
        plan=row.plan,
        kind=row.kind,
        request=row.request,
        host=row.host,
        day=row.day,
        starts_at=row.starts_at,
    )
    if same.exists():
        raise ValidationError(
            _("This is decided already: %(decision)s."), code="twice", params={"decision": row}
        )


def contradiction(row: PlanDecision, *, at: datetime) -> str:
    """One sentence naming what the decision contradicts, or "" when it can be kept.

    The rules and facts alone are tried first, then all other decisions with it. When those are in
    its way, one alone may do; else all that do not matter are left out again.
    """
    campaign = row.plan.campaign
    bare = load_problem(campaign, at=at, decisions=())
    if row.request and row.request in bare.without_place:
        return _("%(city)s is not in the register of places; choose the city from it first.") % {
            "city": row.request.city
        }
    if row.request and all(row.request.ref not in task.requests for task in bare.problem.tasks):
        return _(
            "%(request)s has an agreed or offered date, or is not open; there is nothing to decide."
        ) % {"request": row.request}
    others = decisions_of(campaign)
    if why := _conflict(bare.problem, [row]):
        return f"{why} {_smallest_change(bare, row, others)}".strip()
    if not _conflict(bare.problem, [*others, row]):
        return ""
    for other in others:
        if _conflict(bare.problem, [other, row]):
            return _against(row, [other])
    for other in list(others):
        rest = [each for each in others if each is not other]
        if _conflict(bare.problem, [*rest, row]):
            others = rest
    if _conflict(bare.problem, others):
        return _("%(others)s can no longer be kept; take it back first.") % {
            "others": wording.listed(str(other) for other in others)
        }
    return _against(row, others)


def _against(row: PlanDecision, others: Sequence[PlanDecision]) -> str:
    return _("%(decision)s contradicts: %(others)s.") % {
        "decision": row,
        "others": wording.listed(str(other) for other in others),
    }


def _conflict(problem: p.Problem, decisions: Sequence[PlanDecision]) -> str:
    """Why the decisions cannot all be kept, or ""; only what they pin has to find a place."""
    try:
        decided = with_decisions(problem, decisions)
        pinned = tuple(task for task in decided.tasks if task.pin is not None)
        if not pinned:
            return ""
        small = replace(decided, tasks=pinned, published=(), most_moves=None)
        answer = solve(small, ENOUGH, with_reasons=True)
    except p.ProblemError as error:
        return fault_words(error)
    except ValidationError as error:
        return error.messages[0]
    if answer.unplaced and answer.proven:
        left = answer.unplaced[0]
        label = next(task.label for task in pinned if task.ref == left.task)
        return not_kept(label, _nearest(left))
    return ""


def _nearest(left: Unplaced) -> Reason:
    """What stands against the places a pin leaves; that other places are not pinned is no news."""
    reasons = [each.reason for each in left.slots if each.reason.code not in PINNED_ELSEWHERE]
    return max(reasons, key=lambda reason: NEARNESS.index(reason.code), default=left.reason)


def _smallest_change(bare: LoadedProblem, row: PlanDecision, others: list[PlanDecision]) -> str:
    """What would let a pinned request fit beside what is agreed and decided: at another time of
    that day, by a change of its own, else on the nearest day; each is tried as a pin first."""
    if row.kind != Kind.PIN or row.request is None or row.on is None:
        return ""
    try:
        problem = with_decisions(bare.problem, others)
    except ValidationError:
        return ""
    loaded = replace(bare, problem=problem, decisions=tuple(others))
    task = next(task for task in problem.tasks if row.request.ref in task.requests)
    words = (
        _there(loaded, task, change)
        for change in _by_nearness(problem, task, row, row.on)
        if _would_hold(bare.problem, row, others, change)
    )
    return next(words, "")


def _by_nearness(
    problem: p.Problem, task: p.Task, row: PlanDecision, wished: date
) -> Iterator[Change]:
    """Ways to hold a pinned task: on its day as it is, then changed, then on the days around."""
    slots = [
        slot
        for host in problem.hosts
        for slot in reachable_slots(problem, problem.fixed, task, host)
    ]

    def order(slot: Slot) -> tuple:
        away = abs((local_day_of(slot.start, task.place.zone) - wished).days)
        by_another = row.host is not None and row.host.ref != slot.host
        off = abs(slot.start - row.starts_at) if row.starts_at else timedelta()
        return away, by_another, off if not away else timedelta(), -slot.points, slot.start

    as_it_is = [
        Change(ChangeKind.DAY, Placed(task.ref, slot.host, slot.start), task.duration, task.mode)
        for slot in sorted(slots, key=order)
    ]

    def is_there(change: Change) -> bool:
        return local_day_of(change.placed.start, task.place.zone) == wished

    yield from [change for change in as_it_is if is_there(change)][:TRIED]
    facts = bare_solution(tuple(fact_of(visit) for visit in problem.fixed))
    hosts = [host for host in problem.hosts if row.host is None or row.host.ref == host.ref]
    cells = [(host.ref, wished) for host in hosts]
    found = nearest_of_cells(problem, facts, task.ref, leeway_of(task), cells)
    yield from sorted(found.values(), key=Change.rank)
    yield from [change for change in as_it_is if not is_there(change)][:TRIED]


def _would_hold(
    bare: p.Problem, row: PlanDecision, others: Sequence[PlanDecision], change: Change
) -> bool:
    """Whether the pin could be made as the change has it, beside all other decisions."""
    placed = change.placed
    tasks = tuple(
        replace(task, duration=change.duration, mode=change.mode)
        if task.ref == placed.task
        else task
        for task in bare.tasks
    )
    pin = PlanDecision(
        kind=Kind.PIN,
        request=row.request,
        host=Host.objects.get(ref=placed.host),
        starts_at=placed.start,
    )
    kept = [each for each in others if str(each.pk) not in change.lifted]
    return not _conflict(replace(bare, tasks=tasks), [*kept, pin])


def _there(loaded: LoadedProblem, task: p.Task, change: Change) -> str:
    """A way to hold a pinned task in one sentence."""
    if change.kind == ChangeKind.LIFT:
        return lifted_words(loaded, loaded.problem, change)
    if change.kind != ChangeKind.DAY:
        return would_fit(loaded, change)
    return _("It would fit %(when)s with %(host)s.") % {
        "when": wording.local_time(change.placed.start, task.place.zone),
        "host": loaded.hosts[change.placed.host].name,
    }


@transaction.atomic
def take_back_decision(row: PlanDecision, *, at: datetime, by: User | None) -> None:
    """Let a decision hold no longer; it stays on record."""
    lock_resources([f"plan:{row.plan_id}"])
    row.refresh_from_db()
    if row.taken_back_at is not None:
        raise ValidationError(_("This was taken back already."), code="taken_back")
    row.taken_back_at, row.taken_back_by = at, by
    row.save(update_fields=["taken_back_at", "taken_back_by"])
    record(row, "take_back_decision", at=at, by=by, why=str(row))


@transaction.atomic
def renew_decision(row: PlanDecision, *, at: datetime, by: User | None) -> None:
    """Let a decision that was taken back hold again, unless something contradicts it by now."""
    lock_resources([f"plan:{row.plan_id}"])
    row.refresh_from_db()
    if row.taken_back_at is None:
        raise ValidationError(_("This holds already."), code="holds")
    if sentence := contradiction(row, at=at):
        raise ValidationError(sentence, code="contradiction")
    row.taken_back_at = row.taken_back_by = None
    row.save(update_fields=["taken_back_at", "taken_back_by"])
    record(row, "renew_decision", at=at, by=by, why=str(row))
