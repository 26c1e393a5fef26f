"""The journeys to a visit and on from it, and whether they are booked; the tour around it; what
disturbs it; what was said about naming and photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from visits.briefs.edition import Block, Column, Facts, Mark, Prose, Stretch, Table, Tour
from visits.domain import brief_parts as parts
from visits.domain.brief_sources import Sources
from visits.domain.journeys import Journey
from visits.domain.place_names import name_of, names_at
from visits.ical import same_clock
from visits.models import Disruption, Visit, VisitRequest
from visits.models.requests import Mode


@dataclass(frozen=True, slots=True)
class Trip:
    """One visit's journeys: there and on in a line each, for the day line, the map, the section."""

    out: str
    on: str
    stretches: tuple[Stretch, ...]
    tour: Tour | None
    blocks: tuple[Block, ...]


def trip_of(visit: Visit, sources: Sources, *, at: datetime) -> Trip:
    """The trip around a visit. A city that must not be named at `at` stands as its reference."""
    if visit.mode == Mode.ONLINE:
        words = Prose(_("Online: nobody travels."))
        return Trip("", "", (), parts.place_map(visit, visit.city), (words,))
    chain = sources.tour(visit)
    before, after = sources.journeys(visit)
    journeys = [*before, *after]
    ends = [end for row in journeys for end in (row.from_visit, row.to_visit) if end is not None]
    names = _Names(visit, [*ends, *chain], at)
    blocks: list[Block] = []
    if journeys:
        blocks.append(_journey_table(journeys, names, visit.host.zone))
    if not any(row.is_firm for row in journeys):
        blocks.append(Prose(_("No journey is booked or entered yet."), "missing"))
    out, on = _lines(before, after, names)
    known = parts.facts((_("Hotel"), visit.hotel), (_("Last way home"), visit.last_way_home))
    if known:
        blocks.append(Facts(known))
    if not visit.hotel:
        blocks.append(Prose(_("Hotel: not known."), "missing"))
    if not visit.last_way_home:
        blocks.append(Prose(_("Last way home: not known."), "missing"))
    stretches = tuple(
        Stretch(row.departs_at, row.arrives_at, row.mode_words.capitalize(), "journey")
        for row in journeys
        if _touches(row, visit)
    )
    return Trip(out, on, stretches, _tour_map(visit, chain, names), tuple(blocks))


class _Names:
    """Names of places as this brief may write them."""

    def __init__(self, visit: Visit, chain: Sequence[Visit], at: datetime):
        day = at.astimezone(ZoneInfo(visit.campaign.zone)).date()
        # The register may spell a city another way than the city does (Århus).
        self._cities = names_at(chain)
        self._masked = {
            other.place_id: other.ref
            for other in chain
            if other.pk != visit.pk
            and other.place_id != visit.place_id
            and other.municipality is not None
            and not other.municipality.may_be_named(day)
        }

    def of(self, place: Place | None, name: str = "") -> str:
        if place is None:
            return name
        return self._masked.get(place.pk) or name or name_of(place, self._cities)

    def of_visit(self, visit: Visit) -> str:
        return self.of(visit.place, visit.city)


def _journey_table(journeys: Sequence[Journey], names: _Names, home: str) -> Table:
    columns = (
        Column(_("From – to"), 1.9),
        Column(_("Departs"), 2.0, figures=True),
        Column(_("Arrives"), 2.0, figures=True),
        Column(_("By"), 1.2),
    )
    rows = tuple(
        (
            f"{names.of(row.origin)} – {names.of(row.destination)}",
            _both_times(row.departs_at, row.origin.zone, home),
            _both_times(row.arrives_at, row.destination.zone, home),
            parts.join((row.mode_words, row.status_words, row.leg.note if row.leg else "")),
        )
        for row in journeys
    )
    return Table(columns, rows)


def _both_times(moment: datetime, zone: str, home: str) -> str:
    """The time where it happens, and the host's own below where the clocks differ."""
    here = wording.local_time(moment, zone)
    if same_clock(moment, zone, home):
        return here
    return f"{here}\n= {wording.local_time(moment, home)}"


def _lines(before: Sequence[Journey], after: Sequence[Journey], names: _Names) -> tuple[str, str]:
    """When the host arrives and from where, when the host leaves and for where."""
    out = on = ""
    if before:
        out = _("arrives %(when)s from %(place)s") % {
            "when": wording.local_time(before[-1].arrives_at, before[-1].destination.zone),
            "place": names.of(before[-1].origin),
        }
        out = parts.join((out, _unless_booked(before[-1])))
    if after:
        on = _("leaves %(when)s for %(place)s") % {
            "when": wording.local_time(after[0].departs_at, after[0].origin.zone),
            "place": names.of(after[0].destination),
        }
        on = parts.join((on, _unless_booked(after[0])))
    return out, on


def _unless_booked(journey: Journey) -> str:
    """ "estimate" or "planned" of a journey that nobody booked yet."""
    return "" if journey.is_booked else journey.status_words


def _touches(journey: Journey, visit: Visit) -> bool:
    zone = ZoneInfo(visit.zone)
    moments = (journey.departs_at, journey.arrives_at)
    days = {moment.astimezone(zone).date() for moment in moments}
    return visit.local_date in days


def _tour_map(visit: Visit, chain: Sequence[Visit], names: _Names) -> Tour | None:
    placed = [(row, row.place) for row in chain if row.place is not None]
    if visit.place is None:
        return None
    home = visit.host.home
    marks = [Mark(home.latitude, home.longitude, home.name, "home")]
    for row, place in placed:
        kind: Literal["place", "stop"] = "place" if row.pk == visit.pk else "stop"
        marks.append(Mark(place.latitude, place.longitude, names.of_visit(row), kind))
    stops = [*range(len(marks)), 0]
    journeys = tuple(zip(stops, stops[1:], strict=False))
    route = " – ".join(marks[number].label for number in stops)
    return Tour(tuple(marks), journeys, _("Map of the tour: %(route)s.") % {"route": route})


def disruptions_near(visit: Visit, sources: Sources) -> list[Disruption]:
    """Strikes, storms and outages that touch the visit or hit one of its journeys."""
    if visit.mode == Mode.ONLINE:
        return []
    return sources.disruptions(visit)


def disruption_words(row: Disruption, zone: str) -> str:
    """What happens, when, and who says so."""
    when = wording.time_range(row.starts_at, row.ends_at, zone)
    words = _("%(name)s (%(status)s): %(when)s") % {
        "name": row.name,
        "status": row.get_status_display(),
        "when": when,
    }
    return f"{words}. {_('Source: %(source)s') % {'source': row.source}}" if row.source else words


def consent_words(requests: Sequence[VisitRequest], purpose: str, sources: Sources) -> str:
    """What each requester said last about a purpose, and when; silence is said to be silence."""
    lines = []
    for request in requests:
        latest = sources.consent(request, purpose)
        if latest is None:
            answer = _("not asked")
        else:
            day = wording.day(latest.at.astimezone(ZoneInfo(request.zone)).date())
            answer = _("%(answer)s, %(day)s") % {"answer": latest.get_status_display(), "day": day}
        lines.append(f"{request.ref}: {answer}" if len(requests) > 1 else answer)
    return parts.join(lines, "; ")
