"""A real HTTP server that speaks OSRM's protocol, and misbehaves on request.

It knows a flat country: every drive is the straight line at 90 km/h, times 1.2.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from visits.planning.land import great_circle_km

DETOUR, SPEED = 1.2, 90.0

Point = tuple[float, float]


@dataclass
class OsrmServer:
    """`change` edits the answer before it is sent; the other fields say how the server fails.

    `status` and `body` replace status and bytes, `location` redirects, `delay` seconds pass before
    an answer, `drip` sends it byte by byte, one in so many seconds.
    """

    change: Any = None
    status: int = 200
    body: bytes | None = None
    location: str = ""
    delay: float = 0.0
    drip: float = 0.0
    asked: list[str] = field(default_factory=list)

    def start(self) -> None:
        kind = type("Handler", (_Handler,), {"osrm": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, path: str) -> dict[str, Any]:
        parts = urlsplit(path)
        service, coordinates = parts.path.split("/")[1], parts.path.split("/")[-1]
        points = [_point(text) for text in coordinates.split(";")]
        query = parse_qs(parts.query)
        if service == "route":
            return _route(points)
        return _table(points, _picked(query, "sources"), _picked(query, "destinations"))


def _point(text: str) -> Point:
    lon, lat = text.split(",")
    return float(lat), float(lon)


def _picked(query: dict[str, list[str]], name: str) -> list[int]:
    return [int(number) for number in query[name][0].split(";")]


def _km(start: Point, end: Point) -> float:
    return great_circle_km(*start, *end) * DETOUR


def _on_road(points: list[Point]) -> list[dict[str, Any]]:
    return [{"location": [lon, lat], "distance": 5.0, "name": ""} for lat, lon in points]


def _route(points: list[Point]) -> dict[str, Any]:
    km = _km(*points)
    route = {"distance": km * 1000, "duration": km / SPEED * 3600, "legs": []}
    return {"code": "Ok", "routes": [route], "waypoints": _on_road(points)}


def _table(points: list[Point], sources: list[int], destinations: list[int]) -> dict[str, Any]:
    starts, ends = [points[i] for i in sources], [points[i] for i in destinations]
    km = [[_km(start, end) for end in ends] for start in starts]
    return {
        "code": "Ok",
        "durations": [[cell / SPEED * 3600 for cell in row] for row in km],
        "distances": [[cell * 1000 for cell in row] for row in km],
        "sources": _on_road(starts),
        "destinations": _on_road(ends),
    }


class _Handler(BaseHTTPRequestHandler):
    osrm: OsrmServer

    def do_GET(self) -> None:
        osrm = self.osrm
        osrm.asked.append(self.path)
        time.sleep(osrm.delay)
        body = osrm.body
        if body is None:
            answer = osrm.answer_to(self.path)
            if osrm.change is not None:
                osrm.change(answer)
            body = json.dumps(answer).encode()
        try:
            self._send(body)
        except OSError:
            pass  # Whoever asked has gone: that is what these tests are about.

    def _send(self, body: bytes) -> None:
        self.send_response(302 if self.osrm.location else self.osrm.status)
        if self.osrm.location:
            self.send_header("Location", self.osrm.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not self.osrm.drip:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(self.osrm.drip)

    def log_message(self, *args: Any) -> None:
        """Silent: the tests read `asked`."""
