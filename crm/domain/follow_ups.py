"""Promises: opened with a day, kept, taken up again, moved to another day or person."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import Event, FollowUp, Organisation, Person, User
from crm.validators import clean_line, sensible_date


@transaction.atomic
def open_follow_up(
    text: str,
    *,
    due_on: date,
    at: datetime,
    by: User | None,
    person: Person | None = None,
    organisation: Organisation | None = None,
    event: Event | None = None,
    owner: str = FollowUp.Owner.OURS,
    assigned_to: User | None = None,
) -> FollowUp:
    """Write down what was promised, by when and who keeps it.

    Raises ValidationError when nothing was promised or the day cannot be planned for.
    """
    words = clean_line(text)
    if not words:
        raise ValidationError({"text": _("Say in a few words what was promised.")})
    follow_up = FollowUp.objects.create(
        text=words,
        owner=owner,
        assigned_to=assigned_to,
        person=person,
        organisation=organisation or (person.organisation if person else None),
        event=event,
        due_on=sensible_date(due_on),
        created_at=at,
    )
    record(follow_up, "open_follow_up", at=at, by=by, fields=["text", "due_on"])
    return follow_up


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
    """Move an open promise to another day; what was due before stays in the audit's count."""
    day = sensible_date(due_on)
    if not FollowUp.objects.open().filter(pk=follow_up.pk).update(due_on=day):
        raise ValidationError(_("This promise was kept already."), code="done")
    follow_up.due_on = day
    record(follow_up, "reschedule_follow_up", at=at, by=by, fields=["due_on"])
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
