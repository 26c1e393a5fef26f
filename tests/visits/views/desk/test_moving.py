"""Changing an agreed visit from its page: looked at first, then done, by one coordinator of two."""

from datetime import UTC, date, datetime

import pytest

from crm import clock
from crm.models import AuditEntry, Message
from tests.factories.visits import DisruptionFactory, TravelLegFactory
from tests.visits.domain.test_plan_journeys import publish
from tests.visits.views.desk.front_door import change_visit, do, go, refused, said
from visits.domain.feeds import feed_text, renew_feed
from visits.domain.my_week import week_of
from visits.models import CalendarFeed, Host, Reservation, Visit, VisitRequest

pytestmark = pytest.mark.django_db

ONLINE = {"host": "H1", "mode": "online", "side": "us", "reason": "A strike stops the trains."}


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def visit(ref):
    return Visit.objects.get(ref=ref)


def everything():
    """What a mere look must not touch."""
    rows = Visit.objects.order_by("pk").values_list("ref", "state", "mode", "version")
    reserved = Reservation.objects.order_by("pk").values_list("pk", "active")
    counts = Message.objects.count(), AuditEntry.objects.count()
    return list(rows), list(reserved), counts


def feed_of(host):
    """The host's calendar as a phone reads it."""
    return feed_text(CalendarFeed.objects.get(host=host, revoked_at=None))


def entry(feed, uid):
    """The SEQUENCE of the visit's entry in a feed; None without a living one."""
    for event in feed.split("BEGIN:VEVENT")[1:]:
        lines = event.replace("\r\n ", "").split("\r\n")
        if f"UID:{uid}" in lines and "STATUS:CANCELLED" not in lines:
            return int(next(x for x in lines if x.startswith("SEQUENCE:"))[9:])
    return None


def test_times_that_can_be_reached_are_weighed_against_the_journeys_as_they_are(desk):
    on_site = go(desk, "visit-postpone", "V09").context["offers"]
    assert [(row["slot"].value, row["journey"]) for row in on_site] == [
        ("2023-02-21T09:30+01:00", "no more travel")
    ]
    online = go(desk, "visit-postpone", "V09", mode="online").context["offers"]
    assert {row["journey"] for row in online} == {"3 h 35 min less travel"}


def test_a_link_shows_what_a_meeting_online_would_mean_and_changes_nothing(desk):
    before = everything()
    page = go(desk, "visit-postpone", "V10", mode="online")
    outlook = page.context["outlook"]
    assert page.status_code == 200
    assert (outlook.verdict.hard, outlook.refusal) == ([], "")
    gone = {(row.origin_name, row.destination_name) for row in outlook.freed}
    assert ("Vilnius", "Tallinn") in gone
    assert ("Gdańsk", "Vilnius") in gone
    assert any(words.startswith("Journeys: ") for words in outlook.favours)
    # Ninety minutes at most, in the time of the place and of the host.
    assert "Wed 22 Feb 2023, 10:00–11:30 Vilnius (EET)" in page.text
    assert "Wed 22 Feb 2023, 09:00–10:30 Oslo (CET)" in page.text
    (letter,) = outlook.letters
    assert letter.template.key == "visit_changed"
    assert "Where: Online; the link follows" in page.text
    assert everything() == before


def test_the_letter_is_shown_in_the_language_of_the_city(desk):
    page = go(desk, "visit-postpone", "V09", mode="online")
    assert "wizyta ulega zmianie" in page.text
    assert "Gdzie: Online; link prześlemy później" in page.text
    assert 'lang="pl"' in page.text


def test_agreed_visit_goes_online_in_one_step_and_waits_for_its_city(desk):
    old = visit("V10")
    old.address, old.meeting_link = "Konstitucijos 3", "https://meet.example/10"
    old.save()
    answer = change_visit(desk, "V10", starts_at="2023-02-22T10:00", **ONLINE)
    old.refresh_from_db()
    new = old.replaced_by.get()
    assert said(answer) == [
        f"{new.ref} takes the place of V10 and waits for its city; nothing was sent."
    ]
    assert (old.state, new.state, new.mode, new.host) == (
        "postponed",
        "tentative",
        "online",
        old.host,
    )
    assert (new.address, new.meeting_link) == ("", "https://meet.example/10")
    assert [(step["from"], step["to"]) for step in new.mode_history] == [("on_site", "online")]
    assert (new.ics_uid, new.ics_sequence) == (old.ics_uid, old.ics_sequence + 1)
    assert VisitRequest.objects.get(ref="R07").state == "scheduled"
    (letter,) = Message.objects.drafts().filter(visits=new)
    assert "Where: https://meet.example/10" in letter.body
    assert not Message.objects.drafts().filter(template__key="visit_changed").exclude(pk=letter.pk)


def test_going_online_is_undone_with_place_and_way_to_meet(desk):
    old = visit("V10")
    old.address = "Konstitucijos 3"
    old.save()
    answer = change_visit(desk, "V10", starts_at="2023-02-22T10:00", **ONLINE)
    new = old.replaced_by.get()
    assert f"{old.host}, on site." in answer.text.partition("Before, as V10:")[2][:300]
    do(desk, "undo-last")
    again = new.replaced_by.get()
    assert (again.state, again.mode, again.address) == ("confirmed", "on_site", "Konstitucijos 3")
    assert (again.starts_at, again.ends_at) == (old.starts_at, old.ends_at)
    assert not Message.objects.drafts().filter(visits__in=[new, again])


def test_another_host_takes_over_and_both_calendars_say_so(desk):
    old = visit("V10")
    first, second = old.host, Host.objects.get(ref="H2")
    old.backup = second
    old.save()
    for host in (first, second):
        renew_feed(host, at=old.state_since)
        feed_of(host)
    fields = {"host": "H2", "starts_at": "2023-02-22T10:00", "side": "us", "reason": "Ill."}
    answer = change_visit(desk, "V10", override_reason="They know H2.", **fields)
    new = visit("V10").replaced_by.get()
    assert answer.status_code == 200
    assert (new.host, new.backup, new.mode, new.mode_history) == (second, None, "on_site", [])
    assert entry(feed_of(first), old.ics_uid) is None
    assert entry(feed_of(second), old.ics_uid) is not None
    (letter,) = new.messages.drafts()
    assert f"From our side: {second.name}" in letter.body


def test_entry_of_a_host_who_loses_a_visit_is_cancelled_with_a_higher_number(desk):
    old = visit("V10")
    renew_feed(old.host, at=old.state_since)
    before = entry(feed_of(old.host), old.ics_uid)
    fields = {"host": "H2", "starts_at": "2023-02-22T10:00", "side": "us", "reason": "Ill."}
    change_visit(desk, "V10", override_reason="They know H2.", **fields)
    events = [row.split("\r\n") for row in feed_of(old.host).split("BEGIN:VEVENT")[1:]]
    (lines,) = [row for row in events if f"UID:{old.ics_uid}" in row]
    assert "STATUS:CANCELLED" in lines
    assert f"SEQUENCE:{before + 1}" in lines


@pytest.mark.one_database
def test_look_names_the_published_journeys_of_both_hosts_that_go_and_come(desk):
    publish()

    def told(ref, **change):
        page = go(desk, "visit-postpone", ref, **change)
        assert "No journey changes" not in page.text
        both = page.context["outlook"].freed, page.context["outlook"].added
        return [[(row.origin_name, row.destination_name) for row in rows] for rows in both]

    gone, comes = told("V04", mode="online")
    assert gone == [("Tallinn", "Bergen"), ("Bergen", "Oslo")]
    assert comes == [("Tallinn", "Oslo")]
    gone, comes = told("V09", host="H2", mode="online")
    assert gone == [("Oslo", "Gdańsk"), ("Gdańsk", "Vilnius")]
    assert comes == [("Oslo", "Vilnius")]
    gone, comes = told("V04", host="H2")
    assert gone == [("Tallinn", "Bergen"), ("Bergen", "Oslo")]
    assert comes == [("Tallinn", "Oslo"), ("Oslo", "Bergen"), ("Bergen", "Oslo")]
    # What was shown is what the host is told once it is done.
    change_visit(desk, "V04", starts_at="2023-02-24T10:00", **ONLINE)
    host = Host.objects.get(ref="H1")
    days = week_of(host, date(2023, 2, 20), at=clock.now()).days
    lines = [row.title for day in days for row in day.entries]
    assert "Tallinn to Oslo" in lines
    assert not [words for words in lines if words in ("Tallinn to Bergen", "Night in Bergen")]


def test_storm_on_the_way_there_or_on_from_there_speaks_against_the_change(desk):
    storm = {"kind": "weather", "countries": ["PL"], "severity": 3}
    began, over = (datetime(2023, 2, day, 22, tzinfo=UTC) for day in (20, 21))
    DisruptionFactory(name="Gale", starts_at=began, ends_at=over, **storm)
    change = {"starts_at": "2023-02-22T13:30", "minutes": 90}
    page = go(desk, "visit-postpone", "V10", **change)
    verdict = page.context["outlook"].verdict
    assert verdict.hard == []
    (words,) = [words for words in verdict.soft if "Gale" in words]
    assert words.startswith("“Gale” stops the journey from Gdańsk to Vilnius, Tue 21 Feb")
    assert "No rule speaks against it" not in page.text
    estonia = storm | {"countries": ["EE"]}
    began, over = (datetime(2023, 2, 22, hour, tzinfo=UTC) for hour in (5, 21))
    DisruptionFactory(name="Fog", starts_at=began, ends_at=over, **estonia)
    verdict = go(desk, "visit-postpone", "V10", **change).context["outlook"].verdict
    assert [words for words in (*verdict.hard, *verdict.soft) if "Fog" in words]


def test_number_of_the_entry_in_the_hosts_calendar_rises(desk):
    old = visit("V10")
    renew_feed(old.host, at=old.state_since)
    before = entry(feed_of(old.host), old.ics_uid)
    change_visit(desk, "V10", starts_at="2023-02-22T10:00", **ONLINE)
    assert entry(feed_of(old.host), old.ics_uid) > before


def test_what_was_not_shown_is_not_done(desk):
    fields = {"starts_at": "2023-02-22T10:00", **ONLINE}
    answer = do(desk, "visit-postpone", "V10", looked="", seen=visit("V10").version, **fields)
    assert answer.status_code == 422
    assert refused(answer) == [
        "This is not what was shown. Look at what it means, then press again."
    ]
    assert "What it would be" in answer.text
    assert visit("V10").state == "confirmed"


def test_changing_nothing_is_no_change(desk):
    page = go(desk, "visit-postpone", "V10", mode="on_site")
    assert page.context["outlook"].refusal == (
        "V10 is so already: choose another host, another time, or another way to meet."
    )


def test_time_of_another_visit_cannot_be_had_for_any_reason(desk):
    page = go(desk, "visit-postpone", "V10", starts_at="2023-02-21T10:00")
    assert "Joe Gorman is at V09 Gdańsk then." in page.text
    assert "No reason lifts this: choose another time or host." in page.text
    assert "Change the visit</button>" not in page.text


def test_second_coordinator_is_told_what_the_first_changed(desk):
    page = go(desk, "visit-postpone", "V10", mode="online")
    told = {"looked": page.context["move"].key, "seen": page.context["visit"].version}
    do(desk, "visit-edit", "V10", address="Gedimino 9", local_contact_name="Somebody")
    fields = {"starts_at": "2023-02-22T10:00", **ONLINE, **told}
    answer = do(desk, "visit-postpone", "V10", **fields)
    assert answer.status_code == 409
    assert refused(answer) == ["Somebody else changed V10 meanwhile, so nothing was done."]
    assert "weighed on the visit as it is now" in answer.text
    assert visit("V10").state == "confirmed"
    again = {**fields, "seen": answer.context["visit"].version}
    do(desk, "visit-postpone", "V10", **again)
    assert visit("V10").state == "postponed"


def test_second_of_two_moves_is_refused_and_leads_to_the_first(desk):
    page = go(desk, "visit-postpone", "V10", mode="online")
    told = {"looked": page.context["move"].key, "seen": page.context["visit"].version}
    change_visit(desk, "V10", side="us", reason="Ill.", starts_at="2023-02-22T11:00")
    first = visit("V10").replaced_by.get()
    answer = do(desk, "visit-postpone", "V10", starts_at="2023-02-22T10:00", **ONLINE, **told)
    assert answer.status_code == 409
    assert f'/visits/{first.ref}/">{first}</a>' in answer.text
    assert visit("V10").replaced_by.count() == 1


def test_booked_journey_of_the_visit_is_shown_as_one_to_call_off(desk):
    old = visit("V10")
    TravelLegFactory(
        visit=old,
        host=old.host,
        origin=old.host.home,
        destination=old.place,
        departs_at=old.starts_at.replace(hour=5),
        arrives_at=old.starts_at.replace(hour=7),
        status="booked",
    )
    page = go(desk, "visit-postpone", "V10", mode="online")
    assert len(page.context["outlook"].entered) == 1
    # On from Gdańsk to the next visit, which it was entered for.
    before = visit("V09")
    TravelLegFactory(
        visit=old,
        host=old.host,
        origin=before.place,
        destination=old.place,
        departs_at=before.ends_at,
        arrives_at=before.ends_at.replace(hour=20),
        status="booked",
    )
    there = go(desk, "visit-postpone", "V09", mode="online").context["outlook"]
    assert [row.destination_name for row in there.entered] == ["Vilnius"]
    assert "Call it off, or keep it, on the Travel tab of V10." in page.text


def test_briefs_that_the_change_makes_untrue_are_named(desk):
    do(desk, "brief-build", "V09", "internal")
    do(desk, "brief-build", "V10", "internal")
    page = go(desk, "visit-postpone", "V10", mode="online")
    assert [row.ref for row in page.context["outlook"].outdated] == ["V09", "V10"]


def test_pages_of_a_visit_and_of_a_plan_lead_here_with_the_proposal(desk):
    text = go(desk, "visit-detail", "V08").text
    assert "/visits/V08/move/?mode=online" in text
    assert '/visits/V10/move/"' in go(desk, "visit-detail", "V10").text
    assert "/move/" not in go(desk, "visit-detail", "V01").text


def test_what_was_typed_comes_back_when_it_cannot_be_read(desk):
    page = go(desk, "visit-postpone", "V10", mode="online", minutes="ten", starts_at="soon")
    assert page.status_code == 422
    assert page.context.get("outlook") is None


def test_visit_at_risk_comes_back_to_its_struck_day_as_long_as_its_city_was_told_of_no_other(desk):
    online = {**ONLINE, "starts_at": "2023-02-17T12:00"}
    change_visit(desk, "V08", **online)
    first = visit("V08").replaced_by.get()
    do(desk, "visit-take-back", first.ref)
    again = first.replaced_by.get()
    assert (again.state, again.mode, again.at_risk) == ("confirmed", "on_site", True)
    change_visit(desk, again.ref, **online)
    told = again.replaced_by.get()
    told.messages.drafts().update(status="queued")
    do(desk, "visit-take-back", told.ref)
    assert visit(told.ref).state == "tentative"
