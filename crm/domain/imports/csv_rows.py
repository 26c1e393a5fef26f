"""CSV of any encoding and delimiter as rows of text; no line is swallowed by a forgotten quote."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from crm.domain.imports import encodings
from crm.domain.imports.bounds import Bounds, Findings, Refused, check_cells

DELIMITERS = ",;\t|"
LOOKED_AT = 60
ROW_OF_TWO = re.compile(r"[^\t]*\t\s*\S+@\S+\s*|\s*\S+@\S+\s*\t[^\t]*")
Row = tuple[int, list[str]]


def read_csv(
    path: Path, bounds: Bounds, *, encoding: str, delimiter: str
) -> tuple[Findings, Iterator[Row]]:
    """What the file is, and its rows with the number of the line each begins on."""
    found = Findings("csv")
    guess = encodings.Guess(encoding) if encoding else encodings.guess(path)
    found.encoding, found.is_certain = guess.encoding, guess.is_certain
    found.others = [[guess.encoding, ", ".join(guess.words)], *map(list, guess.others)]
    if guess.is_certain:
        found.others = []
    with encodings.opened(path, found.encoding) as file:
        head = list(itertools.islice(_clean_lines(file), LOOKED_AT))
    said = _said_delimiter(head)
    found.delimiter = delimiter or said or _likely_delimiter(head)
    return found, _rows(path, found, bounds, skip=1 if said else 0)


def _clean_lines(file: TextIO) -> Iterator[str]:
    """The lines without NULs, in the order of the file."""
    try:
        for line in file:
            yield line.replace("\x00", "")
    except UnicodeError as fault:
        raise Refused("undecodable", encoding=file.encoding) from fault


def _said_delimiter(head: list[str]) -> str:
    """Excel's own first line: sep=; (and nothing else)."""
    first = head[0].strip().strip('"').lower() if head else ""
    return first[4] if len(first) == 5 and first.startswith("sep=") else ""


def _likely_delimiter(head: list[str]) -> str:
    """The one that cuts most lines into the same number of cells, the more the better."""
    best, rated = ",", (0.0, 0)
    for each in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(head, delimiter=each) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        width, lines = Counter(widths).most_common(1)[0]
        if width > 1 and (lines / len(widths), width) > rated:
            best, rated = each, (lines / len(widths), width)
    return best


def _rows(path: Path, found: Findings, bounds: Bounds, *, skip: int) -> Iterator[Row]:
    csv.field_size_limit(bounds.file_bytes)
    usual = 0
    with encodings.opened(path, found.encoding) as file:
        lines = _clean_lines(file)
        for _line in range(skip):
            next(lines)
        reader = csv.reader(lines, delimiter=found.delimiter, strict=True)
        before = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                raise _unclosed(path, found, first=before + 1 + skip) from fault
            line, before = before + 1 + skip, reader.line_num
            check_cells(cells, line, bounds)
            usual = usual or (len(cells) if len(cells) > 1 else 0)
            if reader.line_num > line - skip and _swallows(cells, usual, found.delimiter):
                raise _unclosed(path, found, first=line)
            yield line, cells


def _swallows(cells: list[str], usual: int, delimiter: str) -> bool:
    """Whether a cell of several lines holds a line that is a row of its own."""
    if not usual:
        return False
    inner = (line for cell in cells if "\n" in cell or "\r" in cell for line in cell.splitlines())
    if usual == 2:
        # A delimiter may stand in any sentence; beside an address and nothing else it is a row's.
        return any(ROW_OF_TWO.fullmatch(line.replace(delimiter, "\t")) for line in inner)
    return any(line.count(delimiter) >= usual - 1 for line in inner)


def _unclosed(path: Path, found: Findings, *, first: int) -> Refused:
    with encodings.opened(path, found.encoding) as file:
        lines = sum(1 for line in file if line.strip())
    return Refused("quote", line=first, lines=lines, rows=first - 1)
