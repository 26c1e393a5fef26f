"""Consent, notices and requests about own data, as they are written down at the desk."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.consents import ANSWERS, CHANNELS
from crm.forms.fields import Form, LineField, MomentField, TextField
from crm.models import ConsentRecord, ConsentText, DataRequest
from crm.models.consent import Purpose


class TextChoice(forms.ModelChoiceField):
    """Words somebody can have been asked in, by purpose, language and version."""

    def label_from_instance(self, text: ConsentText) -> str:
        words = text.text if len(text.text) <= 70 else f"{text.text[:69]}…"
        return f"{text.get_purpose_display()}, {text.language}, v{text.version}: {words}"


class ConsentForm(Form):
    """What somebody said to one purpose, and how we know."""

    purpose = forms.ChoiceField(label=_("About"), choices=Purpose.choices)
    status = forms.ChoiceField(
        label=_("Answer"),
        choices=[(value, ConsentRecord.Status(value).label) for value in ANSWERS],
    )
    text = TextChoice(
        label=_("Words they were asked in"),
        queryset=ConsentText.objects.order_by("purpose", "language", "-version"),
        required=False,
        help_text=_("Needed for a yes: the exact words they said yes to."),
    )
    channel = forms.ChoiceField(label=_("How"), choices=list(CHANNELS.items()))
    said_at = MomentField(
        label=_("When"), required=False, help_text=_("Now, when left empty. Your own time.")
    )
    evidence = LineField(
        label=_("Proof"),
        max_length=500,
        help_text=_("Who heard it, which letter, which list and line."),
    )


class ToldForm(Form):
    """How people were told that we have their data."""

    how = LineField(label=_("How they were told"), max_length=300)


class NewDataRequestForm(Form):
    """A wish about own data that came by phone, on paper or by mail."""

    kind = forms.ChoiceField(label=_("Wants to"), choices=DataRequest.Kind.choices)
    person = LineField(
        label=_("Person"),
        max_length=200,
        required=False,
        help_text=_("Name or mail address of somebody in the lists."),
    )
    address = LineField(
        label=_("Mail address"),
        max_length=320,
        required=False,
        help_text=_("Of somebody we do not know."),
    )
    text = TextField(label=_("What they said"), max_length=4_000, required=False)


class AnswerForm(Form):
    """What was done about a wish."""

    answer = LineField(label=_("What was done"), max_length=500)
    is_refused = forms.BooleanField(label=_("We refuse this, for the reason above"), required=False)


class MonthsForm(Form):
    """For how long one kind of data is kept."""

    category = forms.CharField(widget=forms.HiddenInput)
    months = forms.IntegerField(label=_("Months"), required=False, min_value=1, max_value=240)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["months"].widget.attrs["class"] = "input-short"
