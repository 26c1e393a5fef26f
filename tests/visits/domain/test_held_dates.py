"""What a plan does beside an offer that holds several dates for a city."""

from datetime import UTC, date, datetime

import pytest

from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import HoldFactory, HostFactory, VisitFactory, VisitRequestFactory
from visits.domain.plans import solve_campaign
from visits.domain.why import Weighing
from visits.states import VisitState

pytestmark = pytest.mark.django_db

FRIDAY = date(2023, 2, 24)


def moment(day, hour):
    return datetime(2023, 2, day, hour, tzinfo=UTC)


@pytest.fixture
def offer():
    """Ghent may choose between Wednesday and Friday."""
    visit = VisitFactory(
        host=HostFactory(),
        state=VisitState.TENTATIVE,
        place=PlaceFactory(),
        starts_at=moment(22, 8),
        ends_at=moment(22, 16),
    )
    HoldFactory(visit=visit, starts_at=visit.starts_at, ends_at=visit.ends_at)
    HoldFactory(visit=visit, starts_at=moment(24, 8), ends_at=moment(24, 16), rank=2)
    return visit


def test_no_visit_is_planned_in_time_that_is_held_for_another_city(offer):
    VisitRequestFactory(ref="R90", campaign=offer.campaign, wishes=[FRIDAY])
    solved = solve_campaign(offer.campaign, at=CLOCK, seconds=30)
    (placed,) = [visit for visit in solved.solution.visits if visit.task]
    assert placed.start.date() != FRIDAY


def test_a_request_for_a_day_held_for_another_city_is_told_that_the_host_is_not_free(offer):
    request = VisitRequestFactory(ref="R90", campaign=offer.campaign, wishes=[FRIDAY])
    why = Weighing(request, at=CLOCK).why(on=FRIDAY)
    assert why.sentence == f"{offer.host} is unavailable on Fri 24 Feb 2023."


def test_an_agreed_visit_the_morning_after_held_time_is_no_risk(offer):
    """The host may be there already: time held for an answer ties nobody to a place."""
    offer.starts_at, offer.ends_at = moment(24, 8), moment(24, 11)
    offer.save()
    VisitFactory(
        ref="V90",
        host=offer.host,
        campaign=offer.campaign,
        place=offer.place,
        starts_at=moment(23, 8),
    )
    solved = solve_campaign(offer.campaign, at=CLOCK, seconds=30)
    assert solved.solution.risks == ()
