"""The public request form: what is asked, in five sections, and what is kept of it."""

import datetime
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.domain import places
from crm.models import Place
from visits.domain import local_days
from visits.domain.local_days import DayWarning, Where
from visits.domain.requests import MODE_WORDS, MOST_DATES, MOST_QUESTIONS, MOST_TOPICS
from visits.models import Campaign, Topic
from visits.models.requests import PartOfDay
from visits.public import consents
from visits.public.fields import (
    AddressField,
    LineField,
    LongSelect,
    PeopleField,
    WishedDateField,
    WordsField,
    language_choices,
)

RANKS = range(1, MOST_DATES + 1)
HONEYPOT = "website"


@dataclass(frozen=True)
class WishRow:
    """One wished date on the page: its fields and what speaks against it."""

    rank: int
    date: forms.BoundField
    part: forms.BoundField
    day: datetime.date | None
    fault: str
    warnings: list[DayWarning]
    kept: str

    @property
    def is_hard(self) -> bool:
        return any(warning.is_hard for warning in self.warnings)

    @property
    def is_kept(self) -> bool:
        return self.day is not None and self.kept == self.day.isoformat()


class RequestForm(forms.Form):
    """A wish for a dialogue, as an officer without an account tells it."""

    city = LineField(
        max_length=200,
        label=gettext_lazy("City or municipality"),
        help_text=gettext_lazy("In any language or spelling."),
        error_messages={"required": gettext_lazy("Name your city or municipality.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place = forms.ChoiceField(
        required=False, label=gettext_lazy("Which of these is yours?"), widget=forms.RadioSelect
    )
    country = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("Only needed when your place is not in our list."),
        widget=LongSelect,
    )
    department = LineField(
        max_length=200,
        label=gettext_lazy("Department"),
        error_messages={"required": gettext_lazy("Name your department.")},
    )
    requester_name = LineField(
        max_length=200,
        label=gettext_lazy("Your name"),
        error_messages={"required": gettext_lazy("Give your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    requester_role = LineField(
        max_length=200,
        required=False,
        label=gettext_lazy("Your role"),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    address = AddressField(
        label=gettext_lazy("Mail address"),
        help_text=gettext_lazy("We send one mail there; the link in it completes your request."),
        error_messages={"required": gettext_lazy("Give your mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = LineField(
        max_length=60,
        required=False,
        label=gettext_lazy("Phone"),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language for our mails"),
        widget=LongSelect(attrs={"data-follows-page": ""}),
        error_messages={"required": gettext_lazy("Choose the language of our mails.")},
    )
    topics = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Topics"),
        help_text=gettext_lazy("Up to five."),
        widget=forms.CheckboxSelectMultiple,
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("How shall we meet?"),
        choices=list(MODE_WORDS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how we shall meet.")},
    )
    online_is_fine = forms.BooleanField(
        required=False,
        label=gettext_lazy("If no visit is possible, an online meeting is fine too"),
    )
    people = PeopleField(
        required=False, label=gettext_lazy("How many people, about?"), help_text=""
    )
    step_free = forms.BooleanField(
        required=False, label=gettext_lazy("Somebody needs step-free access")
    )
    interpreter = LineField(
        max_length=60,
        required=False,
        label=gettext_lazy("Interpreter needed, for which language?"),
        help_text=gettext_lazy("Interpreting takes time: about two fifths less content fits in."),
    )
    secrecy = WordsField(
        max_length=1_000,
        rows=2,
        required=False,
        label=gettext_lazy("Must anything stay secret?"),
        help_text=gettext_lazy("For example that your city is not to be named before a date."),
    )
    website = forms.CharField(required=False)
    mark = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        campaign: Campaign,
        page_language: str,
        today: datetime.date,
        looks_up: bool = True,
        **options: Any,
    ) -> None:
        """`looks_up=False` shows what was typed without asking the register of places."""
        super().__init__(*args, **options)
        self.looks_up = looks_up
        self.campaign, self.page_language, self.today = campaign, page_language, today
        self.topic_rows = list(Topic.objects.all())
        self.consent_texts = consents.texts(page_language)
        self.fields["country"].choices = _country_choices()
        self.fields["language"].choices = language_choices()
        self.fields["topics"].choices = [(row.code, row.title) for row in self.topic_rows]
        choices = self._choices()
        labels = places.labels_of(choices) if choices else []
        self.fields["place"].choices = [
            (str(place.pk), label) for place, label in zip(choices, labels, strict=True)
        ]
        self.fields["place"].required = self.resolution.is_ambiguous
        self.fields["place"].error_messages["required"] = _(
            "There are several places called %(city)s. Choose yours."
        ) % {"city": self.resolution.typed}
        self._add_questions()
        self._add_wishes()
        for purpose, words in self.consent_texts.items():
            self.fields[f"consent_{purpose}"] = forms.BooleanField(required=False, label=words)

    def _add_questions(self) -> None:
        for number in range(1, MOST_QUESTIONS + 1):
            self.fields[f"question_{number}"] = WordsField(
                max_length=1_000,
                rows=2,
                required=False,
                label=_("Question %(number)d") % {"number": number},
            )

    def _add_wishes(self) -> None:
        for rank in RANKS:
            self.fields[f"date_{rank}"] = WishedDateField(
                required=False, label=_("Wished date %(number)d") % {"number": rank}
            )
            self.fields[f"part_{rank}"] = forms.ChoiceField(
                required=False,
                label=_("Part of the day %(number)d") % {"number": rank},
                choices=PartOfDay.choices,
            )
            self.fields[f"keep_{rank}"] = forms.CharField(required=False)

    # What the page shows

    @property
    def questions(self) -> list[forms.BoundField]:
        return [self[f"question_{number}"] for number in range(1, MOST_QUESTIONS + 1)]

    @property
    def consents(self) -> list[forms.BoundField]:
        return [self[f"consent_{purpose}"] for purpose in self.consent_texts]

    @property
    def wishes(self) -> list[WishRow]:
        return [
            WishRow(
                rank,
                self[f"date_{rank}"],
                self[f"part_{rank}"],
                self._date_of(rank),
                self.fault_at(rank),
                self.warnings_at(rank),
                str(self.data.get(f"keep_{rank}", "")),
            )
            for rank in RANKS
        ]

    @cached_property
    def resolution(self) -> places.Resolution:
        """The register's answer to the typed city, narrowed by the choice made among namesakes."""
        typed = str(self.data.get("city", ""))[:200] if self.is_bound and self.looks_up else ""
        if not typed:
            return places.Resolution("")
        country = str(self.data.get("country", ""))
        is_one = country in dict(self.fields["country"].choices)
        return places.resolve_city(typed, country=country if is_one else "")

    def _choices(self) -> Sequence[Place]:
        """The places to choose from: namesakes, those of the name in another country, or those of
        a similar one."""
        found = self.resolution
        return found.candidates or found.elsewhere or found.similar

    @property
    def where(self) -> Where | None:
        """The place whose calendar counts, as far as it is known."""
        place = self.resolution.place or self._chosen_place()
        typed = str(self.data.get("city", ""))[:200]
        if place is not None:
            # Told by the name the city goes by in the reader's own words.
            found = local_days.where_of(place)
            names = (place.name, *found.names)
            return replace(found, city=places.own_name(typed, place), names=names)
        country = str(self.data.get("country", ""))
        return Where(country, city=typed) if country else None

    def warnings_at(self, rank: int) -> list[DayWarning]:
        """What speaks against the wished date of this rank; empty without a date."""
        day = self._date_of(rank)
        if day is None or not self.looks_up or self.fault_at(rank):
            return []
        where = self.where or Where("", city=str(self.data.get("city", "")) or _("your city"))
        return local_days.day_warnings(where, day, campaign=self.campaign, today=self.today)

    def fault_at(self, rank: int) -> str:
        """Why the date of this rank cannot be wished for; empty when it can, or without a date."""
        day = self._date_of(rank)
        return local_days.wish_fault(self.campaign, day, self.today) if day else ""

    def _date_of(self, rank: int) -> datetime.date | None:
        if not self.is_bound:
            return None
        try:
            return self.fields[f"date_{rank}"].clean(self.data.get(f"date_{rank}"))
        except ValidationError:
            return None

    def _chosen_place(self):
        chosen = str(self.data.get("place", ""))
        found = (place for place in self._choices() if str(place.pk) == chosen)
        return next(found, None)

    # What is checked

    def clean_topics(self) -> list[str]:
        chosen = self.cleaned_data["topics"]
        if len(chosen) > MOST_TOPICS:
            raise ValidationError(
                _("Topics chosen: %(count)d. Choose up to five.") % {"count": len(chosen)},
                code="topics",
            )
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "city" in cleaned:
            self._clean_place()
        for rank in RANKS:
            self._clean_wish(rank)
        return cleaned

    def _clean_place(self) -> None:
        if not self.looks_up:
            return
        found = self.resolution
        if found.is_known or self._chosen_place() is not None:
            return
        if fault := places.place_fault(found, country=self.cleaned_data.get("country", "")):
            self.add_error("country", fault)

    def _clean_wish(self, rank: int) -> None:
        day = self.cleaned_data.get(f"date_{rank}")
        if day is None:
            return
        if fault := local_days.wish_fault(self.campaign, day, self.today):
            self.add_error(f"date_{rank}", fault)
            return
        if any(self.cleaned_data.get(f"date_{other}") == day for other in range(1, rank)):
            self.add_error(f"date_{rank}", _("You wished for this date already."))
        elif self.warnings_at(rank) and self.data.get(f"keep_{rank}") != day.isoformat():
            self.add_error(
                f"date_{rank}",
                _("Read the note below this date: choose another date, or tick that you keep it."),
            )

    # What is kept

    def answers(self) -> dict[str, Any]:
        """The answers as plain JSON values, for `visits.domain.verification.submit_form`."""
        given = self.cleaned_data
        place = self.resolution.place or self._chosen_place()
        country = place.country if place else given["country"]
        plain = (
            "department requester_name requester_role address phone language topics mode "
            "online_is_fine people step_free interpreter secrecy"
        ).split()
        return {name: given[name] for name in plain} | {
            "city": places.own_name(given["city"], place) if place else given["city"],
            "place": place.pk if place else None,
            "country": country,
            "region": place.region if place else "",
            "zone": place.zone if place else places.zone_of_country(country),
            "questions": [words for words in self._given("question_") if words],
            "wishes": list(self._wishes()),
            "consents": {
                purpose: words
                for purpose, words in self.consent_texts.items()
                if given[f"consent_{purpose}"]
            },
            "raw_language": self.page_language,
            "raw_text": "\n".join(self._insistence()),
        }

    def _given(self, prefix: str) -> Iterator[Any]:
        return (value for name, value in self.cleaned_data.items() if name.startswith(prefix))

    def _wishes(self) -> Iterator[dict[str, str]]:
        for rank in RANKS:
            if day := self.cleaned_data[f"date_{rank}"]:
                part = self.cleaned_data[f"part_{rank}"] or PartOfDay.ANY
                yield {"on": day.isoformat(), "part": str(part)}

    def _insistence(self) -> Iterator[str]:
        """For the coordinator: which warned dates the city keeps all the same."""
        for rank in RANKS:
            for warning in self.warnings_at(rank):
                yield _("Kept as a wish: %(sentence)s") % {"sentence": warning.sentence}


def _country_choices() -> list[tuple[str, str]]:
    names = {code: str(name) for code, name in wording.COUNTRIES.items() if code != "UK"}
    return [("", _("Choose…")), *sorted(names.items(), key=lambda pair: _as_filed(pair[1]))]


def _as_filed(name: str) -> str:
    """The name as an index files it: a letter with a mark stands beside the plain one."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).replace("ł", "l")
