"""Hosts: what is known about them, and when they can or cannot."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from crm.validators import clean_line
from visits.models import Host, HostAvailability, Visit

EDITABLE = (
    "name",
    "title",
    "home",
    "zone",
    "languages",
    "topics",
    "work_from",
    "work_until",
    "travel_from",
    "travel_until",
    "travels",
    "max_days_in_row",
    "keeps_office_day",
)


def edit_host(
    host: Host, values: Mapping[str, Any], *, seen: str | None = None, at: datetime, by: User
) -> list[str]:
    """Change a host (names in EDITABLE). Raises ChangedMeanwhile when `seen` is not true now."""
    if values["work_until"] <= values["work_from"]:
        raise ValidationError({"work_until": _("The day ends before it begins.")})
    return save_changes(host, values, seen=seen, at=at, by=by, verb="edit_host")


@transaction.atomic
def add_availability(
    host: Host,
    *,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    label: str = "",
    at: datetime,
    by: User | None,
) -> HostAvailability:
    """Write down when a host can or cannot; visits already agreed stay where they are.

    `visits_hit` tells which live visits it touches, for a person to decide about.
    """
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end lies before the beginning.")})
    row = HostAvailability.objects.create(
        host=host, kind=kind, starts_at=starts_at, ends_at=ends_at, label=clean_line(label)
    )
    record(row, "add_availability", at=at, by=by, fields=["kind", "starts_at", "ends_at"])
    return row


@transaction.atomic
def remove_availability(row: HostAvailability, *, at: datetime, by: User | None) -> None:
    """Take back what was written down about a host's time."""
    record(row, "remove_availability", at=at, by=by, fields=["kind", "starts_at", "ends_at"])
    row.delete()


def visits_hit(row: HostAvailability) -> QuerySet[Visit]:
    """Live visits of the host during a time that is not free."""
    if row.kind == HostAvailability.Kind.FREE:
        return Visit.objects.none()
    return Visit.objects.live().filter(host=row.host).within(row.starts_at, row.ends_at)
