"""Forms of the travel settings: known journeys, factors of the estimate."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import EditForm, LineField
from crm.models import Place
from visits.domain import known_journeys, travel_factors
from visits.forms.places import place_typed
from visits.models.travel import TravelMode

LONGEST_MINUTES = 2_880


class JourneyForm(EditForm):
    """A journey between two places of the register, known in both directions."""

    fields_edited = known_journeys.EDITABLE

    origin = LineField(label=_("From"), max_length=200)
    destination = LineField(label=_("To"), max_length=200)
    mode = forms.ChoiceField(label=_("By"), choices=TravelMode.choices)
    minutes = forms.IntegerField(
        label=_("Door to door (minutes)"), min_value=1, max_value=LONGEST_MINUTES
    )
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
    source = LineField(
        label=_("Where this is from"),
        max_length=200,
        required=False,
        help_text=_("A timetable, a booking, somebody's experience."),
    )

    def values_of(self, row: Any) -> dict[str, Any]:
        ends = {"origin": row.origin.label, "destination": row.destination.label}
        return super().values_of(row) | ends

    def clean_origin(self) -> Place:
        return self._place("origin")

    def clean_destination(self) -> Place:
        return self._place("destination")

    def _place(self, name: str) -> Place:
        return place_typed(self.cleaned_data[name], kept=getattr(self.row, name, None))


class FactorForm(EditForm):
    """One factor of the travel estimate with where its value comes from."""

    fields_edited = travel_factors.EDITABLE

    value = forms.FloatField(label=_("Value"))
    source = LineField(
        label=_("Where this is from"),
        max_length=300,
        required=False,
        help_text=_("A study, a price list, your own records."),
    )

    def __init__(self, *args: Any, unit: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["value"].label = _("Value (%(unit)s)") % {"unit": unit}
        fields["value"].widget.attrs["step"] = "any"
