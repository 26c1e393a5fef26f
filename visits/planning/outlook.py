"""What a trip can still win after each stop: an upper bound, computed backwards over a week.

The bound remembers, at each stop, which of its task's nearest tasks were visited before, and lets a
trip meet others again. Cheap cycles run between neighbours, so few are left, and the bound is tight
enough to stop most trips early.
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
    """Which neighbours each task remembers.

    `step[task, set, next task]` is the set remembered after going on to the next task, or
    FORBIDDEN when that one was visited; `bit[task, stop]` is the mark a visited task leaves at a
    stop. The last task number stands for facts and the start, which remember nothing.
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


def remember(near: Sequence[Sequence[int]], count: int) -> Memory:
    """The memory in which each task remembers these neighbours (at most 7 each)."""
    tasks = len(near)
    sets = 1 << count
    bit = np.zeros((tasks + 1, tasks + 1), dtype=np.int16)
    for task, others in enumerate(near):
        for k, other in enumerate(others[:count]):
            bit[other, task] = 1 << k
    step = np.zeros((tasks + 1, sets, tasks + 1), dtype=np.int16)
    every = np.arange(sets)
    for task in range(tasks):
        kept = np.repeat(bit[task][None, :], sets, axis=0).astype(np.int64)
        for k, other in enumerate(near[task][:count]):
            held = (every >> k & 1).astype(bool)
            kept[held] |= bit[other][None, :]
        step[task] = kept
        for k, other in enumerate(near[task][:count]):
            step[task, (every >> k & 1).astype(bool), other] = FORBIDDEN
        step[task, :, task] = FORBIDDEN
    return Memory(sets, step, bit)


@dataclass(frozen=True)
class Outlook:
    """Bounds on what can still be won: `table[set, stop, bucket]` after leaving a stop, and
    `win[set, stop]` for going there at the best time."""

    memory: Memory
    table: np.ndarray
    win: np.ndarray


@dataclass(frozen=True)
class Block:
    """Links from the stops of one day to later ones: for each bucket of leaving, the index of
    (stop, bucket of leaving that one) in a flat table."""

    columns: np.ndarray
    where: np.ndarray
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
                    blocks.append(Block(columns, self._arrivals(rows, columns), cost, again))
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

    def _arrivals(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
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

    def look(self, gain: np.ndarray, memory: Memory, numbers: np.ndarray) -> Outlook:
        """The outlook at these profits; `numbers` gives each stop's task in the memory."""
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
        return Outlook(memory, table, win)

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
