"""Where the organisations of a file are at home: the cities it names, found in the register."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from crm import wording
from crm.domain.imports.keys import name_key
from crm.domain.imports.values import Entry
from crm.domain.places import (
    Resolution,
    bare_key,
    label_of,
    municipality_key,
    name_keys,
    own_name,
    place_fault,
    resolve_city,
    spellings,
)
from crm.models import Municipality, Organisation, Place, PlaceName

NAMED_AT_MOST = 3


class Seats:
    """The places that rows name; each city is looked up once for a whole file."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Resolution] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._asked: set[str] = set()
        self._known: set[str] = set()

    def place_of(self, entry: Entry) -> Place | None:
        """The one place the row's city is. A city that is none, or may be several, is remarked
        upon: its row is taken, its organisation has no place yet."""
        if not entry.city:
            return None
        found = self._resolved(entry.city, entry.country)
        if found.place is None:
            entry.remarks.append(fault_of(found, country=entry.country))
        return found.place

    def place_called(self, municipality: str, country: str) -> Place | None:
        """The one place a municipality of this name is at: "Oslo", "Oslo kommune"."""
        names = (municipality, bare_key(municipality))
        places = (self._resolved(name, country).place for name in names if name)
        return next((place for place in places if place is not None), None)

    def learn(self, keys: Iterable[str]) -> None:
        """Look up at once which of these are names of places at all."""
        asked = {spelling for key in keys for spelling in spellings(key)}
        rows = PlaceName.objects.filter(key__in=asked - self._asked)
        self._asked |= asked
        self._known |= set(rows.values_list("key", flat=True).distinct())

    def named(self, key: str, country: str, *, typed: str) -> tuple[Place | None, list[Place]]:
        """The one place of exactly this name, in any language; else those that may be meant, also
        by a name that stands declined in what was `typed`."""
        if self._known.isdisjoint(spellings(key)):
            is_body = municipality_key(typed) == key
            return None, list(self._resolved(typed, country).similar) if is_body else []
        found = self._resolved(key, country)
        place = found.place
        if place is not None and self.is_name_of(key, place):
            return place, []
        return None, [each for each in found.candidates if self.is_name_of(key, each)]

    def is_name_of(self, key: str, place: Place) -> bool:
        """Whether a place is called so in some language."""
        if place.pk not in self._names:
            self._names[place.pk] = frozenset(name_keys(place))
        return key in self._names[place.pk]

    def _resolved(self, name: str, country: str) -> Resolution:
        key = (name_key(name), country)
        if key not in self._found:
            self._found[key] = resolve_city(name, country=country)
        return self._found[key]


def fault_of(found: Resolution, *, country: str) -> str:
    """Why a city leads to no place, and what to write instead."""
    if found.candidates:
        words = _(
            "City left out: “%(city)s” may be %(places)s. Write the country or the region after a "
            "comma."
        )
        labels = [label_of(place) for place in found.candidates[:NAMED_AT_MOST]]
        return words % {"city": found.typed[:60], "places": wording.listed(labels)}
    fault = place_fault(found, country=country) if found.elsewhere else ""
    words = fault or _("“%(city)s” is not in our list of places.") % {"city": found.typed[:60]}
    return _("City left out: %(why)s") % {"why": words}


def city_at(organisation: Organisation, place: Place, *, typed: str) -> Municipality:
    """The municipality that an organisation is, not stored yet."""
    return Municipality(
        organisation=organisation,
        place=place,
        name=own_name(typed, place),
        region=place.region,
        time_zone=place.zone,
    )


def city_values(city: Municipality) -> list[Any]:
    """What an import writes of a municipality it makes, and all that anybody may edit."""
    until = city.embargo_until
    return [
        *(city.place_id, city.name, city.region, city.time_zone, city.languages),
        *(city.names, city.is_pilot, until and until.isoformat()),
    ]
