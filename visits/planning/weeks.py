"""Host weeks: a host's calendar week as numbered stops with windows, facts and travel days.

A stop is one way to hold a task (or a fact) in the week: a place, a window of starts and a date.
Times inside a week are minutes after its first travel day begins, as floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from visits.late import np

from .constraints import host_refusal, start_span, window_of
from .detours import Struck, struck_in
from .preferences import worth_by_part, worth_of
from .problem import FixedVisit, Host, Mode, Place, Problem, Task, Tour
from .solution import Reason
from .spans import Span, clock_minutes, cut_out, local_day, local_minute, minute_of
from .travel import TravelTable

# What the coordinator or the host's skills decided holds for agreed visits too.
DECIDED = {
    "banned_day",
    "banned_host",
    "cannot_travel",
    "lacks_language",
    "lacks_skill",
    "only_host",
    "pinned_day",
    "pinned_elsewhere",
}


# Minutes from which an absence is not spent where the next visit is.
LONG_ABSENCE = 12 * 60
# The columns of a HostWeek that run over its stops.
STOP_FIELDS = (
    "task place low high length service buffer position priority kept points on_site fact"
    " day_in day_out date"
).split()


@dataclass(frozen=True)
class Fact:
    """What the trip has to keep: a confirmed visit, a busy time, or a task pinned to the minute.

    It takes [start, end], and the host is free again at `ready`; `place` None means anywhere.
    """

    start: int
    end: int
    ready: int
    place: int | None
    visit: FixedVisit | None
    label: str
    task: int | None = None
    kept: float = 0.0
    points: float = 0.0
    tour: Tour | None = None

    def mode_in(self, problem: Problem) -> Mode | None:
        """How one meets; None for a busy time, in which nobody is met."""
        if self.visit is not None:
            return self.visit.mode
        return None if self.task is None else problem.tasks[self.task].mode


@dataclass
class Stops:
    """Columns of the stops of a week, filled row by row, later turned into arrays."""

    rows: list[tuple] = field(default_factory=list)

    FIELDS = tuple(
        "task place low high length after buffer position priority kept points on_site fact".split()
    )

    def add(self, **values: float) -> None:
        self.rows.append(tuple(values[name] for name in self.FIELDS))


@dataclass
class HostWeek:
    """One host's week. Arrays run over stops; `first` and `last` bound the trip in UTC minutes.

    `task` is the task's number or -1 - k for fact k; `position` orders stops around facts: 2k for
    optional stops before fact k, 2k + 1 for fact k itself. `day_in` and `day_out` number the travel
    days in whose course (until the next one begins) a stop starts and ends, `date` the day of the
    week by the home calendar. `broken` are links between facts that lack time; `missed` maps facts
    that the host cannot come to, and does not set out for, to their places.
    """

    number: int
    host: int
    days: tuple[date, ...]
    origin: int
    start_place: int
    home: int
    ready: float
    day_from: np.ndarray
    day_to: np.ndarray
    zone_of_place: np.ndarray
    facts: list[Fact]
    task: np.ndarray
    place: np.ndarray
    low: np.ndarray
    high: np.ndarray
    length: np.ndarray
    service: np.ndarray
    buffer: np.ndarray
    position: np.ndarray
    priority: np.ndarray
    kept: np.ndarray
    points: np.ndarray
    on_site: np.ndarray
    fact: np.ndarray
    day_in: np.ndarray
    day_out: np.ndarray
    date: np.ndarray
    cap: int | None
    base_visits: int
    base_days: int
    days_in_a_row: int | None
    office_day: bool
    broken: set[tuple[int, int]] = field(default_factory=set)
    missed: dict[int, int] = field(default_factory=dict)
    struck: Struck | None = None

    @property
    def size(self) -> int:
        """How many stops the week has."""
        return len(self.task)

    def narrowed(self, chosen: np.ndarray) -> HostWeek:
        """The same week with these stops alone, in this order."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in STOP_FIELDS})

    @cached_property
    def away(self) -> np.ndarray:
        """Whether a stop is a call or an absence spent elsewhere than at home."""
        return ~self.on_site & (self.place != self.home)

    @cached_property
    def is_long_absence(self) -> np.ndarray:
        """Whether a stop is an absence of half a day and a night, or longer."""
        long = [
            fact.visit is None and fact.task is None and fact.end - fact.start >= LONG_ABSENCE
            for fact in self.facts
        ]
        return np.array([*long, False], dtype=bool)[self.fact]

    @property
    def is_struck(self) -> bool:
        """Whether a strike or storm stops a journey between places of the week."""
        if self.struck is None:
            return False
        own = np.unique(np.append(self.place, [self.home, self.start_place]))
        return bool(self.struck.days[:, own[:, None], own].any())

    def free_after(self, fact: int) -> float:
        """When the host is free again after the stop of a fact, or sets out on the trip."""
        return self.ready if fact == self.size else float(self.low[fact] + self.service[fact])

    def place_of(self, stop: int) -> int:
        """Where a stop is, or the start of the trip."""
        return self.start_place if stop == self.size else int(self.place[stop])

    def owed_after(self, k: int, stop: int, owed: bool) -> bool | None:
        """Whether a host who goes on from stop k to `stop` owes the place a visit; None where that
        may not be.

        Nobody travels for a call or an absence: who came to a place before one meets somebody
        there afterwards, and `owed` tells that this is still to be. Nobody goes ahead to spend a
        long absence there.
        """
        moved = self.place_of(k) != int(self.place[stop])
        still = bool(self.away[stop]) and (moved or owed)
        return None if (owed and moved) or (still and self.is_long_absence[stop]) else still

    def minutes_by_day(
        self, table: TravelTable, here: int, target: int, *, detour: bool | None = None
    ) -> np.ndarray:
        """Minutes of a journey on each travel day, < 0 where there is none (see Struck.between)."""
        if self.struck is not None:
            return self.struck.between(table, here, target, detour=detour)
        return np.full(len(self.days), table.minutes[here, target])


def trip_days(problem: Problem, host: Host) -> list[tuple[date, ...]]:
    """The travel days of each of a host's weeks, in order; a Sunday belongs to the week after."""
    days = set(window_of(problem))
    for visit in problem.fixed:
        if visit.host == host.ref:
            day = local_day(host.home.zone, minute_of(visit.start))
            last = local_day(host.home.zone, minute_of(visit.end))
            days |= {day, last}
    extra = {day for day in host.extra_travel_days if day.weekday() >= 5}
    neighbours = {day + timedelta(days=step) for day in days for step in (-2, -1, 1, 2)}
    days |= extra & neighbours
    if problem.project_end is not None:
        facts_end = max(
            (
                local_day(host.home.zone, minute_of(v.end))
                for v in problem.fixed
                if v.host == host.ref
            ),
            default=problem.project_end,
        )
        days = {day for day in days if day <= max(problem.project_end, facts_end)}
    weeks: dict[tuple[int, int], list[date]] = {}
    for day in sorted(days):
        shifted = day + timedelta(days=1) if day.weekday() == 6 else day
        weeks.setdefault(shifted.isocalendar()[:2], []).append(day)
    return [tuple(week) for week in weeks.values()]


class WeekBuilder:
    """Builds the host weeks of one problem; keeps what several of them share."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.place_index = problem.travel.index
        self.zones: dict[int, str] = {}
        self.published: dict[tuple[str, str], int] = {
            (row.task, row.host): minute_of(row.start) for row in problem.published
        }
        for place in self._places():
            self.zones[self.place_index[place.ref]] = place.zone
        self.pinned, self.pinned_tasks = self._pins()
        first = problem.first_weight
        self.worth = [task.priority + first * task.comes_first for task in problem.tasks]
        self.in_haste = replace(problem, earliest=None)

    def _pins(self) -> tuple[dict[str, list[Fact]], set[int]]:
        """Tasks pinned to the minute with one possible host, as facts of that host."""
        problem, tasks = self.problem, set()
        pinned: dict[str, list[Fact]] = {}
        for number, task in enumerate(problem.tasks):
            if task.pin is None or task.pin.start is None:
                continue
            hosts = [host for host in problem.hosts if host_refusal(task, host) is None]
            if len(hosts) != 1:
                continue
            start = minute_of(task.pin.start)
            day = local_day(task.place.zone, start)
            end = start + task.duration
            place = self.place_index[task.place.ref] if task.mode == Mode.ON_SITE else None
            kept = float(self.published.get((task.ref, hosts[0].ref)) == start)
            points = worth_of(problem, task, day, start).points
            pinned.setdefault(hosts[0].ref, []).append(
                Fact(
                    start,
                    end,
                    end + problem.rules.after_visit,
                    place,
                    None,
                    task.label,
                    number,
                    kept,
                    points,
                )
            )
            tasks.add(number)
        return pinned, tasks

    def _places(self) -> Iterable[Place]:
        for task in self.problem.tasks:
            if task.mode == Mode.ON_SITE:
                yield task.place
        for host in self.problem.hosts:
            yield host.home
            if host.position is not None:
                yield host.position.place
        for visit in self.problem.fixed:
            if visit.mode == Mode.ON_SITE:
                yield visit.place

    def build(self) -> list[HostWeek]:
        """All host weeks, host by host in the order of time."""
        weeks: list[HostWeek] = []
        for number, host in enumerate(self.problem.hosts):
            willing = [
                (i, task)
                for i, task in enumerate(self.problem.tasks)
                if i not in self.pinned_tasks and host_refusal(task, host) is None
            ]
            for days in trip_days(self.problem, host):
                week = self.build_week(len(weeks), number, days, willing)
                if week is not None:
                    weeks.append(week)
        return weeks

    def travel_hours(self, days: tuple[date, ...], host: Host, zone: str) -> np.ndarray:
        """First and last UTC minute of travel on each day, as (days, 2), in one zone."""
        begin, end = clock_minutes(host.travel_from), clock_minutes(host.travel_to)
        return np.array(
            [(local_minute(zone, day, begin), local_minute(zone, day, end)) for day in days],
            dtype=float,
        )

    def build_week(
        self,
        number: int,
        host_number: int,
        days: tuple[date, ...],
        willing: list[tuple[int, Task]],
    ) -> HostWeek | None:
        """One host week, or None when the clock has passed it and it holds no fact."""
        problem, host = self.problem, self.problem.hosts[host_number]
        home = self.place_index[host.home.ref]
        hours = self.travel_hours(days, host, host.home.zone)
        begin, end = hours[0, 0], hours[-1, 1]
        origin = int(begin) // problem.rules.start_grid * problem.rules.start_grid
        start_place, ready = home, begin
        position = host.position
        if position is not None and begin <= minute_of(position.at) <= end:
            start_place, ready = self.place_index[position.place.ref], minute_of(position.at)
        facts = self.facts_of(
            host, days, begin, end, ready if start_place != home or position is not None else None
        )
        passed = problem.clock is not None and minute_of(problem.clock) > end
        if passed and not facts:
            return None
        if problem.clock is not None and not facts and start_place == home:
            ready = max(ready, minute_of(problem.clock))
        zone_names = sorted({*self.zones.values(), host.home.zone})
        per_zone = [self.travel_hours(days, host, name) for name in zone_names]
        stops = self.stops_of(host, days, facts, willing, home)
        columns = list(zip(*stops.rows, strict=True)) if stops.rows else [()] * len(stops.FIELDS)
        values = {
            name: np.array(column, dtype=float)
            for name, column in zip(stops.FIELDS, columns, strict=True)
        }
        zone_of_place = np.zeros(len(problem.travel.places), dtype=np.int64)
        for index, name in self.zones.items():
            zone_of_place[index] = zone_names.index(name)
        low, high = values["low"] - origin, values["high"] - origin
        day_from = np.array([rows[:, 0] for rows in per_zone]) - origin
        day_to = np.array([rows[:, 1] for rows in per_zone]) - origin
        home_from = hours[:, 0] - origin
        day_in = np.clip(np.searchsorted(home_from, low, side="right") - 1, 0, None)
        leaving = high + values["length"] + np.where(values["fact"] >= 0, values["after"], 0)
        day_out = np.clip(np.searchsorted(home_from, leaving, side="right") - 1, 0, None)
        latest = 0
        for k in range(len(facts)):  # overlapping facts: one begins on a day the last one has left
            rows = values["fact"] == k
            day_in[rows] = np.maximum(day_in[rows], latest)
            day_out[rows] = np.maximum(day_out[rows], day_in[rows])
            latest = int(day_out[rows].max(initial=latest))
        midnights = [local_minute(host.home.zone, day, 0) - origin for day in days]
        dates = np.clip(np.searchsorted(midnights, low, side="right") - 1, 0, None)
        fixed_days = {
            dates[k] for k in range(len(low)) if values["fact"][k] >= 0 and values["on_site"][k]
        }
        full = {day for day in days if day.weekday() < 5} <= window_of(problem) and sum(
            day.weekday() < 5 and day in window_of(problem) for day in days
        ) == 5
        return HostWeek(
            number=number,
            host=host_number,
            days=days,
            origin=origin,
            start_place=start_place,
            home=home,
            ready=float(ready - origin),
            day_from=day_from,
            day_to=day_to,
            zone_of_place=zone_of_place,
            facts=facts,
            task=values["task"].astype(np.int64),
            place=values["place"].astype(np.int64),
            low=low,
            high=high,
            length=values["length"],
            service=values["length"] + values["after"],
            buffer=values["buffer"],
            position=values["position"].astype(np.int64),
            priority=values["priority"],
            kept=values["kept"],
            points=values["points"],
            on_site=values["on_site"].astype(bool),
            fact=values["fact"].astype(np.int64),
            day_in=day_in.astype(np.int64),
            day_out=day_out.astype(np.int64),
            date=dates.astype(np.int64),
            cap=host.visits_per_week,
            base_visits=sum(fact.mode_in(problem) == Mode.ON_SITE for fact in facts),
            base_days=sum(1 << int(day) for day in fixed_days),
            days_in_a_row=host.days_in_a_row,
            office_day=host.office_day and full,
            struck=struck_in(problem, hours),
        )

    def facts_of(
        self, host: Host, days: tuple[date, ...], begin: float, end: float, after: float | None
    ) -> list[Fact]:
        """Fixed visits and busy times of the week in order; those before `after` are past."""
        found: list[Fact] = []
        after_visit = self.problem.rules.after_visit
        for visit in self.problem.fixed:
            start = minute_of(visit.start)
            if visit.host != host.ref or local_day(host.home.zone, start) not in days:
                continue
            if after is not None and start < after:
                continue
            place = self.place_index[visit.place.ref] if visit.mode == Mode.ON_SITE else None
            finish = minute_of(visit.end)
            found.append(Fact(start, finish, finish + after_visit, place, visit, visit.label))
        for busy in host.busy:
            low = max(minute_of(busy.start), int(begin), int(after or begin))
            high = min(minute_of(busy.end), int(end))
            if low < high:
                place = self.place_index[host.home.ref] if busy.at_home else None
                fact = Fact(low, high, high, place, None, busy.label, tour=busy.tour)
                found.append(fact)
        found += [
            fact
            for fact in self.pinned.get(host.ref, ())
            if local_day(host.home.zone, fact.start) in days
        ]
        found.sort(key=lambda fact: (fact.start, fact.end, fact.visit is None, fact.label))
        latest = 0
        for k, fact in enumerate(found):
            latest = max(latest, fact.ready)
            found[k] = replace(fact, ready=latest)
        return found

    def stops_of(
        self,
        host: Host,
        days: tuple[date, ...],
        facts: list[Fact],
        willing: list[tuple[int, Task]],
        home: int,
    ) -> Stops:
        """All stops of the week: facts first, then every way to hold every task."""
        problem, rules, stops = self.problem, self.problem.rules, Stops()
        ways: list[tuple[int, Task, Span, float, float]] = []
        for number, task in willing:
            for day in days:
                span = start_span(problem, task, host, day)
                if not isinstance(span, Reason):
                    ways += self.ways_of(number, task, day, span)
                ways += self.kept_way(number, task, host, day)
        anywhere = {home, *(fact.place for fact in facts if fact.place is not None)}
        if host.position is not None:
            anywhere.add(self.place_index[host.position.place.ref])
        if any(row[1].mode == Mode.ONLINE for row in ways) or any(f.place is None for f in facts):
            anywhere |= {
                self.place_index[row[1].place.ref] for row in ways if row[1].mode == Mode.ON_SITE
            }
        # Where nothing else decides, the first is taken: a call or an absence is spent at home.
        nearest_home = sorted(anywhere, key=lambda place: (place != home, place))
        for k, fact in enumerate(facts):
            holder = fact.visit if fact.task is None else problem.tasks[fact.task]
            online = holder is not None and holder.mode == Mode.ONLINE
            visiting = holder is not None and not online
            buffer = rules.online_buffer if online else 0
            if visiting:
                buffer = rules.arrival_buffer
            for place in [fact.place] if fact.place is not None else nearest_home:
                stops.add(
                    task=-1 - k if fact.task is None else fact.task,
                    place=place,
                    low=fact.start,
                    high=fact.start,
                    length=fact.end - fact.start,
                    after=fact.ready - fact.end,
                    buffer=buffer,
                    position=2 * k + 1,
                    priority=0 if fact.task is None else self.worth[fact.task],
                    kept=fact.kept,
                    points=fact.points,
                    on_site=visiting,
                    fact=k,
                )
        for number, task, span, points, kept in ways:
            online = task.mode == Mode.ONLINE
            buffer = rules.arrival_buffer
            if online:
                buffer = max(
                    rules.online_buffer,
                    rules.arrival_buffer - task.duration - rules.after_visit,
                )
            holes = [(fact.start - task.duration - rules.after_visit, fact.ready) for fact in facts]
            places = sorted(anywhere) if online else [self.place_index[task.place.ref]]
            for low, high in cut_out(span, holes):
                gap = sum(fact.start < low or fact.ready <= low for fact in facts)
                for place in places:
                    stops.add(
                        task=number,
                        place=place,
                        low=low,
                        high=high,
                        length=task.duration,
                        after=rules.after_visit,
                        buffer=buffer,
                        position=2 * gap,
                        priority=self.worth[number],
                        kept=kept,
                        points=points,
                        on_site=not online,
                        fact=-1,
                    )
        return stops

    def ways_of(
        self, number: int, task: Task, day: date, span: Span
    ) -> list[tuple[int, Task, Span, float, float]]:
        """Spans of starts on a date, each with its points."""
        return [
            (number, task, part, points, 0.0)
            for part, points in worth_by_part(self.problem, task, day, span)
        ]

    def kept_way(
        self, number: int, task: Task, host: Host, day: date
    ) -> list[tuple[int, Task, Span, float, float]]:
        """The published start, if it falls on this date: it needs no notice, as it is known."""
        start = self.published.get((task.ref, host.ref))
        if start is None or local_day(task.place.zone, start) != day:
            return []
        span = start_span(self.in_haste, task, host, day)
        if isinstance(span, Reason):
            may_stay = task.promised and span.code not in DECIDED
        else:
            may_stay = task.promised or span[0] <= start <= span[1]
        clock = self.problem.clock
        if not may_stay or (clock is not None and start < minute_of(clock)):
            return []
        points = worth_of(self.problem, task, day, start).points
        return [(number, task, (start, start), points, 1.0)]
