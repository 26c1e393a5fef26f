"""What both editions share: plain values, and fields of a visit that its city may see."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from crm import marks, wording
from visits.briefs.edition import Day, Fact, Mark, State, Stretch, Tour
from visits.models import AgendaItem, Visit, VisitRequest
from visits.states import VisitState

FAILED = frozenset({VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW})
LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# How titles of pauses begin in the programmes we write; they are drawn as gaps.
PAUSES = ("Break", "Lunch", "Coffee")


def said(value: str) -> str:
    """A stored English sentence in the active language where the catalogue has it."""
    return _(value) if value.strip() else ""


def state_of(state: str) -> State:
    """The mark of a visit's state, the same as on pages."""
    mark = marks.mark(state, "visit")
    return State(str(mark.word), mark.shape, mark.hue)


def facts(*pairs: tuple[str, str]) -> tuple[Fact, ...]:
    """Labelled values; those without a value are left out."""
    return tuple(Fact(label, value) for label, value in pairs if value.strip())


def join(parts: Iterable[str], glue: str = ", ") -> str:
    """The parts that say something, joined."""
    return glue.join(str(part) for part in parts if part and part.strip())


def zone_name(moment: datetime, zone: str) -> str:
    """ "Brussels (CET)": what stands over a column of times."""
    short = wording.zone_short(moment.astimezone(ZoneInfo(zone)))
    return f"{wording.zone_city(zone)} ({short})"


def programme(visit: Visit) -> list[tuple[datetime, datetime, AgendaItem]]:
    """The items of the programme with the moments they begin and end."""
    moment, timed = visit.starts_at, []
    for item in visit.agenda.all():
        end = moment + timedelta(minutes=item.minutes)
        timed.append((moment, end, item))
        moment = end
    return timed


def is_pause(item: AgendaItem) -> bool:
    return item.title.startswith(PAUSES)


def day_line(
    visit: Visit,
    *,
    label: str,
    journeys: Sequence[Stretch] = (),
    home_zone: str = "",
) -> Day:
    """The day to scale: visit, numbered programme and journeys, with a sentence that says it."""
    stretches = [Stretch(visit.starts_at, visit.ends_at, label, "visit"), *journeys]
    for number, (start, end, item) in enumerate(programme(visit), 1):
        if start < visit.ends_at:
            kind: Literal["break", "item"] = "break" if is_pause(item) else "item"
            stretches.append(Stretch(start, min(end, visit.ends_at), str(number), kind))
    return Day(
        zone=visit.zone,
        zone_name=zone_name(visit.starts_at, visit.zone),
        stretches=tuple(stretches),
        home_zone=home_zone,
        home_zone_name=zone_name(visit.starts_at, home_zone) if home_zone else "",
        description=_("The day to scale: %(when)s.")
        % {"when": wording.time_range(visit.starts_at, visit.ends_at, visit.zone)},
    )


def place_map(visit: Visit, label: str) -> Tour | None:
    """The map with the place alone; none when the register does not know it."""
    if visit.place is None:
        return None
    mark = Mark(visit.place.latitude, visit.place.longitude, label, "place")
    return Tour((mark,), description=_("Map of the surroundings of %(place)s.") % {"place": label})


def language_name(code: str) -> str:
    """A language in words of the active one; the code itself when Django has none."""
    try:
        return get_language_info(code)["name_translated"]
    except KeyError:
        return code


def spoken_in(code: str) -> str:
    """The language of a quote, for who reads it aloud; empty when it is that of the edition."""
    return code if LANGUAGE.fullmatch(code) and code != get_language() else ""


def replacement_of(visit: Visit) -> Visit | None:
    """The visit that took this one's place, the latest where there were several."""
    return max(visit.replaced_by.all(), key=lambda row: row.pk, default=None)


def requests_of(visit: Visit) -> list[VisitRequest]:
    """The requests a visit serves, the first received first."""
    return sorted(visit.requests.all(), key=lambda request: (request.received_at, request.ref))
