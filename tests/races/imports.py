"""Duels on one list of people: `python -m tests.races.imports files --rounds 6`.

In each round two processes meet at a barrier and both bring the same file in, as two coordinators
would (`files`), or both take up the one import that waits, as two workers do (`workers`). Nobody
may be made twice. The negative control (`--unguarded`) looks people up and writes them without a
lock or a transaction around both: it must make people twice, or these duels would prove nothing.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from tests.races.duels import set_up_django
from tests.races.sides import meet

KINDS = ("files", "workers")
PEOPLE = 5
WORDS = {"basis": "legitimate interest", "source": "attendee list"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--unguarded", action="store_true")
    options = parser.parse_args()
    told = run(options.kind, options.rounds, unguarded=options.unguarded)
    sys.stdout.write(json.dumps(told))


def run(kind: str, rounds: int, *, unguarded: bool) -> dict:
    set_up_django()
    files = [str(make_file(number)) for number in range(rounds)]
    told = meet(act, [(kind, files, side, unguarded) for side in range(2)])
    from crm.models import ContactPoint, ImportBatch, Person

    addresses = Counter(ContactPoint.objects.values_list("match_key", flat=True))
    return {
        "people": Person.objects.count(),
        "twice": sum(count > 1 for count in addresses.values()),
        "done": ImportBatch.objects.applied().count(),
        "rounds_with_one_that_made_them": sum(
            sorted(made[number] for made in told) == [0, PEOPLE] for number in range(rounds)
        ),
        "told": told,
    }


def make_file(number: int) -> Path:
    from crm.domain.imports import batches

    path = batches.folder() / f"round{number}.csv"
    lines = [f"Anna{n} Berg{number};r{number}-{n}@city.example" for n in range(PEOPLE)]
    path.write_text("\n".join(["Name;E-mail", *lines]), encoding="utf-8")
    return path


def act(kind: str, files: list[str], side: int, unguarded: bool, barrier) -> list[int]:
    """One process: how many people it made of each file."""
    set_up_django()
    bring = bring_unguarded if unguarded else {"files": bring_file, "workers": take_up}[kind]
    told = []
    for name in files:
        if kind == "workers" and side == 0:
            wait_in_line(Path(name))
        barrier.wait()
        told.append(bring(Path(name)))
        # Nobody prepares the next round while the other still looks for work in this one.
        barrier.wait()
    return told


def bring_file(path: Path) -> int:
    from django.utils import timezone

    from crm.domain.imports import batches

    return batches.import_now(path, event=None, at=timezone.now(), **WORDS)[0].created


def wait_in_line(path: Path) -> None:
    """The file as it stands once somebody has looked at it and said yes."""
    from crm.domain.imports import batches
    from crm.models import ImportBatch

    with path.open("rb") as content:
        batch = batches.receive_file(content, path.name, event=None, by=None, **WORDS)
    batches.work_off()
    batches.ask_to_import(ImportBatch.objects.get(pk=batch.pk))


def take_up(path: Path) -> int:
    """What a worker does on its round; how many people it made of the file, 0 for the other one."""
    from crm.domain.imports import batches

    made = []
    batches.work_off(tell=lambda batch: made.append(batch.created))
    return sum(made)


def bring_unguarded(path: Path) -> int:
    """Look, then write: the plain way that makes people twice."""
    from django.utils import timezone

    from crm.domain.imports import applying, batches
    from crm.domain.imports.reading import read_file
    from crm.models import ImportBatch

    applying.one_at_a_time = lambda name: None
    store = applying.Run._store
    applying.Run._store = lambda run, rows: (time.sleep(0.2), store(run, rows))
    with read_file(path) as reading:
        batch = ImportBatch(file_name=path.name, checksum="0", **WORDS)
        batches.prepare(batch, reading)
        batch.save()
        applying.write_rows.__wrapped__(batch, reading, at=timezone.now(), by=None)
    applying.Run._store = store
    return batch.created


if __name__ == "__main__":
    main()
