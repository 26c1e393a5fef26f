"""The clock of GDPR: a wish is answered, and who came from a list is told, within a month."""

import calendar
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import Mailing, NoticeDue, OutgoingMail, Person, User
from crm.validators import clean_line

# Who gave us the data of somebody added by hand. What they said themselves is told at once (art.
# 13); about everything else they learn within a month (art. 14).
THEMSELVES = "self"
ORIGINS = {
    THEMSELVES: _("The person themselves"),
    "list": _("The attendee list of an event"),
    "other": _("Somebody else, or a public source"),
}


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last (GDPR art. 12.3 and 14.3)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def check_words(basis: str, source: str) -> tuple[str, str]:
    """Basis and source on one line; raises ValidationError naming each that is missing."""
    basis, source = clean_line(basis), clean_line(source)
    faults: dict[str, Any] = {}
    for name, value, sentence in (
        ("basis", basis, _("Say on what basis these people may be kept.")),
        ("source", source, _("Say where the list comes from.")),
    ):
        if not value:
            faults[name] = ValidationError(sentence, code="required")
        elif len(value) > 200:
            sentence = _("At most 200 characters are kept here.")
            faults[name] = ValidationError(sentence, code="too_long")
    if faults:
        raise ValidationError(faults)
    return basis, source


def start_clock(
    person: Person, *, origin: str, source: str, basis: str, at: datetime
) -> NoticeDue | None:
    """Write down from where the data of a new person came, when not from themselves: then they are
    to be told within a month. Raises ValidationError without source and basis, as an import does.
    """
    if origin not in ORIGINS:
        raise ValidationError({"origin": _("Choose who gave us these data.")}, code="origin")
    if origin == THEMSELVES:
        return None
    basis, source = check_words(basis, source)
    due_on = a_month_after(at.date())
    return NoticeDue.objects.create(person=person, source=source, basis=basis, due_on=due_on)


@transaction.atomic
def mark_told(
    notices: Sequence[NoticeDue], *, how: str, at: datetime, by: User | None
) -> list[NoticeDue]:
    """Write down that these people were told, and how; all of them or none.

    Raises ValidationError without a word about how, or when one of them was told already.
    """
    words = clean_line(how)
    if not words:
        raise ValidationError(
            {"how": _("Say how they were told: which letter, which day, by whom.")}, code="how"
        )
    for notice in notices:
        untold = NoticeDue.objects.open().filter(pk=notice.pk)
        if not untold.update(told_at=at, told_by=by, told_how=words[:300]):
            raise ValidationError(
                _("%(name)s was told already; nothing was changed."),
                code="told",
                params={"name": notice.person.name},
            )
        notice.told_at, notice.told_by, notice.told_how = at, by, words[:300]
        record(notice.person, "tell_person", at=at, by=by, fields=["told_at"])
    return list(notices)


def tell_by_mail(mail: OutgoingMail, *, at: datetime) -> list[NoticeDue]:
    """A mail left: where it was a notice, its reader has been told of what it spoke of: all that
    was open when it was written."""
    mailing, person = mail.mailing, mail.message.person
    if mailing is None or mailing.kind != Mailing.Kind.NOTICE or person is None:
        return []
    rows = NoticeDue.objects.open().filter(person=person).select_related("person")
    later = Q(batch__applied_at__gt=mail.message.at)
    # Of somebody added by hand only the day is known.
    later |= Q(batch=None, due_on__gt=a_month_after(mail.message.at.date()))
    notices = list(rows.exclude(later))
    try:
        return mark_told(notices, how=_how(mail), at=at, by=mailing.released_by)
    except ValidationError:
        # Somebody marked them at this moment; the mail has left all the same.
        return []


def untell_by_mail(mail: OutgoingMail, *, at: datetime) -> int:
    """A mail that had left came back: who was told by it is still to be told; how many were."""
    mailing, person = mail.mailing, mail.message.person
    if mailing is None or mailing.kind != Mailing.Kind.NOTICE or person is None:
        return 0
    told = NoticeDue.objects.filter(person=person, told_how=_how(mail)).select_related("person")
    return take_back_told(list(told), at=at, by=None)


def _how(mail: OutgoingMail) -> str:
    """The words by which a notice of a mailing is known again."""
    assert mail.mailing is not None
    return f"mail {mail.pk} of mailing {mail.mailing.ref}"


@transaction.atomic
def take_back_told(notices: Sequence[NoticeDue], *, at: datetime, by: User | None) -> int:
    """Undo of `mark_told`: they are still to be told; how many were changed."""
    changed = 0
    for notice in notices:
        told = NoticeDue.objects.filter(pk=notice.pk).exclude(told_at=None)
        if told.update(told_at=None, told_by=None, told_how=""):
            record(notice.person, "take_back_told", at=at, by=by, fields=["told_at"])
            changed += 1
    return changed
