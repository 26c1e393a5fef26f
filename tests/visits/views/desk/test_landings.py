"""A host who lands too shortly before a visit that stands: never offered anew, named everywhere."""

import json
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from crm import clock
from tests.factories.visits import CampaignFactory, TravelLegFactory
from tests.visits.views.desk.front_door import go
from visits.domain.planning import visits_beside
from visits.domain.reach import reachable_slots
from visits.domain.slots import weigh_slot
from visits.models import Visit, VisitRequest

pytestmark = pytest.mark.django_db
# From Oslo on Monday morning nobody is in Ljubljana before 13:00; V12 begins at 14:00.
WORDS = "Joe Gorman arrives 1 h before V12 Ljubljana; the rule asks for 1 h 30 min."


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def test_plan_and_visit_name_who_lands_late_for_a_visit_that_stands(desk):
    assert go(desk, "plan").context["short_landings"] == [WORDS]
    assert WORDS in go(desk, "plan").text
    assert WORDS in go(desk, "visit-detail", "V12").text
    assert go(desk, "visit-detail", "V09").context["short_landing"] == ""
    assert go(desk, "visit-detail", "V05").context["short_landing"] == ""


def test_plan_of_another_campaign_does_not_warn_of_this_ones_landings(desk):
    march = CampaignFactory(
        slug="march-2023",
        name="March",
        window_start=date(2023, 3, 1),
        window_end=date(2023, 3, 31),
        project_end=date(2023, 3, 31),
    )
    page = go(desk, "plan")
    assert page.context["campaign"] == march
    assert "V12" in {visit.ref for visit in visits_beside(march)}
    assert page.context["short_landings"] == []
    assert WORDS not in page.text


def test_booked_journey_decides_where_there_is_one(desk):
    visit = Visit.objects.get(ref="V12")
    leg = TravelLegFactory(
        visit=visit,
        host=visit.host,
        origin=visit.host.home,
        destination=visit.place,
        departs_at=visit.starts_at - timedelta(hours=6),
        arrives_at=visit.starts_at - timedelta(minutes=20),
        status="booked",
    )
    assert "arrives 20 min before V12" in go(desk, "visit-detail", "V12").text
    leg.departs_at -= timedelta(hours=20)
    leg.arrives_at -= timedelta(hours=20)
    leg.save()
    assert go(desk, "visit-detail", "V12").context["short_landing"] == ""


def test_command_names_the_late_landing_among_the_risks(sample, capsys):
    call_command("plan_visits", "february-2023", "--json", "--seconds", "300")
    risks = json.loads(capsys.readouterr().out)["risks"]
    assert WORDS in risks
    call_command("plan_visits", "february-2023", "--seconds", "300")
    assert f"  risk: {WORDS}" in capsys.readouterr().out


def test_a_date_landed_late_for_is_not_offered_and_a_typed_one_is_refused(sample):
    row = VisitRequest.objects.get(ref="R06")
    visit = Visit.objects.get(ref="V12")
    slots = {slot.starts_at for slot in reachable_slots(row, host=visit.host, at=clock.now())}
    # It would have to end by 17:00 and begin at 14:30.
    assert not {start for start in slots if start.date() == visit.starts_at.date()}
    verdict = weigh_slot(
        row,
        host=visit.host,
        mode="on_site",
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        at=clock.now(),
        moving=visit,
    )
    (sentence,) = verdict.hard
    assert sentence == "Joe Gorman arrives 1 h before Ljubljana; the rule asks for 1 h 30 min."
