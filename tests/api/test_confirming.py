"""An agreed visit that is confirmed over the API: the city is told, as from the page."""

import pytest
from django.utils import timezone

from crm.models import OutgoingMail, User
from tests.factories.crm import CLOCK
from visits.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(sample, api):
    return api(User.objects.get(email="coordinator@example.org"))


@pytest.fixture
def agreed(desk):
    """An offer the city has taken, with nothing missing."""
    visit = Visit.objects.get(ref="V11")
    visit.holds.update(accepted_at=CLOCK)
    visit.requests.update(state="scheduled")
    visit.agreement, visit.address = "Mail of 15 Feb", "City hall"
    visit.meeting_link = "https://meet.example/x"
    visit.local_contact_verified_at = timezone.now()
    visit.save()
    return visit


def confirmations(visit):
    return OutgoingMail.objects.filter(message__visits=visit, subject__contains="is confirmed")


def test_confirming_sends_the_confirmation_once(desk, agreed):
    answer = desk.post("/visits/V11/confirm/")
    assert answer.json()["state"] == "confirmed"
    assert confirmations(agreed).count() == 1
    desk.post("/visits/V11/confirm/")
    assert confirmations(agreed).count() == 1


def test_the_last_missing_fact_confirms_and_sends_it_too(desk, agreed):
    Visit.objects.filter(ref="V11").update(address="")
    seen = desk.get("/visits/V11/").headers["ETag"]
    answer = desk.patch("/visits/V11/", {"address": "Town hall, Tallinn"}, If_Match=seen)
    assert answer.json()["state"] == "confirmed"
    assert confirmations(agreed).count() == 1
    seen = answer.headers["ETag"]
    desk.patch("/visits/V11/", {"address": "Town hall 2, Tallinn"}, If_Match=seen)
    assert confirmations(agreed).count() == 1


def test_a_confirmation_that_could_not_be_written_is_told_in_the_answer(desk, agreed):
    agreed.requests.update(address="")
    answer = desk.post("/visits/V11/confirm/").json()
    assert answer["state"] == "confirmed"
    assert answer["warnings"] == [
        "V11 is confirmed, but no letter could be written; tell the city."
    ]
    assert not confirmations(agreed).exists()
    assert "warnings" not in desk.get("/visits/V11/").json()
