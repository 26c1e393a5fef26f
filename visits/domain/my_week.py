"""One week of a host, day by day: journeys, visits, nights away, busy time, in the time of home."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.utils.translation import gettext as _

from crm import wording
from visits.domain.after_visit import may_tell
from visits.domain.brief_standing import visit_standings
from visits.domain.disruption_reach import NO_WAYS, ways_of
from visits.domain.disruptions import disruptions_touching
from visits.domain.host_answers import answers_of
from visits.domain.journeys import Around, Journey, journeys_of
from visits.domain.landings import short_landing
from visits.domain.visit_notes import mark_of, notes_of
from visits.ical import same_clock
from visits.models import (
    Disruption,
    Hold,
    Host,
    HostAnswer,
    HostAvailability,
    Visit,
    VisitNote,
)
from visits.models.travel import mode_words
from visits.states import HELD_VISITS, LIVE_VISITS, VisitState

# The drawn day: from six in the morning to ten at night, on a strip so wide.
OPENS, CLOSES, WIDTH = 6, 22, 328.0
SHORTEST = 3.0


@dataclass(frozen=True)
class Bar:
    """Where an entry lies on the strip of its day."""

    kind: str
    x: float
    width: float
    hue: str = ""
    is_tentative: bool = False

    @property
    def end(self) -> float:
        return self.x + self.width


@dataclass(frozen=True)
class Entry:
    """One thing in a day: a visit, a date on offer, a journey, busy time or a night away.

    `there` and `home` are its times in words; `home` is empty where both clocks agree. `brief` is
    how the kept brief of a visit ahead stands, `mark` what this copy of the visit says.
    """

    kind: str
    starts_at: datetime
    ends_at: datetime
    there: str = ""
    home: str = ""
    title: str = ""
    note: str = ""
    visit: Visit | None = None
    answer: HostAnswer | None = None
    may_answer: bool = False
    risks: Sequence[Disruption] = ()
    may_tell: bool = False
    icon: str = ""
    hue: str = ""
    is_tentative: bool = False
    is_short_of_time: bool = False
    brief: str = ""
    mark: str = ""
    notes: Sequence[VisitNote] = ()


@dataclass(frozen=True)
class Day:
    """One day by the calendar of home."""

    date: date
    is_today: bool
    entries: Sequence[Entry]
    bars: Sequence[Bar] = field(default=())


@dataclass(frozen=True)
class Week:
    """Monday to Sunday; Saturday and Sunday only when something is on them."""

    monday: date
    days: Sequence[Day]

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def name(self) -> str:
        """The week as an address names it: 2023-W07."""
        return week_name(self.monday)

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def before(self) -> str:
        return week_name(self.monday - timedelta(days=7))

    @property
    def after(self) -> str:
        return week_name(self.monday + timedelta(days=7))

    @property
    def is_empty(self) -> bool:
        return not any(day.entries for day in self.days)


def week_name(day: date) -> str:
    """The ISO week of a day: 2023-W07."""
    year, number, _weekday = day.isocalendar()
    return f"{year}-W{number:02}"


def monday_of(name: str) -> date | None:
    """The Monday of a week named like 2023-W07; None when there is no such week to plan for."""
    year, mark, number = name.partition("-W")
    if not (mark and year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
        return None
    try:
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        return None
    return monday if 2000 <= monday.year <= 2100 else None


def week_of(host: Host, monday: date, *, at: datetime) -> Week:
    """The host's week from `monday` on; `at` is the present moment."""
    zone = ZoneInfo(host.zone)
    first = _midnight(monday, zone)
    last = _midnight(monday + timedelta(days=7), zone)
    visits = _visits(host, first - timedelta(days=1), last + timedelta(days=6))
    led = [visit for visit in visits if visit.host_id == host.pk]
    journeys = journeys_of(host, led, span=(first, last))
    active = list(Disruption.objects.active())
    answers, briefs = answers_of(visits), visit_standings(visits, at=at)
    notes = notes_of(visits)
    ways = ways_of(led, among=active)
    entries = [
        _visit(
            visit,
            host,
            active,
            answers.get(visit.pk),
            briefs[visit.pk],
            notes.get(visit.pk, ()),
            at,
            ways.get(visit.pk, NO_WAYS),
        )
        for visit in visits
    ]
    entries += [_offer(hold, host) for hold in _offers(host, first, last)]
    entries += [_journey(journey, host) for journey in journeys]
    busy = HostAvailability.objects.busy().filter(host=host).touching(first, last)
    entries += [_busy(row, host) for row in busy.select_related("feed")]
    today = at.astimezone(zone).date()
    made = [journey for journey in journeys if not journey.is_missed]
    days = [_day(monday + timedelta(days=count), entries, made, host, today) for count in range(7)]
    return Week(monday, [day for day in days if day.date.weekday() < 5 or day.entries])


def visits_to_come(host: Host, monday: date, *, at: datetime) -> list[Visit]:
    """The visits ahead that the host leads or backs up, up to the end of the next week."""
    until = _midnight(monday + timedelta(days=14), ZoneInfo(host.zone))
    mine = Visit.objects.filter(Q(host=host) | Q(backup=host))
    return list(mine.upcoming(at).filter(starts_at__lt=until))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)


def _visits(host: Host, first: datetime, last: datetime) -> list[Visit]:
    rows = Visit.objects.filter(
        Q(host=host) | Q(backup=host), state__in=LIVE_VISITS | HELD_VISITS
    ).within(first, last)
    return list(rows.select_related("host__home", "campaign", "place", "municipality"))


def _offers(host: Host, first: datetime, last: datetime) -> list[Hold]:
    rows = Hold.objects.live().filter(
        visit__host=host,
        visit__state=VisitState.TENTATIVE,
        accepted_at=None,
        starts_at__lt=last,
        ends_at__gt=first,
    )
    return list(rows.exclude(starts_at=F("visit__starts_at")).select_related("visit"))


def _visit(
    visit: Visit,
    host: Host,
    active: Sequence[Disruption],
    answer: HostAnswer | None,
    brief: str,
    notes: Sequence[VisitNote],
    at: datetime,
    around: Around,
) -> Entry:
    return Entry(
        "visit",
        visit.starts_at,
        visit.ends_at,
        there=_times(visit.starts_at, visit.ends_at, visit.zone),
        home=_at_home(visit.starts_at, visit.ends_at, visit.zone, host),
        title=str(visit),
        note="" if visit.host_id == host.pk else _("as backup"),
        visit=visit,
        answer=answer,
        may_answer=visit.host_id == host.pk and visit.is_live and not visit.has_begun(at),
        risks=disruptions_touching(visit, among=active, around=around),
        may_tell=may_tell(visit) and visit.has_begun(at),
        hue=visit.mark.hue,
        is_tentative=visit.state == VisitState.TENTATIVE,
        brief=brief if visit.is_live else "",
        mark=mark_of(visit),
        notes=notes,
    )


def _offer(hold: Hold, host: Host) -> Entry:
    visit = hold.visit
    return Entry(
        "offer",
        hold.starts_at,
        hold.ends_at,
        there=_times(hold.starts_at, hold.ends_at, visit.zone),
        home=_at_home(hold.starts_at, hold.ends_at, visit.zone, host),
        title=_("%(visit)s, another date on offer") % {"visit": visit},
        visit=visit,
        hue="violet",
        is_tentative=True,
    )


def _journey(journey: Journey, host: Host) -> Entry:
    names = {
        "origin": journey.origin_name,
        "destination": journey.destination_name,
    }
    note = _("%(mode)s, %(time)s") % {
        "mode": mode_words(journey.mode),
        "time": wording.duration(journey.minutes),
    }
    if not journey.is_booked:
        note = _("%(journey)s, an estimate") % {"journey": note}
    if journey.is_missed:
        note = f"{note}; {journey.risk}"
    elif journey.missing_minutes:
        note = _("%(journey)s; %(minutes)s are missing to be there in time") % {
            "journey": note,
            "minutes": wording.duration(journey.missing_minutes),
        }
    elif journey.to_visit and (words := short_landing(journey.to_visit, journey.arrives_at)):
        note = f"{note}. {words}"
    is_home_clock = same_clock(journey.departs_at, journey.origin.zone, host.zone) and same_clock(
        journey.arrives_at, journey.destination.zone, host.zone
    )
    return Entry(
        "journey",
        journey.departs_at,
        journey.arrives_at,
        there=_("leave %(departs)s, arrive %(arrives)s")
        % {
            "departs": _clock(journey.departs_at, journey.origin.zone),
            "arrives": _clock(journey.arrives_at, journey.destination.zone),
        },
        home="" if is_home_clock else _times(journey.departs_at, journey.arrives_at, host.zone),
        title=_("%(origin)s to %(destination)s") % names,
        note=note,
        icon={"fly": "plane", "rail": "train"}.get(journey.mode, "arrow-end"),
        is_tentative=not journey.is_booked,
        is_short_of_time=bool(journey.missing_minutes),
    )


def _busy(row: HostAvailability, host: Host) -> Entry:
    zone = ZoneInfo(host.zone)
    starts, ends = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
    is_whole_days = starts.time() == ends.time() == time(0)
    note = _("own calendar") if row.feed_id else ""
    return Entry(
        "busy",
        row.starts_at,
        row.ends_at,
        there=_("all day") if is_whole_days else _times(row.starts_at, row.ends_at, host.zone),
        title=str(row).capitalize(),
        note=note,
        icon="lock",
    )


def _day(
    day: date, entries: Iterable[Entry], journeys: Sequence[Journey], host: Host, today: date
) -> Day:
    zone = ZoneInfo(host.zone)
    first, last = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    own = [entry for entry in entries if entry.starts_at < last and entry.ends_at > first]
    own.sort(key=lambda entry: (max(entry.starts_at, first), entry.ends_at))
    bars = [bar for entry in own if (bar := _bar(entry, day, zone)) is not None]
    if night := _night(journeys, last, host):
        own.append(Entry("night", last, last, title=night, icon="moon"))
    return Day(day, day == today, own, bars)


def _night(journeys: Sequence[Journey], midnight: datetime, host: Host) -> str:
    """Where the host sleeps when the day ends, if away from home."""
    before = [journey for journey in journeys if journey.departs_at < midnight]
    after = [journey for journey in journeys if journey.departs_at >= midnight]
    if not before or not after:
        return ""
    last = max(before, key=lambda journey: journey.departs_at)
    if last.destination.pk == host.home_id:
        return ""
    if last.arrives_at > midnight:
        return _("Night on the way to %(city)s") % {"city": last.destination_name}
    return _("Night in %(city)s") % {"city": last.destination_name}


def _bar(entry: Entry, day: date, zone: ZoneInfo) -> Bar | None:
    opens = datetime.combine(day, time(OPENS), zone)
    closes = datetime.combine(day, time(CLOSES), zone)
    begins, ends = max(entry.starts_at, opens), min(entry.ends_at, closes)
    if begins >= ends:
        return None
    scale = WIDTH / (closes - opens).total_seconds()
    x = (begins - opens).total_seconds() * scale
    width = max((ends - begins).total_seconds() * scale, SHORTEST)
    kind = "visit" if entry.kind == "offer" else entry.kind
    return Bar(kind, round(x, 1), round(width, 1), entry.hue, entry.is_tentative)


def hours() -> list[tuple[int, float]]:
    """The hours written under the strip of a day, with their places."""
    step = WIDTH / (CLOSES - OPENS)
    return [(hour, round((hour - OPENS) * step, 1)) for hour in range(OPENS + 2, CLOSES, 4)]


def _times(start: datetime, end: datetime, zone: str) -> str:
    """As in 09:30–14:00 Copenhagen (CET); both ends in full where the day or the clock changes."""
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    if first.date() != last.date() or first.utcoffset() != last.utcoffset():
        return wording.time_range(start, end, zone)
    return _("%(start)s–%(end)s") % {
        "start": wording.clock_time(start, zone),
        "end": _clock(end, zone),
    }


def _clock(moment: datetime, zone: str) -> str:
    """As in 14:00 Copenhagen (CET)."""
    local = moment.astimezone(ZoneInfo(zone))
    return _("%(time)s %(city)s (%(zone)s)") % {
        "time": wording.clock_time(moment, zone),
        "city": wording.zone_city(zone),
        "zone": wording.zone_short(local),
    }


def _at_home(start: datetime, end: datetime, zone: str, host: Host) -> str:
    return "" if same_clock(start, zone, host.zone) else _times(start, end, host.zone)
