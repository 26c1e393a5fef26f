"""How serializers of the API read and write: names they know, and no others."""

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework import serializers

from crm.api.fields import ClockTime


class Input(serializers.Serializer):
    """The body of a write: a name it does not know is refused, not ignored."""

    def to_internal_value(self, data):
        if isinstance(data, dict):
            known = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := sorted(str(name) for name in data if name not in known):
                sentence = _("This cannot be set here.")
                raise serializers.ValidationError({name[:60]: [sentence] for name in unknown})
        return super().to_internal_value(data)


class NothingSerializer(Input):
    """A step that needs no words: an empty body, or {}."""


class Output(serializers.ModelSerializer):
    """A row as it is read; every field is named, none can be written."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.TimeField: ClockTime
    }

    def get_fields(self):
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields

    @cached_property
    def _readable_fields(self) -> list[serializers.Field]:
        # All of them, found once: the base class looks for them anew in every row.
        return list(self.fields.values())
