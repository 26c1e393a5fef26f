"""The host's phone page, and the calendar address behind a token."""

import pytest

from crm.models import User
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


def test_my_week_shows_the_own_visits_of_two_weeks_in_order(phone):
    cards = go(phone, "my-week").context["cards"]
    refs = [card["visit"].ref for card in cards]
    assert refs[:2] == ["V07", "V08"]
    starts = [card["visit"].starts_at for card in cards]
    assert starts == sorted(starts)
    own = Visit.objects.visible_to(User.objects.get(email="host@example.org"))
    assert set(refs) <= set(own.values_list("ref", flat=True))


def test_my_week_says_which_visit_a_strike_touches(phone):
    cards = {card["visit"].ref: card["risks"] for card in go(phone, "my-week").context["cards"]}
    assert [len(cards["V07"]), len(cards["V08"])] == [0, 1]


def test_my_week_is_for_hosts_alone(client, cast):
    for user in (cast.expert, cast.reporter, cast.administrator):
        client.force_login(user)
        assert go(client, "my-week").status_code == 403
        assert do(client, "feed-renew").status_code == 403


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
