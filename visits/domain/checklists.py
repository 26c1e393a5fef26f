"""What has to be ready for a visit: added, worded and taken out by us, ticked by the city or us."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import User
from crm.validators import clean_line
from visits.domain.briefing import settle_briefed
from visits.models import ChecklistItem, Visit

MOST_ITEMS = 40


@transaction.atomic
def add_item(
    visit: Visit, *, text: str, owner: str, note: str = "", at: datetime, by: User | None
) -> ChecklistItem:
    """One more thing to have ready. Raises ValidationError when the list is full."""
    if visit.checklist.count() >= MOST_ITEMS:
        raise ValidationError(
            _("A checklist holds %(most)d items at most."), params={"most": MOST_ITEMS}
        )
    item = ChecklistItem.objects.create(
        visit=visit,
        text=_worded(text),
        owner=owner,
        note=clean_line(note),
        is_sample=visit.is_sample,
    )
    record(item, "add_checklist_item", at=at, by=by, fields=["text", "owner", "note"])
    settle_briefed([visit], at=at, by=by)
    return item


@transaction.atomic
def edit_item(
    item: ChecklistItem, *, text: str, owner: str, note: str = "", at: datetime, by: User | None
) -> ChecklistItem:
    """Word it anew; its tick stays."""
    values = {"text": _worded(text), "owner": owner, "note": clean_line(note)}
    changed = [name for name, value in values.items() if getattr(item, name) != value]
    for name in changed:
        setattr(item, name, values[name])
    if changed:
        item.save(update_fields=changed)
        record(item, "edit_checklist_item", at=at, by=by, fields=changed)
        settle_briefed([item.visit], at=at, by=by)
    return item


@transaction.atomic
def remove_item(item: ChecklistItem, *, at: datetime, by: User | None) -> None:
    """Take it out: it need not be ready. The brief shows it no longer."""
    visit = item.visit
    record(item, "remove_checklist_item", at=at, by=by)
    item.delete()
    settle_briefed([visit], at=at, by=by)


def _worded(text: str) -> str:
    words = clean_line(text)
    if not words:
        raise ValidationError(_("Say what has to be ready."), code="text")
    return words


@transaction.atomic
def tick_item(
    item: ChecklistItem, *, done: bool, at: datetime, by: User | None = None, actor: str = ""
) -> bool:
    """Say that a preparation is done, or not yet; whether that is new. The brief shows it."""
    if item.done == done:
        return False
    item.done = done
    item.save(update_fields=["done"])
    record(item, "tick_checklist", at=at, by=by, actor=actor, fields=["done"])
    settle_briefed([item.visit], at=at, by=by, actor=actor)
    return True
