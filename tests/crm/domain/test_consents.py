"""Answers about consent written down at the desk: with their words and proof, never changed."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from crm import wording
from crm.domain.consents import record_answer, withdraw_all, withdraw_consent
from crm.models import ConsentRecord
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ConsentTextFactory,
    CoordinatorFactory,
    MergeFactory,
    PersonFactory,
)

pytestmark = pytest.mark.django_db


def answer(person, **values):
    given = {
        "purpose": "newsletter",
        "status": "granted",
        "channel": "phone",
        "evidence": "Rang on 14 February, Ann heard it.",
        "at": CLOCK,
        "by": CoordinatorFactory(),
    }
    return record_answer(person, **given | values)


def test_a_yes_keeps_its_words_proof_and_address():
    text, person = ConsentTextFactory(language="nl"), PersonFactory(address="a@city.example")
    made = answer(person, text=text)
    assert (made.text, made.language, made.address) == (text, "nl", "a@city.example")
    assert ConsentRecord.objects.granted("newsletter").get() == made


def test_every_fault_is_told_at_once_and_nothing_written():
    with pytest.raises(ValidationError) as refusal:
        answer(
            PersonFactory(),
            evidence="  ",
            channel="pigeon",
            text=None,
            said_at=CLOCK + timedelta(hours=1),
        )
    assert set(refusal.value.message_dict) == {"evidence", "channel", "text", "said_at"}
    assert not ConsentRecord.objects.exists()


def test_words_of_another_purpose_prove_nothing():
    with pytest.raises(ValidationError, match="ask about something else"):
        answer(PersonFactory(), text=ConsentTextFactory(purpose="photo"))


def test_an_older_answer_written_down_late_does_not_count_over_a_newer_one():
    person, text = PersonFactory(), ConsentTextFactory()
    ConsentRecordFactory(person=person, status="withdrawn", at=CLOCK)
    answer(person, text=text, said_at=CLOCK - timedelta(days=3))
    assert person.consents.current().get().status == "withdrawn"


def test_taking_back_is_a_correction_that_names_its_entry_and_who_made_it():
    person, by = PersonFactory(), CoordinatorFactory(name="Nora Desk")
    said = answer(person, text=ConsentTextFactory())
    taken = withdraw_consent(person, "newsletter", at=CLOCK + timedelta(minutes=1), by=by)
    assert (taken.status, taken.how) == ("withdrawn", "correction by the desk")
    assert taken.evidence == (
        f"entry {said.pk} (Newsletter: granted, {wording.day(said.at.date())}) taken back by {by}"
    )
    assert taken.at == CLOCK + timedelta(minutes=1)


def test_only_a_yes_can_be_taken_back():
    person = PersonFactory()
    answer(person, text=ConsentTextFactory())
    withdraw_consent(person, "newsletter", at=CLOCK + timedelta(minutes=1), by=None)
    with pytest.raises(ValidationError, match="no yes to take back"):
        withdraw_consent(person, "newsletter", at=CLOCK, by=None)


def test_all_but_the_visit_end_together():
    person = PersonFactory()
    for purpose in ("newsletter", "photo", "visit_contact"):
        ConsentRecordFactory(person=person, purpose=purpose, at=CLOCK - timedelta(days=1))
    kept = frozenset({"visit_contact"})
    ended = withdraw_all(person, but=kept, evidence="mail", at=CLOCK, by=CoordinatorFactory())
    assert ended == ["newsletter", "photo"]
    granted = ConsentRecord.objects.current().filter(person=person, status="granted")
    assert [row.purpose for row in granted] == ["visit_contact"]


def test_a_record_that_stands_for_nobody_takes_no_answer():
    merged = MergeFactory().merged
    with pytest.raises(ValidationError, match="stands for nobody"):
        answer(merged, text=ConsentTextFactory())
