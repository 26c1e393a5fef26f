"""Closing a campaign: what is left over, ends for many at once, the figures frozen and compared."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.domain.audit import record
from crm.exports import FORMATS, Column, export
from crm.permissions import require
from crm.roles import Role
from visits.domain.closing import (
    ENDS,
    Compared,
    compare_with_now,
    end_requests,
    freeze_figures,
    left_over,
    plan_ends,
    take_back_ends,
    values_now,
)
from visits.domain.steps import Stood
from visits.models import Campaign, FigureSnapshot, VisitRequest
from visits.states import RequestState
from visits.views.desk.access import current_campaign, try_verb
from visits.views.desk.toasts import done, kept_for

READERS = (Role.COORDINATOR, Role.REPORTER)
MOST_ROWS = 2_000


@require_safe
@require(Role.COORDINATOR)
def closing(request: HttpRequest) -> HttpResponse:
    """Everything of the campaign that has no end yet, and the frozen figures."""
    return _page(request, current_campaign(request))


def _page(
    request: HttpRequest,
    campaign: Campaign | None,
    *,
    ticked: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """The page; after a refusal with the rows `ticked` and the words sent along still in place."""
    context: dict[str, Any] = {"campaign": campaign, "ticked": ticked, "typed": request.POST}
    if campaign is not None:
        context |= {
            "left": left_over(campaign),
            "ends": [(state, RequestState(state).label) for state in ENDS],
            "snapshots": campaign.figure_snapshots.select_related("taken_by"),
        }
    return render(request, "visits/closing.html", context, status=status)


@require_POST
@require(Role.COORDINATOR)
def closing_end(request: HttpRequest) -> HttpResponse:
    """The same end for the ticked requests: shown first, done by `step` "do"."""
    campaign = current_campaign(request)
    if campaign is None:
        raise Http404
    wanted = request.POST.getlist("rows")[:MOST_ROWS]
    if not wanted:
        messages.error(request, _("Tick at least one row first."))
        return _page(request, campaign, status=422)
    seen = VisitRequest.objects.visible_to(request.user).filter(campaign=campaign, ref__in=wanted)
    rows = list(seen.order_by("state", "ref"))
    if unknown := sorted({*wanted} - {row.ref for row in rows}):
        words = _("Nothing was changed: there is no request %(refs)s in this campaign.")
        messages.error(request, words % {"refs": ", ".join(unknown)[:200]})
        return _page(request, campaign, ticked=wanted, status=422)
    end, reason = request.POST.get("end", ""), request.POST.get("reason", "")
    if request.POST.get("step") == "do":
        return _end(request, campaign, rows, end, reason)
    plan = try_verb(request, plan_ends, rows, end, reason=reason)
    if plan is None:
        return _page(request, campaign, ticked=wanted, status=422)
    context = {
        "campaign": campaign,
        "fitting": [each.request for each in plan if not each.why_not],
        "skipped": [each for each in plan if each.why_not],
        "end": end,
        "end_label": RequestState(end).label,
        "reason": reason,
    }
    return render(request, "visits/closing_end.html", context)


def _end(
    request: HttpRequest, campaign: Campaign, rows: list[VisitRequest], end: str, reason: str
) -> HttpResponse:
    now = {"at": clock.now(), "by": request.user}
    stood = try_verb(request, end_requests, rows, end, reason=reason, **now)
    if stood is None:
        return _page(request, campaign, ticked=[row.ref for row in rows], status=422)
    words = ngettext("%(n)d request has its end.", "%(n)d requests have their end.", len(stood))
    kept = {
        ref: asdict(each) | {"state_since": each.state_since.isoformat()}
        for ref, each in stood.items()
    }
    undo = reverse("visits:closing-end-undo")
    done(request, words % {"n": len(stood)}, undo=undo, kept=kept)
    return redirect("visits:closing")


@require_POST
@require(Role.COORDINATOR)
def closing_end_undo(request: HttpRequest) -> HttpResponse:
    """Those that nobody touched since are open again as they were."""
    kept = kept_for(request, reverse("visits:closing-end-undo"))
    if not kept:
        messages.info(request, _("There is nothing to take back."))
        return redirect("visits:closing")
    stood = {
        ref: Stood(**each | {"state_since": datetime.fromisoformat(each["state_since"])})
        for ref, each in kept.items()
    }
    rows = VisitRequest.objects.visible_to(request.user).filter(ref__in=stood)
    now = {"at": clock.now(), "by": request.user}
    back = try_verb(request, take_back_ends, list(rows), stood, **now)
    if back is None:
        return redirect("visits:closing")
    words = ngettext("%(n)d request is as before.", "%(n)d requests are as before.", len(back))
    done(request, words % {"n": len(back)})
    if moved := sorted(stood.keys() - {row.ref for row in back}):
        words = _("Left as they are, because they were touched since: %(refs)s.")
        messages.warning(request, words % {"refs": ", ".join(moved)[:200]})
    return redirect("visits:closing")


@require_POST
@require(Role.COORDINATOR)
def figures_freeze(request: HttpRequest) -> HttpResponse:
    """Keep the numbers of this moment under a note."""
    campaign = current_campaign(request)
    if campaign is None:
        raise Http404
    note = request.POST.get("note", "")
    made = try_verb(request, freeze_figures, campaign, note=note, at=clock.now(), by=request.user)
    if isinstance(made, FigureSnapshot):
        done(request, _("The figures are frozen as “%(note)s”.") % {"note": made.note})
        return redirect("visits:figures-frozen", made.pk)
    return _page(request, campaign, status=422)


COLUMNS = (
    Column(gettext_lazy("Number"), lambda row: row.key),
    Column(gettext_lazy("What it is"), lambda row: row.label),
    Column(gettext_lazy("Frozen"), lambda row: row.then, is_number=True),
    Column(gettext_lazy("Unit"), lambda row: row.unit),
    Column(gettext_lazy("Now"), lambda row: row.now, is_number=True),
    Column(gettext_lazy("Changed"), lambda row: "" if row.is_same else _("changed")),
    Column(gettext_lazy("Rows"), lambda row: " ".join(row.rows)),
)


def named_parts(whole: Compared) -> list[Compared]:
    """The parts as a file names them: behind the name of their number."""
    return [replace(part, label=f"{whole.label}: {part.label}") for part in whole.parts]


@require_safe
@require(*READERS)
def figures_frozen(request: HttpRequest, pk: int) -> HttpResponse:
    """One frozen set beside the numbers of now; as a file with the references of its rows."""
    seen = FigureSnapshot.objects.visible_to(request.user).select_related("campaign", "taken_by")
    snapshot = get_object_or_404(seen, pk=pk)
    at = clock.now()
    lines = compare_with_now(snapshot, values_now(snapshot.campaign, at=at))
    wanted = request.GET.get("as", "")
    if wanted in FORMATS:
        fields = [f"frozen figures {pk}", wanted]
        record(request.user, "export_list", at=at, by=request.user, fields=fields)
        name = f"{snapshot.campaign.slug}-frozen-{snapshot.taken_at:%Y-%m-%d}"
        zone = request.user.time_zone
        each = [line for whole in lines for line in (whole, *named_parts(whole))]
        return export(name, COLUMNS, each, file_format=wanted, zone=zone)
    context = {
        "snapshot": snapshot,
        "campaign": snapshot.campaign,
        "lines": lines,
        "exports": [(each.upper(), f"?as={each}") for each in FORMATS],
        "trail": [(_("Figures"), reverse("visits:figure-list")), (snapshot.note, "")],
        "at": at,
    }
    return render(request, "visits/figures_frozen.html", context)
