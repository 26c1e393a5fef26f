"""Hosts down, days across: where blocks of time lie on a timetable drawn to scale.

Takes local datetimes, gives coordinates; templates/components/plan_grid.html draws them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from crm import wording

DAY = 54
BAR = 14
GAP = 8
# The words of a visit stand in the column of its day, reference above city, under the words of
# others that reach there; static/css/time.css knows the heights of lanes with one to LEVELS words.
LINE, INDENT, LEVELS = 14, 3, 5
LOWEST_LANE, WORDS = 72, 2 * LINE
# Blocks as high as their lane, under all others.
WHOLE = ("away", "lock")
# Moments drawn as a mark of their own, and half its width: the drawing ends at its last day.
MARKS, HALF_MARK = ("night", "home"), 6
# How wide a letter of them is at most, on average, how far a name may be squeezed to stay in its
# column, and how narrow a bar may get.
LETTER, SQUEEZE, SHORTEST = 6.8, 0.8, 6.0

# A board on one A3 sheet, in pixels: the room of the sheet, the part of its height a board may take
# before the lists go beside it, and how wide these are; what stands beside and above the drawing;
# how small and large it may be printed, in per cent.
PAPER_WIDTH, PAPER_HEIGHT, BENEATH, BESIDE = 1510, 860, 0.6, 330
HOSTS, HEADS = 129, 37
SMALLEST, LARGEST, STEP = 60, 160, 2


@dataclass(frozen=True)
class Block:
    """A span of one host's time, in that host's row.

    `kind` is "visit", "travel", "night", "home", "away" or "lock". `start` and `end` are datetimes
    of one time zone (the row's home zone), `words` the whole thing in a sentence. `is_tentative`
    draws a held visit or an estimated leg dashed, `is_pinned` marks a visit that stays where it is;
    one that `can_move` may be dragged elsewhere, from its `place` as a form would name it. One that
    `is_beside` the plan takes the host's time and is none of its visits.
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
    can_move: bool = False
    place: str = ""
    is_beside: bool = False


@dataclass(frozen=True)
class Row:
    """One host and what fills the days; `key` is how others call this host."""

    label: str
    blocks: Sequence[Block] = field(default=())
    note: str = ""
    key: str = ""


@dataclass(frozen=True)
class Day:
    """One column; `note` says why the day is hard, and what was decided about it.

    A closed day is hatched, a day with a decision carries a mark.
    """

    date: date
    note: str = ""
    is_today: bool = False
    is_closed: bool = True
    is_marked: bool = False


class Column(NamedTuple):
    x: float
    width: float
    letter: str
    number: int
    note: str
    is_weekend: bool
    is_today: bool
    date: date
    is_closed: bool
    is_marked: bool


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
    can_move: bool
    place: str
    is_beside: bool = False
    # Where the words stand and how wide they are, and where the reference does, which never leaves
    # its column; the city as far as it fits, and its width where it is squeezed to that.
    words_x: float = 0
    sub_x: float = 0
    words_y: float = 0
    room: float = 0
    city: str = ""
    squeezed: float = 0

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def city_y(self) -> float:
        return self.words_y + LINE


class Lane(NamedTuple):
    label: str
    note: str
    boxes: tuple[Box, ...]
    bottom: float
    levels: int
    key: str = ""
    top: float = 0

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Timetable(NamedTuple):
    columns: tuple[Column, ...]
    lanes: tuple[Lane, ...]
    width: float
    height: float

    @property
    def is_high(self) -> bool:
        """Whether it would leave no room beneath on one A3 sheet, so that what goes with it is
        printed beside it."""
        wide = min(PAPER_WIDTH / (HOSTS + self.width), LARGEST / 100)
        return wide * (HEADS + self.height) > PAPER_HEIGHT * BENEATH

    @property
    def on_paper(self) -> int:
        """How large it is printed, in per cent, in steps that static/css/print.css knows."""
        wide = (PAPER_WIDTH - BESIDE * self.is_high) / (HOSTS + self.width)
        high = PAPER_HEIGHT / (HEADS + self.height)
        percent = 100 * min(wide, high)
        return int(min(max(percent, SMALLEST), LARGEST)) // STEP * STEP


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
    hours is cut at the edge, and what lies on days that are not shown is left out.
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
            day.date,
            bool(day.note) and day.is_closed,
            day.is_marked,
        )
        for day in days
    )

    def x_of(moment: datetime) -> float:
        if moment.date() not in place:
            return sum(shown < moment.date() for shown in place) * day_width
        hour = moment.hour + moment.minute / 60
        part = min(max((hour - opens) / (closes - opens), 0.0), 1.0)
        return place[moment.date()] + part * day_width

    lanes: list[Lane] = []
    edge = len(days) * day_width
    for row in rows:
        top = lanes[-1].bottom if lanes else 0
        boxes = [
            _box(block, *_ends(block, x_of(block.start), x_of(block.end), edge), top)
            for block in sorted(row.blocks, key=_painting_order)
            if any(block.start.date() <= shown <= block.end.date() for shown in place)
        ]
        placed, levels = _with_words(boxes, day_width, edge)
        lanes.append(_lane(row, placed, levels, top))
    return Timetable(columns, tuple(lanes), edge, lanes[-1].bottom if lanes else 0)


def _ends(block: Block, x: float, right: float, edge: float) -> tuple[float, float]:
    """Where the block is drawn: as it lies, a mark as far inside the drawing as it is whole."""
    if block.kind not in MARKS:
        return x, right
    x = min(max(x, HALF_MARK), edge - HALF_MARK)
    return x, x


def _lane(row: Row, boxes: list[Box], levels: int, top: float) -> Lane:
    bottom = top + max(LOWEST_LANE, GAP + BAR + GAP + levels * WORDS)
    whole = [box._replace(height=bottom - top) if box.kind in WHOLE else box for box in boxes]
    return Lane(row.label, row.note, tuple(whole), bottom, levels, row.key, top)


def _with_words(boxes: list[Box], day_width: float, edge: float) -> tuple[list[Box], int]:
    """The boxes, each visit with its words, and how many words stand above each other at most.

    Words begin at the left of their day's column, on the highest level where nothing else is
    said. A name a little too long is squeezed into the column, a longer one runs into the next, at
    the edge of the drawing into the one before; on the last level they are cut where the next ones
    begin.
    """
    ends: list[float] = []
    spoken = list(boxes)
    last: dict[int, int] = {}
    for place, box in sorted(enumerate(boxes), key=lambda pair: (pair[1].x, pair[0])):
        if box.kind != "visit":
            continue
        room, squeezed = _room(box, day_width - INDENT, edge - INDENT)
        own = box.x // day_width * day_width + INDENT
        x = min(own, edge - room)
        level = next((number for number, end in enumerate(ends) if end <= x), len(ends))
        if level == LEVELS:
            level = LEVELS - 1
            before = last[level]
            spoken[before] = _cut(spoken[before], max(x - spoken[before].words_x, 0.0))
        if level == len(ends):
            ends.append(0.0)
        ends[level], last[level] = x + room, place
        y = box.y + BAR + level * WORDS + LINE - 2
        spoken[place] = box._replace(
            words_x=x, sub_x=own, words_y=y, room=room, city=box.title, squeezed=squeezed
        )
    return spoken, len(ends)


def _room(box: Box, column: float, rest: float) -> tuple[float, float]:
    """How wide the words are, and the width their city is squeezed to, if it is."""
    needed = max(len(box.sub), len(box.title)) * LETTER
    if needed > column >= needed * SQUEEZE:
        return column, column - INDENT
    return (rest, rest - INDENT) if needed > rest else (needed, 0.0)


def _cut(box: Box, room: float) -> Box:
    """The box with its city cut to `room`."""
    letters = max(int(room / LETTER) - 1, 0)
    return box._replace(room=min(room, box.room), city=f"{box.title[:letters]}…", squeezed=0)


def _painting_order(block: Block) -> tuple[bool, datetime]:
    # What hatches a day lies under what happens on it.
    return block.kind not in WHOLE, block.start


def _box(block: Block, x: float, right: float, top: float) -> Box:
    # A short visit still has to be seen; its words are what a finger meets.
    width = max(right - x, SHORTEST) if block.kind == "visit" else right - x
    y, height = (top, LOWEST_LANE) if block.kind in WHOLE else (top + GAP, BAR)
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
        block.can_move,
        block.place,
        block.is_beside,
    )
