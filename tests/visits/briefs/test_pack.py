"""A trip pack: cover, day sheets and briefs in one tagged file whose references can be followed."""

from dataclasses import replace
from io import BytesIO

import pdfua
import pytest
from pypdf import PdfReader

from tests.visits.briefs.editions import trip
from visits.briefs.pack import render_pack


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_pack(trip())


def test_a_reference_leads_to_the_page_its_brief_begins_on(pdf):
    file = PdfReader(BytesIO(pdf))
    begins = {
        ref: next(n for n, page in enumerate(file.pages) if f"· {ref} ·" in page.extract_text())
        for ref in ("V01", "V02")
    }
    areas = [area.get_object() for page in file.pages for area in page.get("/Annots", [])]
    pages = {page.indirect_reference.idnum: number for number, page in enumerate(file.pages)}
    leads = {
        (area["/Contents"], pages[area.raw_get("/Dest")[0].idnum])
        for area in areas
        if "/Dest" in area
    }
    assert leads == {
        ("V01", begins["V01"]),
        ("V01 Ghent BE", begins["V01"]),
        ("V02", begins["V02"]),
    }


def test_a_checker_of_the_standard_finds_nothing(pdf, tmp_path):
    path = tmp_path / "pack.pdf"
    path.write_bytes(pdf)
    report = pdfua.validate(str(path))
    assert [str(finding) for outcome in report.outcomes for finding in outcome.findings] == []


def test_the_same_pack_gives_the_same_bytes(pdf):
    assert render_pack(trip()) == pdf


@pytest.mark.parametrize("visits", range(2, 24))
def test_no_page_of_the_cover_holds_its_last_line_alone(visits):
    pack = trip()
    table = pack.contacts.blocks[0]
    rows = replace(table, rows=tuple((f"V{n:02} Ghent BE", "–") for n in range(visits)))
    contacts = replace(pack.contacts, blocks=(rows,))
    pdf = render_pack(replace(pack, contacts=contacts, briefs=(), days=()))
    last = PdfReader(BytesIO(pdf)).pages[-1].extract_text()
    assert "Do not forward" in last
    assert "Ghent BE" in last
