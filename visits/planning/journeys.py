"""The journeys of hosts whose visits stand as they are, with nothing left to search."""

from __future__ import annotations

from dataclasses import replace

from .itinerary import Storyteller
from .links import travel_weights
from .problem import Problem
from .solution import Leg
from .travel import TravelTable
from .trips import finder_of, memories_of, planning_finder_of, task_distances
from .weeks import WeekBuilder


def journeys_of_facts(problem: Problem) -> tuple[Leg, ...]:
    """Every journey between the fixed visits of a problem and the hosts' homes, in order of time.

    Tasks are left out. A visit out of reach is travelled to all the same, unless a long absence is
    in its week; either way its leg says how many minutes are missing.
    """
    bare = replace(problem, tasks=(), published=())
    table: TravelTable = bare.travel
    weights, step = travel_weights(table), bare.rules.start_grid
    memories, teller = memories_of(task_distances(bare)), Storyteller(bare)
    legs: list[Leg] = []
    for week in WeekBuilder(bare).build():
        finder = finder_of(week, table, weights, step, memories)
        if week.broken and week.is_long_absence.any():
            finder = planning_finder_of(finder, table, weights, bare.rules, memories)
        for trip in finder.base_trips():
            starts = finder.starts(trip.stops)
            if starts is not None:
                legs += teller.tell(finder, trip.stops, starts)[1]
    return tuple(sorted(legs, key=lambda leg: (leg.depart, leg.arrive)))
