"""What is written down about somebody at the desk: a note, a promise, who came."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.working_calendar import MOST_DAYS
from crm.forms.fields import DayField, Form, LineField, TextField
from crm.models import FollowUp, FollowUpMove, Interaction, Participation, User
from crm.roles import Role
from crm.validators import sensible_date

USUAL_WORKING_DAYS = 3


class InteractionForm(Form):
    """A call, a meeting or a note, in a few words."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Interaction.Kind.choices, initial=Interaction.Kind.NOTE
    )
    text = TextField(
        label=_("What was said"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )


class FollowUpForm(Form):
    """A promise with its day, or due in three working days unless told otherwise.

    A day that is typed wins over the number of working days.
    """

    text = LineField(label=_("What was promised"), max_length=500)
    in_days = forms.IntegerField(
        label=_("Due in working days"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        initial=USUAL_WORKING_DAYS,
        help_text=_("Of whoever keeps it: holidays there are skipped."),
    )
    due_on = DayField(
        label=_("Due on"),
        required=False,
        validators=[sensible_date],
        help_text=_("In place of the working days."),
    )
    owner = forms.ChoiceField(
        label=_("Whose promise"), choices=FollowUp.Owner.choices, initial=FollowUp.Owner.OURS
    )
    assigned_to = forms.ModelChoiceField(
        label=_("Who keeps it"), queryset=User.objects.none(), required=False
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        keepers = User.objects.filter(
            groups__name__in=(Role.COORDINATOR, Role.HOST), is_active=True
        )
        self.fields["assigned_to"].queryset = keepers.distinct()

    def clean_due_on(self) -> date:
        day = self.cleaned_data["due_on"]
        if day and day < self.today:
            raise forms.ValidationError(
                _("This day is over; a promise is due today or later."), code="past"
            )
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        has_fault = "due_on" in self.errors or "in_days" in self.errors
        if not has_fault and not cleaned.get("due_on") and not cleaned.get("in_days"):
            self.add_error("due_on", _("Say by when: a day, or in how many working days."))
        return cleaned


class SnoozeForm(Form):
    """Until when promises are put off."""

    how = forms.ChoiceField(
        label=_("Put off"),
        choices=[each for each in FollowUpMove.How.choices if each[0] != FollowUpMove.How.BACK],
    )
    due_on = DayField(label=_("Day"), required=False, validators=[sensible_date])


class NewDayForm(Form):
    """Another day for promises, today or later."""

    due_on = DayField(label=_("New day"), validators=[sensible_date])

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    clean_due_on = FollowUpForm.clean_due_on


class AttendanceForm(Form):
    """Whether somebody came, and on which days; a field left out stays as it is."""

    PRESENCE = [("", "–"), ("yes", _("yes")), ("no", _("no"))]

    status = forms.ChoiceField(choices=Participation.Status.choices, required=False)
    day_1 = forms.ChoiceField(choices=PRESENCE, required=False)
    day_2 = forms.ChoiceField(choices=PRESENCE, required=False)
    note = LineField(max_length=500, required=False)

    @property
    def values(self) -> dict[str, Any]:
        """The values that were sent, as `record_attendance` takes them."""
        sent: dict[str, Any] = {}
        if status := self.cleaned_data.get("status"):
            sent["status"] = status
        for name in ("day_1", "day_2"):
            if answer := self.cleaned_data.get(name):
                sent[name] = answer == "yes"
        if "note" in self.data:
            sent["note"] = self.cleaned_data["note"]
        return sent
