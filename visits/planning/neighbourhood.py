"""Improving a plan whose priority is not proven: diving, then freeing a few host weeks at a time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .choose import Pool
from .columns import Columns

if TYPE_CHECKING:
    from .search import Search

DIVE_BEAM = 150
REWORK_BEAM = 120
REWORKS_PER_WEEK = 10


def improve(search: Search, pool: Pool, columns: Columns) -> None:
    """Dive, then search neighbourhoods, until priority is proven or the counts are used up."""
    columns.dive(DIVE_BEAM)
    search.tell("dived")
    weeks = len(pool.finders)
    if weeks < 2:
        return
    rng = random.Random(search.limits.seed)
    idle, most = 0, int(REWORKS_PER_WEEK * weeks * search.limits.effort)
    for _turn in range(most):
        if search.over() or pool.standing.proven or idle > 3 * weeks:
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
        week for week in weeks
        if week.number != first.number
        and (week.host == first.host or week.days[0] == first.days[0])
    ] or [week for week in weeks if week.number != first.number]
    chosen = rng.sample(rivals, min(count - 1, len(rivals)))
    return {first.number, *(week.number for week in chosen)}
