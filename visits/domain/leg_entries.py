"""A journey of a visit as somebody planned or booked it: entered, put right, called off.

It stands for the estimate of the same way, in the brief, the host's calendar and My week.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.domain.edits import save_changes
from crm.models import Place, User
from visits.domain.booking import lock_resources
from visits.domain.briefing import settle_upcoming
from visits.domain.journeys import SAME_JOURNEY, is_same_journey
from visits.domain.travel import place_ref, travel_between
from visits.models import Host, TravelLeg, Visit
from visits.planning.travel import MODES

EDITABLE = (
    *("origin", "destination", "mode", "departs_at", "arrives_at"),
    *("status", "cost", "co2_kg", "note"),
)
ENTERED = (TravelLeg.Status.PLANNED, TravelLeg.Status.BOOKED)
LONGEST = timedelta(days=3)


def check_leg(values: Mapping[str, Any]) -> None:
    """Raise ValidationError with every fault of the values, beside their fields."""
    faults: dict[str, Any] = {}
    if values["origin"] == values["destination"]:
        faults["destination"] = _("A journey ends in another place than it begins.")
    if values["arrives_at"] <= values["departs_at"]:
        faults["arrives_at"] = _("This is before it leaves. Mind that each time is the local one.")
    elif values["arrives_at"] - values["departs_at"] > LONGEST:
        faults["arrives_at"] = _("A journey takes three days at most.")
    if faults:
        raise ValidationError(faults)


@transaction.atomic
def enter_leg(visit: Visit, values: Mapping[str, Any], *, at: datetime, by: User | None) -> Visit:
    """Write down a journey of the visit's host (names in EDITABLE); refuses as `check_leg`.

    Cost and CO2 left empty are estimated. Returns the visit that now holds it: the one it leads
    to, else the one given.
    """
    check_leg(values)
    lock_resources([visit.host.resource])
    owner = _leads_to(visit.host, values) or visit
    TravelLeg.objects.create(
        host=visit.host, visit=owner, is_sample=visit.is_sample, **_completed(values)
    )
    record(owner, "enter_leg", at=at, by=by, fields=values)
    settle_upcoming(at=at, by=by)
    return owner


@transaction.atomic
def edit_leg(
    leg: TravelLeg,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> list[str]:
    """Put a journey right (names in EDITABLE), or book a planned one; refuses as `check_leg`.

    Cost and CO2 left empty are estimated. One that leads to another visit now belongs to that one.
    Raises ChangedMeanwhile when `seen` is not true now.
    """
    check_leg(values)
    known = _completed(values)
    km = known.pop("km", None)
    changed = save_changes(leg, known, seen=seen, at=at, by=by, verb="edit_leg")
    if {"origin", "destination"} & set(changed):
        TravelLeg.objects.filter(pk=leg.pk).update(km=km)
    if {"destination", "departs_at"} & set(changed) and (owner := _leads_to(leg.host, known)):
        TravelLeg.objects.filter(pk=leg.pk).update(visit=owner)
    if changed:
        settle_upcoming(at=at, by=by)
    return changed


@transaction.atomic
def cancel_leg(leg: TravelLeg, *, at: datetime, by: User | None) -> None:
    """Call a journey off; the row is kept. Refuses one that is off already."""
    if not TravelLeg.objects.standing().filter(pk=leg.pk).update(status=TravelLeg.Status.CANCELLED):
        raise ValidationError(_("This journey was called off already."), code="cancelled")
    leg.status = TravelLeg.Status.CANCELLED
    record(leg, "cancel_leg", at=at, by=by, fields=["status"])
    settle_upcoming(at=at, by=by)


@transaction.atomic
def restore_leg(leg: TravelLeg, *, status: str, at: datetime, by: User | None) -> None:
    """Undo of calling it off: the journey has the `status` again that it had.

    Refused once another one was entered for the same way, or for the same time.
    """
    if status not in TravelLeg.Status.values or status == TravelLeg.Status.CANCELLED:
        raise ValidationError(_("A journey is an estimate, planned or booked."), code="status")
    lock_resources([leg.host.resource])
    if other := _instead(leg):
        words = _(
            "Another journey was entered meanwhile, from %(origin)s to %(destination)s at "
            "%(when)s; call that one off first."
        )
        names = {"origin": other.origin.name, "destination": other.destination.name}
        when = wording.local_time(other.departs_at, other.origin.zone)
        raise ValidationError(words, code="entered_again", params={**names, "when": when})
    off = TravelLeg.objects.filter(pk=leg.pk, status=TravelLeg.Status.CANCELLED)
    if not off.update(status=status):
        raise ValidationError(_("This journey is not called off."), code="standing")
    leg.status = status
    record(leg, "restore_leg", at=at, by=by, fields=["status"])
    settle_upcoming(at=at, by=by)


def _instead(leg: TravelLeg) -> TravelLeg | None:
    """The booked or entered journey of the host that stands where this one did."""
    near = TravelLeg.objects.firm().filter(
        host=leg.host,
        departs_at__lt=leg.arrives_at + SAME_JOURNEY,
        arrives_at__gt=leg.departs_at - SAME_JOURNEY,
    )
    for other in near.exclude(pk=leg.pk).select_related("origin", "destination"):
        overlaps = other.departs_at < leg.arrives_at and leg.departs_at < other.arrives_at
        if overlaps or is_same_journey(leg, other):
            return other
    return None


def _leads_to(host: Host, values: Mapping[str, Any]) -> Visit | None:
    """The host's next visit after the departure, when the journey ends at its place."""
    later = Visit.objects.filter(host=host, starts_at__gte=values["departs_at"]).live()
    following = later.order_by("starts_at").first()
    is_there = following is not None and following.place_id == values["destination"].pk
    return following if is_there else None


def _completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the distance, and with estimates of what was left empty."""
    known = dict(values)
    origin: Place = values["origin"]
    destination: Place = values["destination"]
    table = travel_between([(origin, destination)])
    cell = table.index[place_ref(origin)], table.index[place_ref(destination)]
    if table.minutes[cell] < 0:
        return known
    known["km"] = float(table.km[cell])
    if MODES[table.mode[cell]] == values["mode"]:
        if known["cost"] is None:
            known["cost"] = round(float(table.cost[cell]), 2)
        if known["co2_kg"] is None:
            known["co2_kg"] = round(float(table.co2[cell]), 1)
    return known
