"""What has to be ready for a visit, ticked by the city or by us."""

from datetime import datetime

from django.db import transaction

from crm.domain.audit import record
from crm.models import User
from visits.domain.briefing import settle_briefed
from visits.models import ChecklistItem


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
