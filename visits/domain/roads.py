"""Times of driving from the road source, kept in the database until they expire.

Planning asks for what it lacks, within seconds set by the operator. When the source fails, what is
missing is estimated, the Health page says so, and the source is left alone for some minutes.
Moments are real time: the demo clock may stand still, another program's answer does not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.utils import timezone

from crm.models import Place
from visits.domain.osrm import BLOCK, OsrmSource
from visits.models import RoadJourney, RoadSourceState
from visits.planning.land import great_circle_km
from visits.planning.travel import RoadTime, SourceFailed, TravelSource

LEFT_ALONE_FOR = timedelta(minutes=5)

Pair = tuple[int, int]


@dataclass(frozen=True)
class RoadHealth:
    """How the road source does: whether there is one, when it answered and failed last, and why."""

    is_on: bool
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    fault: str = ""

    @property
    def works(self) -> bool:
        return not self.fault


def road_source() -> TravelSource | None:
    """The source the operator named; None when drives are estimated."""
    return OsrmSource(settings.ROAD_TIMES_URL) if settings.ROAD_TIMES_URL else None


def road_health() -> RoadHealth:
    if road_source() is None:
        return RoadHealth(is_on=False)
    state = RoadSourceState.objects.filter(pk=1).first()
    if state is None:
        return RoadHealth(is_on=True)
    return RoadHealth(True, state.answered_at, state.failed_at, state.fault)


def known_roads(places: Sequence[Place]) -> dict[Pair, RoadTime | None]:
    """What the source said about drives between the places; None where no road leads.

    Keys are (from, to) as primary keys; a pair that is not there is not known.
    """
    if road_source() is None:
        return {}
    rows = RoadJourney.objects.valid(timezone.now()).between(places)
    return {
        (start, end): None if minutes is None else RoadTime(minutes, km)
        for start, end, minutes, km in rows.values_list("origin", "destination", "minutes", "km")
    }


def learn_roads(places: Iterable[Place], *, longest_km: float) -> None:
    """Ask the source for the drives between the places that are not known, and keep its answers.

    Pairs farther apart than `longest_km` are never driven and not asked for. Takes at most
    ROAD_TIMES_SECONDS altogether and raises nothing.
    """
    source, now = road_source(), timezone.now()
    if source is None or _is_left_alone(now):
        return
    chosen = sorted(places, key=lambda place: place.pk)
    known = known_roads(chosen)
    missing = {
        (start.pk, end.pk)
        for start in chosen
        for end in chosen
        if start.pk != end.pk and (start.pk, end.pk) not in known and _km(start, end) <= longest_km
    }
    deadline = monotonic() + settings.ROAD_TIMES_SECONDS
    fault = ""
    for starts, ends in _blocks(chosen, missing):
        try:
            _learn_block(source, starts, ends, deadline=deadline, now=now)
        except SourceFailed as failure:
            fault = str(failure)
            break
    if missing:
        _note(now, fault)


def _learn_block(
    source: TravelSource,
    starts: Sequence[Place],
    ends: Sequence[Place],
    *,
    deadline: float,
    now: datetime,
) -> None:
    left = deadline - monotonic()
    if left <= 0:
        raise SourceFailed("it did not answer in time")
    answer = source.drives(_coordinates(starts), _coordinates(ends), seconds=left)
    rows = [
        RoadJourney(
            origin=start,
            destination=end,
            minutes=road.minutes if road else None,
            km=road.km if road else None,
            fetched_at=now,
            expires_at=now + timedelta(days=settings.ROAD_TIMES_DAYS),
        )
        for start, cells in zip(starts, answer, strict=True)
        for end, road in zip(ends, cells, strict=True)
        if start.pk != end.pk
    ]
    RoadJourney.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["origin", "destination"],
        update_fields=["minutes", "km", "fetched_at", "expires_at"],
    )


def _blocks(
    places: Sequence[Place], missing: set[Pair]
) -> Iterator[tuple[list[Place], list[Place]]]:
    """Starts and ends to be asked for together, so that every missing pair is among them."""
    starts = [place for place in places if any(place.pk == pair[0] for pair in missing)]
    for first in range(0, len(starts), BLOCK):
        some = starts[first : first + BLOCK]
        keys = {place.pk for place in some}
        wanted = {end for start, end in missing if start in keys}
        ends = [place for place in places if place.pk in wanted]
        for last in range(0, len(ends), BLOCK):
            yield some, ends[last : last + BLOCK]


def _is_left_alone(now: datetime) -> bool:
    """Whether the source failed so lately that it is not asked again yet."""
    return (
        RoadSourceState.objects.filter(failed_at__gt=now - LEFT_ALONE_FOR)
        .exclude(fault="")
        .exists()
    )


def _note(now: datetime, fault: str) -> None:
    moment = {"failed_at": now} if fault else {"answered_at": now}
    RoadSourceState.objects.update_or_create(pk=1, defaults={**moment, "fault": fault[:200]})


def _coordinates(places: Iterable[Place]) -> list[tuple[float, float]]:
    return [(place.latitude, place.longitude) for place in places]


def _km(start: Place, end: Place) -> float:
    return great_circle_km(start.latitude, start.longitude, end.latitude, end.longitude)
