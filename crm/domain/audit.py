"""Writing down who did what when; every verb that changes a row calls `record`."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from crm.models import AuditEntry, AuditNote, User

# Who acted when the city did so on its private page.
MUNICIPALITY = "municipality"


def record(
    row: models.Model,
    verb: str,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    fields: Iterable[str] = (),
    from_state: str = "",
    to_state: str = "",
    why: str = "",
) -> AuditEntry:
    """Append one entry about `row`; `fields` are names only, `why` is kept apart.

    `actor` names who acted when no user did: "municipality", "worker", "import".
    """
    entry = entry_about(
        row,
        verb,
        at=at,
        by=by,
        actor=actor,
        fields=fields,
        from_state=from_state,
        to_state=to_state,
    )
    entry.save()
    if why:
        AuditNote.objects.create(entry=entry, why=why[:1_000])
    return entry


def entry_about(
    row: models.Model,
    verb: str,
    *,
    at: datetime,
    by: User | None = None,
    actor: str = "",
    fields: Iterable[str] = (),
    from_state: str = "",
    to_state: str = "",
) -> AuditEntry:
    """The entry that `record` appends, not stored yet: for those who append many at once."""
    return AuditEntry(
        at=at,
        by=by,
        actor=actor,
        verb=verb,
        model=row._meta.label_lower,
        row_id=str(row.pk),
        row_ref=str(getattr(row, "ref", "") or ""),
        fields=sorted(fields),
        from_state=from_state,
        to_state=to_state,
        is_sample=getattr(row, "is_sample", False),
    )
