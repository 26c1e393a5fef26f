"""What the worker looks after on every round; each part may run twice and loses nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from crm import clock
from crm.domain import outbox
from crm.models import IdempotencyKey, RateHit, WorkerBeat
from visits.domain import planning_runs, verification
from visits.domain.proposals import expire_proposals
from visits.domain.risks import refresh_risks

KEEP_KEYS = timedelta(days=2)


def one_round(*, worker: str, stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Expire proposals, forget unverified forms, plan what was asked, send mail; counts by part."""
    WorkerBeat.objects.update_or_create(name=worker, defaults={"at": timezone.now()})
    at: datetime = clock.now()
    done = {
        "expired": expire_proposals(at=at),
        "risks": len(refresh_risks(at=at)),
        "forgotten": verification.purge_unverified(at=timezone.now()),
        "planned": planning_runs.work_off(stop=stop),
        "sent": outbox.send_due(stop=stop),
    }
    before = timezone.now() - KEEP_KEYS
    IdempotencyKey.objects.filter(at__lt=before).delete()
    RateHit.objects.filter(at__lt=before).delete()
    return done
