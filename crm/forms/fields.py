"""Fields and a base form that several forms share."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.edits import ChangedMeanwhile, field_value, stamp
from crm.models import AuditEntry
from crm.validators import clean_line, clean_text, known_zone

LANGUAGES = [
    (code, LANG_INFO[code]["name_local"] if code in LANG_INFO else "Malti")
    for code in (
        "bg cs da de el en es et fi fr ga hr hu is it lt lv mt nb nl pl pt ro sk sl sv tr uk"
    ).split()
]

# Zones of European places whose names begin otherwise, and spellings that have been replaced.
BEYOND = {
    "Asia/Nicosia",
    "Asia/Tbilisi",
    "Asia/Yerevan",
    "Asia/Baku",
    "Atlantic/Azores",
    "Atlantic/Canary",
    "Atlantic/Faroe",
    "Atlantic/Madeira",
    "Atlantic/Reykjavik",
}
REPLACED = {"Europe/Belfast", "Europe/Kiev", "Europe/Nicosia", "Europe/Tiraspol"}


def europes_zones() -> list[str]:
    """The time zones of Europe by name, for a list to choose from."""
    known = {zone for zone in available_timezones() if zone.startswith("Europe/")}
    return sorted((known | BEYOND) - REPLACED)


class SaysWhatIsMissing:
    """A form that says of a field left empty what it is called and what to do."""

    fields: dict[str, forms.Field]

    def full_clean(self) -> None:
        bare = forms.Field.default_error_messages["required"]
        for name, field in self.fields.items():
            if field.error_messages["required"] == bare:
                label = self[name].label
                field.error_messages["required"] = _missing(field) % {"field": label}
        super().full_clean()


def _missing(field: forms.Field) -> Any:
    if isinstance(field, forms.BooleanField):
        return _("Tick “%(field)s” to go on.")
    if isinstance(field, forms.FileField):
        return _("Choose a file for “%(field)s”.")
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("Choose something for “%(field)s”.")
    return _("Fill in “%(field)s”.")


class Form(SaysWhatIsMissing, forms.Form):
    """What our own forms begin with."""


class ModelForm(SaysWhatIsMissing, forms.ModelForm):
    """The same, for a form made of a model's fields."""


class LineField(forms.CharField):
    """One line of text, without control characters."""

    def to_python(self, value: Any) -> str:
        return clean_line(super().to_python(value) or "")


class ListInput(forms.TextInput):
    """One line of text with a list under it that narrows while somebody types."""

    def __init__(self, options: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options = tuple(options)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        own = {**(attrs or {}), "list": f"{name}-options", "autocomplete": "off"}
        options = format_html_join("", '<option value="{}">', ((each,) for each in self.options))
        box = super().render(name, value, own, renderer)
        return format_html('{}<datalist id="{}-options">{}</datalist>', box, name, options)


class ZoneField(LineField):
    """A time zone by its name, with Europe's to choose from; any other may be typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 64, "widget": ListInput(europes_zones()), **kwargs})

    def clean(self, value: Any) -> str:
        name = super().clean(value)
        return known_zone(name) if name else ""


class TextField(forms.CharField):
    """Several lines of text."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        return clean_text(super().to_python(value) or "").strip()


class DayField(forms.DateField):
    """A day, with the browser's own calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MomentField(forms.DateTimeField):
    """A day and time as read where the person at the desk sits."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]

    def has_changed(self, initial: Any, data: Any) -> bool:
        shown = initial.strftime("%Y-%m-%dT%H:%M") if initial else ""
        return shown != str(data or "").replace(" ", "T")[:16]


class CountryField(forms.ChoiceField):
    """One of the countries we work in."""

    def __init__(self, **kwargs: Any) -> None:
        names = {code: name for code, name in wording.COUNTRIES.items() if code != "UK"}
        super().__init__(choices=[("", "–"), *names.items()], **kwargs)


class WordListField(forms.CharField):
    """A list typed with commas: "FRA, MUC"."""

    def __init__(self, *, upper: bool = False, **kwargs: Any) -> None:
        self.upper = upper
        super().__init__(max_length=500, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[str]:
        text = clean_line(super().clean(value) or "")
        words = [word.strip() for word in text.replace(";", ",").split(",")]
        return [word.upper() if self.upper else word for word in words if word]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class EditForm(Form):
    """A form for a stored row that notices when somebody else saved the row meanwhile.

    `fields_edited` are the row's fields; `seen` carries the mark of what the editor saw.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    fields_edited: tuple[str, ...] = ()

    def __init__(self, *args: Any, row: models.Model | None = None, **kwargs: Any) -> None:
        self.row = row
        self.change: ChangedMeanwhile | None = None
        self.theirs: list[tuple[str, str]] = []
        if row is not None:
            kwargs["initial"] = self.values_of(row) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def values_of(self, row: models.Model) -> dict[str, Any]:
        values = {name: field_value(row, name) for name in self.fields_edited}
        return values | {"seen": stamp(row, self.fields_edited)}

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, by the names of the row's fields."""
        return {name: self.cleaned_data[name] for name in self.fields_edited}

    def show_change(self, change: ChangedMeanwhile) -> None:
        """Keep what was typed, tell who changed what meanwhile, and let saving again win."""
        self.change = change
        self.add_error(None, change)
        now = self.values_of(change.row)
        self.theirs = [
            (str(self.fields[name].label), self.words_of(name, now[name]))
            for name in self.fields_edited
            if name in self.fields and not self._same(name, now[name])
        ]
        self.data = self.data.copy()
        self.data[self.add_prefix("seen")] = now["seen"]

    def _same(self, name: str, value: Any) -> bool:
        return not self.fields[name].has_changed(value, self[name].data)

    def words_of(self, name: str, value: Any) -> str:
        """A stored value as the form's reader knows it."""
        choices = getattr(self.fields[name], "choices", None)
        known = {str(key): str(label) for key, label in choices} if choices else {}
        if isinstance(value, list):
            return ", ".join(known.get(str(each), str(each)) for each in value) or "–"
        return known.get(str(value), str(value or "–"))

    @property
    def changed_by(self) -> AuditEntry | None:
        return self.change.entry if self.change else None


def in_order(first: Any, last: Any) -> None:
    """Raise ValidationError when the second moment or day lies before the first."""
    if first and last and last < first:
        raise ValidationError(
            _("The end lies before the beginning; change one of them."), code="order"
        )
