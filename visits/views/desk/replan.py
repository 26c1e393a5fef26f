"""Replan: choose which visits may move, and see the plans that answer, or when to meet online."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits.domain import planning_runs
from visits.domain.host_answers import refusals, visits_without_host
from visits.domain.plan_dangers import with_dangers
from visits.domain.plans import plan_of
from visits.domain.publishing import changes_of
from visits.domain.replanning import ABSENCE, Candidate, candidates
from visits.models import (
    Campaign,
    Disruption,
    HostAvailability,
    Plan,
    PlanRun,
    Unplaced,
    Visit,
)
from visits.views.desk.access import current_campaign
from visits.views.desk.plan import with_calls, without_campaign

ACTIVE = (PlanRun.State.QUEUED, PlanRun.State.RUNNING)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def replan(request: HttpRequest) -> HttpResponse:
    """The agreed visits ahead and the offers in danger, what is in danger ticked; a post asks for
    the three plans."""
    campaign = current_campaign(request)
    if campaign is None:
        return without_campaign(request)
    rows = candidates(campaign, at=clock.now())
    if request.method == "POST":
        if (answer := _ask(request, campaign, rows)) is not None:
            return answer
        ticked = set(request.POST.getlist("released"))
    else:
        ticked = {row.visit.ref for row in rows if row.dangers}
    context = {
        "campaign": campaign,
        "rows": [(row, row.visit.ref in ticked) for row in rows],
        "on_offer": _on_offer(request, campaign, rows),
        "because": request.POST.get("because", _because(request)),
        "few": planning_runs.FEW_MOVES,
        **_answers(plan_of(campaign)),
    }
    return render(request, "visits/plan_replan.html", context)


def _on_offer(request: HttpRequest, campaign: Campaign, rows: list[Candidate]) -> list[Visit]:
    """Visits only on offer that something endangers, or whose host cannot."""
    away = visits_without_host(request.user, at=clock.now(), campaign=campaign)
    away += [row.visit for row in refusals(request.user, campaign=campaign)]
    in_danger = [row.visit for row in rows if row.is_offer]
    return [visit for visit in dict.fromkeys([*in_danger, *away]) if not visit.is_promised]


def _because(request: HttpRequest) -> str:
    """What the page was opened for: the disruption or the absence named in its address."""
    absent = row_number(request.GET.get(ABSENCE))
    if absent is not None:
        away = HostAvailability.objects.busy().filter(pk=absent).select_related("host").first()
        if away is not None:
            return _("%(host)s is unavailable.") % {"host": away.host.name}
    wanted = row_number(request.GET.get("disruption"))
    row = Disruption.objects.active().filter(pk=wanted).first() if wanted is not None else None
    return row.name if row else ""


def _ask(request: HttpRequest, campaign: Campaign, rows: list[Candidate]) -> HttpResponse | None:
    known = {row.visit.ref for row in rows}
    released = request.POST.getlist("released")
    if not released:
        messages.error(request, _("Tick at least one visit that may move."))
        return None
    if gone := sorted(set(released) - known):
        messages.error(
            request,
            _("%(refs)s cannot be planned anew any more; look at the list again.")
            % {"refs": ", ".join(gone)},
        )
        return None
    planning_runs.ask_to_replan(
        plan_of(campaign),
        released=released,
        because=request.POST.get("because", "").strip()[:300],
        by=request.user,
    )
    messages.success(request, _("Three searches have started; their plans appear here."))
    return redirect("visits:plan-replan")


def _answers(plan: Plan) -> dict:
    """The three searches last asked for, each with what its plan would change."""
    runs = planning_runs.latest_replan(plan)
    answers = []
    for run in runs:
        changes = with_dangers(run.version, changes_of(run.version)) if run.version else []
        left = _without_place(run)
        answer = {
            "runs": [run],
            "run": run,
            "version": run.version,
            "kept": sum(change.kind == "kept" for change in changes),
            "changes": [change for change in changes if change.kind != "kept"],
            "without_place": [row for row in left if row.stands and not row.on_offer],
            "offers_lost": [row for row in left if row.on_offer or not row.stands],
        }
        twin = next((each for each in answers if _says_the_same(each, answer)), None)
        if twin is not None:
            twin["runs"].append(run)
        else:
            answers.append(answer)
    for answer in answers:
        answer["title"] = _title(answer)
    return {
        "answers": answers,
        "active": any(run.state in ACTIVE for run in runs),
        "asked_because": runs[0].because if runs else "",
    }


def _title(answer: dict) -> str:
    """What the answer is called: by how freely was searched, or that no search moves anything."""
    if len(answer["runs"]) == len(PlanRun.Freedom) and not answer["changes"]:
        return _("No plan moves these visits")
    return ", ".join(run.get_freedom_display() for run in answer["runs"])


def _says_the_same(one: dict, other: dict) -> bool:
    """Whether two plans change the same and leave the same out."""
    return None not in (one["version"], other["version"]) and _gist(one) == _gist(other)


def _gist(answer: dict) -> tuple:
    changes = {
        (
            change.kind,
            tuple(sorted(row.ref for row in change.requests)),
            change.placement and (change.placement.host_id, change.placement.starts_at),
        )
        for change in answer["changes"]
    }
    left = {row.request.ref for row in (*answer["without_place"], *answer["offers_lost"])}
    return changes, left, answer["kept"]


def _without_place(run: PlanRun) -> list[Unplaced]:
    """Requests whose visit was released and found no place, with the reason."""
    if run.version is None:
        return []
    rows = run.version.unplaced.filter(request__visits__ref__in=run.released)
    found = list(rows.with_standing().select_related("request").distinct())
    return with_calls(run.version, found)


@require_safe
@require(Role.COORDINATOR)
def replan_status(request: HttpRequest) -> HttpResponse:
    """How the three searches stand; the page asks for this while one is at work."""
    campaign = current_campaign(request)
    if campaign is None:
        raise Http404
    return render(request, "visits/_replan_answers.html", _answers(plan_of(campaign)))
