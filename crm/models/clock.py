from datetime import datetime

from django.db import models


class ClockSettingQuerySet(models.QuerySet):
    def fixed_at(self) -> datetime | None:
        return self.filter(pk=1).values_list("fixed_at", flat=True).first()

    def fix(self, at: datetime | None) -> None:
        """Let the domain clock stand still at `at`, or run again when None."""
        self.update_or_create(pk=1, defaults={"fixed_at": at})


class ClockSetting(models.Model):
    """The moment at which the demo clock stands still; no row, or none set: real time."""

    fixed_at = models.DateTimeField(null=True, blank=True)

    objects = ClockSettingQuerySet.as_manager()
