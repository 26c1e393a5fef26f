"""Hebrew and Arabic in print: own letters, in the right order and form, read as they were typed."""

import subprocess
from dataclasses import replace
from io import BytesIO

import pdfua
import pytest
from pypdf import PdfReader

from tests.support.pdf_tree import said_by, tree
from tests.visits.briefs.editions import IMPRINT, ghent, with_value
from visits.briefs import styles
from visits.briefs import text as text_module
from visits.briefs.document import render
from visits.briefs.edition import Column, Fact, Facts, Prose, Section, Table
from visits.briefs.scripts import runs_in_order, set_line
from visits.briefs.text import break_lines, legible, width_of

HEBREW, ARABIC, PERSIAN = "יעל כהן-לוי (מנהלת)", "محمد عبد الله (مدير)", "علی\u200cرضا پژمان"
POINTED = "שָׁלוֹם"
MIXED = "Frau יעל כהן, 12 Abteilungen"
NAMES = [HEBREW, ARABIC, PERSIAN, POINTED, MIXED, "תל אביב, 3 בפברואר 2023"]


def in_order(words: str, *, is_rtl: bool) -> str:
    """The letters from left to right, as the eye meets them."""
    runs = runs_in_order(words, is_rtl=is_rtl)
    return "".join(run[::-1] if turned else run for run, turned in runs)


@pytest.mark.parametrize(
    ("typed", "is_rtl", "seen"),
    [
        ("אבג", False, "גבא"),
        ("Frau אב גד, Leiterin", False, "Frau דג בא, Leiterin"),
        ("אב (גד)", False, ")דג( בא"),
        ("אב (Ghent) גד", True, "דג )Ghent( בא"),
        ("אב 12 גד", False, "דג 12 בא"),
        ("ابج ١٢٣ ده", True, "هد ١٢٣ جبا"),
        ("אב 14:30, גד", True, "דג ,14:30 בא"),
        ("אב 5% גד", True, "דג 5% בא"),
        ("V01 אב.", False, "V01 בא."),
        ("אב.", True, ".בא"),
    ],
)
def test_letters_stand_in_the_order_of_the_bidirectional_algorithm(typed, is_rtl, seen):
    assert in_order(typed, is_rtl=is_rtl) == seen


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_in_its_own_letters(name):
    assert legible(name) == name


def test_arabic_letters_are_joined():
    """Each of three letters has another form at the beginning, within and at the end."""
    glyphs = [letter for placed in _line("ببب") for letter in placed.letters]
    assert len({*glyphs}) == 3


def test_lam_and_alef_become_one_letter_that_stands_for_both():
    (placed,) = _line("لا")
    assert len(placed.letters) == 1


def test_points_stand_at_their_letter_and_take_no_room():
    plain, pointed = (
        (set_line(word, styles.REGULAR, is_strong=False, is_rtl=True)) for word in ("שלום", POINTED)
    )
    assert pointed[1] == pytest.approx(plain[1], abs=0.05)
    assert all(0 <= placed.x <= pointed[1] for placed in pointed[0])


def _line(words: str):
    return set_line(words, styles.REGULAR, is_strong=False, is_rtl=True)[0]


def test_lines_of_hebrew_fit_and_keep_every_word():
    style = styles.STYLES["plain"]
    value = f"{HEBREW} {ARABIC} " * 20 + "א" * 300
    lines = break_lines(value, style, 180)
    assert all(width_of(words, style) <= 180.5 for words in lines)
    assert "".join(lines).replace(" ", "") == value.replace(" ", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_of_the_structure_finds_the_name_as_typed(name):
    file = PdfReader(BytesIO(render(with_value(name), IMPRINT)))
    assert [words.strip() for words in said_by(file)].count(name) >= 8
    assert not any("[" in words for words in said_by(file))


@pytest.mark.parametrize("reader", ["pypdf", "pdftotext"])
def test_text_copied_from_a_page_has_every_word(reader, tmp_path):
    words = ["יעל", "כהן", "מנהלת", "محمد", "مدير"]
    facts = Facts((Fact("Name", HEBREW), Fact("Name", ARABIC), Fact("Name", "Ghent")))
    edition = replace(ghent(), sections=(Section("a", "People", (facts,)),))
    path = tmp_path / "brief.pdf"
    path.write_bytes(render(edition, IMPRINT))
    if reader == "pypdf":
        told = " ".join(page.extract_text() for page in PdfReader(path).pages)
    else:
        try:
            asked = ["pdftotext", "-layout", str(path), "-"]
            told = subprocess.run(asked, capture_output=True, check=True).stdout.decode()
        except FileNotFoundError:
            pytest.skip("pdftotext is not installed")
    assert [word for word in words if word not in told] == []


def test_a_checker_of_the_standard_finds_nothing(tmp_path):
    path = tmp_path / "brief.pdf"
    path.write_bytes(render(with_value("\n".join(NAMES)), IMPRINT))
    report = pdfua.validate(str(path))
    assert [str(finding) for outcome in report.outcomes for finding in outcome.findings] == []


def test_the_same_name_gives_the_same_bytes_whatever_was_printed_before():
    first = render(with_value(HEBREW), IMPRINT)
    render(with_value(POINTED + ARABIC), IMPRINT)
    assert render(with_value(HEBREW), IMPRINT) == first


def test_a_long_text_from_right_to_left_stands_on_the_right(monkeypatch):
    drawn = []

    def note(_canvas, x, _y, words, font, size, **_how):
        drawn.append((words, x, x + text_module._measure(words, font, size)))

    monkeypatch.setattr(text_module, "draw_line", note)
    said = "זהו טקסט ארוך יותר שצריך להישבר " * 8
    edition = replace(ghent(), sections=(Section("a", "Quote", (Prose(said, "quote"),)),))
    render(edition, IMPRINT)
    lines = [line for line in drawn if "טקסט" in line[0] or "להישבר" in line[0]]
    assert len(lines) > 2
    assert len({round(left) for _words, left, _right in lines}) > 1
    assert len({round(right) for _words, _left, right in lines}) == 1


def test_words_in_another_language_say_so():
    columns = (Column("In their words (German)", 1, spoken="de"), Column("Translation", 1))
    blocks = (
        Table(columns, (("Guten Morgen", "Good morning"),)),
        Prose("Takk", "quote", spoken="nb"),
    )
    edition = replace(ghent(), sections=(Section("a", "In one minute", blocks),))
    nodes = tree(PdfReader(BytesIO(render(edition, IMPRINT))))
    assert [(node["/S"], node["/Lang"]) for node in nodes if "/Lang" in node] == [
        ("/TD", "de"),
        ("/BlockQuote", "nb"),
    ]
    bare = (
        Table((Column("In their words (German)", 1), columns[1]), blocks[0].rows),
        Prose("Takk", "quote"),
    )
    assert (
        edition.data_hash
        == replace(edition, sections=(Section("a", "In one minute", bare),)).data_hash
    )
