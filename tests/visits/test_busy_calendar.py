"""Other people's calendars: when they are busy, and when that cannot be said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visits.busy_calendar import Unreadable, busy_spans, read_apart

FIRST, LAST = datetime(2023, 2, 1, tzinfo=UTC), datetime(2023, 4, 30, tzinfo=UTC)


def calendar(*entries: str, head: str = "") -> bytes:
    """A calendar of these entries, each given by its lines."""
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}@elsewhere\nDTSTAMP:20230101T000000Z\n{entry.strip()}\nEND:VEVENT\n"
        for n, entry in enumerate(entries)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def busy(*entries: str, zone: str = "Europe/Oslo", head: str = "", **choice) -> list[str]:
    """The busy spans as "day hour – hour" in UTC."""
    spans = busy_spans(
        calendar(*entries, head=head), zone=zone, **{"first": FIRST, "last": LAST} | choice
    )
    return [f"{a:%d.%m %H:%M} – {b:%d.%m %H:%M}" for a, b in spans]


def fault(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        busy_spans(data, zone="Europe/Oslo", first=FIRST, last=LAST)
    return caught.value.code


def test_a_meeting_is_busy_in_the_zone_it_names():
    meeting = "DTSTART;TZID=Europe/Athens:20230301T100000\nDTEND;TZID=Europe/Athens:20230301T110000"
    assert busy(meeting) == ["01.03 08:00 – 01.03 09:00"]


def test_a_floating_time_and_a_whole_day_are_those_of_the_host():
    floating = "DTSTART:20230301T100000\nDURATION:PT1H"
    assert busy(floating, zone="Europe/Athens") == ["01.03 08:00 – 01.03 09:00"]
    days = "DTSTART;VALUE=DATE:20230303\nDTEND;VALUE=DATE:20230305"
    assert busy(days, zone="Europe/Oslo") == ["02.03 23:00 – 04.03 23:00"]
    assert busy("DTSTART;VALUE=DATE:20230303") == ["02.03 23:00 – 03.03 23:00"]


@pytest.mark.parametrize(
    "words",
    [
        "TRANSP:TRANSPARENT",
        "STATUS:CANCELLED",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",
    ],
)
def test_what_is_free_or_cancelled_is_not_busy(words):
    assert busy(f"DTSTART:20230301T100000Z\nDTEND:20230301T110000Z\n{words}") == []


@pytest.mark.parametrize(
    "words",
    ["CLASS:PRIVATE", "STATUS:TENTATIVE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF", "TRANSP:OPAQUE"],
)
def test_what_is_private_tentative_or_away_is_busy(words):
    entry = f"DTSTART:20230301T100000Z\nDTEND:20230301T110000Z\n{words}"
    assert busy(entry) == ["01.03 10:00 – 01.03 11:00"]


def test_a_series_keeps_its_hour_over_both_changes_of_the_clocks():
    weekly = (
        "DTSTART;TZID=Europe/Oslo:20230322T090000\nDTEND;TZID=Europe/Oslo:20230322T100000\n"
        "RRULE:FREQ=WEEKLY;COUNT=2"
    )
    assert busy(weekly) == ["22.03 08:00 – 22.03 09:00", "29.03 07:00 – 29.03 08:00"]
    autumn = {
        "first": datetime(2023, 10, 1, tzinfo=UTC),
        "last": datetime(2023, 11, 30, tzinfo=UTC),
    }
    again = weekly.replace("202303", "202310").replace("22T", "25T")
    assert busy(again, **autumn) == ["25.10 07:00 – 25.10 08:00", "01.11 08:00 – 01.11 09:00"]


def test_a_meeting_in_the_night_of_the_change_takes_its_real_time():
    night = (
        "DTSTART;TZID=Europe/Oslo:20230325T013000\nDTEND;TZID=Europe/Oslo:20230325T033000\n"
        "RRULE:FREQ=DAILY;COUNT=2"
    )
    assert busy(night) == ["25.03 00:30 – 25.03 02:30", "26.03 00:30 – 26.03 01:30"]
    left_out = "DTSTART;TZID=Europe/Oslo:20230326T023000\nDTEND;TZID=Europe/Oslo:20230326T030000"
    assert busy(left_out) == ["26.03 01:00 – 26.03 01:30"]
    twice = "DTSTART;TZID=Europe/Oslo:20231029T013000\nDTEND;TZID=Europe/Oslo:20231029T033000"
    october = {
        "first": datetime(2023, 10, 1, tzinfo=UTC),
        "last": datetime(2023, 11, 1, tzinfo=UTC),
    }
    assert busy(twice, **october) == ["28.10 23:30 – 29.10 02:30"]


def test_exceptions_moved_and_cancelled_ones_of_a_series_are_heeded():
    series = [
        "UID:s\nDTSTART:20230301T100000Z\nDTEND:20230301T110000Z\nRRULE:FREQ=DAILY;COUNT=5\n"
        "EXDATE:20230302T100000Z",
        "UID:s\nRECURRENCE-ID:20230303T100000Z\nDTSTART:20230303T150000Z\nDTEND:20230303T160000Z",
        "UID:s\nRECURRENCE-ID:20230304T100000Z\nDTSTART:20230304T100000Z\nDTEND:20230304T110000Z\n"
        "STATUS:CANCELLED",
    ]
    data = (
        calendar(*series).replace(b"UID:0@elsewhere\r\n", b"").replace(b"UID:1@elsewhere\r\n", b"")
    )
    data = data.replace(b"UID:2@elsewhere\r\n", b"")
    spans = busy_spans(data, zone="Europe/Oslo", first=FIRST, last=LAST)
    assert [f"{a:%d %H}" for a, _b in spans] == ["01 10", "03 15", "05 10"]


def test_an_endless_series_is_followed_to_the_end_of_the_time_asked_for():
    weekly = "DTSTART:20100104T100000Z\nDTEND:20100104T110000Z\nRRULE:FREQ=WEEKLY"
    assert len(busy(weekly)) == 12


def test_spans_are_merged_and_cut_to_the_time_asked_for():
    assert busy(
        "DTSTART:20230301T100000Z\nDTEND:20230301T110000Z",
        "DTSTART:20230301T103000Z\nDTEND:20230301T120000Z",
        "DTSTART:20230301T120000Z\nDTEND:20230301T123000Z",
        "DTSTART:20230115T000000Z\nDTEND:20230202T000000Z",
        "DTSTART:20230429T120000Z\nDTEND:20230601T000000Z",
        "DTSTART:20230302T100000Z",
    ) == [
        "01.02 00:00 – 02.02 00:00",
        "01.03 10:00 – 01.03 12:30",
        "29.04 12:00 – 30.04 00:00",
    ]


def test_our_own_entries_coming_back_are_passed_by():
    entry = "DTSTART:20230301T100000Z\nDTEND:20230301T110000Z"
    assert busy(entry, ours={"0@elsewhere"}) == []


def test_names_of_zones_as_an_office_writes_them_are_understood():
    entry = (
        "DTSTART;TZID=W. Europe Standard Time:20230301T100000\n"
        "DTEND;TZID=W. Europe Standard Time:20230301T110000"
    )
    assert busy(entry) == ["01.03 09:00 – 01.03 10:00"]
    custom = (
        "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        "TZOFFSETFROM:+0300\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    described = "DTSTART;TZID=Ours:20230301T100000\nDTEND;TZID=Ours:20230301T110000"
    assert busy(described, head=custom) == ["01.03 08:00 – 01.03 09:00"]


def test_a_calendar_of_busy_times_alone_is_understood():
    head = (
        "BEGIN:VFREEBUSY\nUID:f\nDTSTAMP:20230101T000000Z\n"
        "FREEBUSY;FBTYPE=BUSY:20230301T100000Z/20230301T110000Z\n"
        "FREEBUSY;FBTYPE=FREE:20230302T100000Z/20230302T110000Z\n"
        "FREEBUSY:20230303T100000Z/PT2H,20230304T100000Z/PT1H\nEND:VFREEBUSY\n"
    )
    assert busy(head=head) == [
        "01.03 10:00 – 01.03 11:00",
        "03.03 10:00 – 03.03 12:00",
        "04.03 10:00 – 04.03 11:00",
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_calendar"),
        (b"<html>Sign in</html>", "not_calendar"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "broken_off"),
        (calendar("DTSTART:20230301T100000Z")[:-20], "broken_off"),
        (calendar("DTSTART:20230301T100000Z").replace(b"END:VEVENT\r\n", b""), "broken_off"),
        (calendar("SUMMARY:when?"), "entry"),
        (calendar("DTSTART:2023-03-01"), "entry"),
        (calendar("DTSTART:20230301T100000Z\nDTEND:soon"), "entry"),
        (calendar("DTSTART:20230301T100000Z\nRRULE:FREQ=SOMETIMES"), "entry"),
        (calendar("DTSTART:20230301T100000Z\nRRULE:FREQ=DAILY;UNTIL=never"), "entry"),
        (calendar("DTSTART:20230301T100000Z\nDTSTART:20230302T100000Z"), "entry"),
        (calendar("DTSTART;TZID=Mars/Base:20230301T100000"), "zone"),
        (calendar(*["DTSTART:20230301T100000Z"] * 10_001), "too_many"),
    ],
)
def test_a_calendar_that_cannot_be_read_whole_is_never_taken_for_free(data, code):
    assert fault(data) == code


def test_an_unreadable_entry_of_long_ago_does_no_harm():
    assert busy("DTSTART:20091201T100000Z\nDTEND:soon") == []


def test_an_empty_calendar_is_free():
    assert busy() == []


def test_no_title_leaves_the_process_that_reads():
    entry = "DTSTART:20230301T100000Z\nDTEND:20230301T110000Z\nSUMMARY:SECRET\nLOCATION:SECRET"
    spans = read_apart(calendar(entry), zone="Europe/Oslo", first=FIRST, last=LAST)
    assert spans == [
        (datetime(2023, 3, 1, 10, tzinfo=UTC), datetime(2023, 3, 1, 11, tzinfo=UTC)),
    ]


def test_a_fault_comes_back_from_the_process_that_reads():
    with pytest.raises(Unreadable, match="zone Mars/Base"):
        read_apart(
            calendar("DTSTART;TZID=Mars/Base:20230301T100000"),
            zone="Europe/Oslo",
            first=FIRST,
            last=LAST,
        )


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=DAILY;BYHOUR="
        + ",".join(map(str, range(24)))
        + ";BYMINUTE="
        + ",".join(map(str, range(60)))
        + ";BYSECOND="
        + ",".join(map(str, range(60))),
    ],
)
def test_a_rule_that_asks_for_too_much_is_given_up(rule, monkeypatch):
    monkeypatch.setattr("visits.busy_calendar.WALL_SECONDS", 6)
    asked = calendar(f"DTSTART:19700101T100000Z\nDURATION:PT1S\n{rule}")
    found, fault = [], ""
    try:
        found = read_apart(asked, zone="Europe/Oslo", first=FIRST, last=LAST)
    except Unreadable as unreadable:
        fault = unreadable.code
    # A quick machine may read a rule that never comes true to its end: nobody is busy then.
    assert (fault.startswith("too_"), found) in [(True, []), (False, [])]


moments = st.datetimes(datetime(2023, 1, 15), datetime(2023, 5, 15)).map(
    lambda moment: moment.replace(microsecond=0)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(moments, st.integers(1, 3_000)), max_size=12))
def test_a_moment_is_busy_exactly_when_an_entry_covers_it(times):
    entries = [
        f"DTSTART:{start:%Y%m%dT%H%M%S}Z\nDTEND:{start + timedelta(minutes=length):%Y%m%dT%H%M%S}Z"
        for start, length in times
    ]
    spans = busy_spans(calendar(*entries), zone="Europe/Oslo", first=FIRST, last=LAST)
    assert all(a < b for a, b in spans)
    assert all(one[1] < two[0] for one, two in zip(spans, spans[1:], strict=False))
    for start, length in times:
        for moment in (start, start + timedelta(minutes=length) - timedelta(seconds=1)):
            moment = moment.replace(tzinfo=UTC)
            if FIRST <= moment < LAST:
                assert any(a <= moment < b for a, b in spans)
