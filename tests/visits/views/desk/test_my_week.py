"""The host's phone page, and the calendar address behind a token."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import ClockSetting, User
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import (
    BusyFeedFactory,
    HostAvailabilityFactory,
    HostFactory,
    VisitFactory,
)
from tests.visits.views.desk.front_door import do, go, said
from visits.models import CalendarFeed, Host, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def feed_of(phone):
    """The path of a calendar address made just now."""
    (sentence,) = said(do(phone, "feed-renew"))
    return "/calendar/" + sentence.rsplit("/calendar/", 1)[1]


def week_of(client, **query):
    return go(client, "my-week", **query).context["week"]


def told(week) -> dict[str, list[str]]:
    """What stands on each day, by its date."""
    return {f"{day.date:%d}": [entry.title for entry in day.entries] for day in week.days}


def entry(week, title):
    (found,) = [row for day in week.days for row in day.entries if row.title == title]
    return found


def test_my_week_tells_each_day_from_leaving_to_sleeping(phone):
    assert told(week_of(phone)) == {
        "13": ["V06 Reykjavík", "Oslo to Brescia", "Night in Brescia"],
        "14": ["V05 Brescia", "Night in Brescia"],
        "15": ["Brescia to Aarhus", "Night in Aarhus"],
        "16": ["V07 Aarhus", "Aarhus to Stuttgart", "Night in Stuttgart"],
        "17": ["V08 Stuttgart", "Stuttgart to Oslo"],
    }


def test_times_are_those_of_the_place_and_of_home_where_they_differ(phone):
    week = week_of(phone, week="2023-W08")
    vilnius = entry(week, "V10 Vilnius")
    assert vilnius.there == "10:00–14:30 Vilnius (EET)"
    assert vilnius.home == "09:00–13:30 Oslo (CET)"
    assert entry(week, "V09 Gdańsk").home == ""
    way = entry(week, "Gdańsk to Vilnius")
    assert way.there == "leave 15:30 Warsaw (CET), arrive 20:20 Vilnius (EET)"
    assert way.home == "15:30–19:20 Oslo (CET)"
    assert way.note == "flight, 3 h 50 min, an estimate"


def test_busy_time_stands_in_the_week_without_its_reason(phone):
    host = Host.objects.get(ref="H1")
    feed = BusyFeedFactory(host=host)
    start = datetime(2023, 2, 15, 8, tzinfo=UTC)
    HostAvailabilityFactory(
        host=host, feed=feed, starts_at=start, ends_at=start + timedelta(hours=1)
    )
    busy = entry(week_of(phone), "Unavailable")
    assert (busy.there, busy.note) == ("09:00–10:00 Oslo (CET)", "own calendar")


def test_a_day_off_stands_on_each_of_its_days(phone):
    host = Host.objects.get(ref="H1")
    first = datetime(2023, 3, 7, 23, tzinfo=UTC)
    HostAvailabilityFactory(
        host=host, kind="leave", starts_at=first, ends_at=first + timedelta(days=2)
    )
    week = week_of(phone, week="2023-W10")
    assert {day: rows for day, rows in told(week).items() if rows} == {
        "08": ["Leave"],
        "09": ["Leave"],
    }
    assert {row.there for day in week.days for row in day.entries} == {"all day"}


def test_weeks_turn_both_ways_also_over_the_year(phone):
    page = go(phone, "my-week", week="2022-W52")
    assert page.context["span"] == "Mon 26 Dec 2022 – Sun 1 Jan 2023"
    assert 'href="?week=2022-W51"' in page.text
    assert 'href="?week=2023-W01"' in page.text
    assert "Nothing in this week" in page.text


@pytest.mark.parametrize("name", ["2023-W60", "2023", "W07", "²023-W07", "9999-W01", "x" * 3_000])
def test_what_is_no_week_is_said_and_this_week_is_shown(phone, name):
    page = go(phone, "my-week", week=name)
    assert page.context["week"].name == "2023-W07"
    (sentence,) = said(page)
    assert sentence.endswith("is no week; write it like 2023-W07. This week is shown.")


def test_my_week_says_which_visit_a_strike_touches(phone):
    week = week_of(phone)
    assert [len(entry(week, title).risks) for title in ("V07 Aarhus", "V08 Stuttgart")] == [0, 1]


def test_what_comes_after_the_week_is_named_beneath(phone):
    later = [visit.ref for visit in go(phone, "my-week").context["later"]]
    assert later == ["V16", "V17", "V09", "V10", "V11", "V04", "V12", "V13"]


def test_a_coordinator_reads_the_week_of_every_host(client, sample, coordinator):
    client.force_login(coordinator)
    page = go(client, "my-week", host="H1", week="2023-W08")
    assert "V10 Vilnius" in [row.title for day in page.context["week"].days for row in day.entries]
    assert 'href="?host=H1&amp;week=2023-W07"' in page.text
    assert "Make a calendar address" not in page.text
    assert go(client, "my-week").context["host"].ref == "H1"
    assert go(client, "my-week", host="H9").status_code == 404


def test_a_host_reads_nobody_elses_week(phone):
    assert go(phone, "my-week", host="H2").status_code == 404
    assert go(phone, "my-week", host="H1").status_code == 200


def test_my_week_is_for_those_who_lead_and_those_who_plan(client, cast):
    for user in (cast.expert, cast.reporter, cast.administrator):
        client.force_login(user)
        assert go(client, "my-week").status_code == 403
        assert do(client, "feed-renew").status_code == 403


def test_a_full_week_asks_the_database_as_often_as_one_with_a_visit(client):
    ClockSetting.objects.fix(CLOCK)
    host = HostFactory()
    client.force_login(host.user)

    def add(count):
        for n in range(count):
            start = datetime(2023, 2, 13 + n % 5, 8 + n // 5, tzinfo=UTC)
            place = PlaceFactory(name=f"C{n}")
            VisitFactory(
                host=host, place=place, starts_at=start, ends_at=start + timedelta(minutes=30)
            )
            HostAvailabilityFactory(host=host, starts_at=start, ends_at=start + timedelta(hours=1))

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert go(client, "my-week").status_code == 200
        return len(queries)

    add(1)
    go(client, "my-week")
    few = asked()
    add(24)
    assert asked() == few


def test_an_address_without_places_is_made_by_choice(phone):
    do(phone, "feed-renew", choice="1")
    assert CalendarFeed.objects.get(revoked_at=None).with_details is False
    do(phone, "feed-renew", choice="1", details="1")
    assert CalendarFeed.objects.get(revoked_at=None).with_details is True


def test_calendar_address_gives_the_own_visits_without_signing_in(phone, client):
    path = feed_of(phone)
    client.logout()
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "V09" in answer.text
    assert "V14" not in answer.text


def test_calendar_that_did_not_change_is_not_sent_again(phone):
    path = feed_of(phone)
    first = phone.get(path)
    again = phone.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Visit.objects.filter(ref="V09").update(ics_sequence=99)
    assert phone.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_new_calendar_address_ends_the_old_one(phone):
    old = feed_of(phone)
    new = feed_of(phone)
    assert phone.get(old).status_code == 404
    assert phone.get(new).status_code == 200


def test_calendar_of_a_host_who_left_is_not_found(phone):
    path = feed_of(phone)
    User.objects.filter(host__ref="H1").update(is_active=False)
    assert phone.get(path).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 2_000, "ä"])
def test_unknown_calendar_address_is_not_found(client, db, token):
    assert client.get(f"/calendar/{token}.ics").status_code == 404


def test_calendar_address_is_kept_as_a_hash_alone(phone):
    token = feed_of(phone).removeprefix("/calendar/").removesuffix(".ics")
    feed = CalendarFeed.objects.get(host=Host.objects.get(ref="H1"), revoked_at=None)
    assert token not in feed.token_hash
