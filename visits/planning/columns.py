"""Column generation: ask each host week for better trips at the current prices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from visits.late import np

from .choose import Pool
from .master import Prices
from .outlook import MINUS
from .trips import MOST_LABELS, Trip, TripFinder

if TYPE_CHECKING:
    from .search import Search

BEAMS = (150, 1000)
KEEP = 40
ROUNDS = 60
STALL = 1e-3
TINY = 1e-3
SWEEPS = 3
SMALL_GAIN = 0.02  # of a unit: a sweep that wins less is the last one
LIKELY = 3
FEW = 500  # of so many trips a choice may take its time
DIVE_BEAM = 30
DIVES_PER_WEEK = 10
MANY = 800  # stops in a week: so many are priced in coarse steps first


@dataclass(frozen=True)
class Try:
    """Trips of the pool to hold in a dive, what may be reached with them, and how often another
    than the likeliest was chosen."""

    grade: int
    others: int
    trips: tuple[int, ...]

    def by_hope(self) -> tuple[int, int, int]:
        return self.grade, -self.others, len(self.trips)

    def by_depth(self) -> tuple[int, int, int]:
        return len(self.trips), self.grade, -self.others


class Columns:
    """Generates trips for a pool; `prices` are those of the last linear programme."""

    def __init__(self, search: Search, pool: Pool) -> None:
        self.search, self.pool = search, pool
        self.finders: Sequence[TripFinder] = pool.finders
        self.gains = [
            pool.weights.priority * f.week.priority
            + pool.weights.kept * f.week.kept
            + pool.weights.points * f.week.points
            for f in self.finders
        ]
        size = pool.task_count
        self.value, self.weight = 0.0, np.zeros(0)
        self.prices = Prices(np.zeros(size), np.zeros(len(self.finders)), np.zeros(3))
        self.held: set[int] = set()
        self.taken = np.zeros(size, dtype=bool)

    def gain(self, number: int, prices: Prices) -> np.ndarray:
        """Profit of each stop of a host week at these prices, before travel; a task of a trip that
        is held has none."""
        week = self.finders[number].week
        gain = self.gains[number].copy()
        held = week.task >= 0
        if self.pool.task_count:
            gain[held] -= prices.tasks[week.task[held]]
            held[held] = self.taken[week.task[held]]
            gain[held & (week.fact < 0)] = MINUS
        for price, amount in zip(prices.aims, (week.priority, week.kept, week.points), strict=True):
            if price:
                gain -= price * amount
        return gain

    def seed(self, published: Sequence[Trip]) -> None:
        """First columns: facts alone, and the published plan with its sub-trips; a first plan."""
        trips: list[Trip] = []
        for finder in self.finders:
            trips += finder.base_trips()
        self.pool.take(trips)
        first = {trip.week: trip for trip in trips} | {trip.week: trip for trip in published}
        tasks = [task for trip in first.values() for task in trip.tasks]
        if len(set(tasks)) == len(tasks):
            self.pool.take(list(first.values()))
        for trip in published:
            trips.append(trip)
            finder = self.finders[trip.week]
            for stop in trip.stops:
                if finder.week.fact[stop] < 0:
                    rest = tuple(k for k in trip.stops if k != stop)
                    if finder.allows(rest):
                        trips.append(finder.trip(rest))
        self.pool.master.add(trips)
        self.pool.limit_moves(sum(trip.kept for trip in published))

    def solve(self) -> float | None:
        """Solve the linear programme and take its prices."""
        if not self.pool.trips:
            return 0.0
        answer = self.pool.master.solve()
        if answer is None:
            return None
        self.value, self.prices, self.weight = answer
        return self.value

    def ask(
        self,
        number: int,
        prices: Prices,
        *,
        beam: int | None,
        keep: int,
        raising: bool = False,
        spare: float = 0.0,
        most: int = MOST_LABELS,
    ) -> tuple[int, float]:
        """New trips of one host week at these prices: how many, and a bound on their profit.

        Trips that pay by less than `spare` are of no interest, and the bound is no lower; nor is it
        lower than what growing trips beyond `most` at a time may have become.
        """
        finder = self.finders[number]
        least = (
            float(prices.weeks[number])
            if self.pool.must[number]
            else max(0.0, float(prices.weeks[number]))
        )
        found = finder.search(
            self.gain(number, prices),
            least=least + TINY + spare,
            beam=beam,
            keep=keep,
            raising=raising,
            most=most,
        )
        fresh = self.pool.master.add([finder.trip(stops) for _profit, stops in found.trips])
        return fresh, found.bound

    def sweep(self, beam: int, keep: int, without: Collection[int] = ()) -> int:
        """One pass over all host weeks, with fresh prices after each; how many trips were new."""
        fresh = 0
        for number in range(len(self.finders)):
            if number in without:
                continue
            if self.search.over():
                return fresh
            added, _bound = self.ask(number, self.prices, beam=beam, keep=keep)
            fresh += added
            if added:
                self.solve()
            if self.is_large and not self.search.rounds:
                # The first pass takes long: whoever stops it has the plan of the weeks so far.
                self.round_off()
                self.search.tell("swept")
        self.search.rounds += 1
        return fresh

    def exact_sweep(
        self, keep: int = 60, without: Collection[int] = (), spare: float = 0.0
    ) -> tuple[int, float]:
        """Price every host week exactly, with fresh prices after each: new trips, likely gap."""
        fresh, gap = 0, 0.0
        for number in range(len(self.finders)):
            if number in without:
                continue
            if self.search.over():
                return fresh, gap
            added, bound = self.ask(
                number, self.prices, beam=None, keep=keep, raising=True, spare=spare
            )
            fresh += added
            gap += max(0.0, bound - max(0.0, float(self.prices.weeks[number])))
            if added:
                self.solve()
        self.search.rounds += 1
        return fresh, gap

    def exact_round(self, keep: int = 60, spare: float = 0.0, most: int = MOST_LABELS) -> int:
        """Price every host week exactly at the same prices and note the bound they give."""
        prices, fresh, total = self.prices, 0, 0.0
        for number in range(len(self.finders)):
            if self.search.over():
                return fresh
            added, bound = self.ask(
                number, prices, beam=None, keep=keep, raising=True, spare=spare, most=most
            )
            total += bound if self.pool.must[number] else max(bound, 0.0)
            fresh += added
        if self.search.over():
            return fresh
        self.pool.bound_by(total + float(prices.tasks.sum()) + self.pool.master.range_worth(prices))
        self.search.rounds += 1
        if fresh:
            self.solve()
        return fresh

    def rough_bound(self) -> None:
        """Note the bound that the quick looks give: loose, but soon there."""
        total = float(self.prices.tasks.sum()) + self.pool.master.range_worth(self.prices)
        for number, finder in enumerate(self.finders):
            price = float(self.prices.weeks[number])
            least = price if self.pool.must[number] else max(0.0, price)
            total += finder.ceiling(self.gain(number, self.prices), least)
            if self.search.over():
                return
        self.pool.bound_by(total)

    def round_off(self) -> None:
        """A first plan: the trips with most weight in the linear programme that go together."""
        pool = self.pool
        if pool.most_moves is not None:
            return
        taken: set[int] = set()
        plan: dict[int, Trip] = {}
        order = np.argsort(-np.round(self.weight, 9), kind="stable")
        for i in order[self.weight[order] > TINY].tolist():
            trip = pool.trips[i]
            if trip.week not in plan and taken.isdisjoint(trip.tasks):
                plan[trip.week] = trip
                taken.update(trip.tasks)
        if all(number in plan for number, must in enumerate(pool.must) if must):
            pool.take(list(plan.values()))

    def spare(self) -> float:
        """How much better than it pays a trip of each host week may be, with no more priority in
        the bound than the linear programme has now."""
        pool = self.pool
        room = pool.worth_of(pool.priority_of(self.value) + 1) - self.value
        return 0.9 * max(0.0, room) / max(1, len(self.finders))

    @property
    def is_large(self) -> bool:
        """Whether a week has so many stops that exact pricing takes long."""
        return any(finder.size > MANY for finder in self.finders)

    def price(self) -> None:
        """Price quickly until little is won, then dive for a first plan and bound it roughly.

        Of large campaigns `large` makes the first plan and bound.
        """
        search = self.search
        if self.solve() is None:
            return
        stall = 4 * STALL if self.is_large else STALL
        for beam in BEAMS[:1] if self.is_large else BEAMS:
            for _round in range(ROUNDS):
                before = self.value
                if search.over() or self.sweep(beam, KEEP) < 2 * len(self.finders):
                    break
                self.round_off()
                if self.value - before < stall * self.value:
                    break
        if self.is_large:
            search.tell("swept")
            return
        self.rough_bound()
        search.tell("swept")
        self.dive(None, most=2 * len(self.finders))
        search.tell("priced")

    def prove(self) -> None:
        """Price exactly until the linear programme is solved, or priority is proven on the way."""
        search, pool = self.search, self.pool
        if self.solve() is None:
            return
        chosen_at = 0
        for _round in range(ROUNDS):
            if search.over():
                return
            fresh = self.exact_round(spare=self.spare())
            search.tell("bounded")
            if pool.standing.proven:
                break
            if fresh:
                more, _gap = self.exact_sweep(spare=self.spare())
                if more:
                    continue
            tight = pool.priority_of(self.value) == pool.standing.priority_bound
            grown = len(pool.trips) > 1.3 * chosen_at
            if (tight and grown) or not fresh:
                chosen_at = len(pool.trips)
                self.dive(DIVE_BEAM, most=DIVES_PER_WEEK * len(self.finders))
                search.tell("dived")
                if pool.standing.proven:
                    break
                self.choose(pool.worth_of(pool.standing.priority + 1))
            if pool.standing.proven or not fresh:
                break

    def hold(self, trips: Collection[int], beam: int | None = None, sweeps: int = SWEEPS) -> float:
        """Demand these trips of the pool and no others; the value of the linear programme, with
        new trips of the weeks left open if a beam is given."""
        pool, chosen = self.pool, set(trips)
        bounds = dict.fromkeys(self.held - chosen, 0.0) | dict.fromkeys(chosen - self.held, 1.0)
        pool.master.fix_trips(bounds)
        self.held = chosen
        self.taken[:] = False
        self.taken[[task for i in chosen for task in pool.trips[i].tasks]] = True
        if self.solve() is None:
            return -np.inf
        closed = {pool.trips[i].week for i in chosen}
        for _sweep in range(sweeps if beam is not None else 0):
            before = self.value
            if self.search.over() or not self.sweep(beam or 0, KEEP, without=closed):
                break
            if self.value < before + SMALL_GAIN * pool.unit:
                break
        return self.value

    def dive(self, beam: int | None, most: int) -> bool:
        """Hold the most nearly chosen trip, price the open weeks again, repeat: whole plans.

        Another likely trip is tried where one costs the linear programme a whole unit (see
        Pool.grade). The first plan is looked for straight ahead, others where most is to be hoped
        for. Ends after so many tries, or when no plan is left that may be a unit better; whether
        there is a better one. No trip stays held.
        """
        pool, better, whole = self.pool, False, False
        asked = [Try(pool.grade(self.hold(())), 0, ())]
        while asked and most > 0 and not self.search.over():
            turn = max(asked, key=Try.by_hope if whole else Try.by_depth)
            asked.remove(turn)
            if turn.grade <= pool.grade(pool.standing.value):
                continue
            most -= 1
            value = self.hold(turn.trips, beam if turn.trips else None)
            if not np.isfinite(value):
                continue
            if pool.grade(value) < turn.grade:
                asked.append(replace(turn, grade=pool.grade(value)))
                continue
            part = self.part_chosen()
            if not part:
                whole = True
                chosen = np.flatnonzero(self.weight > 0.5).tolist()
                better = pool.take([pool.trips[i] for i in chosen]) or better
            for rank, trip in enumerate(part[:LIKELY]):
                asked.append(Try(turn.grade, turn.others + rank, (*turn.trips, trip)))
        self.hold(())
        return better

    def part_chosen(self) -> list[int]:
        """Trips that the linear programme chooses in part, the largest part first."""
        weight = self.weight
        part = np.flatnonzero((weight > 1e-6) & (weight < 1 - 1e-6)).tolist()
        return sorted(part, key=lambda i: (-round(float(weight[i]), 9), i))

    def rework(self, free: set[int], *, beam: int) -> bool:
        """Plan some host weeks anew while the others keep their trips; whether it got better."""
        pool = self.pool
        kept = [trip for trip in pool.choice if trip.week not in free]
        pool.master.add(kept)
        where = {(trip.week, trip.stops): i for i, trip in enumerate(pool.trips)}
        self.hold([where[trip.week, trip.stops] for trip in kept], beam)
        prices = self.prices
        usable = [
            i
            for i, trip in enumerate(pool.trips)
            if trip.week in free and not self.taken[list(trip.tasks)].any()
        ]
        if len(usable) > 600:
            loss = pool.master.losses(prices)
            usable = sorted(sorted(usable, key=lambda i: (loss[i], i))[:600])
        self.hold(())
        return pool.choose_better(
            kept + [pool.trips[i] for i in usable], seconds=max(self.search.left(), 0.1)
        )

    def enrich(self, share: float, keep: int, most: int = 30_000) -> int:
        """Add trips that nearly pay: those losing at most a share of one priority point."""
        fresh, gap = 0, share * self.pool.weights.priority
        if self.solve() is None:
            return 0
        for number, finder in enumerate(self.finders):
            if self.search.over():
                break
            price = float(self.prices.weeks[number])
            found = finder.search(
                self.gain(number, self.prices), least=price - gap, beam=None, keep=keep, most=most
            )
            fresh += self.pool.master.add([finder.trip(stops) for _profit, stops in found.trips])
        return fresh

    def promising(self, worth: float, most: int = 1500) -> list[Trip]:
        """The known trips that lose least at the present prices: those a plan worth so much can
        hold, and not too many."""
        pool = self.pool
        loss = pool.master.losses(self.prices)
        order = np.argsort(loss, kind="stable")
        order = order[loss[order] <= self.value - worth + TINY * (len(self.finders) + 1)][:most]
        return [pool.trips[i] for i in sorted(order.tolist())]

    def choose(self, worth: float, most: int = 1500, nodes: int = 100) -> None:
        """Look for a plan worth so much among the promising trips."""
        pool = self.pool
        trips = self.promising(worth, most)
        pool.choose(
            nodes=nodes if len(trips) > FEW else 5 * nodes,
            seconds=max(self.search.left(), 0.1),
            trips=trips,
            enough=None if pool.standing.proven else pool.standing.priority_bound,
        )
        self.search.tell("chosen")

    def finish_aims(self) -> None:
        """With priority proven: hold it, solve the linear programme again, close the gap."""
        search, pool = self.search, self.pool
        pool.hold_priority()
        if self.solve() is None:
            return
        for _round in range(ROUNDS):
            if search.over():
                return
            fresh, gap = self.exact_sweep()
            if search.over():
                return
            if fresh and gap > 0.02 * pool.weights.points:
                continue
            fresh = self.exact_round()
            if not fresh or pool.standing.proven_all:
                break
        steps = (
            lambda: self.choose(pool.standing.value, FEW),
            lambda: self.prove_all(most=3000, labels=30_000),
            lambda: self.dive(DIVE_BEAM, most=2 * len(self.finders)),
            lambda: self.choose(pool.standing.value),
            self.prove_all,
        )
        for step in steps:
            if pool.standing.proven_all or search.over():
                return
            step()
            search.tell("aims")

    def enumerate_gap(self, worth: float, most: int, labels: int) -> bool:
        """List every trip that a plan worth at least `worth` could hold, and choose among them.

        A trip of such a plan loses at most the gap between the linear programme and `worth` at the
        present prices. Whether the list was complete and the choice final: then no plan outside it
        is worth that much.
        """
        search, pool = self.search, self.pool
        if self.solve() is None:
            return False
        gap = max(0.0, self.value - worth) + TINY * (len(self.finders) + 1)
        trips: list[Trip] = []
        for number, finder in enumerate(self.finders):
            if search.over():
                return False
            price = float(self.prices.weeks[number])
            found = finder.search(
                self.gain(number, self.prices),
                least=price - gap,
                beam=None,
                keep=most,
                most=labels,
            )
            if not found.complete or len(found.trips) >= most or found.bound > price + 2 * TINY:
                return False
            trips += [finder.trip(stops) for _profit, stops in found.trips]
            if len(trips) > most:
                return False
        return pool.choose(nodes=20_000, seconds=max(search.left(), 0.1), trips=trips)

    def prove_priority(self) -> None:
        """Look at every trip that a plan with one more point of priority could hold, if few."""
        pool = self.pool
        standing = pool.standing
        if standing.proven:
            return
        before = standing.priority
        worth = pool.worth_of(before + 1)
        if self.enumerate_gap(worth, most=20_000, labels=30_000):
            standing.priority_bound = int(round(standing.priority))

    def prove_all(self, most: int = 60_000, labels: int = 400_000) -> None:
        """Look at every trip that a plan better in any aim could hold, if not too many."""
        standing = self.pool.standing
        for _round in range(ROUNDS):  # a dive leaves other prices, at which some trip may pay
            if standing.proven_all or self.search.over():
                return
            if not self.exact_round():
                break
        if self.enumerate_gap(standing.value, most, labels):
            standing.value_bound = standing.value
