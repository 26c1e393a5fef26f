"""Decisions for every later search: pin, forbid, lock, and taking them back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits.domain.plan_decisions import decide, renew_decision, take_back_decision
from visits.domain.plans import plan_of
from visits.forms.plans import FORMS
from visits.models import PlanDecision, PlanVersion
from visits.views.desk.access import asked_next, back_to, current_campaign, try_verb
from visits.views.desk.plan import get_version, without_campaign
from visits.views.desk.toasts import done, try_form


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def plan_decide(request: HttpRequest, kind: str) -> HttpResponse:
    """One decision, filled in from the block or day it was asked on."""
    campaign = current_campaign(request)
    if kind not in FORMS:
        raise Http404
    if campaign is None:
        return without_campaign(request)
    version = _version(request)
    asked = {name: request.GET.get(name, "") for name in ("request", "host", "day", "start")}
    form = FORMS[kind](request.POST or None, campaign=campaign, initial=asked)
    plan = plan_of(campaign)
    made = try_form(
        request, form, lambda wanted, **act: decide(plan, wanted, version=version, **act)
    )
    if made is not None:
        undo = reverse("visits:plan-decision-take-back", args=[made.pk])
        done(
            request,
            _("%(decision)s; every later search keeps to it.") % {"decision": made},
            undo=undo,
        )
        return _back(request, version)
    context = {"form": form, "kind": kind, "version": version, "next": asked_next(request)}
    is_part = request.htmx and request.method == "GET"
    name = "visits/_plan_decide.html" if is_part else "visits/plan_decide.html"
    return render(request, name, context, status=422 if form.errors else 200)


def _version(request: HttpRequest) -> PlanVersion | None:
    number = row_number(request.POST.get("version") or request.GET.get("version"))
    return get_version(request, number) if number is not None else None


def _back(request: HttpRequest, version: PlanVersion | None) -> HttpResponse:
    if version is not None:
        return back_to(request, "visits:plan-version", version.number)
    return back_to(request, "visits:plan")


def _decision(request: HttpRequest, pk: int) -> PlanDecision:
    return get_object_or_404(PlanDecision.objects.with_names(), pk=pk)


@require_POST
@require(Role.COORDINATOR)
def plan_decision_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    row = _decision(request, pk)
    answer = try_verb(request, take_back_decision, row, at=clock.now(), by=request.user)
    if answer is not None:
        undo = reverse("visits:plan-decision-renew", args=[pk])
        done(request, _("Taken back: %(decision)s.") % {"decision": row}, undo=undo)
    return _back(request, None)


@require_POST
@require(Role.COORDINATOR)
def plan_decision_renew(request: HttpRequest, pk: int) -> HttpResponse:
    row = _decision(request, pk)
    words = _("%(decision)s again.") % {"decision": row}
    try_verb(request, renew_decision, row, at=clock.now(), by=request.user, done=words)
    return _back(request, None)
