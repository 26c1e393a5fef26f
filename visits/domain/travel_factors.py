"""The factors of the travel estimate as this site has them: the reference, with its own changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain.audit import record
from crm.domain.edits import ChangedMeanwhile, save_changes, stamp
from crm.models import AuditEntry, User
from visits.models import TravelFactor
from visits.planning.factors import REFERENCE, Factor, TravelFactors

EDITABLE = ("value", "source")

NAMES: dict[str, Promise] = {
    "drive_detour": gettext_lazy("Road as a multiple of the straight line"),
    "drive_speed": gettext_lazy("Speed on the way"),
    "drive_speed_near": gettext_lazy("Speed near the ends"),
    "drive_near_km": gettext_lazy("Stretch driven at that speed"),
    "drive_wait": gettext_lazy("Fixed time of a drive"),
    "drive_cost": gettext_lazy("Fixed cost of a drive"),
    "drive_cost_km": gettext_lazy("Cost of driving"),
    "drive_co2_km": gettext_lazy("CO2 of driving"),
    "drive_limit_km": gettext_lazy("Longest drive"),
    "rail_detour": gettext_lazy("Track as a multiple of the straight line"),
    "rail_speed": gettext_lazy("Speed with stops and changes"),
    "rail_wait": gettext_lazy("Fixed time: to the station, waiting, from it"),
    "rail_cost": gettext_lazy("Fixed cost of a train journey"),
    "rail_cost_km": gettext_lazy("Cost of rail"),
    "rail_co2_km": gettext_lazy("CO2 of rail"),
    "rail_limit_km": gettext_lazy("Longest train journey"),
    "fly_access_speed": gettext_lazy("Speed to and from the airport"),
    "fly_access_wait": gettext_lazy("Way to an airport that is not known"),
    "fly_reach_km": gettext_lazy("How far an airport may be"),
    "fly_check_in": gettext_lazy("At the airport before departure"),
    "fly_out": gettext_lazy("At the airport after landing"),
    "fly_taxi": gettext_lazy("Taxiing, climb and approach"),
    "fly_speed": gettext_lazy("Speed in the air"),
    "fly_change_wait": gettext_lazy("Time of a change of planes"),
    "fly_change_km": gettext_lazy("Flights longer than this have a change"),
    "fly_least_km": gettext_lazy("Shortest flight, where there is another way"),
    "fly_cost": gettext_lazy("Fixed cost of a flight"),
    "fly_cost_km": gettext_lazy("Cost of flying"),
    "fly_co2": gettext_lazy("Fixed CO2 of a flight"),
    "fly_co2_km": gettext_lazy("CO2 of flying"),
    "ferry_speed": gettext_lazy("Speed of a ferry"),
    "ferry_wait": gettext_lazy("Fixed time: on and off the ferry"),
    "ferry_cost": gettext_lazy("Fixed cost of a ferry"),
    "ferry_cost_km": gettext_lazy("Cost of a ferry"),
    "ferry_co2_km": gettext_lazy("CO2 of a ferry"),
    "ferry_limit_km": gettext_lazy("Longest ferry, where there is another way"),
}


@dataclass(frozen=True)
class FactorInForce:
    """A factor as it holds here; `row` is this site's change of it, None for the reference."""

    reference: Factor
    row: TravelFactor | None

    @property
    def key(self) -> str:
        return self.reference.key

    @property
    def name(self) -> str:
        return str(NAMES[self.key])

    @property
    def value(self) -> float:
        return self.row.value if self.row else self.reference.value

    @property
    def source(self) -> str:
        return self.row.source if self.row else self.reference.source


def factors_in_force() -> list[FactorInForce]:
    """Every factor in the order of the model, with who changed it."""
    rows = {row.key: row for row in TravelFactor.objects.select_related("changed_by")}
    return [FactorInForce(factor, rows.get(key)) for key, factor in REFERENCE.items()]


def changed_factors() -> dict[str, float]:
    """The factors, with their values, in which this site differs from the reference."""
    rows = TravelFactor.objects.filter(key__in=REFERENCE).values_list("key", "value")
    return {key: value for key, value in rows if value != REFERENCE[key].value}


def factor_words(key: str, value: float) -> str:
    """A changed factor with its value and the reference's: "CO2 of rail 0.02 kg/km (…)"."""
    reference = REFERENCE[key]
    return _("%(name)s %(value)g %(unit)s (reference %(reference)g)") % {
        "name": NAMES[key],
        "value": value,
        "unit": reference.unit,
        "reference": reference.value,
    }


def factors_with(changed: Mapping[str, float]) -> TravelFactors:
    """The reference with these values instead of its own."""
    return TravelFactors(**changed)


def factor_row(key: str) -> TravelFactor:
    """This site's row of a factor; an unsaved one with the reference's value when it has none."""
    factor = REFERENCE[key]
    row = TravelFactor.objects.filter(key=key).first()
    return row or TravelFactor(key=key, value=factor.value, source=factor.source)


@transaction.atomic
def change_factor(
    key: str, values: Mapping[str, Any], *, seen: str | None = None, at: datetime, by: User | None
) -> list[str]:
    """Let a factor have another value (names in EDITABLE) in all plans from now on.

    Raises ValidationError when the value is out of bounds or no source is told, and
    ChangedMeanwhile when `seen` is given and no longer true.
    """
    check_factor(key, values)
    row = TravelFactor.objects.select_for_update().filter(key=key).first()
    if row is not None:
        changed = save_changes(row, values, seen=seen, at=at, by=by, verb="change_factor")
        if changed:
            TravelFactor.objects.filter(key=key).update(changed_at=at, changed_by=by)
        return changed
    reference = factor_row(key)
    if seen is not None and stamp(reference, EDITABLE) != seen:
        raise ChangedMeanwhile(reference, AuditEntry.objects.about(reference).first())
    changed = [name for name in EDITABLE if getattr(reference, name) != values[name]]
    if changed:
        row = TravelFactor.objects.create(key=key, changed_at=at, changed_by=by, **values)
        record(row, "change_factor", at=at, by=by, fields=changed)
    return changed


@transaction.atomic
def reset_factor(key: str, *, at: datetime, by: User | None) -> bool:
    """Give a factor the value of the reference again; whether it had another."""
    row = TravelFactor.objects.filter(key=key).first()
    if row is None:
        return False
    record(row, "reset_factor", at=at, by=by, fields=["value", "source"])
    row.delete()
    return True


def check_factor(key: str, values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault, beside its field."""
    factor, faults = REFERENCE[key], {}
    if not factor.least <= values["value"] <= factor.most:
        faults["value"] = _("Between %(least)g and %(most)g %(unit)s.") % {
            "least": factor.least,
            "most": factor.most,
            "unit": factor.unit,
        }
    if values["value"] != factor.value and values["source"] in ("", factor.source):
        faults["source"] = _("Say where this value comes from.")
    if faults:
        raise ValidationError(faults)
