"""A host's calendar to subscribe to: visits, offered dates and journeys, read by two parsers."""

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
import vobject
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import ClockSetting
from tests.factories.crm import CLOCK, CoordinatorFactory, MunicipalityFactory, PlaceFactory
from tests.factories.visits import (
    CalendarFeedFactory,
    CampaignFactory,
    HoldFactory,
    HostFactory,
    TravelLegFactory,
    VisitFactory,
)
from visits.domain.feeds import feed_text, find_feed, renew_feed
from visits.models import CalendarFeed, FeedEntry, Host, TravelLeg, Visit
from visits.states import VisitState

pytestmark = pytest.mark.django_db

OSLO = {"name": "Oslo", "country": "NO", "latitude": 59.91, "longitude": 10.75}
VILNIUS = {"name": "Vilnius", "country": "LT", "latitude": 54.69, "longitude": 25.28}
GHENT = {"name": "Ghent", "country": "BE", "latitude": 51.05, "longitude": 3.72}
WEDNESDAY = datetime(2023, 2, 22, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(db):
    ClockSetting.objects.fix(CLOCK)


@pytest.fixture
def host():
    return HostFactory(ref="H1", name="Joe", home=PlaceFactory(zone="Europe/Oslo", **OSLO))


@pytest.fixture
def feed(host):
    return CalendarFeedFactory(host=host)


def visit_in(host, place, *, ref="V10", start=WEDNESDAY, **values):
    return VisitFactory(
        **{
            "ref": ref,
            "ics_uid": f"{ref}@february-2023",
            "host": host,
            "campaign": getattr(host, "campaign_of_tests", None) or campaign_of(host),
            "place": place,
            "city": place.name,
            "zone": place.zone,
            "starts_at": start,
            "ends_at": start + timedelta(hours=3),
            "state": VisitState.CONFIRMED,
        }
        | values
    )


def campaign_of(host):
    host.campaign_of_tests = CampaignFactory()
    return host.campaign_of_tests


def vilnius():
    return PlaceFactory(zone="Europe/Vilnius", **VILNIUS)


def entries(feed) -> dict[str, icalendar.Event]:
    """The entries by UID, as one parser reads them; the other one must read the same moments."""
    feed = CalendarFeed.objects.select_related("host__home", "host__user").get(pk=feed.pk)
    text = feed_text(feed)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = {
        str(event["UID"]): event for event in icalendar.Calendar.from_ical(text).walk("VEVENT")
    }
    other = {event.uid.value: event for event in vobject.readOne(text).contents.get("vevent", [])}
    assert found.keys() == other.keys()
    for uid, event in found.items():
        assert other[uid].dtstart.value.astimezone(UTC) == event.start.astimezone(UTC)
        assert other[uid].dtend.value.astimezone(UTC) == event.end.astimezone(UTC)
    return found


def test_a_journey_stands_in_the_time_of_each_of_its_ends(feed, host):
    visit_in(host, vilnius())
    found = entries(feed)
    assert found.keys() == {
        "V10@february-2023",
        "to-V10@february-2023",
        "from-V10@february-2023",
    }
    there, back = found["to-V10@february-2023"], found["from-V10@february-2023"]
    assert there["DTSTART"].params["TZID"] == "Europe/Oslo"
    assert there["DTEND"].params["TZID"] == "Europe/Vilnius"
    assert there.end.astimezone(UTC) <= WEDNESDAY - timedelta(minutes=45)
    assert back.start.astimezone(UTC) >= WEDNESDAY + timedelta(hours=3)
    assert (str(there["SUMMARY"]), str(back["SUMMARY"])) == ("Travel to V10", "Travel from V10")
    assert (there["STATUS"], there["TRANSP"]) == ("TENTATIVE", "OPAQUE")
    assert there["CATEGORIES"].to_ical() == b"Travel"
    lines = str(there["DESCRIPTION"]).splitlines()
    assert "Oslo (CET)" in lines[0]
    assert "Vilnius (EET)" in lines[1]
    assert lines[3].startswith("Oslo to Vilnius, flight, ")
    assert lines[-1] == "An estimate, not booked."


def test_a_booked_leg_takes_the_place_of_the_estimate_it_covers(feed, host):
    place = vilnius()
    visit = visit_in(host, place)
    leg = TravelLegFactory(
        host=host,
        visit=visit,
        origin=host.home,
        destination=place,
        mode="fly",
        status=TravelLeg.Status.BOOKED,
        departs_at=WEDNESDAY - timedelta(hours=20),
        arrives_at=WEDNESDAY - timedelta(hours=16),
    )
    found = entries(feed)
    assert found.keys() == {
        "V10@february-2023",
        f"leg-{leg.pk}@journeys",
        "from-V10@february-2023",
    }
    booked = found[f"leg-{leg.pk}@journeys"]
    assert booked["STATUS"] == "CONFIRMED"
    assert booked.start.astimezone(UTC) == leg.departs_at
    assert "not booked" not in booked["DESCRIPTION"]
    TravelLeg.objects.update(status=TravelLeg.Status.CANCELLED)
    assert entries(feed)["to-V10@february-2023"]["STATUS"] == "TENTATIVE"


def test_a_booked_way_by_a_third_city_takes_the_place_of_the_whole_estimate(feed, host):
    place, between = vilnius(), PlaceFactory(zone="Europe/Brussels", **GHENT)
    visit_in(host, place)
    for origin, destination, hours in ((host.home, between, 22), (between, place, 18)):
        TravelLegFactory(
            host=host,
            origin=origin,
            destination=destination,
            status=TravelLeg.Status.BOOKED,
            departs_at=WEDNESDAY - timedelta(hours=hours),
            arrives_at=WEDNESDAY - timedelta(hours=hours - 3),
        )
    found = entries(feed)
    assert "to-V10@february-2023" not in found
    assert sum(uid.startswith("leg-") for uid in found) == 2


def test_every_date_on_offer_is_tentative(feed, host):
    visit = visit_in(host, vilnius(), state=VisitState.TENTATIVE)
    HoldFactory(visit=visit, rank=1)
    second = WEDNESDAY + timedelta(days=1)
    HoldFactory(
        visit=visit,
        rank=2,
        starts_at=second,
        ends_at=second + timedelta(hours=3),
        reservation__starts_at=second,
    )
    found = entries(feed)
    assert found["V10@february-2023"]["STATUS"] == "TENTATIVE"
    other = found["offer-2-V10@february-2023"]
    assert (other["STATUS"], other.start.astimezone(UTC)) == ("TENTATIVE", second)
    assert "Held for the city until" in other["DESCRIPTION"]
    assert "offer-1-V10@february-2023" not in found


def test_the_text_stays_the_same_until_something_changes(feed, host):
    visit_in(host, vilnius())
    feed = CalendarFeed.objects.select_related("host__home", "host__user").get(pk=feed.pk)
    first = feed_text(feed)
    ClockSetting.objects.fix(CLOCK + timedelta(hours=5))
    assert feed_text(feed) == first
    visit = Visit.objects.get()
    visit.address = "Town hall"
    visit.save()
    changed = icalendar.Calendar.from_ical(feed_text(feed)).walk("VEVENT")
    at = {str(event["UID"]): event["LAST-MODIFIED"].dt for event in changed}
    assert at == {
        "V10@february-2023": CLOCK + timedelta(hours=5),
        "to-V10@february-2023": CLOCK,
        "from-V10@february-2023": CLOCK,
    }
    assert all(event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt for event in changed)


def test_a_journey_moves_with_its_visit_and_its_number_rises(feed, host):
    visit = visit_in(host, vilnius())
    before = entries(feed)["to-V10@february-2023"]
    visit.starts_at += timedelta(days=1)
    visit.ends_at += timedelta(days=1)
    visit.ics_sequence += 1
    visit.save()
    after = entries(feed)
    assert after["to-V10@february-2023"]["SEQUENCE"] == before["SEQUENCE"] + 1
    assert after["to-V10@february-2023"].start > before.start
    assert after["V10@february-2023"]["SEQUENCE"] == 1


def test_a_moved_date_goes_on_under_its_name_as_one_entry(feed, host):
    old = visit_in(host, vilnius(), state=VisitState.POSTPONED, state_since=CLOCK)
    visit_in(
        host,
        old.place,
        ref="V11",
        start=WEDNESDAY + timedelta(days=1),
        ics_uid=old.ics_uid,
        ics_sequence=1,
        replaces=old,
    )
    (entry,) = [event for event in entries(feed).values() if event["UID"] == old.ics_uid]
    assert (str(entry["SUMMARY"]), entry["STATUS"]) == ("V11", "CONFIRMED")


def test_a_cancelled_visit_and_its_journeys_are_told_as_cancelled_for_a_while(feed, host):
    visit = visit_in(host, vilnius())
    entries(feed)
    visit.state, visit.state_since, visit.ics_sequence = VisitState.CANCELLED, CLOCK, 1
    visit.save()
    found = entries(feed)
    assert {uid: str(event["STATUS"]) for uid, event in found.items()} == {
        "V10@february-2023": "CANCELLED",
        "to-V10@february-2023": "CANCELLED",
        "from-V10@february-2023": "CANCELLED",
    }
    assert {int(event["SEQUENCE"]) for event in found.values()} == {1}
    assert {str(event["TRANSP"]) for event in found.values()} == {"TRANSPARENT"}
    ClockSetting.objects.fix(CLOCK + timedelta(days=40))
    assert entries(feed) == {}
    assert not FeedEntry.objects.exists()


def test_an_undone_cancellation_is_told_with_a_higher_number(feed, host):
    visit = visit_in(host, vilnius())
    entries(feed)
    for state in (VisitState.CANCELLED, VisitState.CONFIRMED):
        Visit.objects.update(state=state, ics_sequence=visit.ics_sequence + 1)
        visit.refresh_from_db()
        found = entries(feed)
    assert found["to-V10@february-2023"]["STATUS"] == "TENTATIVE"
    assert found["to-V10@february-2023"]["SEQUENCE"] == 2


def test_without_details_neither_cities_nor_places_are_told(feed, host):
    link = "https://meet.example/secret"
    visit_in(host, vilnius(), address="Rotušė", meeting_link=link)
    assert link in feed_text(find_feed(feed_token(host))).replace("\r\n ", "")
    feed = find_feed(feed_token(host, with_details=False))
    text = feed_text(feed).replace("\r\n ", "")
    assert "Rotušė" not in text
    assert link not in text
    assert "Oslo to Vilnius" not in text
    assert "to-V10" in text


def feed_token(host, **choice):
    address = renew_feed(host, at=CLOCK, by=CoordinatorFactory(), **choice)
    return address.rsplit("/", 1)[1].removesuffix(".ics")


def test_a_city_kept_back_is_a_reference_in_journeys_too(feed, host):
    place = PlaceFactory(zone="Europe/Oslo", **GHENT)
    city = MunicipalityFactory(name="Ghent", embargo_until=date(2023, 3, 31))
    visit_in(host, place, municipality=city, address="Hall, Ghent")
    text = str([event.to_ical() for event in entries(feed).values()])
    assert "Ghent" not in text
    assert "Oslo to V10" in text


def test_nothing_personal_reaches_the_feed(feed, host):
    visit_in(
        host,
        vilnius(),
        local_contact_name="SECRET-name",
        local_contact_address="secret@city.example",
        local_contact_phone="SECRET-phone",
        notes="SECRET-notes",
        cancel_reason="SECRET-why",
    )
    assert "secret" not in feed_text(find_feed(feed_token(host))).lower()


def test_a_bad_record_never_takes_others_along(feed, host):
    good, bad = vilnius(), PlaceFactory(zone="Europe/Vilnius", **VILNIUS | {"name": "Trakai"})
    visit_in(host, good)
    broken = visit_in(host, bad, ref="V11", start=WEDNESDAY + timedelta(days=7))
    Visit.objects.filter(pk=broken.pk).update(zone="Nowhere/Land")
    bad.zone = "Nowhere/Land"
    bad.save()
    assert entries(feed).keys() == {
        "V10@february-2023",
        "to-V10@february-2023",
        "from-V10@february-2023",
    }


def test_a_feed_of_500_visits_asks_the_database_as_often_as_one_of_five(feed, host):
    places = [
        PlaceFactory(zone="Europe/Oslo", latitude=50 + n % 10, longitude=5 + n % 12, name=f"C{n}")
        for n in range(40)
    ]

    def fill(first, count):
        for n in range(first, first + count):
            start = WEDNESDAY + timedelta(days=7 * (n // 5) + n % 5 - 2)
            visit_in(host, places[n % 40], ref=f"V{n}", start=start, requests=[])

    def asked():
        with CaptureQueriesContext(connection) as queries:
            text = feed_text(again)
        return len(queries), text

    again = CalendarFeed.objects.select_related("host__home", "host__user").get(pk=feed.pk)
    fill(0, 5)
    feed_text(again)
    few, _text = asked()
    fill(5, 495)
    feed_text(again)
    many, text = asked()
    assert many == few == 9
    assert text.count("BEGIN:VEVENT") >= 500


def test_the_host_of_the_sample_travels_from_city_to_city(sample):
    host = Host.objects.get(ref="H1")
    found = entries(CalendarFeedFactory(host=host))
    ways = [
        str(event["DESCRIPTION"]).splitlines()[3].split(",")[0]
        for event in sorted(found.values(), key=lambda event: event.start.astimezone(UTC))
        if str(event["SUMMARY"]).startswith("Travel")
    ]
    assert ways[6:9] == ["Stuttgart to Oslo", "Oslo to Gdańsk", "Gdańsk to Vilnius"]
