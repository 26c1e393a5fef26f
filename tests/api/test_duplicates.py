"""Duplicates by the API: read, decide, merge, undo; the same verbs as on the pages."""

import pytest

from crm.models import Lookalike, Merge, Person
from tests.factories.crm import LookalikeFactory, MergeFactory, PersonFactory

pytestmark = pytest.mark.django_db


def test_a_pair_is_read_with_its_reasons_and_said_to_be_two_people(desk):
    pair = LookalikeFactory()
    told = desk.get(f"/lookalikes/{pair.pk}/").json()
    assert {"words": "same mail address", "is_for": True} in told["reasons"]
    assert desk.post(f"/lookalikes/{pair.pk}/apart/", {}).status_code == 200
    assert desk.get("/lookalikes/", open="true").json()["results"] == []
    desk.post(f"/lookalikes/{pair.pk}/ask-again/", {})
    assert (
        len(desk.get("/lookalikes/", open="true", person=str(pair.one_id)).json()["results"]) == 1
    )
    assert Lookalike.objects.get().decided_at is None


def test_two_records_are_merged_and_taken_apart(desk):
    kept, other = PersonFactory(role="Adviser"), PersonFactory(role="Head")
    answer = desk.post(
        f"/people/{kept.pk}/merge/", {"other": other.pk, "choices": {"post": "merged"}}
    )
    assert (answer.status_code, answer.json()["role"]) == (200, "Head")
    merge = desk.get("/merges/", kept=str(kept.pk), standing="true").json()["results"][0]
    assert desk.get(f"/merges/{merge['id']}/").json()["obstacles"] == []
    assert desk.post(f"/merges/{merge['id']}/undo/", {}).json()["undone_at"]
    assert Person.objects.live().count() == 2


def test_a_merge_that_cannot_be_is_refused_with_a_sentence(desk):
    kept = PersonFactory()
    answer = desk.post(f"/people/{kept.pk}/merge/", {"other": kept.pk})
    assert answer.status_code == 400
    assert "one record already" in answer.content.decode()
    other = PersonFactory()
    body = {"other": other.pk, "choices": {"password": "kept"}}
    assert desk.post(f"/people/{kept.pk}/merge/", body).status_code == 400
    assert Merge.objects.count() == 0


def test_every_obstacle_is_told(desk):
    merge = MergeFactory()
    desk.post(f"/merges/{merge.pk}/undo/", {})
    again = desk.post(f"/merges/{merge.pk}/undo/", {})
    assert again.status_code == 400
    assert "already" in again.content.decode()
