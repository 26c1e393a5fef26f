"""A person's posts: a new one keeps the old one on record, with its dates.

A correction of a misspelt role is an edit; only a move makes a former post.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.people import refuse_closed
from crm.domain.working_calendar import OFFICE_ZONE
from crm.models import Organisation, Person, Post, User
from crm.validators import clean_line, sensible_date

FIELDS = ("role", "department", "organisation")


def _cleaned(role: str, department: str, organisation: Organisation | None) -> dict[str, Any]:
    return {
        "role": clean_line(role),
        "department": clean_line(department),
        "organisation": organisation,
    }


def _refuse_to_come(field: str, day: date, *, at: datetime, by: User | None) -> None:
    """What is written down takes effect at once, so it must have begun, or ended, by today."""
    if day > at.astimezone(ZoneInfo(by.time_zone if by else OFFICE_ZONE)).date():
        words = _("This day is still to come. Write it down on that day; a follow-up reminds you.")
        raise ValidationError({field: words}, code="future")


@transaction.atomic
def change_post(
    person: Person,
    *,
    on: date,
    role: str = "",
    department: str = "",
    organisation: Organisation | None = None,
    at: datetime,
    by: User | None,
) -> Person:
    """From the day `on` the person is this; what they were until the day before stays on record.

    Raises ValidationError when nothing changes, the day is still to come, or it lies before the
    present post began.
    """
    refuse_closed(person)
    sensible_date(on)
    wanted = _cleaned(role, department, organisation)
    now = {name: getattr(person, name) for name in FIELDS}
    if wanted == now:
        raise ValidationError(_("This is the present post already."), code="same")
    _refuse_to_come("on", on, at=at, by=by)
    if person.post_since and on <= person.post_since:
        raise ValidationError(
            {"on": _("The present post began on that day or later; write down a former post.")},
            code="order",
        )
    if any(now.values()):
        Post.objects.create(
            person=person,
            **now,
            from_on=person.post_since,
            to_on=on - timedelta(days=1),
            is_sample=person.is_sample,
        )
    _be(person, wanted, since=on)
    record(person, "change_post", at=at, by=by, fields=[*FIELDS, "post_since"])
    return person


@transaction.atomic
def take_back_post(person: Person, *, at: datetime, by: User | None) -> Person:
    """Undo of the last `change_post`: the person is again what they were before it.

    Raises ValidationError when there is no former post that ended the day before this one began.
    """
    refuse_closed(person)
    before = person.post_since - timedelta(days=1) if person.post_since else None
    former = person.posts.filter(to_on=before).first() if before else None
    if former is None:
        raise ValidationError(_("There is no move to take back."), code="no_move")
    _be(person, {name: getattr(former, name) for name in FIELDS}, since=former.from_on)
    former.delete()
    record(person, "change_post", at=at, by=by, fields=[*FIELDS, "post_since"], why="taken back")
    return person


def _be(person: Person, values: Mapping[str, Any], *, since: date | None) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    person.post_since = since
    person.save()


@transaction.atomic
def add_post(
    person: Person,
    *,
    to_on: date,
    from_on: date | None = None,
    role: str = "",
    department: str = "",
    organisation: Organisation | None = None,
    at: datetime,
    by: User | None,
) -> Post:
    """A former post, written down later.

    Raises ValidationError when it says nothing, ends before it begins or later than today, or
    lasts into the present one.
    """
    refuse_closed(person)
    values = _cleaned(role, department, organisation)
    if not any(values.values()):
        raise ValidationError(_("Write a role, a department or an organisation."), code="empty")
    for day in filter(None, (from_on, to_on)):
        sensible_date(day)
    _refuse_to_come("to_on", to_on, at=at, by=by)
    if from_on and from_on > to_on:
        raise ValidationError({"to_on": _("The last day lies before the first.")}, code="order")
    if person.post_since and to_on >= person.post_since:
        raise ValidationError({"to_on": _("The present post had begun by then.")}, code="overlap")
    post = Post.objects.create(
        person=person, **values, from_on=from_on, to_on=to_on, is_sample=person.is_sample
    )
    record(person, "add_post", at=at, by=by, fields=[name for name in FIELDS if values[name]])
    return post


@transaction.atomic
def remove_post(post: Post, *, at: datetime, by: User | None) -> None:
    """Take a former post out that never was."""
    person = post.person
    post.delete()
    record(person, "remove_post", at=at, by=by, fields=FIELDS)
