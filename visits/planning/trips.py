"""The best trips of a host week under given profits: a label search with completion bounds.

First a bound on what can still be won after each stop is computed backwards, forgetting which
tasks were visited. Then trips grow forwards in layers, and only those whose profit plus bound
beats the threshold go on. Without a beam the search is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .links import Links, link_stops
from .rota import REFUSED, rota
from .travel import TravelTable
from .weeks import HostWeek

BUCKETS = 12
LONGEST = 14
MINUS = -1.0e15
CHUNK = 2_000_000


@dataclass(frozen=True)
class Trip:
    """One trip of a host week: stops in order, and what they add up to.

    `travel` weighs the journeys (minutes, then EUR, then CO2), `reduced` is its profit in the
    pricing that found it.
    """

    week: int
    stops: tuple[int, ...]
    tasks: tuple[int, ...]
    priority: float
    kept: float
    points: float
    travel: float


@dataclass
class Labels:
    """One layer of growing trips, as parallel arrays."""

    stop: np.ndarray
    free: np.ndarray
    profit: np.ndarray
    seen: np.ndarray
    state: np.ndarray
    visits: np.ndarray
    path: np.ndarray
    value: np.ndarray

    def pick(self, chosen: np.ndarray) -> Labels:
        """The labels at these positions."""
        return Labels(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Found:
    """Trips found by one pricing as (profit, stops), best first, and a bound on the best profit."""

    trips: list[tuple[float, tuple[int, ...]]]
    bound: float
    complete: bool


class TripFinder:
    """Finds trips of one host week; everything that does not depend on profits is kept."""

    def __init__(
        self, week: HostWeek, links: Links, *, step: int, buckets: int = BUCKETS,
        longest: int = LONGEST,
    ) -> None:
        self.week, self.links, self.step = week, links, step
        self.size, self.buckets, self.longest = week.size, buckets, longest
        self.first_state, self.next_state = rota(
            week.days, week.base_days, week.days_in_a_row, week.office_day
        )
        self.room = None if week.cap is None else max(week.cap - week.base_visits, 0)
        self.last_fact = len(week.facts)
        rng = np.random.default_rng(20230201)
        codes = rng.integers(1, 2**62, size=int(week.task.max(initial=0)) + 2, dtype=np.int64)
        self.code = np.where(week.task >= 0, codes[np.maximum(week.task, 0)], 0)
        spread = np.maximum(week.high - week.low, 0)
        self.width = np.where(spread > 0, spread / (buckets - 1), 1.0)
        self.reachable = np.maximum(links.early, links.late) >= (
            np.append(week.low + week.service, week.ready)[:, None]
        )
        self._prepare()

    def _prepare(self) -> None:
        """Bucket in which each later stop starts, per stop and bucket of leaving it."""
        week, links = self.week, self.links
        self.by_day = [np.flatnonzero(week.day_out == d) for d in range(len(week.days))]
        leave = (week.low + week.service)[:, None] + self.width[:, None] * np.arange(self.buckets)
        self.leave = leave
        self.home_ok = leave <= links.home_by[:-1, None]
        self.near, self.near_at, self.far = [], [], []
        for day, rows in enumerate(self.by_day):
            later = np.flatnonzero(week.day_in >= day)
            useful = later[self.reachable[np.ix_(rows, later)].any(axis=0)] if len(rows) else later
            same = useful[week.day_in[useful] <= day + 1]
            far = useful[week.day_in[useful] > day + 1]
            self.near.append(same)
            self.near_at.append(self._arrivals(rows, same))
            self.far.append(far)

    def _arrivals(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Index into a flattened (stops, buckets + 1) array, as (rows, buckets, columns)."""
        links, week = self.links, self.week
        block = np.ix_(rows, columns)
        free = self.leave[rows][:, :, None]
        early = links.early[block][:, None, :]
        start = np.maximum(links.floor[block][:, None, :], free + links.lag[block][:, None, :])
        bucket = np.floor((start - week.low[columns]) / self.width[columns] + 1e-6)
        bucket = np.clip(bucket, 0, self.buckets - 1)
        bucket = np.where(free > links.late[block][:, None, :], self.buckets, bucket)
        bucket = np.where(free <= early, 0, bucket)
        return (columns[None, None, :] * (self.buckets + 1) + bucket).astype(np.int32)

    def completions(self, gain: np.ndarray) -> np.ndarray:
        """Upper bound on the profit after leaving each stop, per bucket of leaving it."""
        links, size, width = self.links, self.size, self.buckets + 1
        best = np.full((size, width), MINUS)
        for day in range(len(self.by_day) - 1, -1, -1):
            rows = self.by_day[day]
            if not len(rows):
                continue
            value = np.where(self.home_ok[rows], -links.home_cost[rows][:, None], MINUS)
            far = self.far[day]
            if len(far):
                block = np.ix_(rows, far)
                ahead = np.where(
                    self.reachable[block], gain[far] + best[far, 0] - links.cost[block], MINUS
                )
                value = np.maximum(value, ahead.max(axis=1)[:, None])
            near, at = self.near[day], self.near_at[day]
            best[rows, :-1] = value
            if not len(near):
                continue
            win = gain[near] - links.cost[np.ix_(rows, near)]
            flat = best.reshape(-1)
            while True:
                ahead = (flat[at] + win[:, None, :]).max(axis=2)
                improved = np.maximum(best[rows, :-1], ahead)
                if np.array_equal(improved, best[rows, :-1]):
                    break
                best[rows, :-1] = improved
        return best

    def search(
        self, gain: np.ndarray, *, least: float, beam: int | None, keep: int,
        raising: bool = False, most: int = 400_000,
    ) -> Found:
        """Trips with profit above `least`, at most `keep` of them.

        `raising` lifts the threshold to the best trip found: only the best is then certain.
        `complete` is False when the beam, or `most` labels in a layer, cut something off.
        """
        links, week = self.links, self.week
        best = self.completions(gain)
        entry = np.where(self.reachable, gain + best[:, 0] - links.cost, MINUS)
        done: dict[int, tuple[float, tuple[int, ...]]] = {}
        top, complete, cut = least, True, -np.inf
        if self.last_fact == 0 and week.ready <= links.home_by[self.size]:
            done[0] = (-float(links.home_cost[self.size]), ())
        layer = Labels(
            np.array([self.size]), np.array([week.ready]), np.zeros(1),
            np.zeros(1, dtype=np.int64), np.full(1, self.first_state, dtype=np.int64),
            np.zeros(1, dtype=np.int64), np.zeros((1, 0), dtype=np.int32), np.zeros(1),
        )
        for _depth in range(self.longest + self.last_fact):
            layer = self._extend(layer, gain, entry, best, top)
            if layer is None:
                break
            self._collect(layer, done, top)
            if raising and done:
                top = max(top, max(row[0] for row in done.values()))
            order = None
            if beam is not None and len(layer.stop) > beam:
                order = np.argsort(-layer.value, kind="stable")
                cut = max(cut, float(layer.value[order[beam]]))
                order, complete = order[:beam], False
            elif len(layer.stop) > most:
                order = np.argsort(-layer.value, kind="stable")
                cut = max(cut, float(layer.value[order[most]]))
                order, complete = order[:most], False
            if order is not None:
                layer = layer.pick(order)
        ranked = sorted(done.values(), key=lambda row: (-row[0], row[1]))
        trips = [row for row in ranked if row[0] > least][:keep]
        bound = max(ranked[0][0] if ranked else MINUS, cut, least)
        return Found(trips, bound, complete)

    def _extend(
        self, layer: Labels, gain: np.ndarray, entry: np.ndarray, best: np.ndarray, top: float
    ) -> Labels | None:
        parts = []
        rows = max(1, CHUNK // max(1, self.size))
        for begin in range(0, len(layer.stop), rows):
            piece = slice(begin, begin + rows)
            hopeful = layer.profit[piece, None] + entry[layer.stop[piece]] > top
            label, stop = np.nonzero(hopeful)
            if len(label):
                part = self._grow(layer, label + begin, stop, gain, best, top)
                if part is not None:
                    parts.append(part)
        if not parts:
            return None
        grown = parts[0] if len(parts) == 1 else Labels(*(
            np.concatenate([getattr(part, name) for part in parts])
            for name in Labels.__dataclass_fields__
        ))
        return grown.pick(self._undominated(grown))

    def _grow(
        self, layer: Labels, label: np.ndarray, stop: np.ndarray, gain: np.ndarray,
        best: np.ndarray, top: float,
    ) -> Labels | None:
        week, links = self.week, self.links
        before, free = layer.stop[label], layer.free[label]
        start = np.maximum(
            links.floor[before, stop],
            np.ceil((free + links.lag[before, stop]) / self.step) * self.step,
        )
        start = np.minimum(start, week.high[stop])
        is_early = free <= links.early[before, stop]
        start = np.where(is_early, week.low[stop], start)
        profit = layer.profit[label] + gain[stop] - links.cost[before, stop]
        bucket = ((start - week.low[stop]) / self.width[stop] + 1e-6).astype(np.int64)
        value = profit + best[stop, np.clip(bucket, 0, self.buckets - 1)]
        ok = (is_early | (free <= links.late[before, stop])) & (value > top)
        path = layer.path[label]
        task = week.task[stop].astype(np.int32)
        for column in range(path.shape[1]):
            ok &= week.task[path[:, column]] != task
        visit = week.on_site[stop] & (week.fact[stop] < 0)
        state = layer.state[label]
        following = np.where(visit, self.next_state[state, week.day_in[stop]], state)
        ok &= following != REFUSED
        visits = layer.visits[label] + visit
        if self.room is not None:
            ok &= visits <= self.room
        chosen = np.flatnonzero(ok)
        if not len(chosen):
            return None
        stop = stop[chosen]
        return Labels(
            stop, start[chosen] + week.service[stop], profit[chosen],
            layer.seen[label[chosen]] + self.code[stop], following[chosen].astype(np.int64),
            visits[chosen],
            np.concatenate([path[chosen], stop[:, None].astype(np.int32)], axis=1), value[chosen],
        )

    def _undominated(self, grown: Labels) -> np.ndarray:
        """Labels not beaten by one at the same stop, with the same tasks, no later and no poorer."""
        if len(grown.stop) < 2:
            return np.arange(len(grown.stop))
        order = np.lexsort((-grown.profit, grown.free, grown.state, grown.seen, grown.stop))
        stop, seen, state = grown.stop[order], grown.seen[order], grown.state[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (
            (stop[1:] != stop[:-1]) | (seen[1:] != seen[:-1]) | (state[1:] != state[:-1])
        )
        if new.all():
            return np.sort(order)
        group = np.cumsum(new) - 1
        profit = grown.profit[order]
        rank = np.empty(len(order), dtype=np.int64)
        _values, inverse = np.unique(profit, return_inverse=True)
        rank[:] = inverse
        level = np.maximum.accumulate(group * (len(order) + 1) + rank)
        keep = np.ones(len(order), dtype=bool)
        keep[1:] = new[1:] | (group[1:] * (len(order) + 1) + rank[1:] > level[:-1])
        return np.sort(order[keep])

    def _collect(
        self, layer: Labels, done: dict[int, tuple[float, tuple[int, ...]]], top: float
    ) -> None:
        links = self.links
        profit = layer.profit - links.home_cost[layer.stop]
        ends = np.flatnonzero((layer.free <= links.home_by[layer.stop]) & (profit > top))
        if self.last_fact:
            ends = ends[self.week.position[layer.stop[ends]] >= 2 * self.last_fact - 1]
        for i in ends[np.argsort(-profit[ends], kind="stable")][:20_000].tolist():
            seen = int(layer.seen[i])
            if seen not in done or profit[i] > done[seen][0]:
                done[seen] = (float(profit[i]), tuple(layer.path[i].tolist()))

    def trip(self, stops: tuple[int, ...]) -> Trip:
        """The trip along these stops with its sums."""
        week, links = self.week, self.links
        chosen = list(stops)
        before = [self.size, *chosen[:-1]] if chosen else []
        travel = sum(float(links.cost[k, stop]) for k, stop in zip(before, chosen, strict=True))
        travel += float(links.home_cost[chosen[-1] if chosen else self.size])
        return Trip(
            week.number, tuple(chosen),
            tuple(int(week.task[k]) for k in chosen if week.task[k] >= 0),
            float(week.priority[chosen].sum()), float(week.kept[chosen].sum()),
            float(week.points[chosen].sum()), travel,
        )

    def base_trips(self) -> list[Trip]:
        """The cheapest trip that only keeps the facts; none when there are no facts."""
        if not self.last_fact:
            return []
        gain = np.where(self.week.fact >= 0, 0.0, MINUS / 10)
        found = self.search(gain, least=MINUS / 100, beam=None, keep=1)
        return [self.trip(stops) for _profit, stops in found.trips]

    def allows(self, stops: tuple[int, ...]) -> bool:
        """Whether a trip along these stops keeps every rule."""
        week = self.week
        tasks = [int(week.task[k]) for k in stops]
        if len(set(tasks)) < len(tasks) or sum(week.fact[k] >= 0 for k in stops) < self.last_fact:
            return False
        state, visits = self.first_state, 0
        for k in stops:
            if week.on_site[k] and week.fact[k] < 0:
                state = int(self.next_state[state, week.day_in[k]])
                visits += 1
                if state == REFUSED:
                    return False
        if self.room is not None and visits > self.room:
            return False
        return self.starts(stops) is not None

    def starts(self, stops: tuple[int, ...]) -> list[float] | None:
        """When each stop starts, as early as possible; None when the trip is not possible."""
        week, links, times = self.week, self.links, []
        k, free = self.size, week.ready
        for stop in stops:
            start = links.start_at(week, k, stop, free, self.step)
            if start is None:
                return None
            times.append(start)
            k, free = stop, start + float(week.service[stop])
        return times if free <= links.home_by[k] else None


def finder_of(
    week: HostWeek, table: TravelTable, weights: np.ndarray, step: int, links: Links | None = None
) -> TripFinder:
    """A finder with its links."""
    from .facts import open_broken_links

    links = links or link_stops(week, table, weights, step)
    if week.facts and not week.broken:
        open_broken_links(week, links, table)
        if week.broken:
            links = link_stops(week, table, weights, step)
    return TripFinder(week, links, step=step)
