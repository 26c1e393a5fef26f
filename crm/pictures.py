"""Pictures drawn on the server: numbers in, coordinates out; templates/components draw them.

Every picture is made from the same rows as the table beside it, and every template adds a title
and that table as text alternative.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise

Text = str | Promise


class Stage(NamedTuple):
    """One step of a funnel: how many stand there, and where to see them."""

    label: Text
    count: int  # type: ignore[assignment]  # a tuple counts too; nobody asks that here
    href: str = ""
    hue: str = "slate"
    shape: str = "ring"


class Segment(NamedTuple):
    stage: Stage
    x: float
    width: float
    has_room: bool

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Funnel:
    """A bar 100 units wide; segments without anybody are listed but take no room."""

    segments: tuple[Segment, ...]
    total: int


def funnel(stages: Iterable[Stage]) -> Funnel:
    """The stages as one bar of segments, each at least 2.5 % wide when anybody stands there."""
    stages = tuple(stages)
    total = sum(stage.count for stage in stages)
    wanted = [max(100 * stage.count / total, 2.5) if stage.count else 0.0 for stage in stages]
    scale = 100 / sum(wanted) if total else 0
    segments, x = [], 0.0
    for stage, share in zip(stages, wanted, strict=True):
        width = share * scale
        segments.append(Segment(stage, round(x, 3), round(width, 3), width >= 4))
        x += width
    return Funnel(tuple(segments), total)


class Bar(NamedTuple):
    """One row of a bar chart; `words` replaces the bare number ("71 of 115")."""

    label: Text
    value: float
    href: str = ""
    hue: str = "teal"
    words: Text = ""
    target: float | None = None


class DrawnBar(NamedTuple):
    bar: Bar
    width: float
    target_x: float | None


def bars(rows: Sequence[Bar], maximum: float | None = None) -> list[DrawnBar]:
    """Rows with widths from 0 to 100, measured against `maximum` or the largest of them."""
    largest = maximum or max((max(row.value, row.target or 0) for row in rows), default=0) or 1
    return [
        DrawnBar(
            row,
            round(min(100.0, 100 * row.value / largest), 3),
            None if row.target is None else round(min(100.0, 100 * row.target / largest), 3),
        )
        for row in rows
    ]


def sparkline(values: Sequence[float], *, width: int = 120, height: int = 28) -> str:
    """The values as the `points` of a polyline inside width x height; "" for less than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = width / (len(values) - 1)
    inner = height - 4
    return " ".join(
        f"{place * step:.1f},{2 + inner - inner * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )
