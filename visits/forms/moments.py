"""A date and time typed for a place."""

from datetime import datetime
from zoneinfo import ZoneInfo

from crm.validators import sensible_date


def moment_at(typed: datetime, zone: str) -> datetime:
    """What the clock of `zone` shows as `typed`, as a moment.

    Raises ValidationError for a year nobody can mean.
    """
    sensible_date(typed.date())
    return typed.replace(tzinfo=ZoneInfo(zone))
