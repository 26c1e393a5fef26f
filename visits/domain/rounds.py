"""What the worker looks after on every round; each part may run twice and loses nothing."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from crm import clock
from crm.domain import duplicates, free_space, outbox
from crm.domain.imports import batches
from crm.models import IdempotencyKey, RateHit, WorkerBeat
from visits.domain import (
    busy_feeds,
    digests,
    import_news,
    pack_runs,
    planning_runs,
    verification,
)
from visits.domain.briefing import settle_upcoming
from visits.domain.cancellations import free_expired_slots
from visits.domain.disruptions import mark_visits
from visits.domain.inbox import rounds as inbox
from visits.domain.proposals import expire_proposals
from visits.domain.reminders import remind
from visits.models import Visit
from visits.models.requests import Mode

log = logging.getLogger(__name__)

KEEP_KEYS = timedelta(days=2)
# Steps of a visit weigh its briefs at once; this is for what changes elsewhere.
PAUSES = {"briefs": 60.0, "digests": 60.0, "compared": 10.0, "inbox": 60.0, "reminded": 60.0}
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 2.0, 600.0


class Rests:
    """The parts of a round that failed: each is left alone for a while, longer every time."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def is_resting(self, part: str) -> bool:
        return time.monotonic() < self._until.get(part, 0)

    def failed(self, part: str) -> None:
        """Let `part` rest; it counts as failing until it has worked once."""
        rest = min(self._seconds.get(part, FIRST_REST_SECONDS / 2) * 2, LONGEST_REST_SECONDS)
        self._seconds[part], self._until[part] = rest, time.monotonic() + rest

    def worked(self, part: str) -> None:
        self._seconds.pop(part, None)
        self._until.pop(part, None)

    def pause(self, part: str) -> None:
        """Leave a part that need not be done on every round alone for its while."""
        if part in PAUSES:
            self._until[part] = time.monotonic() + PAUSES[part]

    @property
    def failing(self) -> list[str]:
        """The parts that did not work when they were last tried."""
        return list(self._seconds)


def one_round(
    *, worker: str, stop: Callable[[], bool] = lambda: False, rests: Rests | None = None
) -> dict[str, int]:
    """Expire proposals, free what cancelled visits kept, forget unverified forms, plan, import
    and print what was asked, remind of visits and promises, send mail, read the mailbox and hosts'
    calendars, forget old keys, look for people recorded twice, send Monday's digests, weigh kept
    briefs; counts by part.

    A part that fails is logged and left out of the counts, and the others go on. `rests` remembers
    such parts between the rounds of one worker; the health page names them.
    """
    rests = rests or Rests()
    _beat(worker, rests.failing)
    before = list(rests.failing)
    at: datetime = clock.now()
    done = {}
    for part, run in _parts(at, stop).items():
        if rests.is_resting(part):
            continue
        try:
            done[part] = run()
        except Exception:
            log.exception("The worker could not do its part “%s”.", part)
            rests.failed(part)
        else:
            rests.worked(part)
            rests.pause(part)
    if rests.failing != before:
        _beat(worker, rests.failing)
    return done


def _parts(at: datetime, stop: Callable[[], bool]) -> dict[str, Callable[[], int]]:
    return {
        "expired": lambda: expire_proposals(at=at),
        "freed": lambda: free_expired_slots(at=at),
        "at risk": lambda: _mark_visits(at),
        "forgotten": lambda: verification.purge_unverified(at=timezone.now()),
        "planned": lambda: planning_runs.work_off(stop=stop),
        "imported": lambda: batches.work_off(
            stop=stop, tell=lambda batch: import_news.tell_result(batch, at=at)
        ),
        "packed": lambda: pack_runs.work_off(stop=stop),
        "reminded": lambda: remind(at=at, stop=stop),
        "sent": lambda: outbox.send_due(stop=stop),
        "inbox": lambda: inbox.work_off(at=at, stop=stop),
        "read": busy_feeds.read_due,
        "keys": _forget_keys,
        "compared": lambda: duplicates.work_off(stop=stop),
        "digests": lambda: digests.send_digests(at=at),
        "briefs": lambda: settle_upcoming(at=at),
        "wiped": free_space.finish_wiping,
    }


def _beat(worker: str, failing: list[str]) -> None:
    values = {"at": timezone.now(), "failing": ", ".join(failing)}
    WorkerBeat.objects.update_or_create(name=worker, defaults=values)


def _mark_visits(at: datetime) -> int:
    upcoming = Visit.objects.upcoming(at).exclude(mode=Mode.ONLINE)
    return len(mark_visits(upcoming.select_related("place", "host__home"), at=at, by=None))


def _forget_keys() -> int:
    before = timezone.now() - KEEP_KEYS
    kept = (IdempotencyKey.objects.filter(at__lt=before), RateHit.objects.filter(at__lt=before))
    return sum(rows.delete()[0] for rows in kept)
