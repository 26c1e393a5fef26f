"""Known journeys: what people know better than the estimate, for a pair of places, both ways."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import Place, User
from visits.domain.booking import lock_resources
from visits.models import TravelOverride
from visits.planning.land import great_circle_km

EDITABLE = ("origin", "destination", "mode", "minutes", "cost", "co2_kg", "source")
FASTEST_KMH = 900.0


@transaction.atomic
def add_journey(values: Mapping[str, Any], *, at: datetime, by: User | None) -> TravelOverride:
    """A journey known from now on (names in EDITABLE); plans made before stay as they are."""
    _lock(values["origin"], values["destination"])
    check_journey(None, values)
    row = TravelOverride.objects.create(**values)
    record(row, "add_journey", at=at, by=by, fields=values)
    return row


@transaction.atomic
def edit_journey(
    row: TravelOverride,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Correct a known journey. Raises ChangedMeanwhile when `seen` is given and no longer true."""
    _lock(values["origin"], values["destination"])
    check_journey(row, values)
    return save_changes(row, values, seen=seen, at=at, by=by, verb="edit_journey")


@transaction.atomic
def remove_journey(row: TravelOverride, *, at: datetime, by: User | None) -> None:
    """Let the estimate hold again for this pair; the row is kept for an undo."""
    row.removed_at = at
    row.save(update_fields=["removed_at"])
    record(row, "remove_journey", at=at, by=by, fields=["removed_at"])


@transaction.atomic
def restore_journey(row: TravelOverride, *, at: datetime, by: User | None) -> None:
    """Undo of the removal. Refused when somebody entered this pair again meanwhile."""
    _lock(row.origin, row.destination)
    if known_journey(row.origin, row.destination) is not None:
        raise ValidationError(
            _("%(journey)s was entered again meanwhile; correct that one.") % {"journey": row},
            code="known",
        )
    row.removed_at = None
    row.save(update_fields=["removed_at"])
    record(row, "restore_journey", at=at, by=by, fields=["removed_at"])


def known_journey(one: Place, other: Place) -> TravelOverride | None:
    """What is known about the journey between two places, in either direction."""
    return TravelOverride.objects.in_use().of_pair(one, other).first()


def check_journey(row: TravelOverride | None, values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault, beside its field."""
    origin, destination = values["origin"], values["destination"]
    faults = {}
    if origin == destination:
        faults["destination"] = _("Choose another place than the first.")
    else:
        km = great_circle_km(
            origin.latitude, origin.longitude, destination.latitude, destination.longitude
        )
        if values["minutes"] * FASTEST_KMH < 60 * km:
            faults["minutes"] = _(
                "The places are %(km)d km apart; no way of travel takes %(time)s."
            ) % {"km": round(km), "time": wording.duration(values["minutes"])}
        known = known_journey(origin, destination)
        if known is not None and (row is None or known.pk != row.pk):
            faults["destination"] = _("This journey is known already; correct that one instead.")
    if faults:
        raise ValidationError(faults)


def _lock(one: Place, other: Place) -> None:
    first, second = sorted((one.pk, other.pk))
    lock_resources([f"journey:{first}-{second}"])
