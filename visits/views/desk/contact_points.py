"""How to reach a person: adding, marking, preferring and removing an address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import clock
from crm.domain import people as verbs
from crm.forms.people import ContactPointForm
from crm.models import ContactPoint, Person
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import try_verb
from visits.views.desk.people import find_person, leave_closed, person_context
from visits.views.desk.toasts import done


@require_POST
@require(Role.COORDINATOR)
def contact_point_new(request: HttpRequest, pk: int) -> HttpResponse:
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    form = ContactPointForm(request.POST, prefix="point")
    if not form.is_valid():
        context = person_context(request, person, point_form=form)
        return render(request, "visits/person_detail.html", context)
    if try_verb(
        request,
        verbs.add_contact_point,
        person,
        kind=form.cleaned_data["kind"],
        value=form.cleaned_data["value"],
        at=clock.now(),
        by=request.user,
    ):
        done(request, _("Added."))
    return redirect("visits:person-detail", pk)


@require_POST
@require(Role.COORDINATOR)
def contact_point_change(request: HttpRequest, pk: int, point: int) -> HttpResponse:
    """The verb says what: prefer, remove, or a status to mark the address with."""
    people = Person.objects.visible_to(request.user).filter(pk=pk)
    row = get_object_or_404(
        ContactPoint.objects.select_related("person"), pk=point, person__in=people
    )
    if away := leave_closed(request, row.person):
        return away
    verb, now = request.POST.get("verb", ""), {"at": clock.now(), "by": request.user}
    if verb == "prefer":
        is_done = try_verb(request, verbs.prefer_contact_point, row, **now)
    elif verb == "remove":
        is_done = try_verb(request, verbs.remove_contact_point, row, **now)
    else:
        why = request.POST.get("why", "")[:300]
        is_done = try_verb(request, verbs.mark_contact_point, row, verb, why=why, **now)
    if is_done:
        done(request, _("Saved."))
    return redirect("visits:person-detail", pk)
