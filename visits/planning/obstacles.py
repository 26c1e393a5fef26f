"""What stands in the way of a journey that lacks time: the rule that binds, with its fact.

Whoever tells of such a journey asks here, so that all name the same rule: a disruption without
which it could be made, the time after arrival, the hours of travel, or how long the way is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from visits.late import np

from .detours import struck_in
from .facts import missing_minutes
from .problem import Place, Problem, TravelDisruption
from .solution import Reason
from .spans import moment_of, zone_of
from .travel import MODES
from .weeks import HostWeek


def places_by_number(problem: Problem) -> dict[int, Place]:
    """The places that the problem names, by their number in its travel table."""
    index = problem.travel.index
    holders = [task.place for task in problem.tasks]
    holders += [visit.place for visit in problem.fixed]
    holders += [host.home for host in problem.hosts]
    holders += [host.position.place for host in problem.hosts if host.position]
    return {index[place.ref]: place for place in holders if place.ref in index}


def journey_obstacle(
    problem: Problem,
    week: HostWeek,
    k: int,
    stop: int,
    free: float,
    *,
    places: Mapping[int, Place],
    label: str = "",
    buffer: float | None = None,
) -> Reason:
    """Why the host, free at `free` after stop k, is not in time at another place for `stop` (home:
    -1), which a sentence calls `label`; `buffer` as in `missing_minutes`."""
    table, host = problem.travel, problem.hosts[week.host]
    here = week.place_of(k)
    target = week.home if stop < 0 else int(week.place[stop])
    origin, destination, journey = places[here], places[target], int(table.minutes[here, target])
    leaves = moment_of(week.origin + free)
    values = {
        "host": host.name,
        "origin": origin.name,
        "origin_zone": origin.zone,
        "destination": destination.name,
        "destination_zone": destination.zone,
        "leaves": leaves,
        "journey": journey,
        "travel_from": f"{host.travel_from:%H:%M}",
        "travel_to": f"{host.travel_to:%H:%M}",
    }
    if journey < 0:
        text = f"No journey is known from {origin.name} to {destination.name}."
        return Reason("no_journey", text, values)

    def missing_with(rows: Sequence[TravelDisruption]) -> int:
        other = struck_only_by(problem, week, rows)
        return missing_minutes(other, table, k, stop, free, buffer=buffer)

    missing = missing_with(())
    if rows := binding(problem, lambda rows: missing_with(rows) <= missing):
        mode = MODES[int(table.mode[here, target])]
        return _stopped(rows, origin, destination, mode, missing)
    zones = week.zone_of_place[[week.home, here, target]]
    day = len(week.days) - 1 if stop < 0 else int(week.day_in[stop])
    begins, ends = week.day_from[zones].max(axis=0)[day], week.day_to[zones].min(axis=0)[day]
    due = float(ends if stop < 0 else week.low[stop])
    values["due"] = moment_of(week.origin + due)
    text = f"{host.name} cannot be in {destination.name} by {values['due']:%-d %B %H:%M} UTC"
    setting_out = f"from {origin.name} on {leaves:%-d %B %H:%M} UTC"
    if stop < 0:
        text += f", when travel ends, {setting_out}; the journey takes {journey} minutes."
        return Reason("home_too_late", text, values)
    asked = float(week.buffer[stop]) if buffer is None else buffer
    spare = int(due - max(free, begins) - journey)
    if 0 <= spare < asked:
        values |= {"minutes": spare, "label": label or destination.name, "asked": int(asked)}
        text = f"{host.name} arrives {spare} minutes before {values['label']}; the rule asks for "
        return Reason("lands_short", f"{text}{int(asked)}.", values)
    sets_out_first = k == week.size and free == week.day_from[zones].max(axis=0)[0]
    if due - free >= journey or sets_out_first:
        text += (
            f" {setting_out}: travel is between {host.travel_from:%H:%M} and "
            f"{host.travel_to:%H:%M}, and the journey takes {journey} minutes."
        )
        return Reason("outside_travel_hours", text, values)
    text += f" {setting_out}; the journey takes {journey} minutes."
    return Reason("leg_short_of_time", text, values)


def binding(
    problem: Problem, is_enough: Callable[[Sequence[TravelDisruption]], bool]
) -> tuple[TravelDisruption, ...]:
    """The fewest disruptions that must go for the rest to be enough; none where it is not enough
    without any of them."""
    if not problem.disruptions or not is_enough(()):
        return ()
    borne: list[TravelDisruption] = []
    for row in problem.disruptions:
        if is_enough((*borne, row)):
            borne.append(row)
    return tuple(row for row in problem.disruptions if row not in borne)


def struck_only_by(problem: Problem, week: HostWeek, rows: Sequence[TravelDisruption]) -> HostWeek:
    """The week as it would be with these disruptions alone."""
    home = week.zone_of_place[week.home]
    hours = week.origin + np.stack([week.day_from[home], week.day_to[home]], axis=1)
    return replace(week, struck=struck_in(replace(problem, disruptions=tuple(rows)), hours))


def disruption_values(rows: Sequence[TravelDisruption], zone: str) -> dict[str, object]:
    """What a sentence may say of disruptions: their names, and the end of the last one."""
    return {
        "disruption": " and ".join(row.label for row in rows),
        "until": max(row.end for row in rows),
        "until_zone": zone,
    }


def _stopped(
    rows: Sequence[TravelDisruption], origin: Place, destination: Place, mode: str, missing: int
) -> Reason:
    """That disruptions stop a journey by its usual way, and until when; and how many minutes would
    be missing without them."""
    values = disruption_values(rows, destination.zone)
    values |= {"origin": origin.name, "destination": destination.name, "mode": mode}
    until = max(row.end for row in rows).astimezone(zone_of(destination.zone))
    text = (
        f"The journey from {origin.name} to {destination.name} ({mode}) is stopped until "
        f"{until:%-d %B %H:%M}, a day touched counting whole: {values['disruption']}"
    )
    if not missing:
        return Reason("leg_stopped", f"{text}.", values)
    text += f"; without that {missing} minutes would be missing."
    return Reason("leg_stopped_and_short", text, values | {"minutes": missing})
