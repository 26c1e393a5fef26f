"""What is written down about somebody at the desk: a note, a promise, who came."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.working_time import add_working_days
from crm.forms.fields import DayField, LineField, TextField
from crm.models import FollowUp, Interaction, Participation, User
from crm.roles import Role
from crm.validators import sensible_date

USUAL_WORKING_DAYS = 3


class InteractionForm(forms.Form):
    """A call, a meeting or a note, in a few words."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Interaction.Kind.choices, initial=Interaction.Kind.NOTE
    )
    text = TextField(label=_("What was said"), max_length=10_000)


class FollowUpForm(forms.Form):
    """A promise with its day; three working days from today unless told otherwise."""

    text = LineField(label=_("What was promised"), max_length=500)
    due_on = DayField(label=_("Due on"), validators=[sensible_date])
    owner = forms.ChoiceField(
        label=_("Whose promise"), choices=FollowUp.Owner.choices, initial=FollowUp.Owner.OURS
    )
    assigned_to = forms.ModelChoiceField(
        label=_("Who keeps it"), queryset=User.objects.none(), required=False
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["due_on"].initial = add_working_days(today, USUAL_WORKING_DAYS)
        keepers = User.objects.filter(
            groups__name__in=(Role.COORDINATOR, Role.HOST), is_active=True
        )
        self.fields["assigned_to"].queryset = keepers.distinct()

    def clean_due_on(self) -> date:
        day = self.cleaned_data["due_on"]
        if day < self.today:
            raise forms.ValidationError(
                _("This day is over; a promise is due today or later."), code="past"
            )
        return day


class NewDayForm(forms.Form):
    """Another day for promises, today or later."""

    due_on = DayField(label=_("New day"), validators=[sensible_date])

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    clean_due_on = FollowUpForm.clean_due_on


class AttendanceForm(forms.Form):
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
