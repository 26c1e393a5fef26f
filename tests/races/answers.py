"""Duels on one proposal: `python -m tests.races.answers accept-withdraw --rounds 12`.

Each round makes a proposal of two dates; two processes meet at a barrier and act on it. Duels that
begin with an undo find a visit that was agreed and cancelled, its time kept; those about another
date find an agreed one. Afterwards the rows must tell one story, and nobody may have a host twice.
"""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta

from tests.races.duels import set_up_django
from tests.races.sides import meet

AT = datetime(2023, 2, 6, 8, tzinfo=UTC)
DEADLINE = AT + timedelta(days=1)
SOON = AT + timedelta(hours=1)
LENGTH = timedelta(hours=3)
KINDS = (
    "accept-accept",
    "accept-withdraw",
    "accept-expire",
    "accept-book",
    "undo-undo",
    "undo-expire",
    "undo-free",
    "undo-book",
    "press_accept-press_withdraw",
    "press_accept-press_accept",
    "ask-ask",
    "ask-withdraw",
    "stay-keep",
)
# Both sides want the same thing, which only one of them can get.
ONE_WINNER = frozenset({"accept-accept", "undo-undo", "press_accept-press_accept", "stay-keep"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.kind, options.rounds)))


def run(kind: str, rounds: int) -> dict:
    set_up_django()
    from crm.models import ClockSetting

    ClockSetting.objects.fix(AT)
    offers = [make_offer(number) for number in range(rounds)]
    if kind.startswith("undo"):
        for pk in offers:
            accept(pk, 0)
            withdraw(pk, 0)
    if kind.startswith(("ask", "stay")):
        for pk in offers:
            accept(pk, 0)
    if kind.startswith("stay"):
        for pk in offers:
            ask(pk, 0)
    told = meet(act, [(verb, place, offers) for place, verb in enumerate(kind.split("-"))])
    done = [[outcomes[number] for outcomes in told].count("done") for number in range(rounds)]
    broken = [fault for offer in offers for fault in faults_of(offer, kind)] + broken_rules()
    return {
        "rounds_with_one_done": sum(count == 1 for count in done),
        "rounds_with_something_done": sum(count >= 1 for count in done),
        "broken": broken,
        "told": told,
    }


def make_offer(number: int) -> int:
    from tests.factories.visits import HostFactory, VisitRequestFactory
    from visits.domain.proposals import propose_dates
    from visits.states import RequestState

    request = VisitRequestFactory(ref=f"R{500 + number}", state=RequestState.UNDER_REVIEW)
    start = AT + timedelta(days=3)
    slots = [(start + timedelta(days=day), start + timedelta(days=day) + LENGTH) for day in (0, 1)]
    # Who wants the same host at an overlapping time, see `book`.
    VisitRequestFactory(ref=f"N{500 + number}", state=RequestState.UNDER_REVIEW)
    return propose_dates(
        request,
        host=HostFactory(ref=f"D{number}"),
        mode="on_site",
        slots=slots,
        expires_at=DEADLINE,
        at=AT,
    ).pk


def act(verb: str, place: int, offers: list[int], barrier) -> list[str]:
    set_up_django()
    from django.core.exceptions import ValidationError

    from visits.domain.booking import SlotTaken

    outcomes = []
    browsers = {pk: opened(pk) for pk in offers} if verb in PRESSES else {}
    for pk in offers:
        barrier.wait()
        try:
            if verb in PRESSES:
                outcomes.append(PRESSES[verb](browsers[pk], pk, place))
                continue
            VERBS[verb](pk, place)
            outcomes.append("done")
        except (ValidationError, SlotTaken):
            outcomes.append("refused")
    return outcomes


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
    """What the worker does once the deadline, or the day for an undo, is over on its own clock."""
    from visits.domain.cancellations import free_expired_slots
    from visits.domain.proposals import expire_proposals

    expire_proposals(at=DEADLINE)
    free_expired_slots(at=DEADLINE)


def undo(pk: int, place: int) -> None:
    """The city takes its withdrawal back."""
    from visits.domain.municipality import undo_withdrawal
    from visits.models import Visit

    undo_withdrawal(Visit.objects.get(pk=pk).requests.get(), at=SOON)


def free(pk: int, place: int) -> None:
    """The coordinator gives the kept time away."""
    from crm.models import User
    from visits.domain.cancellations import free_kept_slot
    from visits.models import Visit

    by = User.objects.order_by("pk")[0]
    free_kept_slot(Visit.objects.get(pk=pk), reason="Needed.", at=SOON, by=by)


def ask(pk: int, place: int) -> None:
    """The city would rather have another date than the agreed one."""
    from datetime import date

    from visits.domain.date_wishes import ask_for_date
    from visits.domain.requests import Wish
    from visits.models import Visit

    request = Visit.objects.get(pk=pk).requests.get()
    ask_for_date(request, wishes=[Wish(date(2023, 2, 20))], reason="", at=AT)


def stay(pk: int, place: int) -> None:
    """The city takes that wish back."""
    from visits.domain.date_wishes import take_back_wish
    from visits.models import Visit

    take_back_wish(Visit.objects.get(pk=pk).requests.get(), at=AT)


def keep(pk: int, place: int) -> None:
    """The coordinator answers that wish: the date stays."""
    from crm.models import User
    from visits.domain.date_wishes import keep_date
    from visits.models import Visit

    by = User.objects.order_by("pk")[0]
    keep_date(Visit.objects.get(pk=pk).requests.get(), answer="No other day.", at=AT, by=by)


def book(pk: int, place: int) -> None:
    """The coordinator offers another city an overlapping time of the same host.

    In every other round it is the date that an acceptance frees in the same moment.
    """
    from visits.domain.proposals import propose_dates
    from visits.models import Visit, VisitRequest

    visit = Visit.objects.select_related("host").get(pk=pk)
    number = int(visit.host.ref[1:])
    start = AT + timedelta(days=3 + number % 2, hours=1)
    propose_dates(
        VisitRequest.objects.get(ref=f"N{500 + number}"),
        host=visit.host,
        mode="on_site",
        slots=[(start, start + LENGTH)],
        expires_at=DEADLINE,
        at=AT,
    )


def opened(pk: int):
    """A browser that stands on the city's private page."""
    from django.conf import settings
    from django.test import Client

    from visits.domain.links import make_link, token_of
    from visits.models import Visit

    # Set-up that the test runner otherwise makes: the name the client calls itself by.
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    browser = Client()
    link = make_link(Visit.objects.get(pk=pk).requests.get())
    assert browser.get(f"/en/visit/r/{token_of(link)}/").status_code == 302
    return browser


def press(browser, path: str, values: dict) -> str:
    """Send a form of the private page: done when it leads on, refused when it says why not."""
    answer = browser.post(f"/en/visit/mine/{path}/", values)
    assert answer.status_code in (302, 400, 409), answer.status_code
    return "done" if answer.status_code == 302 else "refused"


def press_accept(browser, pk: int, place: int) -> str:
    from visits.models import Hold, Visit

    hold = Hold.objects.filter(visit=pk).order_by("rank")[place]
    ref = Visit.objects.get(pk=pk).requests.get().ref
    return press(browser, "accept", {"ref": ref, "hold": hold.pk, "place": "Town hall"})


def press_withdraw(browser, pk: int, place: int) -> str:
    from visits.models import Visit

    ref = Visit.objects.get(pk=pk).requests.get().ref
    return press(browser, "withdraw", {"ref": ref, "reference": ref})


PRESSES = {"press_accept": press_accept, "press_withdraw": press_withdraw}
VERBS = {
    "accept": accept,
    "withdraw": withdraw,
    "expire": expire,
    "book": book,
    "undo": undo,
    "free": free,
    "ask": ask,
    "stay": stay,
    "keep": keep,
}
# Each story is: state of the request, of its first visit, how many visits live, active reservations
# of all its visits, accepted holds of the first.
AGREED = ("scheduled", "tentative", 1, 1, 1)
UNDONE = ("scheduled", "cancelled", 1, 1, 1)
ALLOWED = {
    "accept-accept": {AGREED},
    "accept-withdraw": {
        ("withdrawn", "cancelled", 0, 0, 0),
        # Accepted first, then withdrawn: the agreed time is kept for an undo.
        ("withdrawn", "cancelled", 0, 1, 1),
        AGREED,
    },
    # As above; on the page the city also says where to meet, which confirms the visit.
    "press_accept-press_withdraw": {
        ("withdrawn", "cancelled", 0, 0, 0),
        ("withdrawn", "cancelled", 0, 1, 1),
        AGREED,
        ("scheduled", "confirmed", 1, 1, 1),
    },
    "press_accept-press_accept": {AGREED, ("scheduled", "confirmed", 1, 1, 1)},
    "accept-expire": {AGREED, ("expired", "cancelled", 0, 0, 0)},
    "accept-book": {AGREED},
    "undo-undo": {UNDONE},
    "undo-expire": {UNDONE, ("under_review", "cancelled", 0, 0, 1)},
    "undo-free": {UNDONE, ("under_review", "cancelled", 0, 0, 1)},
    "undo-book": {UNDONE},
    "ask-ask": {AGREED},
    "ask-withdraw": {("withdrawn", "cancelled", 0, 1, 1)},
    "stay-keep": {AGREED},
}


def faults_of(pk: int, kind: str) -> list[str]:
    """What does not fit together in the rows of one proposal."""
    from visits.models import Reservation, Visit

    visit = Visit.objects.get(pk=pk)
    request = visit.requests.get()
    mine = request.visits.all()
    story = (
        request.state,
        visit.state,
        mine.live().count(),
        Reservation.objects.active().filter(visit__in=mine).count(),
        visit.holds.exclude(accepted_at=None).count(),
    )
    return [] if story in ALLOWED[kind] else [f"{visit.ref}: {story}"]


def broken_rules() -> list[str]:
    """What breaks a rule whoever won: hosts taken twice, scheduled requests without one visit."""
    from visits.models import Reservation, VisitRequest

    rows = list(Reservation.objects.active().order_by("resource", "starts_at"))
    broken = [
        f"{one} overlaps {other}"
        for one, other in zip(rows, rows[1:], strict=False)
        if one.resource == other.resource and one.ends_at > other.starts_at
    ]
    for request in VisitRequest.objects.filter(state="scheduled"):
        if (live := request.visits.live().count()) != 1:
            broken.append(f"{request.ref} has {live} live visits")
        receipts = request.messages.filter(subject__endswith="you asked for another date").count()
        if receipts > 1:
            broken.append(f"{request.ref} has {receipts} receipts of one wish")
    return broken


if __name__ == "__main__":
    main()
