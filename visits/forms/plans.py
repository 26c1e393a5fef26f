"""What the coordinator types on the plan's pages: a move, and a decision for every later search."""

from collections.abc import Sequence
from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.forms.fields import Form
from crm.validators import clean_text
from visits.domain.plan_decisions import Wanted
from visits.forms.moments import moment_at
from visits.models import Campaign, Host, PlanDecision, VisitRequest

Kind = PlanDecision.Kind


def cell_key(host: Host, day: date) -> str:
    """A host's day as a form sends it: "H1 2023-02-23"."""
    return f"{host.ref} {day:%Y-%m-%d}"


class MoveForm(Form):
    """Where a visit of a draft goes: a host's day, and a start or the best one of that day."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    online = forms.BooleanField(required=False, widget=forms.HiddenInput)
    cell = forms.ChoiceField(label=_("Day"), widget=forms.RadioSelect)
    start = forms.TimeField(
        label=_("Start"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "step": 900}, format="%H:%M"),
        help_text=_("In the time of the place; the best one of the day when left out."),
    )

    def __init__(self, *args, campaign: Campaign, zone: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.cells = {
            cell_key(host, day): (host, day)
            for host in Host.objects.who_lead()
            for day in campaign.working_days
        }
        self.fields["cell"].choices = [(key, key) for key in self.cells]
        self.fields["cell"].error_messages["invalid_choice"] = _("Choose a day of the window.")
        self.fields["cell"].error_messages["required"] = _("Choose a day.")

    def clean(self):
        data = super().clean() or {}
        if self.errors.pop("seen", None):
            self.add_error(None, _("This page is out of date; open the plan again."))
        _host, day = self.cells.get(data.get("cell", ""), (None, None))
        if day is not None and data.get("start"):
            typed = datetime.combine(day, data["start"])
            try:
                data["starts_at"] = moment_at(typed, self.zone)
            except ValidationError as error:
                self.add_error("start", error)
        return data

    @property
    def target(self) -> dict:
        """Host, day and start as the verb takes them."""
        host, day = self.cells[self.cleaned_data["cell"]]
        data = self.cleaned_data
        starts_at, online = data.get("starts_at"), data["online"]
        return {"host": host, "day": day, "starts_at": starts_at, "online": online}


class HostField(forms.ModelChoiceField):
    def __init__(self, **kwargs):
        super().__init__(Host.objects.who_lead(), to_field_name="ref", **kwargs)


class DayField(forms.DateField):
    def __init__(self, **kwargs):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **kwargs)


class RequestField(forms.ModelChoiceField):
    def __init__(self, **kwargs):
        super().__init__(VisitRequest.objects.none(), to_field_name="ref", **kwargs)

    def label_from_instance(self, row):
        return f"{row} – {row.department}" if row.department else str(row)


class DecisionForm(Form):
    """What all decisions say: why."""

    kind: str
    title: str
    label: str
    row = None

    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("One line; it is shown with the decision.")
    )
    field_order: Sequence[str] = ("request", "host", "day", "start", "reason")

    def __init__(self, *args, campaign: Campaign, **kwargs):
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        if "request" in self.fields:
            self.fields["request"].queryset = campaign.requests.open().order_by("ref")
        if "day" in self.fields:
            limits = {"min": campaign.window_start, "max": campaign.window_end}
            self.fields["day"].widget.attrs |= {k: v.isoformat() for k, v in limits.items()}

    def clean_reason(self):
        return clean_text(self.cleaned_data["reason"]).strip()

    def clean_day(self):
        day = self.cleaned_data["day"]
        if day and not self.campaign.window_start <= day <= self.campaign.window_end:
            window = wording.day_range(self.campaign.window_start, self.campaign.window_end)
            raise ValidationError(
                gettext("%(day)s lies outside the offer, which runs %(window)s.")
                % {"day": wording.day(day), "window": window}
            )
        return day

    @property
    def values(self) -> Wanted:
        """The decision as the verb takes it."""
        data = self.cleaned_data
        return Wanted(
            kind=self.kind,
            reason=data["reason"],
            request=data.get("request"),
            host=data.get("host"),
            day=data.get("day"),
            starts_at=data.get("starts_at"),
        )


class PinForm(DecisionForm):
    kind, title, label = Kind.PIN, _("Pin a request"), _("Pin")

    request = RequestField(label=_("Request"), empty_label=_("Choose a request"))
    host = HostField(label=_("Host"), required=False, empty_label=_("any host"))
    day = DayField(label=_("Day"), required=False)
    start = forms.TimeField(
        label=_("Start"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "step": 900}, format="%H:%M"),
        help_text=_("In the time of the place; any time of the day when left out."),
    )

    def clean(self):
        data = super().clean() or {}
        if not data.get("start"):
            return data
        if not data.get("day"):
            if "day" not in self.errors:
                self.add_error("day", _("A start needs a day."))
        elif data.get("request"):
            typed = datetime.combine(data["day"], data["start"])
            try:
                data["starts_at"] = moment_at(typed, data["request"].zone)
            except ValidationError as error:
                self.add_error("start", error)
        return data


class ForbidForm(DecisionForm):
    kind, title, label = Kind.FORBID, _("Forbid a place to a request"), _("Forbid")

    request = RequestField(label=_("Request"), empty_label=_("Choose a request"))
    host = HostField(
        label=_("Host"),
        required=False,
        empty_label=_("every host"),
        help_text=_("With a day: this host on that day. Without: this host at all."),
    )
    day = DayField(label=_("Day"), required=False)


class LockForm(DecisionForm):
    kind, title, label = Kind.LOCK, _("Lock a host's day"), _("Lock")

    host = HostField(label=_("Host"), empty_label=None)
    day = DayField(
        label=_("Day"), help_text=_("What is there stays to the minute, nothing is added.")
    )


FORMS = {form.kind.value: form for form in (PinForm, ForbidForm, LockForm)}
