"""Trip packs and sheets: asked for here, made by the worker, fetched here."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import pack_runs
from visits.forms.packs import SpanForm
from visits.models import Host, PackRun
from visits.views.desk.access import current_campaign, get_visit, try_verb
from visits.views.desk.briefs import pdf_response
from visits.views.desk.toasts import add_errors, done

MAY_PRINT = (Role.COORDINATOR, Role.HOST)
SHOWN = 12


@require_http_methods(["GET", "HEAD", "POST"])
@require(*MAY_PRINT)
def pack_list(request: HttpRequest) -> HttpResponse:
    """The packs asked for lately, and the form for the next trip pack."""
    hosts = Host.objects.visible_to(request.user).who_lead().order_by("ref")
    form = SpanForm(request.POST or None, hosts=hosts, initial=_window(request))
    if request.method == "POST" and form.is_valid():
        try:
            pack_runs.ask_for_pack(PackRun.Kind.TRIP, **form.cleaned_data, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _asked(request)
    status = 422 if form.errors else 200
    context = {"form": form, **_runs(request)}
    return render(request, "visits/pack_list.html", context, status=status)


def _window(request: HttpRequest) -> dict[str, Any]:
    """The host and the days the page was opened for, else the whole window."""
    campaign = current_campaign(request)
    today = clock.now().date()
    window = {
        "first": campaign.window_start if campaign else today,
        "last": campaign.window_end if campaign else today,
    }
    given = {name: request.GET[name] for name in ("host", "first", "last") if name in request.GET}
    return window | given


def _runs(request: HttpRequest) -> dict[str, Any]:
    rows = PackRun.objects.visible_to(request.user).select_related("host", "visit")
    runs = list(rows[:SHOWN])
    return {"runs": runs, "active": any(run.is_waiting for run in runs)}


def _asked(request: HttpRequest) -> HttpResponse:
    done(request, _("It is being made; the file appears here."))
    return redirect("visits:pack-list")


@require_safe
@require(*MAY_PRINT)
def pack_status(request: HttpRequest) -> HttpResponse:
    """How the packs stand; the page asks for this while one is being made."""
    return render(request, "visits/_pack_runs.html", _runs(request))


@require_POST
@require(*MAY_PRINT)
def pack_sheet(request: HttpRequest, ref: str, kind: str) -> HttpResponse:
    """Ask for the attendance sheet or the thank-you report of a visit."""
    if kind not in (PackRun.Kind.ATTENDANCE, PackRun.Kind.THANKS):
        raise Http404
    visit = get_visit(request.user, ref)
    paper = request.POST.get("paper", "")
    asked = {
        "visit": visit,
        "paper": paper if paper in PackRun.Paper.values else PackRun.Paper.A4,
        "is_grey": bool(request.POST.get("is_grey")),
        "by": request.user,
    }
    if try_verb(request, pack_runs.ask_for_pack, kind, **asked):
        return _asked(request)
    return redirect("visits:visit-detail", ref)


@require_POST
@require(*MAY_PRINT)
def pack_stop(request: HttpRequest, pk: int) -> HttpResponse:
    pack_runs.ask_to_stop(_find(request, pk))
    done(request, _("It is given up."))
    return redirect("visits:pack-list")


@require_safe
@require(*MAY_PRINT)
def pack_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The finished file, whole; 404 while there is none and once it is cleaned up."""
    run = _find(request, pk)
    content = pack_runs.content_of(run)
    if content is None:
        raise Http404(_("This file is not there, or not there any more; ask for it again."))
    return pdf_response(content, run.name)


def _find(request: HttpRequest, pk: int) -> PackRun:
    return get_object_or_404(PackRun.objects.visible_to(request.user), pk=pk)
