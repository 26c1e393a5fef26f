"""The same change for many people: what it would do to each, the deed, and all of it back.

Only what can be taken back by keys of rows is changed in bulk, so that an undo holds no words
about anybody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.people import edit_person
from crm.models import Initiative, Organisation, Person, User

FIELDS = {
    "organisation": _("Organisation"),
    "initiatives": _("Add an initiative"),
    "languages": _("Add a language"),
}


@dataclass(frozen=True)
class Change:
    """One person's value before and after; `is_new` when they differ."""

    person: Person
    before: str
    after: str
    is_new: bool


def plan_edit(people: Iterable[Person], name: str, value: Any) -> list[Change]:
    """What setting or adding the value would do to each; raises ValidationError without one."""
    if name not in FIELDS:
        raise ValidationError(_("Choose what to change."), code="field")
    if not value:
        raise ValidationError(_("Choose the new value."), code="value")
    return [_change(person, name, value) for person in people]


def _change(person: Person, name: str, value: Any) -> Change:
    if name == "organisation":
        before = person.organisation.name if person.organisation else ""
        return Change(person, before, value.name, person.organisation_id != value.pk)
    had = [str(each) for each in _values(person, name)]
    is_new = str(value) not in had
    after = [*had, str(value)] if is_new else had
    return Change(person, ", ".join(had), ", ".join(after), is_new)


def _values(person: Person, name: str) -> list[Any]:
    return list(person.initiatives.all()) if name == "initiatives" else list(person.languages)


@transaction.atomic
def edit_people(
    people: Iterable[Person],
    name: str,
    value: Organisation | Initiative | str,
    *,
    at: datetime,
    by: User,
) -> dict[int, int]:
    """Set the organisation of all, or add the initiative or language to all.

    Those it changed, each with the key of the organisation before (0 without one).
    """
    was: dict[int, int] = {}
    for change in plan_edit(people, name, value):
        if not change.is_new:
            continue
        person = change.person
        was[person.pk] = person.organisation_id or 0
        new = value if name == "organisation" else [*_values(person, name), value]
        edit_person(person, {name: new}, at=at, by=by)
    return was


@transaction.atomic
def take_back_edit(
    people: Iterable[Person],
    name: str,
    value: Any,
    was: Mapping[int, int],
    *,
    at: datetime,
    by: User,
) -> int:
    """Undo of `edit_people` for those in `was` that still have the value; how many."""
    known = Organisation.objects.in_bulk(set(was.values()))
    changed = 0
    for person in people:
        if person.pk not in was or plan_edit([person], name, value)[0].is_new:
            continue
        if name == "organisation":
            old: Any = known.get(was[person.pk])
        else:
            old = [each for each in _values(person, name) if str(each) != str(value)]
        edit_person(person, {name: old}, at=at, by=by)
        changed += 1
    return changed
