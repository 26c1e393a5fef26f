"""The building blocks of a page: section heads that hang in the left column, and rows of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable

from visits.briefs import styles
from visits.briefs.paper import Paper
from visits.briefs.styles import RULE, STEP
from visits.briefs.tags import Tag
from visits.briefs.text import Text, put, text

HEAD_GAP = 7.0
# A table no taller than this stays on one page.
SHORT = 132.0


class SectionHead(Flowable):
    """A hairline over the whole page, and the title in the left column beside the text."""

    def __init__(self, title: str, tag: Tag, paper: Paper, *, bookmark: str, level: int = 0):
        super().__init__()
        self.title, self.tag, self.paper = title, tag, paper
        self.bookmark, self.level = bookmark, level
        self.words = text(title, "section", tag)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.words.wrap(self.paper.titles, available_height)
        return available_width, HEAD_GAP

    @property
    def depth(self) -> float:
        """How far the title reaches below the rule."""
        self.words.wrap(self.paper.titles, 0)
        return HEAD_GAP + self.words.height

    def draw(self) -> None:
        canvas = self.canv
        shift = self.paper.hang
        with canvas.decoration():
            canvas.setStrokeColor(styles.INK)
            canvas.setLineWidth(0.5)
            canvas.line(-shift, HEAD_GAP, self.paper.text, HEAD_GAP)
        canvas.bookmarkHorizontalAbsolute(self.bookmark, self._top())
        canvas.addOutlineEntry(self.title, self.bookmark, self.level, closed=False)
        self.words.drawOn(canvas, -shift, -self.words.height + 1)

    def _top(self) -> float:
        return self.canv.absolutePosition(0, HEAD_GAP)[1] + 12


@dataclass(frozen=True, slots=True)
class Cell:
    """The paragraphs of one cell of a row."""

    parts: tuple[Text, ...]

    def height(self, width: float) -> float:
        total = 0.0
        for number, part in enumerate(self.parts):
            total += part.wrap(width, 0)[1]
            if number < len(self.parts) - 1:
                total += part.style.after
        return total

    def split(self, width: float, height: float) -> "tuple[Cell, Cell]":
        """What of the cell fits into `height`, and the rest."""
        above: list[Text] = []
        left = height
        for number, part in enumerate(self.parts):
            needed = part.wrap(width, 0)[1]
            if needed <= left:
                above.append(part)
                left -= needed + part.style.after
                continue
            pieces = part.split(width, left)
            rest = self.parts[number + 1 :]
            if len(pieces) == 2:
                return Cell((*above, pieces[0])), Cell((pieces[1], *rest))
            return Cell(tuple(above)), Cell((part, *rest))
        return self, Cell(())

    def draw(self, canvas: Any, x: float, top: float) -> None:
        for part in self.parts:
            top -= part.height
            part.drawOn(canvas, x, top)
            top -= part.style.after


Row = tuple[Cell, ...]


class Grid(Flowable):
    """Rows of cells under optional column titles; splits between rows, and within one too tall.

    `boxes` holds one truth value per row to draw a box to tick in front of it, ticked or not.
    """

    def __init__(
        self,
        widths: Sequence[float],
        rows: Sequence[Row],
        *,
        head: Row | None = None,
        ruled: bool = True,
        pad: float = 3.0,
        boxes: Sequence[bool | None] | None = None,
        again: bool = False,
        after: float = 8.0,
    ):
        super().__init__()
        self.widths, self.rows, self.head = list(widths), list(rows), head
        self.ruled, self.pad, self.again, self.after = ruled, pad, again, after
        self.boxes = list(boxes) if boxes is not None else None
        self._heights: list[float] = []
        self._head_height = 0.0

    def loosen(self, air: float) -> None:
        """Multiply the space around its rows."""
        self.pad, self.after = self.pad * air, self.after * air

    def getSpaceAfter(self) -> float:
        return self.after

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self._head_height = self._height(self.head) if self.head else 0.0
        self._heights = [self._height(row) for row in self.rows]
        self.width = sum(self.widths)
        self.height = self._head_height + sum(self._heights)
        return self.width, self.height

    def _height(self, row: Row) -> float:
        tallest = max(
            cell.height(width - self._gutter(number))
            for number, (cell, width) in enumerate(zip(row, self.widths, strict=True))
        )
        return tallest + self.pad * (2 if self.ruled else 1)

    def _gutter(self, number: int) -> float:
        return 0.0 if number == len(self.widths) - 1 else 10.0

    def least_height(self) -> float:
        """The room its first page needs: all of a short table, else the titles and two rows."""
        self.wrap(0, 0)
        if self.height <= SHORT:
            return self.height
        rows = self._heights[:2]
        return self._head_height + sum(min(height, 60.0) for height in rows)

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        self.wrap(available_width, available_height)
        room = available_height - self._head_height
        fits = 0
        for height in self._heights:
            if height > room:
                break
            room -= height
            fits += 1
        if fits == len(self.rows):
            return [self]
        if self._is_tall(fits):
            return self._split_row(fits, room)
        if fits < max(1, min(2, len(self.rows) - 1)):
            return []
        return [self._part(0, fits), self._part(fits, len(self.rows), again=True)]

    def _is_tall(self, number: int) -> bool:
        """Whether the row is so tall that moving it whole would tear a hole into the page."""
        return self._heights[number] > 220

    def _split_row(self, number: int, room: float) -> list[Flowable]:
        inner = room - self.pad * (2 if self.ruled else 1)
        if inner < 30:
            if not number:
                return []
            return [self._part(0, number), self._part(number, len(self.rows), again=True)]
        halves = [
            cell.split(width - self._gutter(column), inner)
            for column, (cell, width) in enumerate(zip(self.rows[number], self.widths, strict=True))
        ]
        above, below = tuple(h[0] for h in halves), tuple(h[1] for h in halves)
        first = self._part(0, number)
        first.rows.append(above)
        second = self._part(number + 1, len(self.rows), again=True)
        second.rows.insert(0, below)
        if self.boxes is not None and first.boxes is not None and second.boxes is not None:
            first.boxes.append(self.boxes[number])
            second.boxes.insert(0, None)
        return [first, second]

    def _part(self, first: int, last: int, *, again: bool = False) -> "Grid":
        return Grid(
            self.widths,
            self.rows[first:last],
            head=self.head,
            ruled=self.ruled,
            pad=self.pad,
            boxes=self.boxes[first:last] if self.boxes is not None else None,
            again=again or self.again,
            after=self.after,
        )

    def draw(self) -> None:
        canvas, y = self.canv, self.height
        lines: list[float] = []
        if self.head:
            if self.again:
                canvas.begin_mark(None)
            self._draw_row(self.head, y)
            if self.again:
                canvas.end_mark()
            y -= self._head_height
            lines.append(y)
        for number, (row, height) in enumerate(zip(self.rows, self._heights, strict=True)):
            if self.boxes is not None and self.boxes[number] is not None:
                self._draw_box(y, bool(self.boxes[number]))
            self._draw_row(row, y)
            y -= height
            lines.append(y)
        if self.ruled:
            self._draw_rules(lines)

    def _draw_row(self, row: Row, top: float) -> None:
        x = 0.0
        for cell, width in zip(row, self.widths, strict=True):
            cell.draw(self.canv, x, top - self.pad)
            x += width

    def _draw_rules(self, lines: list[float]) -> None:
        canvas = self.canv
        with canvas.decoration():
            canvas.setStrokeColor(RULE)
            canvas.setLineWidth(0.4)
            canvas.lines([(0, y, self.width, y) for y in lines])

    def _draw_box(self, top: float, ticked: bool) -> None:
        canvas, side = self.canv, 7.2
        y = top - self.pad - 2.4 - side
        with canvas.decoration():
            canvas.setStrokeColor(styles.EDGE)
            canvas.setLineWidth(0.7)
            canvas.rect(0, y, side, side)
            if ticked:
                canvas.setStrokeColor(styles.ACCENT)
                canvas.setLineWidth(1.3)
                canvas.lines(
                    [(1.4, y + 3.6, 3.1, y + 1.7), (3.1, y + 1.7, side - 1.1, y + side - 1.4)]
                )


class Ruled(Flowable):
    """Empty lines for a pen."""

    def __init__(self, count: int, pitch: float = 20.0):
        super().__init__()
        self.count, self.pitch = count, pitch

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width, self.height = available_width, self.count * self.pitch + STEP
        return self.width, self.height

    def draw(self) -> None:
        with self.canv.decoration():
            self.canv.setStrokeColor(styles.EDGE)
            self.canv.setLineWidth(0.4)
            tops = [self.height - (number + 1) * self.pitch for number in range(self.count)]
            self.canv.lines([(0, y, self.width, y) for y in tops])


class Wide(Flowable):
    """Puts what it holds over the full width of the page instead of the text column."""

    def __init__(self, inner: Flowable, paper: Paper, after: float = 0.0):
        super().__init__()
        self.inner, self.paper, self.after = inner, paper, after

    def getSpaceAfter(self) -> float:
        return self.after

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width, self.height = self.inner.wrap(self.paper.full, available_height)
        return available_width, self.height

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        parts = self.inner.split(self.paper.full, available_height)
        if len(parts) < 2:
            return [self] if parts == [self.inner] else []
        return [
            *(Wide(part, self.paper) for part in parts[:-1]),
            Wide(parts[-1], self.paper, self.after),
        ]

    def draw(self) -> None:
        self.inner.drawOn(self.canv, -self.paper.hang, 0)


@dataclass(frozen=True, slots=True)
class Running:
    """The small lines at head and foot of a page."""

    head: str = ""
    mark: str = ""
    foot: str = ""


class Chapter(Flowable):
    """Sets the running lines for the pages from here on, with a bookmark; takes no room."""

    def __init__(self, running: Running, *, title: str, bookmark: str, level: int = 0):
        super().__init__()
        self.running, self.title = running, title
        self.bookmark, self.level = bookmark, level

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return 0.0, 0.0

    def draw(self) -> None:
        self.canv.running = self.running
        self.canv.bookmarkPage(self.bookmark)
        self.canv.addOutlineEntry(self.title, self.bookmark, self.level, closed=False)


def folio(canvas: Any, paper: Paper, y: float, left: str, right: str) -> None:
    """One small line at the foot or head of a page, at both margins."""
    put(canvas, paper.margin, y, left, "small")
    put(canvas, paper.width - paper.margin, y, right, "small", align="right")
