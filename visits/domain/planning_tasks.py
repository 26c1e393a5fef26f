"""From requests, visits and cities to the planner's tasks, with the calendar of each place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from crm.models import Place
from visits.domain.requests import Visited, days_wished, default_duration, default_priority
from visits.domain.travel import place_ref
from visits.models import CalendarDay, Campaign, Host, Visit, VisitRequest
from visits.models.requests import Mode
from visits.planning import problem as p
from visits.planning.spans import is_zone

# Wish points a soft day costs; they rank days and never trade against priority.
SOFT_POINTS = {
    CalendarDay.Kind.CARNIVAL: 2.0,
    CalendarDay.Kind.OPTIONAL: 2.0,
    CalendarDay.Kind.SCHOOL: 1.0,
    CalendarDay.Kind.HALF_DAY: 0.5,
    CalendarDay.Kind.CUSTOM: 1.0,
}
# What hosts and cities speak with each other where they share no other language.
WORKING_LANGUAGE = "en"
BRIDGE_DAY = p.SoftDay(0.5, "a bridge day between a holiday and the weekend")


@dataclass(frozen=True)
class Known:
    """What many rows are weighed by, read once: the calendar of the window, the topics experts
    add, where visits were or will be, and the moment of planning."""

    calendar: Sequence[CalendarDay]
    by_experts: set[str]
    visited: Visited
    at: datetime

    def weight(self, requests: Iterable[VisitRequest]) -> int:
        """The priority of a visit that serves these requests."""
        return sum(
            request.priority or default_priority(request, at=self.at, visited=self.visited)
            for request in requests
        )


@dataclass(frozen=True)
class CityAt:
    """A city as calendars know it, with its place of the register."""

    country: str
    region: str
    city: str
    place: Place | None


def mode_of(request: VisitRequest, offers: dict[str, Visit]) -> p.Mode:
    """As wished, unless on site is ruled out or the city was offered to meet online."""
    offer = offers.get(request.ref)
    if offer is not None and offer.is_promised:
        return p.Mode.ONLINE if offer.mode == Mode.ONLINE else p.Mode.ON_SITE
    offered_online = offer is not None and offer.mode == Mode.ONLINE
    if request.mode == Mode.ONLINE or request.on_site_ruled_out or offered_online:
        return p.Mode.ONLINE
    return p.Mode.ON_SITE


def task_of_requests(
    group: Sequence[VisitRequest],
    *,
    offers: dict[str, Visit],
    known: Known,
) -> p.Task:
    """One visit for these requests of one city; an agreed one among `offers` is promised."""
    first = group[0]
    where = CityAt(first.country, first.region, first.city, first.place)
    closed, half_days, soft_days = _calendar(where, first.campaign, known.calendar)
    offer = offers.get(first.ref)
    agreed = offer if offer and offer.is_promised else None
    asking = [row for row in group if agreed and _asks_for_other_days(row, agreed)]
    wishes = [
        p.Wish(day=wish.on, part=p.PartOfDay(wish.part), rank=rank)
        for request in asking or group
        for rank, wish in enumerate(days_wished(request), 1)
    ]
    mode = mode_of(first, offers)
    return p.Task(
        ref=first.ref,
        label=first.city,
        place=place_asked_from(first),
        duration=_length(agreed) if agreed else max(_duration(request, mode) for request in group),
        requests=tuple(request.ref for request in group),
        priority=known.weight(group),
        mode=mode,
        wishes=tuple(sorted(wishes, key=lambda wish: (wish.rank, wish.day))),
        closed=closed,
        half_days=half_days,
        soft_days=soft_days,
        needs=_needs(group, known.by_experts),
        languages=_languages(group),
        promised=agreed is not None,
        only_wished=bool(asking),
    )


def _asks_for_other_days(request: VisitRequest, agreed: Visit) -> bool:
    """Whether its city asks for other days of the window in place of this agreed visit's."""
    days = agreed.campaign.working_days
    return any(
        on in days
        for asked in request.date_wishes.all()
        if asked.settled_at is None and asked.visit_id == agreed.pk
        for on, _part in asked.wished
    )


def task_of_city(
    where: CityAt, *, ref: str, minutes: int, campaign: Campaign, known: Known
) -> p.Task:
    """A visit nobody asked for yet: on site, in a city of the register, without wishes."""
    closed, half_days, soft_days = _calendar(where, campaign, known.calendar)
    return p.Task(
        ref=ref,
        label=where.city,
        place=planned_place(where.place, where.city),
        duration=minutes,
        closed=closed,
        half_days=half_days,
        soft_days=soft_days,
    )


def task_of_visit(visit: Visit, known: Known | None) -> p.Task | None:
    """A visit that stands as the task it would be if it might move; its ref is the visit's.

    None where no place of the register or no request is behind it.
    """
    requests = list(visit.requests.all())
    if not requests or visit.place is None or known is None:
        return None
    if any(request.place is None for request in requests):
        return None
    mode = p.Mode.ONLINE if visit.mode == Mode.ONLINE else p.Mode.ON_SITE
    return replace(
        task_of_requests(requests, offers={}, known=known),
        ref=visit.ref,
        label=f"{visit.ref} {visit.city}",
        place=planned_place(visit.place, visit.city),
        mode=mode,
        duration=int(visit.duration.total_seconds() // 60),
    )


def _length(visit: Visit) -> int:
    return int((visit.ends_at - visit.starts_at).total_seconds()) // 60


def _duration(request: VisitRequest, mode: p.Mode) -> int:
    if request.duration_minutes:
        return request.duration_minutes
    return 90 if mode == p.Mode.ONLINE else default_duration(request)


def needs_place(request: VisitRequest, offers: dict[str, Visit]) -> bool:
    """Whether the request cannot be planned because its city is in no register of places: to meet
    online one need only know its time."""
    if request.place is not None:
        return False
    return mode_of(request, offers) != p.Mode.ONLINE or not is_zone(request.zone)


def place_asked_from(request: VisitRequest) -> p.Place:
    """The city of a request; where it is in no register, as somewhere to be met online alone."""
    if request.place is not None:
        return planned_place(request.place, request.city)
    return p.Place(ref=f"city of {request.ref}", name=request.city, zone=request.zone)


def planned_place(place: Place | None, city: str = "") -> p.Place:
    """A place as the planner names it: as its city does, else as the register."""
    assert place is not None, "requests without a place are sorted out before"
    return p.Place(ref=place_ref(place), name=city or place.name, zone=place.zone)


def covered_by_experts() -> set[str]:
    """Topics that an expert can add from afar."""
    experts = Host.objects.filter(kind=Host.Kind.EXPERT)
    return set(experts.values_list("topics__code", flat=True))


def _languages(group: Sequence[VisitRequest]) -> frozenset[str]:
    """The languages a meeting can be held in: those the cities asked for, or English; any, where an
    interpreter is there."""
    if any(request.interpreter.strip() for request in group):
        return frozenset()
    return frozenset({WORKING_LANGUAGE, *(request.language for request in group)})


def _needs(group: Sequence[VisitRequest], by_experts: set[str]) -> tuple[frozenset[str], ...]:
    """Topics the host must cover: those no expert can add from afar."""
    topics = {topic.code for request in group for topic in request.topics.all()}
    return tuple(frozenset({code}) for code in sorted(topics - by_experts))


def _calendar(
    where: CityAt, window: Campaign, calendar: Sequence[CalendarDay]
) -> tuple[dict[date, str], dict[date, int], dict[date, p.SoftDay]]:
    """Closed dates, latest ends on half days (minutes after 00:00) and difficult dates."""
    rows = [
        row
        for row in calendar
        if row.is_at(country=where.country, region=where.region, city=where.city, place=where.place)
    ]
    closed: dict[date, str] = {}
    half_days: dict[date, int] = {}
    soft: dict[date, p.SoftDay] = {}
    for row in rows:
        for day in _dates(row, window):
            if row.kind == CalendarDay.Kind.HALF_DAY:
                half_days[day] = 17 * 60 - row.shorter_by_minutes
            elif row.hardness == CalendarDay.Hardness.HARD:
                closed[day] = row.name
                continue
            points = SOFT_POINTS.get(CalendarDay.Kind(row.kind), 1.0)
            if day not in soft or soft[day].points < points:
                soft[day] = p.SoftDay(points, row.name)
    for day in closed:
        for bridge in _bridges(day):
            if window.window_start <= bridge <= window.window_end and bridge not in closed:
                soft.setdefault(bridge, BRIDGE_DAY)
    return closed, half_days, soft


def _dates(row: CalendarDay, window: Campaign) -> list[date]:
    first, last = (
        max(row.first_on, window.window_start),
        min(row.last_on, window.window_end),
    )
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _bridges(holiday: date) -> list[date]:
    """The working day between a Tuesday or Thursday holiday and the weekend."""
    return {
        1: [holiday - timedelta(days=1)],
        3: [holiday + timedelta(days=1)],
    }.get(holiday.weekday(), [])
