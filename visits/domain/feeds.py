"""A host's calendar address: made by the host, revocable, known to us only by its hash.

Behind it stand the visits as they are, the dates on offer, and the journeys between them. What was
told under each UID is remembered, so that a change is numbered and nothing else changes the text.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from crm import clock
from crm.domain.audit import record
from crm.models import User
from visits import host_calendar
from visits.domain.booking import lock_resources
from visits.domain.journeys import Journey, journeys_of
from visits.domain.links import hash_of
from visits.host_calendar import Stamp
from visits.late import icalendar
from visits.models import CalendarFeed, FeedEntry, Hold, Host, Visit
from visits.states import HELD_VISITS, LIVE_VISITS, VisitState

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=90)
# How far ahead a journey is told whose visit is gone, but which somebody booked.
LOOK_AHEAD = timedelta(days=366)
# How long an entry that ended or went away is still told as cancelled.
TELL_CANCELLED = timedelta(days=30)


@transaction.atomic
def renew_feed(
    host: Host, *, with_details: bool = True, at: datetime, by: User | None = None
) -> str:
    """End the host's old calendar address and give a new one, shown this once."""
    CalendarFeed.objects.filter(host=host, revoked_at=None).update(revoked_at=timezone.now())
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        host=host, token_hash=hash_of(token), with_details=with_details
    )
    record(feed, "renew_feed", at=at, by=by, fields=["token_hash", "with_details"])
    return settings.SITE_URL + reverse("visits:calendar-feed", args=[token])


def find_feed(token: str) -> CalendarFeed | None:
    """The feed of a token, unless it was revoked or its host may no longer sign in."""
    feed = (
        CalendarFeed.objects.filter(token_hash=hash_of(token), revoked_at=None)
        .select_related("host__user", "host__home")
        .first()
    )
    if feed is None or (feed.host.user and not feed.host.user.is_active):
        return None
    return feed


def feed_text(feed: CalendarFeed) -> str:
    """The host's visits, dates on offer and journeys as iCalendar text.

    A bad record never takes others along. The text stays the same, to the letter, until something
    in it changes.
    """
    at = clock.now()
    with override(settings.LANGUAGE_CODE):
        entries = _entries(feed, at)
        told = _remember(feed.host, entries, at)
        events = [(entry.event, _stamp(told[entry.uid])) for entry in entries]
        events += [
            (host_calendar.cancelled_entry(row.uid, row.starts_at, row.ends_at), _stamp(row))
            for row in sorted(told.values(), key=lambda row: row.uid)
            if row.gone_at is not None
        ]
        return host_calendar.feed_text(events, name=feed.host.name)


def _stamp(row: FeedEntry) -> Stamp:
    return Stamp(row.sequence, row.changed_at)


@dataclass(frozen=True)
class Entry:
    """One entry before it is stamped; visits bring the number of their changes along."""

    event: icalendar.Event
    starts_at: datetime
    ends_at: datetime
    sequence: int | None = None

    @property
    def uid(self) -> str:
        return str(self.event["UID"])

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.event.to_ical()).hexdigest()


def _entries(feed: CalendarFeed, at: datetime) -> list[Entry]:
    details = feed.with_details
    visits = _visits(feed.host, at)
    live = [visit for visit in visits if visit.state in LIVE_VISITS | HELD_VISITS]
    entries = [
        _written(
            partial(host_calendar.visit_entry, visit, at=at, with_details=details),
            (visit.starts_at, visit.ends_at),
            name=visit.ref,
            sequence=visit.ics_sequence,
        )
        for visit in visits
    ]
    entries += [
        _written(
            partial(host_calendar.offer_entry, hold),
            (hold.starts_at, hold.ends_at),
            name=f"a date offered to {hold.visit.ref}",
        )
        for hold in _offers(feed.host)
    ]
    entries += [
        _written(
            partial(host_calendar.journey_entry, journey, at=at, with_details=details),
            (journey.departs_at, journey.arrives_at),
            name="a journey",
        )
        for journey in _journeys(feed.host, live, at)
    ]
    by_uid = {entry.uid: entry for entry in entries if entry is not None}
    return sorted(by_uid.values(), key=lambda entry: (entry.starts_at, entry.uid))


def _written(
    write: Callable[[], icalendar.Event],
    times: tuple[datetime, datetime],
    *,
    name: str,
    sequence: int | None = None,
) -> Entry | None:
    """The entry, or None for a record that cannot be written; the others go on without it."""
    try:
        return Entry(write(), *times, sequence)
    except (ValueError, KeyError) as error:
        log.warning("A calendar feed leaves out %s (%s).", name, type(error).__name__)
        return None


def _visits(host: Host, at: datetime) -> list[Visit]:
    """One visit per UID, the newest: a date that was moved goes on under the name it had."""
    told = Q(state__in=LIVE_VISITS | HELD_VISITS) | Q(ends_at__gt=at)
    told |= Q(state_since__gte=at - TELL_CANCELLED)
    rows = (
        Visit.objects.filter(told, host=host, ends_at__gte=at - LOOK_BACK)
        .select_related("host", "campaign", "municipality", "place")
        .order_by("ics_sequence", "pk")
    )
    return list({visit.ics_uid or visit.ref: visit for visit in rows}.values())


def _offers(host: Host) -> list[Hold]:
    """Dates on offer beside the first one, which is that of the visit itself."""
    rows = Hold.objects.live().filter(
        visit__host=host, visit__state=VisitState.TENTATIVE, accepted_at=None
    )
    beside = rows.exclude(starts_at=F("visit__starts_at"))
    return list(beside.select_related("visit__campaign").order_by("starts_at"))


def _journeys(host: Host, visits: list[Visit], at: datetime) -> list[Journey]:
    """The journeys that were booked or entered, and the estimates that can be made in time."""
    try:
        told = journeys_of(host, visits, span=(at - LOOK_BACK, at + LOOK_AHEAD))
        return [journey for journey in told if journey.is_firm or not journey.is_in_vain]
    except (ValueError, KeyError) as error:
        log.warning("Journeys of %s cannot be estimated (%s).", host.ref, type(error).__name__)
        return []


@dataclass
class Changes:
    """What differs between the entries and what was told before."""

    new: list[FeedEntry] = field(default_factory=list)
    changed: list[FeedEntry] = field(default_factory=list)
    forgotten: list[FeedEntry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.forgotten)


def _remember(host: Host, entries: list[Entry], at: datetime) -> dict[str, FeedEntry]:
    """What is told under each UID, numbered; written only when something changed."""
    told = _told(host)
    if _compare(host, told, entries, at):
        with transaction.atomic():
            lock_resources([f"feed:{host.ref}"])
            told = _told(host)
            _store(_compare(host, told, entries, at))
        told = _told(host)
    return told


def _told(host: Host) -> dict[str, FeedEntry]:
    return {row.uid: row for row in FeedEntry.objects.filter(host=host)}


def _compare(host: Host, told: dict[str, FeedEntry], entries: list[Entry], at: datetime) -> Changes:
    changes = Changes()
    for entry in entries:
        row = told.get(entry.uid)
        if row is None:
            row = FeedEntry(host=host, uid=entry.uid, sequence=entry.sequence or 0)
            changes.new.append(row)
        elif row.digest == entry.digest and (entry.sequence or 0) <= row.sequence:
            continue
        else:
            row.sequence = max(entry.sequence or 0, row.sequence + 1)
            changes.changed.append(row)
        row.digest, row.changed_at, row.gone_at = entry.digest, at, None
        row.starts_at, row.ends_at = entry.starts_at, entry.ends_at
    current = {entry.uid for entry in entries}
    for row in (row for uid, row in told.items() if uid not in current):
        if row.gone_at is None and row.ends_at > at:
            row.sequence, row.digest = row.sequence + 1, ""
            row.changed_at = row.gone_at = at
            changes.changed.append(row)
        elif row.gone_at is None or row.gone_at < at - TELL_CANCELLED:
            changes.forgotten.append(row)
    return changes


def _store(changes: Changes) -> None:
    FeedEntry.objects.bulk_create(changes.new)
    fields = ["digest", "sequence", "starts_at", "ends_at", "changed_at", "gone_at"]
    FeedEntry.objects.bulk_update(changes.changed, fields)
    FeedEntry.objects.filter(pk__in=[row.pk for row in changes.forgotten]).delete()
