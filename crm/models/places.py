from django.db import models

from crm.search import search_key


class PlaceQuerySet(models.QuerySet):
    def named(self, name: str):
        """Places one of whose names in any language is `name`, largest first."""
        return self.filter(name_keys__contains=f"|{search_key(name)}|").order_by("-population")

    def starting_with(self, text: str):
        """Places one of whose names starts with `text`, largest first."""
        return self.filter(name_keys__contains=f"|{search_key(text)}").order_by("-population")


class Place(models.Model):
    """One row of the register of European places (GeoNames, CC BY 4.0)."""

    geoname_id = models.PositiveIntegerField(primary_key=True)
    name = models.CharField(max_length=200, db_index=True)
    alternate_names = models.TextField(blank=True)
    name_keys = models.TextField(editable=False)
    country = models.CharField(max_length=2, db_index=True)
    region = models.CharField(max_length=120, blank=True)
    latitude = models.FloatField()
    longitude = models.FloatField()
    zone = models.CharField(max_length=64)
    population = models.PositiveIntegerField(default=0)

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["-population"]

    def __str__(self) -> str:
        return f"{self.name} ({self.country})"

    @property
    def label(self) -> str:
        """Name with region and country, enough to tell namesakes apart."""
        return ", ".join(part for part in (self.name, self.region, self.country) if part)


def name_keys(name: str, alternate_names: str) -> str:
    """`|key|key|` of a place's names; `alternate_names` are parted by `|`."""
    keys = dict.fromkeys(search_key(part) for part in [name, *alternate_names.split("|")])
    return "|" + "|".join(key for key in keys if key) + "|"
