"""Retention: what is over its time goes, what has a duty stays, and a look changes nothing."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from crm.models import (
    AuditEntry,
    AuditNote,
    ClockSetting,
    DataRequest,
    Interaction,
    NoticeDue,
    Person,
)
from tests.factories.crm import (
    CLOCK,
    AuditEntryFactory,
    ConsentRecordFactory,
    CoordinatorFactory,
    DataRequestFactory,
    FollowUpFactory,
    ImportBatchFactory,
    ImportRowFactory,
    InteractionFactory,
    MergeFactory,
    MessageFactory,
    NoticeDueFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from tests.factories.visits import HostFactory, VisitFactory, VisitRequestFactory
from visits.domain.retention import CATEGORIES, apply_due, due_at, months_before, set_months

pytestmark = pytest.mark.django_db

LONG_AGO = CLOCK - timedelta(days=5 * 365)
FIVE_YEARS_ON = CLOCK + timedelta(days=5 * 366)


def forgotten(**values) -> Person:
    """Somebody put into the lists long ago and never heard of since."""
    person = PersonFactory(**values)
    Person.objects.filter(pk=person.pk).update(created_at=LONG_AGO)
    return person


def found(category, at=CLOCK):
    return list(due_at(at, only=[category])[0].rows)


def test_months_are_counted_by_the_calendar():
    zone = ZoneInfo("UTC")
    assert months_before(datetime(2023, 3, 31, tzinfo=zone), 1) == datetime(
        2023, 2, 28, tzinfo=zone
    )
    assert months_before(datetime(2023, 1, 15, tzinfo=zone), 36).year == 2020


def test_who_was_never_heard_of_again_goes_and_who_was_stays():
    gone, heard = forgotten(), forgotten()
    InteractionFactory(person=heard, at=CLOCK - timedelta(days=30))
    PersonFactory()
    assert found("people") == [gone]


@pytest.mark.parametrize(
    "duty",
    [
        lambda person: FollowUpFactory(person=person, due_on=LONG_AGO.date()),
        lambda person: DataRequestFactory(person=person),
        lambda person: NoticeDueFactory(person=person),
        lambda person: VisitRequestFactory(
            person=person, received_at=LONG_AGO, state_since=LONG_AGO
        ),
        lambda person: OutgoingMailFactory(message=MessageFactory(person=person, at=LONG_AGO)),
        lambda person: ConsentRecordFactory(person=person, at=LONG_AGO),
        lambda person: HostFactory(person=person),
    ],
    ids=["promise", "data request", "notice", "request", "mail", "newsletter", "host"],
)
def test_nobody_with_an_open_duty_goes(duty):
    duty(forgotten())
    assert found("people") == []


def test_what_is_open_keeps_its_words():
    person = PersonFactory()
    FollowUpFactory(person=person)
    InteractionFactory(person=person, at=LONG_AGO)
    MessageFactory(person=person, at=LONG_AGO)
    asked = VisitRequestFactory(state="fulfilled", state_since=LONG_AGO)
    VisitFactory(requests=[asked], state="reported")
    assert [found(key) for key in ("notes", "letters", "requests")] == [[], [], []]


def test_five_years_on_everything_goes_and_the_facts_stay():
    person = PersonFactory(address="gone@city.example")
    Person.objects.filter(pk=person.pk).update(created_at=CLOCK)
    note = InteractionFactory(text="Likes tea.")
    letter = OutgoingMailFactory(message=MessageFactory(body="Hello."), state="sent").message
    asked = VisitRequestFactory(
        state="declined", state_since=CLOCK, requester_name="Ann", reason="late"
    )
    batch = ImportBatchFactory()
    row = ImportRowFactory(batch=batch, name="Bo", changes={"given": ["", "Bo"]})
    merge = MergeFactory()
    wish = DataRequestFactory(text="show me", done_at=CLOCK, answer="sent")
    AuditNote.objects.create(entry=AuditEntryFactory(row_id="999999"), why="because")

    gone = apply_due(FIVE_YEARS_ON, actor="command line")

    assert gone["notes"] == gone["letters"] == gone["requests"] == gone["imports"] == 1
    assert gone["merges"] == gone["data_requests"] == gone["reasons"] == 1
    for each in (note, letter, asked, row, merge, wish, person):
        each.refresh_from_db()
    assert (note.text, letter.body, letter.deliveries.get().text) == ("█", "", "")
    assert (asked.requester_name, asked.city, asked.state) == ("", "Ghent", "declined")
    assert (row.name, row.changes, merge.journal, wish.text) == ("", {}, None, "")
    assert person.erased_at == FIVE_YEARS_ON
    assert not AuditNote.objects.exists()
    assert AuditEntry.objects.filter(verb="apply_retention").count() == len(
        [count for count in gone.values() if count]
    )
    assert sum(apply_due(FIVE_YEARS_ON).values()) == 0


def test_a_look_changes_nothing_and_tells_why(capsys):
    ClockSetting.objects.fix(CLOCK)
    person = forgotten()
    call_command("retention", "--category", "people", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["applied"] is False
    assert told["categories"][0]["rows"] == [f"person {person.pk}"]
    assert "nothing was heard" in told["categories"][0]["why"]
    call_command("retention")
    assert f"person {person.pk}: nothing was heard" in capsys.readouterr().out
    person.refresh_from_db()
    assert person.erased_at is None
    call_command("retention", "--apply")
    assert "Gone: 1 row." in capsys.readouterr().out
    person.refresh_from_db()
    assert person.erased_at == CLOCK


def test_an_unknown_category_is_refused_in_a_sentence():
    with pytest.raises(CommandError, match="There is no category secrets; choose from people"):
        call_command("retention", "--category", "secrets", "--apply")


def test_a_rule_can_be_changed_and_lifted():
    by = CoordinatorFactory()
    forgotten()
    set_months("people", None, at=CLOCK, by=by)
    assert found("people") == []
    set_months("people", 12, at=CLOCK, by=by)
    assert len(found("people")) == 1
    for key, months in (("people", 0), ("people", 241), ("secrets", 3)):
        with pytest.raises(ValidationError):
            set_months(key, months, at=CLOCK, by=by)


def test_nothing_of_the_sample_is_over_its_time_in_february(sample):
    assert {due.category.key: due.rows.count() for due in due_at(CLOCK)} == {
        category.key: 0 for category in CATEGORIES
    }


def test_the_sample_s_words_all_go_in_ten_years_but_those_with_a_duty(sample):
    at = CLOCK + timedelta(days=3_660)
    NoticeDue.objects.all().delete()
    apply_due(at)
    # One person's erasure request of the sample is still open, so that person stays.
    assert DataRequest.objects.open().count() == 1
    open_person = DataRequest.objects.open().get().person
    assert open_person.erased_at is None
    kept = Interaction.objects.exclude(text="█").filter(at__lt=CLOCK)
    assert not kept.filter(person=None, organisation=None).exists()
