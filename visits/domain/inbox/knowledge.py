"""What we know about an incoming mail: whom it answers, who wrote it, whom and what it concerns."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from crm.domain.inbox import senders
from crm.lookalikes import disguise_of
from crm.models import ContactPoint, IncomingMail, OutgoingMail, Person, User
from crm.validators import address_key
from visits.domain.inbox.weighing import Known, Report
from visits.models import VisitRequest

# What the address for that in our mailings puts into the subject.
STOP_WISH = re.compile(r"\s*unsubscribe\W*", re.I)
REFERENCE = re.compile(r"\bR\d{2,9}\b")


@dataclass
class Concerned:
    """Whom a mail concerns, by one address: known people, and the requests that are meant."""

    name: str
    address: str
    people: list[Person] = field(default_factory=list)
    requests: list[VisitRequest] = field(default_factory=list)
    is_ambiguous: bool = False

    @property
    def is_known(self) -> bool:
        return bool(self.people or self.requests or self.is_ambiguous)


@dataclass
class Findings:
    """The rows behind what is known about a mail."""

    known: Known
    outgoing: OutgoingMail | None = None
    report: Report | None = None
    user: User | None = None
    concerned: list[Concerned] = field(default_factory=list)


def look_into(mail: IncomingMail, facts: dict[str, Any]) -> Findings:
    """Everything the verdict about `mail` rests on; `facts` are those of `parsing.read_mail`."""
    told = facts.get("report")
    report = report_of(told)
    ids = [*(told["message_ids"] if told else []), *reversed(mail.references)]
    outgoing = _newest_of_ours(ids)
    user = senders.user_at(mail.sender)
    threads = thread_ids(mail)
    if user is not None:
        concerned = concerned_by(outside(mail.recipients), mail, threads)
    else:
        concerned = concerned_by([(mail.sender_name, mail.sender)], mail, threads)
    met = [each for each in concerned if each.is_known]
    is_stop = asks_to_stop(mail)
    known = Known(
        is_stub=mail.is_stub,
        faults=frozenset(mail.faults),
        is_automatic=bool(facts["automatic"]),
        is_own_mail=mail.sender_key in senders.own_addresses(),
        has_own_id=bool(mail.message_id) and _newest_of_ours([mail.message_id]) is not None,
        is_repeat=repeated_by(mail) is not None,
        report=report,
        is_report=told is not None,
        answers=outgoing.recipient if outgoing else "",
        was_sent=outgoing is None or outgoing.state != OutgoingMail.State.HELD_SAMPLE,
        is_from_recipient=outgoing is not None
        and address_key(outgoing.recipient) == mail.sender_key,
        is_in_thread=_earlier(mail.references) is not None,
        is_user=user is not None,
        is_verified=senders.is_verified(mail.sender, facts["authentication"]),
        knows_recipients=user is not None and bool(met),
        is_ambiguous=any(each.is_ambiguous for each in met),
        is_contact=user is None and bool(met),
        is_disguised=disguise_of(mail.sender) is not None,
        is_ignored=senders.is_ignored(mail.sender),
        asks_to_stop=is_stop,
        knows_sender=is_stop and bool(people_at(mail.sender)),
    )
    return Findings(known, outgoing, report, user, met)


def asks_to_stop(mail: IncomingMail) -> bool:
    """Whether a mail says "unsubscribe" and nothing else in its subject, as a mail program writes
    it; one of our own people means it only where they write to us."""
    if not STOP_WISH.fullmatch(mail.subject):
        return False
    own = senders.own_addresses()
    is_to_us = any(address_key(address) in own for _name, address in mail.recipients)
    return is_to_us or senders.user_at(mail.sender) is None


def report_of(told: dict[str, Any] | None) -> Report | None:
    """What a delivery report says about its first recipient; a mail of ours has no other."""
    if not told or not told["recipients"]:
        return None
    row = told["recipients"][0]
    answer = row["diagnostic"] or row["status"]
    return Report(row["original"] or row["final"], row["action"], row["status"], answer)


def repeated_by(mail: IncomingMail) -> IncomingMail | None:
    """An older row of the same mail, come a second time or on another way."""
    same = Q(raw_hash=mail.raw_hash)
    if mail.message_id:
        same |= Q(message_id=mail.message_id, digest=mail.digest)
    older = IncomingMail.objects.filter(same, folder=mail.folder_id, pk__lt=mail.pk)
    return older.exclude(raw_hash="").order_by("pk").first()


def thread_ids(mail: IncomingMail) -> list[str]:
    return [*mail.references, mail.message_id] if mail.message_id else list(mail.references)


def thread_of(mail: IncomingMail) -> str:
    """The name of the exchange: what the oldest mail we know of it is called, else its first."""
    if (ours := _newest_of_ours(reversed(mail.references))) is not None:
        return ours.mail_id
    if (earlier := _earlier(mail.references)) is not None and earlier.thread:
        return earlier.thread
    return (mail.references or [mail.message_id])[0]


def _newest_of_ours(ids: Iterable[str]) -> OutgoingMail | None:
    """The mail of ours that the first known of `ids` names."""
    wanted = list(ids)
    rows = OutgoingMail.objects.filter(mail_id__in=wanted).select_related("message__person")
    found = {row.mail_id: row for row in rows}
    return next((found[each] for each in wanted if each in found), None)


def _earlier(ids: list[str]) -> IncomingMail | None:
    rows = IncomingMail.objects.filter(message_id__in=ids).exclude(message_id="")
    return rows.order_by("-pk").first()


def outside(recipients: list[list[str]]) -> list[tuple[str, str]]:
    """Recipients that are neither we ourselves nor one of our people, each once."""
    own = senders.own_addresses()
    found: dict[str, tuple[str, str]] = {}
    for name, address in recipients:
        key = address_key(address)
        if key not in own and disguise_of(address) is None and senders.user_at(address) is None:
            found.setdefault(key, (name, address))
    return list(found.values())


def concerned_by(
    addresses: Iterable[tuple[str, str]], mail: IncomingMail, threads: list[str]
) -> list[Concerned]:
    """Each address with its people, and the request that is meant: the one of the exchange, else
    the one the subject names, else the only one; several without a hint are ambiguous."""
    found = []
    for name, address in addresses:
        each = Concerned(name, address, people_at(address))
        asked = requests_of(address, each.people)
        meant = _meant(asked, mail, threads)
        if meant is None:
            each.is_ambiguous = True
        else:
            each.requests = meant
        found.append(each)
    return found


def people_at(address: str) -> list[Person]:
    """Live people with this mail address."""
    points = ContactPoint.objects.emails().matching(address)
    return list(Person.objects.live().filter(pk__in=points.values("person")).order_by("pk")[:5])


def requests_of(address: str, people: list[Person]) -> list[VisitRequest]:
    """The open requests of an address or its people; those that ended where none is open."""
    mine = Q(address_key=address_key(address)) | Q(person__in=people)
    rows = VisitRequest.objects.valid().filter(mine).order_by("-received_at")
    return list(rows.open()[:20]) or list(rows[:20])


def _meant(
    asked: list[VisitRequest], mail: IncomingMail, threads: list[str]
) -> list[VisitRequest] | None:
    if len(asked) <= 1:
        return asked
    keys = [row.pk for row in asked]
    linked = VisitRequest.objects.filter(
        Q(messages__deliveries__mail_id__in=threads)
        | Q(messages__incoming__message_id__in=[each for each in threads if each]),
        pk__in=keys,
    )
    if found := list(linked.distinct()):
        return found
    named = set(REFERENCE.findall(mail.subject))
    return [row for row in asked if row.ref in named][:1] or None
