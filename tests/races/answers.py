"""Duels on one proposal: `python -m tests.races.answers accept-withdraw --rounds 12`.

Each round makes a proposal of two dates; two processes meet at a barrier and act on it. Afterwards
the rows must tell one story.
"""

import argparse
import json
import multiprocessing
import sys
from datetime import UTC, datetime, timedelta

from tests.races.duels import set_up_django

AT = datetime(2023, 2, 6, 8, tzinfo=UTC)
DEADLINE = AT + timedelta(days=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["accept-accept", "accept-withdraw", "accept-expire"])
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.kind, options.rounds)))


def run(kind: str, rounds: int) -> dict:
    set_up_django()
    offers = [make_offer(number) for number in range(rounds)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    answers = context.Queue()
    first, second = kind.split("-")
    sides = [
        context.Process(target=act, args=(verb, place, offers, barrier, answers))
        for place, verb in enumerate((first, second))
    ]
    for side in sides:
        side.start()
    told = [answers.get(timeout=300) for _ in sides]
    for side in sides:
        side.join()
    single = sum(
        [outcomes[number] for outcomes in told].count("done") >= 1 for number in range(rounds)
    )
    broken = [fault for offer in offers for fault in faults_of(offer, kind)]
    return {"rounds_with_one_outcome": single, "broken": broken, "told": told}


def make_offer(number: int) -> int:
    from tests.factories.visits import HostFactory, VisitRequestFactory
    from visits.domain.proposals import propose_dates
    from visits.states import RequestState

    request = VisitRequestFactory(ref=f"R{500 + number}", state=RequestState.UNDER_REVIEW)
    start = AT + timedelta(days=3)
    slots = [(start + timedelta(days=day), start + timedelta(days=day, hours=3)) for day in (0, 1)]
    return propose_dates(
        request,
        host=HostFactory(ref=f"D{number}"),
        mode="on_site",
        slots=slots,
        expires_at=DEADLINE,
        at=AT,
    ).pk


def act(verb: str, place: int, offers: list[int], barrier, answers) -> None:
    set_up_django()
    from django.core.exceptions import ValidationError

    outcomes = []
    for pk in offers:
        barrier.wait()
        try:
            VERBS[verb](pk, place)
            outcomes.append("done")
        except ValidationError:
            outcomes.append("refused")
    answers.put(outcomes)


def accept(pk: int, place: int) -> None:
    from visits.domain.proposals import accept_slot
    from visits.models import Hold

    hold = Hold.objects.filter(visit=pk).order_by("rank")[place]
    accept_slot(hold, at=AT)


def withdraw(pk: int, place: int) -> None:
    from visits.domain.requests import withdraw_request
    from visits.models import Visit

    request = Visit.objects.get(pk=pk).requests.get()
    withdraw_request(request, reason="No longer wanted.", at=AT)


def expire(pk: int, place: int) -> None:
    """What the worker does once the deadline has passed on its own clock."""
    from visits.domain.proposals import expire_proposals

    expire_proposals(at=DEADLINE)


VERBS = {"accept": accept, "withdraw": withdraw, "expire": expire}


def faults_of(pk: int, kind: str) -> list[str]:
    """What does not fit together in the rows of one proposal."""
    from visits.models import Reservation, Visit

    visit = Visit.objects.get(pk=pk)
    request = visit.requests.get()
    active = Reservation.objects.active().filter(visit=visit).count()
    accepted = visit.holds.exclude(accepted_at=None).count()
    story = (request.state, visit.state, active, accepted)
    allowed = {
        "accept-accept": {("scheduled", "tentative", 1, 1)},
        "accept-withdraw": {
            ("withdrawn", "cancelled", 0, 0),
            ("withdrawn", "cancelled", 0, 1),
            ("scheduled", "tentative", 1, 1),
        },
        "accept-expire": {("scheduled", "tentative", 1, 1), ("expired", "cancelled", 0, 0)},
    }[kind]
    return [] if story in allowed else [f"{visit.ref}: {story}"]


if __name__ == "__main__":
    main()
