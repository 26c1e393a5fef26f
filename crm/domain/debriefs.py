"""After an event, person by person: who came, who of us met them, what was said and promised."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.events import record_attendance
from crm.domain.follow_ups import open_follow_up, promised_day
from crm.domain.messages import log_interaction
from crm.models import Event, FollowUp, Interaction, Participation, User
from crm.validators import clean_line, clean_text

USUAL_DAYS = 3
LONGEST_PROMISE = 500


@dataclass(frozen=True)
class Debriefed:
    """What one debriefing wrote: the meeting and the promise, where there was one."""

    meeting: Interaction | None
    promise: FollowUp | None
    status_before: str


def roster_to_debrief(event: Event) -> QuerySet:
    """Everybody on the roster once, by name; `is_debriefed` when a meeting or a promise is on
    record."""
    met = Interaction.objects.filter(event=event, person=OuterRef("person"))
    promised = FollowUp.objects.filter(event=event, person=OuterRef("person"))
    rows = Participation.objects.filter(event=event).of_people_counted_once()
    rows = rows.filter(person__erased_at=None).annotate(is_debriefed=Exists(met) | Exists(promised))
    return rows.order_by("person__family", "person__given", "pk")


def next_to_debrief(event: Event, after: Participation | None = None) -> Participation | None:
    """The next person nobody has written anything about yet; from the top when none is below."""
    rows = list(roster_to_debrief(event).values_list("pk", "is_debriefed"))
    start = next((n + 1 for n, row in enumerate(rows) if after and row[0] == after.pk), 0)
    left = [pk for pk, is_done in rows[start:] + rows[:start] if not is_done]
    chosen = next((pk for pk in left if after is None or pk != after.pk), None)
    return Participation.objects.get(pk=chosen) if chosen is not None else None


@transaction.atomic
def debrief(
    participation: Participation,
    *,
    status: str = "",
    note: str = "",
    met_by: User | None = None,
    promise: str = "",
    in_days: int | None = None,
    due_on: date | None = None,
    owner: str = FollowUp.Owner.OURS,
    at: datetime,
    by: User,
) -> Debriefed:
    """Write down in one go what is known about one person at the event.

    With a note, or with somebody of us who met them, a meeting on the event's last day goes on
    record. A number of days without a promise promises what the note says first; a promise without
    a day is due in three working days. What is on record to the letter, as after a second press or
    the back button, is not written again. Raises ValidationError when days are given and nothing is
    promised, or days and a date, and changes nothing then.
    """
    if in_days and due_on:
        words = _("Leave the working days or the day empty: a promise is due once.")
        raise ValidationError({"due_on": words}, code="two_days")
    event, person, before = participation.event, participation.person, participation.status
    if status and status != before:
        record_attendance(participation, status=status, at=at, by=by)
    words = clean_text(note).strip()
    about: dict[str, Any] = {"person": person, "event": event}
    meeting = None
    if words or met_by is not None:
        said = words or _("Met at %(event)s.") % {"event": event.name}
        told_by = met_by or by
        kind = Interaction.Kind.MEETING
        if not Interaction.objects.filter(**about, kind=kind, by=told_by, text=said).exists():
            at_event = _at_event(event, at=at, by=by)
            meeting = log_interaction(said, **about, kind=kind, at=at_event, by=told_by)
    first_line = words.split("\n")[0] if in_days or due_on else ""
    text = (clean_line(promise) or clean_line(first_line))[:LONGEST_PROMISE]
    if (in_days or due_on) and not text:
        raise ValidationError({"promise": _("Say what was promised, or leave out the day.")})
    made = None
    if text:
        days = in_days if in_days or due_on else USUAL_DAYS
        day = promised_day(due_on, days, owner=owner, person=person, at=at, by=by)
        same = FollowUp.objects.open().filter(**about, text=text, owner=owner, due_on=day)
        if not same.exists():
            made = open_follow_up(
                text,
                due_on=day,
                owner=owner,
                **about,
                assigned_to=met_by or by,
                at=at,
                by=by,
            )
    return Debriefed(meeting, made, before)


def _at_event(event: Event, *, at: datetime, by: User) -> datetime:
    """Noon of the event's last day, or now as long as it lasts."""
    noon = datetime.combine(event.ends_on, time(12), ZoneInfo(by.time_zone))
    return min(noon, at)


@transaction.atomic
def take_back_debrief(
    participation: Participation,
    *,
    meeting: int | None,
    promise: int | None,
    status: str,
    at: datetime,
    by: User,
) -> None:
    """Undo of one debriefing: the meeting and the promise it wrote go, and who came is as before.

    Raises ValidationError when the promise was kept or moved meanwhile; then nothing changes.
    """
    about = {"event": participation.event, "person": participation.person}
    made = FollowUp.objects.filter(**about, pk=promise).first() if promise else None
    if made is not None and (made.done_on or made.standing_moves):
        raise ValidationError(
            _("The promise was kept or moved meanwhile; change it on its own."), code="moved"
        )
    if made is not None:
        made.delete()
    if meeting:
        Interaction.objects.filter(**about, pk=meeting).delete()
    if status in Participation.Status.values and status != participation.status:
        participation.status = status
        participation.save(update_fields=["status"])
    record(participation, "take_back_debrief", at=at, by=by, fields=["status"])
