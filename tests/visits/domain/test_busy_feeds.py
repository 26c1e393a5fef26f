"""Hosts' own calendars from a real web server: busy is kept, and unknown is never free."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.models import AuditEntry, ClockSetting
from tests.factories.crm import CLOCK, CoordinatorFactory, MailTemplateFactory, PlaceFactory
from tests.factories.visits import (
    BusyFeedFactory,
    CampaignFactory,
    HostAvailabilityFactory,
    HostFactory,
    PlacementFactory,
    PlanVersionFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.support.web import serving
from visits.api.refusals import other_times
from visits.domain import busy_feeds
from visits.domain.planning import load_problem
from visits.domain.proposals import accept_slot, propose_dates
from visits.domain.publishing import publish_version
from visits.domain.slots import weigh_slot
from visits.domain.visits import postpone_visit
from visits.models import BusyFeed, HostAvailability, Visit
from visits.states import RequestState, VisitState

pytestmark = pytest.mark.django_db

MEETING = "DTSTART:20230222T090000Z\nDTEND:20230222T100000Z\nSUMMARY:SECRET"
SLOT = (datetime(2023, 2, 23, 9, tzinfo=UTC), datetime(2023, 2, 23, 12, tzinfo=UTC))


def calendar(*entries: str) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}@elsewhere\nDTSTAMP:20230101T000000Z\n{entry}\nEND:VEVENT\n"
        for n, entry in enumerate(entries)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


@pytest.fixture(autouse=True)
def _clock(db):
    ClockSetting.objects.fix(CLOCK)


@pytest.fixture
def web(settings):
    with serving() as site:
        settings.FETCH_TRUSTED_ORIGINS = [site.origin]
        yield site


@pytest.fixture
def host():
    return HostFactory(ref="H1", name="Joe")


def connect(host, url):
    return busy_feeds.add_busy_feed(host, url, at=CLOCK, by=CoordinatorFactory())


def read(feed):
    """Let the worker read it now; the feed as it is then."""
    busy_feeds.ask_to_read(feed)
    busy_feeds.read_due()
    feed.refresh_from_db()
    return feed


def spans():
    return [f"{row.starts_at:%d %H}-{row.ends_at:%H}" for row in HostAvailability.objects.all()]


def request_in(**values):
    return VisitRequestFactory(
        state=RequestState.UNDER_REVIEW, campaign=CampaignFactory(), **values
    )


def propose(request, host, **choice):
    return propose_dates(
        request,
        host=host,
        mode="on_site",
        slots=[SLOT],
        expires_at=CLOCK + timedelta(days=2),
        at=CLOCK,
        by=CoordinatorFactory(),
        **choice,
    )


def test_a_calendar_makes_its_host_busy_and_no_word_of_it_is_kept(web, host):
    feed = read(connect(host, web.show("/a.ics", calendar(MEETING))))
    (row,) = HostAvailability.objects.all()
    assert (row.host, row.feed, row.kind, row.label) == (host, feed, "busy", "")
    assert spans() == ["22 09-10"]
    assert busy_feeds.unknown_since(feed, timezone.now()) is None
    assert feed.known_until == datetime(2023, 5, 16, tzinfo=UTC)


def test_planner_and_booking_take_the_calendar_as_busy(web, host):
    request = request_in()
    taken = MEETING.replace("22T", "23T")
    read(connect(host, web.show("/a.ics", calendar(taken))))
    problem = load_problem(request.campaign, at=CLOCK).problem
    (planned,) = [row for row in problem.hosts if row.ref == "H1"]
    assert [(busy.start.hour, busy.label) for busy in planned.busy] == [(9, "unavailable")]
    verdict = weigh_slot(
        request, host=host, mode="on_site", starts_at=SLOT[0], ends_at=SLOT[1], at=CLOCK
    )
    assert "Joe is unavailable then." in verdict.hard


def test_a_changed_calendar_leaves_no_row_behind_and_none_twice(web, host):
    url = web.show("/a.ics", calendar(MEETING, MEETING.replace("22T", "24T")))
    feed = read(connect(host, url))
    kept = set(HostAvailability.objects.values_list("pk", flat=True))
    read(feed)
    assert set(HostAvailability.objects.values_list("pk", flat=True)) == kept
    web.show("/a.ics", calendar(MEETING, MEETING.replace("22T", "27T")))
    read(feed)
    assert spans() == ["22 09-10", "27 09-10"]
    assert len(kept & set(HostAvailability.objects.values_list("pk", flat=True))) == 1


def test_news_alone_are_asked_for_once_the_calendar_is_known(web, host):
    url = web.show("/a.ics", calendar(MEETING), headers={"ETag": '"v1"'})
    feed = read(read(connect(host, url)))
    assert [headers.get("if-none-match") for _path, headers in web.asked] == [None, '"v1"']
    assert (spans(), feed.fault) == (["22 09-10"], "")


def test_a_longer_campaign_is_asked_for_in_full_although_nothing_changed(web, host):
    url = web.show("/a.ics", calendar(MEETING), headers={"ETag": '"v1"'})
    feed = read(connect(host, url))
    CampaignFactory(slug="autumn", window_end=datetime(2023, 10, 31).date())
    read(feed)
    assert [headers.get("if-none-match") for _path, headers in web.asked] == [None, None]
    assert feed.known_until == datetime(2023, 11, 8, tzinfo=UTC)


def test_removing_a_calendar_removes_its_busy_time_alone(web, host):
    own = HostAvailabilityFactory(host=host)
    feed = read(connect(host, web.show("/a.ics", calendar(MEETING))))
    busy_feeds.remove_busy_feed(feed, at=CLOCK, by=CoordinatorFactory())
    assert list(HostAvailability.objects.all()) == [own]
    assert AuditEntry.objects.filter(verb="remove_busy_feed").count() == 1


def test_a_calendar_removed_while_it_is_read_leaves_nothing(web, host, monkeypatch):
    feed = connect(host, web.show("/a.ics", calendar(MEETING)))
    read_apart = busy_feeds.read_apart

    def remove_meanwhile(*args, **kwargs):
        BusyFeed.objects.all().delete()
        return read_apart(*args, **kwargs)

    monkeypatch.setattr(busy_feeds, "read_apart", remove_meanwhile)
    busy_feeds.read_feed(feed)
    assert not HostAvailability.objects.exists()


def test_one_calendar_that_fails_keeps_no_other_waiting(web, host):
    for n in range(2):
        connect(host, web.origin + f"/none-{n}.ics")
    good = connect(host, web.show("/a.ics", calendar(MEETING)))
    assert busy_feeds.read_due() == 1
    good.refresh_from_db()
    assert (good.fault, spans()) == ("", ["22 09-10"])


def test_pauses_between_failures_grow(web, host):
    feed, pauses = connect(host, web.origin + "/none.ics"), []
    for _n in range(7):
        read(feed)
        pauses.append(round((feed.next_try_at - feed.tried_at).total_seconds() / 60))
    assert pauses == [2, 5, 15, 30, 60, 60, 60]
    assert feed.failures == 7
    web.show("/none.ics", calendar())
    read(feed)
    assert (feed.failures, feed.fault) == (0, "")
    assert feed.next_try_at - feed.tried_at == timedelta(minutes=30)


def test_a_calendar_is_claimed_by_one_worker_alone(web, host):
    feed = connect(host, web.show("/a.ics", calendar()))
    first = next(iter(busy_feeds._claimed()))
    assert first == feed
    assert busy_feeds.read_due() == 0
    assert web.asked == []


def test_the_calendar_of_a_host_who_left_is_read_no_more(web, host):
    connect(host, web.show("/a.ics", calendar()))
    host.user.is_active = False
    host.user.save()
    assert busy_feeds.read_due() == 0
    assert web.asked == []


def test_a_calendar_not_read_yet_is_unknown(host):
    connect(host, "https://calendar.example/a.ics")
    (words,) = busy_feeds.unknown_time(host, [SLOT])
    assert words == (
        "The calendar of Joe at calendar.example has not been read yet. Dates are unconfirmed."
    )


def test_a_short_disturbance_leaves_the_last_good_copy_in_force(web, host, settings):
    feed = read(connect(host, web.show("/a.ics", calendar(MEETING))))
    web.show("/a.ics", status=503)
    read(feed)
    assert busy_feeds.fault_sentence(feed) == "The server answered with error 503."
    assert busy_feeds.unknown_time(host, [SLOT]) == []
    BusyFeed.objects.update(good_at=timezone.now() - timedelta(hours=25))
    (words,) = busy_feeds.unknown_time(host, [SLOT])
    assert words.startswith("The calendar of Joe at 127.0.0.1 is unknown since ")
    assert words.endswith("Dates are unconfirmed.")
    assert spans() == ["22 09-10"]
    settings.CALENDAR_STALE_HOURS = 48
    assert busy_feeds.unknown_time(host, [SLOT]) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"status": 404}, "The server says that this address is not valid (any more): error 404."),
        ({"body": b"<html>"}, "What stands at this address is no calendar; a page to sign in, "),
        ({"body": calendar(MEETING)[:-9]}, "The calendar breaks off in the middle."),
        ({"body": calendar("SUMMARY:when?")}, "An entry of the calendar cannot be read."),
        ({"body": b"x" * 10_000_000}, "The answer is too large."),
        (
            {"body": calendar(*["X:"] * 15_000)},
            "The calendar holds more entries than can be read.",
        ),
        (
            {"status": 302, "headers": {"Location": "https://10.0.0.1/a.ics"}},
            "This address does not lead to the public internet.",
        ),
        (
            {
                "body": calendar(
                    MEETING.replace("DTSTART:", "DTSTART;TZID=Mars:").replace("0Z", "0")
                )
            },
            "The calendar names a time zone nobody knows: Mars.",
        ),
    ],
)
def test_a_calendar_that_cannot_be_read_is_unknown_at_once_and_stays_busy(web, host, answer, fault):
    feed = read(connect(host, web.show("/a.ics", calendar(MEETING))))
    web.show("/a.ics", **answer)
    read(feed)
    assert busy_feeds.fault_sentence(feed).startswith(fault)
    assert busy_feeds.unknown_since(feed, timezone.now()) == feed.good_at
    assert spans() == ["22 09-10"]


def test_time_beyond_what_was_read_is_unknown(host):
    BusyFeedFactory(host=host, known_until=datetime(2023, 2, 23, 10, tzinfo=UTC))
    (words,) = busy_feeds.unknown_time(host, [SLOT])
    assert words == (
        "The calendar of Joe is known until Thu 23 Feb 2023, 11:00 Oslo (CET) only; "
        "dates are unconfirmed."
    )


def test_in_unknown_time_a_proposal_needs_a_reason(host):
    request = request_in()
    BusyFeedFactory(host=host, good_at=None)
    with pytest.raises(ValidationError) as refusal:
        propose(request, host)
    assert refusal.value.messages == [
        "The calendar of Joe at calendar.example has not been read yet. Dates are unconfirmed."
    ]
    assert not Visit.objects.exists()
    verdict = weigh_slot(
        request, host=host, mode="on_site", starts_at=SLOT[0], ends_at=SLOT[1], at=CLOCK
    )
    assert verdict.hard == refusal.value.messages
    visit = propose(request, host, override_reason="Joe said on the phone that he is free.")
    assert visit.override_reason == "Joe said on the phone that he is free."


def test_in_unknown_time_a_visit_is_moved_with_a_reason_alone(host):
    visit = VisitFactory(host=host, reserved=True)
    BusyFeedFactory(host=host, good_at=None)
    later = {"starts_at": SLOT[0] + timedelta(days=1), "ends_at": SLOT[1] + timedelta(days=1)}
    act = {"side": "us", "reason": "A strike.", "at": CLOCK, "by": CoordinatorFactory()}
    with pytest.raises(ValidationError, match="has not been read yet"):
        postpone_visit(visit, **later, **act)
    visit.refresh_from_db()
    assert visit.state == VisitState.CONFIRMED
    moved = postpone_visit(visit, **later, **act, override_reason="Joe has said yes.")
    assert moved.starts_at == later["starts_at"]


def test_a_plan_for_unknown_time_is_not_published(host):
    request = request_in()
    version = PlanVersionFactory(plan__campaign=request.campaign)
    PlacementFactory(
        version=version,
        visit=None,
        host=host,
        mode="on_site",
        starts_at=SLOT[0],
        ends_at=SLOT[1],
        zone="Europe/Brussels",
        requests=[request],
    )
    BusyFeedFactory(host=host, good_at=None)
    with pytest.raises(ValidationError, match="has not been read yet"):
        publish_version(version, at=CLOCK, by=CoordinatorFactory())
    request.refresh_from_db()
    assert (request.state, Visit.objects.count()) == (RequestState.UNDER_REVIEW, 0)
    MailTemplateFactory(key="single_date_proposal", language="en", subject="-", body="{city}")
    MailTemplateFactory(key="date_proposal", language="en", subject="-", body="{city}")
    why = "Joe has said yes on the phone."
    publish_version(version, at=CLOCK, by=CoordinatorFactory(), override_reason=why)
    assert Visit.objects.get().override_reason == why
    told = AuditEntry.objects.get(verb="publish_version").note.why
    assert told.splitlines() == [why, f"{host.name}: 2 journeys change"]


def test_no_other_time_is_told_as_reachable_while_the_calendar_is_unknown(host):
    request = request_in(place=PlaceFactory())
    asked = request, host, "on_site", timedelta(hours=3)
    assert other_times(*asked, at=CLOCK)
    BusyFeedFactory(host=host, good_at=None)
    assert other_times(*asked, at=CLOCK) == []


@pytest.mark.parametrize("name", ["xn--", "xn--a", "-calendar.example", "cal,endar.example"])
def test_a_name_no_server_can_have_is_refused_with_a_sentence(host, name):
    with pytest.raises(ValidationError, match="No server can have the name in this address"):
        connect(host, f"https://{name}/cal.ics")
    assert not host.busy_feeds.exists()


def test_what_stands_already_is_not_touched_by_unknown_time(host):
    visit = propose(request_in(), host)
    BusyFeedFactory(host=host, good_at=None)
    accept_slot(visit.holds.get(), at=CLOCK, evidence="by the city")
    visit.refresh_from_db()
    assert visit.requests.get().state == RequestState.SCHEDULED


def test_another_hosts_unknown_calendar_is_in_nobodys_way(host):
    BusyFeedFactory(good_at=None)
    assert propose(request_in(), host).host == host


def test_our_own_visits_coming_back_do_not_block_themselves(web, host):
    visit = VisitFactory(host=host, ics_uid="0@elsewhere")
    read(connect(host, web.show("/a.ics", calendar(MEETING))))
    assert spans() == []
    visit.delete()


def test_visits_in_busy_time_are_named_for_a_person_to_decide(web, host):
    visit = VisitFactory(host=host, starts_at=datetime(2023, 2, 22, 8, tzinfo=UTC))
    VisitFactory(host=host)
    read(connect(host, web.show("/a.ics", calendar(MEETING))))
    (state,) = busy_feeds.states_of(BusyFeed.objects.all(), at=CLOCK)
    assert (state.touched, state.spans) == ([visit], 1)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "calendar",
        "http://calendar.example/a.ics",
        "https://name:word@calendar.example/a.ics",
        "file:///etc/passwd",
        "https://calendar.example:25/a.ics",
    ],
)
def test_what_is_no_private_address_is_refused_when_it_is_typed(host, typed):
    with pytest.raises(ValidationError) as refusal:
        connect(host, typed)
    assert list(refusal.value.message_dict) == ["url"]
    assert not BusyFeed.objects.exists()


def test_an_address_that_leads_inside_is_never_asked(web, host, settings):
    settings.FETCH_TRUSTED_ORIGINS = []
    web.show("/a.ics", calendar(MEETING))
    # A name that was public when it was typed may lead inside later.
    feed = read(BusyFeedFactory(host=host, url=f"https://127.0.0.1:{web.port}/a.ics"))
    assert busy_feeds.fault_sentence(feed) == ("This address does not lead to the public internet.")
    assert web.asked == []


def test_webcal_is_https_and_the_same_calendar_is_read_once(host):
    feed = connect(host, " webcal://calendar.example/a.ics ")
    assert (feed.url, feed.site, str(feed)) == (
        "https://calendar.example/a.ics",
        "calendar.example",
        "calendar.example",
    )
    with pytest.raises(ValidationError, match="already"):
        connect(host, "https://calendar.example/a.ics")
    for n in range(4):
        connect(host, f"https://calendar.example/{n}.ics")
    with pytest.raises(ValidationError, match="5 calendars"):
        connect(host, "https://calendar.example/more.ics")


def test_the_address_of_a_calendar_stands_in_no_log_and_no_audit(web, host, caplog):
    read(connect(host, web.origin + "/private-3f9a/basic.ics"))
    assert "private-3f9a" not in caplog.text
    assert not any("private-3f9a" in str(vars(row)) for row in AuditEntry.objects.all())
