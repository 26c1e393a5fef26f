"""The planner's engine on team orienteering files: one JSON object a line.

    python -m benchmarks.toptw FILE... --vehicles M --seconds N --seed S --json

The engine prices tours exactly and proves optimality where windows are narrow; beside it runs an
iterated local search for files with wide windows, which campaigns do not have. Its tours join the
engine's pool. With --cpu seconds are of CPU, for a machine that is shared. Files: see
benchmarks/data/SOURCE.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tours import HOT, Tours
from visits.planning.links import NEVER, Links
from visits.planning.master import AimWeights, Master, choose_trips
from visits.planning.trips import TripFinder, memories_of
from visits.planning.weeks import HostWeek

DATA = Path(__file__).parent / "data" / "toptw"
EXACT_SHARE = 0.15
FIRST_SHARE = 0.05
CYCLE = 10.0  # seconds of local search between two recombinations of its tours
REHEAT = 0.4  # of the first temperature, after a recombination
TINY = 1e-9  # of a point per unit of travel: of equal tours the shorter one
SLACK = 1e-3  # more than the travel of a plan weighs, and than rounding in the solver


@dataclass(frozen=True)
class Instance:
    """One file: whole time units (tenths, or hundredths for pr), row 0 is the depot."""

    name: str
    minutes: np.ndarray
    service: np.ndarray
    score: np.ndarray
    opens: np.ndarray
    closes: np.ndarray


def read(path: Path) -> Instance:
    """Parse a Solomon- or Cordeau-based file; distances are cut, not rounded."""
    rows = [line.split() for line in path.read_text().splitlines()[2:] if line.strip()]
    scale = 100 if path.stem.startswith("pr") else 10
    values = [[float(cell) for cell in row] for row in rows]
    x, y = (np.array([row[k] for row in values]) for k in (1, 2))
    distance = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    whole = lambda cells: np.round(np.array(cells) * scale).astype(np.int64)  # noqa: E731
    return Instance(
        path.stem,
        np.floor(distance * scale + 1e-9).astype(np.int64),
        whole([row[3] for row in values]),
        np.array([int(row[4]) for row in values]),
        whole([row[-2] for row in values]),
        whole([row[-1] for row in values]),
    )


def finder_of(instance: Instance) -> TripFinder:
    """The whole file as one week of one day that starts and ends at the depot."""
    count = len(instance.score) - 1
    inner = slice(1, None)
    tau = instance.minutes.astype(float)
    low, high = instance.opens[inner].astype(float), instance.closes[inner].astype(float)
    service = instance.service[inner].astype(float)
    close = float(instance.closes[0])
    zero = np.zeros(count, dtype=np.int64)
    week = HostWeek(
        number=0,
        host=0,
        days=(date(2000, 1, 3),),
        origin=0,
        start_place=0,
        home=0,
        ready=0.0,
        day_from=np.zeros((1, 1)),
        day_to=np.full((1, 1), close),
        zone_of_place=np.zeros(count + 1, dtype=np.int64),
        facts=[],
        task=np.arange(count),
        place=np.arange(1, count + 1),
        low=low,
        high=high,
        length=service,
        service=service,
        buffer=np.zeros(count),
        position=zero,
        priority=instance.score[inner].astype(float),
        kept=np.zeros(count),
        points=np.zeros(count),
        on_site=np.ones(count, dtype=bool),
        fact=zero - 1,
        day_in=zero,
        day_out=zero,
        date=zero,
        cap=None,
        base_visits=0,
        base_days=0,
        days_in_a_row=None,
        office_day=False,
    )
    order = [*range(1, count + 1), 0]
    lag = tau[np.ix_(order, range(1, count + 1))]
    back = tau[order, 0]
    late = np.minimum(high[None, :] - lag, (close - tau[1:, 0] - service)[None, :] - lag)
    np.fill_diagonal(late[:count], NEVER)
    links = Links(
        np.full(lag.shape, NEVER),
        np.broadcast_to(low, lag.shape).copy(),
        lag,
        late,
        lag * TINY,
        close - back,
        back * TINY,
        np.zeros(lag.shape, dtype=bool),
        np.zeros(len(order), dtype=bool),
    )
    return TripFinder(week, links, step=1, memories=memories_of(tau[1:, 1:], 5), longest=count)


class Exact:
    """Column generation over tours, with a bound whenever a pricing was exact."""

    def __init__(self, instance: Instance, vehicles: int, halt: Callable[[], bool]) -> None:
        self.finder = finder_of(instance)
        self.finder.halt = halt
        self.vehicles, self.count = vehicles, len(instance.score) - 1
        self.weights = AimWeights(1.0, 0.0, 0.0)
        self.master = Master(self.count, [False], self.weights, [vehicles])
        self.gain = instance.score[1:].astype(float)
        self.bound = float(instance.score.sum())
        self.choice: list[tuple[int, ...]] = []
        self.score = 0

    def add(self, tours: list[tuple[int, ...]]) -> None:
        """Add tours (task numbers in order) to the pool."""
        self.master.add([self.finder.trip(tour) for tour in tours if tour])

    def price(self, beam: int | None) -> tuple[int, bool]:
        """One pricing: how many tours were new, and whether the bound was computed."""
        answer = self.master.solve() if self.master.pool else None
        tasks, slot = np.zeros(self.count), 0.0
        if answer is not None:
            _value, prices, _weight = answer
            tasks, slot = prices.tasks, max(0.0, float(prices.weeks[0]))
        found = self.finder.search(
            self.gain - tasks,
            least=slot + 1e-6,
            beam=beam,
            keep=150,
            raising=beam is None,
            most=200_000,
        )
        if beam is None and math.isfinite(found.bound):
            total = float(tasks.sum()) + self.vehicles * max(found.bound, slot)
            self.bound = min(self.bound, total)
        fresh = self.master.add([self.finder.trip(stops) for _profit, stops in found.trips])
        return fresh, beam is None

    def choose(self, seconds: float) -> None:
        """The best choice of tours out of the pool."""
        if not self.master.pool:
            return
        found = choose_trips(
            self.master.pool,
            self.count,
            [False],
            self.weights,
            self.master.ranges,
            nodes=5000,
            seconds=seconds,
            copies=[self.vehicles],
        )
        if found is not None:
            self.take([self.master.pool[i].tasks for i in found[0]])

    def take(self, tours: list[tuple[int, ...]]) -> None:
        """Remember these tours if they score more."""
        score = int(sum(self.gain[task] for tour in tours for task in tour))
        if score > self.score:
            self.score, self.choice = score, [tuple(tour) for tour in tours]

    @property
    def proven(self) -> bool:
        """Whether no tours can score more."""
        return self.score >= math.floor(self.bound + SLACK)


def solve(
    instance: Instance,
    vehicles: int,
    seconds: float,
    seed: int,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Score one file: first exactly, then by local search, recombining its tours now and then."""
    began = clock()

    def spent() -> float:
        return (clock() - began) / seconds

    exact = Exact(instance, vehicles, lambda: spent() > EXACT_SHARE)
    tours = Tours(
        instance.minutes,
        instance.service,
        instance.score,
        instance.opens,
        instance.closes,
        vehicles,
        seed,
    )
    first = min(FIRST_SHARE, 0.5 / seconds)
    tours.run(lambda: spent() / first)
    exact.take(tours.best_tours())
    exact.add(tours.pool())
    settled = False
    for beam in (100, 1000, None):
        while not exact.finder.halt() and not settled:
            fresh, is_exact = exact.price(beam)
            if is_exact and not exact.proven:
                exact.choose(max(0.1, min(3.0, 0.3 * seconds)))
            settled = exact.proven or (is_exact and not fresh)
            if fresh == 0:
                break
    hot, last = HOT, 0.97
    while not exact.proven and (start := spent()) < 0.95:
        length = CYCLE / seconds
        if last - start < 1.5 * length:
            length = last - start
        if vehicles > 1:
            tours.run(partial(share_of, spent, start, length), hot)
        else:
            tours.breed(lambda: spent() > last)
        exact.take(tours.best_tours())
        if vehicles > 1:
            exact.add(tours.pool())
            exact.choose(max(0.1, min(3.0, (1 - spent()) * seconds)))
            tours.start_from(exact.choice)
        hot = HOT * REHEAT
    return {
        "instance": instance.name,
        "vehicles": vehicles,
        "score": exact.score,
        "bound": int(math.floor(exact.bound + SLACK)),
        "proven": exact.proven,
        "seconds": round(clock() - began, 3),
        "routes": [[task + 1 for task in tour] for tour in exact.choice if tour],
    }


def share_of(spent: Callable[[], float], start: float, length: float) -> float:
    """How much of a piece of the run is over."""
    return (spent() - start) / length


def broken(instance: Instance, answer: dict[str, Any]) -> list[str]:
    """What is wrong with the routes of an answer, re-simulated from the file."""
    faults, seen = [], [stop for route in answer["routes"] for stop in route]
    if len(seen) != len(set(seen)) or len(answer["routes"]) > answer["vehicles"]:
        faults.append("a stop is served twice, or there are too many routes")
    for route in answer["routes"]:
        now, here = 0, 0
        for stop in [*route, 0]:
            now = max(now + int(instance.minutes[here, stop]), int(instance.opens[stop]))
            if now > instance.closes[stop]:
                faults.append(f"route {route} is late at {stop}")
            now, here = now + int(instance.service[stop]), stop
    if sum(int(instance.score[stop]) for stop in seen) != answer["score"]:
        faults.append("the score is not the sum of the stops")
    return faults


def best_known() -> dict[tuple[str, int], int]:
    """Best known scores by instance and number of vehicles."""
    with (DATA / "best_known.csv").open(newline="") as rows:
        return {
            (row["instance"], int(row["vehicles"])): int(row["best_known"])
            for row in csv.DictReader(rows)
        }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when every answer keeps the rules of its file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.toptw", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--vehicles", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="seconds are of CPU")
    options = parser.parse_args(arguments)
    known, failed = best_known(), False
    for path in options.files:
        try:
            instance = read(path)
        except (OSError, ValueError, IndexError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        clock = time.process_time if options.cpu else time.monotonic
        answer = solve(instance, options.vehicles, options.seconds, options.seed, clock)
        faults = broken(instance, answer)
        for fault in faults:
            print(f"{path}: {fault}", file=sys.stderr)
        failed = failed or bool(faults)
        if options.json:
            print(json.dumps(answer), flush=True)
            continue
        best = known.get((path.stem, options.vehicles))
        gap = "" if best is None else f" gap {100 * (best - answer['score']) / best:.1f} %"
        print(
            f"{path.stem:8} x{options.vehicles} score {answer['score']}/{answer['bound']}"
            f"{' proven' if answer['proven'] else ''} (best known {best}){gap}"
            f" {answer['seconds']:.1f} s",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
