"""Asks a server that speaks OSRM's protocol (https://project-osrm.org/docs/) for times of driving.

The operator names the server; nobody at a page can. Coordinates alone leave the site, no names. An
answer is believed only when it is whole and possible: a server that knows another region would put
both cities on one road and call the drive zero.
"""

import json
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from visits.planning.land import Coordinates, great_circle_km
from visits.planning.travel import RoadTime, SourceFailed

LARGEST_ANSWER = 2_000_000
# Two coordinates for each of so many starts and ends keep within OSRM's usual limit of 100.
BLOCK = 50
FARTHEST_FROM_ROAD_KM = 10.0
FASTEST_KMH = 160.0
SLOWEST_KMH = 2.0
SHORT_KM = 2.0
NO_ROAD = {"NoRoute", "NoTable"}

# Status and body.
Answer = tuple[int, bytes]


class OsrmSource:
    """A `TravelSource` behind one address, such as http://127.0.0.1:5000."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a road source has an http or https address")
        self._secure, self._host, self._port = (
            parts.scheme == "https",
            parts.hostname,
            parts.port,
        )
        self._path = parts.path.rstrip("/")

    def drives(
        self, starts: Sequence[Coordinates], ends: Sequence[Coordinates], *, seconds: float
    ) -> list[list[RoadTime | None]]:
        """See `TravelSource`; at most BLOCK starts and BLOCK ends at once."""
        if max(len(starts), len(ends)) > BLOCK:
            raise ValueError(f"at most {BLOCK} starts and ends at once")
        deadline = time.monotonic() + seconds
        if len(starts) == len(ends) == 1:
            return [[self._route(starts[0], ends[0], deadline)]]
        return self._table(starts, ends, deadline)

    def _route(self, start: Coordinates, end: Coordinates, deadline: float) -> RoadTime | None:
        answer = self._ask(f"/route/v1/driving/{_points([start, end])}?overview=false", deadline)
        if answer.get("code") in NO_ROAD:
            return None
        _near_roads(answer.get("waypoints"), [start, end])
        routes = answer.get("routes")
        if not isinstance(routes, list) or not routes or not isinstance(routes[0], dict):
            raise SourceFailed("it answered without a route")
        return _drive(start, end, routes[0].get("duration"), routes[0].get("distance"))

    def _table(
        self, starts: Sequence[Coordinates], ends: Sequence[Coordinates], deadline: float
    ) -> list[list[RoadTime | None]]:
        first, last = range(len(starts)), range(len(starts), len(starts) + len(ends))
        answer = self._ask(
            f"/table/v1/driving/{_points([*starts, *ends])}?annotations=duration,distance"
            f"&sources={_numbers(first)}&destinations={_numbers(last)}",
            deadline,
        )
        if answer.get("code") in NO_ROAD:
            return [[None] * len(ends) for _start in starts]
        _near_roads(answer.get("sources"), starts)
        _near_roads(answer.get("destinations"), ends)
        times = _square(answer.get("durations"), len(starts), len(ends))
        lengths = _square(answer.get("distances"), len(starts), len(ends))
        return [
            [_drive(start, end, times[i][j], lengths[i][j]) for j, end in enumerate(ends)]
            for i, start in enumerate(starts)
        ]

    def _ask(self, path: str, deadline: float) -> dict[str, Any]:
        status, body = _within(deadline, lambda: self._get(self._path + path, deadline))
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise SourceFailed(f"it answered {status} and no JSON") from None
        if not isinstance(answer, dict):
            raise SourceFailed("it answered JSON of another shape")
        code = answer.get("code")
        if (status == 200 and code == "Ok") or (status in (200, 400) and code in NO_ROAD):
            return answer
        raise SourceFailed(f"it answered {status} {str(code)[:40]}")

    def _get(self, path: str, deadline: float) -> Answer:
        """One request; a redirect is an answer like any other and never followed."""
        kind = HTTPSConnection if self._secure else HTTPConnection
        left = max(0.1, deadline - time.monotonic())
        connection = kind(self._host, self._port, timeout=left)
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read(LARGEST_ANSWER + 1)
        finally:
            connection.close()
        if len(body) > LARGEST_ANSWER:
            raise SourceFailed("its answer is too large")
        return response.status, body


def _within(deadline: float, work: Callable[[], Answer]) -> Answer:
    """What `work` returns, in a thread that is left alone when it takes longer than the deadline:
    a server that drips or a name that does not resolve cannot hold up planning."""
    answers: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(work())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.01, deadline - time.monotonic()))
    except queue.Empty:
        raise SourceFailed("it did not answer in time") from None
    if isinstance(answer, TimeoutError):
        raise SourceFailed("it did not answer in time") from answer
    if isinstance(answer, OSError | HTTPException):
        raise SourceFailed("it could not be reached") from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _points(places: Sequence[Coordinates]) -> str:
    return ";".join(f"{lon:.5f},{lat:.5f}" for lat, lon in places)


def _numbers(numbers: Sequence[int]) -> str:
    return ";".join(map(str, numbers))


def _square(rows: Any, height: int, width: int) -> list[list[Any]]:
    whole = isinstance(rows, list) and len(rows) == height
    if not whole or not all(isinstance(row, list) and len(row) == width for row in rows):
        raise SourceFailed("it answered a table of another size")
    return rows


def _near_roads(waypoints: Any, places: Sequence[Coordinates]) -> None:
    """Raise SourceFailed when the server put a place on a road far from it."""
    if not isinstance(waypoints, list) or len(waypoints) != len(places):
        raise SourceFailed("it did not say which roads it took")
    for waypoint, place in zip(waypoints, places, strict=True):
        where = waypoint.get("location") if isinstance(waypoint, dict) else None
        if not isinstance(where, list) or len(where) != 2 or not all(map(_is_number, where)):
            raise SourceFailed("it did not say which roads it took")
        if great_circle_km(*place, where[1], where[0]) > FARTHEST_FROM_ROAD_KM:
            raise SourceFailed("it knows no road near one of the places")


def _drive(start: Coordinates, end: Coordinates, seconds: Any, metres: Any) -> RoadTime | None:
    """One cell of an answer, None where no road leads; SourceFailed for what cannot be."""
    if seconds is None:
        return None
    if not _is_number(seconds) or not _is_number(metres) or seconds < 0 or metres < 0:
        raise SourceFailed("it answered a time or distance that is no number")
    minutes, km = seconds / 60, metres / 1000
    straight = great_circle_km(*start, *end)
    # Both ends may lie some way off the road that was taken.
    least = straight - 2 * FARTHEST_FROM_ROAD_KM if straight > SHORT_KM else 0.0
    quickest = 60 * max(least, straight / 2 if straight > SHORT_KM else 0.0) / FASTEST_KMH
    slowest = 60 * max(km, straight, SHORT_KM) / SLOWEST_KMH
    if km < least or not quickest <= minutes <= slowest:
        raise SourceFailed("it answered a time that no car can keep")
    return RoadTime(minutes, km)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
