"""Briefs over HTTP: on which paper, and what changed since a version was kept."""

from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.factories.crm import CLOCK, MunicipalityFactory, UserFactory
from tests.factories.visits import HostFactory, VisitFactory
from visits.domain import pack_runs
from visits.domain.briefs import build_edition


@pytest.fixture
def kept(clock):
    visit = VisitFactory(ref="V61", address="Town hall 1")
    return build_edition(visit, "internal", at=CLOCK)


def size(pdf: bytes) -> tuple[int, int]:
    box = PdfReader(BytesIO(pdf)).pages[0].mediabox
    return round(box.width), round(box.height)


def test_a_brief_is_printed_on_the_paper_asked_for(desk, kept):
    path = f"/briefs/{kept.pk}/pdf/"
    assert size(desk.get(path).content) == (595, 842)
    assert size(desk.get(path, paper="letter", grey="true").content) == (612, 792)
    for query, has_colours in (({}, True), ({"grey": "true"}, False)):
        page = PdfReader(BytesIO(desk.get(path, **query).content)).pages[0]
        assert (b" rg" in page.get_contents().get_data()) == has_colours


@pytest.mark.parametrize("wrong", [{"paper": "a3"}, {"grey": "perhaps"}, {"papier": "a4"}])
def test_a_paper_nobody_has_is_refused_with_a_sentence(desk, kept, wrong):
    answer = desk.get(f"/briefs/{kept.pk}/pdf/", **wrong)
    assert answer.status_code == 400
    assert [*answer.json()["errors"]] == [*wrong]


def test_a_pack_is_made_on_the_paper_asked_for(desk, settings, tmp_path):
    settings.PACK_DIR = tmp_path
    body = {"kind": "attendance", "visit": VisitFactory().ref, "paper": "letter", "is_grey": True}
    made = desk.post("/packs/", body).json()
    assert (made["paper"], made["is_grey"]) == ("letter", True)
    pack_runs.work_off()
    assert size(desk.get(f"/packs/{made['id']}/pdf/").content) == (612, 792)
    assert desk.post("/packs/", body | {"paper": "a3"}).status_code == 400


def test_what_changed_since_a_version_was_kept_is_told_field_by_field(desk, kept):
    path = f"/briefs/{kept.pk}/changes/"
    assert desk.get(path).json() == []
    kept.visit.address = "Town hall 2"
    kept.visit.save()
    told = desk.get(path).json()
    assert {
        "section": "Head",
        "field": "Where",
        "before": "Town hall 1",
        "now": "Town hall 2",
    } in told


def test_changes_of_a_version_without_words_are_refused_with_a_sentence(desk, kept):
    type(kept).objects.filter(pk=kept.pk).update(content=None)
    answer = desk.get(f"/briefs/{kept.pk}/changes/")
    assert answer.status_code == 400
    assert "keep it anew" in answer.json()["detail"]


def test_an_expert_reads_no_changes_of_a_city_that_may_not_be_named(api, clock):
    expert = HostFactory(user=UserFactory(roles=["expert"]))
    city = MunicipalityFactory(embargo_until=CLOCK.date() + timedelta(days=20))
    visit = VisitFactory(municipality=city)
    visit.experts.add(expert)
    kept = build_edition(visit, "public", at=CLOCK)
    assert api(expert.user).get(f"/briefs/{kept.pk}/changes/").status_code == 403
    assert api(expert.user).get(f"/briefs/{kept.pk}/pdf/").status_code == 403
