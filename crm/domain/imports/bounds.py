"""What a file may cost, and how a reader says that it will not go on. Nothing of Django."""

import dataclasses
from typing import Any

MEGABYTE = 1_000_000
# Stands for the value of a formula that the workbook does not hold.
NOT_WORKED_OUT = "#FORMULA?"


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The most that is read of one file; beyond that it is refused with the number."""

    file_bytes: int = 20 * MEGABYTE
    rows: int = 50_000
    columns: int = 200
    letters: int = 10_000
    unpacked_bytes: int = 50 * MEGABYTE
    members: int = 200
    ratio: int = 100
    card_bytes: int = 64_000
    memory_bytes: int = 512 * 1024 * 1024
    seconds: int = 60


class Refused(Exception):
    """The whole file cannot be read. `code` chooses the sentence, `params` fill it in."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        super().__init__(code)


@dataclasses.dataclass(frozen=True)
class BadRow:
    """One row or card that cannot be read, while the others can."""

    line: int
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Findings:
    """What a reader learned about the file on its way through the rows."""

    kind: str
    encoding: str = ""
    is_certain: bool = True
    others: list[list[str]] = dataclasses.field(default_factory=list)
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = dataclasses.field(default_factory=list)
    ignored: list[str] = dataclasses.field(default_factory=list)
    formulas: list[str] = dataclasses.field(default_factory=list)


def check_cells(cells: list[str], line: int, bounds: Bounds) -> None:
    """Raise Refused when a row is wider or a cell longer than anything we read."""
    if len(cells) > bounds.columns:
        raise Refused("columns", line=line, most=bounds.columns)
    for number, cell in enumerate(cells, 1):
        if len(cell) > bounds.letters:
            raise Refused("letters", line=line, column=number, found=len(cell), most=bounds.letters)
