"""From what a person typed to a place of the register: found, to be chosen, or not known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils import translation
from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from crm.search import search_key
from crm.validators import clean_line

# A namesake this many times larger is meant, unless the smaller one bears the name itself.
CLEARLY_LARGER = 10
MOST_CANDIDATES = 12
MOST_SUGGESTIONS = 8
SHORTEST = 2
# What an officer writes before or after the city's name, as search keys: "Comune di Brescia".
BODIES = frozenset(
    "stadt landeshauptstadt hansestadt gemeinde stad gemeente ville mairie commune comune citta "
    "ayuntamiento ajuntament municipio camara municipal miasto gmina kommune kommun city town "
    "council municipality dimos cedex".split()
)
LINKS = frozenset("de di da do du des der van of".split())


@dataclass(frozen=True)
class Resolution:
    """What a typed city may be: one place, or candidates to choose from, or neither."""

    typed: str
    place: Place | None = None
    candidates: Sequence[Place] = field(default_factory=tuple)
    # Places of this name in other countries than the one that was chosen.
    elsewhere: Sequence[Place] = field(default_factory=tuple)

    @property
    def is_known(self) -> bool:
        return self.place is not None

    @property
    def is_ambiguous(self) -> bool:
        return self.place is None and bool(self.candidates)


def resolve_city(typed: str, *, country: str = "") -> Resolution:
    """The place meant by `typed`: a name in any language, alone or as "Gand, Flanders, BE".

    `country` (two letters) narrows the choice; a name known only in others is told by `elsewhere`.
    Never guesses between places that could both be meant: then it returns them as candidates,
    largest first.
    """
    for name, hints in _readings(typed):
        found = _narrowed(list(Place.objects.named(name)[:50]), hints, country)
        if found:
            break
    else:
        return Resolution(typed, elsewhere=tuple(_elsewhere(typed) if country else ()))
    chosen = _clear_choice(found, name)
    if chosen is not None:
        return Resolution(typed, place=chosen)
    return Resolution(typed, candidates=tuple(found[:MOST_CANDIDATES]))


def _elsewhere(typed: str) -> list[Place]:
    """Places of this name in any country, provided that every further word fits them."""
    for name, hints in _readings(typed):
        found = list(Place.objects.named(name)[:50])
        for hint in hints:
            found = [place for place in found if hint in _where(place)]
        if found:
            return found[:MOST_CANDIDATES]
    return []


def place_fault(found: Resolution, *, country: str) -> str:
    """Why an unlisted city cannot be kept as typed, as a sentence; empty when it can be."""
    if found.elsewhere:
        codes = dict.fromkeys(place.country for place in found.elsewhere)
        return _(
            "%(city)s is in %(there)s, not in %(here)s. Choose the right country; for another "
            "place of this name, write its region after a comma."
        ) % {
            "city": found.typed,
            "there": wording.listed([wording.country_name(code) for code in codes]),
            "here": wording.country_name(country),
        }
    if not found.is_known and not found.candidates and not country:
        return _(
            "%(city)s is not in our list of places. Check the spelling, or choose the "
            "country: then we keep the name as you typed it."
        ) % {"city": found.typed}
    return ""


def suggest_cities(text: str) -> list[str]:
    """What may be meant by the first letters, as words `resolve_city` reads back to one place."""
    text = clean_line(text)
    key = search_key(text)
    if len(key) < SHORTEST:
        return []
    places = list(Place.objects.starting_with(text, most=MOST_SUGGESTIONS))
    exact = [place for place in Place.objects.named(text)[:3] if place not in places]
    return [label_of(place, key) for place in [*exact, *places]]


def label_of(place: Place, key: str = "") -> str:
    """ "Gand (Gent), Flanders, Belgium": the name that was typed first, where it is another."""
    name = place.name
    if key and not search_key(name).startswith(key):
        begun = [other for other in _names(place) if search_key(other).startswith(key)]
        typed = min(begun, key=len, default=None)
        name = f"{typed} ({place.name})" if typed else name
    country = wording.country_name(place.country)
    return ", ".join(part for part in (name, place.region, country) if part)


def own_name(typed: str, place: Place) -> str:
    """The city's name as typed, where that is a name of the place; else the register's."""
    keys = set(map(search_key, _names(place)))
    before = re.split(r"[,;/(]", typed)[0].strip()
    return next((name for name in (typed, before) if search_key(name) in keys), place.name)


def zone_of_country(country: str) -> str:
    """The time zone of the largest place of a country; empty when we know none."""
    largest = Place.objects.filter(country=country).order_by("-population").first()
    return largest.zone if largest else ""


def _names(place: Place) -> list[str]:
    return [place.name, *filter(None, place.alternate_names.split("|"))]


def _readings(typed: str) -> Iterator[tuple[str, list[str]]]:
    """What may be the name in `typed`, and the words that narrow it, the likeliest first.

    Everything; what stands before a comma or bracket; that without postcode ("2511 AB Den Haag")
    and without the words for the body itself ("Ville de Nice").
    """
    whole = search_key(clean_line(typed))
    name, *rest = (part.strip() for part in re.split(r"[,;/]| – | - ", whole))
    name = re.sub(r"\s*\([^)]*\)\s*$", "", name)
    hints = [hint for hint in rest if hint]
    bare = _without_post_and_body(name)
    # The two letters of a Dutch postcode go last: "7100 La Louvière" is not one.
    shorter = _without_post_and_body(re.sub(r"^(nl-)?\d{4} [a-z]{2} ", "", name))
    seen = {""}
    for key, narrowing in ((whole, []), (name, hints), (bare, hints), (shorter, hints)):
        if key not in seen:
            seen.add(key)
            yield key, narrowing


def _without_post_and_body(name: str) -> str:
    words = [word for word in name.split() if not any(letter.isdigit() for letter in word)]
    kept = [word for word in words if word not in BODIES]
    if len(kept) < len(words) and kept and kept[0] in LINKS:
        kept = kept[1:]
    return " ".join(kept)


def _narrowed(places: list[Place], hints: list[str], country: str) -> list[Place]:
    """Those of the country, and of the region or country that a hint names.

    A hint that names a country rules the others out; any other that fits none is passed over.
    """
    if country:
        places = [place for place in places if place.country == country.upper()]
    for hint in hints:
        fitting = [place for place in places if hint in _where(place)]
        if fitting or hint in _country_keys():
            places = fitting
    return places


def _country_keys() -> set[str]:
    """Every country by its code and by its name, in the active language and in English."""
    names = (name for code in wording.COUNTRIES for name in _country_names(code))
    return {search_key(name) for name in names}


def _country_names(code: str) -> tuple[str, str, str]:
    with translation.override("en"):
        english = wording.country_name(code)
    return code, wording.country_name(code), english


def _where(place: Place) -> set[str]:
    names = (place.region, *_country_names(place.country))
    return {search_key(name) for name in names if name}


def _clear_choice(places: list[Place], key: str) -> Place | None:
    """The one that must be meant: alone, or bearing the name itself and by far the largest."""
    if not places:
        return None
    if len(places) == 1:
        return places[0]
    own = [place for place in places if search_key(place.name) == key]
    first, *others = sorted(own or places, key=lambda place: -place.population)
    others = [place for place in places if place != first]
    largest = max(place.population for place in others)
    return first if first.population >= CLEARLY_LARGER * max(largest, 1) else None
