"""What a brief reads besides its visit: for many visits at once, each thing when first asked for.

One page that tells how the briefs of ten visits stand asks the database as often as for one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q, Value

from crm.models import ConsentRecord, Participation
from visits.domain.disruption_reach import NO_WAYS, endangers, ways_of
from visits.domain.journeys import (
    AROUND,
    Around,
    Journey,
    causes_journeys,
    entered_around,
    journeys_around,
    journeys_by_host,
)
from visits.models import CalendarDay, Disruption, Host, TravelLeg, Visit, VisitRequest
from visits.models.requests import Mode

# How far around a visit its tour and the days of its place are looked at.
TOUR, DAYS = timedelta(days=10), timedelta(days=3)
JOINED = ("campaign", "host__home", "backup", "place", "municipality__organisation", "report")
GATHERED = (
    "replaced_by",
    "requests__follow_ups",
    "requests__topics",
    "topics",
    "experts",
    "agenda",
    "checklist",
    "follow_ups",
    "expenses",
    "report__counts",
)


@dataclass(frozen=True)
class Supposed:
    """The visits and journeys of hosts as they would be, in the stead of what is so now."""

    visits: Mapping[Host, Sequence[Visit]]
    journeys: Mapping[Host, Sequence[Journey]]


class Sources:
    """Some visits as they are stored now, and the rows around them, or those `supposed`.

    Only the visits it was made for may be asked about.
    """

    def __init__(self, visits: Iterable[Visit], supposed: Supposed | None = None):
        self._supposed = supposed
        rows = Visit.objects.filter(pk__in=[visit.pk for visit in visits])
        stored = rows.select_related(*JOINED).prefetch_related(*GATHERED)
        self.visits: list[Visit] = list(stored)
        self._by_key = {visit.pk: visit for visit in self.visits}

    def stored(self, visit: Visit) -> Visit:
        """The visit as it is in the database, with what is prefetched here."""
        return self._by_key[visit.pk]

    @property
    def _first(self) -> datetime:
        return min(visit.starts_at for visit in self.visits)

    @property
    def _last(self) -> datetime:
        return max(visit.ends_at for visit in self.visits)

    # --- Journeys ---

    @cached_property
    def _journeys(self) -> Mapping[int, Sequence[Journey]]:
        if self._supposed is not None:
            return {host.pk: own for host, own in self._supposed.journeys.items()}
        hosts = {visit.host for visit in self.visits}
        told = journeys_by_host({host: self._host_visits[host.pk] for host in hosts})
        return {host.pk: own for host, own in told.items()}

    def journeys(self, visit: Visit) -> Around:
        """The host's journeys to the visit, and those on from there."""
        if causes_journeys(visit):
            before, after = journeys_around(visit, self._journeys[visit.host_id])
            return [row for row in before if not row.is_missed], after
        return entered_around(visit, self._own_legs[visit.pk])

    @cached_property
    def _ways(self) -> dict[int, Around]:
        return ways_of(self.visits, among=self.active_disruptions)

    def disruptions(self, visit: Visit) -> list[Disruption]:
        """Those that touch the visit or hit one of its journeys."""
        around = self._ways.get(visit.pk, NO_WAYS)
        return [row for row in self.active_disruptions if endangers(row, visit, around)]

    @cached_property
    def _own_legs(self) -> dict[int, list[TravelLeg]]:
        rows = TravelLeg.objects.standing().filter(visit__in=self.visits)
        rows = rows.select_related("origin", "destination").order_by("departs_at", "pk")
        return _grouped(rows, lambda leg: leg.visit_id)

    def entered_cost(self, visit: Visit) -> Decimal | None:
        """What the journeys cost that were booked or entered for the visit; None when not known."""
        known = [leg.cost for leg in self._own_legs[visit.pk] if not leg.is_of_plan]
        costs = [cost for cost in known if cost is not None]
        return sum(costs, Decimal()) if costs else None

    @cached_property
    def _host_visits(self) -> Mapping[int, Sequence[Visit]]:
        if self._supposed is not None:
            return {host.pk: own for host, own in self._supposed.visits.items()}
        rows = (
            Visit.objects.filter(host__in={visit.host_id for visit in self.visits})
            .within(self._first - AROUND, self._last + AROUND)
            .taking_place()
            .select_related("host__home", "place", "municipality")
            .order_by("starts_at", "pk")
        )
        return _grouped(rows, lambda row: row.host_id)

    def tour(self, visit: Visit) -> list[Visit]:
        """The on-site visits of the host on days next to each other around this one, in order."""
        first, last = visit.starts_at - TOUR, visit.ends_at + TOUR
        others = [
            row
            for row in self._host_visits.get(visit.host_id, [])
            if row.pk != visit.pk
            and row.mode != Mode.ONLINE
            and row.starts_at < last
            and row.ends_at > first
        ]
        others.sort(key=lambda row: row.starts_at)
        chain, day = [visit], timedelta(days=1)
        for other in others:
            end = chain[-1]
            if other.starts_at > end.starts_at and other.local_date - end.local_date <= day:
                chain.append(other)
        for other in reversed(others):
            start = chain[0]
            if other.starts_at < start.starts_at and start.local_date - other.local_date <= day:
                chain.insert(0, other)
        return chain

    # --- Calendar and disruptions ---

    @cached_property
    def active_disruptions(self) -> list[Disruption]:
        return list(Disruption.objects.active())

    @cached_property
    def _days(self) -> dict[int, list[CalendarDay]]:
        """In one query, whose parts each ask for one visit's place by the queryset's own rule."""
        asked = [
            CalendarDay.objects.at_place(
                country=visit.country,
                region=visit.place.region if visit.place else "",
                city=visit.city,
                place=visit.place,
            )
            .between(visit.local_date - DAYS, visit.local_date + DAYS)
            .order_by()
            .annotate(of_visit=Value(visit.pk))
            for visit in self.visits
        ]
        rows = asked[0].union(*asked[1:], all=True) if len(asked) > 1 else asked[0]
        found: list[Any] = sorted(rows, key=lambda day: (day.first_on, day.pk))
        return _grouped(found, lambda day: day.of_visit)

    def days(self, visit: Visit, first: date, last: date) -> list[CalendarDay]:
        """Special days at the visit's place between two days that lie near it."""
        return [
            day
            for day in self._days.get(visit.pk, [])
            if day.first_on <= last and day.last_on >= first
        ]

    # --- People ---

    @cached_property
    def _met(self) -> dict[tuple[int, int], list[Participation]]:
        events = {visit.campaign.event_id for visit in self.visits} - {None}
        bodies = {visit.municipality.organisation_id for visit in self.visits if visit.municipality}
        rows = (
            Participation.objects.attended()
            .of_people_counted_once()
            .filter(event__in=events, person__organisation__in=bodies)
            .exclude(person__erased_at__isnull=False)
            .select_related("person", "event")
        )
        return _grouped(rows, lambda part: (part.event_id, part.person.organisation_id))

    def met(self, visit: Visit) -> list[Participation]:
        """Who of the city was at the campaign's event."""
        if visit.municipality is None or visit.campaign.event_id is None:
            return []
        return self._met.get((visit.campaign.event_id, visit.municipality.organisation_id), [])

    @cached_property
    def _consents(self) -> list[ConsentRecord]:
        said = Q(pk__in=[])
        for request in {request for visit in self.visits for request in visit.requests.all()}:
            if request.person_id:
                said |= Q(person=request.person_id)
            elif request.address.strip():
                said |= Q(person=None, address__iexact=request.address.strip())
        return list(ConsentRecord.objects.filter(said).order_by("-at", "-pk"))

    def consent(self, request: VisitRequest, purpose: str) -> ConsentRecord | None:
        """What the requester said last about a purpose."""
        address = request.address.strip().casefold()
        for said in self._consents:
            is_theirs = (
                said.person_id == request.person_id
                if request.person_id
                else said.person_id is None and address == said.address.casefold() != ""
            )
            if is_theirs and said.purpose == purpose:
                return said
        return None

    @cached_property
    def _of_cities(self) -> dict[int | None, list[VisitRequest]]:
        cities = {visit.municipality_id for visit in self.visits} - {None}
        rows = VisitRequest.objects.valid().filter(municipality__in=cities).order_by("received_at")
        return _grouped(rows, lambda request: request.municipality_id)

    def other_requests(self, visit: Visit, own: Sequence[VisitRequest]) -> list[VisitRequest]:
        """Requests of the same city that this visit does not serve."""
        known = {request.pk for request in own}
        if visit.municipality_id is None:
            return []
        rows = self._of_cities.get(visit.municipality_id, [])
        return [row for row in rows if row.pk not in known]


def _grouped(rows: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
