"""Who may fetch which edition, and what comes back."""

import re
from io import BytesIO

import pytest
import zxingcpp
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from tests.factories.crm import PlaceFactory
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.models import BriefEdition, Host

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(host, expert):
    led = VisitFactory(ref="V01", city="Ghent", host=Host.objects.get(user=host), notes="NOTE-77")
    led.experts.add(Host.objects.get(user=expert))
    return led


def fetch(client, user, kind, **query):
    if user is not None:
        client.force_login(user)
    return client.get(reverse("visits:brief-pdf", args=["V01", kind]), query)


ACCESS = [
    ("coordinator", 200, 200),
    ("host", 200, 200),
    ("other_host", 404, 404),
    ("expert", 403, 200),
    ("reporter", 403, 403),
    ("administrator", 403, 403),
    ("nobody", 403, 403),
]


@pytest.mark.parametrize(("name", "internal", "public"), ACCESS)
def test_each_role_gets_the_editions_it_may_read(client, visit, cast, name, internal, public):
    user = getattr(cast, name)
    assert fetch(client, user, "internal").status_code == internal
    assert fetch(client, user, "public").status_code == public


def test_a_visitor_is_sent_to_sign_in(client, visit):
    assert fetch(client, None, "public").status_code == 302


def test_the_backup_host_may_read_the_internal_edition(client, visit, other_host):
    visit.backup = Host.objects.get(user=other_host)
    visit.save()
    assert fetch(client, other_host, "internal").status_code == 200


def test_the_answer_is_a_whole_pdf_named_by_the_reference(client, visit, coordinator):
    answer = fetch(client, coordinator, "public")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="V01-public-en-preview.pdf"'
    assert int(answer["Content-Length"]) == len(answer.content)
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "NOTE-77" not in said


def test_looking_changes_nothing(client, visit, coordinator):
    fetch(client, coordinator, "internal")
    assert BriefEdition.objects.count() == 0


def test_keeping_makes_a_version_by_the_one_who_asked(client, visit, host):
    client.force_login(host)
    address = reverse("visits:brief-build", args=["V01", "internal"])
    assert client.get(address).status_code == 405
    assert client.post(address).status_code == 302
    kept = BriefEdition.objects.get()
    assert (kept.version, kept.built_by) == (1, host)


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ({}, (595, 842)),
        ({"paper": "letter", "grey": "1"}, (612, 792)),
        ({"paper": "a4"}, (595, 842)),
    ],
)
def test_the_page_chooses_the_paper(client, visit, coordinator, query, size):
    answer = fetch(client, coordinator, "internal", **query)
    box = PdfReader(BytesIO(answer.content)).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


@pytest.mark.parametrize(
    ("kind", "query"),
    [("secret", {}), ("public", {"language": "xx"}), ("public", {"paper": "a3"})],
)
def test_an_unknown_edition_language_or_paper_is_not_found(client, visit, coordinator, kind, query):
    assert fetch(client, coordinator, kind, **query).status_code == 404


def test_the_visit_page_offers_paper_and_colours_for_every_file(client, visit, coordinator):
    client.force_login(coordinator)
    address = reverse("visits:visit-detail", args=["V01"])
    plain = client.get(address, {"tab": "brief"}).content.decode()
    assert "brief/internal.pdf?language=en&amp;paper=a4&amp;grey=" in plain
    assert 'href="?tab=brief&amp;paper=letter"' in plain

    chosen = {"tab": "brief", "paper": "letter", "grey": "1", "public": "pl"}
    page = client.get(address, chosen).content.decode()
    assert "brief/internal.pdf?language=en&amp;paper=letter&amp;grey=1" in page
    assert "brief/public.pdf?language=pl&amp;paper=letter&amp;grey=1" in page
    assert page.count('name="paper" value="letter"') == page.count('name="is_grey" value="1"') == 2
    assert client.get(address, chosen | {"paper": "a3"}).status_code == 200


@pytest.fixture
def page_of_brief(client, coordinator):
    """The internal edition as a page: `page_of_brief(visit)`."""

    def look(visit) -> str:
        client.force_login(coordinator)
        return client.get(reverse("visits:brief-page", args=[visit.ref, "internal"])).text

    return look


def test_the_page_has_the_map_and_the_codes_of_the_printed_edition(page_of_brief, visit):
    visit.place = PlaceFactory(name="Ghent", latitude=51.05, longitude=3.72)
    visit.address = "Town hall 1"
    visit.save()
    page = page_of_brief(visit)
    assert re.search(r'<svg class="brief-map"[^>]*aria-label="Map of the tour: [^"]*Ghent', page)
    assert '<path class="brief-land" d="M' in page
    assert re.search(r'<text class="brief-place is-place"[^>]*>Ghent<', page)
    codes = re.findall(r'<svg class="brief-code"[^>]*aria-label="([^"]*)"', page)
    assert codes == [
        "This visit on the desk",
        "Way there, for the map of your phone",
        "Your card, for them to scan",
    ]


def test_the_code_on_the_page_reads_as_the_one_on_paper(page_of_brief, visit):
    page = page_of_brief(visit)
    drawing = re.search(r'<svg class="brief-code" viewBox="0 0 (\d+).*?<path d="([^"]+)"', page)
    side = int(drawing[1])
    picture = Image.new("L", (side, side), 255)
    for left, top, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawing[2]):
        for step in range(int(length)):
            picture.putpixel((int(left) + step, int(top)), 0)
    (read,) = zxingcpp.read_barcodes(picture.resize((side * 6, side * 6)))
    assert read.text.endswith("/visits/V01/")


def test_addresses_on_the_page_can_be_followed_and_markup_stays_letters(page_of_brief, visit):
    visit.local_contact_name = "<b>Robin</b>"
    visit.local_contact_address = "robin@ghent.example"
    visit.local_contact_phone = "+32 9 000 00 00"
    visit.save()
    page = page_of_brief(visit)
    assert '<a href="mailto:robin@ghent.example" rel="noreferrer">robin@ghent.example</a>' in page
    assert '<a href="tel:+3290000000" rel="noreferrer">+32 9 000 00 00</a>' in page
    assert "&lt;b&gt;Robin&lt;/b&gt;" in page
    assert "<b>Robin" not in page


def test_a_quote_on_the_page_says_its_language(page_of_brief, visit):
    asked = VisitRequestFactory(raw_text="Goedemorgen", raw_language="nl", translation="Good day")
    visit.requests.add(asked)
    page = page_of_brief(visit)
    assert re.search(r'<td [^>]*lang="nl">Goedemorgen<', page)
    assert re.search(r'<td [^>]*dir="auto">Good day<', page)
