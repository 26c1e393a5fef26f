"""Taking a human's identity out of everything we keep (GDPR art. 17), and leaving the facts.

What happened stays countable: a part in an event, a request, a visit, a letter on its day. Who it
was does not. Nothing of this can be undone.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.free_space import wipe_freed_space
from crm.domain.imports.batches import forget_files_about
from crm.domain.last_actions import forget_last_actions
from crm.models import (
    AuditNote,
    ConsentRecord,
    ContactPoint,
    DataRequest,
    FollowUp,
    IdempotencyKey,
    IgnoredSender,
    ImportRow,
    IncomingMail,
    Interaction,
    Lookalike,
    Merge,
    Message,
    NoticeDue,
    OutgoingMail,
    Participation,
    Person,
    Post,
    StopLink,
    Suppression,
    User,
)
from visits.domain import pack_runs
from visits.domain.dossiers import Dossier, dossier_of, word_pattern
from visits.domain.free_texts import FREE_TEXTS, GONE, rows_that_hold, take_out
from visits.domain.mentions import FamilyNames, Mention, mentions_of, take_out_of
from visits.models import (
    BriefEdition,
    DateWish,
    Host,
    PackRun,
    PrivateLink,
    Referral,
    Visit,
    VisitRequest,
)

log = logging.getLogger(__name__)

# What of `ImportRow.made` is about organisations alone.
OF_BODIES = ("organisation", "settled", "moved")
WAITING = (OutgoingMail.State.QUEUED, OutgoingMail.State.HELD)

# What is emptied in the rows that are about the person.
EMPTIED: dict[type[models.Model], dict[str, Any]] = {
    Person: {
        "key": None,
        "given": "",
        "family": "",
        "script_variant": "",
        "role": "",
        "department": "",
        "languages": [],
        "notes": "",
        "post_since": None,
    },
    VisitRequest: {
        "department": "",
        "requester_name": "",
        "requester_role": "",
        "address": "",
        "phone": "",
        "raw_text": "",
        "translation": "",
        "questions": [],
        "planned_answers": {},
        "secrecy": "",
        "reason": "",
    },
    DateWish: {"reason": ""},
    Visit: {
        "local_contact_name": "",
        "local_contact_address": "",
        "local_contact_phone": "",
        "local_contact_verified_at": None,
    },
    Message: {
        "key": None,
        "subject": GONE,
        "body": "",
        "calendar": "",
        "address": "",
        "address_name": "",
    },
    OutgoingMail: {
        "recipient": "",
        "recipient_name": "",
        "subject": GONE,
        "text": "",
        "html": "",
        "calendar": "",
        "link_key": "",
        "error": "",
    },
    # The hash stays: it knows the mail again, should the server hand it out once more.
    IncomingMail: {
        "raw": None,
        "message_id": "",
        "references": [],
        "thread": "",
        "digest": "",
        "sender": "",
        "sender_key": "",
        "sender_name": "",
        "recipients": [],
        "subject": GONE,
        "text": "",
        "attachments": [],
        "about": "",
        "answer": "",
        "journal": {},
    },
    # A brief quotes the request and tells roles: what it said goes, its version and hash stay.
    BriefEdition: {"content": None},
    Interaction: {"text": GONE},
    FollowUp: {"text": GONE},
    Participation: {"part": "", "source": "", "note": ""},
    # What an import wrote: afterwards nothing of it can be undone for this person.
    ImportRow: {
        "digest": "",
        "name": "",
        "changes": {},
        "differs": {},
        "made": {},
        "kept": [],
        "remark": "",
        "message": "",
    },
    DataRequest: {"address": "", "text": "", "answer": ""},
}


@dataclass(frozen=True)
class Sides:
    """What an erasure takes and what it leaves, as sentences for whoever decides."""

    goes: list[str]
    stays: list[str]
    open_requests: list[str]


def sides_of(dossier: Dossier) -> Sides:
    """What goes and what stays, with their numbers."""
    goes: list[tuple[str, Sequence[Any]]] = [
        (_("names, role, department, languages and notes of this many records"), dossier.people),
        (_("mail addresses and phone numbers"), dossier.contact_points),
        (_("answers about consent, with their evidence"), dossier.consents),
        (_("what was said in calls, meetings and notes"), dossier.interactions),
        (_("texts of letters, with their addresses; what still waits is cancelled"), dossier.mails),
        (_("mails that came in, with their attachments"), dossier.incoming),
        (_("words of promises"), dossier.follow_ups),
        (_("what they were before: former roles and organisations"), dossier.posts),
        (_("what imported files said about them"), dossier.imported),
        (_("notices due to them, and how they were told"), dossier.notices_due),
        (_("their requests about own data, with our answers"), dossier.data_requests),
        (_("briefs of their visits: the words; that there were some stays"), dossier.briefs),
        (_("notes from the road and reasons in the log that name them"), dossier.remarks),
        (_("names, contacts and texts in requests, and their private links"), dossier.requests),
        (_("forms not verified yet"), dossier.pending),
        (_("finished trip packs and sheets of everybody; they are made anew"), _packs()),
    ]
    stays: list[tuple[str, Sequence[Any]]] = [
        (_("parts in events, counted without a name"), dossier.participations),
        (_("requests with city, dates, topics and state"), dossier.requests),
        (_("visits and their reports"), dossier.visits),
        (_("that letters were written, and when"), dossier.messages),
        (_("that promises were made, and whether they were kept"), dossier.follow_ups),
    ]
    return Sides(
        goes=[f"{words}: {len(rows)}" for words, rows in goes if rows],
        stays=[f"{words}: {len(rows)}" for words, rows in stays if rows],
        open_requests=[request.ref for request in dossier.requests if request.is_open],
    )


def _packs() -> list[PackRun]:
    return list(PackRun.objects.exclude(file=""))


@transaction.atomic
def erase_person(
    person: Person,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    mentions: Sequence[Mention] | None = None,
    wipes: bool = True,
) -> Dossier:
    """Remove the identity of a person, and of all records merged with this one, for good.

    Counts, states, dates and places stay. Waiting mail is cancelled; an address of theirs alone is
    remembered as a salted hash, so that nobody adds or imports it anew. `mentions` are the notes
    about others out of which the family name alone goes, all of them unless told. Raises
    ValidationError when the person is erased already or leads visits for us. Who erases many at
    once passes `wipes=False` and calls `wipe_freed_space` at the end.
    """
    if person.erased_at is not None:
        raise ValidationError(_("This person has been erased already."), code="erased")
    dossier = dossier_of(person)
    _refuse_hosts(dossier)
    forget_files_about(
        people={row.pk for row in dossier.people},
        names={row.name for row in dossier.people},
        addresses=set(dossier.addresses),
    )
    own, sure = _cut(dossier.own_words), _cut(dossier.sure_words)
    family = FamilyNames(dossier)
    naming = mentions_of(dossier) if mentions is None else mentions
    _suppress(dossier, at=at)
    _delete(dossier)
    _empty(dossier, at=at)
    for model, rows in dossier.around().items():
        take_out(own, model, rows)
    # Bytes cannot be searched, so those of a mail that names the person go whole.
    mails = rows_that_hold(IncomingMail, dossier.sure_words)
    IncomingMail.objects.filter(pk__in=[row.pk for row in mails]).update(raw=None)
    for model in FREE_TEXTS:
        take_out(sure, model, rows_that_hold(model, dossier.sure_words))
    take_out_of(naming, family)
    for each in dossier.people:
        record(each, "erase_person", at=at, by=by, actor=actor, fields=EMPTIED[Person].keys())
    pack_runs.forget_all()
    forget_last_actions()
    if wipes:
        transaction.on_commit(wipe_freed_space, robust=True)
    return dossier


def _cut(words: list[str]) -> Callable[[str], str]:
    """What puts GONE in the place of each of the words."""
    pattern = word_pattern(words)
    return partial(pattern.sub, GONE) if pattern else str


def _refuse_hosts(dossier: Dossier) -> None:
    """Who visits under this name cannot be erased; a host renamed since is untied."""
    names = {person.name for person in dossier.people}
    hosts = Host.objects.filter(person__in=dossier.people)
    if host := hosts.filter(name__in=names).first():
        raise ValidationError(
            _("%(ref)s visits under this name; give the host another name under Settings first."),
            code="host",
            params={"ref": host.ref},
        )
    hosts.update(person=None)


def _suppress(dossier: Dossier, *, at: datetime) -> None:
    for key in dossier.addresses:
        Suppression.objects.keep_hashed(key, at=at, is_sample=dossier.person.is_sample)


def _empty(dossier: Dossier, *, at: datetime) -> None:
    """Empty the rows about the person; the facts in them stay."""
    waiting = [mail.pk for mail in dossier.mails if mail.state in WAITING]
    OutgoingMail.objects.filter(pk__in=waiting).update(state=OutgoingMail.State.CANCELLED)
    unseen = IncomingMail.objects.to_review().filter(pk__in=[row.pk for row in dossier.incoming])
    unseen.update(state=IncomingMail.State.IGNORED, why="erased")
    drafts = [row.pk for row in dossier.messages if row.status == Message.Status.DRAFT]
    Message.objects.filter(pk__in=drafts).update(status=Message.Status.CANCELLED)
    contacts = [visit for visit in dossier.visits if dossier.is_contact_of(visit)]
    # People first: promises are found by the name of their person.
    _overwrite(dossier.people, erased_at=at)
    for rows in (
        contacts,
        dossier.requests,
        DateWish.objects.filter(request__in=dossier.requests).exclude(reason=""),
        BriefEdition.objects.filter(visit__in=dossier.visits).exclude(content=None),
        dossier.messages,
        dossier.mails,
        dossier.incoming,
        dossier.interactions,
        FollowUp.objects.filter(person__in=dossier.people),
        dossier.participations,
        dossier.data_requests,
        ImportRow.objects.filter(person__in=dossier.people),
    ):
        _overwrite(rows)
    done = [wish.pk for wish in dossier.data_requests if wish.done_at is None]
    DataRequest.objects.filter(pk__in=done).update(done_at=at)
    for person in dossier.people:
        person.initiatives.clear()
        person.tags.clear()
        person.sessions_led.clear()


def empty_rows(rows: Iterable[Any]) -> None:
    """Empty the rows as an erasure does; the facts in them stay."""
    _overwrite(rows)


def _overwrite(rows: Iterable[Any], **more: Any) -> None:
    for row in rows:
        values = EMPTIED[type(row)] | more
        if isinstance(row, ImportRow):
            # Of the organisation that the row brought, for an undo of the others.
            values |= {"made": {name: row.made[name] for name in OF_BODIES if name in row.made}}
        if isinstance(row, Visit | VisitRequest):
            values |= {"version": row.version + 1}
        for name, value in values.items():
            setattr(row, name, value)
        written = [*values, "address_key"] if isinstance(row, VisitRequest) else [*values]
        row.save(update_fields=written)


def _delete(dossier: Dossier) -> None:
    """Remove the rows that are nothing but personal."""
    ContactPoint.objects.filter(person__in=dossier.people).delete()
    Post.objects.filter(person__in=dossier.people).delete()
    NoticeDue.objects.filter(person__in=dossier.people).delete()
    StopLink.objects.filter(person__in=dossier.people).delete()
    PrivateLink.objects.filter(request__in=dossier.requests).delete()
    IgnoredSender.objects.filter(address_key__in=dossier.addresses).delete()
    for pending in dossier.pending:
        pending.delete()
    AuditNote.objects.filter(entry__in=dossier.changes).delete()
    own = Q(kept__in=dossier.people) | Q(merged__in=dossier.people)
    Merge.objects.filter(own).update(journal=None)
    one, other = Q(one__in=dossier.people), Q(other__in=dossier.people)
    Lookalike.objects.filter(one | other).delete()
    promises = FollowUp.objects.open().filter(person__in=dossier.people)
    promises.filter(visits=None, visit_requests=None, event=None).delete()
    _delete_consents(dossier)
    _delete_answers(dossier)


def _delete_consents(dossier: Dossier) -> None:
    """The log of consents cannot be changed, so a hand-over's consent is said anew, bare."""
    for referral in Referral.objects.filter(consent__in=dossier.consents).select_related("consent"):
        said = referral.consent
        assert said is not None, "found by its consent"
        referral.consent = ConsentRecord.objects.create(
            person=said.person,
            purpose=said.purpose,
            status=said.status,
            text=said.text,
            language=said.language,
            at=said.at,
            is_sample=said.is_sample,
        )
        referral.save(update_fields=["consent"])
    ConsentRecord.objects.filter(pk__in=[said.pk for said in dossier.consents]).delete()


def _delete_answers(dossier: Dossier) -> None:
    """Answers of the API kept for a second try: those that hold a word of this person."""
    words = dossier.own_words
    for kept in IdempotencyKey.objects.exclude(answer=None).only("answer").iterator():
        if any(word.casefold() in (kept.answer or "").casefold() for word in words):
            kept.delete()
