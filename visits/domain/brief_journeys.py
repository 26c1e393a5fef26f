"""The journey to a visit and on from it: booked legs, else estimates that say they are estimates;
the tour around it; what disturbs it; what was said about naming and photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from visits.briefs.edition import Block, Column, Facts, Mark, Prose, Stretch, Table, Tour
from visits.domain import brief_parts as parts
from visits.domain.brief_sources import Sources
from visits.domain.place_names import name_of, names_at
from visits.domain.travel import place_ref
from visits.ical import same_clock
from visits.models import Disruption, TravelLeg, Visit, VisitRequest
from visits.models.requests import Mode
from visits.models.travel import TravelMode
from visits.planning.travel import MODES


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
    names = _Names(visit, chain, at)
    legs = sources.legs_near(visit)
    blocks: list[Block] = []
    if legs:
        blocks.append(_leg_table(legs, names, visit.host.zone))
    out, on = _estimates(visit, sources, names) if not legs else _leg_lines(visit, legs, names)
    if not legs:
        blocks.append(Prose(_("No journey is booked or entered yet."), "missing"))
        blocks.append(Prose(parts.join((out, on), "\n")))
    known = parts.facts((_("Hotel"), visit.hotel), (_("Last way home"), visit.last_way_home))
    if known:
        blocks.append(Facts(known))
    if not visit.hotel:
        blocks.append(Prose(_("Hotel: not known."), "missing"))
    if not visit.last_way_home:
        blocks.append(Prose(_("Last way home: not known."), "missing"))
    stretches = tuple(
        Stretch(
            leg.departs_at, leg.arrives_at, str(TravelMode(leg.mode).label).capitalize(), "journey"
        )
        for leg in legs
        if _touches(leg, visit)
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


def _leg_table(legs: Sequence[TravelLeg], names: _Names, home: str) -> Table:
    columns = (
        Column(_("From – to"), 1.9),
        Column(_("Departs"), 2.0, figures=True),
        Column(_("Arrives"), 2.0, figures=True),
        Column(_("By"), 1.2),
    )
    rows = tuple(
        (
            f"{names.of(leg.origin)} – {names.of(leg.destination)}",
            _both_times(leg.departs_at, leg.origin.zone, home),
            _both_times(leg.arrives_at, leg.destination.zone, home),
            parts.join((str(leg.get_mode_display()), str(leg.get_status_display()), leg.note)),
        )
        for leg in legs
    )
    return Table(columns, rows)


def _both_times(moment: datetime, zone: str, home: str) -> str:
    """The time where it happens, and the host's own below where the clocks differ."""
    here = wording.local_time(moment, zone)
    if same_clock(moment, zone, home):
        return here
    return f"{here}\n= {wording.local_time(moment, home)}"


def _leg_lines(visit: Visit, legs: Sequence[TravelLeg], names: _Names) -> tuple[str, str]:
    before = [leg for leg in legs if leg.arrives_at <= visit.starts_at]
    after = [leg for leg in legs if leg.departs_at >= visit.ends_at]
    out = on = ""
    if before:
        leg = before[-1]
        out = _("arrives %(when)s from %(place)s") % {
            "when": wording.local_time(leg.arrives_at, leg.destination.zone),
            "place": names.of(leg.origin),
        }
        out = parts.join((out, _unless_booked(leg)))
    if after:
        leg = after[0]
        on = _("leaves %(when)s for %(place)s") % {
            "when": wording.local_time(leg.departs_at, leg.origin.zone),
            "place": names.of(leg.destination),
        }
        on = parts.join((on, _unless_booked(leg)))
    return out, on


def _unless_booked(leg: TravelLeg) -> str:
    """ "estimate" or "planned" of a journey that nobody booked yet."""
    return "" if leg.status == TravelLeg.Status.BOOKED else str(leg.get_status_display())


def _estimates(visit: Visit, sources: Sources, names: _Names) -> tuple[str, str]:
    """The journeys there and on by the planner's estimate, in words."""
    ways = sources.ways(visit)
    if not ways:
        return "", ""
    there, on = (_estimate_words(sources.estimates, *way, names) for way in ways)
    return there, on


def _estimate_words(table: Any, start: Place, end: Place, names: _Names) -> str:
    if start.pk == end.pk:
        return ""
    row, column = table.index[place_ref(start)], table.index[place_ref(end)]
    taken = int(table.minutes[row, column])
    mode = MODES[int(table.mode[row, column])]
    if taken < 0 or mode == "stay":
        return ""
    return _("%(start)s – %(end)s: about %(time)s by %(mode)s, an estimate") % {
        "start": names.of(start),
        "end": names.of(end),
        "time": wording.duration(taken),
        "mode": TravelMode(mode).label,
    }


def _touches(leg: TravelLeg, visit: Visit) -> bool:
    zone = ZoneInfo(visit.zone)
    days = {leg.departs_at.astimezone(zone).date(), leg.arrives_at.astimezone(zone).date()}
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
    """Strikes, storms and outages at the place or in its country from the day before to after."""
    if visit.mode == Mode.ONLINE:
        return []
    near = timedelta(days=1)
    return [
        row
        for row in sources.active_disruptions
        if row.starts_at < visit.ends_at + near
        and row.ends_at > visit.starts_at - near
        and (visit.country in row.countries or visit.city in row.places)
    ]


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
