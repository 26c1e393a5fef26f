"""Travel between places: an estimate of each journey, and the table the planner reads.

An estimate is the quickest of driving, rail, flying and, over water, a ferry. It knows no timetable
and no last train, so each of its journeys says that it is an estimate and may be replaced: by a
road time from a `TravelSource`, or by what a person knows. `docs/travel.md` tells the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from visits.late import np

from .factors import MODES, TravelFactors
from .land import OFF_THE_MAP, Coordinates, LandMap, Way, great_circle_km

SAME_PLACE_KM = 0.5
OFF_THE_MAP_KM = 60.0
# A road this many times as long as the straight line leads round a sea that a ferry may cross.
LONG_WAY_ROUND = 2.0
AIRPORTS_TRIED = 3
ROUND_TO = 5


@dataclass(frozen=True)
class Airport:
    """An airport that may be flown from: its code and coordinates in degrees."""

    code: str
    lat: float
    lon: float


@dataclass(frozen=True)
class RoadTime:
    """A drive as a road source knows it: minutes and km from door to door."""

    minutes: float
    km: float


class SourceFailed(Exception):
    """A road source gave no usable answer; the text says why, in words for an operator."""


class TravelSource(Protocol):
    """Where times of driving come from, many at once."""

    def drives(
        self, starts: Sequence[Coordinates], ends: Sequence[Coordinates], *, seconds: float
    ) -> list[list[RoadTime | None]]:
        """A row for each start with a cell for each end; None where no road leads.

        Raises SourceFailed when there is no usable answer within `seconds`.
        """
        ...


@dataclass(frozen=True)
class Estimate:
    """One journey: whole minutes door to door, mode, km on the way, EUR, kg CO2 equivalent.

    `is_estimate` is False when its minutes come from a road source or from a person.
    """

    minutes: int
    mode: str
    km: float
    cost: float
    co2: float
    is_estimate: bool = True


class Estimator:
    """Estimates of journeys with one set of factors, airports and land map.

    Without airports the way to and from one takes `fly_access_wait` minutes; without a land map a
    road leads everywhere.
    """

    def __init__(
        self,
        *,
        factors: TravelFactors | None = None,
        airports: Sequence[Airport] = (),
        land: LandMap | None = None,
    ) -> None:
        self.factors = factors or TravelFactors()
        self._airports, self._land = tuple(airports), land
        self._access = lru_cache(maxsize=4096)(self._access_of)
        self._air = lru_cache(maxsize=100_000)(_air_km)

    def journey(
        self, start: Coordinates, end: Coordinates, *, roads: Sequence[RoadTime | None] = ()
    ) -> Estimate:
        """The quickest journey between two (lat, lon) pairs in degrees.

        `roads` holds the answer of a road source, if it gave one: None when no road leads there.
        """
        return min(self.options(start, end, roads=roads).values(), key=_slowness)

    def detour(
        self,
        start: Coordinates,
        end: Coordinates,
        *,
        without: frozenset[str],
        roads: Sequence[RoadTime | None] = (),
    ) -> Estimate | None:
        """The quickest journey by none of these modes; None when there is none."""
        return quickest(self.options(start, end, roads=roads), without)

    def options(
        self, start: Coordinates, end: Coordinates, *, roads: Sequence[RoadTime | None] = ()
    ) -> dict[str, Estimate]:
        """Every way of getting there, by mode; never empty."""
        for lat, lon in (start, end):
            if not (abs(lat) <= 90 and abs(lon) <= 180):
                raise ValueError("a place needs a latitude and a longitude in degrees")
        km = great_circle_km(*start, *end)
        if km < SAME_PLACE_KM:
            return {"stay": Estimate(0, "stay", 0.0, 0.0, 0.0)}
        way = self._way(start, end, km)
        found = [
            self._known_drive(roads[0]) if roads else self._drive(way),
            self._rail(way),
        ]
        found.append(self._fly(start, end, km, is_needed=not any(found)))
        if way is None or way.km > LONG_WAY_ROUND * km:
            found.append(self._ferry(start, end, km, is_needed=not any(found)))
        return {option.mode: option for option in found if option is not None}

    def _way(self, start: Coordinates, end: Coordinates, km: float) -> Way | None:
        """The way over land, or None; also None when it is longer than anybody drives."""
        factors = self.factors
        longest = max(
            factors.drive_limit_km / factors.drive_detour,
            factors.rail_limit_km / factors.rail_detour,
        )
        if km > longest:
            return None
        if self._land is None:
            return Way(km)
        islands = {self._land.island(place) for place in (start, end)}
        if islands == {OFF_THE_MAP}:
            return Way(km) if km <= OFF_THE_MAP_KM else None
        return self._land.way(start, end)

    def _known_drive(self, road: RoadTime | None) -> Estimate | None:
        if road is None or road.km > self.factors.drive_limit_km:
            return None
        minutes = self.factors.drive_wait + road.minutes
        return self._driven(minutes, road.km, is_estimate=False)

    def _drive(self, way: Way | None) -> Estimate | None:
        if way is None or way.km * self.factors.drive_detour > self.factors.drive_limit_km:
            return None
        road = way.km * self.factors.drive_detour
        minutes = self.factors.drive_wait + self._drive_minutes(road) + way.minutes
        return self._driven(minutes, road)

    def _driven(self, minutes: float, road: float, *, is_estimate: bool = True) -> Estimate:
        factors = self.factors
        return _estimate(
            "drive",
            minutes,
            road,
            factors.drive_cost + road * factors.drive_cost_km,
            road * factors.drive_co2_km,
            is_estimate=is_estimate,
        )

    def _drive_minutes(self, road: float) -> float:
        factors = self.factors
        near = min(road, factors.drive_near_km)
        return 60 * (near / factors.drive_speed_near + (road - near) / factors.drive_speed)

    def _rail(self, way: Way | None) -> Estimate | None:
        factors = self.factors
        if way is None or way.km * factors.rail_detour > factors.rail_limit_km:
            return None
        track = way.km * factors.rail_detour
        return _estimate(
            "rail",
            factors.rail_wait + 60 * track / factors.rail_speed,
            track,
            factors.rail_cost + track * factors.rail_cost_km,
            track * factors.rail_co2_km,
        )

    def _ferry(
        self, start: Coordinates, end: Coordinates, km: float, *, is_needed: bool = False
    ) -> Estimate | None:
        """Straight over the water, driving on the land before and after it."""
        factors = self.factors
        if km > LONG_WAY_ROUND * factors.ferry_limit_km and not is_needed:
            return None
        water = km if self._land is None else self._land.water_km(start, end)
        if not is_needed and not 0 < water <= factors.ferry_limit_km:
            return None
        road = max(0.0, km - water) * factors.drive_detour
        minutes = self._drive_minutes(road) + factors.ferry_wait + 60 * water / factors.ferry_speed
        cost = factors.ferry_cost + water * factors.ferry_cost_km + road * factors.drive_cost_km
        co2 = water * factors.ferry_co2_km + road * factors.drive_co2_km
        return _estimate("ferry", minutes, water + road, cost, co2)

    def _fly(
        self, start: Coordinates, end: Coordinates, km: float, *, is_needed: bool
    ) -> Estimate | None:
        """The quickest flight; a short one only where no road leads."""
        factors = self.factors
        waits = factors.fly_check_in + factors.fly_out + factors.fly_taxi
        flights = []
        for here, minutes_out, leaving in self._access(start):
            for there, minutes_in, landing in self._access(end):
                if here is not None and here == there:
                    continue
                air = self._air(leaving, landing)
                minutes = minutes_out + waits + 60 * air / factors.fly_speed + minutes_in
                if air > factors.fly_change_km:
                    minutes += factors.fly_change_wait
                flights.append((minutes, air))
        if not flights:
            return None
        minutes, air = min(flights)
        if max(air, km) < factors.fly_least_km and not is_needed:
            return None
        cost = factors.fly_cost + air * factors.fly_cost_km
        return _estimate("fly", minutes, air, cost, factors.fly_co2 + air * factors.fly_co2_km)

    def _access_of(self, place: Coordinates) -> list[tuple[str | None, float, Airport]]:
        """Airports near a place as (code, minutes there by road, airport), nearest first."""
        factors = self.factors
        if not self._airports:
            return [(None, factors.fly_access_wait, Airport("", *place))]
        near = sorted(
            (great_circle_km(*place, airport.lat, airport.lon), airport.code, airport)
            for airport in self._airports
        )[:AIRPORTS_TRIED]
        kept = [row for row in near if row[0] <= factors.fly_reach_km] or near[:1]
        speed = factors.fly_access_speed / factors.drive_detour
        return [(code, 60 * km / speed, airport) for km, code, airport in kept]


def quickest(options: Mapping[str, Estimate], without: frozenset[str]) -> Estimate | None:
    """The quickest of these by none of some modes; None when there is none."""
    left = [option for mode, option in options.items() if mode not in without]
    return min(left, key=_slowness, default=None)


def _air_km(leaving: Airport, landing: Airport) -> float:
    return great_circle_km(leaving.lat, leaving.lon, landing.lat, landing.lon)


def _slowness(option: Estimate) -> tuple[float, float, float]:
    return option.minutes, option.cost, option.co2


def _estimate(
    mode: str, minutes: float, km: float, cost: float, co2: float, *, is_estimate: bool = True
) -> Estimate:
    whole = int(math.ceil(minutes / ROUND_TO - 1e-9)) * ROUND_TO
    return Estimate(whole, mode, round(km, 1), round(cost, 2), round(co2, 1), is_estimate)


def estimate_travel(
    start: Coordinates,
    end: Coordinates,
    *,
    airports: Sequence[Airport] = (),
    factors: TravelFactors | None = None,
    land: LandMap | None = None,
) -> Estimate:
    """The quickest estimated journey between two (lat, lon) pairs in degrees."""
    return Estimator(factors=factors, airports=airports, land=land).journey(start, end)


@dataclass(frozen=True, eq=False)
class TravelTable:
    """Journeys between places, as square arrays in the order of `places` (place refs).

    `minutes` door to door (whole minutes; < 0 means that there is no journey), `cost` EUR, `co2`
    kg, `km`, `mode` index into MODES, `splittable` whether a night may interrupt it (drives only),
    `estimated` whether it is an estimate. `changed_factors` names the factors, with their values,
    in which the estimates differ from the reference.
    """

    places: tuple[str, ...]
    minutes: np.ndarray
    cost: np.ndarray
    co2: np.ndarray
    km: np.ndarray
    mode: np.ndarray
    splittable: np.ndarray
    estimated: np.ndarray
    changed_factors: Mapping[str, float] = field(default_factory=dict)
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
        cls,
        places: Sequence[str],
        journeys: Iterable[tuple[str, str, Estimate]],
        *,
        changed_factors: Mapping[str, float] | None = None,
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
        return cls(tuple(places), minutes, cost, co2, km, mode, split, guess, changed_factors or {})


def estimated_table(
    places: Sequence[tuple[str, float, float]],
    *,
    airports: Sequence[Airport] = (),
    factors: TravelFactors | None = None,
    land: LandMap | None = None,
    without: frozenset[str] = frozenset(),
) -> TravelTable:
    """A table of estimates between all places, given as (ref, lat, lon); the same both ways.

    `without` leaves out modes; where none remains there is no journey.
    """
    estimator = Estimator(factors=factors, airports=airports, land=land)
    journeys = []
    for i, (start, lat1, lon1) in enumerate(places):
        for end, lat2, lon2 in places[i + 1 :]:
            journey = estimator.detour((lat1, lon1), (lat2, lon2), without=without)
            if journey is not None:
                journeys += [(start, end, journey), (end, start, journey)]
    return TravelTable.from_journeys([row[0] for row in places], journeys)
