"""From the rows of a campaign to the planner's Problem, and from its Solution to plain values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from crm.domain.working_time import add_working_days
from crm.models import Place
from visits.domain.disruptions import stops_in_travel
from visits.domain.plan_rules import decisions_of, with_decisions
from visits.domain.requests import Visited, default_duration, default_priority
from visits.domain.travel import detours, place_ref, travel_table
from visits.models import (
    CalendarDay,
    Campaign,
    Hold,
    Host,
    HostAvailability,
    PlanDecision,
    Visit,
    VisitRequest,
)
from visits.models.requests import Mode
from visits.planning import problem as p
from visits.states import RequestState, VisitState

# Wish points a soft day costs; they rank days and never trade against priority.
SOFT_POINTS = {
    CalendarDay.Kind.CARNIVAL: 2.0,
    CalendarDay.Kind.OPTIONAL: 2.0,
    CalendarDay.Kind.SCHOOL: 1.0,
    CalendarDay.Kind.HALF_DAY: 0.5,
    CalendarDay.Kind.CUSTOM: 1.0,
}
# How far from the window a visit may lie and still share a journey with one inside it.
NEAR = timedelta(days=7)
BRIDGE_DAY = p.SoftDay(0.5, "a bridge day between a holiday and the weekend")
OPEN_TO_PLAN = (
    RequestState.RECEIVED,
    RequestState.NEEDS_INFO,
    RequestState.UNDER_REVIEW,
    RequestState.PROPOSED,
    RequestState.WAITLISTED,
)


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


@dataclass(frozen=True)
class LoadedProblem:
    """The planner's input, with the rows its references stand for."""

    problem: p.Problem
    requests: dict[str, VisitRequest]
    visits: dict[str, Visit]
    hosts: dict[str, Host]
    kept_visits: dict[str, Visit]
    without_place: tuple[VisitRequest, ...] = ()
    released: tuple[str, ...] = ()
    known: Known | None = None


def load_problem(
    campaign: Campaign,
    *,
    at: datetime,
    fresh: bool = False,
    decisions: Sequence[PlanDecision] | None = None,
    released: Collection[str] = (),
    most_moves: int | None = None,
    only: Sequence[VisitRequest] | None = None,
    beside: Sequence[Place] = (),
) -> LoadedProblem:
    """What is to be planned at the moment `at`.

    Plain: open requests without a date over the rest of the window; agreed visits and dates held
    for a city are facts, and what a cancelled visit keeps for an undo is busy; strikes and storms
    stop journeys. Visits `released` by reference are no facts: they may move, as little as
    possible, and are placed before anything new; `most_moves` limits how many of them and of the
    offers may. Fresh: every request not merged, rejected or referred over the whole window from an
    empty calendar, as if nothing disturbed it. Only: these requests, whatever their state, and all
    visits but their own, those of other campaigns too.

    `decisions` are the coordinator's, those of the campaign when not given. `beside` are further
    places to which journeys shall be known.
    """
    hosts = list(_with_absences(Host.objects.who_lead()))
    visits = [] if fresh else list(_facts(campaign, without=only))
    loose = [visit for visit in visits if visit.ref in released and may_move(visit, at)]
    visits = [visit for visit in visits if visit not in loose]
    settled = {request.pk for visit in visits for request in visit.requests.all()}
    promised = {request.pk: visit for visit in loose for request in visit.requests.all()}
    asked = _requests_to_plan(campaign, promised, fresh=fresh) if only is None else list(only)
    requests = [request for request in asked if request.pk not in settled]
    placed = [request for request in requests if request.place is not None]
    offers = {} if fresh or only is not None else _offered(placed, promised)
    positions = {} if fresh else _positions(hosts, at)
    kept = {} if fresh else _kept(at)
    groups = _by_city(placed, offers, joint=fresh)
    days = CalendarDay.objects.between(campaign.window_start, campaign.window_end)
    known = Known(list(days), _covered_by_experts(), Visited.load(), at)
    tasks = [_task(group, offers=offers, known=known) for group in groups]
    places = [*_places(hosts, placed, visits, positions), *beside]
    disruptions = () if fresh else stops_in_travel(places, after=at)
    problem = p.Problem(
        days=tuple(campaign.working_days),
        hosts=tuple(
            _host(host, positions.get(host.pk), at=at, kept=kept.get(host.pk, ())) for host in hosts
        ),
        tasks=tuple(tasks),
        travel=travel_table(places, ask=True),
        fixed=tuple(_fixed(visit, known) for visit in visits),
        published=tuple(
            p.PublishedVisit(task=group[0].ref, host=offer.host.ref, start=offer.starts_at)
            for group in groups
            if (offer := offers.get(group[0].ref))
        ),
        project_end=campaign.project_end,
        clock=None if fresh else at,
        earliest=None if fresh else _earliest(campaign, at),
        most_moves=most_moves,
        disruptions=disruptions,
        detours=detours(places, disruptions),
    )
    if decisions is None:
        decisions = decisions_of(campaign)
    return LoadedProblem(
        problem=with_decisions(problem, decisions),
        requests={request.ref: request for request in requests},
        visits={visit.ref: visit for visit in visits},
        hosts={host.ref: host for host in hosts},
        kept_visits=offers,
        without_place=tuple(request for request in requests if request.place is None),
        released=tuple(visit.ref for visit in loose),
        known=known,
    )


def may_move(visit: Visit, at: datetime) -> bool:
    """Whether an agreed visit can be planned anew: ahead, in the window, its places known."""
    requests = list(visit.requests.all())
    day = visit.starts_at.astimezone(ZoneInfo(visit.zone)).date()
    return (
        visit.starts_at > at
        and day in visit.campaign.working_days
        and bool(requests)
        and all(request.place_id for request in requests)
    )


def load_calendar(
    host: Host, visits: Sequence[Visit], *, days: Sequence[date], at: datetime
) -> p.Problem:
    """One host's visits as facts and nothing to place: solving it tells the journeys they need."""
    host = _with_absences(Host.objects.filter(pk=host.pk)).get()
    places = [host.home, *(visit.place for visit in visits if visit.place)]
    return p.Problem(
        days=tuple(days),
        hosts=(_host(host, None, at=at),),
        tasks=(),
        travel=travel_table(places),
        fixed=tuple(_fixed(visit) for visit in visits),
    )


def _with_absences(hosts: QuerySet[Host]) -> QuerySet[Host]:
    busy = Prefetch("availability", HostAvailability.objects.busy(), to_attr="absences")
    return hosts.select_related("home").prefetch_related("topics", busy)


def _requests_to_plan(
    campaign: Campaign, promised: Collection[int], *, fresh: bool
) -> list[VisitRequest]:
    found = VisitRequest.objects.filter(campaign=campaign)
    if fresh:
        found = found.plannable()
    else:
        waiting = VisitRequest.objects.plannable().filter(state__in=OPEN_TO_PLAN)
        found = found.filter(Q(pk__in=waiting.values("pk")) | Q(pk__in=promised))
    return list(
        found.select_related("place", "campaign", "municipality")
        .prefetch_related(
            "topics",
            "preferred_dates",
            Prefetch("visits", Visit.objects.select_related("host"), to_attr="all_visits"),
        )
        .order_by("ref")
    )


def _facts(campaign: Campaign, *, without: Sequence[VisitRequest] | None = None) -> Iterable[Visit]:
    """What the plan takes as it stands: agreed visits, and dates held for a city that may still
    accept them. An offer is a promise until its deadline; the coordinator may take it back.

    Where some requests are asked about, visits of every campaign near the window count, but theirs.
    """
    live = Visit.objects.live().select_related("host__home", "place", "campaign")
    if without is None:
        live = live.filter(campaign=campaign)
    else:
        first, last = campaign.window_start - NEAR, campaign.window_end + NEAR
        live = live.filter(starts_at__date__gte=first, starts_at__date__lte=last)
        live = live.exclude(requests__in=list(without))
    requests = VisitRequest.objects.select_related("place", "campaign", "municipality")
    live = live.prefetch_related(
        "holds__reservation",
        Prefetch("requests", requests.prefetch_related("topics", "preferred_dates")),
    )
    for visit in live.order_by("ref"):
        held = any(hold.reservation.active for hold in visit.holds.all())
        if visit.is_agreed or held:
            yield visit


def _offered(requests: Iterable[VisitRequest], promised: Mapping[int, Visit]) -> dict[str, Visit]:
    """Request reference to the visit agreed with it, or the tentative one on offer to it."""
    offers = {
        request.ref: visit
        for request in requests
        for visit in request.all_visits
        if visit.state == VisitState.TENTATIVE
    }
    return offers | {row.ref: promised[row.pk] for row in requests if row.pk in promised}


def _places(
    hosts: Sequence[Host],
    requests: Sequence[VisitRequest],
    visits: Sequence[Visit],
    positions: dict[int, Place],
) -> list[Place]:
    return (
        list(positions.values())
        + [host.home for host in hosts]
        + [request.place for request in requests if request.place]
        + [visit.place for visit in visits if visit.place]
    )


def _by_city(
    requests: Sequence[VisitRequest], offers: dict[str, Visit], *, joint: bool
) -> list[list[VisitRequest]]:
    """Groups to be placed as one visit: one request each, or those that share a visit, or those of
    one city together.

    Only a plan from an empty calendar joins a city's requests; else the coordinator does.
    """

    def key(request: VisitRequest) -> tuple:
        if joint:
            return (request.place_id or 0, _mode(request, offers))
        offer = offers.get(request.ref)
        return (offer.ref, "") if offer else (request.ref, request.ref)

    return [list(group) for _key, group in groupby(sorted(requests, key=key), key=key)]


def _mode(request: VisitRequest, offers: dict[str, Visit]) -> p.Mode:
    """As wished, unless on site is ruled out or the city was offered to meet online."""
    offer = offers.get(request.ref)
    if offer is not None and offer.is_agreed:
        return p.Mode.ONLINE if offer.mode == Mode.ONLINE else p.Mode.ON_SITE
    offered_online = offer is not None and offer.mode == Mode.ONLINE
    if request.mode == Mode.ONLINE or request.on_site_ruled_out or offered_online:
        return p.Mode.ONLINE
    return p.Mode.ON_SITE


def _task(
    group: Sequence[VisitRequest],
    *,
    offers: dict[str, Visit],
    known: Known,
) -> p.Task:
    first = group[0]
    where = CityAt(first.country, first.region, first.city, first.place)
    closed, half_days, soft_days = _calendar(where, first.campaign, known.calendar)
    wishes = [
        p.Wish(day=wish.on, part=p.PartOfDay(wish.part), rank=wish.rank)
        for request in group
        for wish in request.preferred_dates.all()
    ]
    mode = _mode(first, offers)
    offer = offers.get(first.ref)
    agreed = offer if offer and offer.is_agreed else None
    return p.Task(
        ref=first.ref,
        label=first.city,
        place=_place(first.place),
        duration=_length(agreed) if agreed else max(_duration(request, mode) for request in group),
        requests=tuple(request.ref for request in group),
        priority=known.weight(group),
        mode=mode,
        wishes=tuple(sorted(wishes, key=lambda wish: (wish.rank, wish.day))),
        closed=closed,
        half_days=half_days,
        soft_days=soft_days,
        needs=_needs(group, known.by_experts),
        promised=agreed is not None,
    )


def task_of_city(
    where: CityAt, *, ref: str, minutes: int, campaign: Campaign, known: Known
) -> p.Task:
    """A visit nobody asked for yet: on site, in a city of the register, without wishes."""
    closed, half_days, soft_days = _calendar(where, campaign, known.calendar)
    return p.Task(
        ref=ref,
        label=where.city,
        place=_place(where.place),
        duration=minutes,
        closed=closed,
        half_days=half_days,
        soft_days=soft_days,
    )


def task_of_visit(visit: Visit, loaded: LoadedProblem) -> p.Task | None:
    """A visit that stands as the task it would be if it might move; its ref is the visit's.

    None where no place of the register or no request is behind it.
    """
    requests = list(visit.requests.all())
    if not requests or visit.place is None or loaded.known is None:
        return None
    if any(request.place is None for request in requests):
        return None
    mode = p.Mode.ONLINE if visit.mode == Mode.ONLINE else p.Mode.ON_SITE
    return replace(
        _task(requests, offers={}, known=loaded.known),
        ref=visit.ref,
        label=f"{visit.ref} {visit.city}",
        place=_place(visit.place),
        mode=mode,
        duration=int(visit.duration.total_seconds() // 60),
    )


def _length(visit: Visit) -> int:
    return int((visit.ends_at - visit.starts_at).total_seconds()) // 60


def _duration(request: VisitRequest, mode: p.Mode) -> int:
    if request.duration_minutes:
        return request.duration_minutes
    return 90 if mode == p.Mode.ONLINE else default_duration(request)


def _place(place: Place | None) -> p.Place:
    assert place is not None, "requests without a place are sorted out before"
    return p.Place(ref=place_ref(place), name=place.name, zone=place.zone)


def _covered_by_experts() -> set[str]:
    """Topics that an expert can add from afar."""
    experts = Host.objects.filter(kind=Host.Kind.EXPERT)
    return set(experts.values_list("topics__code", flat=True))


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


def _kept(at: datetime) -> dict[int, list[p.Busy]]:
    """Each host's time that cancelled visits keep for an undo; nobody else may have it yet."""
    found: dict[int, list[p.Busy]] = {}
    rows = Hold.objects.kept().filter(expires_at__gt=at).select_related("reservation", "visit")
    for hold in rows.order_by("starts_at"):
        time_kept = hold.reservation
        busy = p.Busy(
            start=time_kept.starts_at, end=time_kept.ends_at, label=f"kept for {hold.visit}"
        )
        found.setdefault(hold.visit.host_id, []).append(busy)
    return found


def _host(
    host: Host, position: Place | None, *, at: datetime, kept: Sequence[p.Busy] = ()
) -> p.Host:
    return p.Host(
        ref=host.ref,
        name=host.name,
        home=_place(host.home),
        skills=frozenset(topic.code for topic in host.topics.all()),
        languages=frozenset(host.languages),
        busy=(
            *(
                p.Busy(start=row.starts_at, end=row.ends_at, label=str(row))
                for row in host.absences
            ),
            *kept,
        ),
        can_travel=host.travels,
        days_in_a_row=host.max_days_in_row,
        office_day=host.keeps_office_day,
        position=p.Position(place=_place(position), at=at) if position else None,
        travel_from=host.travel_from,
        travel_to=host.travel_until,
    )


def _positions(hosts: Sequence[Host], at: datetime) -> dict[int, Place]:
    """Where each host is in the running week: at the last on-site visit of it; else not named."""
    found: dict[int, Place] = {}
    for host in hosts:
        home_zone = ZoneInfo(host.zone)
        today = at.astimezone(home_zone).date()
        monday = datetime.combine(today - timedelta(days=today.weekday()), time(0), home_zone)
        last = (
            Visit.objects.filter(host=host, starts_at__gte=monday, ends_at__lte=at)
            .exclude(mode=Mode.ONLINE)
            .exclude(state__in=[VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW])
            .select_related("place")
            .order_by("-ends_at")
            .first()
        )
        if last is not None and last.place is not None:
            found[host.pk] = last.place
    return found


def _fixed(visit: Visit, known: Known | None = None) -> p.FixedVisit:
    requests = list(visit.requests.all())
    return p.FixedVisit(
        ref=visit.ref,
        label=f"{visit.ref} {visit.city}",
        host=visit.host.ref,
        mode=p.Mode.ONLINE if visit.mode == Mode.ONLINE else p.Mode.ON_SITE,
        place=_place(visit.place or visit.host.home),
        start=visit.starts_at,
        end=visit.ends_at,
        priority=known.weight(requests) if known else 0,
        requests=tuple(sorted(request.ref for request in requests)),
    )


def _earliest(campaign: Campaign, at: datetime) -> datetime:
    """The first moment a new visit may start: the shortest notice counted in working days."""
    zone = ZoneInfo(campaign.zone)
    day = add_working_days(at.astimezone(zone).date(), campaign.lead_days)
    return datetime.combine(day, time(0), zone)
