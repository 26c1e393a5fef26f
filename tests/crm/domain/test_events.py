import pytest
from django.core.exceptions import ValidationError

from crm.domain.events import add_participation, record_attendance
from crm.models import Participation
from tests.factories.crm import CLOCK, EventFactory, ParticipationFactory, PersonFactory

pytestmark = pytest.mark.django_db
Status = Participation.Status
NOW = {"at": CLOCK, "by": None}


def test_somebody_seen_on_a_day_has_attended():
    row = ParticipationFactory(status=Status.REGISTERED, day_1=None, day_2=None)
    record_attendance(row, day_2=True, **NOW)
    row.refresh_from_db()
    assert (row.status, row.day_1, row.day_2) == (Status.ATTENDED, None, True)


def test_somebody_who_did_not_come_was_there_on_no_day():
    row = ParticipationFactory(day_1=True, day_2=True, walk=True)
    record_attendance(row, status=Status.NO_SHOW, **NOW)
    row.refresh_from_db()
    assert (row.status, row.day_1, row.day_2, row.walk) == (Status.NO_SHOW, False, False, False)


def test_what_is_not_said_stays():
    row = ParticipationFactory(note="asked about cameras", day_1=True)
    record_attendance(row, status=Status.ATTENDED, **NOW)
    row.refresh_from_db()
    assert (row.note, row.day_1) == ("asked about cameras", True)


def test_a_person_is_on_a_roster_once():
    event, person = EventFactory(), PersonFactory()
    add_participation(event, person, status=Status.ATTENDED, **NOW)
    with pytest.raises(ValidationError, match="already"):
        add_participation(event, person, status=Status.ATTENDED, **NOW)
