"""The program under steady load: `python -m benchmarks.soak --minutes 10`.

Starts a server and a worker on the sample, lets four signed-in readers go through the pages, and
reports latency, errors, memory and the size of the write-ahead log.
Everything stays on the loopback; the load ends after the given minutes. Exit status 1 when a
request failed, when the memory of a process grew by more than a quarter after the first quarter of
the time, or when the log grew past 64 MB.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from pathlib import Path

from tests.house.test_many_processes import Browser
from tests.support import installation as installations
from tests.support.installation import Installation

PAGES = (
    "/", "/requests/", "/plan/", "/visits/", "/people/", "/people/?q=lodz", "/organisations/",
    "/events/", "/mail/", "/figures/", "/en/visit/",
)  # fmt: skip
READERS = 4
LARGEST_LOG = 64_000_000
MOST_GROWTH = 1.25


class Load:
    """What the readers saw; shared between their threads."""

    def __init__(self, site: str, until: float) -> None:
        self.site, self.until = site, until
        self.seconds: dict[str, list[float]] = {page: [] for page in PAGES}
        self.failures: Counter[str] = Counter()

    def read(self, number: int) -> None:
        browser = Browser()
        browser.sign_in(self.site)
        turn = number
        while time.monotonic() < self.until:
            page = PAGES[turn % len(PAGES)]
            turn += 1
            started = time.monotonic()
            try:
                browser.get(self.site + page)
            except urllib.error.HTTPError as error:
                self.failures[f"{page} {error.code}"] += 1
            except OSError as error:
                self.failures[f"{page} {error}"] += 1
            self.seconds[page].append(time.monotonic() - started)
            # A person reads for a moment; the pause bounds the load.
            time.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="outreach-soak-") as folder:
        made = installations.empty(Path(folder) / "data")
        try:
            made.manage("load_sample")
            report = soak(made, seconds=minutes * 60)
        finally:
            made.remove()
    print(json.dumps(report, indent=1))
    return 1 if report["faults"] else 0


def soak(made: Installation, *, seconds: float) -> dict:
    """Load the installation for `seconds` and report; `faults` is empty when all is well."""
    site = made.serve(workers=2)
    made.start("worker", SITE_URL=site)
    started = time.monotonic()
    load = Load(site, started + seconds)
    readers = [threading.Thread(target=load.read, args=(n,), daemon=True) for n in range(READERS)]
    for reader in readers:
        reader.start()
    first, last, largest_log = {}, {}, 0
    while time.monotonic() < load.until:
        time.sleep(min(1.0, seconds / 20))
        last = {number: memory(number) for number in family(made)}
        if time.monotonic() - started > seconds / 4 and not first:
            first = dict(last)
        largest_log = max(largest_log, size(made.data_dir / "outreach.sqlite3-wal"))
    for reader in readers:
        reader.join(timeout=60)
    return {
        "requests": sum(map(len, load.seconds.values())),
        "milliseconds": {page: percentiles(taken) for page, taken in load.seconds.items()},
        "memory_mib": {str(n): [round(first[n] / 2**20), round(last[n] / 2**20)] for n in first},
        "largest_log_bytes": largest_log,
        "faults": faults(load, first, last, largest_log),
    }


def faults(load: Load, first: dict, last: dict, largest_log: int) -> list[str]:
    found = [f"{count} x {what}" for what, count in load.failures.items()]
    found += [
        f"process {number} grew from {kept} to {last.get(number, 0)} bytes"
        for number, kept in first.items()
        if last.get(number, 0) > kept * MOST_GROWTH
    ]
    found += [f"process {number} ended" for number in first if not last.get(number)]
    if largest_log > LARGEST_LOG:
        found.append(f"the write-ahead log grew to {largest_log} bytes")
    return found


def percentiles(taken: list[float]) -> dict[str, int]:
    if len(taken) < 2:
        return {}
    cuts = statistics.quantiles(taken, n=20)
    return {"median": round(1000 * cuts[9]), "p95": round(1000 * cuts[18])}


def family(made: Installation) -> list[int]:
    """The processes of the installation and their children (Linux)."""
    found = []
    for process in made.processes:
        found.append(process.pid)
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        found += [int(number) for number in listed.read_text().split()] if listed.exists() else []
    return found


def memory(number: int) -> int:
    """Resident bytes; 0 for a process that has ended."""
    try:
        words = Path(f"/proc/{number}/statm").read_text().split()
    except OSError:
        return 0
    return int(words[1]) * 4096


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
