"""Journeys as rows and as the calendar needs them, and their sums.

Publishing a plan stores its journeys. What a visit needs beyond that, because it was arranged by
hand or moved since, is never stored: it is worked out from the calendar whenever somebody looks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import ngettext

from crm.domain.audit import record
from crm.models import Place, User
from visits.domain.brief_sources import Supposed
from visits.domain.brief_standing import CURRENT, standings
from visits.domain.briefing import settle_upcoming
from visits.domain.journeys import (
    AROUND,
    SAME_JOURNEY,
    Journey,
    causes_journeys,
    entered_around,
    estimates_by_host,
    journeys_around,
    journeys_by_host,
    journeys_of,
    legs_near,
    legs_that_stand,
    visits_near,
)
from visits.domain.place_names import names_at
from visits.domain.travel import place_ref
from visits.domain.travel_factors import factor_words
from visits.models import BriefEdition, Campaign, Host, PlanVersion, TravelLeg, Visit
from visits.models.requests import Mode
from visits.models.travel import TravelLegQuerySet
from visits.planning.factors import REFERENCE
from visits.states import VisitState

Way = tuple[int, int, int]


@transaction.atomic
def store_legs(version: PlanVersion, *, at: datetime, by: User | None) -> list[TravelLeg]:
    """Store the journeys of a plan as legs and drop those an earlier version of it stored.

    A journey that cannot be made in time is none. Left alone: legs that are booked, cancelled or
    entered by hand, and those that have begun. A journey that one of them covers is not stored a
    second time. A host who has a visit that the version knows nothing of, or elsewhere, travels to
    it all the same.
    """
    _dropped(version, at).delete()
    stored = TravelLeg.objects.bulk_create(legs_of(version, _visits_by_host(version), at=at))
    record(version, "store_legs", at=at, by=by, fields=["legs"])
    settle_upcoming(at=at, by=by)
    return stored


def _dropped(version: PlanVersion, at: datetime) -> TravelLegQuerySet:
    """What publishing a version drops: the legs ahead that an earlier version of it stored."""
    return TravelLeg.objects.stored_by_plan(version.plan).filter(departs_at__gt=at)


def legs_of(
    version: PlanVersion, visits: Mapping[str, list[Visit]], *, at: datetime
) -> list[TravelLeg]:
    """The legs that publishing a version stores, not saved, when these visits stand then."""
    hosts = {host.ref: host for host in Host.objects.who_lead().select_related("home")}
    known = TravelLeg.objects.standing().filter(host__in=hosts.values())
    covered = _by_way(known.exclude(pk__in=_dropped(version, at).values("pk")))
    legs = []
    for row, until in _until_next(_rows(version, hosts, visits, at=at)):
        own = [stop for stop in visits.get(row["host"], []) if stop.mode != Mode.ONLINE]
        leg = _leg(version, hosts[row["host"]], row, own, until=until)
        near = covered.get(_way(leg), [])
        if known_leg := _nearest(near, leg.departs_at):
            near.remove(known_leg)
        else:
            legs.append(leg)
    return legs


class JourneyChange(NamedTuple):
    """A journey that goes, one that comes, or one that comes for one of the same way."""

    gone: Journey | None
    come: Journey | None

    @property
    def departs_at(self) -> datetime:
        told = self.come or self.gone
        assert told is not None, "something changes"
        return told.departs_at


@dataclass(frozen=True)
class HostJourneys:
    """The journeys of a host that go and come when a version is published."""

    host: Host
    gone: Sequence[Journey]
    come: Sequence[Journey]

    @cached_property
    def changes(self) -> list[JourneyChange]:
        """What goes and comes in order of time; of the same way, the one for the other."""
        left, found = list(self.gone), []
        for row in self.come:
            same = [old for old in left if old.way[:2] == row.way[:2]]
            old = min(same, key=lambda old: abs(old.departs_at - row.departs_at), default=None)
            if old is not None:
                left.remove(old)
            found.append(JourneyChange(old, row))
        found += [JourneyChange(old, None) for old in left]
        return sorted(found, key=lambda change: change.departs_at)

    @property
    def count(self) -> int:
        return len(self.changes)

    @property
    def words(self) -> str:
        return ngettext(
            "%(host)s: %(n)d journey changes", "%(host)s: %(n)d journeys change", self.count
        ) % {"host": self.host.name, "n": self.count}


@dataclass(frozen=True)
class Aftermath:
    """What publishing a version at a moment does to hosts and their briefs: their visits as they
    stand then, and their journeys before and after, as every page tells them.

    Whatever it changes lies before `until`.
    """

    at: datetime
    until: datetime
    visits: Mapping[Host, Sequence[Visit]]
    before: Mapping[Host, Sequence[Journey]]
    after: Mapping[Host, Sequence[Journey]]

    @cached_property
    def journeys(self) -> list[HostJourneys]:
        """How the journeys ahead of each host change, where they do."""
        found = []
        for host in self.visits:
            was, will = (
                {row.way: row for row in told[host] if not row.is_missed}
                for told in (self.before, self.after)
            )
            drops = [row for way, row in was.items() if way not in will]
            adds = [row for way, row in will.items() if way not in was]
            gone, come = (
                [row for row in rows if row.departs_at > self.at] for rows in (drops, adds)
            )
            if gone or come:
                found.append(HostJourneys(host, gone, come))
        return found

    @cached_property
    def outdated(self) -> list[Visit]:
        """The briefed visits ahead whose kept briefs would say what is not so any more."""
        briefed = [
            visit
            for rows in self.visits.values()
            for visit in rows
            if visit.state == VisitState.BRIEFED and self.at < visit.starts_at < self.until
        ]
        rows = BriefEdition.objects.current().filter(visit__in=[visit.pk for visit in briefed])
        kept = list(rows.select_related("visit__campaign"))
        if not kept:
            return []
        around = [visit for rows in self.visits.values() for visit in rows]
        prefetch_related_objects(around, "municipality")
        stands = standings(kept, at=self.at, supposed=Supposed(self.visits, self.after))
        untrue = {row.visit_id for row in kept if stands[row.pk] != CURRENT}
        return [visit for visit in briefed if visit.pk in untrue]


def aftermath_of(
    version: PlanVersion, *, gone: Collection[Visit], come: Iterable[Visit], at: datetime
) -> Aftermath:
    """What publishing a version does to hosts when the visits `gone` have left the calendar and
    those that `come`, not saved, stand in it."""
    left, added = {visit.pk for visit in gone}, list(come)
    hosts = list(Host.objects.who_lead().select_related("home"))
    campaign = version.plan.campaign
    last = datetime.combine(campaign.window_end, time(), UTC)
    now: dict[Host, list[Visit]] = {host: [] for host in hosts}
    for visit in visits_near(hosts, at, max(at, last)):
        now[visit.host].append(visit)
    then = {
        host: [
            *(visit for visit in rows if visit.pk not in left),
            *(visit for visit in added if visit.host_id == host.pk),
        ]
        for host, rows in now.items()
    }
    span = at, max(at, last)
    legs, dropped = legs_near(now, span), set(_dropped(version, at).values_list("pk", flat=True))
    before = journeys_by_host(now, legs=legs)
    legs = {key: [leg for leg in rows if leg.pk not in dropped] for key, rows in legs.items()}
    of_campaign = _visits_by_host(version)
    of_campaign = {
        host.ref: sorted(
            [
                *(visit for visit in of_campaign.get(host.ref, []) if visit.pk not in left),
                *(visit for visit in added if visit.host_id == host.pk),
            ],
            key=lambda visit: visit.starts_at,
        )
        for host in hosts
    }
    new = legs_of(version, of_campaign, at=at)
    places = Place.objects.in_bulk(
        {end for leg in new for end in (leg.origin_id, leg.destination_id)}
    )
    for leg in new:
        leg.origin, leg.destination = places[leg.origin_id], places[leg.destination_id]
        legs.setdefault(leg.host_id, []).append(leg)
    after = journeys_by_host(then, legs=legs)
    return Aftermath(at, span[1] + AROUND / 2, then, before, after)


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
    needed = estimates_by_host({hosts[ref]: visits.get(ref, []) for ref in sorted(apart)})
    rows += [
        _as_row(host, journey)
        for host, own in needed.items()
        for journey in own
        if not journey.is_in_vain
    ]
    return [row for row in rows if row["mode"] != "stay"]


def _until_next(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], datetime | None]]:
    """The rows, each with when the same host sets out next."""
    by_host: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_host.setdefault(row["host"], []).append(row)
    for own in by_host.values():
        own.sort(key=_departure)
        yield from zip(own, [*map(_departure, own[1:]), None], strict=True)


def _departure(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["departs_at"])


def _as_row(host: Host, journey: Journey) -> dict[str, Any]:
    return {
        "host": host.ref,
        "from_place": place_ref(journey.origin),
        "to_place": place_ref(journey.destination),
        "mode": journey.mode,
        "departs_at": journey.departs_at.isoformat(),
        "arrives_at": journey.arrives_at.isoformat(),
        "km": journey.km,
        "cost": journey.cost,
        "co2": journey.co2_kg,
        "estimated": journey.status == TravelLeg.Status.ESTIMATED,
    }


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
    version: PlanVersion,
    host: Host,
    row: dict[str, Any],
    stops: Sequence[Visit],
    *,
    until: datetime | None,
) -> TravelLeg:
    """The leg of a row of a host who has these visits on site and sets out again then."""
    arrives = datetime.fromisoformat(row["arrives_at"])
    status = TravelLeg.Status.ESTIMATED if row["estimated"] else TravelLeg.Status.PLANNED
    return TravelLeg(
        host=host,
        visit=_visit_of(stops, row, until),
        version=version,
        mode=row["mode"],
        origin_id=int(row["from_place"][1:]),
        destination_id=int(row["to_place"][1:]),
        departs_at=_departure(row).astimezone(UTC),
        arrives_at=arrives.astimezone(UTC),
        km=row["km"],
        cost=row["cost"],
        co2_kg=row["co2"],
        status=status,
        is_sample=version.is_sample,
    )


def _visit_of(
    stops: Sequence[Visit], row: Mapping[str, Any], until: datetime | None
) -> Visit | None:
    """The visit a journey leads to, or for a journey home the one it comes from; never one that it
    goes past."""
    origin, destination = int(row["from_place"][1:]), int(row["to_place"][1:])
    arrives = datetime.fromisoformat(row["arrives_at"])
    ahead = [stop for stop in stops if stop.starts_at >= arrives and stop.place_id == destination]
    if ahead and (until is None or ahead[0].starts_at < until):
        return ahead[0]
    before = [stop for stop in stops if stop.ends_at <= _departure(row)]
    left = [stop for stop in before if stop.place_id == origin]
    return next(reversed(left or before), None)


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
class VisitLegs:
    """Journeys that end at a visit and those that begin there; `fault` when none can be told.

    `names` are those of the places of the host's visits around it.
    """

    before: Sequence[Journey] = ()
    after: Sequence[Journey] = ()
    fault: str = ""
    names: Mapping[int, str] = field(default_factory=dict)


def legs_around(visit: Visit) -> VisitLegs:
    """How the host of a visit on site gets there and away.

    Of a visit that does not take place, or online, only what was entered for it is told.
    """
    stored = visit.legs.standing().select_related("origin", "destination")
    if not causes_journeys(visit):
        return VisitLegs(*entered_around(visit, stored), names=names_at([visit]))
    around = visits_near([visit.host], visit.starts_at, visit.ends_at)
    names = names_at(around)
    try:
        told = journeys_around(visit, journeys_of(visit.host, around))
    except ValueError as error:
        return VisitLegs(*entered_around(visit, stored), fault=str(error), names=names)
    return VisitLegs(*told, names=names)


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
    """The stored legs of a campaign, summed for each host by name; cancelled ones do not count,
    nor those that no journey is told of any more (`legs_that_stand`)."""
    by_host: dict[Host, list[TravelLeg]] = {}
    rows = TravelLeg.objects.of_campaign(campaign).standing()
    rows = rows.select_related("host__home", "visit", "origin", "destination")
    for leg in rows.order_by("host__name", "host__ref", "departs_at"):
        by_host.setdefault(leg.host, []).append(leg)
    told = legs_that_stand(by_host)
    return [_sums(host.name, told[host]) for host in by_host if told[host]]


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


def _sums(host: str, legs: Sequence[TravelLeg]) -> TravelSums:
    return TravelSums(
        host,
        len(legs),
        sum(leg.status == TravelLeg.Status.ESTIMATED for leg in legs),
        sum(leg.km or 0.0 for leg in legs),
        float(sum(leg.cost or 0 for leg in legs)),
        sum(leg.co2_kg or 0.0 for leg in legs),
    )
