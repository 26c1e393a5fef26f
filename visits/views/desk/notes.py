"""Writing down a note or a promise about a person, an organisation or an event."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock, wording
from crm.domain.follow_ups import open_follow_up
from crm.domain.messages import log_interaction, need_no_answer, take_back_interaction
from crm.forms.notes import FollowUpForm, InteractionForm
from crm.models import Interaction, Organisation, Person
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.people import leave_closed
from visits.views.desk.toasts import add_errors, done, kept_for, today

ABOUT = {
    "person": (Person, "visits:person-detail"),
    "organisation": (Organisation, "visits:organisation-detail"),
}


def _subject(request: HttpRequest, about: str, pk: int) -> tuple[Model, str]:
    """The row a note is about, and the page of it."""
    model, page = ABOUT[about]
    return get_object_or_404(model.objects.visible_to(request.user), pk=pk), reverse(
        page, args=[pk]
    )


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def note_new(request: HttpRequest, about: str, pk: int) -> HttpResponse:
    subject, page = _subject(request, about, pk)
    if isinstance(subject, Person) and (away := leave_closed(request, subject)):
        return away
    form = InteractionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            note = log_interaction(
                **form.cleaned_data, **{about: subject}, at=clock.now(), by=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            undo = reverse("visits:note-take-back", args=[note.pk])
            done(request, _("Written down."), undo=undo, kept=page)
            return back_to(request, page)
    return render(request, "visits/note_form.html", _context(form, subject, page))


@require_POST
@require(Role.COORDINATOR)
def person_no_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What the person wrote was read and waits no more."""
    person, page = _subject(request, "person", pk)
    if note := try_verb(request, need_no_answer, person, at=clock.now(), by=request.user):
        undo = reverse("visits:note-take-back", args=[note.pk])
        done(request, _("Read; nothing waits any more."), undo=undo, kept=page)
    return back_to(request, page)


@require_POST
@require(Role.COORDINATOR)
def note_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The note that was the last thing done is gone again."""
    page = kept_for(request, request.path)
    note = Interaction.objects.visible_to(request.user).filter(pk=pk).first()
    if page is None or note is None:
        messages.info(request, _("There is nothing to take back."))
        return back_to(request, page or reverse("visits:person-list"))
    if try_verb(request, take_back_interaction, note, at=clock.now(), by=request.user):
        done(request, _("The note is taken back."))
    return back_to(request, page)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def promise_new(request: HttpRequest, about: str, pk: int) -> HttpResponse:
    subject, page = _subject(request, about, pk)
    if isinstance(subject, Person) and (away := leave_closed(request, subject)):
        return away
    form = FollowUpForm(
        request.POST or None, today=today(request), initial={"assigned_to": request.user}
    )
    if request.method == "POST" and form.is_valid():
        try:
            promise = open_follow_up(
                **form.cleaned_data, **{about: subject}, at=clock.now(), by=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Promised for %(day)s.") % {"day": wording.day(promise.due_on)})
            return back_to(request, page)
    return render(request, "visits/promise_form.html", _context(form, subject, page))


def _context(form: Any, subject: Model, page: str) -> dict[str, Any]:
    return {"form": form, "subject": subject, "page": page}
