"""The last action is taken back from any page, as by the button in its toast."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from crm.domain import people as verbs
from crm.models import AuditEntry, FollowUp, Interaction, Person
from tests.factories.crm import (
    CLOCK,
    FollowUpFactory,
    InitiativeFactory,
    InteractionFactory,
    OrganisationFactory,
    PersonFactory,
)
from tests.visits.views.desk.front_door import do, go, said
from visits.domain.erasure import erase_person
from visits.views.desk import toasts

pytestmark = pytest.mark.django_db

PROMISE = {"text": "Ring back", "in_days": "3", "owner": "ours"}


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
    do(desk, "person-promise", PersonFactory().pk, **PROMISE)
    assert FollowUp.objects.exists()
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]
    archived.refresh_from_db()
    assert archived.archived_at is not None


def test_after_a_while_it_is_not_the_last_action_any_more(desk, archived, monkeypatch):
    later = timezone.now() + toasts.UNDO_FOR + timedelta(minutes=1)
    monkeypatch.setattr(toasts.timezone, "now", lambda: later)
    assert "Undo: " not in go(desk, "follow-up-list").content.decode()
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]


FORM = ("given", "family", "script_variant", "role", "department", "notes")


def edit(desk, person, **values):
    """Save the form of a person as a browser does: every field, and what was seen of it."""
    form = go(desk, "person-edit", person.pk).context["form"]
    fields = {name: form[name].value() for name in (*FORM, "organisation", "seen")}
    several = {name: form[name].value() or [] for name in ("initiatives", "languages")}
    return do(desk, "person-edit", person.pk, **fields | several | values)


def test_an_edited_person_is_as_before_in_every_field_that_changed(desk):
    gent, oslo = OrganisationFactory(name="Gent"), OrganisationFactory(name="Oslo")
    person = PersonFactory(given="Ann", role="Leader", languages=["nl"], organisation=gent)
    first, second = InitiativeFactory.create_batch(2)
    person.initiatives.set([first])
    edit(
        desk,
        person,
        given="Anne",
        role="",
        notes="Rings on Mondays",
        languages=["nl", "fr"],
        organisation="Oslo",
        initiatives=[second.pk],
    )
    person.refresh_from_db()
    assert (person.given, person.role, person.organisation) == ("Anne", "", oslo)

    assert said(do(desk, "undo-last")) == [f"Ann {person.family} is as before the edit."]

    person.refresh_from_db()
    assert (person.given, person.role, person.notes) == ("Ann", "Leader", "")
    assert (person.languages, person.organisation) == (["nl"], gent)
    assert list(person.initiatives.all()) == [first]
    assert "ann" in person.search_key.split()
    last = AuditEntry.objects.about(person).first()
    assert (last.verb, "role" in last.fields) == ("edit_person", True)


def test_an_edit_somebody_else_edited_since_stays_and_says_so(desk):
    person = PersonFactory(given="Ann", role="Leader", department="Police")
    edit(desk, person, role="Mayor")
    verbs.edit_person(person, {"department": "Fire"}, at=CLOCK, by=None)
    verbs.edit_person(person, {"role": "Chief"}, at=CLOCK, by=None)
    assert said(do(desk, "undo-last")) == [
        f"{person.name} was edited since; nothing was taken back."
    ]
    person.refresh_from_db()
    assert (person.role, person.department) == ("Chief", "Fire")


def test_an_edit_is_taken_back_without_the_fields_others_changed_since(desk):
    person = PersonFactory(role="Leader", department="Police")
    edit(desk, person, role="Mayor")
    verbs.edit_person(person, {"department": "Fire"}, at=CLOCK, by=None)
    do(desk, "undo-last")
    person.refresh_from_db()
    assert (person.role, person.department) == ("Leader", "Fire")


def test_an_edit_that_changed_nothing_has_nothing_to_take_back(desk):
    edit(desk, PersonFactory())
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]


def test_the_toast_of_an_edit_takes_nothing_back_once_something_else_was_done(desk):
    person, other = PersonFactory.create_batch(2)
    edit(desk, person, role="Mayor")
    edit(desk, other, role="Clerk")
    assert said(do(desk, "person-edit-undo", person.pk)) == ["There is nothing to take back."]
    assert Person.objects.get(pk=person.pk).role == "Mayor"


def test_a_logged_note_is_gone_again_and_that_it_was_there_is_on_record(desk, coordinator):
    person = PersonFactory()
    do(desk, "person-note", person.pk, kind="note", text="Rang back")
    note = Interaction.objects.get()

    answer = do(desk, "undo-last")

    assert said(answer) == ["The note is taken back."]
    assert answer.request["PATH_INFO"] == f"/people/{person.pk}/"
    assert not Interaction.objects.exists()
    assert list(AuditEntry.objects.about(note).values_list("verb", "by")) == [
        ("take_back_interaction", coordinator.pk),
        ("log_interaction", coordinator.pk),
    ]


def test_a_note_of_somebody_else_or_of_earlier_is_not_taken_back(desk):
    theirs = InteractionFactory()
    do(desk, "person-note", PersonFactory().pk, kind="note", text="Rang back")
    mine = Interaction.objects.latest("pk")
    do(desk, "person-promise", PersonFactory().pk, **PROMISE)
    assert FollowUp.objects.exists()
    for note in (theirs, mine):
        assert said(do(desk, "note-take-back", note.pk)) == ["There is nothing to take back."]
    assert Interaction.objects.count() == 2


def test_an_erasure_leaves_no_words_in_what_could_be_taken_back(desk, coordinator):
    person = PersonFactory(given="Ann", family="Other", notes="Rings on Mondays")
    edit(desk, person, notes="")
    assert "Rings on Mondays" in str([each.get_decoded() for each in Session.objects.all()])
    erase_person(person, at=CLOCK, by=coordinator)
    assert "Mondays" not in str([each.get_decoded() for each in Session.objects.all()])
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]
    person.refresh_from_db()
    assert (person.family, person.notes) == ("", "")
