import pytest
from django.urls import reverse

from crm.models import OutgoingMail
from tests.factories.crm import (
    FollowUpFactory,
    MessageFactory,
    MunicipalityFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from tests.factories.visits import VisitFactory, VisitRequestFactory

pytestmark = pytest.mark.django_db


def results(client, words):
    answer = client.get(
        reverse("visits:search"), {"q": words}, headers={"Accept": "application/json"}
    )
    return answer.json()["results"]


def test_search_finds_every_kind_of_record_in_any_spelling(client, coordinator):
    client.force_login(coordinator)
    city = MunicipalityFactory(name="Gdańsk")
    person = PersonFactory(organisation=city.organisation)
    request = VisitRequestFactory(city="Gdańsk")
    visit = VisitFactory(city="Gdańsk", requests=[request])
    found = {(row["kind"], row["path"]) for row in results(client, "gdansk")}
    assert found == {
        ("request", f"/requests/{request.ref}/"),
        ("visit", f"/visits/{visit.ref}/"),
        ("person", f"/people/{person.pk}/"),
        ("organisation", f"/organisations/{city.organisation.pk}/"),
    }


def test_search_shows_a_host_no_person_and_no_visit_of_another(client, host):
    client.force_login(host)
    PersonFactory(family="Gdańsk")
    own = VisitFactory(city="Gdańsk", host=host.host, requests=[])
    VisitFactory(city="Gdańsk", requests=[])
    assert [row["path"] for row in results(client, "gdansk")] == [f"/visits/{own.ref}/"]


def test_search_of_one_letter_finds_nothing(client, coordinator):
    client.force_login(coordinator)
    PersonFactory(given="Q")
    assert results(client, "q") == []


def test_search_is_a_page_for_a_browser(client, coordinator):
    client.force_login(coordinator)
    person = PersonFactory()
    answer = client.get(reverse("visits:search"), {"q": person.family})
    assert person.name in answer.content.decode()


def test_search_finds_promises_mails_and_pages(client, coordinator):
    client.force_login(coordinator)
    FollowUpFactory(text="Retain the minutes")
    OutgoingMailFactory(message=MessageFactory(subject="Retained dates"))
    assert [(row["kind"], row["label"]) for row in results(client, "retain")] == [
        ("follow-up", "Retain the minutes · Fri 17 Feb 2023"),
        ("mail", OutgoingMail.objects.get().subject + " → " + OutgoingMail.objects.get().recipient),
    ]
    found = [(row["kind"], row["path"]) for row in results(client, "retent")]
    assert found == [("page", "/privacy/retention/")]
    assert results(client, "closing camp")[0]["path"] == "/figures/closing/"


def test_search_shows_a_host_no_mail_and_no_page_of_the_desk(client, host):
    client.force_login(host)
    OutgoingMailFactory(message=MessageFactory(subject="Consent dates"))
    assert results(client, "consent") == []
