from datetime import datetime, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm import languages
from crm.domain.places import zone_of_country
from crm.forms.fields import CountryField, Form
from crm.models import Initiative, MailTemplate
from crm.validators import clean_text, mail_address, sensible_date
from visits.domain.proposals import offer_faults
from visits.domain.requests import MOST_QUESTIONS, RequestAnswers, Wish
from visits.forms.moments import moment_at
from visits.letter_words import FITTING, NO_ANSWERS, title_of
from visits.models import Campaign, Topic, VisitRequest
from visits.models.requests import Channel, Mode


class RequestByHandForm(Form):
    """A request that came by phone, mail or at the event desk, with its original words."""

    campaign = forms.ModelChoiceField(Campaign.objects.none(), label=_("Campaign"))
    channel = forms.ChoiceField(
        label=_("How it came"),
        choices=[choice for choice in Channel.choices if choice[0] != Channel.WEB],
        initial=Channel.PHONE,
    )
    city = forms.CharField(
        label=_("City"),
        max_length=200,
        help_text=_("Any language: Den Haag, The Hague."),
    )
    country = CountryField(
        label=_("Country"),
        required=False,
        help_text=_("Only needed when the city is not in our list."),
    )
    place = forms.IntegerField(required=False, widget=forms.HiddenInput)
    raw_text = forms.CharField(
        label=_("What they said or wrote"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("In their own words; it is kept as it is."),
    )
    requester_name = forms.CharField(label=_("Who asks"), max_length=200, required=False)
    requester_role = forms.CharField(label=_("Role"), max_length=200, required=False)
    department = forms.CharField(label=_("Department"), max_length=200, required=False)
    address = forms.CharField(label=_("Mail address"), max_length=254, required=False)
    phone = forms.CharField(label=_("Phone"), max_length=60, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=languages.choices)
    mode = forms.ChoiceField(label=_("Mode"), choices=Mode, initial=Mode.ON_SITE)
    people = forms.IntegerField(
        label=_("Number of people"), required=False, min_value=1, max_value=500
    )
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.all(),
        label=_("Topics"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Up to five."),
    )
    date_1 = forms.DateField(label=_("Wished date"), required=False, widget=forms.DateInput)
    date_2 = forms.DateField(label=_("Second choice"), required=False)
    date_3 = forms.DateField(label=_("Third choice"), required=False)
    questions = forms.CharField(
        label=_("Questions"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, up to three."),
    )

    def __init__(self, *args, campaigns, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["campaign"].queryset = campaigns
        self.fields["campaign"].empty_label = None
        for name in ("date_1", "date_2", "date_3"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean_address(self):
        address = self.cleaned_data["address"]
        return mail_address(address) if address else ""

    def answers(self, place) -> RequestAnswers:
        """The typed words as the answers every channel gives."""
        data = self.cleaned_data
        dates = [data[name] for name in ("date_1", "date_2", "date_3") if data[name]]
        return RequestAnswers(
            city=place.name if place else data["city"],
            country=place.country if place else data["country"],
            zone=place.zone if place else zone_of_country(data["country"]),
            place=place,
            department=data["department"],
            requester_name=data["requester_name"],
            requester_role=data["requester_role"],
            address=data["address"],
            phone=data["phone"],
            language=data["language"],
            topics=list(data["topics"]),
            questions=[line.strip() for line in data["questions"].splitlines() if line.strip()],
            mode=data["mode"],
            wishes=[Wish(on=day) for day in dates],
            people=data["people"],
            raw_text=data["raw_text"],
            raw_language=data["language"],
        )

    def clean(self):
        data = super().clean() or {}
        lines = [line for line in data.get("questions", "").splitlines() if line.strip()]
        if len(lines) > MOST_QUESTIONS:
            self.add_error("questions", _("Ask up to three questions, one a line."))
        if len(data.get("topics") or ()) > 5:
            self.add_error("topics", _("Choose up to five topics."))
        return data


class ReasonForm(Form):
    """A step that needs a reason in words."""

    reason = forms.CharField(
        label=_("Why"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_reason(self):
        return clean_text(self.cleaned_data["reason"]).strip()


class KeepDateForm(Form):
    """Why the agreed date stays, as the city reads it."""

    answer = forms.CharField(
        label=_("What the city reads"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args, row: VisitRequest, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answer"].help_text = _(
            "It is mailed as you write it, between our greeting and what to do next. Write in "
            "their language: %(language)s."
        ) % {"language": languages.name_of(languages.spoken(row.language))}


class ReferForm(ReasonForm):
    initiative = forms.ModelChoiceField(Initiative.objects.all(), label=_("Hand over to"))


class MergeForm(Form):
    into = forms.CharField(
        label=_("Same wish as"), max_length=12, help_text=_("The reference, as R01.")
    )

    def clean_into(self):
        found = VisitRequest.objects.filter(ref__iexact=self.cleaned_data["into"].strip()).first()
        if found is None:
            raise ValidationError(_("There is no request with this reference."), code="unknown")
        return found


class TriageForm(Form):
    """How much a request weighs in planning, and how long its visit takes; the verb has limits."""

    priority = forms.IntegerField(
        label=_("Priority"), required=False, help_text=_("1 to 5; 5 is placed first.")
    )
    duration_minutes = forms.IntegerField(
        label=_("Minutes"),
        required=False,
        help_text=_("90 online, 180 half a day, 360 a full day."),
    )
    on_site_ruled_out = forms.CharField(
        label=_("Why not on site"),
        required=False,
        max_length=300,
        help_text=_("Only when nobody may travel there, as for travel safety."),
    )

    @classmethod
    def showing(cls, row: VisitRequest):
        """The form with what the request says now."""
        return cls(initial={name: getattr(row, name) for name in cls.base_fields})


class AnswerForm(Form):
    """Which checked template to answer with; nothing is chosen beforehand."""

    template = forms.ChoiceField(label=_("Letter"))

    def __init__(self, *args, row: VisitRequest, **kwargs):
        super().__init__(*args, **kwargs)
        written = MailTemplate.objects.filter(language__in=[row.language, "en"])
        keys = set(written.values_list("key", flat=True)) - NO_ANSWERS
        fitting = [key for key in FITTING.get(row.state, ()) if key in keys]
        others = sorted(keys - set(fitting), key=title_of)
        groups = [
            (_("Fit for a request in this state"), fitting),
            (_("Other letters"), others),
        ]
        self.fields["template"].choices = [
            ("", _("Choose a letter")),
            *((name, [(key, title_of(key)) for key in found]) for name, found in groups if found),
        ]


class DraftForm(Form):
    """The words of a draft before it goes."""

    subject = forms.CharField(label=_("Subject"), max_length=300)
    body = forms.CharField(
        label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 16})
    )


class TickedSlots(forms.Field):
    """The starts ticked in a list, as moments in the order of time; none is fine."""

    widget = forms.MultipleHiddenInput
    default_error_messages = {"invalid": _("Choose from the dates of the list.")}

    def to_python(self, value):
        try:
            starts = [datetime.fromisoformat(each) for each in value or ()]
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if any(start.tzinfo is None for start in starts):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return starts

    def clean(self, value):
        starts = super().clean(value)
        for start in starts:
            sensible_date(start.date())
        return starts


class ProposalForm(Form):
    """One to four dates to offer, ticked or typed in the time of the place."""

    host = forms.ModelChoiceField(None, label=_("Host"), to_field_name="ref", empty_label=None)
    mode = forms.ChoiceField(
        label=_("Mode"),
        choices=[(Mode.ON_SITE, _("on site")), (Mode.ONLINE, _("online"))],
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=30, max_value=480)
    ticked = TickedSlots(required=False, label=_("Dates that can be reached"))
    slot_1 = forms.DateTimeField(label=_("First date"), required=False)
    slot_2 = forms.DateTimeField(label=_("Second date"), required=False)
    slot_3 = forms.DateTimeField(label=_("Third date"), required=False)
    slot_4 = forms.DateTimeField(label=_("Fourth date"), required=False)
    only_one = forms.BooleanField(
        label=_("This one date is all there is"),
        required=False,
        help_text=_("Two to four dates are easier to answer; the letter then speaks of one."),
    )
    expires_at = forms.DateTimeField(label=_("Held until"), help_text=_("Office time."))
    override_reason = forms.CharField(
        label=_("Offer it although a rule is broken, because"),
        max_length=500,
        required=False,
        help_text=_("Only when the city knows and insists; it is written down."),
    )
    send_now = forms.BooleanField(
        label=_("Send the letter at once"),
        required=False,
        help_text=_("Otherwise it waits as a draft."),
    )

    SLOTS = ("slot_1", "slot_2", "slot_3", "slot_4")

    def __init__(self, *args, hosts, zone: str, office_zone: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone, self.office_zone = zone, office_zone
        self.fields["host"].queryset = hosts
        for name in (*self.SLOTS, "expires_at"):
            self.fields[name].widget = forms.DateTimeInput(
                attrs={"type": "datetime-local", "step": 900}, format="%Y-%m-%dT%H:%M"
            )

    def clean(self):
        data = super().clean() or {}
        for name in (*self.SLOTS, "expires_at"):
            if not data.get(name):
                continue
            zone = self.office_zone if name == "expires_at" else self.zone
            try:
                data[name] = moment_at(data[name], zone)
            except ValidationError as error:
                self.add_error(name, error)
        typed = any(data.get(name) or name in self.errors for name in self.SLOTS)
        if not typed and not data.get("ticked") and "ticked" not in self.errors:
            self.add_error("slot_1", _("Tick a date that can be reached, or type one."))
        return data

    def slots(self):
        """The offered dates as start and end: those ticked, then those typed in their order."""
        length = timedelta(minutes=self.cleaned_data["minutes"])
        starts = [self.cleaned_data.get(name) for name in self.SLOTS]
        chosen = [*self.cleaned_data.get("ticked", ()), *filter(None, starts)]
        return [(start, start + length) for start in chosen]

    def judge_together(self, at, *, is_final):
        """Add to a valid form what is wrong with its dates and the deadline taken together.

        One date alone is offered only on purpose: `is_final` asks for that.
        """
        if is_final and len(self.slots()) == 1 and not self.cleaned_data["only_one"]:
            words = _("Offer two to four dates, or tick that this one date is all there is.")
            self.add_error("only_one", words)
        faults = offer_faults(
            self.slots(), expires_at=self.cleaned_data["expires_at"], zone=self.zone, at=at
        )
        for name, sentences in faults.items():
            for words in sentences:
                self.add_error(name if name in self.fields else None, words)
