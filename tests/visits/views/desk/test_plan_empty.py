"""Plan for whoever has never seen it: nothing there yet, one host, one request, one visit."""

from datetime import date

import pytest

from crm import clock
from crm.roles import Role
from tests.factories.crm import CLOCK, UserFactory
from tests.factories.visits import CampaignFactory, HostFactory, VisitRequestFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.domain.planning_runs import work_off
from visits.models import PlanRun, PlanVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: CLOCK)
    client.force_login(UserFactory(role=Role.COORDINATOR))
    return client


def test_without_a_campaign_every_page_of_the_plan_leads_to_the_first_one(desk):
    for name in ("plan", "plan-compare", "plan-replan", "plan-fill"):
        assert "/settings/campaigns/new/" in go(desk, name).text
    assert "/settings/campaigns/new/" in go(desk, "plan-decide", "pin").text
    assert go(desk, "plan-run-status").status_code == 404


def test_without_a_host_the_page_says_so_and_offers_no_search(desk):
    CampaignFactory()
    page = go(desk, "plan")
    assert "/settings/hosts/new/" in page.text
    assert "No request has come yet" in page.text
    assert "Make the first plan" not in page.text
    assert "Plan again" not in page.text
    for name in ("plan-compare", "plan-replan", "plan-fill"):
        assert go(desk, name).status_code == 200


def test_search_without_a_host_ends_in_a_sentence(desk):
    VisitRequestFactory(ref="R01", campaign=CampaignFactory())
    do(desk, "plan-start")
    assert work_off() == 1
    version = PlanVersion.objects.first()
    told = version.unplaced.get().reason if version else PlanRun.objects.get().error
    assert told.endswith(".")
    page = go(desk, "plan-version", version.number) if version else go(desk, "plan")
    assert told in page.text


def test_one_request_is_planned_and_published(desk):
    """The first plan of all, from the first page to the offer."""
    campaign = CampaignFactory()
    HostFactory(ref="H1", name="Joe")
    VisitRequestFactory(ref="R01", campaign=campaign, wishes=[date(2023, 2, 23)])
    page = go(desk, "plan")
    assert "Make the first plan" in page.text
    assert go(desk, "request-why", "R01").status_code == 200
    do(desk, "plan-start")
    assert work_off() == 1
    version = PlanVersion.objects.get()
    page = go(desk, "plan-version", version.number)
    assert [change.kind for change in page.context["changes"]] == ["new"]
    assert version.placements.get().on == date(2023, 2, 23)
    assert "Plan again" in go(desk, "plan").text
    told = said(do(desk, "plan-publish", version.number, seen=0))
    assert told
    assert all(words.endswith(".") for words in told)


def test_one_request_without_a_place_of_the_register_is_named(desk):
    HostFactory(ref="H1", name="Joe")
    VisitRequestFactory(ref="R01", campaign=CampaignFactory(), place=None, city="Nowhere")
    assert "not in the register of places" in go(desk, "request-why", "R01").text
    do(desk, "plan-start")
    work_off()
    page = go(desk, "plan-version", PlanVersion.objects.get().number)
    assert "Nowhere is not in the register of places" in page.text
