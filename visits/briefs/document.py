"""An edition becomes pages: edition -> story -> bytes. Nothing here asks a database or a clock."""

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

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
    Section,
    Table,
)
from visits.briefs.flow import Cell, Chapter, Grid, Ruled, SectionHead, Wide, folio
from visits.briefs.masthead import Masthead, Overview, facts_grid
from visits.briefs.picture import DayLine
from visits.briefs.tags import Tag, TaggedCanvas
from visits.briefs.text import line, text

Story = list[Flowable]
GAP = 13.0


def render(edition: Edition, imprint: Imprint) -> bytes:
    """The PDF of an edition. The same edition and imprint give the same bytes."""
    with override(edition.language):
        root = Tag("Document")
        story = brief_story(edition, imprint, root)
        return bind(
            story,
            root,
            title=f"{edition.ref} – {edition.name}",
            author=edition.author,
            language=edition.language,
            built_at=imprint.built_at,
        )


def bind(
    story: Story, root: Tag, *, title: str, author: str, language: str, built_at: datetime
) -> bytes:
    """Set a story on pages and return the file."""
    styles.register_fonts()
    buffer = BytesIO()

    def make_canvas(file: Any, **options: Any) -> TaggedCanvas:
        canvas = TaggedCanvas(file, root=root, dress=_dress, **options)
        canvas.date_as(built_at)
        return canvas

    document = BaseDocTemplate(
        buffer,
        pagesize=(styles.PAGE_WIDTH, styles.PAGE_HEIGHT),
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
        styles.TEXT_LEFT,
        styles.BOTTOM,
        styles.TEXT,
        styles.PAGE_HEIGHT - styles.TOP - styles.BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(id="page", frames=[frame]))
    document.build(story, canvasmaker=make_canvas)
    return buffer.getvalue()


def brief_story(
    edition: Edition, imprint: Imprint, root: Tag, *, prefix: str = "", level: int = 0
) -> Story:
    """The flowables of one brief, essentials first."""
    part = root.child("Sect")
    title = f"{edition.ref} – {line(edition.city, 60)}" if level else _("Essentials")
    story: Story = [
        Chapter(
            (edition, imprint), title=title, bookmark=f"{prefix}top", level=level and level - 1
        ),
        Wide(Masthead(edition, imprint, part), after=12),
    ]
    if edition.day:
        figure = part.child("Figure", alt=edition.day.description)
        story.append(Wide(DayLine(edition.day, figure), after=10))
    story.append(Wide(Overview(edition, part), after=16))
    for section in edition.sections:
        story += section_story(section, part, prefix=prefix, level=level)
    foot = text(edition.foot, "quiet", part.child("P"))
    story += [CondPageBreak(40), foot]
    return story


def section_story(section: Section, part: Tag, *, prefix: str = "", level: int = 0) -> Story:
    """One section: its title beside the text, then its blocks."""
    tag = part.child("Sect")
    head = SectionHead(
        section.title, tag.child("H2"), bookmark=f"{prefix}{section.key}", level=level
    )
    blocks: Story = []
    for block in section.blocks:
        blocks += DRAWN[type(block)](block, tag)
    # A title of two lines needs as much room as its text has.
    short = head.depth - sum(block.wrap(styles.TEXT, 0)[1] for block in blocks)
    rest = [Spacer(1, short)] if short > 0 else []
    return [CondPageBreak(76), head, *blocks, *rest, Spacer(1, GAP)]


def _facts(block: Facts, tag: Tag) -> Story:
    return [facts_grid(block.rows, tag, styles.TEXT)]


def _prose(block: Prose, tag: Tag) -> Story:
    parts = [part for part in block.text.split("\n") if part.strip()] or [""]
    style = block.tone
    role = "BlockQuote" if style == "quote" else "P"
    return [text(part, style, tag.child(role)) for part in parts]


def _heading(words: str, tag: Tag) -> Story:
    return [CondPageBreak(44), text(words, "heading", tag.child("H3"))] if words else []


def _items(block: Items, tag: Tag) -> Story:
    listed = tag.child("L")
    rows = []
    for number, item in enumerate(block.items, 1):
        entry = listed.child("LI")
        sign = f"{number}." if block.numbered else "–"
        label = text(sign, "cell-quiet", entry.child("Lbl"))
        rows.append((Cell((label,)), Cell((text(item, "value", entry.child("LBody")),))))
    grid = Grid((17, styles.TEXT - 17 - 30), rows, ruled=False, pad=1.6)
    return [*_heading(block.heading, tag), grid]


def _checklist(block: Checklist, tag: Tag) -> Story:
    table = tag.child("Table")
    rows = []
    for item in block.items:
        row = table.child("TR")
        words = f"{item.text} – {item.note}" if item.note else item.text
        cells = (
            Cell((text("", "cell", None),)),
            Cell((text(words, "value", row.child("TD")),)),
            Cell((text(item.status, "cell-quiet", row.child("TD")),)),
        )
        rows.append(cells)
    widths = (16, styles.TEXT - 16 - 62, 62)
    grid = Grid(widths, rows, pad=2.6, boxes=[item.done for item in block.items])
    return [*_heading(block.heading, tag), grid]


def _table(block: Table, tag: Tag) -> Story:
    table = tag.child("Table")
    widths = _widths([column.share for column in block.columns])
    row = table.child("TR")
    head = tuple(
        Cell((text(column.title, "column", row.child("TH", scope="Column")),))
        for column in block.columns
    )
    rows = []
    for values in block.rows:
        row = table.child("TR")
        rows.append(tuple(Cell((text(value, "cell", row.child("TD")),)) for value in values))
    return [*_heading(block.heading, tag), Grid(widths, rows, head=head, pad=2.6)]


def _widths(shares: Sequence[float]) -> list[float]:
    whole = sum(shares)
    return [styles.TEXT * share / whole for share in shares]


def _lines(block: Lines, tag: Tag) -> Story:
    return [*_heading(block.heading, tag), Ruled(block.count)]


DRAWN: dict[type[Block], Callable[[Any, Tag], Story]] = {
    Facts: _facts,
    Prose: _prose,
    Items: _items,
    Checklist: _checklist,
    Table: _table,
    Lines: _lines,
}


def _dress(canvas: TaggedCanvas, chapter: Any, number: int, count: int) -> None:
    """Running head and foot of a page: what it is, in which version, and which page of how many."""
    if chapter is None:
        left, right, low = "", "", ""
    elif isinstance(chapter, str):
        left, right, low = chapter, "", ""
    else:
        edition, imprint = chapter
        left = " · ".join((line(edition.city, 40), edition.ref, line(edition.name)))
        right = imprint.version_line
        low = line(edition.notice, 90)
    page = _("Page %(number)d of %(count)d") % {"number": number, "count": count}
    folio(canvas, styles.PAGE_HEIGHT - 36, left, right)
    folio(canvas, 30, low, page)
