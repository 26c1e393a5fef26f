"""Barrier duels: processes that all want overlapping time of one host at the same instant.

`python -m tests.races.duels --duels 1250` prints what came of them as JSON. Starts are all
different and all overlap, so a rule that only compares starts would not notice.

The negative control (`--unguarded`) checks and then writes, without lock and with the overlap guard
taken out of the database: it must double-book, or these duels would prove nothing.
"""

import argparse
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.races.sides import meet

PROCESSES = 8
START = datetime(2023, 2, 6, 9, tzinfo=UTC)
LENGTH = timedelta(hours=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duels", type=int, default=100)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--unguarded", action="store_true")
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.duels, options.processes, unguarded=options.unguarded)))


def run(duels: int, processes: int, *, unguarded: bool) -> dict:
    """Hold the duels in processes of their own; how many won, lost and failed in each way."""
    visit = prepare(unguarded=unguarded)
    sides = [(number, duels, visit, unguarded) for number in range(processes)]
    told = [each for side in meet(fight, sides, patience=900) for each in side]
    outcomes = Counter(outcome for _duel, outcome, _wait in told)
    winners = Counter(duel for duel, outcome, _wait in told if outcome == "won")
    return {
        "duels": duels,
        "processes": processes,
        "unguarded": unguarded,
        "outcomes": dict(outcomes),
        "duels_with_one_winner": sum(winners[duel] == 1 for duel in range(duels)),
        "double_booked": sum(winners[duel] > 1 for duel in range(duels)),
        "worst_wait_ms": round(1000 * max(wait for _duel, _outcome, wait in told)),
    }


def prepare(*, unguarded: bool) -> int:
    """A visit to book for; without the overlap guard when it is not to help."""
    set_up_django()
    from django.db import connection

    from tests.factories.visits import VisitFactory

    if unguarded:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE visits_reservation DROP CONSTRAINT reservation_overlap")
            else:
                cursor.execute("DROP TRIGGER reservation_overlap_insert")
                cursor.execute("DROP TRIGGER reservation_overlap_update")
    return VisitFactory().pk


def set_up_django() -> None:
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def fight(number: int, duels: int, visit_pk: int, unguarded: bool, barrier) -> list[tuple]:
    """One process: in every duel, book the host of that duel, `number` minutes after the others."""
    set_up_django()
    from visits.models import Visit

    visit = Visit.objects.get(pk=visit_pk)
    book = book_unguarded if unguarded else book_guarded
    told = []
    for duel in range(duels):
        starts_at = START + timedelta(minutes=number)
        barrier.wait()
        began = time.perf_counter()
        outcome = book(visit, f"host:D{duel}", starts_at)
        told.append((duel, outcome, time.perf_counter() - began))
    return told


def book_guarded(visit, resource: str, starts_at: datetime) -> str:
    """The product's own way."""
    from django.db import OperationalError, transaction

    from visits.domain import booking

    try:
        with transaction.atomic():
            booking.lock_resources([resource])
            booking.reserve(
                visit, resource=resource, starts_at=starts_at, ends_at=starts_at + LENGTH
            )
    except booking.SlotTaken:
        return "taken"
    except booking.Busy:
        return "busy"
    except OperationalError as error:
        return "locked" if "lock" in str(error) else "failed"
    return "won"


def book_unguarded(visit, resource: str, starts_at: datetime) -> str:
    """Look, then write: the plain way that double-books."""
    from visits.models import Reservation

    ends_at = starts_at + LENGTH
    if Reservation.objects.overlapping(resource, starts_at, ends_at).exists():
        return "taken"
    Reservation.objects.create(visit=visit, resource=resource, starts_at=starts_at, ends_at=ends_at)
    return "won"


if __name__ == "__main__":
    main()
