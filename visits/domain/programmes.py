"""The programmes a visit may begin with, by its length, and each also with interpreting.

Interpreting cuts content by about 40 %: said twice, an item takes two thirds more time. So these
have fewer items, each with more minutes, and last as long as the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STEP = 5
FULL_DAY_FROM = 300
Title = TypeVar("Title")
Items = tuple[tuple[int, Promise], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A programme to begin with; minutes and titles, as in domain.md section 7."""

    key: str
    name: Promise
    items: Items


HALF_DAY: Items = (
    (15, _("Welcome")),
    (30, _("Lessons from the pilot cities")),
    (25, _("Your situation")),
    (10, _("Break")),
    (35, _("Topic with demonstration")),
    (30, _("Dilemmas")),
    (25, _("Barriers and next steps")),
    (10, _("Wrap-up")),
)
HALF_DAY_INTERPRETED: Items = (
    (15, _("Welcome")),
    (45, _("Lessons from the pilot cities")),
    (35, _("Your situation")),
    (15, _("Break")),
    (45, _("Topic with demonstration")),
    (15, _("Next steps")),
    (10, _("Wrap-up")),
)
ONLINE: Items = (
    (5, _("Welcome")),
    (20, _("Lessons from the pilot cities")),
    (15, _("Your situation")),
    (25, _("Topic with demonstration")),
    (15, _("Dilemmas")),
    (10, _("Next steps")),
)
ONLINE_INTERPRETED: Items = (
    (5, _("Welcome")),
    (25, _("Lessons from the pilot cities")),
    (20, _("Your situation")),
    (30, _("Topic with demonstration")),
    (10, _("Next steps")),
)
FULL_DAY: Items = (
    (20, _("Welcome")),
    (40, _("Lessons from the pilot cities")),
    (35, _("Your situation")),
    (15, _("Break")),
    (45, _("First topic with demonstration")),
    (25, _("Dilemmas")),
    (60, _("Lunch")),
    (45, _("Second topic with demonstration")),
    (25, _("Law, ethics and data")),
    (10, _("Break")),
    (30, _("Barriers and next steps")),
    (10, _("Wrap-up")),
)
FULL_DAY_INTERPRETED: Items = (
    (20, _("Welcome")),
    (60, _("Lessons from the pilot cities")),
    (50, _("Your situation")),
    (15, _("Break")),
    (60, _("Topic with demonstration")),
    (60, _("Lunch")),
    (40, _("Law, ethics and data")),
    (15, _("Break")),
    (30, _("Barriers and next steps")),
    (10, _("Wrap-up")),
)
TEMPLATES = {
    template.key: template
    for template in (
        Template("half_day", _("Half day"), HALF_DAY),
        Template("half_day_interpreted", _("Half day, with interpreting"), HALF_DAY_INTERPRETED),
        Template("online", _("Online"), ONLINE),
        Template("online_interpreted", _("Online, with interpreting"), ONLINE_INTERPRETED),
        Template("full_day", _("Full day"), FULL_DAY),
        Template("full_day_interpreted", _("Full day, with interpreting"), FULL_DAY_INTERPRETED),
    )
}


def template_for(minutes: int, *, is_online: bool, is_interpreted: bool) -> Template:
    """The template that suits a visit of that length, mode and interpreting."""
    if is_online:
        key = "online"
    else:
        key = "full_day" if minutes >= FULL_DAY_FROM else "half_day"
    return TEMPLATES[f"{key}_interpreted" if is_interpreted else key]


def fitted(template: Sequence[tuple[int, Title]], minutes: int) -> list[tuple[int, Title]]:
    """The items in proportion, in steps of five minutes, together never longer than `minutes`.

    Each item keeps five minutes at least; where they do not all find room, the shortest are left
    out. Raises ValueError below five minutes.
    """
    room = minutes // STEP
    if room < 1:
        raise ValueError("A programme needs five minutes.")
    longest_first = sorted(range(len(template)), key=lambda place: (-template[place][0], place))
    items = [template[place] for place in sorted(longest_first[:room])]
    whole = sum(length for length, _title in items)
    shares = [length * room / whole for length, _title in items]
    steps = [max(int(share), 1) for share in shares]
    while sum(steps) < room:
        rests = [share - step for share, step in zip(shares, steps, strict=True)]
        steps[_largest(rests)] += 1
    while sum(steps) > room:
        steps[_largest(steps)] -= 1
    return [(step * STEP, title) for step, (_length, title) in zip(steps, items, strict=True)]


def _largest(values: Sequence[float]) -> int:
    return max(range(len(values)), key=lambda place: (values[place], -place))
