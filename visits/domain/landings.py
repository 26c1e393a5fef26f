"""Whether a host lands long enough before a visit on site: what a new date must keep, and what a
visit that stands may fall short of, as long as it is told."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from visits.domain.journeys import Journey
from visits.domain.travel_legs import VisitLegs
from visits.models import Visit
from visits.planning.problem import Rules
from visits.planning.solution import Reason
from visits.reason_words import desk_words

ASKED = Rules().arrival_buffer


def short_landing(visit: Visit, arrives_at: datetime) -> str:
    """That the host arrives too shortly before a visit that is still to be, as a sentence; empty
    when it is not so."""
    minutes = int((visit.starts_at - arrives_at).total_seconds() // 60)
    zones = (ZoneInfo(visit.zone), ZoneInfo(visit.host.zone))
    is_evening_before = any(
        arrives_at.astimezone(zone).date() < visit.starts_at.astimezone(zone).date()
        for zone in zones
    )
    if is_evening_before or not visit.is_live or not 0 <= minutes < ASKED:
        return ""
    values = {"host": visit.host.name, "minutes": minutes, "label": str(visit), "asked": ASKED}
    return desk_words(Reason("lands_short", "", values))


def short_landing_of(visit: Visit, legs: VisitLegs, *, at: datetime) -> str:
    """The `short_landing` of a visit ahead by the last journey that leads there."""
    if visit.starts_at <= at or visit.is_online:
        return ""
    there = [
        leg.arrives_at
        for leg in legs.before
        if leg.destination.pk == visit.place_id and not leg.is_missed
    ]
    return short_landing(visit, max(there)) if there else ""


def short_landings(journeys: Iterable[Journey], *, at: datetime) -> list[str]:
    """The `short_landing` of every visit ahead that these journeys lead to."""
    found = [
        short_landing(row.to_visit, row.arrives_at)
        for row in journeys
        if row.to_visit is not None and row.to_visit.starts_at > at and not row.is_missed
    ]
    return [words for words in found if words]
