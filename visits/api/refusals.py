"""What booking refuses, as problem details: a taken slot is 409, a busy calendar 503."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm.api.problems import Problem
from visits.domain.booking import BUFFER, Busy, SlotTaken
from visits.domain.busy_feeds import feeds_of, unknown_time
from visits.domain.reach import Reach, best_of_half_days
from visits.domain.slots import weigh_move, weigh_slot
from visits.models import Host, Reservation, Visit, VisitRequest

MOST_OTHERS = 3

Slot = tuple[datetime, datetime]


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """SlotTaken becomes 409 with what is in the way, Busy 503."""
    try:
        yield
    except SlotTaken as taken:
        raise Problem(409, str(taken), taken=_taken(taken.clash)) from taken
    except Busy as busy:
        raise Problem(503, str(busy)) from busy


def _taken(clash: Reservation | None) -> dict[str, Any]:
    if clash is None:
        return {}
    return {
        "starts_at": clash.starts_at.isoformat(),
        "ends_at": clash.ends_at.isoformat(),
        "visit": clash.visit.ref if clash.visit else None,
    }


def refuse_taken_slots(
    request: VisitRequest, host: Host, mode: str, slots: Sequence[Slot], *, at: datetime
) -> None:
    """409 with other times when the host's time is gone already."""
    for starts_at, ends_at in slots:
        clash = Reservation.objects.overlapping(host.resource, starts_at, ends_at + BUFFER)
        row = clash.select_related("visit").first()
        if row is not None:
            raise Problem(
                409,
                _("This slot was taken by another visit; choose another time."),
                taken=_taken(row),
                other_times=other_times(request, host, mode, ends_at - starts_at, at=at),
            )


def other_times(
    request: VisitRequest, host: Host, mode: str, length: timedelta, *, at: datetime
) -> list[dict[str, str]]:
    """Up to three times of the same length that the host can reach, soonest first; none of which
    nobody knows whether the host is free."""
    reach = Reach(request, at=at, mode=mode, minutes=int(length.total_seconds() // 60))
    feeds = feeds_of([host])
    known = [
        slot
        for slot in reach.slots(host)
        if not unknown_time(host, [(slot.starts_at, slot.ends_at)], feeds=feeds)
    ]
    slots = sorted(best_of_half_days(known), key=lambda slot: slot.starts_at)
    zone = ZoneInfo(request.zone)
    return [
        {
            "starts_at": slot.starts_at.astimezone(zone).isoformat(),
            "ends_at": slot.ends_at.astimezone(zone).isoformat(),
        }
        for slot in slots[:MOST_OTHERS]
    ]


def refuse_broken_rules(
    request: VisitRequest, host: Host, mode: str, slots: Sequence[Slot], *, at: datetime
) -> None:
    """422 with every hard rule the slots break, and what else speaks against them."""
    rules, reaches = [], {}
    for starts_at, ends_at in slots:
        minutes = int((ends_at - starts_at).total_seconds() // 60)
        reach = reaches.setdefault(
            minutes, Reach(request, at=at, mode=mode, minutes=max(minutes, 1))
        )
        verdict = weigh_slot(
            request,
            host=host,
            mode=mode,
            starts_at=starts_at,
            ends_at=ends_at,
            at=at,
            reach=reach,
        )
        if verdict.hard:
            rules.append(
                {
                    "starts_at": starts_at.isoformat(),
                    "hard": [str(words) for words in verdict.hard],
                    "soft": [str(words) for words in verdict.soft],
                }
            )
    if rules:
        sentence = _("These dates break a rule; choose others or give an override_reason.")
        raise Problem(422, sentence, rules=rules)


def refuse_broken_move(visit: Visit, *, at: datetime, **where: Any) -> None:
    """422 with the hard rules against an agreed visit there, and what else speaks against it."""
    verdict = weigh_move(visit, at=at, **where)
    if verdict.hard:
        sentence = _("This time breaks a rule; choose another or give an override_reason.")
        rule = {"starts_at": where["starts_at"].isoformat(), "hard": verdict.hard}
        raise Problem(422, sentence, rules=[rule | {"soft": verdict.soft}])
