"""The structure tree read back: roles, order, alternative text, and nothing outside it."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from tests.visits.briefs.editions import IMPRINT, ghent
from visits.briefs.document import render


@pytest.fixture(scope="module")
def file() -> PdfReader:
    return PdfReader(BytesIO(render(ghent(), IMPRINT)))


def elements(node: DictionaryObject):
    """Structure elements in reading order."""
    yield node
    kids = node.get("/K", ArrayObject())
    for kid in kids if isinstance(kids, ArrayObject) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            yield from elements(kid)


def tree(file: PdfReader) -> list[DictionaryObject]:
    return list(elements(file.trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object()))


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
    bodies = [node for node in tree(file) if node["/S"] == "/LI"]
    for entry in bodies:
        assert [kid.get_object()["/S"] for kid in entry["/K"]] == ["/Lbl", "/LBody"]


@pytest.mark.parametrize("sections", [1, 4])
def test_every_mark_of_a_page_is_found_in_the_parent_tree(sections):
    edition = replace(ghent(), sections=ghent().sections * sections)
    file = PdfReader(BytesIO(render(edition, IMPRINT)))
    numbers = file.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    owners = {numbers[i]: numbers[i + 1].get_object() for i in range(0, len(numbers), 2)}
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
    from visits.briefs.edition import Prose, Section

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
