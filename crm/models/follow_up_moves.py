from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class FollowUpMove(models.Model):
    """One time a promise was put off or given another day: from when, to when, and how."""

    class How(models.TextChoices):
        DAY = "day", _("next working day")
        WORKING_DAYS = "working_days", _("in three working days")
        WEEK = "week", _("next week")
        DATE = "date", _("a day of one's own choice")
        BACK = "back", _("taken back")

    follow_up = models.ForeignKey("crm.FollowUp", on_delete=models.CASCADE, related_name="moves")
    from_day = models.DateField()
    to_day = models.DateField()
    how = models.CharField(max_length=12, choices=How, default=How.DATE)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ["-at", "-pk"]

    @property
    def made_on(self) -> date:
        """The day it was moved, where whoever moved it is."""
        return self.at.astimezone(ZoneInfo(self.by.time_zone if self.by else "UTC")).date()
