"""Saving an edit without overwriting what somebody else saved meanwhile."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import AuditEntry, User


class ChangedMeanwhile(ValidationError):
    """Somebody saved this row after the editor had opened it; nothing was overwritten.

    `row` is the row as it is now, `entry` the audit entry of the last change, if there is one.
    """

    def __init__(self, row: models.Model, entry: AuditEntry | None) -> None:
        self.row, self.entry = row, entry
        super().__init__(
            _(
                "Somebody else saved this meanwhile. Compare both values below; "
                "saving again keeps yours."
            ),
            code="changed_meanwhile",
        )


def field_value(row: models.Model, name: str) -> Any:
    """The stored value of a field: keys of the rows for a relation to many."""
    field: Any = row._meta.get_field(name)
    if field.many_to_many:
        return sorted(getattr(row, name).values_list("pk", flat=True))
    return field.value_from_object(row)


def stamp(row: models.Model, fields: Iterable[str]) -> str:
    """A short mark of these fields' values; two equal marks mean that nothing changed."""
    values = {name: field_value(row, name) for name in sorted(fields)}
    text = json.dumps(values, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@transaction.atomic
def save_changes(
    row: models.Model,
    values: Mapping[str, Any],
    *,
    seen: str | None = None,
    at: datetime,
    by: User | None,
    verb: str,
) -> list[str]:
    """Write `values` to the row and one audit entry; the names of the fields that changed.

    `seen` is the `stamp` the editor saw. Raises ChangedMeanwhile when the row has another one by
    now. Without `seen` the values win, as when a caller has compared versions itself.
    """
    now = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if seen is not None and stamp(now, values) != seen:
        raise ChangedMeanwhile(now, AuditEntry.objects.about(now).select_related("by").first())
    changed = [name for name, value in values.items() if _differs(now, name, value)]
    if not changed:
        return []
    many = [name for name in changed if row._meta.get_field(name).many_to_many]
    for name in changed:
        if name not in many:
            setattr(row, name, values[name])
    row.save()
    for name in many:
        getattr(row, name).set(values[name])
    record(row, verb, at=at, by=by, fields=changed)
    return changed


def _differs(row: models.Model, name: str, value: Any) -> bool:
    field: Any = row._meta.get_field(name)
    if field.many_to_many:
        return field_value(row, name) != sorted(getattr(each, "pk", each) for each in value)
    if isinstance(value, models.Model):
        value = value.pk
    return field.value_from_object(row) != value
