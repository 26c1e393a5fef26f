from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import models

# What the clock said, once asked, within `asked_once`; None elsewhere.
_said: ContextVar[list[datetime | None] | None] = ContextVar("said", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Within, such as one request, the setting of the clock is read once at most."""
    token = _said.set([])
    try:
        yield
    finally:
        _said.reset(token)


class ClockSettingQuerySet(models.QuerySet):
    def fixed_at(self) -> datetime | None:
        said = _said.get()
        if said:
            return said[0]
        value = self.filter(pk=1).values_list("fixed_at", flat=True).first()
        self.heard(value)
        return value

    def heard(self, value: datetime | None) -> None:
        """Another query has read the setting along with its own rows."""
        if (said := _said.get()) is not None:
            said[:] = [value]

    def fix(self, at: datetime | None) -> None:
        """Let the domain clock stand still at `at`, or run again when None."""
        self.update_or_create(pk=1, defaults={"fixed_at": at})
        self.heard(at)

    def start_again(self, stood_at: datetime) -> None:
        """Let the clock run again if it stands still at `stood_at`."""
        if self.filter(fixed_at=stood_at).update(fixed_at=None):
            self.heard(None)


class ClockSetting(models.Model):
    """The moment at which the demo clock stands still; no row, or none set: real time."""

    fixed_at = models.DateTimeField(null=True, blank=True)

    objects = ClockSettingQuerySet.as_manager()
