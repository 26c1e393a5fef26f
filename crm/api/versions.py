"""Entity tags: whoever changes a row says which version was seen, and nobody overwrites another."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from crm import wording
from crm.api.problems import Problem
from crm.domain.edits import field_value, stamp
from crm.models import AuditEntry


def etag(row: models.Model, fields: tuple[str, ...] = ()) -> str:
    """The tag of a row as it is: its version, else its last change, else its editable values."""
    if hasattr(row, "version"):
        return f'"v{row.version}"'
    if hasattr(row, "updated_at"):
        return f'"t{row.updated_at.timestamp():.6f}"'
    return f'"s{stamp(row, fields)}"'


def locked(row: models.Model) -> models.Model:
    """The row as it is now, held until the transaction ends (on SQLite that is the lock)."""
    return type(row)._default_manager.select_for_update().get(pk=row.pk)


def refuse_other_version(
    request, row: models.Model, values: Mapping[str, Any], *, fields: tuple[str, ...] = ()
) -> None:
    """412 with both values when `If-Match` names another version of the row, 428 without one."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise Problem(428, _("Say which version you saw: send its ETag in the header If-Match."))
    refuse_stale(request, row, values, fields=fields)


def refuse_stale(
    request, row: models.Model, values: Mapping[str, Any], *, fields: tuple[str, ...] = ()
) -> None:
    """412 with both values when `If-Match` is sent and names another version of the row."""
    header = request.headers.get("If-Match", "").strip()
    now = locked(row)
    if not header or header == "*" or etag(now, fields) in _tags(header):
        return
    entry = AuditEntry.objects.about(now).select_related("by").first()
    raise Problem(412, _sentence(entry, request.user), **_both(now, values, entry, fields))


def _tags(header: str) -> set[str]:
    # A weak tag (W/"…") never matches: these are strong comparisons.
    return {tag.strip() for tag in header.split(",")}


def _sentence(entry: AuditEntry | None, user) -> str:
    if entry is None:
        return _("This was changed meanwhile; nothing was overwritten.")
    return _("This was changed by %(who)s at %(when)s; nothing was overwritten.") % {
        "who": entry.by or entry.actor or _("somebody else"),
        "when": wording.local_time(entry.at.astimezone(ZoneInfo(user.time_zone)), user.time_zone),
    }


def _both(
    now: models.Model,
    values: Mapping[str, Any],
    entry: AuditEntry | None,
    fields: tuple[str, ...],
) -> dict[str, Any]:
    both = {
        name: {"yours": _plain(value), "now": _plain(field_value(now, name))}
        for name, value in values.items()
        if name in {field.name for field in now._meta.get_fields()}
    }
    found: dict[str, Any] = {"etag": etag(now, fields), "fields": both}
    if entry is not None:
        found |= {"changed_by": str(entry.by or entry.actor), "changed_at": entry.at.isoformat()}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict | int | float | bool | None):
        return value
    return str(value)
