"""Plan versions, solved and stored as drafts; `publishing` makes one the plan that holds."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.models import User
from visits.domain.alternatives import DECIDED, Alternatives
from visits.domain.booking import lock_resources
from visits.domain.left_out import left_out_when_fresh
from visits.domain.online_instead import online_instead
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.standing import Left, Standing
from visits.models import (
    Campaign,
    Placement,
    Plan,
    PlanEdit,
    PlanVersion,
    Unplaced,
    Visit,
    VisitRequest,
)
from visits.models.requests import Mode
from visits.planning import search
from visits.planning.changes import Change, ChangeKind
from visits.planning.check import violations
from visits.planning.problem import Limits, ProblemError
from visits.planning.reasons import LEFT_OPEN, as_left_open
from visits.planning.solution import Leg, PlannedVisit, Progress, Solution
from visits.planning.solution import Unplaced as UnplacedTask
from visits.reason_words import desk_words, fault_words

NO_PLACE = "{city} is not in the register of places, so no journey can be planned."
# Requests that have no place in a version for another reason than the plan's rules.
FITS_NOW, LEFT_OUT, NOT_BACK = "fits_now", "left_out", "not_back"
# Moved since by us, and back only by taking that move back.
MOVED_SINCE = "moved_since"
NO_PLACE_MEND = "It can be planned once the city is chosen from the register."


class BrokenPlan(ValueError):
    """The independent check refuses a plan that the search made; the text says why."""


@dataclass(frozen=True)
class SolvedPlan:
    """A problem with its solution, and how it was asked for.

    `left` are requests whose rows need no working out: those of visits that might have moved but
    found no new place, which stand, so the plan has them as facts; and those of an edited draft.
    `stands` are the references of those visits, and `online` tells how they could be met online
    instead. Once it is `over`, nobody waits for reasons any more, and the rest is left open.
    """

    campaign: Campaign
    loaded: LoadedProblem
    solution: Solution
    seed: int
    fresh: bool
    made_at: datetime
    left: tuple[dict[str, Any], ...] = ()
    stands: frozenset[str] = frozenset()
    online: Mapping[str, Change] = field(default_factory=dict)
    over: Callable[[], bool] = field(default=lambda: False, compare=False)


def solve_campaign(
    campaign: Campaign,
    *,
    at: datetime,
    fresh: bool = False,
    released: Collection[str] = (),
    most_moves: int | None = None,
    seconds: float = 30.0,
    seed: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SolvedPlan:
    """Plan the campaign; the same rows and seed give the same plan (see load_problem).

    A `released` visit without a new place stands until somebody decides about it, so publishing
    finds its time taken: it is planned around as a fact.

    Raises ValidationError naming the culprit when the rules contradict each other, and BrokenPlan
    when the independent check finds a broken rule (then nothing may be saved).
    """
    until = time.monotonic() + seconds

    def load(released: Collection[str]) -> LoadedProblem:
        return load_problem(
            campaign,
            at=at,
            fresh=fresh,
            released=released,
            most_moves=most_moves,
            may_take_long=True,
        )

    def solve(released: Collection[str]) -> SolvedPlan:
        loaded = load(released)
        try:
            solution = search.solve(
                loaded.problem,
                Limits(seconds=max(1.0, until - time.monotonic()), seed=seed),
                progress=on_progress,
                should_stop=should_stop,
            )
        except ProblemError as error:
            raise ValidationError(fault_words(error), code=error.code) from error
        if faults := violations(loaded.problem, solution):
            raise BrokenPlan("The plan breaks a rule: " + "; ".join(map(str, faults)))
        return SolvedPlan(campaign, loaded, solution, seed, fresh, at)

    def over() -> bool:
        return time.monotonic() > until or bool(should_stop and should_stop())

    solved, standing = Standing(solve, load, over).settle(released)
    stands = frozenset(each.ref for each in standing)
    # Whose city asks for other days is not met online on the day that it cannot.
    there = {each.ref for each in standing if not _asks_for_other_days(each)}
    online = online_instead(solved.loaded, solved.solution, there)
    left = [told for each in standing for told in told_of(_ways_of(each, online), each.row)]
    until_told = until + search.seconds_for_reasons(seconds)
    return replace(
        solved,
        left=tuple(left),
        stands=stands,
        online=online,
        over=lambda: time.monotonic() > until_told,
    )


def _asks_for_other_days(left: Left) -> bool:
    return left.loaded.problem.task_by_ref[left.row.task].only_wished


def _ways_of(left: Left, online: Mapping[str, Change]) -> Alternatives:
    """What else could be done with a visit that stands although it might move."""
    met = {}
    if left.ref in online:
        # Told of the task that stood for the visit while it might move.
        change = online[left.ref]
        met[left.row.task] = replace(change, placed=replace(change.placed, task=left.row.task))
    return Alternatives(left.loaded, left.plan, may_stand=True, online=met)


def plan_as_json(solved: SolvedPlan) -> dict[str, Any]:
    """The plan in the words of the public contract (plan_visits --json)."""
    solution = solved.solution
    return {
        "campaign": solved.campaign.slug,
        "fresh": solved.fresh,
        "released": list(solved.loaded.released),
        "seed": solved.seed,
        "proven": solution.proven,
        "proven_all": solution.proven_all,
        "bound": solution.bound,
        "priority": solution.priority,
        "standing": _standing(solved),
        "points": solution.points,
        "visits": [_visit_as_json(solved, visit) for visit in solution.visits],
        "unplaced": unplaced_as_json(solved),
        "legs": [leg_as_json(leg) for leg in solution.legs],
        "risks": [desk_words(risk) for risk in solution.risks],
        "left_out": left_out_when_fresh(solved.campaign) if solved.fresh else [],
        "totals": asdict(solution.totals),
        "changed_factors": dict(solved.loaded.problem.travel.changed_factors),
        "seconds": round(solution.seconds, 2),
    }


def visit_ref(solved: SolvedPlan, planned: PlannedVisit) -> str | None:
    """The visit a planned one stands for: a fact, or an offer that stays where it is."""
    if planned.fixed:
        return planned.fixed
    offered = solved.loaded.kept_visits.get(planned.task or "")
    return offered.ref if offered and planned.kept else None


def _visit_as_json(solved: SolvedPlan, planned: PlannedVisit) -> dict[str, Any]:
    zone = ZoneInfo(planned.zone)
    return {
        "requests": sorted(planned.requests),
        "visit": visit_ref(solved, planned),
        "fixed": planned.fixed is not None,
        "missed": planned.missed,
        "city": planned.label,
        "host": planned.host,
        "mode": str(planned.mode),
        "starts_at": planned.start.astimezone(zone).isoformat(),
        "ends_at": planned.end.astimezone(zone).isoformat(),
        "zone": planned.zone,
    }


def _standing(solved: SolvedPlan) -> dict[str, Any]:
    """The agreed visits that the plan counts although nobody can be there, or although they might
    have moved and have no new place: their references, and their part of the priority."""
    rows = [
        visit
        for visit in solved.solution.visits
        if visit.fixed and (visit.missed or visit.fixed in solved.stands)
    ]
    return {
        "visits": [row.fixed for row in rows],
        "priority": sum(row.priority for row in rows),
    }


def unplaced_as_json(solved: SolvedPlan) -> list[dict[str, Any]]:
    """One row per request without a place, with its reason and the smallest change that helps."""
    rows: list[dict[str, Any]] = list(solved.left)
    alternatives = Alternatives(solved.loaded, solved.solution)
    for row in solved.solution.unplaced:
        rows += told_of(alternatives, as_left_open(row) if solved.over() else row)
    rows += [
        {
            "request": request.ref,
            "code": "no_place",
            "reason": NO_PLACE.format(city=request.city),
            "would_fit_if": NO_PLACE_MEND,
        }
        for request in solved.loaded.without_place
    ]
    return sorted(rows, key=lambda row: str(row["request"]))


def told_of(alternatives: Alternatives, row: UnplacedTask) -> list[dict[str, Any]]:
    """A task without a place, once for each of its requests."""
    told = _told(alternatives, row)
    return [{"request": request, **told} for request in row.requests or (row.task,)]


def _told(alternatives: Alternatives, row: UnplacedTask) -> dict[str, Any]:
    """Code and sentence of the reason, and the smallest change.

    A decision of our own is the reason where taking it back is enough. What the search would fit
    by shifting others is told where nothing smaller helps.
    """
    code, reason = row.reason.code, row.reason.text
    if code == LEFT_OPEN:
        return {"code": code, "reason": desk_words(row.reason), "would_fit_if": None}
    change = alternatives.smallest(row.task)
    mend = alternatives.sentence(change) if change else None
    if mend is None and row.would_fit_if is not None:
        mend = row.would_fit_if.text
    if code in (LEFT_OUT, NOT_BACK):
        return {"code": code, "reason": reason, "would_fit_if": mend}
    if change is not None and change.kind == ChangeKind.LIFT:
        code, reason = DECIDED, alternatives.words(change)
    elif code == FITS_NOW:
        reason = (change and alternatives.why_not_as_wished(row, change)) or mend or reason
    else:
        reason = alternatives.reason(row)
    return {"code": code, "reason": reason, "would_fit_if": mend}


def leg_as_json(leg: Leg) -> dict[str, Any]:
    """A journey in the words of the public contract."""
    return {
        "host": leg.host,
        "from": leg.origin.name,
        "from_place": leg.origin.ref,
        "to": leg.destination.name,
        "to_place": leg.destination.ref,
        "mode": leg.mode,
        "departs_at": leg.depart.astimezone(ZoneInfo(leg.origin.zone)).isoformat(),
        "arrives_at": leg.arrive.astimezone(ZoneInfo(leg.destination.zone)).isoformat(),
        "minutes": leg.minutes,
        "km": round(leg.km),
        "cost": round(leg.cost, 2),
        "co2": round(leg.co2, 1),
        "estimated": leg.estimated,
        "missing_minutes": leg.missing_minutes,
        "risk": desk_words(leg.risk) if leg.risk else "",
    }


def plan_of(campaign: Campaign) -> Plan:
    return Plan.objects.get_or_create(campaign=campaign)[0]


def store_version(solved: SolvedPlan, *, by: User | None = None, note: str = "") -> PlanVersion:
    """Keep a solved plan as the next draft version."""
    # Reasons take seconds to work out, for which nobody else must wait to write.
    told = plan_as_json(solved)
    with transaction.atomic():
        plan = plan_of(solved.campaign)
        lock_resources([f"plan:{plan.pk}"])
        version = add_version(plan, solved, by=by, note=note, told=told)
        record(version, "store_version", at=solved.made_at, by=by, to_state=version.state)
    return version


def add_version(
    plan: Plan,
    solved: SolvedPlan,
    *,
    by: User | None,
    told: dict[str, Any],
    note: str = "",
) -> PlanVersion:
    """The next draft, not yet recorded; the caller holds the lock. `told` is its `plan_as_json`,
    which takes too long to be worked out under it."""
    latest = plan.versions.order_by("-number").first()
    version = PlanVersion(
        plan=plan,
        number=(latest.number if latest else 0) + 1,
        made_at=solved.made_at,
        made_by=by,
        note=note,
        bound=solved.solution.bound,
        proven=solved.solution.proven,
    )
    fill_version(version, solved, told)
    return version


def fill_version(version: PlanVersion, solved: SolvedPlan, told: dict[str, Any]) -> None:
    """Write what a version places and what not, with sums and journeys, as its `plan_as_json` has
    `told` it; what it had before goes."""
    version.priority = solved.solution.priority
    version.totals = asdict(solved.solution.totals)
    version.result = told
    version.result["facts"] = solved.loaded.facts
    if solved.loaded.held:
        version.result["held"] = [asdict(row) for row in solved.loaded.held]
    rows_open = [row["request"] for row in told["unplaced"] if row["code"] == LEFT_OPEN]
    version.result.setdefault("open", sorted(rows_open))
    if solved.online:
        version.result["online"] = {
            ref: {
                "host": change.placed.host,
                "starts_at": change.placed.start.isoformat(),
                "zone": solved.loaded.visits[ref].zone,
                "minutes": change.duration,
            }
            for ref, change in solved.online.items()
        }
    version.save()
    version.unplaced.all().delete()
    refs = [row["request"] for row in told["unplaced"]]
    known = dict(VisitRequest.objects.filter(ref__in=refs).values_list("ref", "pk"))
    Unplaced.objects.bulk_create(
        Unplaced(
            version=version,
            request_id=known[row["request"]],
            reason_code=row["code"],
            reason=row["reason"][:500],
            would_fit_if=(row["would_fit_if"] or "")[:500],
        )
        for row in version.result["unplaced"]
    )
    version.placements.all().delete()
    visits = {row.ref: row for row in (*solved.loaded.visits.values(), *_offers(solved))}
    rows = Placement.objects.bulk_create(
        Placement(
            version=version,
            visit=visits.get(visit_ref(solved, planned) or ""),
            host=solved.loaded.hosts[planned.host],
            mode=str(planned.mode),
            starts_at=planned.start,
            ends_at=planned.end,
            zone=planned.zone,
            is_fixed=planned.fixed is not None,
        )
        for planned in solved.solution.visits
    )
    _name_requests(rows, solved)


def keep_told(version: PlanVersion, told: Sequence[dict[str, Any]]) -> None:
    """Write what was worked out about requests in the tray of a version that left it open."""
    by_request = {row["request"]: row for row in told}
    result = version.result
    result["unplaced"] = [by_request.get(row["request"], row) for row in result["unplaced"]]
    result["open"] = sorted(version.left_open - by_request.keys())
    version.save(update_fields=["result"])
    rows = list(version.unplaced.filter(request__ref__in=by_request).select_related("request"))
    for row in rows:
        fresh = by_request[row.request.ref]
        row.reason_code, row.reason = fresh["code"], fresh["reason"][:500]
        row.would_fit_if = (fresh["would_fit_if"] or "")[:500]
    Unplaced.objects.bulk_update(rows, ["reason_code", "reason", "would_fit_if"])


def _offers(solved: SolvedPlan) -> list[Visit]:
    return list(solved.loaded.kept_visits.values())


def _name_requests(rows: Sequence[Placement], solved: SolvedPlan) -> None:
    refs = {ref for planned in solved.solution.visits for ref in planned.requests}
    known = dict(VisitRequest.objects.filter(ref__in=refs).values_list("ref", "pk"))
    serves = Placement.requests.through
    serves.objects.bulk_create(
        serves(placement_id=row.pk, visitrequest_id=known[ref])
        for row, planned in zip(rows, solved.solution.visits, strict=True)
        for ref in planned.requests
        if ref in known
    )


class EditedMeanwhile(ValidationError):
    """Somebody edited the draft after whoever acts had looked; `edits` are theirs, newest first."""

    def __init__(self, version: PlanVersion, edits: Sequence[PlanEdit]) -> None:
        self.version, self.edits = version, edits
        super().__init__(
            _("%(version)s was changed meanwhile: %(changes)s."),
            code="edited_meanwhile",
            params={
                "version": version,
                "changes": "; ".join(str(edit) for edit in edits),
            },
        )


def refuse_unseen(version: PlanVersion, seen: int | None) -> None:
    """Raise EditedMeanwhile when the draft has edits that `seen` does not count."""
    if seen is None or seen >= version.edits:
        return
    rows = version.history.filter(number__gt=seen)
    raise EditedMeanwhile(
        version, list(rows.select_related("by", "request", "from_host", "to_host"))
    )


def latest_version(campaign: Campaign) -> PlanVersion | None:
    """The newest version that starts from the calendar as it stands; comparisons do not count."""
    versions = PlanVersion.objects.filter(plan__campaign=campaign).order_by("-number")
    for pk, is_fresh in versions.values_list("pk", "result__fresh"):
        if not is_fresh:
            return PlanVersion.objects.defer("result").get(pk=pk)
    return None


def latest_word(request: VisitRequest) -> Unplaced | None:
    """Why the latest plan has no place for the request; None when it has one, or never asked."""
    if not request.is_open:
        return None
    version = latest_version(request.campaign)
    if version is None:
        return None
    return version.unplaced.filter(request=request).select_related("version").first()


def how_held(row: Placement | Visit) -> tuple:
    """With whom, when and how a visit is held."""
    return row.host_id, row.starts_at, row.ends_at, row.mode == Mode.ONLINE
