"""Where an incoming mail belongs, as it is chosen at the desk."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import Form
from crm.models import Organisation, Person, User
from visits.models import VisitRequest

FOUND = 10


class FilingForm(Form):
    """People, an organisation and a request; at least one of them.

    Offered are those the mail seems to concern and those that a search found; any other number
    the person may see is taken too.
    """

    people = forms.ModelMultipleChoiceField(
        Person.objects.none(),
        label=_("People"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("Organisation"), required=False, empty_label=_("none")
    )
    request = forms.CharField(
        label=_("Request"),
        max_length=12,
        required=False,
        help_text=_("Its reference, as R01."),
    )

    def __init__(
        self,
        *args: Any,
        user: User,
        people: list[Person],
        organisations: list[Organisation],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["people"].queryset = Person.objects.visible_to(user).live()
        self.fields["organisation"].queryset = Organisation.objects.visible_to(user)
        # Everybody may be chosen; offered are a few.
        self.fields["people"].widget.choices = [(row.pk, _told(row)) for row in people]
        self.fields["organisation"].widget.choices = [
            ("", _("none")),
            *((row.pk, row.name) for row in organisations),
        ]

    def clean_request(self) -> VisitRequest | None:
        ref = self.cleaned_data["request"].strip().upper()
        if not ref:
            return None
        found = VisitRequest.objects.visible_to(self.user).filter(ref=ref).first()
        if found is None:
            raise ValidationError(
                _("There is no request %(ref)s."), code="unknown", params={"ref": ref}
            )
        return found

    @property
    def values(self) -> dict[str, Any]:
        asked = self.cleaned_data["request"]
        return {
            "people": list(self.cleaned_data["people"]),
            "organisation": self.cleaned_data["organisation"],
            "requests": [asked] if asked else [],
        }


def _told(person: Person) -> str:
    parts = [person.name, person.organisation.name if person.organisation else ""]
    return " · ".join(filter(None, parts))
