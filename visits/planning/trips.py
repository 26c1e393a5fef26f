"""The best trips of a host week under given profits: a label search with completion bounds.

First a bound on what can still be won after each stop is computed backwards, forgetting which
tasks were visited. Then trips grow forwards in layers, and only those whose profit plus bound
beats the threshold go on. Without a beam the search is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from visits.late import np

from .links import Links, link_stops
from .outlook import (
    BUCKETS,
    FORBIDDEN,
    MINUS,
    Forecast,
    Memory,
    Outlook,
    Rota,
    nearest_tasks,
    remember,
)
from .problem import Mode, Problem, Rules
from .rota import REFUSED, rota, widest
from .travel import TravelTable
from .weeks import HostWeek

QUICK_BEAM = 250
LONGEST = 14
NEIGHBOURS = 4
SHORT = 2
HOPEFUL = 400
LARGE = 2500
MOST_LABELS = 400_000
WAYS = 10
MOST_NODES = 500
CHUNK = 1_000_000
Trips = dict[int, tuple[float, tuple[int, ...]]]


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
    """One layer of growing trips, as parallel arrays; `owed` as in HostWeek.owed_after."""

    stop: np.ndarray
    free: np.ndarray
    profit: np.ndarray
    seen: np.ndarray
    state: np.ndarray
    visits: np.ndarray
    mask: np.ndarray
    path: np.ndarray
    value: np.ndarray
    owed: np.ndarray

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
        limits = widest(week.days, week.base_days, week.days_in_a_row, week.office_day)
        self.room = None if week.cap is None else max(week.cap - week.base_visits, 0)
        self.last_fact = len(week.facts)
        rng = np.random.default_rng(20230201)
        codes = rng.integers(1, 2**62, size=memories.tasks + 1, dtype=np.int64)
        self.code = np.where(week.task >= 0, codes[np.maximum(week.task, 0)], 0)
        self.task32 = week.task.astype(np.int32)
        self.number = np.where(week.task >= 0, week.task, memories.tasks)
        self.node = node_of(week, memories)
        self.is_visit = week.on_site & (week.fact < 0)
        self.places = np.append(week.place, week.start_place)
        free_days = np.array(limits.sets)[:, None] >> week.date[None, :] & 1 > 0
        self.rota = Rota(free_days | ~self.is_visit, limits.within)
        self.buckets = buckets
        self.halt: Callable[[], bool] = bool

    @cached_property
    def forecast(self) -> Forecast:
        """Bounds over the stops of this finder."""
        week, links = self.week, self.links
        reachable = (
            np.maximum(links.early, links.late)
            >= (np.append(week.low + week.service, week.ready)[:, None])
        )
        reachable[:-1] &= (week.task[:, None] != week.task) | (week.task < 0)
        return Forecast(week, links, reachable, buckets=self.buckets, longest=self.longest)

    def narrowed(self, chosen: np.ndarray) -> TripFinder:
        """The same week with these stops alone, in this order."""
        if len(chosen) == self.size:
            return self
        part, week, links = copy(self), self.week, self.links
        part.week = week.narrowed(chosen)
        part.size = len(chosen)
        rows = np.append(chosen, self.size)
        block = np.ix_(rows, chosen)
        part.links = Links(
            links.early[block],
            links.floor[block],
            links.lag[block],
            links.late[block],
            links.cost[block],
            links.home_by[rows],
            links.home_cost[rows],
            links.detour[block],
            links.home_detour[rows],
        )
        part.code, part.task32 = self.code[chosen], self.task32[chosen]
        part.number, part.node = self.number[chosen], self.node[chosen]
        part.is_visit = self.is_visit[chosen]
        part.places = self.places[rows]
        part.rota = Rota(self.rota.open[:, chosen], self.rota.within)
        if known := part.__dict__.pop("forecast", None):
            part.__dict__["forecast"] = known.narrowed(part.week, part.links, chosen)
        return part

    def search(
        self,
        gain: np.ndarray,
        *,
        least: float,
        beam: int | None,
        keep: int,
        raising: bool = False,
        most: int = MOST_LABELS,
    ) -> Found:
        """Trips with profit above `least`, at most `keep` of them.

        `raising` lifts the threshold to the best trip found: only the best is then certain.
        `complete` is False when the beam, or `most` labels in a layer, cut something off.
        """
        if beam is not None and self.size > LARGE:
            return self._search_part(gain, least=least, beam=beam, keep=keep)
        rough = self.through(gain)
        done: Trips = {}
        top, cut = least, -np.inf
        if beam is not None or raising:
            chosen = self.most_hopeful(rough, top)
            left_out = np.ones(self.size, dtype=bool)
            left_out[chosen] = False
            part = self.narrowed(chosen)
            outlook, _through = part.look(gain[chosen], self.memories.short)
            cut = part.grow_all(
                gain[chosen],
                outlook,
                done,
                top,
                beam=beam or QUICK_BEAM,
                raising=False,
                most=most,
                keep=keep,
                names=chosen,
            )
            cut = max(cut, float(rough[left_out].max(initial=-np.inf)))
        if beam is None:
            if raising:
                top = max([top, *(row[0] for row in done.values())])
            chosen = self.hopeful(rough, top)
            part = self.narrowed(chosen)
            _outlook, through = part.look(gain[chosen], self.memories.short)
            chosen = chosen[part.hopeful(through, top)]
            part = self.narrowed(chosen)
            outlook, through = part.look(gain[chosen], self.memories.long)
            better = part.hopeful(through, top)
            chosen = chosen[better]
            cut = part.narrowed(better).grow_all(
                gain[chosen],
                outlook.narrowed(better),
                done,
                top,
                beam=None,
                raising=raising,
                most=most,
                keep=keep,
                names=chosen,
            )
        ranked = sorted(done.values(), key=lambda row: (-row[0], row[1]))
        trips = [row for row in ranked if row[0] > least][:keep]
        bound = max(ranked[0][0] if ranked else MINUS, cut, least)
        return Found(trips, bound, cut <= top)

    def _search_part(self, gain: np.ndarray, *, least: float, beam: int, keep: int) -> Found:
        """A quick search among the stops that pay most; it bounds nothing."""
        paying = np.argsort(-np.where(self.week.fact >= 0, np.inf, gain), kind="stable")
        chosen = np.sort(paying[:LARGE])
        found = self.narrowed(chosen).search(gain[chosen], least=least, beam=beam, keep=keep)
        trips = [(profit, tuple(chosen[list(stops)].tolist())) for profit, stops in found.trips]
        return Found(trips, np.inf, False)

    def through(self, gain: np.ndarray) -> np.ndarray:
        """For each stop a quick bound on the profit of every trip that makes it."""
        self.forecast.halt = self.halt
        return self.forecast.through(gain, self.memories.none, self.node)

    def ceiling(self, gain: np.ndarray, least: float) -> float:
        """A quick bound on the profit of every trip, no lower than `least`."""
        chosen = self.hopeful(self.through(gain), least)
        part, memory = self.narrowed(chosen), self.memories.short
        outlook, _through = part.look(gain[chosen], memory)
        first = part.forecast.reachable[part.size]
        won = outlook.win[part.first_state * memory.sets] - part.links.cost[part.size]
        at_home = -float(self.links.home_cost[self.size])
        return max(least, at_home, float(won[first].max(initial=MINUS)))

    def look(self, gain: np.ndarray, memory: Memory) -> tuple[Outlook, np.ndarray]:
        """The outlook at these profits, and for each stop a bound on every trip that makes it."""
        self.forecast.halt = self.halt
        return self.forecast.look(gain, memory, self.node, self.rota)

    def hopeful(self, through: np.ndarray, top: float) -> np.ndarray:
        """Stops that a trip worth more than `top` may make; facts always."""
        return np.flatnonzero((through > top) | (self.week.fact >= 0))

    def most_hopeful(self, through: np.ndarray, top: float) -> np.ndarray:
        """Of these the best few of each task, and not too many in all."""
        chosen = self.hopeful(through, top)
        facts = self.week.fact[chosen] >= 0
        order = np.argsort(-np.where(facts, np.inf, through[chosen]), kind="stable")
        by_task = order[np.argsort(self.number[chosen][order], kind="stable")]
        task = self.number[chosen][by_task]
        begin = np.flatnonzero(np.append(len(task) > 0, task[1:] != task[:-1])[: len(task)])
        rank = np.empty(len(order), dtype=np.int64)
        rank[by_task] = np.arange(len(order)) - np.repeat(begin, np.diff(begin, append=len(order)))
        few = order[(rank[order] < WAYS) | facts[order]]
        return np.sort(chosen[few[: max(HOPEFUL, int(facts.sum()))]])

    def grow_all(
        self,
        gain: np.ndarray,
        outlook: Outlook,
        done: Trips,
        least: float,
        *,
        beam: int | None,
        raising: bool,
        most: int,
        keep: int,
        names: np.ndarray,
    ) -> float:
        """Grow trips layer by layer into `done`; the best value cut off, or -inf.

        `names` are the numbers of this finder's stops in the whole week.
        """
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
            np.zeros(1, dtype=bool),
        )
        for _depth in range(self.longest + self.last_fact):
            longer = self._extend(layer, gain, outlook, top)
            if self.halt():
                return np.inf
            if longer is None:
                break
            layer = longer
            best = self._collect(layer, done, top, keep, names)
            if raising:
                top = max(top, best)
            limit = most if beam is None else beam
            if len(layer.stop) > limit:
                order = np.argsort(-layer.value, kind="stable")
                cut = max(cut, float(layer.value[order[limit]]))
                layer = layer.pick(order[:limit])
        return cut

    def _extend(
        self, layer: Labels, gain: np.ndarray, outlook: Outlook, top: float
    ) -> Labels | None:
        parts, node = [], np.append(self.node, self.memories.nodes)
        flat, every = outlook.win.reshape(-1), np.arange(self.size)
        rows = max(1, CHUNK // max(1, self.size))
        for begin in range(0, len(layer.stop), rows):
            if self.halt():
                return None
            piece = slice(begin, begin + rows)
            from_stop = layer.stop[piece]
            step = outlook.memory.step[node[from_stop], layer.mask[piece]][:, self.node]
            known = layer.state[piece, None] * outlook.memory.sets + np.maximum(step, 0)
            hope = flat[known.astype(np.int32) * self.size + every]
            hope -= self.forecast.closed_cost[from_stop]
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
        moved = self.places[layer.stop[label]] != week.place[stop]
        owed = week.away[stop] & (moved | layer.owed[label])
        ok &= ~(layer.owed[label] & moved) & ~(owed & week.is_long_absence[stop])
        label, stop, owed = label[ok], stop[ok], owed[ok]
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
            mask |= outlook.memory.bit[self.number[layer.path[label, column]], self.node[stop]]
        visit = self.is_visit[stop]
        state = layer.state[label]
        following = np.where(visit, self.next_state[state, week.date[stop]], state)
        ok = following != REFUSED
        known = np.maximum(following, 0) * outlook.memory.sets + mask
        value = profit + outlook.table[known, stop, self.forecast.bucket_of(stop, start)]
        ok &= (is_early | (free <= links.late[before, stop])) & (value > top)
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
            owed[chosen],
        )

    def _undominated(self, grown: Labels) -> np.ndarray:
        """Labels that no other one beats: same stop, tasks and debt, no later and no poorer."""
        if len(grown.stop) < 2:
            return np.arange(len(grown.stop))
        key = grown.seen * 1_000_003 + grown.stop * 257 + grown.state + grown.owed * 7_919
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
        self, layer: Labels, done: Trips, top: float, keep: int, names: np.ndarray
    ) -> float:
        """Add the best `keep` trips that end with this layer; the profit of the best one."""
        links = self.links
        profit = layer.profit - links.home_cost[layer.stop]
        in_time = (layer.free <= links.home_by[layer.stop]) & ~layer.owed
        ends = np.flatnonzero(in_time & (profit > top))
        if self.last_fact:
            ends = ends[self.week.position[layer.stop[ends]] >= 2 * self.last_fact - 1]
        if not len(ends):
            return MINUS
        ends = ends[np.argsort(-profit[ends], kind="stable")]
        _seen, first = np.unique(layer.seen[ends], return_index=True)
        ends = ends[np.sort(first)[:keep]]
        paths = names[layer.path[ends]].tolist()
        rows = zip(layer.seen[ends].tolist(), profit[ends].tolist(), paths, strict=True)
        for seen, worth, path in rows:
            if seen not in done or worth > done[seen][0]:
                done[seen] = (worth, tuple(path))
        return float(profit[ends[0]])

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
        facts = np.flatnonzero(self.week.fact >= 0)
        part = self.narrowed(facts)
        found = part.search(np.zeros(len(facts)), least=MINUS / 100, beam=None, keep=1)
        return [self.trip(tuple(facts[list(stops)].tolist())) for _profit, stops in found.trips]

    def fullest_trip(self) -> Trip | None:
        """The trip with the facts that keeps most published visits where they are, of as many those
        of most priority, and nothing else; None when there is none."""
        week = self.week
        chosen = np.flatnonzero((week.kept > 0) | (week.fact >= 0))
        loose = week.fact[chosen] < 0
        if not loose.any():
            return None
        priority = week.priority[chosen]
        # More than every journey of a week; and one more visit more than all their priority.
        travel = 1_000.0 * (len(week.days) + 1)
        gain = np.where(loose, travel * (priority + priority.sum() + 1), 0.0)
        part = self.narrowed(chosen)
        found = part.search(gain, least=MINUS / 100, beam=None, keep=1, raising=True)
        for _profit, stops in found.trips:
            return self.trip(tuple(chosen[list(stops)].tolist())) if stops else None
        return None

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
        k, free, owed = self.size, week.ready, False
        for stop in stops:
            start = links.start_at(week, k, stop, free, self.step)
            still = week.owed_after(k, stop, owed)
            if start is None or still is None:
                return None
            times.append(start)
            k, free, owed = stop, start + float(week.service[stop]), still
        return times if free <= links.home_by[k] and not owed else None


@dataclass(frozen=True)
class Memories:
    """What bounds remember: nothing to tell which stops matter, few neighbours for quick searches,
    more for exact ones.

    A node is a task, or an online task held at a certain place (`pairs` of task and place).
    """

    tasks: int
    near: list[list[int]]
    none: Memory
    short: Memory
    long: Memory
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return self.tasks + len(self.pairs)


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
    return _memories(len(distance), near, near, ())


def _memories(
    tasks: int,
    near: list[list[int]],
    remembered: list[list[int]],
    pairs: tuple[tuple[int, int], ...],
) -> Memories:
    task = np.array([*range(tasks), *(task for task, _place in pairs)], dtype=np.int64)
    most = max(map(len, near), default=0)
    kinds = [remember(tasks, task, remembered, count) for count in (0, min(SHORT, most), most)]
    return Memories(tasks, near, kinds[0], kinds[1], kinds[2], pairs)


def memories_at(week: HostWeek, table: TravelTable, memories: Memories) -> Memories:
    """Memories for a week with online visits: held at a place, one remembers who is met nearby.

    Else a way through an online visit would make bounds forget where the host has just been.
    """
    online = ~week.on_site & (week.fact < 0)
    pairs = sorted(set(zip(week.task[online].tolist(), week.place[online].tolist(), strict=True)))
    if not pairs or memories.tasks + len(pairs) > MOST_NODES:
        return memories
    held, first = np.unique(week.task[~online & (week.task >= 0)], return_index=True)
    places = week.place[~online & (week.task >= 0)][first]
    remembered, most = list(memories.near), max(map(len, memories.near), default=0)
    rivals = sorted({task for task, _place in pairs})
    for task, place in pairs:
        away = table.minutes[place, places] + table.minutes[places, place]
        near = held[np.argsort(np.where(away < 0, 1e6, away), kind="stable")].tolist()
        others = [other for other in rivals if other != task][: most // 2]
        remembered.append([*others, *near][:most])
    return _memories(memories.tasks, memories.near, remembered, tuple(pairs))


def node_of(week: HostWeek, memories: Memories) -> np.ndarray:
    """The node of each stop of a week."""
    node = np.where(week.task >= 0, week.task, memories.nodes)
    number = {pair: memories.tasks + k for k, pair in enumerate(memories.pairs)}
    for stop in np.flatnonzero(~week.on_site & (week.fact < 0)).tolist() if number else ():
        node[stop] = number[int(week.task[stop]), int(week.place[stop])]
    return node


def finder_of(
    week: HostWeek,
    table: TravelTable,
    weights: np.ndarray,
    rules: Rules,
    memories: Memories,
    *,
    sets_out_late: bool = False,
) -> TripFinder:
    """A finder with its links. Nobody sets out for an agreed visit that cannot be reached, unless
    `sets_out_late`; other facts that cannot be kept in time are linked regardless."""
    from .facts import open_broken_links, stand_where_agreed, week_without_unreachable

    def linked() -> Links:
        links = link_stops(week, table, weights, step)
        stand_where_agreed(week, links, table, weights, rules)
        return links

    step = rules.start_grid
    links = linked()
    if week.facts:
        open_broken_links(week, links, table)
        if week.broken and not sets_out_late:
            week = week_without_unreachable(week, table, weights, rules)
            links = linked()
            open_broken_links(week, links, table)
        if week.broken:
            links = linked()
    return TripFinder(week, links, step=step, memories=memories_at(week, table, memories))
