"""Journeys as rows and as the calendar needs them, and their sums.

Publishing a plan stores its journeys. What a visit needs beyond that, because it was arranged by
hand or moved since, is never stored: it is worked out from the calendar whenever somebody looks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from crm.domain.audit import record
from crm.models import Place, User
from visits.domain.briefing import settle_upcoming
from visits.domain.place_names import names_at
from visits.domain.planning import load_calendar
from visits.domain.plans import leg_as_json
from visits.domain.travel import place_ref
from visits.domain.travel_factors import factor_words
from visits.models import Campaign, Host, PlanVersion, TravelLeg, Visit
from visits.models.requests import Mode
from visits.models.travel import TravelMode
from visits.planning.factors import REFERENCE
from visits.planning.journeys import journeys_of_facts
from visits.planning.problem import ProblemError
from visits.planning.solution import Leg
from visits.planning.validate import validate
from visits.states import VisitState

# Two journeys between the same places nearer to each other than this are one and the same.
SAME_JOURNEY = timedelta(days=1)
OVER = (VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW)

Way = tuple[int, int, int]


@transaction.atomic
def store_legs(version: PlanVersion, *, at: datetime, by: User | None) -> list[TravelLeg]:
    """Store the journeys of a plan as legs and drop those an earlier version of it stored.

    Left alone: legs that are booked, cancelled or entered by hand, and those that have begun. A
    journey that one of them covers is not stored a second time. A host who has a visit that the
    version knows nothing of, or elsewhere, travels to it all the same.
    """
    earlier = TravelLeg.objects.stored_by_plan(version.plan)
    earlier.filter(departs_at__gt=at).delete()
    hosts = {host.ref: host for host in Host.objects.who_lead().select_related("home")}
    visits = _visits_by_host(version)
    covered = _by_way(TravelLeg.objects.standing().filter(host__in=hosts.values()))
    legs = []
    for row in _rows(version, hosts, visits, at=at):
        leg = _leg(version, hosts[row["host"]], row, visits.get(row["host"], []))
        near = covered.get(_way(leg), [])
        if known := _nearest(near, leg.departs_at):
            near.remove(known)
        else:
            legs.append(leg)
    stored = TravelLeg.objects.bulk_create(legs)
    record(version, "store_legs", at=at, by=by, fields=["legs"])
    settle_upcoming(at=at, by=by)
    return stored


def _visits_by_host(version: PlanVersion) -> dict[str, list[Visit]]:
    """The visits of the campaign that stand or took place, in order, by the host's reference."""
    rows = Visit.objects.standing() | Visit.objects.delivered()
    found: dict[str, list[Visit]] = {}
    rows = rows.filter(campaign=version.plan.campaign).select_related("host__home", "place")
    for visit in rows.prefetch_related("requests").order_by("starts_at", "pk"):
        found.setdefault(visit.host.ref, []).append(visit)
    return found


def _rows(
    version: PlanVersion,
    hosts: Mapping[str, Host],
    visits: Mapping[str, list[Visit]],
    *,
    at: datetime,
) -> list[dict[str, Any]]:
    """The journeys of the version; of a host whose calendar is another, those that it needs."""
    apart = _hosts_apart(version, visits, at) & hosts.keys()
    rows = [row for row in version.result.get("legs", []) if row["host"] not in apart]
    days = version.plan.campaign.working_days
    for ref in sorted(apart):
        needed = load_calendar(hosts[ref], visits.get(ref, []), days=days)
        rows += [leg_as_json(leg) for leg in journeys_of_facts(needed)]
    return [row for row in rows if row["mode"] != "stay"]


def _hosts_apart(version: PlanVersion, visits: Mapping[str, list[Visit]], at: datetime) -> set[str]:
    """Hosts whose visits ahead are not those that the version places."""
    placed = version.placements.filter(starts_at__gt=at).select_related("host")
    planned = {(row.host.ref, row.visit_id, row.starts_at) for row in placed}
    standing = {
        (ref, visit.pk, visit.starts_at)
        for ref, rows in visits.items()
        for visit in rows
        if visit.starts_at > at
    }
    return {ref for ref, *_rest in planned ^ standing}


def _leg(
    version: PlanVersion, host: Host, row: dict[str, Any], visits: Sequence[Visit]
) -> TravelLeg:
    departs = datetime.fromisoformat(row["departs_at"])
    arrives = datetime.fromisoformat(row["arrives_at"])
    status = TravelLeg.Status.ESTIMATED if row["estimated"] else TravelLeg.Status.PLANNED
    return TravelLeg(
        host=host,
        visit=_visit_of(visits, departs, int(row["to_place"][1:])),
        version=version,
        mode=row["mode"],
        origin_id=int(row["from_place"][1:]),
        destination_id=int(row["to_place"][1:]),
        departs_at=departs,
        arrives_at=arrives,
        km=row["km"],
        cost=row["cost"],
        co2_kg=row["co2"],
        status=status,
        is_sample=version.is_sample,
    )


def _visit_of(visits: Iterable[Visit], departs: datetime, to_place: int) -> Visit | None:
    """The visit a journey leads to, or for a journey home the one it comes from."""
    on_site = [visit for visit in visits if visit.mode != Mode.ONLINE]
    later = next((visit for visit in on_site if visit.starts_at > departs), None)
    if later is not None and later.place_id == to_place:
        return later
    before = [visit for visit in on_site if visit.ends_at <= departs]
    return before[-1] if before else None


def _way(leg: TravelLeg) -> Way:
    return leg.host_id, leg.origin_id, leg.destination_id


def _by_way(legs: Iterable[TravelLeg]) -> dict[Way, list[TravelLeg]]:
    found: dict[Way, list[TravelLeg]] = {}
    for leg in legs:
        found.setdefault(_way(leg), []).append(leg)
    return found


def _nearest(legs: Iterable[TravelLeg], departs: datetime) -> TravelLeg | None:
    """The leg that stands for a journey departing then: a booked one before all others."""
    near = [leg for leg in legs if abs(leg.departs_at - departs) < SAME_JOURNEY]
    return min(
        near,
        key=lambda leg: (
            leg.status != TravelLeg.Status.BOOKED,
            leg.version_id is not None,
            abs(leg.departs_at - departs),
        ),
        default=None,
    )


@dataclass(frozen=True)
class VisitLeg:
    """A leg to or from a visit; `leg` is its stored row, None when it was only worked out.

    `missing_minutes` > 0 says that it is too short for the calendar as it stands.
    """

    origin: Place
    destination: Place
    mode: str
    departs_at: datetime
    arrives_at: datetime
    km: float | None
    cost: float | None
    co2_kg: float | None
    status: str
    leg: TravelLeg | None = None
    missing_minutes: int = 0

    @property
    def minutes(self) -> int:
        return round((self.arrives_at - self.departs_at).total_seconds() / 60)

    @property
    def is_firm(self) -> bool:
        """Whether somebody booked it or entered it by hand."""
        return self.leg is not None and not self.leg.is_of_plan

    @property
    def is_estimate(self) -> bool:
        return self.status == TravelLeg.Status.ESTIMATED

    @property
    def mode_words(self) -> str:
        return str(TravelMode(self.mode).label)

    @property
    def status_words(self) -> str:
        return str(TravelLeg.Status(self.status).label)


@dataclass(frozen=True)
class VisitLegs:
    """Legs that end at a visit and those that begin there; `fault` when none can be told.

    `names` are those of the places of the host's visits around it.
    """

    before: tuple[VisitLeg, ...] = ()
    after: tuple[VisitLeg, ...] = ()
    fault: str = ""
    names: Mapping[int, str] = field(default_factory=dict)


def legs_around(visit: Visit) -> VisitLegs:
    """How the host of a visit on site gets there and away.

    What the calendar needs is worked out; where a stored leg stands for it, that is told instead.
    Legs that are booked or entered by hand for this visit are always told, those that a plan
    stored only while they suit the visit as it stands.
    """
    if visit.mode == Mode.ONLINE or visit.place is None or visit.state in OVER:
        return _stored_only(visit)
    week = _week_of(visit)
    names = names_at(week)
    try:
        needed = _needed(visit, week)
    except ProblemError as error:
        return VisitLegs(*_around(visit, _entered(visit)), fault=str(error), names=names)
    others = [row for row in week if row.pk != visit.pk and row.mode != Mode.ONLINE]
    places = {place_ref(row.place): row.place for row in week if row.place}
    places[place_ref(visit.host.home)] = visit.host.home
    stored = _by_way(leg for leg in _legs_near(visit) if _suits(leg, visit))
    before = [leg for leg in needed if _leads_to(leg, visit, others)]
    after = [leg for leg in needed if _leads_from(leg, visit, others)]
    told_before = [_told(leg, places, visit, stored) for leg in before]
    told_after = [_told(leg, places, visit, stored) for leg in after]
    told = {row.leg.pk for row in (*told_before, *told_after) if row.leg}
    rest = [leg for leg in _entered(visit) if leg.pk not in told]
    more_before, more_after = _around(visit, rest)
    return VisitLegs((*told_before, *more_before), (*told_after, *more_after), names=names)


def _stored_only(visit: Visit) -> VisitLegs:
    legs = visit.legs.standing().select_related("origin", "destination")
    return VisitLegs(*_around(visit, legs), names=names_at([visit]))


def _week_of(visit: Visit) -> list[Visit]:
    """The host's visits that take place in the calendar week of this one, in order."""
    start = datetime.combine(_monday(visit), datetime.min.time(), ZoneInfo(visit.host.zone))
    rows = Visit.objects.filter(host=visit.host).within(start, start + timedelta(days=7))
    rows = rows.exclude(state__in=OVER).select_related("place", "host__home")
    return list(rows.prefetch_related("requests").order_by("starts_at", "pk"))


def _monday(visit: Visit) -> date:
    return visit.local_date - timedelta(days=visit.local_date.weekday())


def _needed(visit: Visit, week: Sequence[Visit]) -> list[Leg]:
    """The journeys of a week by the planner's own rules, with clock times a host would choose."""
    days = [_monday(visit) + timedelta(days=number) for number in range(5)]
    problem = load_calendar(visit.host, week, days=days)
    validate(problem)
    return [leg for leg in journeys_of_facts(problem) if leg.mode != "stay"]


def _leads_to(leg: Leg, visit: Visit, others: Sequence[Visit]) -> bool:
    """Whether the journey ends at this visit and not at an earlier one in the same city."""
    if visit.place is None or leg.destination.ref != place_ref(visit.place):
        return False
    if leg.depart >= visit.starts_at:
        return False
    return not any(leg.depart < other.starts_at < visit.starts_at for other in others)


def _leads_from(leg: Leg, visit: Visit, others: Sequence[Visit]) -> bool:
    if visit.place is None or leg.origin.ref != place_ref(visit.place):
        return False
    if leg.depart < visit.ends_at:
        return False
    return not any(visit.starts_at < other.starts_at < leg.depart for other in others)


def _legs_near(visit: Visit) -> list[TravelLeg]:
    near = timedelta(days=7)
    rows = TravelLeg.objects.standing().filter(
        host=visit.host, departs_at__gt=visit.starts_at - near, departs_at__lt=visit.ends_at + near
    )
    return list(rows.select_related("origin", "destination"))


def _suits(leg: TravelLeg, visit: Visit) -> bool:
    """Whether a leg to or from the visit is over by its start, or begins after its end."""
    if not leg.is_of_plan:
        return True
    if leg.destination_id == visit.place_id:
        return leg.arrives_at <= visit.starts_at
    return leg.departs_at >= visit.ends_at


def _entered(visit: Visit) -> list[TravelLeg]:
    """Legs of the visit that are booked or that somebody entered by hand."""
    return list(visit.legs.firm().select_related("origin", "destination"))


def _around(
    visit: Visit, legs: Iterable[TravelLeg]
) -> tuple[tuple[VisitLeg, ...], tuple[VisitLeg, ...]]:
    journeys = [_stored(leg) for leg in legs]
    before = tuple(row for row in journeys if row.departs_at < visit.starts_at)
    return before, tuple(row for row in journeys if row.departs_at >= visit.starts_at)


def _told(
    leg: Leg, places: dict[str, Place], visit: Visit, stored: dict[Way, list[TravelLeg]]
) -> VisitLeg:
    origin, destination = places[leg.origin.ref], places[leg.destination.ref]
    rows = stored.get((visit.host_id, origin.pk, destination.pk), ())
    row = _nearest(rows, leg.depart)
    if row is not None:
        return _stored(row)
    return VisitLeg(
        origin,
        destination,
        leg.mode,
        leg.depart,
        leg.arrive,
        leg.km,
        leg.cost,
        leg.co2,
        TravelLeg.Status.ESTIMATED if leg.estimated else TravelLeg.Status.PLANNED,
        missing_minutes=leg.missing_minutes,
    )


def _stored(leg: TravelLeg) -> VisitLeg:
    return VisitLeg(
        leg.origin,
        leg.destination,
        leg.mode,
        leg.departs_at,
        leg.arrives_at,
        leg.km,
        None if leg.cost is None else float(leg.cost),
        leg.co2_kg,
        leg.status,
        leg=leg,
    )


@dataclass(frozen=True)
class TravelBasis:
    """What a version's sums of journeys rest on; `changed` holds a sentence part per factor."""

    journeys: int
    estimates: int
    changed: tuple[str, ...]


def basis_of(version: PlanVersion) -> TravelBasis:
    """How many journeys of a version are estimates, and which factors differed when it was made."""
    legs = version.result.get("legs", [])
    changed = version.result.get("changed_factors", {})
    return TravelBasis(
        len(legs),
        sum(bool(leg["estimated"]) for leg in legs),
        tuple(factor_words(key, value) for key, value in changed.items() if key in REFERENCE),
    )


@dataclass(frozen=True)
class TravelSums:
    """Stored legs added up: how many, how many of them estimates, km, EUR and kg CO2."""

    host: str
    legs: int
    estimates: int
    km: float
    cost: float
    co2_kg: float


def sums_by_host(campaign: Campaign) -> list[TravelSums]:
    """The stored legs of a campaign, summed for each host by name; cancelled ones do not count."""
    rows = _summed(
        TravelLeg.objects.of_campaign(campaign).standing().values("host__ref", "host__name")
    )
    return [_sums(row["host__name"], row) for row in rows.order_by("host__name", "host__ref")]


def sum_of(rows: Sequence[TravelSums]) -> TravelSums:
    """All hosts together."""
    return TravelSums(
        "",
        sum(row.legs for row in rows),
        sum(row.estimates for row in rows),
        sum(row.km for row in rows),
        sum(row.cost for row in rows),
        sum(row.co2_kg for row in rows),
    )


def _summed(rows: QuerySet) -> QuerySet:
    return rows.annotate(
        legs=Count("pk"),
        estimates=Count("pk", filter=Q(status=TravelLeg.Status.ESTIMATED)),
        km_sum=Coalesce(Sum("km"), 0.0),
        cost_sum=Sum("cost"),
        co2_sum=Coalesce(Sum("co2_kg"), 0.0),
    )


def _sums(host: str, row: dict[str, Any]) -> TravelSums:
    return TravelSums(
        host,
        row["legs"],
        row["estimates"],
        row["km_sum"],
        float(row["cost_sum"] or 0),
        row["co2_sum"],
    )
