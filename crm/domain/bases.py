"""Whether a mailing may go to somebody: the basis, the address, and the sentence when it may not.

`weigh` decides from plain facts; `facts_of` loads them, as many questions for 500 people as for 1.
The same decision is made when a mailing is looked at, when it is released, and right before each
mail is handed to the server.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from crm.domain.placeholders import is_own, kind_of
from crm.models import (
    ConsentRecord,
    ContactPoint,
    DataRequest,
    Mailing,
    MailingRecipient,
    NoticeDue,
    OutgoingMail,
    Participation,
    Person,
    Suppression,
)
from crm.models.consent import Purpose
from crm.validators import address_key

Reason = MailingRecipient.Reason
Kind = Mailing.Kind
Status = ContactPoint.Status
NO = (ConsentRecord.Status.REFUSED, ConsentRecord.Status.WITHDRAWN)
# Both spare their address every further mail, whoever else has it.
REFUSED = (Status.BOUNCED, Status.SUPPRESSED)
# What to say of somebody none of whose addresses is of use: the first of these that holds.
NO_USE = {
    Status.SUPPRESSED: Reason.SUPPRESSED,
    Status.BOUNCED: Reason.BOUNCED,
    Status.WRONG: Reason.WRONG,
}


@dataclass(frozen=True)
class Address:
    """One mail address of a person: its row, its key, what is known of it."""

    pk: int
    key: str
    status: str


@dataclass(frozen=True)
class Facts:
    """What decides whether a person may be written to, as plain values."""

    is_live: bool
    asked_to_stop: bool
    consent: str
    took_part: bool
    addresses: Sequence[Address]
    is_to_be_told: bool = False


@dataclass(frozen=True)
class Verdict:
    """`reason` is empty when a mail may go to `address`."""

    reason: str = ""
    address: Address | None = None


def weigh(kind: str, facts: Facts) -> Verdict:
    """Whether a mailing of this kind may go, and to which address.

    A newsletter and the offer of visits rest on consent, and unknown is not yes. A letter about an
    event rests on having taken part in it: it closes what the person came for (GDPR art. 6(1)(f)),
    and whoever asked us to stop is spared it too; one in words of our own, which may be news by
    another name, also whoever said no to the newsletter. A notice is our duty (art. 14): it asks
    for no consent, and goes to nobody who was told already.
    """
    if not facts.is_live:
        return Verdict(Reason.GONE)
    if facts.asked_to_stop:
        return Verdict(Reason.STOPPED)
    if kind in Mailing.CONSENT:
        if facts.consent in NO:
            return Verdict(Reason.DENIED)
        if facts.consent != ConsentRecord.Status.GRANTED:
            return Verdict(Reason.NO_CONSENT)
    elif kind == Kind.NOTICE:
        if not facts.is_to_be_told:
            return Verdict(Reason.NO_NOTICE)
    elif not facts.took_part:
        return Verdict(Reason.NO_PART)
    elif facts.consent in NO:
        return Verdict(Reason.DENIED)
    return weigh_addresses(facts.addresses)


def verdict_on_letter(person: Person) -> Verdict:
    """Whether a letter to this one person may go, which needs no consent: to nobody who is gone,
    asked us to stop or has no address of use."""
    facts = facts_of([person], kind=Kind.EVENT, event_id=None)[person.pk]
    return weigh(Kind.EVENT, replace(facts, took_part=True))


def weigh_addresses(addresses: Sequence[Address]) -> Verdict:
    """The first address of use, else why there is none."""
    for address in addresses:
        if address.status in ContactPoint.USABLE:
            return Verdict(address=address)
    known = {address.status for address in addresses}
    return Verdict(next((NO_USE[each] for each in NO_USE if each in known), Reason.NO_ADDRESS))


def facts_of(
    people: Sequence[Person], *, kind: str, event_id: int | None, is_own: bool = False
) -> dict[int, Facts]:
    """The facts of each person by number; of a wording that `is_own`, written by somebody here,
    also what they said to the newsletter."""
    numbers = [person.pk for person in people]
    points = ContactPoint.objects.filter(person__in=numbers).emails()
    addresses: dict[int, list[Address]] = defaultdict(list)
    for point in points.order_by("-is_preferred", "pk"):
        addresses[point.person_id].append(Address(point.pk, point.match_key, point.status))
    keys = {address.key for each in addresses.values() for address in each}
    refused = _refused(keys)
    purpose = Mailing.CONSENT.get(Kind(kind), Purpose.NEWSLETTER if is_own else "")
    consent = answers_of(numbers, purpose) if purpose else {}
    denied = _denied_addresses(keys, purpose) if purpose else set()
    came = set(
        Participation.objects.filter(
            person__in=numbers, event=event_id, status=Participation.Status.ATTENDED
        ).values_list("person", flat=True)
    )
    untold = NoticeDue.objects.open().filter(person__in=numbers)
    told_of = set(untold.values_list("person", flat=True)) if kind == Kind.NOTICE else set()
    stopped = _asked_to_stop(numbers, keys)
    found = {}
    for person in people:
        own = [
            Address(each.pk, each.key, Status.SUPPRESSED if each.key in refused else each.status)
            if each.status in ContactPoint.USABLE
            else each
            for each in addresses[person.pk]
        ]
        said = consent.get(person.pk, "")
        if said == ConsentRecord.Status.GRANTED and denied & {each.key for each in own}:
            said = ConsentRecord.Status.REFUSED
        found[person.pk] = Facts(
            is_live=not (person.erased_at or person.archived_at or person.merged_into_id),
            asked_to_stop=bool(stopped & {person.pk, *(each.key for each in own)}),
            consent=said,
            took_part=person.pk in came,
            addresses=own,
            is_to_be_told=person.pk in told_of,
        )
    return found


def objections(numbers: Collection[int], keys: set[str], purpose: str) -> dict[int | str, str]:
    """Who must not be given a yes by a list or along with others, by number of the person or key of
    the address, and why: they asked us to stop, said no, or their address must never be mailed."""
    listed = ContactPoint.objects.filter(match_key__in=keys, status=Status.SUPPRESSED)
    never = {*listed.values_list("match_key", flat=True), *Suppression.objects.among(keys)}
    found: dict[int | str, str] = dict.fromkeys(never, Reason.SUPPRESSED)
    found |= dict.fromkeys(_denied_addresses(keys, purpose), Reason.DENIED)
    answers = answers_of(numbers, purpose).items()
    found |= {number: Reason.DENIED for number, answer in answers if answer in NO}
    return found | dict.fromkeys(_asked_to_stop(numbers, keys), Reason.STOPPED)


def _refused(keys: set[str]) -> set[str]:
    """Keys that must not be mailed, whoever has them."""
    bad = ContactPoint.objects.filter(match_key__in=keys, status__in=REFUSED)
    return set(bad.values_list("match_key", flat=True)) | Suppression.objects.among(keys)


def answers_of(numbers: Collection[int], purpose: str) -> dict[int, str]:
    """The present answer of each person to the purpose."""
    return {number: status for number, (status, _at) in dated_answers(numbers, purpose).items()}


def dated_answers(numbers: Collection[int], purpose: str) -> dict[int, tuple[str, datetime]]:
    """The present answer of each person to the purpose, and when it was given."""
    rows = ConsentRecord.objects.filter(person__in=numbers, purpose=purpose)
    newest: dict[int, tuple[str, datetime]] = {}
    for person, status, at in rows.order_by("-at", "-pk").values_list("person", "status", "at"):
        newest.setdefault(person, (status, at))
    return newest


def _denied_addresses(keys: set[str], purpose: str) -> set[str]:
    """Addresses whose holder said no: without being known to us, or as another live person."""
    live = Q(person__merged_into=None, person__erased_at=None)
    no = ConsentRecord.objects.denied(purpose)
    by_person = no.filter(live, person__contact_points__match_key__in=keys)
    found = set(by_person.values_list("person__contact_points__match_key", flat=True))
    for address in no.filter(person=None).exclude(address="").values_list("address", flat=True):
        found.add(address_key(address))
    return found & keys


def _asked_to_stop(numbers: Collection[int], keys: set[str]) -> set[int | str]:
    """People and addresses that asked for no more mail, or to be erased."""
    wishes = DataRequest.objects.filter(kind__in=[DataRequest.Kind.STOP, DataRequest.Kind.ERASE])
    found: set[int | str] = set(wishes.filter(person__in=numbers).values_list("person", flat=True))
    for address in wishes.filter(person=None).exclude(address="").values_list("address", flat=True):
        if address_key(address) in keys:
            found.add(address_key(address))
    return found


def objection_to(mail: OutgoingMail) -> str:
    """Why a mail of a mailing must not leave any more; empty when nothing has changed.

    Asked right before it is handed to the server: an answer that came meanwhile still counts. A
    wording of another kind than its mailing, from before they were tied, rests on both.
    """
    mailing, person = mail.mailing, mail.message.person
    if mailing is None:
        return ""
    if person is None:
        return Reason.GONE
    key = address_key(mail.recipient)
    for kind in dict.fromkeys((mailing.kind, kind_of(mailing.template_key))):
        own = is_own(mailing.template_key)
        event = mailing.event_id
        facts = facts_of([person], kind=kind, event_id=event, is_own=own)[person.pk]
        same = [address for address in facts.addresses if address.key == key]
        if reason := weigh(kind, replace(facts, addresses=same)).reason:
            return reason
    return ""
