"""Whether one time suits one request: the hard rules that forbid it, the soft ones to mention."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from visits.domain.booking import BUFFER
from visits.domain.busy_feeds import unknown_time
from visits.domain.reach import Reach
from visits.domain.steps import may_be_moved
from visits.models import CalendarDay, Host, HostAvailability, Reservation, Visit, VisitRequest
from visits.models.requests import Mode
from visits.reason_words import desk_words

EARLIEST, LATEST = time(9), time(17)


@dataclass
class SlotVerdict:
    """What speaks against a slot, as sentences; nothing hard means it may be offered."""

    hard: list[str] = field(default_factory=list)
    soft: list[str] = field(default_factory=list)
    host_is_taken: bool = False

    @property
    def is_possible(self) -> bool:
        return not self.hard


def days_at(request: VisitRequest, first: date, last: date) -> list[CalendarDay]:
    """The calendar days that concern the request's place between two dates."""
    days = CalendarDay.objects.at_place(
        country=request.country, region=request.region, city=request.city, place=request.place
    )
    return list(days.between(first, last))


def weigh_slot(
    request: VisitRequest,
    *,
    host: Host,
    mode: str,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    moving: Visit | None = None,
    reach: Reach | None = None,
    with_road: bool = True,
) -> SlotVerdict:
    """Weigh one slot by window, hours, calendar of the place, and the host's time and journeys.

    The time of `moving`, the visit that would move there, is not in its own way. Who weighs
    several slots of one mode and length hands over the same `reach`, so that it is loaded once;
    `with_road` False spares the journeys, which take longest.
    """
    verdict = SlotVerdict()
    zone = ZoneInfo(request.zone)
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    _weigh_window(verdict, request, start, end, mode=mode, at=at)
    _weigh_calendar(verdict, request, start, end, mode=mode)
    _weigh_host(verdict, host, starts_at, ends_at, moving=moving)
    if mode != Mode.ONLINE and request.on_site_ruled_out:
        verdict.hard.append(
            _("An on-site visit is ruled out: %(why)s.") % {"why": request.on_site_ruled_out}
        )
    if start < end and with_road:
        minutes = int((end - start).total_seconds() // 60)
        reach = reach or Reach(request, at=at, mode=mode, minutes=minutes)
        _weigh_road(verdict, reach, host, starts_at)
    return verdict


def _weigh_road(verdict: SlotVerdict, reach: Reach, host: Host, starts_at: datetime) -> None:
    """Name the journey that leaves too little time, and the rules of the host's week.

    A host who is not free then is told of once; on days that are over or no working days of the
    window nobody travels anyway.
    """
    day = starts_at.astimezone(ZoneInfo(reach.request.zone)).date()
    if starts_at <= reach.at or day not in reach.request.campaign.working_days:
        return
    if not reach.is_known:
        verdict.soft.append(
            _("%(city)s is not in the register of places, so no journey was weighed.")
            % {"city": reach.request.city}
        )
        return
    if reach.is_short_notice(starts_at):
        verdict.soft.append(
            ngettext(
                "That is less than the %(days)d working day of notice the offer promises.",
                "That is less than the %(days)d working days of notice the offer promises.",
                days := reach.request.campaign.lead_days,
            )
            % {"days": days}
        )
    verdict.soft += reach.notes(host)
    if not verdict.host_is_taken:
        verdict.hard += [desk_words(reason) for reason in reach.road_reasons(host, starts_at)]


def weigh_move(
    visit: Visit,
    *,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    host: Host | None = None,
    mode: str = "",
    reach: Reach | None = None,
) -> SlotVerdict:
    """What speaks against an agreed visit at that time, with another `host` or in another `mode`.

    Nothing for a visit that cannot be moved at all any more: the verb says so.
    """
    row = visit.requests.order_by("ref").first()
    if row is None or not may_be_moved(visit):
        return SlotVerdict()
    return weigh_slot(
        row,
        host=host or visit.host,
        mode=mode or visit.mode,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        moving=visit,
        reach=reach,
    )


def _weigh_window(
    verdict: SlotVerdict,
    request: VisitRequest,
    start: datetime,
    end: datetime,
    *,
    mode: str,
    at: datetime,
) -> None:
    campaign = request.campaign
    day = start.date()
    if start >= end:
        verdict.hard.append(_("The visit ends before it starts."))
    if not campaign.window_start <= day <= campaign.window_end:
        verdict.hard.append(
            _("%(day)s lies outside the offer, which runs %(window)s.")
            % {
                "day": wording.day(day),
                "window": wording.day_range(campaign.window_start, campaign.window_end),
            }
        )
    if start <= at:
        verdict.hard.append(
            _("%(day)s is over.") % {"day": wording.local_time(start, request.zone)}
        )
    if day.weekday() > 4:
        verdict.hard.append(_("%(day)s is a weekend day.") % {"day": wording.day(day)})
    if start.time() < EARLIEST or end.time() > LATEST or end.date() != day:
        verdict.hard.append(_("Visits take place between 09:00 and 17:00 local time."))
    if mode != Mode.ONLINE and day == campaign.project_end and end.time() > time(15):
        verdict.soft.append(_("The way home has to end on the project's last day."))


def _weigh_calendar(
    verdict: SlotVerdict,
    request: VisitRequest,
    start: datetime,
    end: datetime,
    *,
    mode: str,
) -> None:
    for day in days_at(request, start.date(), start.date()):
        sentence = _("%(day)s is %(name)s in %(city)s.") % {
            "day": wording.day(start.date()),
            "name": day.name,
            "city": request.city,
        }
        if day.kind == CalendarDay.Kind.HALF_DAY:
            closes = datetime.combine(start.date(), LATEST) - timedelta(
                minutes=day.shorter_by_minutes
            )
            if end.time() > closes.time():
                verdict.hard.append(
                    _("%(sentence)s Offices close at %(time)s.")
                    % {"sentence": sentence, "time": closes.strftime("%H:%M")}
                )
            else:
                verdict.soft.append(sentence)
        elif day.hardness == CalendarDay.Hardness.HARD:
            verdict.hard.append(sentence)
        else:
            verdict.soft.append(sentence)


def _weigh_host(
    verdict: SlotVerdict,
    host: Host,
    starts_at: datetime,
    ends_at: datetime,
    *,
    moving: Visit | None,
) -> None:
    until = ends_at + BUFFER
    away = HostAvailability.objects.busy().filter(host=host).touching(starts_at, ends_at).first()
    if away is not None:
        verdict.host_is_taken = True
        verdict.hard.append(_("%(host)s is unavailable then.") % {"host": host.name})
    verdict.hard += unknown_time(host, [(starts_at, ends_at)])
    clashes = Reservation.objects.overlapping(host.resource, starts_at, until)
    if moving is not None:
        clashes = clashes.exclude(visit=moving)
    clash = clashes.select_related("visit__campaign").first()
    verdict.host_is_taken |= clash is not None
    if clash is not None and clash.visit and (until := clash.kept_until):
        verdict.hard.append(
            _(
                "%(host)s keeps this time for the cancelled visit %(visit)s until %(until)s, "
                "should that be undone; it can be freed on the visit's page."
            )
            % {
                "host": host.name,
                "visit": clash.visit,
                "until": wording.local_time(until, clash.visit.campaign.zone),
            }
        )
    elif clash is not None:
        verdict.hard.append(
            _("%(host)s is at %(visit)s then.") % {"host": host.name, "visit": clash.visit}
        )
