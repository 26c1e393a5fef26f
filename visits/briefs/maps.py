"""The map of a visit: the land around its place, the tour, the names; all of it paths."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from math import cos, degrees, hypot, radians, sin, sqrt
from pathlib import Path

from reportlab.platypus import Flowable

from visits.briefs import styles
from visits.briefs.edition import Mark, Tour
from visits.briefs.tags import Tag
from visits.briefs.text import draw_line, line, width_of

OUTLINES = Path(__file__).resolve().parents[2] / "fixtures" / "outlines.json"
EARTH_KM = 6371.0
Point = tuple[float, float]
Ring = list[Point]


@dataclass(frozen=True, slots=True)
class Projection:
    """Lambert's azimuthal equal-area projection around a centre; kilometres on the plane."""

    latitude: float
    longitude: float

    def plane(self, latitude: float, longitude: float) -> Point:
        p, p0 = radians(latitude), radians(self.latitude)
        turn = radians(longitude - self.longitude)
        scale = EARTH_KM * sqrt(2 / max(1e-9, 1 + sin(p0) * sin(p) + cos(p0) * cos(p) * cos(turn)))
        x = scale * cos(p) * sin(turn)
        y = scale * (cos(p0) * sin(p) - sin(p0) * cos(p) * cos(turn))
        return x, y


@dataclass(frozen=True, slots=True)
class Spot:
    """A mark on the picture, and where its name stands; y goes up."""

    kind: str
    x: float
    y: float
    name: str
    left: float
    base: float
    width: float
    font: str
    size: float


class TourMap(Flowable):
    """The land around the marks, the journeys between them, and their names."""

    SMALLEST_KM = 760.0

    def __init__(self, tour: Tour, tag: Tag, width: float, height: float):
        super().__init__()
        self.tour, self.tag = tour, tag
        self.width, self.height = width, height
        self._fit()

    def _fit(self) -> None:
        marks = self.tour.marks
        self.projection = Projection(
            (min(m.latitude for m in marks) + max(m.latitude for m in marks)) / 2,
            (min(m.longitude for m in marks) + max(m.longitude for m in marks)) / 2,
        )
        points = [self.projection.plane(m.latitude, m.longitude) for m in marks]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        wide = max(self.SMALLEST_KM, 1.45 * (max(xs) - min(xs)))
        tall = max(self.SMALLEST_KM * self.height / self.width, 1.4 * (max(ys) - min(ys)))
        self.per_km = min(self.width / wide, self.height / tall)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return self.width, self.height

    def _at(self, latitude: float, longitude: float) -> Point:
        x, y = self.projection.plane(latitude, longitude)
        return (
            self.width / 2 + (x - self.middle[0]) * self.per_km,
            self.height / 2 + (y - self.middle[1]) * self.per_km,
        )

    def draw(self) -> None:
        canvas = self.canv
        canvas.begin_figure(self.tag, self.width, self.height)
        canvas.saveState()
        frame = canvas.beginPath()
        frame.rect(0, 0, self.width, self.height)
        canvas.clipPath(frame, stroke=0, fill=0)
        self._draw_land()
        self._draw_journeys()
        canvas.restoreState()
        self._draw_marks()
        canvas.setStrokeColor(styles.RULE)
        canvas.setLineWidth(0.5)
        canvas.rect(0, 0, self.width, self.height)
        canvas.end_mark()

    def _draw_land(self) -> None:
        self.canv.setFillColor(styles.LAND)
        self.canv.setStrokeColor(styles.BORDER)
        self.canv.setLineWidth(0.35)
        self.canv.setLineJoin(1)
        if code := land_code(self.tour, self.width, self.height):
            self.canv._code.append(f"{code} B*")

    def _rings(self) -> Iterator[Ring]:
        """Rings of land whose own box touches the picture, with a margin for the curvature."""
        reach_lat = degrees(hypot(self.width, self.height) / self.per_km / EARTH_KM) * 0.75
        reach_lon = reach_lat / max(0.2, cos(radians(self.projection.latitude)))
        centre_lat, centre_lon = self.projection.latitude, self.projection.longitude
        for west, south, east, north, ring in land():
            if (
                west < centre_lon + reach_lon
                and east > centre_lon - reach_lon
                and south < centre_lat + reach_lat
                and north > centre_lat - reach_lat
            ):
                yield ring

    def _thin(self, ring: Ring) -> Ring:
        """The ring on paper: one decimal, no two points closer than the eye, coarse outside."""
        points: Ring = []
        for longitude, latitude in ring:
            x, y = self._at(latitude, longitude)
            inside = -9 < x < self.width + 9 and -9 < y < self.height + 9
            apart = 0.5 if inside else 12.0
            if not points or abs(x - points[-1][0]) + abs(y - points[-1][1]) >= apart:
                points.append((round(x, 1), round(y, 1)))
        return points

    def lines(self) -> list[tuple[Point, Point]]:
        """Where the journeys begin and end."""
        places = [self._at(mark.latitude, mark.longitude) for mark in self.tour.marks]
        return [(places[start], places[end]) for start, end in self.tour.journeys]

    def spots(self) -> list[Spot]:
        """The marks with room for their names, the place of the visit first."""
        places = [self._at(mark.latitude, mark.longitude) for mark in self.tour.marks]
        taken = [(x - 3.5, y - 3.5, x + 3.5, y + 3.5) for x, y in places]
        order = {"place": 0, "stop": 1, "home": 2}
        marks = sorted(zip(self.tour.marks, places, strict=True), key=lambda m: order[m[0].kind])
        return [self._spot(mark, x, y, taken) for mark, (x, y) in marks]

    def _spot(self, mark: Mark, x: float, y: float, taken: list) -> Spot:
        name, is_place = line(mark.label, 30), mark.kind == "place"
        font, size = (styles.STRONG, 8.6) if is_place else (styles.REGULAR, 7.4)
        width = width_of(name, styles.Style(size, size, font))
        for left, base in (
            (x + 6.5, y - 2.7),
            (x - 6.5 - width, y - 2.7),
            (x - width / 2, y + 6.5),
            (x - width / 2, y - 12.0),
        ):
            box = (left, base - 2, left + width, base + size)
            inside = left > 3 and left + width < self.width - 3
            if inside and not any(_overlap(box, other) for other in taken):
                break
        else:
            left = min(max(3.0, x - width / 2), max(3.0, self.width - width - 3))
            base, box = y + 6.5, (left, y + 4.5, left + width, y + 6.5 + size)
        taken.append(box)
        return Spot(mark.kind, x, y, name, left, base, width, font, size)

    def _draw_journeys(self) -> None:
        self.canv.setStrokeColor(styles.ACCENT)
        self.canv.setLineWidth(1.1)
        for first, second in self.lines():
            self.canv.line(*first, *second)

    def _draw_marks(self) -> None:
        canvas = self.canv
        for spot in self.spots():
            if spot.kind == "place":
                canvas.setFillColor(styles.PAPER)
                canvas.circle(spot.x, spot.y, 4.6, stroke=0, fill=1)
                canvas.setFillColor(styles.ACCENT)
                canvas.circle(spot.x, spot.y, 3.4, stroke=0, fill=1)
            elif spot.kind == "home":
                canvas.setFillColor(styles.INK)
                canvas.rect(spot.x - 2.2, spot.y - 2.2, 4.4, 4.4, stroke=0, fill=1)
            else:
                canvas.setFillColor(styles.PAPER)
                canvas.setStrokeColor(styles.ACCENT)
                canvas.setLineWidth(1.1)
                canvas.circle(spot.x, spot.y, 2.5, stroke=1, fill=1)
            self._draw_name(spot)

    def _draw_name(self, spot: Spot) -> None:
        canvas = self.canv
        canvas.setFillColor(styles.INK)
        # A ground of paper keeps the name readable over a border; drawn letters once only.
        canvas.saveState()
        canvas.setFillColor(styles.PAPER)
        canvas.setFillAlpha(0.72)
        canvas.roundRect(
            spot.left - 1.5, spot.base - 2.2, spot.width + 3, spot.size + 1.2, 1.5, stroke=0, fill=1
        )
        canvas.restoreState()
        draw_line(canvas, spot.left, spot.base, spot.name, spot.font, spot.size)


@lru_cache(maxsize=64)
def rings_of(tour: Tour, width: float, height: float) -> tuple[Ring, ...]:
    """The land of a map. Thousands of points: worked out once."""
    drawn = TourMap(tour, Tag("Figure"), width, height)
    rings = (drawn._thin(ring) for ring in drawn._rings())
    return tuple(points for points in rings if len(points) > 2)


@lru_cache(maxsize=64)
def land_code(tour: Tour, width: float, height: float) -> str:
    """The land as the operators of a page."""
    return " ".join(_ring_code(points) for points in rings_of(tour, width, height))


def _ring_code(points: Ring) -> str:
    first, *rest = (f"{x:g} {y:g}" for x, y in points)
    return f"{first} m {' l '.join(rest)} l h"


def _overlap(one: tuple, other: tuple) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def land() -> tuple[tuple[float, float, float, float, Ring], ...]:
    """Outer rings of the countries with their own boxes; none while the outlines are not there."""
    if not OUTLINES.exists():
        return ()
    countries = json.loads(OUTLINES.read_text(encoding="utf-8"))["countries"]
    rings = [
        [(float(lon), float(lat)) for lon, lat in ring]
        for code in sorted(countries)
        for ring in countries[code]["polygons"]
    ]
    return tuple(
        (
            min(x for x, _ in ring),
            min(y for _, y in ring),
            max(x for x, _ in ring),
            max(y for _, y in ring),
            ring,
        )
        for ring in rings
        if ring
    )
