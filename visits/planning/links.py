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

from visits.late import np

from .travel import TravelTable
from .weeks import HostWeek

NEVER = -1.0e9
ALWAYS = 1.0e9


@dataclass
class Links:
    """Square arrays over the stops of a week, with one more row for the start of the trip.

    `detour` and `home_detour` mark journeys made by other means, because of a disruption.
    """

    early: np.ndarray
    floor: np.ndarray
    lag: np.ndarray
    late: np.ndarray
    cost: np.ndarray
    home_by: np.ndarray
    home_cost: np.ndarray
    detour: np.ndarray
    home_detour: np.ndarray

    def start_at(self, week: HostWeek, k: int, stop: int, free: float, step: int) -> float | None:
        """When `stop` starts after stop k was free at `free`; None when it cannot be reached."""
        if free <= self.early[k, stop]:
            return float(week.low[stop])
        if free > self.late[k, stop]:
            return None
        begin = max(float(self.floor[k, stop]), on_grid(free + float(self.lag[k, stop]), step))
        return min(begin, float(week.high[stop]))

    def is_detour(self, k: int, stop: int) -> bool:
        """Whether the journey from stop k to `stop` (home: -1) is made by other means."""
        return bool(self.home_detour[k] if stop < 0 else self.detour[k, stop])


def on_grid(minute: float, step: int) -> float:
    """The next multiple of the grid; weeks begin on multiples of it."""
    return float(-(-minute // step) * step)


def travel_weights(table: TravelTable) -> np.ndarray:
    """One number per journey: minutes, then EUR, then kg CO2."""
    return table.minutes + 1e-4 * table.cost + 1e-6 * table.co2


def link_stops(week: HostWeek, table: TravelTable, weights: np.ndarray, step: int) -> Links:
    """All links of a week, with broken facts (week.broken) linked regardless of time."""
    size, places = week.size, _places(week)
    shape = (size + 1, size)
    links = Links(
        np.full(shape, NEVER, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.full(shape, NEVER, np.float32),
        weights[np.ix_(places, week.place)],
        np.full(size + 1, NEVER),
        weights[places, week.home],
        np.zeros(shape, dtype=bool),
        np.zeros(size + 1, dtype=bool),
    )
    day_out = np.append(week.day_out, _first_day(week))
    for leaving in range(len(week.days)):
        rows = np.flatnonzero(day_out == leaving)
        if not len(rows):
            continue
        for arriving in range(leaving, len(week.days)):
            columns = np.flatnonzero(week.day_in == arriving)
            if len(columns):
                _link_block(week, links, table, rows, columns, leaving, arriving, step)
        _link_home(week, links, table, rows, leaving)
    if week.struck is not None:
        other = travel_weights(week.struck.table)
        np.copyto(links.cost, other[np.ix_(places, week.place)], where=links.detour)
        np.copyto(links.home_cost, other[places, week.home], where=links.home_detour)
    _keep_order(week, links)
    return links


def _places(week: HostWeek) -> np.ndarray:
    """The place of each stop, and of the start of the trip."""
    return np.append(week.place, week.start_place)


def _first_day(week: HostWeek) -> int:
    home_from = week.day_from[week.zone_of_place[week.home]]
    return max(0, int(np.searchsorted(home_from, week.ready, side="right")) - 1)


def _hours(
    week: HostWeek, origins: np.ndarray, targets: np.ndarray, days: slice
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Travel hours of each of these days, from and to, of journeys from every origin (rows) to
    every target (columns).

    Where all places share a zone, both axes have length one.
    """
    home = week.zone_of_place[week.home]
    if (week.zone_of_place == home).all():
        hours = week.day_from[home, days], week.day_to[home, days]
        begin, finish = ([np.full((1, 1), minute) for minute in row] for row in hours)
        return begin, finish
    pairs = np.ix_(week.zone_of_place[origins], week.zone_of_place[targets])

    def of_pairs(by_zone: np.ndarray, tighter: np.ufunc) -> list[np.ndarray]:
        between = (tighter(tighter(day[:, None], day), day[home]) for day in by_zone.T[days])
        return [minutes.astype(np.float32)[pairs] for minutes in between]

    return of_pairs(week.day_from, np.maximum), of_pairs(week.day_to, np.minimum)


def _link_block(
    week: HostWeek,
    links: Links,
    table: TravelTable,
    rows: np.ndarray,
    columns: np.ndarray,
    leaving: int,
    arriving: int,
    step: int,
) -> None:
    origins, targets = _places(week)[rows], week.place[columns]
    ends = np.broadcast_arrays(origins[:, None], targets[None, :])
    begin, finish = _hours(week, origins, targets, slice(leaving, arriving + 1))
    low, high, buffer = (
        column[columns][None, :].astype(np.float32) for column in (week.low, week.high, week.buffer)
    )
    due = _Due(low, high, buffer, begin, finish, ends[0] == ends[1])
    tau, split = table.minutes[ends[0], ends[1]], table.splittable[ends[0], ends[1]]
    block = np.ix_(rows, columns)
    if week.struck is None:
        times = due.times([tau] * len(begin), split)
    else:
        stopped = week.struck.days[leaving : arriving + 1, ends[0], ends[1]]
        round_trip = week.struck.table.minutes[ends[0], ends[1]]
        usual = due.times(list(np.where(stopped, -1, tau)), split & ~stopped.any(axis=0))
        other = due.times(list(np.where(stopped, round_trip, -1)), np.zeros_like(split))
        links.detour[block] = ~usual.possible & other.possible
        times = usual.or_else(other)
    floor = np.ceil(times.floor / step) * step
    links.early[block], links.late[block] = times.early, times.late
    links.lag[block] = times.lag
    links.floor[block] = np.minimum(floor, np.maximum(due.high, due.low))


@dataclass
class _Times:
    """The numbers of Links for one block of stops."""

    early: np.ndarray
    floor: np.ndarray
    lag: np.ndarray
    late: np.ndarray

    @property
    def possible(self) -> np.ndarray:
        return np.maximum(self.early, self.late) > NEVER

    def or_else(self, other: _Times) -> _Times:
        """These times where they are possible, the others elsewhere."""
        possible = self.possible
        return _Times(
            *(
                np.where(possible, getattr(self, name), getattr(other, name))
                for name in ("early", "floor", "lag", "late")
            )
        )


@dataclass
class _Due:
    """When the stops of a block want the host, and the travel hours of the days up to then."""

    low: np.ndarray
    high: np.ndarray
    buffer: np.ndarray
    begin: list[np.ndarray]
    finish: list[np.ndarray]
    same: np.ndarray

    def times(self, minutes: list[np.ndarray], split: np.ndarray) -> _Times:
        """Links by journeys of these minutes on each day (< 0: none), which a night may split."""
        taus = [np.where(self.same, 0, each).astype(np.float32) for each in minutes]
        found = self._of_one_day(taus[0]) if len(taus) == 1 else self._overnight(taus, split)
        open_ = np.maximum(self.low, 0) <= self.high
        found.early = np.where(open_, found.early, NEVER)
        found.late = np.where(open_, found.late, NEVER)
        return found

    def _of_one_day(self, tau: np.ndarray) -> _Times:
        begin, finish = self.begin[0], self.finish[0]
        lag = tau + self.buffer
        late = np.minimum(finish - tau, self.high - lag)
        late = np.where((tau < 0) | (begin + lag > self.high), NEVER, late)
        return _Times(
            np.full(tau.shape, NEVER),
            np.where(self.same, self.low, np.maximum(self.low, begin + lag)),
            np.where(self.same, 0.0, lag),
            np.where(self.same, self.high, late),
        )

    def _overnight(self, taus: list[np.ndarray], split: np.ndarray) -> _Times:
        begin, finish = self.begin, self.finish
        fits = [(tau >= 0) & (tau <= finish[d] - begin[d]) for d, tau in enumerate(taus)]
        early = np.where(fits[0], finish[0] - taus[0], NEVER)
        for day in range(1, len(taus) - 1):
            early = np.where(fits[day], ALWAYS, early)
        dark = [begin[d + 1] - finish[d] for d in range(len(taus) - 1)]
        nights, nights_before = sum(dark), sum(dark[:-1])
        tau = taus[-1]
        lag = tau + self.buffer
        evening = finish[-2] - tau - nights_before
        early = np.where(split, np.maximum(early, evening), early)
        early = np.where(self.same, ALWAYS, early)
        whole = fits[-1] & (begin[-1] + lag <= self.high)
        floor = np.maximum(self.low, begin[-1] + lag)
        late = np.where(whole, ALWAYS, NEVER)
        split_late = np.minimum(self.high - lag - nights, finish[-1] - tau - nights)
        return _Times(
            early,
            np.where(split, np.maximum(self.low, begin[0] + lag + nights), floor),
            np.where(split, lag + nights, NEVER),
            np.where(split, split_late, late),
        )


def _link_home(
    week: HostWeek, links: Links, table: TravelTable, rows: np.ndarray, leaving: int
) -> None:
    ends = (_places(week)[rows], np.full(len(rows), week.home))
    same = ends[0] == ends[1]
    tau, split = np.where(same, 0, table.minutes[ends]).astype(float), table.splittable[ends]
    pairs = _hours(week, ends[0], np.array([week.home]), slice(leaving, None))
    begin, finish = ([hours[:, 0] for hours in rows_of_day] for rows_of_day in pairs)
    if week.struck is None:
        by = _home_by([tau] * len(begin), split, begin, finish)
    else:
        stopped = week.struck.days[leaving:, ends[0], ends[1]]
        other = week.struck.table.minutes[ends]
        by = _home_by(list(np.where(stopped, -1, tau)), split & ~stopped.any(axis=0), begin, finish)
        detour = _home_by(list(np.where(stopped, other, -1)), np.zeros_like(split), begin, finish)
        links.home_detour[rows] = ~same & (by == NEVER) & (detour > NEVER)
        by = np.where(links.home_detour[rows], detour, by)
    links.home_by[rows] = np.where(same, ALWAYS, by)


def _home_by(
    taus: list[np.ndarray],
    split: np.ndarray,
    begin: list[np.ndarray],
    finish: list[np.ndarray],
) -> np.ndarray:
    """The latest minute to be free and still come home, by journeys of these minutes a day."""
    fits = [(tau >= 0) & (tau <= finish[d] - begin[d]) for d, tau in enumerate(taus)]
    by = np.where(fits[0], finish[0] - taus[0], NEVER)
    for day in range(1, len(taus)):
        by = np.where(fits[day], ALWAYS, by)
    nights = sum((begin[d + 1] - finish[d] for d in range(len(taus) - 1)), np.zeros(taus[0].shape))
    return np.where(split, np.maximum(by, finish[-1] - taus[-1] - nights), by)


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
    open_up(week, links)


def open_up(week: HostWeek, links: Links) -> None:
    """Link the broken facts regardless of time."""
    for k, stop in week.broken:
        if stop < 0:
            links.home_by[k] = ALWAYS
        else:
            links.early[k, stop] = ALWAYS
