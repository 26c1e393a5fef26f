"""The planner against trying everything, on weeks small enough for that."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visits.planning.problem import Host, Limits, Problem, Task
from visits.planning.search import solve

from .campaigns import MONDAYS, PLACES, TABLE, place, working_days

QUARTER = timedelta(minutes=15)


def utc(day, hour, zone):
    return datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def arrival(free, origin, target, days, home):
    """When a host who is free at `free` can be at `target`; None when not on these days."""
    i, j = TABLE.index[origin], TABLE.index[target]
    length = timedelta(minutes=int(TABLE.minutes[i, j]))
    zones = {PLACES[name][2] for name in (origin, target, home)}
    left = None
    for day in days:
        begin, end = max(utc(day, 7, z) for z in zones), min(utc(day, 21, z) for z in zones)
        depart = max(free, begin)
        if left is not None:
            if begin + left <= end:
                return begin + left
            left -= end - begin
        elif depart + length <= end:
            return depart + length
        elif TABLE.splittable[i, j] and depart < end:
            left = length - (end - depart)
    return None


def best_priority(problem):
    """The most priority one host can place in one week, by trying every order on every day."""
    host, days = problem.hosts[0], problem.days
    home, best = host.home.ref, 0
    full = len(days) == 5

    def on_grid(moment):
        late = (moment - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER
        return moment if not late else moment + QUARTER - late

    def go(here, free, first_day, used, done, total):
        nonlocal best
        if arrival(free, here, home, days, home) is not None or here == home:
            best = max(best, total)
        for task in problem.tasks:
            if task.ref in done:
                continue
            there = here if here == task.place.ref else None
            for day in days[first_day:]:
                if day in task.closed:
                    continue
                zone = task.place.zone
                opens = utc(day, 9, zone)
                latest = utc(day, 17, zone) - timedelta(minutes=task.duration)
                start = max(opens, free) if there else None
                if start is None:
                    arrived = arrival(free, here, task.place.ref, days, home)
                    if arrived is None:
                        continue
                    the_evening_before = arrived.astimezone(ZoneInfo(zone)).date() < day
                    start = (
                        opens if the_evening_before else max(opens, arrived + timedelta(minutes=90))
                    )
                start = on_grid(start)
                days_used = used | {day}
                if start > latest or (full and len(days_used) == 5):
                    continue
                go(
                    task.place.ref,
                    start + timedelta(minutes=task.duration + 30),
                    days.index(day),
                    days_used,
                    done | {task.ref},
                    total + task.priority,
                )

    go(home, utc(days[0], 7, host.home.zone), 0, frozenset(), frozenset(), 0)
    return best


@st.composite
def small_weeks(draw):
    days = working_days(draw(st.sampled_from(MONDAYS)), 1, draw(st.integers(0, 3)))
    home = draw(st.sampled_from(["Oslo", "Lisbon", "Athens", "Ghent"]))
    count = draw(st.integers(1, 5))
    names = st.sampled_from(sorted(PLACES))
    tasks = []
    for number in range(count):
        name = draw(names)
        closed = draw(st.lists(st.sampled_from(days), max_size=3, unique=True))
        tasks.append(
            Task(
                f"R{number}",
                f"{name} {number}",
                place(name),
                draw(st.sampled_from([120, 180, 240, 360])),
                priority=draw(st.integers(1, 5)),
                closed=dict.fromkeys(closed, "closed"),
            )
        )
    return Problem(days, (Host("H", "Host", place(home)),), tuple(tasks), TABLE)


@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(small_weeks())
def test_priority_equals_that_of_trying_everything(problem):
    solution = solve(problem, Limits(seconds=10), with_reasons=False)
    best = best_priority(problem)
    assert (solution.priority, solution.bound, solution.proven) == (best, best, True)
