"""A trip's stops as visits and journeys with clock times, and the sums of its journeys.

The search only needs earliest times. Here each journey gets a departure a host would choose: from
home as late as is safe, from elsewhere right after the visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from visits.late import np

from .facts import absence_over, least_buffer, missing_minutes, where_agreed
from .obstacles import journey_obstacle, places_by_number
from .preferences import worth_of
from .problem import Place, Problem
from .solution import Leg, PlannedVisit, Reason, Totals
from .spans import local_day, moment_of, zone_of
from .travel import MODES, TravelTable
from .trips import TripFinder
from .weeks import Fact, HostWeek

EVENING = 120


class Storyteller:
    """Turns trips of one problem into visits and legs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.places = places_by_number(problem)

    def tell(
        self, finder: TripFinder, stops: Sequence[int], starts: Sequence[float]
    ) -> tuple[list[PlannedVisit], list[Leg], list[Leg]]:
        """Visits and legs of one trip, and the legs that cannot be made, each in the order of time.

        The way home is made all the same; one that comes too late says how many minutes lack.
        """
        week = finder.week
        visits = [
            visit
            for stop, start in zip(stops, starts, strict=True)
            if (visit := self._visit(week, stop, start)) is not None
        ]
        legs: list[Leg] = []
        unmade: list[Leg] = []
        k, free, here = week.size, week.ready, week.start_place
        for position, stop in enumerate([*stops, -1]):
            target = week.home if stop < 0 else int(week.place[stop])
            start = None if stop < 0 else starts[position]
            broken = (k, stop) in week.broken
            after_missed = k < week.size and int(week.fact[k]) in week.missed
            is_missed = stop >= 0 and int(week.fact[stop]) in week.missed
            if here != target:
                leg = self._leg(finder, k, stop, here, free, start)
                is_homeward = target == week.home and (stop < 0 or not week.on_site[stop])
                (legs if is_homeward or not leg.missing_minutes else unmade).append(leg)
            if is_missed:
                unmade.append(self._missed(week, k, stop, free, _held_next(week, stops[position:])))
            elif here == target and not after_missed and broken and stop >= 0:
                missing = missing_minutes(week, self.problem.travel, k, stop, free)
                if missing:
                    unmade.append(self._overlap(week, k, here, starts[position], missing, stop))
            if start is not None:
                k, free, here = stop, start + float(week.service[stop]), target
        return visits, legs, unmade

    def _visit(self, week: HostWeek, stop: int, start: float) -> PlannedVisit | None:
        problem, host = self.problem, self.problem.hosts[week.host]
        begin = int(week.origin + start)
        fact = week.facts[week.fact[stop]] if week.fact[stop] >= 0 else None
        if fact is not None and fact.visit is not None:
            row = fact.visit
            return PlannedVisit(
                None,
                row.ref,
                row.label,
                row.requests,
                host.ref,
                row.mode,
                row.place,
                row.start,
                row.end,
                row.place.zone,
                row.priority,
                missed=int(week.fact[stop]) in week.missed,
            )
        if fact is not None and fact.task is None:
            return None
        task = problem.tasks[int(week.task[stop])]
        worth = worth_of(problem, task, local_day(task.place.zone, begin), begin)
        return PlannedVisit(
            task.ref,
            None,
            task.label,
            task.requests or (task.ref,),
            host.ref,
            task.mode,
            task.place,
            moment_of(begin),
            moment_of(begin + task.duration),
            task.place.zone,
            task.priority,
            worth.points,
            bool(week.kept[stop]),
        )

    def past_visits(self, held: set[str | None]) -> list[PlannedVisit]:
        """Fixed visits that no trip holds any more: those before the host's present position."""
        return [
            PlannedVisit(
                None,
                row.ref,
                row.label,
                row.requests,
                row.host,
                row.mode,
                row.place,
                row.start,
                row.end,
                row.place.zone,
                row.priority,
            )
            for row in self.problem.fixed
            if row.ref not in held
        ]

    def _hours(self, week: HostWeek, here: int, target: int) -> tuple[np.ndarray, np.ndarray]:
        zones = week.zone_of_place[[week.home, here, target]]
        return week.day_from[zones].max(axis=0), week.day_to[zones].min(axis=0)

    def _leg(
        self, finder: TripFinder, k: int, stop: int, here: int, free: float, start: float | None
    ) -> Leg:
        week, usual = finder.week, self.problem.travel
        target = week.home if stop < 0 else int(week.place[stop])
        detour = finder.links.is_detour(k, stop)
        table = week.struck.table if detour and week.struck is not None else usual
        taus = week.minutes_by_day(usual, here, target, detour=detour)
        tau, split = int(table.minutes[here, target]), bool(table.splittable[here, target])
        begin, finish = self._hours(week, here, target)
        missing, short, times = 0, None, None
        buffer = least_buffer(week, stop, self.problem.rules)
        if (k, stop) not in week.broken:
            if start is not None and here == week.home:
                times = self._late(week, stop, taus, begin, finish, free, start)
            if times is None:
                times = self._soon(taus, begin, finish, free, split)
        elif start is not None and week.on_site[stop]:
            times = self._soon(taus, begin, finish, free, split)
            if times is not None and times[1] + buffer > start:
                times = None
            elif times is not None:
                short = int(start - times[1])
        if times is None:
            missing = max(1, missing_minutes(week, usual, k, stop, free, buffer=buffer))
            times = self._soon(taus, begin, finish, free, split) or (free, free + max(tau, 0))
        depart, arrive = times
        leg = self._travelled(week, table, (here, target), times)
        leg = replace(
            leg, split=arrive - depart > tau >= 0 and not missing, missing_minutes=missing
        )
        if short is not None:
            return replace(leg, risk=self._short_landing(week, stop, short))
        return replace(leg, risk=self._risk(week, k, stop, free)) if missing else leg

    def _missed(self, week: HostWeek, k: int, stop: int, free: float, following: int) -> Leg:
        """The journey to a visit that the host cannot come to, or cannot leave in time for the
        `following` stop (home: -1), and so does not set out on."""
        table, rules = self.problem.travel, self.problem.rules
        held = where_agreed(week, np.array([stop]), rules)
        here, target = held.place_of(k), held.place_of(stop)
        tau, split = int(table.minutes[here, target]), bool(table.splittable[here, target])
        begin, finish = self._hours(week, here, target)
        taus = week.minutes_by_day(table, here, target)
        times = self._soon(taus, begin, finish, free, split) or (free, free + max(tau, 0))
        least = least_buffer(held, stop, rules)
        missing = missing_minutes(held, table, k, stop, free, buffer=least)
        over = absence_over(week, int(week.fact[stop]))
        if over is not None:
            own = week.facts[week.fact[stop]]
            why = self._at_once(self.problem.hosts[week.host].name, (week.facts[over], own))
        elif missing > 0:
            why = self._why_not_there(held, k, stop, free)
        else:
            why = self._not_both(held, stop, following)
        leg = self._travelled(week, table, (here, target), times)
        return replace(leg, missing_minutes=max(1, missing), risk=why, is_missed=True)

    def _travelled(
        self,
        week: HostWeek,
        table: TravelTable,
        way: tuple[int, int],
        times: tuple[float, float],
    ) -> Leg:
        """A journey of the host, by the numbers of its two places, at these minutes of the week."""
        here, target = way
        return Leg(
            self.problem.hosts[week.host].ref,
            self.places[here],
            self.places[target],
            MODES[int(table.mode[way])],
            moment_of(week.origin + times[0]),
            moment_of(week.origin + times[1]),
            int(table.minutes[way]),
            float(table.km[way]),
            float(table.cost[way]),
            float(table.co2[way]),
            bool(table.estimated[way]),
        )

    def _why_not_there(self, week: HostWeek, k: int, stop: int, free: float) -> Reason:
        """What keeps the host from a visit: an absence right before it, or the journey."""
        host = self.problem.hosts[week.host].name
        own = week.facts[week.fact[stop]]
        before = week.facts[week.fact[k]] if k < week.size and week.fact[k] >= 0 else None
        absence = before and self._absence_until(week, before.ready)
        if absence is None:
            return self._risk(week, k, stop, free)
        way = week.place_of(k), week.place_of(stop)
        here, target = self.places[way[0]], self.places[way[1]]
        values = {
            "host": host,
            "absence": absence.label,
            "until": moment_of(absence.end),
            "until_zone": self.problem.hosts[week.host].home.zone,
            "origin": here.name,
            "destination": target.name,
            "label": own.label,
            "journey": int(self.problem.travel.minutes[way]),
        }
        text = (
            f"{host} is away until {values['until']:%-d %B %H:%M} UTC ({absence.label}) and then "
            f"cannot be at {own.label} in time; the journey from {here.name} takes "
            f"{values['journey']} minutes."
        )
        return Reason("absent_before", text, values)

    def _not_both(self, week: HostWeek, stop: int, following: int) -> Reason:
        """That from a visit, which could be reached, the host cannot be at another one in time."""
        host, own = self.problem.hosts[week.host].name, week.facts[week.fact[stop]]
        here, target = week.place_of(stop), week.home if following < 0 else week.place_of(following)
        other = (
            self.places[target].name
            if following < 0
            else _fact_name(week.facts[week.fact[following]])
        )
        values = {
            "host": host,
            "label": own.label,
            "other": other,
            "origin": self.places[here].name,
            "destination": self.places[target].name,
            "journey": int(self.problem.travel.minutes[here, target]),
        }
        text = (
            f"{host} cannot be both at {own.label} and at {other}: the journey from "
            f"{values['origin']} to {values['destination']} takes {values['journey']} minutes."
        )
        return Reason("not_both", text, values)

    def _absence_until(self, week: HostWeek, ready: int) -> Fact | None:
        """The absence that keeps a host busy until then, if one does."""
        return next(
            (
                fact
                for fact in week.facts
                if fact.visit is None and fact.task is None and fact.end == ready
            ),
            None,
        )

    def _short_landing(self, week: HostWeek, stop: int, minutes: int) -> Reason:
        """A visit that stands is reached in time, but later than a new one might be."""
        host, asked = self.problem.hosts[week.host].name, self.problem.rules.arrival_buffer
        label = week.facts[week.fact[stop]].label
        return Reason(
            "lands_short",
            f"{host} arrives {minutes} minutes before {label}; the rule asks for {asked}.",
            {"host": host, "minutes": minutes, "label": label, "asked": asked},
        )

    def _risk(self, week: HostWeek, k: int, stop: int, free: float) -> Reason:
        """Why a journey between facts cannot be made in time."""
        label = week.facts[week.fact[stop]].label if stop >= 0 and week.fact[stop] >= 0 else ""
        return journey_obstacle(
            self.problem,
            week,
            k,
            stop,
            free,
            places=self.places,
            label=label,
            buffer=least_buffer(week, stop, self.problem.rules),
        )

    def _overlap(
        self, week: HostWeek, k: int, here: int, start: float, missing: int, stop: int
    ) -> Leg:
        """Two facts of one place that leave no time between them."""
        place = self.places[here]
        moment = moment_of(week.origin + start)
        return Leg(
            self.problem.hosts[week.host].ref,
            place,
            place,
            "stay",
            moment,
            moment,
            0,
            0.0,
            0.0,
            0.0,
            False,
            False,
            missing,
            self._both_at_once(week, k, stop, place),
        )

    def _both_at_once(self, week: HostWeek, k: int, stop: int, place: Place) -> Reason:
        """Two facts of one place share a time: an absence and a visit, or two visits."""
        host = self.problem.hosts[week.host].name
        ends = [end for end in (k, stop) if end < week.size and week.fact[end] >= 0]
        facts = [week.facts[week.fact[end]] for end in ends]
        return self._at_once(host, facts, place.name)

    def _at_once(self, host: str, facts: Sequence[Fact], unnamed: str = "") -> Reason:
        """That some facts share a time; what is to be said where there is no name for them."""
        both = " and ".join(map(_fact_name, facts)) or unnamed
        return Reason(
            "at_the_same_time",
            f"{host} has at the same time: {both}.",
            {"host": host, "other": both},
        )

    def _soon(
        self, taus: np.ndarray, begin: np.ndarray, finish: np.ndarray, free: float, split: bool
    ) -> tuple[float, float] | None:
        """Earliest journey: on the day the host is free, else from the next morning."""
        days = [day for day in range(len(begin)) if finish[day] >= free or day == len(begin) - 1]
        for day in days:
            tau = float(taus[day])
            if tau < 0:
                continue
            depart = max(free, begin[day])
            if depart + tau <= finish[day]:
                return depart, depart + tau
            if split and depart < finish[day]:
                left = tau - (finish[day] - depart)
                for later in range(day + 1, len(begin)):
                    if left <= finish[later] - begin[later]:
                        return depart, begin[later] + left
                    left -= finish[later] - begin[later]
                return None
        return None

    def _late(
        self,
        week: HostWeek,
        stop: int,
        taus: np.ndarray,
        begin: np.ndarray,
        finish: np.ndarray,
        free: float,
        start: float,
    ) -> tuple[float, float] | None:
        """Latest sensible journey from home: the same morning, else the afternoon before."""
        due = start - float(week.buffer[stop])
        for day in range(int(week.day_in[stop]), -1, -1):
            tau = float(taus[day])
            if tau < 0:
                continue
            latest = min(due - tau, finish[day] - tau)
            if day < week.day_in[stop]:
                latest = max(min(latest, finish[day] - EVENING - tau), begin[day], free)
                latest = min(latest, finish[day] - tau)
            depart = np.floor(latest / 5) * 5 if latest >= begin[day] + 5 else latest
            depart = max(depart, begin[day], free)
            if depart <= latest + 1e-6:
                return float(depart), float(depart + tau)
        return None


def _held_next(week: HostWeek, stops: Sequence[int]) -> int:
    """The first of these stops that the host goes to as to a fact; -1 when only home is left."""
    for stop in stops:
        fact = int(week.fact[stop])
        if fact >= 0 and fact not in week.missed:
            return stop
    return -1


def _fact_name(fact: Fact) -> str:
    return fact.label if fact.visit or fact.task is not None else f"an absence ({fact.label})"


def totals_of(problem: Problem, legs: Sequence[Leg]) -> Totals:
    """Sums over legs; a night away is a midnight of the home zone not spent at home."""
    nights = 0
    for host in problem.hosts:
        own = [leg for leg in legs if leg.host == host.ref]
        own.sort(key=lambda leg: leg.depart)
        left = None
        if own and own[0].origin.ref != host.home.ref:
            left = own[0].depart
        for leg in own:
            if leg.origin.ref == host.home.ref:
                left = leg.depart
            if leg.destination.ref == host.home.ref and left is not None:
                nights += _midnights(host.home.zone, left, leg.arrive)
                left = None
    return Totals(
        sum(leg.minutes for leg in legs),
        round(sum(leg.km for leg in legs), 1),
        round(sum(leg.cost for leg in legs), 2),
        round(sum(leg.co2 for leg in legs), 1),
        nights,
    )


def _midnights(zone: str, left: datetime, back: datetime) -> int:
    days = back.astimezone(zone_of(zone)).date() - left.astimezone(zone_of(zone)).date()
    return days // timedelta(days=1)
