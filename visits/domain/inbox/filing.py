"""Writing down where a mail belongs, and taking that back."""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.domain.audit import MUNICIPALITY, record
from crm.domain.outbox import mark_bounced, mark_given_up
from crm.domain.stop_links import stop_address, stop_by_mail
from crm.models import IncomingMail, Message, Organisation, OutgoingMail, Person, User
from crm.validators import clean_line, clean_text
from visits.domain.inbox.knowledge import people_at
from visits.domain.inbox.weighing import Bounce
from visits.domain.requests import forget_reply, note_reply
from visits.domain.steps import set_request_state
from visits.models import VisitRequest
from visits.states import RequestState

State, Kind = IncomingMail.State, IncomingMail.Kind


def write_message(
    mail: IncomingMail,
    *,
    person: Person | None,
    requests: Sequence[VisitRequest],
    name: str,
    address: str,
    user: User | None,
) -> Message:
    """One entry of the timeline: what came from, or went to, this address."""
    is_copy = mail.kind == Kind.COPY
    message = Message.objects.create(
        direction=Message.Direction.OUT if is_copy else Message.Direction.IN,
        channel=Message.AUTOMATIC if mail.kind == Kind.AUTOMATIC else "mail",
        status=Message.Status.LOGGED if is_copy else Message.Status.RECEIVED,
        language=requests[0].language if requests else "en",
        subject=clean_line(mail.subject)[:300],
        body=clean_text(mail.text)[:20_000],
        person=person,
        address=address[:320],
        address_name=clean_line(name)[:240],
        written_by=user if is_copy else None,
        is_personal=mail.kind in (Kind.COPY, Kind.LETTER),
        at=mail.received_at,
        is_sample=bool(person and person.is_sample) or any(row.is_sample for row in requests),
    )
    mail.messages.add(message)
    for request in requests:
        request.messages.add(message)
    return message


def note_on_requests(mail: IncomingMail, requests: Iterable[VisitRequest], *, at: datetime) -> None:
    """A copy of ours counts as the first reply; the city's letter ends our waiting for words."""
    journal: dict[str, Any] = mail.journal
    for request in requests:
        if mail.kind == Kind.COPY and mail.received_at >= request.received_at:
            if request.first_reply_at is None:
                note_reply(request, at=mail.received_at)
                journal.setdefault("first_reply", []).append(request.pk)
        elif mail.kind == Kind.LETTER and request.state == RequestState.NEEDS_INFO:
            asked = request.reason
            set_request_state(request, RequestState.UNDER_REVIEW, at=at, actor=MUNICIPALITY)
            journal.setdefault("needs_info", []).append([request.pk, asked])


@transaction.atomic
def file_mail(
    mail: IncomingMail,
    *,
    people: Sequence[Person] = (),
    requests: Sequence[VisitRequest] = (),
    organisation: Organisation | None = None,
    at: datetime,
    by: User,
) -> IncomingMail:
    """File a mail by hand. Raises ValidationError when nothing is chosen or it is filed already."""
    if not people and not requests and organisation is None:
        raise ValidationError(
            _("Choose a person, an organisation or a request to file it to."), code="nowhere"
        )
    locked = lock(mail, State.REVIEW, State.IGNORED)
    locked.journal = {"before": [locked.state, locked.why]}
    name, address = _other_side(locked)
    # A request brings its person along, and people of one request share no second entry.
    chosen: list[Person | None] = list(people)
    own = [row.person for row in requests if row.person is not None]
    chosen += [person for person in own if person not in chosen]
    user = by if locked.kind == Kind.COPY else None
    for person in dict.fromkeys(chosen or [None]):
        write_message(
            locked, person=person, requests=requests, name=name, address=address, user=user
        )
    locked.organisation = organisation
    note_on_requests(locked, requests, at=at)
    return _decide(locked, State.FILED, "by_hand", at=at, by=by)


def _other_side(mail: IncomingMail) -> tuple[str, str]:
    if mail.kind == Kind.COPY and mail.recipients:
        return mail.recipients[0][0], mail.recipients[0][1]
    return mail.sender_name, mail.sender


@transaction.atomic
def link_request(
    mail: IncomingMail, request: VisitRequest, *, at: datetime, by: User
) -> IncomingMail:
    """The mail was the wish that `request` was just made of; its words are its first message."""
    locked = lock(mail, State.REVIEW, State.IGNORED)
    locked.journal = {"before": [locked.state, locked.why], "made": request.ref}
    name, address = _other_side(locked)
    write_message(
        locked, person=request.person, requests=[request], name=name, address=address, user=None
    )
    return _decide(locked, State.FILED, "made_request", at=at, by=by, about=request.ref)


def stop_sender(mail: IncomingMail, *, at: datetime) -> bool:
    """Everybody with the sender's address gets no more mailings, and their timeline shows the mail
    that says so; False when we know nobody with it."""
    people = people_at(mail.sender)
    stop_by_mail(people, message_id=mail.message_id, at=at)
    for person in people:
        write_message(
            mail, person=person, requests=[], name=mail.sender_name, address=mail.sender, user=None
        )
    return bool(people)


@transaction.atomic
def unsubscribe_sender(mail: IncomingMail, *, at: datetime, by: User) -> IncomingMail:
    """A person has read the wish: no more mailings to the sender's address, known to us or not.

    Raises ValidationError for a mail without a sender, or one that is dealt with already.
    """
    if "@" not in mail.sender:
        raise ValidationError(_("This mail names no sender to unsubscribe."), code="no_sender")
    locked = lock(mail, State.REVIEW)
    locked.journal = {"before": [locked.state, locked.why]}
    if not stop_sender(locked, at=at):
        stop_address(locked.sender, message_id=locked.message_id, at=at, by=by)
    return _decide(locked, State.FILED, "stop", at=at, by=by)


@transaction.atomic
def ignore_mail(mail: IncomingMail, *, at: datetime, by: User) -> IncomingMail:
    """Put a mail aside; nobody is told. Raises ValidationError when it is not to be looked at."""
    locked = lock(mail, State.REVIEW)
    locked.journal = {"before": [locked.state, locked.why]}
    return _decide(locked, State.IGNORED, "by_hand", at=at, by=by)


@transaction.atomic
def take_back(mail: IncomingMail, *, at: datetime, by: User) -> IncomingMail:
    """Undo where a mail went, by whomever: its entries go, what they changed is as before.

    A request made of it is rejected, not deleted. Raises ValidationError when the mail is neither
    filed nor ignored.
    """
    locked = lock(mail, State.FILED, State.IGNORED)
    journal = locked.journal
    Message.objects.filter(pk__in=locked.messages.values("pk")).delete()
    for pk in journal.get("first_reply", []):
        if (request := VisitRequest.objects.filter(pk=pk).first()) is not None:
            forget_reply(request, at=locked.received_at)
    for pk, asked in journal.get("needs_info", []):
        request = VisitRequest.objects.filter(pk=pk, state=RequestState.UNDER_REVIEW).first()
        if request is not None and asked:
            set_request_state(request, RequestState.NEEDS_INFO, at=at, by=by, why=asked)
    if made := VisitRequest.objects.filter(ref=journal.get("made", "")).first():
        # One that somebody has worked on since stays as it is.
        with contextlib.suppress(ValidationError), transaction.atomic():
            why = _("Made of a mail by mistake.")
            set_request_state(made, RequestState.REJECTED, at=at, by=by, why=why)
    _state, why = journal.get("before", [State.REVIEW, "taken_back"])
    locked.organisation, locked.journal = None, {}
    return _decide(locked, State.REVIEW, why, at=at, by=by)


def lock(mail: IncomingMail, *states: str) -> IncomingMail:
    """The row, held for this transaction; raises ValidationError when it moved on meanwhile."""
    rows = IncomingMail.objects.select_for_update().filter(pk=mail.pk, state__in=states)
    locked = rows.first()
    if locked is None:
        raise ValidationError(
            _("Somebody has dealt with this mail meanwhile; look at it again."), code="moved_on"
        )
    return locked


def _decide(
    mail: IncomingMail, state: str, why: str, *, at: datetime, by: User, about: str = ""
) -> IncomingMail:
    before = mail.state
    mail.state, mail.why, mail.about = state, why, about[:300]
    mail.decided_by, mail.decided_at = by, at
    mail.save()
    record(mail, f"inbox_{state}", at=at, by=by, from_state=before, to_state=state)
    return mail


def note_bounce(mail: IncomingMail, outgoing: OutgoingMail, *, answer: str, bounce: str) -> None:
    """Write down what a delivery report says about a mail of ours.

    Refused for good: mail and address are marked, the requests of the letter know that the address
    is dead, and the letter was no reply. Given up: this mail needs a person. Late: only noted.
    """
    mail.outgoing, mail.bounce, mail.answer = outgoing, bounce, answer[:500]
    if bounce == Bounce.GAVE_UP:
        mark_given_up(outgoing, answer)
    if bounce == Bounce.HARD:
        mark_bounced(outgoing, answer)
