"""What people ask about their own data: the list with its days, one of them, and its answer."""

from datetime import date
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.domain import data_requests as verbs
from crm.exports import Column
from crm.filters import DataRequestFilter
from crm.forms.privacy import AnswerForm, NewDataRequestForm
from crm.models import DataRequest, Person
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.privacy import privacy_pages
from visits.views.desk.toasts import add_errors, done, today


def asker(row: DataRequest) -> str:
    return row.person.name if row.person else row.address


COLUMNS = (
    Column(gettext_lazy("Who"), asker),
    Column(gettext_lazy("Wants to"), lambda row: row.get_kind_display(), "kind"),
    Column(gettext_lazy("Received"), lambda row: row.received_at, "received"),
    Column(gettext_lazy("Due"), lambda row: row.due_on, "due"),
    Column(gettext_lazy("Answered"), lambda row: row.done_at),
    Column(gettext_lazy("What was done"), lambda row: row.answer),
)


@require_safe
@require(Role.COORDINATOR)
def data_request_list(request: HttpRequest) -> HttpResponse:
    rows = DataRequest.objects.visible_to(request.user).select_related("person", "done_by")
    page = list_page(request, DataRequestFilter, rows, COLUMNS, tab="state", usual="open")
    if file := as_file(page, "data-requests"):
        return file
    current = request.GET.get("state", "open")
    context = {
        "pages": privacy_pages(request),
        "today": today(request),
        "tabs": [
            {
                "label": str(label).capitalize(),
                "path": f"{request.path}?state={state}",
                "current": current == state,
            }
            for state, label in DataRequestFilter.STATES
        ],
    }
    return render_list(page, "data_request_list", "_data_request_rows", context)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def data_request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was asked, what leads to its answer, and the answer."""
    wish = find_data_request(request, pk)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.answer_data_request(wish, **form.cleaned_data, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            undo = reverse("visits:data-request-reopen", args=[pk])
            done(request, _("Answered."), undo=undo)
            return redirect("visits:data-request-list")
    context = {"wish": wish, "form": form, "today": today(request), "who": asker(wish)}
    context["days_left"] = days_left(wish, today(request))
    status = 422 if form.errors else 200
    return render(request, "visits/data_request_detail.html", context, status=status)


def days_left(wish: DataRequest, day: date) -> int | None:
    """Days until the answer is due, negative when it is late; None once answered."""
    return (wish.due_on - day).days if wish.done_at is None else None


def find_data_request(request: HttpRequest, pk: int) -> DataRequest:
    rows = DataRequest.objects.visible_to(request.user).select_related("person", "done_by")
    return get_object_or_404(rows, pk=pk)


@require_POST
@require(Role.COORDINATOR)
def data_request_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    wish = find_data_request(request, pk)
    if try_verb(request, verbs.reopen_data_request, wish, at=clock.now(), by=request.user):
        done(request, _("It waits for its answer again."))
    return back_to(request, reverse("visits:data-request-detail", args=[pk]))


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def data_request_new(request: HttpRequest) -> HttpResponse:
    """A wish that came by phone, on paper or by mail."""
    form = NewDataRequestForm(request.POST or None, initial={"person": request.GET.get("person")})
    if request.method == "POST" and form.is_valid():
        wish = _open(request, form)
        if wish is not None:
            done(request, _("Written down; the answer is due within a month."))
            return redirect("visits:data-request-detail", wish.pk)
    context = {"form": form}
    status = 422 if form.errors else 200
    return render(request, "visits/data_request_new.html", context, status=status)


def _open(request: HttpRequest, form: NewDataRequestForm) -> DataRequest | None:
    """The wish, or None with the faults beside their fields."""
    values: dict[str, Any] = dict(form.cleaned_data)
    words = values.pop("person")
    verb = partial(verbs.open_data_request, values.pop("kind"), at=clock.now(), by=request.user)
    try:
        return verb(person=_one_person(request, words), **values)
    except ValidationError as error:
        add_errors(form, error)
        return None


def _one_person(request: HttpRequest, words: str) -> Person | None:
    """The one person of this name or address; ValidationError when it is not just one."""
    if not words:
        return None
    found = list(Person.objects.visible_to(request.user).live().search(words)[:3])
    if len(found) != 1:
        raise ValidationError(
            {
                "person": _("Nobody in the lists is called so; leave it empty and give an address.")
                if not found
                else _("Several people fit; type more of the name, or the mail address.")
            }
        )
    return found[0]
