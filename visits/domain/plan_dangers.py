"""Which strikes and storms a plan moves a visit into, said beside the change before publishing.

A plan may do so where another way of travel still runs; whoever approves the change must know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from visits.domain.disruption_areas import is_in_area
from visits.domain.publishing import Change
from visits.domain.travel import place_ref
from visits.models import Disruption, Placement, PlanVersion
from visits.models.requests import Mode
from visits.models.travel import mode_words

Leg = Mapping[str, Any]


def with_dangers(version: PlanVersion, changes: Iterable[Change]) -> list[Change]:
    """The changes of a version, each with what it moves its visit into, as sentences."""
    changes = list(changes)
    gone_to = [row.placement for row in changes if row.kind in ("new", "moved") and row.placement]
    if all(row.mode == Mode.ONLINE for row in gone_to):
        return changes
    disruptions = list(Disruption.objects.active())
    legs = version.result.get("legs", []) if disruptions else []
    keys = {int(leg[name][1:]) for leg in legs for name in ("from_place", "to_place")}
    keys |= {change.requests[0].place_id or 0 for change in changes}
    places = Place.objects.in_bulk(keys) if disruptions else {}
    by_ref = {place_ref(place): place for place in places.values()}
    return [
        replace(change, dangers=tuple(_dangers(change, disruptions, legs, by_ref)))
        for change in changes
    ]


def _dangers(
    change: Change, disruptions: Iterable[Disruption], legs: Iterable[Leg], places: Mapping
) -> Iterable[str]:
    row, place = change.placement, places.get(f"g{change.requests[0].place_id}")
    if change.kind == "kept" or row is None or row.mode == Mode.ONLINE or place is None:
        return
    ways = _ways(row, place, [leg for leg in legs if leg["host"] == row.host.ref])
    begins, ends = _whole_day(row)
    for each in disruptions:
        under_way = [leg for leg in ways if _is_hit(each, leg, places)]
        is_there = is_in_area(each, place) and each.starts_at < ends and each.ends_at > begins
        if is_there or under_way:
            is_moved = change.kind == "moved"
            yield _words(each, under_way, row.zone, is_there=is_there, is_moved=is_moved)


def _ways(row: Placement, place: Place, legs: Sequence[Leg]) -> list[Leg]:
    """The journeys to a visit and on from there."""
    ref = place_ref(place)
    there = [leg for leg in legs if leg["to_place"] == ref and _at(leg, "arrives") <= row.starts_at]
    on = [leg for leg in legs if leg["from_place"] == ref and _at(leg, "departs") >= row.ends_at]
    return [
        *sorted(there, key=lambda leg: _at(leg, "arrives"))[-1:],
        *sorted(on, key=lambda leg: _at(leg, "departs"))[:1],
    ]


def _at(leg: Leg, name: str) -> datetime:
    return datetime.fromisoformat(leg[f"{name}_at"])


def _whole_day(row: Placement) -> tuple[datetime, datetime]:
    zone = ZoneInfo(row.zone)
    day = row.starts_at.astimezone(zone).date()
    return (
        datetime.combine(day, time(0), zone),
        datetime.combine(day + timedelta(days=1), time(0), zone),
    )


def _is_hit(row: Disruption, leg: Leg, places: Mapping[str, Place]) -> bool:
    """Whether a journey is under way in the disruption, by whatever means."""
    ends = [places[leg[name]] for name in ("from_place", "to_place") if leg[name] in places]
    in_time = row.starts_at < _at(leg, "arrives") and row.ends_at > _at(leg, "departs")
    return in_time and any(is_in_area(row, place) for place in ends)


def _words(
    row: Disruption, under_way: Sequence[Leg], zone: str, *, is_there: bool, is_moved: bool
) -> str:
    first = row.starts_at.astimezone(ZoneInfo(zone)).date()
    last = (row.ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
    modes = dict.fromkeys(mode_words(leg["mode"]) for leg in under_way)
    values = {
        "name": row.name,
        "days": wording.day_range(first, last),
        "modes": ", ".join(modes),
    }
    if not is_there:
        words = _("Its journeys lie in “%(name)s” (%(days)s); by %(modes)s, which still runs.")
    elif not modes and is_moved:
        words = _("Moves into “%(name)s” (%(days)s); its journeys are before or after that.")
    elif not modes:
        words = _("Lies in “%(name)s” (%(days)s); its journeys are before or after that.")
    elif is_moved:
        words = _("Moves into “%(name)s” (%(days)s); by %(modes)s, which still runs.")
    else:
        words = _("Lies in “%(name)s” (%(days)s); by %(modes)s, which still runs.")
    return words % values
