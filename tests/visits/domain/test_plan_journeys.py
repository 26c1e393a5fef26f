"""The journeys of the sample's plan, from solving to every page that tells them."""

from datetime import date, datetime

import icalendar
import pytest

from crm import clock, wording
from tests.factories.visits import CalendarFeedFactory
from visits.domain.briefs import edition_of
from visits.domain.feeds import feed_text
from visits.domain.my_week import week_of
from visits.domain.packs import gather_pack
from visits.domain.plans import solve_campaign, store_version
from visits.domain.publishing import publish_version
from visits.domain.travel_legs import legs_around, sum_of, sums_by_host
from visits.models import CalendarFeed, Campaign, Host, PlanVersion, TravelLeg, Visit

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def publish():
    now = clock.now()
    campaign = Campaign.objects.get(slug="february-2023")
    version = store_version(solve_campaign(campaign, at=now, seconds=60))
    publish_version(version, at=now, by=None)
    return PlanVersion.objects.get(pk=version.pk)


def test_publishing_the_sample_stores_the_journeys_of_its_plan(sample):
    version = publish()
    legs = [leg for leg in version.result["legs"] if leg["mode"] != "stay"]
    rows = TravelLeg.objects.filter(version=version)
    assert rows.count() == len(legs) > 5
    assert rows.exclude(visit=None).count() == rows.count()
    assert sum_of(sums_by_host(version.plan.campaign)).legs == len(legs)
    ljubljana = Visit.objects.get(ref="V12")
    told = legs_around(ljubljana)
    assert [row.leg is not None for row in (*told.before, *told.after)] == [True, True]


def test_the_journeys_to_a_visit_that_does_not_take_place_do_not_count(sample):
    version = publish()
    campaign = version.plan.campaign
    before = sum_of(sums_by_host(campaign)).legs
    ljubljana = Visit.objects.get(ref="V12")
    around = legs_around(ljubljana)
    Visit.objects.filter(pk=ljubljana.pk).update(state="cancelled")
    assert sum_of(sums_by_host(campaign)).legs == before - len(around.before) - len(around.after)


def standing():
    fields = ("ref", "state", "starts_at", "ends_at", "host", "place")
    return set(Visit.objects.values_list(*fields))


def test_publishing_leaves_a_visit_alone_whose_facts_do_not_change(sample):
    before = standing()
    assert {row[1] for row in before if row[0] in ("V07", "V08")} == {"briefed"}
    publish()
    assert before - standing() == set()


# --- One journey, told alike ---


def of_feed(host):
    made = CalendarFeedFactory(host=host)
    feed = CalendarFeed.objects.select_related("host__home", "host__user").get(pk=made.pk)
    events = icalendar.Calendar.from_ical(feed_text(feed)).walk("VEVENT")
    return {(event.start, event.end) for event in events if "Travel" in str(event["CATEGORIES"])}


def of_week(host, monday):
    days = week_of(host, monday, at=clock.now()).days
    rows = [row for day in days for row in day.entries if row.kind == "journey"]
    return {(row.starts_at, row.ends_at) for row in rows}


def of_page(visit):
    told = legs_around(visit)
    return [(row.departs_at, row.arrives_at) for row in (*told.before, *told.after)]


def of_brief(visit):
    table = edition_of(visit, "internal", at=clock.now()).section("travel").blocks[0]
    return [(row[1].splitlines()[0], row[2].splitlines()[0]) for row in table.rows]


def of_pack(host, day):
    pack = gather_pack(host, first=day, last=day, at=clock.now())
    facts = pack.days[0].blocks[0].rows
    return [fact.value for fact in facts if "estimate" in fact.label]


def moment_of(leg):
    return datetime.fromisoformat(leg["departs_at"]), datetime.fromisoformat(leg["arrives_at"])


def as_written(visit):
    told = legs_around(visit)
    return [
        (
            wording.local_time(row.departs_at, row.origin.zone),
            wording.local_time(row.arrives_at, row.destination.zone),
        )
        for row in (*told.before, *told.after)
    ]


@pytest.mark.parametrize("is_published", [False, True])
def test_a_journey_is_told_alike_on_every_page_before_and_after_a_publish(sample, is_published):
    version = publish() if is_published else None
    host, aarhus = Host.objects.select_related("home").get(ref="H1"), Visit.objects.get(ref="V07")
    to_aarhus, on = of_page(aarhus)
    assert wording.local_time(to_aarhus[0], "Europe/Rome") == "Wed 15 Feb 2023, 07:00 Rome (CET)"
    assert {to_aarhus, on} <= of_feed(host)
    assert {to_aarhus, on} <= of_week(host, date(2023, 2, 13))
    written = as_written(aarhus)
    assert of_brief(aarhus) == written
    assert of_pack(host, date(2023, 2, 16)) == [" to ".join(written[0])]
    if version is not None:
        ahead = {moment_of(leg) for leg in version.result["legs"] if leg["mode"] != "stay"}
        assert ahead <= of_feed(host)
        # What has begun is no part of a plan made on the way.
        assert (to_aarhus in ahead, on in ahead) == (False, True)
