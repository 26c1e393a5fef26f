"""Every brief of the sample, both editions, each printed once: whole, tagged, telling no secret."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pdfua
import pytest
from django.utils.translation import override
from pypdf import PdfReader

from crm import clock, wording
from crm.models import FollowUp, Interaction, Message
from tests.support.secrets import plant_everywhere
from visits.briefs.document import render
from visits.briefs.edition import Edition
from visits.domain import briefs
from visits.models import BriefEdition, CalendarDay, Disruption, Expense, Visit

# What is printed comes from plain values: another database would print the same.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

INTERNAL, PUBLIC = BriefEdition.Kind.INTERNAL, BriefEdition.Kind.PUBLIC
EMBARGOED = ("Antwerp", "Antwerpen")
# Black squares and other signs that stand where a font has no letter.
BOXES = ("■", "□", "▯", "\ufffd")


@dataclass(frozen=True)
class Printed:
    """A brief on the disk, what readers find in it, and what must be found."""

    ref: str
    kind: str
    path: Path
    name: str
    text: str
    first_page: str
    metadata: str
    city: str
    facts: tuple[str, ...]

    def spoken(self) -> str:
        """Bookmarks, alternative texts, addresses: what is in the file but not on its pages."""
        file = PdfReader(self.path)
        said = [entry.title for entry in file.outline if not isinstance(entry, list)]
        for number in range(1, file.trailer["/Size"]):
            thing = file.get_object(number)
            if isinstance(thing, dict):
                said += [str(thing[key]) for key in ("/Alt", "/Contents", "/URI") if key in thing]
        return " ".join(said)


@pytest.fixture(scope="module")
def printed(_sample_of_module, django_db_blocker, tmp_path_factory) -> list[Printed]:
    """All 36 briefs; before the public ones are gathered, secrets are planted everywhere."""
    folder = tmp_path_factory.mktemp("briefs")
    made = []
    with django_db_blocker.unblock():
        at = clock.now()
        for kind in (INTERNAL, PUBLIC):
            if kind == PUBLIC:
                plant_everywhere(Message, Interaction, FollowUp, Expense, CalendarDay, Disruption)
            for visit in Visit.objects.order_by("ref"):
                edition = briefs.edition_of(visit, kind, at=at)
                imprint = briefs.imprint_of(visit, edition, None, at=at)
                path = folder / f"{visit.ref}-{kind}.pdf"
                path.write_bytes(render(edition, imprint))
                text = read(path)
                made.append(
                    Printed(
                        visit.ref,
                        kind,
                        path,
                        briefs.file_name(edition, 0),
                        *text,
                        metadata(path),
                        edition.city,
                        facts(visit, edition),
                    )  # fmt: skip
                )
    return made


def read(path: Path) -> tuple[str, str]:
    """The text of all pages, and of the first, blanks single: by poppler, else by pypdf."""
    try:
        out = subprocess.run(["pdftotext", "-raw", str(path), "-"], capture_output=True, check=True)
        pages = out.stdout.decode().split("\f")
    except FileNotFoundError:
        pages = [page.extract_text() for page in PdfReader(path).pages]
    return " ".join(" ".join(pages).split()), " ".join(pages[0].split())


def metadata(path: Path) -> str:
    file = PdfReader(path)
    packet = file.trailer["/Root"].get("/Metadata")
    said = packet.get_object().get_data().decode() if packet else ""
    return " ".join([*map(str, (file.metadata or {}).values()), said])


def facts(visit: Visit, edition: Edition) -> tuple[str, ...]:
    """What a reader must find, taken from the visit itself; the first two on the first page."""
    with override(edition.language):
        said = [visit.ref, wording.time_range(visit.starts_at, visit.ends_at, visit.zone)]
        if edition.kind == INTERNAL and edition.when_home.endswith(")"):
            said.append(wording.time_range(visit.starts_at, visit.ends_at, visit.host.zone))
        said += [wording.clock_time(visit.starts_at, visit.zone), visit.host.name]
        said += [visit.local_contact_name, edition.city, edition.country, edition.name]
        said += [visit.meeting_link if visit.is_online else visit.address]
        said += [item.title for item in visit.agenda.all() if edition.language == "en"]
    return tuple(" ".join(fact.split()) for fact in said if fact)


def test_the_sample_is_printed_whole(printed):
    refs = [f"V{number:02}" for number in range(1, 19)]
    assert [(brief.kind, brief.ref) for brief in printed] == [
        (kind, ref) for kind in (INTERNAL, PUBLIC) for ref in refs
    ]


def test_a_brief_says_what_its_reader_needs(printed):
    missing = {b.path.stem: [fact for fact in b.facts if fact not in b.text] for b in printed}
    assert {stem: facts for stem, facts in missing.items() if facts} == {}


def test_the_first_page_says_reference_and_time(printed):
    assert [b.path.stem for b in printed if any(f not in b.first_page for f in b.facts[:2])] == []


def test_poppler_calls_it_tagged_and_it_is_small(printed):
    try:
        told = {
            b.path.stem: subprocess.run(["pdfinfo", str(b.path)], capture_output=True, check=True)
            for b in printed
        }
    except FileNotFoundError:
        pytest.skip("pdfinfo is not installed")
    tagged = {stem: re.search(rb"Tagged: +(\w+)", out.stdout)[1] for stem, out in told.items()}
    assert set(tagged.values()) == {b"yes"}
    assert max(brief.path.stat().st_size for brief in printed) < 100_000


def test_a_checker_of_the_standard_finds_nothing(printed):
    reports = {brief.path.stem: pdfua.validate(str(brief.path)) for brief in printed}
    found = {
        stem: [str(finding) for outcome in report.outcomes for finding in outcome.findings]
        for stem, report in reports.items()
    }
    assert {stem: findings for stem, findings in found.items() if findings} == {}


def test_no_letter_prints_as_a_box(printed):
    assert [b.path.stem for b in printed if any(sign in b.text for sign in BOXES)] == []


def test_a_public_brief_tells_no_secret(printed):
    told = {
        brief.ref: re.findall(
            r"SECRET\w*", " ".join([brief.text, brief.metadata, brief.spoken(), brief.name])
        )
        for brief in printed
        if brief.kind == PUBLIC
    }
    assert {ref: secrets for ref, secrets in told.items() if secrets} == {}


def test_an_internal_brief_would_tell_a_planted_secret(printed):
    """The secrets do reach a brief: without this the test above proves nothing."""
    edition = briefs.edition_of(Visit.objects.get(ref="V01"), INTERNAL, at=clock.now())
    assert {"SECRETvisitnotes", "SECRETmessagesubject", "SECRETvisitreportnotes"} <= set(
        re.findall(r"SECRET\w*", repr(edition))
    )


def test_the_embargoed_city_is_named_in_its_own_brief_alone(printed):
    def told(brief: Printed) -> str:
        outside = f"{brief.metadata} {brief.name}"
        return outside if brief.ref == "V02" else f"{outside} {brief.text} {brief.spoken()}"

    public = [brief for brief in printed if brief.kind == PUBLIC]
    assert [b.ref for b in public if any(name in told(b) for name in EMBARGOED)] == []
    assert EMBARGOED[0] in next(brief.text for brief in public if brief.ref == "V02")


def test_names_and_metadata_of_files_hold_no_city(printed):
    for brief in printed:
        assert re.fullmatch(r"V\d\d-(internal|public)-[a-z]{2}-preview\.pdf", brief.name)
        assert brief.city not in brief.metadata
