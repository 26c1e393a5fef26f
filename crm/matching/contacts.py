"""The scheme for people as we keep them: names, organisation, city, addresses.

Values come folded: names, organisations and cities by `crm.search.name_key`, mail addresses by
`crm.validators.address_key`, phones by `phone_key`.
"""

import re

from crm.matching.blocking import sound
from crm.matching.fields import Field, Key, Kind, Scheme, Values

NO_DIGIT = re.compile(r"[^0-9]+")
# The end of a number is the same with and without its country's code.
PHONE_END = 8


def phone_key(number: str) -> str:
    """The digits that two spellings of a number share; empty when there are too few."""
    digits = NO_DIGIT.sub("", number)
    return digits[-PHONE_END:] if len(digits) >= PHONE_END - 2 else ""


def joined(*parts: str) -> list[str]:
    """One word of all parts; none when a part is missing."""
    return ["|".join(parts)] if all(parts) else []


def one(values: Values) -> str:
    return values[0] if values else ""


def _names(given: Values, family: Values) -> list[str]:
    """Both names, in either order."""
    return joined(*sorted((one(given), one(family))))


def _sounds(given: Values, family: Values, *place: Values) -> list[str]:
    return joined(*sorted((sound(one(given)), sound(one(family)))), *map(one, place))


def _sound_and(name: Values, place: Values) -> list[str]:
    return joined(sound(one(name)), one(place))


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
        Key(("given", "family", "city"), _sounds),
        Key(("family", "organisation"), _sound_and, largest=20),
        Key(("given", "organisation"), _sound_and, largest=20),
    ),
    swapped=("given", "family"),
)
