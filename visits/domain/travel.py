"""Journeys between places: estimates, bettered by a road source and by what people know."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import Any

from django.conf import settings

from crm.models import Place
from visits.domain.roads import known_roads, learn_roads
from visits.domain.travel_factors import changed_factors, factors_with
from visits.models import TravelOverride
from visits.planning import problem as p
from visits.planning.land import Crossing, LandMap
from visits.planning.travel import (
    Airport,
    Estimate,
    Estimator,
    RoadTime,
    TravelTable,
    quickest,
)

FIXTURES = settings.BASE_DIR / "fixtures"


@cache
def airports() -> tuple[Airport, ...]:
    """European airports with scheduled flights (see fixtures/README.md)."""
    with gzip.open(FIXTURES / "airports.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return tuple(
            Airport(row["iata"], float(row["lat"]), float(row["lon"]))
            for row in csv.DictReader(file)
        )


@cache
def land_map() -> LandMap:
    """Europe's islands and the crossings between them (see fixtures/README.md)."""
    outlines = json.loads((FIXTURES / "outlines.json").read_text(encoding="utf-8"))
    rings = [ring for country in outlines["countries"].values() for ring in country["polygons"]]
    with (FIXTURES / "crossings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return LandMap(
        rings,
        crossings=[
            Crossing(row["name"], _point(row, "1"), _point(row, "2"), float(row["minutes"]))
            for row in rows
            if row["kind"] != "corner"
        ],
        corners=[_point(row, "1") for row in rows if row["kind"] == "corner"],
    )


def _point(row: dict[str, str], end: str) -> tuple[float, float]:
    return float(row[f"lat{end}"]), float(row[f"lon{end}"])


def place_ref(place: Place) -> str:
    """The planner's name of a place."""
    return f"g{place.pk}"


def travel_table(places: Iterable[Place], *, ask: bool = False) -> TravelTable:
    """Journeys between all the places, both ways; what people know and roads replace estimates.

    With `ask` the road source is asked, for a bounded time, for the drives it has not told yet.
    """
    return travel_with_detours(places, (), ask=ask)[0]


def travel_with_detours(
    places: Iterable[Place], disruptions: Iterable[p.TravelDisruption], *, ask: bool = False
) -> tuple[TravelTable, tuple[TravelTable, ...]]:
    """The `travel_table`, and others without the ways of travel that these disruptions stop,
    singly and together."""
    chosen = sorted({place.pk: place for place in places}.values(), key=lambda place: place.pk)
    if ask:
        learn_roads(chosen, longest_km=_estimator_now().factors.drive_limit_km)
    return detours_between(list(combinations(chosen, 2)), disruptions, places=chosen)


def detours_between(
    pairs: Sequence[tuple[Place, Place]],
    disruptions: Iterable[p.TravelDisruption],
    *,
    places: Iterable[Place] = (),
) -> tuple[TravelTable, tuple[TravelTable, ...]]:
    """The same for the places of each pair and no others (see `travel_between`)."""
    stopped = {row.modes for row in disruptions if row.modes}
    together = frozenset().union(*stopped)
    struck = sorted({*stopped, together} - {frozenset()}, key=sorted)
    usual, *others = _tables(pairs, places, [frozenset(), *struck])
    return usual, tuple(others)


def travel_between(
    pairs: Sequence[tuple[Place, Place]], *, places: Iterable[Place] = ()
) -> TravelTable:
    """Journeys between the places of each pair, both ways, and none between any others."""
    return _tables(pairs, places, [frozenset()])[0]


def _tables(
    pairs: Sequence[tuple[Place, Place]],
    places: Iterable[Place],
    withouts: Sequence[frozenset[str]],
) -> list[TravelTable]:
    """Journeys between the places of each pair, without some ways of travel: a table for each."""
    chosen = {place.pk: place for place in [*places, *(place for pair in pairs for place in pair)]}
    changed, rows = changed_factors(), list(chosen.values())
    estimator = _estimator(tuple(sorted(changed.items())))
    roads = known_roads(rows)
    known = {
        frozenset((row.origin_id, row.destination_id)): row
        for row in TravelOverride.objects.in_use().between(rows)
    }
    journeys: list[list[tuple[str, str, Estimate]]] = [[] for _without in withouts]
    pairs = [(start, end) for start, end in pairs if start.pk != end.pk]
    both_ways = _both_ways(estimator, pairs, roads)
    for (start, end), (there, back) in zip(pairs, both_ways, strict=True):
        override = known.get(frozenset((start.pk, end.pk)))
        told = None if override is None else _as_known(override, there)
        for found, without in zip(journeys, withouts, strict=True):
            is_told = told is not None and told.mode not in without
            out = told if is_told else quickest(there, without)
            home = told if is_told else quickest(back, without)
            ways = ((start, end, out), (end, start, home))
            found += [(place_ref(a), place_ref(b), way) for a, b, way in ways if way is not None]
    refs = [place_ref(place) for place in rows]
    return [TravelTable.from_journeys(refs, found, changed_factors=changed) for found in journeys]


def estimated_journey(start: Place, end: Place) -> Estimate:
    """The estimate between two places, whatever is known better."""
    return _estimator_now().journey(_where(start), _where(end))


def _estimator_now() -> Estimator:
    return _estimator(tuple(sorted(changed_factors().items())))


@cache
def _reference_estimator() -> Estimator:
    return Estimator(airports=airports(), land=land_map())


def _estimator(changed: Sequence[tuple[str, float]]) -> Estimator:
    if not changed:
        return _reference_estimator()
    return Estimator(factors=factors_with(dict(changed)), airports=airports(), land=land_map())


def _road(roads: dict[Any, RoadTime | None], start: Place, end: Place) -> list[RoadTime | None]:
    """The source's answer in a list of one, or an empty list when it gave none."""
    pair = (start.pk, end.pk)
    return [roads[pair]] if pair in roads else []


def _both_ways(
    estimator: Estimator,
    pairs: Sequence[tuple[Place, Place]],
    roads: dict[Any, RoadTime | None],
) -> Iterator[tuple[dict[str, Estimate], dict[str, Estimate]]]:
    """Every way there and every way back, for each pair; the same unless a road is another back."""
    ends = [(_where(start), _where(end)) for start, end in pairs]
    out = [_road(roads, start, end) for start, end in pairs]
    home = [_road(roads, end, start) for start, end in pairs]
    apart = [number for number in range(len(pairs)) if out[number] != home[number]]
    returns = estimator.options_of(
        [(ends[number][1], ends[number][0]) for number in apart],
        [home[number] for number in apart],
    )
    for number, there in enumerate(estimator.options_of(ends, out)):
        yield there, there if out[number] == home[number] else next(returns)


def _where(place: Place) -> tuple[float, float]:
    return place.latitude, place.longitude


def _as_known(known: TravelOverride, options: dict[str, Estimate]) -> Estimate:
    """What a person knows; km, cost and CO2 nobody told are estimated for that way of travel."""
    fastest = min(options.values(), key=lambda option: option.minutes)
    like = options.get(known.mode, fastest)
    return Estimate(
        minutes=known.minutes,
        mode=known.mode,
        km=like.km,
        cost=like.cost if known.cost is None else float(known.cost),
        co2=like.co2 if known.co2_kg is None else known.co2_kg,
        is_estimate=False,
    )
