"""Plans of two campaigns that share a host."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from tests.factories.crm import CLOCK, MailTemplateFactory, PlaceFactory
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


def test_board_shows_what_a_host_does_for_another_campaign_and_nothing_drags_it(
    client, coordinator
):
    client.force_login(coordinator)
    row = VisitRequestFactory(wishes=[date(2023, 2, 23)])
    campaign = row.campaign
    other = CampaignFactory(
        slug="elsewhere", name="Elsewhere", window_start=date(2022, 2, 1), is_sample=False
    )
    lyon = PlaceFactory(name="Lyon", country="FR", latitude=45.75, longitude=4.85)
    host = HostFactory(name="Hanne")
    busy = VisitFactory(
        campaign=other,
        host=host,
        city="Lyon",
        country="FR",
        place=lyon,
        zone="Europe/Paris",
        starts_at=datetime(2023, 2, 16, 9, tzinfo=UTC),
        reserved=True,
    )
    version = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    for path in (reverse("visits:plan"), reverse("visits:plan-version", args=[version.number])):
        page = client.get(path)
        (lane,) = page.context["board"].lanes
        (box,) = [box for box in lane.boxes if box.is_beside]
        assert box.words == (
            f"{busy.ref} Lyon, Thu 16 Feb 2023, 10:00–13:00 Paris (CET), for Elsewhere, confirmed"
        )
        assert (box.title, box.sub, box.can_move, box.place) == ("Lyon", busy.ref, False, "")
        assert f'data-block="{busy.ref}"' in page.text
        assert f'data-move="{busy.ref}"' not in page.text
        rides = [each.words for each in lane.boxes if each.kind == "travel"]
        assert any(words.startswith("Oslo to Lyon, ") for words in rides)
        assert any(words.startswith("Lyon to Oslo, ") for words in rides)
