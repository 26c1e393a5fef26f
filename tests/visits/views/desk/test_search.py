import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import ContactPoint, OutgoingMail
from tests.factories.crm import (
    CLOCK,
    ContactPointFactory,
    FollowUpFactory,
    ImportBatchFactory,
    IncomingMailFactory,
    InteractionFactory,
    MailingFactory,
    MessageFactory,
    MunicipalityFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    PersonFactory,
    PlaceFactory,
    SavedViewFactory,
    TagFactory,
    UserFactory,
)
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.domain.erasure import erase_person

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


def test_words_of_a_call_lead_to_its_place_in_the_timeline(client, coordinator):
    client.force_login(coordinator)
    person = PersonFactory(given="Ada", family="Ferrer")
    client.post(
        reverse("visits:person-note", args=[person.pk]),
        {
            "kind": "call",
            "at": "2023-02-14T10:00",
            "text": "They fly thermal drones with Zeppelinquartz sensors over the old harbour.",
        },
    )
    note = person.interactions.get()
    [row] = results(client, "zeppelinquartz thermal")
    assert row["path"] == f"/people/{person.pk}/?all=1&show=call#said-{note.pk}"
    assert row["kind"] == "call"
    assert row["label"].startswith("Call, Ada Ferrer · ")
    assert "thermal drones with Zeppelinquartz sensors" in row["words"]
    assert f'id="said-{note.pk}"' in client.get(row["path"]).content.decode()
    page = client.get(reverse("visits:search"), {"q": "zeppelinquartz"}).content.decode()
    assert "thermal drones with Zeppelinquartz sensors" in page


def test_a_note_about_an_organisation_is_found_at_its_page(client, coordinator):
    client.force_login(coordinator)
    body = OrganisationFactory()
    note = InteractionFactory(person=None, organisation=body, kind="note", text="Zeppelinquärz")
    [row] = results(client, "ZEPPELINQUARZ")
    assert row["path"] == f"/organisations/{body.pk}/?all=1&show=note#said-{note.pk}"
    assert f'id="said-{note.pk}"' in client.get(row["path"]).content.decode()


def test_words_within_a_long_text_are_shown_with_those_around_them(client, coordinator):
    client.force_login(coordinator)
    InteractionFactory(text=" ".join([*["before"] * 30, "Zeppelinquarz,", *["after"] * 30]))
    [row] = results(client, "zeppelinquarz")
    assert row["words"] == f"… {'before ' * 6}Zeppelinquarz, {'after ' * 9}…"


def test_texts_of_letters_are_found_where_they_are_read(client, coordinator):
    client.force_login(coordinator)
    sent = OutgoingMailFactory(message=MessageFactory(body="About zeppelinquarz in general."))
    person = PersonFactory()
    logged = MessageFactory(incoming=True, person=person, body="No zeppelinquarz here.")
    filed = IncomingMailFactory(state="filed", text="Our ZEPPELINQUARZ.")
    filed.messages.add(MessageFactory(incoming=True, body=filed.text))
    waiting = IncomingMailFactory(text="Grüße, Zeppelinquarz!")
    IncomingMailFactory(text="Nothing of it.")
    assert {
        (row["kind"], row["path"], row["words"]) for row in results(client, "zeppelinquarz")
    } == {
        ("mail", f"/mail/{sent.pk}/", "About zeppelinquarz in general."),
        (
            "mail",
            f"/people/{person.pk}/?all=1&show=mail#mail-{logged.pk}",
            "No zeppelinquarz here.",
        ),
        ("mail", f"/mail/inbox/{filed.pk}/", "Our ZEPPELINQUARZ."),
        ("incoming mail", f"/mail/inbox/{waiting.pk}/", "Grüße, Zeppelinquarz!"),
    }


def test_what_the_desk_named_is_found(client, coordinator):
    client.force_login(coordinator)
    TagFactory(name="Zeppelin friends")
    mailing = MailingFactory(title="Zeppelin news")
    view = SavedViewFactory(name="Zeppelin cities", owner=coordinator, query={"country": ["NL"]})
    SavedViewFactory(name="Zeppelin of another")
    batch = ImportBatchFactory(source="Zeppelin fair", asked_by=coordinator)
    ImportBatchFactory(source="Zeppelin fair of another", asked_by=UserFactory())
    found = {(row["kind"], row["label"], row["path"]) for row in results(client, "zéppelin")}
    assert found == {
        ("tag", "Zeppelin friends", "/people/?tag=zeppelin+friends"),
        ("mailing", "Zeppelin news", f"/mail/mailings/{mailing.pk}/"),
        ("saved view", view.name, "/people/?country=NL"),
        ("import", "Zeppelin fair · list.csv", f"/people/imports/{batch.pk}/"),
    }


@pytest.mark.parametrize(
    "typed", ["+49221123456", "0221 123456", "0049 (0)221 / 12 34 56", "221-123456", "+49 221 123"]
)
@pytest.mark.parametrize("stored", ["+49 221 123456", "+49 (0)221 12-34-56"])
def test_a_phone_number_is_found_however_it_is_typed(client, coordinator, typed, stored):
    client.force_login(coordinator)
    person = PersonFactory()
    ContactPointFactory(person=person, kind=ContactPoint.Kind.PHONE, value=stored)
    person.save()
    PersonFactory()
    assert [row["path"] for row in results(client, typed)] == [f"/people/{person.pk}/"]


def test_search_shows_a_host_neither_notes_nor_letters_nor_what_the_desk_named(client, host):
    client.force_login(host)
    InteractionFactory(text="Zeppelin", by=host)
    OutgoingMailFactory(message=MessageFactory(body="Zeppelin"))
    IncomingMailFactory(text="Zeppelin")
    TagFactory(name="Zeppelin")
    MailingFactory(title="Zeppelin")
    ImportBatchFactory(source="Zeppelin")
    SavedViewFactory(name="Zeppelin", list="people", is_shared=True)
    SavedViewFactory(name="Zeppelin", list="visits", is_shared=True)
    assert [row["path"] for row in results(client, "zeppelin")] == ["/visits/?country=NL"]


def test_search_finds_nothing_said_of_somebody_erased(client, coordinator):
    client.force_login(coordinator)
    person = PersonFactory(given="Ada", family="Zeppelinquarz")
    InteractionFactory(person=person, text="Asked for the zeppelinquarz leaflet.")
    MessageFactory(person=person, body="The zeppelinquarz leaflet.")
    assert len(results(client, "zeppelinquarz")) == 3
    erase_person(person, at=CLOCK)
    assert results(client, "zeppelinquarz") == []
    assert results(client, "leaflet") == []


def test_a_search_asks_the_same_number_of_queries_for_one_hit_and_for_three(
    client, coordinator, django_assert_num_queries
):
    client.force_login(coordinator)

    def plant() -> None:
        InteractionFactory(text="Zeppelin")
        message = MessageFactory(body="Zeppelin")
        OutgoingMailFactory(message=message)
        message.visit_requests.add(VisitRequestFactory())
        IncomingMailFactory(text="Zeppelin").messages.add(
            MessageFactory(incoming=True, body="Zeppelin")
        )
        MailingFactory(title="Zeppelin")

    plant()
    results(client, "zeppelin")
    with CaptureQueriesContext(connection) as asked:
        results(client, "zeppelin")
    plant()
    plant()
    with django_assert_num_queries(len(asked)):
        results(client, "zeppelin")
