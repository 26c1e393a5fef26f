"""From what a person typed to a place of the register: found, to be chosen, or not known."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils import translation
from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place, PlaceName
from crm.search import name_key, search_key
from crm.validators import clean_line

# A namesake this many times larger is meant, unless the smaller one bears the name itself.
CLEARLY_LARGER = 10
MOST_CANDIDATES = 12
MOST_SUGGESTIONS = 8
MOST_SIMILAR = 4
SHORTEST = 2
# A name by which a place is known elsewhere counts as if the place were so many times smaller.
BY_NAME_DIVISOR = 20
MOST_WEIGHED = 40
# What an officer writes before or after the city's name, as keys: "Comune di Brescia".
BODIES = frozenset(
    "stadt stadtverwaltung landeshauptstadt hansestadt gemeinde gemeindeverwaltung magistrat stad "
    "gemeente gemeentebestuur stadsbestuur ville mairie commune comune citta ayuntamiento "
    "ajuntament concello municipio municipalidad camara municipal urzad miasto miasta miejski "
    "gmina gminy kommune kommun bykommune city town council borough municipality dimos dimou "
    "cedex".split()
)
# How an organisation is called that is the municipality of the place behind the words, or before
# them, in the languages we speak and some more; as keys.
CALLED_SO = (
    re.compile(
        r"(?:(?:stadt|landeshauptstadt|hansestadt|stadtverwaltung|gemeinde|gemeindeverwaltung|"
        r"magistrat der stadt|stad|gemeente|gemeentebestuur|stadsbestuur|gmina|miasto|"
        r"urzad (?:miasta|gminy|miejski(?: w)?)|dimos|kommune|kommunen|"
        r"(?:city|town|municipality|borough|commune) of|"
        r"(?:ville|mairie|commune|communaute urbaine) (?:de la|de|du|des|d)|"
        r"(?:comune|citta|municipio) (?:di|de|dell|della|del|d)|"
        r"(?:ayuntamiento|ajuntament|concello|municipio|municipalidad) (?:de la|de|del|d)|"
        r"camara municipal (?:de|do|da)) )(?P<place>.+)"
    ),
    re.compile(
        r"(?P<place>.+) (?:kommune|bykommune|kommun|municipality|comune|gemeente|stadt|"
        r"(?:city|town|borough|municipal) council)"
    ),
)
# Behind these words an unknown name has no more words than a place has.
MOST_WORDS = 2
LINKS = frozenset("de di da do du des der van of w we".split())
# Written in short or in full by habit, in French, German, Dutch and English names.
SAINTS = {"st": ("saint", "sankt", "sint"), "ste": ("sainte",)}
ABBREVIATED = re.compile(r"\b[a-z]{1,2}\.")
MOST_ABBREVIATED = 500
# Endings that Polish and Greek hang on a city's name after the word for its body: "Krakowa".
LONGEST_ENDING, SHORTEST_STEM = 3, 4
# Where most readers of a language are at home. English is read everywhere.
HOME_OF_LANGUAGE = {
    "nb": "NO", "nl": "NL", "fr": "FR", "de": "DE", "it": "IT", "es": "ES", "pl": "PL", "el": "GR",
}  # fmt: skip


@dataclass(frozen=True)
class Resolution:
    """What a typed city may be: one place, or candidates to choose from, or neither."""

    typed: str
    place: Place | None = None
    candidates: Sequence[Place] = field(default_factory=tuple)
    # Places of this name in other countries than the one that was chosen.
    elsewhere: Sequence[Place] = field(default_factory=tuple)
    # Places whose name is not the one typed and may be meant all the same.
    similar: Sequence[Place] = field(default_factory=tuple)

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
        found = _narrowed(_named(name), hints, country)
        if found:
            break
    else:
        return _unknown(typed, country)
    chosen = _clear_choice(found, name)
    if chosen is not None:
        return Resolution(typed, place=chosen)
    return Resolution(typed, candidates=tuple(found[:MOST_CANDIDATES]))


def _named(name: str) -> list[Place]:
    return list(Place.objects.named(*spellings(name))[:50])


def spellings(name: str) -> set[str]:
    """The key `name`, also with every Saint in full or in short."""
    swaps = [(short, full) for short, forms in SAINTS.items() for full in forms]
    swaps += [(full, short) for short, full in swaps]
    words = name.split()
    return {name} | {" ".join(new if word == old else word for word in words) for old, new in swaps}


def _unknown(typed: str, country: str) -> Resolution:
    """The answer to a name that no place bears: what it is short for, or what is like it."""
    if ABBREVIATED.search(search_key(typed)):
        for name, hints in _readings(typed):
            if meant := _narrowed(_in_full(name), hints, country):
                chosen = _clear_choice(meant, "")
                candidates = () if chosen else tuple(meant[:MOST_CANDIDATES])
                return Resolution(typed, place=chosen, candidates=candidates)
    elsewhere = _elsewhere(typed) if country else ()
    similar = () if elsewhere else _narrowed(_without_ending(typed), [], country)
    return Resolution(typed, elsewhere=tuple(elsewhere), similar=tuple(similar))


def _in_full(name: str) -> list[Place]:
    """Places whose name begins word by word as the key `name` does: "Frankfurt a. M."."""
    begun = name.split()
    if len(begun) < 2:
        return []
    names = PlaceName.objects.starting_with(f"{begun[0]} {begun[1][0]}").order_by("key")
    found = {
        place
        for key, place in names.values_list("key", "place")[:MOST_ABBREVIATED]
        if len(key.split()) == len(begun) and all(map(str.startswith, key.split(), begun))
    }
    return list(Place.objects.filter(pk__in=found).order_by("-population", "pk"))


def _without_ending(typed: str) -> list[Place]:
    """Places whose name stands declined behind the word for a body: "Urząd Miasta Krakowa"."""
    for name, _hints in _readings(typed):
        bare = _without_post_and_body(name)
        if bare == name:
            continue
        stems = [bare[:-cut] for cut in range(1, LONGEST_ENDING + 1)]
        stems = [stem for stem in stems if len(stem) >= SHORTEST_STEM]
        found = list(Place.objects.named(*stems)[:MOST_SIMILAR])
        return [each for each in found if each.population * CLEARLY_LARGER >= found[0].population]
    return []


def _elsewhere(typed: str) -> list[Place]:
    """Places of this name in any country, provided that every further word fits them."""
    for name, hints in _readings(typed):
        found = _named(name)
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
    if found.similar and not country:
        return _(
            "%(city)s is not in our list of places. Do you mean %(places)s? Write that name, or "
            "choose the country: then we keep the name as you typed it."
        ) % {
            "city": found.typed,
            "places": wording.listed(labels_of(found.similar)),
        }
    if not found.is_known and not found.candidates and not country:
        return _(
            "%(city)s is not in our list of places. Check the spelling, or choose the "
            "country: then we keep the name as you typed it."
        ) % {"city": found.typed}
    return ""


def suggest_cities(text: str) -> list[str]:
    """What may be meant by the first letters, as words `resolve_city` reads back to one place."""
    key = name_key(clean_line(text))
    if len(key) < SHORTEST:
        return []
    begun = Place.objects.starting_with(key, most=MOST_WEIGHED)
    exact = Place.objects.named(key)[:MOST_SUGGESTIONS]
    found = sorted({*begun, *exact}, key=lambda place: _likelihood(place, key), reverse=True)
    return labels_of(found[:MOST_SUGGESTIONS], text)


def _likelihood(place: Place, key: str) -> tuple[bool, float]:
    """How likely a place is meant one of whose names begins with `key`, to sort by: first those
    that are called so, then by their people, fewer by far when only a by-name goes on from there.
    """
    own = name_key(place.name)
    is_plain = own.startswith(key) or key in map(name_key, _names(place))
    return own == key, place.population / (1 if is_plain else BY_NAME_DIVISOR)


def labels_of(found: Sequence[Place], typed: str = "") -> list[str]:
    """A label for each place by which `resolve_city` finds it again, in the active language.

    We know regions by their English names, so in other languages only those are named that tell
    namesakes of a country apart.
    """
    if (translation.get_language() or "en").startswith("en"):
        return [label_of(place, typed) for place in found]
    keys = {place: name_key(_begun_name(place, typed)) for place in found}
    bearers = Counter(
        PlaceName.objects.filter(key__in=set(keys.values())).values_list("key", "place__country")
    )
    return [
        label_of(place, typed, with_region=bearers[key, place.country] > 1)
        for place, key in keys.items()
    ]


def label_of(place: Place, typed: str = "", *, with_region: bool = True) -> str:
    """ "Gand (Gent), Flanders, Belgium": the name that was typed first, where it is another."""
    name = _begun_name(place, typed)
    if name != place.name:
        name = f"{name} ({place.name})"
    region = place.region if with_region else ""
    country = wording.country_name(place.country)
    return ", ".join(part for part in (name, region, country) if part)


def _begun_name(place: Place, typed: str) -> str:
    """The name of the place that begins as typed, in the same letters if there is one."""
    for fold in (search_key, name_key):
        key = fold(typed)
        begun = [name for name in _names(place) if key and fold(name).startswith(key)]
        if begun:
            return place.name if place.name in begun else min(begun, key=len)
    return place.name


def own_name(typed: str, place: Place) -> str:
    """The city's name as typed, where that is a name of the place; else the register's."""
    keys = set(map(name_key, _names(place)))
    before = re.split(r"[,;/(]", typed)[0].strip()
    return next((name for name in (typed, before) if name_key(name) in keys), place.name)


def name_keys(place: Place) -> list[str]:
    """The keys of all names of a place, its own first."""
    return list(dict.fromkeys(map(name_key, _names(place))))


def bare_key(name: str) -> str:
    """The key of a municipality's name without the words for the body: "Oslo kommune" is oslo."""
    return " ".join(word for word in name_key(name).split() if word not in BODIES)


def municipality_key(name: str) -> str:
    """The key of the place whose municipality an organisation of this name is by its words: "Mairie
    de Lyon" is that of lyon, "Bergen kommune" of bergen; empty for other names."""
    key = name_key(name)
    found = next(filter(None, (pattern.fullmatch(key) for pattern in CALLED_SO)), None)
    return found["place"] if found else ""


def body_key(name: str) -> str:
    """The same without the word that ties the body to its place: "Comune di Brescia" is brescia."""
    kept: list[str] = []
    is_after_body = False
    for word in name_key(name).split():
        if word in BODIES:
            is_after_body = True
        elif not (is_after_body and word in LINKS):
            kept.append(word)
            is_after_body = False
    return " ".join(kept)


def zone_of_country(country: str) -> str:
    """The time zone of the largest place of a country; empty when we know none."""
    largest = Place.objects.filter(country=country).order_by("-population").first()
    return largest.zone if largest else ""


def _names(place: Place) -> list[str]:
    return [place.name, *filter(None, place.alternate_names.split("|"))]


def _readings(typed: str) -> Iterator[tuple[str, list[str]]]:
    """What may be the name in `typed`, as a key, and the words that narrow it, likeliest first.

    Everything; what stands before a comma or bracket; that without postcode ("2511 AB Den Haag")
    and without the words for the body itself ("Ville de Nice").
    """
    whole = search_key(clean_line(typed))
    name, *rest = (part.strip() for part in re.split(r"[,;/]| – | - ", whole))
    bracket = re.search(r"\(([^)]*)\)\s*$", name)
    if bracket:
        name, rest = name[: bracket.start()], [bracket[1].strip(), *rest]
    hints = [hint for hint in rest if hint]
    bare = _without_post_and_body(name)
    # The two letters of a Dutch postcode go last: "7100 La Louvière" is not one.
    shorter = _without_post_and_body(re.sub(r"^(nl-)?\d{4} [a-z]{2} ", "", name))
    seen = {""}
    for words, narrowing in ((whole, []), (name, hints), (bare, hints), (shorter, hints)):
        key = name_key(words)
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
    """The one that must be meant: alone, or bearing the name itself and by far the largest.

    A smaller one of this very name in the country of the reader's language leaves it open.
    """
    if not places:
        return None
    if len(places) == 1:
        return places[0]
    keys = spellings(key)
    own = [place for place in places if name_key(place.name) in keys]
    first, *others = sorted(own or places, key=lambda place: -place.population)
    others = [place for place in places if place != first]
    largest = max(place.population for place in others)
    home = HOME_OF_LANGUAGE.get(translation.get_language() or "")
    if first.country != home and any(place.country == home for place in own):
        return None
    return first if first.population >= CLEARLY_LARGER * max(largest, 1) else None
