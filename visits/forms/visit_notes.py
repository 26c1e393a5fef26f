from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import Form
from visits.domain.visit_notes import note_words


class VisitNoteForm(Form):
    """A note about a visit; the hidden fields say when and about what copy of it it was written."""

    use_required_attribute = False

    text = forms.CharField(
        label=_("Note"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("For colleagues; the city does not read it."),
    )
    key = forms.UUIDField(
        widget=forms.HiddenInput,
        initial=uuid4,
        error_messages={"invalid": _("The note came without its number; write it anew.")},
    )
    # An unreadable moment is no reason to lose a note: then its arrival counts.
    written_at = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        return note_words(self.cleaned_data["text"])
