"""Everything we keep about a human as plain values, to be handed to them (GDPR art. 15 and 20).

Built up from named fields. Who of our staff wrote something is not in it, and names and addresses
of other people are taken out of the texts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from crm.domain.audit import record
from crm.domain.letters_of_mailings import languages_of
from crm.domain.working_calendar import OFFICE_ZONE
from crm.models import (
    ContactPoint,
    MailingRecipient,
    Message,
    OutgoingMail,
    Person,
    Suppression,
    User,
)
from visits.domain.dossiers import Dossier, dossier_of, word_pattern
from visits.models import Host, Topic, Visit, VisitRequest

SOMEBODY = "(another person)"

PERSON = (
    "given",
    "family",
    "script_variant",
    "role",
    "department",
    "languages",
    "post_since",
    "notes",
    "created_at",
    "updated_at",
    "archived_at",
    "erased_at",
)
REQUEST = (
    "ref",
    "received_at",
    "channel",
    "city",
    "country",
    "region",
    "department",
    "requester_name",
    "requester_role",
    "address",
    "phone",
    "language",
    "raw_language",
    "raw_text",
    "translation",
    "questions",
    "mode",
    "online_is_fine",
    "people",
    "interpreter",
    "step_free",
    "secrecy",
    "state",
    "state_since",
    "reason",
    "priority",
    "duration_minutes",
    "on_site_ruled_out",
    "address_bounced",
    "first_reply_at",
    "due_at",
)
CONTACT = (
    "local_contact_name",
    "local_contact_address",
    "local_contact_phone",
    "local_contact_verified_at",
)
VISIT = ("ref", "city", "country", "mode", "starts_at", "ends_at", "zone", "address", "state")
MESSAGE = ("direction", "channel", "status", "language", "subject", "body", "address", "at")
DELIVERY = ("recipient", "recipient_name", "state", "subject", "text", "queued_at", "sent_at")
INCOMING = ("received_at", "sender", "sender_name", "recipients", "subject", "text", "state")
POINT = ("kind", "value", "status", "status_why", "status_at", "is_preferred")
POST = ("role", "department", "from_on", "to_on")
CONSENT = ("purpose", "status", "language", "at", "channel", "evidence", "address")
PART = ("status", "day_1", "day_2", "walk", "part", "source", "note")
PROMISE = ("text", "owner", "due_on", "done_on", "created_at")
WISH = ("kind", "address", "text", "received_at", "due_on", "done_at", "answer")
OTHER_DATE = ("asked_at", "reason", "due_at", "settled_at", "outcome")
IMPORTED = ("line", "verb", "changes", "differs")
NOTICE = ("source", "basis", "due_on", "told_at", "told_how")
CHANGE = ("at", "verb", "fields", "from_state", "to_state")


@dataclass(frozen=True)
class Reader:
    """Whom a printed copy is for: their language, their clock, and the topics by code."""

    language: str
    zone: str
    topics: Mapping[str, str]


def reader_of(person: Person) -> Reader:
    """The first of the person's languages that we write in, and the clock of their city."""
    person = dossier_of(person).person
    wanted = (each for each in languages_of(person) if each in settings.COMPLETE_LANGUAGES)
    language = next(wanted, settings.LANGUAGE_CODE)
    city = getattr(person.organisation, "municipality", None)
    with translation.override(language):
        topics = {topic.code: topic.title for topic in Topic.objects.all()}
    return Reader(language, city.time_zone if city else OFFICE_ZONE, topics)


@transaction.atomic
def export_person(
    person: Person,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    as_format: str = "json",
) -> dict[str, Any]:
    """What is kept about the person and all records merged with this one; the look is logged with
    the format it leaves in."""
    dossier = dossier_of(person)
    told = _without_others(gather_export(dossier, at=at), dossier)
    record(dossier.person, "export_person", at=at, by=by, actor=actor, fields=[as_format])
    return told


def gather_export(dossier: Dossier, *, at: datetime) -> dict[str, Any]:
    """The rows of the dossier as plain values, before other people's data are taken out."""
    return {
        "exported_at": at,
        "people": [
            values(row, PERSON)
            | {
                "updated_at": _last_change(dossier, row),
                "number": row.pk,
                "organisation": row.organisation.name if row.organisation else None,
                "initiatives": [each.name for each in row.initiatives.all()],
                "tags": [each.name for each in row.tags.all()],
            }
            for row in dossier.people
        ],
        "former_posts": [
            values(row, POST)
            | {"organisation": row.organisation.name if row.organisation else None}
            for row in dossier.posts
        ],
        "contact_points": [values(row, POINT) for row in dossier.contact_points],
        "never_to_be_mailed": [key for key in dossier.addresses if Suppression.objects.holds(key)],
        "consents": [
            values(row, CONSENT)
            | {
                "words": row.text.text if row.text else None,
                "text_version": row.text.version if row.text else None,
            }
            for row in dossier.consents
        ],
        "participations": [
            values(row, PART) | {"event": row.event.name} for row in dossier.participations
        ],
        "sessions_led": [
            session.title for row in dossier.people for session in row.sessions_led.all()
        ],
        "interactions": [values(row, ("kind", "at", "text")) for row in dossier.interactions],
        "promises": [
            values(row, PROMISE)
            | {"moved": [values(move, ("from_day", "to_day", "at")) for move in row.moves.all()]}
            for row in dossier.follow_ups
        ],
        "messages": [_message(row) for row in dossier.messages],
        "mails_received": [
            values(row, INCOMING) | {"attachments": [each["name"] for each in row.attachments]}
            for row in dossier.incoming
        ],
        "mailings": [_mailing(row) for row in dossier.mailings],
        "requests": [_request(row) for row in dossier.requests],
        "forms_not_verified": [
            {"answers": row.answers, "sent_at": row.sent_at} for row in dossier.pending
        ],
        "visits": [_visit(dossier, row) for row in dossier.visits],
        "notes_from_the_road": [
            values(row, ("written_at", "text")) | {"visit": row.visit.ref} for row in dossier.notes
        ],
        "data_requests": [values(row, WISH) for row in dossier.data_requests],
        "leads_visits_as": [
            host.ref for host in Host.objects.filter(person__in=dossier.people).order_by("ref")
        ],
        "imported": [
            values(row, IMPORTED)
            | {
                "file": row.batch.file_name,
                "source": row.batch.source,
                "basis": row.batch.basis,
                "at": row.batch.applied_at,
            }
            for row in dossier.imported
        ],
        "notices_due": [values(row, NOTICE) for row in dossier.notices_due],
        "changes": [values(row, CHANGE) for row in dossier.changes],
    }


def values(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _last_change(dossier: Dossier, person: Person) -> datetime:
    """When the record last changed by the program's clock; `updated_at` tells versions apart and
    is real time."""
    kept = [
        entry.at
        for entry in dossier.changes
        if entry.model == Person._meta.label_lower
        and entry.row_id == str(person.pk)
        and entry.verb != "export_person"
    ]
    return max(kept, default=person.created_at)


def _message(message: Message) -> dict[str, Any]:
    """A letter with its deliveries; its own status is theirs where they agree, whatever was called
    off beside one that was not."""
    deliveries = [values(mail, DELIVERY) for mail in message.deliveries.all()]
    told = values(message, MESSAGE) | {"deliveries": deliveries}
    states = {mail["state"] for mail in deliveries}
    kept = states - {OutgoingMail.State.CANCELLED} or states
    if len(kept) == 1:
        told["status"] = kept.pop()
    return told


def _mailing(row: MailingRecipient) -> dict[str, Any]:
    """How somebody stands on a mailing; where a letter was written, what became of it."""
    told = values(row, ("standing", "reason", "language"))
    if row.mail is not None and row.standing == MailingRecipient.Standing.QUEUED:
        told["standing"] = row.mail.state
    return told | {"mailing": row.mailing.title, "released_at": row.mailing.released_at}


def _request(request: VisitRequest) -> dict[str, Any]:
    return values(request, REQUEST) | {
        "topics": [topic.code for topic in request.topics.all()],
        "wished_dates": [values(wish, ("on", "part")) for wish in request.preferred_dates.all()],
        "other_dates_asked": [
            values(wish, OTHER_DATE)
            | {
                "visit": wish.visit.ref,
                "wished_dates": [{"on": on, "part": part} for on, part in wish.wished],
            }
            for wish in request.date_wishes.select_related("visit")
        ],
    }


def _visit(dossier: Dossier, visit: Visit) -> dict[str, Any]:
    """The visit as the city knows it; its contact only where that is this person."""
    contact = values(visit, CONTACT) if dossier.is_contact_of(visit) else {}
    return values(visit, VISIT) | contact


def _without_others(told: Any, dossier: Dossier) -> Any:
    """The same with whole names and addresses of other people taken out of every text."""
    strangers = _strangers(dossier)

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: cut(each) for name, each in value.items()}
        if isinstance(value, list):
            return [cut(each) for each in value]
        if not isinstance(value, str):
            return value
        folded = value.casefold()
        pattern = word_pattern([word for word in strangers if word.casefold() in folded])
        return pattern.sub(SOMEBODY, value) if pattern else value

    return cut(told)


def _strangers(dossier: Dossier) -> list[str]:
    """Whole names, addresses and numbers of everybody else; who visits for us is named anyway."""
    hosts = Host.objects.exclude(person=None).values("person")
    others = Person.objects.exclude(pk__in=[row.pk for row in dossier.people])
    others = others.exclude(pk__in=hosts)
    words = {f"{given} {family}" for given, family in others.values_list("given", "family")}
    words |= set(others.values_list("script_variant", flat=True))
    words = {word for word in words if len(word.split()) > 1}
    words |= set(ContactPoint.objects.filter(person__in=others).values_list("value", flat=True))
    asked = VisitRequest.objects.exclude(pk__in=[row.pk for row in dossier.requests])
    for name, address, phone in asked.values_list("requester_name", "address", "phone"):
        words |= {word for word in (address, phone, name) if word is not name or " " in word}
    contacts = Visit.objects.exclude(pk__in=[row.pk for row in dossier.visits])
    for name, address in contacts.values_list("local_contact_name", "local_contact_address"):
        words |= {address, name} if " " in name else {address}
    mine = {word.casefold() for word in dossier.own_words}
    return sorted(
        (word for word in words if len(word) > 4 and word.casefold() not in mine),
        key=lambda word: (-len(word), word),
    )
