"""Improving a plan whose priority is not proven: diving, then freeing a few host weeks at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choose import Pool
from .columns import Columns

if TYPE_CHECKING:
    from .search import Search


def improve(search: Search, pool: Pool, columns: Columns) -> None:
    """Dive, then search neighbourhoods, until priority is proven or the counts are used up."""
