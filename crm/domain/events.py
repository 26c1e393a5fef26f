"""Events, and what is written down about their rosters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.domain.slugs import new_slug
from crm.models import Event, Participation, Person, User
from crm.validators import clean_line, sensible_date

EDITABLE = (
    "name",
    "starts_on",
    "ends_on",
    "venue",
    "city",
    "country",
    "goals",
    "attendance_words",
    "description",
)
PRESENCE = ("day_1", "day_2", "walk")


@transaction.atomic
def add_event(values: Mapping[str, Any], *, slug: str = "", at: datetime, by: User | None) -> Event:
    """An event people take part in (names in EDITABLE), with an empty roster.

    `slug` stands in its address and is made from the name when empty.
    """
    check_event(values)
    event = Event(slug=new_slug(Event, slug, name=values["name"]), **values)
    event.save()
    record(event, "add_event", at=at, by=by, fields=["slug", *values])
    return event


def edit_event(
    event: Event, values: Mapping[str, Any], *, seen: str | None = None, at: datetime, by: User
) -> list[str]:
    """Change an event (names in EDITABLE). Raises ChangedMeanwhile when `seen` is not true now."""
    check_event(values)
    return save_changes(event, values, seen=seen, at=at, by=by, verb="edit_event")


def check_event(values: Mapping[str, Any]) -> None:
    """Raise ValidationError when the days are out of order or beyond what we plan for."""
    for name in ("starts_on", "ends_on"):
        try:
            sensible_date(values[name])
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from error
    if values["ends_on"] < values["starts_on"]:
        raise ValidationError({"ends_on": _("The last day lies before the first.")})


@transaction.atomic
def record_attendance(
    participation: Participation,
    *,
    at: datetime,
    by: User | None,
    status: str | None = None,
    day_1: bool | None = None,
    day_2: bool | None = None,
    walk: bool | None = None,
    note: str | None = None,
) -> Participation:
    """Write down whether somebody came, and on which days; None leaves a value as it is.

    Somebody seen on a day has attended; somebody who did not come was there on no day.
    """
    present = {"day_1": day_1, "day_2": day_2, "walk": walk}
    values: dict[str, Any] = {k: value for k, value in present.items() if value is not None}
    if status is not None:
        if status not in Participation.Status.values:
            raise ValidationError(_("Choose whether the person came."), code="status")
        values["status"] = status
        if status in (Participation.Status.NO_SHOW, Participation.Status.CANCELLED):
            values |= dict.fromkeys(PRESENCE, False)
    elif any(values.values()):
        values["status"] = Participation.Status.ATTENDED
    if note is not None:
        values["note"] = clean_line(note)
    start = participation.status
    for name, value in values.items():
        setattr(participation, name, value)
    participation.save(update_fields=list(values))
    record(
        participation,
        "record_attendance",
        at=at,
        by=by,
        fields=values,
        from_state=start,
        to_state=participation.status,
    )
    return participation


@transaction.atomic
def add_participation(
    event: Event,
    person: Person,
    *,
    status: str,
    source: str = "",
    at: datetime,
    by: User | None,
) -> Participation:
    """Put somebody on the roster who is not on it yet."""
    if Participation.objects.filter(event=event, person=person).exists():
        raise ValidationError(
            _("%(name)s is on the roster already."),
            code="on_roster",
            params={"name": person.name},
        )
    participation = Participation.objects.create(
        event=event, person=person, status=status, source=clean_line(source)
    )
    record(participation, "add_participation", at=at, by=by, to_state=status)
    return participation
