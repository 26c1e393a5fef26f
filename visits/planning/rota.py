"""Which days of a week may hold on-site visits: days in a row, and the office day.

The days used so far are folded into the smallest number of states that still tell what is allowed
later; a label of the search then carries one small number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from visits.late import np

REFUSED = -1
MOST_SETS = 8


@dataclass(frozen=True)
class Widest:
    """Sets of days as bits, and `within[state, set]`: whether a state has used days of it alone."""

    sets: tuple[int, ...]
    within: np.ndarray


def longest_run(mask: int, gaps: tuple[bool, ...]) -> int:
    """Longest run of set days; `gaps[d]` says that day d does not follow day d - 1 directly."""
    best = run = 0
    for day, gap in enumerate(gaps):
        run = 0 if not mask >> day & 1 else (1 if gap else run + 1)
        best = max(best, run)
    return best


def allowed_days(
    mask: int, *, days: tuple[date, ...], base: int, in_a_row: int | None, office_day: bool
) -> bool:
    """Whether on-site visits on the days of `mask` keep the rules, measured against the facts."""
    gaps = _gaps(days)
    weekdays = sum(1 << i for i, day in enumerate(days) if day.weekday() < 5)
    if office_day and mask & weekdays == weekdays and base & weekdays != weekdays:
        return False
    if in_a_row is None:
        return True
    return longest_run(mask, gaps) <= max(in_a_row, longest_run(base, gaps))


def _gaps(days: tuple[date, ...]) -> tuple[bool, ...]:
    return tuple(i == 0 or (day - days[i - 1]).days != 1 for i, day in enumerate(days))


@lru_cache(maxsize=512)
def rota(
    days: tuple[date, ...], base: int, in_a_row: int | None, office_day: bool
) -> tuple[int, np.ndarray]:
    """The first state and the table next_state[state, day] (REFUSED when not allowed)."""
    count = len(days)

    def good(mask: int) -> bool:
        return allowed_days(mask, days=days, base=base, in_a_row=in_a_row, office_day=office_day)

    if all(good(base | mask) for mask in range(1 << count)):
        return 0, np.zeros((1, count), dtype=np.int8)
    masks = sorted({base | mask for mask in range(1 << count) if good(base | mask)} | {base})
    state = {mask: i for i, mask in enumerate(masks)}
    table = np.full((len(masks), count), REFUSED, dtype=np.int16)
    for mask in masks:
        for day in range(count):
            table[state[mask], day] = state.get(mask | 1 << day, REFUSED)
    return state[base], table


@lru_cache(maxsize=512)
def widest(days: tuple[date, ...], base: int, in_a_row: int | None, office_day: bool) -> Widest:
    """The largest sets of days that one week may use, and which of them each state may still be in.

    Too many sets are left out in favour of all days, which allows more than the rules do.
    """
    first, table = rota(days, base, in_a_row, office_day)
    states, count = table.shape
    if states == 1:
        return Widest(((1 << count) - 1,), np.ones((1, 1), dtype=bool))

    def good(mask: int) -> bool:
        state = first
        for day in range(count):
            if mask >> day & 1:
                state = int(table[state, day])
                if state == REFUSED:
                    return False
        return True

    masks = [mask for mask in range(1 << count) if good(mask)]
    widest = [mask for mask in masks if not any(mask | other == other != mask for other in masks)]
    if len(widest) > MOST_SETS:
        return Widest(((1 << count) - 1,), np.ones((states, 1), dtype=bool))
    within = np.zeros((states, len(widest)), dtype=bool)
    within[first] = True
    for _turn in range(count):
        for state in range(states):
            for day in range(count):
                following = int(table[state, day])
                if following != REFUSED:
                    within[following] |= within[state] & [bool(m >> day & 1) for m in widest]
    return Widest(tuple(widest), within)
