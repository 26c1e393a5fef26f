"""First plans and bounds of campaigns with very many stops: coarse steps, straight ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visits.late import np

from .choose import Pool
from .columns import KEEP, ROUNDS, TINY, Columns

if TYPE_CHECKING:
    from .search import Search

# Share of the plan's worth that trips left out may add to the bound, growing trips kept.
STEPS = ((0.015, 4_000), (0.005, 20_000))
PLUNGE_BEAM = 60
SLICE = 3  # a plunge holds one in so many of the open weeks at a time


def plan_coarsely(search: Search, pool: Pool, columns: Columns) -> None:
    """Bound the plan in coarse steps, and make a whole plan after each."""
    for share, most in STEPS:
        if search.over() or pool.standing.proven:
            return
        approach(search, columns, share, most)
        plunge(search, pool, columns)
        search.tell("plunged")


def approach(search: Search, columns: Columns, share: float, most: int) -> None:
    """Price exactly, but leave trips out that pay little more than their price.

    They can lift the bound by no more than `share`; of growing trips only the `most` hopeful are
    kept, and the bound allows for the others.
    """
    for _round in range(ROUNDS):
        before = columns.value
        spare = share * before / len(columns.finders)
        fresh = columns.exact_round(KEEP, spare=spare, most=most)
        search.tell("bounded")
        if search.over() or not fresh or columns.value - before < 0.5 * share * before:
            return


def plunge(search: Search, pool: Pool, columns: Columns) -> None:
    """A whole plan straight ahead: hold the likeliest trips, price the open weeks again."""
    held: list[int] = []
    while np.isfinite(columns.hold(held, PLUNGE_BEAM if held else None, sweeps=1)):
        columns.round_off()
        likely = next_to_hold(pool, columns, held)
        if not likely or not columns.part_chosen() or search.over():
            break
        held += likely
    columns.hold(())


def next_to_hold(pool: Pool, columns: Columns, held: list[int]) -> list[int]:
    """Of the trips that the linear programme chooses for open weeks the largest parts that go
    together, for one in SLICE weeks."""
    closed = {pool.trips[i].week for i in held}
    taken = {task for i in held for task in pool.trips[i].tasks}
    room = max(1, (len(columns.finders) - len(closed)) // SLICE)
    chosen: list[int] = []
    order = np.argsort(-np.round(columns.weight, 9), kind="stable")
    for i in order[columns.weight[order] > TINY].tolist():
        trip = pool.trips[i]
        if len(chosen) < room and trip.week not in closed and taken.isdisjoint(trip.tasks):
            chosen.append(i)
            closed.add(trip.week)
            taken.update(trip.tasks)
    return chosen
