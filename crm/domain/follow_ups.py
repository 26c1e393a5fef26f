"""Promises: opened with a day, kept, taken up again, moved to another day or person."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.working_calendar import MOST_DAYS, OFFICE_ZONE, due_in
from crm.models import Event, FollowUp, FollowUpMove, Organisation, Person, User
from crm.validators import clean_line, sensible_date

How = FollowUpMove.How
WORKING_DAYS = {How.DAY: 1, How.WORKING_DAYS: 3}


@transaction.atomic
def open_follow_up(
    text: str,
    *,
    due_on: date | None = None,
    in_days: int | None = None,
    at: datetime,
    by: User | None,
    person: Person | None = None,
    organisation: Organisation | None = None,
    event: Event | None = None,
    owner: str = FollowUp.Owner.OURS,
    assigned_to: User | None = None,
) -> FollowUp:
    """Write down what was promised, by when and who keeps it.

    Due on a day, or in so many working days of who keeps it: without holidays of our office for
    what we promised, of theirs for what they did. Raises ValidationError when nothing was promised
    or the day cannot be planned for.
    """
    words = clean_line(text)
    if not words:
        raise ValidationError({"text": _("Say in a few words what was promised.")})
    keeper: dict[str, Any] = {"owner": owner, "person": person, "organisation": organisation}
    day = promised_day(due_on, in_days, **keeper, at=at, by=by)
    follow_up = FollowUp.objects.create(
        text=words,
        owner=owner,
        assigned_to=assigned_to,
        person=person,
        organisation=organisation or (person.organisation if person else None),
        event=event,
        due_on=day,
        created_at=at,
    )
    record(follow_up, "open_follow_up", at=at, by=by, fields=["text", "due_on"])
    return follow_up


def promised_day(
    due_on: date | None,
    in_days: int | None,
    *,
    owner: str = FollowUp.Owner.OURS,
    person: Person | None = None,
    organisation: Organisation | None = None,
    at: datetime,
    by: User | None,
) -> date:
    """The day itself, else so many working days from now in the calendar of who keeps the promise.

    Raises ValidationError when neither is given or the day cannot be planned for.
    """
    if due_on is not None:
        return sensible_date(due_on)
    if in_days is None:
        raise ValidationError({"due_on": _("Say by when: a day, or in how many working days.")})
    keeper: dict[str, Any] = {"owner": owner, "person": person, "organisation": organisation}
    return sensible_date(due_in(_few(in_days), **keeper, at=at, by=by))


def _few(count: int | None) -> int:
    if count is None or not 1 <= count <= MOST_DAYS:
        raise ValidationError(
            {
                "in_days": _("Write a number of working days from 1 to %(most)d.")
                % {"most": MOST_DAYS}
            }
        )
    return count


@transaction.atomic
def complete_follow_up(follow_up: FollowUp, *, on: date, at: datetime, by: User | None) -> FollowUp:
    """The promise is kept on the day `on`; refused when it was kept already."""
    done = FollowUp.objects.open().filter(pk=follow_up.pk)
    if not done.update(done_on=on, done_by=by):
        follow_up.refresh_from_db()
        raise ValidationError(_("This promise was kept already."), code="done")
    follow_up.done_on, follow_up.done_by = on, by
    record(follow_up, "complete_follow_up", at=at, by=by, fields=["done_on"])
    return follow_up


@transaction.atomic
def reopen_follow_up(follow_up: FollowUp, *, at: datetime, by: User | None) -> FollowUp:
    """Take back that the promise was kept; its due day stays."""
    kept = FollowUp.objects.filter(pk=follow_up.pk).exclude(done_on=None)
    if not kept.update(done_on=None, done_by=None):
        raise ValidationError(_("This promise is open."), code="open")
    follow_up.done_on = follow_up.done_by = None
    record(follow_up, "reopen_follow_up", at=at, by=by, fields=["done_on"])
    return follow_up


@transaction.atomic
def reschedule_follow_up(
    follow_up: FollowUp, *, due_on: date, at: datetime, by: User | None
) -> FollowUp:
    """Move an open promise to another day; the day before stays in its history."""
    return _move(follow_up, due_on, How.DATE, "reschedule_follow_up", at=at, by=by)


@transaction.atomic
def snooze_follow_up(
    follow_up: FollowUp, how: str, *, due_on: date | None = None, at: datetime, by: User | None
) -> FollowUp:
    """Put an open promise off: by one or three working days of who keeps it, to Monday of next
    week, or to the day `due_on`; each time stays in its history.

    Raises ValidationError for another way, and without a day where one is needed.
    """
    day = snoozed_to(follow_up, how, due_on=due_on, at=at, by=by)
    return _move(follow_up, day, how, "snooze_follow_up", at=at, by=by)


def snoozed_to(
    follow_up: FollowUp, how: str, *, due_on: date | None = None, at: datetime, by: User | None
) -> date:
    """The day `snooze_follow_up` would put it off to."""
    zone = by.time_zone if by else OFFICE_ZONE
    today = at.astimezone(ZoneInfo(zone)).date()
    if how == How.WEEK:
        return today + timedelta(days=7 - today.weekday())
    if how in WORKING_DAYS:
        return due_in(
            WORKING_DAYS[How(how)],
            owner=follow_up.owner,
            person=follow_up.person,
            organisation=follow_up.organisation,
            at=at,
            by=by,
        )
    if how != How.DATE:
        raise ValidationError(_("Choose until when to put it off."), code="how")
    if due_on is None or due_on <= today:
        raise ValidationError({"due_on": _("Choose a day after today.")}, code="due_on")
    return due_on


@transaction.atomic
def take_back_move(follow_up: FollowUp, *, at: datetime, by: User | None) -> FollowUp:
    """Undo of the last time it was moved; refused when it was never moved, or is kept."""
    last = next(iter(follow_up.standing_moves), None)
    if last is None or last.to_day != follow_up.due_on:
        raise ValidationError(_("There is no move to take back."), code="no_move")
    return _move(follow_up, last.from_day, How.BACK, "reschedule_follow_up", at=at, by=by)


def _move(
    follow_up: FollowUp, due_on: date, how: str, verb: str, *, at: datetime, by: User | None
) -> FollowUp:
    day = sensible_date(due_on)
    before = follow_up.due_on
    if not FollowUp.objects.open().filter(pk=follow_up.pk).update(due_on=day):
        raise ValidationError(_("This promise was kept already."), code="done")
    follow_up.due_on = day
    if day != before:
        FollowUpMove.objects.create(
            follow_up=follow_up, from_day=before, to_day=day, how=how, at=at, by=by
        )
    record(follow_up, verb, at=at, by=by, fields=["due_on"])
    return follow_up


@transaction.atomic
def assign_follow_up(
    follow_up: FollowUp, *, to: User | None, at: datetime, by: User | None
) -> FollowUp:
    """Give an open promise to somebody of us, or to nobody."""
    if not FollowUp.objects.open().filter(pk=follow_up.pk).update(assigned_to=to):
        raise ValidationError(_("This promise was kept already."), code="done")
    follow_up.assigned_to = to
    record(follow_up, "assign_follow_up", at=at, by=by, fields=["assigned_to"])
    return follow_up
