"""Destroy-and-repair search for tours with time windows: a companion for the benchmark files only.

A part of the tours is taken out, then the best insertions are made until nothing fits; the result
is kept if it is better, or slightly worse early on.
"""

from __future__ import annotations

import math
import random
import time

import numpy as np


class Tours:
    """Tours of some vehicles from depot 0; arrays run over all stops, times are whole units."""

    def __init__(
        self,
        minutes: np.ndarray,
        service: np.ndarray,
        score: np.ndarray,
        opens: np.ndarray,
        closes: np.ndarray,
        vehicles: int,
        seed: int,
    ) -> None:
        self.minutes, self.service = minutes.astype(float), service.astype(float)
        self.score, self.opens, self.closes = score.astype(float), opens, closes
        self.rng = random.Random(seed)
        self.present: list[list[int]] = [[] for _ in range(vehicles)]
        self.best: list[list[int]] = [[] for _ in range(vehicles)]
        self.best_score, self.turns = 0.0, 0
        self.seen: dict[tuple[int, ...], float] = {}
        self.table = self.minutes.tolist()
        self.lists = (self.service.tolist(), opens.tolist(), closes.tolist())

    def run(self, deadline: float) -> None:
        """Search until the moment (time.monotonic) given."""
        rng = self.rng
        if self.turns == 0:
            self.present = self.repair([list(tour) for tour in self.present], 2.0, 0.0)
            self.keep()
        worth = self.worth(self.present)
        began, idle = time.monotonic(), 0
        while (now := time.monotonic()) < deadline:
            self.turns += 1
            progress = (now - began) / max(deadline - began, 1e-9)
            heat = 0.015 * (1 - progress) * max(self.best_score, 1.0)
            tours = self.destroy([list(tour) for tour in self.present])
            tours = self.repair(tours, rng.choice((1.0, 1.5, 2.0, 3.0)), rng.choice((0.0, 0.3)))
            new = self.worth(tours)
            idle += 1
            if new >= worth or rng.random() < math.exp((new - worth) / max(heat, 1e-9)):
                self.present, worth = tours, new
                if new > self.best_score:
                    self.keep()
                    idle = 0
            if idle > 1500:
                self.present = [list(tour) for tour in self.best]
                worth, idle = self.best_score, 0

    def keep(self) -> None:
        """Remember the present tours as the best ones, and in the pool."""
        worth = self.worth(self.present)
        for tour in self.present:
            self.seen[tuple(tour)] = worth
        if worth > self.best_score:
            self.best_score = worth
            self.best = [list(tour) for tour in self.present]

    def worth(self, tours: list[list[int]]) -> float:
        """The score of some tours."""
        return float(sum(self.score[tour].sum() for tour in tours if tour))

    def best_tours(self) -> list[tuple[int, ...]]:
        """The best tours, as task numbers (stop minus one)."""
        return [tuple(stop - 1 for stop in tour) for tour in self.best]

    def pool(self) -> list[tuple[int, ...]]:
        """Tours met in good plans, as task numbers."""
        tours = sorted(self.seen, key=lambda tour: (-self.seen[tour], tour))[:3000]
        return [tuple(stop - 1 for stop in tour) for tour in tours if tour]

    def destroy(self, tours: list[list[int]]) -> list[list[int]]:
        """Take out a run of stops from each of some tours, or stops here and there."""
        rng = self.rng
        if rng.random() < 0.7:
            for tour in tours:
                if tour and (len(tours) == 1 or rng.random() < 0.7):
                    length = rng.randint(1, max(1, len(tour) // 3))
                    begin = rng.randrange(len(tour))
                    del tour[begin : begin + length]
            return tours
        share = rng.uniform(0.1, 0.4)
        return [[stop for stop in tour if rng.random() > share] for tour in tours]

    def repair(self, tours: list[list[int]], power: float, noise: float) -> list[list[int]]:
        """Insert stops one by one where score to the power against delay is best."""
        free = np.ones(len(self.score), dtype=bool)
        free[0] = False
        for tour in tours:
            free[tour] = False
        free &= self.score > 0
        values = self.score**power
        if noise:
            values = values * np.random.default_rng(self.rng.getrandbits(32)).uniform(
                1 - noise, 1 + noise, len(values)
            )
        parts = [self.timetable(tour) for tour in tours]
        stops = np.flatnonzero(free)
        while len(stops):
            before, after, leave, due, slack = (
                np.concatenate([part[k] for part in parts]) for k in range(5)
            )
            start = np.maximum(
                leave[None, :] + self.minutes[stops][:, before], self.opens[stops][:, None]
            )
            onward = self.service[stops][:, None] + self.minutes[stops][:, after]
            delay = start + onward - due[None, :]
            fits = (start <= self.closes[stops][:, None]) & (delay <= slack[None, :])
            delay = np.where(fits, np.maximum(delay, 0.0), np.inf)
            where = delay.argmin(axis=1)
            least = delay[np.arange(len(stops)), where]
            possible = np.isfinite(least)
            if not possible.any():
                break
            ratio = np.where(possible, values[stops] / (least + 1.0), -1.0)
            chosen = int(ratio.argmax())
            place = int(where[chosen])
            for number, tour in enumerate(tours):
                if place <= len(tour):
                    tour.insert(place, int(stops[chosen]))
                    parts[number] = self.timetable(tour)
                    break
                place -= len(tour) + 1
            possible[chosen] = False
            stops = stops[possible]
        return tours

    def timetable(
        self, tour: list[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Per gap of a tour: stop before, stop after, when the first is left, when the second is
        reached, and by how much that may be later."""
        service, opens, closes = self.lists
        table = self.table
        leave, reach, start = [0.0], [], []
        here = 0
        for stop in [*tour, 0]:
            arrival = leave[-1] + table[here][stop]
            reach.append(arrival)
            begin = arrival if arrival > opens[stop] else opens[stop]
            start.append(begin)
            leave.append(begin + service[stop])
            here = stop
        slack = [0.0] * len(reach)
        later = closes[0] - start[-1]
        slack[-1] = later
        for k in range(len(reach) - 2, -1, -1):
            stop = tour[k]
            later = min(closes[stop] - start[k], later)
            wait = start[k] - reach[k]
            later_arrival = later + wait
            slack[k] = later_arrival
            later = later_arrival
        return (
            np.array([0, *tour]),
            np.array([*tour, 0]),
            np.array(leave[:-1]),
            np.array(reach),
            np.array(slack),
        )
