"""One change for many people: seen first, done for all, taken back for all."""

import pytest

from crm.models import ClockSetting, Person
from tests.factories.crm import CLOCK, InitiativeFactory, OrganisationFactory, PersonFactory
from tests.visits.views.desk.front_door import do, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def undo_of(answer) -> str:
    return list(answer.context["messages"])[-1].extra_tags.removeprefix("undo:")


def homes() -> list[str]:
    return [row.organisation.name for row in Person.objects.order_by("pk")]


def test_an_organisation_is_shown_set_and_taken_back(desk):
    old, new = OrganisationFactory(name="Old"), OrganisationFactory(name="New")
    rows = [PersonFactory(organisation=old), PersonFactory(organisation=new)]
    sent = {"rows": [row.pk for row in rows], "field": "organisation", "organisation": "New"}
    page = do(desk, "person-bulk-edit", **sent, step="preview")
    assert [(change.before, change.is_new) for change in page.context["changes"]] == [
        ("Old", True),
        ("New", False),
    ]
    assert homes() == ["Old", "New"]
    answer = do(desk, "person-bulk-edit", **sent, step="do")
    assert said(answer) == ["1 person is changed."]
    assert homes() == ["New", "New"]
    assert list(Person.objects.search("new")) != []
    desk.post(undo_of(answer))
    assert homes() == ["Old", "New"]


def test_an_initiative_and_a_language_are_added_and_taken_off_again(desk):
    initiative, person = InitiativeFactory(), PersonFactory(languages=["nb"])
    sent = {"rows": [person.pk], "step": "do"}
    for fields, has in (
        ({"field": "languages", "languages": "nl"}, lambda row: "nl" in row.languages),
        (
            {"field": "initiatives", "initiatives": initiative.pk},
            lambda row: initiative in row.initiatives.all(),
        ),
    ):
        answer = do(desk, "person-bulk-edit", **sent, **fields)
        assert has(Person.objects.get())
        desk.post(undo_of(answer))
        assert not has(Person.objects.get())
    assert Person.objects.get().languages == ["nb"]


def test_without_a_value_or_a_known_name_nothing_changes(desk):
    person = PersonFactory()
    for fields in (
        {"field": "organisation"},
        {"field": "organisation", "organisation": "Nowhere"},
        {"field": "secrets", "organisation": "x"},
        {"field": "languages", "languages": "xx"},
    ):
        answer = do(desk, "person-bulk-edit", rows=[person.pk], step="do", **fields)
        assert answer.status_code == 422
    assert said(do(desk, "person-bulk-edit")) == ["Tick at least one row first."]


@pytest.mark.parametrize(
    "query", ["", "field=organisation&value=x&was=1-1", "field=languages&value=nl&was=a-b"]
)
def test_a_made_up_undo_takes_nothing_back(desk, query):
    PersonFactory(languages=["nl"])
    assert desk.post(f"/people/bulk/edit/undo/?{query}").status_code == 302
    assert Person.objects.get().languages == ["nl"]
