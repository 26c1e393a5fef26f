from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark


class FigureSnapshotQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator or user.is_reporter else self.none()


class FigureSnapshot(SampleMark, models.Model):
    """The twelve numbers as they stood at one moment, with the references of the rows behind them.

    Never changed: what the funder was told must stay readable. The numbers of now are computed.
    """

    campaign = models.ForeignKey(
        "visits.Campaign", on_delete=models.CASCADE, related_name="figure_snapshots"
    )
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    note = models.CharField(_("what for"), max_length=200)
    figures = models.JSONField()

    objects = FigureSnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-pk"]

    def __str__(self) -> str:
        return self.note
