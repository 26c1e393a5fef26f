"""Notes a host writes about a visit, also without a network: each is kept once, whatever is sent.

A note is never refused because the visit has changed meanwhile: it is kept, and its writer is told
what is true now.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import wording
from crm.domain.audit import record
from crm.models import User
from crm.validators import clean_text
from visits.models import Visit, VisitNote
from visits.states import HELD_VISITS, LIVE_VISITS

LONGEST = 4_000
# A phone whose clock is further off than this tells no moment worth keeping.
OLDEST = timedelta(days=366)
PARTS = {
    "time": gettext_lazy("date or time"),
    "state": gettext_lazy("whether it takes place"),
    "place": gettext_lazy("where"),
    "host": gettext_lazy("host"),
    "contact": gettext_lazy("contact"),
    "notes": gettext_lazy("notes for the host"),
}


@transaction.atomic
def write_note(
    visit: Visit,
    text: str,
    *,
    key: UUID,
    written_at: datetime | None = None,
    seen: str = "",
    at: datetime,
    by: User,
) -> VisitNote:
    """Keep a note about the visit; the same `key` again answers the same note and adds nothing.

    `seen` is the mark of the visit as its writer had it (`mark_of`). Raises ValidationError for a
    note without words, one too long, and a key that stands for somebody's other note.
    """
    words = note_words(text)
    note, is_new = VisitNote.objects.get_or_create(
        key=key,
        defaults={
            "visit": visit,
            "text": words,
            "by": by,
            "written_at": _believable(written_at, at),
            "arrived_at": at,
            "visit_had_changed": bool(changes_since(visit, seen)),
            "is_sample": visit.is_sample,
        },
    )
    if (note.visit_id, note.by_id) != (visit.pk, by.pk):
        raise ValidationError(
            _("This note carries the number of another one; write it anew."), code="key"
        )
    if is_new:
        record(visit, "write_note", at=at, by=by)
    return note


def note_words(text: str) -> str:
    """The text of a note as it is kept; raises ValidationError when it cannot be."""
    words = clean_text(text).strip()
    if not words:
        raise ValidationError(_("Write the note first."), code="empty")
    if len(words) > LONGEST:
        raise ValidationError(
            _("The note has %(length)s characters; shorten it to %(most)s, or write two.")
            % {"length": len(words), "most": LONGEST},
            code="too_long",
        )
    return words


def _believable(written_at: datetime | None, at: datetime) -> datetime:
    """A phone's clock may be wrong, and that of the demo stands still; then the arrival counts."""
    return written_at if written_at and at - OLDEST <= written_at <= at else at


def notes_of(visits: Iterable[Visit]) -> dict[int, list[VisitNote]]:
    """The notes of many visits, oldest first, by their keys."""
    found: dict[int, list[VisitNote]] = {}
    rows = VisitNote.objects.filter(visit__in=list(visits)).select_related("by")
    for row in rows:
        found.setdefault(row.visit_id, []).append(row)
    return found


# --- What has changed since a copy was made ---


def mark_of(visit: Visit) -> str:
    """What a copy of the visit says, as one short sum per part; it goes with the copy."""
    return "-".join(hashlib.sha256(said.encode()).hexdigest()[:8] for said in _said(visit).values())


def _said(visit: Visit) -> dict[str, str]:
    contact = (
        visit.local_contact_name,
        visit.local_contact_phone,
        visit.local_contact_address,
    )
    return {
        "time": f"{visit.starts_at.timestamp()} {visit.ends_at.timestamp()}",
        "state": str(_takes_place(visit)),
        "place": "\n".join((visit.mode, visit.address, visit.meeting_link)),
        "host": str(visit.host_id),
        "contact": "\n".join(contact),
        "notes": visit.notes,
    }


def _takes_place(visit: Visit) -> bool:
    return visit.state in LIVE_VISITS | HELD_VISITS


def changes_since(visit: Visit, seen: str) -> list[str]:
    """The parts in which the visit differs from a copy with this mark; none for no mark of ours."""
    before, now = seen.split("-"), mark_of(visit).split("-")
    if len(before) != len(now):
        return []
    return [part for part, old, new in zip(PARTS, before, now, strict=True) if old != new]


def change_words(visit: Visit, seen: str) -> str:
    """What has changed since a copy with this mark, and what is true now; empty when nothing."""
    changed = changes_since(visit, seen)
    if not changed:
        return ""
    newer = visit.replaced_by.order_by("pk").last()
    if newer is not None:
        return _("%(visit)s has changed since: now it is %(newer)s, %(when)s.") % {
            "visit": visit,
            "newer": newer.ref,
            "when": wording.time_range(newer.starts_at, newer.ends_at, newer.zone),
        }
    return _("%(visit)s has changed since: %(parts)s. Now: %(now)s.") % {
        "visit": visit,
        "parts": wording.listed(str(PARTS[part]) for part in changed),
        "now": _now(visit, changed),
    }


def _now(visit: Visit, changed: list[str]) -> str:
    said = [
        wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
        str(visit.get_state_display()),
    ]
    if "place" in changed:
        said.append(visit.address or visit.meeting_link or str(visit.get_mode_display()))
    if "host" in changed:
        said.append(str(visit.host))
    if "contact" in changed:
        said += [visit.local_contact_name, visit.local_contact_phone]
    if "notes" in changed:
        said.append(_("notes “%(notes)s”") % {"notes": visit.notes[:300]})
    return ", ".join(filter(None, said))
