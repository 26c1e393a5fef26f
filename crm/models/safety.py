from datetime import datetime

from django.conf import settings
from django.db import models


class IdempotencyKey(models.Model):
    """A write already answered: the same key, route and body get the same answer again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    key = models.CharField(max_length=100)
    route = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    # The JSON as it was sent, byte for byte: a JSON column may reorder the names in it.
    answer = models.TextField(null=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]


class RateHitQuerySet(models.QuerySet):
    def count_since(self, scope: str, key: str, since: datetime) -> int:
        return self.filter(scope=scope, key=key, at__gte=since).count()


class RateHit(models.Model):
    """One counted attempt; real time, keys are hashes of an address or a network."""

    scope = models.CharField(max_length=30)
    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    objects = RateHitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["scope", "key", "at"], name="rate_hit")]


class WorkerBeat(models.Model):
    """When a worker last looked, in real time, and which parts of its round fail, if any."""

    name = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()
    failing = models.CharField(max_length=200, blank=True)
