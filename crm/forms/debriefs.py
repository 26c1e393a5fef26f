"""What is written down about one person after an event, in the order of the keyboard."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.working_calendar import MOST_DAYS
from crm.forms.fields import DayField, Form, LineField, TextField
from crm.forms.notes import FollowUpForm
from crm.models import FollowUp, Participation, User
from crm.validators import sensible_date


class DebriefForm(Form):
    """Note, promise and day first; who met them and whether they came are filled in already."""

    note = TextField(
        label=_("What was said"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
    promise = LineField(
        label=_("What was promised"),
        max_length=500,
        required=False,
        help_text=_("Left empty with a day, it is the first line of the note."),
    )
    in_days = forms.IntegerField(
        label=_("Due in working days"), required=False, min_value=1, max_value=MOST_DAYS
    )
    due_on = DayField(label=_("Due on"), required=False, validators=[sensible_date])
    owner = forms.ChoiceField(
        label=_("Whose promise"), choices=FollowUp.Owner.choices, initial=FollowUp.Owner.OURS
    )
    met_by = forms.ModelChoiceField(
        label=_("Met by"), queryset=User.objects.none(), required=False, empty_label=_("nobody")
    )
    status = forms.ChoiceField(label=_("Came"), choices=Participation.Status.choices)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["met_by"].queryset = FollowUpForm(today=today).fields["assigned_to"].queryset

    clean_due_on = FollowUpForm.clean_due_on
