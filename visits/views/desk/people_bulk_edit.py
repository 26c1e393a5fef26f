"""One change for the ticked people: chosen, looked at, done, and taken back."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm import clock
from crm.domain import bulk_edits as verbs
from crm.forms.bulk_edits import BulkEditForm
from crm.models import Initiative, Organisation, Person
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, own_next, try_verb
from visits.views.desk.people import offered_organisations, ticked
from visits.views.desk.toasts import add_errors, done


@require_POST
@require(Role.COORDINATOR)
def person_bulk_edit(request: HttpRequest) -> HttpResponse:
    """`step` is empty on the way in, "preview" to see what would change, "do" to do it."""
    fallback = reverse("visits:person-list")
    people = ticked(request, _people(request))
    if people is None:
        return back_to(request, fallback)
    step = request.POST.get("step", "")
    form = BulkEditForm(request.POST if step else None)
    changes = _changes(people, form) if step and form.is_valid() else []
    if step == "do" and changes:
        _edit(request, people, form)
        return back_to(request, fallback)
    context = {
        "people": people,
        "form": form,
        "changes": changes,
        "fresh": sum(change.is_new for change in changes),
        "organisations": offered_organisations(),
        "next": own_next(request) or fallback,
    }
    status = 422 if form.errors else 200
    return render(request, "visits/person_bulk_edit.html", context, status=status)


def _people(request: HttpRequest) -> QuerySet:
    rows = Person.objects.visible_to(request.user).live().select_related("organisation")
    return rows.prefetch_related("initiatives")


def _changes(people: list[Person], form: BulkEditForm) -> list[verbs.Change]:
    try:
        return verbs.plan_edit(people, form.cleaned_data["field"], form.value)
    except ValidationError as error:
        add_errors(form, error)
        return []


def _edit(request: HttpRequest, people: list[Person], form: BulkEditForm) -> None:
    name, now = form.cleaned_data["field"], {"at": clock.now(), "by": request.user}
    was = try_verb(request, verbs.edit_people, people, name, form.value, **now)
    if was is None:
        return
    key = getattr(form.value, "pk", form.value)
    pairs = [("was", f"{pk}-{before}") for pk, before in was.items()]
    query = urlencode([("field", name), ("value", key), *pairs])
    words = ngettext("%(n)d person is changed.", "%(n)d people are changed.", len(was))
    undo = f"{reverse('visits:person-bulk-edit-undo')}?{query}" if was else ""
    done(request, words % {"n": len(was)}, undo=undo)


@require_POST
@require(Role.COORDINATOR)
def person_bulk_edit_undo(request: HttpRequest) -> HttpResponse:
    """Those that still have the new value get back what they had before."""
    name, value = request.GET.get("field", ""), _value(request)
    pairs = [pair.split("-") for pair in request.GET.getlist("was")]
    was = {int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(_fits, pair))}
    if name not in verbs.FIELDS or value is None or not was:
        messages.error(request, _("There is nothing to take back."))
        return redirect("visits:person-list")
    people = list(_people(request).filter(pk__in=list(was)))
    now = {"at": clock.now(), "by": request.user}
    changed = verbs.take_back_edit(people, name, value, was, **now)
    words = ngettext("%(n)d person is as before.", "%(n)d people are as before.", changed)
    done(request, words % {"n": changed})
    return back_to(request, reverse("visits:person-list"))


def _fits(number: str) -> bool:
    return number.isdecimal() and len(number) < 19


def _value(request: HttpRequest) -> Any:
    """The value of the address: a row of ours, or a language."""
    name, key = request.GET.get("field", ""), request.GET.get("value", "")
    if name == "languages":
        return key[:8] or None
    models: dict[str, Any] = {"organisation": Organisation, "initiatives": Initiative}
    return models[name].objects.filter(pk=key).first() if name in models and _fits(key) else None
