"""A plan version, or the calendar as it stands, as rows of a timetable: hosts down, days across."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import wording
from crm.marks import mark
from crm.timetable import Block, Day, Row, Timetable, timetable
from visits.domain.journeys import Journey, journeys_between
from visits.domain.plan_rules import locked_day, marks_of
from visits.domain.planning import visits_beside
from visits.domain.travel import place_ref
from visits.models import (
    CalendarDay,
    Campaign,
    Hold,
    Host,
    HostAvailability,
    Placement,
    PlanDecision,
    PlanVersion,
    Visit,
)
from visits.models.travel import mode_words
from visits.states import VisitState

# Where in a day a night is drawn.
NIGHT_AT = time(20, 15)


@dataclass(frozen=True)
class Look:
    """How a board is looked at: when, what was decided, and whether visits may be moved on it."""

    at: datetime
    decisions: Sequence[PlanDecision] = ()
    may_edit: bool = False


class Ride(NamedTuple):
    """A journey as the board draws it; places by their refs and names, times with their zones."""

    origin: str
    destination: str
    destination_ref: str
    mode: str
    departs: datetime
    arrives: datetime
    minutes: int
    is_estimate: bool
    missing_minutes: int
    risk: str = ""

    @classmethod
    def of_plan(cls, leg: Mapping[str, Any]) -> Self:
        """A leg as a plan version keeps it."""
        return cls(
            leg["from"],
            leg["to"],
            leg["to_place"],
            leg["mode"],
            datetime.fromisoformat(leg["departs_at"]),
            datetime.fromisoformat(leg["arrives_at"]),
            leg["minutes"],
            leg["estimated"],
            leg["missing_minutes"],
            leg.get("risk", ""),
        )

    @classmethod
    def of_calendar(cls, journey: Journey) -> Self:
        """A journey as the visits ask for it, or as it was booked."""
        return cls(
            journey.origin_name,
            journey.destination_name,
            place_ref(journey.destination),
            journey.mode,
            journey.departs_at.astimezone(ZoneInfo(journey.origin.zone)),
            journey.arrives_at.astimezone(ZoneInfo(journey.destination.zone)),
            journey.minutes,
            not journey.is_booked,
            journey.missing_minutes,
        )


def board_of_version(version: PlanVersion, look: Look) -> Timetable:
    """The version's placements with its journeys, nights and decisions, and beside them what its
    hosts do for other campaigns."""
    rows = version.placements.select_related("host", "visit").prefetch_related("requests")
    blocks: dict[str, list[Block]] = {}
    for placement in rows:
        can_move = look.may_edit and version.may_move(placement)
        block = _placed_block(placement, look, can_move=can_move)
        blocks.setdefault(placement.host.ref, []).append(block)
    rides: dict[str, list[Ride]] = {}
    for leg in version.result.get("legs", []):
        rides.setdefault(leg["host"], []).append(Ride.of_plan(leg))
    beside = visits_beside(version.plan.campaign)
    _add_beside(blocks, beside)
    for host, journeys in journeys_between(beside).items():
        rides.setdefault(host.ref, []).extend(_rides(journeys))
    return _draw(version.plan.campaign, blocks, look, rides=rides)


def _rides(journeys: Iterable[Journey]) -> list[Ride]:
    """The journeys that the host makes; one past which they go is told beside the board."""
    return [Ride.of_calendar(row) for row in journeys if not row.is_missed]


def _add_beside(blocks: dict[str, list[Block]], visits: Iterable[Visit]) -> None:
    """Put visits of other campaigns on the board: their hosts are busy, and nothing moves them."""
    for visit in visits:
        zone = ZoneInfo(visit.host.zone)
        words = _("%(visit)s, %(when)s, for %(campaign)s, %(state)s") % {
            "visit": visit,
            "when": wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
            "campaign": visit.campaign,
            "state": visit.get_state_display(),
        }
        block = Block(
            kind="visit",
            start=visit.starts_at.astimezone(zone),
            end=visit.ends_at.astimezone(zone),
            words=words,
            title=visit.city,
            sub=visit.ref,
            href=reverse("visits:visit-detail", args=[visit.ref]),
            hue="grey",
            key=visit.ref,
            is_tentative=visit.state == VisitState.TENTATIVE,
            is_beside=True,
        )
        blocks.setdefault(visit.host.ref, []).append(block)


def _placed_block(placement: Placement, look: Look, *, can_move: bool) -> Block:
    zone = ZoneInfo(placement.host.zone)
    requests = sorted(placement.requests.all(), key=lambda row: row.ref)
    city = requests[0].city if requests else ""
    visit = placement.visit
    state = visit.state if visit else VisitState.TENTATIVE
    words = _("%(city)s, %(when)s, %(mode)s") % {
        "city": f"{' '.join(row.ref for row in requests)} {city}",
        "when": wording.time_range(placement.starts_at, placement.ends_at, placement.zone),
        "mode": placement.get_mode_display(),
    }
    marks = [
        row for row in marks_of(look.decisions, requests) if row.kind != PlanDecision.Kind.FORBID
    ]
    for row in marks:
        words += "; " + row.get_kind_display()
    if visit:
        href = reverse("visits:visit-detail", args=[visit.ref])
    else:
        href = reverse("visits:request-detail", args=[requests[0].ref]) if requests else ""
    return Block(
        kind="visit",
        start=placement.starts_at.astimezone(zone),
        end=placement.ends_at.astimezone(zone),
        words=words,
        title=city,
        sub=visit.ref if visit else _("new"),
        href=href,
        hue=visit.mark.hue if visit else mark(state, "visit").hue,
        key=requests[0].ref if requests else "",
        is_tentative=state == VisitState.TENTATIVE,
        is_pinned=bool(marks),
        can_move=can_move,
        place=urlencode(
            {"host": placement.host.ref, "day": placement.on, "start": placement.clock}
        ),
    )


def _ride_block(ride: Ride) -> Block:
    words = _("%(origin)s to %(destination)s, %(mode)s, %(time)s") % {
        "origin": ride.origin,
        "destination": ride.destination,
        "mode": mode_words(ride.mode),
        "time": wording.duration(ride.minutes),
    }
    if ride.missing_minutes and ride.mode == "stay":
        words = _("%(time)s are missing in %(place)s: an absence or another visit overlaps") % {
            "time": wording.duration(ride.missing_minutes),
            "place": ride.destination,
        }
    elif ride.missing_minutes and ride.risk:
        words += f"; {ride.risk.rstrip('.')}"
    elif ride.missing_minutes:
        words += _("; %(time)s too short") % {"time": wording.duration(ride.missing_minutes)}
    end = ride.arrives.astimezone(ride.departs.tzinfo)
    return Block("travel", ride.departs, end, words, is_tentative=ride.is_estimate)


def _rest_blocks(rides: Sequence[Ride], host: Host) -> list[Block]:
    """Each night the host is away, and each coming home, told by the journeys."""
    zone, home = ZoneInfo(host.zone), place_ref(host.home)
    ordered = sorted(rides, key=lambda ride: ride.departs)
    blocks = []
    for ride, following in zip_longest(ordered, ordered[1:]):
        arrives = ride.arrives.astimezone(zone)
        if ride.destination_ref == home:
            words = _("Back home in %(place)s") % {"place": ride.destination}
            blocks.append(Block("home", arrives, arrives, words))
        elif following is not None:
            until = following.departs.astimezone(zone)
            words = _("Night in %(place)s") % {"place": ride.destination}
            for number in range((until.date() - arrives.date()).days):
                night = datetime.combine(arrives.date() + timedelta(number), NIGHT_AT, zone)
                blocks.append(Block("night", night, night, words))
    return blocks


def board_of_calendar(
    campaign: Campaign,
    look: Look,
    visits: Sequence[Visit],
    beside: Sequence[Visit],
    journeys: Mapping[Host, Sequence[Journey]],
) -> Timetable:
    """The visits as they stand: agreed, offered, over, and cancelled ones that keep their time.

    `visits` are the `standing_visits`, `beside` those of other campaigns (`visits_beside`),
    `journeys` those of the hosts of both (`journeys_between`).
    """
    blocks: dict[str, list[Block]] = {}
    _add_beside(blocks, beside)
    for visit in visits:
        zone = ZoneInfo(visit.host.zone)
        blocks.setdefault(visit.host.ref, []).append(
            Block(
                kind="visit",
                start=visit.starts_at.astimezone(zone),
                end=visit.ends_at.astimezone(zone),
                words=f"{visit}, {wording.time_range(visit.starts_at, visit.ends_at, visit.zone)}, "
                f"{visit.get_state_display()}",
                title=visit.city,
                sub=visit.ref,
                href=reverse("visits:visit-detail", args=[visit.ref]),
                hue=visit.mark.hue,
                key=visit.ref,
                is_tentative=visit.state == VisitState.TENTATIVE,
            )
        )
    kept = Hold.objects.kept().filter(visit__campaign=campaign)
    for hold in kept.select_related("visit__host"):
        blocks.setdefault(hold.visit.host.ref, []).append(_kept_block(hold, campaign))
    rides = {host.ref: _rides(own) for host, own in journeys.items()}
    return _draw(campaign, blocks, look, rides=rides)


def standing_visits(campaign: Campaign) -> list[Visit]:
    """The visits of a campaign that take place or took place, with host and place."""
    rows = Visit.objects.filter(campaign=campaign).exclude(
        state__in=[VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW]
    )
    return list(rows.select_related("host__home", "place").prefetch_related("requests"))


def _kept_block(hold: Hold, campaign: Campaign) -> Block:
    visit, zone = hold.visit, ZoneInfo(hold.visit.host.zone)
    words = _("%(visit)s, %(when)s, cancelled; its time is kept until %(until)s for an undo") % {
        "visit": visit,
        "when": wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
        "until": wording.local_time(hold.expires_at, campaign.zone),
    }
    return Block(
        kind="visit",
        start=visit.starts_at.astimezone(zone),
        end=visit.ends_at.astimezone(zone),
        words=words,
        title=_("kept: %(city)s") % {"city": visit.city},
        sub=visit.ref,
        href=reverse("visits:visit-detail", args=[visit.ref]),
        hue=visit.mark.hue,
        key=visit.ref,
        is_tentative=True,
    )


def _draw(
    campaign: Campaign,
    blocks: dict[str, list[Block]],
    look: Look,
    *,
    rides: Mapping[str, list[Ride]],
) -> Timetable:
    hosts = list(Host.objects.who_lead().select_related("home"))
    absences = _absences(campaign)
    for host in hosts:
        own = rides.get(host.ref, [])
        more = [*(_ride_block(ride) for ride in own), *_rest_blocks(own, host)]
        blocks.setdefault(host.ref, []).extend([*more, *absences.get(host.pk, [])])
    for row in look.decisions:
        if row.kind == PlanDecision.Kind.LOCK:
            host, day = locked_day(row)
            blocks.setdefault(host.ref, []).append(_lock_block(host, day, row))
    rows = [
        Row(
            label=host.name,
            note=_("%(kind)s, %(place)s")
            % {"kind": host.get_kind_display(), "place": host.home.name},
            blocks=blocks[host.ref],
            key=host.ref,
        )
        for host in hosts
    ]
    return timetable(_days(campaign, look), rows, opens=7, closes=21)


def _lock_block(host: Host, day: date, row: PlanDecision) -> Block:
    zone = ZoneInfo(host.zone)
    return Block(
        "lock",
        datetime.combine(day, time(), zone),
        datetime.combine(day, time(23, 59), zone),
        str(row),
        title=_("locked"),
    )


def _absences(campaign: Campaign) -> dict[int, list[Block]]:
    """When each host is away in the window; the drawing cuts what lies outside of it."""
    zone = ZoneInfo(campaign.zone)
    first = datetime.combine(campaign.window_start - timedelta(days=1), time(), zone)
    last = datetime.combine(campaign.window_end + timedelta(days=2), time(), zone)
    found: dict[int, list[Block]] = {}
    for row in HostAvailability.objects.busy().touching(first, last).select_related("host"):
        home = ZoneInfo(row.host.zone)
        found.setdefault(row.host_id, []).append(
            Block(
                "away",
                row.starts_at.astimezone(home),
                row.ends_at.astimezone(home),
                f"{row.host.name}: {row}",
            )
        )
    return found


def _days(campaign: Campaign, look: Look) -> list[Day]:
    today = look.at.astimezone(ZoneInfo(campaign.zone)).date()
    closed = _closed_days(campaign)
    decided: dict[date, list[str]] = {}
    for row in look.decisions:
        if row.on is not None:
            decided.setdefault(row.on, []).append(str(row))
    return [
        Day(
            date=day,
            note="; ".join([*closed.get(day, []), *decided.get(day, [])]),
            is_today=day == today,
            is_closed=day in closed,
            is_marked=day in decided,
        )
        for day in campaign.working_days
    ]


def _closed_days(campaign: Campaign) -> dict[date, list[str]]:
    """For each day, which requests' countries have a hard holiday, in words."""
    countries = dict(
        campaign.requests.open().values_list("country").annotate(Count("pk")).order_by()
    )
    rows = (
        CalendarDay.objects.hard()
        .between(campaign.window_start, campaign.window_end)
        .filter(country__in=countries, region="", city="")
    )
    found: dict[date, list[str]] = {}
    for row in rows:
        day = max(row.first_on, campaign.window_start)
        while day <= min(row.last_on, campaign.window_end):
            found.setdefault(day, []).append(f"{row.country}: {row.name}")
            day += timedelta(days=1)
    return found
