"""Intervals on the UTC time line, in whole minutes since 1970, half open: [start, end)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Span = tuple[int, int]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name; ZoneInfoNotFoundError or ValueError when there is none."""
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def minute_of(moment: datetime) -> int:
    """Minutes since 1970 UTC of an aware moment; seconds are cut off."""
    if moment.tzinfo is None:
        raise ValueError("moments must carry a time zone")
    return int((moment - _EPOCH).total_seconds() // 60)


def moment_of(minute: float) -> datetime:
    """The aware UTC moment of a minute since 1970."""
    return _EPOCH + timedelta(minutes=int(minute))


@lru_cache(maxsize=200_000)
def local_minute(zone: str, day: date, minutes: int) -> int:
    """UTC minute of a wall clock reading: `minutes` after 00:00 on `day` in `zone`.

    Readings past midnight (1440 and more) belong to the next day, so that "24:00" works.
    """
    reading = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return minute_of(reading.replace(tzinfo=zone_of(zone)))


def local_day(zone: str, minute: float) -> date:
    """The calendar date at a UTC minute, read in `zone`."""
    return moment_of(minute).astimezone(zone_of(zone)).date()


def overlaps(one: Span, other: Span) -> bool:
    """Whether two half-open spans share a moment."""
    return one[0] < other[1] and other[0] < one[1]


def cut_out(span: Span, holes: Iterable[Span]) -> list[Span]:
    """What is left of a closed span of instants when open holes are taken out, in order.

    The ends of a hole stay allowed: a visit may start at the very minute another one ends.
    """
    left = [span]
    for low, high in sorted(holes):
        rest: list[Span] = []
        for start, end in left:
            if high <= start or low >= end:
                rest.append((start, end))
                continue
            if start <= low:
                rest.append((start, low))
            if high <= end:
                rest.append((high, end))
        left = rest
    return left


def minutes_between(start: time, end: time) -> int:
    """Minutes from one wall clock reading to a later one of the same day."""
    return (end.hour * 60 + end.minute) - (start.hour * 60 + start.minute)


def clock_minutes(reading: time) -> int:
    """Minutes after 00:00 of a wall clock reading."""
    return reading.hour * 60 + reading.minute


def runs_of_days(days: Sequence[date]) -> list[list[date]]:
    """Days grouped into runs of consecutive calendar dates."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
