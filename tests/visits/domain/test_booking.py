"""Reserving a host's time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.factories.visits import HoldFactory, ReservationFactory, VisitFactory
from visits.domain import booking
from visits.models import Reservation

pytestmark = pytest.mark.django_db

START = datetime(2023, 2, 9, 9, tzinfo=UTC)
END = START + timedelta(hours=3)
HOUR = timedelta(hours=1)


def hold_on(visit, day):
    starts_at, ends_at = START + timedelta(days=day), END + timedelta(days=day)
    return HoldFactory(visit=visit, starts_at=starts_at, ends_at=ends_at, rank=day)


# Allen's thirteen relations of a second span to [09:00, 12:00); True where they share time.
RELATIONS = {
    "before": (START - 3 * HOUR, START - HOUR, False),
    "meets": (START - 2 * HOUR, START, False),
    "overlaps": (START - HOUR, START + HOUR, True),
    "starts": (START, START + HOUR, True),
    "during": (START + HOUR, END - HOUR, True),
    "finishes": (END - HOUR, END, True),
    "equals": (START, END, True),
    "is finished by": (START - HOUR, END, True),
    "contains": (START - HOUR, END + HOUR, True),
    "is started by": (START, END + HOUR, True),
    "is overlapped by": (END - HOUR, END + HOUR, True),
    "is met by": (END, END + 2 * HOUR, False),
    "after": (END + HOUR, END + 2 * HOUR, False),
}


def reserve(visit, starts_at, ends_at, resource="host:H9"):
    with transaction.atomic():
        booking.lock_resources([resource])
        return booking.reserve(visit, starts_at=starts_at, ends_at=ends_at, resource=resource)


@pytest.mark.parametrize("relation", RELATIONS)
def test_overlap_guard_refuses_shared_time_only(relation):
    """The database itself, whoever writes."""
    starts_at, ends_at, shared = RELATIONS[relation]
    ReservationFactory(resource="host:H9", starts_at=START, ends_at=END)

    def write():
        with transaction.atomic():
            ReservationFactory(resource="host:H9", starts_at=starts_at, ends_at=ends_at)

    if shared:
        with pytest.raises(DatabaseError, match="reservation_overlap"):
            write()
    else:
        write()
    assert Reservation.objects.filter(resource="host:H9").count() == (1 if shared else 2)


def test_overlap_guard_sees_a_row_that_becomes_active_again():
    ReservationFactory(resource="host:H9", starts_at=START, ends_at=END)
    sleeping = ReservationFactory(resource="host:H9", starts_at=START, ends_at=END, active=False)

    with pytest.raises(DatabaseError, match="reservation_overlap"), transaction.atomic():
        Reservation.objects.filter(pk=sleeping.pk).update(active=True)


def test_reserve_keeps_half_an_hour_after_the_visit():
    visit = VisitFactory()
    reserve(visit, START, END)

    with pytest.raises(booking.SlotTaken):
        reserve(visit, END + timedelta(minutes=29), END + HOUR)
    assert reserve(visit, END + timedelta(minutes=30), END + 2 * HOUR).active


def test_reserve_says_when_the_other_visit_is():
    visit = VisitFactory(zone="Europe/Brussels")
    reserve(visit, START, END)

    with pytest.raises(booking.SlotTaken, match=r"Thu 9 Feb 2023, 10:00 Brussels \(CET\)"):
        reserve(visit, START + HOUR, END + HOUR)


def test_reserve_lets_two_hosts_work_at_once():
    visit = VisitFactory()
    reserve(visit, START, END, resource="host:H8")

    assert reserve(visit, START, END, resource="host:H9").active


def test_free_keeps_the_accepted_slot():
    visit = VisitFactory(starts_at=START, ends_at=END)
    kept = hold_on(visit, 1)
    hold_on(visit, 2)

    booking.free(visit, keep=kept)

    active = Reservation.objects.active().filter(hold__isnull=False)
    assert [row.pk for row in active] == [kept.reservation_id]


def test_lock_outside_a_transaction_is_a_slip(transactional_db):
    with pytest.raises(ValueError, match="inside a transaction"):
        booking.lock_resources(["host:H9"])
