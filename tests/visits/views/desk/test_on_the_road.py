"""Notes from the phone, the worker and what a phone is told to keep."""

import json
from uuid import uuid4

import pytest
from django.conf import settings

from crm.models import User
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.visit_notes import mark_of
from visits.models import Host, Visit, VisitNote

pytestmark = pytest.mark.django_db
PHONE = {"Accept": "application/json"}


@pytest.fixture
def phone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def send(client, ref="V09", **changes):
    fields = {
        "key": str(uuid4()),
        "text": "They want cameras.",
        "written_at": "2023-02-15T07:00:00Z",
        "seen": mark_of(Visit.objects.get(ref="V09")),
    }
    return client.post(f"/my-week/visits/{ref}/note/", fields | changes, headers=PHONE)


def test_phone_sends_a_note_twice_and_it_is_there_once(phone):
    key = str(uuid4())
    answers = [send(phone, key=key).json() for _again in range(2)]
    assert answers == 2 * [{"arrived": "Wed 15 Feb 2023, 10:00 Oslo (CET)", "changed": ""}]
    assert VisitNote.objects.get().text == "They want cameras."
    history = go(phone, "visit-detail", "V09", tab="history").text
    assert "They want cameras." in history
    week = go(phone, "my-week", week="2023-W08").text
    assert "They want cameras." in week
    assert "Wed 15 Feb 2023, 08:00 Oslo (CET)" in week


def test_note_about_a_visit_that_was_cancelled_is_kept_and_told(phone):
    seen = mark_of(Visit.objects.get(ref="V09"))
    Visit.objects.filter(ref="V09").update(state="cancelled")
    answer = send(phone, seen=seen).json()
    assert answer["changed"].startswith("V09 Gdańsk has changed since: whether it takes place.")
    assert VisitNote.objects.get().visit_had_changed


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"text": ""}, 422, "Write the note first."),
        ({"text": "x" * 4_001}, 422, "shorten it to 4000"),
        ({"key": "1"}, 422, "came without its number"),
        ({"ref": "V99"}, 404, "V99 is not among your visits"),
        ({"ref": "V18"}, 404, "V18 is not among your visits"),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_sentence(phone, fields, status, sentence):
    Visit.objects.filter(ref="V18").update(host=Host.objects.get(ref="H2"), backup=None)
    answer = send(phone, **fields)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]
    assert not VisitNote.objects.exists()


@pytest.mark.parametrize("moment", ["", "yesterday", "2023-02-15T07:00", "2023-99-99T07:00:00Z"])
def test_unreadable_moment_loses_no_note(phone, moment):
    assert send(phone, written_at=moment).status_code == 200
    note = VisitNote.objects.get()
    assert note.written_at == note.arrived_at


def test_control_characters_are_left_out_of_a_note(phone):
    send(phone, text="a\x00b\x07c")
    assert VisitNote.objects.get().text == "abc"


def test_note_is_an_ordinary_form_without_scripts(phone):
    visit = Visit.objects.get(ref="V09")
    key = uuid4()
    for _again in range(2):
        page = do(phone, "visit-note", "V09", key=key, text="By hand", seen=mark_of(visit))
        assert said(page) == ["The note about V09 Gdańsk is kept."]
    assert page.context["week"].name == "2023-W08"
    assert VisitNote.objects.get().text == "By hand"
    page = do(phone, "visit-note", "V09", key=uuid4(), text="long " * 900, seen="")
    assert refused(page) == ["The note has 4499 characters; shorten it to 4000, or write two."]
    assert "long long long" in page.text


def test_nobody_sends_for_somebody_else(phone, client):
    answer = go(phone, "note-sender").json()
    assert answer["owner"] == str(User.objects.get(email="host@example.org").pk)
    client.logout()
    assert send(client).status_code == 302
    assert not VisitNote.objects.exists()


def test_phone_keeps_this_week_the_next_and_the_briefs_to_come(phone):
    assert go(phone, "my-week").context["road"] == [
        "/my-week/",
        "/my-week/?week=2023-W07",
        "/my-week/?week=2023-W08",
        *(
            f"/visits/{ref}/brief/internal{end}"
            for ref in ("V07", "V08", "V16", "V17", "V09", "V10", "V11", "V04")
            for end in ("/", ".pdf")
        ),
    ]


def test_week_of_somebody_else_is_not_kept(client, sample, coordinator):
    client.force_login(coordinator)
    assert go(client, "my-week", host="H1").context["road"] == ()


def test_worker_names_files_that_exist_and_nothing_private(client):
    answer = client.get("/sw.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    line = next(each for each in answer.text.splitlines() if each.startswith("const FILES = "))
    names = json.loads(line.removeprefix("const FILES = ").removesuffix(";"))
    assert {"/static/css/base.css", "/static/js/road.js"} <= set(names)
    folder = settings.STATICFILES_DIRS[0]
    assert [each for each in names if not (folder / each.removeprefix("/static/")).is_file()] == []


def test_week_tells_how_to_reach_the_contact_and_leads_to_the_meeting(phone):
    Visit.objects.filter(ref="V09").update(local_contact_phone="+48 58 000 00 00")
    week = go(phone, "my-week", week="2023-W08").text
    assert '<a href="tel:+48 58 000 00 00">' in week
    assert '<a href="mailto:r14@example.org" rel="noreferrer">r14@example.org</a>' in week
    assert '<a href="https://meet.example.org/v17" rel="noreferrer">' in week


def test_a_visit_told_of_can_be_told_of_again_while_its_report_is_open(phone):
    week = go(phone, "my-week", week="2023-W07").text
    assert '/my-week/visits/V05/after/"' in week
    assert '/my-week/visits/V07/after/"' not in week


@pytest.mark.parametrize("path", ["/visits/V09/brief/internal/", "/visits/V09/brief/internal.pdf"])
def test_a_brief_that_says_the_same_is_not_sent_again(phone, path):
    mark = {"If-None-Match": phone.get(path)["ETag"]}
    again = phone.get(path, headers=mark)
    assert (again.status_code, again.content) == (304, b"")
    Visit.objects.filter(ref="V09").update(address="Ratusz 1")
    changed = phone.get(path, headers=mark)
    assert changed.status_code == 200
    assert changed["ETag"] != mark["If-None-Match"]


def test_another_paper_or_language_is_another_brief(phone):
    path = "/visits/V09/brief/internal.pdf"
    queries = ({}, {"paper": "letter"}, {"grey": "1"}, {"language": "nb"})
    assert len({phone.get(path, query)["ETag"] for query in queries}) == len(queries)
