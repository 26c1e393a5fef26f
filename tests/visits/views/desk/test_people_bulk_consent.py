"""One answer for many people: seen first, written down with its proof, never over a no, and taken
back."""

from datetime import timedelta

import pytest

from crm.models import AuditEntry, ClockSetting, ConsentRecord
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ConsentTextFactory,
    DataRequestFactory,
    PersonFactory,
)
from tests.visits.views.desk.front_door import do, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


@pytest.fixture
def words():
    return ConsentTextFactory(purpose="newsletter", language="en", version=1)


def sent(people, **values):
    given = {
        "rows": [person.pk for person in people],
        "purpose": "newsletter",
        "status": "granted",
        "channel": "list",
        "evidence": "signed list, folder 3",
    }
    return given | values


def undo_of(answer) -> str:
    return list(answer.context["messages"])[-1].extra_tags.removeprefix("undo:")


def test_a_yes_of_many_is_shown_written_down_and_taken_back(desk, words):
    anna, bo, cy, dea = PersonFactory.create_batch(4)
    earlier = CLOCK - timedelta(days=9)
    ConsentRecordFactory(person=bo, at=earlier)
    ConsentRecordFactory(person=cy, status="withdrawn", at=earlier)
    DataRequestFactory(kind="stop", person=dea)
    given = sent([anna, bo, cy, dea], text=words.pk, said_at="2023-02-01T10:00")
    before = list(ConsentRecord.objects.order_by("pk").values())

    page = do(desk, "person-bulk-consent", **given, step="preview")
    assert [(row["before"], row["is_new"], row["why"][:16]) for row in page.context["answers"]] == [
        ("never asked", True, ""),
        ("granted", False, ""),
        ("withdrawn", False, "They said no to "),
        ("never asked", False, "They asked us to"),
    ]
    assert list(ConsentRecord.objects.order_by("pk").values()) == before
    assert not AuditEntry.objects.filter(verb="record_consent").exists()

    answer = do(desk, "person-bulk-consent", **given, step="do")
    assert said(answer) == ["1 answer is written down."]
    made = ConsentRecord.objects.exclude(pk__in=[row["id"] for row in before]).get()
    assert (made.person, made.status, made.text) == (anna, "granted", words)
    assert (made.evidence, made.channel) == ("signed list, folder 3", "list")
    assert made.at.isoformat() == "2023-02-01T09:00:00+00:00"

    assert said(desk.post(undo_of(answer), follow=True)) == ["1 answer is taken out again."]
    assert list(ConsentRecord.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.filter(verb="take_back_consent").count() == 1


def test_a_withdrawal_of_many_ends_every_yes(desk):
    people = PersonFactory.create_batch(2)
    for person in people:
        ConsentRecordFactory(person=person, at=CLOCK - timedelta(days=9))
    do(desk, "person-bulk-consent", **sent(people, status="withdrawn"), step="do")
    assert ConsentRecord.objects.granted("newsletter").count() == 0
    assert ConsentRecord.objects.denied("newsletter").count() == 2


def test_an_answer_from_before_a_later_one_is_left_as_it_is(desk):
    person = PersonFactory()
    ConsentRecordFactory(person=person, at=CLOCK)
    given = sent([person], status="refused", said_at="2023-02-01T10:00")
    page = do(desk, "person-bulk-consent", **given, step="preview")
    assert [row["why"] for row in page.context["answers"]] == ["They answered later; that counts."]
    do(desk, "person-bulk-consent", **given, step="do")
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize("step", ["preview", "do"])
def test_what_the_ledger_refuses_is_refused_for_all(step, desk):
    people = PersonFactory.create_batch(2)
    page = do(desk, "person-bulk-consent", **sent(people, evidence="x"), step=step)
    assert page.status_code == 422
    assert "text" in page.context["form"].errors
    assert not ConsentRecord.objects.exists()


def test_an_answer_that_something_rests_on_stays(desk, words):
    anna, bo = PersonFactory.create_batch(2)
    answer = do(desk, "person-bulk-consent", **sent([anna, bo], text=words.pk), step="do")
    ConsentRecordFactory(person=anna, status="withdrawn")
    told = said(desk.post(undo_of(answer), follow=True))
    assert told == ["1 answer is taken out again. 1 stays: something rests on it by now."]
    assert ConsentRecord.objects.filter(person=anna).count() == 2
    assert not ConsentRecord.objects.filter(person=bo).exists()


@pytest.mark.parametrize("query", ["", "?rows=x", "?rows=99999999"])
def test_a_made_up_undo_takes_nothing_back(query, desk):
    answer = desk.post(f"/people/bulk/consent/undo/{query}", follow=True)
    assert said(answer) == ["There is nothing to take back."]


@pytest.mark.parametrize("channel", ["form", "private_link"])
def test_an_undo_takes_back_nothing_that_a_person_said_on_our_own_pages(channel, desk):
    own = ConsentRecordFactory(channel=channel)
    answer = desk.post(f"/people/bulk/consent/undo/?rows={own.pk}", follow=True)
    assert said(answer) == ["There is nothing to take back."]
    assert ConsentRecord.objects.filter(pk=own.pk).exists()
