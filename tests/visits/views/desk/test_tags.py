"""Tags: words of our own on people and organisations, put on and taken off, one or many."""

import pytest

from crm.models import Organisation, Person, Tag
from tests.factories.crm import OrganisationFactory, PersonFactory
from tests.visits.views.desk.front_door import do, go, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, cast):
    client.force_login(cast.coordinator)
    return client


def tagged(*people):
    return [
        sorted(str(tag) for tag in Person.objects.get(pk=each.pk).tags.all()) for each in people
    ]


def test_tag_is_put_on_many_at_once_and_taken_back(desk):
    one, two, three = PersonFactory.create_batch(3)
    do(desk, "tag-put", "people", rows=[one.pk], tag="Mayors' office")
    answer = do(desk, "person-bulk", verb="tag", rows=[one.pk, two.pk], tag="mayors’ office")
    assert said(answer) == ["Tagged 1 record."]
    assert tagged(one, two, three) == [["Mayors' office"], ["Mayors' office"], []]
    undo = next(message.extra_tags for message in answer.context["messages"])
    desk.post(undo.removeprefix("undo:"))
    assert tagged(one, two, three) == [["Mayors' office"], [], []]


def test_list_finds_those_with_all_of_the_tags(desk):
    one, two = PersonFactory.create_batch(2)
    do(desk, "tag-put", "people", rows=[one.pk, two.pk], tag="Łódź trip")
    do(desk, "tag-put", "people", rows=[two.pk], tag="speaks Polish")
    found = go(desk, "person-list", tag=["lodz trip", "speaks polish"]).context["list"]
    assert [person.pk for person in found.page_obj] == [two.pk]
    assert [pill.label for pill in found.pills] == ["Tag: Łódź trip", "Tag: speaks Polish"]
    assert "speaks Polish" in desk.get("/people/?as=csv").getvalue().decode()


@pytest.mark.parametrize("typed", ["", "   ", "#", "x" * 41])
def test_tag_that_cannot_be_one_is_refused(desk, typed):
    person = PersonFactory()
    assert said(do(desk, "tag-put", "people", rows=[person.pk], tag=typed)) == [
        "Write a tag of up to 40 letters."
    ]
    assert not Tag.objects.exists()


def test_organisation_has_tags_and_the_last_one_off_forgets_the_tag(desk):
    body = OrganisationFactory()
    do(desk, "tag-put", "organisations", rows=[body.pk], tag="#pilot talks")
    assert "pilot talks" in go(desk, "organisation-detail", body.pk).text
    answer = do(desk, "tag-take", "organisations", rows=[body.pk], tag="Pilot Talks")
    assert not Tag.objects.exists()
    undo = next(message.extra_tags for message in answer.context["messages"])
    desk.post(undo.removeprefix("undo:"))
    assert [str(tag) for tag in Organisation.objects.get().tags.all()] == ["Pilot Talks"]


def test_tags_are_no_business_of_a_host(client, cast):
    body = OrganisationFactory()
    body.tags.add(Tag.objects.create(name="difficult"))
    client.force_login(cast.host)
    assert "difficult" not in go(client, "organisation-detail", body.pk).text
    assert "difficult" not in go(client, "organisation-list").text
    assert client.get("/api/v1/organisations/?tag=difficult").status_code == 400


def test_api_puts_tags_on_and_takes_them_off(desk):
    person = PersonFactory()
    put = desk.post(
        f"/api/v1/people/{person.pk}/tag/", {"tag": "VIP"}, content_type="application/json"
    )
    assert put.json()["tags"] == ["VIP"]
    taken = desk.post(
        f"/api/v1/people/{person.pk}/untag/", {"tag": "vip"}, content_type="application/json"
    )
    assert taken.json()["tags"] == []


def test_those_nobody_has_heard_of_for_long_are_found(desk):
    from datetime import timedelta

    from crm import clock
    from tests.factories.crm import InteractionFactory, MessageFactory, OutgoingMailFactory

    long_ago = clock.now() - timedelta(days=60)
    quiet, called, written = PersonFactory.create_batch(3, created_at=long_ago)
    InteractionFactory(person=called, at=clock.now() - timedelta(days=3))
    MessageFactory(person=written, status="queued", at=clock.now() - timedelta(days=20))
    MessageFactory(person=quiet, status="draft", at=clock.now())
    called_off = MessageFactory(person=quiet, status="queued", at=clock.now())
    OutgoingMailFactory(message=called_off, state="cancelled")
    sample = MessageFactory(person=quiet, status="queued", at=clock.now())
    OutgoingMailFactory(message=sample, state="held_sample")

    def found(days):
        rows = go(desk, "person-list", silent=days).context["list"].page_obj
        return {person.pk for person in rows}

    assert found(14) == {quiet.pk, written.pk}
    assert found(30) == {quiet.pk}
    assert found(2) == {quiet.pk, called.pk, written.pk}


def test_who_was_recorded_or_met_at_an_event_since_then_is_not_silent(desk):
    from datetime import timedelta

    from crm import clock
    from tests.factories.crm import EventFactory, ParticipationFactory

    now = clock.now()
    day = (now - timedelta(days=5)).date()
    event = EventFactory(starts_on=day, ends_on=day)
    new = PersonFactory(created_at=now - timedelta(days=5))
    met, stayed_away = PersonFactory.create_batch(2, created_at=now - timedelta(days=60))
    ParticipationFactory(person=met, event=event, status="attended")
    ParticipationFactory(person=stayed_away, event=event, status="no_show")

    def found(days):
        rows = go(desk, "person-list", silent=days).context["list"].page_obj
        return {person.pk for person in rows}

    assert found(14) == {stayed_away.pk}
    assert found(4) == {new.pk, met.pk, stayed_away.pk}
    assert go(desk, "today").context["silent"] == 1
