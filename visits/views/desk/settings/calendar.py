"""Calendar days and disruptions: what stands in the way of a visit."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.exports import Column
from crm.permissions import require
from crm.roles import Role
from visits.domain import calendar_days, disruptions
from visits.filters import CalendarDayFilter, DisruptionFilter
from visits.forms.settings import CalendarDayForm, DisruptionForm
from visits.models import CalendarDay, Disruption, Visit
from visits.views.desk.access import current_campaign
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.toasts import done, try_form

KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)

DAY_COLUMNS = (
    Column(gettext_lazy("First day"), lambda row: row.first_on, "first"),
    Column(gettext_lazy("Last day"), lambda row: row.last_on, "last"),
    Column(gettext_lazy("Country"), lambda row: row.country, "country"),
    Column(gettext_lazy("Region"), lambda row: row.region),
    Column(gettext_lazy("City"), lambda row: row.city),
    Column(gettext_lazy("Name"), lambda row: row.name, "name"),
    Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
    Column(gettext_lazy("How hard"), lambda row: row.get_hardness_display()),
)

DISRUPTION_COLUMNS = (
    Column(gettext_lazy("What happens"), lambda row: row.name, "name"),
    Column(gettext_lazy("Kind"), lambda row: row.get_kind_display()),
    Column(gettext_lazy("Where"), lambda row: where_words(row)),
    Column(gettext_lazy("From"), lambda row: row.starts_at, "from"),
    Column(gettext_lazy("Until"), lambda row: row.ends_at, "until"),
    Column(gettext_lazy("Severity"), lambda row: row.severity, "severity", is_number=True),
    Column(gettext_lazy("Status"), lambda row: row.get_status_display()),
)


def where_words(row: Disruption) -> str:
    return ", ".join([*row.places, *row.airports] or row.countries)


@require_safe
@require(*KEEPERS)
def calendar_day_list(request: HttpRequest) -> HttpResponse:
    page = list_page(request, CalendarDayFilter, CalendarDay.objects.all(), DAY_COLUMNS)
    if file := as_file(page, "calendar-days"):
        return file
    return render_list(page, "settings_calendar_days", "_calendar_day_rows", {})


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def calendar_day_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    row = get_object_or_404(CalendarDay, pk=pk) if pk else None
    form = CalendarDayForm(request.POST or None, row=row)
    verb = partial(calendar_days.edit_calendar_day, row) if row else calendar_days.add_calendar_day
    if try_form(request, form, verb) is not None:
        done(request, _("Saved."))
        return redirect("visits:calendar-day-list")
    context = {"form": form, "row": row}
    status = 409 if form.change else 200
    return render(request, "visits/settings_calendar_day.html", context, status=status)


@require_POST
@require(*KEEPERS)
def calendar_day_remove(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(CalendarDay, pk=pk)
    calendar_days.remove_calendar_day(row, at=clock.now(), by=request.user)
    done(request, _("%(name)s is out of the calendar.") % {"name": row.name})
    return redirect("visits:calendar-day-list")


@require_safe
@require(*KEEPERS)
def disruption_list(request: HttpRequest) -> HttpResponse:
    page = list_page(request, DisruptionFilter, Disruption.objects.all(), DISRUPTION_COLUMNS)
    if file := as_file(page, "disruptions"):
        return file
    context = {"zone": _office_zone(request)}
    return render_list(page, "settings_disruptions", "_disruption_rows", context)


def _office_zone(request: HttpRequest) -> str:
    campaign = current_campaign(request)
    return campaign.zone if campaign else request.user.time_zone


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def disruption_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    row = get_object_or_404(Disruption, pk=pk) if pk else None
    form = DisruptionForm(request.POST or None, row=row, zone=_office_zone(request))
    verb = partial(disruptions.edit_disruption, row) if row else _enter
    at_risk = try_form(request, form, verb)
    if at_risk is not None:
        _say_at_risk(request, at_risk)
        return redirect("visits:disruption-list")
    context = {
        "form": form,
        "row": row,
        "visits": _touched(request, row),
        "zone": _office_zone(request),
    }
    status = 409 if form.change else 200
    return render(request, "visits/settings_disruption.html", context, status=status)


def _touched(request: HttpRequest, row: Disruption | None) -> list[Visit]:
    """The visits it touches, for whoever may see visits."""
    if row is None or not request.user.is_coordinator:
        return []
    return disruptions.touched_visits(row)


def _enter(values: Mapping[str, Any], **act: Any) -> list[Visit]:
    return disruptions.enter_disruption(values, **act)[1]


def _say_at_risk(request: HttpRequest, visits: list[Visit]) -> None:
    if not visits:
        done(request, _("Saved. No visit is touched."))
        return
    refs = ", ".join(visit.ref for visit in visits)
    sentence = ngettext(
        "Saved. %(refs)s is at risk: decide whether to move it, go online or keep it.",
        "Saved. %(refs)s are at risk: decide for each whether to move it, go online or keep it.",
        len(visits),
    )
    messages.warning(request, sentence % {"refs": refs})
