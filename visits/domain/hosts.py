"""Hosts: what is known about them, and when they can or cannot."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import User
from crm.validators import clean_line
from visits.domain.journeys import RIGHT_BEFORE, unreachable_after_absence
from visits.domain.references import next_reference
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
# What the desk edits besides: whether somebody leads visits, and the account of whoever does.
DESK_EDITABLE = (*EDITABLE, "kind", "user")
LETTERS = {Host.Kind.EXPERT: "X"}


@transaction.atomic
def add_host(values: Mapping[str, Any], *, at: datetime, by: User | None) -> Host:
    """Somebody new who leads visits or joins them (names in DESK_EDITABLE), as H1, H2, … or X1."""
    check_host(values)
    letter = LETTERS.get(values["kind"], "H")
    plain = {name: value for name, value in values.items() if name != "topics"}
    host = Host.objects.create(ref=next_reference(Host, letter, digits=1), **plain)
    host.topics.set(values["topics"])
    record(host, "add_host", at=at, by=by, fields=values)
    return host


def check_host(values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault of the values, beside their fields."""
    faults = {}
    for first, last in (("work_from", "work_until"), ("travel_from", "travel_until")):
        if values[last] <= values[first]:
            faults[last] = _("The day ends before it begins.")
    if faults:
        raise ValidationError(faults)


def edit_host(
    host: Host, values: Mapping[str, Any], *, seen: str | None = None, at: datetime, by: User
) -> list[str]:
    """Change a host (names in DESK_EDITABLE).

    Raises ChangedMeanwhile when `seen` is not true now.
    """
    check_host(values)
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
    """Take back what was written down about a host's time.

    What was read from the host's own calendar goes when it goes there; it is refused here.
    """
    if row.feed_id is not None:
        raise ValidationError(
            _("This time stands in the host's own calendar; remove it there."), code="from_feed"
        )
    record(row, "remove_availability", at=at, by=by, fields=["kind", "starts_at", "ends_at"])
    row.delete()


def visits_hit(row: HostAvailability) -> list[Visit]:
    """Live visits of the host during a time that is not free, and those that it leaves no time to
    travel to."""
    if row.kind == HostAvailability.Kind.FREE:
        return []
    live = Visit.objects.live().filter(host=row.host).select_related("host__home", "place")
    during = list(live.within(row.starts_at, row.ends_at))
    after = live.within(row.ends_at, row.ends_at + RIGHT_BEFORE)
    return [*during, *(each for each in unreachable_after_absence(after) if each not in during)]
