"""The top of the first page: city and reference, what it is, when, and what a reader must know."""

from reportlab.platypus import Flowable

from visits.briefs import styles
from visits.briefs.edition import Edition, Fact, Imprint
from visits.briefs.flow import Cell, Grid
from visits.briefs.maps import TourMap
from visits.briefs.paper import Paper
from visits.briefs.picture import Code, StateLine
from visits.briefs.styles import STYLES
from visits.briefs.tags import Tag
from visits.briefs.text import Text, line, put, text, width_of

# How many letters a value of the first page may have: the first of these that all fit with.
LONGEST_VALUES = (420, 280, 180, 120, 80, 50, 30)
LONGEST_TITLES = (90, 70, 50, 40, 30, 20)
LONGEST_NOTICE = 260
SIDE = 158.0


class Masthead(Flowable):
    """City and reference between two rules, then state, mode and edition, then both times."""

    def __init__(self, edition: Edition, imprint: Imprint, tag: Tag):
        super().__init__()
        self.edition, self.imprint = edition, imprint
        self.eyebrow = text(edition.name, "eyebrow", tag.child("P"))
        self.title_tag = tag.child("H1")
        self.reference = line(edition.ref, 14)
        self.reference_tag = tag.child("P")
        self.state_tag = tag.child("P")
        self.notice: Text | None = None
        if edition.notice:
            self.notice = text(line(edition.notice, LONGEST_NOTICE), "notice", tag.child("P"))
        self.when = text(edition.when, "lead", tag.child("P"))
        self.when_home = (
            text(edition.when_home, "sublead", tag.child("P")) if edition.when_home else None
        )
        self.parts: list[tuple[Text, float]] = []

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = available_width
        self.room = available_width - width_of(self.reference, STYLES["reference"]) - 24
        height = self.eyebrow.wrap(available_width, 0)[1] + 6
        self.title = self._title(self.room)
        height += self.title.height + 13
        height += 22
        if self.notice:
            height += self.notice.wrap(available_width - 14, 0)[1] + 16
        height += self.when.wrap(available_width, 0)[1]
        if self.when_home:
            height += self.when_home.wrap(available_width, 0)[1]
        self.height = height + 8
        return available_width, self.height

    def _title(self, room: float) -> Text:
        """The city on two lines at most; a longer name stands in full in the text."""
        for limit in LONGEST_TITLES:
            title = text(line(self.edition.city, limit), "title", self.title_tag)
            if title.wrap(room, 0)[1] <= 2 * title.style.leading:
                break
        return title

    def draw(self) -> None:
        canvas, y = self.canv, self.height
        y = self._place(self.eyebrow, y) - 6
        with canvas.decoration():
            canvas.setStrokeColor(styles.INK)
            canvas.setLineWidth(1.4)
            canvas.line(0, y + 2, self.width, y + 2)
        y -= 4
        top = y
        y = self._place(self.title, y)
        canvas.begin_mark(self.reference_tag)
        style = STYLES["reference"]
        put(canvas, self.width, top - style.leading + 8.3, self.reference, "reference",
            align="right")  # fmt: skip
        canvas.end_mark()
        y -= 9
        with canvas.decoration():
            canvas.setStrokeColor(styles.INK)
            canvas.setLineWidth(0.5)
            canvas.line(0, y + 4, self.width, y + 4)
        y = self._draw_state(y - 9) - 13
        if self.notice:
            y = self._draw_notice(self.notice, y)
        y = self._place(self.when, y)
        if self.when_home:
            self._place(self.when_home, y)

    def _place(self, part: Text, y: float, x: float = 0.0) -> float:
        part.drawOn(self.canv, x, y - part.height)
        return y - part.height

    def _draw_state(self, y: float) -> float:
        canvas = self.canv
        canvas.begin_mark(self.state_tag)
        used = StateLine(self.edition.state).draw(canvas, 0, y)
        put(canvas, used + 14, y, _mode_line(self.edition), "value")
        right = " · ".join(part for part in (self.imprint.version_line, self.imprint.built_line))
        put(canvas, self.width, y, right, "cell-quiet", align="right")
        canvas.end_mark()
        return y

    def _draw_notice(self, notice: Text, y: float) -> float:
        canvas = self.canv
        height = notice.height + 8
        with canvas.decoration():
            canvas.setFillColor(styles.RED)
            canvas.rect(0, y - height, 3, height, stroke=0, fill=1)
        notice.drawOn(canvas, 12, y - height + 4)
        return y - height - 8


class Overview(Flowable):
    """The essentials at the left, the map of the place and the code to the page at the right.

    Whatever is known, it fits into `room`: long values are cut, their sections hold the whole.
    """

    def __init__(self, edition: Edition, tag: Tag, paper: Paper, room: float):
        super().__init__()
        # Values of the first page begin where the text of all sections begins.
        width, labels = paper.full - SIDE - 24, paper.hang
        for limit in LONGEST_VALUES:
            self.facts = facts_grid(edition.essentials, tag, width, limit=limit, labels=labels)
            if self.facts.wrap(width, 0)[1] <= room:
                break
        self.map = None
        if edition.tour and edition.tour.marks:
            figure = tag.child("Figure", alt=edition.tour.description)
            self.map = TourMap(edition.tour, figure, SIDE, 136.0)
        self.code = None
        self.link: tuple[Text, ...] = ()
        if edition.link:
            self.code = Code(edition.link, tag.child("Figure", alt=edition.link_label), 54.0)
            self.link = (
                text(edition.link_label, "small", tag.child("P")),
                text(edition.link, "small", tag.child("P"), links=True),
            )

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = available_width
        left = self.facts.wrap(available_width - SIDE - 24, 0)[1]
        right = self.map.height + 10 if self.map else 0.0
        if self.code:
            for part in self.link:
                part.wrap(SIDE - 64, 0)
            right += max(56.0, sum(part.height for part in self.link))
        self.height = max(left, right)
        return self.width, self.height

    def draw(self) -> None:
        canvas = self.canv
        self.facts.drawOn(canvas, 0, self.height - self.facts.height)
        x, y = self.width - SIDE, self.height
        if self.map:
            self.map.drawOn(canvas, x, y - self.map.height)
            y -= self.map.height + 10
        if self.code:
            self.code.wrap(0, 0)
            self.code.drawOn(canvas, x, y - self.code.height)
            for part in self.link:
                part.drawOn(canvas, x + 64, y - part.height)
                y -= part.height


def facts_grid(
    facts: tuple[Fact, ...], tag: Tag, width: float, *, limit: int = 0, labels: float = 92.0
) -> Grid:
    """Labelled values as rows; with a `limit` no value is longer than so many letters."""
    table = tag.child("Table")
    rows = []
    for fact in facts:
        row = table.child("TR")
        label = text(fact.label, "label", row.child("TH", scope="Row"))
        value = line(fact.value, limit) if limit else fact.value
        rows.append((Cell((label,)), Cell((text(value, "value", row.child("TD"), links=True),))))
    return Grid((labels, width - labels), rows, pad=2.2, after=8)


def _mode_line(edition: Edition) -> str:
    return " · ".join(line(part, 60) for part in (edition.mode, edition.country) if part)
