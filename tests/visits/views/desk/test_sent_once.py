"""A double click on a form that creates has one effect."""

import re

import pytest
from django.urls import reverse

from crm.models import ClockSetting, Interaction, Organisation, Person
from crm.roles import Role
from tests.factories.crm import CLOCK, PersonFactory, UserFactory
from tests.factories.visits import CampaignFactory
from visits.models import FigureSnapshot

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="once" value="([^"]+)"')


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def pressed_twice(desk, path, typed, page=""):
    token = TOKEN.search(desk.get(page or path).text)[1]
    first, second = (desk.post(path, typed | {"once": token}) for _press in range(2))
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    return token


def test_a_person_pressed_twice_is_added_once(desk):
    path = reverse("visits:person-new")
    token = pressed_twice(desk, path, {"given": "Joe", "family": "Gorman", "origin": "self"})
    assert Person.objects.count() == 1
    shown = desk.get(reverse("visits:person-list"))
    assert "nothing was done twice" in " ".join(str(each) for each in shown.context["messages"])
    desk.post(path, {"given": "Ann", "family": "Gorman", "origin": "self", "once": token})
    assert Person.objects.count() == 2


def test_the_same_typed_into_a_new_form_is_another_submit(desk):
    person = PersonFactory()
    path = reverse("visits:person-note", args=[person.pk])
    for _form in range(2):
        pressed_twice(desk, path, {"kind": "call", "text": "Called."})
    assert Interaction.objects.count() == 2


def test_a_token_belongs_to_whom_it_was_given(desk):
    person = PersonFactory()
    path = reverse("visits:person-note", args=[person.pk])
    for user in UserFactory.create_batch(2, role=Role.COORDINATOR):
        desk.force_login(user)
        desk.post(path, {"kind": "call", "text": "Called.", "once": "one"})
    assert Interaction.objects.count() == 2


def test_figures_pressed_twice_are_frozen_once(desk):
    CampaignFactory()
    path = reverse("visits:figures-freeze")
    pressed_twice(desk, path, {"note": "Report"}, page=reverse("visits:closing"))
    assert FigureSnapshot.objects.count() == 1


def test_a_refused_form_keeps_nothing_and_may_be_mended(desk):
    path = reverse("visits:organisation-new")
    token = TOKEN.search(desk.get(path).text)[1]
    assert desk.post(path, {"name": "", "once": token}).status_code == 200
    typed = {"name": "Gent", "type": "municipality", "country": "BE", "once": token}
    assert desk.post(path, typed).status_code == 302
    assert Organisation.objects.filter(name="Gent").count() == 1


@pytest.mark.parametrize(
    "name", ["event-new", "request-new", "data-request-new", "person-new", "organisation-new"]
)
def test_forms_that_create_carry_a_token(desk, name):
    CampaignFactory()
    assert TOKEN.search(desk.get(reverse(f"visits:{name}")).text)
