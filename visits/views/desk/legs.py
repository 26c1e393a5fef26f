"""Journeys of a visit as they are planned or booked, entered by its host or at the desk."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.models import Place
from crm.permissions import require
from crm.roles import Role
from visits.domain import leg_entries as verbs
from visits.forms.legs import LegForm, clock_at
from visits.models import TravelLeg, Visit
from visits.views.desk.access import get_visit, try_verb
from visits.views.desk.toasts import done, try_form

MAY_TRAVEL = (Role.COORDINATOR, Role.HOST)


@require_http_methods(["GET", "POST"])
@require(*MAY_TRAVEL)
def leg_new(request: HttpRequest, ref: str) -> HttpResponse:
    """A form for a journey; from one that the calendar asks for it comes filled in.

    `?from=…&to=…&departs=…&arrives=…&mode=…`: places by number, moments with their offset.
    """
    visit = get_visit(request.user, ref)
    form = LegForm(request.POST or None, initial=_first_values(request))
    owner = try_form(request, form, partial(verbs.enter_leg, visit))
    if owner is not None:
        words = _("The journey is written down.")
        if owner != visit:
            words = _("The journey is written down with %(visit)s, where it leads.")
        done(request, words % {"visit": owner})
        return _to_travel(visit)
    return _page(request, visit, form)


@require_http_methods(["GET", "POST"])
@require(*MAY_TRAVEL)
def leg_edit(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    leg = get_object_or_404(_legs_of(visit), pk=pk)
    if leg.status == TravelLeg.Status.CANCELLED:
        messages.error(request, _("This journey was called off meanwhile; nothing was saved."))
        return _to_travel(visit)
    form = LegForm(request.POST or None, row=leg, initial={"status": _entered_status(leg)})
    if try_form(request, form, partial(verbs.edit_leg, leg)) is not None:
        done(request, _("Saved."))
        return _to_travel(visit)
    return _page(request, visit, form, leg)


@require_POST
@require(*MAY_TRAVEL)
def leg_cancel(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    leg = get_object_or_404(_legs_of(visit), pk=pk)
    before = leg.status
    if try_verb(request, verbs.cancel_leg, leg, at=clock.now(), by=request.user):
        undo = reverse("visits:leg-restore", args=[ref, pk]) + f"?status={before}"
        done(request, _("The journey is called off."), undo=undo)
    return _to_travel(visit)


@require_POST
@require(*MAY_TRAVEL)
def leg_restore(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    leg = get_object_or_404(_legs_of(visit), pk=pk)
    status = request.GET.get("status", TravelLeg.Status.PLANNED)
    if try_verb(request, verbs.restore_leg, leg, status=status, at=clock.now(), by=request.user):
        done(request, _("The journey is back."))
    return _to_travel(visit)


def _legs_of(visit: Visit) -> Any:
    """Journeys the page of a visit tells of: also those that belong to a neighbouring visit."""
    return TravelLeg.objects.filter(host=visit.host).select_related("origin", "destination")


def _entered_status(leg: TravelLeg) -> str:
    """An estimate that somebody opens is about to be booked."""
    return leg.status if leg.status in verbs.ENTERED else TravelLeg.Status.BOOKED


def _first_values(request: HttpRequest) -> dict[str, Any]:
    first: dict[str, Any] = {"status": TravelLeg.Status.BOOKED, "mode": request.GET.get("mode")}
    for field, clock_field, place_name, moment_name in (
        ("origin", "departs_at", "from", "departs"),
        ("destination", "arrives_at", "to", "arrives"),
    ):
        place = _place(request.GET.get(place_name, ""))
        if place is not None:
            first[field] = place.label
            moment = _moment(request.GET.get(moment_name, ""))
            first[clock_field] = clock_at(moment, place) if moment else None
    return first


def _place(number: str) -> Place | None:
    usable = number.isascii() and number.isdecimal() and len(number) <= 12
    return Place.objects.filter(pk=int(number)).first() if usable else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and 2000 <= moment.year <= 2100 else None


def _page(
    request: HttpRequest, visit: Visit, form: LegForm, leg: TravelLeg | None = None
) -> HttpResponse:
    status = 409 if form.change else 422 if form.errors else 200
    context = {"visit": visit, "form": form, "leg": leg}
    return render(request, "visits/leg_form.html", context, status=status)


def _to_travel(visit: Visit) -> HttpResponse:
    return redirect(reverse("visits:visit-detail", args=[visit.ref]) + "?tab=travel")
