"""A host's journeys around the visits as they stand: legs that were entered, else estimates.

What any page, brief, pack, calendar or plan tells of a journey, it is told here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import F

from crm.models import Place
from visits.domain.disruption_areas import stops_in_travel
from visits.domain.travel import detours_between, place_ref
from visits.models import Campaign, Host, HostAvailability, Placement, TravelLeg, Visit
from visits.models.travel import mode_words
from visits.planning import problem as p
from visits.planning.journeys import journeys_of_facts
from visits.planning.solution import Leg
from visits.planning.travel import TravelTable
from visits.reason_words import desk_words
from visits.states import HELD_VISITS, LIVE_VISITS

NEAR = timedelta(days=3)
# Two journeys between the same places nearer to each other than this are one and the same.
SAME_JOURNEY = timedelta(days=1)
# An absence that ended longer ago leaves a day to travel on.
RIGHT_BEFORE = timedelta(hours=36)
# Holds the whole week of a visit and the ones before and after.
AROUND = timedelta(days=14)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Journey:
    """One journey of a host, door to door.

    `to_visit` is the visit it leads to, `from_visit` the one it comes from; a journey home has no
    `to_visit`. `minutes` is the time on the way, which a night may interrupt; `missing_minutes`
    says how much too late an estimate arrives. `is_missed` tells that nobody sets out on it, since
    its visit cannot be reached, and `risk` why. `leg` is the entered row it stands for.
    """

    origin: Place
    destination: Place
    departs_at: datetime
    arrives_at: datetime
    mode: str
    minutes: int
    status: str
    km: float | None = None
    cost: float | None = None
    co2_kg: float | None = None
    from_visit: Visit | None = None
    to_visit: Visit | None = None
    missing_minutes: int = 0
    is_missed: bool = False
    risk: str = ""
    leg: TravelLeg | None = None

    @classmethod
    def of_leg(
        cls, leg: TravelLeg, *, from_visit: Visit | None = None, to_visit: Visit | None = None
    ) -> Self:
        """What a stored leg says, by itself."""
        return cls(
            origin=leg.origin,
            destination=leg.destination,
            departs_at=leg.departs_at,
            arrives_at=leg.arrives_at,
            mode=leg.mode,
            minutes=round((leg.arrives_at - leg.departs_at).total_seconds() / 60),
            status=leg.status,
            km=leg.km,
            cost=None if leg.cost is None else float(leg.cost),
            co2_kg=leg.co2_kg,
            from_visit=from_visit,
            to_visit=to_visit,
            leg=leg,
        )

    @property
    def is_booked(self) -> bool:
        return self.status == TravelLeg.Status.BOOKED

    @property
    def is_firm(self) -> bool:
        """Whether somebody booked it or entered it by hand."""
        return self.leg is not None and not self.leg.is_of_plan

    def is_for(self, campaign: Campaign) -> bool:
        """Whether it leads to a visit of the campaign, or from one."""
        visits = (self.from_visit, self.to_visit)
        return any(visit is not None and visit.campaign_id == campaign.pk for visit in visits)

    @property
    def is_in_vain(self) -> bool:
        """Whether it leads to a visit and would come too late; home one goes all the same."""
        return self.missing_minutes > 0 and self.to_visit is not None

    @property
    def mode_words(self) -> str:
        return mode_words(self.mode)

    @property
    def status_words(self) -> str:
        return str(TravelLeg.Status(self.status).label)

    @property
    def origin_name(self) -> str:
        return self.from_visit.city if self.from_visit else self.origin.name

    @property
    def destination_name(self) -> str:
        return self.to_visit.city if self.to_visit else self.destination.name

    @property
    def middle(self) -> datetime:
        return self.departs_at + (self.arrives_at - self.departs_at) / 2

    @property
    def way(self) -> tuple[int, int, datetime, datetime, str]:
        return self.origin.pk, self.destination.pk, self.departs_at, self.arrives_at, self.mode


def journeys_of(host: Host, visits: Iterable[Visit], *, span: Span | None = None) -> list[Journey]:
    """The host's journeys between these visits and home, in order of time.

    `visits` come with their `place`; those online, or whose place is not known, cause no journey,
    but nobody travels during a meeting online.
    An entered leg, booked or not, replaces the estimates of the way it covers, and is told in all
    of `span` even where no visit is left. What a plan stored is told as long as the visits stand
    that it leads from and to; where it goes past one out of reach, as long as that is so.
    """
    return journeys_by_host({host: list(visits)}, span=span)[host]


def journeys_by_host(
    visits_of: Mapping[Host, Sequence[Visit]],
    *,
    span: Span | None = None,
    legs: Mapping[int, Sequence[TravelLeg]] | None = None,
    with_disruptions: bool = True,
) -> dict[Host, list[Journey]]:
    """The `journeys_of` many hosts, with as many questions to the database as those of one.

    `legs` by the number of the host stand for those that are stored. Without disruptions, the
    journeys are those that a strike or storm may hit.
    """
    weeks = {host: _Weeks.of(host, visits) for host, visits in visits_of.items()}
    if legs is None:
        legs = legs_near(visits_of, span)
    estimated = _estimated_beside(legs, weeks) if with_disruptions else _usual(weeks)
    passed = _passed(legs, estimated)
    found = {}
    for host, own in weeks.items():
        own = own.without(passed)
        estimates = {row.way: _past(row, passed) for row in estimated[host]}
        told, planned = _told(host, own, legs.get(host.pk, ()))
        entered = [_as_estimated(_entered(leg, own.stops), estimates) for leg in told]
        firm = [row for row in entered if row.is_firm]
        rest = [
            row
            for row in estimates.values()
            if (_leads_to(row, passed) or own.gap(host, row.departs_at) not in planned)
            and not any(_covers(known, row) for known in firm)
        ]
        found[host] = sorted([*entered, *rest], key=lambda journey: journey.departs_at)
    return found


def journeys_between(
    visits: Iterable[Visit], *, with_disruptions: bool = True
) -> dict[Host, list[Journey]]:
    """Who travels where between these visits of any hosts (see `journeys_by_host`)."""
    found: dict[Host, list[Visit]] = {}
    for visit in visits:
        found.setdefault(visit.host, []).append(visit)
    return journeys_by_host(found, with_disruptions=with_disruptions)


def visits_near(hosts: Iterable[Host], first: datetime, last: datetime) -> list[Visit]:
    """The hosts' visits between two moments and in the weeks around, which their journeys join."""
    rows = Visit.objects.filter(host__in=hosts).taking_place().within(first - AROUND, last + AROUND)
    return list(rows.select_related("host__home", "place").order_by("starts_at", "pk"))


def legs_that_stand(legs_of: Mapping[Host, Sequence[TravelLeg]]) -> dict[Host, list[TravelLeg]]:
    """Of stored legs those that journeys tell: not what a plan stored for visits that stand
    elsewhere by now, or not at all, nor for what somebody booked or entered since."""
    legs = [leg for own in legs_of.values() for leg in own]
    if not legs:
        return {}
    first = min(leg.departs_at for leg in legs)
    visits: dict[Host, list[Visit]] = {}
    for visit in visits_near(legs_of, first, max(leg.arrives_at for leg in legs)):
        visits.setdefault(visit.host, []).append(visit)
    weeks = {host: _Weeks.of(host, visits.get(host, [])) for host in legs_of}
    stored = {host.pk: own for host, own in legs_of.items()}
    passed = _passed(stored, _estimated_beside(stored, weeks))
    return {host: _told(host, weeks[host].without(passed), own)[0] for host, own in legs_of.items()}


def estimates_by_host(visits_of: Mapping[Host, Sequence[Visit]]) -> dict[Host, list[Journey]]:
    """What the visits of each host ask for, whatever was entered."""
    return _estimated({host: _Weeks.of(host, visits) for host, visits in visits_of.items()})


def unreachable_after_absence(visits: Iterable[Visit]) -> list[Visit]:
    """Those whose host could be there in time, but for an absence that ends right before."""
    rows = list(visits)
    if not rows:
        return []
    first, last = min(row.starts_at for row in rows), max(row.ends_at for row in rows)
    hosts = {row.host for row in rows}
    absences = list(
        HostAvailability.objects.busy()
        .written_down()
        .filter(host__in=hosts)
        .touching(first - RIGHT_BEFORE, last)
    )
    near = [
        row
        for row in rows
        if causes_journeys(row)
        and any(
            away.host_id == row.host_id
            and row.starts_at - RIGHT_BEFORE < away.ends_at <= row.starts_at
            for away in absences
        )
    ]
    if not near:
        return []
    found: dict[Host, list[Visit]] = {}
    for row in visits_near({row.host for row in near}, first, last):
        found.setdefault(row.host, []).append(row)
    weeks = {host: _Weeks.of(host, own) for host, own in found.items()}
    late = _late(_estimated(weeks)) - _late(_estimated(weeks, with_absences=False))
    return [row for row in near if row.ref in late]


def _late(estimates: Mapping[Host, list[Journey]]) -> set[str]:
    """The visits to which a journey lacks time, by their references."""
    return {
        row.to_visit.ref
        for own in estimates.values()
        for row in own
        if row.to_visit and row.is_in_vain
    }


def _estimated_beside(
    legs: Mapping[int, Sequence[TravelLeg]], weeks: Mapping[Host, _Weeks]
) -> dict[Host, list[Journey]]:
    """The estimates beside these legs. Of visits that cannot all be reached, those that a leg leads
    to come first; where a strike or storm keeps the host from one of them all the same, it is taken
    to stop nothing there, and where that is not enough, the estimates are the usual ones."""
    led_to = _led_to_by(legs)
    estimated = _estimated(weeks, first=led_to)
    estimated |= _estimated(_kept_from(led_to, weeks, estimated), first=led_to, reached=led_to)
    return estimated | _usual(_kept_from(led_to, weeks, estimated))


def _kept_from(
    refs: Collection[str],
    weeks: Mapping[Host, _Weeks],
    estimated: Mapping[Host, Sequence[Journey]],
) -> dict[Host, _Weeks]:
    """The weeks of the hosts whom a strike or storm keeps from one of these visits."""
    return {
        host: own
        for host, own in weeks.items()
        if any(row.is_missed and _leads_to(row, refs) for row in estimated[host])
    }


def _usual(weeks: Mapping[Host, _Weeks]) -> dict[Host, list[Journey]]:
    return _estimated(weeks, with_disruptions=False)


def _led_to_by(legs: Mapping[int, Sequence[TravelLeg]]) -> set[str]:
    """The visits that one of these legs leads their host to, by their references."""
    rows = [(leg, leg.visit) for own in legs.values() for leg in own if leg.visit]
    return {
        visit.ref
        for leg, visit in rows
        if (leg.host_id, leg.destination_id) == (visit.host_id, visit.place_id)
    }


def _passed(
    legs: Mapping[int, Sequence[TravelLeg]], estimated: Mapping[Host, list[Journey]]
) -> set[str]:
    """The visits out of reach that plans, whose legs are among these, knew of and lead nobody to;
    by their references."""
    late = _late(estimated) - _led_to_by(legs)
    versions = {leg.version_id for own in legs.values() for leg in own if leg.is_of_plan}
    if not late or not versions:
        return set()
    known = Placement.objects.filter(version__in=versions, visit__ref__in=late)
    known = known.filter(host=F("visit__host"), starts_at=F("visit__starts_at"))
    return set(known.values_list("visit__ref", flat=True))


def _leads_to(journey: Journey, refs: Collection[str]) -> bool:
    return journey.to_visit is not None and journey.to_visit.ref in refs


def _past(estimate: Journey, passed: Collection[str]) -> Journey:
    """The estimate; one to a visit that a plan goes past is a journey nobody sets out on."""
    return replace(estimate, is_missed=True) if _leads_to(estimate, passed) else estimate


Around = tuple[list[Journey], list[Journey]]


def journeys_around(visit: Visit, journeys: Sequence[Journey]) -> Around:
    """Of the host's journeys those on the way to a visit, from home or the visit before it, and
    those on from there; what was entered for the visit by hand is among them, whatever it leads to.
    To a visit out of reach nothing leads but the journey that cannot be made.

    `journeys` are all of the weeks around the visit.
    """
    missed = [row for row in journeys if row.is_missed and row.to_visit == visit]
    made = [] if missed else [row for row in journeys if not row.is_missed]
    before: list[Journey] = []
    for row in reversed([row for row in made if _is_before(row, visit)]):
        leads_home = row.destination.pk == visit.host.home_id
        if row.to_visit != visit and (row.to_visit is not None or leads_home):
            break
        before.insert(0, row)
        if row.from_visit is not None or row.origin.pk == visit.host.home_id:
            break
    after: list[Journey] = []
    for row in (row for row in made if not _is_before(row, visit)):
        leaves_home = row.origin.pk == visit.host.home_id
        if row.from_visit != visit and (row.from_visit is not None or leaves_home):
            break
        after.append(row)
        if row.to_visit is not None or row.destination.pk == visit.host.home_id:
            break
    before += missed
    told = [*before, *after]
    entered = [row for row in journeys if row.is_firm and row.leg and row.leg.visit_id == visit.pk]
    for row in entered:
        if row not in told:
            (before if row.departs_at < visit.starts_at else after).append(row)
    return before, after


def _is_before(journey: Journey, visit: Visit) -> bool:
    if visit in (journey.from_visit, journey.to_visit):
        return journey.to_visit == visit
    return journey.middle < visit.starts_at


def entered_around(visit: Visit, legs: Iterable[TravelLeg]) -> Around:
    """The same of a visit that causes no journey: what was entered for it and no more."""
    own = [Journey.of_leg(leg) for leg in legs if not leg.is_of_plan]
    before = [row for row in own if row.departs_at < visit.starts_at]
    return before, [row for row in own if row.departs_at >= visit.starts_at]


def causes_journeys(visit: Visit) -> bool:
    """Whether its host travels to it: on site, at a place we know, and it takes or took place."""
    takes_place = visit.state in LIVE_VISITS | HELD_VISITS
    return takes_place and not visit.is_online and visit.place is not None


def _as_estimated(entered: Journey, estimates: Mapping[tuple, Journey]) -> Journey:
    """The entered leg, with what only the estimate knows where it is the very same journey."""
    same = estimates.get(entered.way)
    if same is None:
        return entered
    return replace(
        entered,
        minutes=same.minutes,
        from_visit=same.from_visit,
        to_visit=same.to_visit,
        missing_minutes=same.missing_minutes,
    )


# A week of the host's home, and how many of its visits have begun.
Gap = tuple[date, int]


def _told(host: Host, own: _Weeks, legs: Sequence[TravelLeg]) -> tuple[list[TravelLeg], set[Gap]]:
    """The legs without those that a plan stored for what somebody booked or entered since, or for
    visits which stand elsewhere by now; and the gaps between visits that a plan's legs fill."""
    legs = _without_replaced(legs)
    if not _is_zone(host.home.zone):
        return legs, set()
    by_gap: dict[Gap, list[TravelLeg]] = {}
    for leg in sorted(legs, key=lambda leg: (leg.departs_at, leg.arrives_at)):
        by_gap.setdefault(own.gap(host, leg.departs_at), []).append(leg)
    stops_of: dict[date, list[Visit]] = {}
    for stop in own.stops:
        stops_of.setdefault(_sunday(stop.starts_at, ZoneInfo(host.home.zone)), []).append(stop)
    told: list[TravelLeg] = []
    planned: set[Gap] = set()
    moved: set[str] = set()
    for (sunday, count), between in sorted(by_gap.items()):
        stops = [None, *stops_of.get(sunday, ()), None]
        before, after = stops[count], stops[count + 1]
        of_plan = [leg for leg in between if leg.is_of_plan]
        if after is not None and not all(_led_to(leg, after) for leg in of_plan):
            moved.add(after.ref)
        stands = _lead_on(host, before, after, between) and not any(
            stop.ref in moved for stop in (before, after) if stop
        )
        told += between if stands else [leg for leg in between if not leg.is_of_plan]
        if stands and of_plan:
            planned.add((sunday, count))
    return told, planned


def _led_to(leg: TravelLeg, stop: Visit) -> bool:
    """Whether a plan's leg to the place of a visit was stored for the time it stands at."""
    was = leg.visit
    return (
        leg.destination_id != stop.place_id
        or was is None
        or was.place_id != stop.place_id
        or was.starts_at == stop.starts_at
    )


def _without_replaced(legs: Iterable[TravelLeg]) -> list[TravelLeg]:
    """The legs of one host without those a plan stored for what somebody booked or entered."""
    rows = list(legs)
    firm = [leg for leg in rows if not leg.is_of_plan]
    return [
        leg
        for leg in rows
        if not (leg.is_of_plan and any(is_same_journey(leg, row) for row in firm))
    ]


def is_same_journey(one: TravelLeg, other: TravelLeg) -> bool:
    """Whether two legs go the same way at about the same time."""
    ways = [(leg.origin_id, leg.destination_id) for leg in (one, other)]
    return ways[0] == ways[1] and abs(one.departs_at - other.departs_at) < SAME_JOURNEY


def _lead_on(
    host: Host, before: Visit | None, after: Visit | None, legs: Sequence[TravelLeg]
) -> bool:
    """Whether the legs between two visits, or a visit and home, lead from the one to the other in
    time. They change at home and nowhere else, save where somebody booked the way by another place,
    or where the later one was planned when the host was on the way there."""
    here = before.place_id if before else host.home_id
    there = after.place_id if after else host.home_id
    free, due = (before.ends_at if before else None), (after.starts_at if after else None)
    first, last = legs[0], legs[-1]
    if first.is_of_plan and first.origin_id != here:
        return False
    in_time = not (free and first.departs_at < free) and not (due and last.arrives_at > due)
    return (
        in_time
        and last.destination_id == there
        and all(_joins(host, one, other) for one, other in pairwise(legs))
    )


def _joins(host: Host, one: TravelLeg, other: TravelLeg) -> bool:
    if one.destination_id != other.origin_id or one.arrives_at > other.departs_at:
        return False
    if one.destination_id == host.home_id or not (one.is_of_plan or other.is_of_plan):
        return True
    return other.version is not None and one.departs_at <= other.version.made_at


Days = tuple[date, ...]


@dataclass(frozen=True)
class _Weeks:
    """The visits of a host, those one travels to, and these and those online by their week.

    The weeks are empty where nothing can be estimated: without a visit to travel to, or without
    the zone of the host's home.
    """

    visits: list[Visit]
    stops: list[Visit]
    on_site: dict[Days, list[Visit]]
    online: dict[Days, list[Visit]]

    @classmethod
    def of(cls, host: Host, visits: Iterable[Visit]) -> Self:
        ordered = sorted(visits, key=lambda visit: (visit.starts_at, visit.ref))
        stops = [visit for visit in ordered if _needs_travel(visit)]
        if not stops or not _is_zone(host.home.zone):
            return cls(ordered, stops, {}, {})
        calls = [visit for visit in ordered if visit.is_online]
        return cls(ordered, stops, _by_week(host, stops), _by_week(host, calls))

    def without(self, refs: Collection[str]) -> Self:
        """The same, with nobody travelling to the visits of these references."""
        return replace(self, stops=[stop for stop in self.stops if stop.ref not in refs])

    def gap(self, host: Host, moment: datetime) -> Gap:
        """Between which visits of its week a moment lies."""
        zone = ZoneInfo(host.home.zone)
        sunday = _sunday(moment, zone)
        begun = [stop for stop in self.stops if stop.starts_at <= moment]
        return sunday, sum(_sunday(stop.starts_at, zone) == sunday for stop in begun)


def _needs_travel(visit: Visit) -> bool:
    return not visit.is_online and visit.place is not None and _is_zone(visit.place.zone)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def legs_near(
    visits_of: Mapping[Host, Sequence[Visit]], span: Span | None = None
) -> dict[int, list[TravelLeg]]:
    """The legs that were entered in `span` and around the visits of each host, by its number."""
    spans: dict[int, Span] = {}
    for host, visits in visits_of.items():
        ends = [(visit.starts_at - NEAR, visit.ends_at + NEAR) for visit in visits]
        ends += [span] if span else []
        if ends:
            spans[host.pk] = min(end[0] for end in ends), max(end[1] for end in ends)
    if not spans:
        return {}
    first = min(begins for begins, _ends in spans.values())
    last = max(ends for _begins, ends in spans.values())
    rows = TravelLeg.objects.filter(host__in=spans, departs_at__lt=last, arrives_at__gt=first)
    known = rows.exclude(status=TravelLeg.Status.CANCELLED)
    found: dict[int, list[TravelLeg]] = {}
    joined = known.select_related("origin", "destination", "visit", "version")
    for leg in joined.defer("version__totals", "version__result"):
        begins, over = spans[leg.host_id]
        if leg.departs_at < over and leg.arrives_at > begins:
            found.setdefault(leg.host_id, []).append(leg)
    return found


def _entered(leg: TravelLeg, stops: Sequence[Visit]) -> Journey:
    before, after = _around(stops, Journey.of_leg(leg).middle)
    leads_there = after is not None and leg.destination_id == after.place_id
    comes_from = before is not None and leg.origin_id == before.place_id
    return Journey.of_leg(
        leg,
        from_visit=before if comes_from else None,
        to_visit=after if leads_there else None,
    )


def _around(stops: Sequence[Visit], moment: datetime) -> tuple[Visit | None, Visit | None]:
    """The last visit that began by then, and the first one that begins after that."""
    before = [stop for stop in stops if stop.starts_at <= moment]
    after = [stop for stop in stops if stop.starts_at > moment]
    return (before[-1] if before else None, after[0] if after else None)


def _covers(entered: Journey, estimate: Journey) -> bool:
    """Whether an entered leg goes (a part of) the way that was estimated."""
    begins, ends = estimate.from_visit, estimate.to_visit
    is_before = begins is not None and entered.departs_at < begins.starts_at
    is_after = ends is not None and entered.departs_at >= ends.starts_at
    if is_before or is_after or abs(entered.departs_at - estimate.departs_at) > NEAR:
        return False
    overlaps = entered.departs_at < estimate.arrives_at and estimate.departs_at < entered.arrives_at
    return (
        overlaps
        or entered.origin.pk == estimate.origin.pk
        or entered.destination.pk == estimate.destination.pk
    )


def _estimated(
    weeks: Mapping[Host, _Weeks],
    *,
    first: Collection[str] = (),
    reached: Collection[str] = (),
    with_absences: bool = True,
    with_disruptions: bool = True,
) -> dict[Host, list[Journey]]:
    """The journeys of each host's weeks by the planner's own rules, which miss the visits of the
    references `first` after the others. Strikes and storms stop nothing where those `reached` are.
    """
    estimable = {host: own for host, own in weeks.items() if own.on_site}
    found: dict[Host, list[Journey]] = {host: [] for host in weeks}
    if not estimable:
        return found
    absences = _absences(estimable) if with_absences else {}
    disruptions = _disruptions(estimable) if with_disruptions else ()
    travel = _tables(estimable, disruptions)
    for host, own in estimable.items():
        places = {place_ref(host.home): host.home}
        places |= {place_ref(stop.place): stop.place for stop in own.stops if stop.place}
        found[host] = [
            _estimate(leg, places, group)
            for days, group in own.on_site.items()
            for leg in _legs_of_week(
                _as_planned(host, absences.get(host.pk, ())),
                days,
                [_fixed(host, stop, first) for stop in (*group, *own.online.get(days, ()))],
                _after_held(_but_at(disruptions, group, reached), group),
                travel,
            )
            if leg.origin != leg.destination
        ]
    return found


def _span_of(weeks: Mapping[Host, _Weeks]) -> Span:
    """From before the first of the weeks of visits until after the last."""
    days = sorted(day for own in weeks.values() for week in own.on_site for day in week)
    first = datetime.combine(days[0], time(0), UTC) - SAME_JOURNEY
    return first, datetime.combine(days[-1], time(0), UTC) + 2 * SAME_JOURNEY


def _disruptions(weeks: Mapping[Host, _Weeks]) -> list[p.TravelDisruption]:
    """What strikes and storms stop between the places of the weeks."""
    first, last = _span_of(weeks)
    places = {host.home_id: host.home for host in weeks}
    places |= {
        stop.place.pk: stop.place for own in weeks.values() for stop in own.stops if stop.place
    }
    return [row for row in stops_in_travel(places.values(), after=first) if row.start < last]


def _but_at(
    disruptions: Iterable[p.TravelDisruption], stops: Iterable[Visit], reached: Collection[str]
) -> list[p.TravelDisruption]:
    """The same without the places of these visits."""
    places = {place_ref(stop.place) for stop in stops if stop.ref in reached and stop.place}
    return [replace(row, places=row.places - places) for row in disruptions]


def _after_held(
    disruptions: Iterable[p.TravelDisruption], stops: Iterable[Visit]
) -> list[p.TravelDisruption]:
    """The same from the day on after the last of these visits that took place: it was reached."""
    held = [stop.ends_at + SAME_JOURNEY for stop in stops if stop.state in HELD_VISITS]
    if not held:
        return list(disruptions)
    ahead = [row for row in disruptions if row.end > max(held)]
    return [replace(row, start=max(row.start, *held)) for row in ahead]


def _absences(weeks: Mapping[Host, _Weeks]) -> dict[int, list[HostAvailability]]:
    """When the hosts are away in the weeks of their visits, by the number of the host."""
    first, last = _span_of(weeks)
    found: dict[int, list[HostAvailability]] = {}
    rows = HostAvailability.objects.busy().touching(first, last)
    for row in rows.filter(host__in=[host.pk for host in weeks]):
        found.setdefault(row.host_id, []).append(row)
    return found


def _by_week(host: Host, visits: Sequence[Visit]) -> dict[Days, list[Visit]]:
    """The visits by the week of the host's home, each with its weekdays; Sunday begins a week."""
    zone, found = ZoneInfo(host.home.zone), dict[Days, list[Visit]]()
    for visit in visits:
        sunday = _sunday(visit.starts_at, zone)
        weekdays = tuple(sunday + timedelta(days=count) for count in range(1, 6))
        found.setdefault(weekdays, []).append(visit)
    return found


def _sunday(moment: datetime, zone: ZoneInfo) -> date:
    """The day that the week of a moment begins with."""
    day = moment.astimezone(zone).date()
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _tables(
    weeks: Mapping[Host, _Weeks], disruptions: Iterable[p.TravelDisruption]
) -> tuple[TravelTable, tuple[TravelTable, ...]]:
    """The ways between the places of each week of a host, and between no others; and those round
    what the disruptions stop."""
    homes = [host.home for host in weeks]
    stops = [stop.place for own in weeks.values() for stop in own.stops if stop.place]
    pairs = [pair for host, own in weeks.items() for pair in _pairs(host, own.on_site.values())]
    return detours_between(pairs, disruptions, places=[*homes, *stops])


def _pairs(host: Host, weeks: Iterable[Sequence[Visit]]) -> list[tuple[Place, Place]]:
    pairs: dict[tuple[int, int], tuple[Place, Place]] = {}
    for stops in weeks:
        near = {stop.place.pk: stop.place for stop in stops if stop.place}
        near[host.home_id] = host.home
        for one, other in combinations(sorted(near.values(), key=lambda place: place.pk), 2):
            pairs[one.pk, other.pk] = (one, other)
    return list(pairs.values())


def _legs_of_week(
    host: p.Host,
    days: Days,
    visits: Sequence[p.FixedVisit],
    disruptions: Iterable[p.TravelDisruption],
    travel: tuple[TravelTable, tuple[TravelTable, ...]],
) -> tuple[Leg, ...]:
    own = {host.home.ref, *(visit.place.ref for visit in visits)}
    usual, detours = travel
    return journeys_of_facts(
        p.Problem(
            days=days,
            hosts=(host,),
            tasks=(),
            travel=usual,
            fixed=tuple(visits),
            disruptions=tuple(row for row in disruptions if row.places & own),
            detours=detours,
        )
    )


def busy_times(absences: Iterable[HostAvailability]) -> tuple[p.Busy, ...]:
    """When a host is away, as the planner knows it."""
    return tuple(p.Busy(start=row.starts_at, end=row.ends_at, label=str(row)) for row in absences)


def _as_planned(host: Host, absences: Iterable[HostAvailability]) -> p.Host:
    return p.Host(
        ref=host.ref,
        name=host.name,
        home=p.Place(ref=place_ref(host.home), name=host.home.name, zone=host.home.zone),
        busy=busy_times(absences),
        travel_from=host.travel_from,
        travel_to=host.travel_until,
    )


def _fixed(host: Host, stop: Visit, first: Collection[str]) -> p.FixedVisit:
    place = host.home if stop.is_online or stop.place is None else stop.place
    return p.FixedVisit(
        ref=stop.ref,
        label=f"{stop.ref} {stop.city}",
        host=host.ref,
        mode=p.Mode.ONLINE if stop.is_online else p.Mode.ON_SITE,
        place=p.Place(ref=place_ref(place), name=place.name, zone=place.zone),
        start=stop.starts_at,
        end=stop.ends_at,
        priority=int(stop.ref in first),
    )


def _estimate(leg: Leg, places: dict[str, Place], stops: Sequence[Visit]) -> Journey:
    origin, destination = places[leg.origin.ref], places[leg.destination.ref]
    after = [stop for stop in stops if stop.place_id == destination.pk]
    before = [stop for stop in stops if stop.place_id == origin.pk]
    to_visit = min(after, key=lambda stop: abs(stop.starts_at - leg.arrive), default=None)
    from_visit = min(before, key=lambda stop: abs(stop.ends_at - leg.depart), default=None)
    return Journey(
        origin=origin,
        destination=destination,
        departs_at=leg.depart,
        arrives_at=leg.arrive,
        mode=leg.mode,
        minutes=leg.minutes,
        status=TravelLeg.Status.ESTIMATED if leg.estimated else TravelLeg.Status.PLANNED,
        km=leg.km,
        cost=leg.cost,
        co2_kg=leg.co2,
        from_visit=from_visit,
        to_visit=to_visit,
        missing_minutes=leg.missing_minutes,
        is_missed=leg.is_missed,
        risk=desk_words(leg.risk) if leg.risk else "",
    )
