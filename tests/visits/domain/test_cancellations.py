"""What a cancelled visit keeps: nobody else may have it, the plan included."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.visits import HoldFactory, HostFactory, VisitFactory
from visits.domain.booking import UNDO_WITHIN
from visits.domain.cancellations import free_expired_slots, kept_slot
from visits.domain.planning import load_problem
from visits.domain.visits import cancel_visit
from visits.models import Reservation
from visits.states import VisitState

pytestmark = pytest.mark.django_db

AT = datetime(2023, 2, 6, 9, tzinfo=UTC)
START = datetime(2023, 2, 22, 9, tzinfo=UTC)


def cancelled(**values):
    visit = VisitFactory(host=HostFactory(), starts_at=START, reserved=True, **values)
    return cancel_visit(visit, side="us", reason="A slip.", at=AT)


def busy(visit, at, **options):
    problem = load_problem(visit.campaign, at=at, **options).problem
    return [span for host in problem.hosts if host.ref == visit.host.ref for span in host.busy]


def test_plan_takes_kept_time_as_busy_until_it_is_given_back():
    visit = cancelled()
    reserved = visit.reservations.get()

    (span,) = busy(visit, AT)
    assert (span.start, span.end) == (reserved.starts_at, reserved.ends_at)
    assert span.label == f"kept for {visit}"
    assert busy(visit, AT + UNDO_WITHIN) == []


def test_plan_from_an_empty_calendar_knows_no_kept_time():
    assert busy(cancelled(), AT, fresh=True) == []


@pytest.mark.parametrize("state", [VisitState.TENTATIVE, VisitState.CONFIRMED])
def test_time_without_an_offer_is_kept_whatever_the_state(state):
    visit = cancelled(state=state)

    assert kept_slot(visit, at=AT).expires_at == AT + UNDO_WITHIN


def test_offered_dates_are_given_back_at_once():
    visit = VisitFactory(state=VisitState.TENTATIVE)
    HoldFactory(visit=visit)
    cancel_visit(visit, side="us", reason="A slip.", at=AT)

    assert Reservation.objects.active().count() == 0


def test_visit_that_has_begun_keeps_nothing():
    visit = VisitFactory(starts_at=AT, reserved=True)
    cancel_visit(visit, side="us", reason="A slip.", at=AT + timedelta(minutes=5))

    assert Reservation.objects.active().count() == 0


def test_time_of_other_visits_is_not_given_back_with_the_kept_one():
    kept, other = cancelled(), VisitFactory(reserved=True)
    free_expired_slots(at=AT + UNDO_WITHIN)

    assert [row.visit for row in Reservation.objects.active()] == [other]
    assert kept_slot(kept, at=AT) is None
