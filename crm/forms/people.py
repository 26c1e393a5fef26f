from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.notice_clock import ORIGINS
from crm.domain.people import EDITABLE, organisation_of, phone_number
from crm.forms.fields import LANGUAGES, EditForm, Form, LineField, TextField
from crm.models import ContactPoint, Initiative, Organisation, Person
from crm.validators import mail_address


def organisation_field() -> LineField:
    """An organisation by its name, with those offered that the page lists."""
    return LineField(
        label=_("Organisation"),
        max_length=200,
        required=False,
        help_text=_("Start typing; choose one that we know."),
        widget=forms.TextInput(attrs={"list": "organisations", "autocomplete": "off"}),
    )


class PersonForm(EditForm):
    """A person's record; the organisation is typed by its name."""

    fields_edited = EDITABLE

    given = LineField(label=_("Given name"), max_length=120)
    family = LineField(label=_("Family name"), max_length=120, required=False)
    script_variant = LineField(
        label=_("Name in another script"),
        max_length=240,
        required=False,
        help_text=_("As they write it themselves, for instance Ελένη."),
    )
    role = LineField(label=_("Role"), max_length=200, required=False)
    department = LineField(label=_("Department"), max_length=200, required=False)
    organisation = organisation_field()
    initiatives = forms.ModelMultipleChoiceField(
        label=_("Initiatives"),
        queryset=Initiative.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=LANGUAGES,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    notes = TextField(
        label=_("Notes"),
        max_length=10_000,
        required=False,
        help_text=_("Only for us. Nothing about health, beliefs or family."),
    )

    def values_of(self, row: Person) -> dict[str, Any]:
        name = row.organisation.name if row.organisation else ""
        return super().values_of(row) | {"organisation": name}

    def clean_organisation(self) -> Organisation | None:
        name = self.cleaned_data["organisation"]
        if not name:
            return None
        found = organisation_of(name)
        if found is None:
            raise forms.ValidationError(
                _(
                    "We know no organisation called “%(name)s”, or several; choose one from the "
                    "list or add it under Organisations first."
                ),
                code="unknown_organisation",
                params={"name": name},
            )
        return found


class NeededAtTimes(LineField):
    """Needed or not by what another field says; its help says when."""

    is_conditional = True


class NewPersonForm(PersonForm):
    """A new person, with the first mail address and phone."""

    address = LineField(label=_("Mail address"), max_length=320, required=False)
    phone = LineField(label=_("Phone"), max_length=60, required=False)
    origin = forms.ChoiceField(
        label=_("Who gave us these data"),
        choices=list(ORIGINS.items()),
        help_text=_("If not they themselves, they are to be told within a month."),
    )
    source = NeededAtTimes(
        label=_("Source"),
        max_length=200,
        required=False,
        help_text=_("If somebody else gave them: which list or who. They will be told."),
    )
    basis = NeededAtTimes(
        label=_("Basis"),
        max_length=200,
        required=False,
        help_text=_(
            "If somebody else gave them: why we may keep them, as: legitimate interest, follow-up "
            "of the event."
        ),
    )

    field_order = [
        *("given", "family", "role", "department", "organisation", "address", "phone"),
        *("origin", "source", "basis"),
    ]

    def clean_address(self) -> str:
        value = self.cleaned_data["address"]
        return mail_address(value) if value else ""

    def clean_phone(self) -> str:
        value = self.cleaned_data["phone"]
        return phone_number(value) if value else ""


class ContactPointForm(Form):
    """One more way to reach somebody."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ContactPoint.Kind.choices)
    value = LineField(label=_("Address or number"), max_length=320)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if value := cleaned.get("value"):
            is_mail = cleaned.get("kind") == ContactPoint.Kind.EMAIL
            try:
                cleaned["value"] = mail_address(value) if is_mail else phone_number(value)
            except forms.ValidationError as error:
                self.add_error("value", error)
        return cleaned


class WhyForm(Form):
    """A reason in words, where one may be given."""

    why = LineField(label=_("Why"), max_length=500, required=False)
