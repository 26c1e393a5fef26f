"""An earlier version as a new draft on today's calendar, as far as it is still possible."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.models import User
from visits.domain.booking import lock_resources
from visits.domain.plan_edits import Places, bare_solution, held_by
from visits.domain.plan_rules import decided_against, decisions_of, local_day_of
from visits.domain.planning import Held, LoadedProblem, load_problem
from visits.domain.plans import (
    MOVED_SINCE,
    NOT_BACK,
    SolvedPlan,
    add_version,
    how_held,
    plan_as_json,
)
from visits.models import Placement, PlanDecision, PlanVersion, Unplaced, Visit, VisitRequest
from visits.models.requests import Mode
from visits.planning import moves
from visits.planning import problem as p
from visits.planning.solution import Reason, Solution
from visits.planning.solution import Unplaced as UnplacedTask
from visits.planning.verdicts import verdict
from visits.reason_words import desk_words, fault_words


def bring_back(version: PlanVersion, *, at: datetime, by: User | None) -> PlanVersion:
    """A new draft that places what `version` placed, where it did.

    Each visit is held as it was: online or on site, as long, for the same requests together. Agreed
    visits stay facts, and so does what is on offer, unless the version has that very request
    otherwise and that is possible still: then the offer moves back. What is not possible any more,
    or what was decided against meanwhile, is left without a place, or on offer as it is, and named
    with its reason.
    """
    rows = list(version.placements.select_related("host", "visit").prefetch_related("requests"))
    campaign = version.plan.campaign
    decisions = decisions_of(campaign)
    released = _offers_elsewhere(rows)
    kept: dict[str, str] = {}
    while True:
        loaded = load_problem(
            campaign,
            at=at,
            decisions=decisions,
            released=released,
            held=_held(version, rows),
        )
        wanted = _wanted(loaded, rows)
        against = _against(loaded, wanted, decisions)
        allowed = {ref: spot for ref, spot in wanted.items() if ref not in against}
        plan, refused = _as_far_as_possible(loaded, allowed)
        refused |= against
        stay = _offers_that_stay(loaded, plan, released)
        if not stay:
            break
        kept |= {ref: refused.get(ref, "") for ref in stay}
        released -= {visit.ref for visit in stay.values()}
    gone = _gone(loaded, rows, version, kept, at=at)
    told = moves.reasons_left(loaded.problem, plan)
    plan = replace(plan, unplaced=tuple(_named(row, version, refused) for row in told))
    solved = SolvedPlan(campaign, loaded, plan, 1, False, at)
    as_told = plan_as_json(solved)
    with transaction.atomic():
        lock_resources([f"plan:{version.plan_id}"])
        note = _("%(version)s brought back") % {"version": version}
        made = add_version(version.plan, solved, by=by, told=as_told, note=note)
        Unplaced.objects.bulk_create(
            Unplaced(version=made, request=request, reason_code=code, reason=reason[:500])
            for request, code, reason in gone
        )
        record(made, "bring_back", at=at, by=by, to_state=made.state, why=str(version))
    return made


def _offers_elsewhere(rows: Iterable[Placement]) -> set[str]:
    """Open offers of requests that the version has with another host or at another time."""
    found = set()
    spots = {request.pk: how_held(row) for row in rows for request in row.requests.all()}
    offers = Visit.objects.offered().filter(requests__in=spots).distinct()
    for visit in offers.prefetch_related("requests"):
        requests = list(visit.requests.all())
        # Requests that were joined into one visit are the coordinator's to part.
        if len(requests) == 1 and spots[requests[0].pk] != how_held(visit):
            found.add(visit.ref)
    return found


def offers_kept_beside(version: PlanVersion) -> list[Visit]:
    """What is on offer to cities that the version has no place for: brought back, it leaves that as
    it is, since it takes no date back from a city."""
    placed = version.placements.exclude(requests=None).values("requests")
    rows = Visit.objects.offered().filter(campaign=version.plan.campaign)
    return list(rows.exclude(requests__in=placed).order_by("starts_at").distinct())


def _offers_that_stay(
    loaded: LoadedProblem, plan: Solution, released: Collection[str]
) -> dict[str, Visit]:
    """Offers that might have moved back and cannot, by the reference of their task: a city that has
    the dates is not told otherwise for that."""
    placed = {visit.task for visit in plan.visits}
    return {
        task.ref: loaded.kept_visits[task.ref]
        for task in loaded.problem.tasks
        if task.ref not in placed
        and task.ref in loaded.kept_visits
        and loaded.kept_visits[task.ref].ref in released
    }


def _held(version: PlanVersion, rows: Iterable[Placement]) -> tuple[Held, ...]:
    """How the version holds its visits, and what it has in its tray since it was brought back."""
    found = [
        Held(
            tuple(sorted(request.ref for request in row.requests.all())),
            p.Mode.ONLINE if row.mode == Mode.ONLINE else p.Mode.ON_SITE,
            int((row.ends_at - row.starts_at).total_seconds()) // 60,
        )
        for row in rows
    ]
    placed = {ref for row in found for ref in row.requests}
    found = [row for row in found if row.requests]
    return (*found, *(row for row in held_by(version) if placed.isdisjoint(row.requests)))


def _against(
    loaded: LoadedProblem, wanted: Places, decisions: Sequence[PlanDecision]
) -> dict[str, str]:
    """What was decided or found out since that forbids an old place, by the task's reference."""
    found = {}
    for ref, (host, start) in wanted.items():
        request = loaded.requests[ref]
        task = moves.task_of(loaded.problem, ref)
        day = local_day_of(start, request.zone)
        together = [loaded.requests[each] for each in task.requests]
        why = decided_against(decisions, together, loaded.hosts[host], day)
        if not why and task.mode == p.Mode.ON_SITE and request.on_site_ruled_out:
            why = _("An on-site visit is ruled out: %(why)s.") % {
                "why": request.on_site_ruled_out.rstrip(".")
            }
        if why:
            found[ref] = why
    return found


def _wanted(loaded: LoadedProblem, rows: Iterable[Placement]) -> Places:
    """Where the version has each request that can be placed today."""
    spots = {
        request.ref: (row.host.ref, row.starts_at) for row in rows for request in row.requests.all()
    }
    return {
        task.ref: spots[task.ref]
        for task in loaded.problem.tasks
        if task.ref in spots and spots[task.ref][0] in loaded.hosts
    }


def _as_far_as_possible(loaded: LoadedProblem, wanted: Places) -> tuple[Solution, dict[str, str]]:
    """All the places, or one after the other by priority; and why each of the others is refused."""
    problem = loaded.problem
    try:
        return moves.arrange(problem, wanted), {}
    except p.ProblemError:
        pass
    kept: Places = {}
    refused: dict[str, str] = {}
    plan = moves.arrange(problem, kept)
    tasks = [task for task in problem.tasks if task.ref in wanted]
    for task in sorted(tasks, key=lambda task: (-task.priority, wanted[task.ref][1])):
        try:
            plan = moves.arrange(problem, kept | {task.ref: wanted[task.ref]})
            kept[task.ref] = wanted[task.ref]
        except p.ProblemError as error:
            why = _why(problem, plan, task.ref, *wanted[task.ref])
            refused[task.ref] = why or fault_words(error)
    return plan, refused


def _why(problem: p.Problem, plan: Solution, ref: str, host: str, start: datetime) -> str:
    """What speaks against the old place, in the words of a single move."""
    weighed = verdict(problem, bare_solution(plan.visits), ref, host, start)
    return desk_words(weighed.hard[0]) if weighed.hard else ""


def _named(row: UnplacedTask, version: PlanVersion, refused: dict[str, str]) -> UnplacedTask:
    if row.task not in refused:
        return row
    words = _("Its place in %(version)s is not possible any more: %(why)s") % {
        "version": version,
        "why": refused[row.task],
    }
    return replace(row, reason=Reason(NOT_BACK, words))


def _gone(
    loaded: LoadedProblem,
    rows: Iterable[Placement],
    version: PlanVersion,
    kept: Mapping[str, str],
    *,
    at: datetime,
) -> list[tuple[VisitRequest, str, str]]:
    """Requests of the version that no plan can move today, unless they stand where they did; each
    with the code and the words of why. `kept` are those on offer that could not move back."""
    tasks = {ref for task in loaded.problem.tasks for ref in task.requests}
    facts = {ref: row for row in loaded.problem.fixed for ref in row.requests}
    found = []
    for row in rows:
        for request in row.requests.all():
            fact = facts.get(request.ref)
            stands = fact and (fact.host, fact.start) == (row.host.ref, row.starts_at)
            if request.ref in tasks or stands or row.ends_at <= at:
                continue
            visit = loaded.visits.get(fact.ref) if fact else None
            if fact and kept.get(request.ref):
                words = _kept_words(request, version, fact, kept[request.ref])
                found.append((request, NOT_BACK, words))
            elif visit is not None and _was_moved_from(visit, row):
                found.append((request, MOVED_SINCE, _moved_words(visit)))
            else:
                found.append((request, NOT_BACK, _gone_words(request, fact)))
    return found


def _kept_words(request: VisitRequest, version: PlanVersion, fact: p.FixedVisit, why: str) -> str:
    words = _("It stays on offer at %(when)s; its place in %(version)s is not possible: %(why)s")
    return words % {
        "when": wording.local_time(fact.start, request.zone),
        "version": version,
        "why": why,
    }


def _was_moved_from(visit: Visit, row: Placement) -> bool:
    """Whether we moved the visit from this very place, and its city has not agreed yet."""
    before = visit.agreed_before if visit.awaits_city else None
    return before is not None and how_held(before) == how_held(row)


def _moved_words(visit: Visit) -> str:
    when = wording.local_time(visit.starts_at, visit.zone)
    return _("%(visit)s was moved to %(when)s since, and its city has not agreed yet.") % {
        "visit": visit.ref,
        "when": when,
    }


def moved_since(version: PlanVersion, unplaced: Iterable[Unplaced] | None = None) -> list[Visit]:
    """Visits that a version brought back has elsewhere than they stand: moved by us, and back where
    they were once that move is taken back, which no plan does. `unplaced` are its rows if loaded.
    """
    rows = version.unplaced.all() if unplaced is None else unplaced
    requests = [row.request_id for row in rows if row.reason_code == MOVED_SINCE]
    if not requests:
        return []
    visits = (
        Visit.objects.live().filter(requests__in=requests).select_related("host", "replaces__host")
    )
    return [visit for visit in visits.distinct() if visit.awaits_city]


def _gone_words(request: VisitRequest, fact: p.FixedVisit | None) -> str:
    if fact is not None:
        return _("It stands at %(when)s now, which a plan does not move.") % {
            "when": wording.local_time(fact.start, request.zone)
        }
    return _("It cannot be placed any more: the request is %(state)s.") % {
        "state": request.get_state_display()
    }
