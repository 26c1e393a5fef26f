"""What happens to an organisation's record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import Municipality, Organisation, User
from crm.search import search_key
from crm.validators import clean_line, clean_text, known_zone

EDITABLE = ("name", "type", "country", "initiatives", "website", "notes")
CITY_FIELDS = ("name", "region", "time_zone", "languages", "is_pilot", "embargo_until")


@transaction.atomic
def add_organisation(values: Mapping[str, Any], *, at: datetime, by: User | None) -> Organisation:
    """A new organisation from `values` (names in EDITABLE)."""
    values = _clean(values)
    initiatives = values.pop("initiatives", ())
    organisation = Organisation.objects.create(**values)
    organisation.initiatives.set(initiatives)
    record(organisation, "add_organisation", at=at, by=by, fields=values)
    return organisation


@transaction.atomic
def edit_organisation(
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Change fields of an organisation; its people are found under the new name at once.

    Raises ChangedMeanwhile when `seen` is given and no longer true.
    """
    changed = save_changes(
        organisation, _clean(values), seen=seen, at=at, by=by, verb="edit_organisation"
    )
    if "name" in changed:
        people = list(organisation.people.prefetch_related("contact_points"))
        for person in people:
            person.organisation = organisation
            addresses = [point.value for point in person.contact_points.all()]
            person.search_key = search_key(*person.search_parts_with(addresses))
        organisation.people.model.objects.bulk_update(people, ["search_key"], batch_size=500)
    return changed


def edit_municipality(
    municipality: Municipality,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Change what is known about a city, its embargo above all (names in CITY_FIELDS)."""
    cleaned = dict(values)
    if "time_zone" in cleaned:
        cleaned["time_zone"] = known_zone(cleaned["time_zone"])
    return save_changes(municipality, cleaned, seen=seen, at=at, by=by, verb="edit_municipality")


@transaction.atomic
def archive_organisation(
    organisation: Organisation, *, why: str = "", at: datetime, by: User | None
) -> Organisation:
    """Hide an organisation from lists and keep everything."""
    if not Organisation.objects.live().filter(pk=organisation.pk).update(archived_at=at):
        raise ValidationError(_("%(name)s is archived already."), params={"name": organisation})
    organisation.archived_at = at
    record(
        organisation,
        "archive_organisation",
        at=at,
        by=by,
        fields=["archived_at"],
        why=why,
    )
    return organisation


@transaction.atomic
def restore_organisation(
    organisation: Organisation, *, at: datetime, by: User | None
) -> Organisation:
    """Bring an archived organisation back to the lists."""
    archived = Organisation.objects.filter(pk=organisation.pk).exclude(archived_at=None)
    if not archived.update(archived_at=None):
        raise ValidationError(_("%(name)s is not archived."), params={"name": organisation})
    organisation.archived_at = None
    record(organisation, "restore_organisation", at=at, by=by, fields=["archived_at"])
    return organisation


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"These are no editable fields of an organisation: {sorted(unknown)}.")
    cleaned = dict(values)
    if "name" in cleaned:
        cleaned["name"] = clean_line(cleaned["name"])
        if not cleaned["name"]:
            raise ValidationError({"name": _("Give the organisation a name.")})
    if "notes" in cleaned:
        cleaned["notes"] = clean_text(cleaned["notes"]).strip()
    return cleaned
