"""Pages: whole, extractable, safe against what people write in names, the same every time."""

import re
import socket
import subprocess
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.visits.briefs.editions import BUILT, IMPRINT, ghent, thessaloniki, with_value
from visits.briefs.document import render

NAMES = [
    "Maximilian-Alexander Sample-Platane",
    "Łucja Sample-Dąb, Gdańsk",
    "Ελένη Sample-Δρυς",
    "Львів, Їжак Ґудзь",
    "Ștefan Țepeș Đurđa őű",
    "Bram Sample-'t Berk & Søren",
]
MARKUP = [
    "Smith </b> Jones",
    "Smith <b Jones",
    '<img src="/etc/hostname">',
    '<img src="http://127.0.0.1:9/x.png">',
    '<img src="file:///etc/hostname">',
    '<img src="data:image/png;base64,iVBORw0KGgo=">',
    '<link rel="attachment" href="file:///etc/hostname">',
    '<a href="https://evil.example">click</a>',
    '<a href="javascript:alert(1)">click</a>',
    "&amp; &#65; ]]> <!-- --> <para>",
]


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf))


def words(pdf: bytes) -> str:
    """All text of a file, blanks single."""
    return " ".join(" ".join(page.extract_text() for page in reader(pdf).pages).split())


@pytest.fixture(scope="module")
def brief() -> bytes:
    return render(ghent(), IMPRINT)


def test_the_first_page_holds_the_essentials(brief):
    page = " ".join(reader(brief).pages[0].extract_text().split())
    for said in (
        "Ghent",
        "V01",
        "Visit brief, internal edition",
        "Version 2",
        "Thu 9 Feb 2023, 09:30–15:30 Brussels (CET)",
        "Oslo has the same time.",
        "Marieke Sample-Eik, +32 000 000 000",
        "In one minute",
    ):
        assert said in page


def test_every_page_carries_running_head_version_and_page_of_pages(brief):
    pages = reader(brief).pages
    for number, page in enumerate(pages, 1):
        said = page.extract_text()
        assert "Ghent · V01 · Visit brief, internal edition" in said
        assert "Version 2" in said
        assert f"Page {number} of {len(pages)}" in said


def test_the_paper_is_a4(brief):
    box = reader(brief).pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)


def test_metadata_name_the_reference_and_never_the_city(brief):
    about = reader(brief).metadata
    assert about.title == "V01 – Visit brief, internal edition"
    assert about.author == "On-site visits in February 2023"
    assert about.creation_date == BUILT
    assert "Ghent" not in "".join(str(value) for value in about.values())


def test_the_same_edition_gives_the_same_bytes(brief):
    assert render(ghent(), IMPRINT) == brief


def test_only_the_build_time_differs_in_a_later_printing(brief):
    later = render(ghent(), replace(IMPRINT, built_at=BUILT + timedelta(hours=1)))
    differing = [
        (one, other)
        for one, other in zip(brief.splitlines(), later.splitlines(), strict=True)
        if one != other
    ]
    assert all(b"Date" in one for one, _ in differing)
    # Two dates in the packet, and one line with both in the old place.
    assert len(differing) == 3


def test_the_bookmarks_name_every_section(brief):
    titles = [entry.title for entry in reader(brief).outline if not isinstance(entry, list)]
    assert titles == ["Essentials", "In one minute", "Programme", "Place and room", "On the spot"]


def test_bookmarks_lead_to_the_page_of_their_section():
    long = replace(ghent(), sections=ghent().sections * 3)
    file = reader(render(long, IMPRINT))
    last = [entry for entry in file.outline if not isinstance(entry, list)][-1]
    assert file.get_destination_page_number(last) == len(file.pages) - 1


@pytest.mark.parametrize("value", NAMES)
def test_names_are_extracted_as_they_were_written(value):
    assert words(render(with_value(value), IMPRINT)).count(value) >= 5


@pytest.mark.parametrize("value", MARKUP)
def test_markup_is_plain_text(value):
    pdf = render(with_value(value, link=""), IMPRINT)
    assert value in words(pdf)
    file = reader(pdf)
    things = [file.get_object(number) for number in range(1, file.trailer["/Size"])]
    assert [one for one in things if isinstance(one, dict) and "/URI" in one] == []
    assert b"/Subtype /Image" not in pdf


@pytest.mark.parametrize("value", MARKUP)
def test_nothing_is_fetched_and_no_local_file_is_read(brief, monkeypatch, value):
    """`brief` comes first: fonts and outlines are read once in a process."""

    def refuse(*args, **kwargs):
        raise AssertionError("A brief opened a file or a connection.")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)
    pdf = render(with_value(value), IMPRINT)
    assert len(pdf) > 10_000


def test_letters_the_font_lacks_never_print_as_boxes():
    pdf = render(with_value("漢字 שלום 🏛 ■\ufffd"), IMPRINT)
    said = words(pdf)
    assert "[HanZi]" in said
    assert not re.search("[\ufffd\u25a1]", said)
    assert not uses_notdef(pdf)


def uses_notdef(pdf: bytes) -> bool:
    """Whether a text maps any code to glyph 0 of its font."""
    for page in reader(pdf).pages:
        for font in page["/Resources"]["/Font"].values():
            mapping = font.get_object().get("/ToUnicode")
            if mapping and b"<FFFD>" in mapping.get_object().get_data().upper():
                return True
    return False


def test_all_fonts_are_embedded(brief):
    for page in reader(brief).pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


@pytest.mark.parametrize(
    "value",
    ["Łódź und " * 18_000, "x" * 160_000, "Wort. " * 170_000, "\n" * 160_000, "a\n" * 80_000],
)
def test_a_text_of_any_length_is_set_within_ten_seconds(value):
    from time import perf_counter

    started = perf_counter()
    pdf = render(with_value(value), IMPRINT)
    assert perf_counter() - started < 10
    assert reader(pdf).pages


def test_rows_taller_than_a_page_go_on_overleaf():
    pdf = render(with_value("Langer Satz mit vielen Worten. " * 400), IMPRINT)
    assert len(reader(pdf).pages) > 4


def test_a_brief_without_sections_day_or_map_is_one_page():
    bare = replace(ghent(), sections=(), day=None, tour=None, essentials=(), link="", when_home="")
    assert len(reader(render(bare, IMPRINT)).pages) == 1


def test_words_of_the_frame_follow_the_language_of_the_edition():
    said = words(render(replace(thessaloniki(), language="en"), IMPRINT))
    assert "Page 1 of" in said


def test_an_independent_reader_extracts_the_same_words(brief, tmp_path):
    path = tmp_path / "brief.pdf"
    path.write_bytes(brief)
    try:
        out = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("pdftotext is not installed")
    said = " ".join(out.stdout.decode().split())
    for fact in ghent().essentials:
        assert fact.value in said


def test_a_brief_of_two_pages_is_small(brief):
    assert len(brief) < 70_000
