"""Plan versions: solved, stored as drafts, published as tentative visits with draft proposals."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.domain.audit import record
from crm.domain.working_time import add_working_days
from crm.models import Message, User
from visits.domain.alternatives import online_instead
from visits.domain.booking import lock_resources
from visits.domain.letters import draft_letter
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.proposals import propose_dates, take_back_proposal
from visits.domain.travel_legs import store_legs
from visits.models import (
    Campaign,
    Host,
    Placement,
    Plan,
    PlanVersion,
    Unplaced,
    Visit,
    VisitRequest,
)
from visits.planning import search
from visits.planning.check import violations
from visits.planning.problem import Limits, ProblemError
from visits.planning.solution import Leg, PlannedVisit, Progress, Solution
from visits.planning.solution import Unplaced as UnplacedTask
from visits.states import OPEN_REQUESTS

NO_PLACE = "{city} is not in the register of places, so no journey can be planned."
NO_PLACE_MEND = "if the city is chosen from the register"


@dataclass(frozen=True)
class SolvedPlan:
    """A problem with its solution, and how it was asked for."""

    campaign: Campaign
    loaded: LoadedProblem
    solution: Solution
    seed: int
    fresh: bool
    made_at: datetime


def solve_campaign(
    campaign: Campaign,
    *,
    at: datetime,
    fresh: bool = False,
    seconds: float = 30.0,
    seed: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SolvedPlan:
    """Plan the campaign; the same rows and seed give the same plan.

    Raises ValidationError naming the culprit when the rules contradict each other, and ValueError
    when the independent check finds a broken rule (then nothing may be saved).
    """
    loaded = load_problem(campaign, at=at, fresh=fresh)
    try:
        solution = search.solve(
            loaded.problem,
            Limits(seconds=seconds, seed=seed),
            progress=on_progress,
            should_stop=should_stop,
        )
    except ProblemError as error:
        raise ValidationError(str(error), code=error.code) from error
    if faults := violations(loaded.problem, solution):
        raise ValueError("The plan breaks a rule: " + "; ".join(map(str, faults)))
    return SolvedPlan(campaign, loaded, solution, seed, fresh, at)


def plan_as_json(solved: SolvedPlan) -> dict[str, Any]:
    """The plan in the words of the public contract (plan_visits --json)."""
    solution = solved.solution
    return {
        "campaign": solved.campaign.slug,
        "fresh": solved.fresh,
        "seed": solved.seed,
        "proven": solution.proven,
        "proven_all": solution.proven_all,
        "bound": solution.bound,
        "priority": solution.priority,
        "visits": [_visit_as_json(solved, visit) for visit in solution.visits],
        "unplaced": unplaced_as_json(solved),
        "legs": [_leg_as_json(leg) for leg in solution.legs],
        "risks": [str(risk) for risk in solution.risks],
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
        "city": planned.label,
        "host": planned.host,
        "mode": str(planned.mode),
        "starts_at": planned.start.astimezone(zone).isoformat(),
        "ends_at": planned.end.astimezone(zone).isoformat(),
        "zone": planned.zone,
    }


def unplaced_as_json(solved: SolvedPlan) -> list[dict[str, Any]]:
    """One row per request without a place, with its reason and the nearest mend."""
    rows = [
        {
            "request": request,
            "code": row.reason.code,
            "reason": row.reason.text,
            "would_fit_if": _mend(solved, row),
        }
        for row in solved.solution.unplaced
        for request in row.requests or (row.task,)
    ]
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


def _mend(solved: SolvedPlan, row: UnplacedTask) -> str | None:
    """The nearest change that makes the task fit: what the plan could drop, or going online."""
    words = [row.would_fit_if.text] if row.would_fit_if else []
    words.append(online_instead(solved.loaded, solved.solution, row.task))
    return " ".join(word for word in words if word) or None


def _leg_as_json(leg: Leg) -> dict[str, Any]:
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
    }


def plan_of(campaign: Campaign) -> Plan:
    return Plan.objects.get_or_create(campaign=campaign)[0]


@transaction.atomic
def store_version(solved: SolvedPlan, *, by: User | None = None, note: str = "") -> PlanVersion:
    """Keep a solved plan as the next draft version."""
    plan = plan_of(solved.campaign)
    lock_resources([f"plan:{plan.pk}"])
    latest = plan.versions.order_by("-number").first()
    solution = solved.solution
    version = PlanVersion.objects.create(
        plan=plan,
        number=(latest.number if latest else 0) + 1,
        made_at=solved.made_at,
        made_by=by,
        note=note,
        priority=solution.priority,
        bound=solution.bound,
        proven=solution.proven,
        totals=asdict(solution.totals),
        result=plan_as_json(solved),
    )
    for planned in solution.visits:
        _store_placement(version, solved, planned)
    Unplaced.objects.bulk_create(
        Unplaced(
            version=version,
            request=solved.loaded.requests[row["request"]],
            reason_code=row["code"],
            reason=row["reason"][:500],
            would_fit_if=(row["would_fit_if"] or "")[:500],
        )
        for row in unplaced_as_json(solved)
    )
    record(version, "store_version", at=solved.made_at, by=by, to_state=version.state)
    return version


def _store_placement(version: PlanVersion, solved: SolvedPlan, planned: PlannedVisit) -> None:
    ref = visit_ref(solved, planned)
    placement = Placement.objects.create(
        version=version,
        visit=Visit.objects.filter(ref=ref).first() if ref else None,
        host=solved.loaded.hosts[planned.host],
        mode=str(planned.mode),
        starts_at=planned.start,
        ends_at=planned.end,
        zone=planned.zone,
        is_fixed=planned.fixed is not None,
    )
    placement.requests.set(VisitRequest.objects.filter(ref__in=planned.requests))


@dataclass(frozen=True)
class Change:
    """What publishing a version does for one visit: kept, new, moved, or dropped."""

    kind: str
    placement: Placement | None
    visit: Visit | None
    requests: tuple[VisitRequest, ...]


def changes_of(version: PlanVersion) -> list[Change]:
    """The difference between the calendar as it stands and the version, visit by visit.

    A visit that is agreed is never among the moved ones: the planner takes it as a fact.
    """
    changes: list[Change] = []
    rows = version.placements.select_related("visit", "host").prefetch_related("requests")
    placed: set[int] = set()
    for placement in rows:
        requests = tuple(placement.requests.all())
        placed |= {request.pk for request in requests}
        if placement.visit is not None:
            changes.append(Change("kept", placement, placement.visit, requests))
            continue
        offered = Visit.objects.live().filter(requests__in=requests).distinct().first()
        kind = "moved" if offered else "new"
        changes.append(Change(kind, placement, offered, requests))
    left = (
        Visit.objects.live()
        .filter(campaign=version.plan.campaign, state="tentative", holds__accepted_at=None)
        .exclude(requests__in=placed)
        .distinct()
    )
    changes += [Change("dropped", None, visit, tuple(visit.requests.all())) for visit in left]
    return changes


@transaction.atomic
def publish_version(version: PlanVersion, *, at: datetime, by: User | None) -> list[Message]:
    """Make the draft the plan that holds: one tentative visit, hold and draft letter for each newly
    placed request, draft letters for those touched. Nothing is sent, nothing confirmed, no agreed
    visit moved; an offer that moves or that the plan has no place for is taken back.

    Raises ValidationError when the version is published or stale, and SlotTaken when a host's time
    went to somebody else meanwhile; then nothing has changed.
    """
    hosts = Host.objects.who_lead()
    lock_resources([f"plan:{version.plan_id}", *(host.resource for host in hosts)])
    version.refresh_from_db()
    _refuse_unfit(version)
    changes = [change for change in changes_of(version) if change.kind != "kept"]
    drafts: list[Message] = []
    # First give back what the plan gives up, so that its time is free for what the plan adds.
    for change in changes:
        if change.visit is not None:
            _take_back(change, at=at, by=by)
        if change.kind == "dropped":
            drafts.append(draft_letter(change.requests[0], "waitlist", at=at, by=by))
    for change in changes:
        if change.placement is not None:
            drafts.append(_offer(change, at=at, by=by))
    store_legs(version, at=at, by=by)
    version.state = PlanVersion.State.PUBLISHED
    version.published_at = at
    version.save(update_fields=["state", "published_at"])
    record(version, "publish_version", at=at, by=by, to_state=version.state)
    return drafts


def _refuse_unfit(version: PlanVersion) -> None:
    if version.state == PlanVersion.State.PUBLISHED:
        raise ValidationError(_("This plan is published already."), code="published")
    if version.result.get("fresh"):
        raise ValidationError(
            _("A plan from an empty calendar is a comparison; it cannot be published."),
            code="fresh",
        )
    newer = version.plan.versions.filter(
        state=PlanVersion.State.PUBLISHED, number__gt=version.number
    )
    if newer.exists():
        raise ValidationError(_("A newer plan was published meanwhile; plan again."), code="stale")


def _take_back(change: Change, *, at: datetime, by: User | None) -> None:
    assert change.visit is not None
    take_back_proposal(change.visit, reason=_("The plan changed."), at=at, by=by)
    for request in change.requests:
        request.refresh_from_db()


def _offer(change: Change, *, at: datetime, by: User | None) -> Message:
    placement = change.placement
    assert placement is not None, "an offer has a place in the plan"
    request = change.requests[0]
    if request.state not in OPEN_REQUESTS:
        raise ValidationError(
            _("%(ref)s moved on meanwhile; plan again."),
            code="stale",
            params={"ref": request.ref},
        )
    visit = propose_dates(
        request,
        host=placement.host,
        mode=placement.mode,
        slots=[(placement.starts_at, placement.ends_at)],
        expires_at=hold_until(request.campaign, at, before=placement.starts_at),
        at=at,
        by=by,
        replaces=change.visit,
    )
    visit.requests.set(change.requests)
    Placement.objects.filter(pk=placement.pk).update(visit=visit)
    return draft_letter(request, "date_proposal", at=at, by=by, visit=visit)


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


def hold_until(campaign: Campaign, at: datetime, *, before: datetime | None = None) -> datetime:
    """When an offer made at `at` ends: at the office's closing time some working days later, but
    at the latest on the evening before its first date begins, `before`.

    For a date so near that this evening is over, an hour before it begins.
    """
    zone = ZoneInfo(campaign.zone)
    day = add_working_days(at.astimezone(zone).date(), campaign.hold_days)
    usual = datetime.combine(day, campaign.office_closes, zone)
    if before is None:
        return usual
    day_before = before.astimezone(zone).date() - timedelta(days=1)
    evening = datetime.combine(day_before, campaign.office_closes, zone)
    return min(usual, evening if evening > at else before - timedelta(hours=1))
