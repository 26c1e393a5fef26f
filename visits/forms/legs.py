"""The form of one journey as it is planned or booked."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import EditForm, LineField
from crm.models import Place
from visits.domain import leg_entries
from visits.forms.moments import moment_at
from visits.forms.places import place_typed
from visits.models.travel import TravelMode


class LocalMomentField(forms.CharField):
    """A day and time as a clock at the place of the journey shows it; the form knows the place."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            return datetime.fromisoformat(str(value).strip()).replace(tzinfo=None)
        except ValueError:
            raise ValidationError(
                _("Write a day and a time, as in 2023-02-17 14:30."), code="invalid"
            ) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        shown = initial.strftime("%Y-%m-%dT%H:%M") if initial else ""
        return shown != str(data or "").replace(" ", "T")[:16]


class LegForm(EditForm):
    """From where to where, when by the clocks there, and what it costs."""

    fields_edited = leg_entries.EDITABLE

    origin = LineField(label=_("From"), max_length=200)
    destination = LineField(label=_("To"), max_length=200)
    mode = forms.ChoiceField(label=_("By"), choices=TravelMode.choices)
    status = forms.ChoiceField(
        label=_("Standing"),
        choices=[(each.value, each.label) for each in leg_entries.ENTERED],
    )
    departs_at = LocalMomentField(label=_("Leaves"), help_text=_("In the time of that place."))
    arrives_at = LocalMomentField(label=_("Arrives"), help_text=_("In the time of that place."))
    cost = forms.DecimalField(
        label=_("Cost (EUR)"),
        required=False,
        min_value=0,
        max_value=99_999,
        decimal_places=2,
        help_text=_("Empty: estimated."),
    )
    co2_kg = forms.FloatField(
        label=_("CO2 (kg)"),
        required=False,
        min_value=0,
        max_value=99_999,
        help_text=_("Empty: estimated."),
    )
    note = LineField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("Train or flight number, seat, booking reference."),
    )

    def values_of(self, row: Any) -> dict[str, Any]:
        values = super().values_of(row)
        return values | {
            "origin": row.origin.label,
            "destination": row.destination.label,
            "departs_at": clock_at(row.departs_at, row.origin),
            "arrives_at": clock_at(row.arrives_at, row.destination),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for place, moment in (("origin", "departs_at"), ("destination", "arrives_at")):
            self._settle(cleaned, place, moment)
        if set(leg_entries.EDITABLE) <= set(cleaned):
            try:
                leg_entries.check_leg(cleaned)
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned

    def _settle(self, cleaned: dict[str, Any], place: str, moment: str) -> None:
        """The place typed as a row of the register, and its clock's time as a moment."""
        try:
            if place in cleaned:
                kept = getattr(self.row, place, None)
                cleaned[place] = place_typed(cleaned[place], kept=kept)
        except ValidationError as error:
            self.add_error(place, error)
            return
        try:
            if place in cleaned and moment in cleaned:
                cleaned[moment] = moment_at(cleaned[moment], cleaned[place].zone)
        except ValidationError as error:
            self.add_error(moment, error)


def clock_at(moment: datetime, place: Place) -> datetime:
    """What a clock at the place shows."""
    return moment.astimezone(ZoneInfo(place.zone)).replace(tzinfo=None)
