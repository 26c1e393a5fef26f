"""A column of a table as numbers: each different value has one, so that it is looked at once."""

from dataclasses import dataclass

import numpy as np

from crm.matching.fields import Scheme, Table, Values

NONE = -1


@dataclass(frozen=True)
class Column:
    """`first` is the number of each record's first value, or NONE; `more` has the records with
    several."""

    words: list[str]
    first: np.ndarray
    more: dict[int, tuple[int, ...]]

    def all_of(self, at: int) -> tuple[int, ...]:
        if at in self.more:
            return self.more[at]
        code = int(self.first[at])
        return () if code == NONE else (code,)

    @property
    def counts(self) -> np.ndarray:
        """How many records have each value."""
        counted = np.bincount(self.first[self.first != NONE], minlength=len(self.words))
        for codes in self.more.values():
            for code in codes[1:]:
                counted[code] += 1
        return counted


Columns = list[Column]


def columns_of(scheme: Scheme, table: Table) -> Columns:
    return [_column(table[name]) for name in scheme.names]


def _column(values: list[Values]) -> Column:
    codes: dict[str, int] = {}
    first = np.full(len(values), NONE, dtype=np.int64)
    more = {}
    for at, row in enumerate(values):
        if not row:
            continue
        first[at] = codes.setdefault(row[0], len(codes))
        if len(row) > 1:
            more[at] = tuple(codes.setdefault(word, len(codes)) for word in row)
    return Column(list(codes), first, more)
