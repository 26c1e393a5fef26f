"""What a row of an imported file does or leaves, in words; for the page and the command."""

from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain.imports.headings import FIELDS
from crm.exports import as_text
from crm.models import ConsentRecord, ImportRow, Participation

SHOWN_LETTERS = 120
LABELS: dict[str, str | Promise] = {
    **FIELDS,
    "address": gettext_lazy("Mail address"),
}


class Change(NamedTuple):
    """One field of a row: what stood there, what the file says."""

    label: str
    old: str
    new: str

    @property
    def is_long(self) -> bool:
        """Whether the whole is folded away, so that a page of rows can be looked over."""
        return len(self.old) + len(self.new) > 2 * SHOWN_LETTERS

    @property
    def short_old(self) -> str:
        return Truncator(self.old).chars(SHOWN_LETTERS)

    @property
    def short_new(self) -> str:
        return Truncator(self.new).chars(SHOWN_LETTERS)


def changes_of(changes: dict[str, list[Any]]) -> list[Change]:
    return [
        Change(_label(name), _words(name, old), _words(name, new))
        for name, (old, new) in changes.items()
    ]


def part_words(row: ImportRow) -> str:
    """The part in the event that the row makes: "registered; Day 1: yes"; empty without one."""
    said = row.made.get("part")
    if not said:
        return ""
    # In the order of `applying.part_values`.
    status, *days = said[:4]
    told = [
        f"{_label(name)}: {_('yes') if came else _('no')}"
        for name, came in zip(("day_1", "day_2", "walk"), days, strict=True)
        if came is not None
    ]
    return "; ".join([_words("part.status", status), *told])


def _label(name: str) -> str:
    return str(LABELS.get(name.removeprefix("part."), name))


def _words(name: str, value: Any) -> str:
    if name == "newsletter":
        known = ConsentRecord.Status.values
        return str(ConsentRecord.Status(value).label) if value in known else _("never asked")
    if name == "part.status" and value in Participation.Status.values:
        return str(Participation.Status(value).label)
    return as_text(value, zone="UTC")
