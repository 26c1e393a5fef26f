"""Plan: the calendar as it stands, versions beside it, a search, and publishing."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.maps import Tour, europe
from crm.models import Place
from crm.permissions import require
from crm.roles import Role
from visits.domain import agenda, planning_runs
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.plan_board import board_of_calendar, board_of_version
from visits.domain.plans import changes_of, latest_version, plan_of, publish_version
from visits.models import Campaign, Host, Plan, PlanRun, PlanVersion
from visits.views.desk.access import current_campaign, try_verb

ACTIVE = (PlanRun.State.QUEUED, PlanRun.State.RUNNING)


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan(request: HttpRequest) -> HttpResponse:
    """The visits as they stand on one screen, the tray of requests without a place beneath."""
    campaign = current_campaign(request)
    if campaign is None:
        return render(request, "visits/plan.html", {"campaign": None})
    at = clock.now()
    the_plan = plan_of(campaign)
    versions = list(the_plan.versions.select_related("made_by"))
    drafts = [row for row in versions if row.state == PlanVersion.State.DRAFT]
    context = {
        "campaign": campaign,
        "board": board_of_calendar(campaign, at=at),
        "versions": versions,
        "latest_draft": drafts[0] if drafts else None,
        "run": the_plan.runs.first(),
        "waiting": _tray(request, campaign),
        "unknown": unknown_calendars(Host.objects.who_lead()),
        "active": the_plan.runs.filter(state__in=ACTIVE).exists(),
    }
    return render(request, "visits/plan.html", context)


def _tray(request: HttpRequest, campaign: Campaign) -> list[dict]:
    """Requests without a date, each with what the latest plan says about it."""
    latest = latest_version(campaign)
    said = {row.request_id: row for row in latest.unplaced.all()} if latest else {}
    placed = set(latest.placements.values_list("requests", flat=True)) if latest else set()
    rows = campaign.requests.visible_to(request.user).waiting_for_a_date()
    return [
        {
            "row": row,
            "tried": said.get(row.pk),
            "latest": latest,
            "has_place": row.pk in placed,
        }
        for row in rows
    ]


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan_run_status(request: HttpRequest) -> HttpResponse:
    """How the last search stands; the page asks for this while one is running."""
    campaign = current_campaign(request)
    if campaign is None:
        raise Http404
    the_plan = get_object_or_404(Plan.objects.visible_to(request.user), campaign=campaign)
    run = the_plan.runs.first()
    response = render(
        request,
        "visits/_plan_run.html",
        {"run": run, "active": run is not None and run.state in ACTIVE},
    )
    if run is not None and run.state not in ACTIVE:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@require(Role.COORDINATOR)
def plan_start(request: HttpRequest) -> HttpResponse:
    campaign = current_campaign(request)
    if campaign is None:
        raise Http404
    fresh = request.POST.get("fresh") == "1"
    try_verb(
        request,
        planning_runs.ask_for_run,
        plan_of(campaign),
        by=request.user,
        fresh=fresh,
        done=_("The search has started; the plan appears here as a version."),
    )
    return redirect("visits:plan")


@require_POST
@require(Role.COORDINATOR)
def plan_stop(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(PlanRun, pk=pk)
    planning_runs.ask_to_stop(run)
    return redirect("visits:plan")


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan_version(request: HttpRequest, number: int) -> HttpResponse:
    """One version: its board, what it would change, who is left without a place and why."""
    version = _version(request, number)
    changes = [] if version.state == PlanVersion.State.PUBLISHED else changes_of(version)
    context = {
        "version": version,
        "board": board_of_version(version, at=clock.now()),
        "changes": [change for change in changes if change.kind != "kept"],
        "kept": sum(change.kind == "kept" for change in changes),
        "unplaced": version.unplaced.select_related("request"),
        "totals": version.totals,
        "is_fresh": bool(version.result.get("fresh")),
        "risks": version.result.get("risks", []),
        "map": europe(
            agenda.version_dots(version), [_tour(legs) for legs in _legs_by_host(version)]
        ),
    }
    return render(request, "visits/plan_version.html", context)


def _version(request: HttpRequest, number: int) -> PlanVersion:
    campaign = current_campaign(request)
    return get_object_or_404(
        PlanVersion.objects.select_related("plan__campaign"),
        plan__in=Plan.objects.visible_to(request.user),
        plan__campaign=campaign,
        number=number,
    )


def _legs_by_host(version: PlanVersion) -> list[list[dict]]:
    found: dict[str, list[dict]] = {}
    for leg in version.result.get("legs", []):
        found.setdefault(leg["host"], []).append(leg)
    return list(found.values())


def _tour(legs: list[dict]) -> Tour:
    keys = {int(leg[name][1:]) for leg in legs for name in ("from_place", "to_place")}
    places = Place.objects.in_bulk(keys)
    points = []
    for leg in legs:
        for name in ("from_place", "to_place"):
            place = places[int(leg[name][1:])]
            points.append((place.latitude, place.longitude))
    return Tour(points)


@require_POST
@require(Role.COORDINATOR)
def plan_publish(request: HttpRequest, number: int) -> HttpResponse:
    version = _version(request, number)
    drafts = try_verb(request, publish_version, version, at=clock.now(), by=request.user)
    if drafts is not None:
        count = len(drafts) if isinstance(drafts, list) else 0
        messages.success(
            request,
            ngettext(
                "Published. %(count)s draft letter waits; nothing was sent.",
                "Published. %(count)s draft letters wait; nothing was sent.",
                count,
            )
            % {"count": count},
        )
        return redirect("visits:plan")
    return redirect("visits:plan-version", number)
