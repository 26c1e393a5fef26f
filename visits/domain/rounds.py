"""What the worker looks after on every round; each part may run twice and loses nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from crm import clock
from crm.domain import outbox
from crm.models import IdempotencyKey, RateHit, WorkerBeat
from visits.domain import busy_feeds, planning_runs, verification
from visits.domain.cancellations import free_expired_slots
from visits.domain.disruptions import mark_visits
from visits.domain.proposals import expire_proposals
from visits.models import Visit
from visits.models.requests import Mode

KEEP_KEYS = timedelta(days=2)


def one_round(*, worker: str, stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Expire proposals, free what cancelled visits kept, forget unverified forms, plan what was
    asked, send mail, read hosts' calendars; counts by part."""
    WorkerBeat.objects.update_or_create(name=worker, defaults={"at": timezone.now()})
    at: datetime = clock.now()
    upcoming = (
        Visit.objects.upcoming(at).exclude(mode=Mode.ONLINE).select_related("place", "host__home")
    )
    done = {
        "expired": expire_proposals(at=at),
        "freed": free_expired_slots(at=at),
        "at risk": len(mark_visits(upcoming, at=at, by=None)),
        "forgotten": verification.purge_unverified(at=timezone.now()),
        "planned": planning_runs.work_off(stop=stop),
        "sent": outbox.send_due(stop=stop),
        "read": busy_feeds.read_due(),
    }
    before = timezone.now() - KEEP_KEYS
    IdempotencyKey.objects.filter(at__lt=before).delete()
    RateHit.objects.filter(at__lt=before).delete()
    return done
