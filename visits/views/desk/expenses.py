"""Expenses of a visit, entered by its host or at the desk."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import expenses as verbs
from visits.forms.expenses import ExpenseForm
from visits.models import Expense, Visit
from visits.views.desk.access import get_visit, try_verb
from visits.views.desk.toasts import done, today, try_form

MAY_SPEND = (Role.COORDINATOR, Role.HOST)


@require_http_methods(["GET", "POST"])
@require(*MAY_SPEND)
def expense_new(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    first = {"spent_on": today(request), "eligible": Expense.Eligible.ASK, "currency": "EUR"}
    form = ExpenseForm(request.POST or None, initial=first)
    if try_form(request, form, partial(verbs.add_expense, visit)) is not None:
        done(request, _("The expense is written down."))
        return _to_money(visit)
    return _page(request, visit, form)


@require_http_methods(["GET", "POST"])
@require(*MAY_SPEND)
def expense_edit(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    row = get_object_or_404(visit.expenses.kept(), pk=pk)
    form = ExpenseForm(request.POST or None, row=row)
    if try_form(request, form, partial(verbs.edit_expense, row)) is not None:
        done(request, _("Saved."))
        return _to_money(visit)
    return _page(request, visit, form, row)


@require_POST
@require(*MAY_SPEND)
def expense_remove(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    row = get_object_or_404(visit.expenses, pk=pk)
    if try_verb(request, verbs.remove_expense, row, at=clock.now(), by=request.user):
        undo = reverse("visits:expense-restore", args=[ref, pk])
        done(request, _("%(expense)s is taken out.") % {"expense": row}, undo=undo)
    return _to_money(visit)


@require_POST
@require(*MAY_SPEND)
def expense_restore(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    row = get_object_or_404(visit.expenses, pk=pk)
    if try_verb(request, verbs.restore_expense, row, at=clock.now(), by=request.user):
        done(request, _("%(expense)s is back.") % {"expense": row})
    return _to_money(visit)


def _page(
    request: HttpRequest, visit: Visit, form: ExpenseForm, row: Expense | None = None
) -> HttpResponse:
    status = 409 if form.change else 422 if form.errors else 200
    context = {"visit": visit, "form": form, "row": row}
    return render(request, "visits/expense_form.html", context, status=status)


def _to_money(visit: Visit) -> HttpResponse:
    return redirect(reverse("visits:visit-detail", args=[visit.ref]) + "?tab=money")
