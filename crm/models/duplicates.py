from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm import clock


class PlainJSON(DjangoJSONEncoder):
    """Letters as they are, so that a name can be searched for in what is stored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": False})


class DuplicateScanQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(state__in=[DuplicateScan.State.QUEUED, DuplicateScan.State.RUNNING])


class DuplicateScan(models.Model):
    """One look through all people for second records, made by the worker; the row is the truth.

    `weights` are what it learnt, with which single people are weighed afterwards. Moments are real
    time.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("looking")
        DONE = "done", _("done")
        FAILED = "failed", _("could not be done")
        INTERRUPTED = "interrupted", _("interrupted")

    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    # People saved until then were weighed.
    seen_until = models.DateTimeField(null=True, blank=True, editable=False)
    weights = models.JSONField(null=True, blank=True, editable=False, encoder=PlainJSON)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    beat_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = DuplicateScanQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_waiting(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)


class LookalikeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()

    def open(self):
        """Undecided, both records still in use, and both real or both of the sample."""
        live = {"merged_into": None, "archived_at": None, "erased_at": None}
        sides = {
            f"{side}__{name}": value for side in ("one", "other") for name, value in live.items()
        }
        return self.filter(decided_at=None, one__is_sample=F("other__is_sample"), **sides)

    def of(self, person):
        return self.filter(Q(one=person) | Q(other=person))


class Lookalike(models.Model):
    """Two records that may be of one human, how likely, and how alike each field is.

    A suggestion only. `decided_at` is when somebody said that they are two humans; nobody is asked
    about them again.
    """

    one = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    bits = models.FloatField()
    levels = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = LookalikeQuerySet.as_manager()

    class Meta:
        ordering = ["-bits", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="one_lookalike_per_pair"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="lookalike_lower_first"),
        ]

    def __str__(self) -> str:
        return f"{self.one} – {self.other}"


class MergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()

    def standing(self):
        """Not taken apart again."""
        return self.filter(undone_at=None)


class Merge(models.Model):
    """Two records of one human made one; `journal` has every change, so that it can be undone.

    The journal is emptied when the human is erased. Moments follow the domain's clock.
    """

    kept = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="+")
    merged = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    journal = models.JSONField(null=True, blank=True, editable=False, encoder=PlainJSON)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at=None), name="merged_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.kept_id}"
