"""Two agreed visits in danger and one new place for them: the plan's bound, and what instead."""

from datetime import UTC, date, datetime

import pytest

from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import (
    CampaignFactory,
    HostAvailabilityFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.domain import standing
from visits.domain.plans import plan_as_json, solve_campaign
from visits.models import Visit

pytestmark = pytest.mark.django_db


def at(day, hour):
    return datetime(2023, 2, day, hour, tzinfo=UTC)


@pytest.fixture
def campaign():
    """Three days, and a host at home in Ghent who is away on the first two."""
    campaign = CampaignFactory(window_start=date(2023, 2, 20), window_end=date(2023, 2, 22))
    place = PlaceFactory()
    host = HostFactory(ref="H1", name="Joe", home=place, zone=place.zone)
    for ref, day in (("V25", 20), ("V26", 21)):
        wish = VisitRequestFactory(
            ref=f"R{ref[1:]}", campaign=campaign, place=place, state="scheduled"
        )
        VisitFactory(
            ref=ref,
            campaign=campaign,
            place=place,
            host=host,
            requests=[wish],
            starts_at=at(day, 8),
            ends_at=at(day, 16),
        )
    HostAvailabilityFactory(host=host, starts_at=at(20, 0), ends_at=at(21, 23))
    return campaign


def test_the_one_left_without_a_new_place_is_told_what_it_gets_if_the_other_is_put_off(campaign):
    told = plan_as_json(solve_campaign(campaign, at=CLOCK, released=["V25", "V26"], seconds=20))
    (left,) = told["unplaced"]
    other = {"R25": "V26 Ghent", "R26": "V25 Ghent"}[left["request"]]
    assert left["would_fit_if"].startswith(
        f"If {other} is put off: Wed 22 Feb 2023, 09:00 Brussels (CET) with Joe "
    )


def test_the_bound_holds_whichever_of_the_two_is_left_standing(campaign):
    VisitRequestFactory(ref="R27", campaign=campaign, place=campaign.requests.first().place)
    both = solve_campaign(campaign, at=CLOCK, released=["V25", "V26"], seconds=20).solution
    assert both.bound is not None
    for ref in ("V25", "V26"):
        one = solve_campaign(campaign, at=CLOCK, released=[ref], seconds=20).solution
        assert both.priority <= one.priority <= one.bound <= both.bound


def test_the_plan_is_the_best_of_all_choices_of_who_is_left_standing_and_proven_so(campaign):
    """One free day for two visits in danger, and a third request that only fits beside one."""
    place = campaign.requests.first().place
    VisitRequestFactory(ref="R27", campaign=campaign, place=place)
    chosen = solve_campaign(campaign, at=CLOCK, released=["V25", "V26"], seconds=20).solution
    each = [
        solve_campaign(campaign, at=CLOCK, released=[ref], seconds=20).solution
        for ref in ("V25", "V26")
    ]
    assert chosen.proven
    assert chosen.bound == chosen.priority == max(one.priority for one in each)


def test_a_visit_that_might_have_moved_and_can_stay_is_not_told_as_without_a_place(
    campaign, monkeypatch
):
    monkeypatch.setattr(standing, "FEW_TO_COMPARE", 0)  # as with more visits than are compared
    known = Visit.objects.get(ref="V25")
    wish = VisitRequestFactory(
        ref="R27", campaign=campaign, place=known.place, state="scheduled", priority=1
    )
    VisitFactory(
        ref="V27",
        campaign=campaign,
        place=known.place,
        host=known.host,
        requests=[wish],
        starts_at=at(22, 8),
        ends_at=at(22, 16),
    )
    released = ["V25", "V26", "V27"]
    told = plan_as_json(solve_campaign(campaign, at=CLOCK, released=released, seconds=20))
    stands = {row["visit"] for row in told["visits"] if row["starts_at"].startswith("2023-02-22")}
    left = {row["request"]: row for row in told["unplaced"]}
    assert stands == {"V27"}
    assert left.keys() == {"R25", "R26"}
    assert {row["code"] for row in left.values()} == {"away_then"}
