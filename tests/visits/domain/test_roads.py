"""The road source, asked over a real connection: what is believed, and what follows."""

import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories.crm import PlaceFactory
from tests.support.osrm import OsrmServer
from visits.domain import roads
from visits.domain.osrm import LARGEST_ANSWER, OsrmSource
from visits.domain.travel import place_ref, travel_table
from visits.models import RoadJourney, RoadSourceState
from visits.planning.travel import MODES, RoadTime, SourceFailed

pytestmark = pytest.mark.django_db

GHENT, ANTWERP, BRUSSELS = (51.05, 3.71667), (51.22047, 4.40026), (50.85045, 4.34878)


@pytest.fixture
def osrm(settings):
    server = OsrmServer()
    server.start()
    settings.ROAD_TIMES_URL = server.url
    settings.ROAD_TIMES_SECONDS = 2
    yield server
    server.stop()


@pytest.fixture
def cities():
    return [
        PlaceFactory(name=name, latitude=lat, longitude=lon)
        for name, (lat, lon) in (("Gent", GHENT), ("Antwerpen", ANTWERP), ("Brussel", BRUSSELS))
    ]


def journey(table, start, end):
    """Minutes, mode, km and whether it is an estimate."""
    i, j = table.index[place_ref(start)], table.index[place_ref(end)]
    return (
        int(table.minutes[i, j]),
        MODES[table.mode[i, j]],
        float(table.km[i, j]),
        bool(table.estimated[i, j]),
    )


def estimates(cities):
    """Every journey of the table when there is no source at all."""
    table = travel_table(cities)
    return [journey(table, start, end) for start in cities for end in cities if start != end]


# --- A source that works ---


def test_a_drive_is_the_sources_and_no_estimate(osrm, cities):
    ghent, antwerp, _brussels = cities
    before = journey(travel_table(cities), ghent, antwerp)
    after = journey(travel_table(cities, ask=True), ghent, antwerp)
    assert before == (65, "drive", 66.7, True)
    assert after == (50, "drive", 61.6, False)


def test_all_pairs_are_asked_for_at_once_and_never_again(osrm, cities):
    travel_table(cities, ask=True)
    travel_table(cities, ask=True)
    assert len(osrm.asked) == 1
    assert osrm.asked[0].startswith("/table/v1/driving/")
    assert RoadJourney.objects.count() == 6


def test_one_missing_drive_is_asked_for_as_a_route(osrm, cities):
    travel_table(cities, ask=True)
    RoadJourney.objects.filter(origin=cities[0], destination=cities[1]).delete()
    travel_table(cities, ask=True)
    assert osrm.asked[1] == ("/route/v1/driving/3.71667,51.05000;4.40026,51.22047?overview=false")
    assert RoadJourney.objects.count() == 6


def test_an_answer_holds_until_it_expires(osrm, cities, settings):
    settings.ROAD_TIMES_DAYS = 10
    travel_table(cities, ask=True)
    row = RoadJourney.objects.first()
    assert row.expires_at - row.fetched_at == timedelta(days=10)
    RoadJourney.objects.update(expires_at=timezone.now())
    assert estimates(cities)[0][3] is True
    travel_table(cities, ask=True)
    assert len(osrm.asked) == 2
    assert RoadJourney.objects.count() == 6


def test_looking_at_a_page_asks_nobody(osrm, cities):
    travel_table(cities)
    assert osrm.asked == []


def test_places_that_nobody_drives_between_are_not_asked_for(osrm, cities):
    lisbon = PlaceFactory(name="Lisboa", latitude=38.72, longitude=-9.14)
    travel_table([cities[0], lisbon], ask=True)
    assert osrm.asked == []


def test_more_places_than_one_question_may_hold_are_asked_for_in_several(osrm, settings):
    settings.ROAD_TIMES_SECONDS = 60
    many = [PlaceFactory(latitude=51 + n / 100, longitude=4.0) for n in range(60)]
    travel_table(many, ask=True)
    assert len(osrm.asked) == 4
    assert RoadJourney.objects.count() == 60 * 59


def test_directions_may_differ(osrm, cities):
    def uphill(answer):
        answer["durations"][0] = [cell * 1.5 for cell in answer["durations"][0]]

    osrm.change = uphill
    table = travel_table(cities, ask=True)
    assert journey(table, *cities[:2])[0] == 70
    assert journey(table, *cities[1::-1])[0] == 50


def test_no_road_is_no_drive(osrm, cities):
    def island(answer):
        for name in ("durations", "distances"):
            answer[name][0][1] = None

    osrm.change = island
    table = travel_table(cities, ask=True)
    assert journey(table, *cities[:2])[1] == "rail"
    assert journey(table, *cities[1::-1])[1] == "drive"
    assert roads.road_health().works


def test_no_route_at_all_is_no_drive(osrm, cities):
    osrm.status, osrm.body = 400, b'{"code": "NoRoute", "message": "Impossible route"}'
    assert OsrmSource(osrm.url).drives([GHENT], [ANTWERP], seconds=2) == [[None]]


def test_nothing_is_asked_when_no_source_is_set(settings, cities):
    settings.ROAD_TIMES_URL = ""
    travel_table(cities, ask=True)
    assert not RoadSourceState.objects.exists()
    assert roads.road_health() == roads.RoadHealth(is_on=False)


# --- A source that fails ---


def broken_table(name, value):
    return lambda answer: answer["durations"][0].__setitem__(1, value) or name


def elsewhere(answer):
    """What a server of another country says: everybody stands on its nearest road."""
    for name in ("sources", "destinations"):
        for point in answer[name]:
            point["location"] = [8.0, 47.0]
    for name in ("durations", "distances"):
        answer[name] = [[0 for _cell in row] for row in answer[name]]


def without_roads(answer):
    del answer["sources"]


def smaller(answer):
    answer["durations"] = answer["durations"][:1]


FAULTS = {
    "server error": ({"status": 500, "body": b"oops"}, "it answered 500 and no JSON"),
    "error in JSON": (
        {"status": 400, "body": b'{"code": "TooBig"}'},
        "it answered 400 TooBig",
    ),
    "garbage": ({"body": b"<html>hello"}, "it answered 200 and no JSON"),
    "deep garbage": ({"body": b"[" * 200_000}, "it answered 200 and no JSON"),
    "a list": ({"body": b"[]"}, "it answered JSON of another shape"),
    "nothing": ({"body": b""}, "it answered 200 and no JSON"),
    "huge": ({"body": b" " * (LARGEST_ANSWER + 1)}, "its answer is too large"),
    "redirect": ({"location": "http://127.0.0.1:9/"}, "it answered 302 Ok"),
    "slow": ({"delay": 3.0}, "it did not answer in time"),
    "dripping": ({"drip": 0.2}, "it did not answer in time"),
    "zero": ({"change": broken_table("zero", 0)}, "it answered a time that no car can keep"),
    "too fast": ({"change": broken_table("fast", 60)}, "it answered a time that no car can keep"),
    "too slow": (
        {"change": broken_table("slow", 9e9)},
        "it answered a time that no car can keep",
    ),
    "negative": (
        {"change": broken_table("negative", -5)},
        "it answered a time or distance that is no number",
    ),
    "not a number": (
        {"change": broken_table("nan", float("nan"))},
        "it answered a time or distance that is no number",
    ),
    "text": (
        {"change": broken_table("text", "3600")},
        "it answered a time or distance that is no number",
    ),
    "another country": ({"change": elsewhere}, "it knows no road near one of the places"),
    "without roads": ({"change": without_roads}, "it did not say which roads it took"),
    "another size": ({"change": smaller}, "it answered a table of another size"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_source_that_fails_leaves_the_estimate_and_says_so(osrm, cities, name):
    expected = estimates(cities)
    how, fault = FAULTS[name]
    for field, value in how.items():
        setattr(osrm, field, value)
    began = time.monotonic()
    table = travel_table(cities, ask=True)
    assert time.monotonic() - began < 20, "it waits for no answer that never ends"
    found = [journey(table, start, end) for start in cities for end in cities if start != end]
    assert found == expected
    assert all(row[3] for row in found)
    assert not RoadJourney.objects.exists()
    health = roads.road_health()
    assert (health.works, health.fault) == (False, fault)


def test_nobody_there_leaves_the_estimate(osrm, cities, settings):
    settings.ROAD_TIMES_URL = "http://127.0.0.1:9"
    assert travel_table(cities, ask=True).estimated.any()
    assert roads.road_health().fault == "it could not be reached"


def test_a_redirect_is_not_followed(osrm, cities):
    other = OsrmServer()
    other.start()
    osrm.location = other.url
    travel_table(cities, ask=True)
    other.stop()
    assert other.asked == []


def test_a_source_that_failed_is_left_alone_for_some_minutes(osrm, cities):
    osrm.status, osrm.body = 500, b""
    travel_table(cities, ask=True)
    osrm.status, osrm.body = 200, None
    travel_table(cities, ask=True)
    assert len(osrm.asked) == 1
    RoadSourceState.objects.update(failed_at=timezone.now() - timedelta(minutes=6))
    travel_table(cities, ask=True)
    assert roads.road_health().works
    assert RoadJourney.objects.count() == 6


def test_what_was_answered_before_the_failure_is_kept(osrm, settings):
    settings.ROAD_TIMES_SECONDS = 60
    many = [PlaceFactory(latitude=51 + n / 100, longitude=4.0) for n in range(60)]

    def only_twice(answer):
        if len(osrm.asked) > 2:
            answer["code"] = "Tired"

    osrm.change = only_twice
    travel_table(many, ask=True)
    assert RoadJourney.objects.count() == 50 * 49 + 50 * 10
    assert roads.road_health().fault == "it answered 200 Tired"


def test_the_whole_search_for_roads_takes_no_longer_than_the_operator_allows(osrm):
    many = [PlaceFactory(latitude=51 + n / 100, longitude=4.0) for n in range(120)]
    osrm.delay = 0.8
    roads.learn_roads(many, longest_km=900)
    assert 0 < len(osrm.asked) <= 3, "no question is sent once the time is over"
    assert roads.road_health().fault == "it did not answer in time"


# --- The protocol itself ---


def test_a_source_without_a_host_or_of_another_kind_is_refused():
    for address in ("file:///etc/passwd", "ftp://there", "http://", "localhost:5000"):
        with pytest.raises(ValueError, match="http or https"):
            OsrmSource(address)


def test_the_address_may_have_a_path_before_the_protocol(osrm):
    osrm.answer_to = lambda path: OsrmServer().answer_to(path.removeprefix("/osrm"))
    found = OsrmSource(osrm.url + "/osrm/").drives([GHENT], [ANTWERP], seconds=2)
    assert osrm.asked[0].startswith("/osrm/route/v1/driving/")
    assert isinstance(found[0][0], RoadTime)


def test_a_route_of_another_shape_is_a_failure(osrm):
    osrm.body = json.dumps({"code": "Ok", "waypoints": []}).encode()
    with pytest.raises(SourceFailed, match="which roads"):
        OsrmSource(osrm.url).drives([GHENT], [ANTWERP], seconds=2)
