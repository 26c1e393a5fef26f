"""What a host says about the own times: yes or no to a visit, and "I cannot travel"."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import host_answers as verbs
from visits.domain.hosts import visits_hit
from visits.domain.replanning import ABSENCE
from visits.forms.host_answers import CannotTravelForm, HostAnswerForm
from visits.models import HostAnswer, Visit
from visits.views.desk.access import get_visit
from visits.views.desk.my_week import shown_host, week_path
from visits.views.desk.toasts import add_errors, done

AHEAD = timedelta(days=62)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def visit_answer(request: HttpRequest, ref: str) -> HttpResponse:
    """The host accepts or refuses the time planned; nothing is chosen beforehand."""
    visit = get_visit(request.user, ref)
    if not verbs.may_answer(visit, request.user):
        raise PermissionDenied(_("Only the host of the visit says yes or no to its time."))
    at = clock.now()
    try:
        verbs.check_answerable(visit, at=at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("visits:visit-detail", ref)
    form = HostAnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        act = {"at": at, "by": request.user}
        try:
            if form.cleaned_data["answer"] == HostAnswer.Answer.ACCEPTED:
                verbs.accept_visit(visit, **act)
                words = _("%(ref)s is accepted.")
            else:
                verbs.refuse_visit(visit, reason=form.cleaned_data["reason"], **act)
                words = _("%(ref)s is refused; the coordinators see it on Today and in the plan.")
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, words % {"ref": ref})
            return redirect(week_path(visit))
    context = {"visit": visit, "form": form, "known": verbs.answer_of(visit)}
    status = 422 if form.is_bound else 200
    return render(request, "visits/visit_answer.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def cannot_travel(request: HttpRequest) -> HttpResponse:
    """Days a host cannot travel; what they touch is planned anew by a coordinator."""
    host = shown_host(request)
    if host is None:
        raise Http404
    at = clock.now()
    form = CannotTravelForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            row = verbs.cannot_travel(host, **form.cleaned_data, at=at, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _what_it_touches(request, row)
    visits = Visit.objects.visible_to(request.user).filter(host=host).upcoming(at)
    context = {
        "host": host,
        "form": form,
        "visits": visits.filter(starts_at__lt=at + AHEAD).select_related("host", "backup"),
        "today": at.astimezone(ZoneInfo(host.zone)).date(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "visits/cannot_travel.html", context, status=status)


def _what_it_touches(request: HttpRequest, row) -> HttpResponse:
    refs = [visit.ref for visit in visits_hit(row)]
    if not refs:
        done(request, _("Written down; no visit is touched."))
        return redirect(f"{reverse('visits:my-week')}?host={row.host.ref}")
    words = _("Written down. This touches %(refs)s.") % {"refs": ", ".join(refs)}
    if request.user.is_coordinator:
        messages.warning(request, words)
        return redirect(f"{reverse('visits:plan-replan')}?{ABSENCE}={row.pk}")
    later = _("The coordinators see it on Today and plan these visits anew.")
    messages.warning(request, f"{words} {later}")
    return redirect(f"{reverse('visits:my-week')}?host={row.host.ref}")
