"""The form's signed token: it says that a post belongs to a form of ours, and when that was opened.

It stands where other forms carry the token of the CSRF cookie (docs/decisions/0009), and it is the
time trap: people take seconds, programs take none.
"""

import secrets
from datetime import UTC, datetime, timedelta

from django.core import signing

SALT = "visit-form"
SHORTEST, LONGEST = timedelta(seconds=3), timedelta(hours=24)
MOST_POSTS = 20


def issue(at: datetime) -> str:
    """A mark for a form shown at the real moment `at`."""
    return signing.Signer(salt=SALT).sign(f"{int(at.timestamp())}.{secrets.token_urlsafe(9)}")


def opened_at(mark: str) -> datetime | None:
    """When the form of this mark was opened; None when the mark is not ours."""
    try:
        seconds = signing.Signer(salt=SALT).unsign(mark).partition(".")[0]
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    except (signing.BadSignature, ValueError, OverflowError, OSError):
        return None


def is_fresh(mark: str, at: datetime) -> bool:
    """Whether the mark is ours and its form was open for at most a day."""
    opened = opened_at(mark)
    return opened is not None and timedelta(0) <= at - opened <= LONGEST


def is_human_pace(mark: str, at: datetime) -> bool:
    """Whether the form was open for at least three seconds and at most a day."""
    opened = opened_at(mark)
    return opened is not None and SHORTEST <= at - opened <= LONGEST
