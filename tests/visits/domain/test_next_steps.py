"""What a record's page says to do next."""

from datetime import date, timedelta

import pytest

from crm.models import DataRequest, FollowUp
from tests.factories.crm import CLOCK, DataRequestFactory, FollowUpFactory, PersonFactory
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
        now=CLOCK,
        today=TODAY,
    )


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
