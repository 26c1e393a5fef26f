"""The functions through which a request or a visit changes its state, and nothing else does."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.models import User
from visits import states
from visits.models import Visit, VisitRequest
from visits.states import RequestState, VisitState


def check_request_step(request: VisitRequest, to: str) -> None:
    """Raise ValidationError when the table has no such step; pages ask before they open a form."""
    if not states.may_step(states.REQUEST_STEPS, request.state, to):
        raise _no_such_step(request, RequestState(request.state), RequestState(to))


def check_visit_step(visit: Visit, to: str, *, at: datetime) -> None:
    """The same for a visit, which can neither take place nor fail before it has begun."""
    if not states.may_step(states.VISIT_STEPS, visit.state, to):
        raise _no_such_step(visit, VisitState(visit.state), VisitState(to))
    check_begun(visit, to, at=at)


def check_may_move(visit: Visit, *, at: datetime) -> None:
    """Raise ValidationError unless the visit can be given another date: an agreed one is postponed,
    one moved before whose city has not answered yet is cancelled for it."""
    if not visit.awaits_city:
        check_visit_step(visit, VisitState.POSTPONED, at=at)


def may_be_moved(visit: Visit) -> bool:
    """Whether the table lets the visit be given another date; `check_may_move` says why not."""
    return visit.awaits_city or states.may_step(
        states.VISIT_STEPS, visit.state, VisitState.POSTPONED
    )


def check_begun(visit: Visit, to: str, *, at: datetime) -> None:
    """Raise ValidationError when the visit would be `to` before its time has come."""
    lead = states.ONCE_BEGUN.get(to)
    if lead is not None and at < visit.starts_at - lead:
        raise ValidationError(
            _("%(ref)s has not begun: it starts on %(when)s."),
            code="not_begun",
            params={"ref": visit.ref, "when": wording.local_time(visit.starts_at, visit.zone)},
        )


def _no_such_step(
    row: Visit | VisitRequest, start: RequestState | VisitState, end: RequestState | VisitState
) -> ValidationError:
    return ValidationError(
        _("%(ref)s is “%(start)s” and cannot become “%(end)s”."),
        code="step",
        params={"ref": row.ref, "start": start.label, "end": end.label},
    )


@transaction.atomic
def set_request_state(
    request: VisitRequest,
    to: str,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    why: str = "",
) -> VisitRequest:
    """Move the request along one step of `states.REQUEST_STEPS` and write it down.

    Raises ValidationError when the table has no such step, a reason is missing, or somebody else
    moved the request meanwhile (compare and swap on the state).
    """
    start = request.state
    needs_reason = to in states.REQUEST_REASONS or start in states.REOPENED_FROM
    check_request_step(request, to)
    if needs_reason and not why.strip():
        raise ValidationError(_("Say why, in a sentence."), code="reason")
    moved = VisitRequest.objects.filter(pk=request.pk, state=start).update(
        state=to, state_since=at, reason=why[:1_000], version=request.version + 1
    )
    if not moved:
        raise _moved_on(request)
    request.state, request.state_since, request.reason = to, at, why[:1_000]
    request.version += 1
    record(
        request,
        "request_step",
        at=at,
        by=by,
        actor=actor,
        fields=["state", "reason"] if why else ["state"],
        from_state=start,
        to_state=to,
        why=why,
    )
    return request


@dataclass(frozen=True)
class Stood:
    """How a request stood before its last step, and which version that step made."""

    state: str
    state_since: datetime
    reason: str
    version: int


@transaction.atomic
def take_back_request_step(
    request: VisitRequest, stood: Stood, *, at: datetime, by: User
) -> VisitRequest:
    """Undo the last step of a request, of which nobody was told: it stands as it stood.

    Raises ValidationError when it was touched since.
    """
    ended = request.state
    same = VisitRequest.objects.filter(pk=request.pk, version=stood.version)
    values = {**asdict(stood), "version": stood.version + 1}
    if not same.update(**values):
        raise _moved_on(request)
    for name, value in values.items():
        setattr(request, name, value)
    record(
        request,
        "take_back_step",
        at=at,
        by=by,
        fields=["state", "reason"],
        from_state=ended,
        to_state=stood.state,
    )
    return request


@transaction.atomic
def set_visit_state(
    visit: Visit,
    to: str,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    side: str = "",
    why: str = "",
) -> Visit:
    """Move the visit along one step of `states.VISIT_STEPS` and write it down.

    Raises ValidationError when the table has no such step, when the visit has not begun, when side
    and reason are missing where it fails, or when somebody else moved it meanwhile.
    """
    start = visit.state
    check_visit_step(visit, to, at=at)
    if to in states.VISIT_REASONS and not (side and why.strip()):
        raise ValidationError(_("Say which side it was and why."), code="reason")
    values: dict[str, object] = {
        "state": to,
        "state_since": at,
        "version": visit.version + 1,
    }
    if to == VisitState.CONFIRMED and visit.confirmed_at is None:
        values["confirmed_at"] = at
    if to in states.VISIT_REASONS:
        values |= {"cancel_side": side, "cancel_reason": why[:500], "brief_void": True}
    if not Visit.objects.filter(pk=visit.pk, state=start).update(**values):
        raise _moved_on(visit)
    for name, value in values.items():
        setattr(visit, name, value)
    if to in states.VISIT_REASONS:
        visit.editions.filter(void=False).update(void=True)
        # A letter that still says “see you on Tuesday” is not left where somebody may send it.
        visit.reminders.of_visits().call_off()
    record(
        visit,
        "visit_step",
        at=at,
        by=by,
        actor=actor,
        fields=values.keys() - {"version"},
        from_state=start,
        to_state=to,
        why=why,
    )
    return visit


def _moved_on(row: Visit | VisitRequest) -> ValidationError:
    row.refresh_from_db()
    return ValidationError(
        _("%(ref)s was changed by somebody else meanwhile and is “%(state)s” now."),
        code="moved_on",
        params={"ref": row.ref, "state": row.get_state_display()},
    )
