"""When somebody is busy, read from a calendar of theirs; titles and all other words are passed by.

Other people's calendars are read in a process of their own (`read_apart`), which may use so much
time and memory and no more: a rule of repetition can ask for more than a machine has.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from visits.late import icalendar

MOST_ENTRIES, MOST_SPANS = 10_000, 5_000
CPU_SECONDS, WALL_SECONDS, MEMORY = 15, 30, 1_000_000_000
TIMES = frozenset(
    {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS"}
)
FREE_AT_WORK = frozenset({"FREE", "WORKINGELSEWHERE"})
# An entry begun so long before is over, unless it says itself that it is not.
LONG_AGO = timedelta(days=400)

Span = tuple[datetime, datetime]


class Unreadable(Exception):
    """Why a calendar cannot be trusted to be whole: a code, and a detail for the sentence."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


def read_apart(
    data: bytes, *, zone: str, first: datetime, last: datetime, ours: Collection[str] = ()
) -> list[Span]:
    """`busy_spans` in a process of its own, with limits. Raises Unreadable."""
    asked = {
        "zone": zone,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "ours": sorted(ours),
    }
    kept = ("PATH", "PYTHONPATH", "LANG", "TZDIR")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "visits.busy_calendar"],
            cwd=Path(__file__).resolve().parent.parent,
            env={name: os.environ[name] for name in kept if name in os.environ},
            input=json.dumps(asked).encode() + b"\n" + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise Unreadable("too_heavy") from error
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise Unreadable(answer["fault"], answer["detail"])
    return [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in answer["spans"]]


def busy_spans(
    data: bytes, *, zone: str, first: datetime, last: datetime, ours: Collection[str] = ()
) -> list[Span]:
    """When the owner is busy between two moments: merged spans in UTC, in order.

    Whole days and floating times are taken in `zone`. What is free, cancelled or known to us
    (`ours` are UIDs) is passed by. Raises Unreadable when anything that could hold busy time
    cannot be read: part of a calendar is no calendar.
    """
    calendars = _calendars(data)
    home = ZoneInfo(zone)
    found: list[Span] = []
    for calendar in calendars:
        entries = _entries_near(calendar, first, last)
        for entry in entries:
            _check(entry)
        calendar.subcomponents = [
            part for part in calendar.subcomponents if part.name != "VEVENT"
        ] + entries
        found += _occurrences(calendar, home, first, last, frozenset(ours))
        found += _periods(calendar, home)
    spans = _merged(found, first, last)
    if len(spans) > MOST_SPANS:
        raise Unreadable("too_many")
    return spans


def _calendars(data: bytes) -> list[icalendar.Calendar]:
    text = data.decode("utf-8-sig", errors="replace").replace("\x00", "").strip()
    if not text[:15].upper().startswith("BEGIN:VCALENDAR"):
        raise Unreadable("not_calendar")
    upper = text.upper()
    is_whole = upper.endswith("END:VCALENDAR")
    if not is_whole or upper.count("\nBEGIN:VEVENT") != upper.count("\nEND:VEVENT"):
        raise Unreadable("broken_off")
    if upper.count("\nBEGIN:VEVENT") > MOST_ENTRIES:
        raise Unreadable("too_many")
    try:
        return [
            part
            for part in icalendar.Calendar.from_ical(text, multiple=True)
            if part.name == "VCALENDAR"
        ]
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise Unreadable("not_calendar") from error


def _entries_near(
    calendar: icalendar.Calendar, first: datetime, last: datetime
) -> list[icalendar.Component]:
    """The entries that may touch the time asked for; one that cannot be read always may."""
    near = []
    for entry in calendar.walk("VEVENT"):
        begins, ends = _day(entry, "DTSTART"), _day(entry, "DTEND")
        repeats = any(name in entry for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
        is_later = begins is not None and begins > last.date() + timedelta(days=2)
        is_over = (
            begins is not None
            and begins < first.date() - LONG_AGO
            and (ends is None or ends < first.date() - timedelta(days=2))
        )
        if repeats or not (is_later or is_over):
            near.append(entry)
    return near


def _day(entry: icalendar.Component, name: str) -> date | None:
    try:
        found: Any = entry[name]
        value = found.dt
    except (KeyError, AttributeError, ValueError):
        return None
    return value.date() if isinstance(value, datetime) else value


def _check(entry: icalendar.Component) -> None:
    if "DTSTART" not in entry or any(name in TIMES for name, _words in entry.errors):
        raise Unreadable("entry")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        value: Any = entry.get(name)
        if isinstance(value, list) or (value is not None and not hasattr(value, "dt")):
            raise Unreadable("entry")
        zone = value.params.get("TZID") if value is not None else None
        if zone and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
            raise Unreadable("zone", str(zone)[:60])


def _occurrences(
    calendar: icalendar.Calendar,
    home: ZoneInfo,
    first: datetime,
    last: datetime,
    ours: frozenset[str],
) -> Iterator[Span]:
    import recurring_ical_events

    day = timedelta(days=1)
    try:
        found = recurring_ical_events.of(calendar).between(first - day, last + day)
        for entry in found:
            if not _is_free(entry) and str(entry.get("UID", "")) not in ours:
                begins: Any = entry["DTSTART"]
                ends: Any = entry["DTEND"]
                yield _span(begins.dt, ends.dt, home)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable("entry") from error


def _is_free(entry: icalendar.Component) -> bool:
    return (
        str(entry.get("STATUS", "")).upper() == "CANCELLED"
        or str(entry.get("TRANSP", "")).upper() == "TRANSPARENT"
        or str(entry.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() in FREE_AT_WORK
    )


def _periods(calendar: icalendar.Calendar, home: ZoneInfo) -> Iterator[Span]:
    """What a calendar that only publishes when its owner is busy says of it."""
    for part in calendar.walk("VFREEBUSY"):
        values: Any = part.get("FREEBUSY", [])
        for value in values if isinstance(values, list) else [values]:
            if str(value.params.get("FBTYPE", "BUSY")).upper() == "FREE":
                continue
            try:
                yield _span(value.start, value.end, home)
            except (AttributeError, TypeError, ValueError) as error:
                raise Unreadable("entry") from error


def _span(start: date | datetime, end: date | datetime, home: ZoneInfo) -> Span:
    """Two ends as moments; an hour that is left out in spring may put them in the other order."""
    begins, ends = sorted((_moment(start, home), _moment(end, home)))
    if begins == ends and not isinstance(start, datetime):
        ends = _moment(start + timedelta(days=1), home)
    return begins, ends


def _moment(value: date | datetime, home: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    return (value if value.tzinfo else value.replace(tzinfo=home)).astimezone(UTC)


def _merged(spans: Iterable[Span], first: datetime, last: datetime) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        start, end = max(start, first.astimezone(UTC)), min(end, last.astimezone(UTC))
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def main() -> None:
    """Read one calendar from the standard input: a line of JSON, then the calendar itself."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        spans = busy_spans(
            sys.stdin.buffer.read(),
            zone=asked["zone"],
            first=datetime.fromisoformat(asked["first"]),
            last=datetime.fromisoformat(asked["last"]),
            ours=asked["ours"],
        )
    except Unreadable as fault:
        answer: dict[str, object] = {"fault": fault.code, "detail": fault.detail}
    else:
        answer = {"spans": [(start.isoformat(), end.isoformat()) for start, end in spans]}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
