"""The planner beside PyVRP on the same campaigns, as a table.

    python -m benchmarks.planning [--full] [--write]

Seconds are of CPU, so that a busy machine prints the same table as an idle one. PyVRP is optional:
without it the planner's columns stand alone. `--write` puts the table into docs/planning.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks import document, generated, rival
from benchmarks.campaign import DATA, best_known, problem_of
from visits.planning.check import violations
from visits.planning.problem import Limits
from visits.planning.search import solve

WALL = 6  # a busy machine may need so many times the seconds of CPU
HEAD = (
    "| campaign | best known | priority | bound | gap | proven | seconds"
    " | PyVRP: priority | visits | journeys cut by a night |"
)
RULE = "|---|---|---|---|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Case:
    """A campaign and the seconds of CPU it gets; without a file it is generated."""

    name: str
    seconds: float

    def campaign(self) -> dict[str, Any]:
        """The campaign's content."""
        path = DATA / f"{self.name}.json"
        if path.exists():
            return json.loads(path.read_text())
        requests, hosts, seed = map(int, self.name.removeprefix("made-").split("-"))
        return generated.campaign(requests, hosts, seed)


SAMPLE = (
    Case("camp-10-1-1", 2),
    Case("camp-20-1-1", 2),
    Case("camp-30-1-1", 2),
    Case("camp-40-1-1", 2),
    Case("camp-40-2-1", 5),
    Case("wide-24-1-1", 10),
    Case("wide-40-1-1", 10),
    Case("camp-100-1-1", 3),
    Case("camp-100-3-1", 15),
)
FULL = (
    *SAMPLE,
    Case("wide-60-2-1", 30),
    Case("camp-300-3-1", 60),
    Case("made-1000-5-1", 60),
    Case("made-1000-10-1", 600),
)


def row_of(case: Case, seed: int, *, beside: bool) -> str:
    """One line of the table; raises when our plan breaks a rule."""
    campaign = case.campaign()
    problem = problem_of(campaign)
    began = time.process_time()
    solution = solve(
        problem,
        Limits(seconds=WALL * case.seconds, seed=seed),
        should_stop=lambda: time.process_time() - began > case.seconds,
        with_reasons=False,
    )
    spent = time.process_time() - began
    faults = violations(problem, solution)
    if faults:
        raise RuntimeError(f"{case.name}: {faults[0]}")
    bound = solution.bound or sum(task.priority for task in problem.tasks)
    gap = 100 * (bound - solution.priority) / max(bound, 1)
    best = best_known().get(case.name, {}).get("best_priority", "-")
    cells = [
        case.name,
        best,
        str(solution.priority),
        str(bound),
        f"{gap:.1f} %",
        "yes" if solution.proven else "no",
        f"{spent:.1f}",
    ]
    if beside:
        other = rival.solve(campaign, problem, case.seconds, seed)
        cells += [str(other.priority), str(other.visits), str(other.broken)]
    else:
        cells += ["-", "-", "-"]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__)
    parser.add_argument("--full", action="store_true", help="with the large campaigns")
    parser.add_argument("--only", nargs="*", help="names of the campaigns wanted")
    parser.add_argument("--write", action="store_true", help="put the table into docs/planning.md")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    beside = rival.is_installed()
    if not beside:
        print("PyVRP is not installed (the extra `benchmarks`): our columns stand alone.")
    cases = FULL if options.full or options.only else SAMPLE
    table = [HEAD, RULE]
    print(HEAD, RULE, sep="\n")
    for case in cases:
        if options.only and case.name not in options.only:
            continue
        table.append(row_of(case, options.seed, beside=beside))
        print(table[-1], flush=True)
    if options.write:
        document.put("planning.md", "table", table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
