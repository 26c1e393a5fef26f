"""The way out of mailings: a link of one's own, or a mail; and what either writes down."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from crm.domain.audit import record
from crm.domain.notice_clock import a_month_after
from crm.domain.private_tokens import derive_token, hash_of
from crm.models import (
    ConsentRecord,
    ContactPoint,
    DataRequest,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Person,
    StopLink,
    User,
)

ONE_CLICK, BY_PAGE, BY_MAIL = "one_click", "stop_page", "stop_mail"


def token_of(link: StopLink) -> str:
    return derive_token("stop", link.salt)


def links_of(people: Sequence[Person], kind: str) -> dict[int, StopLink]:
    """The link of each person for this kind of mailing, made where there is none of use yet."""
    known = StopLink.objects.filter(person__in=[person.pk for person in people], kind=kind)
    found = {link.person_id: link for link in known.order_by("pk") if _is_of_this_key(link)}
    made = [StopLink(person=each, kind=kind) for each in people if each.pk not in found]
    for link in made:
        link.token_hash = hash_of(token_of(link))
    StopLink.objects.bulk_create(made)
    return found | {link.person_id: link for link in made}


def of_use(link: StopLink) -> StopLink:
    """The link itself, or another one where the site's key was changed since; the token mailed
    before keeps working."""
    return link if _is_of_this_key(link) else links_of([link.person], link.kind)[link.person_id]


def _is_of_this_key(link: StopLink) -> bool:
    return hash_of(token_of(link)) == link.token_hash


def find_link(token: str) -> StopLink | None:
    """The link of a token; None alike for a wrong one and for somebody erased."""
    if len(token) > 100:
        return None
    rows = StopLink.objects.filter(token_hash=hash_of(token), person__erased_at=None)
    return rows.select_related("person__merged_into").first()


def _holder(link: StopLink) -> Person:
    """Whom the link speaks for now: the record that a merge kept."""
    person = link.person
    while person.merged_into is not None:
        person = person.merged_into
    return person


def has_stopped(link: StopLink) -> bool:
    """Whether nothing of this kind goes to the holder any more."""
    person = _holder(link)
    purpose = Mailing.CONSENT.get(Mailing.Kind(link.kind), "")
    if not purpose:
        wishes = DataRequest.objects.filter(person=person, kind=DataRequest.Kind.STOP)
        return wishes.exists()
    return not ConsentRecord.objects.granted(purpose).filter(person__in=_same(person)).exists()


def _same(person: Person) -> list[Person]:
    """The person and everybody else alive with one of their addresses: it is the holder of the
    address who stops the mails that reach it."""
    keys = person.contact_points.emails().values("match_key")
    others = Person.objects.filter(contact_points__match_key__in=keys)
    live = others.filter(merged_into=None, erased_at=None).exclude(pk=person.pk).distinct()
    return [person, *live.order_by("pk")]


@transaction.atomic
def stop(link: StopLink, *, way: str, evidence: str = "", at: datetime) -> bool:
    """The holder wants no more of this kind; whether that was news.

    Consent is withdrawn with its evidence; where the kind rests on another basis, the wish is
    written down as a data request and binding at once. What waits for them is cancelled. Pressing
    again changes nothing.
    """
    # One press at a time: the second finds what the first wrote.
    StopLink.objects.select_for_update().get(pk=link.pk)
    person = _holder(link)
    purpose = Mailing.CONSENT.get(Mailing.Kind(link.kind), "")
    evidence = evidence or f"stop link {link.pk}"
    if purpose:
        withdrawn = [
            _withdraw(each, purpose, link, way=way, evidence=evidence, at=at)
            for each in _same(person)
        ]
        is_news = any(withdrawn)
    else:
        is_news = _object(person, way=way, evidence=evidence, at=at)
    if is_news:
        _cancel_waiting([each.pk for each in _same(person)], link.kind)
    return is_news


@transaction.atomic
def stop_by_mail(people: Sequence[Person], *, message_id: str, at: datetime) -> bool:
    """They wrote "unsubscribe" from their address: as if they had pressed the buttons of what we
    send them; whether that was news. `message_id` names the mail that proves it."""
    news = [
        stop(
            links_of([person], kind)[person.pk],
            way=BY_MAIL,
            evidence=_proof(message_id),
            at=at,
        )
        for person in people
        for kind in _meant_by(person)
    ]
    return any(news)


def _meant_by(person: Person) -> list[str]:
    """The kinds that a mail without further words stops: the newsletter, whatever else of what
    rests on consent was sent to them, and what they got last."""
    sent = OutgoingMail.objects.exclude(mailing=None).filter(message__person=person)
    kinds = list(sent.order_by("-pk").values_list("mailing__kind", flat=True))
    agreed = [kind for kind in kinds if kind in Mailing.CONSENT]
    return list(dict.fromkeys([Mailing.Kind.NEWSLETTER, *agreed, *kinds[:1]]))


@transaction.atomic
def stop_address(address: str, *, message_id: str, at: datetime, by: User) -> None:
    """Nobody we know has this address: its holder's no to every mailing that rests on consent is
    written down by the address alone, and counts for whoever has it later."""
    for purpose in Mailing.CONSENT.values():
        no = ConsentRecord.objects.create(
            address=address,
            purpose=purpose,
            status=ConsentRecord.Status.WITHDRAWN,
            at=at,
            channel=BY_MAIL,
            evidence=_proof(message_id),
        )
        record(no, "stop_address", at=at, by=by)


def _proof(message_id: str) -> str:
    return f"mail {message_id}"[:500] if message_id else "mail without a Message-ID"


def _withdraw(
    person: Person, purpose: str, link: StopLink, *, way: str, evidence: str, at: datetime
) -> bool:
    newest = person.consents.filter(purpose=purpose).order_by("-at", "-pk").first()
    no = (ConsentRecord.Status.WITHDRAWN, ConsentRecord.Status.REFUSED)
    if newest is not None and newest.status in no:
        return False
    if newest is None and person.pk != link.person_id:
        return False
    address = person.contact_points.emails().usable().first()
    ConsentRecord.objects.create(
        person=person,
        address=address.value if address else "",
        purpose=purpose,
        status=ConsentRecord.Status.WITHDRAWN,
        # Later than every answer so far, also where the clock stands still.
        at=max(at, newest.at) if newest else at,
        channel=way,
        evidence=evidence,
        is_sample=person.is_sample,
    )
    record(person, "stop_mailings", at=at, actor="recipient", fields=["consents"])
    return True


def _object(person: Person, *, way: str, evidence: str, at: datetime) -> bool:
    wishes = DataRequest.objects.filter(person=person, kind=DataRequest.Kind.STOP)
    if wishes.exists():
        return False
    address = person.contact_points.filter(kind=ContactPoint.Kind.EMAIL).first()
    DataRequest.objects.create(
        kind=DataRequest.Kind.STOP,
        person=person,
        address=address.value if address else "",
        text=f"({way}, {evidence})",
        received_at=at,
        due_on=a_month_after(at.date()),
        is_sample=person.is_sample,
    )
    record(person, "stop_mailings", at=at, actor="recipient", fields=["data_requests"])
    return True


def _cancel_waiting(people: list[int], kind: str) -> None:
    waiting = OutgoingMail.objects.filter(
        mailing__kind=kind,
        message__person__in=people,
        state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.HELD],
    )
    mails = list(waiting.values_list("pk", flat=True))
    OutgoingMail.objects.filter(
        pk__in=mails, state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.HELD]
    ).update(state=OutgoingMail.State.CANCELLED, error="")
    MailingRecipient.objects.filter(mail__in=mails).update(
        standing=MailingRecipient.Standing.BLOCKED, reason=MailingRecipient.Reason.DENIED
    )
