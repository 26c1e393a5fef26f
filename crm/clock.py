"""The one clock of the domain: real time, or the demo clock that stands still.

States, holds, due dates, figures and reminders ask `now()`. Security time (sessions, tokens,
rate limits, leases) never does.
"""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """The present moment of the domain as an aware UTC datetime."""
    from crm.models.clock import ClockSetting

    fixed = ClockSetting.objects.fixed_at()
    return fixed or timezone.now()


def is_demo() -> bool:
    """Whether the clock stands still at a moment set in Settings."""
    from crm.models.clock import ClockSetting

    return ClockSetting.objects.fixed_at() is not None
