"""The content of a brief drawn by others: a bare ReportLab script, and HTML for WeasyPrint.

Both draw every word, table, line and picture of an edition, and nothing of our own: no tags, no
essentials that always fit, no titles kept with their text.
"""

from collections.abc import Iterator
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import font_source_sans_pro
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Rows

from visits.briefs import styles
from visits.briefs.edition import Checklist, Edition, Facts, Items, Lines, Prose, Table
from visits.briefs.maps import TourMap, rings_of
from visits.briefs.picture import Code, DayLine, Scanned
from visits.briefs.tags import Tag

BODY = ParagraphStyle("body", fontName=styles.REGULAR, fontSize=9.4, leading=13, spaceAfter=5)
STRONG = ParagraphStyle("strong", parent=BODY, fontName=styles.STRONG)
TITLE = ParagraphStyle("title", parent=STRONG, fontSize=31, leading=34)
RULED = TableStyle(
    [("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#d6d2c8")), ("VALIGN", (0, 0), (-1, -1), "TOP")]
)
WIDTH = 400.0


class Untagged(Canvas):
    """A plain canvas on which our pictures can be drawn."""

    def begin_mark(self, _tag: Any) -> None: ...

    def begin_figure(self, _tag: Any, _width: float, _height: float) -> None: ...

    def end_mark(self) -> None: ...

    def link(self, *_options: Any) -> None: ...


def bare(edition: Edition) -> bytes:
    """What a script of fifty lines makes of the edition with ReportLab's own flowables."""
    styles.register_fonts()
    buffer = BytesIO()
    story: list[Flowable] = [
        _paragraph(edition.name, STRONG),
        _paragraph(f"{edition.city} {edition.ref}", TITLE),
        _paragraph(f"{edition.state.word} {edition.mode} {edition.country}"),
        _paragraph(edition.when, STRONG),
        _paragraph(edition.when_home),
        *_pictures(edition),
        _rows([(fact.label, fact.value) for fact in edition.essentials], (1, 3)),
        _paragraph(edition.link),
    ]
    for section in edition.sections:
        story += [Spacer(1, 10), _paragraph(section.title, STRONG)]
        for block in section.blocks:
            story += _bare_block(block)
        story += [
            Scanned(scan, Tag("Sect")) for scan in edition.scans if scan.section == section.key
        ]
    story.append(_paragraph(edition.foot))

    def folio(canvas: Canvas, document: Any) -> None:
        canvas.setFont(styles.REGULAR, 7.6)
        canvas.drawString(42, 30, f"{edition.city} · {edition.ref} – {document.page}")

    document = SimpleDocTemplate(buffer, pagesize=A4, leftMargin=150, rightMargin=42, invariant=1)
    document.build(story, onFirstPage=folio, onLaterPages=folio, canvasmaker=Untagged)
    return buffer.getvalue()


def _paragraph(words: str, style: ParagraphStyle = BODY) -> Paragraph:
    return Paragraph(escape(words), style)


def _rows(rows: list[tuple[str, ...]], shares: tuple[float, ...]) -> Rows:
    cells = [[_paragraph(value) for value in row] for row in rows]
    whole = sum(shares)
    return Rows(cells, colWidths=[WIDTH * s / whole for s in shares], style=RULED, repeatRows=0)


def _pictures(edition: Edition) -> Iterator[Flowable]:
    tag = Tag("Figure")
    if edition.day:
        yield DayLine(edition.day, tag)
    if edition.tour:
        yield TourMap(edition.tour, tag, 158, 136)
    if edition.link:
        yield Code(edition.link, tag, 54)


def _bare_block(block: Any) -> Iterator[Flowable]:
    if getattr(block, "heading", ""):
        yield _paragraph(block.heading, STRONG)
    if isinstance(block, Facts):
        yield _rows([(fact.label, fact.value) for fact in block.rows], (1, 3))
    elif isinstance(block, Prose):
        yield _paragraph(block.text)
    elif isinstance(block, Items):
        for item in block.items:
            yield Paragraph(escape(item), BODY, bulletText="–")
    elif isinstance(block, Checklist):
        yield _rows([("☐", item.text, item.status) for item in block.items], (1, 12, 3))
    elif isinstance(block, Table):
        shares = tuple(column.share for column in block.columns)
        yield _rows([tuple(column.title for column in block.columns), *block.rows], shares)
    elif isinstance(block, Lines):
        yield Spacer(1, 20 * block.count)


# --- HTML ----------------------------------------------------------------------------------------

STYLE = """
@font-face {{ font-family: Brief; src: url({regular}); }}
@font-face {{ font-family: Brief; font-weight: 700; src: url({strong}); }}
@page {{ size: A4; margin: 60pt 42pt 48pt; @bottom-right {{ content: counter(page); }} }}
body {{ font: 9.4pt/13pt Brief; margin: 0 0 0 128pt; }}
h1 {{ font-size: 31pt; line-height: 34pt; }} h2 {{ font-size: 10.5pt; margin-left: -128pt; }}
table {{ width: 100%; border-collapse: collapse; }}
th, td {{ border-bottom: .4pt solid #d6d2c8; padding: 2pt 10pt 2pt 0; text-align: left;
          vertical-align: top; }}
th {{ font-weight: 400; color: #5a646c; }}
"""


def html(edition: Edition) -> str:
    """The edition as a page for WeasyPrint."""
    folder = Path(font_source_sans_pro.__file__).parent / "files"
    style = STYLE.format(
        regular=(folder / styles.FILES[styles.REGULAR]).as_uri(),
        strong=(folder / styles.FILES[styles.STRONG]).as_uri(),
    )
    parts = [
        f"<!doctype html><html lang={edition.language}><meta charset=utf-8>",
        f"<title>{escape(edition.ref)}</title><style>{style}</style>",
        f"<p>{escape(edition.name)}</p><h1>{escape(edition.city)} {escape(edition.ref)}</h1>",
        f"<p>{escape(edition.state.word)} {escape(edition.mode)} {escape(edition.country)}</p>",
        f"<p><b>{escape(edition.when)}</b></p><p>{escape(edition.when_home)}</p>",
        *_svg(edition),
        _html_rows([(fact.label, fact.value) for fact in edition.essentials]),
        f"<p><a href='{escape(edition.link)}'>{escape(edition.link)}</a></p>",
    ]
    for section in edition.sections:
        parts.append(f"<section><h2>{escape(section.title)}</h2>")
        for block in section.blocks:
            parts += _html_block(block)
        parts.append("</section>")
    return "".join([*parts, f"<p>{escape(edition.foot)}</p>"])


def _html_rows(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th scope=row>{escape(a)}</th><td>{escape(b)}</td>" for a, b in rows)
    return f"<table>{cells}</table>"


def _html_block(block: Any) -> Iterator[str]:
    if getattr(block, "heading", ""):
        yield f"<h3>{escape(block.heading)}</h3>"
    if isinstance(block, Facts):
        yield _html_rows([(fact.label, fact.value) for fact in block.rows])
    elif isinstance(block, Prose):
        yield f"<p>{escape(block.text)}</p>"
    elif isinstance(block, Items):
        yield "<ul>" + "".join(f"<li>{escape(item)}" for item in block.items) + "</ul>"
    elif isinstance(block, Checklist):
        yield _html_rows([(item.text, item.status) for item in block.items])
    elif isinstance(block, Table):
        heads = "".join(f"<th scope=col>{escape(column.title)}</th>" for column in block.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) for row in block.rows
        )
        yield f"<table><thead><tr>{heads}</thead>{body}</table>"
    elif isinstance(block, Lines):
        yield f"<div style='height:{20 * block.count}pt'></div>"


def _svg(edition: Edition) -> Iterator[str]:
    """The map with every point that ours has; the day line and the code cost little beside it."""
    if edition.tour is None:
        return
    rings = rings_of(edition.tour, 158, 136)
    paths = " ".join("M" + " ".join(f"{x} {136 - y}" for x, y in ring) + "Z" for ring in rings)
    yield (
        f"<svg width=158pt height=136pt viewBox='0 0 158 136' role=img><title>Map</title>"
        f"<path d='{paths}' fill='#efece4' stroke='#c9c4b8' stroke-width='.35'/></svg>"
    )
