"""An edition as a page: its blocks by their kind, and its day as bars to scale."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from visits.briefs.edition import Day, Edition, Imprint

WIDTH, ROW = 640.0, 22.0
ROWS = {"visit": 0, "item": 1, "break": 1, "journey": 2}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the day on the strip."""

    kind: str
    label: str
    x: float
    y: float
    width: float


def page_of(edition: Edition, imprint: Imprint) -> dict[str, Any]:
    """What the template of an edition shows; the blocks bring their kind as a word."""
    return {
        "edition": edition,
        "imprint": imprint,
        "sections": [
            {
                "section": section,
                "blocks": [
                    {"kind": type(block).__name__.lower(), "block": block}
                    for block in section.blocks
                ],
            }
            for section in edition.sections
        ],
        "strip": _strip(edition.day) if edition.day else None,
    }


def _strip(day: Day) -> dict[str, Any]:
    zone = ZoneInfo(day.zone)
    opens = _whole_hour(min(stretch.starts_at for stretch in day.stretches).astimezone(zone))
    closes = max(stretch.ends_at for stretch in day.stretches).astimezone(zone)
    scale = WIDTH / max((closes - opens).total_seconds(), 3600.0)
    bars = [
        Bar(
            stretch.kind,
            stretch.label,
            round((stretch.starts_at - opens).total_seconds() * scale, 1),
            ROWS[stretch.kind] * ROW,
            max(round((stretch.ends_at - stretch.starts_at).total_seconds() * scale, 1), 2.0),
        )
        for stretch in day.stretches
    ]
    rows = 1 + max(ROWS[bar.kind] for bar in bars)
    span = int((closes - opens).total_seconds() // 3600) + 1
    step = 1 if span <= 12 else 3
    hours = [
        (f"{opens + timedelta(hours=hour):%H:%M}", round(hour * 3600 * scale, 1))
        for hour in range(0, span, step)
    ]
    return {
        "bars": bars,
        "hours": hours,
        "width": WIDTH,
        "base": rows * ROW,
        "height": rows * ROW + 16,
    }


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
