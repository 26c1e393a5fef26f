"""The one place where a host's time is reserved.

Lock first, re-check, write, and let the database's overlap guard have the last word. The lock
keeps losers polite (no deadlocks, no "locked" errors); the guard keeps everybody honest.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.working_time import add_working_days
from visits.faults import fault_point
from visits.models import Campaign, Hold, Reservation, Visit

# A visit keeps its host for half an hour after its end.
BUFFER = timedelta(minutes=30)
# A cancelled visit keeps its time so long, so that the cancellation can be undone.
UNDO_WITHIN = timedelta(hours=24)
LOCK_WAIT = "3s"


class SlotTaken(Exception):
    """Somebody else has the host's time; `sentence` says so, `clash` is the row in the way."""

    def __init__(self, sentence: str, clash: Reservation | None = None):
        super().__init__(sentence)
        self.sentence = sentence
        self.clash = clash


class Busy(Exception):
    """Another booking took too long; nothing was written, trying again is safe."""


def lock_resources(resources: Iterable[str]) -> None:
    """Take the locks of the resources, always in the same order; held until the transaction ends.

    On SQLite the transaction itself (BEGIN IMMEDIATE) is the lock.
    """
    if not connection.in_atomic_block:
        raise ValueError("Locks are taken inside a transaction.")
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        for resource in sorted(set(resources)):
            try:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [resource])
            except OperationalError as error:
                raise Busy(_("Somebody is booking at this moment; try again.")) from error


def reserve(
    visit: Visit, *, starts_at: datetime, ends_at: datetime, resource: str | None = None
) -> Reservation:
    """Reserve the visit's host for `[starts_at, ends_at + 30 min)`, inside a transaction.

    Raises SlotTaken when an active reservation shares that time. The caller has taken the lock.
    """
    wanted = resource or visit.host.resource
    until = ends_at + BUFFER
    clash = Reservation.objects.overlapping(wanted, starts_at, until).first()
    fault_point("after-check")
    if clash is not None:
        raise SlotTaken(_taken_sentence(clash), clash)
    try:
        with transaction.atomic():
            return Reservation.objects.create(
                resource=wanted,
                starts_at=starts_at,
                ends_at=until,
                visit=visit,
                is_sample=visit.is_sample,
            )
    except DatabaseError as error:
        if is_overlap(error):
            raise SlotTaken(_("This slot was taken just now; choose another time.")) from error
        raise


def is_overlap(error: DatabaseError) -> bool:
    """Whether the overlap guard of either database spoke."""
    return isinstance(error, IntegrityError) and "reservation_overlap" in str(error)


def _taken_sentence(clash: Reservation) -> str:
    zone = clash.visit.zone if clash.visit else "UTC"
    if clash.visit and (until := clash.kept_until):
        return _(
            "This slot is kept for the cancelled visit %(ref)s until %(until)s, should that be "
            "undone; free it on the visit's page or choose another time."
        ) % {"ref": clash.visit.ref, "until": wording.local_time(until, clash.visit.campaign.zone)}
    return _("This slot was taken by another visit on %(when)s; choose another time.") % {
        "when": wording.local_time(clash.starts_at, zone)
    }


def hold_slot(
    visit: Visit,
    *,
    starts_at: datetime,
    ends_at: datetime,
    rank: int,
    expires_at: datetime,
) -> Hold:
    """Reserve one offered slot of a proposal until it expires."""
    return Hold.objects.create(
        visit=visit,
        reservation=reserve(visit, starts_at=starts_at, ends_at=ends_at),
        starts_at=starts_at,
        ends_at=ends_at,
        rank=rank,
        expires_at=expires_at,
        is_sample=visit.is_sample,
    )


def free(visit: Visit, *, keep: Hold | None = None) -> int:
    """Give back every reserved time of the visit but that of `keep`; the number freed."""
    rows = Reservation.objects.active().filter(visit=visit)
    if keep is not None:
        rows = rows.exclude(pk=keep.reservation_id)
    return rows.update(active=False)


def keep(visit: Visit, *, at: datetime) -> None:
    """Keep the agreed time of a cancelled visit as a hold, for a day or until it would have begun.

    Dates that were only on offer are given back: nobody had agreed to them.
    """
    rows = Reservation.objects.active().filter(visit=visit)
    until = min(at + UNDO_WITHIN, visit.starts_at)
    if until <= at or rows.filter(hold__accepted_at=None, hold__isnull=False).exists():
        rows.update(active=False)
        return
    for row in rows:
        Hold.objects.update_or_create(
            reservation=row,
            defaults={"expires_at": until},
            create_defaults={
                "visit": visit,
                "starts_at": visit.starts_at,
                "ends_at": visit.ends_at,
                "expires_at": until,
                "accepted_at": visit.confirmed_at or at,
                "is_sample": visit.is_sample,
            },
        )


def hold_until(campaign: Campaign, at: datetime, *, before: datetime | None = None) -> datetime:
    """When an offer made at `at` ends: at the office's closing time some working days later, but
    at the latest on the evening before its first date begins, `before`.

    For a date so near that this evening is over, an hour before it begins.
    """
    zone = ZoneInfo(campaign.zone)
    day = add_working_days(at.astimezone(zone).date(), campaign.hold_days)
    usual = datetime.combine(day, campaign.office_closes, zone)
    if before is None:
        return usual
    day_before = before.astimezone(zone).date() - timedelta(days=1)
    evening = datetime.combine(day_before, campaign.office_closes, zone)
    return min(usual, evening if evening > at else before - timedelta(hours=1))
