"""Improving a plan whose priority is not proven: diving, near-paying trips, freed host weeks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .choose import Pool
from .columns import Columns

if TYPE_CHECKING:
    from .search import Search

REWORK_BEAM = 120
REWORKS_PER_WEEK = 4
# Share of a priority point a trip may lose, most trips a week, most in the choice, its nodes.
STEPS = ((0.05, 300, 2000, 60), (0.15, 400, 4000, 100), (0.4, 400, 5000, 200))


def improve(search: Search, pool: Pool, columns: Columns) -> None:
    """Alternate dives, choices among near-paying trips and reworked weeks until priority is proven
    or the counts are used up."""
    rng = random.Random(search.limits.seed)
    columns.prove_priority()
    if pool.standing.proven:
        return
    for share, keep, most, nodes in STEPS:
        rework_weeks(search, pool, columns, rng)
        if search.over() or pool.standing.proven:
            return
        columns.enrich(share, keep)
        columns.choose(pool.worth_of(pool.standing.priority + 1), most, nodes)
        if search.over() or pool.standing.proven:
            return
    rework_weeks(search, pool, columns, rng, 2)


def rework_weeks(
    search: Search, pool: Pool, columns: Columns, rng: random.Random, times: int = 1
) -> None:
    """Free a few host weeks at a time and plan them anew, as long as it helps."""
    weeks = len(pool.finders)
    turns = times * int(REWORKS_PER_WEEK * weeks * search.limits.effort)
    if weeks < 2:
        return
    idle = 0
    for _turn in range(turns):
        if search.over() or pool.standing.proven or idle > 2 * weeks:
            return
        free = neighbours(rng, pool, 2 if idle < weeks else 3)
        if columns.rework(free, beam=REWORK_BEAM):
            idle = 0
            search.tell("reworked")
        else:
            idle += 1


def neighbours(rng: random.Random, pool: Pool, count: int) -> set[int]:
    """A host week and some that compete with it: of the same calendar week, or of the same host."""
    weeks = [finder.week for finder in pool.finders]
    first = rng.choice(weeks)
    rivals = [
        week
        for week in weeks
        if week.number != first.number
        and (week.host == first.host or week.days[0] == first.days[0])
    ] or [week for week in weeks if week.number != first.number]
    chosen = rng.sample(rivals, min(count - 1, len(rivals)))
    return {first.number, *(week.number for week in chosen)}
