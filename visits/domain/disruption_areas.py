"""Where strikes and storms are, and what they stop in travel, as the planner takes it."""

from collections.abc import Iterable
from datetime import datetime

from crm.models import Place
from crm.search import search_key
from visits.domain.travel import airports, place_ref
from visits.models import Disruption
from visits.planning import problem as p
from visits.planning.travel import great_circle_km

AIRPORT_SERVES_KM = 60.0
STOPS_FROM = 2


def stops_in_travel(
    places: Iterable[Place], *, after: datetime, looking_back: datetime | None = None
) -> tuple[p.TravelDisruption, ...]:
    """What active disruptions stop between these places, for the planner; `looking_back` from a
    moment also what those did that had ended by then.

    A mere nuisance (severity 1) stops nothing. No way of travel named means all of them.
    """
    known = Disruption.objects.active()
    if looking_back is not None:
        known = known | Disruption.objects.filter(ends_at__lte=looking_back)
    rows = known.filter(severity__gte=STOPS_FROM, ends_at__gt=after)
    places = list(places)
    found = []
    for row in rows:
        area = frozenset(place_ref(place) for place in places if is_in_area(row, place))
        if area:
            found.append(
                p.TravelDisruption(row.starts_at, row.ends_at, area, frozenset(row.modes), row.name)
            )
    return tuple(found)


def is_in_area(row: Disruption, place: Place) -> bool:
    """Whether a place lies where the disruption is.

    Airports and cities narrow a country: a strike at Frankfurt says nothing about Rostock.
    """
    if row.airports:
        return _near_airport(row.airports, place)
    if row.places:
        return search_key(place.name) in {search_key(name) for name in row.places}
    return place.country in row.countries


def _near_airport(codes: Iterable[str], place: Place) -> bool:
    struck = set(codes)
    return any(
        great_circle_km(place.latitude, place.longitude, airport.lat, airport.lon)
        <= AIRPORT_SERVES_KM
        for airport in airports()
        if airport.code in struck
    )
