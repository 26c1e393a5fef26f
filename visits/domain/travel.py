"""Journeys between the places of a campaign: estimates, bettered by what people know."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations

from django.conf import settings

from crm.models import Place
from visits.models import TravelOverride
from visits.planning import problem as p
from visits.planning.travel import Airport, Estimate, TravelTable, quickest, travel_options

AIRPORTS = settings.BASE_DIR / "fixtures" / "airports.csv.gz"


@cache
def airports() -> tuple[Airport, ...]:
    """European airports with scheduled flights (see fixtures/README.md)."""
    with gzip.open(AIRPORTS, "rt", encoding="utf-8", newline="") as file:
        return tuple(
            Airport(code=row["iata"], lat=float(row["lat"]), lon=float(row["lon"]))
            for row in csv.DictReader(file)
        )


def place_ref(place: Place) -> str:
    """The planner's name of a place."""
    return f"g{place.pk}"


def travel_table(places: Iterable[Place], *, without: frozenset[str] = frozenset()) -> TravelTable:
    """Journeys between all the places, both ways; known times replace estimates.

    `without` leaves out ways of travel: what remains are the ways round a strike.
    """
    chosen = sorted({place.pk: place for place in places}.values(), key=lambda place: place.pk)
    return travel_between(list(combinations(chosen, 2)), places=chosen, without=without)


def travel_between(
    pairs: Sequence[tuple[Place, Place]],
    *,
    places: Iterable[Place] = (),
    without: frozenset[str] = frozenset(),
) -> TravelTable:
    """Journeys between the places of each pair, both ways, and none between any others."""
    chosen = {place.pk: place for place in [*places, *(place for pair in pairs for place in pair)]}
    known = {
        frozenset((row.origin_id, row.destination_id)): row
        for row in TravelOverride.objects.filter(origin__in=chosen, destination__in=chosen)
    }
    journeys = []
    for start, end in pairs:
        journey = _journey(start, end, known.get(frozenset((start.pk, end.pk))), without)
        if start.pk != end.pk and journey is not None:
            journeys.append((place_ref(start), place_ref(end), journey))
            journeys.append((place_ref(end), place_ref(start), journey))
    return TravelTable.from_journeys([place_ref(place) for place in chosen.values()], journeys)


def detours(
    places: Iterable[Place], disruptions: Iterable[p.TravelDisruption]
) -> tuple[TravelTable, ...]:
    """Journeys without the ways of travel that these disruptions stop, singly and together."""
    stopped = {row.modes for row in disruptions if row.modes}
    together = frozenset().union(*stopped)
    chosen = list(places)
    return tuple(
        travel_table(chosen, without=modes)
        for modes in sorted({*stopped, together} - {frozenset()}, key=sorted)
    )


def _journey(
    start: Place, end: Place, known: TravelOverride | None, without: frozenset[str]
) -> Estimate | None:
    options = travel_options(
        (start.latitude, start.longitude),
        (end.latitude, end.longitude),
        airports=airports(),
    )
    if known is None or known.mode in without:
        return quickest(options, without=without)
    guess = quickest(options)
    assert guess is not None, "between two places there is always a way"
    return Estimate(
        minutes=known.minutes,
        mode=known.mode,
        km=guess.km,
        cost=guess.cost,
        co2=guess.co2,
        is_estimate=False,
    )
