"""The public form against a bare Django page: `python -m benchmarks.form [--json]`.

Measured in one run and in turns: CPU of the server's processes per request for the form page, for a
post that is kept, and for `benchmarks.floor`. Bound P15: a post costs at most four times the floor.
Then as many officers as `--parallel` says open the form and send it at the same moment; nothing may
fail. Everything stays on the loopback and is bounded in count. Exit status 1 when a request failed.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.soak import family
from tests.support import installation as installations
from tests.support.installation import Installation, free_port, wait_for

FORM = "/en/visit/"
ROUNDS = 5
TICK = os.sysconf("SC_CLK_TCK")
# A form is taken at a person's pace; see visits/public/time_trap.py.
READING = 3.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20, help="of each kind in a round")
    parser.add_argument("--parallel", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outreach-form-") as folder:
        ours = installations.empty(Path(folder) / "data")
        floor = Installation(ours.data_dir)
        try:
            ours.manage("load_sample")
            report = measure(ours, floor, requests=options.requests, parallel=options.parallel)
        finally:
            floor.stop()
            ours.remove()
    print(json.dumps(report, indent=1) if options.json else in_words(report))
    return 1 if report["failures"] else 0


def measure(ours: Installation, floor: Installation, *, requests: int, parallel: int) -> dict:
    """Milliseconds of CPU per request, ratios to the floor, and what failed under the burst."""
    site = ours.serve(workers=2, TRUSTED_PROXY_COUNT="1")
    bare = serve_floor(floor, "benchmarks.floor:application")
    client = Client(site)
    kinds: dict[str, tuple[Installation, Callable[[int], int]]] = {
        "floor": (floor, lambda number: fetch(bare, "GET", "/")[0]),
        "page": (ours, lambda number: fetch(site, "GET", FORM)[0]),
        "post": (ours, client.send),
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    failures: Counter[str] = Counter()
    number = 0
    for turn in range(ROUNDS + 1):
        client.open(requests)
        for kind, (installation, act) in kinds.items():
            before = cpu_seconds(installation)
            for _ in range(requests):
                number += 1
                status = act(number)
                if status not in (200, 302):
                    failures[f"{kind} {status}"] += 1
            # The first round warms up.
            if turn:
                taken[kind].append(1000 * (cpu_seconds(installation) - before) / requests)
    burst = Burst(site, parallel)
    failures.update(burst.run())
    middle = {kind: statistics.median(values) for kind, values in taken.items()}
    return {
        "cpu_ms": {kind: round(value, 2) for kind, value in middle.items()},
        "page_to_floor": round(middle["page"] / middle["floor"], 2),
        "post_to_floor": round(middle["post"] / middle["floor"], 2),
        "parallel": parallel,
        "slowest_seconds": round(burst.slowest, 2),
        "failures": dict(failures),
    }


def in_words(report: dict) -> str:
    cpu, failed = report["cpu_ms"], sum(report["failures"].values())
    return (
        f"CPU a request: floor {cpu['floor']} ms, form {cpu['page']} ms "
        f"({report['page_to_floor']} x floor), post {cpu['post']} ms "
        f"({report['post_to_floor']} x floor).\n"
        f"{report['parallel']} officers at once: slowest {report['slowest_seconds']} s, "
        f"{failed} requests failed. {report['failures'] or ''}"
    )


def serve_floor(floor: Installation, application: str) -> str:
    """A floor, named as gunicorn names it, behind the same server as ours."""
    port = free_port()
    process = floor.start(
        "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}",
        "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/tmp",
    )  # fmt: skip
    wait_for(f"http://127.0.0.1:{port}/healthz", process, floor.data_dir / "processes.log")
    return f"http://127.0.0.1:{port}"


def cpu_seconds(installation: Installation) -> float:
    """User and system time of the installation's processes and their children (Linux)."""
    total = 0
    for number in family(installation):
        words = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        total += int(words[11]) + int(words[12])
    return total / TICK


def fetch(
    site: str, method: str, path: str, *, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Status, text and the cookies to send back, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=120)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        cookies = "; ".join(
            value.partition(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie"
        )
        return answer.status, text, cookies
    finally:
        connection.close()


class Client:
    """Officers who fill in the form one after another, each from a network of their own."""

    def __init__(self, site: str) -> None:
        self.site, self.forms = site, []

    def open(self, count: int) -> None:
        """Open `count` forms and read them as long as a person would."""
        self.forms = [open_form(self.site, network_of(number)) for number in range(count)]
        time.sleep(READING)

    def send(self, number: int) -> int:
        """Send one of the opened forms; the status of the answer."""
        return send_form(self.site, self.forms.pop(), number)


def network_of(number: int) -> str:
    return f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"


def open_form(site: str, network: str) -> tuple[dict[str, str], str]:
    """The hidden fields of a fresh form, and its cookies."""
    _status, text, cookies = fetch(site, "GET", FORM, headers={"X-Forwarded-For": network})
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text)
    return dict(hidden), cookies


def send_form(site: str, form: tuple[dict[str, str], str], number: int) -> int:
    hidden, cookies = form
    fields = hidden | {
        "city": "Ghent",
        "department": "Safety and Prevention",
        "requester_name": "Robin Example",
        "address": f"robin{number}@ghent.example",
        "language": "en",
        "topics": "T01",
        "mode": "on_site",
        "people": "12",
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookies,
        "Origin": site,
        "X-Forwarded-For": network_of(number),
    }
    return fetch(site, "POST", FORM, body=urlencode(fields), headers=headers)[0]


class Burst:
    """Many officers open and send the form at the same moment."""

    def __init__(self, site: str, parallel: int) -> None:
        self.site, self.parallel = site, parallel
        self.failures: Counter[str] = Counter()
        self.slowest = 0.0

    def run(self) -> Counter[str]:
        start = threading.Barrier(self.parallel)
        officers = [
            threading.Thread(target=self.act, args=(100_000 + number, start))
            for number in range(self.parallel)
        ]
        for officer in officers:
            officer.start()
        for officer in officers:
            officer.join()
        return self.failures

    def act(self, number: int, start: threading.Barrier) -> None:
        try:
            start.wait()
            began = time.monotonic()
            form = open_form(self.site, network_of(number))
            opened = time.monotonic()
            time.sleep(READING)
            start.wait()
            sending = time.monotonic()
            status = send_form(self.site, form, number)
            slowest = max(opened - began, time.monotonic() - sending)
        except OSError as error:
            self.failures[f"burst {type(error).__name__}"] += 1
            start.abort()
            return
        except threading.BrokenBarrierError:
            self.failures["burst not run"] += 1
            return
        self.slowest = max(self.slowest, slowest)
        if status != 302:
            self.failures[f"burst {status}"] += 1


if __name__ == "__main__":
    sys.exit(main())
