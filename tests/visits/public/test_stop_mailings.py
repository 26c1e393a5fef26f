"""The way out of mailings: looking changes nothing, one press stops them, in nine languages."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from crm.domain.stop_links import links_of, of_use, token_of
from crm.models import ConsentRecord, DataRequest, Mailing, StopLink
from tests.factories.crm import ConsentRecordFactory, ContactPointFactory, PersonFactory

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SAID = {
    "en": "Stop these mails",
    "nb": "Stopp disse e-postene",
    "nl": "Deze e-mails stoppen",
    "it": "Interrompere questi messaggi",
    "fr": "Ne plus recevoir ces courriels",
    "de": "Diese E-Mails abbestellen",
    "es": "Dejar de recibir estos correos",
    "pl": "Rezygnacja z tych wiadomości",
    "el": "Διακοπή αυτών των μηνυμάτων",
}


@pytest.fixture
def reader():
    person = PersonFactory(given="Zelda", family="Marker")
    ContactPointFactory(person=person, value="zelda@city.example")
    ConsentRecordFactory(person=person, purpose="newsletter", status="granted")
    return person


def address(person, kind=Mailing.Kind.NEWSLETTER, language="en"):
    token = token_of(links_of([person], kind)[person.pk])
    return reverse("public:stop", kwargs={"language": language, "token": token})


def answers(person):
    rows = ConsentRecord.objects.filter(person=person).order_by("pk")
    return list(rows.values_list("status", "channel"))


@pytest.mark.parametrize("language", settings.COMPLETE_LANGUAGES)
def test_page_asks_in_every_language_and_names_nobody(client, reader, language):
    page = client.get(address(reader, language=language))
    text = page.content.decode()
    assert SAID[language] in text
    assert "Zelda" not in text
    assert "zelda@" not in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]


def test_a_scanner_that_opens_every_link_changes_nothing(client, reader):
    path = address(reader)
    for _n in range(2):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert answers(reader) == [("granted", "event_desk")]


def test_one_click_needs_neither_cookie_nor_form_token_and_leads_nowhere_else(reader):
    path = address(reader)
    program = Client(enforce_csrf_checks=True)
    for _n in range(3):
        answer = program.post(path, ONE_CLICK)
        assert answer.status_code == 200
    assert answers(reader) == [("granted", "event_desk"), ("withdrawn", "one_click")]
    newest = ConsentRecord.objects.current().get(person=reader)
    assert newest.evidence == f"stop link {StopLink.objects.get().pk}"
    assert newest.address == "zelda@city.example"


def test_one_click_may_come_as_urlencoded_form(reader):
    """RFC 8058 leaves the mail program both."""
    answer = Client(enforce_csrf_checks=True).post(
        address(reader),
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert answers(reader)[-1] == ("withdrawn", "one_click")


def test_button_of_the_page_says_that_it_is_done_also_afterwards(client, reader):
    path = address(reader)
    assert "You get no more of these mails" in client.post(path).content.decode()
    assert answers(reader)[-1] == ("withdrawn", "stop_page")
    assert "You get no more of these mails" in client.get(path).content.decode()


def test_a_later_yes_counts_again(client, reader):
    path = address(reader)
    client.post(path)
    newest = ConsentRecord.objects.current().get(person=reader)
    ConsentRecordFactory(person=reader, purpose="newsletter", status="granted", at=newest.at)
    assert "Press the button" in client.get(path).content.decode()
    client.post(path)
    assert answers(reader)[-1] == ("withdrawn", "stop_page")


def test_a_link_speaks_for_one_kind_alone(client, reader):
    ConsentRecordFactory(person=reader, purpose="visit_contact", status="granted")
    client.post(address(reader), ONE_CLICK)
    granted = ConsentRecord.objects.granted("visit_contact").filter(person=reader)
    assert granted.exists()


def test_a_link_about_an_event_writes_down_a_wish(client, reader):
    path = address(reader, kind=Mailing.Kind.EVENT)
    for _n in range(2):
        assert client.post(path, ONE_CLICK).status_code == 200
    wish = DataRequest.objects.get()
    assert (wish.kind, wish.person) == (DataRequest.Kind.STOP, reader)
    assert answers(reader) == [("granted", "event_desk")]


@pytest.mark.parametrize("kind", [Mailing.Kind.EVENT, Mailing.Kind.NOTICE])
def test_a_link_that_stops_everything_says_so(client, reader, kind):
    path = address(reader, kind=kind)
    before, after = client.get(path).content.decode(), client.post(path).content.decode()
    assert "no more mails that go to many people: no newsletters" in before
    assert "no more mails that go to many people are sent to you" in after
    for shown in (before, after):
        assert "of this kind" not in shown


def test_a_wrong_token_is_answered_as_any_dead_link(client, reader):
    path = address(reader)
    right = client.get(path).status_code
    for token in ("x" * 43, "a", "x" * 3_000):
        wrong = client.post(
            reverse("public:stop", kwargs={"language": "en", "token": token}), ONE_CLICK
        )
        assert wrong.status_code == 404
    assert right == 200
    assert len(answers(reader)) == 1


def test_the_link_of_a_merged_record_speaks_for_the_kept_one(client, reader):
    kept = PersonFactory()
    ConsentRecordFactory(person=kept, purpose="newsletter", status="granted")
    path = address(reader)
    reader.merged_into = kept
    reader.save(update_fields=["merged_into"])
    client.post(path, ONE_CLICK)
    assert answers(kept)[-1] == ("withdrawn", "one_click")


def test_a_new_key_of_the_site_ends_no_link(client, reader, settings):
    before = address(reader)
    settings.SECRET_KEY = "another key of fifty letters and more, made when one leaked"
    link = StopLink.objects.get()
    fresh = of_use(link)
    assert fresh != link
    assert of_use(fresh) == fresh
    after = address(reader)
    assert after != before
    for path in (before, after):
        assert "Press the button" in client.get(path).content.decode()
