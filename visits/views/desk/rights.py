"""What a person may ask of us: a copy of everything we keep, and that we erase it."""

from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.forms.fields import Form
from crm.models import IncomingMail, Organisation, Person
from crm.permissions import require
from crm.roles import Role
from visits.briefs import press
from visits.domain.dossiers import dossier_of
from visits.domain.erasure import erase_person, sides_of
from visits.domain.mentions import Mention, mentions_of
from visits.domain.person_export import export_person, reader_of
from visits.models import Visit, VisitRequest
from visits.views.desk.access import try_verb
from visits.views.desk.people import find_person
from visits.views.desk.toasts import done

# A form of more than a thousand fields is refused; each note takes two.
SHOWN = 300
PAGES = {
    Person: "visits:person-detail",
    Organisation: "visits:organisation-detail",
    IncomingMail: "visits:inbox-detail",
    Visit: "visits:visit-detail",
    VisitRequest: "visits:request-detail",
}


class Named(NamedTuple):
    """A note about others with the family name alone, whether it goes, and the note's page."""

    mention: Mention
    is_ticked: bool
    path: str


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
        naming = [row.mention for row in _named(request, person) if row.is_ticked]
        options = {"at": clock.now(), "by": request.user, "mentions": naming}
        if try_verb(request, erase_person, person, **options):
            # Forgets the last action too, which may name them.
            done(request, _("The person is erased; what happened stays countable."))
        return redirect("visits:person-detail", pk)
    dossier, named = dossier_of(person), _named(request, person)
    context = {"person": person, "form": form, "dossier": dossier, "sides": sides_of(dossier)}
    context |= {"named": named[:SHOWN], "more": len(named[SHOWN:])}
    status = 422 if form.errors else 200
    return render(request, "visits/person_erase.html", context, status=status)


def _named(request: HttpRequest, person: Person) -> list[Named]:
    """The name goes where nobody has seen the note and unticked it."""
    left = set(request.POST.getlist("shown")) - set(request.POST.getlist("named"))
    found = mentions_of(dossier_of(person))
    return [Named(each, each.key not in left, _page_of(each.about)) for each in found]


def _page_of(about: Any) -> str:
    return reverse(PAGES[type(about)], args=[getattr(about, "ref", about.pk)]) if about else ""
