"""The structure tree read back: roles, order, alternative text, and nothing outside it."""

import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import pdfua
import pikepdf
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from tests.support.pdf_tree import tree
from tests.visits.briefs.editions import IMPRINT, ghent, thessaloniki, with_value
from visits.briefs.document import render
from visits.briefs.edition import Fact, Prose, Section


@pytest.fixture(scope="module")
def file() -> PdfReader:
    return PdfReader(BytesIO(render(ghent(), IMPRINT)))


def test_the_file_is_marked_as_tagged_with_language_and_title(file):
    root = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_headings_come_in_reading_order_and_skip_no_level(file):
    roles = [node["/S"] for node in tree(file) if re.fullmatch(r"/H\d", node["/S"])]
    assert roles[0] == "/H1"
    assert roles.count("/H1") == 1
    assert "/H2" in roles[1]
    levels = [int(role[2:]) for role in roles]
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_pictures_say_what_they_show(file):
    figures = [node for node in tree(file) if node["/S"] == "/Figure"]
    assert [figure["/Alt"] for figure in figures] == [
        "The day.",
        "Map: Ghent, reached from Oslo.",
        "This visit on the desk",
    ]


def test_tables_have_rows_with_header_cells_that_name_their_scope(file):
    heads = [node for node in tree(file) if node["/S"] == "/TH"]
    assert heads
    assert {head["/A"]["/Scope"] for head in heads} == {"/Row", "/Column"}
    for node in tree(file):
        if node["/S"] == "/Table":
            assert {kid.get_object()["/S"] for kid in node["/K"]} == {"/TR"}


def test_lists_have_items_with_label_and_body(file):
    entries = [node for node in tree(file) if node["/S"] == "/LI"]
    assert entries
    for entry in entries:
        assert [kid.get_object()["/S"] for kid in entry["/K"]] == ["/Lbl", "/LBody"]
        assert entry["/P"]["/A"]["/ListNumbering"] == "/Disc"


def test_things_to_tick_are_headed_by_what_they_are(file):
    """In a checklist the thing itself heads its row, and its status is the cell beside it."""
    rows = [
        [kid.get_object()["/S"] for kid in node["/K"]] for node in tree(file) if node["/S"] == "/TR"
    ]
    assert ["/TH", "/TD"] in rows
    assert [row for row in rows if "/TH" not in row and len(row) != 5] == []


def test_pictures_say_where_on_the_page_they_lie(file):
    width, height = 595.3, 841.9
    for figure in (node for node in tree(file) if node["/S"] == "/Figure"):
        left, bottom, right, top = figure["/A"]["/BBox"]
        assert 0 < left < right < width
        assert 0 < bottom < top < height


@pytest.mark.parametrize("sections", [1, 4])
def test_every_mark_of_a_page_is_found_in_the_parent_tree(sections):
    edition = replace(ghent(), sections=ghent().sections * sections)
    file = PdfReader(BytesIO(render(edition, IMPRINT)))
    numbers = file.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    owners = {numbers[i]: numbers[i + 1].get_object() for i in range(0, len(numbers), 2)}
    assert sorted(owners) == list(
        range(file.trailer["/Root"]["/StructTreeRoot"]["/ParentTreeNextKey"])
    )
    for page in file.pages:
        content = page.get_contents().get_data().decode("latin-1")
        marked = [int(number) for number in re.findall(r"/MCID (\d+)", content)]
        assert marked == list(range(len(owners[page["/StructParents"]])))


def test_everything_drawn_is_tagged_or_marked_as_decoration(file):
    for page in file.pages:
        content = page.get_contents().get_data().decode("latin-1")
        depth = 0
        for words in content.splitlines():
            if words.endswith(("BDC", "BMC")):
                depth += 1
            elif words == "EMC":
                depth -= 1
            elif re.search(r"(Tj|TJ| S| f\*?| B\*?)( ET)?$", words):
                assert depth == 1, words
        assert depth == 0


def test_a_paragraph_over_two_pages_stays_one_element():
    long = Section("long", "Long", (Prose("Ein Satz mit einigen Worten. " * 500),))
    file = PdfReader(BytesIO(render(replace(ghent(), sections=(long,)), IMPRINT)))
    paragraphs = [
        node for node in tree(file) if node["/S"] == "/P" and isinstance(node["/K"], ArrayObject)
    ]
    assert any(
        isinstance(kid.get_object(), DictionaryObject) and kid.get_object().get("/Pg")
        for node in paragraphs
        for kid in node["/K"]
    )


# --- Links ---------------------------------------------------------------------------------------


def links(file: PdfReader) -> list[tuple[str, str]]:
    """What every link of the file says and where it leads."""
    found = []
    for page in file.pages:
        for area in page.get("/Annots", []):
            area = area.get_object()
            found.append((area["/Contents"], area["/A"]["/URI"] if "/A" in area else "inside"))
    return found


def test_addresses_lead_where_they_say():
    contact = "Marieke Sample-Eik, +32 000 000 000, m.eik@example.org; https://meet.example.org/v1."
    said = links(PdfReader(BytesIO(render(with_value(contact), IMPRINT))))
    assert set(said) == {
        ("+32 000 000 000", "tel:+32000000000"),
        ("m.eik@example.org", "mailto:m.eik@example.org"),
        ("https://meet.example.org/v1", "https://meet.example.org/v1"),
        ("http://127.0.0.1:8000/visits/V01/", "http://127.0.0.1:8000/visits/V01/"),
    }


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "file:///etc/hostname",
        "data:text/html,x",
        '<a href="https://evil.example">click</a>',
        "https://us@evil.example@x\u202e.pdf",
        "+1",
    ],
)
def test_nothing_else_becomes_a_link(value):
    edition = replace(with_value(value), link="")
    assert links(PdfReader(BytesIO(render(edition, IMPRINT)))) == []


def test_words_of_the_city_and_of_a_list_are_no_links():
    said = Section("a", "Quote", (Prose("Look at https://evil.example now.", "quote"),))
    edition = replace(ghent(), sections=(said,), link="", essentials=())
    assert links(PdfReader(BytesIO(render(edition, IMPRINT)))) == []


def test_a_link_is_an_element_that_holds_its_words_and_its_area():
    file = PdfReader(BytesIO(render(with_value("m.eik@example.org"), IMPRINT)))
    numbers = file.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    owners = {numbers[i]: numbers[i + 1].get_object() for i in range(0, len(numbers), 2)}
    areas = [area.get_object() for page in file.pages for area in page.get("/Annots", [])]
    assert areas
    for area in areas:
        owner = owners[area["/StructParent"]]
        kids = list(owner["/K"])
        assert owner["/S"] == "/Link"
        assert any(isinstance(kid, int) for kid in kids)
        held = [kid.get_object() for kid in kids if not isinstance(kid, int)]
        assert area in [kid["/Obj"].get_object() for kid in held if kid["/Type"] == "/OBJR"]


def test_a_long_address_is_one_element_with_an_area_on_each_line():
    address = "https://meet.example.org/" + "room-and-more/" * 14
    edition = replace(ghent(), sections=(), essentials=(Fact("Where", address),), link="")
    file = PdfReader(BytesIO(render(edition, IMPRINT)))
    elements_of_links = [node for node in tree(file) if node["/S"] == "/Link"]
    assert len(elements_of_links) == 1
    assert len(set(links(file))) == 1
    assert len(links(file)) > 1


# --- The standard --------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", [ghent(), thessaloniki(), with_value("Łucja, l@example.org")])
def test_a_checker_of_the_standard_finds_nothing(edition, tmp_path):
    path = tmp_path / "brief.pdf"
    path.write_bytes(render(edition, IMPRINT))
    report = pdfua.validate(str(path))
    assert [str(finding) for outcome in report.outcomes for finding in outcome.findings] == []
    assert [outcome.skipped_reason for outcome in report.outcomes if outcome.skipped_reason] == []


@pytest.mark.parametrize("sections", [1, 12])
def test_a_strict_reader_finds_the_file_well_formed(sections):
    """Over four hundred small objects there are two packed streams of them."""
    edition = replace(ghent(), sections=ghent().sections * sections)
    with pikepdf.open(BytesIO(render(edition, IMPRINT))) as file:
        assert file.check_pdf_syntax() == []
        assert file.pdf_version == "1.7"


def test_the_packet_declares_the_standard_and_repeats_the_title(file):
    packet = file.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in packet
    assert file.metadata.title in packet
    assert "Ghent" not in packet
    ElementTree.fromstring(packet.partition("?>")[2].rpartition("<?")[0])


def test_the_packet_survives_markup_in_the_name_of_a_campaign():
    edition = replace(ghent(), author="</dc:creator><evil>&", name="<b>]]>")
    file = PdfReader(BytesIO(render(edition, IMPRINT)))
    packet = file.trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    ElementTree.fromstring(packet.partition("?>")[2].rpartition("<?")[0])
    assert "<evil>" not in packet
