"""Known journeys between two places, and the factors every travel estimate is made with."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, wording
from crm.exports import Column
from crm.models import Place
from crm.permissions import require
from crm.roles import Role
from visits.domain import known_journeys, travel_factors
from visits.domain.travel import estimated_journey
from visits.filters import JourneyFilter
from visits.forms.travel import FactorForm, JourneyForm
from visits.models import TravelOverride
from visits.models.travel import TravelMode
from visits.planning.factors import REFERENCE
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.toasts import done, try_form

KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)

JOURNEY_COLUMNS = (
    Column(gettext_lazy("From"), lambda row: row.origin.label, "from"),
    Column(gettext_lazy("To"), lambda row: row.destination.label, "to"),
    Column(gettext_lazy("By"), lambda row: row.get_mode_display()),
    Column(gettext_lazy("Minutes"), lambda row: row.minutes, "minutes", is_number=True),
    Column(gettext_lazy("Cost (EUR)"), lambda row: row.cost, is_number=True),
    Column(gettext_lazy("CO2 (kg)"), lambda row: row.co2_kg, is_number=True),
    Column(gettext_lazy("Source"), lambda row: row.source, "source"),
)

GROUPS = {
    "drive": gettext_lazy("By car"),
    "rail": gettext_lazy("By train"),
    "fly": gettext_lazy("By plane"),
    "ferry": gettext_lazy("By ferry"),
}


@require_safe
@require(*KEEPERS)
def journey_list(request: HttpRequest) -> HttpResponse:
    rows = TravelOverride.objects.in_use().select_related("origin", "destination")
    page = list_page(request, JourneyFilter, rows, JOURNEY_COLUMNS)
    if file := as_file(page, "known-journeys"):
        return file
    return render_list(page, "settings_journeys", "_journey_rows", {})


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def journey_new(request: HttpRequest) -> HttpResponse:
    """A form for a journey; from a leg it comes filled in, or leads to the one already known."""
    origin, destination = _place(request, "from"), _place(request, "to")
    if request.method == "GET" and origin and destination:
        known = known_journeys.known_journey(origin, destination)
        if known is not None:
            return redirect(_with_next(request, reverse("visits:journey-edit", args=[known.pk])))
    initial = {
        "origin": origin.label if origin else "",
        "destination": destination.label if destination else "",
        "mode": request.GET.get("mode", ""),
    }
    form = JourneyForm(request.POST or None, initial=initial)
    if try_form(request, form, known_journeys.add_journey) is not None:
        done(request, _("Saved. Plans made from now on use it."))
        return back_to(request, "visits:journey-list")
    context = {"form": form, "row": None, "estimate": _estimate_words(origin, destination)}
    return render(request, "visits/settings_journey.html", context)


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def journey_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _journey(pk)
    form = JourneyForm(request.POST or None, row=row)
    if try_form(request, form, partial(known_journeys.edit_journey, row)) is not None:
        done(request, _("Saved. Plans made from now on use it."))
        return back_to(request, "visits:journey-list")
    estimate = _estimate_words(row.origin, row.destination)
    context = {"form": form, "row": row, "estimate": estimate}
    status = 409 if form.change else 200
    return render(request, "visits/settings_journey.html", context, status=status)


@require_POST
@require(*KEEPERS)
def journey_remove(request: HttpRequest, pk: int) -> HttpResponse:
    row = _journey(pk)
    known_journeys.remove_journey(row, at=clock.now(), by=request.user)
    undo = reverse("visits:journey-restore", args=[pk])
    done(request, _("%(journey)s is estimated again.") % {"journey": row}, undo=undo)
    return redirect("visits:journey-list")


@require_POST
@require(*KEEPERS)
def journey_restore(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TravelOverride.objects.select_related("origin", "destination"), pk=pk)
    if row.removed_at is not None and try_verb(
        request, known_journeys.restore_journey, row, at=clock.now(), by=request.user
    ):
        done(request, _("%(journey)s is known again.") % {"journey": row})
    return redirect("visits:journey-list")


def _journey(pk: int) -> TravelOverride:
    rows = TravelOverride.objects.in_use().select_related("origin", "destination")
    return get_object_or_404(rows, pk=pk)


def _place(request: HttpRequest, name: str) -> Place | None:
    """The place whose number another page put into the address, if there is one."""
    number = request.GET.get(name, "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return Place.objects.filter(pk=int(number)).first()


def _with_next(request: HttpRequest, path: str) -> str:
    query = request.GET.copy()
    for name in set(query) - {"next"}:
        del query[name]
    return f"{path}?{query.urlencode()}" if query else path


def _estimate_words(origin: Place | None, destination: Place | None) -> str:
    if origin is None or destination is None or origin == destination:
        return ""
    journey = estimated_journey(origin, destination)
    if journey.mode == "stay":
        return ""
    return _(
        "The estimate: %(time)s by %(mode)s, %(km)d km, about %(cost)d EUR and %(co2)d kg CO2."
    ) % {
        "time": wording.duration(journey.minutes),
        "mode": TravelMode(journey.mode).label,
        "km": round(journey.km),
        "cost": round(journey.cost),
        "co2": round(journey.co2),
    }


@require_safe
@require(*KEEPERS)
def factor_list(request: HttpRequest) -> HttpResponse:
    rows = travel_factors.factors_in_force()
    groups = [
        (label, [row for row in rows if row.reference.mode == mode])
        for mode, label in GROUPS.items()
    ]
    changed = sum(row.row is not None for row in rows)
    return render(request, "visits/settings_factors.html", {"groups": groups, "changed": changed})


@require_http_methods(["GET", "POST"])
@require(*KEEPERS)
def factor_edit(request: HttpRequest, key: str) -> HttpResponse:
    if key not in REFERENCE:
        raise Http404
    reference = REFERENCE[key]
    row = travel_factors.factor_row(key)
    form = FactorForm(request.POST or None, row=row, unit=reference.unit)
    if try_form(request, form, partial(travel_factors.change_factor, key)) is not None:
        done(request, _("Saved. Plans made from now on use it."))
        return redirect("visits:factor-list")
    context = {
        "form": form,
        "reference": reference,
        "name": travel_factors.NAMES[key],
        "is_changed": not row._state.adding,
    }
    status = 409 if form.change else 200
    return render(request, "visits/settings_factor.html", context, status=status)


@require_POST
@require(*KEEPERS)
def factor_reset(request: HttpRequest, key: str) -> HttpResponse:
    if key not in REFERENCE:
        raise Http404
    travel_factors.reset_factor(key, at=clock.now(), by=request.user)
    words = _("%(name)s has the value of the reference again.")
    done(request, words % {"name": travel_factors.NAMES[key]})
    return redirect("visits:factor-list")
