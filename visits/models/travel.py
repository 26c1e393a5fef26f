from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility


class TravelMode(models.TextChoices):
    DRIVE = "drive", _("car")
    RAIL = "rail", _("train")
    FLY = "fly", _("flight")
    OTHER = "other", _("other")


class TravelLeg(SampleMark, Visibility, models.Model):
    """One journey of a host between two places, planned or booked."""

    class Status(models.TextChoices):
        ESTIMATED = "estimated", _("estimate")
        BOOKED = "booked", _("booked")
        CANCELLED = "cancelled", _("cancelled")

    municipality_fields = ("departs_at", "arrives_at")

    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="legs")
    visit = models.ForeignKey(
        "visits.Visit",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="legs",
    )
    mode = models.CharField(_("by"), max_length=6, choices=TravelMode)
    origin = models.ForeignKey("crm.Place", on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey("crm.Place", on_delete=models.PROTECT, related_name="+")
    departs_at = models.DateTimeField(_("departs"))
    arrives_at = models.DateTimeField(_("arrives"))
    cost = models.DecimalField(_("cost (EUR)"), max_digits=8, decimal_places=2, null=True)
    co2_kg = models.FloatField(_("CO2 (kg)"), null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ESTIMATED)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["departs_at"]
        constraints = [
            models.CheckConstraint(condition=Q(departs_at__lt=F("arrives_at")), name="leg_in_order")
        ]


class TravelOverride(SampleMark, models.Model):
    """Door-to-door time between two places known better than the estimate; both directions."""

    origin = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    mode = models.CharField(max_length=6, choices=TravelMode)
    minutes = models.PositiveIntegerField(_("minutes"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="one_override_per_pair")
        ]


class Expense(SampleMark, models.Model):
    """Money spent on a visit."""

    class Eligible(models.TextChoices):
        YES = "yes", _("eligible")
        NO = "no", _("not eligible")
        ASK = "ask", _("to be asked")

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="expenses")
    host = models.ForeignKey("visits.Host", null=True, blank=True, on_delete=models.SET_NULL)
    amount = models.DecimalField(_("amount (EUR)"), max_digits=8, decimal_places=2)
    what = models.CharField(_("for what"), max_length=200)
    receipt = models.CharField(_("receipt"), max_length=200, blank=True)
    eligible = models.CharField(max_length=4, choices=Eligible, default=Eligible.ASK)
    spent_on = models.DateField(_("on"))

    class Meta:
        ordering = ["spent_on", "pk"]
