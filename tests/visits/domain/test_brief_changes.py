"""What a kept brief said stays readable, and is compared with what the visit says now."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import escape
from pypdf import PdfReader

from tests.factories.crm import CLOCK, PersonFactory
from tests.factories.visits import AgendaItemFactory
from visits.briefs.content import edition_from
from visits.domain.brief_changes import Change, changes_of, difference_pdf
from visits.domain.briefs import build_edition, edition_of
from visits.domain.erasure import erase_person
from visits.models import BriefEdition, ChecklistItem, Visit

pytestmark = pytest.mark.django_db


def kept(visit, kind="internal", **options):
    return BriefEdition.objects.get(pk=build_edition(visit, kind, at=CLOCK, **options).pk)


@pytest.mark.parametrize(("kind", "language"), [("internal", "nb"), ("public", "el")])
def test_what_is_kept_reads_back_as_the_same_edition(ghent, kind, language):
    said = edition_of(Visit.objects.get(pk=ghent.pk), kind, at=CLOCK, language=language)
    assert edition_from(kept(ghent, kind, language=language).content) == said


def test_a_change_is_told_with_before_and_now(ghent):
    version = kept(ghent)
    Visit.objects.filter(pk=ghent.pk).update(address="Sample Hall 2")
    assert changes_of(version, at=CLOCK)[:2] == [
        Change("Head", "Where", "Sample Hall 1", "Sample Hall 2"),
        Change("Place, room", "Address", "Sample Hall 1", "Sample Hall 2"),
    ]


def test_what_came_what_went_and_what_was_ticked_is_told(ghent):
    version = kept(ghent, "public", language="en")
    ghent.agenda.get(title="Talk").delete()
    AgendaItemFactory(visit=ghent, order=9, minutes=20, title="Wrap-up", speaker="")
    ChecklistItem.objects.filter(visit=ghent).update(done=True)
    told = {(row.field, row.before, row.now) for row in changes_of(version, at=CLOCK)}
    assert ("Wrap-up", "", "10:45–11:05") in told
    assert ("Talk", "10:45–13:00", "") in told
    assert ("Projector", "open", "ready") in told


def test_nothing_changed_is_said_so(ghent):
    version = kept(ghent)
    assert changes_of(version, at=CLOCK + timedelta(days=1)) == []
    pdf, _name = difference_pdf(version, at=CLOCK)
    assert "Nothing: the visit says what this version said." in _text(pdf)


def test_mails_are_no_change(ghent):
    version = kept(ghent)
    ghent.messages.create(direction="in", status="received", subject="Thanks", at=CLOCK)
    assert changes_of(version, at=CLOCK) == []


def test_the_difference_is_one_page_whose_file_name_holds_no_city(ghent):
    version = kept(ghent)
    Visit.objects.filter(pk=ghent.pk).update(address="Sample Hall 2", notes="Ask first.")
    pdf, name = difference_pdf(version, at=CLOCK)
    assert name == "V01-internal-en-since-v1.pdf"
    assert len(PdfReader(BytesIO(pdf)).pages) == 1
    assert all(word in _text(pdf) for word in ("Changed since version 1", "Hall 1", "Hall 2"))


def test_a_version_of_which_only_the_hash_was_kept_cannot_be_compared(ghent):
    version = kept(ghent)
    version.content = None
    with pytest.raises(ValidationError, match="keep it anew to compare"):
        changes_of(version, at=CLOCK)


def test_the_page_of_the_visit_leads_to_the_difference(ghent, client, coordinator):
    version = kept(ghent)
    Visit.objects.filter(pk=ghent.pk).update(address="Sample Hall 2")
    client.force_login(coordinator)
    page = client.get(reverse("visits:visit-detail", args=["V01"]) + "?tab=brief")
    address = reverse("visits:brief-changes", args=["V01", version.pk])
    assert address in page.text
    assert "Sample Hall 1" in client.get(address).text
    pdf = client.get(reverse("visits:brief-changes-pdf", args=["V01", version.pk]))
    assert pdf.content.startswith(b"%PDF-")


def test_an_expert_sees_no_difference_of_the_host_s_edition(secrets, client):
    visit, _markers = secrets
    version = kept(visit)
    client.force_login(visit.experts.get().user)
    address = reverse("visits:brief-changes", args=[visit.ref, version.pk])
    assert client.get(address).status_code == 403


def test_erasure_takes_what_the_briefs_of_the_own_visit_said(ghent):
    person = PersonFactory(given="Marieke", family="Sample-Eik")
    ghent.requests.update(person=person, requester_name="Marieke Sample-Eik")
    version = kept(ghent)
    erase_person(person, at=CLOCK)
    version.refresh_from_db()
    assert (version.content, version.version) == (None, 1)


@pytest.mark.parametrize("name", ["Mark Internal", "Section Table"])
def test_erasure_takes_the_name_out_of_other_briefs_and_leaves_them_readable(ghent, name):
    """Also of people whose name is made of words of the stored form."""
    given, family = name.split()
    person = PersonFactory(given=given, family=family)
    Visit.objects.filter(pk=ghent.pk).update(notes=f"Ask {name} about lunch.")
    version = kept(ghent)
    erase_person(person, at=CLOCK)
    version.refresh_from_db()
    assert name not in str(version.content)
    assert "about lunch." in str(version.content)
    assert edition_from(version.content).city == "Ghent"


# --- The page of an edition ---


@pytest.mark.parametrize("kind", ["internal", "public"])
def test_the_page_says_what_the_edition_says(ghent, client, coordinator, kind):
    client.force_login(coordinator)
    page = client.get(reverse("visits:brief-page", args=["V01", kind]), {"language": "en"})
    said = edition_of(Visit.objects.get(pk=ghent.pk), kind, at=CLOCK, language="en")
    texts = {text for section in said.sections for text in _texts(section)}
    # Addresses are links: their words stand between tags.
    shown = " ".join(re.sub(r"</?a\b[^>]*>", "", page.text).split())
    missing = [text for text in texts if escape(" ".join(text.split())) not in shown]
    assert missing == []


def test_the_public_page_holds_no_internal_field(secrets, client, coordinator):
    visit, markers = secrets
    client.force_login(coordinator)
    page = client.get(reverse("visits:brief-page", args=[visit.ref, "public"])).text
    assert [marker for marker in markers if marker in page and marker != "31 Mar"] == []


def _texts(part):
    if isinstance(part, str):
        return {part} - {""}
    if isinstance(part, tuple):
        return {text for each in part for text in _texts(each)}
    names = ("title", "heading", "blocks", "rows", "label", "value", "text", "items", "columns")
    return {text for name in names for text in _texts(getattr(part, name, ""))}


def _text(pdf):
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())
