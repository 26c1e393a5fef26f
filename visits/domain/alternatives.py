"""What could still be done for a request that a plan has no place for.

"The plan" is any: one just found, a draft, the calendar as it stands. For the same plan the page,
the tray of a draft and the command tell the same change, because all of them ask here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from django.utils.translation import gettext as _

from crm import wording
from visits.domain.plan_rules import locked_day
from visits.domain.planning import LoadedProblem
from visits.domain.planning_tasks import task_of_visit
from visits.domain.reach import journey_words
from visits.models import PlanDecision
from visits.planning import problem as p
from visits.planning.changes import (
    Change,
    ChangeKind,
    Leeway,
    Placed,
    lay_out,
    points_at,
    smallest_way,
    ways_to_fit,
)
from visits.planning.preferences import worth_of
from visits.planning.reasons import is_past, nearest
from visits.planning.solution import Reason, Solution, Unplaced
from visits.planning.spans import local_day, minute_of
from visits.planning.verdicts import task_of, weigh_start
from visits.reason_words import both, desk_words
from visits.states import VisitState

# Shorter visits that are still worth a journey, in minutes: half a day, and two hours.
SHORTER = (180, 120)
ONLINE_MINUTES = 90
DECIDED = "decided"


def leeway_of(task: p.Task, *, agreed: frozenset[str] = frozenset()) -> Leeway:
    """What of a visit may give way; `agreed` visits may be asked to move, never to go."""
    lengths = SHORTER if task.mode == p.Mode.ON_SITE else ()
    return Leeway(lengths=lengths, online=ONLINE_MINUTES, agreed=agreed)


class Alternatives:
    """The changes that would let requests fit into one plan, and their words.

    What changes a request alone is weighed in the plan as it is. What touches other visits may also
    move the visits that stand, and drop those that are only on offer; where agreed visits were
    planned anew and `may_stand`, also put one of those off in another's stead. What was found for
    several that are to be met `online` together is told instead of a time found for one alone.
    """

    def __init__(
        self,
        loaded: LoadedProblem,
        solution: Solution,
        *,
        may_stand: bool = False,
        online: Mapping[str, Change] | None = None,
    ) -> None:
        self.loaded, self.problem, self.solution = loaded, loaded.problem, solution
        self.may_stand, self.online = may_stand, online or {}

    @cached_property
    def wide(self) -> tuple[p.Problem, Solution, frozenset[str]]:
        """The problem in which visits ahead may give way, the same plan in it, and those of its
        visits that are agreed."""
        released, placed = self.released
        agreed = self.promised | {
            task.ref
            for task in released
            if self.loaded.visits[task.ref].state != VisitState.TENTATIVE
        }
        placed += [
            Placed(visit.task, visit.host, visit.start)
            for visit in self.solution.visits
            if visit.task is not None
        ]
        wide = replace(
            self.problem,
            tasks=(*self.problem.tasks, *released),
            fixed=tuple(
                v for v in self.problem.fixed if v.ref not in {task.ref for task in released}
            ),
        )
        plan = lay_out(wide, placed)
        if plan is None:
            return self.problem, self.solution, agreed
        return wide, plan, agreed

    @cached_property
    def ahead(self) -> dict[str, tuple[p.Task, p.Host, p.FixedVisit]]:
        """The visits ahead that might give way, each as a task, with its host and where it stands,
        by reference."""
        problem, found = self.loaded.problem, {}
        hosts = {host.ref: host for host in problem.hosts}
        for fixed in problem.fixed:
            task = task_of_visit(self.loaded.visits[fixed.ref], self.loaded.known)
            host = hosts.get(fixed.host)
            if task and host and problem.clock is not None and fixed.start > problem.clock:
                found[fixed.ref] = task, host, fixed
        return found

    @cached_property
    def released(self) -> tuple[list[p.Task], list[Placed]]:
        """Of the visits ahead those that keep the rules where they are, and their places."""
        problem, tasks, placed = self.loaded.problem, [], []
        for ref, (task, host, fixed) in self.ahead.items():
            others = [row for row in problem.fixed if row.ref != ref]
            if weigh_start(problem, others, task, host, fixed.start).possible:
                tasks.append(task)
                placed.append(Placed(task.ref, fixed.host, fixed.start))
        return tasks, placed

    @property
    def at_fault(self) -> frozenset[str]:
        """The visits ahead that might give way but break a rule where they are, so that no change
        worked out can move them."""
        wide, _plan, _agreed = self.wide
        return frozenset(self.ahead.keys() & {fixed.ref for fixed in wide.fixed})

    def ways(
        self, ref: str, *, host: str | None = None, day: date | None = None
    ) -> tuple[Change, ...]:
        """The smallest change of every kind, smallest first; with `host` or `day` only those that
        hold the visit there."""
        leeway = leeway_of(task_of(self.problem, ref))
        own = ways_to_fit(
            self.problem, self.solution, ref, leeway, host=host, day=day, touching=False
        )
        wide, plan, agreed = self.wide
        leeway = replace(leeway, agreed=agreed)
        others = ways_to_fit(wide, plan, ref, leeway, host=host, day=day, touching=True)
        told: dict[Placed, Change] = {}
        for change in sorted((*own, *others), key=Change.rank):
            told.setdefault(change.placed, change)  # nothing more gives way for the same start
        return tuple(told.values())

    def smallest(self, ref: str) -> Change | None:
        """The first of all `ways`, found sooner; None when no small change helps."""
        leeway = leeway_of(task_of(self.problem, ref))
        own = smallest_way(self.problem, self.solution, ref, leeway, touching=False)
        if own is not None and own.kind == ChangeKind.ONLINE:
            return self.online.get(ref, own)
        if own is not None:
            return own
        wide, plan, agreed = self.wide
        change = smallest_way(wide, plan, ref, replace(leeway, agreed=agreed), touching=True)
        if change is None and self.may_stand:
            agreed -= self.promised
            change = smallest_way(wide, plan, ref, replace(leeway, agreed=agreed), touching=True)
        return change

    @cached_property
    def promised(self) -> frozenset[str]:
        """The agreed visits that are planned anew."""
        return frozenset(task.ref for task in self.problem.tasks if task.promised)

    def label(self, ref: str) -> str:
        """What a task is called at the desk."""
        row = self.loaded.visits.get(ref) or self.loaded.requests.get(ref)
        return str(row) if row is not None else ref

    def words(self, change: Change) -> str:
        """A change in words."""
        placed = change.placed
        zone = task_of(self.problem, placed.task).place.zone
        then = {
            "when": wording.local_time(placed.start, zone),
            "host": self.loaded.hosts[placed.host].name,
            "length": wording.duration(change.duration),
        }
        sentences = {
            ChangeKind.PLACE: _("It fits as things stand: %(when)s with %(host)s."),
            ChangeKind.TIME: _("If another part of the day suits: %(when)s with %(host)s."),
            ChangeKind.DAY: _("If another day suits: %(when)s with %(host)s."),
            ChangeKind.SHORTER: _("If it lasts %(length)s: %(when)s with %(host)s."),
            ChangeKind.ONLINE: _("If it is held online (%(length)s): %(when)s with %(host)s."),
        }
        if change.kind == ChangeKind.LIFT:
            return lifted_words(self.loaded, self.problem, change)
        if change.lifted:
            names = wording.listed(str(row) for row in decisions_in(self.loaded, change))
            words = _(
                "If it is held online (%(length)s) and what was decided is taken back "
                "(%(decisions)s): %(when)s with %(host)s."
            )
            return words % {**then, "decisions": names}
        if change.kind in sentences:
            return sentences[change.kind] % then
        if change.kind == ChangeKind.MOVE:
            moved = change.moved[0]
            task = task_of(self.wide[0], moved.task)
            return _("If %(visit)s moves to %(then)s with %(other)s: %(when)s with %(host)s.") % {
                **then,
                "visit": self.label(moved.task),
                "then": wording.local_time(moved.start, task.place.zone),
                "other": self.loaded.hosts[moved.host].name,
            }
        if self.promised.issuperset(change.dropped):
            visits = both(str(self.loaded.kept_visits[ref]) for ref in change.dropped)
            words = _("If %(visits)s is put off: %(when)s with %(host)s.")
            return words % {**then, "visits": visits}
        return _("If %(visits)s gives way: %(when)s with %(host)s.") % {
            **then,
            "visits": both(self.label(ref) for ref in change.dropped),
        }

    def costs(self, change: Change) -> list[str]:
        """What a change costs in this plan."""
        task = task_of(self.problem, change.placed.task)
        words = [journey_words(change.extra_minutes)]
        if change.lost:
            words.append(
                _("drops priority %(lost)d, places priority %(own)d")
                % {"lost": change.lost, "own": task.priority}
            )
        for row in change.moved:
            words += self.cost_of_move(row)
        if any(ref in self.loaded.visits for ref in change.dropped):
            words.append(_("dates on offer are taken back"))
        start = minute_of(change.placed.start)
        day = local_day(task.place.zone, start)
        worth = worth_of(self.problem, task, day, start)
        return [*words, *(desk_words(reason) for reason in worth.deductions)]

    def cost_of_move(self, row: Placed) -> list[str]:
        """What another visit loses when it moves: its city's word, and its wishes."""
        wide, plan, agreed = self.wide
        words = []
        if row.task in agreed:
            words.append(_("its city has agreed and would be asked again"))
        elif row.task in self.loaded.visits:
            words.append(_("its dates are on offer and would be offered anew"))
        task = task_of(wide, row.task)
        old = next(visit.start for visit in plan.visits if visit.task == row.task)
        lost = points_at(wide, task, old) - points_at(wide, task, row.start)
        if lost <= 0:
            return words
        day = local_day(task.place.zone, minute_of(old))
        sentence = (
            _("%(visit)s loses %(points)s wish points: it wished for %(day)s")
            if any(wish.day == day for wish in task.wishes)
            else _("%(visit)s loses %(points)s wish points")
        )
        values = {"visit": self.label(row.task), "points": f"{lost:g}", "day": wording.day(day)}
        return [*words, sentence % values]

    def sentence(self, change: Change) -> str:
        """A change in one sentence, with its costs where others pay them."""
        words = self.words(change)
        if not change.moved and not change.dropped:
            return words
        return (
            f"{words.rstrip('.')} ({'; '.join(cost.rstrip('.') for cost in self.costs(change))})."
        )

    def reason(self, row: Unplaced) -> str:
        """What stands against a request: on every date it wished for that is left, or why it is not
        about those dates; of an agreed visit why it cannot stay."""
        ref, reason = row.task, row.reason
        task = task_of(self.problem, ref)
        wished = {wish.day for wish in task.wishes}
        on = reason.params.get("day")
        ahead = {day for day in wished if day >= self.first_day(ref)}
        left = ahead & set(self.problem.days)
        if not wished or on in wished or left:
            is_about_its_place = task.promised and not task.only_wished
            is_whole = on not in wished or reason.code == "outranked_by" or is_about_its_place
            others = () if is_whole else left - {on}
            found = (nearest([s for s in row.slots if s.day == day], {day}) for day in others)
            more = sorted((s.day, desk_words(s.reason)) for s in found if s and not is_past(s))
            told = [desk_words(reason), *(words for _day, words in more)]
            if not task.only_wished:
                told += self.of_other_days(row, wished)
            return " ".join(told)
        if not ahead:
            words = _("Every date it wished for is over or too soon. %(reason)s")
        elif ahead == wished:
            words = _("No date it wished for is a working day of the offer. %(reason)s")
        else:
            words = _(
                "Every date it wished for is over, too soon or no working day of the offer. "
                "%(reason)s"
            )
        return words % {"reason": desk_words(reason)}

    def of_other_days(self, row: Unplaced, wished: set[date]) -> list[str]:
        """That the days a city did not wish for are taken as well, where the reason says nothing of
        them."""
        others = [slot for slot in row.slots if slot.day not in wished and not is_past(slot)]
        code, params = row.reason.code, row.reason.params
        is_whole = "day" not in params or code in ("outranked", "outranked_by", "others_give_way")
        is_free = any(slot.reason.code == "fits_now" for slot in others)
        if not wished or not others or is_whole or is_free:
            return []
        return [_("No other day is free for it.")]

    def why_not_as_wished(self, row: Unplaced, change: Change) -> str:
        """Why a request that still fits into the plan has no place as it wished; else empty."""
        if change.kind == ChangeKind.TIME:
            return _("The part of the day it wished for is taken.")
        if change.kind != ChangeKind.DAY:
            return ""
        return self.reason(replace(row, reason=Reason("", _("Another day is free.")), slots=()))

    def first_day(self, ref: str) -> date:
        """The first day on which the clock and the shortest notice let a new visit begin."""
        moments = [m for m in (self.problem.clock, self.problem.earliest) if m is not None]
        if not moments:
            return date.min
        return local_day(task_of(self.problem, ref).place.zone, minute_of(max(moments)))


def would_fit(loaded: LoadedProblem, change: Change) -> str:
    """The smallest change that lets a task fit on a day it was refused on, in one sentence."""
    task = task_of(loaded.problem, change.placed.task)
    values = {
        "time": wording.zoned_time(change.placed.start, task.place.zone),
        "length": wording.duration(change.duration),
        "visit": ", ".join(str(loaded.requests[ref]) for ref in change.dropped),
        "decisions": wording.listed(str(row) for row in decisions_in(loaded, change)),
    }
    if change.lifted and change.kind == ChangeKind.ONLINE:
        words = _("Would fit online (%(length)s) at %(time)s if taken back: %(decisions)s.")
        return words % values
    sentences = {
        ChangeKind.LIFT: _("Would fit at %(time)s if that decision is taken back."),
        ChangeKind.SHORTER: _("Would fit at %(time)s if it lasted %(length)s."),
        ChangeKind.ONLINE: _("Would fit online (%(length)s) at %(time)s."),
        ChangeKind.DROP: _("Would fit at %(time)s if %(visit)s gave way."),
    }
    return sentences[change.kind] % values


def decisions_in(loaded: LoadedProblem, change: Change) -> list[PlanDecision]:
    """The decisions that a change takes back."""
    return [row for row in loaded.decisions if str(row.pk) in change.lifted]


def lifted_words(loaded: LoadedProblem, problem: p.Problem, change: Change) -> str:
    """What was decided, what to take back, and where the task then goes."""
    tasks = {task.ref: task for task in problem.tasks}
    rows = decisions_in(loaded, change)
    goes = {
        "when": wording.local_time(change.placed.start, tasks[change.placed.task].place.zone),
        "host": loaded.hosts[change.placed.host].name,
    }
    if not change.moved:
        then = _("it fits %(when)s with %(host)s.") % goes
    else:
        moved = change.moved[0]
        then = _("move %(city)s to %(then)s with %(other)s, and it fits %(when)s with %(host)s.")
        then %= {
            **goes,
            "city": tasks[moved.task].label,
            "then": wording.local_time(moved.start, tasks[moved.task].place.zone),
            "other": loaded.hosts[moved.host].name,
        }
    if not change.moved:
        return _("%(obstacle)s and %(then)s") % {"obstacle": _obstacle(rows), "then": then}
    return _("%(obstacle)s, %(then)s") % {"obstacle": _obstacle(rows), "then": then}


def _obstacle(rows: Sequence[PlanDecision]) -> str:
    """What was decided, and the beginning of what to do about it."""
    if len(rows) != 1:
        names = wording.listed(str(row) for row in rows) or _("what was decided for this visit")
        return _("Our own decisions stand against it: %(names)s. Take them back") % {"names": names}
    row = rows[0]
    if row.kind == PlanDecision.Kind.LOCK:
        host, day = locked_day(row)
        values = {"day": wording.short_day(day), "host": host}
        return _("%(day)s is locked for %(host)s. Unlock it") % values
    if row.kind == PlanDecision.Kind.PIN:
        return _("%(decision)s. Take the pin back") % {"decision": row}
    return _("%(decision)s. Allow it") % {"decision": row}
