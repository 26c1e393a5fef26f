"""Travel between places: an estimate of each journey, and the table the planner reads.

An estimate is the quickest of driving, rail, flying and, over water, a ferry. It knows no timetable
and no last train, so each of its journeys says that it is an estimate and may be replaced: by a
road time from a `TravelSource`, or by what a person knows. `docs/travel.md` tells the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Protocol

from visits.late import np

from .factors import MODES, TravelFactors
from .land import Coordinates, Ends, LandMap, Way, great_circle_km, great_circles_km

SAME_PLACE_KM = 0.5
# A road this many times as long as the straight line leads round a sea that a ferry may cross.
LONG_WAY_ROUND = 2.0
AIRPORTS_TRIED = 3
ROUND_TO = 5
# So many pairs are estimated together.
AT_ONCE = 500

# Minutes from door to door, infinite where nobody can fly, and km in the air.
Flight = tuple[float, float]


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


# The answer of a road source for one drive, if it gave one: None where no road leads.
Roads = Sequence[RoadTime | None]


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
        self._land = land
        known = sorted((airport.code, airport.lat, airport.lon) for airport in airports)
        self._airports = [(lat, lon) for _code, lat, lon in known]
        self._access = lru_cache(maxsize=4096)(self._access_of)

    def journey(self, start: Coordinates, end: Coordinates, *, roads: Roads = ()) -> Estimate:
        """The quickest journey between two (lat, lon) pairs in degrees.

        `roads` holds the answer of a road source, if it gave one: None when no road leads there.
        """
        return min(self.options(start, end, roads=roads).values(), key=_slowness)

    def options(
        self, start: Coordinates, end: Coordinates, *, roads: Roads = ()
    ) -> dict[str, Estimate]:
        """Every way of getting there, by mode; never empty."""
        return next(self.options_of([(start, end)], [roads]))

    def options_of(
        self, pairs: Sequence[Ends], roads: Sequence[Roads] | None = None
    ) -> Iterator[dict[str, Estimate]]:
        """The same for each pair, with its own `roads`; much quicker than one by one."""
        for first in range(0, len(pairs), AT_ONCE):
            some = pairs[first : first + AT_ONCE]
            answers = [()] * len(some) if roads is None else roads[first : first + AT_ONCE]
            starts, ends = (np.array(side) for side in zip(*some, strict=True))
            if not (np.abs([starts, ends]) <= (90, 180)).all():
                raise ValueError("a place needs a latitude and a longitude in degrees")
            km = great_circles_km(starts, ends).tolist()
            ways, flights = self._ways(some, km), self._flights(some)
            yield from map(self._options, some, km, ways, flights, answers)

    def _options(
        self, ends: Ends, km: float, way: Way | None, flight: Flight, roads: Roads
    ) -> dict[str, Estimate]:
        if km < SAME_PLACE_KM:
            return {"stay": Estimate(0, "stay", 0.0, 0.0, 0.0)}
        found = [
            self._known_drive(roads[0]) if roads else self._drive(way),
            self._rail(way),
        ]
        found.append(self._fly(flight, km, is_needed=not any(found)))
        if way is None or way.km > LONG_WAY_ROUND * km:
            found.append(self._ferry(*ends, km, is_needed=not any(found)))
        return {option.mode: option for option in found if option is not None}

    def _ways(self, pairs: Sequence[Ends], km: Sequence[float]) -> list[Way | None]:
        """The ways over land; None where there is none or it is longer than anybody drives."""
        factors = self.factors
        longest = max(
            factors.drive_limit_km / factors.drive_detour,
            factors.rail_limit_km / factors.rail_detour,
        )
        near = {pair: Way(away) for pair, away in zip(pairs, km, strict=True) if away <= longest}
        ways = near if self._land is None else self._land.ways(near)
        return [ways.get(pair) for pair in pairs]

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

    def _fly(self, flight: Flight, km: float, *, is_needed: bool) -> Estimate | None:
        """The quickest flight; a short one only where no road leads."""
        factors, (minutes, air) = self.factors, flight
        if minutes == math.inf or (max(air, km) < factors.fly_least_km and not is_needed):
            return None
        cost = factors.fly_cost + air * factors.fly_cost_km
        return _estimate("fly", minutes, air, cost, factors.fly_co2 + air * factors.fly_co2_km)

    def _flights(self, pairs: Sequence[Ends]) -> Iterable[Flight]:
        """The quickest flight of each pair."""
        factors = self.factors
        waits = factors.fly_check_in + factors.fly_out + factors.fly_taxi
        start, end = (np.array([self._access(pair[side]) for pair in pairs]) for side in (0, 1))
        air = great_circles_km(start[:, :, None, 1:], end[:, None, :, 1:])
        minutes = start[:, :, None, 0] + waits + 60 * air / factors.fly_speed + end[:, None, :, 0]
        minutes[air > factors.fly_change_km] += factors.fly_change_wait
        minutes[air == 0] = math.inf
        every = np.arange(len(pairs))
        air, minutes = (each.reshape(len(pairs), -1) for each in (air, minutes))
        best = minutes.argmin(axis=1)
        return zip(minutes[every, best].tolist(), air[every, best].tolist(), strict=True)

    def _access_of(self, place: Coordinates) -> np.ndarray:
        """Airports near a place, nearest first: minutes there by road, latitude, longitude."""
        factors = self.factors
        if not self._airports:
            return np.array([(factors.fly_access_wait, *place)])
        airports = np.array(self._airports)
        away = great_circles_km(np.array(place), airports)
        near = np.argsort(away, kind="stable")[:AIRPORTS_TRIED]
        near = near[: max(1, int((away[near] <= factors.fly_reach_km).sum()))]
        access = np.full((AIRPORTS_TRIED, 3), (math.inf, 0.0, 0.0))
        access[: len(near), 0] = 60 * away[near] / (factors.fly_access_speed / factors.drive_detour)
        access[: len(near), 1:] = airports[near]
        return access


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
        rows = list(journeys)
        at = (
            [index[start] for start, _end, _how in rows],
            [index[end] for _start, end, _how in rows],
        )
        told = [journey for _start, _end, journey in rows]
        minutes = np.full((count, count), -1, dtype=np.int64)
        np.fill_diagonal(minutes, 0)
        cost, co2, km = (np.zeros((count, count)) for _ in range(3))
        mode = np.zeros((count, count), dtype=np.int8)
        split, guess = (np.zeros((count, count), dtype=bool) for _ in range(2))
        minutes[at] = [journey.minutes for journey in told]
        cost[at] = [journey.cost for journey in told]
        co2[at] = [journey.co2 for journey in told]
        km[at] = [journey.km for journey in told]
        mode[at] = [MODES.index(journey.mode) for journey in told]
        split[at] = [journey.mode == "drive" for journey in told]
        guess[at] = [journey.is_estimate for journey in told]
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
    pairs = list(combinations(places, 2))
    ends = [(one[1:], other[1:]) for one, other in pairs]
    journeys = []
    for ((start, *_), (end, *_)), options in zip(pairs, estimator.options_of(ends), strict=True):
        journey = quickest(options, without)
        if journey is not None:
            journeys += [(start, end, journey), (end, start, journey)]
    return TravelTable.from_journeys([row[0] for row in places], journeys)
