"""The form a host fills in on the phone right after a visit."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms.fields import Form
from crm.models import FollowUp
from crm.validators import mail_address, sensible_date
from visits.domain.after_visit import Holder, Promise
from visits.domain.reports import check_evidence
from visits.models import VisitReport
from visits.models.reports import Audience, Outcome

MOST_PROMISES, MOST_OTHERS = 3, 2


class AfterVisitForm(Form):
    """Counts, three lines, promises and photos; nothing is kept unless everything is right."""

    use_required_attribute = False

    summary = forms.CharField(
        label=gettext_lazy("What went well?"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The city reads this on its page and may correct it."),
    )
    notes = forms.CharField(
        label=gettext_lazy("What surprised you?"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Only we read this."),
    )
    outcome = forms.ChoiceField(label=gettext_lazy("Where does the city stand?"), choices=Outcome)
    evidence = forms.CharField(
        label=gettext_lazy("What comes next, and what shows it?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("A quote, a mail, a decision. Only we read this."),
    )

    def __init__(
        self,
        *args: Any,
        report: VisitReport | None,
        holders: Sequence[Holder],
        agreed: set[str],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.holders = [holder for holder in holders if holder.key not in agreed]
        self.agreed = [holder.name for holder in holders if holder.key in agreed]
        if report is not None:
            words = ("summary", "notes", "outcome", "evidence")
            self.initial = {name: getattr(report, name) for name in words}
            self.initial |= {f"count_{row.audience}": row.people for row in report.counts.all()}
        for audience in Audience:
            self.fields[f"count_{audience.value}"] = forms.IntegerField(
                label=audience.label,
                required=False,
                min_value=0,
                max_value=1_000,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )
        for number in range(1, MOST_PROMISES + 1):
            self._add_promise(number)
        self.fields["photos"] = forms.MultipleChoiceField(
            label=_("Who agreed?"),
            required=False,
            choices=[(holder.key, holder.name) for holder in self.holders],
            widget=forms.CheckboxSelectMultiple,
        )
        for number in range(1, MOST_OTHERS + 1):
            self.fields[f"other_{number}"] = forms.CharField(
                label=_("Mail address of somebody else who agreed"),
                required=False,
                max_length=320,
                widget=forms.EmailInput(attrs={"autocomplete": "off"}),
            )

    def _add_promise(self, number: int) -> None:
        self.fields[f"promise_{number}"] = forms.CharField(
            label=_("Promise %(number)d") % {"number": number}, required=False, max_length=500
        )
        self.fields[f"due_{number}"] = forms.DateField(
            label=_("Due on"),
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        )
        self.fields[f"owner_{number}"] = forms.ChoiceField(
            label=_("Whose promise"), choices=FollowUp.Owner, required=False
        )

    @property
    def counts(self) -> list[forms.BoundField]:
        return [self[f"count_{audience.value}"] for audience in Audience]

    @property
    def promises(self) -> Iterator[tuple[forms.BoundField, ...]]:
        for number in range(1, MOST_PROMISES + 1):
            yield tuple(self[f"{name}_{number}"] for name in ("promise", "due", "owner"))

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[f"other_{number}"] for number in range(1, MOST_OTHERS + 1)]

    @property
    def names_others(self) -> bool:
        return any(bound.value() or bound.errors for bound in self.others)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        counted = [cleaned.get(bound.name) for bound in self.counts]
        if not any(counted) and not any(bound.errors for bound in self.counts):
            words = _("Count at least one person; when nobody came, mark the visit so.")
            self.add_error(self.counts[0].name, words)
        if "outcome" in cleaned and "evidence" in cleaned:
            self._try(None, check_evidence, cleaned["outcome"], cleaned["evidence"])
        for number in range(1, MOST_PROMISES + 1):
            self._check_promise(number)
        for bound in self.others:
            if cleaned.get(bound.name):
                self._try(bound.name, mail_address, cleaned[bound.name])
        return cleaned

    def _check_promise(self, number: int) -> None:
        text, due = f"promise_{number}", f"due_{number}"
        given = self.cleaned_data
        if due in given and given[due] is None and given.get(text):
            self.add_error(due, _("Say by when."))
        if text in given and not given[text].strip() and given.get(due):
            self.add_error(text, _("Say in a few words what was promised."))
        if given.get(due):
            self._try(due, sensible_date, given[due])

    def _try(self, name: str | None, check: Any, *values: Any) -> None:
        try:
            check(*values)
        except ValidationError as error:
            self.add_error(name, error)

    def told(self) -> dict[str, Any]:
        """What `visits.domain.after_visit.tell_of_visit` takes."""
        given = self.cleaned_data
        numbers = range(1, MOST_PROMISES + 1)
        promises = [
            Promise(
                given[f"promise_{n}"], given[f"due_{n}"], given[f"owner_{n}"] or FollowUp.Owner.OURS
            )
            for n in numbers
            if given[f"promise_{n}"]
        ]
        others = [given[bound.name] for bound in self.others if given[bound.name]]
        return {
            "counts": {audience.value: given[f"count_{audience}"] or 0 for audience in Audience},
            **{name: given[name] for name in ("summary", "notes", "outcome", "evidence")},
            "promises": promises,
            "photos": [holder for holder in self.holders if holder.key in given["photos"]]
            + [Holder(address, address) for address in others],
        }
