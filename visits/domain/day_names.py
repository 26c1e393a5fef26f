"""What a day of the calendar is called in the reader's language.

The calendar's own rows are in English. A name we have no word for, such as one a coordinator typed,
is shown as it was written, in quotation marks.
"""

import re
from functools import cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm import fixture_files as files

MONDAY_AFTER = "Monday following "
DAY_IN_EXCHANGE = "Day off (substituted from "
WITH_NOTE = re.compile(
    r"(?P<name>.+) \((?P<note>observed|estimated|observed, estimated|closed by custom"
    r"|leave usually given|carnival|week (?P<week>\d+))\)"
)


def day_name(name: str) -> str:
    """`name`, the English name of a calendar day, in the active language."""
    language = get_language() or "en"
    if language.startswith("en"):
        return name
    translated = [_translated(part, language) for part in name.split("; ")]
    if all(translated):
        return "; ".join(translated)
    return _("“%(name)s”") % {"name": name}


def _translated(name: str, language: str) -> str:
    """One name with what is added to it by rule; empty when there is no word for it."""
    if known := _names().get(name, {}).get(language):
        return known
    if name.startswith(DAY_IN_EXCHANGE):
        return _("day off in exchange for a working day")
    if name.startswith(MONDAY_AFTER):
        base = _translated(name.removeprefix(MONDAY_AFTER), language)
        return _("Monday after: %(name)s") % {"name": base} if base else ""
    found = WITH_NOTE.fullmatch(name)
    base = _translated(found["name"], language) if found else ""
    return _noted(base, found["note"], found["week"]) if found and base else ""


def _noted(name: str, note: str, week: str | None) -> str:
    notes = {
        "observed": _("%(name)s (moved to this day)"),
        "estimated": _("%(name)s (date estimated)"),
        "observed, estimated": _("%(name)s (date estimated)"),
        "closed by custom": _("%(name)s (closed by custom)"),
        "leave usually given": _("%(name)s (leave usually given)"),
        # The word for the day says so already.
        "carnival": "%(name)s",
    }
    return notes.get(note, _("%(name)s (week %(week)s)")) % {"name": name, "week": week}


@cache
def _names() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in files.rows("calendar_names.csv")}
