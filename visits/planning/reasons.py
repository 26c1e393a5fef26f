"""Why a task found no place: per host and date the first reason that holds, and what would help.

"Fits if X is dropped" speaks of this plan: the rest of the week keeps its visits; where these have
to shift by minutes, the sentence says so. What a forced request would do to the best plan is
answered by `verdicts.what_if`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import combinations

from .constraints import host_refusal, start_span
from .obstacles import binding, disruption_values
from .problem import (
    Busy,
    FixedVisit,
    Host,
    Problem,
    PublishedVisit,
    Task,
    Tour,
    TravelDisruption,
)
from .rota import REFUSED
from .solution import Reason, SlotReason, Unplaced
from .spans import local_day, local_minute, minute_of, moment_of, zone_of
from .trips import Trip, TripFinder
from .weeks import Fact, HostWeek

# The nearer to a place, the later in this list: the main reason is the latest one found.
NEARNESS = (
    "only_host",
    "lacks_skill",
    "lacks_language",
    "cannot_travel",
    "banned_host",
    "pinned_elsewhere",
    "outside_window",
    "after_project_end",
    "not_offered",
    "closed_day",
    "banned_day",
    "pinned_day",
    "pin_outside_hours",
    "too_long",
    "day_too_short",
    "day_over",
    "too_soon",
    "week_over",
    "host_unavailable",
    "on_the_road",
    "beside_absence",
    "beside_tour",
    "not_reachable",
    "day_stopped",
    "blocked_by_visit",
    "blocked_by_visits",
    "rest_day",
    "cap_reached",
    "blocked_by_plan",
    "comes_first",
    "needs_more_than_two",
    "fits_if",
    "fits_now",
    "cannot_stay",
    "away_then",
    "journey_stopped",
)
# Days that no rule but the clock stands against; the reason of a day still ahead tells more.
PAST = frozenset({"day_over", "too_soon", "week_over"})
# Why an agreed visit cannot stay on its day, however near that is.
NO_STAY = frozenset({"cannot_stay", "away_then", "journey_stopped"})


def is_past(slot: SlotReason) -> bool:
    """Whether nothing but the clock stands against a day."""
    return slot.reason.code in PAST


def nearest(slots: Sequence[SlotReason], wished: Collection[date]) -> SlotReason | None:
    """What stands against a task: the reason nearest to a place; of equals the one met most often,
    then the first.

    Days that are over or too soon say nothing while any other is left. Where the city wished for
    one of those others, only what stands against what it wished for is told.
    """
    past = {slot.day for slot in slots if is_past(slot)}
    past -= {slot.day for slot in slots if slot.reason.code in NO_STAY}
    ahead = [slot for slot in slots if slot.day not in past] or list(slots)
    rows = [slot for slot in ahead if slot.day in wished] or ahead
    if not rows:
        return None
    ranks = [NEARNESS.index(row.reason.code) for row in rows]
    rows = [row for row, rank in zip(rows, ranks, strict=True) if rank == max(ranks)]
    counts = Counter(row.reason.text for row in rows)
    return max(rows, key=lambda row: counts[row.reason.text])


@dataclass(frozen=True)
class Fit:
    """A way to place a task: the new stops of the week and the tasks that would be dropped."""

    dropped: tuple[int, ...]
    lost: float
    extra: float
    week: int
    stops: tuple[int, ...]

    def rank(self) -> tuple:
        """Cheaper first."""
        return (self.lost, len(self.dropped), self.extra, self.week, self.stops)


Verify = Callable[[Fit], bool]
NOON = 12 * 60
# A sentence names so many visits in the way, and no more.
MOST_NAMED = 2
# The code of a reason that is worked out when somebody looks.
LEFT_OPEN = "left_open"


class Explainer:
    """Explains the unplaced tasks of one plan."""

    def __init__(
        self,
        problem: Problem,
        finders: Sequence[TripFinder],
        choice: Sequence[Trip],
        verify: Verify | None = None,
        stood: Sequence[PublishedVisit] | None = None,
    ) -> None:
        self.problem, self.finders, self.verify = problem, finders, verify
        self.stood = problem.published if stood is None else stood
        self.trips = {trip.week: trip for trip in choice}
        self.host_weeks: dict[int, list[TripFinder]] = {}
        self.alone: dict[tuple[str, str, bool], set[date]] = {}
        for finder in finders:
            self.host_weeks.setdefault(finder.week.host, []).append(finder)

    def explain(self, number: int) -> Unplaced:
        """Reasons for one unplaced task."""
        task, slots, fits = self.problem.tasks[number], [], []
        for h, host in enumerate(self.problem.hosts):
            refusal = host_refusal(task, host)
            for day in self.problem.days:
                if refusal is not None:
                    slots.append(SlotReason(host.ref, day, refusal))
                    continue
                reason, fit = self.slot(number, task, h, host, day)
                slots.append(SlotReason(host.ref, day, reason))
                if fit is not None:
                    fits.append((fit, host, day))
        fits.sort(key=lambda row: row[0].rank())
        best = None
        for fit, host, day in fits:
            if self.verify is None or self.verify(fit):  # every fit told was simulated again
                best = self.fits_reason(task, fit, host, day)
                break
        wished = self.wished(task)
        slots = [self.named(slot, task) if slot.day in wished else slot for slot in slots]
        reason = self.main_reason(task, slots)
        return Unplaced(
            task.ref, task.requests or (task.ref,), task.priority, reason, best, tuple(slots)
        )

    def main_reason(self, task: Task, slots: Sequence[SlotReason]) -> Reason:
        """What stands against the dates that the city wished for; the way to fit it on another
        day is told beside it."""
        row = nearest(slots, self.wished(task))
        if row is None:
            return Reason("no_host", "No host can be planned in this window.")
        if row.reason.code in ("fits_if", "needs_more_than_two"):
            return self.outranked(task, [slot.reason for slot in slots])
        return self.named(row, task).reason

    def wished(self, task: Task) -> set[date]:
        """The dates that its city wished for, and the one on which it stands."""
        stood = (self.stood_on(task, host) for host in self.problem.hosts)
        return {wish.day for wish in task.wishes} | {day for day in stood if day is not None}

    def outranked(self, task: Task, reasons: Sequence[Reason]) -> Reason:
        """Others have every place the task could have; those named that would be the least loss, or
        where no two are enough, all of the first week it could be in."""
        ways = [each.params for each in reasons if each.code == "fits_if"]
        text = (
            f"Every slot that {task.label} could use is taken by visits that together weigh at "
            "least as much"
        )
        if not ways:
            full = next(each.params for each in reasons if each.code == "needs_more_than_two")
            names, day = full["visits"], full["day"]
            return Reason(
                "outranked",
                f"{text}: {', '.join(names)} in the week of {day:%-d %B}, of which more than two "
                "would have to be dropped.",
                {"label": task.label, "visits": names, "day": day},
            )
        least = min(ways, key=lambda row: (row["lost"], row["extra_minutes"], row["day"]))
        values = {
            "label": task.label,
            "visits": least["dropped"],
            "weight": str(least["lost"]),
            "own": str(task.priority),
            "day": least["day"],
        }
        if least["lost"] < task.priority:
            return Reason(
                "others_give_way",
                f"{task.label} has a place only if others give way: "
                f"{' and '.join(least['dropped'])} around {least['day']:%-d %B} (priority "
                f"{least['lost']}, its own is {task.priority}).",
                values,
            )
        return Reason(
            "outranked_by",
            f"{text}: {' and '.join(least['dropped'])} around {least['day']:%-d %B} (priority "
            f"{least['lost']}, its own is {task.priority}).",
            values,
        )

    def slot(
        self, number: int, task: Task, h: int, host: Host, day: date
    ) -> tuple[Reason, Fit | None]:
        """The first reason that holds for a host and a date, and the cheapest way to fit."""
        span = start_span(self.problem, task, host, day)
        if task.promised and self.stood_on(task, host) == day:
            return self.cannot_stay(task, host, day), None
        if isinstance(span, Reason):
            return span, None
        finder = next((f for f in self.host_weeks.get(h, ()) if day in f.week.days), None)
        if finder is None:
            return Reason("week_over", f"The week of {day:%-d %B} is over.", {"day": day}), None
        stops = self.stops_on(finder, number, task, day)
        if not stops:
            return self.taken(finder, task, host, day, span), None
        blocked = self.blocked(finder, stops, task, host, day)
        if blocked is not None:
            return blocked, None
        trip = self.trips.get(finder.week.number)
        present = trip.stops if trip is not None else ()
        if finder.room is not None:
            held = sum(bool(finder.week.on_site[k]) and finder.week.fact[k] < 0 for k in present)
            if held >= finder.room and any(finder.week.on_site[k] for k in stops):
                fit = self.best_fit(finder, present, stops)
                return Reason(
                    "cap_reached",
                    f"{host.name} already has {host.visits_per_week} visits on site in the week "
                    f"of {day:%-d %B}.",
                    {"host": host.name, "cap": host.visits_per_week, "day": day},
                ), fit
        fit = self.best_fit(finder, present, stops)
        if fit is None and (first := self.those_first(finder, present, stops)):
            return Reason(
                "comes_first",
                f"{host.name} cannot fit it on {day:%-d %B} beside {' and '.join(first)}, which "
                f"{'come' if len(first) > 1 else 'comes'} first.",
                {"host": host.name, "day": day, "visits": first},
            ), None
        if fit is None:
            return Reason(
                "needs_more_than_two",
                f"{day:%-d %B} with {host.name}: more than two visits would have to be dropped.",
                {
                    "host": host.name,
                    "day": day,
                    "visits": [
                        self.problem.tasks[int(finder.week.task[k])].label
                        for k in present
                        if finder.week.fact[k] < 0
                    ],
                },
            ), None
        return self.fits_reason(task, fit, host, day), fit

    def stood_on(self, task: Task, host: Host) -> date | None:
        """The local date on which the published plan has the task with this host."""
        for row in self.stood:
            if (row.task, row.host) == (task.ref, host.ref):
                return local_day(task.place.zone, minute_of(row.start))
        return None

    def cannot_stay(self, task: Task, host: Host, day: date) -> Reason:
        """Why an agreed visit, which every plan would keep, has no place where it stood."""
        if away := self.absence(task, host, day):
            return away
        near = (day - timedelta(days=1), day + timedelta(days=1))
        for row in self.problem.disruptions:
            days = (local_day(task.place.zone, minute_of(each)) for each in (row.start, row.end))
            first, last = days
            if task.place.ref in row.places and first <= near[1] and last >= near[0]:
                return Reason(
                    "journey_stopped",
                    f"It cannot stay on {day:%-d %B}: {row.label} stops the journey.",
                    {"day": day, "disruption": row.label},
                )
        return Reason(
            "cannot_stay",
            f"It cannot stay on {day:%-d %B}: {host.name} cannot be there in time.",
            {"day": day, "host": host.name},
        )

    def absence(self, task: Task, host: Host, day: date) -> Reason | None:
        """That the host is away at the time at which an agreed visit stood."""
        for row in self.stood:
            end = row.start + timedelta(minutes=task.duration)
            for busy in host.busy if (row.task, row.host) == (task.ref, host.ref) else ():
                if busy.start < end and row.start < busy.end:
                    if busy.tour is not None:
                        return on_the_road(busy.tour, host)
                    return Reason(
                        "away_then",
                        f"It cannot stay on {day:%-d %B}: {host.name} is unavailable then "
                        f"({busy.label or 'a busy time'}).",
                        {
                            "day": day,
                            "host": host.name,
                            "absent_from": busy.start,
                            "absent_to": busy.end,
                            "zone": host.home.zone,
                        },
                    )
        return None

    def stops_on(self, finder: TripFinder, number: int, task: Task, day: date) -> list[int]:
        """The stops of a week that hold a task on a date."""
        week = finder.week
        return [
            int(k)
            for k in (week.task == number).nonzero()[0]
            if local_day(task.place.zone, week.origin + float(week.low[k])) == day
        ]

    def taken(
        self, finder: TripFinder, task: Task, host: Host, day: date, span: tuple[int, int]
    ) -> Reason:
        """Facts leave no start on this date: name the one in the way."""
        week = finder.week
        near = [f for f in week.facts if f.start < span[1] + 24 * 60 and f.ready > span[0]]
        fact = near[0] if near else None
        if fact is None or fact.visit is None:
            if fact is not None and not (
                fact.start < span[1] + task.duration and fact.end > span[0]
            ):
                return _beside_absence(fact, task, host, day)
            if fact is not None and fact.tour is not None:
                return on_the_road(fact.tour, host)
            label = fact.label if fact is not None else ""
            return Reason(
                "host_unavailable",
                f"{host.name} is unavailable on {day:%-d %B}."
                if not label
                else f"{host.name} is unavailable on {day:%-d %B} ({label}).",
                {"host": host.name, "day": day, "label": label},
            )
        return self.blocked_by(fact, task, host, day)

    def blocked(
        self, finder: TripFinder, stops: Sequence[int], task: Task, host: Host, day: date
    ) -> Reason | None:
        """Why not even an otherwise empty week (facts aside) can hold the task on this date."""
        base = finder.base_trips()
        alone = base[0].stops if base else ()
        if self.insertions(finder, alone, stops):
            return None
        week = finder.week
        if finder.room == 0:
            return Reason(
                "cap_reached",
                f"{host.name} already has {host.visits_per_week} visits on site in the week of "
                f"{day:%-d %B}.",
                {"host": host.name, "cap": host.visits_per_week, "day": day},
            )
        if all(
            week.on_site[k] and finder.next_state[finder.first_state, week.date[k]] == REFUSED
            for k in stops
        ):
            return Reason(
                "rest_day",
                f"{host.name} needs a day without a visit on site in the week of {day:%-d %B}.",
                {"host": host.name, "day": day},
            )
        if rows := binding(self.problem, partial(self.is_reached, week, task, host, day)):
            values = disruption_values(rows, task.place.zone)
            until = max(row.end for row in rows).astimezone(zone_of(task.place.zone))
            return Reason(
                "day_stopped",
                f"{host.name} cannot get to {task.place.name} and back for {day:%-d %B}: "
                f"{values['disruption']} stops the journey until {until:%-d %B %H:%M}.",
                {"host": host.name, "place": task.place.name, "day": day, **values},
            )
        visits = list(week.facts)
        moment = week.origin + float(week.low[stops[0]])
        if visits and not self.out_of_reach(finder, stops):
            held = [fact for fact in visits if fact.visit is not None or fact.task is not None]
            if held and day in self.days_alone(task, host, busy=host.busy):
                visits = held
            near = min(visits, key=lambda f: min(abs(f.start - moment), abs(f.ready - moment)))
            if near.visit is None and near.task is None:
                return _beside_absence(near, task, host, day)
            return self.blocked_by(near, task, host, day)
        return _not_reachable(task, host, day)

    def blocked_by(self, fact: Fact, task: Task, host: Host, day: date) -> Reason:
        """That a visit is in the way, unless the host could not be there if there were none."""
        if day not in self.days_alone(task, host):
            return _not_reachable(task, host, day)
        return _blocked_by([fact], host, day)

    def days_alone(self, task: Task, host: Host, *, busy: tuple[Busy, ...] = ()) -> set[date]:
        """The dates on which the host could hold the task if there were no visit nor disruption,
        and no absence but these."""
        from .verdicts import reachable_slots

        key = task.ref, host.ref, bool(busy)
        if key not in self.alone:
            empty = replace(self.problem, disruptions=())
            slots = reachable_slots(empty, (), task, replace(host, busy=busy))
            zone = task.place.zone
            self.alone[key] = {local_day(zone, minute_of(slot.start)) for slot in slots}
        return self.alone[key]

    def is_reached(
        self,
        week: HostWeek,
        task: Task,
        host: Host,
        day: date,
        disruptions: Sequence[TravelDisruption],
    ) -> bool:
        """Whether the week's facts alone would leave room on this date with these disruptions."""
        from .verdicts import reachable_slots

        problem = replace(self.problem, disruptions=tuple(disruptions))
        facts = (*problem.fixed, *self.pinned_in(week, host))
        return bool(reachable_slots(problem, facts, task, host, days=(day,)))

    def pinned_in(self, week: HostWeek, host: Host) -> list[FixedVisit]:
        """What is pinned to the minute in a week, as visits that stand."""
        tasks = self.problem.tasks
        return [
            FixedVisit(
                f"task {fact.task}",
                fact.label,
                host.ref,
                tasks[fact.task].mode,
                tasks[fact.task].place,
                moment_of(fact.start),
                moment_of(fact.end),
            )
            for fact in week.facts
            if fact.task is not None
        ]

    def named(self, slot: SlotReason, task: Task) -> SlotReason:
        """The slot with the visits in its way named truly: the one whose going alone would make
        room, else all that are near."""
        from .verdicts import reachable_slots

        if slot.reason.code not in ("blocked_by_visit", "blocked_by_plan"):
            return slot
        h, host = next((h, o) for h, o in enumerate(self.problem.hosts) if o.ref == slot.host)
        week = next(f.week for f in self.host_weeks[h] if slot.day in f.week.days)
        facts = [*self.problem.fixed, *self.pinned_in(week, host)]
        noon = local_minute(task.place.zone, slot.day, NOON)
        near = sorted(
            (fact for fact in week.facts if fact.visit is not None or fact.task is not None),
            key=lambda fact: min(abs(fact.start - noon), abs(fact.ready - noon)),
        )[:MOST_NAMED]
        for fact in near:
            ref = fact.visit.ref if fact.visit is not None else f"task {fact.task}"
            rest = [row for row in facts if row.ref != ref]
            if reachable_slots(self.problem, rest, task, host, days=(slot.day,)):
                near = [fact]
                break
        near.sort(key=lambda fact: fact.start)
        return replace(slot, reason=_blocked_by(near, host, slot.day))

    def out_of_reach(self, finder: TripFinder, stops: Sequence[int]) -> bool:
        """Whether no journey from home fits the travel hours of a day."""
        week, table = finder.week, self.problem.travel
        for k in stops:
            there = int(table.minutes[week.home, week.place[k]])
            zones = week.zone_of_place[[week.home, week.place[k]]]
            day = (week.day_to[zones].min(axis=0) - week.day_from[zones].max(axis=0)).max()
            split = bool(table.splittable[week.home, week.place[k]])
            if there >= 0 and (there <= day or split):
                return False
        return True

    def insertions(
        self, finder: TripFinder, present: Sequence[int], stops: Sequence[int]
    ) -> list[tuple[int, ...]]:
        """Every possible trip that holds `present` and one of `stops`."""
        week, found = finder.week, []
        for stop in stops:
            for place in range(len(present) + 1):
                before = present[place - 1] if place else None
                after = present[place] if place < len(present) else None
                if before is not None and week.day_in[before] > week.day_in[stop]:
                    continue
                if after is not None and week.day_in[after] < week.day_in[stop]:
                    continue
                trip = (*present[:place], stop, *present[place:])
                if finder.allows(trip):
                    found.append(trip)
        return found

    def best_fit(
        self, finder: TripFinder, present: Sequence[int], stops: Sequence[int]
    ) -> Fit | None:
        """The cheapest way to place one of `stops`, dropping at most two visits of the week."""
        week = finder.week
        loose = [k for k in present if week.fact[k] < 0 and not self.comes_first(week, k)]
        before = finder.trip(tuple(present)).travel
        for count in range(3):
            fits = []
            for gone in combinations(loose, count):
                rest = [k for k in present if k not in gone]
                lost = float(sum(week.priority[k] for k in gone))
                for trip in self.insertions(finder, rest, stops):
                    fits.append(
                        Fit(
                            tuple(int(week.task[k]) for k in gone),
                            lost,
                            round(finder.trip(trip).travel - before),
                            week.number,
                            trip,
                        )
                    )
            if fits:
                return min(fits, key=Fit.rank)
        return None

    def those_first(
        self, finder: TripFinder, present: Sequence[int], stops: Sequence[int]
    ) -> list[str]:
        """The fewest visits of the week that may not be dropped and leave no room."""
        week = finder.week
        first = [k for k in present if week.fact[k] < 0 and self.comes_first(week, k)]
        for count in range(1, len(first) + 1):
            for some in combinations(first, count):
                kept = [k for k in present if week.fact[k] >= 0 or k in some]
                if not self.insertions(finder, kept, stops):
                    return [self.problem.tasks[int(week.task[k])].label for k in some]
        return []

    def comes_first(self, week: HostWeek, stop: int) -> bool:
        """Whether the stop's visit may not be dropped for another."""
        return self.problem.tasks[int(week.task[stop])].comes_first

    def fits_reason(self, task: Task, fit: Fit, host: Host, day: date) -> Reason:
        """The sentence for a fit."""
        names = [self.problem.tasks[k].label for k in fit.dropped]
        values = {
            "host": host.name,
            "day": day,
            "dropped": names,
            "lost": int(fit.lost),
            "priority": task.priority,
            "extra_minutes": int(fit.extra),
            "tasks": [self.problem.tasks[k].ref for k in fit.dropped],
        }
        travel = f"{abs(int(fit.extra))} minutes {'more' if fit.extra >= 0 else 'less'} travel"
        travel += self.shift_words(fit)
        if not names:
            return Reason("fits_now", f"Fits on {day:%-d %B} with {host.name} ({travel}).", values)
        return Reason(
            "fits_if",
            f"In this plan it fits on {day:%-d %B} with {host.name} if "
            f"{' and '.join(names)} (priority {int(fit.lost)}) "
            f"{'is' if len(names) == 1 else 'are'} dropped; its own priority is "
            f"{task.priority}; {travel}.",
            values,
        )

    def shift_words(self, fit: Fit) -> str:
        """Which other visits of the week then start at another minute; "" when none does."""
        finder = next(each for each in self.finders if each.week.number == fit.week)
        trip = self.trips.get(fit.week)
        present = trip.stops if trip is not None else ()
        before = dict(zip(present, finder.starts(present) or (), strict=False))
        times = _held_starts(finder, fit.stops, before) or finder.starts(fit.stops) or ()
        shifts = {
            self.problem.tasks[int(finder.week.task[k])].label: abs(int(start - before[k]))
            for k, start in zip(fit.stops, times, strict=False)
            if k in before and finder.week.fact[k] < 0 and start != before[k]
        }
        if not shifts:
            return ""
        verb = "shifts" if len(shifts) == 1 else "shift"
        return f"; {' and '.join(shifts)} {verb} by up to {max(shifts.values())} minutes"


def _held_starts(
    finder: TripFinder, stops: Sequence[int], before: Mapping[int, float]
) -> list[float] | None:
    """When each stop starts if nothing starts earlier than before; None when that cannot be."""
    week, links, times = finder.week, finder.links, []
    k, free, owed = week.size, week.ready, False
    for stop in stops:
        start = links.start_at(week, k, stop, free, finder.step)
        still = week.owed_after(k, stop, owed)
        if start is None or still is None:
            return None
        start = max(start, before.get(stop, start))
        times.append(start)
        k, free, owed = stop, start + float(week.service[stop]), still
    return times if free <= links.home_by[k] and not owed else None


def on_the_road(tour: Tour, host: Host) -> Reason:
    """That the host is away for something else than this campaign, and until when."""
    until = tour.end.astimezone(zone_of(host.home.zone))
    return Reason(
        "on_the_road",
        f"{host.name} is on the road for {tour.name} until {until:%-d %B %H:%M}.",
        {
            "host": host.name,
            "tour": tour.name,
            "until": tour.end,
            "until_zone": host.home.zone,
        },
    )


def _beside_absence(fact: Fact, task: Task, host: Host, day: date) -> Reason:
    """The host is there that day, but the journey to or from the place runs into an absence."""
    if fact.tour is not None:
        name = fact.tour.name
        return Reason(
            "beside_tour",
            f"{host.name} cannot reach {task.place.name} on {day:%-d %B} beside the tour for "
            f"{name}.",
            {
                "host": host.name,
                "day": day,
                "place": task.place.name,
                "tour": name,
                "absent_from": fact.tour.start,
                "absent_to": fact.tour.end,
                "zone": host.home.zone,
            },
        )
    return Reason(
        "beside_absence",
        f"{host.name} cannot reach {task.place.name} on {day:%-d %B} beside "
        f"{fact.label or 'a busy time'}.",
        {
            "host": host.name,
            "day": day,
            "place": task.place.name,
            "label": fact.label,
            "absent_from": moment_of(fact.start),
            "absent_to": moment_of(fact.end),
            "zone": host.home.zone,
        },
    )


def _not_reachable(task: Task, host: Host, day: date) -> Reason:
    return Reason(
        "not_reachable",
        f"{host.name} cannot get to {task.place.name} and back home around {day:%-d %B} within "
        "that week's travel hours.",
        {"host": host.name, "place": task.place.name, "day": day},
    )


def _blocked_by(facts: Sequence[Fact], host: Host, day: date) -> Reason:
    """That these visits are in the way."""
    labels = [fact.label for fact in facts]
    values = {"host": host.name, "day": day, "visit": labels if len(labels) > 1 else labels[0]}
    text = f"{host.name} cannot fit it on {day:%-d %B} beside {' and '.join(labels)}"
    if not all(fact.visit is not None and fact.visit.agreed for fact in facts):
        return Reason("blocked_by_plan", f"{text}.", values)
    if len(facts) > 1:
        return Reason("blocked_by_visits", f"{text}, which stand.", values)
    return Reason("blocked_by_visit", f"{text}, which stands.", values)


def explain(
    problem: Problem,
    finders: Sequence[TripFinder],
    choice: Sequence[Trip],
    verify: Verify | None = None,
    *,
    only: Collection[str] | None = None,
    over: Callable[[], bool] = lambda: False,
    stood: Sequence[PublishedVisit] | None = None,
) -> tuple[Unplaced, ...]:
    """Reasons for every task that the choice leaves out, most important task first; for some alone
    with `only`. Once it is `over`, the reason of the rest is left open. `stood` is where agreed
    visits were published, if not as the problem says."""
    placed = {task for trip in choice for task in trip.tasks}
    explainer = Explainer(problem, finders, choice, verify, stood)
    missing = [
        i
        for i, task in enumerate(problem.tasks)
        if i not in placed and (only is None or task.ref in only)
    ]
    missing.sort(key=lambda i: (-problem.tasks[i].priority, i))
    return tuple(_left_open(problem.tasks[i]) if over() else explainer.explain(i) for i in missing)


def _left_open(task: Task) -> Unplaced:
    text = "Not worked out yet: the time for the plan was over before."
    return Unplaced(
        task.ref, task.requests or (task.ref,), task.priority, Reason(LEFT_OPEN, text), None
    )
