"""What could still be done for a request the plan has no place for."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from crm import wording
from visits.domain.plan_rules import locked_day
from visits.domain.planning import LoadedProblem
from visits.models import PlanDecision
from visits.planning import problem as p
from visits.planning.changes import Change, ChangeKind, Leeway, decisions_to_lift
from visits.planning.solution import Solution
from visits.planning.verdicts import as_fixed, reachable_slots

# Shorter visits that are still worth a journey, in minutes: half a day, and two hours.
SHORTER = (180, 120)
ONLINE_MINUTES = 90
DECIDED = "decided"


def leeway_of(task: p.Task, *, agreed: frozenset[str] = frozenset()) -> Leeway:
    """What of a visit may give way; `agreed` visits may be asked to move, never to go."""
    lengths = SHORTER if task.mode == p.Mode.ON_SITE else ()
    return Leeway(lengths=lengths, online=ONLINE_MINUTES, agreed=agreed)


def would_fit(loaded: LoadedProblem, change: Change) -> str:
    """The smallest change that lets a task fit on a day it was refused on, in one sentence."""
    task = next(task for task in loaded.problem.tasks if task.ref == change.placed.task)
    values = {
        "time": wording.zoned_time(change.placed.start, task.place.zone),
        "length": wording.duration(change.duration),
        "visit": ", ".join(str(loaded.requests[ref]) for ref in change.dropped),
    }
    sentences = {
        ChangeKind.LIFT: _("Would fit at %(time)s if that decision is taken back."),
        ChangeKind.SHORTER: _("Would fit at %(time)s if it lasted %(length)s."),
        ChangeKind.ONLINE: _("Would fit online (%(length)s) at %(time)s."),
        ChangeKind.DROP: _("Would fit at %(time)s if %(visit)s gave way."),
    }
    return sentences[change.kind] % values


def online_instead(loaded: LoadedProblem, solution: Solution, task_ref: str) -> str:
    """One sentence naming a time at which the task fits online, or "" when none does.

    Everything else stays where it is; the most wished time is told, of equals the earliest of the
    host who comes first.
    """
    problem = loaded.problem
    task = next(row for row in problem.tasks if row.ref == task_ref)
    if task.mode == p.Mode.ONLINE:
        return ""
    online = replace(task, mode=p.Mode.ONLINE, duration=min(task.duration, ONLINE_MINUTES))
    facts = as_fixed(solution.visits)
    slots = [s for host in problem.hosts for s in reachable_slots(problem, facts, online, host)]
    if not slots:
        return ""
    order = [host.ref for host in problem.hosts]
    best = min(slots, key=lambda slot: (-slot.points, order.index(slot.host), slot.start))
    return _("Online it fits on %(when)s with %(host)s.") % {
        "when": wording.time_range(best.start, best.end, task.place.zone),
        "host": loaded.hosts[best.host].name,
    }


def decided_in_the_way(loaded: LoadedProblem, solution: Solution, task_ref: str) -> str:
    """The coordinator's own decisions whose taking back alone lets the task fit, with where it
    then goes; "" when that does not help."""
    if not loaded.decisions:
        return ""
    change = decisions_to_lift(loaded.problem, solution, task_ref)
    return lifted_words(loaded, loaded.problem, change) if change else ""


def lifted_words(loaded: LoadedProblem, problem: p.Problem, change: Change) -> str:
    """What was decided, what to take back, and where the task then goes."""
    tasks = {task.ref: task for task in problem.tasks}
    rows = [row for row in loaded.decisions if str(row.pk) in change.lifted]
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
