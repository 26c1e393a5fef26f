"""The planner on campaign files: one JSON object a line.

    python -m benchmarks.campaign FILE... --seconds N --seed S --json

Without --json it prints a table beside the best known values. Files: see benchmarks/data/SOURCE.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from visits.planning.check import violations
from visits.planning.problem import (
    NO_RULES,
    PLAIN_WEIGHTS,
    Host,
    Limits,
    Place,
    Problem,
    ProblemError,
    Task,
    Wish,
)
from visits.planning.search import solve
from visits.planning.solution import Solution
from visits.planning.travel import TravelTable

DATA = Path(__file__).parent / "data" / "campaign"


def problem_of(campaign: dict[str, Any]) -> Problem:
    """A campaign file's content as a Problem; rules that the files do not have are off."""
    days = tuple(date.fromisoformat(day) for day in campaign["days"])
    hosts = tuple(
        Host(
            f"h{number}",
            name,
            Place(f"h{number}", place, zone),
            days_in_a_row=None,
            office_day=False,
        )
        for number, (name, place, _lat, _lon, zone) in enumerate(campaign["hosts"])
    )
    zone = hosts[0].home.zone
    mornings = [datetime.combine(day, time(7), tzinfo=ZoneInfo(zone)) for day in days]
    refs = [f"r{row['id']}" for row in campaign["requests"]] + [host.ref for host in hosts]
    return Problem(
        days=days,
        hosts=hosts,
        tasks=tuple(_task(row, days, mornings, zone) for row in campaign["requests"]),
        travel=TravelTable.from_matrix(refs, campaign["T"], co2=campaign.get("co2")),
        rules=NO_RULES,
        weights=PLAIN_WEIGHTS,
    )


def _task(row: dict[str, Any], days: tuple[date, ...], mornings: list[datetime], zone: str) -> Task:
    ref, name = f"r{row['id']}", row.get("name") or f"request {row['id']}"
    windows = {
        days[int(day)]: (_later(mornings[int(day)], low), _later(mornings[int(day)], high))
        for day, (low, high) in row["start_windows"].items()
    }
    wishes = tuple(
        Wish(days[day], rank=rank) for rank, day in enumerate(row.get("preferred", ())[:3], start=1)
    )
    only = row.get("only_host")
    return Task(
        ref,
        name,
        Place(ref, name, zone),
        row["dur"],
        (ref,),
        row["pri"],
        wishes=wishes,
        only_host=None if only is None else f"h{only}",
        start_windows=windows,
    )


def _later(morning: datetime, minutes: int) -> datetime:
    return morning.astimezone(UTC) + timedelta(minutes=minutes)


def answer_of(name: str, problem: Problem, solution: Solution) -> dict[str, Any]:
    """A Solution in the words of the benchmark files."""
    number = {day: index for index, day in enumerate(problem.days)}
    zone = ZoneInfo(problem.hosts[0].home.zone)
    visits = []
    for visit in solution.visits:
        day = visit.start.astimezone(zone).date()
        morning = datetime.combine(day, time(7), tzinfo=zone)
        visits.append(
            {
                "request": int(visit.task[1:]),
                "host": int(visit.host[1:]),
                "day": number[day],
                "start": int((visit.start - morning.astimezone(UTC)).total_seconds() // 60),
            }
        )
    return {
        "instance": name,
        "priority": solution.priority,
        "bound": solution.bound,
        "proven": solution.proven,
        "preference": int(solution.points),
        "travel": solution.totals.minutes,
        "seconds": solution.seconds,
        "visits": visits,
    }


def best_known() -> dict[str, dict[str, str]]:
    """Rows of best.csv by instance."""
    with (DATA / "best.csv").open(newline="") as rows:
        return {row["instance"]: row for row in csv.DictReader(rows)}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when every file was planned without a broken rule."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    known, failed = best_known(), False
    for path in options.files:
        try:
            problem = problem_of(json.loads(path.read_text()))
            solution = solve(
                problem, Limits(seconds=options.seconds, seed=options.seed), with_reasons=False
            )
        except (OSError, ValueError, KeyError, ProblemError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        broken = violations(problem, solution)
        for text in broken:
            print(f"{path}: {text}", file=sys.stderr)
        failed = failed or bool(broken)
        answer = answer_of(path.stem, problem, solution)
        if options.json:
            print(json.dumps(answer), flush=True)
            continue
        best = known.get(path.stem, {})
        print(
            f"{path.stem:16} priority {answer['priority']}/{answer['bound']}"
            f"{' proven' if answer['proven'] else ''} (best known {best.get('best_priority', '-')})"
            f" preference {answer['preference']} ({best.get('preference', '-')})"
            f" travel {answer['travel']} ({best.get('travel_min', '-')})"
            f" {answer['seconds']:.1f} s",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
