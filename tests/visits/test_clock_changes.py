"""Both nights of 2023 on which the clocks change, quarter by quarter, in ten zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from django.core.exceptions import ValidationError

from crm import wording
from tests.factories.crm import CLOCK
from tests.factories.visits import CampaignFactory, HostFactory, VisitFactory
from visits.forms.moments import moment_at
from visits.host_calendar import Stamp, feed_text, visit_entry

ZONES = (
    "Europe/Oslo Europe/Brussels Europe/Rome Europe/Warsaw Europe/Athens Europe/Kyiv "
    "Europe/Vilnius Europe/Lisbon Europe/Dublin Atlantic/Azores"
).split()
NIGHTS = {"spring": datetime(2023, 3, 26), "autumn": datetime(2023, 10, 29)}
QUARTERS = [timedelta(minutes=15 * step) for step in range(24)]


def visit_from(zone: str, start: datetime):
    return VisitFactory.build(
        ref="V01",
        campaign=CampaignFactory.build(),
        host=HostFactory.build(home=None, user=None),
        municipality=None,
        zone=zone,
        starts_at=start,
        ends_at=start + timedelta(minutes=90),
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("night", NIGHTS)
def test_a_typed_time_is_the_moment_the_clock_shows_or_is_refused_in_words(zone, night):
    refused = []
    for quarter in QUARTERS:
        typed = NIGHTS[night] + quarter
        try:
            moment = moment_at(typed, zone)
        except ValidationError as error:
            refused.append((quarter, error.messages[0]))
            continue
        assert moment.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == typed
    # The hour that is left out, or comes twice: four quarters in one row.
    assert len(refused) == 4
    assert refused[-1][0] - refused[0][0] == timedelta(minutes=45)
    said = "left out" if night == "spring" else "comes twice"
    assert all(said in words and wording.zone_city(zone) in words for _quarter, words in refused)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("night", NIGHTS)
def test_calendar_entries_keep_their_real_moments_and_length(zone, night):
    first = (NIGHTS[night] - timedelta(hours=2)).replace(tzinfo=UTC)
    for quarter in QUARTERS:
        start = first + quarter
        visit = visit_from(zone, start)
        entry = visit_entry(visit, at=CLOCK, with_details=False)
        text = feed_text([(entry, Stamp(0, CLOCK))], name="H1")
        (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
        other = vobject.readOne(text).vevent
        for read in (event.start, other.dtstart.value):
            assert read.astimezone(UTC) == start
        for read in (event.end, other.dtend.value):
            assert read.astimezone(UTC) == visit.ends_at


def test_a_span_over_the_change_names_both_zones():
    start = datetime(2023, 10, 28, 22, tzinfo=UTC)
    assert wording.time_range(start, start + timedelta(hours=4), "Europe/Brussels") == (
        "Sun 29 Oct 2023, 00:00 Brussels (CEST) – Sun 29 Oct 2023, 03:00 Brussels (CET)"
    )
