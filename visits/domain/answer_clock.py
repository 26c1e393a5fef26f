"""How much of the office's time is left until somebody is to have an answer."""

from datetime import datetime

from django.utils.translation import gettext as _

from crm import wording
from crm.domain.working_time import working_minutes_between
from visits.models import DateWish, VisitRequest


def minutes_left(row: VisitRequest | DateWish, *, at: datetime) -> int | None:
    """The office's working minutes until an answer is due, negative once it is late; None where no
    answer is due."""
    zone = row.campaign.zone
    if row.due_at is None:
        return None
    if row.due_at >= at:
        return working_minutes_between(at, row.due_at, zone=zone)
    return -working_minutes_between(row.due_at, at, zone=zone)


def time_left_words(left: int | None) -> str:
    """Such minutes in words; empty where no answer is due."""
    if left is None:
        return ""
    words = _("%(time)s late") if left < 0 else _("%(time)s left")
    return words % {"time": wording.duration(abs(left))}
