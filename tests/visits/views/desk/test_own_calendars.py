"""Hosts' own calendars on the pages: connected, shown with their state, asked again, forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import ClockSetting
from tests.factories.crm import CLOCK, MailTemplateFactory, PlaceFactory
from tests.factories.visits import (
    BusyFeedFactory,
    CampaignFactory,
    HostAvailabilityFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.visits.views.desk.front_door import do, go, said
from visits.domain.plans import solve_campaign, store_version
from visits.models import BusyFeed, HostAvailability, Visit
from visits.states import RequestState

pytestmark = pytest.mark.django_db

ADDRESS = "https://calendar.example/private-3f9a/basic.ics"


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


@pytest.fixture
def host():
    return HostFactory(ref="H1", name="Joe")


def sentences(form):
    return [str(fault) for faults in form.errors.values() for fault in faults]


def test_a_calendar_is_connected_and_its_secret_is_not_shown_again(desk, host):
    answer = do(desk, "busy-feed-new", "H1", url=ADDRESS)
    assert said(answer) == [
        "The calendar at calendar.example is connected; it is read in a moment."
    ]
    assert BusyFeed.objects.get().url == ADDRESS
    assert "private-3f9a" not in answer.text
    assert "not read yet" in answer.text


def test_a_wrong_address_is_told_beside_its_field_and_stays_typed(desk, host):
    answer = do(desk, "busy-feed-new", "H1", url="http://calendar.example/a.ics")
    assert sentences(answer.context["feed_form"]) == [
        "This is not a calendar's private address; it starts with https:// and usually ends with "
        ".ics."
    ]
    assert 'value="http://calendar.example/a.ics"' in answer.text
    assert not BusyFeed.objects.exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://127.0.0.1/a.ics", "leads into a private network"),
        ("https://localhost/a.ics", "leads into a private network"),
        ("https://2130706433/a.ics", "leads into a private network"),
        ("https://[::1]/a.ics", "leads into a private network"),
        ("https://[fd00::1]/a.ics", "leads into a private network"),
        ("https://192.168.1.20:8443/a.ics", "leads into a private network"),
        ("https://169.254.169.254/latest/", "leads into a private network"),
        ("webcal://10.1.2.3/a.ics", "leads into a private network"),
        ("https://joe:word@calendar.example/a.ics", "holds a name or password before the @"),
        ("https://calendar.example:22/a.ics", "names a port where no calendar is read"),
    ],
)
def test_an_address_we_never_read_is_refused_with_what_to_do(desk, host, address, words):
    answer = do(desk, "busy-feed-new", "H1", url=address)
    (sentence,) = sentences(answer.context["feed_form"])
    assert words in sentence
    assert f'value="{address}"' in answer.text
    assert not BusyFeed.objects.exists()


def test_an_unknown_calendar_says_since_when_and_why(desk, host):
    BusyFeedFactory(host=host, fault="status", fault_detail="404")
    page = go(desk, "host-detail", "H1")
    (state,) = page.context["feeds"]
    assert state.unknown_since == state.feed.good_at
    assert "this address is not valid (any more): error 404." in page.text
    assert "unknown" in page.text


def test_busy_time_that_touches_a_visit_names_it(desk, host):
    visit = VisitFactory(host=host)
    feed = BusyFeedFactory(host=host)
    HostAvailabilityFactory(host=host, feed=feed, starts_at=visit.starts_at, ends_at=visit.ends_at)
    page = go(desk, "host-detail", "H1")
    assert "In busy time:" in page.text
    assert list(page.context["coming"]) == []


def test_a_calendar_is_asked_again_at_once_when_a_person_wants_it(desk, host):
    feed = BusyFeedFactory(host=host)
    do(desk, "busy-feed-read", "H1", feed.pk)
    feed.refresh_from_db()
    assert feed.next_try_at <= timezone.now()


def test_a_forgotten_calendar_takes_its_busy_times_along(desk, host):
    feed = BusyFeedFactory(host=host)
    HostAvailabilityFactory(host=host, feed=feed)
    do(desk, "busy-feed-remove", "H1", feed.pk)
    assert not BusyFeed.objects.exists()
    assert not HostAvailability.objects.exists()


def test_busy_time_of_a_calendar_is_not_removed_by_hand(desk, host):
    row = HostAvailabilityFactory(host=host, feed=BusyFeedFactory(host=host))
    answer = do(desk, "availability-remove", "H1", row.pk)
    assert said(answer) == ["This time stands in the host's own calendar; remove it there."]
    assert HostAvailability.objects.get() == row


def test_a_host_keeps_the_own_calendar_and_nobody_elses(client, host):
    ClockSetting.objects.fix(CLOCK)
    other = BusyFeedFactory(host=HostFactory(ref="H2"))
    client.force_login(host.user)
    do(client, "busy-feed-new", "H1", url=ADDRESS)
    assert BusyFeed.objects.filter(host=host).count() == 1
    for name in ("busy-feed-read", "busy-feed-remove"):
        assert do(client, name, "H2", other.pk).status_code == 404
        assert do(client, name, "H1", other.pk).status_code == 404
    assert BusyFeed.objects.filter(pk=other.pk).exists()


def test_an_administrator_sees_the_state_of_calendars_and_no_address(client, administrator, host):
    BusyFeedFactory(host=host, url=ADDRESS, good_at=timezone.now() - timedelta(days=2))
    client.force_login(administrator)
    page = go(client, "health")
    assert "calendar.example" in page.text
    assert "private-3f9a" not in page.text
    assert "unknown" in page.text


def test_a_proposal_in_unknown_time_is_refused_on_the_page_until_a_reason_is_given(desk, host):
    BusyFeedFactory(host=host, good_at=None)
    row = VisitRequestFactory(state=RequestState.UNDER_REVIEW, campaign=CampaignFactory())
    typed = {
        "host": host.ref,
        "mode": "on_site",
        "minutes": 180,
        "slot_1": "2023-02-23T10:00",
        "expires_at": "2023-02-20T17:00",
    }
    answer = do(desk, "request-propose", row.ref, **typed)
    assert answer.status_code == 422
    assert (
        "The calendar of Joe at calendar.example has not been read yet. Dates are unconfirmed."
        in sentences(answer.context["form"])
    )
    assert not Visit.objects.exists()


def test_the_plan_says_whose_calendar_is_unknown(desk, host):
    CampaignFactory()
    assert "Dates are unconfirmed" not in go(desk, "plan").text
    BusyFeedFactory(host=host, good_at=None)
    assert "The calendar of Joe at calendar.example has not been read yet." in go(desk, "plan").text


def test_a_draft_says_whose_calendar_is_unknown_and_is_published_with_a_reason(desk, host):
    campaign = CampaignFactory()
    visit = VisitFactory(host=host, campaign=campaign)
    row = VisitRequestFactory(
        state=RequestState.UNDER_REVIEW, campaign=campaign, place=PlaceFactory()
    )
    for key in ("single_date_proposal", "date_proposal"):
        MailTemplateFactory(key=key, language="en", subject="-", body="{city}")
    version = store_version(solve_campaign(campaign, at=CLOCK, seconds=5))
    number = version.number
    words = "The calendar of Joe at calendar.example has not been read yet."
    pages = (
        ("plan-version", number, {}),
        ("plan-move", number, {"request": row.ref}),
        ("request-propose", row.ref, {}),
        ("request-why", row.ref, {}),
        ("visit-postpone", visit.ref, {}),
    )
    assert not any(words in go(desk, name, key, **query).text for name, key, query in pages)
    BusyFeedFactory(host=host, good_at=None)
    for name, key, query in pages:
        assert words in go(desk, name, key, **query).text, name
    cells = go(desk, "plan-verdicts", number, request=row.ref).json()["cells"]
    assert {cell["soft"][0] for cell in cells if cell["possible"]} == {
        f"{words} Dates are unconfirmed."
    }

    answer = do(desk, "plan-publish", number, seen=0)
    assert said(answer) == [f"{words} Dates are unconfirmed."]
    assert 'name="override_reason" form="publish"' in answer.text
    do(desk, "plan-publish", number, seen=0, override_reason="Joe said yes on the phone.")
    assert Visit.objects.get(requests=row).override_reason == "Joe said yes on the phone."
