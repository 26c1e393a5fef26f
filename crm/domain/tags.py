"""Tags: words of our own put on people and organisations, one or many at once, and taken off."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import Organisation, Person, Tag, User
from crm.search import search_key
from crm.validators import clean_line

LONGEST = 40
Tagged = Person | Organisation


def tag_named(name: str) -> Tag:
    """The tag of this name whatever its spelling, made when there is none.

    Raises ValidationError for a name that is empty or longer than 40 letters.
    """
    words = clean_line(name).lstrip("#").strip()
    if not words or len(words) > LONGEST or not search_key(words):
        raise ValidationError({"tag": _("Write a tag of up to 40 letters.")}, code="tag")
    return Tag.objects.get_or_create(key=search_key(words), defaults={"name": words})[0]


@transaction.atomic
def put_tag(rows: Iterable[Tagged], tag: Tag, *, at: datetime, by: User | None) -> list[Tagged]:
    """Put the tag on every row; those that did not have it before, for an undo."""
    fresh = [row for row in rows if tag.pk not in {each.pk for each in row.tags.all()}]
    for row in fresh:
        row.tags.add(tag)
        record(row, "put_tag", at=at, by=by, fields=["tags"])
    return fresh


@transaction.atomic
def take_tag(rows: Iterable[Tagged], tag: Tag, *, at: datetime, by: User | None) -> list[Tagged]:
    """Take the tag off every row; those that had it. A tag on nothing is forgotten."""
    tagged = [row for row in rows if tag.pk in {each.pk for each in row.tags.all()}]
    for row in tagged:
        row.tags.remove(tag)
        record(row, "take_tag", at=at, by=by, fields=["tags"])
    if not tag.people.exists() and not tag.organisations.exists():
        tag.delete()
    return tagged
