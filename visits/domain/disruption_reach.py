"""How far a strike, a storm or an outage reaches: to a place, a visit, a journey."""

from collections.abc import Iterable
from datetime import timedelta

from crm.models import Place
from crm.search import search_key
from visits.domain.journeys import Around, Journey
from visits.domain.travel import airports
from visits.models import Disruption, Visit
from visits.planning.travel import great_circle_km

# A host arrives the evening before and is home, or at the next city, half a day later.
BEFORE, AFTER = timedelta(hours=15), timedelta(hours=12)
AIRPORT_SERVES_KM = 60.0
NO_WAYS: Around = ([], [])


def endangers(row: Disruption, visit: Visit, around: Around = NO_WAYS) -> bool:
    """Whether it touches a visit, or a journey `around` it: there or on from there."""
    return touches(row, visit) or any(hits(row, journey) for way in around for journey in way)


def touches(row: Disruption, visit: Visit) -> bool:
    """Whether it is around the time of a visit, where that is or where its host sets out from."""
    in_time = row.starts_at - AFTER < visit.ends_at and row.ends_at + BEFORE > visit.starts_at
    return in_time and concerns_place(row, visit)


def hits(row: Disruption, journey: Journey) -> bool:
    """Whether it is on the way: at an end of the journey, at its time, and its means of travel."""
    in_time = row.starts_at < journey.arrives_at and row.ends_at > journey.departs_at
    is_stopped = not row.modes or journey.mode in row.modes
    ends = (journey.origin, journey.destination)
    return in_time and is_stopped and any(is_in_area(row, place) for place in ends)


def concerns_place(row: Disruption, visit: Visit) -> bool:
    """Whether the disruption is where the visit is, or where its host sets out from."""
    ends = [place for place in (visit.place, visit.host.home) if place is not None]
    if any(is_in_area(row, place) for place in ends):
        return True
    if row.airports:
        return False
    if row.places:
        return search_key(visit.city) in {search_key(name) for name in row.places}
    return visit.country in row.countries


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
