"""What could still be done for a request the plan has no place for."""

from dataclasses import replace

from django.utils.translation import gettext as _

from crm import wording
from visits.domain.planning import LoadedProblem
from visits.planning import problem as p
from visits.planning.solution import Solution
from visits.planning.verdicts import as_fixed, reachable_slots

ONLINE_MINUTES = 90


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
