"""The numbers behind every travel estimate: each with its unit, its bounds and where it is from.

The values here are the reference. A site may replace single ones; `docs/travel.md` tells the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

MODES = ("stay", "drive", "rail", "fly", "other", "ferry")

OWN_CHOICE = "A cautious choice of this project; no public average holds for all of Europe"
EEA = (
    "EEA 2021, Rail and waterborne - best for low-carbon motorised transport (EU-27, 2018, "
    "well-to-wheel)"
)
ZHAW = "Sauter-Servaes, Krautscheid, Schober 2019, Open Transportation Journal 13"
UNIT_COSTS = "Fitted to the unit costs of Commission Decision C(2021)35 as amended by C(2023)4928"


@dataclass(frozen=True)
class Factor:
    """One number of the estimate: `mode` it belongs to, `unit`, bounds and `source` in words."""

    key: str
    mode: str
    value: float
    unit: str
    least: float
    most: float
    source: str


def _factor(value: float, unit: str, least: float, most: float, source: str) -> Any:
    return field(
        default=value, metadata={"unit": unit, "least": least, "most": most, "source": source}
    )


@dataclass(frozen=True)
class TravelFactors:
    """Factors of the estimate: speeds in km/h, detours as multiples of the great circle, waits in
    minutes, distances in km, costs in EUR, emissions in kg CO2 equivalent."""

    drive_detour: float = _factor(
        1.3,
        "×",
        1.0,
        3.0,
        "Wang, Bette, Schreckenberg, Guhr 2024, arXiv 2406.06490: roads are 1.3 times as long as "
        "the crow flies",
    )
    drive_speed: float = _factor(
        80.0,
        "km/h",
        20.0,
        150.0,
        "Below the 100-110 km/h of the core road network (Condeço-Melhorado, Christidis, Dijkstra "
        "2015), for other roads and breaks",
    )
    drive_speed_near: float = _factor(40.0, "km/h", 5.0, 100.0, OWN_CHOICE)
    drive_near_km: float = _factor(10.0, "km", 0.0, 100.0, OWN_CHOICE)
    drive_wait: float = _factor(5.0, "min", 0.0, 240.0, OWN_CHOICE)
    drive_cost: float = _factor(0.0, "EUR", 0.0, 500.0, OWN_CHOICE)
    drive_cost_km: float = _factor(
        0.30, "EUR/km", 0.0, 5.0, "German travel expenses act (BRKG), section 5 (2)"
    )
    drive_co2_km: float = _factor(
        0.23,
        "kg/km",
        0.0,
        2.0,
        f"{EEA}: 143 g per passenger at 1.6 people a car; a host drives alone",
    )
    drive_limit_km: float = _factor(900.0, "km", 0.0, 3000.0, OWN_CHOICE)

    rail_detour: float = _factor(1.25, "×", 1.0, 3.0, OWN_CHOICE)
    rail_speed: float = _factor(
        115.0,
        "km/h",
        20.0,
        350.0,
        "Brons, Dijkstra, Poelman 2023, European Commission: as the crow flies 60 to 150 km/h on "
        "two thirds of the routes between EU cities, here about 80 with the waits",
    )
    rail_wait: float = _factor(
        45.0,
        "min",
        0.0,
        240.0,
        f"{ZHAW}: 20 minutes at the station before, 12 after; the rest on the way to and from it",
    )
    rail_cost: float = _factor(0.0, "EUR", 0.0, 500.0, OWN_CHOICE)
    rail_cost_km: float = _factor(0.17, "EUR/km", 0.0, 5.0, OWN_CHOICE)
    rail_co2_km: float = _factor(0.033, "kg/km", 0.0, 1.0, EEA)
    rail_limit_km: float = _factor(1200.0, "km", 0.0, 5000.0, OWN_CHOICE)

    fly_access_speed: float = _factor(75.0, "km/h", 10.0, 150.0, OWN_CHOICE)
    fly_access_wait: float = _factor(45.0, "min", 0.0, 240.0, OWN_CHOICE)
    fly_reach_km: float = _factor(200.0, "km", 10.0, 500.0, OWN_CHOICE)
    fly_check_in: float = _factor(
        118.0, "min", 0.0, 300.0, f"{ZHAW}: 118 minutes at the airport before departure"
    )
    fly_out: float = _factor(39.0, "min", 0.0, 240.0, f"{ZHAW}: 39 minutes after landing")
    fly_taxi: float = _factor(15.0, "min", 0.0, 120.0, OWN_CHOICE)
    fly_speed: float = _factor(740.0, "km/h", 200.0, 1000.0, OWN_CHOICE)
    fly_change_wait: float = _factor(75.0, "min", 0.0, 480.0, OWN_CHOICE)
    fly_change_km: float = _factor(2000.0, "km", 200.0, 10000.0, OWN_CHOICE)
    fly_least_km: float = _factor(250.0, "km", 0.0, 1000.0, OWN_CHOICE)
    fly_cost: float = _factor(90.0, "EUR", 0.0, 2000.0, UNIT_COSTS)
    fly_cost_km: float = _factor(0.055, "EUR/km", 0.0, 5.0, UNIT_COSTS)
    fly_co2: float = _factor(0.0, "kg", 0.0, 500.0, f"{EEA}: the average per km holds take-off too")
    fly_co2_km: float = _factor(0.16, "kg/km", 0.0, 2.0, EEA)

    ferry_speed: float = _factor(35.0, "km/h", 5.0, 100.0, OWN_CHOICE)
    ferry_wait: float = _factor(75.0, "min", 0.0, 480.0, OWN_CHOICE)
    ferry_cost: float = _factor(30.0, "EUR", 0.0, 1000.0, OWN_CHOICE)
    ferry_cost_km: float = _factor(0.15, "EUR/km", 0.0, 5.0, OWN_CHOICE)
    ferry_co2_km: float = _factor(
        0.113,
        "kg/km",
        0.0,
        2.0,
        "UK Government GHG conversion factors 2020: average of all ferry passengers",
    )
    ferry_limit_km: float = _factor(300.0, "km", 0.0, 1000.0, OWN_CHOICE)


def reference_factors() -> tuple[Factor, ...]:
    """Every factor with its reference value, in the order of the model."""
    return tuple(
        Factor(
            row.name, row.name.partition("_")[0], getattr(TravelFactors, row.name), **row.metadata
        )
        for row in fields(TravelFactors)
    )


REFERENCE: dict[str, Factor] = {factor.key: factor for factor in reference_factors()}
