"""Calendar days: holidays, carnival, school breaks. A person may add and correct them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from crm.validators import sensible_date
from visits.models import CalendarDay

EDITABLE = (
    "country",
    "region",
    "city",
    "first_on",
    "last_on",
    "kind",
    "name",
    "hardness",
    "shorter_by_minutes",
    "source",
)


def check_day(values: Mapping[str, Any]) -> None:
    """Raise ValidationError when the days are out of order or beyond what we plan for."""
    sensible_date(values["first_on"])
    sensible_date(values["last_on"])
    if values["last_on"] < values["first_on"]:
        raise ValidationError({"last_on": _("The last day lies before the first.")})


@transaction.atomic
def add_calendar_day(values: Mapping[str, Any], *, at: datetime, by: User) -> CalendarDay:
    """One more special day of a country, region or city (names in EDITABLE)."""
    check_day(values)
    row = CalendarDay.objects.create(**values)
    record(row, "add_calendar_day", at=at, by=by, fields=values)
    return row


def edit_calendar_day(
    row: CalendarDay,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User,
) -> list[str]:
    """Correct a day. Raises ChangedMeanwhile when `seen` is given and no longer true."""
    check_day(values)
    return save_changes(row, values, seen=seen, at=at, by=by, verb="edit_calendar_day")


@transaction.atomic
def remove_calendar_day(row: CalendarDay, *, at: datetime, by: User) -> None:
    """Take a day out of the calendar; plans made with it stay as they are."""
    record(row, "remove_calendar_day", at=at, by=by, fields=["first_on", "last_on"])
    row.delete()
