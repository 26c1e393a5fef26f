"""Fill a journey: cities met at the event that lie near the way and could be visited in passing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from crm.models import ContactPoint, Municipality, Participation, Person, Place, Suppression
from visits.domain.journeys import journeys_between, visits_near
from visits.domain.place_names import name_of, names_at
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.planning_tasks import CityAt, task_of_city
from visits.domain.reach import best_of_answers, usual_first
from visits.domain.travel import place_ref
from visits.models import Campaign, Host, VisitRequest
from visits.planning.travel import great_circle_km
from visits.planning.verdicts import Slot
from visits.states import LIVE_VISITS, RequestState

# A visit on the way takes half a day; where that does not fit, a meeting of an hour and a half.
LENGTHS = (180, 90)
# How much longer the way through a city may be, as the crow flies and on the road.
DETOUR_KM = 400.0
DETOUR_MINUTES = 240
# Cities that said no, or that we could not visit, are not asked again by the way.
NOT_AGAIN = (RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.REJECTED)


def fill_query(
    host: str, origin: int | str, destination: int | str, departs_at: datetime, arrives_at: datetime
) -> str:
    """The query of `visits:plan-fill` for a journey; places by their number or planner's name."""
    return urlencode(
        {
            "host": host,
            "from": origin,
            "to": destination,
            "departs": departs_at.isoformat(timespec="minutes"),
            "arrives": arrives_at.isoformat(timespec="minutes"),
        }
    )


@dataclass(frozen=True)
class Leg:
    """One journey of a host, as a page names it."""

    host: Host
    origin: Place
    destination: Place
    departs_at: datetime
    arrives_at: datetime
    names: Mapping[int, str]

    @property
    def origin_name(self) -> str:
        return name_of(self.origin, self.names)

    @property
    def destination_name(self) -> str:
        return name_of(self.destination, self.names)

    @property
    def query(self) -> str:
        """The query of `visits:plan-fill` that asks about this journey."""
        ends = (self.origin.pk, self.destination.pk)
        return fill_query(self.host.ref, *ends, self.departs_at, self.arrives_at)


@dataclass(frozen=True)
class NearCity:
    """A city near the way, whom we met, and when a visit would fit.

    `detour` is how many minutes longer the way through it is; `starts_at` the best start on the
    days of the journey (None when the host has no time there), `extra_minutes` what it adds to the
    host's journeys of that week; `asked` is the city's request without a date, where there is one.
    `with_address` are the numbers of those of its people whom mail can reach.
    """

    municipality: Municipality
    people: list[Participation]
    with_address: frozenset[int]
    detour: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    extra_minutes: int = 0
    asked: VisitRequest | None = None

    @property
    def zone(self) -> str:
        place = self.municipality.place
        return place.zone if place else self.municipality.time_zone


def journeys_ahead(campaign: Campaign, *, at: datetime) -> list[Leg]:
    """The journeys of every host from now on, as they are told everywhere, in order."""
    last = datetime.combine(campaign.window_end, time(), UTC)
    visits = visits_near(Host.objects.who_lead(), at, last)
    names = names_at(visits)
    ahead = [
        Leg(host, row.origin, row.destination, row.departs_at, row.arrives_at, names)
        for host, own in journeys_between(visits).items()
        for row in own
        if row.arrives_at > at and not row.is_missed
    ]
    return sorted(ahead, key=lambda leg: (leg.departs_at, leg.arrives_at))


def cities_near(campaign: Campaign, leg: Leg, *, at: datetime) -> list[NearCity]:
    """Cities met at the campaign's event that may be contacted and lie near a journey.

    Those that can be visited come first, the shortest extra journey at the head. Left out are
    pilot cities, cities with a visit held or to come, and those that said no.
    """
    met = _met(campaign)
    cities = [city for city in _cities(campaign, met) if _is_near(leg, city.place)]
    ends = [leg.origin, leg.destination]
    loaded = load_problem(
        campaign, at=at, only=(), beside=[*ends, *(city.place for city in cities if city.place)]
    )
    asked = _open_requests(campaign, cities)
    with_address = _with_address(met)
    found = []
    for city in cities:
        detour = _detour(loaded, leg, city)
        if detour is None or detour > DETOUR_MINUTES:
            continue
        slot = _slot(loaded, campaign, leg, city)
        people = met[city.organisation_id]
        found.append(
            NearCity(
                municipality=city,
                people=people,
                with_address=with_address.intersection(part.person_id for part in people),
                detour=detour,
                starts_at=slot.start if slot else None,
                ends_at=slot.end if slot else None,
                extra_minutes=slot.travel_minutes if slot else 0,
                asked=asked.get(city.place_id or 0),
            )
        )
    return sorted(found, key=_rank)


def _rank(city: NearCity) -> tuple:
    return (
        city.starts_at is None,
        city.extra_minutes if city.starts_at else city.detour,
        city.municipality.name,
    )


def _met(campaign: Campaign) -> dict[int, list[Participation]]:
    """Who was at the event and may be contacted, by organisation."""
    parts = (
        Participation.objects.attended()
        .of_people_counted_once()
        .filter(event=campaign.event, person__in=Person.objects.contactable())
        .select_related("person")
        .order_by("person__family", "person__given")
    )
    found: dict[int, list[Participation]] = {}
    for part in parts:
        if part.person.organisation_id is not None:
            found.setdefault(part.person.organisation_id, []).append(part)
    return found


def _cities(campaign: Campaign, met: Iterable[int]) -> list[Municipality]:
    """Their municipalities in the register, without those that are served or said no."""
    requests = VisitRequest.objects.filter(campaign=campaign)
    said_no = requests.filter(state__in=NOT_AGAIN).exclude(municipality=None)
    served = requests.filter(state__in=[RequestState.FULFILLED, RequestState.SCHEDULED])
    rows = Municipality.objects.new_to_us().filter(organisation__in=list(met), place__isnull=False)
    rows = rows.exclude(pk__in=said_no.values("municipality"))
    rows = rows.exclude(place__in=served.exclude(place=None).values("place"))
    rows = rows.exclude(
        place__in=requests.filter(visits__state__in=LIVE_VISITS).exclude(place=None).values("place")
    )
    return list(rows.select_related("place", "organisation").order_by("name"))


def _is_near(leg: Leg, place: Place | None) -> bool:
    """Whether the way through a place is not much longer as the crow flies."""
    if place is None:
        return False
    start, end = _at(leg.origin), _at(leg.destination)
    through = great_circle_km(*start, *_at(place)) + great_circle_km(*_at(place), *end)
    return through - great_circle_km(*start, *end) <= DETOUR_KM


def _at(place: Place) -> tuple[float, float]:
    return (place.latitude, place.longitude)


def _detour(loaded: LoadedProblem, leg: Leg, city: Municipality) -> int | None:
    """Minutes that the way through the city adds; None when a journey is not known."""
    assert city.place is not None
    table = loaded.problem.travel
    start, end, via = (
        table.index[place_ref(place)] for place in (leg.origin, leg.destination, city.place)
    )
    parts = [int(table.minutes[start, via]), int(table.minutes[via, end])]
    if min(parts) < 0:
        return None
    return sum(parts) - max(0, int(table.minutes[start, end]))


def _days(leg: Leg, zone: str) -> list[date]:
    """The local dates of the journey, and the day after it."""
    first = leg.departs_at.astimezone(ZoneInfo(zone)).date()
    last = leg.arrives_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return [first + timedelta(days=step) for step in range(min((last - first).days, 7) + 1)]


def _slot(loaded: LoadedProblem, campaign: Campaign, leg: Leg, city: Municipality) -> Slot | None:
    """The longest visit that fits on the days of the journey, where it adds least to travel."""
    assert city.place is not None
    assert loaded.known is not None
    where = CityAt(city.country, city.region, city.name, city.place)
    days = _days(leg, city.place.zone)
    for host in loaded.problem.hosts:
        if host.ref != leg.host.ref:
            continue
        for minutes in LENGTHS:
            task = task_of_city(
                where,
                ref=f"city {city.pk}",
                minutes=minutes,
                campaign=campaign,
                known=loaded.known,
            )
            slots = best_of_answers(loaded, task, host, days=days)
            if slots:
                return usual_first(slots, city.place.zone)
    return None


def _open_requests(campaign: Campaign, cities: Sequence[Municipality]) -> dict[int, VisitRequest]:
    """The requests of these cities that wait for a date, by place."""
    rows = VisitRequest.objects.filter(campaign=campaign).waiting_for_a_date()
    rows = rows.filter(place__in=[city.place_id for city in cities])
    return {row.place_id: row for row in rows if row.place_id is not None}


def _with_address(met: dict[int, list[Participation]]) -> frozenset[int]:
    """Who has an address to write to that is not among those never to be mailed."""
    people = [part.person_id for parts in met.values() for part in parts]
    points = ContactPoint.objects.emails().usable().filter(person__in=people)
    first: dict[int, str] = {}
    for point in points.order_by("-is_preferred", "pk"):
        first.setdefault(point.person_id, str(point))
    listed = Suppression.objects.among(first.values())
    return frozenset(person for person, address in first.items() if address not in listed)
