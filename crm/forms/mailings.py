from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.mailings import DERIVED, LINKS
from crm.domain.placeholders import OWN_KINDS, SHARED, kind_of
from crm.forms.fields import DayField, Form, LineField, TextField
from crm.models import Event

TYPED = [name for name in SHARED if name not in DERIVED]
LABELS = {
    "campaign": _("Campaign"),
    "host": _("Who visits"),
    "sender": _("Who writes"),
    "session": _("What the speakers contributed"),
    "deadline": _("Deadline"),
    "guides_link": _("Page of the guides"),
    "newsletter_link": _("Page of the newsletter"),
    "funding_line": _("Funding line"),
    "contact": _("Whom to ask about one's data"),
    "months": _("Months a record is kept without contact"),
}


class MailingForm(Form):
    """What a mailing is, and what stands for everybody alike; who gets it is chosen before."""

    title = LineField(
        label=_("Name"), max_length=120, help_text=_("For the desk; nobody else reads it.")
    )
    event = forms.ModelChoiceField(
        label=_("Event"),
        queryset=Event.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("no event"),
    )
    template_key = forms.ChoiceField(
        label=_("Wording"),
        help_text=_("What it is for decides on what basis somebody may be written to."),
    )
    with_english = forms.BooleanField(
        label=_("Write in English where there is no wording in somebody's language"),
        required=False,
    )
    again = forms.BooleanField(
        label=_("Also to those who got this wording before"),
        required=False,
        help_text=_("They are left out otherwise, and shown with the mailing and its day."),
    )
    deadline = DayField(label=LABELS["deadline"], required=False)

    def __init__(self, *args: Any, events: Any, wordings: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["event"].queryset = events
        self.fields["template_key"].choices = wordings
        for name in TYPED:
            if name not in self.fields:
                kind = forms.URLInput if name in LINKS else forms.TextInput
                self.fields[name] = LineField(
                    label=LABELS[name], max_length=400, required=False, widget=kind()
                )

    @property
    def shared_fields(self) -> list[Any]:
        return [self[name] for name in TYPED]

    @property
    def values(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        kind = kind_of(cleaned["template_key"])
        return {**cleaned, "kind": kind, "values": {name: cleaned.pop(name) for name in TYPED}}


class WordingForm(Form):
    """Subject and text of a wording in one language."""

    subject = LineField(label=_("Subject"), max_length=200)
    body = TextField(
        label=_("Text"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)


class NewWordingForm(WordingForm):
    """A wording of somebody's own, in its first language."""

    title = LineField(label=_("Name"), max_length=30)
    language = forms.ChoiceField(label=_("Language"))
    kind = forms.ChoiceField(
        label=_("What it is for"),
        choices=[(kind.value, kind.label) for kind in OWN_KINDS],
        help_text=_("It goes out as this alone; it decides who may be written to."),
    )
    field_order = ["title", "language", "kind", "subject", "body"]

    def __init__(self, *args: Any, languages: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = languages
