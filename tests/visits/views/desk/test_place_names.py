"""A city is called alike wherever its visit and the journeys to it are told."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.urls import reverse

from crm.models import ClockSetting
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import CampaignFactory, HostFactory, VisitFactory, VisitRequestFactory
from tests.visits.views.desk.front_door import go
from visits.domain.feeds import renew_feed

pytestmark = pytest.mark.django_db


@pytest.fixture
def cologne(client, coordinator):
    """A visit of a city that calls itself Cologne; the register knows it as Köln."""
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    place = PlaceFactory(
        name="Köln", country="DE", zone="Europe/Berlin", latitude=50.94, longitude=6.96
    )
    campaign = CampaignFactory()
    asked = VisitRequestFactory(campaign=campaign, city="Cologne", place=place, state="scheduled")
    return VisitFactory(
        ref="V05",
        host=HostFactory(ref="H1", user=coordinator),
        campaign=campaign,
        city="Cologne",
        country="DE",
        place=place,
        zone=place.zone,
        starts_at=datetime(2023, 2, 23, 9, tzinfo=UTC),
        requests=[asked],
        reserved=True,
    )


def agree(text):
    return "Cologne" in text and "Köln" not in text


def test_page_board_week_and_fill_call_a_city_as_its_visit_does(client, cologne):
    travel = client.get(reverse("visits:visit-detail", args=["V05"]) + "?tab=travel")
    assert "Oslo → Cologne" in travel.text
    assert agree(travel.text)
    assert agree(go(client, "plan").text)
    assert agree(go(client, "my-week", week="2023-W08").text)
    fill = go(client, "plan-fill")
    assert "Oslo to Cologne" in fill.text
    assert agree(fill.text)
    leg = fill.context["journeys"][0]
    on_the_way = client.get(reverse("visits:plan-fill") + "?" + leg.query)
    assert "On the way from Oslo to Cologne" in on_the_way.text


def test_a_plan_calls_a_city_as_its_request_does(cologne, capsys):
    call_command("plan_visits", "february-2023", "--json", "--seconds", "60")
    legs = json.loads(capsys.readouterr().out)["legs"]
    assert [(leg["from"], leg["to"]) for leg in legs] == [("Oslo", "Cologne"), ("Cologne", "Oslo")]


def test_the_hosts_calendar_calls_a_city_as_its_visit_does(client, cologne):
    address = renew_feed(cologne.host, at=CLOCK)
    text = client.get("/calendar/" + address.rsplit("/calendar/", 1)[1]).text
    assert agree(text.replace("\r\n ", ""))
