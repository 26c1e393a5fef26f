"""Strikes and storms in a host's week: which journeys they stop on which day, and the way round.

A disruption counts for the whole of each travel day it touches: nobody should plan to land an hour
before a strike begins. A stopped journey may be made on another day as usual; where no other day
will do, it is made by other means, as `Problem.detours` knows them, within one day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from visits.late import np

from .problem import Problem, TravelDisruption
from .spans import minute_of
from .travel import MODES, TravelTable


@dataclass(frozen=True)
class Struck:
    """`days[d, i, j]` tells that the usual journey from place i to j is stopped on travel day d;
    `table` holds the journeys by other means, with minutes < 0 where there are none.
    """

    days: np.ndarray
    table: TravelTable

    def between(
        self, usual: TravelTable, here: int, target: int, *, detour: bool | None = None
    ) -> np.ndarray:
        """Minutes of the journey on each day, < 0 where there is none: as usual on free days, by
        other means (`detour`) on struck ones, or (None) whichever there is.
        """
        stopped = self.days[:, here, target]
        as_usual = -1 if detour else usual.minutes[here, target]
        otherwise = -1 if detour is False else self.table.minutes[here, target]
        return np.where(stopped, otherwise, as_usual)


def struck_in(problem: Problem, hours: np.ndarray) -> Struck | None:
    """What the disruptions stop in a week with these travel hours (days, 2), in UTC minutes."""
    touching = [
        (row, days)
        for row in problem.disruptions
        if (days := _days_touched(row, hours)).any() and _rows(problem, row).any()
    ]
    if not touching:
        return None
    usual = problem.travel
    days = np.zeros((len(hours), len(usual.places), len(usual.places)), dtype=bool)
    avoided = np.zeros((len(usual.places), len(usual.places), len(MODES)), dtype=bool)
    for row, on in touching:
        here = _rows(problem, row)
        pairs = here[:, None] | here[None, :]
        modes = _modes(row)
        avoided[pairs] |= modes
        days[on] |= pairs & modes[usual.mode]
    return Struck(days, _round(problem, np.logical_or.reduce(days, axis=0), avoided))


def _days_touched(row: TravelDisruption, hours: np.ndarray) -> np.ndarray:
    return (minute_of(row.start) < hours[:, 1]) & (minute_of(row.end) > hours[:, 0])


def _rows(problem: Problem, row: TravelDisruption) -> np.ndarray:
    return np.array([place in row.places for place in problem.travel.places], dtype=bool)


def _modes(row: TravelDisruption) -> np.ndarray:
    """By mode whether the disruption stops it; to stay where one is always works."""
    stopped = np.array([not row.modes or mode in row.modes for mode in MODES])
    stopped[MODES.index("stay")] = False
    return stopped


def _round(problem: Problem, pairs: np.ndarray, avoided: np.ndarray) -> TravelTable:
    """For each struck pair the quickest known journey by means that no disruption stops."""
    best = replace(problem.travel, minutes=np.full_like(problem.travel.minutes, -1))
    columns = {
        name: getattr(best, name).copy()
        for name in ("minutes", "cost", "co2", "km", "mode", "estimated")
    }
    for table in problem.detours:
        allowed = ~np.take_along_axis(avoided, table.mode[:, :, None].astype(np.int64), axis=2)
        quicker = (columns["minutes"] < 0) | (table.minutes < columns["minutes"])
        take = pairs & allowed[:, :, 0] & (table.minutes >= 0) & quicker
        for name, column in columns.items():
            column[take] = getattr(table, name)[take]
    return replace(best, **columns, splittable=np.zeros_like(best.splittable))
