"""The journeys of the sample's plan, from solving to the page of a visit."""

import pytest

from crm import clock
from visits.domain.plans import solve_campaign, store_version
from visits.domain.publishing import publish_version
from visits.domain.travel_legs import legs_around, sum_of, sums_by_host
from visits.models import Campaign, TravelLeg, Visit

pytestmark = pytest.mark.django_db


@pytest.mark.one_database  # Solving is the same on both; storing is tested above on each.
def test_publishing_the_sample_stores_the_journeys_of_its_plan(sample):
    campaign = Campaign.objects.get(slug="february-2023")
    now = clock.now()
    version = store_version(solve_campaign(campaign, at=now, seconds=60))
    publish_version(version, at=now, by=None)
    legs = [leg for leg in version.result["legs"] if leg["mode"] != "stay"]
    rows = TravelLeg.objects.filter(version=version)
    assert rows.count() == len(legs) > 5
    assert rows.exclude(visit=None).count() == rows.count()
    assert sum_of(sums_by_host(campaign)).legs == len(legs)
    ljubljana = Visit.objects.get(ref="V12")
    told = legs_around(ljubljana)
    assert [row.leg is not None for row in (*told.before, *told.after)] == [True, True]
