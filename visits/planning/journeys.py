"""The journeys of hosts whose visits stand as they are, with nothing left to search."""

from __future__ import annotations

from dataclasses import replace

from .itinerary import Storyteller
from .links import travel_weights
from .problem import Problem
from .solution import Leg
from .travel import TravelTable
from .trips import finder_of, memories_of, task_distances
from .weeks import WeekBuilder


def journeys_of_facts(problem: Problem) -> tuple[Leg, ...]:
    """Every journey between the fixed visits of a problem and the hosts' homes, in order of time.

    Tasks are left out. A visit out of reach is travelled to all the same, unless a long absence is
    in its week, or a strike or storm that stops one of its journeys; either way its leg says how
    many minutes are missing.
    """
    bare = replace(problem, tasks=(), published=())
    table: TravelTable = bare.travel
    weights, rules = travel_weights(table), bare.rules
    memories, teller = memories_of(task_distances(bare)), Storyteller(bare)
    legs: list[Leg] = []
    for week in WeekBuilder(bare).build():
        late = not (week.is_long_absence.any() or week.is_struck)
        finder = finder_of(week, table, weights, rules, memories, sets_out_late=late)
        for trip in finder.base_trips():
            starts = finder.starts(trip.stops)
            if starts is not None:
                _visits, made, unmade = teller.tell(finder, trip.stops, starts)
                legs += [*made, *unmade]
    return tuple(sorted(legs, key=lambda leg: (leg.depart, leg.arrive)))
