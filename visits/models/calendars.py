from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark


class CalendarDayQuerySet(models.QuerySet):
    def between(self, first: date, last: date):
        return self.filter(first_on__lte=last, last_on__gte=first)

    def at_place(self, *, country: str, region: str = "", city: str = "", place=None):
        """Days that concern the place: national, of its region, or of the city itself.

        `place` adds the names of the register, where a city is often spelt another way (Köln).
        """
        cities, regions = _names(region, city, place)
        here = Q(region="", city="") | Q(region__in=regions, city="") | Q(city__in=cities)
        return self.filter(here, country=country)

    def hard(self):
        return self.filter(hardness=CalendarDay.Hardness.HARD)


def _names(region: str, city: str, place) -> tuple[set[str], set[str]]:
    """How a place's city and region may be written in the calendar."""
    cities = {city, place.name if place else ""} - {""}
    return cities, {region, place.region if place else ""} - {""}


class CalendarDay(SampleMark, models.Model):
    """What kind of day it is at a place: holiday, carnival, school break, short day. Editable."""

    class Kind(models.TextChoices):
        PUBLIC = "public", _("public holiday")
        LOCAL = "local", _("local holiday")
        HALF_DAY = "half_day", _("half day")
        OPTIONAL = "optional", _("optional holiday")
        SCHOOL = "school", _("school break")
        CARNIVAL = "carnival", _("carnival")
        CUSTOM = "custom", _("special day")

    class Hardness(models.TextChoices):
        HARD = "hard", _("closed")
        SOFT = "soft", _("difficult")

    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=200)
    hardness = models.CharField(_("how hard"), max_length=4, choices=Hardness)
    shorter_by_minutes = models.PositiveSmallIntegerField(_("shorter by (minutes)"), default=0)
    source = models.CharField(_("source"), max_length=200, blank=True)
    confidence = models.CharField(_("confidence"), max_length=20, blank=True)

    objects = CalendarDayQuerySet.as_manager()

    class Meta:
        ordering = ["first_on", "country"]
        indexes = [models.Index(fields=["country", "first_on", "last_on"], name="calendar_country")]
        constraints = [
            models.CheckConstraint(condition=Q(first_on__lte=F("last_on")), name="days_in_order")
        ]

    def __str__(self) -> str:
        return self.name

    def is_at(self, *, country: str, region: str = "", city: str = "", place=None) -> bool:
        """Whether `at_place` would find this day there."""
        cities, regions = _names(region, city, place)
        if self.country != country:
            return False
        if self.city:
            return self.city in cities
        return not self.region or self.region in regions


class DisruptionQuerySet(models.QuerySet):
    def active(self):
        return self.exclude(status=Disruption.Status.OVER)


class Disruption(SampleMark, models.Model):
    """A strike, storm or outage: where, which ways of travel, when, how bad."""

    class Kind(models.TextChoices):
        STRIKE = "strike", _("strike")
        STORM = "storm", _("storm")
        OUTAGE = "outage", _("outage")
        OTHER = "other", _("other")

    class Status(models.TextChoices):
        ANNOUNCED = "announced", _("announced")
        CONFIRMED = "confirmed", _("confirmed")
        OVER = "over", _("over")

    key = models.SlugField(max_length=60, unique=True, null=True, blank=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.OTHER)
    name = models.CharField(_("what happens"), max_length=200)
    countries = models.JSONField(_("countries"), default=list, blank=True)
    airports = models.JSONField(_("airports"), default=list, blank=True)
    places = models.JSONField(_("cities"), default=list, blank=True)
    modes = models.JSONField(_("ways of travel"), default=list, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    severity = models.PositiveSmallIntegerField(_("severity 1-3"), default=2)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ANNOUNCED)
    source = models.CharField(_("source"), max_length=300, blank=True)

    objects = DisruptionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]

    def __str__(self) -> str:
        return self.name
