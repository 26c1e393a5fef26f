"""Questions about single moves: may this visit go there, where can it go, can it be added.

All answers come from the same links the search uses, with every other visit kept to the minute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .constraints import host_refusal, start_span
from .links import Links, travel_weights
from .obstacles import journey_obstacle, places_by_number
from .preferences import worth_of
from .problem import FixedVisit, Host, Limits, Mode, Problem, ProblemError, Task
from .reasons import on_the_road
from .rota import REFUSED
from .solution import PlannedVisit, Reason, Solution
from .spans import local_day, minute_of, moment_of
from .trips import TripFinder, finder_of, memories_of, task_distances
from .weeks import Fact, HostWeek, WeekBuilder, trip_days

# The ref of a visit while one asks where it could go.
ASKED = "asked"


@dataclass(frozen=True)
class Verdict:
    """What a move breaks and costs. `hard` must be empty for the move to be possible.

    `points` are wish points; `travel_minutes` is how much more the hosts travel than now (None
    when the move cannot be travelled at all).
    """

    hard: tuple[Reason, ...]
    soft: tuple[Reason, ...]
    points: float
    travel_minutes: int | None

    @property
    def possible(self) -> bool:
        """Whether no hard rule is broken."""
        return not self.hard


@dataclass(frozen=True)
class Slot:
    """One start that can really be reached, with its wish points and extra travel minutes."""

    host: str
    start: datetime
    end: datetime
    points: float
    travel_minutes: int


def as_fixed(visits: Iterable[PlannedVisit]) -> tuple[FixedVisit, ...]:
    """Planned visits as facts, to keep them to the minute."""
    return tuple(
        FixedVisit(
            visit.fixed or f"task {visit.task}",
            visit.label,
            visit.host,
            visit.mode,
            visit.place,
            visit.start,
            visit.end,
            visit.priority,
            visit.requests,
            visit.task is None,
        )
        for visit in visits
    )


def task_of(problem: Problem, ref: str) -> Task:
    if ref in problem.task_by_ref:
        return problem.task_by_ref[ref]
    raise ProblemError("unknown_task", "There is no task {ref}.", ref=ref)


def host_of(problem: Problem, ref: str) -> Host:
    for host in problem.hosts:
        if host.ref == ref:
            return host
    raise ProblemError("unknown_host_named", "There is no host {ref}.", ref=ref)


def _week_of(problem: Problem, host: Host, day: date, tasks: Sequence[Task]) -> TripFinder | None:
    """The finder of the host's week around a local date of the place; None when there is none."""
    small = replace(
        problem,
        tasks=tuple(tasks),
        hosts=(host,),
        published=(),
        fixed=tuple(visit for visit in problem.fixed if visit.host == host.ref),
    )
    builder = WeekBuilder(small)
    for days in trip_days(small, host):
        if day in days:
            willing = [(i, t) for i, t in enumerate(small.tasks) if i not in builder.pinned_tasks]
            week = builder.build_week(0, 0, days, willing)
            if week is None:
                return None
            memories = memories_of(task_distances(small), 0)
            weights = travel_weights(problem.travel)
            return finder_of(week, problem.travel, weights, problem.rules, memories)
    return None


def _chain(problem: Problem, host: Host, finder: TripFinder) -> tuple[int, dict[str, Reason]]:
    """Travel minutes of a week of facts alone, and a Reason per journey that lacks time."""
    week = finder.week
    base = finder.base_trips()
    stops = base[0].stops if base else ()
    table, minutes, lacking = problem.travel, 0, {}
    k, free = week.size, week.ready
    for stop in [*stops, -1]:
        here = week.place_of(k)
        target = week.home if stop < 0 else int(week.place[stop])
        if here != target:
            minutes += max(0, int(table.minutes[here, target]))
        if (k, stop) in week.broken:
            reason = _short_of_time(problem, host, week, k, stop, free)
            lacking[reason.text] = reason
        if stop >= 0:
            k, free = stop, float(week.low[stop] + week.service[stop])
    return minutes, lacking


def _short_of_time(
    problem: Problem, host: Host, week: HostWeek, k: int, stop: int, free: float
) -> Reason:
    """Names what keeps a host from being in time: another visit, an absence, or the journey."""
    here = week.place_of(k)
    target = week.home if stop < 0 else int(week.place[stop])
    ends = [week.facts[week.fact[end]] for end in (k, stop) if 0 <= end < week.size]
    asked = [f for f in ends if f.visit is not None and f.visit.ref == ASKED]
    for tour in (f.tour for f in ends if asked and f.tour is not None):
        if asked[0].start < minute_of(tour.end) and minute_of(tour.start) < asked[0].ready:
            return on_the_road(tour, host)
    for fact in ends if asked else ():
        is_apart = fact.ready <= asked[0].start or asked[0].ready <= fact.start
        if is_apart and week.facts.index(fact) in week.missed:
            return _may_have_to_be_at(fact, host)
    if here == target and stop >= 0:
        other = next((f.label for f in ends if f.visit is None or f.visit.ref != ASKED), "")
        text = f"{host.name} is not free then: {other or 'a busy time'}."
        return Reason("visits_overlap", text, {"host": host.name, "other": other})
    label = week.facts[week.fact[stop]].label if stop >= 0 else ""
    alone = replace(problem, hosts=(host,))
    places = places_by_number(alone)
    return journey_obstacle(alone, week, k, stop, free, places=places, label=label)


def _may_have_to_be_at(fact: Fact, host: Host) -> Reason:
    """That an agreed visit, which cannot be reached as things stand, is too near to hold both."""
    text = (
        f"{host.name} may still have to be at {fact.label}, which stands until somebody moves it "
        "or calls it off; the way between the two takes too long."
    )
    return Reason("may_have_to_be", text, {"host": host.name, "label": fact.label})


def verdict(problem: Problem, solution: Solution, task: str, host: str, start: datetime) -> Verdict:
    """What happens when one visit is held by `host` at `start`, all others staying as they are.

    `task` and `host` are refs; the task may be placed or not. Answers at once.
    """
    wanted, leader = task_of(problem, task), host_of(problem, host)
    others = as_fixed(visit for visit in solution.visits if visit.task != task)
    answer = weigh_start(problem, others, wanted, leader, start)
    if answer.travel_minutes is None:
        return answer
    bare = replace(problem, fixed=others, tasks=())
    saved = _saved_elsewhere(problem, solution, bare, task)
    return replace(answer, travel_minutes=answer.travel_minutes + saved)


def weigh_start(
    problem: Problem, fixed: Sequence[FixedVisit], task: Task, host: Host, start: datetime
) -> Verdict:
    """What `host` holding `task` at `start`, on the grid or not, breaks and costs beside `fixed`.

    The counterpart of `reachable_slots`: what is not among its slots has a hard reason here.
    """
    minute = minute_of(start)
    day = local_day(task.place.zone, minute)
    free = replace(task, pin=None)
    hard = [r for r in (host_refusal(free, host),) if r is not None]
    if not hard:
        span = start_span(problem, free, host, day)
        if isinstance(span, Reason):
            hard.append(span)
        elif not span[0] <= minute <= span[1]:
            hard.append(
                Reason(
                    "outside_hours",
                    f"{task.label} could start between "
                    f"{moment_of(span[0]):%H:%M} and {moment_of(span[1]):%H:%M} UTC that day.",
                    {
                        "label": task.label,
                        "earliest": moment_of(span[0]),
                        "latest": moment_of(span[1]),
                        "zone": task.place.zone,
                    },
                )
            )
    worth = worth_of(problem, task, day, minute)
    bare = replace(problem, fixed=tuple(fixed), tasks=())
    held = FixedVisit(
        ASKED,
        task.label,
        host.ref,
        task.mode,
        task.place,
        moment_of(minute),
        moment_of(minute + task.duration),
        agreed=False,
    )
    with_it = replace(bare, fixed=(*bare.fixed, held))
    found = _week_of(with_it, host, _home_day(host, minute), ())
    if found is None:
        hard.append(Reason("week_over", f"The week of {day:%-d %B} is over.", {"day": day}))
        return Verdict(tuple(hard), worth.deductions, worth.points, None)
    after, lacking = _chain(with_it, host, found)
    before, known = _minutes_on(bare, host, _home_day(host, minute))
    hard += [reason for text, reason in lacking.items() if text not in known]
    hard += _rota_reasons(bare, host, found.week, task, minute)
    return Verdict(tuple(hard), worth.deductions, worth.points, after - before)


def _home_day(host: Host, minute: int) -> date:
    day = local_day(host.home.zone, minute)
    return day


def _minutes_on(problem: Problem, host: Host, day: date) -> tuple[int, dict[str, Reason]]:
    found = _week_of(problem, host, day, ())
    if found is None or not found.week.facts:
        return 0, {}
    return _chain(problem, host, found)


def _saved_elsewhere(problem: Problem, solution: Solution, bare: Problem, task: str) -> int:
    """Change of travel where the visit comes from: minutes without it minus minutes with it."""
    old = next((visit for visit in solution.visits if visit.task == task), None)
    if old is None:
        return 0
    host = host_of(problem, old.host)
    day = _home_day(host, minute_of(old.start))
    full = replace(bare, fixed=as_fixed(solution.visits))
    with_it, _known = _minutes_on(full, host, day)
    without, _known = _minutes_on(bare, host, day)
    return without - with_it


def _rota_reasons(
    bare: Problem, host: Host, week: HostWeek, task: Task, minute: int
) -> list[Reason]:
    """Caps that the moved visit breaks in its new week."""
    if task.mode != Mode.ON_SITE:
        return []
    reasons, on = [], _home_day(host, minute)
    finder = _week_of(bare, host, on, (replace(task, pin=None),))
    if finder is None:
        return []
    if finder.room is not None and finder.room < 1:
        reasons.append(
            Reason(
                "cap_reached",
                f"{host.name} already has {host.visits_per_week} visits in the week of "
                f"{on:%-d %B}.",
                {"host": host.name, "cap": host.visits_per_week, "day": on},
            )
        )
    day = week.days.index(on)
    if day < finder.next_state.shape[1] and (finder.next_state[finder.first_state, day] == REFUSED):
        reasons.append(
            Reason(
                "rest_day",
                f"{host.name} needs a day without a visit on site in the week of {on:%-d %B}.",
                {"host": host.name, "day": on},
            )
        )
    return reasons


def reachable_slots(
    problem: Problem,
    fixed: Sequence[FixedVisit],
    task: Task,
    host: Host,
    *,
    days: Collection[date] | None = None,
) -> list[Slot]:
    """Every start (on the grid) at which `host` can really hold `task` beside all of `fixed`.

    `fixed` are all visits and holds that block hosts, as facts; busy times come with the host.
    Travel from the visit before and to the one after, nights, caps and the way home are counted.
    `days` (local dates of the place) narrows the question, so that it is answered sooner.
    """
    if host_refusal(task, host) is not None:
        return []
    if task.pin is not None and task.pin.start is not None:
        free = replace(task, pin=replace(task.pin, start=None))
        slots_then = reachable_slots(problem, fixed, free, host, days=days)
        return [slot for slot in slots_then if slot.start == task.pin.start]
    small = replace(problem, fixed=tuple(fixed), published=(), hosts=(host,), tasks=(task,))
    near = None
    if days is not None:
        near = {day + timedelta(days=step) for day in days for step in (-1, 0, 1)}
    slots: dict[int, Slot] = {}
    for week_days in trip_days(small, host):
        if near is not None and near.isdisjoint(week_days):
            continue
        found = _week_of(small, host, week_days[0], (task,))
        if found is None:
            continue
        for slot in _slots_of(problem, found, task, host):
            if days is not None and local_day(task.place.zone, minute_of(slot.start)) not in days:
                continue
            known = slots.get(minute_of(slot.start))
            if known is None or slot.travel_minutes < known.travel_minutes:
                slots[minute_of(slot.start)] = slot
    return [slots[minute] for minute in sorted(slots)]


def _slots_of(problem: Problem, finder: TripFinder, task: Task, host: Host) -> Iterable[Slot]:
    week, links, step = finder.week, finder.links, problem.rules.start_grid
    reached = _facts_reached(week, links)
    leaving = _facts_left(week, links)
    base = finder.base_trips()
    before_all = finder.trip(base[0].stops).travel if base else 0.0
    for stop in [k for k in range(week.size) if week.fact[k] < 0]:
        if finder.room is not None and finder.room < 1 and week.on_site[stop]:
            continue
        if week.on_site[stop] and (
            finder.next_state[finder.first_state, week.date[stop]] == REFUSED
        ):
            continue
        for start in _starts(week, stop, step):
            costs = []
            for (k, owed), so_far in reached.items():
                first = links.start_at(week, k, stop, week.free_after(k), step)
                still = week.owed_after(k, stop, owed)
                if first is None or first > start or still is None:
                    continue
                ready = start + float(week.service[stop])
                for (following, then), rest in leaving.items():
                    if following < 0:
                        if ready <= links.home_by[stop] and not still:
                            costs.append(so_far + links.cost[k, stop] + links.home_cost[stop])
                    elif (
                        ready <= max(links.early[stop, following], links.late[stop, following])
                        and week.owed_after(stop, following, still) is then
                    ):
                        costs.append(
                            so_far + links.cost[k, stop] + links.cost[stop, following] + rest
                        )
            if costs:
                begin = int(week.origin + start)
                day = local_day(task.place.zone, begin)
                yield Slot(
                    host.ref,
                    moment_of(begin),
                    moment_of(begin + task.duration),
                    worth_of(problem, task, day, begin).points,
                    int(round(float(min(costs)) - before_all)),
                )


def _starts(week: HostWeek, stop: int, step: int) -> Iterable[float]:
    start = float(week.low[stop])
    while start <= week.high[stop]:
        yield start
        start = (start // step + 1) * step


Chains = dict[tuple[int, bool], float]


def _facts_reached(week: HostWeek, links: Links) -> Chains:
    """Fact stops that a chain from the start reaches, each with whether the place is owed a visit
    then (HostWeek.owed_after) and the travel weight so far."""
    reached: Chains = {(week.size, False): 0.0}
    for k in range(len(week.facts)):
        found: Chains = {}
        for stop in (week.fact == k).nonzero()[0].tolist():
            for (before, owed), so_far in reached.items():
                free = week.free_after(before)
                still = week.owed_after(before, stop, owed)
                in_time = free <= max(links.early[before, stop], links.late[before, stop])
                if in_time and still is not None:
                    cost = so_far + float(links.cost[before, stop])
                    found[stop, still] = min(cost, found.get((stop, still), cost))
        reached |= found
    return reached


def _facts_left(week: HostWeek, links: Links) -> Chains:
    """Fact stops from which a chain leads home, each with whether the place is owed a visit at it,
    and the travel weight still to come."""
    left: Chains = {(-1, False): 0.0}
    for k in range(len(week.facts) - 1, -1, -1):
        found: Chains = {}
        for stop in (week.fact == k).nonzero()[0].tolist():
            free = week.free_after(stop)
            for owed in (False, True):
                ways = []
                if free <= links.home_by[stop] and not owed:
                    ways.append(float(links.home_cost[stop]))
                for (after, then), rest in left.items():
                    if (
                        after >= 0
                        and free <= max(links.early[stop, after], links.late[stop, after])
                        and week.owed_after(stop, after, owed) is then
                    ):
                        ways.append(float(links.cost[stop, after]) + rest)
                if ways:
                    found[stop, owed] = min(ways)
        left |= found
    return left


def insert_only(problem: Problem, solution: Solution, task: str) -> Solution:
    """The plan with one more task, no other visit moved; the same plan when it does not fit.

    The best slot wins: wish points first, then least extra travel, then the earliest.
    """
    from .search import solve

    wanted = task_of(problem, task)
    if any(visit.task == task for visit in solution.visits):
        return solution
    held = replace(problem, fixed=as_fixed(solution.visits), tasks=(wanted,), published=())
    answer = solve(held, Limits(seconds=1.0), with_reasons=False)
    return as_before(problem, solution, answer)


def insert_all(problem: Problem, solution: Solution, limits: Limits | None = None) -> Solution:
    """The plan with as many unplaced tasks added as fit, no placed visit moved ("insert only")."""
    from .search import solve

    placed = {visit.task for visit in solution.visits}
    rest = tuple(task for task in problem.tasks if task.ref not in placed)
    held = replace(problem, fixed=as_fixed(solution.visits), tasks=rest, published=())
    answer = solve(held, limits or Limits(seconds=5.0), with_reasons=False)
    return as_before(problem, solution, answer)


def insert_stood(problem: Problem, solution: Solution) -> Solution:
    """The plan with every published visit it has no place for but that fits beside all others.

    A last, exact look: what a search leaves out is never what a person could put in by hand.
    """
    placed = {visit.task for visit in solution.visits}
    left = {row.task for row in problem.published} - placed
    if not left:
        return solution
    asked = replace(
        problem, tasks=tuple(t for t in problem.tasks if t.ref in placed or t.ref in left)
    )
    fuller = insert_all(asked, solution, Limits(seconds=2.0))
    added = {visit.task for visit in fuller.visits} - placed
    if not added:
        return solution
    # The bound speaks of plans that hold as many tasks that come first.
    first = sum(task.comes_first for task in problem.tasks if task.ref in added)
    bound = None if solution.bound is None else solution.bound - problem.first_weight * first
    return replace(fuller, bound=bound, stopped=solution.stopped, rounds=solution.rounds)


def as_before(problem: Problem, solution: Solution, answer: Solution) -> Solution:
    """An answer in which planned visits were held as facts, with their own rows put back."""
    known = {visit.fixed or f"task {visit.task}": visit for visit in solution.visits}
    visits = tuple(known[visit.fixed] if visit.fixed in known else visit for visit in answer.visits)
    placed = {visit.task for visit in visits}
    return replace(
        answer.unproven(),
        visits=visits,
        kept=sum(visit.kept for visit in visits),
        points=sum(visit.points for visit in visits),
        unplaced=tuple(row for row in solution.unplaced if row.task not in placed),
    )


@dataclass(frozen=True)
class Forced:
    """The best plan when one task must be in it, against the plan without that demand."""

    solution: Solution
    priority_before: int
    priority_after: int
    moved: tuple[str, ...]
    dropped: tuple[str, ...]


def what_if(
    problem: Problem, solution: Solution, task: str, limits: Limits | None = None
) -> Forced:
    """Force one task into the plan and solve again: the exact price of saying yes.

    Raises ProblemError when the task cannot be held at all.
    """
    from .search import solve

    wanted = task_of(problem, task)
    heavy = sum(row.priority for row in problem.tasks) + 1
    forced = replace(
        problem,
        tasks=tuple(
            replace(row, priority=row.priority + heavy) if row.ref == task else row
            for row in problem.tasks
        ),
    )
    answer = solve(forced, limits, with_reasons=False)
    if all(visit.task != task for visit in answer.visits):
        raise ProblemError("cannot_be_held", "{label} cannot be held at all.", label=wanted.label)
    visits = tuple(
        replace(visit, priority=wanted.priority) if visit.task == task else visit
        for visit in answer.visits
    )
    after = {visit.task: (visit.host, visit.start) for visit in visits if visit.task}
    before = {visit.task: (visit.host, visit.start) for visit in solution.visits if visit.task}
    priority = sum(visit.priority for visit in visits)
    return Forced(
        replace(answer, visits=visits, priority=priority, bound=None),
        solution.priority,
        priority,
        tuple(sorted(ref for ref in before if ref in after and before[ref] != after[ref])),
        tuple(sorted(ref for ref in before if ref not in after)),
    )
