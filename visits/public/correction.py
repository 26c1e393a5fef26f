"""The form with which a municipality corrects its own part of a request."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from visits.domain.own_request import WISH_STATES
from visits.domain.requests import (
    MODE_WORDS,
    MOST_QUESTIONS,
    MOST_TOPICS,
    Wish,
)
from visits.models import Topic, Visit, VisitRequest
from visits.models.requests import Mode
from visits.public.fields import (
    LineField,
    LongSelect,
    PeopleField,
    WordsField,
    language_choices,
)
from visits.public.standing import current_visit
from visits.public.wished_days import add_days, check_days, day_rows, wished_in
from visits.states import RequestState


class CorrectionForm(forms.Form):
    """Own data always; topics, dates and mode while no date is agreed, then the mode as a wish."""

    requester_name = LineField(
        max_length=200,
        label=gettext_lazy("Your name"),
        error_messages={"required": gettext_lazy("Give your name.")},
    )
    requester_role = LineField(max_length=200, required=False, label=gettext_lazy("Your role"))
    department = LineField(max_length=200, required=False, label=gettext_lazy("Department"))
    phone = LineField(max_length=60, required=False, label=gettext_lazy("Phone"))
    people = PeopleField(required=False, label=gettext_lazy("How many people, about?"))
    interpreter = LineField(
        max_length=60,
        required=False,
        label=gettext_lazy("Interpreter needed, for which language?"),
    )
    step_free = forms.BooleanField(
        required=False, label=gettext_lazy("Somebody needs step-free access")
    )
    language = forms.ChoiceField(
        required=False, label=gettext_lazy("Language for our mails"), widget=LongSelect
    )
    secrecy = WordsField(
        max_length=1_000,
        rows=2,
        required=False,
        label=gettext_lazy("Must anything stay secret?"),
        help_text=gettext_lazy("For example that your city is not to be named before a date."),
    )

    def __init__(self, *args: Any, asked: VisitRequest, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked, self.today = asked, today
        self.may_wish = asked.state in WISH_STATES
        for name in self.base_fields:
            self.initial[name] = getattr(asked, name)
        for number in range(1, MOST_QUESTIONS + 1):
            self.fields[f"question_{number}"] = WordsField(
                max_length=1_000,
                rows=2,
                required=False,
                label=_("Question %(number)d") % {"number": number},
                initial=_at(asked.questions, number - 1),
            )
        self.fields["language"].choices = language_choices()
        self._add_mode()
        for name in ("language", "mode"):
            # A page opened before it had these fields may still be sent.
            self.fields[name].required = not self.is_bound or name in self.data
        self.visit = _meeting(asked)
        if self.visit is not None:
            self.fields["meeting_place"] = LineField(
                max_length=300,
                required=False,
                label=_("Where do we meet?"),
                help_text=_("Address and room."),
                initial=self.visit.address,
            )
        if self.may_wish:
            self._add_wishes()

    def _add_mode(self) -> None:
        meeting = current_visit(self.asked)
        self.mode = meeting.mode if meeting and not self.may_wish else self.asked.mode
        choices, help_text = dict(MODE_WORDS), ""
        if not self.may_wish:
            help_text = _("A person answers this wish. Until then it stays as it is.")
            if self.mode != Mode.UNSPECIFIED:
                del choices[Mode.UNSPECIFIED]
        self.fields["mode"] = forms.ChoiceField(
            required=False,
            label=_("How shall we meet?"),
            help_text=help_text,
            choices=list(choices.items()),
            initial=self.mode,
            widget=forms.RadioSelect,
        )
        if self.may_wish:
            self.fields["online_is_fine"] = forms.BooleanField(
                required=False,
                label=_("If no visit is possible, an online meeting is fine too"),
                initial=self.asked.online_is_fine,
            )

    def _add_wishes(self) -> None:
        self.topic_rows = list(Topic.objects.all())
        self.fields["topics"] = forms.MultipleChoiceField(
            required=False,
            label=_("Topics"),
            help_text=_("Up to five."),
            choices=[(row.code, row.title) for row in self.topic_rows],
            initial=[row.code for row in self.asked.topics.all()],
            widget=forms.CheckboxSelectMultiple,
        )
        wished = self.asked.preferred_dates.all()
        add_days(self, [Wish(wish.on, wish.part) for wish in wished])

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[f"question_{number}"] for number in range(1, MOST_QUESTIONS + 1)]

    @property
    def dates(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return day_rows(self) if self.may_wish else []

    def clean_topics(self) -> list[str]:
        chosen = self.cleaned_data["topics"]
        if len(chosen) > MOST_TOPICS:
            raise ValidationError(
                _("Topics chosen: %(count)d. Choose up to five.") % {"count": len(chosen)},
                code="topics",
            )
        return chosen

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or self.asked.language

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or self.mode

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.may_wish:
            kept = {wish.on for wish in self.asked.preferred_dates.all()}
            check_days(self, self.asked.campaign, today=self.today, kept=kept)
        return cleaned

    def corrections(self) -> dict[str, Any]:
        """What `visits.domain.own_request.correct` takes."""
        given = self.cleaned_data
        values = {name: given[name] for name in self.base_fields}
        numbers = range(1, MOST_QUESTIONS + 1)
        values["questions"] = [given[f"question_{n}"] for n in numbers if given[f"question_{n}"]]
        place = given.get("meeting_place") if self.visit is not None else None
        if not self.may_wish:
            wish = given["mode"] if given["mode"] != self.mode else ""
            return {"values": values, "meeting_place": place, "mode_wish": wish}
        values |= {"mode": given["mode"], "online_is_fine": given["online_is_fine"]}
        topics = [row for row in self.topic_rows if row.code in given["topics"]]
        return {"values": values, "topics": topics, "wishes": wished_in(self)}


def _meeting(asked: VisitRequest) -> Visit | None:
    """The agreed visit on site whose address the city may give."""
    visit = current_visit(asked)
    agreed = asked.state == RequestState.SCHEDULED and visit is not None and visit.is_live
    return visit if agreed and visit.mode != Mode.ONLINE else None


def _at(items: list[str], place: int) -> str:
    return items[place] if place < len(items) else ""
