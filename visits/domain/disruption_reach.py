"""How far a strike, a storm or an outage reaches: to a place, a visit, a journey."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from crm.search import search_key
from visits.domain.disruption_areas import is_in_area
from visits.domain.journeys import (
    NEAR,
    Around,
    Journey,
    causes_journeys,
    journeys_around,
    journeys_between,
    visits_near,
)
from visits.models import Disruption, Visit

# A host arrives the evening before and is home, or at the next city, half a day later.
BEFORE, AFTER = timedelta(hours=15), timedelta(hours=12)
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


def ways_of(visits: Sequence[Visit], *, among: Iterable[Disruption]) -> dict[int, Around]:
    """The journeys there and on from there of each visit that any of the disruptions is near to,
    by the visit's number, as they would be without one; none that cannot be told."""
    rows = list(among)
    near = [
        visit
        for visit in visits
        if causes_journeys(visit)
        and any(
            row.starts_at - NEAR < visit.ends_at and row.ends_at + NEAR > visit.starts_at
            for row in rows
        )
    ]
    if not near:
        return {}
    first, last = min(each.starts_at for each in near), max(each.ends_at for each in near)
    try:
        around = visits_near({each.host for each in near}, first, last)
        journeys = journeys_between(around, with_disruptions=False)
    except ValueError:
        return {}
    return {each.pk: journeys_around(each, journeys.get(each.host, [])) for each in near}
