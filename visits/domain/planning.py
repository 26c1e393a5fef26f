"""From the rows of a campaign to the planner's Problem, and from its Solution to plain values."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from crm.models import Place
from visits.domain.booking import BUFFER
from visits.domain.campaigns import first_day_for_new
from visits.domain.disruption_areas import stops_in_travel
from visits.domain.journeys import Journey, busy_times, journeys_between, visits_near
from visits.domain.place_names import name_of, names_at
from visits.domain.plan_rules import decisions_of, with_decisions
from visits.domain.planning_tasks import (
    WORKING_LANGUAGE,
    Known,
    covered_by_experts,
    mode_of,
    needs_place,
    planned_place,
    task_of_requests,
)
from visits.domain.requests import Visited
from visits.domain.tours import Elsewhere, elsewhere_of, every_date
from visits.domain.travel import travel_with_detours
from visits.models import (
    CalendarDay,
    Campaign,
    Hold,
    Host,
    HostAvailability,
    PlanDecision,
    TravelLeg,
    Visit,
    VisitRequest,
)
from visits.models.requests import Mode
from visits.planning import problem as p
from visits.planning.validate import MOST_TASKS
from visits.planning.weeks import trip_days
from visits.states import HELD_VISITS, LIVE_VISITS, RequestState, VisitState

# How far from the window a visit may lie and still share a journey with one inside it.
NEAR = timedelta(days=7)
# The table of journeys grows with the square of the places; this many take about a minute.
MOST_PLACES = 1_100
# So many take a few seconds, which is as long as a page may keep somebody waiting.
MOST_PLACES_AT_ONCE = 300
OPEN_TO_PLAN = (
    RequestState.RECEIVED,
    RequestState.NEEDS_INFO,
    RequestState.UNDER_REVIEW,
    RequestState.PROPOSED,
    RequestState.WAITLISTED,
)


@dataclass(frozen=True)
class Held:
    """How a plan version holds some requests: together, online or on site, and how long.

    A version brought back keeps this, whatever was asked or offered meanwhile. What was placed
    online `by_hand` goes back to what was asked once it is left out.
    """

    requests: tuple[str, ...]
    mode: p.Mode
    minutes: int
    by_hand: bool = False


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
    held: tuple[Held, ...] = ()
    decisions: tuple[PlanDecision, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


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
    held: Sequence[Held] = (),
    may_take_long: bool = False,
) -> LoadedProblem:
    """What is to be planned at the moment `at`.

    Plain: open requests without a date over the rest of the window; agreed visits and the first
    date of each offer are facts; the other dates held for a city are busy, as are what a cancelled
    visit keeps for an undo and whole tours for other campaigns (see `tours`); strikes and storms
    stop journeys. Visits `released` by reference are no facts: they may move, as little as
    possible, and are placed before anything new; where a city asked for other days, on those alone.
    `most_moves` limits how many of them and of the offers may. Fresh: every request not merged,
    rejected or referred over the whole window from an empty calendar, with every strike and storm
    of it; `left_out_when_fresh` tells what that does not look at. Only: these requests, whatever
    their state, and all visits but their own.

    `decisions` are the coordinator's, those of the campaign when not given. `beside` are further
    places to which journeys shall be known. What is `held` is not weighed anew but taken so.

    Raises ValidationError for more requests or places than can be weighed, fewer unless it
    `may_take_long` because nobody waits for a page.
    """
    hosts = list(_with_absences(Host.objects.who_lead()))
    visits = [] if fresh else list(_facts(campaign, without=only))
    loose = [visit for visit in visits if visit.ref in released and may_move(visit, at)]
    visits = [visit for visit in visits if visit not in loose]
    settled = {request.pk for visit in visits for request in visit.requests.all()}
    promised = {request.pk: visit for visit in loose for request in visit.requests.all()}
    if only is None:
        wanted = _requests_to_plan(campaign, promised, fresh=fresh).exclude(pk__in=settled)
        _refuse_unread(wanted, may_take_long=may_take_long)
        requests = list(wanted)
    else:
        requests = [request for request in only if request.pk not in settled]
    offers = {} if fresh or only is not None else _offered(requests, promised)
    without = [request for request in requests if needs_place(request, offers)]
    placed = [request for request in requests if not needs_place(request, offers)]
    kept = {} if fresh else _kept(at)
    if only is None:
        for host_pk, times in _other_dates(visits).items():
            kept.setdefault(host_pk, []).extend(times)
    taken = {host.pk: [*busy_times(host.absences), *kept.get(host.pk, ())] for host in hosts}
    others = (
        [] if fresh else list(visits_elsewhere(campaign).prefetch_related("holds__reservation"))
    )
    elsewhere = elsewhere_of(others, visits, taken)
    positions = {} if fresh else _positions(hosts, at, elsewhere)
    groups = _by_city(placed, offers, joint=fresh, held=held)
    days = CalendarDay.objects.between(campaign.window_start, campaign.window_end)
    known = Known(list(days), covered_by_experts(), Visited.load(), at)
    asked_for = [task_of_requests(group, offers=offers, known=known) for group in groups]
    as_held = {row.requests: row for row in held}
    tasks = [_as_held(task, as_held.get(task.requests)) for task in asked_for]
    changed = {task.ref for task, old in zip(tasks, asked_for, strict=True) if task != old}
    here = [place for place, _position in positions.values()]
    places = [*_places(hosts, placed, visits, here), *beside]
    there = len({place.pk for place in places})
    _refuse_too_many(len(requests), there, may_take_long=may_take_long)
    begins = datetime.combine(campaign.window_start, time(0), ZoneInfo(campaign.zone))
    disruptions = stops_in_travel(
        places, after=begins if fresh else at, looking_back=at if fresh else None
    )
    travel, detours = travel_with_detours(places, disruptions, ask=True)
    problem = p.Problem(
        days=tuple(campaign.working_days),
        hosts=tuple(
            _host(
                host,
                positions[host.pk][1] if host.pk in positions else None,
                busy=(*taken[host.pk], *elsewhere.busy.get(host.pk, ())),
            )
            for host in hosts
        ),
        tasks=tuple(tasks),
        travel=travel,
        fixed=tuple(_fixed(visit, known, at_home=visit.pk in elsewhere.inside) for visit in visits),
        published=tuple(
            p.PublishedVisit(task=group[0].ref, host=offer.host.ref, start=offer.starts_at)
            for group, task in zip(groups, tasks, strict=True)
            if (offer := offers.get(task.ref)) and task.ref not in changed and not task.only_wished
        ),
        project_end=campaign.project_end,
        clock=None if fresh else at,
        earliest=None if fresh else _earliest(campaign, at),
        most_moves=most_moves,
        disruptions=disruptions,
        detours=detours,
    )
    problem = replace(problem, hosts=tuple(_within(problem, host) for host in problem.hosts))
    if decisions is None:
        decisions = decisions_of(campaign)
    return LoadedProblem(
        problem=with_decisions(problem, decisions),
        requests={request.ref: request for request in requests},
        visits={visit.ref: visit for visit in visits},
        hosts={host.ref: host for host in hosts},
        kept_visits=offers,
        without_place=tuple(without),
        released=tuple(visit.ref for visit in loose),
        known=known,
        held=tuple(held),
        decisions=tuple(decisions),
        facts=facts_mark(
            campaign, decisions, (row for host in hosts for row in host.absences), others
        ),
    )


def facts_mark(
    campaign: Campaign,
    decisions: Iterable[PlanDecision],
    absences: Iterable[HostAvailability],
    elsewhere: Iterable[Visit],
) -> dict[str, str]:
    """A short mark of what was decided, one of when hosts are away in the window, and one of their
    visits `elsewhere`; as long as a mark stays the same, so does what it stands for."""
    first, last = campaign.window_start - NEAR, campaign.window_end + NEAR
    away = {
        f"{row.host_id} {row.starts_at.isoformat()} {row.ends_at.isoformat()}"
        for row in absences
        if row.starts_at.date() <= last and first <= row.ends_at.date()
    }
    return {
        "decisions": _mark(str(row.pk) for row in decisions),
        "absences": _mark(away),
        "elsewhere": _mark(
            f"{row.host_id} {row.starts_at.isoformat()} {row.ends_at.isoformat()}"
            for row in elsewhere
        ),
    }


def _mark(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16]


def facts_changed(
    campaign: Campaign, known: Mapping[str, str] | None, decisions: Iterable[PlanDecision]
) -> list[str]:
    """What is not any more as a plan found it, in words; nothing where that was not `known`."""
    if not known:
        return []
    absences = HostAvailability.objects.busy().filter(host__in=Host.objects.who_lead())
    now = facts_mark(campaign, decisions, absences, visits_elsewhere(campaign))
    words = {
        "decisions": _("decisions were made or taken back"),
        "absences": _("the times when hosts are away changed"),
        "elsewhere": _("visits of other campaigns changed"),
    }
    return [words[name] for name in words if known.get(name, now[name]) != now[name]]


def _refuse_unread(wanted: QuerySet[VisitRequest], *, may_take_long: bool) -> None:
    """Refuse too many requests by counting: reading ten thousand takes longer."""
    count = wanted.count()
    _refuse_too_long_a_list(count)
    there = wanted.order_by().values("place").distinct().count()
    _refuse_too_many(count, there, may_take_long=may_take_long)


def _refuse_too_many(count: int, places: int, *, may_take_long: bool) -> None:
    """Raise ValidationError where the journeys alone would take longer than a plan may."""
    if places > MOST_PLACES:
        raise ValidationError(
            _(
                "%(count)s requests lie in %(places)s places; a plan can weigh the journeys "
                "between %(most)s. Decline or refer some first, or plan them in several campaigns."
            ),
            code="too_many_places",
            params={"count": count, "places": places, "most": MOST_PLACES},
        )
    if places > MOST_PLACES_AT_ONCE and not may_take_long:
        raise ValidationError(
            _(
                "Requests lie in %(places)s places; the journeys between more than %(most)s are "
                "not weighed while you wait. “Plan again” weighs them and tells the reason of "
                "each request left over."
            ),
            code="too_many_places_at_once",
            params={"places": places, "most": MOST_PLACES_AT_ONCE},
        )


def _refuse_too_long_a_list(count: int) -> None:
    """Raise ValidationError where there are more requests than the search can weigh."""
    if count > MOST_TASKS:
        raise ValidationError(
            _(
                "%(count)s requests are more than one plan can weigh; plan at most %(most)s at a "
                "time. Decline or refer some first, or plan them in several campaigns."
            ),
            code="too_many_tasks",
            params={"count": count, "most": MOST_TASKS},
        )


def may_move(visit: Visit, at: datetime) -> bool:
    """Whether an agreed visit can be planned anew: ahead, in the window, and, where one travels,
    its places known."""
    requests = list(visit.requests.all())
    day = visit.starts_at.astimezone(ZoneInfo(visit.zone)).date()
    return (
        visit.starts_at > at
        and day in visit.campaign.working_days
        and bool(requests)
        and (visit.is_online or all(request.place_id for request in requests))
    )


def _with_absences(hosts: QuerySet[Host]) -> QuerySet[Host]:
    busy = Prefetch("availability", HostAvailability.objects.busy(), to_attr="absences")
    return hosts.select_related("home").prefetch_related("topics", busy)


def _requests_to_plan(
    campaign: Campaign, promised: Collection[int], *, fresh: bool
) -> QuerySet[VisitRequest]:
    found = VisitRequest.objects.filter(campaign=campaign)
    if fresh:
        found = found.plannable()
    else:
        waiting = VisitRequest.objects.plannable().filter(state__in=OPEN_TO_PLAN)
        found = found.filter(Q(pk__in=waiting.values("pk")) | Q(pk__in=promised))
    return (
        found.select_related("place", "campaign", "municipality")
        .prefetch_related(
            "topics",
            "preferred_dates",
            "date_wishes",
            Prefetch(
                "visits",
                Visit.objects.select_related("host").prefetch_related("holds"),
                to_attr="all_visits",
            ),
        )
        .order_by("ref")
    )


def _facts(campaign: Campaign, *, without: Sequence[VisitRequest] | None = None) -> Iterable[Visit]:
    """What the plan takes as it stands: agreed visits, moved ones that wait for their city, and
    dates held for a city that may still accept them. An offer is a promise until its deadline; the
    coordinator may take it back.

    Where some requests are asked about, `without` theirs.
    """
    live = Visit.objects.standing().select_related("host__home", "place", "campaign")
    live = live.filter(campaign=campaign)
    if without is not None:
        live = live.exclude(requests__in=list(without))
    requests = VisitRequest.objects.select_related("place", "campaign", "municipality")
    live = live.prefetch_related(
        "holds__reservation",
        Prefetch("requests", requests.prefetch_related("topics", "preferred_dates", "date_wishes")),
    )
    return live.order_by("ref")


def _near(campaign: Campaign, visits: QuerySet[Visit]) -> QuerySet[Visit]:
    first, last = campaign.window_start - NEAR, campaign.window_end + NEAR
    return visits.filter(starts_at__date__gte=first, starts_at__date__lte=last)


def visits_elsewhere(campaign: Campaign) -> QuerySet[Visit]:
    """What stands or took place for other campaigns near the window with the hosts whom this one
    may plan, and what their journeys need."""
    rows = Visit.objects.standing() | Visit.objects.delivered()
    rows = rows.exclude(campaign=campaign).filter(host__in=Host.objects.who_lead())
    rows = rows.select_related("campaign", "host__home", "place")
    return _near(campaign, rows).order_by("ref")


def visits_beside(campaign: Campaign) -> list[Visit]:
    """The same as a board shows them: with offers whose time is not held any more."""
    rows = Visit.objects.taking_place().exclude(campaign=campaign)
    rows = rows.filter(host__in=Host.objects.who_lead())
    return list(_near(campaign, rows).select_related("campaign", "host__home", "place"))


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
    here: Sequence[Place],
) -> list[Place]:
    return (
        list(here)
        + [host.home for host in hosts]
        + [request.place for request in requests if request.place]
        + [visit.place for visit in visits if visit.place]
    )


def _by_city(
    requests: Sequence[VisitRequest],
    offers: dict[str, Visit],
    *,
    joint: bool,
    held: Sequence[Held] = (),
) -> list[list[VisitRequest]]:
    """Groups to be placed as one visit: one request each, or those that share a visit or are held
    together, or those of one city together.

    Only a plan from an empty calendar joins a city's requests; else the coordinator does.
    """
    together = {ref: row.requests[0] for row in held for ref in row.requests}

    def key(request: VisitRequest) -> tuple:
        if joint:
            name = "" if request.place_id else f"{request.country} {request.city}".casefold()
            return (request.place_id or 0, name, mode_of(request, offers))
        offer = offers.get(request.ref)
        own = together.get(request.ref, request.ref)
        return (offer.ref, "") if offer else (own, own)

    return [list(group) for _key, group in groupby(sorted(requests, key=key), key=key)]


def _as_held(task: p.Task, row: Held | None) -> p.Task:
    """The task as a version holds it; an agreed visit is what it was agreed to be."""
    if row is None or task.promised:
        return task
    return replace(task, mode=row.mode, duration=row.minutes)


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


def _other_dates(visits: Iterable[Visit]) -> dict[int, list[p.Busy]]:
    """Each host's time held for the cities of these visits beside that of the visits themselves;
    nobody else may have it before they answer."""
    found: dict[int, list[p.Busy]] = {}
    for visit in visits:
        for other in every_date(visit):
            if other.starts_at != visit.starts_at:
                busy = p.Busy(other.starts_at, other.ends_at + BUFFER, label=f"held for {visit}")
                found.setdefault(visit.host_id, []).append(busy)
    return found


def _host(host: Host, position: p.Position | None, *, busy: Sequence[p.Busy]) -> p.Host:
    return p.Host(
        ref=host.ref,
        name=host.name,
        home=planned_place(host.home),
        skills=frozenset(topic.code for topic in host.topics.all()),
        languages=frozenset(host.languages or [WORKING_LANGUAGE]),
        busy=tuple(busy),
        can_travel=host.travels,
        days_in_a_row=host.max_days_in_row,
        office_day=host.keeps_office_day,
        position=position,
        travel_from=host.travel_from,
        travel_to=host.travel_until,
    )


def _within(problem: p.Problem, host: p.Host) -> p.Host:
    """The host without a position outside the weeks that are planned: at home when they begin."""
    if host.position is None:
        return host
    zone = ZoneInfo(host.home.zone)
    for days in trip_days(problem, host):
        first = datetime.combine(days[0], host.travel_from, zone)
        if first <= host.position.at <= datetime.combine(days[-1], host.travel_to, zone):
            return host
    return replace(host, position=None)


def _positions(
    hosts: Sequence[Host], at: datetime, elsewhere: Elsewhere
) -> dict[int, tuple[Place, p.Position]]:
    """Where each host is in the running week, and free to leave from when on: where the journey
    ends that has begun since the last on-site visit of it, else at that visit; else not named.
    A visit that could not be reached in time counts only once it was held.

    Who is on a tour for another campaign is at home, and away until it is over.
    """
    found: dict[int, tuple[Place, p.Position]] = {}
    journeys = journeys_between(visits_near(hosts, at, at))
    for host in hosts:
        if elsewhere.is_on_tour(host, at):
            found[host.pk] = host.home, p.Position(planned_place(host.home), at)
            continue
        home_zone = ZoneInfo(host.zone)
        today = at.astimezone(home_zone).date()
        monday = datetime.combine(today - timedelta(days=today.weekday()), time(0), home_zone)
        missed = [
            row.to_visit.pk
            for row in journeys.get(host, ())
            if row.is_missed and row.to_visit and row.to_visit.state in LIVE_VISITS
        ]
        last = (
            Visit.objects.filter(host=host, starts_at__range=(monday, at))
            .exclude(mode=Mode.ONLINE)
            .exclude(pk__in=missed)
            .exclude(state__in=[VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW])
            .select_related("place")
            .order_by("-ends_at")
            .first()
        )
        if last is not None and last.place is not None:
            here = planned_place(last.place, last.city)
            found[host.pk] = last.place, p.Position(here, max(at, last.ends_at + BUFFER))
        begun = [
            row
            for row in journeys.get(host, ())
            if monday <= row.departs_at <= at and not row.is_missed
        ]
        if leg := _begun(host, monday, at):
            begun.append(Journey.of_leg(leg, to_visit=leg.visit))
        on = max(begun, key=lambda row: row.departs_at, default=None)
        if on is not None and (last is None or on.departs_at >= last.ends_at):
            names = names_at([visit for visit in (on.from_visit, on.to_visit) if visit])
            here = planned_place(on.destination, name_of(on.destination, names))
            found[host.pk] = on.destination, p.Position(here, max(at, on.arrives_at))
    return found


def _begun(host: Host, monday: datetime, at: datetime) -> TravelLeg | None:
    """The last journey this week that took the host, or is taking, to a visit that stood when it
    began, or away from one that is over."""
    stands = Q(visit__state__in=LIVE_VISITS) | Q(visit__state_since__gte=F("departs_at"))
    there = Q(visit__place=F("destination"), arrives_at__lte=F("visit__starts_at"))
    back = Q(visit__state__in=LIVE_VISITS | HELD_VISITS, visit__place=F("origin"))
    back &= Q(departs_at__gte=F("visit__ends_at"))
    legs = TravelLeg.objects.standing().filter(
        (there & stands) | back, host=host, visit__host=host, departs_at__range=(monday, at)
    )
    return legs.select_related("destination", "visit").order_by("-departs_at").first()


def _fixed(visit: Visit, known: Known | None = None, *, at_home: bool = False) -> p.FixedVisit:
    """The visit as a fact; `at_home` where it needs no journey of its own, as it lies in the middle
    of a tour for another campaign."""
    requests = list(visit.requests.all())
    place = planned_place(visit.place or visit.host.home, visit.city if visit.place else "")
    if at_home:
        home = planned_place(visit.host.home)
        place = replace(home, name=place.name)
    return p.FixedVisit(
        ref=visit.ref,
        label=f"{visit.ref} {visit.city}",
        host=visit.host.ref,
        mode=p.Mode.ONLINE if visit.mode == Mode.ONLINE else p.Mode.ON_SITE,
        place=place,
        start=visit.starts_at,
        end=visit.ends_at,
        priority=known.weight(requests) if known else 0,
        requests=tuple(sorted(request.ref for request in requests)),
    )


def _earliest(campaign: Campaign, at: datetime) -> datetime:
    """The first moment a new visit may start: the shortest notice counted in working days."""
    zone = ZoneInfo(campaign.zone)
    day = first_day_for_new(campaign, at.astimezone(zone).date())
    return datetime.combine(day, time(0), zone)
