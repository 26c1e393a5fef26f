"""Hosts' own calendars, read from private addresses: only when they are busy is kept.

What cannot be read is unknown, never free. The last good copy stays busy; for a while it also says
when a host is free, as long as only the way to the server is disturbed. After that, and at once
when the calendar itself cannot be read, new dates need a reason. What is agreed stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, wording
from crm.domain.audit import record
from crm.fetch import Answer, FetchFault, Limits, check_reach, check_url, fetch
from crm.fetch import sentence_of as fetch_sentence
from crm.models import User
from visits.busy_calendar import Span, Unreadable, read_apart
from visits.domain.booking import lock_resources
from visits.models import BusyFeed, Campaign, FeedEntry, Host, HostAvailability, Visit

MOST_FEEDS = 5
READ_EVERY = timedelta(minutes=30)
RETRY_AFTER = [timedelta(minutes=wait) for wait in (2, 5, 15, 30, 60)]
# How long a feed that is being read is nobody else's.
LEASE = timedelta(minutes=5)
LIMITS = Limits(seconds=20.0, size=2_000_000)
# A round of the worker reads so many calendars, so that mail does not wait for slow servers.
IN_ONE_ROUND = 3
LOOK_BACK, LOOK_AHEAD = timedelta(days=8), timedelta(days=90)
AFTER_THE_CAMPAIGN, LONGEST_LOOK = timedelta(days=8), timedelta(days=550)

# Faults of the way to the server: they pass, and the last good copy still counts.
PASSING = frozenset({"unreachable", "too_slow", "unknown_name"})
PASSING_STATUS = frozenset({"408", "425", "429"})

UNREADABLE: dict[str, str | Promise] = {
    "not_calendar": gettext_lazy(
        "What stands at this address is no calendar; a page to sign in, perhaps."
    ),
    "broken_off": gettext_lazy("The calendar breaks off in the middle."),
    "entry": gettext_lazy("An entry of the calendar cannot be read."),
    "zone": gettext_lazy("The calendar names a time zone nobody knows."),
    "too_many": gettext_lazy("The calendar holds more entries than can be read."),
    "too_heavy": gettext_lazy("The calendar takes too much work to read."),
}


REFUSED: dict[str, str | Promise] = {
    "inside": gettext_lazy(
        "This address leads into a private network, where we do not read; use the one that your "
        "calendar gives out for subscribing from anywhere."
    ),
    "name": gettext_lazy(
        "No server can have the name in this address; copy it anew from your calendar."
    ),
    "password": gettext_lazy(
        "This address holds a name or password before the @; use the private address that your "
        "calendar gives out, which needs none."
    ),
    "port": gettext_lazy(
        "This address names a port where no calendar is read; leave it out, or use one above 1023."
    ),
    "": gettext_lazy(
        "This is not a calendar's private address; it starts with https:// and usually ends with "
        ".ics."
    ),
}


def address_of(typed: str) -> str:
    """The https address of a calendar, as calendars hand it out (webcal is https as well).

    Raises ValidationError, before any calendar is asked, when it can never be read.
    """
    address = typed.strip()
    scheme, sign, rest = address.partition("://")
    if sign and scheme.lower() in ("webcal", "webcals"):
        address = f"https://{rest}"
    try:
        check_url(address)
        check_reach(address)
    except FetchFault as fault:
        words = REFUSED.get(fault.detail or fault.code, REFUSED[""])
        raise ValidationError({"url": str(words)}) from fault
    return address


def add_busy_feed(host: Host, url: str, *, at: datetime, by: User | None) -> BusyFeed:
    """Read a host's own calendar from now on; until it was read, its times are unknown."""
    # Asked before the transaction begins: a name server may take its time.
    return _add_address(host, address_of(url), at=at, by=by)


@transaction.atomic
def _add_address(host: Host, address: str, *, at: datetime, by: User | None) -> BusyFeed:
    lock_resources([host.resource])
    known = list(host.busy_feeds.all())
    if any(feed.url == address for feed in known):
        raise ValidationError({"url": _("This calendar is read already.")})
    if len(known) >= MOST_FEEDS:
        raise ValidationError(
            {"url": _("%(n)d calendars are read already; remove one first.") % {"n": len(known)}}
        )
    now = timezone.now()
    feed = BusyFeed.objects.create(host=host, url=address, added_at=now, next_try_at=now)
    record(feed, "add_busy_feed", at=at, by=by, fields=["host", "url"])
    return feed


@transaction.atomic
def remove_busy_feed(feed: BusyFeed, *, at: datetime, by: User | None) -> None:
    """Forget a calendar and every busy time that came from it."""
    record(feed, "remove_busy_feed", at=at, by=by, fields=["host", "url"])
    feed.delete()


def ask_to_read(feed: BusyFeed) -> None:
    """Let the worker read the calendar at its next look, whatever the pause was."""
    BusyFeed.objects.filter(pk=feed.pk).update(next_try_at=timezone.now())


# --- What a feed knows ---


def stale_after() -> timedelta:
    """How old the last good copy may be before nobody knows when the host is free."""
    return timedelta(hours=settings.CALENDAR_STALE_HOURS)


def unknown_since(feed: BusyFeed, now: datetime) -> datetime | None:
    """Since when nobody knows what stands in the calendar; None while it is known.

    `now` is real time, as all moments of reading are.
    """
    if feed.good_at is None:
        return feed.added_at
    if feed.fault and not _passes(feed):
        return feed.good_at
    return feed.good_at if now - feed.good_at > stale_after() else None


def _passes(feed: BusyFeed) -> bool:
    is_status = feed.fault == "status" and (
        feed.fault_detail.startswith("5") or feed.fault_detail in PASSING_STATUS
    )
    return is_status or feed.fault in PASSING


def fault_sentence(feed: BusyFeed) -> str:
    """Why the last reading failed, in words; empty when it did not."""
    if not feed.fault:
        return ""
    if feed.fault == "zone":
        return _("The calendar names a time zone nobody knows: %(zone)s.") % {
            "zone": feed.fault_detail
        }
    if feed.fault in UNREADABLE:
        return str(UNREADABLE[feed.fault])
    return fetch_sentence(feed.fault, feed.fault_detail)


def unknown_sentence(feed: BusyFeed, now: datetime) -> str:
    """That the calendar is unknown, since when and why; empty while it is known."""
    since = unknown_since(feed, now)
    if since is None:
        return ""
    if feed.good_at is None:
        words = _("The calendar of %(host)s at %(site)s has not been read yet.")
    else:
        words = _("The calendar of %(host)s at %(site)s is unknown since %(since)s.")
    sentence = words % {
        "host": feed.host.name,
        "site": feed.site,
        "since": wording.local_time(since, feed.host.zone),
    }
    return " ".join(part for part in (sentence, fault_sentence(feed)) if part)


def unknown_calendars(hosts: Iterable[Host]) -> list[str]:
    """A sentence for every calendar of these hosts that nobody knows at the moment."""
    now = timezone.now()
    feeds = chain.from_iterable(feeds_of(hosts).values())
    return [words for feed in feeds if (words := unknown_sentence(feed, now))]


def feeds_of(hosts: Iterable[Host]) -> dict[int, list[BusyFeed]]:
    """The hosts' own calendars, by the number of the host: read once to ask about many times."""
    found: dict[int, list[BusyFeed]] = {}
    chosen = hosts if isinstance(hosts, QuerySet) else list(hosts)
    for feed in BusyFeed.objects.filter(host__in=chosen).select_related("host"):
        found.setdefault(feed.host_id, []).append(feed)
    return found


def unknown_time(
    host: Host, slots: Sequence[Span], *, feeds: dict[int, list[BusyFeed]] | None = None
) -> list[str]:
    """Why nobody knows whether the host is free at one of these times, as sentences."""
    now, found = timezone.now(), []
    for feed in (feeds_of([host]) if feeds is None else feeds).get(host.pk, ()):
        if words := unknown_sentence(feed, now):
            found.append(_("%(why)s Dates are unconfirmed.") % {"why": words})
        elif feed.known_until is not None and any(end > feed.known_until for _start, end in slots):
            until = wording.local_time(feed.known_until, host.zone)
            found.append(
                _("The calendar of %(host)s is known until %(until)s only; dates are unconfirmed.")
                % {"host": host.name, "until": until}
            )
    return found


def refuse_unknown_time(host: Host, slots: Sequence[Span], *, override_reason: str) -> None:
    """Raise ValidationError when nobody knows whether the host is free, and no reason is given."""
    if not override_reason.strip() and (why := unknown_time(host, slots)):
        raise ValidationError(why, code="calendar_unknown")


@dataclass(frozen=True)
class FeedState:
    """One feed as a page shows it."""

    feed: BusyFeed
    spans: int
    fault: str
    unknown_since: datetime | None
    touched: list[Visit]


def states_of(feeds: QuerySet[BusyFeed], *, at: datetime) -> list[FeedState]:
    """The feeds with what they know from `at` on; `touched` are visits in their busy time."""
    now = timezone.now()
    counted = feeds.select_related("host").annotate(span_count=Count("spans"))
    rows = list(counted.order_by("host__ref", "pk"))
    touched = _touched(rows, at)
    return [
        FeedState(
            feed=feed,
            spans=feed.span_count,
            fault=fault_sentence(feed),
            unknown_since=unknown_since(feed, now),
            touched=touched.get(feed.pk, []),
        )
        for feed in rows
    ]


def _touched(feeds: Sequence[BusyFeed], at: datetime) -> dict[int, list[Visit]]:
    """Live visits to come that fall into the busy time of each feed; a person decides."""
    spans: dict[int, list[HostAvailability]] = {}
    ahead = HostAvailability.objects.filter(feed__in=feeds, ends_at__gt=at)
    for span in ahead:
        spans.setdefault(span.feed_id or 0, []).append(span)
    visits = Visit.objects.filter(host__in={feed.host_id for feed in feeds}).upcoming(at)
    found: dict[int, list[Visit]] = {}
    for visit in visits:
        for feed in feeds:
            if feed.host_id == visit.host_id and any(
                span.starts_at < visit.ends_at and span.ends_at > visit.starts_at
                for span in spans.get(feed.pk, ())
            ):
                found.setdefault(feed.pk, []).append(visit)
    return found


# --- Reading ---


def read_due() -> int:
    """Read the calendars that are due, a few in each round; the number read well.

    A fault of one never keeps another one waiting.
    """
    return sum(read_feed(feed) for feed in islice(_claimed(), IN_ONE_ROUND))


def _claimed() -> Iterable[BusyFeed]:
    """Due feeds, each claimed for this worker before it is read."""
    while True:
        now = timezone.now()
        feed = BusyFeed.objects.due(now).select_related("host").first()
        if feed is None:
            return
        mine = BusyFeed.objects.filter(pk=feed.pk, next_try_at=feed.next_try_at)
        if mine.update(next_try_at=now + LEASE):
            yield feed


def read_feed(feed: BusyFeed) -> bool:
    """Ask for the calendar once and keep what it says; whether that went well."""
    first, last = horizon(clock.now())
    try:
        answer = fetch(feed.url, headers=_conditions(feed, last), limits=LIMITS)
        spans = _spans(feed, answer, first, last)
    except (FetchFault, Unreadable) as fault:
        _note_fault(feed, fault.code, fault.detail)
        return False
    _keep(feed, answer, spans, last)
    return True


def horizon(at: datetime) -> tuple[datetime, datetime]:
    """The time calendars are read for: from last week to the end of the last campaign."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    ends_on = Campaign.objects.aggregate(end=Max("window_end"))["end"]
    last = day + LOOK_AHEAD
    if ends_on is not None:
        over = datetime(ends_on.year, ends_on.month, ends_on.day, tzinfo=day.tzinfo)
        last = max(last, over + AFTER_THE_CAMPAIGN)
    return day - LOOK_BACK, min(last, day + LONGEST_LOOK)


def _conditions(feed: BusyFeed, last: datetime) -> dict[str, str]:
    """Ask for news only, as long as the last good copy reaches far enough."""
    if feed.good_at is None or feed.fault or feed.known_until != last:
        return {}
    known = {"If-None-Match": feed.etag, "If-Modified-Since": feed.modified}
    return {name: value for name, value in known.items() if value}


def _spans(feed: BusyFeed, answer: Answer, first: datetime, last: datetime) -> list[Span] | None:
    """The busy spans of an answer; None when nothing is new."""
    if answer.status == 304 and feed.good_at is not None:
        return None
    if answer.status != 200:
        raise FetchFault("status", str(answer.status))
    told = FeedEntry.objects.filter(host=feed.host).values_list("uid", flat=True)
    own = Visit.objects.filter(host=feed.host, ends_at__gte=first).values_list("ics_uid", flat=True)
    return read_apart(
        answer.body, zone=feed.host.zone, first=first, last=last, ours={*told, *own} - {""}
    )


@transaction.atomic
def _keep(feed: BusyFeed, answer: Answer, spans: list[Span] | None, last: datetime) -> None:
    """Write what was read; a feed that was removed meanwhile leaves nothing behind."""
    lock_resources([feed.host.resource])
    now = timezone.now()
    kept = BusyFeed.objects.filter(pk=feed.pk).update(
        tried_at=now,
        good_at=now,
        known_until=last,
        next_try_at=now + READ_EVERY,
        failures=0,
        fault="",
        fault_detail="",
        etag=_header(answer, "etag", 200),
        modified=_header(answer, "last-modified", 60),
    )
    if not kept or spans is None:
        return
    stored = {(row.starts_at, row.ends_at): row.pk for row in feed.spans.all()}
    gone = [pk for span, pk in stored.items() if span not in set(spans)]
    HostAvailability.objects.filter(pk__in=gone).delete()
    HostAvailability.objects.bulk_create(
        HostAvailability(
            host=feed.host,
            feed=feed,
            kind=HostAvailability.Kind.BUSY,
            starts_at=start,
            ends_at=end,
            is_sample=feed.host.is_sample,
        )
        for start, end in spans
        if (start, end) not in stored
    )


def _header(answer: Answer, name: str, longest: int) -> str:
    value = answer.headers.get(name, "")
    return value if len(value) <= longest and value.isprintable() else ""


def _note_fault(feed: BusyFeed, code: str, detail: str) -> None:
    now = timezone.now()
    failures = min(feed.failures + 1, 1_000)
    BusyFeed.objects.filter(pk=feed.pk).update(
        tried_at=now,
        failures=failures,
        fault=code,
        fault_detail=detail[:60],
        next_try_at=now + RETRY_AFTER[min(failures, len(RETRY_AFTER)) - 1],
    )
