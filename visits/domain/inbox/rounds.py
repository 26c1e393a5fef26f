"""The worker's part: fetch, read, weigh and file; one mail after another, each in its own hold."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from crm.domain.inbox import fetching
from crm.domain.inbox.bounds import Bounds
from crm.domain.inbox.reading import Unreadable, read_facts
from crm.models import IncomingMail, Person
from crm.validators import address_key
from visits.domain.inbox.filing import (
    note_bounce,
    note_on_requests,
    stop_sender,
    write_message,
)
from visits.domain.inbox.knowledge import Findings, look_into, thread_of
from visits.domain.inbox.weighing import Kind, State, Verdict, weigh

log = logging.getLogger(__name__)


def work_off(*, at: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Fetch what is new, read and file what is here, empty what is old; the number of mails read.

    `at` is the domain's moment. A server that is away hinders none of the rest.
    """
    fetching.fetch_new(stop=stop)
    fetching.forget_raw(days=settings.IMAP_RAW_DAYS)
    done = 0
    due = (
        IncomingMail.objects.to_read(at=timezone.now()).order_by("pk").values_list("pk", flat=True)
    )
    for pk in list(due):
        if stop():
            break
        done += settle(pk, at=at)
    return done


def settle(pk: int, *, at: datetime, bounds: Bounds | None = None) -> bool:
    """Understand one mail; whether it is settled. One that fails is tried again later, and parked
    for a person after the fifth time; the others go on."""
    mail = IncomingMail.objects.get(pk=pk)
    tries = mail.tries + 1
    claimed = IncomingMail.objects.filter(pk=pk, state=State.NEW, tries=mail.tries).update(
        tries=tries, next_try_at=timezone.now() + fetching.try_later(tries)
    )
    if not claimed:
        return False
    try:
        _settle(pk, at=at, bounds=bounds or Bounds())
    except Exception as error:
        if not isinstance(error, Unreadable):
            log.exception("Incoming mail %s could not be understood.", pk)
        if tries >= fetching.MOST_TRIES:
            IncomingMail.objects.filter(pk=pk, state=State.NEW).update(
                state=State.REVIEW, why="parked", next_try_at=None
            )
        return False
    return True


def _settle(pk: int, *, at: datetime, bounds: Bounds) -> None:
    raw = bytes(IncomingMail.objects.values_list("raw", flat=True).get(pk=pk) or b"")
    facts = read_facts(raw, bounds=bounds)
    with transaction.atomic():
        mail = IncomingMail.objects.select_for_update().get(pk=pk)
        if mail.state != State.NEW:
            return
        take_facts(mail, facts)
        found = look_into(mail, facts)
        verdict = weigh(found.known)
        mail.state, mail.kind = verdict.state, verdict.kind
        mail.why, mail.about = verdict.why, verdict.about[:300]
        mail.tries, mail.next_try_at = 0, None
        _act_on(mail, found, verdict, at=at)
        mail.save()


def take_facts(mail: IncomingMail, facts: dict) -> None:
    """Put what was read into the row's own fields."""
    for name in ("message_id", "references", "digest", "sender", "sender_name", "recipients"):
        setattr(mail, name, facts[name])
    for name in ("subject", "text", "attachments", "attachment_count", "faults"):
        setattr(mail, name, facts[name])
    mail.sender_key = address_key(mail.sender)[:320]
    mail.sent_at = parse_datetime(facts["sent_at"]) if facts["sent_at"] else None
    mail.thread = thread_of(mail)


def _act_on(mail: IncomingMail, found: Findings, verdict: Verdict, *, at: datetime) -> None:
    if verdict.kind == Kind.REPORT:
        if found.outgoing is not None and found.report is not None and verdict.bounce:
            answer = found.report.answer
            note_bounce(mail, found.outgoing, answer=answer, bounce=verdict.bounce)
        return
    if verdict.state != State.FILED:
        return
    if verdict.why == "stop":
        stop_sender(mail, at=at)
        return
    if verdict.kind == Kind.COPY:
        for each in found.concerned:
            people: list[Person | None] = [*each.people]
            for person in people or [each.requests[0].person if each.requests else None]:
                write_message(
                    mail,
                    person=person,
                    requests=each.requests,
                    name=each.name,
                    address=each.address,
                    user=found.user,
                )
            note_on_requests(mail, each.requests, at=at)
        return
    # A reply: it belongs where the letter belongs that it answers.
    assert found.outgoing is not None, "only an answer to a mail of ours is filed unseen"
    letter = found.outgoing.message
    requests = list(letter.visit_requests.all())
    writer = letter.person or next((row.person for row in requests if row.person), None)
    if writer is None and len(found.concerned) == 1 and len(found.concerned[0].people) == 1:
        writer = found.concerned[0].people[0]
    write_message(
        mail,
        person=writer,
        requests=requests,
        name=mail.sender_name,
        address=mail.sender,
        user=None,
    )
    note_on_requests(mail, requests, at=at)
