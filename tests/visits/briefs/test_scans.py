"""Codes: what a phone reads off the printed page."""

import subprocess
from dataclasses import replace

import pytest
import vobject
import zxingcpp
from django.test import override_settings
from PIL import Image

from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import HostFactory, VisitFactory
from tests.visits.briefs.editions import IMPRINT, ghent
from visits.briefs.document import render
from visits.briefs.edition import Scan
from visits.domain import briefs
from visits.domain.brief_scans import scans_of
from visits.models import BriefEdition


def read(pdf: bytes, folder) -> list[str]:
    """All codes of a file, page by page, read from a picture of it at 150 dots an inch."""
    path = folder / "brief.pdf"
    path.write_bytes(pdf)
    try:
        subprocess.run(
            ["pdftoppm", "-r", "150", "-gray", "-png", str(path), str(folder / "page")], check=True
        )
    except FileNotFoundError:
        pytest.skip("pdftoppm is not installed")
    return [
        code.text
        for picture in sorted(folder.glob("page-*.png"))
        for code in zxingcpp.read_barcodes(Image.open(picture))
    ]


def test_a_phone_reads_the_codes_off_the_page(tmp_path):
    scans = (
        Scan("minute", "geo:50.0614,19.9366?q=Ratusz%2C%20Krak%C3%B3w", "Way there", "Ratusz"),
        Scan("spot", "Łucja Sample-Dąb " * 8, "Card", "Łucja"),
    )
    pdf = render(replace(ghent(), scans=scans), IMPRINT)
    assert read(pdf, tmp_path) == [ghent().link, scans[0].value, scans[1].value]


@pytest.fixture
def visit(db):
    place = PlaceFactory(name="Kraków", latitude=50.06143, longitude=19.93658)
    host = HostFactory(name="Łucja; Sample, Dąb", title="Host\nEMAIL:evil@example.org")
    return VisitFactory(ref="V01", host=host, place=place, address="Ratusz, Kraków & Co")


def test_the_way_there_opens_the_map_of_the_phone_and_no_service(visit):
    way, _card = scans_of(visit)
    assert way.value == "geo:50.0614,19.9366?q=Ratusz%2C%20Krak%C3%B3w%20%26%20Co"
    assert (way.section, way.said) == ("place", "Ratusz, Kraków & Co")


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "http://meet.example.org", "call us"])
def test_only_a_safe_address_of_a_meeting_becomes_a_code(visit, link):
    visit.mode, visit.meeting_link = "online", link
    assert [scan.section for scan in scans_of(visit)] == ["spot"]
    visit.meeting_link = "https://meet.example.org/v1"
    assert scans_of(visit)[0].value == "https://meet.example.org/v1"


@override_settings(DEFAULT_FROM_EMAIL="outreach@example.org", MAIL_SENDER_NAME="Outreach")
def test_the_card_holds_name_title_and_our_address_and_nothing_else(visit):
    card = vobject.readOne(scans_of(visit)[-1].value)
    assert {line.name for line in card.lines()} == {"VERSION", "N", "FN", "TITLE", "ORG", "EMAIL"}
    assert card.fn.value == "Łucja; Sample, Dąb"
    assert card.title.value == "Host EMAIL:evil@example.org"
    assert card.email.value == "outreach@example.org"


def test_the_public_edition_leads_to_the_public_page_and_no_private_one(visit, settings):
    settings.SITE_URL = "https://outreach.example.org"
    edition = briefs.edition_of(visit, BriefEdition.Kind.PUBLIC, at=CLOCK, language="pl")
    assert edition.link == "https://outreach.example.org/pl/visit/"
    assert edition.scans == ()
