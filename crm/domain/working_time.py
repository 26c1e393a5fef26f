"""Working hours of an office: Monday to Friday between two times of its own zone."""

from collections.abc import Container, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9), time(17)


def working_spans(
    start: datetime, *, zone: str, opens: time = OPENS, closes: time = CLOSES
) -> Iterator[tuple[datetime, datetime]]:
    """The office's open spans from `start` on, without end."""
    home = ZoneInfo(zone)
    day = start.astimezone(home).date()
    while True:
        if day.weekday() < 5:
            opening = datetime.combine(day, opens, home)
            closing = datetime.combine(day, closes, home)
            if closing > start:
                yield max(opening, start), closing
        day += timedelta(days=1)


def working_minutes_between(
    start: datetime,
    end: datetime,
    *,
    zone: str,
    opens: time = OPENS,
    closes: time = CLOSES,
) -> int:
    """Whole working minutes in `[start, end)`; 0 when `end` is not after `start`."""
    seconds = 0.0
    for opening, closing in working_spans(start, zone=zone, opens=opens, closes=closes):
        if opening >= end:
            break
        seconds += (min(closing, end) - opening).total_seconds()
    return int(seconds // 60)


def add_working_hours(
    start: datetime,
    hours: float,
    *,
    zone: str,
    opens: time = OPENS,
    closes: time = CLOSES,
) -> datetime:
    """The moment at which `hours` of office time have passed since `start`."""
    left = timedelta(hours=hours)
    for opening, closing in working_spans(start, zone=zone, opens=opens, closes=closes):
        if closing - opening >= left:
            return opening + left
        left -= closing - opening
    raise AssertionError("working_spans never ends")


def add_working_days(day: date, count: int, *, closed: Container[date] = frozenset()) -> date:
    """The working day `count` working days after `day`; `closed` days are none."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and day not in closed
    return day
