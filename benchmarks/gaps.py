"""How far from the best known score the planner ends on the published orienteering files.

    python -m benchmarks.gaps [--full] [--seconds 10 60] [--write]

One run for each file, number of vehicles and time; seconds are of CPU. Every answer is simulated
anew from its file; exit status 1 when one breaks a rule. `--full` takes every row of
data/toptw/best_known.csv instead of a sample, `--write` puts the table into docs/planning.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from benchmarks import document, toptw

# Five whose optimum we prove, and three with windows so wide that only search helps.
SAMPLE = (
    ("c101", 1),
    ("r101", 1),
    ("rc101", 1),
    ("r105", 1),
    ("pr01", 1),
    ("r201", 1),
    ("pr11", 1),
    ("pr15", 3),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when every answer keeps the rules of its file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gaps", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every file whose best is known")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/planning.md")
    options = parser.parse_args(arguments)
    best = toptw.best_known()
    table = head(options.seconds)
    print(*table, sep="\n", flush=True)
    is_sound = True
    for file, vehicles in best if options.full else SAMPLE:
        instance = toptw.read(toptw.DATA / f"{file}.txt")
        answers = []
        for seconds in options.seconds:
            answers.append(
                toptw.solve(instance, vehicles, seconds, options.seed, time.process_time)
            )
            for fault in toptw.broken(instance, answers[-1]):
                print(f"{file}: {fault}", file=sys.stderr)
                is_sound = False
        table.append(row(file, vehicles, best[file, vehicles], answers))
        print(table[-1], flush=True)
    if options.write and is_sound:
        document.put("planning.md", "orienteering", table)
    return int(not is_sound)


def head(times: list[float]) -> list[str]:
    """Heading and rule of the table."""
    words = ["file", "vehicles", "best known"]
    for seconds in times:
        words += [f"{seconds:g} s", "gap"]
    words.append("proven")
    return [f"| {' | '.join(words)} |", "|---" * len(words) + "|"]


def row(file: str, vehicles: int, best: int, answers: list[dict[str, Any]]) -> str:
    """One line: score and gap at each time, and the seconds of a proof."""
    cells = [file, str(vehicles), str(best)]
    for answer in answers:
        cells += [str(answer["score"]), f"{100 * (best - answer['score']) / best:.1f} %"]
    proofs = [answer["seconds"] for answer in answers if answer["proven"]]
    cells.append(f"{min(proofs):.1f} s" if proofs else "no")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
