"""Facts that break a rule: which links between confirmed visits lack how many minutes.

A confirmed visit stays even when it cannot be reached in time, with the time after arrival that a
new one needs; the chain of facts with the fewest missing minutes is kept, and its broken links are
opened for the search. What is new goes by the rule, and so never makes a fact fall short of it.
"""

from __future__ import annotations

from visits.late import np

from .links import Links
from .travel import TravelTable
from .weeks import HostWeek

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
    place = week.start_place if k == week.size else int(week.place[k])
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


def open_broken_links(week: HostWeek, links: Links, table: TravelTable) -> None:
    """Fill week.broken with the links of the best chain of facts that cannot be kept in time."""
    rows = [np.flatnonzero(week.fact == k) for k in range(len(week.facts))]
    best: dict[int, tuple[float, float, tuple[int, ...]]] = {week.size: (0.0, 0.0, ())}
    for row in rows:
        following: dict[int, tuple[float, float, tuple[int, ...]]] = {}
        for stop in row.tolist():
            for k, (lost, cost, path) in best.items():
                free = week.ready if k == week.size else float(week.low[k] + week.service[k])
                missing = 0.0
                if free > links.early[k, stop] and free > links.late[k, stop]:
                    missing = max(1, missing_minutes(week, table, k, stop, free))
                option = (lost + missing, cost + float(links.cost[k, stop]), (*path, stop))
                if stop not in following or option < following[stop]:
                    following[stop] = option
        best = following
    ends = []
    for k, (lost, cost, path) in best.items():
        free = week.ready if k == week.size else float(week.low[k] + week.service[k])
        missing = 0.0
        if free > links.home_by[k]:
            missing = max(1, missing_minutes(week, table, k, -1, free))
        ends.append((lost + missing, cost + float(links.home_cost[k]), path))
    lost, _cost, path = min(ends)
    if lost <= 0:
        return
    k = week.size
    for stop in [*path, -1]:
        free = week.ready if k == week.size else float(week.low[k] + week.service[k])
        by = links.home_by[k] if stop < 0 else max(links.early[k, stop], links.late[k, stop])
        if free > by:
            week.broken.add((k, stop))
        k = stop
