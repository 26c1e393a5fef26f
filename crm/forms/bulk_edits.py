"""One change for many people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.bulk_edits import FIELDS
from crm.forms.fields import LANGUAGES, Form
from crm.forms.people import PersonForm, organisation_field
from crm.models import Initiative


class BulkEditForm(Form):
    """What to change, and its new value in the field of that name."""

    field = forms.ChoiceField(label=_("What to change"), choices=list(FIELDS.items()))
    organisation = organisation_field()
    initiatives = forms.ModelChoiceField(
        label=_("Initiative"),
        queryset=Initiative.objects.order_by("name"),
        required=False,
        empty_label="–",
    )
    languages = forms.ChoiceField(
        label=_("Language"), choices=[("", "–"), *LANGUAGES], required=False
    )

    clean_organisation = PersonForm.clean_organisation

    @property
    def value(self) -> Any:
        """The new value of the chosen field."""
        return self.cleaned_data.get(self.cleaned_data["field"])
