"""A host's calendar address: made by the host, revocable, known to us only by its hash."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm import clock
from visits.domain.links import hash_of
from visits.ical import calendar_feed
from visits.models import CalendarFeed, Host, Visit

LOOK_BACK = timedelta(days=90)


@transaction.atomic
def renew_feed(host: Host) -> str:
    """End the host's old calendar address and give a new one, shown this once."""
    CalendarFeed.objects.filter(host=host, revoked_at=None).update(revoked_at=timezone.now())
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(host=host, token_hash=hash_of(token))
    return settings.SITE_URL + reverse("visits:calendar-feed", args=[token])


def find_feed(token: str) -> CalendarFeed | None:
    """The feed of a token, unless it was revoked or its host may no longer sign in."""
    feed = (
        CalendarFeed.objects.filter(token_hash=hash_of(token), revoked_at=None)
        .select_related("host__user")
        .first()
    )
    if feed is None or (feed.host.user and not feed.host.user.is_active):
        return None
    return feed


def feed_text(feed: CalendarFeed) -> str:
    """The host's live and past visits as iCalendar text; a bad record never takes others along."""
    at = clock.now()
    visits = (
        Visit.objects.filter(host=feed.host, ends_at__gte=at - LOOK_BACK)
        .select_related("host", "campaign", "municipality")
        .prefetch_related("requests", "topics")
    )
    text, _failed = calendar_feed(
        visits, name=feed.host.name, at=at, with_details=feed.with_details
    )
    return text
