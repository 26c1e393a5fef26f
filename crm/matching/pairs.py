"""Two records that may be of one human."""

from dataclasses import dataclass

from crm.matching.fields import Level


@dataclass(frozen=True)
class Pair:
    """Two records by position, how likely they are one human, and how alike each field is."""

    left: int
    right: int
    probability: float
    bits: float
    levels: dict[str, Level]
