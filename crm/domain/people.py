"""What happens to a person's record: added, edited, archived, restored; addresses come and go."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import ChangedMeanwhile, save_changes
from crm.domain.notice_clock import ORIGINS, THEMSELVES, start_clock
from crm.models import ContactPoint, Organisation, Person, Suppression, User
from crm.search import search_key
from crm.validators import address_key, clean_line, clean_text, mail_address

EDITABLE = (
    "given",
    "family",
    "script_variant",
    "role",
    "department",
    "organisation",
    "initiatives",
    "languages",
    "notes",
)
LINES = ("given", "family", "script_variant", "role", "department")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,58}")


@transaction.atomic
def add_person(
    values: Mapping[str, Any],
    *,
    address: str = "",
    phone: str = "",
    origin: str = THEMSELVES,
    source: str = "",
    basis: str = "",
    is_sample: bool = False,
    at: datetime,
    by: User | None,
) -> Person:
    """A new person from `values` (names in EDITABLE), with a mail address and phone if given.

    `origin` is one of `notice_clock.ORIGINS`: whose data did not come from themselves is to be
    told within a month from where they came, and on what basis they are kept.
    """
    values = _clean(values)
    initiatives = values.pop("initiatives", ())
    person = Person.objects.create(**values, is_sample=is_sample)
    person.initiatives.set(initiatives)
    start_clock(person, origin=origin, source=source, basis=basis, at=at)
    record(person, "add_person", at=at, by=by, fields=values, why=str(ORIGINS[origin]))
    for kind, value in (
        (ContactPoint.Kind.EMAIL, address),
        (ContactPoint.Kind.PHONE, phone),
    ):
        if value:
            add_contact_point(person, kind=kind, value=value, at=at, by=by)
    return person


def edit_person(
    person: Person,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Change fields of a person; the names of those that changed.

    Raises ChangedMeanwhile when `seen` is given and no longer true (see `crm.domain.edits`).
    """
    refuse_closed(person)
    return save_changes(person, _clean(values), seen=seen, at=at, by=by, verb="edit_person")


@transaction.atomic
def take_back_person_edit(
    person: Person, before: Mapping[str, Any], *, seen: str, at: datetime, by: User | None
) -> None:
    """Undo of `edit_person`: the fields of `before`, as `field_value` told them, are so again.

    Raises ValidationError when one of them was edited since, which `seen` tells: the `stamp` they
    had after the edit.
    """
    edited_since = ValidationError(
        _("%(name)s was edited since; nothing was taken back."),
        code="edited_since",
        params={"name": person.name},
    )
    values = dict(before)
    if key := values.get("organisation"):
        values["organisation"] = Organisation.objects.filter(pk=key).first()
        if values["organisation"] is None:
            raise edited_since
    try:
        edit_person(person, values, seen=seen, at=at, by=by)
    except ChangedMeanwhile as change:
        raise edited_since from change


def refuse_closed(person: Person) -> None:
    """Raise ValidationError when the record was erased or merged: then it changes no more."""
    row = Person.objects.select_related("merged_into").get(pk=person.pk)
    if row.erased_at:
        raise ValidationError(
            _("This person was erased; enter them anew when they come back."), code="erased"
        )
    if row.merged_into is not None:
        raise ValidationError(
            _("This record was merged into %(name)s; change that one."),
            code="merged",
            params={"name": row.merged_into.name},
        )


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fit to store: names on one line, a first name that is there, nothing that is not editable."""
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"These are no editable fields of a person: {sorted(unknown)}.")
    cleaned = dict(values)
    for name in LINES:
        if name in cleaned:
            cleaned[name] = clean_line(cleaned[name])
    if "notes" in cleaned:
        cleaned["notes"] = clean_text(cleaned["notes"]).strip()
    if "given" in cleaned and not cleaned["given"]:
        raise ValidationError({"given": _("Give at least one name.")})
    return cleaned


@transaction.atomic
def archive_person(person: Person, *, why: str = "", at: datetime, by: User | None) -> Person:
    """Hide a person from lists and keep everything; `restore_person` brings the record back."""
    if not Person.objects.live().filter(pk=person.pk).update(archived_at=at):
        raise ValidationError(
            _("%(name)s is not in the lists any more."),
            code="not_live",
            params={"name": person.name},
        )
    person.archived_at = at
    record(person, "archive_person", at=at, by=by, fields=["archived_at"], why=why)
    return person


@transaction.atomic
def restore_person(person: Person, *, at: datetime, by: User | None) -> Person:
    """Bring an archived person back to the lists; somebody erased or merged stays away."""
    archived = Person.objects.filter(pk=person.pk, merged_into=None, erased_at=None)
    if not archived.exclude(archived_at=None).update(archived_at=None):
        raise ValidationError(
            _("%(name)s is not archived."),
            code="not_archived",
            params={"name": person.name},
        )
    person.archived_at = None
    record(person, "restore_person", at=at, by=by, fields=["archived_at"])
    return person


@transaction.atomic
def add_contact_point(
    person: Person, *, kind: str, value: str, at: datetime, by: User | None
) -> ContactPoint:
    """One more address or phone; not verified yet, and suppressed when it must not be mailed."""
    refuse_closed(person)
    is_mail = kind == ContactPoint.Kind.EMAIL
    value = mail_address(value) if is_mail else phone_number(value)
    if person.contact_points.filter(kind=kind, match_key=address_key(value)).exists():
        raise ValidationError(
            _("%(name)s has %(value)s already."),
            code="known_address",
            params={"name": person.name, "value": value},
        )
    status = ContactPoint.Status.UNVERIFIED
    if is_mail and Suppression.objects.holds(value):
        status = ContactPoint.Status.SUPPRESSED
    point = ContactPoint.objects.create(
        person=person,
        kind=kind,
        value=value,
        status=status,
        is_preferred=not person.contact_points.filter(kind=kind, is_preferred=True).exists(),
        is_sample=person.is_sample,
    )
    _refresh(person)
    record(person, "add_contact_point", at=at, by=by, fields=[kind])
    return point


@transaction.atomic
def mark_contact_point(
    point: ContactPoint, status: str, *, why: str = "", at: datetime, by: User | None
) -> ContactPoint:
    """Say what we know about an address: verified, wrong, bounced; and why, in a few words.

    A suppressed address stays suppressed; only the person can take that back.
    """
    moved = ContactPoint.objects.filter(pk=point.pk).exclude(status=ContactPoint.Status.SUPPRESSED)
    if status not in ContactPoint.Status.values or not moved.update(
        status=status, status_why=clean_line(why)[:300], status_at=at
    ):
        raise ValidationError(
            _("This address must never be mailed; only its owner can take that back."),
            code="suppressed",
        )
    point.status, point.status_why, point.status_at = status, clean_line(why)[:300], at
    record(
        point.person,
        "mark_contact_point",
        at=at,
        by=by,
        fields=[point.kind],
        to_state=status,
    )
    return point


@transaction.atomic
def prefer_contact_point(point: ContactPoint, *, at: datetime, by: User | None) -> ContactPoint:
    """Write or call here first."""
    point.person.contact_points.filter(kind=point.kind).update(is_preferred=False)
    ContactPoint.objects.filter(pk=point.pk).update(is_preferred=True)
    point.is_preferred = True
    record(point.person, "prefer_contact_point", at=at, by=by, fields=[point.kind])
    return point


@transaction.atomic
def remove_contact_point(point: ContactPoint, *, at: datetime, by: User | None) -> None:
    """Take an address away from a person; a suppressed one stays, so that nobody adds it anew."""
    if point.status == ContactPoint.Status.SUPPRESSED:
        raise ValidationError(
            _("This address stays on record, so that nobody mails it by mistake."),
            code="suppressed",
        )
    person, kind = point.person, point.kind
    point.delete()
    _refresh(person)
    record(person, "remove_contact_point", at=at, by=by, fields=[kind])


def _refresh(person: Person) -> None:
    """Make the person findable by the addresses of this moment."""
    getattr(person, "_prefetched_objects_cache", {}).pop("contact_points", None)
    person.save(update_fields=["updated_at"])


def phone_number(value: str) -> str:
    """A phone number as typed, on one line; raises ValidationError when it is none."""
    number = clean_line(value)
    if not PHONE.fullmatch(number):
        raise ValidationError(
            _("“%(value)s” is not a phone number; write it like +47 22 00 00 00."),
            code="phone",
            params={"value": number[:60]},
        )
    return number


def organisation_of(name: str) -> Organisation | None:
    """The one live organisation of exactly this name, whatever its spelling."""
    found = [
        each
        for each in Organisation.objects.live().search(name)[:20]
        if search_key(each.name) == search_key(name)
    ]
    return found[0] if len(found) == 1 else None
