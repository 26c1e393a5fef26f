"""What a place is called beside visits: as its city writes itself, else as the register does."""

from collections.abc import Iterable, Mapping

from crm.models import Place
from visits.models import Visit


def names_at(visits: Iterable[Visit]) -> dict[int, str]:
    """The name of each place that is visited, by its number."""
    return {visit.place_id: visit.city for visit in visits if visit.place_id is not None}


def name_of(place: Place, names: Mapping[int, str]) -> str:
    """The name of a place beside visits with these names."""
    return names.get(place.pk) or place.name
