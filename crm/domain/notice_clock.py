"""The clock of GDPR art. 14: who came from a list must be told within a month, and who was."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import NoticeDue, User
from crm.validators import clean_line


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
