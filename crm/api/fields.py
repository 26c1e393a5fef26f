"""Fields of the API whose values every part of the program can keep."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.validators import clean_line, clean_text, known_zone, sensible_date
from crm.wording import COUNTRIES

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)
COUNTRY_CODES = sorted(code for code in COUNTRIES if code != "UK")
BIGGEST_KEY = 2**63 - 1


class Line(serializers.CharField):
    """Text on one line, normalised; never the words of a number or a truth value."""

    clean = staticmethod(clean_line)

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return self.clean(super().to_internal_value(data))

    def run_validation(self, data=serializers.empty):
        value = super().run_validation(data)
        if value == "" and not self.allow_blank:
            self.fail("blank")
        return value


class Words(Line):
    """Text of several lines, normalised."""

    clean = staticmethod(clean_text)


class Whole(serializers.IntegerField):
    """A whole number given as a number."""

    def to_internal_value(self, data):
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Truth(serializers.BooleanField):
    """true or false and nothing that merely looks like it."""

    def to_internal_value(self, data):
        if not isinstance(data, bool) and data is not None:
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


class Day(serializers.DateField):
    """A date between 2000 and 2100."""

    def to_internal_value(self, value):
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DD")
        day = super().to_internal_value(value)
        try:
            return sensible_date(day)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class Moment(serializers.DateTimeField):
    """A moment with its offset, as 2023-02-15T10:00:00+01:00, between 2000 and 2100."""

    default_error_messages = {
        "offset": _("Write the moment with its offset, as 2023-02-15T10:00:00+01:00."),
        "range": _("Choose a moment between 2000 and 2100."),
    }

    def enforce_timezone(self, value):
        if value.tzinfo is None:
            self.fail("offset")
        # Compared before any conversion: year 1 or 9999 with an offset overflows.
        if not EARLIEST.year < value.year < LATEST.year:
            self.fail("range")
        return value.astimezone(UTC)

    def to_internal_value(self, value):
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss]+hh:mm")
        return super().to_internal_value(value)


@extend_schema_field(
    {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}
)
class ClockTime(serializers.TimeField):
    """A time of the day without a zone, as 09:00."""

    def to_internal_value(self, value):
        if not isinstance(value, str):
            self.fail("invalid", format="hh:mm")
        return super().to_internal_value(value)


class Zone(Line):
    """The name of a time zone, as Europe/Oslo."""

    def to_internal_value(self, data):
        try:
            return known_zone(super().to_internal_value(data))
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


@extend_schema_field({"type": "string", "enum": COUNTRY_CODES, "description": "Two letters."})
class Country(serializers.ChoiceField):
    """A European country by its two letters."""

    def __init__(self, **kwargs):
        super().__init__(choices=COUNTRY_CODES, **kwargs)


class Languages(serializers.ListField):
    """Language codes, best first."""

    child = serializers.RegexField(r"^[a-z]{2,3}(-[A-Za-z]{2,8})?\Z", max_length=12)

    def __init__(self, **kwargs):
        super().__init__(**{"max_length": 12, **kwargs})


class RowKey(serializers.PrimaryKeyRelatedField):
    """The number of a row that the caller may see; any other is as unknown as none."""

    default_error_messages = {
        "does_not_exist": _("There is no such row for you."),
        "incorrect_type": _("Give the number of a row."),
    }

    def get_queryset(self):
        rows = super().get_queryset()
        user = self.context["request"].user if "request" in self.context else None
        return rows.visible_to(user) if user and hasattr(rows, "visible_to") else rows

    def to_internal_value(self, data):
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("incorrect_type")
        if not 0 < data <= BIGGEST_KEY:
            self.fail("does_not_exist")
        return super().to_internal_value(data)


class RowName(serializers.SlugRelatedField):
    """A row by its reference or slug, among those the caller may see."""

    default_error_messages = {
        "does_not_exist": _("There is no “{value}” for you."),
        "invalid": _("Give the reference as text."),
    }

    def get_queryset(self):
        rows = super().get_queryset()
        user = self.context["request"].user if "request" in self.context else None
        return rows.visible_to(user) if user and hasattr(rows, "visible_to") else rows

    def to_internal_value(self, data):
        if not isinstance(data, str) or len(data) > 60:
            self.fail("invalid")
        return super().to_internal_value(data)
