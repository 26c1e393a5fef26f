"""What a person may ask of us: a copy of everything we keep, and that we erase it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.forms.fields import Form
from crm.permissions import require
from crm.roles import Role
from visits.briefs import press
from visits.domain.dossiers import dossier_of
from visits.domain.erasure import erase_person, sides_of
from visits.domain.person_export import export_person, reader_of
from visits.views.desk.access import try_verb
from visits.views.desk.people import find_person


class ErasureForm(Form):
    """The one tick without which nothing is erased."""

    is_sure = forms.BooleanField(
        label=gettext_lazy("Yes, erase this person for good"),
        error_messages={"required": gettext_lazy("Tick this box first: nothing brings them back.")},
    )


@require_safe
@require(Role.COORDINATOR)
def person_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything kept about the person, as a file to hand to them."""
    person = find_person(request, pk)
    told = export_person(person, at=clock.now(), by=request.user)
    options = {"ensure_ascii": False, "indent": 1}
    answer = JsonResponse(told, json_dumps_params=options)
    answer["Content-Disposition"] = f'attachment; filename="person-{pk}.json"'
    return answer


@require_safe
@require(Role.COORDINATOR)
def person_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as a document in the person's language that anybody can read or print."""
    person = find_person(request, pk)
    told = export_person(person, at=clock.now(), by=request.user, as_format="pdf")
    answer = HttpResponse(press.copy_pdf(told, reader_of(person)), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="person-{pk}.pdf"'
    return answer


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def person_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """First what goes and what stays, then the deed."""
    person = find_person(request, pk)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if person.erased_at is not None:
        messages.error(request, _("This person has been erased already."))
        return redirect("visits:person-detail", pk)
    if request.method == "POST" and form.is_valid():
        done = _("The person is erased; what happened stays countable.")
        try_verb(request, erase_person, person, at=clock.now(), by=request.user, done=done)
        return redirect("visits:person-detail", pk)
    dossier = dossier_of(person)
    context = {"person": person, "form": form, "dossier": dossier, "sides": sides_of(dossier)}
    status = 422 if form.errors else 200
    return render(request, "visits/person_erase.html", context, status=status)
