"""Facts that break a rule: which links between confirmed visits lack how many minutes.

A confirmed visit stays even when it cannot be reached in time, with the time after arrival that a
new one needs; the chain of facts with the fewest missing minutes is kept, and its broken links are
opened for the search. What is new goes by the rule, and so never makes a fact fall short of it.
A plan sends nobody to a visit that cannot be reached at all: its time stays taken wherever the host
is (`as_missed`), and so it costs no other agreed visit anything. But it stands until somebody
decides about it, so nothing new comes so near that the host could not be at both
(`stand_where_agreed`).
"""

from __future__ import annotations

from dataclasses import replace

from visits.late import np

from .links import ALWAYS, NEVER, Links, link_stops, open_up
from .problem import Rules
from .travel import TravelTable
from .weeks import Fact, HostWeek

NO_JOURNEY = 1440


def missing_minutes(
    week: HostWeek,
    table: TravelTable,
    k: int,
    stop: int,
    free: float,
    *,
    buffer: float | None = None,
) -> int:
    """Minutes that are missing to reach `stop` (or home, -1) from stop k when free at `free`, with
    so much time left after arrival (that of the stop when not given)."""
    place = week.place_of(k)
    target = week.home if stop < 0 else int(week.place[stop])
    if place == target:
        return 0 if stop < 0 else max(0, int(free - week.low[stop]))
    taus = week.minutes_by_day(table, place, target)
    zones = week.zone_of_place[[week.home, place, target]]
    begin, finish = week.day_from[zones].max(axis=0), week.day_to[zones].min(axis=0)
    if stop < 0:
        day = len(week.days) - 1
        if taus[day] < 0:
            return NO_JOURNEY
        return max(0, int(max(free, begin[day]) + taus[day] - finish[day]))
    due = float(week.low[stop])
    buffer = float(week.buffer[stop]) if buffer is None else buffer
    day = int(week.day_in[stop])
    options = []
    if taus[day] >= 0:
        options.append(max(free, begin[day]) + taus[day] + buffer - due)
    if day > 0 and taus[day - 1] >= 0 and free <= due:
        options.append(max(free, begin[day - 1]) + taus[day - 1] - finish[day - 1])
    return max(0, int(min(options))) if options else NO_JOURNEY


def open_broken_links(week: HostWeek, links: Links, table: TravelTable) -> float:
    """Fill week.broken with the links of the best chain of facts that cannot be kept in time; how
    many minutes those lack."""
    rows = [np.flatnonzero(week.fact == k) for k in range(len(week.facts))]
    best: dict[tuple[int, bool], tuple[float, float, tuple[int, ...]]]
    best = {(week.size, False): (0.0, 0.0, ())}
    for row in rows:
        following: dict[tuple[int, bool], tuple[float, float, tuple[int, ...]]] = {}
        for stop in row.tolist():
            for (k, owed), (lost, cost, path) in best.items():
                still = week.owed_after(k, stop, owed)
                if still is None:
                    continue
                free = week.free_after(k)
                missing = 0.0
                if free > links.early[k, stop] and free > links.late[k, stop]:
                    missing = max(1, missing_minutes(week, table, k, stop, free))
                option = (lost + missing, cost + float(links.cost[k, stop]), (*path, stop))
                if (stop, still) not in following or option < following[stop, still]:
                    following[stop, still] = option
        best = following
    ends = []
    for (k, owed), (lost, cost, path) in best.items():
        if owed:
            continue
        missing = 0.0
        if week.free_after(k) > links.home_by[k]:
            missing = max(1, missing_minutes(week, table, k, -1, week.free_after(k)))
        ends.append((lost + missing, cost + float(links.home_cost[k]), path))
    lost, _cost, path = min(ends)
    if lost <= 0:
        return lost
    k = week.size
    for stop in [*path, -1]:
        by = links.home_by[k] if stop < 0 else max(links.early[k, stop], links.late[k, stop])
        if week.free_after(k) > by:
            week.broken.add((k, stop))
        k = stop
    return lost


def week_without_unreachable(
    week: HostWeek, table: TravelTable, weights: np.ndarray, rules: Rules
) -> HostWeek:
    """The week with the fewest agreed visits missed that leave every journey to the others
    possible.

    What falls into an absence is missed; of the rest whatever costs the others least. What nobody
    was told yet makes no agreed visit be missed.
    """
    agreed, numbers = _agreed_alone(week)
    missed = {k for k in _visits(agreed) if absence_over(agreed, k) is not None}

    def lost_without(k: int) -> tuple[int, float]:
        return _lost(as_missed(agreed, missed | {k}), table, weights, rules)

    while _lost(as_missed(agreed, missed), table, weights, rules)[0]:
        rest = [k for k in _visits(agreed) if k not in missed]
        missed.add(min(rest, key=lambda k: (lost_without(k), _priority(agreed.facts[k]), k)))
    return as_missed(week, {numbers[k] for k in missed})


def _agreed_alone(week: HostWeek) -> tuple[HostWeek, list[int]]:
    """The week with its absences and agreed visits alone, and the numbers these facts have in it
    with all the others."""
    numbers = [k for k, fact in enumerate(week.facts) if _is_agreed(fact)]
    part = week.narrowed(np.flatnonzero(np.isin(week.fact, numbers)))
    fact = np.searchsorted(np.array(numbers, dtype=np.int64), part.fact)
    facts = [week.facts[k] for k in numbers]
    return replace(part, facts=facts, fact=fact, task=-1 - fact, position=2 * fact + 1), numbers


def _priority(fact: Fact) -> int:
    return fact.visit.priority if fact.visit else 0


def absence_over(week: HostWeek, number: int) -> int | None:
    """The first absence that shares time with a fact, or None."""
    own = week.facts[number]
    for k, fact in enumerate(week.facts):
        is_absence = fact.visit is None and fact.task is None
        if is_absence and fact.start < own.end and own.start < fact.end:
            return k
    return None


def _visits(week: HostWeek) -> list[int]:
    """The facts that the host travels to."""
    return sorted(set(week.fact[week.on_site & (week.fact >= 0)].tolist()))


def _lost(
    week: HostWeek, table: TravelTable, weights: np.ndarray, rules: Rules
) -> tuple[int, float]:
    """How many journeys to the facts of a week cannot be made, and how many minutes lack in all."""
    part = replace(week, broken=set())
    lost = open_broken_links(part, link_stops(part, table, weights, rules.start_grid), table)
    unmade = 0
    for k, stop in part.broken:
        if stop >= 0 and part.place_of(k) != int(part.place[stop]):
            buffer = least_buffer(part, stop, rules)
            free = part.free_after(k)
            unmade += missing_minutes(part, table, k, stop, free, buffer=buffer) > 0
    return unmade, lost


def least_buffer(week: HostWeek, stop: int, rules: Rules) -> float:
    """The time after arrival below which a journey to a fact lacks time; see Rules."""
    buffer = float(week.buffer[stop]) if stop >= 0 else 0.0
    if stop < 0 or week.fact[stop] < 0 or not week.on_site[stop]:
        return buffer
    return min(float(rules.fact_buffer), buffer)


def as_missed(week: HostWeek, missed: set[int]) -> HostWeek:
    """The week with these facts spent wherever the host is, as an absence would be."""
    if not missed:
        return replace(week, broken=set())
    places = np.unique(np.append(week.place, [week.home, week.start_place]))
    is_missed = np.isin(week.fact, list(missed))
    chosen = np.repeat(np.arange(week.size), np.where(is_missed, len(places), 1))
    part = week.narrowed(chosen)
    rows = is_missed[chosen]
    # The home comes first: where nothing else decides, the first is taken.
    ordered = sorted(places.tolist(), key=lambda place: (place != week.home, place))
    part.place[rows] = np.tile(ordered, int(is_missed.sum()))
    part.on_site[rows] = False
    part.buffer[rows] = 0.0
    at = {k: int(week.place[week.fact == k][0]) for k in missed}
    return replace(part, missed=at, broken=set())


def stand_where_agreed(
    week: HostWeek, links: Links, table: TravelTable, weights: np.ndarray, rules: Rules
) -> None:
    """Leave so much time between a missed visit and what is new that the host could travel from
    the one to the other by the usual way, were the visit held after all."""
    if not week.missed:
        return
    missed = np.flatnonzero(np.isin(week.fact, list(week.missed)))
    held = replace(where_agreed(week, missed, rules), struck=None, broken=set())
    usual = link_stops(held, table, weights, rules.start_grid)
    new = np.flatnonzero(~np.array([*map(_is_agreed, week.facts), False])[week.fact])
    there = np.ix_(new, missed)
    by = np.maximum(usual.early[there], usual.late[there])
    links.early[there] = np.minimum(links.early[there], by)
    links.late[there] = np.minimum(links.late[there], by)
    for k in missed.tolist():
        free = week.free_after(k)
        for stop in new.tolist():
            starts = [
                each.start_at(week, k, stop, free, rules.start_grid) for each in (links, usual)
            ]
            possible = None not in starts
            links.early[k, stop] = NEVER
            links.late[k, stop] = ALWAYS if possible else NEVER
            links.lag[k, stop] = NEVER
            if possible:
                links.floor[k, stop] = max(start for start in starts if start is not None)
    open_up(week, links)


def where_agreed(week: HostWeek, missed: np.ndarray, rules: Rules) -> HostWeek:
    """The week as if these missed stops were held where they were agreed."""
    place, buffer, on_site = week.place.copy(), week.buffer.copy(), week.on_site.copy()
    place[missed] = [week.missed[int(fact)] for fact in week.fact[missed]]
    buffer[missed], on_site[missed] = rules.arrival_buffer, True
    return replace(week, place=place, buffer=buffer, on_site=on_site)


def _is_agreed(fact: Fact) -> bool:
    """Whether somebody was told of it, or it is an absence."""
    return fact.task is None and (fact.visit is None or fact.visit.agreed)
