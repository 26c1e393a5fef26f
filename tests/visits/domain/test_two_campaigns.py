"""Plans of two campaigns that share a host."""

from datetime import date

import pytest

from tests.factories.crm import CLOCK, MailTemplateFactory
from tests.factories.visits import CampaignFactory, HostFactory, VisitFactory, VisitRequestFactory
from visits.domain.plan_rules import decisions_of
from visits.domain.planning import facts_changed, load_problem
from visits.domain.plans import solve_campaign, store_version
from visits.domain.publishing import publish_version
from visits.models.requests import Mode

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mode", [Mode.ONLINE, Mode.ON_SITE])
def test_plan_is_published_beside_what_its_host_does_for_another_campaign(mode):
    host = HostFactory()
    MailTemplateFactory(key="date_proposal")
    request = VisitRequestFactory(mode=mode, wishes=[date(2023, 2, 23)])
    campaign = request.campaign
    before = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    taken = before.placements.get()
    other = VisitFactory(
        campaign=CampaignFactory(slug="elsewhere", name="Elsewhere"),
        host=host,
        starts_at=taken.starts_at,
        reserved=True,
    )
    assert facts_changed(campaign, before.result["facts"], decisions_of(campaign)) == [
        "visits of other campaigns changed"
    ]
    version = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    publish_version(version, at=CLOCK, by=None)
    offer = request.visits.get()
    assert offer.ends_at <= other.starts_at or other.ends_at <= offer.starts_at
    assert version.placements.get().visit == offer
    assert {row["visit"] for row in version.result["visits"]} == {None}
    fresh = load_problem(campaign, at=CLOCK, fresh=True)
    assert [busy for row in fresh.problem.hosts for busy in row.busy] == []
