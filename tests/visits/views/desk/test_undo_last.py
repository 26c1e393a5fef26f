"""The last action is taken back from any page, as by the button in its toast."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import FollowUp, Person
from tests.factories.crm import FollowUpFactory, PersonFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.views.desk import toasts

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def archived(desk) -> Person:
    person = PersonFactory(given="Ann", family="Other")
    do(desk, "person-archive", person.pk)
    person.refresh_from_db()
    assert person.archived_at is not None
    return person


def test_the_last_action_is_taken_back_on_another_page(desk, archived):
    page = go(desk, "follow-up-list").content.decode()
    assert "Undo: Ann Other is archived" in page

    answer = do(desk, "undo-last")

    archived.refresh_from_db()
    assert archived.archived_at is None
    assert said(answer) == ["Ann Other is back in the lists."]
    assert "Undo: " not in go(desk, "follow-up-list").content.decode()


def test_it_leads_where_the_button_of_the_toast_leads(desk):
    promise = FollowUpFactory()
    do(desk, "follow-up-complete", promise.pk, next="/people/")
    assert FollowUp.objects.get().done_on is not None

    answer = do(desk, "undo-last")

    assert answer.request["PATH_INFO"] == "/people/"
    assert FollowUp.objects.get().done_on is None


def test_taken_back_once_there_is_nothing_more_to_take_back(desk, archived):
    do(desk, "undo-last")
    answer = do(desk, "undo-last")
    assert said(answer) == ["There is nothing to take back."]
    archived.refresh_from_db()
    assert archived.archived_at is None


def test_nothing_older_than_the_last_action_is_taken_back(desk, archived):
    person = PersonFactory()
    do(desk, "person-note", person.pk, kind="note", text="Rang back")
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]
    archived.refresh_from_db()
    assert archived.archived_at is not None


def test_after_a_while_it_is_not_the_last_action_any_more(desk, archived, monkeypatch):
    later = timezone.now() + toasts.UNDO_FOR + timedelta(minutes=1)
    monkeypatch.setattr(toasts.timezone, "now", lambda: later)
    assert "Undo: " not in go(desk, "follow-up-list").content.decode()
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]
