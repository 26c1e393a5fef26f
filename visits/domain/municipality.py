"""What a municipality answers through its private link: a date, other dates, no more, again."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm import languages, wording
from crm.domain.audit import record
from crm.domain.messages import quoted
from crm.validators import address_key, clean_line, clean_text
from visits.domain import booking, cancellations
from visits.domain.booking import UNDO_WITHIN
from visits.domain.proposals import (
    MUNICIPALITY,
    accept_slot,
    ask_other_dates,
    may_ask_again,
)
from visits.domain.replies import send_reply, send_words, tell_agreed
from visits.domain.requests import (
    drop_visit,
    note_online_is_fine,
    promise_answer,
    withdraw_request,
)
from visits.domain.steps import set_request_state
from visits.domain.visits import confirm_if_complete
from visits.models import Hold, Visit, VisitRequest
from visits.models.requests import Mode
from visits.models.visits import Side
from visits.states import RequestState, VisitState


@transaction.atomic
def accept(request: VisitRequest, hold: Hold, *, address: str = "", at: datetime) -> Visit:
    """The city takes one offered date, and may say where to meet; an answer follows by mail.

    Raises ValidationError when the offer is not this request's, has ended or was answered.
    """
    visit = Visit.objects.select_related("host").get(pk=hold.visit_id)
    _is_theirs(request, visit)
    booking.lock_resources([visit.host.resource])
    _note_contact(request, visit, address=address, at=at)
    with translation.override(settings.LANGUAGE_CODE):
        words = _("%(name)s accepted on the private page of %(ref)s.") % {
            "name": request.requester_name or request.address,
            "ref": request.ref,
        }
    visit = accept_slot(hold, at=at, evidence=words)
    request.refresh_from_db()
    tell_agreed(request, visit, at=at)
    return visit


def _is_theirs(request: VisitRequest, visit: Visit) -> None:
    if not visit.requests.filter(pk=request.pk).exists():
        raise ValidationError(_("Choose one of the dates offered here."), code="not_offered")


def _note_contact(request: VisitRequest, visit: Visit, *, address: str, at: datetime) -> None:
    """Who answers by the mailed link can read that address: it is verified."""
    visit.refresh_from_db()
    values: dict[str, Any] = {}
    if not visit.local_contact_verified_at and (
        address_key(visit.local_contact_address) == address_key(request.address)
    ):
        values["local_contact_verified_at"] = at
    if clean_line(address) and visit.mode != Mode.ONLINE:
        values["address"] = clean_line(address)
    if values:
        Visit.objects.filter(pk=visit.pk).update(**values)
        record(visit, "edit_visit", at=at, actor=MUNICIPALITY, fields=values)


@transaction.atomic
def refuse_dates(
    request: VisitRequest, visit: Visit, *, reason: str, online_is_fine: bool, at: datetime
) -> VisitRequest:
    """None of the offered dates suits: they are free again and the request is looked at anew."""
    _is_theirs(request, visit)
    words = _reason_of(reason, online_is_fine)
    request = ask_other_dates(visit, reason=words, at=at, online_is_fine=online_is_fine)
    send_reply(request, "counter_date_received", at=at)
    return request


def _reason_of(reason: str, online_is_fine: bool) -> str:
    """What the city wrote, else for our own record what its tick says."""
    with translation.override(settings.LANGUAGE_CODE):
        said = _("An online meeting is fine too.") if online_is_fine else ""
    return clean_text(reason).strip() or said


@transaction.atomic
def ask_again(
    request: VisitRequest, *, reason: str, online_is_fine: bool, at: datetime
) -> VisitRequest:
    """The time to answer ran out, and the city still wants a visit: we look for dates anew.

    Raises ValidationError when the request has moved on or the offer is over.
    """
    request.refresh_from_db()
    if not may_ask_again(request, at=at):
        raise ValidationError(
            _("This can no longer be asked; the page shows where things stand."), code="too_late"
        )
    why = _reason_of(reason, online_is_fine)
    set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY, why=why)
    if online_is_fine:
        note_online_is_fine(request)
    promise_answer(request, at=at)
    send_reply(request, "counter_date_received", at=at)
    return request


@transaction.atomic
def agree_to_move(request: VisitRequest, visit: Visit, *, at: datetime) -> Visit:
    """The city agrees to the time we moved its visit to; an answer follows by mail.

    Raises ValidationError when that time is agreed already or no longer stands.
    """
    visit = _moved(request, visit)
    _note_contact(request, visit, address="", at=at)
    with translation.override(settings.LANGUAGE_CODE):
        visit.agreement = _("%(name)s agreed to the new date on the private page of %(ref)s.") % {
            "name": request.requester_name or request.address,
            "ref": request.ref,
        }
    visit.version += 1
    visit.save()
    record(visit, "agree_to_move", at=at, actor=MUNICIPALITY, fields=["agreement"])
    visit = confirm_if_complete(visit, at=at)
    tell_agreed(request, visit, at=at)
    return visit


@transaction.atomic
def refuse_move(
    request: VisitRequest, visit: Visit, *, reason: str, online_is_fine: bool, at: datetime
) -> VisitRequest:
    """The time we moved the visit to does not suit: it is free again and we look for others."""
    visit = _moved(request, visit)
    words = _reason_of(reason, online_is_fine)
    drop_visit(visit, side=Side.MUNICIPALITY, reason=words, at=at, actor=MUNICIPALITY)
    for row in visit.requests.filter(state=RequestState.SCHEDULED):
        set_request_state(row, RequestState.PROPOSED, at=at, actor=MUNICIPALITY, why=words)
    request.refresh_from_db()
    if online_is_fine:
        note_online_is_fine(request)
    promise_answer(request, at=at)
    send_reply(request, "counter_date_received", at=at)
    return request


def _moved(request: VisitRequest, visit: Visit) -> Visit:
    """The visit under its lock, as long as it waits for this city's word."""
    booking.lock_resources([visit.host.resource])
    visit = Visit.objects.select_related("host", "campaign").get(pk=visit.pk)
    request.refresh_from_db()
    _is_theirs(request, visit)
    if request.state != RequestState.SCHEDULED or not visit.awaits_city:
        raise ValidationError(
            _("This date is no longer open; the page shows where things stand."), code="not_open"
        )
    return visit


@transaction.atomic
def withdraw(request: VisitRequest, *, reason: str, at: datetime) -> VisitRequest:
    """The city takes its wish back; an agreed visit is cancelled, its time kept for an undo."""
    agreed = [visit.pk for visit in request.visits.live() if _was_agreed(visit)]
    with translation.override(settings.LANGUAGE_CODE):
        words = clean_text(reason).strip() or _("Withdrawn by the municipality.")
    withdraw_request(request, reason=words, at=at, actor=MUNICIPALITY)
    cancelled = Visit.objects.filter(pk__in=agreed, state=VisitState.CANCELLED)
    if not cancelled:
        _tell_withdrawn(request, at=at)
    for visit in cancelled:
        send_reply(
            request,
            "cancelled",
            at=at,
            visit=visit,
            extra={
                "reason": _("You withdrew your request yourself."),
                "next_step": _(
                    "if this was a mistake, you can undo it on your page within 24 hours."
                ),
            },
        )
    return request


def _tell_withdrawn(request: VisitRequest, *, at: datetime) -> None:
    """The letter about a withdrawal that takes no visit of its own out of a calendar."""
    with translation.override(languages.spoken(request.language)):
        values = {
            "ref": request.ref,
            "city": quoted(request.city),
            "until": wording.local_time(at + UNDO_WITHIN, request.zone),
        }
        subject = _("%(ref)s: your request is withdrawn") % values
        paragraphs = [
            _(
                "You withdrew your request for a visit to %(city)s. We no longer look for a date, "
                "and you need not do anything."
            )
            % values,
            _("If this was a mistake, you can undo it on your page until %(until)s:") % values,
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at)


def _was_agreed(visit: Visit) -> bool:
    return visit.state != VisitState.TENTATIVE or visit.holds.exclude(accepted_at=None).exists()


def may_undo(request: VisitRequest, *, at: datetime) -> bool:
    """Whether a withdrawal can still be taken back."""
    is_fresh = at - request.state_since <= UNDO_WITHIN
    return request.state == RequestState.WITHDRAWN and is_fresh


def kept_for_undo(request: VisitRequest, *, at: datetime) -> Hold | None:
    """The agreed date that comes back when the city undoes its withdrawal now."""
    lost = _lost_visit(request)
    return cancellations.kept_slot(lost, at=at) if lost and may_undo(request, at=at) else None


def _lost_visit(request: VisitRequest) -> Visit | None:
    """The visit that was cancelled by withdrawing this request."""
    lost = request.visits.filter(
        state=VisitState.CANCELLED,
        cancel_side=Side.MUNICIPALITY,
        state_since=request.state_since,
    )
    return lost.select_related("host", "campaign").first()


@transaction.atomic
def undo_withdrawal(request: VisitRequest, *, at: datetime) -> tuple[VisitRequest, bool]:
    """Take a withdrawal back within 24 hours; whether an agreed date came back with it.

    The time kept since then is booked again as a new visit under the same UID with a higher
    SEQUENCE. When it was freed meanwhile, the request alone is open again.
    """
    lost = _lost_visit(request)
    shared = request.visits.live().select_related("host").first()
    booking.lock_resources([visit.host.resource for visit in (lost, shared) if visit])
    request.refresh_from_db()
    if request.state != RequestState.WITHDRAWN:
        raise ValidationError(
            _("This is undone already; the page shows where things stand."), code="undone"
        )
    if not may_undo(request, at=at):
        raise ValidationError(
            _("This can be undone only within 24 hours; please fill in the form again."),
            code="too_late",
        )
    with translation.override(settings.LANGUAGE_CODE):
        why = _("The municipality took its withdrawal back.")
    if lost is not None and cancellations.kept_slot(lost, at=at):
        cancellations.undo_cancellation(
            lost, requests=[request], at=at, why=why, actor=MUNICIPALITY
        )
        return request, True
    set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY, why=why)
    if shared is None or not request.visits.live().filter(pk=shared.pk).exists():
        return request, False
    # Another department kept the visit alive: this one is part of it again.
    set_request_state(request, RequestState.PROPOSED, at=at, actor=MUNICIPALITY)
    if is_agreed := _was_agreed(shared):
        set_request_state(request, RequestState.SCHEDULED, at=at, actor=MUNICIPALITY)
    return request, is_agreed
