"""One POST per step of a visit; each calls its verb and comes back to the visit."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import cancellations, reports
from visits.domain import visits as verbs
from visits.domain.after_visit import Promise, keep_promise
from visits.domain.briefing import send_brief
from visits.domain.checklists import tick_item
from visits.domain.steps import check_visit_step
from visits.forms.requests import ReasonForm
from visits.forms.visits import AttendanceForm, PromiseForm, ReportForm, SideForm
from visits.models import Visit, VisitReport
from visits.states import VisitState
from visits.views.desk.access import get_visit, tell_confirmed, try_verb
from visits.views.desk.toasts import done
from visits.views.desk.visits import visit_page

# Steps that ask for side and reason: verb, new state, words of the page and the button.
REASONED = {
    "cancel": (
        verbs.cancel_visit,
        VisitState.CANCELLED,
        gettext_lazy("Cancel the visit"),
        gettext_lazy("Cancel visit"),
    ),
    "no-show": (
        verbs.mark_no_show,
        VisitState.NO_SHOW,
        gettext_lazy("Nobody came"),
        gettext_lazy("Mark it so"),
    ),
}


@require_POST
@require(Role.COORDINATOR)
def visit_confirm(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    before, at = visit.state, clock.now()
    if try_verb(request, verbs.confirm_visit, visit, at=at, by=request.user):
        tell_confirmed(request, visit, before=before, at=at)
    return redirect("visits:visit-detail", ref)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def visit_step(request: HttpRequest, ref: str, step: str) -> HttpResponse:
    if step not in REASONED:
        raise Http404
    visit = get_visit(request.user, ref)
    verb, state, title, label = REASONED[step]
    at = clock.now()
    if request.method == "GET" and not try_verb(request, check_visit_step, visit, state, at=at):
        return redirect("visits:visit-detail", ref)
    form = SideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if try_verb(request, verb, visit, at=at, by=request.user, **form.cleaned_data):
            if cancellations.kept_slot(visit, at=at):
                words = _("%(ref)s is cancelled; its time is kept for a day.") % {"ref": ref}
                done(request, words, undo=reverse("visits:visit-undo", args=[ref]))
            return redirect("visits:visit-detail", ref)
    context = {"visit": visit, "form": form, "title": title, "label": label}
    return render(request, "visits/visit_step.html", context, status=422 if form.errors else 200)


@require_POST
@require(Role.COORDINATOR)
def visit_undo(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a cancellation back: a new visit gets the time that was kept."""
    again = try_verb(
        request,
        cancellations.undo_cancellation,
        get_visit(request.user, ref),
        at=clock.now(),
        by=request.user,
        why=_("The cancellation was undone at the desk."),
    )
    if again is None:
        return redirect("visits:visit-detail", ref)
    words = _("%(new)s takes the place of %(old)s, at the same time.")
    done(request, words % {"new": again.ref, "old": ref})
    return redirect("visits:visit-detail", again.ref)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def visit_free(request: HttpRequest, ref: str) -> HttpResponse:
    """Give the time kept for an undo away at once, for a reason."""
    visit = get_visit(request.user, ref)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try_verb(
            request,
            cancellations.free_kept_slot,
            visit,
            at=clock.now(),
            by=request.user,
            done=_("The time of %(ref)s is free.") % {"ref": ref},
            **form.cleaned_data,
        )
        return redirect("visits:visit-detail", ref)
    context = {"visit": visit, "form": form, "title": _("Free the time"), "label": _("Free it now")}
    return render(request, "visits/visit_step.html", context, status=422 if form.errors else 200)


@require_POST
@require(Role.COORDINATOR)
def visit_take_back(request: HttpRequest, ref: str) -> HttpResponse:
    """Take back a move that the city has not agreed to: the time before holds again."""
    again = try_verb(
        request,
        cancellations.take_back_move,
        get_visit(request.user, ref),
        at=clock.now(),
        by=request.user,
        why=_("The move was taken back at the desk."),
    )
    if again is None:
        return redirect("visits:visit-detail", ref)
    words = _("%(new)s takes the place of %(old)s, at the time before the move.")
    messages.success(request, words % {"new": again.ref, "old": ref})
    return redirect("visits:visit-detail", again.ref)


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def visit_complete(request: HttpRequest, ref: str) -> HttpResponse:
    """The visit took place: the counts by audience."""
    visit = get_visit(request.user, ref)
    form = AttendanceForm(request.POST)
    if form.is_valid():
        try_verb(
            request,
            verbs.complete_visit,
            visit,
            counts=form.counts(),
            at=clock.now(),
            by=request.user,
            done=_("%(ref)s took place.") % {"ref": ref},
        )
    else:
        messages.error(request, _("Write whole numbers of people, 0 to 1000."))
    return _to_tab(visit, "report")


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def visit_report(request: HttpRequest, ref: str) -> HttpResponse:
    """Write the report; the city is asked by a draft to check what is written for it."""
    visit = get_visit(request.user, ref)
    get_object_or_404(Visit, pk=visit.pk, report__isnull=False)
    form = ReportForm(request.POST, visit=visit)
    if not form.is_valid():
        return visit_page(request, visit, "report", status=422, report_form=form)
    values = form.cleaned_data
    if try_verb(request, reports.report_visit, visit, at=clock.now(), by=request.user, **values):
        done(request, _("The report is kept."))
    return _to_tab(visit, "report")


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def visit_accept_correction(request: HttpRequest, ref: str) -> HttpResponse:
    """Take over what the city says the report should say."""
    visit = get_visit(request.user, ref)
    report = get_object_or_404(VisitReport.objects.select_related("visit"), visit=visit)
    try_verb(
        request,
        reports.accept_correction,
        report,
        at=clock.now(),
        by=request.user,
        done=_("The report of %(ref)s is agreed.") % {"ref": ref},
    )
    return _to_tab(visit, "report")


@require_POST
@require(Role.COORDINATOR)
def brief_send(request: HttpRequest, ref: str) -> HttpResponse:
    """Keep both editions and mail the city its programme."""
    visit = get_visit(request.user, ref)
    done = _("The programme of %(ref)s is in the outbox.") % {"ref": ref}
    try_verb(request, send_brief, visit, at=clock.now(), by=request.user, done=done)
    return _to_tab(visit, "brief")


@require_POST
@require(Role.COORDINATOR)
def visit_close(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    try_verb(request, verbs.close_visit, visit, at=clock.now(), by=request.user, done=_("Closed."))
    return redirect("visits:visit-detail", ref)


@require_POST
@require(Role.COORDINATOR)
def visit_tick(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """Tick or untick one item of the checklist."""
    visit = get_visit(request.user, ref)
    item = get_object_or_404(visit.checklist, pk=pk)
    tick_item(item, done=not item.done, at=clock.now(), by=request.user)
    return _to_tab(visit, "checklist")


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def visit_promise(request: HttpRequest, ref: str) -> HttpResponse:
    """A promise made at the visit becomes a follow-up tied to it."""
    visit = get_visit(request.user, ref)
    form = PromiseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        promise = Promise(**form.cleaned_data)
        if try_verb(request, keep_promise, visit, promise, at=clock.now(), by=request.user):
            return _to_tab(visit, "report")
    context = {"visit": visit, "form": form, "title": _("A promise"), "label": _("Keep in mind")}
    return render(request, "visits/visit_step.html", context, status=422 if form.errors else 200)


def _to_tab(visit: Visit, tab: str) -> HttpResponse:
    response = redirect("visits:visit-detail", visit.ref)
    response["Location"] += f"?tab={tab}"
    return response
