"""What could still be done for a request the plan has no place for."""

from dataclasses import replace

from django.utils.translation import gettext as _

from crm import wording
from visits.domain.planning import LoadedProblem
from visits.planning import problem as p
from visits.planning.solution import Solution
from visits.planning.verdicts import insert_only

ONLINE_MINUTES = 90


def online_instead(loaded: LoadedProblem, solution: Solution, task_ref: str) -> str:
    """One sentence naming a time at which the task fits online, or "" when none does.

    The time is found by the planner with everything else kept where it is.
    """
    task = next(row for row in loaded.problem.tasks if row.ref == task_ref)
    if task.mode == p.Mode.ONLINE:
        return ""
    online = replace(task, mode=p.Mode.ONLINE, duration=min(task.duration, ONLINE_MINUTES))
    tasks = tuple(online if row.ref == task_ref else row for row in loaded.problem.tasks)
    answer = insert_only(replace(loaded.problem, tasks=tasks), solution, task_ref)
    found = [visit for visit in answer.visits if visit.task == task_ref]
    if not found:
        return ""
    return _("Online it fits on %(when)s with %(host)s.") % {
        "when": wording.time_range(found[0].start, found[0].end, found[0].zone),
        "host": loaded.hosts[found[0].host].name,
    }
