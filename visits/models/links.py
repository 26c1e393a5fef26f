import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def new_salt() -> str:
    return secrets.token_urlsafe(32)


class PrivateLinkQuerySet(models.QuerySet):
    def usable(self, at: datetime):
        """Neither revoked nor expired at the real moment `at`."""
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))


class PrivateLink(models.Model):
    """A municipality officer's way in: 256 random bits, only their SHA-256 is kept."""

    class Purpose(models.TextChoices):
        REQUEST = "request", _("own request")

    request = models.ForeignKey(
        "visits.VisitRequest", on_delete=models.CASCADE, related_name="links"
    )
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.REQUEST)
    salt = models.CharField(max_length=64, default=new_salt)
    token_hash = models.CharField(max_length=64, null=True, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    is_sample = models.BooleanField(default=False, editable=False)

    objects = PrivateLinkQuerySet.as_manager()


class CalendarFeed(models.Model):
    """A host's calendar address, own and revocable; only the hash of its token is kept."""

    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="feeds")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    with_details = models.BooleanField(default=True)


class FeedEntry(models.Model):
    """What a host's calendar was last told under one UID, so that changes are numbered upwards.

    `digest` is that of the entry's text without its stamps. An entry that has gone is told as
    cancelled for a while after `gone_at`, at the time it last had.
    """

    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="feed_entries")
    uid = models.CharField(max_length=250)
    digest = models.CharField(max_length=64)
    sequence = models.PositiveIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "uid"], name="one_feed_entry_per_uid")
        ]
