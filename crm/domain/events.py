"""What is written down about an event's roster."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import Event, Participation, Person, User
from crm.validators import clean_line

PRESENCE = ("day_1", "day_2", "walk")


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
