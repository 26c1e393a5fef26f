"""An edition as a page: its blocks by their kind; its day, map and codes as pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from visits.briefs.edition import Block, Column, Day, Edition, Imprint, Table, Tour
from visits.briefs.maps import TourMap, rings_of
from visits.briefs.picture import code_bars
from visits.briefs.styles import register_fonts
from visits.briefs.tags import Tag

WIDTH, ROW = 640.0, 22.0
MAP_WIDTH, MAP_HEIGHT = 320.0, 240.0
# White squares around a code, without which a phone does not find it.
MARGIN = 4
ROWS = {"visit": 0, "item": 1, "break": 1, "journey": 2}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the day on the strip."""

    kind: str
    label: str
    x: float
    y: float
    width: float

    @property
    def number(self) -> str:
        """The number of an item of the programme, where it is wide enough to hold it."""
        return self.label if self.kind == "item" and self.width > 7 * len(self.label) + 4 else ""

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


def page_of(edition: Edition, imprint: Imprint) -> dict[str, Any]:
    """What the template of an edition shows; the blocks bring their kind as a word."""
    return {
        "edition": edition,
        "imprint": imprint,
        "sections": [
            {
                "section": section,
                "blocks": [
                    {"kind": type(block).__name__.lower(), "block": block, "rows": _rows(block)}
                    for block in section.blocks
                ],
                "scans": [
                    {"scan": scan, "code": _code(scan.value)}
                    for scan in edition.scans
                    if scan.section == section.key
                ],
            }
            for section in edition.sections
        ],
        "strip": _strip(edition.day) if edition.day else None,
        "map": _map(edition.tour) if edition.tour else None,
        "code": _code(edition.link) if edition.link else None,
    }


def _rows(block: Block) -> list[list[tuple[Column, str]]]:
    """The cells of a table with their columns."""
    if not isinstance(block, Table):
        return []
    return [list(zip(block.columns, row, strict=True)) for row in block.rows]


def _map(tour: Tour) -> dict[str, Any]:
    """The map of the printed edition for a page, where y goes down."""
    # Names are measured to find them room.
    register_fonts()
    drawn = TourMap(tour, Tag("Figure"), MAP_WIDTH, MAP_HEIGHT)
    rings = rings_of(tour, MAP_WIDTH, MAP_HEIGHT)
    return {
        "width": MAP_WIDTH,
        "height": MAP_HEIGHT,
        "land": "".join(
            "M" + "L".join(f"{x:g} {MAP_HEIGHT - y:g}" for x, y in ring) + "Z" for ring in rings
        ),
        "lines": [
            tuple(round(edge, 1) for edge in (x, MAP_HEIGHT - y, x2, MAP_HEIGHT - y2))
            for (x, y), (x2, y2) in drawn.lines()
        ],
        "spots": [
            {
                "kind": spot.kind,
                "name": spot.name,
                "x": round(spot.x, 1),
                "y": round(MAP_HEIGHT - spot.y, 1),
                "corner": (round(spot.x - 3, 1), round(MAP_HEIGHT - spot.y - 3, 1)),
                "left": round(spot.left, 1),
                "base": round(MAP_HEIGHT - spot.base, 1),
            }
            for spot in drawn.spots()
        ],
    }


def _code(value: str) -> dict[str, Any]:
    """A QR code as the outline of its bars, with the white around it."""
    count, bars = code_bars(value)
    path = "".join(f"M{left + MARGIN} {row + MARGIN}h{size}v1h-{size}z" for left, row, size in bars)
    return {"side": count + 2 * MARGIN, "path": path}


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
        if hour * 3600 * scale < WIDTH - 30
    ]
    return {
        "bars": bars,
        "hours": hours,
        "width": WIDTH,
        "base": rows * ROW,
        "height": rows * ROW + 20,
        "zones": _zones(day),
    }


def _zones(day: Day) -> str:
    """Whose hours these are, and when the visit is at the host's home where that differs."""
    if not day.home_zone:
        return day.zone_name
    home = ZoneInfo(day.home_zone)
    spans = ", ".join(
        f"{each.starts_at.astimezone(home):%H:%M}–{each.ends_at.astimezone(home):%H:%M}"
        for each in day.stretches
        if each.kind == "visit"
    )
    return f"{day.zone_name}; {day.home_zone_name}: {spans}"


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
