"""A plan version, or the calendar as it stands, as rows of a timetable: hosts down, days across."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import wording
from crm.marks import mark
from crm.timetable import Block, Day, Row, Timetable, timetable
from visits.models import (
    CalendarDay,
    Campaign,
    Hold,
    Host,
    HostAvailability,
    PlanVersion,
    Visit,
)
from visits.states import VisitState


def board_of_version(version: PlanVersion, *, at: datetime) -> Timetable:
    """The version's placements with its journeys."""
    campaign = version.plan.campaign
    rows = version.placements.select_related("host", "visit").prefetch_related("requests")
    blocks: dict[str, list[Block]] = {}
    for placement in rows:
        zone = ZoneInfo(placement.host.zone)
        requests = list(placement.requests.all())
        city = requests[0].city if requests else ""
        state = placement.visit.state if placement.visit else VisitState.TENTATIVE
        href = (
            reverse("visits:visit-detail", args=[placement.visit.ref])
            if placement.visit
            else reverse("visits:request-detail", args=[requests[0].ref])
        )
        blocks.setdefault(placement.host.ref, []).append(
            Block(
                kind="visit",
                start=placement.starts_at.astimezone(zone),
                end=placement.ends_at.astimezone(zone),
                words=_("%(city)s, %(when)s, %(mode)s")
                % {
                    "city": f"{' '.join(row.ref for row in requests)} {city}",
                    "when": wording.time_range(
                        placement.starts_at, placement.ends_at, placement.zone
                    ),
                    "mode": placement.get_mode_display(),
                },
                title=city,
                sub=placement.visit.ref if placement.visit else _("new"),
                href=href,
                hue=mark(state, "visit").hue,
                key=requests[0].ref if requests else "",
                is_tentative=state == VisitState.TENTATIVE,
            )
        )
    for leg in version.result.get("legs", []):
        blocks.setdefault(leg["host"], []).append(_leg_block(leg))
    return _draw(campaign, blocks, at=at)


def _leg_block(leg: dict[str, Any]) -> Block:
    start = datetime.fromisoformat(leg["departs_at"])
    end = datetime.fromisoformat(leg["arrives_at"]).astimezone(start.tzinfo)
    words = _("%(origin)s to %(destination)s, %(mode)s, %(time)s") % {
        "origin": leg["from"],
        "destination": leg["to"],
        "mode": leg["mode"],
        "time": wording.duration(leg["minutes"]),
    }
    if leg["missing_minutes"]:
        words += _("; %(minutes)s minutes too short") % {"minutes": leg["missing_minutes"]}
    return Block("travel", start, end, words, is_tentative=leg["estimated"])


def board_of_calendar(campaign: Campaign, *, at: datetime) -> Timetable:
    """The visits as they stand: agreed, offered, over, and cancelled ones that keep their time."""
    blocks: dict[str, list[Block]] = {}
    rows = Visit.objects.filter(campaign=campaign).exclude(
        state__in=["cancelled", "postponed", "no_show"]
    )
    for visit in rows.select_related("host"):
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
                hue=hue_of(visit),
                key=visit.ref,
                is_tentative=visit.state == VisitState.TENTATIVE,
            )
        )
    kept = Hold.objects.kept().filter(visit__campaign=campaign)
    for hold in kept.select_related("visit__host"):
        blocks.setdefault(hold.visit.host.ref, []).append(_kept_block(hold, campaign))
    return _draw(campaign, blocks, at=at)


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
        hue=mark(visit.state, "visit").hue,
        key=visit.ref,
        is_tentative=True,
    )


def hue_of(visit: Visit) -> str:
    """Red when at risk, else the hue of the state."""
    if visit.at_risk and visit.is_live:
        return mark("at_risk", "flag").hue
    return mark(visit.state, "visit").hue


def _draw(campaign: Campaign, blocks: dict[str, list[Block]], *, at: datetime) -> Timetable:
    hosts = Host.objects.who_lead().select_related("home")
    absences = _absences(campaign)
    rows = [
        Row(
            label=host.name,
            note=_("%(kind)s, %(place)s")
            % {"kind": host.get_kind_display(), "place": host.home.name},
            blocks=[*blocks.get(host.ref, []), *absences.get(host.pk, [])],
        )
        for host in hosts
    ]
    return timetable(_days(campaign, at), rows, opens=7, closes=21)


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


def _days(campaign: Campaign, at: datetime) -> list[Day]:
    today = at.astimezone(ZoneInfo(campaign.zone)).date()
    closed = _closed_days(campaign)
    return [
        Day(date=day, note=closed.get(day, ""), is_today=day == today)
        for day in campaign.working_days
    ]


def _closed_days(campaign: Campaign) -> dict[date, str]:
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
    return {day: "; ".join(names) for day, names in found.items()}
