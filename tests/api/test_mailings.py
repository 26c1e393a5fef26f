"""A program writes a mailing, reads every letter, releases what it saw, and stops it."""

import pytest

from crm.models import Mailing, OutgoingMail
from tests.factories.crm import (
    ConsentRecordFactory,
    ContactPointFactory,
    EventFactory,
    MailTemplateFactory,
    PersonFactory,
    SavedViewFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def wording():
    body = "Hello {given}, {newsletter_link} {stop_link}"
    return MailTemplateFactory(key="newsletter4_notice", subject="News", body=body)


@pytest.fixture
def program(api, coordinator, wording):
    return api(coordinator)


def reader(address, **values):
    person = PersonFactory(**values)
    ContactPointFactory(person=person, value=address)
    ConsentRecordFactory(person=person, purpose="newsletter", status="granted")
    return person


def told(**more):
    return {
        "title": "Newsletter 4",
        "kind": "newsletter",
        "template_key": "newsletter4_notice",
        "values": {"newsletter_link": "https://impetus.example/4"},
        **more,
    }


def test_write_look_release_stop_resume_cancel(program):
    ana, nobody = reader("ana@x.example", given="Ana"), PersonFactory()
    made = program.post("/mailings/", told(people=[ana.pk, nobody.pk]))
    assert made.status_code == 201, made.json()
    row = made.json()
    assert (row["counts"]["goes"], row["blocked"]) == (1, {"no_consent": 1})

    listed = program.get(f"/mailing-recipients/?mailing={row['id']}&standing=blocked").json()
    assert [each["why"] for each in listed["results"]] == [
        "They have not agreed to this; unknown is not yes."
    ]
    goes = program.get(f"/mailing-recipients/?mailing={row['id']}&standing=goes").json()
    letter = program.get(f"/mailing-recipients/{goes['results'][0]['id']}/").json()
    assert letter["body"].startswith("Hello Ana, https://impetus.example/4")

    address = f"/mailings/{row['id']}/"
    assert program.post(f"{address}release/", {"digest": "other"}).status_code == 400
    done = program.post(f"{address}release/", {"digest": row["digest"]})
    assert (done.status_code, done.json()["mails"]) == (200, {"queued": 1})
    assert program.post(f"{address}release/", {"digest": row["digest"]}).status_code == 400
    for verb, mails in (("stop", "held"), ("resume", "queued"), ("cancel", "cancelled")):
        answer = program.post(f"{address}{verb}/", {})
        assert answer.json()["mails"] == {mails: 1}


def test_a_release_may_wait_for_a_moment(program):
    made = program.post("/mailings/", told(people=[reader("a@x.example").pk])).json()
    body = {"digest": made["digest"], "scheduled_at": "2000-02-01T09:00:00+01:00"}
    assert program.post(f"/mailings/{made['id']}/release/", body).status_code == 400
    body["scheduled_at"] = "2099-02-01T09:00:00+01:00"
    assert program.post(f"/mailings/{made['id']}/release/", body).status_code == 200
    assert OutgoingMail.objects.get().next_try_at.year == 2099


def test_people_are_named_in_one_way(program, coordinator):
    reader("m@x.example", role="Mayor")
    view = SavedViewFactory(owner=coordinator, list="people", query={"q": ["mayor"]})
    by_view = program.post("/mailings/", told(view=view.pk))
    by_query = program.post("/mailings/", told(query={"q": ["mayor"]}))
    assert by_view.json()["counts"] == by_query.json()["counts"]
    assert by_view.json()["query"] == {"q": ["mayor"]}
    for wrong in ({}, {"people": [], "query": {}}, {"view": view.pk, "query": {}}):
        assert program.post("/mailings/", told(**wrong)).status_code == 400
    bad = program.post("/mailings/", told(query={"came": ["perhaps"]}))
    assert bad.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "spam"},
        {"kind": "event"},
        {"kind": "visit_contact"},
        {"kind": "notice"},
        {"template_key": "nothing"},
        {"values": {"given": "You"}},
        {"values": {"newsletter_link": "ftp://x"}},
        {"state": "released"},
    ],
)
def test_a_wrong_body_is_refused_and_nothing_is_written(program, change):
    body = told(people=[reader("a@x.example").pk], **change)
    assert program.post("/mailings/", body).status_code == 400
    assert not Mailing.objects.exists()


def test_a_draft_can_be_thrown_away_and_checked_again(program):
    EventFactory()
    person = reader("a@x.example")
    made = program.post("/mailings/", told(people=[person.pk])).json()
    person.contact_points.all().delete()
    checked = program.post(f"/mailings/{made['id']}/check/", {}).json()
    assert checked["blocked"] == {"no_address": 1}
    assert program.delete(f"/mailings/{made['id']}/").status_code == 204
    assert program.get("/mailings/").json()["results"] == []


@pytest.mark.parametrize("role", ["host", "reporter", "administrator"])
def test_only_coordinators_see_mailings(api, wording, role):
    assert api(UserFactory(role=role)).get("/mailings/").status_code == 403
