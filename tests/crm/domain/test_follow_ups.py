from datetime import date

import pytest
from django.core.exceptions import ValidationError

from crm.domain import follow_ups as verbs
from crm.models import AuditEntry, FollowUp
from tests.factories.crm import CLOCK, FollowUpFactory, PersonFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = date(2023, 2, 17)


def now(by=None):
    return {"at": CLOCK, "by": by}


def test_a_promise_to_a_person_is_a_promise_to_their_organisation():
    person = PersonFactory()
    promise = verbs.open_follow_up("Send the guide", due_on=DAY, person=person, **now())
    assert (promise.organisation, promise.created_at) == (person.organisation, CLOCK)


def test_an_empty_promise_is_refused():
    with pytest.raises(ValidationError):
        verbs.open_follow_up(" \n ", due_on=DAY, **now())


def test_keeping_a_promise_writes_the_day_and_who_kept_it():
    promise, by = FollowUpFactory(due_on=DAY), UserFactory()
    verbs.complete_follow_up(promise, on=DAY, **now(by))
    row = FollowUp.objects.get()
    assert (row.done_on, row.done_by) == (DAY, by)
    assert AuditEntry.objects.about(promise).get().verb == "complete_follow_up"


def test_a_promise_is_kept_once():
    promise = FollowUpFactory(done_on=DAY)
    with pytest.raises(ValidationError):
        verbs.complete_follow_up(promise, on=DAY, **now())


def test_completing_then_reopening_leaves_the_promise_as_it_was():
    promise = FollowUpFactory(due_on=DAY)
    before = FollowUp.objects.values().get(pk=promise.pk)
    verbs.complete_follow_up(promise, on=DAY, **now(UserFactory()))
    verbs.reopen_follow_up(promise, **now())
    assert FollowUp.objects.values().get(pk=promise.pk) == before


def test_an_open_promise_moves_and_a_kept_one_does_not():
    later = date(2023, 2, 20)
    promise, kept = FollowUpFactory(due_on=DAY), FollowUpFactory(done_on=DAY)
    assert verbs.reschedule_follow_up(promise, due_on=later, **now()).due_on == later
    with pytest.raises(ValidationError):
        verbs.reschedule_follow_up(kept, due_on=later, **now())


def test_a_promise_can_be_given_to_somebody():
    promise, keeper = FollowUpFactory(), UserFactory()
    verbs.assign_follow_up(promise, to=keeper, **now())
    assert FollowUp.objects.get().assigned_to == keeper
