"""Privacy at the desk: answers written down, people told, requests answered, exports seen."""

import csv
import json
import re
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from crm.models import (
    AuditEntry,
    ClockSetting,
    ConsentRecord,
    DataRequest,
    NoticeDue,
    OutgoingMail,
    RetentionRule,
)
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ConsentTextFactory,
    ContactPointFactory,
    DataRequestFactory,
    MunicipalityFactory,
    NoticeDueFactory,
    PersonFactory,
    UserFactory,
)
from tests.factories.visits import VisitRequestFactory
from tests.visits.views.desk.front_door import do, go, refused, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


# --- Consent ---


def test_an_answer_from_the_phone_joins_the_ledger_with_its_words(desk):
    person, text = PersonFactory(given="Ann", family="Other"), ConsentTextFactory()
    do(
        desk,
        "person-consent",
        person.pk,
        purpose="newsletter",
        status="granted",
        text=text.pk,
        channel="phone",
        said_at="2023-02-14T10:30",
        evidence="Ann rang.",
    )
    made = ConsentRecord.objects.get()
    assert (made.text, made.evidence, made.at.isoformat()) == (
        text,
        "Ann rang.",
        "2023-02-14T09:30:00+00:00",
    )
    page = go(desk, "consent-list", person=person.pk)
    assert text.text in page.text
    assert "Ann rang." in page.text


def test_without_proof_nothing_is_written_and_what_was_typed_stays(desk):
    person = PersonFactory()
    answer = do(
        desk,
        "person-consent",
        person.pk,
        purpose="photo",
        status="refused",
        channel="paper",
        said_at="2030-01-01T00:00",
        evidence="list 4",
    )
    assert refused(answer) == ["This moment is still to come."]
    assert answer.status_code == 422
    assert "list 4" in answer.text
    assert not ConsentRecord.objects.exists()


def test_a_yes_is_taken_back_with_one_press(desk):
    person = PersonFactory()
    ConsentRecordFactory(person=person, at=CLOCK - timedelta(days=1))
    assert "Take back" in go(desk, "person-detail", person.pk).text
    do(desk, "person-consent-withdraw", person.pk, purpose="newsletter")
    taken = person.consents.current().get()
    assert (taken.status, taken.how) == ("withdrawn", "correction by the desk")
    assert "correction by the desk" in go(desk, "consent-list").text
    assert "Take back" not in go(desk, "person-detail", person.pk).text


def test_the_ledger_leaves_as_csv_and_xlsx_with_the_exact_words(desk):
    text = ConsentTextFactory(text="=I agree; +yes")
    ConsentRecordFactory(text=text, person=PersonFactory(given="Ann", family="Other"))
    rows = list(
        csv.reader(file_of(desk, "/privacy/consents/?as=csv").decode("utf-8-sig").split("\r\n"))
    )
    assert rows[0][-1] == "Exact words"
    assert rows[1][0] == "Ann Other"
    assert rows[1][-1].startswith("'=I agree")
    sheet = load_workbook(BytesIO(file_of(desk, "/privacy/consents/?as=xlsx"))).active
    assert sheet.cell(2, sheet.max_column).value == "=I agree; +yes"
    assert sheet.cell(2, sheet.max_column).data_type == "s"


def file_of(client, path) -> bytes:
    answer = client.get(path)
    return answer.getvalue() if answer.streaming else answer.content


# --- To be told ---


def test_who_is_late_stands_first_and_many_are_told_and_untold(desk):
    late = NoticeDueFactory(due_on=date(2023, 2, 10))
    soon = NoticeDueFactory(due_on=date(2023, 2, 20))
    page = go(desk, "notice-list")
    assert [(row.pk, row.days_left) for row in page.context["list"].page_obj] == [
        (late.pk, -5),
        (soon.pk, 5),
    ]
    both = [late.pk, soon.pk]
    answer = do(desk, "notice-told", rows=both, how=" ")
    assert said(answer) == ["Say how they were told: which letter, which day, by whom."]
    answer = do(desk, "notice-told", rows=both, how="Letter of 15 February")
    assert said(answer) == ["2 people were told."]
    assert not NoticeDue.objects.open().exists()
    again = do(desk, "notice-told", rows=[late.pk], how="x")
    assert said(again) == [f"{late.person.name} was told already; nothing was changed."]
    desk.post(f"/privacy/notices/told/undo/?rows={late.pk}&rows={soon.pk}")
    assert NoticeDue.objects.open().count() == 2


def test_today_shows_who_must_be_told_within_a_week(desk):
    NoticeDueFactory(due_on=date(2023, 2, 21), person=PersonFactory(given="Ann", family="Soon"))
    NoticeDueFactory(due_on=date(2023, 3, 21), person=PersonFactory(given="Bo", family="Later"))
    page = go(desk, "today").text
    assert "Ann Soon" in page
    assert "Bo Later" not in page


# --- Requests about data ---


def test_a_wish_from_the_phone_is_due_in_a_month_and_ends_consents(desk):
    person = PersonFactory(given="Ann", family="Other")
    for purpose in ("newsletter", "visit_contact"):
        ConsentRecordFactory(person=person, purpose=purpose, at=CLOCK - timedelta(days=1))
    do(desk, "data-request-new", kind="stop", person="Ann Other", text="No more mail")
    wish = DataRequest.objects.get()
    assert (wish.person, wish.due_on) == (person, date(2023, 3, 15))
    current = dict(person.consents.current().values_list("purpose", "status"))
    assert current == {"newsletter": "withdrawn", "visit_contact": "granted"}


def test_a_wish_of_nobody_is_refused(desk):
    answer = do(desk, "data-request-new", kind="access")
    assert refused(answer) == ["Say who asks: a person we know, or an address."]
    answer = do(desk, "data-request-new", kind="access", person="Nobody At All")
    assert "Nobody in the lists is called so" in refused(answer)[0]


def test_an_answer_says_what_was_done_and_can_be_taken_back(desk, coordinator):
    wish = DataRequestFactory(kind="access")
    assert refused(do(desk, "data-request-detail", wish.pk, answer="")) == [
        "Fill in “What was done”."
    ]
    do(desk, "data-request-detail", wish.pk, answer="Sent the PDF.")
    wish.refresh_from_db()
    assert (wish.done_at, wish.done_by, wish.answer) == (CLOCK, coordinator, "Sent the PDF.")
    do(desk, "data-request-reopen", wish.pk)
    assert DataRequest.objects.open().get() == wish


def test_an_erasure_is_not_ticked_off_by_a_slip(desk):
    wish = DataRequestFactory(kind="erase")
    answer = do(desk, "data-request-detail", wish.pk, answer="Done")
    assert "is not erased yet" in refused(answer)[0]
    do(desk, "data-request-detail", wish.pk, answer="Must keep the invoice", is_refused="on")
    assert not DataRequest.objects.open().exists()


# --- Everything kept about a person ---


def test_the_copy_for_a_person_says_in_pdf_what_it_says_in_json(desk):
    person = PersonFactory(given="Łucja", family="Dąb", notes="Likes <b>tea</b>.\n" * 30)
    ConsentRecordFactory(person=person, evidence="She ticked the box.")
    answer = desk.get(f"/people/{person.pk}/copy.pdf")
    assert answer["Content-Type"] == "application/pdf"
    words = " ".join(
        " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).split()
    )
    for said_there in ("Łucja", "Dąb", "Likes <b>tea</b>.", "She ticked the box."):
        assert said_there in words
    told = json.loads(desk.get(f"/people/{person.pk}/export/").content)
    assert told["people"][0]["given"] == "Łucja"
    taken = AuditEntry.objects.filter(verb="export_person").order_by("pk")
    assert [row.fields for row in taken] == [["pdf"], ["json"]]
    assert "Copies handed out" in go(desk, "person-detail", person.pk).text


def test_the_copy_speaks_the_language_of_the_person_and_tells_time_by_their_city(desk):
    city = MunicipalityFactory(name="Gent", time_zone="Europe/Brussels").organisation
    person = PersonFactory(given="Jan", organisation=city, languages=["cs", "nl"])
    ContactPointFactory(person=person, kind="email", status="unverified")
    VisitRequestFactory(person=person, country="BE", state="under_review")
    answer = desk.get(f"/people/{person.pk}/copy.pdf")
    words = " ".join(
        " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).split()
    )
    for said_there in ("Wat wij over u bewaren", "Voornaam Jan", "niet bevestigd", "België"):
        assert said_there in words
    assert "10:00 uur (Brussel, CET)" in words
    for name in ("Contact point", "unverified", "State since", "under_review", "+00:00", "UTC"):
        assert name not in words
    told = json.loads(desk.get(f"/people/{person.pk}/export/").content)
    assert told["contact_points"][0]["status"] == "unverified"


# --- Retention and exports ---


def test_the_preview_names_who_would_go_and_a_rule_changes_it(desk, client):
    person = PersonFactory(given="Long", family="Gone")
    type(person).objects.update(created_at=CLOCK - timedelta(days=2_000))
    assert "Long Gone" in go(desk, "retention").text
    do(desk, "retention-rule", category="people", months="")
    assert RetentionRule.objects.get().months is None
    assert "Long Gone" not in go(desk, "retention").text
    assert said(do(desk, "retention-rule", category="people", months="999")) == [
        "Write a number of months from 1 to 240, or nothing."
    ]
    do(desk, "retention-rule", category="people", months="12")
    client.force_login(UserFactory(role="administrator"))
    page = go(client, "retention").text
    assert "Long Gone" not in page
    assert f"person {person.pk}" in page


def test_a_large_list_leaves_after_the_password_and_is_told(desk, coordinator, settings):
    settings.LARGE_EXPORT_ROWS = 2
    administrator = UserFactory(role="administrator", language="nb")
    for _n in range(3):
        PersonFactory()
    asked_again = desk.get("/people/?as=csv")
    assert asked_again.status_code == 302
    assert asked_again["Location"].startswith("/accounts/reauthenticate/")
    coordinator.set_password("a long enough pass-phrase")
    coordinator.save()
    desk.force_login(coordinator)
    desk.post(asked_again["Location"], {"password": "a long enough pass-phrase"})
    assert b"Given" in file_of(desk, "/people/?as=csv")
    mail = OutgoingMail.objects.get()
    assert mail.recipient == administrator.email
    assert mail.subject.endswith("tok ut 3 rader")
    page = go(desk, "export-log").text
    assert "people.csv (3)" in page
    assert "large" in page


def test_a_small_list_leaves_at_once_and_is_written_down(desk):
    PersonFactory()
    assert desk.get("/people/?as=xlsx").status_code == 200
    assert AuditEntry.objects.get(verb="export_list").fields == ["people.xlsx (1)"]
    assert not OutgoingMail.objects.exists()


def test_the_requests_leave_no_list_unwritten(desk):
    assert desk.get("/requests/export/?format=xlsx").status_code == 200
    assert AuditEntry.objects.get(verb="export_list").fields == ["requests.xlsx (0)"]


def test_a_follow_up_without_any_day_is_refused_for_many_people_too(desk):
    person = PersonFactory()
    fields = {"rows": [person.pk], "verb": "promise", "text": "Ring", "owner": "ours"}
    answer = do(desk, "person-bulk", **fields, in_days="", due_on="")
    assert said(answer) == ["Due on: Say by when: a day, or in how many working days."]


def test_one_request_about_data_is_counted_in_the_singular(desk):
    DataRequestFactory()
    page = go(desk, "data-request-list").text
    assert "1 request<" in page
    DataRequestFactory()
    assert "2 requests<" in go(desk, "data-request-list").text


def test_a_wish_is_told_in_a_sentence_that_can_be_read(desk):
    person = PersonFactory(given="Håkan", family="Lund")
    wish = DataRequestFactory(person=person, kind="stop")
    shown = go(desk, "data-request-detail", wish.pk).text
    assert "Håkan Lund wants us to stop using own data" in shown
    page = go(desk, "person-detail", person.pk).text
    assert "Asks us to stop using what we keep: do it" in page


def test_the_ledger_is_narrowed_in_the_words_of_the_other_lists(desk):
    ConsentRecordFactory()
    shown = desk.get(reverse("visits:consent-list"), {"current": "true"}).text
    field = shown[shown.index('name="current"') :].partition("</select>")[0]
    assert re.findall(r">([^<>]+)</option>", field) == ["any", "yes", "no"]
    assert 'value="true" selected' in field


def test_nobody_finds_an_erased_person_by_what_they_were_reached_at(desk):
    point = ContactPointFactory(value="zq@erased.example")
    point.person.save()
    found = {"kept": "all", "q": "zq@erased.example"}
    assert go(desk, "person-list", **found).context["list"].page_obj.object_list

    do(desk, "person-erase", point.person.pk, is_sure="on")

    point.person.refresh_from_db()
    assert point.person.erased_at is not None
    assert not go(desk, "person-list", **found).context["list"].page_obj.object_list
