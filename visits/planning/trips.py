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

BUCKETS = 10
MOST_CRITICAL = 5
QUICK_BEAM = 250
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
    mask: np.ndarray
    path: np.ndarray
    value: np.ndarray

    def pick(self, chosen: np.ndarray) -> Labels:
        """The labels at these positions."""
        return Labels(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Outlook:
    """Bounds on what can still be won: `table[stop, bucket, set]` after leaving a stop, and
    `win[stop, set]` for going there at the best time. `bit` is each stop's critical task."""

    table: np.ndarray
    win: np.ndarray
    bit: np.ndarray


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
        self.critical: list[int] = []
        self.task32 = week.task.astype(np.int32)
        self.is_visit = week.on_site & (week.fact < 0)
        self.reachable = np.maximum(links.early, links.late) >= (
            np.append(week.low + week.service, week.ready)[:, None]
        )
        self.closed_cost = np.where(self.reachable, links.cost, -MINUS)
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

    def completions(self, gain: np.ndarray) -> Outlook:
        """Upper bound on the profit after leaving each stop, per bucket of leaving it and per set
        of critical tasks already visited; tasks that are not critical may be met again."""
        links, size, width = self.links, self.size, self.buckets + 1
        sets = 1 << len(self.critical)
        bit = np.zeros(size, dtype=np.int64)
        for k, task in enumerate(self.critical):
            bit[self.week.task == task] = 1 << k
        every = np.arange(sets)
        joined = every[None, :] | bit[:, None]
        barred = (every[None, :] & bit[:, None]) != 0
        best = np.full((size * width, sets), MINUS)
        table = best.reshape(size, width, sets)
        win = np.full((size, sets), MINUS)
        for day in range(len(self.by_day) - 1, -1, -1):
            rows = self.by_day[day]
            if not len(rows):
                continue
            value = np.where(self.home_ok[rows], -links.home_cost[rows][:, None], MINUS)
            value = np.repeat(value[:, :, None], sets, axis=2)
            far = self.far[day]
            if len(far):
                block = np.ix_(rows, far)
                closed = np.where(self.reachable[block], links.cost[block], -MINUS)
                ahead = (win[far][None, :, :] - closed[:, :, None]).max(axis=1)
                value = np.maximum(value, ahead[:, None, :])
            near, at = self.near[day], self.near_at[day]
            table[rows, :-1] = value
            if len(near):
                self._settle(best, table, rows, near, at, gain, joined, barred)
            win[rows] = np.where(
                barred[rows], MINUS,
                gain[rows][:, None] + table[rows, 0][np.arange(len(rows))[:, None], joined[rows]],
            )
        return Outlook(table, win, bit)

    def _settle(
        self, best: np.ndarray, table: np.ndarray, rows: np.ndarray, near: np.ndarray,
        at: np.ndarray, gain: np.ndarray, joined: np.ndarray, barred: np.ndarray,
    ) -> None:
        """Let chains within the day and into the next one improve the table until it rests."""
        week, cost = self.week, self.links.cost
        day = week.day_in[near] == week.day_out[rows[0]]
        for columns, again in ((near[~day], False), (near[day], True)):
            if not len(columns):
                continue
            where = at[:, :, day if again else ~day]
            pay = gain[columns] - cost[np.ix_(rows, columns)]
            while True:
                ahead = np.full((len(rows), self.buckets, best.shape[1]), MINUS)
                for known in range(best.shape[1]):
                    target = joined[columns, known]
                    won = best[where, target[None, None, :]] + pay[:, None, :]
                    if barred[columns, known].any():
                        won[:, :, barred[columns, known]] = MINUS
                    ahead[:, :, known] = won.max(axis=2)
                improved = np.maximum(table[rows, :-1], ahead)
                if not again or np.array_equal(improved, table[rows, :-1]):
                    table[rows, :-1] = improved
                    break
                table[rows, :-1] = improved

    def focus(self, gain: np.ndarray) -> Outlook:
        """Completions after making critical every task that the best relaxed trip repeats."""
        outlook = self.completions(gain)
        for _try in range(MOST_CRITICAL):
            repeated = self._repeated(gain, outlook)
            fresh = [task for task in repeated if task not in self.critical]
            if not fresh or len(self.critical) >= MOST_CRITICAL:
                break
            self.critical = (self.critical + fresh)[:MOST_CRITICAL]
            outlook = self.completions(gain)
        return outlook

    def _repeated(self, gain: np.ndarray, outlook: Outlook) -> list[int]:
        """Tasks that occur twice on the best relaxed trip."""
        week, links = self.week, self.links
        k, free, known, met, repeated = self.size, week.ready, 0, set(), []
        for _depth in range(self.longest + self.last_fact):
            start = np.maximum(
                links.floor[k], np.ceil((free + links.lag[k]) / self.step) * self.step
            )
            early = free <= links.early[k]
            start = np.where(early, week.low, np.minimum(start, week.high))
            ok = early | (free <= links.late[k])
            bucket = np.clip((start - week.low) / self.width + 1e-6, 0, self.buckets - 1)
            ok &= (known & outlook.bit) == 0
            rest = outlook.table[np.arange(self.size), bucket.astype(int), known | outlook.bit]
            value = np.where(ok, gain - links.cost[k] + rest, MINUS)
            if not self.size:
                break
            stop = int(value.argmax())
            home = -float(links.home_cost[k]) if free <= links.home_by[k] else MINUS
            if value[stop] <= home:
                break
            task = int(week.task[stop])
            if task in met and task not in repeated:
                repeated.append(task)
            met.add(task)
            k, free = stop, float(start[stop] + week.service[stop])
            known |= int(outlook.bit[stop])
        return repeated

    def search(
        self, gain: np.ndarray, *, least: float, beam: int | None, keep: int,
        raising: bool = False, most: int = 400_000,
    ) -> Found:
        """Trips with profit above `least`, at most `keep` of them.

        `raising` lifts the threshold to the best trip found: only the best is then certain.
        `complete` is False when the beam, or `most` labels in a layer, cut something off.
        """
        outlook = self.focus(gain)
        done: dict[int, tuple[float, tuple[int, ...]]] = {}
        if beam is None and raising:
            self._grow_all(gain, outlook, done, least, beam=QUICK_BEAM, raising=False, most=most)
            least_now = max([least, *(row[0] for row in done.values())])
        else:
            least_now = least
        cut = self._grow_all(
            gain, outlook, done, least_now, beam=beam, raising=raising, most=most
        )
        ranked = sorted(done.values(), key=lambda row: (-row[0], row[1]))
        trips = [row for row in ranked if row[0] > least][:keep]
        bound = max(ranked[0][0] if ranked else MINUS, cut, least)
        return Found(trips, bound, cut == -np.inf)

    def _grow_all(
        self, gain: np.ndarray, outlook: Outlook,
        done: dict[int, tuple[float, tuple[int, ...]]], least: float, *, beam: int | None,
        raising: bool, most: int,
    ) -> float:
        """Grow trips layer by layer into `done`; the best value cut off, or -inf."""
        week, links = self.week, self.links
        top, cut = least, -np.inf
        if self.last_fact == 0 and week.ready <= links.home_by[self.size]:
            done[0] = (-float(links.home_cost[self.size]), ())
        layer = Labels(
            np.array([self.size]), np.array([week.ready]), np.zeros(1),
            np.zeros(1, dtype=np.int64), np.full(1, self.first_state, dtype=np.int64),
            np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64),
            np.zeros((1, 0), dtype=np.int32), np.zeros(1),
        )
        for _depth in range(self.longest + self.last_fact):
            layer = self._extend(layer, gain, outlook, top)
            if layer is None:
                break
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
        parts = []
        rows = max(1, CHUNK // max(1, self.size))
        for begin in range(0, len(layer.stop), rows):
            piece = slice(begin, begin + rows)
            hope = outlook.win.T[layer.mask[piece]] - self.closed_cost[layer.stop[piece]]
            label, stop = np.nonzero(hope > (top - layer.profit[piece])[:, None])
            if len(label):
                part = self._grow(layer, label + begin, stop, gain, outlook, top)
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
        outlook: Outlook, top: float,
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
        bucket = ((start - week.low[stop]) / self.width[stop] + 1e-6).astype(np.int64)
        mask = layer.mask[label] | outlook.bit[stop]
        value = profit + outlook.table[stop, np.clip(bucket, 0, self.buckets - 1), mask]
        ok = (is_early | (free <= links.late[before, stop])) & (value > top)
        visit = self.is_visit[stop]
        state = layer.state[label]
        following = np.where(visit, self.next_state[state, week.day_in[stop]], state)
        ok &= following != REFUSED
        visits = layer.visits[label] + visit
        if self.room is not None:
            ok &= visits <= self.room
        chosen = np.flatnonzero(ok)
        if not len(chosen):
            return None
        label, stop = label[chosen], stop[chosen]
        return Labels(
            stop, start[chosen] + week.service[stop], profit[chosen],
            layer.seen[label] + self.code[stop], following[chosen].astype(np.int64),
            visits[chosen], mask[chosen],
            np.concatenate([layer.path[label], stop[:, None].astype(np.int32)], axis=1),
            value[chosen],
        )

    def _undominated(self, grown: Labels) -> np.ndarray:
        """Labels not beaten by one at the same stop, with the same tasks, no later and no poorer."""
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
