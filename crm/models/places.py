from django.db import models

from crm.search import SearchQuerySet, holding, name_key

# Fewer letters begin the names of half of Europe.
SHORTEST_NAME = 3
# Sorts after every character of a name's key, which is printable ASCII.
AFTER_ALL = "\x7f"


class KeyField(models.TextField):
    """A name's key, compared byte by byte on every database: its index answers a prefix too."""

    def db_parameters(self, connection):
        byte_by_byte = "C" if connection.vendor == "postgresql" else "BINARY"
        return super().db_parameters(connection) | {"collation": byte_by_byte}


class PlaceQuerySet(models.QuerySet):
    def named(self, *spellings: str):
        """Places one of whose names in any language is one of `spellings`, largest first."""
        names = PlaceName.objects.filter(key__in=set(map(name_key, spellings)))
        return self.filter(pk__in=names.values("place")).order_by("-population", "pk")

    def starting_with(self, text: str, *, most: int):
        """The `most` largest places one of whose names starts with `text`, largest first."""
        names = PlaceName.objects.starting_with(text).values("place")
        largest = names.annotate(size=models.Max("population")).order_by("-size", "place")
        found = largest.values("place")[:most]
        return self.filter(pk__in=found).order_by("-population", "pk")


class Place(models.Model):
    """One row of the register of European places (GeoNames, CC BY 4.0)."""

    geoname_id = models.PositiveIntegerField(primary_key=True)
    name = models.CharField(max_length=200, db_index=True)
    alternate_names = models.TextField(blank=True)
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


class PlaceNameQuerySet(models.QuerySet):
    def starting_with(self, text: str):
        """Names whose key starts with that of `text`; none when that is empty."""
        key = name_key(text)
        return self.filter(key__gte=key, key__lt=key + AFTER_ALL) if key else self.none()


class PlaceName(models.Model):
    """One spelling under which a place is looked up: its name, or its name in another language.

    It knows how large the place is, so that its index alone finds the largest of thousands.
    """

    key = KeyField()
    population = models.PositiveIntegerField()
    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")

    objects = PlaceNameQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "population", "place"], name="place_name_once")
        ]

    def __str__(self) -> str:
        return self.key


class PlacedQuerySet(SearchQuerySet):
    """Rows with a place, found by the names it has in any language too."""

    def search(self, text: str):
        if len(name_key(text)) < SHORTEST_NAME:
            return super().search(text)
        named = PlaceName.objects.using(self.db).starting_with(text).values("place")
        return self.filter(holding(text) | self.at_one_of(named))

    def at_one_of(self, places: models.QuerySet) -> models.Q:
        return models.Q(place__in=places)


def name_keys(name: str, *others: str) -> list[str]:
    """The keys of a place's names, each once."""
    return [key for key in dict.fromkeys(map(name_key, (name, *others))) if key]
