"""What one number is, and how its parts are rounded and ordered."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from visits.domain.figures.rows import Row
from visits.models.reports import Audience

ORDER = [
    Audience.POLICY_MAKERS,
    Audience.SCIENTIFIC,
    Audience.CIVIL_SOCIETY,
    Audience.INDUSTRY,
    Audience.OTHER,
    Audience.MEDIAS,
    Audience.GENERAL_PUBLIC,
    Audience.INVESTORS,
    Audience.CUSTOMERS,
]


@dataclass(frozen=True)
class Figure:
    """One number: `value` in `unit`, its parts in `detail` (codes to numbers), its rows."""

    key: str
    label: Any
    value: int | float
    unit: Any
    rows: list[Row]
    detail: dict[str, Any] = field(default_factory=dict)


def rounded(value: float | Decimal, places: int = 2) -> float:
    """`value` rounded half up, as the funder's tables are."""
    step = Decimal(1).scaleb(-places)
    return float(Decimal(str(value)).quantize(step, ROUND_HALF_UP))


def share(part: int, whole: int) -> float:
    """`part` of `whole` to two decimals; 0 when there is nothing yet."""
    return rounded(Decimal(part) / whole) if whole else 0


def percent(part: int, whole: int) -> int:
    return int(rounded(Decimal(100 * part) / whole, 0)) if whole else 0


def by_audience(counts: Counter) -> dict[str, int]:
    """The counts in the funder's order, under the funder's English names."""
    return {
        str(audience.label): counts[audience.value] for audience in ORDER if counts[audience.value]
    }
