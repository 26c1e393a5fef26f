"""What a municipality does itself through its private link; each verb answers with a mail."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.models import ConsentRecord, DataRequest, Message
from crm.validators import address_key, clean_line, clean_text, mail_address
from visits.domain import booking, links
from visits.domain.letters import send_draft, send_letter, visit_values
from visits.domain.proposals import MUNICIPALITY, accept_slot, ask_other_dates
from visits.domain.requests import Wish, withdraw_request, write_wishes
from visits.domain.steps import set_request_state
from visits.domain.visits import confirm_if_complete, edit_visit, make_visit
from visits.models import ChecklistItem, Hold, PendingRequest, Topic, Visit, VisitRequest
from visits.models.requests import Mode
from visits.models.visits import Side
from visits.states import RequestState, VisitState

log = logging.getLogger(__name__)

UNDO_WITHIN = timedelta(hours=24)
ANSWER_WITHIN = timedelta(days=30)
OWN_FIELDS = (
    "requester_name",
    "requester_role",
    "department",
    "phone",
    "people",
    "questions",
    "interpreter",
    "step_free",
)
# What may still change while no date is agreed.
WISH_STATES = frozenset(
    {
        RequestState.RECEIVED,
        RequestState.NEEDS_INFO,
        RequestState.UNDER_REVIEW,
        RequestState.WAITLISTED,
    }
)


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
    _tell_agreed(request, visit, at=at)
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


def _tell_agreed(request: VisitRequest, visit: Visit, *, at: datetime) -> None:
    """The confirmation once the visit is confirmed; until then only that the date is agreed."""
    if visit.state == VisitState.CONFIRMED:
        _send(request, "confirmation", at=at, visit=visit, with_calendar=True)
        return
    with translation.override(_mail_language(request)):
        when = visit_values(visit)["date_line"]
        subject = _("%(ref)s: the date is agreed") % {"ref": request.ref}
        paragraphs = [
            _("Thank you. We keep this date for you: %(when)s.") % {"when": when},
            _(
                "Next step: we complete the details, such as where we meet, and send you the "
                "confirmation with the programme. On your page you can tell us the address, tick "
                "what is ready and change the number of people:"
            ),
            "{link}",
        ]
    _send_words(request, subject, paragraphs, at=at, visit=visit)


@transaction.atomic
def refuse_dates(
    request: VisitRequest, visit: Visit, *, reason: str, online_is_fine: bool, at: datetime
) -> VisitRequest:
    """None of the offered dates suits: they are free again and the request is looked at anew."""
    _is_theirs(request, visit)
    request = ask_other_dates(
        visit, reason=clean_text(reason), at=at, online_is_fine=online_is_fine
    )
    _send(request, "counter_date_received", at=at)
    return request


@transaction.atomic
def withdraw(request: VisitRequest, *, reason: str, at: datetime) -> VisitRequest:
    """The city takes its wish back; an agreed visit is cancelled with it."""
    agreed = [visit.pk for visit in request.visits.live() if _was_agreed(visit)]
    with translation.override(settings.LANGUAGE_CODE):
        words = clean_text(reason).strip() or _("Withdrawn by the municipality.")
    withdraw_request(request, reason=words, at=at, actor=MUNICIPALITY)
    for visit in Visit.objects.filter(pk__in=agreed, state=VisitState.CANCELLED):
        _send(
            request,
            "cancelled",
            at=at,
            visit=visit,
            with_calendar=True,
            extra={
                "reason": _("You withdrew your request yourself."),
                "next_step": _(
                    "if this was a mistake, you can undo it on your page within 24 hours."
                ),
            },
        )
    return request


def _was_agreed(visit: Visit) -> bool:
    return visit.state != VisitState.TENTATIVE or visit.holds.exclude(accepted_at=None).exists()


def may_undo(request: VisitRequest, *, at: datetime) -> bool:
    """Whether a withdrawal can still be taken back."""
    is_fresh = at - request.state_since <= UNDO_WITHIN
    return request.state == RequestState.WITHDRAWN and is_fresh


@transaction.atomic
def undo_withdrawal(request: VisitRequest, *, at: datetime) -> tuple[VisitRequest, bool]:
    """Take a withdrawal back within 24 hours; whether an agreed date came back with it.

    The agreed slot is booked again as a new visit under the same UID with a higher SEQUENCE. When
    somebody else has it by now, the request alone is open again.
    """
    if not may_undo(request, at=at):
        raise ValidationError(
            _("This can be undone only within 24 hours; please fill in the form again."),
            code="too_late",
        )
    lost = (
        request.visits.filter(
            state=VisitState.CANCELLED,
            cancel_side=Side.MUNICIPALITY,
            state_since=request.state_since,
            starts_at__gt=at,
        )
        .select_related("host", "campaign")
        .first()
    )
    with translation.override(settings.LANGUAGE_CODE):
        why = _("The municipality took its withdrawal back.")
    set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY, why=why)
    if lost is None or not _was_agreed(lost):
        return request, False
    try:
        visit = _book_again(request, lost, at=at)
    except booking.SlotTaken:
        return request, False
    request.refresh_from_db()
    _tell_agreed(request, visit, at=at)
    return request, True


@transaction.atomic
def _book_again(request: VisitRequest, lost: Visit, *, at: datetime) -> Visit:
    booking.lock_resources([lost.host.resource])
    for state in (RequestState.PROPOSED, RequestState.SCHEDULED):
        set_request_state(request, state, at=at, actor=MUNICIPALITY)
    visit = make_visit(
        [request],
        host=lost.host,
        mode=lost.mode,
        starts_at=lost.starts_at,
        ends_at=lost.ends_at,
        at=at,
        replaces=lost,
    )
    for name in (
        "address",
        "meeting_link",
        "agreement",
        "local_contact_name",
        "local_contact_address",
        "local_contact_phone",
        "local_contact_verified_at",
        "backup",
    ):
        setattr(visit, name, getattr(lost, name))
    visit.save()
    booking.reserve(visit, starts_at=visit.starts_at, ends_at=visit.ends_at)
    return confirm_if_complete(visit, at=at)


@transaction.atomic
def correct(
    request: VisitRequest,
    *,
    values: Mapping[str, Any],
    topics: Sequence[Topic] | None = None,
    wishes: Sequence[Wish] | None = None,
    meeting_place: str | None = None,
    at: datetime,
) -> list[str]:
    """Change the request's own copy of what the city said; the names of what changed.

    Topics and wished dates change only while no date is agreed. A request that waited for
    information is looked at again. A live visit gets the new name and phone of its contact.
    """
    changed = [name for name in OWN_FIELDS if name in values]
    changed = [name for name in changed if values[name] != getattr(request, name)]
    for name in changed:
        setattr(request, name, values[name])
    if request.state in WISH_STATES:
        changed += _correct_wishes(request, topics, wishes)
    told = _tell_visits(request, changed, meeting_place, at=at)
    if not changed:
        return told
    request.version += 1
    request.save()
    record(request, "correct_request", at=at, actor=MUNICIPALITY, fields=changed)
    if request.state == RequestState.NEEDS_INFO:
        set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY)
    return changed + told


def _correct_wishes(
    request: VisitRequest, topics: Sequence[Topic] | None, wishes: Sequence[Wish] | None
) -> list[str]:
    changed = []
    if topics is not None and set(topics) != set(request.topics.all()):
        request.topics.set(topics)
        changed.append("topics")
    before = [(wish.on, wish.part) for wish in request.preferred_dates.all()]
    if wishes is not None and [(wish.on, wish.part) for wish in wishes] != before:
        write_wishes(request, wishes)
        changed.append("preferred_dates")
    return changed


def _tell_visits(
    request: VisitRequest, changed: Sequence[str], meeting_place: str | None, *, at: datetime
) -> list[str]:
    """Pass new contact data and the place of the meeting on to the live visit."""
    twins = {"requester_name": "local_contact_name", "phone": "local_contact_phone"}
    contact = {twins[name]: getattr(request, name) for name in changed if name in twins}
    told = []
    for visit in request.visits.live():
        values = dict(contact) if visit.local_contact_address == request.address else {}
        if meeting_place is not None and visit.mode != Mode.ONLINE:
            values["address"] = meeting_place
        before = {name: getattr(visit, name) for name in values}
        state = visit.state
        visit = edit_visit(visit, values=values, at=at)
        told += [name for name in values if before[name] != getattr(visit, name)]
        if state == VisitState.TENTATIVE and visit.state == VisitState.CONFIRMED:
            _tell_agreed(request, visit, at=at)
    return told


@transaction.atomic
def tick_checklist(request: VisitRequest, *, done: Sequence[int], at: datetime) -> int:
    """Keep which of their own preparations are done; the number of ticks that changed."""
    changed = 0
    theirs = ChecklistItem.objects.filter(
        visit__in=request.visits.live(), owner=ChecklistItem.Owner.THEIRS
    )
    for item in theirs.select_related("visit"):
        if item.done != (item.pk in done):
            item.done = not item.done
            item.save(update_fields=["done"])
            record(item, "tick_checklist", at=at, actor=MUNICIPALITY, fields=["done"])
            changed += 1
    return changed


def ask_hand_over(
    request: VisitRequest, *, name: str, role: str, address: str, language: str, at: datetime
) -> PendingRequest:
    """Ask a colleague's address to take the request over; nothing changes until it answers."""
    from visits.domain.verification import submit_form

    answers = {
        "change_address_of": request.ref,
        "requester_name": clean_line(name),
        "requester_role": clean_line(role),
        "address": mail_address(address),
    }
    return submit_form(request.campaign, answers, language=language, at=at)


@transaction.atomic
def take_over(pending: PendingRequest, *, at: datetime) -> VisitRequest:
    """The colleague's address has answered: the request is theirs, older links end."""
    answers = pending.answers
    request = VisitRequest.objects.select_related("campaign").get(ref=answers["change_address_of"])
    old = request.address
    request.address = answers["address"]
    request.requester_name = answers["requester_name"]
    request.requester_role = answers["requester_role"] or request.requester_role
    request.address_bounced = False
    request.person = None
    request.version += 1
    request.save()
    for visit in request.visits.live():
        if address_key(visit.local_contact_address) != address_key(old):
            continue
        visit.local_contact_address = request.address
        visit.local_contact_name = request.requester_name
        visit.local_contact_verified_at = at
        visit.save()
    links.revoke_links(request, at=at)
    links.make_link(request)
    record(
        request,
        "hand_over_request",
        at=at,
        actor=MUNICIPALITY,
        fields=["address", "requester_name", "requester_role"],
    )
    pending.delete()
    with translation.override(_mail_language(request)):
        subject = _("%(ref)s: the request is with you now") % {"ref": request.ref}
        paragraphs = [
            _("You took this request over. The links your colleague had no longer work."),
            _("Next step: on your page you see where it stands and what is asked of you:"),
            "{link}",
        ]
    _send_words(request, subject, paragraphs, at=at)
    return request


@transaction.atomic
def take_back_consents(
    request: VisitRequest, purposes: Sequence[str], *, language: str, at: datetime
) -> None:
    """Record that the person withdraws these consents; nothing older is changed."""
    for purpose in purposes:
        ConsentRecord.objects.create(
            person=request.person,
            address=request.address,
            purpose=purpose,
            status=ConsentRecord.Status.WITHDRAWN,
            language=language,
            at=at,
            channel="private page",
            evidence=f"Taken back on the private page of {request.ref}.",
            is_sample=request.is_sample,
        )
    record(request, "take_back_consents", at=at, actor=MUNICIPALITY, fields=purposes)


@transaction.atomic
def ask_about_data(request: VisitRequest, kind: str, *, text: str, at: datetime) -> DataRequest:
    """Keep a wish about one's own data; the same open wish is kept once."""
    same = DataRequest.objects.open().filter(kind=kind, address=request.address)
    if found := same.first():
        return found
    wish = DataRequest.objects.create(
        kind=kind,
        person=request.person,
        address=request.address,
        text=clean_text(text),
        received_at=at,
        due_on=(at + ANSWER_WITHIN).date(),
        is_sample=request.is_sample,
    )
    record(wish, "ask_about_data", at=at, actor=MUNICIPALITY)
    _send(request, "data_request_ack", at=at, extra={"request_kind": wish.get_kind_display()})
    return wish


def _send(
    request: VisitRequest,
    key: str,
    *,
    at: datetime,
    visit: Visit | None = None,
    with_calendar: bool = False,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Queue a letter about what just happened; one that cannot be written never undoes it."""
    calendar, method = _calendar(visit) if visit and with_calendar else ("", "")
    try:
        with transaction.atomic():
            send_letter(
                request,
                key,
                at=at,
                visit=visit,
                extra=extra,
                calendar=calendar,
                calendar_method=method,
            )
    except ValidationError as error:
        log.warning("No %s for %s: %s", key, request.ref, "; ".join(error.messages))


def _mail_language(request: VisitRequest) -> str:
    """The language wanted, where our own words exist in it."""
    wanted = request.language
    return wanted if wanted in settings.COMPLETE_LANGUAGES else settings.LANGUAGE_CODE


def _send_words(
    request: VisitRequest,
    subject: str,
    paragraphs: Sequence[str],
    *,
    at: datetime,
    visit: Visit | None = None,
) -> None:
    """Queue a short letter in our own words, framed like the templates."""
    campaign = request.campaign
    language = _mail_language(request)
    with translation.override(language):
        hello = _("Hello %(name)s,") % {"name": request.requester_name or request.city}
        regards = _("Kind regards\n%(sender)s") % {"sender": campaign.answers_from or campaign.name}
        reference = _("Reference %(ref)s") % {"ref": request.ref}
    end = "\n".join(filter(None, [reference, campaign.funding_line]))
    message = Message.objects.create(
        direction=Message.Direction.OUT,
        status=Message.Status.DRAFT,
        language=language,
        subject=subject,
        body="\n\n".join([hello, *paragraphs, regards, end]),
        address=request.address,
        address_name=request.requester_name,
        at=at,
        is_sample=request.is_sample,
    )
    request.messages.add(message)
    calendar, method = _calendar(visit) if visit else ("", "")
    try:
        with transaction.atomic():
            send_draft(message, request, at=at, calendar=calendar, calendar_method=method)
    except ValidationError as error:
        log.warning("No mail for %s: %s", request.ref, "; ".join(error.messages))


def _calendar(visit: Visit) -> tuple[str, str]:
    from visits import ical

    return ical.invitation(visit)
