from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import DayField, Form, LineField
from crm.validators import clean_text
from visits.models import HostAnswer


class HostAnswerForm(Form):
    """Whether the host takes the visit at the time it has."""

    use_required_attribute = False

    answer = forms.ChoiceField(
        label=_("Does this time suit you?"),
        choices=[
            (HostAnswer.Answer.ACCEPTED, _("Yes, I take it")),
            (HostAnswer.Answer.REFUSED, _("No, I cannot")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose yes or no.")},
    )
    reason = forms.CharField(
        label=_("Why not?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed for a no. The coordinators read it, the city does not."),
    )

    def clean_reason(self) -> str:
        return clean_text(self.cleaned_data["reason"]).strip()

    def clean(self):
        cleaned = super().clean()
        is_no = cleaned.get("answer") == HostAnswer.Answer.REFUSED
        if is_no and not cleaned.get("reason", "-"):
            self.add_error("reason", _("Say why, in a sentence."))
        return cleaned


class CannotTravelForm(Form):
    """Whole days on which a host cannot travel."""

    use_required_attribute = False

    first = DayField(label=_("From"))
    last = DayField(label=_("Until, that day included"))
    reason = LineField(
        label=_("Why"),
        max_length=120,
        help_text=_("Only what colleagues may read: it stands in the calendar of the desk."),
    )
