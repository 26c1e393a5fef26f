from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from visits.models.requests import Mode


class PlanQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_coordinator or user.is_host:
            return self
        return self.none()


class Plan(SampleMark, models.Model):
    """The planning of one campaign: its versions over time."""

    campaign = models.OneToOneField(
        "visits.Campaign", on_delete=models.CASCADE, related_name="plan"
    )

    objects = PlanQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.campaign)


class PlanVersion(SampleMark, models.Model):
    """A solved plan; once published it never changes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    published_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("what changed"), max_length=500, blank=True)
    priority = models.PositiveIntegerField(default=0)
    bound = models.PositiveIntegerField(null=True, blank=True)
    proven = models.BooleanField(default=False)
    totals = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class Placement(SampleMark, models.Model):
    """One visit's place in a plan version."""

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="placements")
    visit = models.ForeignKey(
        "visits.Visit",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="placements",
    )
    requests = models.ManyToManyField("visits.VisitRequest", related_name="placements")
    host = models.ForeignKey("visits.Host", on_delete=models.PROTECT)
    mode = models.CharField(max_length=12, choices=Mode)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    is_fixed = models.BooleanField(default=False)

    class Meta:
        ordering = ["version", "starts_at"]


class Unplaced(SampleMark, models.Model):
    """A request a plan version could not place, and why, as a sentence."""

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="unplaced")
    request = models.ForeignKey("visits.VisitRequest", on_delete=models.CASCADE)
    reason_code = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    would_fit_if = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["version", "request__ref"]


class PlanRun(models.Model):
    """One search started from a page; the row is the truth, a task only says "look"."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("searching")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("could not be planned")
        INTERRUPTED = "interrupted", _("interrupted")

    class Freedom(models.TextChoices):
        INSERT = "insert", _("insert only")
        FEW = "few", _("few moves")
        BEST = "best", _("best plan")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    fresh = models.BooleanField(default=False)
    freedom = models.CharField(max_length=6, choices=Freedom, default=Freedom.BEST)
    released = models.JSONField(default=list, blank=True)
    because = models.CharField(_("why"), max_length=300, blank=True)
    group = models.CharField(max_length=16, blank=True, editable=False, db_index=True)
    seconds = models.PositiveSmallIntegerField(default=30)
    seed = models.PositiveIntegerField(default=1)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    stop_asked = models.BooleanField(default=False)
    priority = models.PositiveIntegerField(null=True, blank=True)
    bound = models.PositiveIntegerField(null=True, blank=True)
    version = models.ForeignKey(PlanVersion, null=True, blank=True, on_delete=models.SET_NULL)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]
