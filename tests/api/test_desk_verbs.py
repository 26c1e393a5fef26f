"""Posts, consents and follow-ups over the API: the same verbs as the pages."""

from datetime import date

import pytest

from crm.models import ConsentRecord, FollowUp, NoticeDue
from tests.factories.crm import (
    ConsentTextFactory,
    FollowUpFactory,
    OrganisationFactory,
    PersonFactory,
)

pytestmark = pytest.mark.django_db


def test_who_is_added_from_a_list_needs_source_and_basis_and_is_to_be_told(desk):
    assert desk.post("/people/", {"given": "Ada"}).status_code == 201
    assert not NoticeDue.objects.exists()
    body = {"given": "Eve", "origin": "list"}
    refusal = desk.post("/people/", body)
    assert refusal.status_code == 400
    assert set(refusal.json()["errors"]) == {"source", "basis"}
    body |= {"source": "signed list", "basis": "follow-up of the event"}
    assert desk.post("/people/", body).status_code == 201
    notice = NoticeDue.objects.get()
    assert (notice.person.given, notice.source) == ("Eve", "signed list")


def test_a_person_moves_and_the_former_post_is_read(desk):
    person, new = PersonFactory(role="clerk"), OrganisationFactory()
    answer = desk.post(
        f"/people/{person.pk}/new-post/",
        {"on": "2023-02-01", "role": "head", "organisation": new.pk},
    )
    assert answer.status_code == 200
    body = answer.json()
    assert (body["role"], body["organisation"], body["post_since"]) == (
        "head",
        new.pk,
        "2023-02-01",
    )
    assert [(post["role"], post["to_on"]) for post in body["former_posts"]] == [
        ("clerk", "2023-01-31")
    ]


def test_a_post_to_come_is_refused(desk):
    person = PersonFactory(role="clerk")
    answer = desk.post(f"/people/{person.pk}/new-post/", {"on": "2099-02-18", "role": "head"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["on"])
    person.refresh_from_db()
    assert person.role == "clerk"


def test_an_answer_about_consent_is_appended_with_its_proof(desk):
    person, text = PersonFactory(), ConsentTextFactory()
    sent = {"person": person.pk, "purpose": "newsletter", "status": "granted", "channel": "paper"}
    refusal = desk.post("/consents/", sent | {"evidence": "list 3"})
    assert refusal.status_code == 400
    assert list(refusal.json()["errors"]) == ["text"]
    answer = desk.post("/consents/", sent | {"evidence": "list 3", "text": text.pk})
    assert answer.status_code == 201
    assert ConsentRecord.objects.get().text == text


def test_a_promise_is_due_in_working_days_and_put_off(desk):
    made = desk.post("/follow-ups/", {"text": "Ring", "in_days": 3})
    assert made.json()["due_on"] == "2023-02-20"
    row = FollowUpFactory()
    answer = desk.post(f"/follow-ups/{row.pk}/snooze/", {"how": "week"})
    assert answer.json()["due_on"] == "2023-02-20"
    assert FollowUp.objects.get(pk=row.pk).moves.get().from_day == date(2023, 2, 17)
    assert desk.post(f"/follow-ups/{row.pk}/snooze/", {"how": "never"}).status_code == 400
    assert desk.post("/follow-ups/", {"text": "Ring"}).status_code == 400
