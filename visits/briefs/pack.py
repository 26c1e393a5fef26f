"""The trip pack: cover with map and itinerary, a sheet per day, contacts, and every brief."""

from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer

from visits.briefs import styles
from visits.briefs.document import GAP, MOST, Story, bind, block_story, brief_story, section_story
from visits.briefs.edition import DaySheet, Pack
from visits.briefs.flow import Chapter, Grid, Running, Wide
from visits.briefs.maps import TourMap
from visits.briefs.masthead import facts_grid
from visits.briefs.paper import A4, Paper
from visits.briefs.picture import DayLine
from visits.briefs.tags import Tag
from visits.briefs.text import Text, line, text

MAP_HEIGHT, LEAST_MAP = 236.0, 150.0


class CoverTitle(Flowable):
    """Whose trip and when, between two rules."""

    def __init__(self, pack: Pack, tag: Tag):
        super().__init__()
        self.parts: tuple[Text, ...] = (
            text(pack.name, "eyebrow", tag.child("P")),
            text(line(pack.host, 60), "title", tag.child("H1")),
            text(pack.span, "lead", tag.child("P")),
            text(pack.built_line, "cell-quiet", tag.child("P")),
        )

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width = available_width
        self.height = sum(part.wrap(available_width, 0)[1] for part in self.parts) + 34
        return self.width, self.height

    def draw(self) -> None:
        y = self.height
        eyebrow, title, span, built = self.parts
        y = self._place(eyebrow, y) - 4
        self._rule(y, 1.4)
        y = self._place(title, y - 6) - 5
        self._rule(y, 0.5)
        y = self._place(span, y - 7) - 2
        self._place(built, y)

    def _place(self, part: Text, y: float) -> float:
        part.drawOn(self.canv, 0, y - part.height)
        return y - part.height

    def _rule(self, y: float, width: float) -> None:
        with self.canv.decoration():
            self.canv.setStrokeColor(styles.INK)
            self.canv.setLineWidth(width)
            self.canv.line(0, y, self.width, y)


def render_pack(pack: Pack, paper: Paper = A4) -> bytes:
    """The PDF of a pack. The same pack on the same paper gives the same bytes."""
    with override(pack.language):
        root = Tag("Document")
        story = [*_cover(pack, root, paper), *_days(pack, root, paper)]
        _lead_to_briefs(story, {edition.ref for edition, _imprint in pack.briefs})
        for edition, imprint in pack.briefs:
            story.append(PageBreak())
            story += brief_story(edition, imprint, root, paper, prefix=f"{edition.ref}-")
        return bind(
            story,
            root,
            paper,
            title=f"{pack.ref} – {pack.name}",
            author=pack.author,
            language=pack.language,
            built_at=pack.built_at,
        ).pdf


def _lead_to_briefs(story: Story, refs: set[str]) -> None:
    """Cells that begin with the reference of a visit lead to its brief."""
    grids = [part for part in story if isinstance(part, Grid)]
    for words in (
        word for grid in grids for row in grid.rows for cell in row for word in cell.parts
    ):
        ref = words.value.partition(" ")[0]
        if ref in refs:
            words.lead_to(f"{ref}-top")


def _running(pack: Pack) -> Running:
    head = " · ".join((line(pack.host, 40), pack.ref, pack.name))
    return Running(head, line(pack.span, 60), _("Sample data") if pack.is_sample else "")


def _cover(pack: Pack, root: Tag, paper: Paper) -> Story:
    """The first page; its map gives way where all else would just not fit beside it."""
    part = root.child("Sect")
    top: Story = [Wide(CoverTitle(pack, part), paper, after=10)]
    tour = pack.tour if pack.tour and pack.tour.marks else None
    figure = part.child("Figure", alt=tour.description) if tour else None
    rest: Story = [facts_grid(pack.facts, part, paper.text)] if pack.facts else []
    rest += section_story(pack.itinerary, part, paper, prefix="pack-", level=1)
    rest += section_story(pack.contacts, part, paper, prefix="pack-", level=1)
    foot = text(pack.foot, "quiet", part.child("P"))
    rest += [CondPageBreak(foot.wrap(paper.text, 0)[1]), foot]
    if tour and figure:
        room = paper.body - GAP - _height(paper, [*top, *rest])
        height = room if LEAST_MAP <= room < MAP_HEIGHT else MAP_HEIGHT
        top += [TourMap(tour, figure, paper.text, height), Spacer(1, GAP)]
    return [Chapter(_running(pack), title=_("Itinerary"), bookmark="pack-top"), *top, *rest]


def _height(paper: Paper, parts: Story) -> float:
    """How much of a page these take below each other."""
    return sum(part.wrap(paper.text, 0)[1] + part.getSpaceAfter() for part in parts)


def _days(pack: Pack, root: Tag, paper: Paper) -> Story:
    """The day sheets, each whole on a page, short ones together."""
    if not pack.days:
        return []
    part = root.child("Sect")
    story: Story = [
        PageBreak(),
        Chapter(_running(pack), title=_("Day by day"), bookmark="pack-days"),
    ]
    for sheet in pack.days:
        story += _day(sheet, part, paper)
    return story


def _day(sheet: DaySheet, part: Tag, paper: Paper) -> Story:
    tag = part.child("Sect")
    heading = text(sheet.title, "day", tag.child("H2"))
    drawn: Story = [Wide(heading, paper, after=2)]
    for day in sheet.lines:
        drawn.append(Wide(DayLine(day, tag.child("Figure", alt=day.description)), paper, after=6))
    for block in sheet.blocks:
        drawn += block_story(block, tag, paper.text)
    needed = _height(paper, drawn)
    return [CondPageBreak(min(needed, MOST * paper.body)), *drawn, Spacer(1, 2 * GAP)]
