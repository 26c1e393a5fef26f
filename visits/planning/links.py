"""Which stop can follow which in a host week, and when it then starts.

Going from stop k (free again at t) to stop l starts l
    at its opening               if t <= early[k, l]   (arrived the evening before, or no journey)
    at max(floor, t + lag)       if t <= late[k, l]
    never                        otherwise.
A journey of tau minutes begun at t ends at t + tau if that is still the same travel day, else it
begins at the next travel day's start; only a splittable drive goes on the next day instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .travel import TravelTable
from .weeks import HostWeek

NEVER = -1.0e9
ALWAYS = 1.0e9


@dataclass
class Links:
    """Square arrays over the stops of a week, with one more row for the start of the trip."""

    early: np.ndarray
    floor: np.ndarray
    lag: np.ndarray
    late: np.ndarray
    cost: np.ndarray
    home_by: np.ndarray
    home_cost: np.ndarray

    def start_at(self, week: HostWeek, k: int, stop: int, free: float, step: int) -> float | None:
        """When `stop` starts after stop k was free at `free`; None when it cannot be reached."""
        if free <= self.early[k, stop]:
            return float(week.low[stop])
        if free > self.late[k, stop]:
            return None
        begin = max(float(self.floor[k, stop]), on_grid(free + float(self.lag[k, stop]), step))
        return min(begin, float(week.high[stop]))


def on_grid(minute: float, step: int) -> float:
    """The next multiple of the grid; weeks begin on multiples of it."""
    return float(-(-minute // step) * step)


def travel_weights(table: TravelTable) -> np.ndarray:
    """One number per journey: minutes, then EUR, then kg CO2."""
    return table.minutes + 1e-4 * table.cost + 1e-6 * table.co2


def link_stops(week: HostWeek, table: TravelTable, weights: np.ndarray, step: int) -> Links:
    """All links of a week, with broken facts (week.broken) linked regardless of time."""
    size = week.size
    shape = (size + 1, size)
    links = Links(
        np.full(shape, NEVER, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.full(shape, NEVER, np.float32),
        weights[np.ix_(np.append(week.place, week.start_place), week.place)],
        np.full(size + 1, NEVER),
        weights[np.append(week.place, week.start_place), week.home],
    )
    places = np.append(week.place, week.start_place)
    day_out = np.append(week.day_out, _first_day(week))
    for leaving in range(len(week.days)):
        rows = np.flatnonzero(day_out == leaving)
        if not len(rows):
            continue
        for arriving in range(leaving, len(week.days)):
            columns = np.flatnonzero(week.day_in == arriving)
            if len(columns):
                _link_block(week, links, table, places, rows, columns, leaving, arriving, step)
        _link_home(week, links, table, places, rows, leaving)
    _keep_order(week, links)
    return links


def _first_day(week: HostWeek) -> int:
    home_from = week.day_from[week.zone_of_place[week.home]]
    return max(0, int(np.searchsorted(home_from, week.ready, side="right")) - 1)


def _hours(week: HostWeek, ends: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Travel hours per day of journeys between places: (days, ...) from and to."""
    zones = [week.zone_of_place[end] for end in ends]
    home = week.zone_of_place[week.home]
    begin = np.maximum(
        np.maximum(week.day_from[zones[0]], week.day_from[zones[1]]), week.day_from[home]
    )
    finish = np.minimum(np.minimum(week.day_to[zones[0]], week.day_to[zones[1]]), week.day_to[home])
    return np.moveaxis(begin, -1, 0), np.moveaxis(finish, -1, 0)


def _link_block(
    week: HostWeek,
    links: Links,
    table: TravelTable,
    places: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    leaving: int,
    arriving: int,
    step: int,
) -> None:
    ends = np.broadcast_arrays(places[rows][:, None], week.place[columns][None, :])
    tau = table.minutes[ends[0], ends[1]].astype(float)
    split = table.splittable[ends[0], ends[1]]
    begin, finish = _hours(week, (ends[0], ends[1]))
    same = ends[0] == ends[1]
    tau = np.where(same, 0.0, tau)
    possible = (tau >= 0) & ((tau <= finish[leaving] - begin[leaving]) | split)
    low, high = week.low[columns][None, :], week.high[columns][None, :]
    buffer = week.buffer[columns][None, :]
    early = np.full(tau.shape, NEVER)
    lag = tau + buffer
    if arriving == leaving:
        floor = np.maximum(low, begin[leaving] + lag)
        late = np.minimum(finish[leaving] - tau, high - lag)
        floor = np.where(same, low, floor)
        lag = np.where(same, 0.0, lag)
        late = np.where(same, high, late)
    else:
        nights = sum(begin[d + 1] - finish[d] for d in range(leaving, arriving))
        nights_before = sum(begin[d + 1] - finish[d] for d in range(leaving, arriving - 1))
        fits = tau <= finish[leaving] - begin[leaving]
        early = np.where(fits, finish[leaving] - tau, NEVER)
        for day in range(leaving + 1, arriving):
            early = np.where(tau <= finish[day] - begin[day], ALWAYS, early)
        if arriving - 1 >= leaving:
            split_early = finish[arriving - 1] - tau - nights_before
            early = np.where(split, np.maximum(early, split_early), early)
        whole = (begin[arriving] + tau <= finish[arriving]) & (begin[arriving] + lag <= high)
        floor = np.where(split, low, np.maximum(low, begin[arriving] + lag))
        late = np.where(
            split,
            np.minimum(high - lag - nights, finish[arriving] - tau - nights),
            np.where(whole, ALWAYS, NEVER),
        )
        floor = np.where(split, np.maximum(low, begin[leaving] + lag + nights), floor)
        lag = np.where(split, lag + nights, NEVER)
        possible = (tau >= 0) & ((tau <= finish[arriving] - begin[arriving]) | split | fits)
        early = np.where(same, ALWAYS, early)
        possible |= same
    floor = np.ceil(floor / step) * step
    floor = np.minimum(floor, np.maximum(high, low))
    within = np.maximum(low, 0) <= high
    tight = (arriving == leaving) & ~same & (begin[leaving] + tau + buffer > high)
    late = np.where(tight, NEVER, late)
    block = np.ix_(rows, columns)
    links.early[block] = np.where(possible & within, early, NEVER)
    links.floor[block] = floor
    links.lag[block] = lag
    links.late[block] = np.where(possible & within, late, NEVER)


def _link_home(
    week: HostWeek,
    links: Links,
    table: TravelTable,
    places: np.ndarray,
    rows: np.ndarray,
    leaving: int,
) -> None:
    ends = (places[rows], np.full(len(rows), week.home))
    same = ends[0] == ends[1]
    tau = np.where(same, 0, table.minutes[ends]).astype(float)
    split = table.splittable[ends]
    begin, finish = _hours(week, ends)
    last = len(week.days) - 1
    by = np.where(tau <= finish[leaving] - begin[leaving], finish[leaving] - tau, NEVER)
    for day in range(leaving + 1, last + 1):
        by = np.where(tau <= finish[day] - begin[day], ALWAYS, by)
    nights = sum((begin[d + 1] - finish[d] for d in range(leaving, last)), np.zeros(len(rows)))
    by = np.where(split, np.maximum(by, finish[last] - tau - nights), by)
    by = np.where(tau < 0, NEVER, by)
    links.home_by[rows] = np.where(same, ALWAYS, by)


def _keep_order(week: HostWeek, links: Links) -> None:
    """Forbid links that would skip a fact, and ways home before the last one."""
    if not week.facts:
        return
    before = np.append(week.position, -1)[:, None]
    after = week.position[None, :]
    step = after - before
    even = before % 2 == 0
    allowed = (step >= 0) & np.where(even, step <= 1, (step >= 1) & (step <= 2))
    odd_to_even_skip = ~even & (step == 2) & (after % 2 == 0)
    allowed &= ~odd_to_even_skip
    links.early[~allowed] = NEVER
    links.late[~allowed] = NEVER
    final = 2 * len(week.facts)
    links.home_by[np.append(week.position, -1) < final - 1] = NEVER
    for k, stop in week.broken:
        if stop < 0:
            links.home_by[k] = ALWAYS
        else:
            links.early[k, stop] = ALWAYS
