"""What a requester changes about the own request: data, colleague, preparations, consents."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm import languages, wording
from crm.domain import limits
from crm.domain.audit import MUNICIPALITY, record
from crm.domain.follow_ups import open_follow_up
from crm.domain.messages import quoted
from crm.domain.notice_clock import a_month_after
from crm.models import ConsentRecord, ContactPoint, DataRequest
from crm.models.consent import Purpose
from crm.search import search_key
from crm.validators import address_key, clean_line, clean_text, mail_address
from visits.domain import links
from visits.domain.checklists import tick_item
from visits.domain.replies import send_reply, send_words, tell_agreed
from visits.domain.requests import Wish, reply_due, write_wishes
from visits.domain.steps import set_request_state
from visits.domain.visits import edit_visit
from visits.models import ChecklistItem, PendingRequest, Topic, VisitRequest
from visits.models.requests import Mode
from visits.states import RequestState, VisitState

# So many colleagues may be asked in 24 hours: for one request, and from one network.
HAND_OVERS_A_DAY, HAND_OVERS_PER_NETWORK = 3, 12
# Letters, digits and the marks of a title; nothing a mail program would turn into a link.
PLAIN_WORDS = re.compile(r"(?:[\w ,&/()'’–-]|\.(?= |$)){1,80}")
OWN_FIELDS = (
    "requester_name",
    "requester_role",
    "department",
    "phone",
    "people",
    "questions",
    "interpreter",
    "step_free",
    "language",
    "secrecy",
)
# Wishes about the meeting, which the city changes itself only while no date is offered or agreed.
MEETING_FIELDS = ("mode", "online_is_fine")
# What "stop" ends: leave to write about anything else, to pass the address on, to show or name.
BEYOND_THIS_VISIT = [purpose for purpose in Purpose if purpose != Purpose.VISIT_CONTACT]
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
def correct(
    request: VisitRequest,
    *,
    values: Mapping[str, Any],
    topics: Sequence[Topic] | None = None,
    wishes: Sequence[Wish] | None = None,
    meeting_place: str | None = None,
    mode_wish: str = "",
    at: datetime,
) -> list[str]:
    """Change the request's own copy of what the city said; the names of what changed.

    Topics, wished dates and the mode change only while no date is offered or agreed; after that
    `mode_wish` asks us to meet another way, and a promise reminds us to answer. A request that
    waited for information is looked at again. A live visit gets the new name and phone of its
    contact.
    """
    may_wish = request.state in WISH_STATES
    changed = [
        name for name in (*OWN_FIELDS, *(MEETING_FIELDS if may_wish else ())) if name in values
    ]
    changed = [name for name in changed if values[name] != getattr(request, name)]
    for name in changed:
        setattr(request, name, values[name])
    if may_wish:
        changed += _correct_wishes(request, topics, wishes)
    told = _tell_visits(request, changed, meeting_place, at=at)
    if mode_wish and not may_wish and _ask_for_mode(request, mode_wish, at=at):
        told.append("mode")
    if not changed:
        return told
    request.version += 1
    request.save()
    record(request, "correct_request", at=at, actor=MUNICIPALITY, fields=changed)
    if request.state == RequestState.NEEDS_INFO:
        set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY)
    return changed + told


def _ask_for_mode(request: VisitRequest, mode: str, *, at: datetime) -> bool:
    """Keep the wish to meet another way for a person to answer; False when it is kept already."""
    with translation.override(settings.LANGUAGE_CODE):
        words = _("%(ref)s would rather meet like this: %(mode)s. Answer the city.") % {
            "ref": request.ref,
            "mode": Mode(mode).label,
        }
    if request.follow_ups.open().filter(text=words).exists():
        return False
    due = reply_due(request.campaign, at).astimezone(ZoneInfo(request.campaign.zone)).date()
    promise = open_follow_up(
        words,
        due_on=due,
        at=at,
        by=None,
        person=request.person,
        assigned_to=request.assigned_to,
    )
    if request.is_sample:
        promise.is_sample = True
        promise.save(update_fields=["is_sample"])
    request.follow_ups.add(promise)
    record(request, "correct_request", at=at, actor=MUNICIPALITY, fields=["mode"], why=words)
    return True


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
            tell_agreed(request, visit, at=at)
    return told


@transaction.atomic
def tick_checklist(request: VisitRequest, *, done: Sequence[int], at: datetime) -> int:
    """Keep which of their own preparations are done; the number of ticks that changed."""
    theirs = ChecklistItem.objects.filter(
        visit__in=request.visits.live(), owner=ChecklistItem.Owner.THEIRS
    )
    return sum(
        tick_item(item, done=item.pk in done, at=at, actor=MUNICIPALITY)
        for item in theirs.select_related("visit")
    )


@transaction.atomic
def ask_hand_over(
    request: VisitRequest,
    *,
    name: str,
    role: str,
    address: str,
    language: str,
    at: datetime,
    network: str = "",
) -> PendingRequest:
    """Ask a colleague's address to take the request over; nothing changes until it answers.

    One colleague is asked at a time: asking the next ends the link of the one before. Raises
    ValidationError when the address is the request's own, or when too many were asked in a day
    for this request or from this `network`.
    """
    from visits.domain.verification import forget_one, submit_form

    answers = {
        "change_address_of": request.ref,
        "requester_name": clean_line(name),
        "requester_role": clean_line(role),
        "address": mail_address(address),
    }
    if address_key(answers["address"]) == address_key(request.address):
        raise ValidationError(
            {"address": _("This request is with that address already; give another one.")},
            code="own_address",
        )
    earlier = PendingRequest.objects.filter(
        answers__change_address_of=request.ref, verified_at=None
    ).exclude(answers=answers)
    repeated = PendingRequest.objects.filter(
        answers=answers, verified_at=None, expires_at__gt=timezone.now()
    )
    if not repeated.exists():
        _count_hand_over(request, network)
    for pending in earlier:
        forget_one(pending)
    pending = submit_form(request.campaign, answers, language=language, at=at)
    record(request, "ask_hand_over", at=at, actor=MUNICIPALITY)
    return pending


def _count_hand_over(request: VisitRequest, network: str) -> None:
    """Count one mail to a colleague; raises ValidationError beyond the day's few."""
    for scope, key, most in (
        ("hand-over", request.ref, HAND_OVERS_A_DAY),
        ("hand-over-network", network, HAND_OVERS_PER_NETWORK),
    ):
        if key and not limits.allow(scope, key, most=most, within=timedelta(days=1)):
            raise ValidationError(
                _(
                    "Several colleagues were asked today. What you typed is still here: please "
                    "send it tomorrow, or answer our mail and name your colleague there."
                ),
                code="limit",
            )


def hand_over_words(pending: PendingRequest) -> tuple[str, list[str]]:
    """Subject and paragraphs of the mail that asks a colleague, in the active language.

    Of what the sender typed it tells only the role, and that only where it reads like one.
    """
    request = VisitRequest.objects.select_related("campaign").get(
        ref=pending.answers["change_address_of"]
    )
    values = {
        "ref": request.ref,
        "who": asked_by(request),
        "campaign": request.campaign.name,
        "until": wording.local_time(pending.expires_at, request.zone),
    }
    paragraphs = [
        _("you are asked to take over the request %(ref)s for a visit (%(campaign)s).") % values,
        _("Who asks you: %(who)s") % values,
        _(
            "If you agree, open the page below and confirm it there. From then on the request is "
            "yours: our mails go to you, and your colleague's link no longer works."
        ),
        "{link}",
        _(
            "The link works until %(until)s. If you do nothing, nothing happens: the request stays "
            "with your colleague, and we delete your address."
        )
        % values,
    ]
    return _("%(ref)s: will you take this request over?") % values, paragraphs


def asked_by(request: VisitRequest) -> str:
    """Role and city of who hands a request over; what does not read like one is left out."""
    told = (quoted(words) for words in (request.requester_role, request.city))
    return ", ".join(words for words in told if PLAIN_WORDS.fullmatch(words)) or request.ref


@transaction.atomic
def take_over(pending: PendingRequest, *, at: datetime) -> VisitRequest:
    """The colleague's address has answered: the request is theirs, older links end.

    What belonged to the predecessor alone, role and phone, does not go over to another person.
    """
    from visits.domain.verification import keep_mail_with

    answers = pending.answers
    request = VisitRequest.objects.select_related("campaign").get(ref=answers["change_address_of"])
    old = request.address
    is_same_person = search_key(request.requester_name) == search_key(answers["requester_name"])
    request.address = answers["address"]
    request.requester_name = answers["requester_name"]
    if answers["requester_role"] or not is_same_person:
        request.requester_role = answers["requester_role"]
    if not is_same_person:
        request.phone = ""
    request.address_bounced = False
    request.person = None
    request.version += 1
    request.save()
    for visit in request.visits.live():
        if address_key(visit.local_contact_address) != address_key(old):
            continue
        visit.local_contact_address = request.address
        visit.local_contact_name = request.requester_name
        if not is_same_person:
            visit.local_contact_phone = ""
        visit.local_contact_verified_at = at
        visit.save()
    links.revoke_links(request, at=at)
    links.make_link(request)
    record(
        request,
        "hand_over_request",
        at=at,
        actor=MUNICIPALITY,
        fields=["address", "requester_name", "requester_role", "phone"],
    )
    keep_mail_with(pending, request)
    pending.delete()
    with translation.override(languages.spoken(request.language)):
        subject = _("%(ref)s: the request is with you now") % {"ref": request.ref}
        paragraphs = [
            _("You took this request over. The links your colleague had no longer work."),
            _("Next step: on your page you see where it stands and what is asked of you:"),
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at)
    return request


@transaction.atomic
def take_back_consents(
    request: VisitRequest, purposes: Sequence[str], *, language: str, at: datetime
) -> None:
    """Record that the person withdraws these consents; nothing older is changed.

    Consents given elsewhere under the same address end too, for instance those of the event.
    """
    limits.one_at_a_time(f"data:{address_key(request.address)}")
    held = _holders(request, purposes)
    if not held:
        return
    for purpose, holder in held:
        ConsentRecord.objects.create(
            person_id=holder,
            address=request.address,
            purpose=purpose,
            status=ConsentRecord.Status.WITHDRAWN,
            language=language,
            at=at,
            channel="private page",
            evidence=f"Taken back on the private page of {request.ref}.",
            is_sample=request.is_sample,
        )
    taken = {purpose for purpose, _holder in held}
    record(request, "take_back_consents", at=at, actor=MUNICIPALITY, fields=taken)


def _holders(request: VisitRequest, purposes: Sequence[str]) -> list[tuple[str, int | None]]:
    """For which person (or None: the bare address) each purpose is granted at present."""
    points = ContactPoint.objects.matching(request.address)
    people = {request.person_id, *points.values_list("person", flat=True)} - {None}
    rows = ConsentRecord.objects.filter(purpose__in=purposes).filter(
        Q(person__in=people) | Q(address__iexact=request.address)
    )
    newest = rows.order_by("at", "pk").values_list("purpose", "person", "status")
    latest = {(purpose, person): status for purpose, person, status in newest}
    return [key for key, status in latest.items() if status == ConsentRecord.Status.GRANTED]


@transaction.atomic
def ask_about_data(request: VisitRequest, kind: str, *, text: str, at: datetime) -> DataRequest:
    """Keep a wish about one's own data; the same open wish is kept once.

    To stop needs nobody's decision: every consent to anything but this visit ends at once.
    """
    limits.one_at_a_time(f"data:{address_key(request.address)}")
    same = DataRequest.objects.open().filter(kind=kind, address=request.address)
    if found := same.first():
        return found
    wish = DataRequest.objects.create(
        kind=kind,
        person=request.person,
        address=request.address,
        text=clean_text(text),
        received_at=at,
        due_on=a_month_after(at.date()),
        is_sample=request.is_sample,
    )
    record(wish, "ask_about_data", at=at, actor=MUNICIPALITY)
    if kind == DataRequest.Kind.STOP:
        language = languages.spoken(request.language)
        take_back_consents(request, BEYOND_THIS_VISIT, language=language, at=at)
    send_reply(request, "data_request_ack", at=at, extra={"request_kind": wish.get_kind_display()})
    return wish
