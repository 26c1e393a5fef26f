"""The ledger of consents: an answer written down at the desk, and one taken back.

Append only: what somebody says anew is a new record, and the latest counts.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain import bases
from crm.domain.audit import entry_about, record
from crm.models import (
    AuditEntry,
    ConsentRecord,
    ConsentText,
    ContactPoint,
    Mailing,
    MailingRecipient,
    Person,
    User,
)
from crm.models.consent import Purpose
from crm.validators import clean_line

Status = ConsentRecord.Status

CHANNELS = {
    "phone": _("on the phone"),
    "paper": _("on paper"),
    "mail": _("by mail"),
    "in_person": _("face to face"),
    "list": _("on a list"),
}
# Nothing anybody said: the desk takes back what stands in the ledger.
CORRECTION = "correction_by_the_desk"
# Why an answer that comes along with others stays out: a later one counts.
LATER = "later"
# What somebody can say at the desk; "unknown" is never said, it is what silence means.
ANSWERS = (Status.GRANTED, Status.REFUSED, Status.WITHDRAWN, Status.PENDING)


@transaction.atomic
def record_answer(
    person: Person,
    *,
    purpose: str,
    status: str,
    channel: str,
    evidence: str,
    text: ConsentText | None = None,
    said_at: datetime | None = None,
    at: datetime,
    by: User | None,
) -> ConsentRecord:
    """Write down what a person said to one purpose, with the words they were asked in.

    `said_at` is when they said it, now when left out. Raises ValidationError, naming every fault:
    without evidence, a yes without the words it was given to, words of another purpose, a moment
    that is still to come.
    """
    entry = entry_of(
        person,
        purpose=purpose,
        status=status,
        text=text,
        channel=channel,
        evidence=evidence,
        said_at=said_at or at,
    )
    check_entry(entry, at=at)
    return _append(entry, at=at, by=by)


def check_entry(entry: ConsentRecord, *, at: datetime) -> None:
    """Raise ValidationError, naming every fault of an entry that is not stored yet."""
    assert entry.person is not None
    _refuse(entry.person)
    faults: dict[str, object] = {}
    if entry.purpose not in Purpose.values:
        faults["purpose"] = _("Choose what the answer is about.")
    if entry.status not in ANSWERS:
        faults["status"] = _("Choose what the person said.")
    if entry.channel not in CHANNELS:
        faults["channel"] = _("Choose how the person said it.")
    if not entry.evidence:
        faults["evidence"] = _("Say where the proof is: who heard it, which letter, which list.")
    if entry.status == Status.GRANTED and entry.text is None:
        faults["text"] = _("Choose the words the person said yes to.")
    elif entry.text is not None and entry.text.purpose != entry.purpose:
        faults["text"] = _("These words ask about something else; choose words of this purpose.")
    if entry.at > at:
        faults["said_at"] = _("This moment is still to come.")
    if faults:
        raise ValidationError(faults)


@transaction.atomic
def record_list(
    entries: Sequence[ConsentRecord], *, at: datetime, by: User | None, actor: str = ""
) -> None:
    """Write down what a whole list says, at once; each entry is checked as any other answer.

    They come from `entry_of` with the address of each person, not stored yet.
    """
    for entry in entries:
        check_entry(entry, at=at)
    ConsentRecord.objects.bulk_create(entries)
    AuditEntry.objects.bulk_create(_log_of(entry, at=at, by=by, actor=actor) for entry in entries)


@transaction.atomic
def withdraw_consent(
    person: Person,
    purpose: str,
    *,
    channel: str = "",
    evidence: str = "",
    at: datetime,
    by: User | None,
) -> ConsentRecord:
    """Write down that a yes is taken back: by the person through a `channel`, else by the desk, as
    a correction that names the entry it is about and who made it.

    Raises ValidationError when the present answer to the purpose is no yes.
    """
    _refuse(person)
    current = person.consents.filter(purpose=purpose).order_by("-at", "-pk").first()
    if current is None or current.status != Status.GRANTED:
        raise ValidationError(_("There is no yes to take back."), code="no_grant")
    entry = entry_of(
        person,
        purpose=purpose,
        status=Status.WITHDRAWN,
        text=current.text,
        channel=channel or CORRECTION,
        evidence=evidence if channel else _correction_of(current, by),
        said_at=at,
    )
    return _append(entry, at=at, by=by)


def entries_after(person: Person, number: int) -> list[ConsentRecord]:
    """What was written down for a person after this entry, but for a yes that was taken back as a
    correction, and the correction."""
    entries = list(person.consents.order_by("pk"))
    gone: set[int] = set()
    for entry in entries:
        if entry.channel == CORRECTION and entry.pk > number:
            earlier = [
                each
                for each in entries
                if each.pk < entry.pk and each.purpose == entry.purpose and each.pk not in gone
            ]
            about = max(earlier, key=lambda each: (each.at, each.pk), default=None)
            if about is not None and about.pk > number:
                gone |= {about.pk, entry.pk}
    return [entry for entry in entries if entry.pk > number and entry.pk not in gone]


def _correction_of(entry: ConsentRecord, by: User | None) -> str:
    words = gettext("entry %(number)d (%(entry)s, %(day)s) taken back by %(who)s")
    return words % {
        "number": entry.pk,
        "entry": entry,
        "day": wording.day(entry.at.date()),
        "who": by or gettext("the program"),
    }


def withdraw_all(
    person: Person, *, but: frozenset[str] = frozenset(), evidence: str, at: datetime, by: User
) -> list[str]:
    """Take back every yes of a person but those to `but`; the purposes that ended."""
    granted = ConsentRecord.objects.current().filter(person=person, status=Status.GRANTED)
    ended = sorted(set(granted.values_list("purpose", flat=True)) - but)
    for purpose in ended:
        withdraw_consent(person, purpose, channel="mail", evidence=evidence, at=at, by=by)
    return ended


def entry_of(
    person: Person,
    *,
    purpose: str,
    status: str,
    text: ConsentText | None,
    channel: str,
    evidence: str,
    said_at: datetime,
    address: str | None = None,
) -> ConsentRecord:
    """An entry of the ledger, not stored yet; the address is looked up where it is not told."""
    if address is None:
        mails = ContactPoint.objects.filter(person=person).emails().usable()
        address = str(mails.order_by("-is_preferred", "pk").first() or "")
    return ConsentRecord(
        person=person,
        address=address,
        purpose=purpose,
        status=status,
        text=text,
        language=text.language if text else (person.languages or [""])[0],
        at=said_at,
        channel=channel,
        evidence=clean_line(evidence),
        is_sample=person.is_sample,
    )


def _append(entry: ConsentRecord, *, at: datetime, by: User | None) -> ConsentRecord:
    entry.save()
    _log_of(entry, at=at, by=by).save()
    return entry


def _log_of(entry: ConsentRecord, *, at: datetime, by: User | None, actor: str = "") -> AuditEntry:
    assert entry.person is not None
    return entry_about(
        entry.person,
        "record_consent",
        at=at,
        by=by,
        actor=actor,
        fields=[entry.purpose],
        to_state=entry.status,
    )


def _refuse(person: Person) -> None:
    if person.erased_at or person.merged_into_id:
        raise ValidationError(
            _("This record stands for nobody any more; write it down with the one that does."),
            code="gone",
        )


def text_of(purpose: str, language: str, words: str, *, is_asked: bool = True) -> ConsentText:
    """The stored version of exactly these words, made as the next version when they are new."""
    same = ConsentText.objects.filter(purpose=purpose, language=language)
    found = same.filter(text=words).order_by("-version").first()
    if found is not None:
        return found
    newest = same.aggregate(newest=Max("version"))["newest"] or 0
    return ConsentText.objects.create(
        purpose=purpose, language=language, version=newest + 1, text=words, is_asked=is_asked
    )


# --- For many at once: the same answer of ticked people, or a list with a column of answers ---


@dataclass(frozen=True)
class Answer:
    """What an answer would do to one person: the answer before, and why it is not written down.

    `why` is a reason of `MailingRecipient` where the stricter answer stands, LATER where a later
    one does; `is_same` where the ledger says so already.
    """

    person: Person
    before: str
    is_same: bool
    why: str = ""

    @property
    def is_new(self) -> bool:
        return not (self.is_same or self.why)


def weigh_answer(
    status: str, *, before: str, objection: str, is_older: bool = False
) -> tuple[bool, str]:
    """Whether the ledger says so already, and what stands in the way of an answer that does not
    come from the person alone: of a yes whatever is stricter, of any that they answered later."""
    if status == before or (status in bases.NO and before in bases.NO):
        return True, ""
    if status not in bases.NO and objection:
        return False, objection
    return False, LATER if is_older else ""


def plan_answers(
    people: Sequence[Person], purpose: str, status: str, *, said_at: datetime | None = None
) -> list[Answer]:
    """What writing down the same answer for all of these would do to each; a handful of queries."""
    numbers = [person.pk for person in people]
    points = ContactPoint.objects.filter(person__in=numbers).emails()
    keys: dict[int, set[str]] = {number: set() for number in numbers}
    for number, key in points.values_list("person", "match_key"):
        keys[number].add(key)
    no = bases.objections(numbers, set().union(*keys.values()), purpose)
    answers = bases.dated_answers(numbers, purpose)
    found = []
    for person in people:
        before, since = answers.get(person.pk, ("", None))
        why = next((no[key] for key in (person.pk, *sorted(keys[person.pk])) if key in no), "")
        is_older = since is not None and said_at is not None and said_at < since
        weighed = weigh_answer(status, before=before, objection=why, is_older=is_older)
        found.append(Answer(person, before, *weighed))
    return found


@transaction.atomic
def record_answers(
    people: Sequence[Person],
    *,
    purpose: str,
    status: str,
    channel: str,
    evidence: str,
    text: ConsentText | None = None,
    said_at: datetime | None = None,
    at: datetime,
    by: User,
) -> list[ConsentRecord]:
    """Write down the same answer for everybody to whom it is new, all or none; a yes for nobody who
    said no or asked us to stop. Raises ValidationError as `record_answer` does."""
    return [
        record_answer(
            answer.person,
            purpose=purpose,
            status=status,
            channel=channel,
            evidence=evidence,
            text=text,
            said_at=said_at,
            at=at,
            by=by,
        )
        for answer in plan_answers(people, purpose, status, said_at=said_at)
        if answer.is_new
    ]


def loose_answers(numbers: Collection[int]) -> set[int]:
    """Those of these entries of the ledger that nothing rests on yet: no later entry about the
    same, but for others of these, and no letter that went out since a yes was said."""
    entries = list(ConsentRecord.objects.filter(pk__in=numbers).order_by("-pk"))
    people = {entry.person_id for entry in entries}
    later = ConsentRecord.objects.filter(person__in=people).exclude(pk__in=numbers)
    newest: dict[tuple[int | None, str], int] = {}
    for person, purpose, number in later.order_by("pk").values_list("person", "purpose", "pk"):
        newest[person, purpose] = number
    written = MailingRecipient.objects.filter(person__in=people, mail__isnull=False)
    letters = {
        (person, Mailing.CONSENT.get(Mailing.Kind(kind)), day)
        for person, kind, day in written.values_list(
            "person", "mailing__kind", "mailing__released_at"
        )
    }
    return {
        entry.pk
        for entry in entries
        if newest.get((entry.person_id, entry.purpose), 0) < entry.pk
        and not any(
            (person, purpose) == (entry.person_id, entry.purpose) and day and day >= entry.at
            for person, purpose, day in letters
            if entry.status == Status.GRANTED
        )
    }


@transaction.atomic
def take_back_answers(numbers: Iterable[int], *, at: datetime, by: User) -> int:
    """Undo of `record_answers`: entries of the desk that nothing rests on leave the ledger again;
    how many. What somebody said on our own pages is theirs to take back."""
    loose = ConsentRecord.objects.filter(pk__in=loose_answers(set(numbers)), channel__in=CHANNELS)
    entries = list(loose.select_related("person"))
    for entry in entries:
        assert entry.person is not None
        record(
            entry.person,
            "take_back_consent",
            at=at,
            by=by,
            fields=[entry.purpose],
            from_state=entry.status,
        )
    loose.delete()
    return len(entries)
