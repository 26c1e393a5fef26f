"""Iterated local search for tours with time windows: a companion for the benchmark files only.

Stops that follow each other are taken out, or an unvisited one is forced in where it is near; then
the stops with most score for the delay they cause are put in until nothing fits (Vansteenwegen et
al. 2009). What comes out is accepted by annealing, and the tours met are kept for recombination.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

HOT, COLD = 0.8, 0.02  # temperature at first and at last, in mean scores of a stop
SHORTER = 0.05  # of a mean score: what a tour without any travel would be worth more
LONGEST = 8  # stops taken out of a tour at once
FAR = 0.1  # how often up to half of it
MOST_TOURS = 6000
TURNS = 20  # between two looks at the clock
# One tour alone is bred in short runs: how warm, how long from nothing, how long from a mixed
# tour, how often from that, and how many tours there are to mix at least and at most.
WARM, FRESH_TURNS, MIXED_TURNS, MIXED, FEW, BROOD = 0.3, 500, 300, 0.8, 8, 100


@dataclass(frozen=True)
class Timetable:
    """A tour gap by gap: stops before and after, when the first is left and the second reached, and
    how much later that may be (the largest shift that keeps all windows)."""

    stops: list[int]
    before: np.ndarray
    after: np.ndarray
    leave: np.ndarray
    reach: np.ndarray
    slack: np.ndarray
    travel: float
    score: float


@dataclass(frozen=True)
class Candidates:
    """Stops that may be put in: numbers, values, windows, beside `minutes[from, stop]` and
    `served[to, stop]` (service, then the way on) of all stops."""

    stops: np.ndarray
    values: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    minutes: np.ndarray
    served: np.ndarray

    def ratios(self, tour: Timetable, offset: float) -> np.ndarray:
        """Value against delay by gap of the tour and stop; 0 where it does not fit."""
        start = self.minutes.take(tour.before, axis=0).take(self.stops, axis=1)
        start += tour.leave[:, None]
        np.maximum(start, self.opens, out=start)
        delay = self.served.take(tour.after, axis=0).take(self.stops, axis=1)
        delay += start
        delay -= tour.reach[:, None]
        fits = delay <= tour.slack[:, None]
        fits &= start <= self.closes
        np.maximum(delay, 0.0, out=delay)
        delay += offset
        np.divide(self.values, delay, out=delay)
        delay *= fits
        return delay

    def among(self, chosen: np.ndarray) -> Candidates:
        """These of them alone."""
        return Candidates(
            self.stops[chosen],
            self.values[chosen],
            self.opens[chosen],
            self.closes[chosen],
            self.minutes,
            self.served,
        )


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
        self.minutes = minutes.astype(np.float32)
        self.served = (minutes.T + service).astype(np.float32, order="C")  # [after, stop]
        self.score = score.astype(np.float32)
        self.opens, self.closes = opens.astype(np.float32), closes.astype(np.float32)
        self.rng = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.table, self.scores = minutes.tolist(), score.tolist()
        self.lists = (service.tolist(), opens.tolist(), closes.tolist())
        self.near = np.argsort(minutes + minutes.T, axis=1, kind="stable").tolist()
        self.horizon = float(closes[0]) * vehicles
        self.mean = float(score[score > 0].mean())
        self.typical = float(np.median(minutes[minutes > 0])) / 10
        self.present = [self.timetable([]) for _ in range(vehicles)]
        self.best, self.best_worth = self.present, 0.0
        self.seen: dict[tuple[int, ...], float] = {}
        self.barred: set[int] = set()
        self.brood: dict[frozenset[int], Timetable] = {}

    def run(self, spent: Callable[[], float], hot: float = HOT) -> None:
        """Search until a share of 1 is spent, cooling down; stops are barred for half of it."""
        rng = self.rng
        if not self.seen:
            self.present = self.repair(self.present, list(range(len(self.present))))
            self.keep(self.present)
        worth = self.worth(self.present)
        while (share := spent()) < 1:
            heat = self.mean * hot * (COLD / hot) ** share
            if share >= 0.5:
                self.barred = set()
            for _turn in range(TURNS):
                tours, touched = self.shake(self.present)
                tours = self.repair(tours, touched)
                new = self.worth(tours)
                if new >= worth or rng.random() < math.exp((new - worth) / heat):
                    self.present, worth = tours, new
                    if new > self.best_worth:
                        self.keep(tours)
                    elif new > 0.97 * self.best_worth and len(tours) > 1:
                        self.remember(tours, new)

    def breed(self, is_over: Callable[[], bool]) -> None:
        """Search for one tour in short runs, from nothing or from two tours met before, each
        without half of the other stops at first: a long run ends in the same valley every time."""
        rng = self.rng
        while not is_over():
            mixed = rng.random() < MIXED and len(self.brood) >= FEW
            stops = self.mixed() if mixed else []
            others = set(range(1, len(self.scores))).difference(stops)
            self.barred = {stop for stop in others if rng.random() < 0.5}
            self.present = self.repair([self.timetable(stops)], [0])
            self.run(turns_spent(MIXED_TURNS if mixed else FRESH_TURNS, is_over), WARM)
            self.add_to_brood(self.present[0])

    def mixed(self) -> list[int]:
        """The head of one good tour and as much of the tail of another as still fits."""
        one, other = self.rng.sample([tour.stops for tour in self.brood.values()], 2)
        head = one[: self.rng.randrange(len(one) + 1)]
        tail = [stop for stop in other if stop not in head]
        while not self.is_possible(head + tail):
            tail = tail[1:]
        return head + tail

    def add_to_brood(self, tour: Timetable) -> None:
        """Keep a tour: the better one of the same stops, and not the worst of all."""
        key, brood = frozenset(tour.stops), self.brood
        if key not in brood or self.worth([tour]) > self.worth([brood[key]]):
            brood[key] = tour
        if len(brood) > BROOD:
            del brood[min(brood, key=lambda key: self.worth([brood[key]]))]

    def start_from(self, tours: list[tuple[int, ...]]) -> None:
        """Go on from these tours (task numbers), best so far."""
        made = [self.timetable([task + 1 for task in tour]) for tour in tours]
        made += [self.timetable([]) for _ in range(len(self.present) - len(made))]
        self.present = made
        if self.worth(made) > self.best_worth:
            self.keep(made)

    def keep(self, tours: list[Timetable]) -> None:
        """Note the best tours so far."""
        self.best, self.best_worth = tours, self.worth(tours)
        self.remember(tours, self.best_worth)

    def remember(self, tours: list[Timetable], worth: float) -> None:
        """Keep tours of a good plan for the pool."""
        for tour in tours:
            key = tuple(tour.stops)
            if worth > self.seen.get(key, 0.0):
                self.seen[key] = worth

    def worth(self, tours: list[Timetable]) -> float:
        """Score, then less travel."""
        score = sum(tour.score for tour in tours)
        travel = sum(tour.travel for tour in tours)
        return score - SHORTER * self.mean * travel / self.horizon

    def best_tours(self) -> list[tuple[int, ...]]:
        """The best tours, as task numbers (stop minus one)."""
        return [tuple(stop - 1 for stop in tour.stops) for tour in self.best]

    def pool(self) -> list[tuple[int, ...]]:
        """Tours met in good plans, as task numbers."""
        tours = sorted(self.seen, key=lambda tour: (-self.seen[tour], tour))[:MOST_TOURS]
        return [tuple(stop - 1 for stop in tour) for tour in tours if tour]

    def shake(self, tours: list[Timetable]) -> tuple[list[Timetable], list[int]]:
        """Take stops out, or force one in; the tours and which of them changed."""
        rng, tours = self.rng, list(tours)
        kind = rng.random()
        if kind < 0.3 and (number := self.force(tours)) is not None:
            return tours, [number]
        filled = [number for number, tour in enumerate(tours) if tour.stops]
        if not filled:
            return tours, list(range(len(tours)))
        first = rng.choice(filled)
        if kind < 0.45:
            share = rng.uniform(0.05, 0.3)
            kept = [stop for stop in tours[first].stops if rng.random() > share]
            tours[first] = self.timetable(kept)
            return tours, [first]
        stops = tours[first].stops
        place = rng.randrange(len(stops))
        anchor, touched = stops[place], [first]
        self.take_out(tours, first, place)
        if len(tours) > 1 and rng.random() < 0.6:
            where = {
                stop: (number, k)
                for number, tour in enumerate(tours)
                if number != first
                for k, stop in enumerate(tour.stops)
            }
            for other in self.near[anchor]:
                if other in where and rng.random() < 0.6:
                    number, place = where[other]
                    if number not in touched:
                        self.take_out(tours, number, place)
                        touched.append(number)
                        if len(touched) > 2 or rng.random() < 0.6:
                            break
        return tours, touched

    def take_out(self, tours: list[Timetable], number: int, place: int) -> None:
        """Take a run of stops around a place out of a tour."""
        stops = tours[number].stops
        most = len(stops) // 2 if self.rng.random() < FAR else min(LONGEST, len(stops) // 2)
        length = self.rng.randint(1, max(1, most))
        begin = max(0, min(place - self.rng.randrange(length), len(stops) - length))
        tours[number] = self.timetable(stops[:begin] + stops[begin + length :])

    def force(self, tours: list[Timetable]) -> int | None:
        """Put an unvisited stop where it is a small detour, at the cost of its neighbours there."""
        rng, table = self.rng, self.table
        visited = {stop for tour in tours for stop in tour.stops}
        stop = rng.randrange(1, len(self.scores))
        if stop in visited or stop in self.barred or not self.scores[stop]:
            return None
        number = rng.randrange(len(tours))
        stops = tours[number].stops
        detour = [
            (table[a][stop] + table[stop][b] - table[a][b]) * rng.uniform(0.7, 1.3)
            for a, b in zip([0, *stops], [*stops, 0], strict=True)
        ]
        place = min(range(len(detour)), key=detour.__getitem__)
        low = high = place
        while True:
            changed = [*stops[:low], stop, *stops[high:]]
            if self.is_possible(changed):
                tours[number] = self.timetable(changed)
                return number
            if low == 0 and high == len(stops):
                return None
            if high == len(stops) or (low > 0 and rng.random() < 0.5):
                low -= 1
            else:
                high += 1

    def is_possible(self, stops: list[int]) -> bool:
        """Whether a tour keeps all windows."""
        service, opens, closes = self.lists
        now, here = 0, 0
        for stop in [*stops, 0]:
            now += self.table[here][stop]
            if now > closes[stop]:
                return False
            now = max(now, opens[stop]) + service[stop]
            here = stop
        return True

    def repair(self, tours: list[Timetable], touched: list[int]) -> list[Timetable]:
        """Insert stops one by one where score against delay is best; elsewhere nothing fits."""
        rng = self.rng
        power = rng.choice((1.0, 1.5, 2.0, 3.0))
        offset = rng.choice((1.0, self.typical, 4 * self.typical))
        values = self.score**power
        if rng.random() < 0.5:
            values *= self.noise.uniform(0.6, 1.4, len(values)).astype(np.float32)
        allowed = self.score > 0
        allowed[list(self.barred)] = False
        for tour in tours:
            allowed[tour.stops] = False
        free = Candidates(
            np.arange(len(values)), values, self.opens, self.closes, self.minutes, self.served
        ).among(np.flatnonzero(allowed))
        tours = list(tours)
        while len(free.stops):
            best, found = 0.0, None
            possible = np.zeros(len(free.stops), dtype=bool)
            for number in touched:
                ratio = free.ratios(tours[number], offset)
                possible |= ratio.any(axis=0)
                gap, column = divmod(int(ratio.argmax()), len(free.stops))
                if ratio[gap, column] > best:
                    best, found = ratio[gap, column], (number, gap, column)
            if found is None:
                break
            number, gap, column = found
            old = tours[number].stops
            tours[number] = self.timetable([*old[:gap], int(free.stops[column]), *old[gap:]])
            possible[column] = False
            free = free.among(possible)
        return tours

    def timetable(self, stops: list[int]) -> Timetable:
        """The timetable of a tour that keeps all windows, everything as early as possible."""
        service, opens, closes = self.lists
        table, scores = self.table, self.scores
        leave, reach, start = [0], [], []
        here, now, travel, score = 0, 0, 0, 0
        for stop in [*stops, 0]:
            leg = table[here][stop]
            travel += leg
            now += leg
            reach.append(now)
            if now < opens[stop]:
                now = opens[stop]
            start.append(now)
            now += service[stop]
            leave.append(now)
            score += scores[stop]
            here = stop
        slack = [closes[0] - start[-1]] * len(reach)
        later = slack[-1]
        for k in range(len(stops) - 1, -1, -1):
            room = closes[stops[k]] - start[k]
            if room < later:
                later = room
            later += start[k] - reach[k]
            slack[k] = later
        return Timetable(
            stops,
            np.array([0, *stops]),
            np.array([*stops, 0]),
            np.array(leave[:-1], dtype=np.float32),
            np.array(reach, dtype=np.float32),
            np.array(slack, dtype=np.float32),
            travel,
            score,
        )


def turns_spent(turns: int, is_over: Callable[[], bool]) -> Callable[[], float]:
    """The share spent of so many turns at each look at the clock; all of it when it is over."""
    looks = count()
    return lambda: 1.0 if is_over() else next(looks) * TURNS / turns
