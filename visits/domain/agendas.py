"""Building the programme of a visit: its items in order, always written as a whole.

Page and API hand over the items as they shall be. One function writes them, so an item that was
moved, one that was added and a template that was filled in are the same step, and each can be
taken back by writing the items that were there before.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.domain.audit import record
from crm.models import User
from crm.validators import clean_line
from visits.domain.briefing import settle_briefed
from visits.domain.programmes import TEMPLATES
from visits.models import AgendaItem, Visit

MOST_ITEMS, LONGEST_ITEM = 40, 600
LONGEST = {"title": 200, "speaker": 200, "room": 120, "plan_b": 500}


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it is typed; `can_be_dropped` when time is short."""

    title: str
    minutes: int
    speaker: str = ""
    room: str = ""
    plan_b: str = ""
    can_be_dropped: bool = False


def items_of(visit: Visit) -> list[Item]:
    """The programme as it is now."""
    return [
        Item(row.title, row.minutes, row.speaker, row.room, row.plan_b, row.can_be_dropped)
        for row in visit.agenda.all()
    ]


def mark(items: Iterable[Item]) -> str:
    """A short mark of these items; two equal marks mean that nothing was changed meanwhile."""
    text = json.dumps([asdict(item) for item in items])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def template_items(key: str) -> list[Item]:
    """The items of a template. Titles are stored in English; each reader gets their own."""
    with override(settings.LANGUAGE_CODE):
        return [Item(str(title), minutes) for minutes, title in TEMPLATES[key].items]


def check_items(items: Sequence[Item]) -> None:
    """Raise ValidationError with every fault, each naming its item."""
    faults = []
    if len(items) > MOST_ITEMS:
        faults.append(_("A programme holds %(most)d items at most.") % {"most": MOST_ITEMS})
    for number, item in enumerate(items, 1):
        if not item.title.strip():
            faults.append(_("Item %(number)d needs a title.") % {"number": number})
        if not 1 <= item.minutes <= LONGEST_ITEM:
            words = _("Item %(number)d lasts 1 to %(most)d minutes.")
            faults.append(words % {"number": number, "most": LONGEST_ITEM})
        for name, most in LONGEST.items():
            if len(clean_line(getattr(item, name))) > most:
                words = _("Item %(number)d: “%(field)s” takes %(most)d letters at most.")
                label = AgendaItem._meta.get_field(name).verbose_name  # type: ignore[union-attr]
                faults.append(words % {"number": number, "field": label, "most": most})
    if faults:
        raise ValidationError(faults, code="programme")


@transaction.atomic
def set_programme(
    visit: Visit,
    items: Iterable[Item],
    *,
    at: datetime,
    by: User | None,
    seen: str = "",
) -> list[Item]:
    """Let the programme be these items, in this order; what it was before.

    Raises ValidationError when an item is not one, and when the programme is no longer the one
    whose `mark` the editor has `seen`. When a kept brief is untrue by this, the visit is no longer
    briefed.
    """
    wanted, before = list(items), items_of(visit)
    if seen and seen != mark(before):
        raise ValidationError(
            _("Somebody else changed the programme meanwhile; below it is as you typed it."),
            code="changed_meanwhile",
        )
    check_items(wanted)
    if wanted == before:
        return before
    visit.agenda.all().delete()
    AgendaItem.objects.bulk_create(
        AgendaItem(visit=visit, order=order, is_sample=visit.is_sample, **_cleaned(item))
        for order, item in enumerate(wanted, 1)
    )
    record(visit, "set_programme", at=at, by=by, fields=["agenda"])
    settle_briefed([visit], at=at, by=by)
    return before


def _cleaned(item: Item) -> dict:
    return {
        name: clean_line(value) if isinstance(value, str) else value
        for name, value in asdict(item).items()
    }
