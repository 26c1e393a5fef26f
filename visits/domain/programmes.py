"""The programme a new visit begins with: the minutes of a template, fitted to the agreed length."""

from collections.abc import Sequence
from typing import TypeVar

STEP = 5
Title = TypeVar("Title")


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
