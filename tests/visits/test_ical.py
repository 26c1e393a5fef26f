"""Calendar texts of visits, read back by two independent parsers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.validators import clean_line
from tests.factories.crm import CLOCK, InitiativeFactory, MunicipalityFactory
from tests.factories.visits import CampaignFactory, HostFactory, VisitFactory, VisitRequestFactory
from visits.host_calendar import Stamp, feed_text, visit_entry
from visits.ical import invitation, visit_calendar
from visits.states import VisitState

pytestmark = pytest.mark.django_db

ZONES = {
    "Europe/Oslo": 1,
    "Europe/Brussels": 1,
    "Europe/Athens": 2,
    "Europe/Lisbon": 0,
    "Atlantic/Reykjavik": 0,
    "Europe/Kyiv": 2,
    "Europe/Vilnius": 2,
    "Atlantic/Azores": -1,
}


def feed_of(*visits, with_details=True):
    """The visits as the feed of their host."""
    entries = [visit_entry(visit, at=CLOCK, with_details=with_details) for visit in visits]
    return feed_text([(entry, Stamp(0, CLOCK)) for entry in entries], name="H1")


def event_of(text: str) -> icalendar.Event:
    (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return event


def test_an_entry_carries_the_identity_of_the_visit():
    visit = VisitFactory(ref="V04", ics_uid="V03@february-2023", ics_sequence=3)
    event = event_of(visit_calendar(visit, at=CLOCK))
    assert (event["UID"], event["SEQUENCE"]) == ("V03@february-2023", 3)
    assert event["DTSTAMP"].dt == CLOCK


def test_the_summary_says_whose_visit_it_is_and_the_reference_the_city_knows():
    initiative = InitiativeFactory(name="IMPETUS")
    visit = VisitFactory(
        ref="V25", city="Antwerp", campaign__initiative=initiative, requests=[], ics_sequence=2
    )
    before = event_of(visit_calendar(visit, at=CLOCK))
    visit.requests.add(VisitRequestFactory(ref="R27", city="Antwerp", campaign=visit.campaign))
    event = event_of(visit_calendar(visit, at=CLOCK))
    assert before["SUMMARY"] == "IMPETUS visit (V25)"
    assert event["SUMMARY"] == "IMPETUS visit (R27)"
    assert (event["UID"], event["SEQUENCE"]) == (before["UID"], before["SEQUENCE"])


def test_the_summary_speaks_the_language_of_the_city_and_needs_no_initiative():
    visit = VisitFactory(ref="V25", campaign__initiative=None, requests=[])
    visit.requests.add(VisitRequestFactory(ref="R27", language="de", campaign=visit.campaign))
    assert event_of(visit_calendar(visit, at=CLOCK))["SUMMARY"] == "Besuch (R27)"


@pytest.mark.parametrize("zone", ZONES)
def test_the_zone_of_the_place_is_described_and_right(zone):
    visit = VisitFactory(zone=zone)
    text = visit_calendar(visit, at=CLOCK)
    event = event_of(text)
    assert event["DTSTART"].params["TZID"] == zone
    (described,) = icalendar.Calendar.from_ical(text).walk("VTIMEZONE")
    assert described["TZID"] == zone
    winter = described.to_tz().utcoffset(datetime(2023, 2, 23, 12))
    assert winter == timedelta(hours=ZONES[zone])
    summer = described.to_tz().utcoffset(datetime(2023, 7, 1, 12))
    assert summer == ZoneInfo(zone).utcoffset(datetime(2023, 7, 1, 12))


def test_a_second_parser_reads_the_same_moments():
    visit = VisitFactory(ref="V10", zone="Europe/Vilnius", address="Rotušė, Vilnius", requests=[])
    event = vobject.readOne(visit_calendar(visit, at=CLOCK)).vevent
    assert event.dtstart.value.astimezone(UTC) == visit.starts_at
    assert event.dtend.value.astimezone(UTC) == visit.ends_at
    assert event.summary.value == f"{visit.campaign.initiative.name} visit (V10)"
    assert event.location.value == "Rotušė, Vilnius"


def test_local_time_comes_first_and_the_office_time_second():
    visit = VisitFactory(
        zone="Europe/Vilnius", starts_at=datetime(2023, 2, 22, 8, tzinfo=UTC), campaign__slug="c"
    )
    lines = str(event_of(visit_calendar(visit, at=CLOCK))["DESCRIPTION"]).splitlines()
    assert lines[:2] == [
        "Wed 22 Feb 2023, 10:00–13:00 Vilnius (EET)",
        "Wed 22 Feb 2023, 09:00–12:00 Oslo (CET)",
    ]


@pytest.mark.parametrize(
    ("state", "method", "status"),
    [
        (VisitState.TENTATIVE, "REQUEST", "TENTATIVE"),
        (VisitState.CONFIRMED, "REQUEST", "CONFIRMED"),
        (VisitState.BRIEFED, "REQUEST", "CONFIRMED"),
        (VisitState.CANCELLED, "CANCEL", "CANCELLED"),
        (VisitState.POSTPONED, "CANCEL", "CANCELLED"),
    ],
)
def test_the_method_fits_the_state(state, method, status):
    text, used = invitation(VisitFactory(state=state), at=CLOCK)
    assert used == method
    assert icalendar.Calendar.from_ical(text)["METHOD"] == method
    assert event_of(text)["STATUS"] == status


def test_only_invitations_ask_somebody_and_all_have_one_organiser():
    visit = VisitFactory(
        local_contact_name='Ada "x", B:C', local_contact_address="ada@city.example"
    )
    asked = event_of(visit_calendar(visit, method="REQUEST", at=CLOCK))
    told = event_of(visit_calendar(visit, method="PUBLISH", at=CLOCK))
    assert asked["ATTENDEE"] == "mailto:ada@city.example"
    assert asked["ATTENDEE"].params["CN"] == "Ada 'x', B:C"
    assert "ATTENDEE" not in told
    assert asked["ORGANIZER"] == told["ORGANIZER"] == f"mailto:{settings.DEFAULT_FROM_EMAIL}"


def test_a_wrong_address_is_left_out_and_the_rest_is_delivered():
    visit = VisitFactory(local_contact_address="a@b\r\nATTENDEE:mailto:evil@evil.example")
    text = visit_calendar(visit, at=CLOCK)
    assert "evil" not in text
    assert len(icalendar.Calendar.from_ical(text).walk("VEVENT")) == 1


def test_the_words_are_in_the_language_of_the_request_or_english():
    visit = VisitFactory(requests=[VisitRequestFactory(language="et")])
    assert "Just answer our mail" in event_of(visit_calendar(visit, at=CLOCK))["DESCRIPTION"]


def test_an_unknown_method_is_a_mistake():
    with pytest.raises(ValueError, match="REPLY"):
        visit_calendar(VisitFactory(), method="REPLY", at=CLOCK)


def test_a_story_of_changes_has_one_uid_and_a_rising_sequence():
    first = VisitFactory(ics_uid="V03@c", ics_sequence=0, state=VisitState.POSTPONED)
    moved = VisitFactory(ics_uid="V03@c", ics_sequence=1, replaces=first, host=first.host)
    back = VisitFactory(ics_uid="V03@c", ics_sequence=2, replaces=moved, host=first.host)
    events = [event_of(visit_calendar(visit, at=CLOCK)) for visit in (first, moved, back)]
    assert {str(event["UID"]) for event in events} == {"V03@c"}
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]


def test_no_internal_field_reaches_the_calendar():
    visit = VisitFactory(
        notes="SECRET-notes",
        agreement="SECRET-agreement",
        override_reason="SECRET-override",
        cancel_reason="SECRET-cancel",
        materials="SECRET-materials",
        local_contact_phone="SECRET-phone",
        requests=[
            VisitRequestFactory(raw_text="SECRET-raw", secrecy="SECRET-secrecy", reason="SECRET-r")
        ],
    )
    for method in ("REQUEST", "CANCEL", "PUBLISH"):
        assert "SECRET" not in visit_calendar(visit, method=method, at=CLOCK)


def test_a_feed_leaves_out_places_of_cities_that_must_not_be_named():
    embargoed = MunicipalityFactory(name="Antwerp", embargo_until=datetime(2023, 3, 31).date())
    host = HostFactory()
    visits = [
        VisitFactory(ref="V01", host=host, city="Ghent", address="Hall, Ghent"),
        VisitFactory(
            ref="V02", host=host, city="Antwerp", municipality=embargoed, address="Hall, Antwerp"
        ),
    ]
    text = feed_of(*visits)
    assert "Hall\\, Ghent" in text
    assert "Antwerp" not in text
    assert "Ghent" not in feed_of(*visits, with_details=False)


def test_an_empty_feed_is_a_calendar():
    assert icalendar.Calendar.from_ical(feed_of()).walk("VEVENT") == []


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    address=st.text(max_size=80),
    name=st.text(max_size=60),
    link=st.sampled_from(["", "https://meet.example/a;b,c\r\nX:1", "https://x/\u2028y"]),
)
def test_any_text_is_read_back_as_written(address, name, link):
    campaign = CampaignFactory.build()
    visit = VisitFactory.build(
        ref="V01",
        campaign=campaign,
        host=HostFactory.build(home=None, user=None, name=name or "Ada"),
        address=address,
        meeting_link=link,
        local_contact_name=name,
        local_contact_address="ada@city.example",
        municipality=None,
    )
    event = event_of(feed_of(visit))
    assert str(event.get("LOCATION", "")) == (clean_line(address) or visit.city)
