"""The ledger of consents: an answer written down at the desk, and one taken back.

Append only: what somebody says anew is a new record, and the latest counts.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.models import ConsentRecord, ConsentText, ContactPoint, Person, User
from crm.models.consent import Purpose
from crm.validators import clean_line

Status = ConsentRecord.Status

CHANNELS = {
    "phone": _("on the phone"),
    "paper": _("on paper"),
    "mail": _("by mail"),
    "in_person": _("face to face"),
}
# Nothing anybody said: the desk takes back what stands in the ledger.
CORRECTION = "correction_by_the_desk"
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
    _refuse(person)
    faults: dict[str, object] = {}
    words = clean_line(evidence)
    said_at = said_at or at
    if purpose not in Purpose.values:
        faults["purpose"] = _("Choose what the answer is about.")
    if status not in ANSWERS:
        faults["status"] = _("Choose what the person said.")
    if channel not in CHANNELS:
        faults["channel"] = _("Choose how the person said it.")
    if not words:
        faults["evidence"] = _("Say where the proof is: who heard it, which letter, which list.")
    if status == Status.GRANTED and text is None:
        faults["text"] = _("Choose the words the person said yes to.")
    elif text is not None and text.purpose != purpose:
        faults["text"] = _("These words ask about something else; choose words of this purpose.")
    if said_at > at:
        faults["said_at"] = _("This moment is still to come.")
    if faults:
        raise ValidationError(faults)
    return _append(
        person,
        purpose=purpose,
        status=status,
        text=text,
        channel=channel,
        evidence=words,
        said_at=said_at,
        at=at,
        by=by,
    )


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
    return _append(
        person,
        purpose=purpose,
        status=Status.WITHDRAWN,
        text=current.text,
        channel=channel or CORRECTION,
        evidence=clean_line(evidence) if channel else _correction_of(current, by),
        said_at=at,
        at=at,
        by=by,
    )


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


def _append(
    person: Person,
    *,
    purpose: str,
    status: str,
    text: ConsentText | None,
    channel: str,
    evidence: str,
    said_at: datetime,
    at: datetime,
    by: User | None,
) -> ConsentRecord:
    mails = ContactPoint.objects.filter(person=person).emails().usable()
    first = mails.order_by("-is_preferred", "pk").first()
    made = ConsentRecord.objects.create(
        person=person,
        address=str(first) if first else "",
        purpose=purpose,
        status=status,
        text=text,
        language=text.language if text else (person.languages or [""])[0],
        at=said_at,
        channel=channel,
        evidence=evidence,
        is_sample=person.is_sample,
    )
    record(person, "record_consent", at=at, by=by, fields=[purpose], to_state=status)
    return made


def _refuse(person: Person) -> None:
    if person.erased_at or person.merged_into_id:
        raise ValidationError(
            _("This record stands for nobody any more; write it down with the one that does."),
            code="gone",
        )
