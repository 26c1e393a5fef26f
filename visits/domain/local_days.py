"""What kind of day it is at a place: holidays, carnival, school breaks, short days, in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from crm.search import search_key
from crm.strips import StripDay, StripMark
from visits.domain.campaigns import first_day_for_new
from visits.domain.day_names import day_name
from visits.models import CalendarDay, Campaign, VisitRequest

HARD, SOFT = CalendarDay.Hardness.HARD, CalendarDay.Hardness.SOFT
Kind = CalendarDay.Kind
CLOSING_HOUR = 17
# A wish may lie so far behind the offer; it is looked at for another campaign.
FARTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Where:
    """A place as calendars know it; `names` holds every spelling of the city."""

    country: str
    region: str = ""
    city: str = ""
    names: tuple[str, ...] = ()

    @property
    def keys(self) -> set[str]:
        return {search_key(name) for name in (self.city, *self.names) if name}


@dataclass(frozen=True)
class DayWarning:
    """One thing to know about a wished date; hard means the place is closed or it cannot be."""

    sentence: str
    is_hard: bool


def where_of(subject: VisitRequest | Place | Where) -> Where:
    """The place of a request, a register row or a place already known."""
    if isinstance(subject, Where):
        return subject
    if isinstance(subject, Place):
        names = tuple(filter(None, subject.alternate_names.split("|")))
        return Where(subject.country, subject.region, subject.name, names)
    names = tuple(filter(None, subject.place.alternate_names.split("|"))) if subject.place else ()
    own = (subject.place.name,) if subject.place else ()
    region = subject.region or (subject.place.region if subject.place else "")
    return Where(subject.country, region, subject.city, (*own, *names))


def days_of(where: Where, first: date, last: date) -> list[CalendarDay]:
    """The calendar rows that concern the place between two dates, hard ones first, in one query."""
    rows = CalendarDay.objects.filter(country=where.country).between(first, last)
    keys, region = where.keys, search_key(where.region)

    def concerns(row: CalendarDay) -> bool:
        if row.city:
            return search_key(row.city) in keys
        return not row.region or search_key(row.region) == region

    return sorted(
        (row for row in rows if concerns(row)),
        key=lambda row: (row.hardness != HARD, row.first_on, row.name),
    )


def wish_fault(campaign: Campaign, on: date, today: date) -> str:
    """Why a date cannot be wished for at all, in a sentence; empty when it can."""
    last = campaign.window_end + FARTHEST
    if on < today:
        words = _("%(day)s is over; choose a date that lies ahead.")
        return wording.sentence(words % {"day": wording.day(on)})
    if on > last:
        values = {"day": wording.day(on), "last": wording.day(last)}
        words = _("%(day)s is too far away; choose a date until %(last)s.")
        return wording.sentence(words % values)
    return ""


def day_warnings(
    where: Where | Place | VisitRequest,
    on: date,
    *,
    campaign: Campaign | None = None,
    today: date | None = None,
) -> list[DayWarning]:
    """What speaks against a date at a place, hard first: its calendar, the campaign's window."""
    found = _window_warnings(campaign, on, today) if campaign else []
    if on.weekday() > 4:
        found.append(DayWarning(_("%(day)s is a weekend day.") % {"day": wording.day(on)}, True))
    place = where_of(where)
    for row in days_of(place, on, on):
        found.append(DayWarning(sentence_for(row, on, place.city), _closes(row)))
    told = [replace(warning, sentence=wording.sentence(warning.sentence)) for warning in found]
    return sorted(told, key=lambda warning: not warning.is_hard)


def _window_warnings(campaign: Campaign, on: date, today: date | None) -> list[DayWarning]:
    window = wording.day_range(campaign.window_start, campaign.window_end)
    values = {"day": wording.day(on), "window": window}
    if not campaign.window_start <= on <= campaign.window_end:
        sentence = _("%(day)s lies outside the offer, which runs %(window)s.") % values
        return [DayWarning(sentence, True)]
    if today is not None and on < first_day_for_new(campaign, today):
        sentence = _("%(day)s is very soon; we need some days to prepare and to travel.") % values
        return [DayWarning(sentence, False)]
    if on > campaign.window_end - timedelta(days=2):
        sentence = _(
            "%(day)s is at the very end of the offer; the journey home may no longer be possible."
        )
        return [DayWarning(sentence % values, False)]
    return []


def _closes(row: CalendarDay) -> bool:
    return row.hardness == HARD and row.kind != Kind.HALF_DAY


def sentence_for(row: CalendarDay, on: date, city: str) -> str:
    """One row of the calendar as a sentence about one date."""
    values = {"day": wording.day(on), "name": day_name(row.name), "city": city}
    if row.kind == Kind.HALF_DAY:
        closes = datetime(on.year, on.month, on.day, CLOSING_HOUR) - timedelta(
            minutes=row.shorter_by_minutes
        )
        values["time"] = closes.strftime("%H:%M")
        return (
            _("%(day)s is a short working day in %(city)s (%(name)s): offices close at %(time)s.")
            % values
        )
    sentences = {
        Kind.PUBLIC: _("%(day)s is a public holiday in %(city)s: %(name)s."),
        Kind.LOCAL: _("%(day)s is a local holiday in %(city)s: %(name)s."),
        Kind.OPTIONAL: _("%(day)s is usually a day off in %(city)s: %(name)s."),
        Kind.SCHOOL: _("%(day)s is in a school break in %(city)s (%(name)s): many are away."),
        Kind.CARNIVAL: _("%(day)s is carnival in %(city)s (%(name)s): staff may be on duty."),
    }
    return sentences.get(Kind(row.kind), _("%(day)s is a special day in %(city)s: %(name)s.")) % (
        values
    )


def calendar_strip(
    subject: VisitRequest | Place | Where,
    campaign: Campaign,
    *,
    wished: Iterable[date] | None = None,
    today: date | None = None,
) -> list[StripDay]:
    """Every day of the campaign's window at a place, marked with what makes it special.

    `wished` defaults to the request's own wished dates; days before `today` are marked as over.
    """
    if wished is None:
        wishes = subject.preferred_dates.all() if isinstance(subject, VisitRequest) else ()
        wished = [wish.on for wish in wishes]
    chosen = set(wished)
    rows = days_of(where_of(subject), campaign.window_start, campaign.window_end)
    return [
        StripDay(day, tuple(_strip_marks(day, rows, day in chosen, today))) for day in campaign.days
    ]


def _strip_marks(
    day: date, rows: Sequence[CalendarDay], is_wished: bool, today: date | None
) -> Iterator[StripMark]:
    for row in rows:
        if row.first_on <= day <= row.last_on:
            yield StripMark("hard" if _closes(row) else "soft", day_name(row.name))
    if is_wished:
        yield StripMark("wish")
    if today is not None and day < today:
        yield StripMark("past")
