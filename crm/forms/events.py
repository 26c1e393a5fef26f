from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.domain.events import EDITABLE
from crm.forms.fields import CountryField, DayField, EditForm, LineField, TextField
from crm.models import Event


class GoalsField(TextField):
    """Goals, one a line; what stands before a colon is the goal in a word."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(_as_line(goal) for goal in value)

    def clean(self, value: Any) -> list[dict[str, str]]:
        lines = filter(None, (line.strip() for line in super().clean(value).splitlines()))
        parted = (line.partition(": ") for line in lines)
        return [{"title": title.strip(), "text": text.strip()} for title, _colon, text in parted]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.clean(self.prepare_value(initial) or "") != self.clean(data or "")


def _as_line(goal: Any) -> str:
    if not isinstance(goal, dict):
        return str(goal)
    return ": ".join(filter(None, (goal.get("title", ""), goal.get("text", ""))))


class EventForm(EditForm):
    """An event; a new one may also choose the short name that stands in its address."""

    fields_edited = EDITABLE

    name = LineField(label=_("Name"), max_length=300)
    slug = LineField(
        label=_("Short name"),
        max_length=50,
        required=False,
        help_text=_("For the address of its page. Empty: made from the name."),
    )
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"))
    venue = LineField(label=_("Venue"), max_length=200, required=False)
    city = LineField(label=_("City"), max_length=120, required=False)
    country = CountryField(label=_("Country"), required=False)
    goals = GoalsField(
        label=_("Goals"), max_length=4_000, required=False, help_text=_("One a line.")
    )
    attendance_words = LineField(
        label=_("Attendance in the organisers' words"),
        max_length=120,
        required=False,
        help_text=_("Like “some 70 people”; it stands beside what the roster says."),
    )
    description = TextField(label=_("About"), max_length=10_000, required=False)

    def __init__(self, *args: Any, row: Event | None = None, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        if row is not None:
            del self.fields["slug"]
