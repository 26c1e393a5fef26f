"""What the twelve numbers are computed from: the rows of one campaign at one moment."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from crm.models import Event, Municipality, Organisation, Participation, Person
from crm.search import search_key
from visits.domain.figures.rows import Namer
from visits.models import Campaign, Visit, VisitReport, VisitRequest
from visits.models.reports import Audience
from visits.states import HELD_VISITS


@dataclass(frozen=True, order=True)
class City:
    """A municipality as the numbers count it: known to us, or only by its place or name."""

    key: str
    is_pilot: bool = field(compare=False, default=False)
    municipality: Municipality | None = field(compare=False, default=None)
    request: VisitRequest | None = field(compare=False, default=None)


class Basis:
    """Rows shared by several numbers, each fetched once."""

    def __init__(self, campaign: Campaign, at: datetime):
        self.campaign = campaign
        self.at = at
        self.today: date = at.astimezone(ZoneInfo(campaign.zone)).date()
        self.namer = Namer(self.today)

    @property
    def event(self) -> Event | None:
        return self.campaign.event

    @cached_property
    def participations(self) -> list[Participation]:
        return list(
            Participation.objects.filter(event__isnull=False, event=self.event)
            .select_related("person__organisation__municipality")
            .order_by("person__key", "person__pk")
        )

    @property
    def attended_records(self) -> int:
        return sum(part.status == Participation.Status.ATTENDED for part in self.participations)

    @cached_property
    def attendees(self) -> list[Person]:
        """People who attended; who was merged into another counts as that other, once."""
        merged = Person.objects.exclude(merged_into=None)
        into: dict[int, Any] = dict(merged.values_list("pk", "merged_into"))
        found: dict[int, Person] = {}
        others: set[int] = set()
        for part in self.participations:
            if part.status != Participation.Status.ATTENDED:
                continue
            pk = _follow(part.person_id, into)
            if pk == part.person_id:
                found[pk] = part.person
            else:
                others.add(pk)
        missing = Person.objects.filter(pk__in=others - found.keys())
        for person in missing.select_related("organisation__municipality"):
            found[person.pk] = person
        return list(found.values())

    def audience_of(self, person: Person) -> str:
        kind = person.organisation.type if person.organisation else ""
        return self.campaign.audience_map.get(kind, Audience.OTHER)

    @cached_property
    def valid_requests(self) -> list[VisitRequest]:
        return list(
            VisitRequest.objects.valid()
            .filter(campaign=self.campaign, received_at__lte=self.at)
            .select_related("municipality__organisation")
            .prefetch_related("topics")
            .order_by("ref")
        )

    @cached_property
    def visits(self) -> list[Visit]:
        return list(
            Visit.objects.filter(campaign=self.campaign)
            .select_related("municipality__organisation")
            .order_by("ref")
        )

    @cached_property
    def delivered(self) -> list[Visit]:
        """Held visits whose local date lies in the window."""
        first, last = self.campaign.window_start, self.campaign.window_end
        return [
            visit
            for visit in self.visits
            if visit.state in HELD_VISITS and first <= visit.local_date <= last
        ]

    @cached_property
    def reports(self) -> list[VisitReport]:
        visits = {visit.pk: visit for visit in self.delivered}
        found = VisitReport.objects.filter(visit__in=visits).prefetch_related("counts")
        reports = list(found.order_by("visit__ref"))
        for report in reports:
            report.visit = visits[report.visit_id]
        return reports

    @cached_property
    def _municipality_at(self) -> dict[int | None, Municipality]:
        return {row.place_id: row for row in Municipality.objects.exclude(place=None)}

    def city_of(self, row: VisitRequest | Visit) -> City:
        """The municipality a request or visit belongs to, even before anybody took it over."""
        known = row.municipality or self._municipality_at.get(row.place_id)
        if known is not None:
            return _known(known)
        request = row if isinstance(row, VisitRequest) else None
        if row.place_id:
            return City(f"place {row.place_id}", request=request)
        return City(f"name {row.country} {search_key(row.city)}", request=request)

    @cached_property
    def event_cities(self) -> set[City]:
        return {
            _known(person.organisation.municipality)
            if hasattr(person.organisation, "municipality")
            else City(f"organisation {person.organisation.pk}")
            for person in self.attendees
            if person.organisation and person.organisation.type == Organisation.Type.MUNICIPALITY
        }

    @cached_property
    def request_cities(self) -> set[City]:
        return {self.city_of(request) for request in self.valid_requests}

    @cached_property
    def visit_cities(self) -> set[City]:
        return {self.city_of(visit) for visit in self.delivered}


def _known(municipality: Municipality) -> City:
    return City(
        f"municipality {municipality.pk:06d}",
        is_pilot=municipality.is_pilot,
        municipality=municipality,
    )


def _follow(pk: int, into: dict[int, int]) -> int:
    """The person at the end of a chain of merges."""
    seen = set()
    while pk in into and pk not in seen:
        seen.add(pk)
        pk = into[pk]
    return pk
