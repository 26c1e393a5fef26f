from dataclasses import replace
from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.domain.edits import ChangedMeanwhile
from crm.forms.fields import Form, ModelForm
from crm.models import FollowUp
from crm.validators import clean_text, mail_address
from visits.domain.preparing import LONGEST_ANSWER, LONGEST_OWNER
from visits.domain.reports import check_evidence
from visits.domain.visit_moves import Move
from visits.domain.visits import FACTS, FOR_THE_BRIEF, usual_minutes
from visits.forms.moments import moment_at
from visits.models import Host, Topic, Visit
from visits.models.reports import Audience, Outcome
from visits.models.requests import Mode
from visits.models.visits import ChecklistItem, Side


class VisitFactsForm(ModelForm):
    """Where, with whom, with what."""

    class Meta:
        model = Visit
        fields = FACTS
        widgets = {
            "materials": forms.Textarea(attrs={"rows": 3}),
            "notes": forms.Textarea(attrs={"rows": 4}),
        }

    def clean_local_contact_address(self):
        address = self.cleaned_data["local_contact_address"]
        return mail_address(address) if address else ""


class AssignForm(Form):
    """Who can take over, who joins, and what is spoken about."""

    backup = forms.ModelChoiceField(
        label=_("Backup host"), queryset=Host.objects.who_lead(), required=False
    )
    experts = forms.ModelMultipleChoiceField(
        label=_("Experts who join"),
        queryset=Host.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    topics = forms.ModelMultipleChoiceField(
        label=_("Topics"),
        queryset=Topic.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, visit: Visit, **kwargs):
        initial = {
            "backup": visit.backup,
            "experts": visit.experts.all(),
            "topics": visit.topics.all(),
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["experts"].queryset = Host.objects.exclude(pk=visit.host_id)
        self.fields["backup"].queryset = Host.objects.who_lead().exclude(pk=visit.host_id)


class BriefNotesForm(ModelForm):
    """What only the brief tells, and a planned answer to each question of the city."""

    class Meta:
        model = Visit
        fields = FOR_THE_BRIEF
        widgets = {
            "aim": forms.Textarea(attrs={"rows": 2}),
            "print_again_after": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "aim": _("What the city knows, wants or does afterwards."),
            "decides": _("By name and role; the host's edition alone shows it."),
            "missing_people": _("Who of the city should also come."),
            "print_again_after": _("A brief printed until that day is out of date after it."),
        }

    def __init__(self, *args, answers, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = list(answers)
        for number, row in enumerate(self.asked):
            words = {"ref": row.request, "question": row.question}
            self.fields[f"answer_{number}"] = forms.CharField(
                label=_("%(ref)s asks: %(question)s") % words,
                help_text=_("What we mean to answer."),
                initial=row.answer,
                required=False,
                max_length=LONGEST_ANSWER,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"owner_{number}"] = forms.CharField(
                label=_("Who answers"), initial=row.owner, required=False, max_length=LONGEST_OWNER
            )

    def notes(self):
        return {name: self.cleaned_data[name] for name in FOR_THE_BRIEF}

    def answers(self):
        return [
            replace(
                row,
                answer=self.cleaned_data[f"answer_{number}"],
                owner=self.cleaned_data[f"owner_{number}"],
            )
            for number, row in enumerate(self.asked)
        ]


class ChecklistItemForm(Form):
    """One thing to have ready."""

    text = forms.CharField(label=_("What"), max_length=300)
    owner = forms.ChoiceField(
        label=_("Who sees to it"),
        choices=ChecklistItem.Owner,
        initial=ChecklistItem.Owner.THEIRS,
        help_text=_("The city sees and ticks its own."),
    )
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, help_text=_("For us alone.")
    )


class SideForm(Form):
    """Which side it was, and why; neutral words, the city may read them."""

    side = forms.ChoiceField(label=_("Whose side"), choices=Side)
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_reason(self):
        return clean_text(self.cleaned_data["reason"]).strip()


class PostponeForm(SideForm):
    """Who leads an agreed visit, how and when it is met; side and reason once it is `is_final`."""

    host = forms.ModelChoiceField(None, label=_("Host"), to_field_name="ref", empty_label=None)
    mode = forms.ChoiceField(label=_("Mode"))
    starts_at = forms.DateTimeField(
        label=_("New start"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": 900}, format="%Y-%m-%dT%H:%M"
        ),
        help_text=_("In the time of the place."),
    )
    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=30,
        max_value=480,
        required=False,
        help_text=_("Left empty: as long as it is now, and online at most 90."),
    )
    override_reason = forms.CharField(
        label=_("Move it there although a rule is broken, because"),
        max_length=500,
        required=False,
        help_text=_("Only when the city knows and insists; it is written down."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    looked = forms.CharField(widget=forms.HiddenInput, required=False)

    field_order = ("host", "mode", "starts_at", "minutes", "side", "reason", "override_reason")

    def __init__(self, *args, visit: Visit, is_final: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.visit = visit
        self.move: Move | None = None
        self.change: ChangedMeanwhile | None = None
        self.fields["host"].queryset = Host.objects.who_lead()
        modes = dict.fromkeys((Mode.ON_SITE.value, Mode.ONLINE.value, visit.mode))
        self.fields["mode"].choices = [(mode, Mode(mode).label) for mode in modes]
        for name in ("side", "reason"):
            self.fields[name].required = is_final

    def clean_starts_at(self):
        return moment_at(self.cleaned_data["starts_at"], self.visit.zone)

    def clean(self):
        """Put together what is asked for, once all of it can be read."""
        data = super().clean() or {}
        if {"host", "mode", "starts_at", "minutes"} <= data.keys():
            minutes = data["minutes"] or usual_minutes(self.visit, data["mode"])
            self.move = Move(
                host=data["host"],
                mode=data["mode"],
                starts_at=data["starts_at"],
                ends_at=data["starts_at"] + timedelta(minutes=minutes),
            )
        return data


class AttendanceForm(Form):
    """How many people came, by the funder's audience categories."""

    def __init__(self, *args, counts=None, **kwargs):
        super().__init__(*args, **kwargs)
        for audience in Audience:
            self.fields[audience.value] = forms.IntegerField(
                label=audience.label,
                required=False,
                min_value=0,
                max_value=1_000,
                initial=(counts or {}).get(audience.value),
            )

    def counts(self) -> dict[str, int]:
        return {name: value or 0 for name, value in self.cleaned_data.items()}


class ReportForm(Form):
    """What was said and what came of it."""

    summary = forms.CharField(
        label=_("Summary for the city"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The city reads this on its page and may correct it."),
    )
    notes = forms.CharField(
        label=_("Our own notes"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    topics_covered = forms.ModelMultipleChoiceField(
        label=_("Topics we spoke about"),
        queryset=Topic.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expected = forms.IntegerField(
        label=_("People expected"), required=False, min_value=0, max_value=1_000
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=Outcome)
    evidence = forms.CharField(
        label=_("What shows it"),
        max_length=500,
        required=False,
        help_text=_("A quote, a mail, a decision; needed for every outcome but “open”."),
    )

    def __init__(self, *args, visit: Visit, **kwargs):
        super().__init__(*args, **kwargs)
        report = getattr(visit, "report", None)
        planned = visit.topics.all()
        covered = report.topics_covered.all() if report else Topic.objects.none()
        # All of the catalogue may come up; those planned stand first.
        self.fields["topics_covered"].queryset = Topic.objects.order_by("code")
        asked = sum(row.people or 0 for row in visit.requests.all())
        known = report if report is not None and report.written_at else None
        self.initial = {
            "summary": report.summary if report else "",
            "notes": report.notes if report else "",
            "outcome": report.outcome if report else Outcome.OPEN,
            "evidence": report.evidence if report else "",
            "expected": report.expected
            if report and report.expected is not None
            else asked or None,
            "topics_covered": list(covered if known else planned),
        } | self.initial

    def clean(self):
        cleaned = super().clean()
        if "outcome" in cleaned and "evidence" in cleaned:
            try:
                check_evidence(cleaned["outcome"], cleaned["evidence"])
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


class PromiseForm(Form):
    """A promise made at the visit."""

    text = forms.CharField(label=_("What was promised"), max_length=500)
    owner = forms.ChoiceField(label=_("Whose promise"), choices=FollowUp.Owner)
    due_on = forms.DateField(
        label=_("Due on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
