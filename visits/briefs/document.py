"""An edition becomes pages: edition -> story -> bytes. Nothing here asks a database or a clock."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageTemplate, Spacer

from visits.briefs import styles
from visits.briefs.edition import (
    Block,
    Checklist,
    Edition,
    Facts,
    Imprint,
    Items,
    Lines,
    Prose,
    Scan,
    Section,
    Table,
)
from visits.briefs.flow import (
    HEAD_GAP,
    Cell,
    Chapter,
    Grid,
    Ruled,
    Running,
    SectionHead,
    Wide,
    folio,
)
from visits.briefs.masthead import Masthead, Overview, facts_grid
from visits.briefs.paper import A4, Paper
from visits.briefs.picture import DayLine, Scanned
from visits.briefs.tags import Tag, TaggedCanvas
from visits.briefs.text import Text, line, shortened, text

Story = list[Flowable]
GAP = 10.0
# A last page with less than this share of text is not worth its paper: with `TIGHT` times the
# usual space between rows and sections it may not be needed.
LEAST, TIGHT = 0.25, 0.6
# What is taller than this share of a page begins where it comes, even when it should lie on one.
MOST = 0.87


def render(edition: Edition, imprint: Imprint, paper: Paper = A4) -> bytes:
    """The PDF of an edition. The same edition, imprint and paper give the same bytes."""
    with override(edition.language):
        bound = _bound(edition, imprint, paper)
        if bound.pages > 1 and bound.last_page < LEAST:
            tight = _bound(edition, imprint, replace(paper, air=TIGHT))
            if tight.pages < bound.pages:
                return tight.pdf
        return bound.pdf


def _bound(edition: Edition, imprint: Imprint, paper: Paper) -> "Bound":
    root = Tag("Document")
    return bind(
        brief_story(edition, imprint, root, paper),
        root,
        paper,
        title=f"{edition.ref} – {edition.name}",
        author=edition.author,
        language=edition.language,
        built_at=imprint.built_at,
    )


class Bound(NamedTuple):
    """A finished file, its number of pages, and the share of the last one that is used."""

    pdf: bytes
    pages: int
    last_page: float


def bind(
    story: Story,
    root: Tag,
    paper: Paper,
    *,
    title: str,
    author: str,
    language: str,
    built_at: datetime,
) -> Bound:
    """Set a story on pages."""
    styles.register_fonts()
    buffer = BytesIO()

    def make_canvas(file: Any, **options: Any) -> TaggedCanvas:
        canvas = TaggedCanvas(
            file, root=root, dress=partial(_dress, paper), is_grey=paper.is_grey, **options
        )
        canvas.date_as(built_at)
        return canvas

    document = BaseDocTemplate(
        buffer,
        pagesize=(paper.width, paper.height),
        title=line(title),
        author=line(author),
        subject="",
        creator="Municipality Outreach CRM",
        producer="ReportLab",
        invariant=1,
        pageCompression=1,
        allowSplitting=1,
        initialFontName=styles.REGULAR,
        lang=language,
    )
    frame = Frame(
        paper.margin + paper.hang,
        paper.bottom,
        paper.text,
        paper.body,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(id="page", frames=[frame]))
    document.build(story, canvasmaker=make_canvas)
    used = 1 - (frame._y - frame._y1p) / paper.body
    return Bound(buffer.getvalue(), document.page, used)


def brief_story(
    edition: Edition, imprint: Imprint, root: Tag, paper: Paper, *, prefix: str = ""
) -> Story:
    """The flowables of one brief, essentials first.

    With a `prefix` the brief is a part of something larger: its bookmarks carry the prefix and
    stand one level below its reference.
    """
    part = root.child("Sect")
    title = edition.ref if prefix else _("Essentials")
    above: Story = [Wide(Masthead(edition, imprint, part), paper, after=2)]
    if edition.day:
        figure = part.child("Figure", alt=edition.day.description)
        above.append(Wide(DayLine(edition.day, figure), paper, after=10))
    taken = sum(row.wrap(paper.text, paper.body)[1] + row.getSpaceAfter() for row in above)
    story: Story = [
        Chapter(_running(edition, imprint), title=title, bookmark=f"{prefix}top"),
        *above,
        Wide(Overview(edition, part, paper, paper.body - taken), paper, after=14 * paper.air),
    ]
    for section in edition.sections:
        scans = [scan for scan in edition.scans if scan.section == section.key]
        story += section_story(section, part, paper, scans, prefix=prefix, level=1 if prefix else 0)
    foot = text(edition.foot, "quiet", part.child("P"))
    return [*story, CondPageBreak(foot.wrap(paper.text, 0)[1]), foot]


def section_story(
    section: Section,
    part: Tag,
    paper: Paper,
    scans: Sequence[Scan] = (),
    *,
    prefix: str = "",
    level: int = 0,
) -> Story:
    """One section: its title beside the text, then its blocks and its codes."""
    tag = part.child("Sect")
    head = SectionHead(
        section.title, tag.child("H2"), paper, bookmark=f"{prefix}{section.key}", level=level
    )
    blocks: Story = []
    for block in section.blocks:
        blocks += block_story(block, tag, paper.text)
    for block in blocks:
        if isinstance(block, Grid):
            block.loosen(paper.air)
    blocks += [Scanned(scan, tag) for scan in scans]
    # A title of two lines needs as much room as its text has.
    height = sum(block.wrap(paper.text, 0)[1] + block.getSpaceAfter() for block in blocks)
    rest = [Spacer(1, head.depth - height)] if head.depth > height else []
    beginning = height if section.whole else least_height(blocks, paper.text)
    needed = HEAD_GAP + max(head.depth, min(beginning, MOST * paper.body))
    return [CondPageBreak(needed), head, *blocks, *rest, Spacer(1, GAP * paper.air)]


def block_story(block: Block, tag: Tag, width: float) -> Story:
    """One block of a section, set in a column of that width."""
    return DRAWN[type(block)](block, tag, width)


def least_height(blocks: Story, width: float) -> float:
    """The room that the beginning of a section needs, so that no title stands alone."""
    height = 0.0
    for block in blocks:
        whole = block.wrap(width, 0)[1] + block.getSpaceAfter()
        if isinstance(block, Grid):
            return height + block.least_height()
        if isinstance(block, Text) and block.style is not styles.STYLES["heading"]:
            return height + min(whole, 4 * block.style.leading)
        height += whole
    return height


def _facts(block: Facts, tag: Tag, width: float) -> Story:
    return [facts_grid(block.rows, tag, width)]


def _prose(block: Prose, tag: Tag, _width: float) -> Story:
    parts = [part for part in shortened(block.text).split("\n") if part.strip()] or [""]
    style = block.tone
    role = "BlockQuote" if style == "quote" else "P"
    heading = _heading(block.heading, tag)
    return [*heading, *(text(part, style, tag.child(role, spoken=block.spoken)) for part in parts)]


def _heading(words: str, tag: Tag) -> Story:
    return [CondPageBreak(58), text(words, "heading", tag.child("H3"))] if words else []


def _items(block: Items, tag: Tag, width: float) -> Story:
    listed = tag.list_child(numbered=block.numbered)
    rows = []
    for number, item in enumerate(block.items, 1):
        entry = listed.child("LI")
        sign = f"{number}." if block.numbered else "–"
        label = text(sign, "cell-quiet", entry.child("Lbl"))
        rows.append((Cell((label,)), Cell((text(item, "value", entry.child("LBody")),))))
    grid = Grid((17, width - 17 - 30), rows, ruled=False, pad=1.6)
    return [*_heading(block.heading, tag), grid]


def _checklist(block: Checklist, tag: Tag, width: float) -> Story:
    table = tag.child("Table")
    rows = []
    for item in block.items:
        row = table.child("TR")
        words = f"{item.text} – {item.note}" if item.note else item.text
        cells = (
            Cell((text("", "cell", None),)),
            Cell((text(words, "value", row.child("TH", scope="Row")),)),
            Cell((text(item.status, "cell-quiet", row.child("TD")),)),
        )
        rows.append(cells)
    widths = (16, width - 16 - 62, 62)
    grid = Grid(widths, rows, pad=2.6, boxes=[item.done for item in block.items])
    return [*_heading(block.heading, tag), grid]


def _table(block: Table, tag: Tag, width: float) -> Story:
    table = tag.child("Table")
    widths = _widths([column.share for column in block.columns], width)
    row = table.child("TR")
    head = tuple(
        Cell((text(column.title, "column", row.child("TH", scope="Column")),))
        for column in block.columns
    )
    rows = []
    for values in block.rows:
        row = table.child("TR")
        cells = zip(block.columns, values, strict=True)
        rows.append(
            tuple(
                Cell((text(value, "cell", row.child("TD", spoken=column.spoken), links=True),))
                for column, value in cells
            )
        )
    return [*_heading(block.heading, tag), Grid(widths, rows, head=head, pad=2.1)]


def _widths(shares: Sequence[float], width: float) -> list[float]:
    whole = sum(shares)
    return [width * share / whole for share in shares]


def _lines(block: Lines, tag: Tag, _width: float) -> Story:
    return [*_heading(block.heading, tag), Ruled(block.count)]


DRAWN: dict[type[Block], Callable[[Any, Tag, float], Story]] = {
    Facts: _facts,
    Prose: _prose,
    Items: _items,
    Checklist: _checklist,
    Table: _table,
    Lines: _lines,
}


def _running(edition: Edition, imprint: Imprint) -> Running:
    """Head and foot of every page of a brief: which one, its version, its warning."""
    head = " · ".join((line(edition.city, 40), line(edition.ref, 14), line(edition.name)))
    marks = [_("Sample data") if edition.is_sample else "", edition.notice]
    foot = line(" · ".join(mark for mark in marks if mark), 100)
    return Running(head, line(imprint.version_line), foot)


def _dress(
    paper: Paper, canvas: TaggedCanvas, running: Running | None, number: int, count: int
) -> None:
    running = running or Running()
    page = _("Page %(number)d of %(count)d") % {"number": number, "count": count}
    folio(canvas, paper, paper.height - 36, running.head, running.mark)
    folio(canvas, paper, 30, running.foot, page)
