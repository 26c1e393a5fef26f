from django.conf import settings
from django.db import models


class WeeklyDigest(models.Model):
    """That one person's digest of one week went to the outbox, so that it never goes twice."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests"
    )
    monday = models.DateField()
    made_at = models.DateTimeField()
    message = models.ForeignKey("crm.Message", null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-monday", "user"]
        constraints = [
            models.UniqueConstraint(fields=["user", "monday"], name="one_digest_a_week_per_person")
        ]
