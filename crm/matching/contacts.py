"""The scheme for people as we keep them: names, organisation, city, addresses.

Values come folded: names, organisations and cities by `crm.search.name_key`, mail addresses by
`crm.validators.address_key`, phones by `phone_key`.
"""

import re

from crm.matching.fields import Field, Key, Kind, Namesake, Scheme, Values
from crm.matching.sounds import sound

NO_DIGIT = re.compile(r"[^0-9]+")
# The end of a number is the same with and without its country's code.
PHONE_END = 8


def phone_key(number: str) -> str:
    """The digits that two spellings of a number share; empty when there are too few."""
    digits = NO_DIGIT.sub("", number)
    return digits[-PHONE_END:] if len(digits) >= PHONE_END - 2 else ""


# These run once per record and key, so they are spelt out.


def _names(given: Values, family: Values) -> Values:
    """Both names, in either order."""
    return _unordered(given[0], family[0]) if given and family else ()


def _sounds(given: Values, family: Values) -> Values:
    return _unordered(sound(given[0]), sound(family[0])) if given and family else ()


def _sounds_and(given: Values, family: Values, place: Values) -> Values:
    if not (given and family and place):
        return ()
    return (f"{_unordered(sound(given[0]), sound(family[0]))[0]}|{place[0]}",)


def _sound_and(name: Values, place: Values) -> Values:
    return (f"{sound(name[0])}|{place[0]}",) if name and place else ()


def _unordered(one: str, other: str) -> Values:
    return (f"{one}|{other}",) if one < other else (f"{other}|{one}",)


CONTACTS = Scheme(
    fields=(
        Field("given", Kind.NAME, (0.86, 0.05, 0.06, 0.03), (0.008, 0.004, 0.02, 0.968)),
        Field("family", Kind.NAME, (0.88, 0.05, 0.03, 0.04), (0.002, 0.002, 0.01, 0.986)),
        Field(
            "organisation",
            Kind.WORDS,
            (0.75, 0.06, 0.07, 0.12),
            (0.02, 0.005, 0.025, 0.95),
        ),
        Field(
            "city",
            Kind.NAME,
            (0.88, 0.03, 0.02, 0.07),
            (0.03, 0.002, 0.008, 0.96),
            told_by=("organisation",),
        ),
        Field(
            "country",
            Kind.CODE,
            (0.97, 0.001, 0.001, 0.028),
            (0.15, 0.001, 0.001, 0.848),
            told_by=("organisation", "city"),
        ),
        # A second record is often made because of a second address.
        Field("mail", Kind.MAIL, (0.55, 0.06, 0.01, 0.38), (0.0003, 0.0002, 0.0005, 0.999)),
        Field("phone", Kind.DIGITS, (0.65, 0.04, 0.01, 0.30), (0.0003, 0.0002, 0.0005, 0.999)),
    ),
    keys=(
        Key(("mail",), lambda values: values),
        Key(("phone",), lambda values: values),
        Key(("given", "family"), _names),
        # Much is spelt alike, so only few of each sound are worth a look.
        Key(("given", "family"), _sounds, largest=8),
        Key(("given", "family", "city"), _sounds_and),
        Key(("family", "organisation"), _sound_and, largest=20),
        Key(("given", "organisation"), _sound_and, largest=20),
    ),
    swapped=("given", "family"),
    namesake=Namesake(("given", "family"), place="organisation", apart=("mail", "phone")),
)
