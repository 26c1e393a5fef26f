"""The best trips of a host week under given profits: a label search with completion bounds.

First a bound on what can still be won after each stop is computed backwards, forgetting which
tasks were visited. Then trips grow forwards in layers, and only those whose profit plus bound
beats the threshold go on. Without a beam the search is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .links import Links, link_stops
from .outlook import BUCKETS, FORBIDDEN, MINUS, Forecast, Memory, Outlook, nearest_tasks, remember
from .problem import Mode, Problem
from .rota import REFUSED, rota
from .travel import TravelTable
from .weeks import HostWeek

QUICK_BEAM = 250
LONGEST = 14
NEIGHBOURS = 4
SHORT = 2
CHUNK = 1_000_000


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
    mask: np.ndarray
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
        self,
        week: HostWeek,
        links: Links,
        *,
        step: int,
        memories: Memories,
        longest: int = LONGEST,
        buckets: int = BUCKETS,
    ) -> None:
        self.week, self.links, self.step = week, links, step
        self.size, self.longest, self.memories = week.size, longest, memories
        self.first_state, self.next_state = rota(
            week.days, week.base_days, week.days_in_a_row, week.office_day
        )
        self.room = None if week.cap is None else max(week.cap - week.base_visits, 0)
        self.last_fact = len(week.facts)
        rng = np.random.default_rng(20230201)
        codes = rng.integers(1, 2**62, size=memories.tasks + 1, dtype=np.int64)
        self.code = np.where(week.task >= 0, codes[np.maximum(week.task, 0)], 0)
        self.task32 = week.task.astype(np.int32)
        self.number = np.where(week.task >= 0, week.task, memories.tasks)
        self.is_visit = week.on_site & (week.fact < 0)
        self.reachable = (
            np.maximum(links.early, links.late)
            >= (np.append(week.low + week.service, week.ready)[:, None])
        )
        self.forecast = Forecast(week, links, self.reachable, buckets=buckets, longest=longest)
        self.halt: Callable[[], bool] = bool
        self.closed_cost = self.forecast.closed_cost

    def search(
        self,
        gain: np.ndarray,
        *,
        least: float,
        beam: int | None,
        keep: int,
        raising: bool = False,
        most: int = 400_000,
    ) -> Found:
        """Trips with profit above `least`, at most `keep` of them.

        `raising` lifts the threshold to the best trip found: only the best is then certain.
        `complete` is False when the beam, or `most` labels in a layer, cut something off.
        """
        memory = self.memories.short if beam is not None else self.memories.long
        self.forecast.halt = self.halt
        outlook = self.forecast.look(gain, memory, self.number)
        done: dict[int, tuple[float, tuple[int, ...]]] = {}
        if beam is None and raising:
            self._grow_all(gain, outlook, done, least, beam=QUICK_BEAM, raising=False, most=most)
            least_now = max([least, *(row[0] for row in done.values())])
        else:
            least_now = least
        cut = self._grow_all(gain, outlook, done, least_now, beam=beam, raising=raising, most=most)
        ranked = sorted(done.values(), key=lambda row: (-row[0], row[1]))
        trips = [row for row in ranked if row[0] > least][:keep]
        bound = max(ranked[0][0] if ranked else MINUS, cut, least)
        return Found(trips, bound, cut == -np.inf)

    def _grow_all(
        self,
        gain: np.ndarray,
        outlook: Outlook,
        done: dict[int, tuple[float, tuple[int, ...]]],
        least: float,
        *,
        beam: int | None,
        raising: bool,
        most: int,
    ) -> float:
        """Grow trips layer by layer into `done`; the best value cut off, or -inf."""
        week, links = self.week, self.links
        top, cut = least, -np.inf
        if self.last_fact == 0 and week.ready <= links.home_by[self.size]:
            done[0] = (-float(links.home_cost[self.size]), ())
        layer = Labels(
            np.array([self.size]),
            np.array([week.ready]),
            np.zeros(1),
            np.zeros(1, dtype=np.int64),
            np.full(1, self.first_state, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
            np.zeros(1, dtype=np.int64),
            np.zeros((1, 0), dtype=np.int32),
            np.zeros(1),
        )
        for _depth in range(self.longest + self.last_fact):
            longer = self._extend(layer, gain, outlook, top)
            if self.halt():
                return np.inf
            if longer is None:
                break
            layer = longer
            self._collect(layer, done, top)
            if raising and done:
                top = max(top, max(row[0] for row in done.values()))
            limit = most if beam is None else beam
            if len(layer.stop) > limit:
                order = np.argsort(-layer.value, kind="stable")
                cut = max(cut, float(layer.value[order[limit]]))
                layer = layer.pick(order[:limit])
        return cut

    def _extend(
        self, layer: Labels, gain: np.ndarray, outlook: Outlook, top: float
    ) -> Labels | None:
        parts, number = [], np.append(self.number, self.memories.tasks)
        flat, every = outlook.win.reshape(-1), np.arange(self.size)
        rows = max(1, CHUNK // max(1, self.size))
        for begin in range(0, len(layer.stop), rows):
            if self.halt():
                return None
            piece = slice(begin, begin + rows)
            from_stop = layer.stop[piece]
            step = outlook.memory.step[number[from_stop], layer.mask[piece]][:, self.number]
            hope = flat[np.maximum(step, 0).astype(np.int32) * self.size + every]
            hope -= self.closed_cost[from_stop]
            hope[step == FORBIDDEN] = MINUS
            label, stop = np.nonzero(hope > (top - layer.profit[piece])[:, None])
            if len(label):
                part = self._grow(layer, label + begin, stop, gain, outlook, top)
                if part is not None:
                    parts.append(part)
        if not parts:
            return None
        grown = (
            parts[0]
            if len(parts) == 1
            else Labels(
                *(
                    np.concatenate([getattr(part, name) for part in parts])
                    for name in Labels.__dataclass_fields__
                )
            )
        )
        return grown.pick(self._undominated(grown))

    def _grow(
        self,
        layer: Labels,
        label: np.ndarray,
        stop: np.ndarray,
        gain: np.ndarray,
        outlook: Outlook,
        top: float,
    ) -> Labels | None:
        week, links = self.week, self.links
        path = layer.path[label]
        ok = np.ones(len(label), dtype=bool)
        task = self.task32[stop]
        for column in range(path.shape[1]):
            ok &= self.task32[path[:, column]] != task
        label, stop = label[ok], stop[ok]
        before, free = layer.stop[label], layer.free[label]
        start = np.maximum(
            links.floor[before, stop],
            np.ceil((free + links.lag[before, stop]) / self.step) * self.step,
        )
        start = np.minimum(start, week.high[stop])
        is_early = free <= links.early[before, stop]
        start = np.where(is_early, week.low[stop], start)
        profit = layer.profit[label] + gain[stop] - links.cost[before, stop]
        mask = np.zeros(len(stop), dtype=np.int64)
        for column in range(layer.path.shape[1]):
            mask |= outlook.memory.bit[self.number[layer.path[label, column]], self.number[stop]]
        value = profit + outlook.table[mask, stop, self.forecast.bucket_of(stop, start)]
        ok = (is_early | (free <= links.late[before, stop])) & (value > top)
        visit = self.is_visit[stop]
        state = layer.state[label]
        following = np.where(visit, self.next_state[state, week.date[stop]], state)
        ok &= following != REFUSED
        visits = layer.visits[label] + visit
        if self.room is not None:
            ok &= visits <= self.room
        chosen = np.flatnonzero(ok)
        if not len(chosen):
            return None
        label, stop = label[chosen], stop[chosen]
        return Labels(
            stop,
            start[chosen] + week.service[stop],
            profit[chosen],
            layer.seen[label] + self.code[stop],
            following[chosen].astype(np.int64),
            visits[chosen],
            mask[chosen],
            np.concatenate([layer.path[label], stop[:, None].astype(np.int32)], axis=1),
            value[chosen],
        )

    def _undominated(self, grown: Labels) -> np.ndarray:
        """Labels that no other one beats: same stop and tasks, no later and no poorer."""
        if len(grown.stop) < 2:
            return np.arange(len(grown.stop))
        key = grown.seen * 1_000_003 + grown.stop * 257 + grown.state
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        if not (ordered[1:] == ordered[:-1]).any():
            return np.arange(len(key))
        order = np.lexsort((-grown.profit, grown.free, key))
        ordered = key[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = ordered[1:] != ordered[:-1]
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
            week.number,
            tuple(chosen),
            tuple(int(week.task[k]) for k in chosen if week.task[k] >= 0),
            float(week.priority[chosen].sum()),
            float(week.kept[chosen].sum()),
            float(week.points[chosen].sum()),
            travel,
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
                state = int(self.next_state[state, week.date[k]])
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


@dataclass(frozen=True)
class Memories:
    """What the bounds of all weeks remember: nothing for quick searches, neighbours for exact."""

    tasks: int
    short: Memory
    long: Memory


def task_distances(problem: Problem) -> np.ndarray:
    """Minutes between the tasks' places; an online task is near to everything."""
    index, table = problem.travel.index, problem.travel
    place = np.array(
        [index[task.place.ref] if task.mode == Mode.ON_SITE else -1 for task in problem.tasks],
        dtype=np.int64,
    )
    distance = table.minutes[np.ix_(place, place)].astype(float)
    distance[distance < 0] = 1e6
    distance[place < 0, :] = 0.0
    distance[:, place < 0] = 0.0
    return distance


def memories_of(distance: np.ndarray, count: int = NEIGHBOURS) -> Memories:
    """Memories for tasks with these distances (minutes) from each other."""
    near = nearest_tasks(distance, count)
    return Memories(len(distance), remember(near, min(SHORT, count)), remember(near, count))


def finder_of(
    week: HostWeek, table: TravelTable, weights: np.ndarray, step: int, memories: Memories
) -> TripFinder:
    """A finder with its links; facts that cannot be kept in time are linked regardless."""
    from .facts import open_broken_links

    links = link_stops(week, table, weights, step)
    if week.facts and not week.broken:
        open_broken_links(week, links, table)
        if week.broken:
            links = link_stops(week, table, weights, step)
    return TripFinder(week, links, step=step, memories=memories)
