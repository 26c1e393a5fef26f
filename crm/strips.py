"""A strip of days for one place: what each day is, who is busy, what was wished, in words too."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm import wording

# What a day can carry. "busy" and "hard" rule it out, "soft" and "hold" only weigh.
KINDS = {
    "busy": _("busy"),
    "hard": _("closed there"),
    "soft": _("difficult there"),
    "hold": _("held"),
    "wish": _("wished"),
    "visit": _("visit"),
    "past": _("over"),
}


@dataclass(frozen=True)
class StripMark:
    """One thing about a day: `kind` of KINDS, `words` a person reads ("day of V09 Gdańsk")."""

    kind: str
    words: str | Promise = ""

    def __str__(self) -> str:
        return str(self.words or KINDS[self.kind])


@dataclass(frozen=True)
class StripDay:
    """One day of the strip; `href` makes it a link, `is_chosen` the one being talked about."""

    date: date
    marks: tuple[StripMark, ...] = field(default=())
    href: str = ""
    is_chosen: bool = False

    @property
    def letter(self) -> str:
        return wording.weekday(self.date)[:1].upper()

    @property
    def is_weekend(self) -> bool:
        return self.date.weekday() >= 5

    @property
    def starts_week(self) -> bool:
        return self.date.weekday() == 0

    @property
    def classes(self) -> str:
        """The kinds as class names, in the order of KINDS."""
        kinds = {mark.kind for mark in self.marks}
        names = [f"is-{kind}" for kind in KINDS if kind in kinds]
        if self.is_weekend:
            names.append("is-weekend")
        if self.is_chosen:
            names.append("is-chosen")
        return " ".join(names)

    @property
    def words(self) -> str:
        """The day as read aloud or shown on hover: "Tue 21 Feb: busy; day of V09 Gdańsk"."""
        said = "; ".join(str(mark) for mark in self.marks)
        day = wording.short_day(self.date)
        return f"{day}: {said}" if said else day


def working_days(days: Iterable[StripDay]) -> list[StripDay]:
    """Without Saturdays and Sundays, unless something other than "past" is on them."""
    return [
        day for day in days if not day.is_weekend or any(mark.kind != "past" for mark in day.marks)
    ]
