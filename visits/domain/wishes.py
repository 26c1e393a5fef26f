"""The wished dates of a request held against the calendar of its place and the plan."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import wording
from crm.strips import StripDay, StripMark
from visits.domain.campaigns import first_day_for_new
from visits.domain.disruption_areas import is_in_area
from visits.domain.planning import OPEN_TO_PLAN
from visits.domain.slots import days_at
from visits.models import CalendarDay, Disruption, PreferredDate, Visit, VisitRequest
from visits.states import RequestState

# Requests whose date would be a new one, which needs notice; what is on offer or agreed does not.
WAITING = frozenset(OPEN_TO_PLAN) - {RequestState.PROPOSED}


@dataclass
class WeighedWish:
    """One wished date with what speaks against it, in words."""

    wish: PreferredDate
    hard: list[str] = field(default_factory=list)
    soft: list[str] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    @property
    def is_clear(self) -> bool:
        return not (self.hard or self.soft or self.visits)


def weigh_wishes(request: VisitRequest, *, today: datetime) -> list[WeighedWish]:
    """Each wish with the window, today, the shortest notice, the local calendar, strikes and storms
    at the place, and the visits that day."""
    wishes = list(request.preferred_dates.all())
    if not wishes:
        return []
    first, last = min(wish.on for wish in wishes), max(wish.on for wish in wishes)
    days = days_at(request, first, last)
    busy = _visits_by_day(request)
    struck = _struck_days(request)
    return [_weigh(request, wish, days, busy, struck, today.date()) for wish in wishes]


def _weigh(
    request: VisitRequest,
    wish: PreferredDate,
    days: list[CalendarDay],
    busy: dict[date, list[Visit]],
    struck: list[tuple[date, date, str]],
    today: date,
) -> WeighedWish:
    weighed = WeighedWish(wish, visits=busy.get(wish.on, []))
    campaign = request.campaign
    if not campaign.window_start <= wish.on <= campaign.window_end:
        weighed.hard.append(_("outside the offer"))
    elif wish.on.weekday() > 4:
        weighed.hard.append(_("a weekend day"))
    elif wish.on < today:
        weighed.hard.append(_("over"))
    elif request.state in WAITING and wish.on < (first := first_day_for_new(campaign, today)):
        words = _("too soon: a new visit may begin on %(day)s at the earliest")
        weighed.hard.append(words % {"day": wording.day(first)})
    weighed.soft += [name for first, last, name in struck if first <= wish.on <= last]
    for day in days:
        if day.first_on <= wish.on <= day.last_on:
            hard = day.hardness == CalendarDay.Hardness.HARD
            (weighed.hard if hard else weighed.soft).append(day.name)
    return weighed


def _struck_days(request: VisitRequest) -> list[tuple[date, date, str]]:
    """The first and the last day of each strike or storm at the place of a request."""
    if request.place is None:
        return []
    zone = ZoneInfo(request.zone)
    return [
        (row.starts_at.astimezone(zone).date(), row.ends_at.astimezone(zone).date(), row.name)
        for row in Disruption.objects.active()
        if is_in_area(row, request.place)
    ]


def _visits_by_day(request: VisitRequest) -> dict[date, list[Visit]]:
    found: dict[date, list[Visit]] = {}
    live = Visit.objects.live().filter(campaign=request.campaign_id).exclude(requests=request)
    for visit in live.only("ref", "city", "starts_at", "zone", "state"):
        found.setdefault(visit.local_date, []).append(visit)
    return found


def calendar_strip(
    request: VisitRequest, *, today: datetime, offers: bool = True
) -> list[StripDay]:
    """Every weekday of the window: wished, busy, closed or difficult there, each in words.

    With `offers`, each day ahead leads to the form that offers it.
    """
    campaign = request.campaign
    wished = {wish.on: wish.rank for wish in request.preferred_dates.all()}
    days = days_at(request, campaign.window_start, campaign.window_end)
    busy = _visits_by_day(request)
    path = reverse("visits:request-propose", args=[request.ref])
    strip = []
    for on in campaign.working_days:
        marks = [
            StripMark("hard" if day.hardness == CalendarDay.Hardness.HARD else "soft", day.name)
            for day in days
            if day.first_on <= on <= day.last_on
        ]
        marks += [
            StripMark("busy", _("day of %(visit)s") % {"visit": visit})
            for visit in busy.get(on, [])
        ]
        if on in wished:
            marks.append(StripMark("wish", _("wish %(rank)s") % {"rank": wished[on]}))
        is_past = on < today.date()
        if is_past:
            marks.append(StripMark("past"))
        href = "" if is_past or not offers else f"{path}?slot_1={on.isoformat()}T09:30"
        strip.append(StripDay(on, tuple(marks), href=href))
    return strip
