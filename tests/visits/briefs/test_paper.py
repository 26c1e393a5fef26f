"""Paper: sizes, grey, the first page whatever the length of its values, no lines left alone."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from pypdf import PdfReader
from reportlab.lib.colors import Color

from tests.visits.briefs.editions import IMPRINT, ghent, thessaloniki, trip
from visits.briefs import styles
from visits.briefs.document import render
from visits.briefs.edition import Column, Edition, Fact, Prose, Section, Table
from visits.briefs.pack import render_pack
from visits.briefs.paper import A4, LETTER, Paper, paper_named
from visits.briefs.tags import grey_of

PAPERS = pytest.mark.parametrize("paper", [A4, LETTER], ids=["a4", "letter"])
COLOUR = re.compile(r"([0-9.]+) ([0-9.]+) ([0-9.]+) (rg|RG)\b")


def pages_of(edition: Edition, paper: Paper = A4) -> list[str]:
    file = PdfReader(BytesIO(render(edition, IMPRINT, paper)))
    return [" ".join(page.extract_text().split()) for page in file.pages]


# --- Size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("", (595, 842)), ("letter", (612, 792))])
def test_every_page_has_the_size_that_was_asked_for(name, size):
    for pdf in (
        render(ghent(), IMPRINT, paper_named(name)),
        render_pack(trip(), paper_named(name)),
    ):
        boxes = [page.mediabox for page in PdfReader(BytesIO(pdf)).pages]
        assert {(round(box.width), round(box.height)) for box in boxes} == {size}


def test_a_paper_we_do_not_have_is_refused():
    with pytest.raises(ValidationError, match="There is no paper “a3”; choose one of a4, letter."):
        paper_named("a3")


@PAPERS
def test_nothing_is_drawn_outside_the_margins(paper):
    file = PdfReader(BytesIO(render(ghent(), IMPRINT, paper)))
    for page in file.pages:
        places: list[float] = []
        page.extract_text(
            visitor_text=lambda words, cm, tm, font, size, places=places: (
                places.append(cm[4] + tm[4]) if words.strip() else None
            )
        )
        assert min(places) >= paper.margin - 1
        assert max(places) <= paper.width - paper.margin


# --- Grey ----------------------------------------------------------------------------------------


def test_in_grey_no_colour_is_used_on_any_page():
    for grey, colourful in ((True, False), (False, True)):
        file = PdfReader(BytesIO(render(ghent(), IMPRINT, replace(A4, is_grey=grey))))
        content = "".join(page.get_contents().get_data().decode("latin-1") for page in file.pages)
        used = {found.groups()[:3] for found in COLOUR.finditer(content)}
        assert any(len(set(parts)) > 1 for parts in used) == colourful


@pytest.mark.parametrize("hue", styles.HUES)
def test_text_keeps_its_contrast_in_grey(hue):
    for colour in (styles.HUES[hue], styles.INK, styles.QUIET):
        shade = grey_of(colour)
        assert contrast(Color(shade, shade, shade)) >= 4.5
        assert contrast(Color(shade, shade, shade)) == pytest.approx(contrast(colour), rel=0.02)


def contrast(colour: Color) -> float:
    """The contrast to white paper, as WCAG 2.2 reckons it."""
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour.rgb()]
    return 1.05 / (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05)


# --- The first page ------------------------------------------------------------------------------


@PAPERS
@pytest.mark.parametrize("length", [10, 400, 5_000, 90_000])
@pytest.mark.parametrize("count", [1, 12])
def test_the_essentials_are_on_the_first_page_whatever_their_length(paper, length, count):
    long = ("Maximilian-Alexander Sample-Platane " * (length // 36 + 1))[:length]
    edition = replace(
        ghent(),
        city=long,
        notice=long,
        essentials=tuple(
            Fact(f"Label {number:02}", f"A{number:02} {long}") for number in range(count)
        ),
    )
    first, *rest = pages_of(edition, paper)
    assert all(f"Label {n:02} A{n:02}" in first for n in range(count))
    assert not any("Label 00" in page for page in rest)
    for said in (ghent().when, ghent().ref, ghent().when_home, "http://127.0.0.1"):
        assert said in first


# --- Breaks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", range(6, 34))
def test_no_title_and_no_line_is_left_alone(lines):
    """A section begins at every height of a page: its title has two lines below it, or more."""
    filler = Section("a", "Filler", (Prose("\n".join(f"x{n}" for n in range(lines))),))
    words = " ".join(f"word{n:03}" for n in range(90))
    edition = replace(
        ghent(), sections=(filler, Section("b", "Zeppelin", (Prose(words),))), foot="", notice=""
    )
    pages = pages_of(edition)
    holding = [len(re.findall(r"word\d{3}", page)) for page in pages]
    assert sum(holding) == 90
    title = next(number for number, page in enumerate(pages) if "Zeppelin" in page)
    # A line of the text column holds about nine of these words.
    assert all(count == 0 or count >= 12 for count in holding)
    assert holding[title] > 0


@pytest.mark.parametrize(("rows", "pages"), [(19, 1), (30, 2)])
def test_a_last_page_of_two_lines_is_saved_by_setting_rows_closer(rows, pages):
    lines = tuple((f"Row {number}", "one line") for number in range(rows))
    points = Section("a", "Points", (Table((Column("No", 1), Column("What", 2)), lines),))
    assert len(pages_of(replace(ghent(), sections=(points,), foot=""))) == pages


@PAPERS
def test_the_words_are_the_same_on_every_paper(paper):
    for edition in (ghent(), thessaloniki()):
        said = " ".join(pages_of(edition, replace(paper, is_grey=True)))
        for fact in edition.essentials:
            assert fact.value in said
