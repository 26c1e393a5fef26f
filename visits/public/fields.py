"""Form fields that keep what was typed: no silent cut, one clear sentence, clean text."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import languages
from crm.validators import clean_line, clean_text, mail_address, sensible_date

DATE_FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y", "%d-%m-%Y"]


class LineField(forms.CharField):
    """One clean line. Over-long text is refused with the limit, never cut by the browser."""

    clean_with = staticmethod(clean_line)

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(MaxLengthValidator(max_length))

    def to_python(self, value: Any) -> str:
        return self.clean_with(super().to_python(value) or "")


class WordsField(LineField):
    """Text of several lines."""

    clean_with = staticmethod(clean_text)
    widget = forms.Textarea

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs["rows"] = rows


class LongSelect(forms.Select):
    """A list of many choices, written in one go instead of by a template for each of them."""

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> str:
        chosen = {str(each) for each in self.format_value(value)}
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            (
                (code, " selected" if str(code) in chosen else "", label)
                for code, label in self.choices
            ),
        )
        own = self.build_attrs(self.attrs, {"name": name, **(attrs or {})})
        return format_html("<select{}>\n{}</select>", flatatt(own), options)


def language_choices() -> list[tuple[str, str]]:
    """The languages of our mails; those we have no words in say that they come in English."""
    return [
        (
            code,
            name
            if languages.spoken(code) == code
            else gettext("%(language)s (in English)") % {"language": name},
        )
        for code, name in languages.choices()
    ]


class AddressField(LineField):
    """One mail address, as `crm.validators.mail_address` takes it."""

    widget = forms.EmailInput

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=320, **options)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        return mail_address(typed) if typed else ""


class DateWidget(forms.DateInput):
    """The browser's own calendar; a plain text box for what that calendar could not show."""

    input_type = "date"

    def get_context(self, name: str, value: Any, attrs: dict | None) -> dict:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        try:
            date.fromisoformat(shown or "2000-01-01")
        except ValueError:
            context["widget"]["type"] = "text"
        return context


class WishedDateField(forms.DateField):
    """A date as browsers send it, or as people write it: 15.02.2023, 15/02/2023."""

    default_error_messages = {
        "invalid": _("“%(value)s” is not a date; write it like 2023-02-15."),
    }

    def __init__(self, **options: Any) -> None:
        widget = DateWidget(format="%Y-%m-%d")
        super().__init__(input_formats=DATE_FORMATS, widget=widget, **options)

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        try:
            found = super().to_python(value)
        except ValidationError as error:
            raise ValidationError(
                self.error_messages["invalid"],
                code="invalid",
                params={"value": clean_line(str(value))[:40]},
            ) from error
        return sensible_date(found) if found else None


class PeopleField(forms.CharField):
    """A whole number of people between 1 and 500, typed as text so that nothing typed is lost."""

    most = 500

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "numeric"}), **options)

    def clean(self, value: Any) -> int | None:
        typed = clean_line(super().clean(value) or "")
        if not typed:
            return None
        if not typed.isdecimal() or len(typed) > 6 or not 1 <= int(typed) <= self.most:
            raise ValidationError(
                _("Give the number of people as a number between 1 and 500."), code="people"
            )
        return int(typed)
