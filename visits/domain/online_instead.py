"""Meeting online instead: when each agreed visit that no plan can get to might still be met."""

from collections.abc import Collection
from dataclasses import replace

from visits.domain.alternatives import ONLINE_MINUTES
from visits.domain.plan_rules import with_decisions
from visits.domain.planning import LoadedProblem
from visits.domain.planning_tasks import task_of_visit
from visits.planning import problem as p
from visits.planning.changes import Change, ChangeKind, Placed
from visits.planning.check import violations
from visits.planning.search import solve
from visits.planning.solution import Solution
from visits.planning.verdicts import as_fixed

# A handful of calls beside a plan that stands; the ceiling is for a slow machine.
ENOUGH = p.Limits(seconds=3.0)


def online_instead(
    loaded: LoadedProblem, solution: Solution, refs: Collection[str]
) -> dict[str, Change]:
    """How these visits (references), which stand in the plan, could all be met online together,
    each with its host at its time where that is possible. What is online already, or pinned by the
    coordinator, or finds no time, is not among them."""
    visits = [loaded.visits[ref] for ref in sorted(refs)]
    tasks = (task_of_visit(visit, loaded.known) for visit in visits)
    asked = tuple(
        replace(task, mode=p.Mode.ONLINE, duration=min(task.duration, ONLINE_MINUTES))
        for task in tasks
        if task is not None and task.mode == p.Mode.ON_SITE
    )
    decided = with_decisions(replace(loaded.problem, tasks=asked), loaded.decisions)
    calls = {task.ref: task for task in decided.tasks if task.pin is None}
    if not calls:
        return {}
    problem = replace(
        decided,
        tasks=tuple(calls.values()),
        fixed=as_fixed(visit for visit in solution.visits if visit.fixed not in calls),
        published=tuple(
            p.PublishedVisit(visit.ref, visit.host.ref, visit.starts_at)
            for visit in visits
            if visit.ref in calls
        ),
        most_moves=None,
    )
    plan = solve(problem, ENOUGH, with_reasons=False)
    if violations(problem, plan):
        return {}
    return {
        visit.task: Change(
            ChangeKind.ONLINE,
            Placed(visit.task, visit.host, visit.start),
            calls[visit.task].duration,
            p.Mode.ONLINE,
        )
        for visit in plan.visits
        if visit.task is not None
    }
