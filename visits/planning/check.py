"""An independent check of a plan: every visit and journey again, in real datetimes.

Shares only the value classes with the planner, none of its code: what this module accepts may be
saved. Facts are judged leniently (they stand anyway), everything the planner chose strictly.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from .problem import Host, Mode, Problem, Task
from .solution import Leg, PlannedVisit, Solution

MINUTE = timedelta(minutes=1)


def violations(problem: Problem, solution: Solution) -> list[str]:
    """Every rule the plan breaks, as sentences; an empty list means that it may be saved."""
    check = _Check(problem, solution)
    check.sets()
    for visit in solution.visits:
        if visit.task is not None:
            check.visit(visit, check.tasks[visit.task], check.hosts[visit.host])
    for host in problem.hosts:
        check.host(host)
    check.moves()
    return check.found


def _at(day: date, reading: time, zone: str) -> datetime:
    return datetime.combine(day, reading, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


class _Check:
    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem, self.solution = problem, solution
        self.found: list[str] = []
        self.tasks = {task.ref: task for task in problem.tasks}
        self.hosts = {host.ref: host for host in problem.hosts}
        self.fixed = {visit.ref: visit for visit in problem.fixed}
        self.published = {(row.task, row.host, row.start) for row in problem.published}

    def say(self, text: str) -> None:
        self.found.append(text)

    def sets(self) -> None:
        """Each task once at most, each fact exactly as given, the sums as stated."""
        tasks = [v.task for v in self.solution.visits if v.task is not None]
        facts = [v.fixed for v in self.solution.visits if v.fixed is not None]
        if len(set(tasks)) < len(tasks):
            self.say("A task is placed twice.")
        if sorted(facts) != sorted(self.fixed):
            self.say("The fixed visits are not all there exactly once.")
        for visit in self.solution.visits:
            if visit.fixed in self.fixed:
                fact = self.fixed[visit.fixed]
                if (visit.start, visit.end, visit.host) != (fact.start, fact.end, fact.host):
                    self.say(f"The fixed visit {visit.label} was moved.")
        unplaced = {row.task for row in self.solution.unplaced}
        if unplaced and unplaced | set(tasks) != set(self.tasks):
            self.say("A task is neither placed nor explained.")
        if sum(v.priority for v in self.solution.visits) != self.solution.priority:
            self.say("The priority stated is not the sum of the visits.")
        bound = self.solution.bound
        if bound is not None and bound < self.solution.priority:
            self.say("The bound lies below the plan.")

    def visit(self, visit: PlannedVisit, task: Task, host: Host) -> None:
        """The rules of one placed task, travel aside."""
        name, day = task.label, _day(visit.start, task.place.zone)
        stays = (task.ref, visit.host, visit.start) in self.published
        if visit.end - visit.start != task.duration * MINUTE:
            self.say(f"{name} does not last as long as asked.")
        if task.only_host not in (None, host.ref):
            self.say(f"{name} is led by the wrong host.")
        if any(group and not group & host.skills for group in task.needs):
            self.say(f"{host.name} lacks a skill for {name}.")
        if task.languages and not task.languages & host.languages:
            self.say(f"{host.name} lacks a language for {name}.")
        if task.mode == Mode.ON_SITE and not host.can_travel:
            self.say(f"{host.name} does not travel, but is sent to {name}.")
        if task.only_wished and day not in {wish.day for wish in task.wishes}:
            self.say(f"{name} lies on none of the days its city asks for.")
        for ban in task.bans:
            if ban.host in (None, host.ref) and ban.day in (None, day):
                if ban.host is not None or ban.day is not None:
                    self.say(f"{name} breaks a ban of the coordinator.")
        if task.pin is not None and (
            task.pin.host not in (None, host.ref)
            or task.pin.day not in (None, day)
            or task.pin.start not in (None, visit.start)
        ):
            self.say(f"{name} is not where it was pinned.")
        if self.problem.clock is not None and visit.start < self.problem.clock:
            self.say(f"{name} lies in the past.")
        if stays and task.promised:
            return
        if day not in self.problem.days:
            self.say(f"{name} lies outside the window.")
        if day in task.closed:
            self.say(f"{name} falls on a closed day.")
        earliest = self.problem.earliest
        if earliest is not None and visit.start < earliest and not stays:
            self.say(f"{name} is too soon.")
        self.hours(visit, task, day)

    def hours(self, visit: PlannedVisit, task: Task, day: date) -> None:
        """Opening hours of one visit at its place."""
        rules, zone = self.problem.rules, task.place.zone
        if task.start_windows is not None:
            low, high = task.start_windows.get(day, (None, None))
            if low is None or high is None or not low <= visit.start <= high:
                self.say(f"{task.label} starts outside its windows.")
            return
        online = task.mode == Mode.ONLINE
        opens = _at(day, rules.online_from if online else rules.visit_from, zone)
        closes = _at(day, rules.online_to if online else rules.visit_to, zone)
        if day in task.half_days:
            minutes = task.half_days[day]
            closes = min(closes, _at(day, time(minutes // 60, minutes % 60), zone))
        if not (opens <= visit.start and visit.end <= closes):
            self.say(f"{task.label} lies outside the hours of {task.place.name}.")

    def host(self, host: Host) -> None:
        """One host's visits and journeys in order, as a simulation."""
        visits = [v for v in self.solution.visits if v.host == host.ref]
        legs = [leg for leg in self.solution.legs if leg.host == host.ref]
        if host.position is not None:
            visits = [
                v
                for v in visits
                if v.task is not None
                or v.start >= host.position.at
                or _week(_day(v.start, host.home.zone))
                != _week(_day(host.position.at, host.home.zone))
            ]
        for leg in legs:
            self.leg(host, leg)
        self.no_overlaps(host, visits, legs)
        self.at_home(host, legs)
        self.whereabouts(host, visits, legs)
        self.rota(host)

    def travel_days(self, host: Host) -> set[date]:
        days = set(self.problem.days) | set(host.extra_travel_days)
        for visit in self.problem.fixed:
            if visit.host == host.ref:
                days |= {_day(visit.start, host.home.zone), _day(visit.end, host.home.zone)}
        return days

    def hours_of_travel(self, host: Host, leg: Leg, day: date) -> tuple[datetime, datetime]:
        zones = {host.home.zone, leg.origin.zone, leg.destination.zone}
        return (
            max(_at(day, host.travel_from, zone) for zone in zones),
            min(_at(day, host.travel_to, zone) for zone in zones),
        )

    def leg(self, host: Host, leg: Leg) -> None:
        """One journey: its length, its hours, its days."""
        name = f"The journey from {leg.origin.name} to {leg.destination.name}"
        if leg.missing_minutes:
            if leg.destination.ref != host.home.ref or leg.risk is None:
                self.say(f"{name} cannot be made.")
            return
        self.by_table(leg, name)
        on_the_way, day = 0.0, _day(leg.depart, host.home.zone)
        last = _day(leg.arrive, host.home.zone)
        allowed = self.travel_days(host)
        while day <= last:
            if day in allowed:
                low, high = self.hours_of_travel(host, leg, day)
                begin, end = max(low, leg.depart), min(high, leg.arrive)
                on_the_way += max(0.0, (end - begin) / MINUTE)
                self.stopped(leg, name, begin, end)
            day += timedelta(days=1)
        if on_the_way < leg.minutes - 1e-6:
            self.say(f"{name} does not fit the travel hours.")
        if not leg.split and (leg.arrive - leg.depart) / MINUTE != leg.minutes:
            self.say(f"{name} does not last as long as it takes.")
        due = _at(
            _day(leg.arrive, leg.destination.zone),
            self.problem.rules.latest_arrival,
            leg.destination.zone,
        )
        if leg.arrive > due:
            self.say(f"{name} ends too late in the evening.")
        until = self.problem.project_end
        facts = [_day(v.end, host.home.zone) for v in self.problem.fixed if v.host == host.ref]
        if until is not None and last > max([until, *facts]):
            self.say(f"{name} ends after the project.")
        if self.problem.clock is not None and leg.depart < self.problem.clock:
            if not self.near_facts(host, leg):
                self.say(f"{name} begins in the past.")

    def stopped(self, leg: Leg, name: str, begin: datetime, end: datetime) -> None:
        """Nobody is under way in a strike or storm that stops this way of travel here."""
        for row in self.problem.disruptions:
            near = leg.origin.ref in row.places or leg.destination.ref in row.places
            if near and (not row.modes or leg.mode in row.modes):
                if begin < row.end and row.start < end:
                    self.say(f"{name} is stopped by {row.label}.")

    def by_table(self, leg: Leg, name: str) -> None:
        """A journey takes the minutes of the table, or those of a detour on a struck day."""
        table = self.problem.travel
        i, j = table.index[leg.origin.ref], table.index[leg.destination.ref]
        if leg.split and not table.splittable[i, j]:
            self.say(f"{name} may not be split by a night.")
        if leg.minutes == table.minutes[i, j]:
            return
        if leg.minutes not in {int(other.minutes[i, j]) for other in self.problem.detours}:
            self.say(f"{name} does not take the minutes of the table.")

    def near_facts(self, host: Host, leg: Leg) -> bool:
        """Whether the week of a journey holds facts: its past is then only told, not planned."""
        week = _week(_day(leg.depart, host.home.zone) + timedelta(days=1))
        days = [_day(v.start, host.home.zone) for v in self.problem.fixed if v.host == host.ref]
        days += [_day(b.start, host.home.zone) for b in host.busy]
        days += [_day(b.end, host.home.zone) for b in host.busy]
        return any(_week(d) in (week, _week(_day(leg.depart, host.home.zone))) for d in days)

    def no_overlaps(self, host: Host, visits: list[PlannedVisit], legs: list[Leg]) -> None:
        """Reservations, journeys and busy times of a host never share a minute."""
        after = self.problem.rules.after_visit * MINUTE
        blocks = [(v.start, v.end + after, v.label, v.task is None) for v in visits]
        blocks += [(b.start, b.end, b.label or "a busy time", True) for b in host.busy]
        blocks += [
            (leg.depart, leg.arrive, f"the way to {leg.destination.name}", False)
            for leg in legs
            if leg.arrive > leg.depart and not leg.split and not leg.missing_minutes
        ]
        blocks.sort(key=lambda row: (row[0], row[1]))
        for i, (_start, end, name, is_fact) in enumerate(blocks):
            for start2, _end2, name2, is_fact2 in blocks[i + 1 :]:
                if start2 >= end:
                    break
                if not (is_fact and is_fact2):
                    self.say(f"{host.name}: {name} and {name2} overlap.")

    def at_home(self, host: Host, legs: list[Leg]) -> None:
        """What a host does for others begins and ends at home: no journey of this plan is under
        way then, and the last one before led there. A fact that lacks time for that is told so."""
        legs = sorted(legs, key=lambda leg: leg.depart)
        for busy in host.busy:
            begins = busy.start
            here = host.home.ref
            if host.position is not None:
                here, begins = host.position.place.ref, max(begins, host.position.at)
            if not busy.at_home or begins >= busy.end:
                continue
            before = [leg for leg in legs if leg.depart < begins]
            here = before[-1].destination.ref if before else here
            under_way = [leg for leg in legs if leg.depart < busy.end and begins < leg.arrive]
            is_fact = any(leg.missing_minutes for leg in (*before[-1:], *under_way))
            if (here != host.home.ref or under_way) and not is_fact:
                self.say(f"{host.name} is not at home for {busy.label or 'a busy time'}.")

    def whereabouts(self, host: Host, visits: list[PlannedVisit], legs: list[Leg]) -> None:
        """Follow the host from home through every journey; visits must find them there."""
        legs = sorted(legs, key=lambda leg: leg.depart)
        here, since = host.home.ref, None
        if host.position is not None:
            here = host.position.place.ref
            if legs and legs[0].depart < host.position.at:
                self.say(f"{host.name} leaves {legs[0].origin.name} in the past.")
        self.errands(host, visits, legs)
        queue = list(legs)
        ordered = sorted(visits, key=lambda v: (v.start, v.end))
        for last, visit in zip([None, *ordered], ordered, strict=False):
            while queue and (queue[0].depart < visit.start or queue[0].arrive <= visit.start):
                here, since = self.follow(host, queue.pop(0), here, since)
            if visit.mode == Mode.ONLINE:
                gap = self.problem.rules.online_buffer * MINUTE
                if since is not None and since + gap > visit.start:
                    self.say(f"{visit.label} starts too soon after a journey.")
                continue
            if here != visit.place.ref:
                if visit.task is not None or not self.is_told(host, visit.place.ref):
                    self.say(f"{host.name} is not in {visit.place.name} for {visit.label}.")
            elif since is not None:
                self.landing(host, visit, since, last)
        for leg in queue:
            here, since = self.follow(host, leg, here, since)
        if legs and here != host.home.ref:
            self.say(f"{host.name} does not come home.")
        self.home_at_weekends(host, legs)

    def is_told(self, host: Host, destination: str) -> bool:
        """Whether the plan tells that the host cannot come to a place."""
        return any(
            leg.host == host.ref
            and leg.destination.ref == destination
            and leg.risk is not None
            and leg.missing_minutes > 0
            for leg in self.solution.unmade
        )

    def errands(self, host: Host, visits: list[PlannedVisit], legs: list[Leg]) -> None:
        """Nobody travels anywhere but home without meeting somebody there."""
        for leg, following in zip_longest(legs, legs[1:]):
            is_met = any(
                visit.mode == Mode.ON_SITE
                and visit.place.ref == leg.destination.ref
                and leg.arrive <= visit.start
                and (following is None or visit.end <= following.depart)
                for visit in visits
            )
            if leg.destination.ref != host.home.ref and not is_met:
                self.say(f"{host.name} meets nobody in {leg.destination.name}.")

    def landing(
        self, host: Host, visit: PlannedVisit, since: datetime, last: PlannedVisit | None
    ) -> None:
        """The time between landing and an on-site visit; a fact may fall short of it if that is
        told, and if no visit that was chosen stands right before it."""
        rules, day = self.problem.rules, _day(visit.start, host.home.zone)
        if since + rules.arrival_buffer * MINUTE <= visit.start:
            return
        if self.evening_before(host, since, visit.start, visit.place.zone):
            return
        is_told = any(
            leg.risk is not None and leg.arrive == since
            for leg in self.solution.legs
            if leg.host == host.ref and leg.destination.ref == visit.place.ref
        )
        is_chosen = last is not None and last.task is not None
        if is_chosen and last is not None and _week(_day(last.start, host.home.zone)) == _week(day):
            self.say(f"{host.name} lands too late for {visit.label} after {last.label}.")
        elif visit.task is not None or since + rules.fact_buffer * MINUTE > visit.start:
            self.say(f"{host.name} lands too late for {visit.label}.")
        elif not is_told:
            self.say(f"{host.name} lands late for {visit.label}, and nothing tells so.")

    def evening_before(self, host: Host, since: datetime, start: datetime, zone: str) -> bool:
        return _day(since, zone) < _day(start, zone) or _day(since, host.home.zone) < _day(
            start, host.home.zone
        )

    def follow(
        self, host: Host, leg: Leg, here: str, since: datetime | None
    ) -> tuple[str, datetime]:
        if leg.origin.ref != here:
            self.say(f"{host.name} leaves {leg.origin.name} without being there.")
        if since is not None and leg.depart < since:
            self.say(f"{host.name} leaves {leg.origin.name} before arriving.")
        return leg.destination.ref, leg.arrive

    def home_at_weekends(self, host: Host, legs: Iterable[Leg]) -> None:
        """Nobody is away on a Saturday or Sunday evening unless that was allowed or is a fact."""
        allowed = self.travel_days(host)
        left: datetime | None = None
        for leg in legs:
            if leg.origin.ref == host.home.ref:
                left = leg.depart
            if leg.destination.ref == host.home.ref and left is not None:
                day, back = _day(left, host.home.zone), _day(leg.arrive, host.home.zone)
                while day < back:
                    if day.weekday() >= 5 and day not in allowed and not leg.missing_minutes:
                        self.say(f"{host.name} is away over the weekend of {day}.")
                    day += timedelta(days=1)
                left = None

    def rota(self, host: Host) -> None:
        """Visits per week, days in a row, the office day; facts alone may exceed them."""
        rows = [v for v in self.solution.visits if v.host == host.ref and v.mode == Mode.ON_SITE]
        weeks: dict[tuple[int, int], list[PlannedVisit]] = {}
        for visit in rows:
            weeks.setdefault(_week(_day(visit.start, host.home.zone)), []).append(visit)
        for key, visits in weeks.items():
            if all(visit.task is None for visit in visits):
                continue
            facts = {_day(v.start, host.home.zone) for v in visits if v.task is None}
            days = {_day(v.start, host.home.zone) for v in visits}
            cap = host.visits_per_week
            if cap is not None and len(visits) > max(cap, sum(v.task is None for v in visits)):
                self.say(f"{host.name} has too many visits in week {key[1]}.")
            monday = date.fromisocalendar(*key, 1)
            weekdays = {monday + timedelta(days=i) for i in range(5)}
            full = weekdays <= set(self.problem.days)
            if host.office_day and full and weekdays <= days and not weekdays <= facts:
                self.say(f"{host.name} has no office day in week {key[1]}.")
            if host.days_in_a_row is not None:
                if _run(days) > max(host.days_in_a_row, _run(facts)):
                    self.say(f"{host.name} has too many days in a row in week {key[1]}.")

    def moves(self) -> None:
        """The published plan keeps what was promised, where it was stated as kept."""
        for visit in self.solution.visits:
            is_same = (visit.task, visit.host, visit.start) in self.published
            if visit.kept and not is_same:
                self.say(f"{visit.label} is called kept, but it moved.")


def _run(days: set[date]) -> int:
    best = 0
    for day in days:
        length = 1
        while day + timedelta(days=length) in days:
            length += 1
        best = max(best, length)
    return best
