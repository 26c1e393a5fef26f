"""The states of requests and visits and the steps between them, as data (one table per noun)."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class RequestState(models.TextChoices):
    RECEIVED = "received", _("received")
    NEEDS_INFO = "needs_info", _("needs information")
    UNDER_REVIEW = "under_review", _("under review")
    PROPOSED = "proposed", _("date proposed")
    SCHEDULED = "scheduled", _("scheduled")
    FULFILLED = "fulfilled", _("fulfilled")
    WAITLISTED = "waitlisted", _("waiting list")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")
    REFERRED = "referred", _("referred")
    MERGED = "merged", _("merged")
    REJECTED = "rejected", _("rejected")


class VisitState(models.TextChoices):
    TENTATIVE = "tentative", _("tentative")
    CONFIRMED = "confirmed", _("confirmed")
    BRIEFED = "briefed", _("briefed")
    IN_PROGRESS = "in_progress", _("in progress")
    COMPLETED = "completed", _("completed")
    REPORTED = "reported", _("reported")
    CLOSED = "closed", _("closed")
    POSTPONED = "postponed", _("postponed")
    CANCELLED = "cancelled", _("cancelled")
    NO_SHOW = "no_show", _("nobody came")


R, V = RequestState, VisitState

REQUEST_STEPS: dict[str, frozenset[str]] = {
    R.RECEIVED: frozenset({R.NEEDS_INFO, R.UNDER_REVIEW, R.MERGED, R.REJECTED, R.WITHDRAWN}),
    R.NEEDS_INFO: frozenset({R.UNDER_REVIEW, R.EXPIRED, R.WITHDRAWN}),
    R.UNDER_REVIEW: frozenset(
        {R.PROPOSED, R.WAITLISTED, R.DECLINED, R.REFERRED, R.MERGED, R.NEEDS_INFO, R.WITHDRAWN}
    ),
    R.PROPOSED: frozenset({R.SCHEDULED, R.UNDER_REVIEW, R.EXPIRED, R.WITHDRAWN}),
    R.WAITLISTED: frozenset({R.PROPOSED, R.DECLINED, R.EXPIRED, R.WITHDRAWN}),
    R.SCHEDULED: frozenset({R.FULFILLED, R.PROPOSED, R.WAITLISTED, R.WITHDRAWN}),
    R.DECLINED: frozenset({R.UNDER_REVIEW}),
    R.EXPIRED: frozenset({R.UNDER_REVIEW}),
    R.WITHDRAWN: frozenset({R.UNDER_REVIEW}),
    R.FULFILLED: frozenset(),
    R.REFERRED: frozenset(),
    R.MERGED: frozenset(),
    R.REJECTED: frozenset(),
}

VISIT_STEPS: dict[str, frozenset[str]] = {
    V.TENTATIVE: frozenset({V.CONFIRMED, V.CANCELLED}),
    V.CONFIRMED: frozenset({V.BRIEFED, V.POSTPONED, V.CANCELLED, V.NO_SHOW, V.IN_PROGRESS}),
    V.BRIEFED: frozenset({V.CONFIRMED, V.POSTPONED, V.CANCELLED, V.NO_SHOW, V.IN_PROGRESS}),
    V.IN_PROGRESS: frozenset({V.COMPLETED, V.NO_SHOW}),
    V.COMPLETED: frozenset({V.REPORTED}),
    V.REPORTED: frozenset({V.CLOSED}),
    V.CLOSED: frozenset(),
    V.POSTPONED: frozenset(),
    V.CANCELLED: frozenset(),
    V.NO_SHOW: frozenset(),
}

# Steps that need a reason in words.
REQUEST_REASONS = frozenset(
    {R.REJECTED, R.DECLINED, R.WITHDRAWN, R.WAITLISTED, R.NEEDS_INFO, R.REFERRED}
)
REOPENED_FROM = frozenset({R.DECLINED, R.EXPIRED, R.WITHDRAWN})
VISIT_REASONS = frozenset({V.POSTPONED, V.CANCELLED, V.NO_SHOW})
# Steps that wait for the visit's start, and how long before it they may be taken: who is early
# opens the visit, but nobody counts people or tells of an empty room before it begins.
ONCE_BEGUN: dict[str, timedelta] = {
    V.IN_PROGRESS: timedelta(minutes=60),
    V.COMPLETED: timedelta(0),
    V.NO_SHOW: timedelta(0),
}

OPEN_REQUESTS = frozenset(
    {R.RECEIVED, R.NEEDS_INFO, R.UNDER_REVIEW, R.PROPOSED, R.WAITLISTED, R.SCHEDULED}
)
INVALID_REQUESTS = frozenset({R.MERGED, R.REJECTED})
LIVE_VISITS = frozenset({V.TENTATIVE, V.CONFIRMED, V.BRIEFED, V.IN_PROGRESS})
VISITS_TO_COME = LIVE_VISITS - {V.IN_PROGRESS}
AGREED_VISITS = frozenset({V.CONFIRMED, V.BRIEFED, V.IN_PROGRESS})
HELD_VISITS = frozenset({V.COMPLETED, V.REPORTED, V.CLOSED})


def may_step(steps: dict[str, frozenset[str]], start: str, end: str) -> bool:
    """Whether the table allows the step from `start` to `end`."""
    return end in steps[start]
