from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.organisations import CITY_FIELDS, EDITABLE
from crm.forms.fields import (
    LANGUAGES,
    CountryField,
    DayField,
    EditForm,
    LineField,
    TextField,
    ZoneField,
)
from crm.models import Initiative, Organisation


class OrganisationForm(EditForm):
    fields_edited = EDITABLE

    name = LineField(label=_("Name"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=Organisation.Type.choices)
    country = CountryField(label=_("Country"))
    initiatives = forms.ModelMultipleChoiceField(
        label=_("Initiatives"),
        queryset=Initiative.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    website = forms.URLField(
        label=_("Website"), required=False, assume_scheme="https", max_length=200
    )
    notes = TextField(
        label=_("Notes"), max_length=10_000, required=False, help_text=_("Only for us.")
    )


class MunicipalityForm(EditForm):
    """What is known about a city as a place to visit."""

    fields_edited = CITY_FIELDS

    name = LineField(label=_("City"), max_length=200)
    region = LineField(
        label=_("Region"),
        max_length=120,
        required=False,
        help_text=_("Holidays and school breaks of the region count for this city."),
    )
    time_zone = ZoneField(label=_("Time zone"))
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=LANGUAGES,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    is_pilot = forms.BooleanField(
        label=_("Pilot city: a partner, not counted as reached"), required=False
    )
    embargo_until = DayField(
        label=_("Not to be named in public until"),
        required=False,
        help_text=_("The last day on which nothing of ours may name the city."),
    )
