"""PyVRP on a campaign, as a yardstick: it cannot be told that a journey must not be cut by a night.

The working days follow one another without nights, as minute 840 * day + offset; a host's week is
one vehicle, a request one optional client for each possible day, of which at most one is served.
A prize of 1000 minutes of travel a point puts priority first without weights that are too large for
a heuristic.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

from visits.planning.check import violations
from visits.planning.problem import Mode, Problem
from visits.planning.solution import Leg, PlannedVisit, Solution, Totals

DAY = 840
POINT = 1000
WEEK = 5


@dataclass(frozen=True)
class Answer:
    """What PyVRP placed, and how many of its journeys our checker refuses."""

    priority: int
    visits: int
    broken: int
    seconds: float


def is_installed() -> bool:
    """Whether PyVRP can be used."""
    try:
        import pyvrp  # noqa: F401
    except ImportError:
        return False
    return True


def solve(campaign: dict[str, Any], problem: Problem, seconds: float, seed: int) -> Answer:
    """PyVRP's best plan within so many seconds of CPU."""
    import pyvrp

    began = time.process_time()
    model, requests, hosts = pyvrp.Model(), campaign["requests"], campaign["hosts"]
    matrix = campaign["T"]
    stops = [model.add_location(row["lon"], row["lat"]) for row in requests]
    homes = [model.add_location(host[3], host[2]) for host in hosts]
    every = [*stops, *homes]
    for origin, row in zip(every, matrix, strict=True):
        for target, minutes in zip(every, row, strict=True):
            if origin is not target:
                model.add_edge(origin, target, distance=minutes, duration=minutes)
    clients = []
    for number, row in enumerate(requests):
        group = model.add_client_group(required=False)
        refused = [int(row["only_host"] not in (None, host)) for host in range(len(hosts))]
        for day, (low, high) in row["start_windows"].items():
            model.add_client(
                stops[number],
                delivery=refused,
                service_duration=row["dur"],
                tw_early=DAY * int(day) + low,
                tw_late=DAY * int(day) + high,
                prize=POINT * row["pri"],
                required=False,
                group=group,
            )
            clients.append((number, int(day)))
    weeks = len(campaign["days"]) // WEEK
    vehicles = []
    for host in range(len(hosts)):
        depot = model.add_depot(homes[host])
        capacity = [0 if k == host else 10**6 for k in range(len(hosts))]
        for week in range(weeks):
            model.add_vehicle_type(
                capacity=capacity,
                start_depot=depot,
                end_depot=depot,
                tw_early=DAY * WEEK * week,
                tw_late=DAY * WEEK * (week + 1),
            )
            vehicles.append(host)
    result = model.solve(
        lambda _best: time.process_time() - began > seconds, seed=seed, display=False
    )
    routes = [
        (
            vehicles[route.vehicle_type()],
            [
                (*clients[step.idx], int(step.start_time))
                for step in route.schedule()
                if step.is_client()
            ],
        )
        for route in result.best.routes()
    ]
    plan = solution_of(problem, matrix, routes)
    placed = {(visit.host, visit.task) for visit in plan.visits}
    broken = [text for text in violations(problem, plan) if "does not fit the travel hours" in text]
    return Answer(plan.priority, len(placed), len(broken), time.process_time() - began)


def solution_of(
    problem: Problem, matrix: list[list[int]], routes: list[tuple[int, list[tuple[int, int, int]]]]
) -> Solution:
    """Routes as a plan: each journey on a day that holds it whole, if there is one in time."""
    visits, legs = [], []
    for host, stops in routes:
        home, free, here = len(problem.tasks) + host, None, len(problem.tasks) + host
        week = stops[0][2] // (DAY * WEEK)
        for number, _day, start in stops:
            depart = departure(matrix[here][number], free, start, week)
            legs.append(_leg(problem, host, here, number, depart, matrix[here][number]))
            task = problem.tasks[number]
            begin = moment(problem, start)
            visits.append(
                PlannedVisit(
                    task.ref,
                    None,
                    task.label,
                    task.requests,
                    problem.hosts[host].ref,
                    Mode.ON_SITE,
                    task.place,
                    begin,
                    begin + timedelta(minutes=task.duration),
                    task.place.zone,
                    task.priority,
                )
            )
            here, free = number, start + task.duration
        depart = departure(matrix[here][home], free, DAY * WEEK * (week + 1), week)
        legs.append(_leg(problem, host, here, home, depart, matrix[here][home]))
    return Solution(
        visits=tuple(visits),
        legs=tuple(leg for leg in legs if leg.minutes),
        unplaced=(),
        risks=(),
        priority=sum(visit.priority for visit in visits),
        kept=0,
        points=0.0,
        bound=None,
        proven=False,
        proven_all=False,
        totals=Totals(),
    )


def departure(minutes: int, free: int | None, due: int, week: int) -> int:
    """When a journey begins that ends by `due`: within one day if that is possible at all."""
    if free is None:
        free = DAY * WEEK * week
    if free % DAY + minutes <= DAY and free + minutes <= due:
        return free
    for day in range(free // DAY + 1, due // DAY + 1):
        if DAY * day + minutes <= due:
            return DAY * day
    return free


def moment(problem: Problem, minute: int) -> datetime:
    """A minute of the axis as a moment."""
    day, offset = divmod(minute, DAY)
    day, offset = (day, offset) if day < len(problem.days) else (day - 1, offset + DAY)
    zone = ZoneInfo(problem.hosts[0].home.zone)
    morning = datetime.combine(problem.days[day], clock(7), tzinfo=zone)
    return morning.astimezone(UTC) + timedelta(minutes=offset)


def _leg(problem: Problem, host: int, here: int, there: int, depart: int, minutes: int) -> Leg:
    places = [*(task.place for task in problem.tasks), *(row.home for row in problem.hosts)]
    begin = moment(problem, depart)
    return Leg(
        problem.hosts[host].ref,
        places[here],
        places[there],
        "drive",
        begin,
        begin + timedelta(minutes=minutes),
        minutes,
        0.0,
        0.0,
        0.0,
        True,
    )
