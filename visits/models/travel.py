from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility


class TravelMode(models.TextChoices):
    DRIVE = "drive", _("car")
    RAIL = "rail", _("train")
    FLY = "fly", _("flight")
    FERRY = "ferry", _("ferry")
    OTHER = "other", _("other")


def mode_words(mode: str) -> str:
    """How one travels, in words: "flight"."""
    return str(TravelMode(mode).label) if mode in TravelMode.values else mode


class TravelLegQuerySet(models.QuerySet):
    def standing(self):
        """Those that are to happen or happened: not cancelled."""
        return self.exclude(status=TravelLeg.Status.CANCELLED)

    def firm(self):
        """Those the municipality may be told of: booked or entered by hand, not a plan's."""
        return self.standing().filter(Q(version=None) | Q(status=TravelLeg.Status.BOOKED))

    def of_campaign(self, campaign):
        """Those of a campaign's plan, and those entered for its visits."""
        return self.filter(Q(version__plan__campaign=campaign) | Q(visit__campaign=campaign))

    def stored_by_plan(self, plan):
        """Those that publishing stored and nobody booked or cancelled since."""
        return self.filter(
            version__plan=plan, status__in=[TravelLeg.Status.ESTIMATED, TravelLeg.Status.PLANNED]
        )


class TravelLeg(SampleMark, Visibility, models.Model):
    """One journey of a host between two places, planned or booked.

    A leg with a `version` was stored when that plan was published; `visit` is the visit it leads
    to, or for a journey home the one it comes from.
    """

    class Status(models.TextChoices):
        ESTIMATED = "estimated", _("estimate")
        PLANNED = "planned", _("planned")
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
    version = models.ForeignKey(
        "visits.PlanVersion",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="legs",
    )
    mode = models.CharField(_("by"), max_length=6, choices=TravelMode)
    origin = models.ForeignKey("crm.Place", on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey("crm.Place", on_delete=models.PROTECT, related_name="+")
    departs_at = models.DateTimeField(_("departs"))
    arrives_at = models.DateTimeField(_("arrives"))
    cost = models.DecimalField(_("cost (EUR)"), max_digits=8, decimal_places=2, null=True)
    co2_kg = models.FloatField(_("CO2 (kg)"), null=True)
    km = models.FloatField(_("km"), null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ESTIMATED)
    note = models.CharField(max_length=300, blank=True)

    objects = TravelLegQuerySet.as_manager()

    class Meta:
        ordering = ["departs_at"]
        constraints = [
            models.CheckConstraint(condition=Q(departs_at__lt=F("arrives_at")), name="leg_in_order")
        ]

    @property
    def is_of_plan(self) -> bool:
        """Whether publishing stored it and nobody booked it since."""
        return self.version_id is not None and self.status != self.Status.BOOKED


class TravelOverrideQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(removed_at=None)

    def between(self, places):
        """Those whose both ends are among the places."""
        return self.filter(origin__in=places, destination__in=places)

    def of_pair(self, one, other):
        """Those between two places, whichever was written first."""
        return self.filter(Q(origin=one, destination=other) | Q(origin=other, destination=one))

    def search(self, text: str):
        """Those whose ends or source hold every word."""
        rows = self
        for word in text.split()[:8]:
            rows = rows.filter(
                Q(origin__name__icontains=word)
                | Q(destination__name__icontains=word)
                | Q(source__icontains=word)
            )
        return rows


class TravelOverride(SampleMark, models.Model):
    """A journey between two places known better than the estimate; it holds both ways.

    Cost and CO2 left empty are estimated for its way of travel. A removed one is kept for an undo.
    """

    origin = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    mode = models.CharField(_("by"), max_length=6, choices=TravelMode)
    minutes = models.PositiveIntegerField(_("minutes"))
    cost = models.DecimalField(
        _("cost (EUR)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    co2_kg = models.FloatField(_("CO2 (kg)"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TravelOverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("known journey")
        verbose_name_plural = _("known journeys")
        ordering = ["origin__name", "destination__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Least("origin", "destination"),
                Greatest("origin", "destination"),
                condition=Q(removed_at=None),
                name="one_override_per_pair",
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin.name} – {self.destination.name}"


class TravelFactor(models.Model):
    """A number of the travel estimate that this site set itself, instead of the reference's."""

    key = models.CharField(primary_key=True, max_length=40)
    value = models.FloatField(_("value"))
    source = models.CharField(_("source"), max_length=300)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("travel factor")
        verbose_name_plural = _("travel factors")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class RoadJourneyQuerySet(models.QuerySet):
    def valid(self, at: datetime):
        return self.filter(expires_at__gt=at)

    def between(self, places):
        """Those whose both ends are among the places."""
        return self.filter(origin__in=places, destination__in=places)


class RoadJourney(models.Model):
    """What the road source said about the drive from one place to another; kept until it expires.

    Without minutes: no road leads there. Moments are real time.
    """

    origin = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey("crm.Place", on_delete=models.CASCADE, related_name="+")
    minutes = models.FloatField(null=True)
    km = models.FloatField(null=True)
    fetched_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = RoadJourneyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "destination"], name="one_road_per_way")
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} – {self.destination_id}"


class RoadSourceState(models.Model):
    """How the road source did when it was last asked, one row; moments are real time."""

    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.fault or "ok"


class ExpenseQuerySet(models.QuerySet):
    def kept(self):
        """Those that were not taken out again."""
        return self.filter(removed_at=None)


class Expense(SampleMark, models.Model):
    """Money spent on a visit; one taken out is kept for an undo."""

    class Eligible(models.TextChoices):
        YES = "yes", _("eligible")
        NO = "no", _("not eligible")
        ASK = "ask", _("to be asked")

    class Category(models.TextChoices):
        TRAVEL = "travel", _("travel")
        STAY = "stay", _("hotel")
        MEALS = "meals", _("meals")
        MATERIAL = "material", _("material")
        INTERPRETING = "interpreting", _("interpreting")
        OTHER = "other", _("other")

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="expenses")
    host = models.ForeignKey("visits.Host", null=True, blank=True, on_delete=models.SET_NULL)
    amount = models.DecimalField(_("amount"), max_digits=8, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    category = models.CharField(
        _("category"), max_length=12, choices=Category, default=Category.OTHER
    )
    what = models.CharField(_("for what"), max_length=200)
    receipt = models.CharField(_("receipt"), max_length=200, blank=True)
    eligible = models.CharField(_("eligible"), max_length=4, choices=Eligible, default=Eligible.ASK)
    why = models.CharField(_("why"), max_length=300, blank=True)
    spent_on = models.DateField(_("on"))
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ExpenseQuerySet.as_manager()

    class Meta:
        ordering = ["spent_on", "pk"]

    def __str__(self) -> str:
        return f"{self.what}, {self.amount} {self.currency}"
