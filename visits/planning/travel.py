"""Travel between places: an estimate of each journey, and the table the planner reads.

An estimate is the quickest of three simple models along the great circle. It knows no ferries, no
islands and no last trains, so each of its journeys says that it is an estimate and may be replaced.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

MODES = ("stay", "drive", "rail", "fly", "other")
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Airport:
    """An airport that may be flown from: its code and coordinates in degrees."""

    code: str
    lat: float
    lon: float


@dataclass(frozen=True)
class TravelFactors:
    """Numbers of the estimate. Speeds in km/h, detours as multiples of the great circle, waits in
    minutes, costs in EUR, emissions in kg CO2 per km."""

    drive_detour: float = 1.3
    drive_speed: float = 80.0
    drive_speed_near: float = 40.0
    drive_near_km: float = 10.0
    drive_wait: float = 5.0
    drive_cost_km: float = 0.30
    drive_co2_km: float = 0.12
    drive_limit_km: float = 900.0
    rail_detour: float = 1.25
    rail_speed: float = 115.0
    rail_wait: float = 45.0
    rail_cost_km: float = 0.17
    rail_co2_km: float = 0.034
    rail_limit_km: float = 1200.0
    fly_speed: float = 740.0
    fly_wait: float = 155.0
    fly_change_km: float = 2000.0
    fly_change_wait: float = 45.0
    fly_cost: float = 90.0
    fly_cost_km: float = 0.08
    fly_co2_km: float = 0.16
    fly_co2: float = 20.0
    fly_least_km: float = 250.0
    airport_reach_km: float = 200.0
    airport_access_speed: float = 75.0
    airports_tried: int = 3
    default_access: float = 45.0
    round_to: int = 5


@dataclass(frozen=True)
class Estimate:
    """One estimated journey: whole minutes door to door, mode, km on the way, EUR, kg CO2."""

    minutes: int
    mode: str
    km: float
    cost: float
    co2: float
    is_estimate: bool = True


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Distance in km between two coordinates given in degrees."""
    a, b = math.radians(lat1), math.radians(lat2)
    h = math.sin((b - a) / 2) ** 2
    h += math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def estimate_travel(
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    airports: Sequence[Airport] = (),
    factors: TravelFactors | None = None,
) -> Estimate:
    """The quickest of driving, rail and flying between two (lat, lon) pairs in degrees.

    Without airports the way to and from one is taken to be `default_access` minutes.
    """
    return min(travel_options(start, end, airports=airports, factors=factors), key=_slowness)


def travel_options(
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    airports: Sequence[Airport] = (),
    factors: TravelFactors | None = None,
) -> list[Estimate]:
    """One estimate for each way to travel that makes sense between two (lat, lon) pairs."""
    factors = factors or TravelFactors()
    for lat, lon in (start, end):
        if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
            raise ValueError("a place needs a latitude and a longitude in degrees")
    km = great_circle_km(*start, *end)
    if km < 0.5:
        return [Estimate(0, "stay", 0.0, 0.0, 0.0)]
    options = [_drive(km, factors), _rail(km, factors), _fly(start, end, km, airports, factors)]
    return [option for option in options if option is not None]


def quickest(
    options: Iterable[Estimate], *, without: frozenset[str] = frozenset()
) -> Estimate | None:
    """The quickest journey by none of these modes; None when there is none."""
    left = [option for option in options if option.mode not in without]
    return min(left, key=_slowness, default=None)


def _slowness(option: Estimate) -> tuple[float, float, float]:
    return (option.minutes, option.cost, option.co2)


def _rounded(minutes: float, factors: TravelFactors) -> int:
    step = max(1, factors.round_to)
    return int(math.ceil(minutes / step - 1e-9)) * step


def _drive_minutes(km: float, factors: TravelFactors) -> float:
    near = min(km, factors.drive_near_km)
    return 60 * (near / factors.drive_speed_near + (km - near) / factors.drive_speed)


def _drive(km: float, factors: TravelFactors) -> Estimate | None:
    road = km * factors.drive_detour
    if road > factors.drive_limit_km:
        return None
    minutes = factors.drive_wait + _drive_minutes(road, factors)
    return Estimate(
        _rounded(minutes, factors),
        "drive",
        round(road, 1),
        round(road * factors.drive_cost_km, 2),
        round(road * factors.drive_co2_km, 1),
    )


def _rail(km: float, factors: TravelFactors) -> Estimate | None:
    track = km * factors.rail_detour
    if track > factors.rail_limit_km:
        return None
    minutes = factors.rail_wait + 60 * track / factors.rail_speed
    return Estimate(
        _rounded(minutes, factors),
        "rail",
        round(track, 1),
        round(track * factors.rail_cost_km, 2),
        round(track * factors.rail_co2_km, 1),
    )


def _fly(
    start: tuple[float, float],
    end: tuple[float, float],
    km: float,
    airports: Sequence[Airport],
    factors: TravelFactors,
) -> Estimate | None:
    leaving = _access(start, airports, factors)
    landing = _access(end, airports, factors)
    best: tuple[float, float] | None = None
    for code1, minutes1, where1 in leaving:
        for code2, minutes2, where2 in landing:
            air = km if where1 is None or where2 is None else great_circle_km(*where1, *where2)
            if code1 is not None and code1 == code2:
                continue
            minutes = minutes1 + minutes2 + factors.fly_wait + 60 * air / factors.fly_speed
            if air > factors.fly_change_km:
                minutes += factors.fly_change_wait
            if best is None or (minutes, air) < best:
                best = (minutes, air)
    if best is None:
        return None
    minutes, air = best
    if air < factors.fly_least_km and km < factors.fly_least_km:
        return (
            None
            if km * factors.drive_detour <= factors.drive_limit_km
            else Estimate(
                _rounded(minutes, factors), "fly", round(air, 1), factors.fly_cost, factors.fly_co2
            )
        )
    return Estimate(
        _rounded(minutes, factors),
        "fly",
        round(air, 1),
        round(factors.fly_cost + air * factors.fly_cost_km, 2),
        round(factors.fly_co2 + air * factors.fly_co2_km, 1),
    )


def _access(
    place: tuple[float, float], airports: Sequence[Airport], factors: TravelFactors
) -> list[tuple[str | None, float, tuple[float, float] | None]]:
    """Airports near a place as (code, minutes there by road, coordinates), nearest first."""
    if not airports:
        return [(None, factors.default_access, None)]
    near = sorted(
        (great_circle_km(*place, airport.lat, airport.lon), airport.code, airport)
        for airport in airports
    )[: factors.airports_tried]
    kept = [row for row in near if row[0] <= factors.airport_reach_km] or near[:1]
    return [
        (
            code,
            60 * km * factors.drive_detour / factors.airport_access_speed,
            (airport.lat, airport.lon),
        )
        for km, code, airport in kept
    ]


@dataclass(frozen=True, eq=False)
class TravelTable:
    """Journeys between places, as square arrays in the order of `places` (place refs).

    `minutes` door to door (whole minutes; < 0 means that there is no journey), `cost` EUR, `co2`
    kg, `km`, `mode` index into MODES, `splittable` whether a night may interrupt it (drives only),
    `estimated` whether it is an estimate.
    """

    places: tuple[str, ...]
    minutes: np.ndarray
    cost: np.ndarray
    co2: np.ndarray
    km: np.ndarray
    mode: np.ndarray
    splittable: np.ndarray
    estimated: np.ndarray
    index: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {ref: i for i, ref in enumerate(self.places)})

    @classmethod
    def from_matrix(
        cls,
        places: Sequence[str],
        minutes: Sequence[Sequence[int]],
        *,
        co2: Sequence[Sequence[float]] | None = None,
        mode: str = "other",
    ) -> TravelTable:
        """A table of unsplittable journeys of one mode, from a square matrix of minutes."""
        square = np.asarray(minutes, dtype=np.int64)
        nothing = np.zeros(square.shape)
        return cls(
            tuple(places),
            square,
            nothing,
            nothing if co2 is None else np.asarray(co2, dtype=float),
            nothing,
            np.full(square.shape, MODES.index(mode), dtype=np.int8),
            np.zeros(square.shape, dtype=bool),
            np.zeros(square.shape, dtype=bool),
        )

    @classmethod
    def from_journeys(
        cls, places: Sequence[str], journeys: Iterable[tuple[str, str, Estimate]]
    ) -> TravelTable:
        """A table from single journeys (from, to, journey); pairs left out have no journey."""
        count = len(places)
        index = {ref: i for i, ref in enumerate(places)}
        minutes = np.full((count, count), -1, dtype=np.int64)
        np.fill_diagonal(minutes, 0)
        cost, co2, km = (np.zeros((count, count)) for _ in range(3))
        mode = np.zeros((count, count), dtype=np.int8)
        split, guess = (np.zeros((count, count), dtype=bool) for _ in range(2))
        for start, end, journey in journeys:
            i, j = index[start], index[end]
            minutes[i, j], cost[i, j], co2[i, j] = journey.minutes, journey.cost, journey.co2
            km[i, j], mode[i, j] = journey.km, MODES.index(journey.mode)
            split[i, j], guess[i, j] = journey.mode == "drive", journey.is_estimate
        return cls(tuple(places), minutes, cost, co2, km, mode, split, guess)


def estimated_table(
    places: Sequence[tuple[str, float, float]],
    *,
    airports: Sequence[Airport] = (),
    factors: TravelFactors | None = None,
    without: frozenset[str] = frozenset(),
) -> TravelTable:
    """A table of estimates between all places, given as (ref, lat, lon); the same both ways.

    `without` leaves out modes; where none remains there is no journey.
    """
    factors = factors or TravelFactors()
    journeys = []
    for i, (start, lat1, lon1) in enumerate(places):
        for end, lat2, lon2 in places[i + 1 :]:
            options = travel_options((lat1, lon1), (lat2, lon2), airports=airports, factors=factors)
            if journey := quickest(options, without=without):
                journeys += [(start, end, journey), (end, start, journey)]
    return TravelTable.from_journeys([row[0] for row in places], journeys)
