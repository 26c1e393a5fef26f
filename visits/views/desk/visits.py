"""Visits: the list, and one visit with its tabs."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock, wording
from crm.exports import Column
from crm.permissions import has_role, require
from crm.roles import Role
from visits import states
from visits.domain.brief_internal import overrun_words
from visits.domain.cancellations import kept_slot, why_no_way_back
from visits.domain.disruptions import disruptions_touching
from visits.domain.expenses import totals
from visits.domain.fill import fill_query
from visits.domain.history import visit_timeline
from visits.domain.journeys import Journey
from visits.domain.landings import short_landing_of
from visits.domain.place_names import name_of
from visits.domain.report_check import CHECKABLE
from visits.domain.steps import may_be_moved
from visits.domain.travel_legs import VisitLegs, legs_around, sum_of, sums_by_host
from visits.domain.visits import edit_visit, missing_for_confirmation
from visits.filters import VisitFilter
from visits.forms.visits import AttendanceForm, ReportForm, VisitFactsForm
from visits.ical import invitation
from visits.models import Host, HostAnswer, Visit
from visits.states import VisitState
from visits.views.desk.access import date_wishes_of, get_visit, tell_confirmed, try_verb
from visits.views.desk.briefs import brief_cards, kept_briefs, print_choice
from visits.views.desk.lists import as_file, list_page

STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
COLUMNS = (
    Column(gettext_lazy("Reference"), lambda row: row.ref, "ref"),
    Column(gettext_lazy("State"), lambda row: row.get_state_display(), "state"),
    Column(gettext_lazy("City"), lambda row: row.city, "city"),
    Column(gettext_lazy("Country"), lambda row: row.country),
    Column(gettext_lazy("Starts"), lambda row: row.starts_at, "starts_at"),
    Column(gettext_lazy("Ends"), lambda row: row.ends_at),
    Column(gettext_lazy("Mode"), lambda row: row.get_mode_display()),
    Column(gettext_lazy("Host"), lambda row: row.host.name, "host__ref"),
)


@require_safe
@require(*STAFF)
def visit_list(request: HttpRequest) -> HttpResponse:
    rows = (
        Visit.objects.visible_to(request.user)
        .select_related("host", "campaign")
        .prefetch_related("requests")
    )
    page = list_page(request, VisitFilter, rows, COLUMNS)
    file = as_file(page, "visits")
    if file is not None:
        return file
    return render(request, "visits/visit_list.html", {"page": page})


TABS = (
    *("agenda", "people", "checklist", "travel", "money", "mail", "brief", "report"),
    "history",
)


@require_safe
@require(*STAFF)
def visit_detail(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    wanted = request.GET.get("tab", "agenda")
    tab = wanted if wanted in TABS else "agenda"
    return visit_page(request, visit, tab)


def visit_page(
    request: HttpRequest, visit: Visit, tab: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page of one visit; `more` may bring a form that was refused."""
    context = visit_facts(request, visit) | kept_briefs(request, visit)
    context |= {"tab": tab, "tabs": _tabs(request, tab)} | more
    if tab == "brief":
        context["kinds"] = brief_cards(request, visit, context["editions"])
        context["print"] = print_choice(request)
    legs = legs_around(visit)
    context["short_landing"] = short_landing_of(visit, legs, at=clock.now())
    if tab == "travel":
        context["travel"] = travel_of(request, visit, legs)
    if tab == "money":
        context |= money_of(request, visit)
    if tab == "report" and "report_form" not in context:
        context["report_form"] = ReportForm(visit=visit)
    return render(request, "visits/visit_detail.html", context, status=status)


def visit_facts(request: HttpRequest, visit: Visit) -> dict:
    """Everything the page of one visit shows."""
    at = clock.now()
    zone = visit.campaign.zone
    agenda = agenda_with_times(visit)
    report = getattr(visit, "report", None)
    counts = {row.audience: row.people for row in report.counts.all()} if report else {}
    return {
        "visit": visit,
        "requests": visit.requests.visible_to(request.user),
        "topics": visit.topics.all(),
        "holds": list(visit.holds.select_related("reservation")),
        "agenda": agenda,
        "overrun": overrun_words(visit, [row["item"].minutes for row in agenda]),
        "checklist": visit.checklist.all(),
        "drafts": visit.messages.visible_to(request.user)
        .drafts()
        .prefetch_related("visit_requests"),
        "letters": visit.messages.prefetch_related("deliveries"),
        "report": report,
        "counts": counts,
        "attendance": AttendanceForm(counts=counts),
        "may_report": report is not None and _may_report(request, visit),
        "follow_ups": visit.follow_ups.all(),
        "entries": visit_timeline(visit, zone=zone),
        "steps": states.VISIT_STEPS[visit.state],
        "missing": missing_for_confirmation(visit) if visit.state == VisitState.TENTATIVE else [],
        "disruptions": disruptions_touching(visit),
        "later": visit.replaced_by.first(),
        "date_wishes": date_wishes_of(request, visit),
        "refusal": _refusal(request, visit),
        "before_move": visit.agreed_before if visit.awaits_city else None,
        "no_way_back": why_no_way_back(visit, at=at),
        "may_move": may_be_moved(visit),
        "kept": kept_slot(visit, at=at) if visit.state == VisitState.CANCELLED else None,
        "has_begun": visit.has_begun(at),
        "may_count": _may_count(request, visit, at),
        "home_zone": zone,
    }


def money_of(request: HttpRequest, visit: Visit) -> dict:
    """What was spent on the visit, for those who led it; experts read no money."""
    may_spend = has_role(request.user, Role.COORDINATOR, Role.HOST)
    rows = list(visit.expenses.kept()) if may_spend else []
    return {"expenses": rows, "expense_totals": totals(rows), "may_spend": may_spend}


def travel_of(request: HttpRequest, visit: Visit, found: VisitLegs) -> dict:
    """The journeys before and after the visit, and for those who plan the sums of the campaign."""
    row_of = partial(_journey_row, request, visit=visit, names=found.names)
    parts = [(_("On the way there"), found.before), (_("On from there"), found.after)]
    sums = sums_by_host(visit.campaign) if not request.user.is_expert else []
    return {
        "fault": found.fault,
        "may_enter": _may_travel(request),
        "parts": [
            {"title": title, "journeys": [row_of(row) for row in rows]}
            for title, rows in parts
            if rows
        ],
        "sums": [*sums, sum_of(sums)] if len(sums) > 1 else sums,
    }


def _journey_row(
    request: HttpRequest, journey: Journey, visit: Visit, names: Mapping[int, str]
) -> dict:
    figures = [wording.duration(journey.minutes)]
    if journey.km is not None:
        figures.append(_("%(km)d km") % {"km": round(journey.km)})
    if journey.co2_kg is not None:
        figures.append(_("%(kg)d kg CO2") % {"kg": round(journey.co2_kg)})
    if journey.cost is not None and not request.user.is_expert:
        figures.append(_("%(cost)d EUR") % {"cost": round(journey.cost)})
    may_correct = request.user.is_coordinator and not journey.is_firm
    words = journey.status_words
    if journey.leg is None:
        words = _("%(status)s, from the calendar") % {"status": words}
    return {
        "journey": journey,
        "origin": name_of(journey.origin, names),
        "destination": name_of(journey.destination, names),
        "figures": ", ".join(figures),
        "standing": words,
        "correct": _correct_path(request, journey) if may_correct else "",
        "fill": _fill_path(journey, visit.host) if request.user.is_coordinator else "",
        "enter": _enter_path(journey, visit) if _may_travel(request) else "",
        "note": journey.leg.note if journey.leg else "",
    }


def _may_travel(request: HttpRequest) -> bool:
    return has_role(request.user, Role.COORDINATOR, Role.HOST)


def _enter_path(journey: Journey, visit: Visit) -> str:
    """The form of the journey: as it is stored, or filled in from what the calendar asks for."""
    if journey.leg is not None:
        return reverse("visits:leg-edit", args=[visit.ref, journey.leg.pk])
    query = QueryDict(mutable=True)
    query["from"], query["to"] = str(journey.origin.pk), str(journey.destination.pk)
    query["departs"], query["arrives"] = (
        moment.isoformat() for moment in (journey.departs_at, journey.arrives_at)
    )
    query["mode"] = journey.mode
    return f"{reverse('visits:leg-new', args=[visit.ref])}?{query.urlencode()}"


def _fill_path(journey: Journey, host: Host) -> str:
    """The page that names those met at the event who live near this way."""
    ends = (journey.origin.pk, journey.destination.pk)
    query = fill_query(host.ref, *ends, journey.departs_at, journey.arrives_at)
    return f"{reverse('visits:plan-fill')}?{query}"


def _correct_path(request: HttpRequest, journey: Journey) -> str:
    query = QueryDict(mutable=True)
    query["from"], query["to"] = str(journey.origin.pk), str(journey.destination.pk)
    query["mode"], query["next"] = journey.mode, request.get_full_path()
    return f"{reverse('visits:journey-new')}?{query.urlencode()}"


def _refusal(request: HttpRequest, visit: Visit) -> HostAnswer | None:
    """That the host has refused the time, for those who lead or plan the visit."""
    leads = has_role(request.user, Role.COORDINATOR, Role.HOST)
    refused = HostAnswer.objects.refused().filter(visit=visit) if leads else None
    return refused.first() if refused is not None else None


def _may_count(request: HttpRequest, visit: Visit, at) -> bool:
    """Whether the page asks who came: of an agreed visit that has begun, for those who led it."""
    leads = has_role(request.user, Role.COORDINATOR, Role.HOST)
    return leads and visit.state in states.AGREED_VISITS and visit.has_begun(at)


def _may_report(request: HttpRequest, visit: Visit) -> bool:
    """Whether the report may still be written, by those who led the visit."""
    leads = has_role(request.user, Role.COORDINATOR, Role.HOST)
    return leads and visit.state in CHECKABLE


def _tabs(request: HttpRequest, current: str) -> list[dict]:
    words = {
        "agenda": _("Programme"),
        "people": _("People"),
        "checklist": _("Checklist"),
        "travel": _("Travel"),
        "money": _("Money"),
        "mail": _("Mail"),
        "brief": _("Brief"),
        "report": _("Report"),
        "history": _("History"),
    }
    if not request.user.is_coordinator:
        words.pop("mail")
    if not has_role(request.user, Role.COORDINATOR, Role.HOST):
        words.pop("money")
    return [
        {"key": key, "label": label, "is_current": key == current} for key, label in words.items()
    ]


def agenda_with_times(visit: Visit) -> list[dict]:
    """The programme's items with their start, in order."""
    moment, rows = visit.starts_at, []
    for item in visit.agenda.all():
        end = moment + timedelta(minutes=item.minutes)
        rows.append({"item": item, "starts_at": moment, "ends_at": end})
        moment = end
    return rows


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def visit_edit(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    before, at = visit.state, clock.now()
    form = VisitFactsForm(request.POST or None, instance=get_visit(request.user, ref))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if try_verb(request, edit_visit, visit, values=values, at=at, by=request.user):
            if not tell_confirmed(request, visit, before=before, at=at):
                messages.success(request, _("%(ref)s is changed.") % {"ref": ref})
            return redirect("visits:visit-detail", ref)
    context = {"visit": visit, "form": form, "title": _("Facts of the visit"), "label": _("Keep")}
    return render(request, "visits/visit_step.html", context, status=422 if form.errors else 200)


@require_safe
@require(*STAFF)
def visit_ics(request: HttpRequest, ref: str) -> HttpResponse:
    """The visit as a calendar file; its name is the reference, never a city."""
    visit = get_visit(request.user, ref)
    try:
        text, _method = invitation(visit)
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=409, content_type="text/plain")
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{visit.ref}.ics"'},
    )
