"""Plan: the calendar as it stands, versions beside it, a search, and publishing."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import chain
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, F, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock, wording
from crm.maps import Tour, europe
from crm.models import Message, Place
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits.domain import agenda, planning_runs
from visits.domain.booking import SlotTaken
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.cancellations import moves_that_wait, with_way_back
from visits.domain.host_answers import refusals, visits_without_host
from visits.domain.journeys import Journey, journeys_between
from visits.domain.landings import short_landings
from visits.domain.plan_board import (
    Look,
    board_of_calendar,
    board_of_version,
    standing_visits,
)
from visits.domain.plan_compare import Difference, differences, sums_of
from visits.domain.plan_dangers import with_dangers
from visits.domain.plan_edits import REASONS_AT_ONCE, out_of_date
from visits.domain.plan_history import plan_timeline
from visits.domain.plan_rollback import moved_since, offers_kept_beside
from visits.domain.plan_rules import decisions_of
from visits.domain.planning import facts_changed, visits_beside
from visits.domain.plans import EditedMeanwhile, latest_version, plan_of
from visits.domain.publishing import (
    aftermath_of_publishing,
    changes_of,
    publish_version,
    unknown_times,
)
from visits.models import Campaign, Host, Plan, PlanDecision, PlanRun, PlanVersion, Unplaced, Visit
from visits.models.requests import Mode
from visits.reason_words import both
from visits.views.desk.access import current_campaign, try_verb
from visits.views.desk.moving import move_query

MOST_ENTRIES = 20
# A screen of requests without a date; the list of requests has them all.
MOST_IN_TRAY = 100
ACTIVE = (PlanRun.State.QUEUED, PlanRun.State.RUNNING)


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan(request: HttpRequest) -> HttpResponse:
    """The visits as they stand on one screen, the tray of requests without a place beneath."""
    campaign = current_campaign(request)
    if campaign is None:
        return without_campaign(request)
    at = clock.now()
    the_plan = plan_of(campaign)
    decisions = decisions_of(campaign)
    versions = the_plan.versions.select_related("made_by").defer("result")
    versions = list(
        versions.annotate(
            fresh=F("result__fresh"), facts=F("result__facts"), open=F("result__open")
        )
    )
    visits = standing_visits(campaign)
    beside = visits_beside(campaign)
    journeys = journeys_between([*visits, *beside])
    own = [row for row in chain.from_iterable(journeys.values()) if row.is_for(campaign)]
    dots = agenda.map_dots(request.user, campaign, path=_address_of)
    waiting = _tray(request, campaign)
    if request.user.is_coordinator:
        _let_paper_ask(waiting[:MOST_IN_TRAY], versions)
    context = {
        "campaign": campaign,
        "board": board_of_calendar(campaign, Look(at, decisions), visits, beside, journeys),
        "map": europe(dots, _tours(journeys.values())),
        "versions": versions,
        "facts_changed": _facts_since(campaign, waiting, versions, decisions),
        "run": the_plan.runs.first(),
        "waiting": waiting[:MOST_IN_TRAY],
        "more_wait": len(waiting) > MOST_IN_TRAY,
        "has_requests": bool(waiting) or campaign.requests.exists(),
        "refusals": refusals(request.user, campaign=campaign),
        "away": visits_without_host(request.user, at=at, campaign=campaign),
        "missed": [row.risk for row in own if row.is_missed],
        "short_landings": short_landings(own, at=at),
        "unknown": unknown_calendars(Host.objects.who_lead()),
        "active": the_plan.runs.filter(state__in=ACTIVE).exists(),
        **_for_coordinator(request, the_plan, decisions),
    }
    return render(request, "visits/plan.html", context)


def without_campaign(request: HttpRequest) -> HttpResponse:
    """What every page about the plan says where there is no campaign to plan."""
    return render(request, "visits/plan.html", {"campaign": None})


def _address_of(visit: Visit) -> str:
    return reverse("visits:visit-detail", args=[visit.ref])


def _tours(journeys: Iterable[Sequence[Journey]]) -> list[Tour]:
    """The ways between the visits as lines on the map, booked ones solid."""
    return [
        Tour([(p.latitude, p.longitude) for p in (row.origin, row.destination)], row.is_booked)
        for rows in journeys
        for row in rows
        if not row.is_missed
    ]


def _for_coordinator(
    request: HttpRequest, the_plan: Plan, decisions: Sequence[PlanDecision]
) -> dict:
    """What only those who decide are told: the decisions with their reasons, and the changelog."""
    if not request.user.is_coordinator:
        return {}
    shows_all, at = "all" in request.GET, clock.now()
    entries = plan_timeline(the_plan, limit=None if shows_all else MOST_ENTRIES + 1)
    return {
        "decisions": decisions,
        "moves_waiting": moves_that_wait(the_plan.campaign, at=at),
        "kinds": PlanDecision.Kind,
        "entries": entries if shows_all else entries[:MOST_ENTRIES],
        "has_older": not shows_all and len(entries) > MOST_ENTRIES,
    }


def _tray(request: HttpRequest, campaign: Campaign) -> list[dict]:
    """Requests without a date, each with what the latest plan says about it; one more than are
    shown, where there are more."""
    latest = latest_version(campaign)
    said = {row.request_id: row for row in latest.unplaced.all()} if latest else {}
    placed = set(latest.placements.values_list("requests", flat=True)) if latest else set()
    rows = campaign.requests.visible_to(request.user).waiting_for_a_date()[: MOST_IN_TRAY + 1]
    return [
        {
            "row": row,
            "tried": said.get(row.pk),
            "latest": latest,
            "has_place": row.pk in placed,
        }
        for row in rows
    ]


def _let_paper_ask(waiting: Sequence[dict], versions: Sequence[PlanVersion]) -> None:
    """Let the reasons of a draft be asked for before the page is printed, which tells them then."""
    told = [item for item in waiting if item["tried"]]
    if not told or told[0]["latest"].state != PlanVersion.State.DRAFT:
        return
    for item in told:
        item["tried"].request = item["row"]
    left_open = next(row.open for row in versions if row.pk == told[0]["latest"].pk)
    let_ask(told[0]["latest"], [item["tried"] for item in told], left_open or ())


def _facts_since(
    campaign: Campaign,
    waiting: Sequence[dict],
    versions: Sequence[PlanVersion],
    decisions: Sequence[PlanDecision],
) -> str:
    """What changed since the reasons in the tray were worked out."""
    told = next((item["latest"] for item in waiting if item["tried"]), None)
    if told is None:
        return ""
    facts = next((row.facts for row in versions if row.pk == told.pk), None)
    return _facts_words(campaign, facts, decisions)


def _facts_words(
    campaign: Campaign, known: dict[str, str] | None, decisions: Sequence[PlanDecision]
) -> str:
    return both(facts_changed(campaign, known, decisions))


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
        if run.version is not None and not run.group:
            link = reverse("visits:plan-version", args=[run.version.number])
            words = _("Draft v%(n)s is found; look at it.") % {"n": run.version.number}
            messages.success(request, format_html('<a href="{}">{}</a>', link, words))
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
    return _version_page(request, get_version(request, number))


def _version_page(request: HttpRequest, version: PlanVersion, *, status: int = 200) -> HttpResponse:
    campaign = version.plan.campaign
    decisions = decisions_of(campaign)
    may_edit = request.user.is_coordinator and version.may_be_edited
    changes = [] if version.state == PlanVersion.State.PUBLISHED else changes_of(version)
    changes = with_dangers(version, changes)
    kept = [change for change in changes if change.kind == "kept"]
    movable = [change for change in kept if change.placement and version.may_move(change.placement)]
    unplaced = list(version.unplaced.with_standing().select_related("request"))
    with_calls(version, unplaced)
    tray = [row for row in unplaced if not row.stands]
    if may_edit:
        let_ask(version, tray, version.left_open)
    unasked = unknown_times(changes) if may_edit else []
    aftermath = None
    if version.may_be_edited:
        aftermath = aftermath_of_publishing(version, changes, at=clock.now())
    moved = moved_since(version, unplaced) if may_edit else []
    others = list(version.plan.versions.exclude(pk=version.pk).defer("result"))
    context = {
        "version": version,
        "campaign": campaign,
        "board": board_of_version(version, Look(clock.now(), decisions, may_edit)),
        "may_edit": may_edit,
        "changed_since": _changed_since(version) if may_edit else [],
        "facts_changed": _facts_words(campaign, version.result.get("facts"), decisions)
        if may_edit
        else "",
        "changes": [change for change in changes if change.kind != "kept"],
        "journeys": aftermath.journeys if aftermath else [],
        "outdated": aftermath.outdated if aftermath else [],
        "tour_words": _tour_words(version),
        "unknown": unknown_calendars(Host.objects.who_lead()) or unasked if may_edit else [],
        "needs_reason": bool(unasked),
        "approved": request.POST.getlist("approved"),
        "override_reason": request.POST.get("override_reason", "")[:500],
        "moved_since": with_way_back(moved, at=clock.now()),
        "stay_on_offer": []
        if may_edit or version.is_fresh or not request.user.is_coordinator
        else offers_kept_beside(version),
        "movable": movable,
        "kept": len(kept) - len(movable),
        "unplaced": tray,
        "left_standing": [row for row in unplaced if row.stands and not row.on_offer],
        "left_on_offer": [row for row in unplaced if row.stands and row.on_offer],
        "totals": version.totals,
        "is_fresh": version.is_fresh,
        "risks": version.result.get("risks", []),
        "map": europe(agenda.version_dots(version), tours_of(version)),
        "others": others,
        "newer": _newer(version, others),
        "edit": _edit_addresses(version) if may_edit else None,
        "news": {"edits": version.edits, "decided": decisions_mark(version.plan_id)},
        "decisions": decisions if request.user.is_coordinator else [],
    }
    return render(request, "visits/plan_version.html", context, status=status)


def with_calls(version: PlanVersion, rows: list[Unplaced]) -> list[Unplaced]:
    """The rows, each whose visit could be met online with the `call`: its words, and what the page
    that changes the visit is asked."""
    calls = version.result.get("online", {})
    hosts = Host.objects.in_bulk({each["host"] for each in calls.values()}, field_name="ref")
    for row in rows:
        call = calls.get(row.standing_visit)
        if call is None or call["host"] not in hosts:
            continue
        start = datetime.fromisoformat(call["starts_at"])
        words = _("Meet online %(when)s with %(host)s…")
        values = {
            "when": wording.local_time(start, call["zone"]),
            "host": hosts[call["host"]].name,
        }
        row.call = {
            "words": words % values,
            "query": move_query(start, call["zone"], call["host"], Mode.ONLINE, call["minutes"]),
        }
    return rows


def let_ask(version: PlanVersion, tray: Sequence[Unplaced], left_open: Collection[str]) -> None:
    """Give the first of every few rows whose reasons are open (references) the address that tells
    them."""
    path = reverse("visits:plan-reasons", args=[version.number])
    waiting = [row for row in tray if row.request.ref in left_open]
    for n in range(0, len(waiting), REASONS_AT_ONCE):
        refs = [row.request.ref for row in waiting[n : n + REASONS_AT_ONCE]]
        waiting[n].ask = f"{path}?{urlencode({'request': refs}, doseq=True)}"


def _newer(version: PlanVersion, others: Sequence[PlanVersion]) -> list[PlanVersion]:
    """The versions made after a draft, the newest first; one that is published is what it is."""
    if version.state == PlanVersion.State.PUBLISHED:
        return []
    return sorted(
        (row for row in others if row.number > version.number), key=lambda row: -row.number
    )


def _tour_words(version: PlanVersion) -> str:
    """What the map of a version shows."""
    if version.result.get("legs"):
        return _("Visits and the journeys between them.")
    return _("The visits; this version keeps no journeys.")


def _changed_since(version: PlanVersion) -> list[str]:
    rows = version.placements.select_related("visit").prefetch_related("requests")
    return sorted(out_of_date(version, rows))


def _edit_addresses(version: PlanVersion) -> dict:
    """Where the board asks and posts while a visit is moved on it."""
    return {
        "move": reverse("visits:plan-move", args=[version.number]),
        "verdicts": reverse("visits:plan-verdicts", args=[version.number]),
        "pin": reverse("visits:plan-decide", args=["pin"]) + f"?version={version.number}",
        "forbid": reverse("visits:plan-decide", args=["forbid"]) + f"?version={version.number}",
        "seen": version.edits,
    }


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan_compare(request: HttpRequest) -> HttpResponse:
    """Two versions side by side: sums, what they treat differently, boards and tours."""
    campaign = current_campaign(request)
    if campaign is None:
        return without_campaign(request)
    seen = Plan.objects.visible_to(request.user)
    rows = PlanVersion.objects.filter(plan__in=seen, plan__campaign=campaign)
    numbers = list(rows.order_by("-number").values_list("number", flat=True))
    left, right = (_compared(rows, numbers, request.GET.get(name)) for name in ("left", "right"))
    context = {"campaign": campaign, "numbers": numbers, "left": left, "right": right}
    if left is not None and right is not None:
        look = Look(clock.now(), decisions_of(campaign))
        apart = differences(left, right)
        if request.user.is_coordinator:
            _let_both_ask(left, right, apart)
        context |= {
            "sums": sums_of(left, right),
            "differences": apart,
            "over": sum(each.is_over for each in apart),
            "boards": [(each, board_of_version(each, look)) for each in (left, right)],
            **_tours_of_both(left, right),
        }
    return render(request, "visits/plan_compare.html", context)


def _let_both_ask(left: PlanVersion, right: PlanVersion, apart: Sequence[Difference]) -> None:
    """Let the reasons of both be asked for when they come into view."""
    told = [each.left.unplaced for each in apart], [each.right.unplaced for each in apart]
    for version, rows in zip((left, right), told, strict=True):
        if version.may_be_edited:
            let_ask(version, [row for row in rows if row is not None], version.left_open)


def _tours_of_both(left: PlanVersion, right: PlanVersion) -> dict:
    """The map of two versions, and which lines of it are whose; a version may keep no journeys."""
    solid, dashed = tours_of(left, is_booked=True), tours_of(right)
    names = {"left": left, "right": right}
    if solid and dashed:
        words = _("The tours of %(left)s are solid lines, those of %(right)s dashed ones.")
    elif solid:
        words = _("The solid lines are the tours of %(left)s; %(right)s keeps no journeys.")
    elif dashed:
        words = _("The dashed lines are the tours of %(right)s; %(left)s keeps no journeys.")
    else:
        words = _("Only the visits of %(right)s are drawn; neither version keeps its journeys.")
    drawn = europe(agenda.version_dots(right), [*solid, *dashed])
    return {"map": drawn, "map_words": words % names}


def _compared(
    rows: QuerySet[PlanVersion], numbers: Sequence[int], wanted: str | None
) -> PlanVersion | None:
    """The version of that number; None when none is named, or there is none."""
    number = row_number(wanted)
    if number is None or number not in numbers:
        return None
    found = rows.filter(number=number).select_related("plan__campaign")
    return found.prefetch_related(
        "unplaced__request", "placements__host", "placements__requests"
    ).first()


def decisions_mark(plan_id: int) -> str:
    """A short mark of the decisions that hold; two equal marks mean the same decisions."""
    rows = PlanDecision.objects.filter(plan=plan_id)
    told = rows.aggregate(
        last=Max("pk"), made=Count("pk"), held=Count("pk", filter=Q(taken_back_at=None))
    )
    return f"{told['last'] or 0}-{told['made']}-{told['held']}"


def get_version(request: HttpRequest, number: int) -> PlanVersion:
    campaign = current_campaign(request)
    return get_object_or_404(
        PlanVersion.objects.select_related("plan__campaign"),
        plan__in=Plan.objects.visible_to(request.user),
        plan__campaign=campaign,
        number=number,
    )


def tours_of(version: PlanVersion, *, is_booked: bool = False) -> list[Tour]:
    """The journeys of each host as a line on the map."""
    legs = version.result.get("legs", [])
    keys = {int(leg[name][1:]) for leg in legs for name in ("from_place", "to_place")}
    places = Place.objects.in_bulk(keys)
    points: dict[str, list[tuple[float, float]]] = {}
    for leg in legs:
        for name in ("from_place", "to_place"):
            place = places[int(leg[name][1:])]
            points.setdefault(leg["host"], []).append((place.latitude, place.longitude))
    return [Tour(line, is_booked) for line in points.values()]


@require_POST
@require(Role.COORDINATOR)
def plan_publish(request: HttpRequest, number: int) -> HttpResponse:
    version = get_version(request, number)
    drafts = try_verb(
        request,
        _publish_seen,
        version,
        seen=row_number(request.POST.get("seen")),
        approved=request.POST.getlist("approved"),
        override_reason=request.POST.get("override_reason", "")[:500],
        at=clock.now(),
        by=request.user,
    )
    if isinstance(drafts, EditedMeanwhile):
        messages.error(request, f"{drafts.messages[0]} {_('Nothing was published.')}")
        return _version_page(request, get_version(request, number), status=409)
    if isinstance(drafts, SlotTaken):
        link = reverse("visits:plan"), _("To the plan")
        messages.error(request, format_html('{} <a href="{}">{}</a>', _taken_words(drafts), *link))
    elif drafts is None:
        return _version_page(request, get_version(request, number), status=422)
    else:
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


def _publish_seen(version: PlanVersion, **act) -> list[Message] | EditedMeanwhile | SlotTaken:
    """Publish what the coordinator has seen; what came between when something did."""
    try:
        return publish_version(version, **act)
    except EditedMeanwhile as change:
        return change
    except SlotTaken as error:
        return error


def _taken_words(error: SlotTaken) -> str:
    """Which visit has the time that the plan wanted, and what to do about it."""
    visit = error.clash.visit if error.clash else None
    if visit is None:
        return error.sentence
    return _(
        "%(host)s has %(visit)s on %(when)s, where this plan wants another visit; nothing was "
        "published. Plan again, or look at %(ref)s on its own page."
    ) % {
        "host": visit.host.name,
        "visit": visit,
        "when": wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
        "ref": visit.ref,
    }
