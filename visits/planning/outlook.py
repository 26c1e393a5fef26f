"""What a trip can still win after each stop, and could have won before: upper bounds over a week.

The bound backwards remembers, at each stop, which of its task's nearest tasks were visited before,
and lets a trip meet others again. Cheap cycles run between neighbours, so few are left, and the
bound is tight enough to stop most trips early. The bound forwards remembers nothing; both together
tell which stops no good trip makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .links import Links
from .weeks import HostWeek

BUCKETS = 8
MINUS = -1.0e15
FORBIDDEN = -1


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
    for node, others in enumerate(near):
        for k, other in enumerate(others[:count]):
            bit[other, node] = 1 << k
    step = np.zeros((nodes + 1, sets, nodes + 1), dtype=np.int16)
    every = np.arange(sets)
    for node in range(nodes):
        kept = np.repeat(bit[task[node]][None, :], sets, axis=0)
        for k, other in enumerate(near[node][:count]):
            kept[(every >> k & 1).astype(bool)] |= bit[other][None, :]
        step[node] = kept
        for k, other in enumerate(near[node][:count]):
            held = np.flatnonzero(every >> k & 1)
            step[node][np.ix_(held, np.flatnonzero(task == other))] = FORBIDDEN
        step[node][:, np.flatnonzero(task == task[node])] = FORBIDDEN
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
class Block:
    """Links from the stops of one day to later ones: for each bucket of leaving, the index of
    (stop, bucket of leaving that one) in a flat table; `back` leads the other way, to the last
    bucket from which a stop is reached in time."""

    columns: np.ndarray
    where: np.ndarray
    back: np.ndarray
    cost: np.ndarray
    again: bool


class Forecast:
    """Computes outlooks for one week; everything that does not depend on profits is kept."""

    def __init__(
        self,
        week: HostWeek,
        links: Links,
        reachable: np.ndarray,
        *,
        buckets: int = BUCKETS,
        longest: int,
    ) -> None:
        self.week, self.links, self.buckets = week, links, buckets
        self.halt: Callable[[], bool] = bool
        spread = np.maximum(week.high - week.low, 0)
        self.width = np.where(spread > 0, spread / (buckets - 1), 1.0)
        self.by_day = [np.flatnonzero(week.day_out == d) for d in range(len(week.days))]
        leave = (week.low + week.service)[:, None] + self.width[:, None] * np.arange(buckets)
        self.leave = leave
        self.home_ok = leave <= links.home_by[:-1, None]
        self.reachable = reachable
        self.closed_cost = np.where(reachable, links.cost, -MINUS)
        self.chain = [self._most_in_a_day(rows, longest) for rows in self.by_day]
        self.blocks: list[list[Block]] = []
        self.far: list[np.ndarray] = []
        for day, rows in enumerate(self.by_day):
            later = np.flatnonzero(week.day_in >= day)
            if len(rows):
                later = later[reachable[np.ix_(rows, later)].any(axis=0)]
            ahead, blocks = week.day_in[later] - day, []
            for columns, again in ((later[ahead == 1], False), (later[ahead == 0], True)):
                if len(columns) and len(rows):
                    cost = links.cost[np.ix_(rows, columns)]
                    where, back = self._arrivals(rows, columns)
                    blocks.append(Block(columns, where, back, cost, again))
            self.blocks.append(blocks)
            self.far.append(later[ahead > 1])

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

    def _arrivals(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        links, week = self.links, self.week
        block = np.ix_(rows, columns)
        free = self.leave[rows][:, :, None]
        early = links.early[block][:, None, :]
        start = np.maximum(links.floor[block][:, None, :], free + links.lag[block][:, None, :])
        bucket = np.floor((start - week.low[columns]) / self.width[columns] + 1e-6)
        bucket = np.clip(bucket, 0, self.buckets - 1)
        bucket = np.where(free > links.late[block][:, None, :], self.buckets, bucket)
        bucket = np.where(free <= early, 0, bucket)
        width = self.buckets + 1
        where = (columns[None, None, :] * width + bucket).astype(np.int32)
        back = np.empty(bucket.shape, dtype=np.int32)
        for latest in range(self.buckets):
            leaving = (bucket <= latest).sum(axis=1) - 1
            leaving[leaving < 0] = self.buckets
            back[:, latest, :] = rows[:, None] * width + leaving
        return where, back

    def before(self, gain: np.ndarray) -> np.ndarray:
        """The most a trip can have won on reaching each stop (with its gain) by each bucket."""
        week, links = self.week, self.links
        size, width = week.size, self.buckets + 1
        table = np.full((size, width), MINUS)
        flat = table.reshape(-1)
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
        for day, rows in enumerate(self.by_day):
            if not len(rows):
                continue
            for block in reversed(self.blocks[day]):
                pay = (gain[block.columns] - block.cost)[:, None, :]
                for _turn in range(self.chain[day] if block.again else 1):
                    won = (flat[block.back] + pay).max(axis=0).T
                    present = table[block.columns, :-1]
                    if not (won > present).any():
                        break
                    table[block.columns, :-1] = np.maximum(present, won)
            far = self.far[day]
            if len(far):
                cost = self.closed_cost[np.ix_(rows, far)]
                won = (table[rows, -2][:, None] - cost).max(axis=0) + gain[far]
                table[far, :-1] = np.maximum(table[far, :-1], won[:, None])
        return table[:, :-1]

    def through(self, gain: np.ndarray, memory: Memory, numbers: np.ndarray) -> np.ndarray:
        """For each stop, a bound on the profit of every trip that makes it."""
        table, _win = self.after(gain, memory, numbers)
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
        for number, is_open in enumerate(rules.open):
            pay = np.where(is_open, gain, MINUS)
            after, reached = self.after(pay, memory, numbers)
            through = np.maximum(
                through, (self.before(pay) + after[0, :, :-1]).max(axis=1, initial=MINUS)
            )
            for state in np.flatnonzero(within[:, number]):
                np.maximum(table[state], after, out=table[state])
                np.maximum(win[state], reached, out=win[state])
        flat = (states * sets, size)
        return Outlook(memory, table.reshape(*flat, self.buckets + 1), win.reshape(flat)), through

    def after(
        self, gain: np.ndarray, memory: Memory, numbers: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most a trip can still win by set remembered, stop and bucket of leaving it, and for
        going to each stop; `numbers` gives each stop's task in the memory."""
        week, links = self.week, self.links
        sets, size, width = memory.sets, week.size, self.buckets + 1
        table = np.full((sets, size, width), MINUS)
        win = np.full((sets, size), MINUS)
        for day in range(len(self.by_day) - 1, -1, -1):
            rows = self.by_day[day]
            if not len(rows):
                continue
            value = np.where(self.home_ok[rows], -links.home_cost[rows][:, None], MINUS)
            table[:, rows, :-1] = value[None, :, :]
            far = self.far[day]
            if len(far):
                cost = self.closed_cost[np.ix_(rows, far)]
                for known in range(sets):
                    step = memory.step[numbers[rows], known][:, numbers[far]]
                    won = np.where(
                        step == FORBIDDEN, MINUS, win[np.maximum(step, 0), far[None, :]] - cost
                    ).max(axis=1)
                    table[known, rows, :-1] = np.maximum(value, won[:, None])
            for block in self.blocks[day]:
                turns = self.chain[day] if block.again else 1
                self._settle(table, rows, block, gain, memory, numbers, turns)
            win[:, rows] = table[:, rows, 0] + gain[rows]
        return table, win

    def _settle(
        self,
        table: np.ndarray,
        rows: np.ndarray,
        block: Block,
        gain: np.ndarray,
        memory: Memory,
        numbers: np.ndarray,
        turns: int,
    ) -> None:
        """Let the block's links improve the table; chains within a day until it rests, or until
        they hold more stops than a day can."""
        flat = table.reshape(-1)
        pay = (gain[block.columns] - block.cost)[:, None, :]
        plane = table.shape[1] * table.shape[2]
        steps = []
        for known in range(memory.sets):
            step = memory.step[numbers[rows], known][:, numbers[block.columns]]
            closed = np.where(step == FORBIDDEN, MINUS, 0.0)[:, None, :] + pay
            shift = (np.maximum(step, 0).astype(np.int32) * plane)[:, None, :]
            steps.append((shift, closed))
        for _turn in range(turns):
            moved = False
            if self.halt():
                return
            for known, (shift, closed) in enumerate(steps):
                won = (flat[block.where + shift] + closed).max(axis=2)
                present = table[known, rows, :-1]
                if block.again and not moved:
                    moved = bool((won > present).any())
                table[known, rows, :-1] = np.maximum(present, won)
            if not moved:
                break
