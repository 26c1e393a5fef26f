from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm import clock


class PackRunQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Coordinators see all, hosts those of their own visits and those they asked for."""
        if user.is_coordinator:
            return self
        own = Q(host__user=user) | Q(asked_by=user)
        return self.filter(own) if user.is_host else self.none()

    def waiting(self):
        return self.filter(state__in=[PackRun.State.QUEUED, PackRun.State.RUNNING])


class PackRun(models.Model):
    """One document asked for, made by the worker; the row is the truth.

    A trip pack is of a host and a span of days; an attendance sheet and a thank-you report are of
    one visit. `file` names what was written, and is empty until it is whole. `beat_at` is real
    time.
    """

    class Kind(models.TextChoices):
        TRIP = "trip", _("Trip pack")
        ATTENDANCE = "attendance", _("Attendance sheet")
        THANKS = "thanks", _("Thank-you report")

    class Paper(models.TextChoices):
        A4 = "a4", _("A4")
        LETTER = "letter", _("US Letter")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being made")
        DONE = "done", _("ready")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("could not be made")
        INTERRUPTED = "interrupted", _("interrupted")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TRIP)
    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="packs")
    visit = models.ForeignKey(
        "visits.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="packs"
    )
    first = models.DateField(_("from"), null=True, blank=True)
    last = models.DateField(_("to"), null=True, blank=True)
    language = models.CharField(max_length=8, blank=True)
    paper = models.CharField(_("paper"), max_length=6, choices=Paper, default=Paper.A4)
    is_grey = models.BooleanField(_("without colours"), default=False)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    done = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    beat_at = models.DateTimeField(null=True, blank=True)
    stop_asked = models.BooleanField(default=False)
    file = models.CharField(max_length=80, blank=True, editable=False)
    name = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = PackRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.visit.ref if self.visit else self.host.ref}"

    @property
    def is_waiting(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)
