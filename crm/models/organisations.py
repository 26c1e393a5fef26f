from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility
from crm.models.places import SHORTEST_NAME, PlacedQuerySet, PlaceName
from crm.search import SearchableModel, name_key


class Initiative(SampleMark, Visibility, models.Model):
    """IMPETUS and Secu4All (projects), COSSEC (community): who does the outreach together."""

    class Kind(models.TextChoices):
        PROJECT = "project", _("Project")
        COMMUNITY = "community", _("Community")

    public_fields = ("name", "kind", "programme", "grant_no")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    programme = models.CharField(_("programme"), max_length=200, blank=True)
    grant_no = models.CharField(_("grant number"), max_length=40, blank=True)

    def __str__(self) -> str:
        return self.name


class OrganisationQuerySet(PlacedQuerySet):
    def visible_to(self, user):
        """Coordinators see all organisations; a host or expert sees them too, without people."""
        if user.is_coordinator or user.is_host or user.is_expert:
            return self
        return self.none()

    def at_one_of(self, places):
        cities = Municipality.objects.filter(place__in=places).values("organisation")
        return super().at_one_of(places) | models.Q(pk__in=cities)

    def at_home_in(self, text: str, *, most: int) -> list[int]:
        """Numbers of those whose city has a name that starts with `text`; none when more than
        `most` have."""
        if len(name_key(text)) < SHORTEST_NAME:
            return []
        named = PlaceName.objects.using(self.db).starting_with(text).values("place")
        cities = Municipality.objects.using(self.db).order_by().filter(place__in=named)
        bodies = self.order_by().filter(place__in=named).values_list("pk")
        found = list(bodies.union(cities.values_list("organisation"))[: most + 1])
        return [number for (number,) in found] if len(found) <= most else []

    def municipalities(self):
        return self.filter(type=Organisation.Type.MUNICIPALITY)

    def live(self):
        return self.filter(archived_at=None)

    def with_seat(self):
        """Those of which we know where they are at home, as `seat` says it."""
        is_city = models.Q(municipality__place__isnull=False)
        return self.filter(is_city | models.Q(place__isnull=False))


class Organisation(SampleMark, Visibility, SearchableModel):
    """Any body: research, industry, municipality, network, police, ministry, association."""

    class Type(models.TextChoices):
        RESEARCH = "research", _("Research")
        INDUSTRY = "industry", _("Industry")
        MUNICIPALITY = "municipality", _("Municipality")
        NETWORK = "network", _("Network")
        LAW_ENFORCEMENT = "law_enforcement", _("Law enforcement")
        REGIONAL_AUTHORITY = "regional_authority", _("Regional authority")
        NATIONAL_AUTHORITY = "national_authority", _("National authority")
        EU_INSTITUTION = "eu_institution", _("EU institution")
        CIVIL_SOCIETY = "civil_society", _("Civil society")
        MEDIA = "media", _("Media")
        OTHER = "other", _("Other")

    public_fields = ("name", "type", "country")

    key = models.CharField(max_length=40, unique=True, null=True, blank=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    type = models.CharField(_("type"), max_length=24, choices=Type, db_index=True)
    country = models.CharField(_("country"), max_length=2, db_index=True)
    # Of any body but a municipality we know as one, which has its own.
    place = models.ForeignKey(
        "crm.Place", null=True, blank=True, on_delete=models.PROTECT, editable=False
    )
    initiatives = models.ManyToManyField(Initiative, blank=True, related_name="organisations")
    website = models.URLField(_("website"), blank=True)
    tags = models.ManyToManyField("crm.Tag", blank=True, related_name="organisations")
    notes = models.TextField(_("notes"), blank=True, max_length=10_000)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def search_parts(self):
        return (self.name, self.country)

    @property
    def seat(self):
        """The place of the register where it is at home, as far as we know it."""
        city = getattr(self, "municipality", None)
        return (city.place if city else None) or self.place

    @property
    def city_words(self) -> str:
        """The city it is at home in, with its region, as an import reads it back."""
        seat = self.seat
        return ", ".join(filter(None, (seat.name, seat.region))) if seat else ""


class MunicipalityQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(organisation__in=Organisation.objects.visible_to(user))

    def at(self, place):
        return self.filter(place=place)

    def new_to_us(self):
        """Without the pilot cities, which are partners and not outreach."""
        return self.filter(is_pilot=False)

    def embargoed(self, on):
        return self.filter(embargo_until__gte=on)


class Municipality(SampleMark, Visibility, models.Model):
    """The local authority as a body; made when a coordinator takes a request over, or by import."""

    public_fields = ("name", "names", "region", "time_zone", "languages", "country")

    organisation = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, related_name="municipality"
    )
    place = models.ForeignKey("crm.Place", null=True, blank=True, on_delete=models.PROTECT)
    name = models.CharField(_("city"), max_length=200)
    names = models.JSONField(_("names by language"), default=dict, blank=True)
    region = models.CharField(_("region"), max_length=120, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64)
    languages = models.JSONField(_("languages"), default=list, blank=True)
    is_pilot = models.BooleanField(_("pilot city"), default=False)
    embargo_until = models.DateField(_("not to be named in public until"), null=True, blank=True)

    objects = MunicipalityQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "municipalities"

    def __str__(self) -> str:
        return self.name

    @property
    def country(self) -> str:
        return self.organisation.country

    def may_be_named(self, on) -> bool:
        """Whether public output may name the city on the day `on`."""
        return self.embargo_until is None or self.embargo_until < on
