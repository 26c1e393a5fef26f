"""The same write sent twice has one effect, and gets one answer."""

import threading

import pytest
from django.db import connection

from crm.models import IdempotencyKey, Interaction, Person
from tests.api.conftest import Api
from tests.factories.crm import CoordinatorFactory, OrganisationFactory
from tests.factories.visits import VisitRequestFactory

ADA = {"given": "Ada", "address": "ada@city.example"}


def test_repeated_request_has_one_effect_and_one_answer(desk):
    answers = [desk.post("/people/", ADA, Idempotency_Key="wish-1") for _ in range(8)]
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer["ETag"] for answer in answers} == {answers[0]["ETag"]}
    assert {answer["Location"] for answer in answers} == {answers[0]["Location"]}
    assert Person.objects.count() == 1
    assert answers[7]["Idempotent-Replayed"] == "true"
    assert not answers[0].has_header("Idempotent-Replayed")


def test_order_of_names_and_blanks_make_no_other_request(desk):
    first = desk.send(
        "POST", "/people/", b'{"given":"A","family":"B"}', {"Idempotency-Key": "wish"}
    )
    again = desk.send(
        "POST", "/people/", b'{ "family": "B", "given": "A" }', {"Idempotency-Key": "wish"}
    )
    assert first.content == again.content
    assert Person.objects.count() == 1


def test_key_with_another_body_or_route_is_refused(desk):
    assert desk.post("/people/", ADA, Idempotency_Key="wish").status_code == 201
    other = desk.post("/people/", ADA | {"given": "Eve"}, Idempotency_Key="wish")
    assert other.status_code == 422
    assert other["Content-Type"] == "application/problem+json"
    row = VisitRequestFactory()
    assert desk.post(f"/requests/{row.ref}/review/", Idempotency_Key="wish").status_code == 422
    assert Person.objects.count() == 1


def test_key_belongs_to_one_user(desk, api):
    desk.post("/people/", ADA, Idempotency_Key="wish")
    answer = api(CoordinatorFactory()).post("/people/", {"given": "Eve"}, Idempotency_Key="wish")
    assert answer.status_code == 201
    assert Person.objects.count() == 2


def test_refused_request_leaves_no_trace_and_may_be_sent_again(desk):
    row = VisitRequestFactory(state="merged")
    path = f"/requests/{row.ref}/decline/"
    refused = desk.post(path, {"reason": "No."}, Idempotency_Key="wish")
    assert refused.status_code == 400
    assert IdempotencyKey.objects.count() == 0
    type(row).objects.filter(pk=row.pk).update(state="under_review")
    assert desk.post(path, {"reason": "No."}, Idempotency_Key="wish").status_code == 200


def test_key_and_effect_are_kept_together_or_not_at_all(desk, monkeypatch):
    def broken(**kwargs):
        raise RuntimeError("the key cannot be kept")

    monkeypatch.setattr(IdempotencyKey.objects, "create", broken)
    answer = desk.post("/people/", ADA, Idempotency_Key="wish")
    assert answer.status_code == 500
    assert Person.objects.count() == 0


def test_every_step_repeats_its_answer(desk):
    row = VisitRequestFactory()
    path = f"/requests/{row.ref}/review/"
    first, again = (desk.post(path, Idempotency_Key="wish") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    # Without the key the second step is one the table does not have.
    assert desk.post(path).status_code == 400


@pytest.mark.parametrize("key", ["", "x" * 101, "wîsh", "a\tb"])
def test_key_that_is_none_is_refused(key, desk):
    answer = desk.post("/people/", ADA, Idempotency_Key=key)
    assert answer.status_code == 400
    assert Person.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_same_key_at_the_same_instant_has_one_effect():
    coordinator = CoordinatorFactory()
    organisation = OrganisationFactory()
    body = {"text": "They called.", "organisation": organisation.pk}
    start, answers = threading.Barrier(6), []

    def press() -> None:
        client = Api(coordinator)
        start.wait()
        answers.append(client.post("/interactions/", body, Idempotency_Key="wish"))
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201] * 6
    assert len({answer.content for answer in answers}) == 1
    assert Interaction.objects.count() == 1


def test_token_is_never_kept_for_a_repeated_request(coordinator, desk):
    first = desk.post("/tokens/", {"days": 2}, Idempotency_Key="wish")
    again = desk.post("/tokens/", {"days": 2}, Idempotency_Key="wish")
    assert first.status_code == again.status_code == 201
    assert first.json()["key"] == again.json()["key"]
    assert first.json()["token"]
    assert again.json()["token"] is None
    assert first.json()["token"] not in str(IdempotencyKey.objects.values().get())
