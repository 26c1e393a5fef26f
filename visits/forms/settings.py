"""Forms of the settings: campaign, hosts, calendar days, disruptions, the demo clock."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import (
    LANGUAGES,
    CountryField,
    DayField,
    EditForm,
    Form,
    LineField,
    MomentField,
    TextField,
    WordListField,
    ZoneField,
    in_order,
)
from crm.models import Event, Place, User
from crm.roles import Role
from visits.domain import calendar_days, campaigns, disruptions, hosts, topics
from visits.forms.places import place_typed
from visits.models import CalendarDay, Disruption, Host, HostAvailability, Topic
from visits.models.travel import TravelMode

TimeInput = forms.TimeInput


def time_field(label: Any, initial: str = "") -> forms.TimeField:
    clock_face = TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, widget=clock_face, initial=initial or None)


class CampaignForm(EditForm):
    """The offer; a new one may also choose the short name that stands in addresses."""

    fields_edited = campaigns.DESK_EDITABLE

    name = LineField(
        label=_("Name"),
        max_length=200,
        help_text=_("As everybody reads it: Visits in spring 2027."),
    )
    slug = LineField(
        label=_("Short name"),
        max_length=50,
        required=False,
        help_text=_("For the address of the form. Empty: made from the name."),
    )
    offer = TextField(
        label=_("Offer in public words"),
        max_length=4_000,
        help_text=_("Two sentences; they stand above the public form."),
    )
    window_start = DayField(label=_("First day of visits"))
    window_end = DayField(label=_("Last day of visits"))
    project_end = DayField(label=_("End of the project"))
    event = forms.ModelChoiceField(
        Event.objects.all(),
        label=_("Event"),
        required=False,
        empty_label=_("no event"),
        help_text=_("Where the people were met; the figures count its roster."),
    )
    zone = ZoneField(label=_("Office time zone"))
    office_opens = time_field(_("Office opens"), "09:00")
    office_closes = time_field(_("Office closes"), "17:00")
    reply_target_hours = forms.IntegerField(
        label=_("Answer within (working hours)"), min_value=1, max_value=200, initial=8
    )
    lead_days = forms.IntegerField(
        label=_("Shortest notice (working days)"), min_value=0, max_value=60, initial=3
    )
    hold_days = forms.IntegerField(
        label=_("How long a date is held (days)"), min_value=1, max_value=30, initial=3
    )
    funding_line = LineField(
        label=_("Funding line"),
        max_length=400,
        required=False,
        help_text=_("With the grant number; it stands under every public page and brief."),
    )
    answers_from = LineField(
        label=_("Who answers"),
        max_length=200,
        required=False,
        help_text=_("The name under every mail. Empty: the name of the campaign."),
    )
    sends_reminders = forms.BooleanField(
        label=_("Reminders of visits leave by themselves"),
        required=False,
        help_text=_(
            "10, 5, 3 and 1 days before a confirmed visit. Otherwise each waits as a draft under "
            "Mail. Late promises are always drafts."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            del self.fields["slug"]


class HostForm(EditForm):
    fields_edited = hosts.DESK_EDITABLE

    name = LineField(label=_("Name"), max_length=200)
    title = LineField(label=_("Title"), max_length=200, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=Host.Kind.choices, help_text=_("An expert joins, never leads.")
    )
    user = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Account"),
        required=False,
        empty_label=_("None"),
        help_text=_("With it they see their own week. An administrator makes accounts."),
    )
    home = LineField(
        label=_("Home"), max_length=200, help_text=_("The city journeys start from, like Oslo.")
    )
    zone = ZoneField(
        label=_("Time zone"), required=False, help_text=_("Empty: the one of the home.")
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=LANGUAGES, widget=forms.SelectMultiple(attrs={"size": 5})
    )
    topics = forms.ModelMultipleChoiceField(
        label=_("Topics covered"),
        queryset=Topic.objects.order_by("order", "code"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    work_from = time_field(_("Visits from"), "09:00")
    work_until = time_field(_("Visits until"), "17:00")
    travel_from = time_field(_("Travels from"), "07:00")
    travel_until = time_field(_("Travels until"), "21:00")
    travels = forms.BooleanField(label=_("Travels to visits"), required=False, initial=True)
    max_days_in_row = forms.IntegerField(
        label=_("On-site days in a row, at most"), min_value=1, max_value=10, initial=4
    )
    keeps_office_day = forms.BooleanField(
        label=_("One weekday a week without a visit on site"), required=False, initial=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        own = self.row.user_id if isinstance(self.row, Host) else None
        visiting = Q(groups__name__in=[Role.HOST, Role.EXPERT], is_active=True, host=None)
        fields["user"].queryset = User.objects.filter(visiting | Q(pk=own)).distinct()

    def values_of(self, row: Host) -> dict[str, Any]:
        return super().values_of(row) | {"home": row.home.label}

    def clean_home(self) -> Place:
        return place_typed(self.cleaned_data["home"], kept=getattr(self.row, "home", None))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("zone") and cleaned.get("home") and "zone" not in self.errors:
            cleaned["zone"] = cleaned["home"].zone
        return cleaned


class TopicForm(EditForm):
    fields_edited = topics.EDITABLE

    code = LineField(
        label=_("Code"), max_length=8, help_text=_("Short, for lists and plans, like T01.")
    )
    name = LineField(label=_("Name"), max_length=200, help_text=_("As the public form asks it."))
    plain_text = TextField(
        label=_("In plain words"),
        max_length=2_000,
        required=False,
        help_text=_("What a municipality hears about; it stands in the public brief."),
    )
    limits = TextField(
        label=_("Limits, what not to promise"),
        max_length=2_000,
        required=False,
        help_text=_("Only for us."),
    )
    materials = TextField(label=_("Material to bring"), max_length=2_000, required=False)
    guide_url = forms.URLField(
        label=_("Address of a guide"), required=False, assume_scheme="https", max_length=200
    )
    needs_expert = forms.BooleanField(label=_("Needs an expert besides the host"), required=False)
    order = forms.IntegerField(
        label=_("Place in the list"), min_value=0, max_value=999, required=False
    )


class AvailabilityForm(Form):
    """When a host can or cannot, told in the host's own time zone."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        # Illness is nobody's business here: "unavailable" says enough.
        choices=[choice for choice in HostAvailability.Kind.choices if choice[0] != "ill"],
        initial=HostAvailability.Kind.BUSY,
    )
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    label = LineField(
        label=_("Shown as"), max_length=120, required=False, help_text=_("No reason is needed.")
    )

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)

    def clean(self) -> dict[str, Any]:
        return at_place(super().clean() or {}, self.zone)


class BusyFeedForm(Form):
    """Where a host's own calendar can be read."""

    url = LineField(
        label=_("Private address of the calendar"),
        max_length=2_000,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Google: Settings, Integrate calendar, Secret address in iCal format. Outlook: "
            "Settings, Shared calendars, Publish, ICS. Nextcloud: Share link, with /?export."
        ),
    )


def at_place(cleaned: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Typed moments as moments of the place: 09:00 in Oslo, wherever the server stands."""
    for name in ("starts_at", "ends_at"):
        if cleaned.get(name):
            cleaned[name] = cleaned[name].replace(tzinfo=zone)
    in_order(cleaned.get("starts_at"), cleaned.get("ends_at"))
    return cleaned


class CalendarDayForm(EditForm):
    fields_edited = calendar_days.EDITABLE

    country = CountryField(label=_("Country"))
    region = LineField(
        label=_("Region"), max_length=120, required=False, help_text=_("Empty: the whole country.")
    )
    city = LineField(
        label=_("City"), max_length=120, required=False, help_text=_("Empty: not one city alone.")
    )
    name = LineField(label=_("Name"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=CalendarDay.Kind.choices)
    hardness = forms.ChoiceField(
        label=_("How hard"),
        choices=CalendarDay.Hardness.choices,
        help_text=_("Closed: no visit is planned there on this day."),
    )
    first_on = DayField(label=_("First day"))
    last_on = DayField(label=_("Last day"))
    shorter_by_minutes = forms.IntegerField(
        label=_("Shorter by (minutes)"), min_value=0, max_value=600, initial=0
    )
    source = LineField(label=_("Source"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        in_order(cleaned.get("first_on"), cleaned.get("last_on"))
        return cleaned


class DisruptionForm(EditForm):
    """Times are told in the office's time zone."""

    fields_edited = disruptions.EDITABLE

    name = LineField(label=_("What happens"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=Disruption.Kind.choices)
    status = forms.ChoiceField(label=_("Status"), choices=Disruption.Status.choices)
    starts_at = MomentField(label=_("From"))
    ends_at = MomentField(label=_("Until"))
    countries = WordListField(
        label=_("Countries"), required=False, upper=True, help_text=_("Two letters: DK, NO, SE.")
    )
    airports = WordListField(
        label=_("Airports"),
        required=False,
        upper=True,
        help_text=_("Three letters: FRA, MUC. They narrow the countries."),
    )
    places = WordListField(
        label=_("Cities"), required=False, help_text=_("They narrow the countries, too.")
    )
    modes = forms.MultipleChoiceField(
        label=_("Ways of travel"),
        choices=TravelMode.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    severity = forms.TypedChoiceField(
        label=_("How bad"),
        coerce=int,
        choices=[(1, _("1 – a nuisance")), (2, _("2 – many delays")), (3, _("3 – nothing moves"))],
    )
    source = LineField(label=_("Source"), max_length=300, required=False)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        self.zone = ZoneInfo(zone)
        super().__init__(*args, **kwargs)

    def values_of(self, row: Disruption) -> dict[str, Any]:
        local = {
            name: getattr(row, name).astimezone(self.zone).replace(tzinfo=None)
            for name in ("starts_at", "ends_at")
        }
        return super().values_of(row) | local

    def clean(self) -> dict[str, Any]:
        return at_place(super().clean() or {}, self.zone)

    def clean_countries(self) -> list[str]:
        codes = self.cleaned_data["countries"]
        known = dict(CountryField().choices)
        if wrong := [code for code in codes if code not in known]:
            raise forms.ValidationError(
                _("We know no country called %(codes)s; use two letters like DK."),
                params={"codes": ", ".join(wrong)},
            )
        return codes


class ClockForm(Form):
    """Where the demo clock stands, told in the office's time zone."""

    at = MomentField(label=_("Day and time"))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)

    def clean_at(self) -> Any:
        moment = self.cleaned_data["at"].replace(tzinfo=self.zone)
        if not 2000 <= moment.year <= 2100:
            raise forms.ValidationError(_("Choose a day between 2000 and 2100."))
        return moment
