"""How long each kind of data is kept, and what is over its time: a preview that changes nothing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.forms.privacy import MonthsForm
from crm.models import Person, RetentionRule
from crm.permissions import require
from visits.domain.retention import Due, due_at, reference_of, set_months
from visits.views.desk.access import try_verb
from visits.views.desk.privacy import KEEPERS, privacy_pages
from visits.views.desk.toasts import done

SHOWN = 20


@require_safe
@require(*KEEPERS)
def retention(request: HttpRequest) -> HttpResponse:
    """Every kind of data with its months, and what a run now would take and why."""
    at = clock.now()
    sees_names = request.user.is_coordinator
    changed = {rule.category: rule for rule in RetentionRule.objects.select_related("changed_by")}
    parts = [_part(due, changed, sees_names=sees_names) for due in due_at(at)]
    context = {"pages": privacy_pages(request), "parts": parts, "at": at}
    return render(request, "visits/retention.html", context)


def _part(due: Due, changed: dict[str, RetentionRule], *, sees_names: bool) -> dict[str, Any]:
    rows = list(due.rows[: SHOWN + 1])
    count = len(rows) if len(rows) <= SHOWN else due.rows.count()
    initial = {"category": due.category.key, "months": due.months}
    return {
        "due": due,
        "count": count,
        "more": max(0, count - SHOWN),
        "rows": [_row(row, sees_names=sees_names) for row in rows[:SHOWN]],
        "rule": changed.get(due.category.key),
        "form": MonthsForm(initial=initial, auto_id=f"{due.category.key}-%s"),
    }


def _row(row: Any, *, sees_names: bool) -> dict[str, str]:
    """What a row is called: its name for a coordinator, its number for an administrator."""
    ref = reference_of(row)
    if not sees_names or not isinstance(row, Person):
        return {"words": ref, "href": ""}
    return {"words": row.name, "href": reverse("visits:person-detail", args=[row.pk])}


@require_POST
@require(*KEEPERS)
def retention_rule(request: HttpRequest) -> HttpResponse:
    """Keep one kind of data for another number of months."""
    form = MonthsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a number of months from 1 to 240, or nothing."))
        return redirect("visits:retention")
    values = form.cleaned_data
    now = {"at": clock.now(), "by": request.user}
    if try_verb(request, set_months, values["category"], values["months"], **now):
        done(request, _("Saved. Nothing goes before somebody runs it."))
    return redirect("visits:retention")
