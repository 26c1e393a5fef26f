"""Pictures drawn as paths: the day to scale, the shape of a state, the code to scan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.graphics.svgpath import SvgPath
from reportlab.platypus import Flowable

from crm.marks import SHAPES
from visits.briefs import styles
from visits.briefs.edition import Day, Scan, State, Stretch
from visits.briefs.styles import STYLES
from visits.briefs.tags import Tag
from visits.briefs.text import line, put, text, width_of


def draw_shape(canvas: Any, shape: str, x: float, y: float, size: float, colour: Any) -> None:
    """A state's shape of `crm.marks` in a square of `size` with its lower left corner at x, y."""
    canvas.saveState()
    canvas.translate(x, y + size)
    canvas.scale(size / 12, -size / 12)
    canvas.setFillColor(colour)
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(1.5)
    for element, attributes in SHAPES[shape]:
        filled = attributes["class"] == "fill"
        if element == "circle":
            place = (float(attributes["cx"]), float(attributes["cy"]), float(attributes["r"]))
            canvas.circle(*place, stroke=not filled, fill=filled)
        else:
            canvas.drawPath(_path(canvas, attributes["d"]), stroke=not filled, fill=filled)
    canvas.restoreState()


def _path(canvas: Any, drawing: str) -> Any:
    shape, path = SvgPath(drawing), canvas.beginPath()
    points = iter(shape.points)
    steps = (path.moveTo, path.lineTo, path.curveTo, path.close)
    for operator in shape.operators:
        count = (2, 2, 6, 0)[operator]
        steps[operator](*(next(points) for _ in range(count)))
    return path


@dataclass(frozen=True, slots=True)
class StateLine:
    """The state as shape and word, one line."""

    state: State

    def draw(self, canvas: Any, x: float, y: float) -> float:
        """Draw at the baseline `y`; returns the width used."""
        colour = styles.HUES[self.state.hue]
        draw_shape(canvas, self.state.shape, x, y - 1, 8.4, colour)
        canvas.setFillColor(colour)
        canvas.setFont(styles.STRONG, 9.4)
        word = line(self.state.word)
        canvas.drawString(x + 12.5, y, word)
        return 12.5 + width_of(word, STYLES["heading"])


class DayLine(Flowable):
    """The day to scale: journeys as thin bars, the programme as blocks, hours below and above."""

    HEIGHT = 58.0

    def __init__(self, day: Day, tag: Tag):
        super().__init__()
        self.day, self.tag = day, tag
        self.first, self.last = _day_bounds(day)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = available_width
        self.height = self.HEIGHT + (11 if self.day.home_zone else 0)
        return self.width, self.height

    def draw(self) -> None:
        canvas = self.canv
        canvas.begin_figure(self.tag, self.width, self.height)
        base = self.height - 34
        self._draw_hours(base)
        for stretch in self.day.stretches:
            self._draw_stretch(stretch, base)
        if self.day.home_zone:
            self._draw_home(base)
        canvas.end_mark()

    def _x(self, moment: datetime) -> float:
        whole = (self.last - self.first).total_seconds()
        return self.width * (moment - self.first).total_seconds() / whole

    def _hours(self) -> list[datetime]:
        hours, moment = [], self.first
        while moment <= self.last:
            hours.append(moment)
            moment += timedelta(hours=1)
        return hours

    def _draw_hours(self, base: float) -> None:
        canvas, hours = self.canv, self._hours()
        every = 1 if len(hours) <= 16 else 2
        canvas.setStrokeColor(styles.INK)
        canvas.setLineWidth(0.6)
        canvas.line(0, base, self.width, base)
        canvas.setLineWidth(0.4)
        canvas.lines([(self._x(hour), base, self._x(hour), base - 3) for hour in hours])
        zone = ZoneInfo(self.day.zone)
        for number, hour in enumerate(hours):
            if number % every == 0:
                words = hour.astimezone(zone).strftime("%H")
                put(canvas, self._x(hour), base - 12, words, "small", align=_align(number, hours))
        # The name of the zone stands under the scale, so that no hour is without one.
        put(canvas, 0, base - 22.5, self.day.zone_name, "small")

    def _draw_home(self, base: float) -> None:
        home = ZoneInfo(self.day.home_zone)
        words = f"{self.day.home_zone_name}: "
        spans = [
            f"{s.starts_at.astimezone(home):%H:%M}–{s.ends_at.astimezone(home):%H:%M}"
            for s in self.day.stretches
            if s.kind == "visit"
        ]
        put(self.canv, 0, base - 33.5, words + ", ".join(spans), "small")

    def _draw_stretch(self, stretch: Stretch, base: float) -> None:
        canvas = self.canv
        left, right = self._x(stretch.starts_at), self._x(stretch.ends_at)
        if stretch.kind == "journey":
            left, right = max(left, 0.0), min(right, self.width)
            canvas.setFillColor(styles.EDGE)
            canvas.rect(left, base, right - left, 3, stroke=0, fill=1)
            self._label(stretch.label, left, right, base + 7, "small", squeeze=False)
        elif stretch.kind == "visit":
            canvas.setFillColor(styles.ACCENT_SOFT)
            canvas.rect(left, base, right - left, 18, stroke=0, fill=1)
            canvas.setFillColor(styles.ACCENT)
            canvas.rect(left, base, right - left, 2.4, stroke=0, fill=1)
            times = (
                f"{stretch.starts_at.astimezone(ZoneInfo(self.day.zone)):%H:%M}–"
                f"{stretch.ends_at.astimezone(ZoneInfo(self.day.zone)):%H:%M}"
            )
            words = f"{times}  {line(stretch.label, 40)}".strip()
            room = self.width - width_of(words, STYLES["stretch"])
            put(canvas, max(0.0, min(left, room)), base + 23, words, "stretch")
        elif stretch.kind == "break":
            canvas.setFillColor(styles.PAPER)
            canvas.rect(left + 0.5, base + 2.4, right - left - 1, 15.6, stroke=0, fill=1)
        else:
            canvas.setStrokeColor(styles.PAPER)
            canvas.setLineWidth(1)
            canvas.line(right, base + 2.4, right, base + 18)
            if stretch.kind == "item":
                self._label(stretch.label, left, right, base + 7, "small", squeeze=True)

    def _label(
        self, words: str, left: float, right: float, y: float, style: str, *, squeeze: bool
    ) -> None:
        width = width_of(words, STYLES[style])
        if width <= right - left - 3:
            put(self.canv, (left + right) / 2, y, words, style, align="centre")
        elif not squeeze and left + width <= self.width:
            put(self.canv, left, y, words, style)


def _align(number: int, hours: list[datetime]) -> str:
    if number == 0:
        return "left"
    return "right" if number == len(hours) - 1 else "centre"


def _day_bounds(day: Day) -> tuple[datetime, datetime]:
    """Whole hours around the day: at least 08-18 local, journeys of that day included."""
    zone = ZoneInfo(day.zone)
    visits = [stretch for stretch in day.stretches if stretch.kind == "visit"] or list(
        day.stretches
    )
    date = visits[0].starts_at.astimezone(zone).date()
    early = datetime(date.year, date.month, date.day, 8, tzinfo=zone)
    late = datetime(date.year, date.month, date.day, 18, tzinfo=zone)
    opening = datetime(date.year, date.month, date.day, 0, tzinfo=zone)
    closing = opening + timedelta(hours=24)
    for stretch in day.stretches:
        early = min(early, max(stretch.starts_at.astimezone(zone), opening))
        late = max(late, min(stretch.ends_at.astimezone(zone), closing))
    early = early.replace(minute=0, second=0)
    if late.minute or late.second:
        late = (late + timedelta(hours=1)).replace(minute=0, second=0)
    return early, late


@lru_cache(maxsize=256)
def code_bars(value: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """A QR code: how many squares wide it is, and its bars as left square, row and length."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(value)
    code.make()
    bars = tuple(
        (left, row, length)
        for row, squares in enumerate(code.modules)
        for left, length in _runs(squares)
    )
    return code.getModuleCount(), bars


class Code(Flowable):
    """A QR code as squares."""

    def __init__(self, value: str, tag: Tag, side: float = 62.0):
        super().__init__()
        self.value, self.tag, self.side = value, tag, side

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = self.height = self.side
        return self.side, self.side

    def draw(self) -> None:
        count, bars = code_bars(self.value)
        box = self.side / count
        path = self.canv.beginPath()
        for left, row, length in bars:
            path.rect(left * box, self.side - (row + 1) * box, length * box, box)
        self.canv.begin_figure(self.tag, self.side, self.side)
        self.canv.setFillColor(styles.INK)
        self.canv.drawPath(path, stroke=0, fill=1)
        self.canv.end_mark()


class Scanned(Flowable):
    """A code, with what it is for and what it leads to in words beside it."""

    SIDE = 70.0

    def __init__(self, scan: Scan, tag: Tag):
        super().__init__()
        self.label = text(scan.label, "heading", tag.child("P"))
        self.said = text(scan.said, "quiet", tag.child("P"), links=True)
        self.code = Code(scan.value, tag.child("Figure", alt=scan.label), self.SIDE)

    def getSpaceAfter(self) -> float:
        return 8.0

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        beside = available_width - self.SIDE - 14
        self.code.wrap(self.SIDE, self.SIDE)
        self.words = sum(part.wrap(beside, 0)[1] for part in (self.label, self.said))
        self.width, self.height = available_width, max(self.SIDE, self.words) + 8
        return self.width, self.height

    def draw(self) -> None:
        top = self.height - 8
        self.code.drawOn(self.canv, 0, top - self.SIDE)
        for part in (self.label, self.said):
            part.drawOn(self.canv, self.SIDE + 14, top - part.height)
            top -= part.height


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for number, dark in enumerate([*row, False]):
        if dark and start is None:
            start = number
        elif not dark and start is not None:
            yield start, number - start
            start = None
