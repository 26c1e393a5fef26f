"""A program hands a file of people over, reads what would happen, imports and undoes it."""

from base64 import b64encode

import pytest

from crm.domain.imports import batches
from crm.models import Person
from tests.factories.crm import (
    ConsentTextFactory,
    EventFactory,
    ImportBatchFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PlaceFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def told(content: bytes, **more) -> dict:
    words = {"basis": "contract", "source": "our own list", "file_name": "list.csv"}
    return {**words, "content": b64encode(content).decode(), **more}


@pytest.fixture
def program(api, coordinator, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
    return api(coordinator)


def test_upload_read_apply_undo(program):
    EventFactory(slug="rotterdam")
    content = b"Name,E-mail\nAnna Berg,anna@x.eu\nBad,bad\n"

    made = program.post("/imports/", told(content, event="rotterdam"))
    assert (made.status_code, made.json()["state"]) == (201, "uploaded")
    address = f"/imports/{made.json()['id']}/"
    batches.work_off()
    read = program.get(address).json()
    assert (read["state"], read["create"], read["rows"]) == ("ready", 1, 1)
    assert [fault["line"] for fault in read["errors"]] == [3]
    assert read["mapping"] == ["name", "email"]

    assert program.post(f"{address}apply/", {}).status_code == 200
    batches.work_off()
    assert Person.objects.get().family == "Berg"
    assert program.post(f"{address}undo/", {}).json()["state"] == "undone"
    assert not Person.objects.exists()


def test_words_day_and_proof_of_answers_and_which_city_is_meant_are_said(program):
    text = ConsentTextFactory(purpose="newsletter", language="en", version=1)
    place = PlaceFactory(name="Gent", alternate_names="Ghent|Gand", country="BE")
    ghent = MunicipalityFactory(
        organisation=OrganisationFactory(name="Ghent (municipality)", type="municipality"),
        place=place,
    ).organisation
    content = b"Name,E-mail,Organisation,Newsletter\nAnna Berg,anna@x.eu,Gent,yes\n"
    address = f"/imports/{program.post('/imports/', told(content)).json()['id']}/"
    batches.work_off()
    assert program.get(address).json()["suggestions"] == [
        {"name": "Gent", "choices": [ghent.pk], "taken": ghent.pk}
    ]
    said = {
        "newsletter_text": text.pk,
        "newsletter_on": "2023-01-31",
        "newsletter_proof": "signed list",
        "organisations": {"Gent": 0},
    }
    answer = program.post(f"{address}reading/", said)
    assert (answer.status_code, answer.json()["newsletter_proof"]) == (200, "signed list")
    batches.work_off()
    program.post(f"{address}apply/", {})
    batches.work_off()
    anna = Person.objects.get()
    assert (anna.organisation.name, anna.organisation != ghent) == ("Gent", True)
    assert (anna.consents.get().status, anna.consents.get().text) == ("granted", text)


def test_the_same_key_hands_one_file_over(program):
    body = told(b"Name\nAnna\n")
    first = program.post("/imports/", body, Idempotency_Key="once")
    second = program.post("/imports/", body, Idempotency_Key="once")
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(
    "more", [{"content": "%%%"}, {"basis": ""}, {"event": "nowhere"}, {"is_staff": True}]
)
def test_a_wrong_body_is_refused(program, more):
    assert program.post("/imports/", told(b"Name\nAnna\n") | more).status_code == 400


def test_a_step_out_of_turn_is_refused(program, coordinator):
    batch = ImportBatchFactory(asked_by=coordinator, state="done")
    assert program.post(f"/imports/{batch.pk}/apply/", {}).status_code == 400


def test_imports_of_others_are_unknown(program):
    theirs = ImportBatchFactory(asked_by=UserFactory())
    assert program.get(f"/imports/{theirs.pk}/").status_code == 404
    assert program.get("/imports/").json()["results"] == []
