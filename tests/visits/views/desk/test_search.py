import pytest
from django.urls import reverse

from crm.models import OutgoingMail
from tests.factories.crm import (
    FollowUpFactory,
    MessageFactory,
    MunicipalityFactory,
    OutgoingMailFactory,
    PersonFactory,
    PlaceFactory,
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


@pytest.mark.parametrize("words", ["lisboa", "Lissabon", "lissab", "LISBON"])
def test_a_city_is_found_by_its_name_in_any_language(
    client, coordinator, words, django_assert_max_num_queries
):
    client.force_login(coordinator)
    place = PlaceFactory(name="Lisbon", alternate_names="Lisboa|Lissabon", country="PT")
    city = MunicipalityFactory(name="Lisbon", place=place)
    request = VisitRequestFactory(city="Lisbon", place=place)
    VisitRequestFactory(city="Ghent", place=PlaceFactory())
    with django_assert_max_num_queries(20):
        found = [row["path"] for row in results(client, words)]
    assert found == [f"/requests/{request.ref}/", f"/organisations/{city.organisation.pk}/"]


def test_two_letters_do_not_begin_half_of_europe(client, coordinator):
    client.force_login(coordinator)
    MunicipalityFactory(name="Ghent", place=PlaceFactory(alternate_names="Ga|Gand"))
    assert results(client, "ga") == []


def test_what_begins_with_the_words_stands_before_what_only_holds_them(client, coordinator):
    client.force_login(coordinator)
    for number in range(9):
        PersonFactory(given=f"A{number}", family="Undesired")
    PersonFactory(given="Desirée", family="Zander")
    PersonFactory(given="Zoe", family="Desi")
    VisitRequestFactory(city="Modesitt")
    labels = [row["label"] for row in results(client, "desi")]
    assert [label.partition(" ·")[0] for label in labels[:2]] == ["Zoe Desi", "Desirée Zander"]
    assert len([label for label in labels if "Undesired" in label]) == 6
    assert results(client, "zander desi")[0]["label"].startswith("Desirée Zander")


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


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("imports", "import-list"),
        ("import", "import-list"),
        ("mailings", "mailing-list"),
        ("wordings", "wording-list"),
        ("duplicates", "duplicate-list"),
        ("inbox", "inbox-list"),
        ("new request", "request-new"),
        ("new person", "person-new"),
        ("import a list", "import-list"),
        ("write a mailing", "mailing-list"),
        ("close the campaign", "closing"),
    ],
)
def test_a_page_is_found_by_what_people_call_it(client, coordinator, words, name):
    client.force_login(coordinator)
    paths = [row["path"] for row in results(client, words)]
    assert paths == [reverse(f"visits:{name}")]


def test_search_shows_a_host_no_mail_and_no_page_of_the_desk(client, host):
    client.force_login(host)
    OutgoingMailFactory(message=MessageFactory(subject="Consent dates"))
    assert results(client, "consent") == []
    assert results(client, "new request") == []
