"""Europe on a page: places as points of one drawing, labels where they find room.

The land comes from fixtures/outlines.json. Pages show it as the static picture
static/img/europe.svg (made by `python -m crm.maps`), PDFs draw `land()` as paths; both lie under
the same coordinates.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, groupby
from math import cos, hypot, radians, sin, sqrt
from pathlib import Path
from typing import NamedTuple

from crm import marks
from crm.pictures import Text

OUTLINES = Path(__file__).resolve().parent.parent / "fixtures" / "outlines.json"
PICTURE = Path(__file__).resolve().parent.parent / "static" / "img" / "europe.svg"

# Lambert's equal-area projection around 52° N 10° E, as the European grid uses it; kilometres.
EARTH = 6371.0
CENTRE = radians(52), radians(10)
WEST, EAST, SOUTH, NORTH = -2500.0, 2450.0, -1950.0, 2250.0
WIDTH = 640.0
SCALE = WIDTH / (EAST - WEST)
HEIGHT = round((NORTH - SOUTH) * SCALE, 1)

LETTER, LINE, REACH, EDGE, APART = 6.4, 13.0, 9.5, 10.0, 18.0


class Member(NamedTuple):
    """One of several that share a dot, as the list beside the map names it."""

    name: str
    href: str
    note: Text = ""


class Dot(NamedTuple):
    """A place with a state; `note` is read after its name, `label` False keeps the name off.

    `members` are those who are at this place, when they are several.
    """

    name: str
    lat: float
    lon: float
    state: str
    kind: str = "visit"
    href: str = ""
    note: Text = ""
    label: bool = True
    members: tuple[Member, ...] = ()


class Tour(NamedTuple):
    """A journey through places (lat, lon); booked is solid, an estimate dashed."""

    places: Sequence[tuple[float, float]]
    is_booked: bool = False


class Country(NamedTuple):
    """One country's polygons in the map's coordinates; `is_context` only frames the picture."""

    code: str
    polygons: tuple[tuple[tuple[float, float], ...], ...]
    is_context: bool


class DrawnDot(NamedTuple):
    name: str
    href: str
    note: Text
    words: str
    hue: str
    shape: str
    state: str
    kind: str
    x: float
    y: float
    label: str
    label_x: float
    label_y: float
    anchor: str
    members: tuple[Member, ...] = ()

    @property
    def left(self) -> float:
        return self.x - 7

    @property
    def top(self) -> float:
        return self.y - 7


class DrawnTour(NamedTuple):
    points: str
    is_booked: bool


class Map(NamedTuple):
    width: float
    height: float
    dots: tuple[DrawnDot, ...]
    tours: tuple[DrawnTour, ...]


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def project(lat: float, lon: float) -> tuple[float, float]:
    """A place in the map's coordinates; outside the map the numbers lie outside it too."""
    lat0, lon0 = CENTRE
    phi, turn = radians(lat), radians(lon) - lon0
    towards = 1 + sin(lat0) * sin(phi) + cos(lat0) * cos(phi) * cos(turn)
    stretch = EARTH * sqrt(2 / max(towards, 1e-9))
    east = stretch * cos(phi) * sin(turn)
    north = stretch * (cos(lat0) * sin(phi) - sin(lat0) * cos(phi) * cos(turn))
    return round((east - WEST) * SCALE, 1), round((NORTH - north) * SCALE, 1)


def europe(dots: Iterable[Dot], tours: Iterable[Tour] = ()) -> Map:
    """The dots and tours placed. Dots beyond the edge are drawn at it; labels never overlap."""
    dots = tuple(dots)
    points = _apart([_inside(*project(dot.lat, dot.lon)) for dot in dots])
    taken = [_around(x, y) for x, y in points]
    drawn = []
    for dot, (x, y) in zip(dots, points, strict=True):
        found = _room(dot.name, x, y, taken) if dot.label else None
        if found:
            taken.append(found[0])
        drawn.append(_drawn(dot, x, y, found))
    lines = tuple(
        DrawnTour(
            " ".join(f"{x},{y}" for x, y in (project(*place) for place in tour.places)),
            tour.is_booked,
        )
        for tour in tours
    )
    return Map(WIDTH, HEIGHT, tuple(drawn), lines)


@lru_cache(maxsize=1)
def land() -> tuple[Country, ...]:
    """All countries of the outlines, thinned to what the drawing can show."""
    countries = json.loads(OUTLINES.read_text(encoding="utf-8"))["countries"]
    return tuple(
        Country(code, tuple(_polygons(country["polygons"])), country.get("context", False))
        for code, country in countries.items()
    )


def land_svg() -> str:
    """The static picture: one path per kind of land, coloured by the page that uses it."""
    parts = [f'<path id="beyond" d="{_path(_beyond())}"/>']
    for is_context, countries in groupby(
        sorted(land(), key=lambda country: not country.is_context),
        key=lambda country: country.is_context,
    ):
        path = "".join(_path(polygon) for country in countries for polygon in country.polygons)
        parts.append(f'<path id="{"around" if is_context else "land"}" d="{path}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"<!-- Made with Natural Earth -->{''.join(parts)}</svg>\n"
    )


def _beyond() -> tuple[tuple[float, float], ...]:
    """The outlines end at 45° east; this coarse piece of land keeps the corner from looking wet."""
    corners = [(68, 45), (68.5, 55), (69, 68), (60, 75), (50, 62), (46.5, 48), (47, 45), (58, 45)]
    return tuple(project(lat, lon) for lat, lon in corners)


def _polygons(rings: Iterable[Sequence[tuple[float, float]]]) -> Iterator[tuple]:
    for ring in rings:
        points = [project(lat, lon) for lon, lat in ring]
        if not any(-40 < x < WIDTH + 40 and -40 < y < HEIGHT + 40 for x, y in points):
            continue
        thinned = _thinned(points)
        if len(thinned) >= 4:
            yield tuple(thinned)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = [points[0]]
    for x, y in points[1:]:
        # Far outside the picture a coarse line is enough.
        inside = -20 < x < WIDTH + 20 and -20 < y < HEIGHT + 20
        step = 1.1 if inside else 40
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= step:
            kept.append((x, y))
    return kept


def _path(polygon: Sequence[tuple[float, float]]) -> str:
    first, *rest = polygon
    steps: list[str] = []
    here: tuple[float, ...] = first
    for point in rest:
        steps.append(f"{point[0] - here[0]:.1f},{point[1] - here[1]:.1f}")
        # Follow the rounded steps, so that rounding never adds up.
        here = tuple(
            round(old + float(step), 1)
            for old, step in zip(here, steps[-1].split(","), strict=True)
        )
    return f"M{first[0]:g},{first[1]:g}l{' '.join(steps)}z"


def _inside(x: float, y: float) -> tuple[float, float]:
    return min(max(x, EDGE), WIDTH - EDGE), min(max(y, EDGE), HEIGHT - EDGE)


def _apart(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Near neighbours pushed apart until both can be seen and pressed; the same way each time."""
    for _round in range(24):
        moved = False
        for one, other in combinations(range(len(points)), 2):
            (x, y), (u, v) = points[one], points[other]
            distance = hypot(u - x, v - y)
            if distance >= APART:
                continue
            moved = True
            # Two visits to one city lie on the same spot: set them side by side.
            east, north = ((u - x) / distance, (v - y) / distance) if distance else (1.0, 0.0)
            step = (APART - distance) / 2 + 0.01
            points[one] = _inside(x - east * step, y - north * step)
            points[other] = _inside(u + east * step, v + north * step)
        if not moved:
            break
    return points


def _around(x: float, y: float) -> Box:
    return Box(x - REACH, y - REACH, x + REACH, y + REACH)


def _room(name: str, x: float, y: float, taken: list[Box]) -> tuple[Box, float, float, str] | None:
    """A free place for the name beside, over or under its dot, or none."""
    length = LETTER * len(name)
    places = (
        (x + REACH + 1, y + 4.5, "start", x + REACH + 1),
        (x - REACH - 1, y + 4.5, "end", x - REACH - 1 - length),
        (x, y + REACH + 11, "middle", x - length / 2),
        (x, y - REACH - 3, "middle", x - length / 2),
    )
    for label_x, label_y, anchor, left in places:
        box = Box(left, label_y - LINE + 3, left + length, label_y + 2)
        fits = box.left >= 0 and box.right <= WIDTH and box.top >= 0 and box.bottom <= HEIGHT
        if fits and not any(box.touches(other) for other in taken):
            return box, label_x, label_y, anchor
    return None


def _drawn(dot: Dot, x: float, y: float, found: tuple[Box, float, float, str] | None) -> DrawnDot:
    mark = marks.mark(dot.state, dot.kind)
    words = f"{dot.name}: {mark.word}" + (f", {dot.note}" if dot.note else "")
    label_x, label_y, anchor = found[1:] if found else (0.0, 0.0, "start")
    return DrawnDot(
        dot.name,
        dot.href,
        dot.note,
        words,
        mark.hue,
        mark.shape,
        dot.state,
        dot.kind,
        round(x, 1),
        round(y, 1),
        dot.name if found else "",
        round(label_x, 1),
        round(label_y, 1),
        anchor,
        dot.members,
    )


if __name__ == "__main__":
    PICTURE.write_text(land_svg(), encoding="utf-8")
