"""What a trip can still win after each stop, and could have won before: upper bounds over a week.

The bound backwards remembers, at each stop, which of its task's nearest tasks were visited before,
and lets a trip meet others again. Cheap cycles run between neighbours, so few are left, and the
bound is tight enough to stop most trips early. The bound forwards remembers nothing; both together
tell which stops no good trip makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from visits.late import np

from .links import Links
from .weeks import HostWeek

BUCKETS = 8
MINUS = -1.0e15
FORBIDDEN = -1
Places: TypeAlias = "dict[tuple[str, int], np.ndarray]"


@dataclass(frozen=True)
class Memory:
    """Which visited tasks each node remembers; a node is a task at a place.

    `step[node, set, next node]` is the set remembered after going on to the next node, or
    FORBIDDEN when its task was visited; `bit[task, node]` is the mark a visited task leaves there.
    The last task and the last node stand for facts and the start, which remember nothing.
    """

    sets: int
    step: np.ndarray
    bit: np.ndarray


def nearest_tasks(distance: np.ndarray, count: int) -> list[list[int]]:
    """For each task the `count` others nearest to it, by a square array of minutes."""
    near = []
    for task in range(len(distance)):
        order = np.argsort(distance[task] + distance[:, task], kind="stable")
        near.append([int(other) for other in order if other != task][:count])
    return near


def remember(tasks: int, task: np.ndarray, near: Sequence[Sequence[int]], count: int) -> Memory:
    """The memory of nodes with these tasks, each of which remembers some tasks (at most 7)."""
    nodes, sets = len(task), 1 << count
    bit = np.zeros((tasks + 1, nodes + 1), dtype=np.int16)
    known = np.full((nodes, count), tasks)
    for node, others in enumerate(near):
        for k, other in enumerate(others[:count]):
            bit[other, node] = 1 << k
            known[node, k] = other
    task = np.append(task, -1)
    step = np.zeros((nodes + 1, sets, nodes + 1), dtype=np.int16)
    step[:-1] = bit[task[:-1]][:, None, :]
    shut = np.broadcast_to((task[:-1, None] == task)[:, None, :], step[:-1].shape).copy()
    for k in range(count):
        held = np.flatnonzero(np.arange(sets) >> k & 1)
        step[:-1, held] |= bit[known[:, k]][:, None, :]
        shut[:, held] |= (known[:, k, None] == task)[:, None, :]
    step[:-1][shut] = FORBIDDEN
    return Memory(sets, step, bit)


@dataclass(frozen=True)
class Outlook:
    """Bounds on what can still be won: `table[state * sets + set, stop, bucket]` after leaving a
    stop in a state of the rota, and `win[state * sets + set, stop]` for going there at best."""

    memory: Memory
    table: np.ndarray
    win: np.ndarray

    def narrowed(self, chosen: np.ndarray) -> Outlook:
        """The same bounds for these stops alone."""
        return Outlook(self.memory, self.table[:, chosen], self.win[:, chosen])


@dataclass(frozen=True)
class Rota:
    """Which stops each largest set of days holds, as rows of `open`; `within[state, set]`."""

    open: np.ndarray
    within: np.ndarray


@dataclass(frozen=True)
class Ways:
    """Ways between stops: who leaves `origin` in bucket `last` or before leaves `target` in bucket
    `then`. `leaving` and `reached` are places in a flat table of stops by buckets; ways are in the
    order of `leaving`, and `turned` puts them in the order of `reached`.
    """

    origin: np.ndarray
    target: np.ndarray
    last: np.ndarray
    then: np.ndarray
    cost: np.ndarray
    turned: np.ndarray
    width: int

    @cached_property
    def leaving(self) -> np.ndarray:
        return self.origin * self.width + self.last

    @cached_property
    def reached(self) -> np.ndarray:
        return self.target * self.width + self.then

    @cached_property
    def leaving_groups(self) -> np.ndarray:
        """Where each group of ways with the same `leaving` begins."""
        return _groups(self.leaving)

    @cached_property
    def reached_groups(self) -> np.ndarray:
        """The same for `reached`, in the order of `turned`."""
        return _groups(self.reached[self.turned])

    def among(self, number: np.ndarray) -> Ways:
        """The ways between stops with a new number (others have -1)."""
        kept = (number[self.origin] >= 0) & (number[self.target] >= 0)
        place = np.cumsum(kept) - 1
        return Ways(
            number[self.origin[kept]],
            number[self.target[kept]],
            self.last[kept],
            self.then[kept],
            self.cost[kept],
            place[self.turned[kept[self.turned]]],
            self.width,
        )


def _sorted(key: np.ndarray) -> np.ndarray:
    """The stable order of these keys; numpy sorts small numbers much faster."""
    is_small = key.max(initial=0) < 2**16
    return np.argsort(key.astype(np.uint16) if is_small else key, kind="stable")


def _groups(key: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.append(len(key) > 0, key[1:] != key[:-1])[: len(key)])


class Forecast:
    """Computes outlooks for one week; everything that does not depend on profits is kept.

    `onward[day]` and `within[day]` are the ways from the stops of a day to later days and to stops
    of the same day.
    """

    def __init__(
        self,
        week: HostWeek,
        links: Links,
        reachable: np.ndarray,
        *,
        buckets: int = BUCKETS,
        longest: int,
    ) -> None:
        self.buckets, self.longest = buckets, longest
        self.halt: Callable[[], bool] = bool
        spread = np.maximum(week.high - week.low, 0)
        self.width = np.where(spread > 0, spread / (buckets - 1), 1.0)
        self.leave = (week.low + week.service)[:, None] + self.width[:, None] * np.arange(buckets)
        self.home_ok = self.leave <= links.home_by[:-1, None]
        self._take(week, links, reachable)
        self.onward: list[Ways] = []
        self.within: list[Ways] = []
        for day, rows in enumerate(self.by_day):
            ahead = self.week.day_in - day
            for kind, columns in ((self.onward, ahead > 0), (self.within, ahead == 0)):
                kind.append(self._ways(rows, np.flatnonzero(columns)))

    def _take(self, week: HostWeek, links: Links, reachable: np.ndarray) -> None:
        self.week, self.links, self.reachable = week, links, reachable
        self.closed_cost = np.where(reachable, links.cost, -MINUS)
        self.by_day = [np.flatnonzero(week.day_out == d) for d in range(len(week.days))]
        self.chain = [self._most_in_a_day(rows, self.longest) for rows in self.by_day]

    def narrowed(self, week: HostWeek, links: Links, chosen: np.ndarray) -> Forecast:
        """The same for these stops alone, which are those of the week given."""
        part = copy(self)
        part.width, part.leave = self.width[chosen], self.leave[chosen]
        part.home_ok = self.home_ok[chosen]
        rows = np.append(chosen, self.week.size)
        part._take(week, links, self.reachable[np.ix_(rows, chosen)])
        number = np.full(self.week.size, -1)
        number[chosen] = np.arange(len(chosen))
        part.onward = [ways.among(number) for ways in self.onward]
        part.within = [ways.among(number) for ways in self.within]
        return part

    def _most_in_a_day(self, rows: np.ndarray, longest: int) -> int:
        """How many stops one day can hold: buckets are cut down, so loops must end by count."""
        week = self.week
        least = week.service[rows].min(initial=np.inf)
        if not len(rows) or least <= 0:
            return longest
        span = (week.high[rows] + week.service[rows]).max() - week.low[rows].min()
        return min(longest, int(span // least) + 1)

    def bucket_of(self, stop: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The bucket in which a stop that starts then is left."""
        bucket = (start - self.week.low[stop]) / self.width[stop] + 1e-6
        return np.clip(bucket.astype(np.int64), 0, self.buckets - 1)

    def _ways(self, rows: np.ndarray, columns: np.ndarray) -> Ways:
        """All ways from some stops to others: of those that leave them alike only the last."""
        links, week, width = self.links, self.week, self.buckets + 1
        row, column = np.nonzero(self.reachable[np.ix_(rows, columns)])
        origin, target = rows[row], columns[column]
        free = self.leave[origin]
        floor, lag, late, early = (
            getattr(links, name)[origin, target][:, None]
            for name in ("floor", "lag", "late", "early")
        )
        start = np.maximum(floor, free + lag)
        bucket = np.floor((start - week.low[target, None]) / self.width[target, None] + 1e-6)
        bucket = np.clip(bucket, 0, self.buckets - 1)
        bucket = np.where(free > late, self.buckets, bucket)
        bucket = np.where(free <= early, 0, bucket).astype(np.int8)
        following = np.full_like(bucket, self.buckets)
        following[:, :-1] = bucket[:, 1:]
        pair, last = np.nonzero((bucket < self.buckets) & (bucket != following))
        then = bucket[pair, last].astype(np.int64)
        origin, target = origin[pair], target[pair]
        order = _sorted(origin * width + last)
        origin, target, last, then = origin[order], target[order], last[order], then[order]
        return Ways(
            origin,
            target,
            last,
            then,
            links.cost[origin, target].astype(float),
            _sorted(target * width + then),
            width,
        )

    def before(self, gain: np.ndarray) -> np.ndarray:
        """The most a trip can have won on reaching each stop (with its gain) by each bucket."""
        week, links = self.week, self.links
        size = week.size
        table = np.full((size, self.buckets + 1), MINUS)
        first = np.flatnonzero(self.reachable[size])
        start = np.maximum(links.floor[size, first], week.ready + links.lag[size, first])
        start = np.where(week.ready <= links.early[size, first], week.low[first], start)
        bucket = self.bucket_of(first, start)
        won = np.where(
            bucket[:, None] <= np.arange(self.buckets),
            (gain[first] - links.cost[size, first])[:, None],
            MINUS,
        )
        table[first, :-1] = won
        for day, chain in enumerate(self.chain):
            for ways, turns in ((self.within[day], chain), (self.onward[day], 1)):
                if not len(ways.origin):
                    continue
                flat, pay = table.reshape(-1), gain[ways.target] - ways.cost
                groups = ways.reached_groups
                slots = ways.reached[ways.turned[groups]]
                reached = np.unique(slots // ways.width)
                for _turn in range(turns):
                    won = (flat[ways.leaving] + pay)[ways.turned]
                    won = np.maximum.reduceat(won, groups)
                    better = won > flat[slots]
                    if not better.any():
                        break
                    flat[slots[better]] = won[better]
                    table[reached, :-1] = np.maximum.accumulate(table[reached, :-1], axis=1)
        return table[:, :-1]

    def through(self, gain: np.ndarray, memory: Memory, numbers: np.ndarray) -> np.ndarray:
        """For each stop, a bound on the profit of every trip that makes it."""
        table, _win = self.after(gain, memory, numbers, {})
        return (self.before(gain) + table[0, :, :-1]).max(axis=1, initial=MINUS)

    def look(
        self, gain: np.ndarray, memory: Memory, numbers: np.ndarray, rules: Rota
    ) -> tuple[Outlook, np.ndarray]:
        """The outlook at these profits, and for each stop a bound on every trip that makes it.

        Of each largest set of days that on-site visits may use the bound is computed by itself; a
        state hopes for the best of those that it is still within.
        """
        within, states = rules.within, len(rules.within)
        sets, size = memory.sets, self.week.size
        table = np.full((states, sets, size, self.buckets + 1), MINUS)
        win = np.full((states, sets, size), MINUS)
        through = np.full(size, MINUS)
        places: Places = {}
        for number, is_open in enumerate(rules.open):
            pay = np.where(is_open, gain, MINUS)
            after, reached = self.after(pay, memory, numbers, places)
            through = np.maximum(
                through, (self.before(pay) + after[0, :, :-1]).max(axis=1, initial=MINUS)
            )
            for state in np.flatnonzero(within[:, number]):
                np.maximum(table[state], after, out=table[state])
                np.maximum(win[state], reached, out=win[state])
        flat = (states * sets, size)
        return Outlook(memory, table.reshape(*flat, self.buckets + 1), win.reshape(flat)), through

    def after(
        self, gain: np.ndarray, memory: Memory, numbers: np.ndarray, places: Places
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most a trip can still win by set remembered, stop and bucket of leaving it, and for
        going to each stop; `numbers` gives each stop's node in the memory. `places` keeps where
        each way leads from one call to the next."""
        links = self.links
        sets, size, width = memory.sets, self.week.size, self.buckets + 1
        table = np.full((sets, size, width), MINUS)
        win = np.full((sets, size), MINUS)
        for day in range(len(self.by_day) - 1, -1, -1):
            rows = self.by_day[day]
            if not len(rows):
                continue
            value = np.where(self.home_ok[rows], -links.home_cost[rows][:, None], MINUS)
            table[:, rows, :-1] = value[None, :, :]
            turns = self.chain[day]
            for name, ways, most in (
                ("onward", self.onward[day], 1),
                ("within", self.within[day], turns),
            ):
                if not len(ways.origin):
                    continue
                if (name, day) not in places:
                    places[name, day] = _places(ways, memory, numbers, size * width)
                self._settle(table, rows, ways, gain, places[name, day], most)
                if self.halt():
                    return table, win
            win[:, rows] = table[:, rows, 0] + gain[rows]
        return table, win

    def _settle(
        self,
        table: np.ndarray,
        rows: np.ndarray,
        ways: Ways,
        gain: np.ndarray,
        places: np.ndarray,
        turns: int,
    ) -> None:
        """Let these ways improve the table until it rests, or until they hold more stops than a
        day can."""
        flat, by_set = table.reshape(-1), table.reshape(len(table), -1)
        pay, groups = gain[ways.target] - ways.cost, ways.leaving_groups
        slots = ways.leaving[groups]
        for turn in range(turns):
            won = flat.take(places)
            won += pay
            won = np.maximum.reduceat(won, groups, axis=1)
            present = by_set[:, slots]
            if turn and not (won > present).any():
                break
            by_set[:, slots] = np.maximum(present, won)
            later = table[:, rows, -2::-1]
            table[:, rows, -2::-1] = np.maximum.accumulate(later, axis=2)


def _places(ways: Ways, memory: Memory, numbers: np.ndarray, plane: int) -> np.ndarray:
    """Where in a flat table by set, stop and bucket each way leads from each set remembered."""
    every = np.arange(memory.sets)[:, None]
    step = memory.step[numbers[ways.origin], every, numbers[ways.target]]
    never = ways.width - 1  # the table has its lowest value there
    return np.where(step == FORBIDDEN, never, step.astype(np.intp) * plane + ways.reached)
