"""The trip pack of a host: every visit of a span of days with its internal brief, in one file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from crm import wording
from visits.briefs import press
from visits.briefs.edition import (
    Block,
    Column,
    Day,
    DaySheet,
    Facts,
    Mark,
    Pack,
    Prose,
    Section,
    Table,
    Tour,
)
from visits.briefs.paper import A4, Paper
from visits.domain import brief_parts as parts
from visits.domain.brief_internal import gather_internal
from visits.domain.brief_journeys import disruption_words, disruptions_near
from visits.domain.brief_sources import Sources
from visits.domain.briefs import imprint_of
from visits.models import BriefEdition, Host, Visit

LONGEST_SPAN = timedelta(days=62)


def pack_pdf(
    host: Host,
    *,
    first: date,
    last: date,
    at: datetime,
    paper: Paper = A4,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[bytes, str]:
    """The trip pack as PDF, and its file name.

    Raises ValidationError when the span is upside down or too long, or holds no visit. After each
    brief `on_progress` is told how many of how many steps are done; it may raise to give up.
    """
    pack = gather_pack(host, first=first, last=last, at=at, on_progress=on_progress)
    return press.pack_pdf(pack, paper), f"{host.ref}-{first.isoformat()}-{last.isoformat()}.pdf"


def check_span(first: date, last: date) -> None:
    """Raise ValidationError when the days are upside down or too many."""
    if last < first:
        raise ValidationError(_("The last day lies before the first."), code="span")
    if last - first > LONGEST_SPAN:
        raise ValidationError(_("A pack holds two months at most."), code="span")


def visits_for_pack(host: Host, *, first: date, last: date) -> list[Visit]:
    """The visits of the span; raises ValidationError when it cannot be or holds none."""
    check_span(first, last)
    visits = visits_of(host, first=first, last=last)
    if not visits:
        raise ValidationError(
            _("%(host)s leads no visit from %(first)s to %(last)s."),
            code="empty",
            params={
                "host": host.ref,
                "first": wording.day(first),
                "last": wording.day(last),
            },
        )
    return visits


def gather_pack(
    host: Host,
    *,
    first: date,
    last: date,
    at: datetime,
    language: str = "en",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pack:
    """What the pack says: the host's visits from `first` to `last`, by their local dates."""
    visits = visits_for_pack(host, first=first, last=last)
    with override(language):
        sources = Sources(visits)
        editions = []
        for number, visit in enumerate(visits):
            # The last step is setting the type.
            on_progress(number, len(visits) + 1)
            editions.append(gather_internal(visit, at=at, language=language, sources=sources))
        on_progress(len(visits), len(visits) + 1)
        kept = [_kept(visit, edition) for visit, edition in zip(visits, editions, strict=True)]
        imprints = [
            imprint_of(visit, edition, row, at=at)
            for visit, edition, row in zip(visits, editions, kept, strict=True)
        ]
        names = {visit.pk: _name(visit, at) for visit in visits}
        home_time = wording.local_time(at, host.zone)
        return Pack(
            ref=host.ref,
            name=_("Trip pack"),
            host=host.name,
            span=wording.day_range(first, last),
            language=language,
            built_at=at,
            built_line=_("as of %(when)s") % {"when": home_time},
            facts=_facts(visits),
            itinerary=_itinerary(visits, names),
            days=_days(visits, names, editions, sources),
            contacts=_contacts(visits, names),
            foot=_foot(visits),
            briefs=tuple(zip(editions, imprints, strict=True)),
            tour=_tour(host, visits, names),
            author=visits[0].campaign.name,
            is_sample=any(visit.is_sample for visit in visits),
        )


def visits_of(host: Host, *, first: date, last: date) -> list[Visit]:
    """The visits the host leads on these local dates, failed ones left out."""
    around = timedelta(days=1)
    opening = datetime.combine(first - around, datetime.min.time(), ZoneInfo("UTC"))
    closing = datetime.combine(last + 2 * around, datetime.min.time(), ZoneInfo("UTC"))
    rows = (
        Visit.objects.filter(host=host)
        .within(opening, closing)
        .exclude(state__in=parts.FAILED)
        .select_related("campaign", "host__home", "backup", "place", "municipality__organisation")
        .prefetch_related("requests", "topics", "agenda", "checklist", "experts")
        .order_by("starts_at", "ref")
    )
    return [visit for visit in rows if first <= visit.local_date <= last]


def _kept(visit: Visit, edition: Any) -> BriefEdition | None:
    newest = visit.editions.filter(kind=edition.kind, language=edition.language).first()
    return newest if newest and newest.data_hash == edition.data_hash else None


def _name(visit: Visit, at: datetime) -> str:
    """The city, or the reference alone where the city must not be named."""
    municipality = visit.municipality
    day = at.astimezone(ZoneInfo(visit.campaign.zone)).date()
    may_be_named = municipality is None or municipality.may_be_named(day)
    return f"{visit.city} {visit.country}" if may_be_named else visit.ref


def _facts(visits: list[Visit]) -> tuple[Any, ...]:
    count = len(visits)
    places = ngettext("%(count)d visit", "%(count)d visits", count) % {"count": count}
    online = sum(visit.is_online for visit in visits)
    words = _("%(visits)s, %(online)d of them online") % {"visits": places, "online": online}
    risks = [visit.ref for visit in visits if visit.at_risk]
    return parts.facts((_("In all"), words), (_("At risk"), ", ".join(risks)))


def _itinerary(visits: list[Visit], names: dict[int, str]) -> Section:
    columns = (
        Column(_("Day"), 1.5),
        Column(_("Local time"), 2.5, figures=True),
        Column(_("Where"), 1.6),
        Column(_("Reference"), 0.9),
        Column(_("State"), 1.1),
    )
    rows = tuple(
        (
            wording.day(visit.local_date),
            _local_times(visit),
            _("online: %(city)s") % {"city": names[visit.pk]}
            if visit.is_online
            else names[visit.pk],
            visit.ref,
            str(visit.get_state_display()),
        )
        for visit in visits
    )
    return Section("itinerary", _("Itinerary"), (Table(columns, rows),))


def _local_times(visit: Visit) -> str:
    start = wording.clock_time(visit.starts_at, visit.zone)
    end = wording.clock_time(visit.ends_at, visit.zone)
    return f"{start}–{end} {parts.zone_name(visit.starts_at, visit.zone)}"


def _days(
    visits: list[Visit], names: dict[int, str], editions: Any, sources: Sources
) -> tuple[DaySheet, ...]:
    sheets = []
    by_day: dict[date, list[tuple[Visit, Day | None]]] = {}
    for visit, edition in zip(visits, editions, strict=True):
        by_day.setdefault(visit.local_date, []).append((visit, edition.day))
    for day, pairs in by_day.items():
        blocks: list[Block] = []
        for visit, _line in pairs:
            blocks += _day_blocks(visit, names[visit.pk], sources)
        lines = tuple(_relabelled(line, names[visit.pk]) for visit, line in pairs if line)
        sheets.append(DaySheet(day.isoformat(), wording.day(day), lines, tuple(blocks)))
    return tuple(sheets)


def _relabelled(line: Day, name: str) -> Day:
    """The day line with the visit under the name the pack may use."""
    stretches = tuple(
        replace(stretch, label=name) if stretch.kind == "visit" else stretch
        for stretch in line.stretches
    )
    return replace(line, stretches=stretches)


def _day_blocks(visit: Visit, name: str, sources: Sources) -> list[Block]:
    where = visit.meeting_link if visit.is_online else visit.address
    contact = parts.join((visit.local_contact_name, visit.local_contact_phone))
    masked = name == visit.ref
    rows = parts.facts(
        (visit.ref, _local_times(visit)),
        (_("Where"), _("see its brief") if masked else where or _("not known yet")),
        (_("Contact"), contact or _("not known yet")),
        (_("Topics"), ", ".join(topic.name for topic in visit.topics.all())),
        *_journey_facts(visit, sources),
    )
    blocks: list[Block] = [Facts(rows)]
    for row in disruptions_near(visit, sources):
        blocks.append(Prose(disruption_words(row, visit.zone), "strong"))
    return blocks


def _journey_facts(visit: Visit, sources: Sources) -> list[tuple[str, str]]:
    """The journeys to the visit, and those home from there; one to another visit stands there."""
    before, after = sources.journeys(visit)
    leads_home = bool(after) and after[-1].destination == visit.host.home
    return [
        (
            parts.join((row.mode_words.capitalize(), row.status_words)),
            _("%(departs)s to %(arrives)s")
            % {
                "departs": wording.local_time(row.departs_at, row.origin.zone),
                "arrives": wording.local_time(row.arrives_at, row.destination.zone),
            },
        )
        for row in [*before, *(after if leads_home else ())]
    ]


def _contacts(visits: list[Visit], names: dict[int, str]) -> Section:
    columns = (
        Column(_("Visit"), 1.6),
        Column(_("Local contact"), 1.8),
        Column(_("Phone"), 1.3),
        Column(_("Mail"), 2.0),
    )
    rows = tuple(
        (
            parts.join(dict.fromkeys((visit.ref, names[visit.pk])), " "),
            visit.local_contact_name or _("not known"),
            visit.local_contact_phone or "–",
            visit.local_contact_address or "–",
        )
        for visit in visits
    )
    return Section("contacts", _("Contacts"), (Table(columns, rows),))


def _tour(host: Host, visits: list[Visit], names: dict[int, str]) -> Tour | None:
    stops = [(row, row.place) for row in visits if row.place is not None and not row.is_online]
    if not stops:
        return None
    home = host.home
    marks = [Mark(home.latitude, home.longitude, home.name, "home")]
    for visit, place in stops:
        name = visit.city if names[visit.pk] != visit.ref else visit.ref
        marks.append(Mark(place.latitude, place.longitude, name, "place"))
    order, previous = [0], None
    for number, (visit, _place) in enumerate(stops, 1):
        if previous is not None and visit.local_date - previous > timedelta(days=1):
            order.append(0)
        order.append(number)
        previous = visit.local_date
    order.append(0)
    journeys = tuple(zip(order, order[1:], strict=False))
    route = " – ".join(marks[number].label for number in order)
    return Tour(tuple(marks), journeys, _("Map of the tour: %(route)s.") % {"route": route})


def _foot(visits: list[Visit]) -> str:
    is_sample = any(visit.is_sample for visit in visits)
    sample = _("Sample data: people and requests are invented.") if is_sample else ""
    return parts.join((_("Internal. For the host; do not forward."), sample), "\n")
