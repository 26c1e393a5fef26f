"""One phone page right after a visit: who came, three lines, promises, photos."""

from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import after_visit as verbs
from visits.domain.steps import check_begun
from visits.forms.after_visit import AfterVisitForm
from visits.models import Visit
from visits.states import VisitState
from visits.views.desk.access import get_visit
from visits.views.desk.toasts import add_errors, done


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def after_visit(request: HttpRequest, ref: str) -> HttpResponse:
    """Keeps everything at once, or nothing and says what is wrong."""
    visit = get_visit(request.user, ref)
    at = clock.now()
    if fault := _cannot_tell(visit, at):
        messages.error(request, fault)
        return redirect("visits:visit-detail", ref)
    holders = verbs.known_holders(visit)
    agreed = verbs.agreed_to_photos(visit, holders)
    make = partial(
        AfterVisitForm, report=getattr(visit, "report", None), holders=holders, agreed=agreed
    )
    form = make(request.POST) if request.method == "POST" else make()
    if form.is_bound and form.is_valid():
        try:
            verbs.tell_of_visit(visit, **form.told(), at=at, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Kept. The city is asked to check your words."))
            return redirect("visits:my-week")
    language = visit.requests.values_list("language", flat=True).first() or "en"
    context = {"visit": visit, "form": form, "photo_text": verbs.photo_text(language)}
    status = 422 if form.is_bound else 200
    return render(request, "visits/after_visit.html", context, status=status)


def _cannot_tell(visit: Visit, at) -> str:
    """Why there is nothing to tell yet, or no longer."""
    if not verbs.may_tell(visit):
        return _("%(ref)s is “%(state)s”; there is nothing to tell.") % {
            "ref": visit.ref,
            "state": visit.get_state_display(),
        }
    try:
        check_begun(visit, VisitState.COMPLETED, at=at)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""
