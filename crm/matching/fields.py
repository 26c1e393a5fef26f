"""What two records are compared by, and how alike two values of a field can be."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property


class Level(IntEnum):
    """How alike two values are, best first. UNKNOWN says nothing for or against."""

    SAME = 0
    NEAR = 1
    ALIKE = 2
    OTHER = 3
    UNKNOWN = 4


# The levels that weigh something.
TELLING = (Level.SAME, Level.NEAR, Level.ALIKE, Level.OTHER)


class Kind(StrEnum):
    """How values of a field differ when they mean the same."""

    NAME = "name"
    WORDS = "words"
    DIGITS = "digits"
    MAIL = "mail"
    CODE = "code"


@dataclass(frozen=True)
class Field:
    """A column both records have.

    `usual` is how often the levels occur in one human's records, `chance` in two humans': where
    learning starts and what small tables keep (see `weights.learn`). `told_by` names fields that
    say this one too when they are the same: an organisation its city.
    """

    name: str
    kind: Kind
    usual: tuple[float, float, float, float] = (0.9, 0.04, 0.03, 0.03)
    chance: tuple[float, float, float, float] = (0.002, 0.002, 0.006, 0.99)
    told_by: tuple[str, ...] = ()


# The values of a record by field: one for each, or several where a person has several.
Values = tuple[str, ...]
Table = dict[str, list[Values]]


@dataclass(frozen=True)
class Key:
    """Records that share one of these words are compared with each other.

    `words` makes them from the values of `fields`, in this order. A word that more than `largest`
    records share says too little; other keys find their pairs.
    """

    fields: tuple[str, ...]
    words: Callable[..., Iterable[str]]
    largest: int = 40


@dataclass(frozen=True)
class Namesake:
    """Two of one name whom nothing tells apart, however common the name.

    Both `names` are the same, or the first alone where `place` is the same too and the other is
    not known; `place` and `apart` are the same or not known.
    """

    names: tuple[str, str]
    place: str
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Scheme:
    """The fields and keys of one kind of table.

    `swapped` are two names that people mix up; `namesake` is what is told whatever the weights say.
    """

    fields: tuple[Field, ...]
    keys: tuple[Key, ...]
    swapped: tuple[str, str] | None = None
    namesake: "Namesake | None" = None

    @cached_property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]
