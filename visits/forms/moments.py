"""A date and time typed for a place."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm import wording
from crm.validators import sensible_date


def moment_at(typed: datetime, zone: str) -> datetime:
    """What the clock of `zone` shows as `typed`, as a moment.

    Raises ValidationError for a year nobody can mean, and for an hour that the change of the
    clocks leaves out or brings twice.
    """
    sensible_date(typed.date())
    first, second = (typed.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    is_real = first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) == typed
    words = (
        _("%(time)s comes twice on %(day)s in %(city)s, when the clocks go back; choose another.")
        if is_real
        else _("%(time)s is left out on %(day)s in %(city)s, when the clocks go forward.")
    )
    raise ValidationError(
        words
        % {
            "time": typed.strftime("%H:%M"),
            "day": wording.day(typed.date()),
            "city": wording.zone_city(zone),
        },
        code="clock_change",
    )
