"""The report of a visit: drafted to the city, read, approved or corrected behind its link."""

import re
from datetime import timedelta

import pytest

from crm.models import AuditEntry, Message
from tests.factories.crm import CLOCK, CoordinatorFactory, UserFactory
from tests.factories.visits import HostFactory, VisitFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.models import Visit

MINE = "/en/visit/mine/"
SAID = "We spoke about the pilots. You look into an assessment."


@pytest.fixture
def lead(asked):
    """Who led the visit."""
    return HostFactory(user=UserFactory(roles=["host"]))


@pytest.fixture
def held(asked, lead):
    """The visit of the open request took place this morning; nobody has reported yet."""
    asked.state, asked.language = "fulfilled", "fr"
    asked.save()
    return VisitFactory(
        requests=[asked],
        host=lead,
        campaign=asked.campaign,
        state="confirmed",
        starts_at=CLOCK - timedelta(hours=3),
        ends_at=CLOCK - timedelta(hours=1),
        notes="SECRET of the host",
    )


@pytest.fixture
def reported(held, lead, client_of):
    """The host has counted and reported."""
    host = client_of(lead.user)
    do(host, "visit-complete", held.ref, policy_makers=6, other=1)
    answer = do(
        host,
        "visit-report",
        held.ref,
        summary=SAID,
        notes="SECRET: they are short of staff",
        outcome="interested",
        evidence="SECRET quote",
    )
    assert said(answer) == ["The report is kept."]
    return Visit.objects.get(pk=held.pk)


@pytest.fixture
def client_of():
    from django.test import Client

    def sign_in(user):
        client = Client()
        client.force_login(user, backend="crm.authentication.PasswordBackend")
        return client

    return sign_in


@pytest.fixture
def desk(client_of, campaign):
    return client_of(CoordinatorFactory())


def answer(client, **fields):
    """Answer as the page's form would, with the hidden fields it carries."""
    page = client.get(MINE).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)
    values = {"ref": "R30", "seen": seen[1] if seen else "", "correction": SAID} | fields
    return client.post(f"{MINE}report/", values, follow=True)


def report_of(visit):
    return Visit.objects.get(pk=visit.pk).report


def test_reporting_makes_a_draft_in_the_language_of_the_city_and_sends_nothing(reported):
    draft = Message.objects.get(visits=reported, template__key="report_for_check")
    assert (draft.status, draft.language) == ("draft", "fr")
    assert SAID in draft.body
    assert "SECRET" not in draft.body
    assert not draft.deliveries.exists()
    # Three working days, told in the time of the city.
    assert "lun. 20 février 2023, 10:00" in draft.body


def test_new_words_replace_the_draft_that_waits(reported, desk):
    again = {"summary": "Other words.", "notes": "", "outcome": "open", "evidence": ""}
    do(desk, "visit-report", reported.ref, **again)
    do(desk, "visit-report", reported.ref, **again | {"notes": "Only for us."})
    drafts = Message.objects.filter(visits=reported, template__key="report_for_check")
    assert sorted(drafts.values_list("status", flat=True)) == ["cancelled", "draft"]
    assert "Other words." in drafts.get(status="draft").body


def test_private_page_shows_the_report_and_nothing_of_ours(reported, client):
    page = client.get(MINE).content.decode()
    assert SAID in page
    assert "<dt>People who took part</dt><dd>7</dd>" in page
    assert "SECRET" not in page
    assert "Please check our report" in page
    assert " checked" not in page
    assert report_of(reported).validated_at is None


def test_city_approves_the_report(reported, client):
    page = answer(client, answer="approve").content.decode()
    assert "Thank you. The report is agreed." in page
    assert "You approved the report" in page
    assert report_of(reported).validated_at == CLOCK
    entry = AuditEntry.objects.about(reported).get(verb="approve_report")
    assert (entry.actor, entry.by) == ("municipality", None)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose whether the report is right, then press the button."),
        ({"answer": "correct"}, "Change the text to what it should say, or approve it."),
        ({"answer": "correct", "correction": "  "}, "Change the text to what it should say"),
        ({"answer": "correct", "correction": "é" * 4_001}, "4000"),
    ],
)
def test_answer_that_says_nothing_is_refused_in_one_sentence(reported, client, fields, sentence):
    page = answer(client, **fields)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert (report_of(reported).validated_at, report_of(reported).corrected_at) == (None, None)


def test_correction_stands_beside_our_words_until_a_person_takes_it_over(reported, client, desk):
    page = answer(client, answer="correct", correction="We look into two assessments.")
    assert "We have your correction and answer it." in page.content.decode()
    report = report_of(reported)
    assert (report.summary, report.validated_at) == (SAID, None)

    today = go(desk, "today").content.decode()
    assert "corrected by the city, waits for us" in today
    tab = go(desk, "visit-detail", reported.ref, tab="report").content.decode()
    assert "We look into two assessments." in tab
    assert SAID in tab

    do(desk, "visit-accept-correction", reported.ref)
    report = report_of(reported)
    assert (report.summary, report.host_summary) == ("We look into two assessments.", SAID)
    assert report.validated_at == CLOCK
    page = client.get(MINE).content.decode()
    assert "We took your correction over" in page
    assert "We look into two assessments." in page
    assert "corrected by the city" not in go(desk, "today").content.decode()


def test_words_changed_meanwhile_are_not_approved_unread(reported, client, desk):
    page = client.get(MINE).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    words = {"summary": "Something else.", "notes": "", "outcome": "open", "evidence": ""}
    do(desk, "visit-report", reported.ref, **words)
    late = client.post(f"{MINE}report/", {"ref": "R30", "seen": seen, "answer": "approve"})
    assert late.status_code == 409
    assert "We changed the report meanwhile." in late.content.decode()
    assert report_of(reported).validated_at is None


def test_new_words_after_an_approval_are_asked_about_again(reported, client, desk):
    answer(client, answer="approve")
    same = {"summary": SAID, "notes": "More notes.", "outcome": "open", "evidence": ""}
    do(desk, "visit-report", reported.ref, **same)
    assert report_of(reported).validated_at == CLOCK
    do(desk, "visit-report", reported.ref, **same | {"summary": "New words."})
    assert report_of(reported).validated_at is None
    assert "New words." in client.get(MINE).content.decode()


def test_report_of_a_closed_visit_is_read_but_no_longer_changed(reported, client, desk):
    do(desk, "visit-close", reported.ref)
    page = answer(client, answer="approve")
    assert page.status_code == 409
    words = {"summary": "Too late.", "notes": "", "outcome": "open", "evidence": ""}
    (sentence,) = said(do(desk, "visit-report", reported.ref, **words))
    assert sentence == f"{reported.ref} is closed; its report stays as it is."
    assert SAID in client.get(MINE).content.decode()


def test_today_tells_which_reports_wait_for_the_city(reported, desk, client):
    assert "waits for the city" in go(desk, "today").content.decode()
    answer(client, answer="approve")
    assert "waits for the city" not in go(desk, "today").content.decode()


def test_there_is_nothing_to_check_before_the_report(held, client):
    assert "Report of the visit" not in client.get(MINE).content.decode()
    assert client.post(f"{MINE}report/", {"ref": "R30", "answer": "approve"}).status_code == 302


@pytest.mark.parametrize("language", ["nb", "nl", "it", "fr", "de", "es", "pl", "el"])
def test_form_speaks_the_language_of_the_page(reported, client, language):
    page = client.get(f"/{language}/visit/mine/").content.decode()
    assert "Is the report right?" not in page
    assert SAID in page
