"""The form: what it takes, what it asks back, what it keeps."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from crm.domain import outbox
from crm.models import ContactPoint, OutgoingMail, Person
from tests.factories.crm import PersonFactory, PlaceFactory
from tests.factories.visits import CalendarDayFactory
from visits.domain.acquaintances import acquaintances_of
from visits.models import PendingRequest, VisitRequest
from visits.public import time_trap
from visits.public.forms import RequestForm

FORM = "/en/visit/"
SENT = "/en/visit/sent/"


def test_form_waits_for_its_address_and_reaches_nobody_before(client, ghent, form):
    answer = client.post(FORM, form())

    assert (answer.status_code, answer.url) == (302, SENT)
    assert VisitRequest.objects.count() == 0
    assert PendingRequest.objects.get().answers["city"] == "Ghent"
    assert OutgoingMail.objects.get().recipient == "robin@ghent.example"


def test_confirmation_mail_holds_no_word_of_the_sender(client, ghent, form):
    planted = "buy-at-evil.example"
    fields = ("department", "requester_name", "requester_role", "question_1", "secrecy")
    client.post(FORM, form(**dict.fromkeys(fields, planted)))

    mail = OutgoingMail.objects.get()
    assert planted not in mail.subject + mail.text + mail.html + mail.recipient_name


def test_known_and_unknown_address_get_the_same_answer(client, ghent, form):
    PersonFactory(address="known@ghent.example")
    known = client.post(FORM, form(address="known@ghent.example"))
    new = client.post(FORM, form(address="new@ghent.example"))

    assert (known.status_code, known.url) == (new.status_code, new.url)
    assert OutgoingMail.objects.count() == 2


def test_known_and_unknown_address_cost_the_same_number_of_queries(client, ghent, form):
    PersonFactory(address="known@ghent.example")
    client.post(FORM, form(address="first@ghent.example"))
    counts = []
    for address in ("known@ghent.example", "new@ghent.example"):
        with CaptureQueriesContext(connection) as queries:
            client.post(FORM, form(address=address))
        counts.append([query["sql"].partition(" ")[0] for query in queries])

    assert counts[0] == counts[1]


def test_known_address_with_another_name_and_phone_leaves_the_contact_as_it_is(
    client, ghent, form, verified
):
    person = PersonFactory(given="Jo", family="Known", address="known@ghent.example")
    before = list(Person.objects.values()), list(ContactPoint.objects.values())
    request = verified(
        address="KNOWN@ghent.example", requester_name="Robin Intruder", phone="+32 9 999 99 99"
    )

    assert (list(Person.objects.values()), list(ContactPoint.objects.values())) == before
    assert (request.requester_name, request.phone) == ("Robin Intruder", "+32 9 999 99 99")
    assert request.person is None
    assert [found for found, _why in acquaintances_of(request).people] == [person]


def test_one_confirmation_mail_per_address_and_hour(client, ghent, form):
    for city_part in ("one", "two", "three"):
        assert client.post(FORM, form(department=city_part)).url == SENT

    assert PendingRequest.objects.count() == 3
    assert OutgoingMail.objects.count() == 1


def test_form_sent_twice_by_a_double_click_is_kept_once(client, ghent, form):
    values = form()
    client.post(FORM, values)
    client.post(FORM, values)

    assert PendingRequest.objects.count() == 1


def test_filled_honeypot_is_thanked_and_dropped(client, ghent, form):
    assert client.post(FORM, form(website="http://evil.example")).url == SENT
    assert PendingRequest.objects.count() == 0


@pytest.mark.parametrize("age", [timedelta(seconds=1), timedelta(hours=25), -timedelta(seconds=9)])
def test_form_sent_at_no_human_pace_is_given_back_with_everything_typed(client, ghent, form, age):
    answer = client.post(FORM, form(mark=time_trap.issue(timezone.now() - age)))

    assert answer.status_code == 429
    assert 'value="Safety and Prevention"' in answer.content.decode()
    assert PendingRequest.objects.count() == 0


def test_forged_time_mark_is_refused(client, ghent, form):
    assert client.post(FORM, form(mark="1600000000.abc:forged")).status_code == 429


def test_twenty_first_form_of_a_network_waits_an_hour(client, ghent, form):
    codes = [client.post(FORM, form(address=f"a{n}@ghent.example")).status_code for n in range(21)]

    assert codes == [302] * 20 + [429]


def test_faults_are_told_all_at_once_and_nothing_typed_is_lost(client, ghent, form):
    answer = client.post(
        FORM, form(address="robin@", people="many", mode=None, question_2="x" * 1_001)
    )
    page = answer.content.decode()

    assert answer.status_code == 400
    assert "4 things need your attention" in page
    for typed in ('value="robin@"', 'value="many"', "x" * 1_001):
        assert typed in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("people", "501", "Give the number of people as a number between 1 and 500."),
        ("people", "0", "Give the number of people as a number between 1 and 500."),
        ("date_1", "2023-02-14", "Tue 14 Feb 2023 is over; choose a date that lies ahead."),
        ("date_1", "2099-01-01", "Thu 1 Jan 2099 is too far away"),
        ("date_1", "soon", "“soon” is not a date; write it like 2023-02-15."),
        ("date_1", "1999-12-31", "is not a date we can plan for"),
        ("address", "a@b.example, c@d.example", "is not a mail address"),
        ("address", "a@localhost", "is not a mail address"),
        ("city", "", "Name your city or municipality."),
        ("topics", ["T99"], "T99 is not one of the available choices"),
        ("secrecy", "x" * 1_001, "Ensure this value has at most 1000 characters"),
    ],
)
def test_bad_value_is_refused_with_one_clear_sentence(client, ghent, form, field, value, sentence):
    answer = client.post(FORM, form(**{field: value}))

    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert PendingRequest.objects.count() == 0


def test_line_breaks_in_a_name_become_blanks_and_the_mail_still_goes(client, ghent, form):
    client.post(FORM, form(requester_name="Robin\r\nBcc: evil@evil.example"))

    assert PendingRequest.objects.get().answers["requester_name"] == (
        "Robin Bcc: evil@evil.example"
    )
    assert OutgoingMail.objects.count() == 1


def test_ambiguous_city_asks_and_takes_the_choice(client, campaign, form):
    saxony = PlaceFactory(
        name="Halle", alternate_names="", country="DE", region="Saxony-Anhalt", population=240_000
    )
    flanders = PlaceFactory(name="Halle", alternate_names="", country="BE", population=41_000)
    asked = client.post(FORM, form(city="Halle"))
    client.post(FORM, form(city="Halle", place=str(flanders.pk)))

    assert "There are several places called Halle. Choose yours." in asked.content.decode()
    assert f'value="{saxony.pk}"' in asked.content.decode()
    assert PendingRequest.objects.get().answers["place"] == flanders.pk


def test_city_that_is_not_in_the_register_is_kept_as_typed(client, campaign, form):
    asked = client.post(FORM, form(city="Nether Wallop"))
    client.post(FORM, form(city="Nether Wallop", country="GB"))

    assert "Nether Wallop is not in our list of places." in asked.content.decode()
    answers = PendingRequest.objects.get().answers
    assert (answers["city"], answers["country"], answers["place"]) == ("Nether Wallop", "GB", None)


def test_city_of_another_country_than_the_chosen_one_asks_which_is_right(client, campaign, form):
    place = PlaceFactory(name="Brescia", alternate_names="", country="IT", region="Lombardy")
    asked = client.post(FORM, form(city="Brescia", country="FR"))
    assert "Brescia is in Italy, not in France. Choose the right country" in asked.text
    assert f'value="{place.pk}"' in asked.text
    assert PendingRequest.objects.count() == 0
    client.post(FORM, form(city="Brescia", country="FR", place=str(place.pk)))
    assert PendingRequest.objects.get().answers["country"] == "IT"


def test_city_in_another_language_keeps_its_spelling_and_gets_its_place(client, ghent, form):
    client.post(FORM, form(city="Gand"))

    answers = PendingRequest.objects.get().answers
    assert (answers["city"], answers["place"]) == ("Gand", ghent.pk)
    assert answers["zone"] == "Europe/Brussels"


def test_holiday_of_the_place_is_told_and_can_be_kept_as_a_wish(client, campaign, form):
    PlaceFactory(name="Brescia", alternate_names="", country="IT", region="Lombardy")
    CalendarDayFactory(
        country="IT", city="Brescia", kind="local", name="Saints' day", first_on=date(2023, 2, 22)
    )
    told = client.post(FORM, form(city="Brescia"))
    client.post(FORM, form(city="Brescia", keep_1="2023-02-22"))

    assert "is a local holiday in Brescia" in told.content.decode()
    answers = PendingRequest.objects.get().answers
    assert answers["wishes"] == [{"on": "2023-02-22", "part": "morning"}]
    assert "local holiday" in answers["raw_text"]


@pytest.mark.parametrize(
    ("language", "name", "told"),
    [
        ("en", "Independence Day", "Independence Day"),
        ("de", "Independence Day", "Unabhängigkeitstag"),
        ("el", "Independence Day; Easter Monday", "Ημέρα της Ανεξαρτησίας; Δευτέρα του Πάσχα"),
        ("nl", "Rosenmontag (closed by custom)", "Rosenmontag (carnavalsmaandag) ("),
        ("fr", "Monday following Easter", "lundi après : Pâques"),
        ("pl", "Boat race", "„Boat race”"),
    ],
)
def test_day_of_the_calendar_is_told_in_the_language_of_the_page(
    client, ghent, form, language, name, told
):
    CalendarDayFactory(country="BE", name=name, first_on=date(2023, 2, 22))
    page = client.post(f"/{language}/visit/", form()).content.decode()

    assert told in page
    assert language == "en" or name == "Boat race" or name not in page


def test_choice_of_namesakes_names_regions_in_other_languages_only_to_tell_them_apart(
    client, campaign, form
):
    for country, region in (("DE", "Bavaria"), ("DE", "Hesse"), ("AT", "Tyrol")):
        PlaceFactory(name="Neustadt", alternate_names="", country=country, region=region)
    english = client.post(FORM, form(city="Neustadt")).content.decode()
    german = client.post("/de/visit/", form(city="Neustadt")).content.decode()

    assert "Neustadt, Tyrol, Austria" in english
    assert "Neustadt, Bavaria, Deutschland" in german
    assert "Neustadt, Österreich" in german


def test_declined_name_behind_the_word_for_its_body_is_asked_for_and_can_be_chosen(
    client, campaign, form
):
    krakow = PlaceFactory(name="Kraków", alternate_names="Krakau", country="PL")
    values = form(city="Urząd Miasta Krakowa")
    asked = client.post(FORM, values)

    assert asked.status_code == 400
    assert "Do you mean Kraków, " in asked.content.decode()
    assert f'name="place" value="{krakow.pk}"' in asked.content.decode()
    assert client.post(FORM, values | {"place": krakow.pk}).url == SENT
    answers = PendingRequest.objects.get().answers
    assert (answers["city"], answers["place"], answers["country"]) == ("Kraków", krakow.pk, "PL")


def test_calendar_of_another_place_says_nothing(client, ghent, form):
    CalendarDayFactory(country="BE", region="Wallonia", first_on=date(2023, 2, 22))
    CalendarDayFactory(country="BE", city="Binche", first_on=date(2023, 2, 22))

    assert client.post(FORM, form()).url == SENT


def test_date_outside_the_offer_is_told(client, ghent, form):
    page = client.post(FORM, form(date_1="2023-03-08")).content.decode()

    assert "Wed 8 Mar 2023 lies outside the offer" in page


def test_notes_about_a_date_come_alone_for_the_browser(client, ghent):
    CalendarDayFactory(
        country="BE",
        kind="school",
        hardness="soft",
        name="Spring break",
        first_on=date(2023, 2, 21),
    )
    page = client.get("/en/visit/days/", {"city": "Gent", "date_1": "2023-02-21"})

    assert "Tue 21 Feb 2023 is in a school break in Gent (Spring break)" in page.content.decode()


def test_suggestions_find_a_city_by_its_name_in_any_language(client, ghent):
    page = client.get("/en/visit/places/", {"city": "gan"}).content.decode()

    assert page.startswith('<option value="Gand (Gent), Flanders, Belgium"></option>')
    assert "1 place found; choose it with the arrow keys and Enter." in page


def test_suggestion_carries_the_letters_typed_or_the_browser_would_hide_it(client, campaign):
    PlaceFactory(name="Łódź", alternate_names="", region="Łódzkie", country="PL")
    page = client.get("/en/visit/places/", {"city": "lod"}).content.decode()

    assert '<option value="Łódź, Łódzkie, Poland" label="Łódź, Łódzkie, Poland – lod">' in page


def test_pasted_control_characters_are_left_out_and_nothing_typed_is_lost(client, ghent, form):
    answer = client.post(FORM, form(requester_name="Ro\x07bin\x00 Example", department=""))

    assert answer.status_code == 400
    assert 'value="Robin Example"' in answer.content.decode()


def test_form_told_to_wait_says_nothing_of_the_city_it_did_not_look_up(client, ghent, form):
    answer = client.post(FORM, form(mark=time_trap.issue(timezone.now())))

    assert answer.status_code == 429
    assert "is not in our list of places" not in answer.content.decode()


def test_form_is_shown_in_each_complete_language_only(client, campaign):
    codes = [client.get(f"/{code}/visit/").status_code for code in ("en", "it", "pl", "el", "xx")]

    assert codes == [200, 200, 200, 200, 404]


def test_form_says_when_nothing_is_offered(client, db):
    assert client.get(FORM).status_code == 404


def test_countries_stand_where_an_index_files_them(campaign):
    with translation.override("de"):
        form = RequestForm(campaign=campaign, page_language="de", today=date(2023, 2, 15))
        names = [name for _code, name in form.fields["country"].choices]

    assert names.index("Österreich") == names.index("Norwegen") + 1


@pytest.mark.parametrize(
    ("chosen", "opening", "path"),
    [
        ("de", "Guten Tag,", "/de/visit/"),
        ("nl", "Goedendag,", "/nl/visit/"),
        ("sl", "Pišemo Vam v angleščini; odgovorite nam lahko v slovenščini.", "/en/visit/"),
    ],
)
def test_confirmation_mail_is_in_the_language_chosen_for_our_mails(
    client, ghent, form, last_link, chosen, opening, path
):
    client.post("/fr/visit/", form(language=chosen))

    assert OutgoingMail.objects.get().text.splitlines()[0] == opening
    assert last_link().startswith(path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("typed", "network"),
    [
        ("amt@münchen.example", "amt@xn--mnchen-3ya.example"),
        ("user@exаmple.com", "user@xn--exmple-4nf.com"),
    ],
)
def test_address_with_a_domain_in_any_letters_gets_its_mail(
    client, ghent, form, smtp_sink, typed, network
):
    assert client.post(FORM, form(address=typed)).url == SENT

    assert outbox.send_due() == 1
    assert [mail.recipients for mail in smtp_sink.received] == [(network,)]


def test_address_that_many_mail_servers_refuse_is_given_back_in_one_sentence(client, ghent, form):
    answer = client.post(FORM, form(address="josé@ghent.example"))

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["address"]
    assert "before the @ only the letters a to z" in answer.content.decode()
    assert "josé@ghent.example" in answer.content.decode()
    assert PendingRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "start"),
    [("nb", "Lør 25. feb"), ("pl", "So 25 lutego"), ("it", "Sab 25 feb"), ("de", "Sa 25. Februar")],
)
def test_a_note_that_begins_with_a_weekday_begins_large(client, ghent, form, language, start):
    page = client.post(f"/{language}/visit/", form(date_1="2023-02-25")).content.decode()

    assert start in page
