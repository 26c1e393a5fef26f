"""Hosts down, days across: where blocks of time lie on a timetable drawn to scale.

Takes local datetimes, gives coordinates; templates/components/plan_grid.html draws them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from crm import wording

DAY = 54
LANE = 76
BAR = 14
GAP = 8
# The words of a visit stand under its bar, on the first of these lines that is free there.
LINES, LINE = 3, 15
# How wide a letter of them is at most, on average, and how narrow a bar may get.
LETTER, SHORTEST = 7.0, 6.0


@dataclass(frozen=True)
class Block:
    """A span of one host's time, in that host's row.

    `kind` is "visit", "travel", "night", "home" or "away". `start` and `end` are datetimes of one
    time zone (the row's home zone), `words` the whole thing in a sentence. `is_tentative` draws
    a held visit or an estimated leg dashed.
    """

    kind: str
    start: datetime
    end: datetime
    words: str
    title: str = ""
    sub: str = ""
    href: str = ""
    hue: str = "teal"
    key: str = ""
    is_tentative: bool = False
    is_pinned: bool = False


@dataclass(frozen=True)
class Row:
    """One host and what fills the days."""

    label: str
    blocks: Sequence[Block] = field(default=())
    note: str = ""


@dataclass(frozen=True)
class Day:
    """One column; `note` says why the day is hard."""

    date: date
    note: str = ""
    is_today: bool = False


class Column(NamedTuple):
    x: float
    width: float
    letter: str
    number: int
    note: str
    is_weekend: bool
    is_today: bool


class Box(NamedTuple):
    kind: str
    x: float
    y: float
    width: float
    height: float
    words: str
    title: str
    sub: str
    href: str
    hue: str
    key: str
    is_tentative: bool
    is_pinned: bool
    # Where the words stand, and where they have to end: the next words on that line, or the edge.
    words_x: float = 0
    words_y: float = 0
    room: float = 0

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def label(self) -> str:
        return f"{self.sub} {self.title}".strip()


class Lane(NamedTuple):
    label: str
    note: str
    boxes: tuple[Box, ...]
    bottom: float


class Timetable(NamedTuple):
    columns: tuple[Column, ...]
    lanes: tuple[Lane, ...]
    width: float
    height: float


def timetable(
    days: Sequence[Day],
    rows: Sequence[Row],
    *,
    day_width: float = DAY,
    opens: int = 6,
    closes: int = 21,
) -> Timetable:
    """Every block placed; each day shows the hours from `opens` to `closes`.

    Two visits of one host never overlap, so a row is one lane; what leaves the shown days or
    hours is cut at the edge.
    """
    place = {day.date: number * day_width for number, day in enumerate(days)}
    columns = tuple(
        Column(
            place[day.date],
            day_width,
            wording.weekday(day.date),
            day.date.day,
            day.note,
            day.date.weekday() >= 5,
            day.is_today,
        )
        for day in days
    )

    def x_of(moment: datetime) -> float:
        if moment.date() < days[0].date:
            return 0.0
        if moment.date() > days[-1].date:
            return len(days) * day_width
        hour = moment.hour + moment.minute / 60
        part = min(max((hour - opens) / (closes - opens), 0.0), 1.0)
        return place[moment.date()] + part * day_width

    lanes = []
    for number, row in enumerate(rows):
        top = number * LANE + GAP
        boxes = [
            _box(block, x_of(block.start), x_of(block.end), top)
            for block in sorted(row.blocks, key=_painting_order)
            if days and block.end.date() >= days[0].date and block.start.date() <= days[-1].date
        ]
        placed = _with_words(boxes, edge=len(days) * day_width)
        lanes.append(Lane(row.label, row.note, placed, (number + 1) * LANE))
    return Timetable(columns, tuple(lanes), len(days) * day_width, len(rows) * LANE)


def _with_words(boxes: list[Box], *, edge: float) -> tuple[Box, ...]:
    """The boxes, the words of each visit on a line under its bar where nothing else is said.

    Words that would leave the drawing are moved back inside it. Where every line is taken, the
    words go on the line that is free soonest and are cut where the next ones begin.
    """
    ends = [0.0] * LINES
    spoken: dict[int, Box] = {}
    for place, box in sorted(enumerate(boxes), key=lambda pair: (pair[1].x, pair[0])):
        if box.kind != "visit":
            continue
        needed = len(box.label) * LETTER
        wanted = max(min(box.x, edge - needed), 0.0)
        free = [line for line in range(LINES) if ends[line] <= wanted]
        line = free[0] if free else ends.index(min(ends))
        x = max(wanted, ends[line])
        ends[line] = x + needed
        spoken[place] = box._replace(
            words_x=round(x, 2),
            words_y=box.y + BAR + LINE * line + LINE - 2,
            room=round(max(min(needed, edge - x), 0.0), 2),
        )
    return tuple(spoken.get(place, box) for place, box in enumerate(boxes))


def _painting_order(block: Block) -> tuple[bool, datetime]:
    # What hatches a day lies under what happens on it.
    return block.kind != "away", block.start


def _box(block: Block, x: float, right: float, top: float) -> Box:
    # A short visit still has to be seen; its words are what a finger meets.
    width = max(right - x, SHORTEST) if block.kind == "visit" else right - x
    y, height = (top - GAP, LANE) if block.kind == "away" else (top, BAR)
    return Box(
        block.kind,
        round(x, 2),
        y,
        round(width, 2),
        height,
        block.words,
        block.title,
        block.sub,
        block.href,
        block.hue,
        block.key,
        block.is_tentative,
        block.is_pinned,
    )
