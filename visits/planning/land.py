"""Where a road can lead: islands, the bridges and tunnels between them, and gulfs to go round.

Country outlines are drawn into a grid of cells about six kilometres wide. Outlines that touch are
one island; a crossing (bridge, tunnel, frequent car ferry) joins two. A road goes straight when the
line has no long stretch of water, else by way of corners and crossings. Coarse on purpose: it keeps
an estimate from driving over open water and knows nothing of roads.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from visits.late import np

EARTH_RADIUS_KM = 6371.0
LAT_STEP, LON_STEP = 0.05, 0.1
SAMPLE_KM = 5.0
NARROW_WATER_KM = 25.0
ON_THE_SHORE_KM = 10.0
FARTHEST_CORNER_KM = 400.0
OFF_THE_MAP_KM = 60.0
WATER, OFF_THE_MAP = 0, -1

WAYS_KEPT = 65_536

Coordinates = tuple[float, float]
Ends = tuple[Coordinates, Coordinates]
Ring = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Crossing:
    """A bridge, a tunnel or a frequent car ferry: its two ends as (lat, lon) in degrees, and the
    minutes it takes beyond the drive."""

    name: str
    start: Coordinates
    end: Coordinates
    minutes: float = 0.0


@dataclass(frozen=True)
class Way:
    """A way over land: km as the crow flies from corner to corner, and minutes on crossings."""

    km: float
    minutes: float = 0.0


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Distance in km between two coordinates given in degrees."""
    a, b = math.radians(lat1), math.radians(lat2)
    h = math.sin((b - a) / 2) ** 2
    h += math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def great_circles_km(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The same for many at once: arrays whose last axis is (lat, lon) in degrees."""
    lat1, lon1, lat2, lon2 = (
        np.radians(places[..., axis]) for places in (starts, ends) for axis in (0, 1)
    )
    h = np.sin((lat2 - lat1) / 2) ** 2
    h = h + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(h)))


class LandMap:
    """A grid of islands made from rings of (lon, lat), with the ways between them."""

    def __init__(
        self,
        rings: Iterable[Ring],
        *,
        crossings: Sequence[Crossing] = (),
        corners: Sequence[Coordinates] = (),
    ) -> None:
        rings = list(rings)
        points = np.array([point for ring in rings for point in ring])
        self._west, self._south = points.min(axis=0)
        columns, rows = np.ceil(np.ptp(points, axis=0) / (LON_STEP, LAT_STEP)).astype(int) + 1
        self._grid = np.zeros((rows, columns), dtype=np.int16)
        for ring, island in zip(rings, _islands(rings), strict=True):
            self._draw(np.asarray(ring, dtype=float), island)
        for crossing in crossings:
            self._join(crossing)
        self._corners = [*corners]
        for crossing in crossings:
            self._corners += [crossing.start, crossing.end]
        self._island = lru_cache(maxsize=4096)(self._island_of)
        self._views = lru_cache(maxsize=4096)(self._corners_seen_from)
        self._ways: dict[Ends, Way | None] = {}
        self._between, self._minutes = self._corner_ways(crossings, len(corners))

    def island(self, place: Coordinates) -> int:
        """The island a place lies on; OFF_THE_MAP when no land is drawn near it."""
        return self._island(place)

    def _island_of(self, place: Coordinates) -> int:
        row, column = self._cell(place)
        high = math.ceil(ON_THE_SHORE_KM / (111 * LAT_STEP))
        wide = math.ceil(high * LAT_STEP / LON_STEP / max(0.2, math.cos(math.radians(place[0]))))
        top, left = max(0, row - high), max(0, column - wide)
        near = self._grid[top : max(0, row + high + 1), left : max(0, column + wide + 1)]
        found = np.argwhere(near != WATER)
        if not len(found):
            return OFF_THE_MAP
        away = [great_circle_km(*place, *self._middle(top + r, left + c)) for r, c in found]
        nearest = int(np.argmin(away))
        if away[nearest] > ON_THE_SHORE_KM:
            return OFF_THE_MAP
        return int(near[tuple(found[nearest])])

    def way(self, start: Coordinates, end: Coordinates) -> Way | None:
        """The way over land between two places; None when no road can lead there.

        Off the map a road leads to what is near.
        """
        return self.ways([(start, end)])[start, end]

    def ways(self, pairs: Iterable[Ends]) -> dict[Ends, Way | None]:
        """The same for each pair, much quicker than one by one; those told last are kept."""
        pairs = list(pairs)
        known = self._ways if len(self._ways) < WAYS_KEPT else {}
        known |= self._ways_of([pair for pair in pairs if pair not in known])
        self._ways = known
        return {pair: known[pair] for pair in pairs}

    def _ways_of(self, pairs: Sequence[Ends]) -> dict[Ends, Way | None]:
        found: dict[Ends, Way | None] = dict.fromkeys(pairs)
        joined = []
        for start, end in found:
            island = self._island(start)
            if island != self._island(end):
                continue
            if island != OFF_THE_MAP:
                joined.append((start, end))
            elif (km := great_circle_km(*start, *end)) <= OFF_THE_MAP_KM:
                found[start, end] = Way(km)
        for ends, is_straight in zip(joined, self._are_straight(joined), strict=True):
            start, end = ends
            straight = Way(great_circle_km(*start, *end))
            found[ends] = straight if is_straight else self._round(start, end)
        return found

    def _round(self, start: Coordinates, end: Coordinates) -> Way | None:
        """The way by corners and crossings."""
        (first, there), (last, back) = self._views(start), self._views(end)
        if not len(first) or not len(last):
            return None
        whole = there[:, None] + self._between[np.ix_(first, last)] + back[None, :]
        i, j = np.unravel_index(int(np.argmin(whole)), whole.shape)
        if not np.isfinite(whole[i, j]):
            return None
        return Way(float(whole[i, j]), float(self._minutes[first[i], last[j]]))

    def water_km(self, start: Coordinates, end: Coordinates) -> float:
        """How much of the straight line between two places is water."""
        cells, _first, step = self._lines([(start, end)])
        return float((cells == WATER).sum() * step[0])

    def _cell(self, place: Coordinates) -> tuple[int, int]:
        row = int((place[0] - self._south) // LAT_STEP)
        return row, int((place[1] - self._west) // LON_STEP)

    def _middle(self, row: int, column: int) -> Coordinates:
        return (
            float(self._south + (row + 0.5) * LAT_STEP),
            float(self._west + (column + 0.5) * LON_STEP),
        )

    def _draw(self, ring: np.ndarray, island: int) -> None:
        """Fill the cells whose middle lies within the ring, and those its corners lie in."""
        x = (ring[:, 0] - self._west) / LON_STEP
        y = (ring[:, 1] - self._south) / LAT_STEP
        for row in range(int(y.min()), int(y.max()) + 1):
            middle = row + 0.5
            cut = (y[:-1] <= middle) != (y[1:] <= middle)
            share = (middle - y[:-1][cut]) / (y[1:][cut] - y[:-1][cut])
            edges = np.sort(x[:-1][cut] + share * (x[1:][cut] - x[:-1][cut]))
            for left, right in zip(edges[::2], edges[1::2], strict=False):
                self._grid[row, math.ceil(left - 0.5) : math.floor(right - 0.5) + 1] = island
        shore = (y.astype(int), x.astype(int))
        self._grid[shore] = np.where(self._grid[shore] == WATER, island, self._grid[shore])

    def _join(self, crossing: Crossing) -> None:
        kept, joined = self._island_of(crossing.start), self._island_of(crossing.end)
        if OFF_THE_MAP in (kept, joined):
            raise ValueError(f"{crossing.name} does not end on land")
        self._grid[self._grid == joined] = kept

    def _corner_ways(
        self, crossings: Sequence[Crossing], first: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Shortest km between all corners, and the crossing minutes on these ways."""
        count = len(self._corners)
        km, minutes = np.full((count, count), np.inf), np.zeros((count, count))
        for number, corner in enumerate(self._corners):
            seen, away = self._corners_seen_from(corner)
            km[number, seen] = away
        for number, crossing in enumerate(crossings):
            i = first + 2 * number
            length = great_circle_km(*crossing.start, *crossing.end)
            km[i, i + 1] = km[i + 1, i] = length
            minutes[i, i + 1] = minutes[i + 1, i] = crossing.minutes
        for k in range(count):
            through = km[:, k, None] + km[None, k, :]
            shorter = through < km
            km[shorter] = through[shorter]
            minutes[shorter] = (minutes[:, k, None] + minutes[None, k, :])[shorter]
        return km, minutes

    def _corners_seen_from(self, place: Coordinates) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the corners that a straight road from the place reaches, and km to each."""
        island = self._island(place)
        away = great_circles_km(np.array(place), np.array(self._corners).reshape(-1, 2))
        near = [
            number
            for number, corner in enumerate(self._corners)
            if away[number] <= FARTHEST_CORNER_KM and self._island(corner) == island
        ]
        straight = self._are_straight([(place, self._corners[number]) for number in near])
        seen = np.array(near, dtype=int)[straight]
        return seen, away[seen]

    def _are_straight(self, pairs: Sequence[Ends]) -> np.ndarray:
        """Whether the line between the places of each pair, which share an island, has no wide
        stretch of water."""
        if not pairs:
            return np.zeros(0, dtype=bool)
        cells, first, step = self._lines(pairs)
        count = np.diff(first, append=len(cells))
        island = np.repeat([self._island(start) for start, _end in pairs], count)
        number, shore = np.arange(len(cells)), np.repeat(first - 1, count)
        dry = np.maximum.accumulate(np.where(cells == island, number, shore))
        return np.maximum.reduceat(number - dry, first) * step <= NARROW_WATER_KM

    def _lines(self, pairs: Sequence[Ends]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the great circles between the places of each pair pass, one after the other: islands
        or WATER; where each begins, and the km from one cell of it to the next."""
        starts, ends = (np.array([pair[end] for pair in pairs]) for end in (0, 1))
        km = great_circles_km(starts, ends)
        steps = np.maximum(1, np.ceil(km / SAMPLE_KM).astype(int))
        first = np.cumsum(steps + 1) - (steps + 1)
        line = np.repeat(np.arange(len(pairs)), steps + 1)
        number = np.arange(len(line)) - first[line]
        whole = km / EARTH_RADIUS_KM
        angle = np.where(number < steps[line], number * (whole / steps)[line], whole[line])
        a, b = _vectors(starts), _vectors(ends)
        aside = b - a * (a * b).sum(axis=1, keepdims=True)
        aside /= np.maximum(np.sqrt((aside * aside).sum(axis=1, keepdims=True)), 1e-12)
        x, y, z = a.T[:, line] * np.cos(angle) + aside.T[:, line] * np.sin(angle)
        lat, lon = np.degrees(np.arcsin(np.clip(z, -1, 1))), np.degrees(np.arctan2(y, x))
        row = ((lat - self._south) // LAT_STEP).astype(int)
        column = ((lon - self._west) // LON_STEP).astype(int)
        rows, columns = self._grid.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        cells = np.full(len(line), WATER, dtype=np.int16)
        cells[inside] = self._grid[row[inside], column[inside]]
        return cells, first, km / steps


def _vectors(places: np.ndarray) -> np.ndarray:
    lat, lon = np.radians(places).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _islands(rings: Sequence[Ring]) -> list[int]:
    """A number from 1 for each ring; rings that share a corner have the same."""
    root = list(range(len(rings)))

    def top(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    owner: dict[tuple[float, ...], int] = {}
    for number, ring in enumerate(rings):
        for point in ring:
            first = owner.setdefault(tuple(point), number)
            root[top(number)] = top(first)
    return [top(number) + 1 for number in range(len(rings))]
