"""The people list at size: `python -m benchmarks.people [--contacts N] [--database …] [--json]`.

The same rows are served by the program and by `benchmarks.people_floor` (bare Django and DRF), in
one run and in turns, two workers each. Measured is CPU per request, of the servers and of
PostgreSQL. Bounds of the ratios: P1 list 4 x the floor's page, P2 pages a second with four clients
.18 of the floor's, P3 API 2.5 x the floor's, P5 filtered list 1.2 x the list, P6 search with its
count 1.5 x (rare fragment) and 2 x (common) the list, P7 with a million people: query of a
fragment .1 of an unindexed LIKE for the rare one, on the first and on the twentieth time, P14
memory 1.6 x the floor's. Exit status 1 when a bound is missed by half.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.form import cpu_seconds, fetch, serve_floor
from benchmarks.people_rows import COMMON, MEDIUM, RARE, TWO_LETTERS
from benchmarks.soak import family, memory
from tests.support import installation as installations
from tests.support import postgres
from tests.support.installation import Installation

BOUNDS = {
    "P1 list": 4.0,
    "P2 pages a second": 0.18,
    "P3 api": 2.5,
    "P5 filtered": 1.2,
    "P6 rare": 1.5,
    "P6 common": 2.0,
    "P7 first": 0.1,
    "P7 twentieth": 0.1,
    "P14 memory": 1.6,
}
A_MILLION = 1_000_000
AT_LEAST = frozenset({"P2 pages a second"})
SLACK = 1.5
CLIENTS = 4
PAGES = {
    "list": "/people/",
    "filtered": "/people/?country=NO",
    "rare": f"/people/?q={RARE}",
    "medium": f"/people/?q={MEDIUM}",
    "common": f"/people/?q={COMMON}",
    "two letters": f"/people/?q={TWO_LETTERS}",
    "api": "/api/v1/people/",
    "api rare": f"/api/v1/people/?q={RARE}",
}
FLOORS = {"floor page": "/people/", "floor api": "/api/people/"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=20, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outreach-people-") as folder:
        with database(Path(folder), options.database) as (ours, server):
            helper(ours, "fill", str(options.contacts))
            report = measure(ours, server, options)
    print(json.dumps(report, indent=1) if options.json else in_words(report))
    return 1 if report["missed"] else 0


@contextmanager
def database(folder: Path, kind: str) -> Iterator[tuple[Installation, int | None]]:
    """An empty installation, and the number of PostgreSQL's first process."""
    server = postgres.start() if kind == "postgresql" else None
    if server is not None:
        os.environ["DATABASE_URL"] = server.url("postgres")
    ours = installations.empty(folder / "data")
    try:
        yield ours, server.process.pid if server else None
    finally:
        ours.remove()
        if server is not None:
            server.stop()


def helper(ours: Installation, *words: str) -> str:
    """What a function of `benchmarks.people_rows` prints, in a process on this database."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.people_rows", *words],
        env=ours.environment | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def measure(ours: Installation, server: int | None, options: argparse.Namespace) -> dict:
    """Milliseconds of CPU a request, pages a second, memory, query times, and the ratios."""
    floor = Installation(ours.data_dir, ours.url)
    site, bare = ours.serve(workers=2), serve_floor(floor, "benchmarks.people_floor.wsgi")
    try:
        signed = {
            "ours": {"Cookie": helper(ours, "session").strip()},
            "floor": {"Cookie": fetch(bare, "GET", "/enter/")[2]},
        }
        kinds = {name: (ours, site, path, signed["ours"]) for name, path in PAGES.items()} | {
            name: (floor, bare, path, signed["floor"]) for name, path in FLOORS.items()
        }
        for _name, (_who, address, path, headers) in kinds.items():
            for _ in range(6):
                ask(address, path, headers)
        taken: dict[str, list[float]] = {name: [] for name in kinds}
        for _round in range(options.rounds):
            for name, (who, address, path, headers) in kinds.items():
                before = cpu_seconds(who) + children_cpu(server)
                for _ in range(options.requests):
                    ask(address, path, headers)
                spent = cpu_seconds(who) + children_cpu(server) - before
                taken[name].append(1000 * spent / options.requests)
        rates = {
            name: rate(
                lambda address=address, path=path, headers=headers: ask(address, path, headers)
            )
            for name, (_who, address, path, headers) in kinds.items()
            if name in ("list", "floor page")
        }
        resident = {name: workers_memory(who) for name, who in (("ours", ours), ("floor", floor))}
    finally:
        floor.stop()
    queries = json.loads(helper(ours, "queries"))
    cpu = {name: statistics.median(values) for name, values in taken.items()}
    ratios = {
        "P1 list": cpu["list"] / cpu["floor page"],
        "P2 pages a second": rates["list"] / rates["floor page"],
        "P3 api": cpu["api"] / cpu["floor api"],
        "P5 filtered": cpu["filtered"] / cpu["list"],
        "P6 rare": cpu["rare"] / cpu["list"],
        "P6 common": cpu["common"] / cpu["list"],
        "P7 first": queries["first"] / queries["unindexed"],
        "P7 twentieth": queries["twentieth"] / queries["unindexed"],
        "P14 memory": resident["ours"] / resident["floor"],
    }
    return {
        "database": options.database,
        "contacts": options.contacts,
        "cpu_ms": {name: round(value, 2) for name, value in cpu.items()},
        "pages_a_second": {name: round(value, 1) for name, value in rates.items()},
        "mib": {name: round(value / 2**20) for name, value in resident.items()},
        "query_ms": queries,
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "bounds": BOUNDS,
        "missed": [
            name for name, ratio in ratios.items() if is_missed(name, ratio, options.contacts)
        ],
    }


def is_missed(name: str, ratio: float, contacts: int) -> bool:
    if name.startswith("P7") and contacts < A_MILLION:
        return False
    if name in AT_LEAST:
        return ratio < BOUNDS[name] / SLACK
    return ratio > BOUNDS[name] * SLACK


def ask(address: str, path: str, headers: dict[str, str]) -> None:
    status, _text, _cookies = fetch(address, "GET", path, headers=headers)
    if status != 200:
        raise SystemExit(f"{path} answered {status}")


def rate(act: Callable[[], None], *, seconds: float = 4) -> float:
    """Answers a second with a few clients at once."""
    done, until = [0] * CLIENTS, time.monotonic() + seconds

    def client(number: int) -> None:
        while time.monotonic() < until:
            act()
            done[number] += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    began = time.monotonic()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return sum(done) / (time.monotonic() - began)


def children_cpu(number: int | None) -> float:
    """CPU seconds of a PostgreSQL server and its processes, ended ones included (Linux)."""
    if number is None:
        return 0.0
    listed = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    total = 0
    for each in [str(number), *listed]:
        try:
            words = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # Those of ended children (13, 14) count for the first process alone: the rest have none.
        total += sum(int(words[place]) for place in (11, 12, 13, 14))
    return total / os.sysconf("SC_CLK_TCK")


def workers_memory(who: Installation) -> int:
    """Resident bytes of the two workers, without the process that watches them."""
    return sum(sorted((memory(number) for number in family(who)), reverse=True)[:2])


def in_words(report: dict) -> str:
    lines = [f"{report['contacts']} people on {report['database']}"]
    lines += [f"  {name:12} {value:8.1f} ms CPU" for name, value in report["cpu_ms"].items()]
    for name, ratio in report["ratios"].items():
        sign = "at least" if name in AT_LEAST else "at most"
        mark = " missed" if name in report["missed"] else ""
        lines.append(f"  {name}: {ratio:.3f} ({sign} {report['bounds'][name]}){mark}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
