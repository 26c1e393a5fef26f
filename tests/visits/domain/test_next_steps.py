"""What a record's page says to do next."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.domain.messages import need_no_answer, take_back_interaction
from crm.models import DataRequest, FollowUp
from tests.factories.crm import (
    CLOCK,
    DataRequestFactory,
    FollowUpFactory,
    InteractionFactory,
    MessageFactory,
    PersonFactory,
    UserFactory,
)
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.domain.next_steps import next_step
from visits.models import Visit, VisitRequest

pytestmark = pytest.mark.django_db
TODAY = date(2023, 2, 15)


def step_for(person):
    return next_step(
        follow_ups=FollowUp.objects.filter(person=person),
        requests=VisitRequest.objects.filter(person=person),
        visits=Visit.objects.filter(requests__person=person),
        data_requests=DataRequest.objects.open().filter(person=person),
        messages=person.messages.all(),
        now=CLOCK,
        today=TODAY,
    )


def wrote(person, hour=9, **values):
    at = CLOCK.replace(hour=hour)
    return MessageFactory(incoming=True, person=person, subject="Yes, gladly", at=at, **values)


def waits(person):
    step = step_for(person)
    return step is not None and step.sentence == "Answer their mail of Wed 15 Feb 2023: Yes, gladly"


def test_what_somebody_wrote_waits_until_a_person_answers():
    person = PersonFactory()
    before = {"person": person, "is_personal": True, "at": CLOCK.replace(hour=8)}
    MessageFactory(**before)
    wrote(person)
    assert waits(person)
    for values in ({"draft": True}, {"is_personal": False}, {"channel": "automatic"}):
        MessageFactory(**before | {"at": CLOCK.replace(hour=10)} | values)
        assert waits(person)
    MessageFactory(**before | {"at": CLOCK.replace(hour=10)})
    assert not waits(person)
    wrote(person, hour=11)
    assert waits(person)


def test_a_call_or_a_tick_ends_the_waiting_and_the_tick_can_be_taken_back():
    called, ticked, by = PersonFactory(), PersonFactory(), UserFactory()
    for person in (called, ticked):
        wrote(person)
    InteractionFactory(person=called, at=CLOCK.replace(hour=10))
    assert (waits(called), waits(ticked)) == (False, True)
    note = need_no_answer(ticked, at=CLOCK, by=by)
    assert note.text == "Read, needs no answer: Yes, gladly"
    assert not waits(ticked)
    with pytest.raises(ValidationError, match="Nothing of theirs waits"):
        need_no_answer(ticked, at=CLOCK, by=by)
    take_back_interaction(note, at=CLOCK, by=by)
    assert waits(ticked)


def test_an_absence_note_waits_for_nothing():
    person = PersonFactory()
    wrote(person, channel="automatic")
    assert step_for(person) is None


def test_nothing_promised_asked_or_planned_is_no_step():
    assert step_for(PersonFactory()) is None


def test_a_persons_right_comes_before_everything():
    person = PersonFactory()
    FollowUpFactory(person=person, due_on=TODAY)
    DataRequestFactory(person=person, due_on=date(2023, 3, 10))
    assert step_for(person).sentence == (
        "Asks to erase what we keep: do it in 23 days, by Fri 10 Mar 2023."
    )


def test_a_promise_due_comes_before_a_request_that_waits():
    person = PersonFactory()
    FollowUpFactory(person=person, text="Send the guide", due_on=TODAY)
    VisitRequestFactory(person=person)
    assert step_for(person).sentence == "Send the guide (today)"


def test_a_request_that_waits_comes_before_a_promise_for_later():
    person = PersonFactory()
    FollowUpFactory(person=person, due_on=TODAY + timedelta(days=5))
    request = VisitRequestFactory(person=person, city="Ostrava")
    step = step_for(person)
    assert step.sentence == f"Answer request {request.ref} from Ostrava."
    assert step.href == f"/requests/{request.ref}/"


def test_their_promise_is_told_as_theirs():
    person = PersonFactory()
    FollowUpFactory(person=person, text="Name a room", owner="theirs", due_on=TODAY)
    assert step_for(person).sentence == "They promised: Name a room (today)"


def test_without_anything_owed_the_next_visit_is_the_step():
    person = PersonFactory()
    visit = VisitFactory(requests=[VisitRequestFactory(person=person, state="scheduled")])
    assert step_for(person).href == f"/visits/{visit.ref}/"
