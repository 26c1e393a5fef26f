from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.imports.encodings import ALPHABETS
from crm.domain.imports.headings import FIELDS, OF_EVENT
from crm.forms.fields import LANGUAGES, DayField, Form, LineField, TextField
from crm.forms.privacy import TextChoice
from crm.models import ConsentText, Event, ImportBatch, Organisation
from crm.models.consent import Purpose

DELIMITERS = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}
# A column that goes nowhere.
LEFT_OUT = "-"
# What the form asks of a file with a column of answers about the newsletter.
ANSWERS = (
    "newsletter_text",
    "newsletter_words",
    "newsletter_language",
    "newsletter_on",
    "newsletter_proof",
)
ENCODINGS = ("utf-8", "utf-16", *ALPHABETS)


class UploadForm(Form):
    """A list of people, where it comes from and on what basis they may be kept."""

    file = forms.FileField(
        label=_("File"),
        max_length=255,
        allow_empty_file=True,
        help_text=_("CSV, XLSX or vCard, at most 20 MB. You see what would happen first."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.vcf"}),
    )
    event = forms.ModelChoiceField(
        label=_("Event"),
        queryset=Event.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("no event"),
        help_text=_("Everybody in the file is put on its roster."),
    )
    basis = LineField(
        label=_("Basis"),
        max_length=200,
        help_text=_("Why we may keep them, as: legitimate interest, follow-up of the event."),
    )
    source = LineField(
        label=_("Source"),
        max_length=200,
        help_text=_("Whose list this is, as: signed attendee list, Rotterdam. They will be told."),
    )

    def __init__(self, *args: Any, events: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["event"].queryset = events


class ReadingForm(Form):
    """How the file is to be read, and where each of its columns goes."""

    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(label=_("Between columns"))
    sheet = forms.ChoiceField(label=_("Sheet"))
    overwrites = forms.BooleanField(
        label=_("Overwrite what differs"),
        required=False,
        help_text=_("Otherwise only what is empty with us is filled."),
    )

    newsletter_text = TextChoice(
        label=_("Words they were asked in"),
        queryset=ConsentText.objects.filter(purpose=Purpose.NEWSLETTER).order_by(
            "language", "-version"
        ),
        required=False,
        empty_label=_("each row says it, or others"),
    )
    newsletter_words = TextField(
        label=_("Or the exact words of the list"), max_length=2_000, required=False
    )
    newsletter_language = forms.ChoiceField(
        label=_("Language of these words"), choices=[("", "–"), *LANGUAGES], required=False
    )
    newsletter_on = DayField(label=_("Day of the answers"), required=False)
    newsletter_proof = LineField(
        label=_("Proof"),
        max_length=470,
        required=False,
        help_text=_("Which list, and where it is kept. The number of the line is added."),
    )

    def __init__(self, *args: Any, batch: ImportBatch, **options: Any) -> None:
        self.batch = batch
        initial = {
            "encoding": batch.encoding,
            "delimiter": batch.delimiter,
            "sheet": batch.sheet,
            "overwrites": batch.overwrites,
            "newsletter_text": batch.newsletter_text_id,
            "newsletter_on": batch.newsletter_on,
            "newsletter_proof": batch.newsletter_proof,
        } | {f"column_{number}": name or LEFT_OUT for number, name in enumerate(batch.mapping)}
        super().__init__(*args, initial=initial, **options)
        self._offer("encoding", batch.kind != "xlsx", dict.fromkeys(ENCODINGS), batch.encoding)
        self._offer("delimiter", batch.kind == "csv", DELIMITERS, batch.delimiter)
        self._offer("sheet", len(batch.sheets) > 1, dict.fromkeys(batch.sheets), batch.sheet)
        if "newsletter" not in batch.mapping:
            for name in ANSWERS:
                del self.fields[name]
        for number, each in enumerate(batch.suggestions):
            self._offer_organisations(number, each)
        usable = {
            name: label for name, label in FIELDS.items() if batch.event_id or name not in OF_EVENT
        }
        for number in range(len(batch.mapping)):
            heading = batch.headings[number] if number < len(batch.headings) else ""
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=heading or _("Column %(n)s") % {"n": number + 1},
                choices=[(LEFT_OUT, _("left out")), *usable.items()],
            )

    def _offer_organisations(self, number: int, suggestion: dict[str, Any]) -> None:
        """Which organisation one name of the file means."""
        known = Organisation.objects.live().in_bulk(suggestion["choices"])
        self.fields[f"organisation_{number}"] = forms.ChoiceField(
            label=_("“%(name)s” is") % {"name": suggestion["name"]},
            choices=[*((pk, row.name) for pk, row in known.items()), (0, _("a new organisation"))],
            initial=suggestion["taken"],
        )

    def _offer(self, name: str, is_fit: bool, choices: dict[str, Any], now: str) -> None:
        if not is_fit:
            del self.fields[name]
            return
        known = choices if now in choices or not now else {now: None, **choices}
        self.fields[name].choices = [(value, label or value) for value, label in known.items()]

    @property
    def columns(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("column_")]

    @property
    def choices(self) -> list[Any]:
        rest = (name for name in self.fields if name not in ANSWERS)
        return [self[name] for name in rest if not name.startswith(("column_", "organisation_"))]

    @property
    def organisations(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("organisation_")]

    @property
    def answers(self) -> list[Any]:
        """What is said once for all answers about the newsletter in the file."""
        return [self[name] for name in ANSWERS if name in self.fields]

    @property
    def values(self) -> dict[str, Any]:
        """What changed; the mapping only while the columns stay those it was chosen for."""
        names = ("encoding", "delimiter", "sheet")
        told = {
            name: self.cleaned_data[name]
            for name in names
            if name in self.fields and name in self.changed_data
        }
        is_same_table = not told
        told["overwrites"] = self.cleaned_data["overwrites"]
        told |= {name: self.cleaned_data[name] for name in ANSWERS if name in self.fields}
        told["organisations"] = {
            each["name"]: int(self.cleaned_data[f"organisation_{number}"])
            for number, each in enumerate(self.batch.suggestions)
        }
        if is_same_table:
            told["mapping"] = [
                self.cleaned_data[f"column_{number}"].replace(LEFT_OUT, "")
                for number in range(len(self.batch.mapping))
            ]
        return told
