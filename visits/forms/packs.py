from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import DayField, Form
from crm.validators import sensible_date
from visits.domain.packs import check_span
from visits.models import Host, PackRun


class SpanForm(Form):
    """Whose trip, and from which day to which."""

    host = forms.ModelChoiceField(
        label=_("Host"), queryset=Host.objects.none(), to_field_name="ref", empty_label=None
    )
    first = DayField(label=_("First day"))
    last = DayField(label=_("Last day"))
    paper = forms.ChoiceField(label=_("Paper"), choices=PackRun.Paper, required=False)
    is_grey = forms.BooleanField(label=_("Without colours"), required=False)

    def __init__(self, *args: Any, hosts, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["host"].queryset = hosts

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["paper"] = cleaned.get("paper") or PackRun.Paper.A4
        for name in ("first", "last"):
            if cleaned.get(name):
                self._try(name, sensible_date, cleaned[name])
        if not self.errors and cleaned.get("first") and cleaned.get("last"):
            self._try("last", check_span, cleaned["first"], cleaned["last"])
        return cleaned

    def _try(self, name: str, check: Any, *values: Any) -> None:
        try:
            check(*values)
        except ValidationError as error:
            self.add_error(name, error)
