"""A sheet of an XLSX workbook as rows of text; the archive is measured before it is opened.

openpyxl's streaming reader knows neither merged cells nor which cells are formulas, so these are
looked up in the sheet's text while its size is counted.
"""

import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from crm.domain.imports.bounds import NOT_WORKED_OUT, Bounds, Findings, Refused, check_cells

CHUNK = 256_000
# Longer than any tag or formula that is looked for, so that none is cut in two between chunks.
OVERLAP = 20_000
MERGE = re.compile(rb'<(?:\w+:)?mergeCell[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
FORMULA = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3}\d{1,7})"[^>]*><(?:\w+:)?f[ />]')
# Without a value, or with an empty one that is no text: no program has worked it out.
NO_VALUE = re.compile(
    rb'<(?:\w+:)?c (?=[^>]*?r="([A-Z]{1,3})(\d{1,7})")(?![^>]*?t="str")[^>]*>'
    rb"<(?:\w+:)?f(?: [^>]*?)?(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"(?:<(?:\w+:)?v ?/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
MOST_MERGES, MOST_FORMULAS, MOST_NOT_WORKED_OUT = 20_000, 200, 20_000
Row = tuple[int, list[str]]


@dataclass
class Sheet:
    """What the streaming reader does not tell: ranges of merged cells, and cells with formulas."""

    merges: set[tuple[int, int, int, int]] = field(default_factory=set)
    formulas: dict[str, None] = field(default_factory=dict)
    # Columns by row of those whose value the workbook does not hold.
    not_worked_out: dict[int, set[int]] = field(default_factory=dict)
    missing: int = 0


def read_xlsx(path: Path, bounds: Bounds, *, sheet: str) -> tuple[Findings, Iterator[Row]]:
    """What the workbook holds, and the rows of its first sheet with any, or of `sheet`."""
    parts = measured(path, bounds)
    # Only after the archive was measured: reading the strings of a bomb is what costs.
    from openpyxl import load_workbook

    try:
        # Opened here: by its name openpyxl would refuse what is called otherwise than .xlsx.
        book = load_workbook(path.open("rb"), read_only=True, data_only=True, keep_links=False)
        visible = [each for each in book.worksheets if each.sheet_state == "visible"]
    except MemoryError:
        raise
    except Exception as fault:
        raise Refused("damaged") from fault
    found = Findings("xlsx", sheets=[each.title for each in visible])
    chosen = next((each for each in visible if each.title == sheet), None)
    if sheet and chosen is None:
        raise Refused("sheet", sheet=sheet[:60])
    for candidate in [chosen] if chosen else visible:
        rows = _rows(candidate, parts, bounds)
        first = next(rows, None)
        if first is not None or candidate is chosen:
            found.sheet = candidate.title
            found.formulas = list(parts.get(candidate._worksheet_path, Sheet()).formulas)
            return found, _with_first(first, rows)
    return found, iter(())


def _with_first(first: Row | None, rows: Iterator[Row]) -> Iterator[Row]:
    if first is not None:
        yield first
        yield from rows


def measured(path: Path, bounds: Bounds) -> dict[str, Sheet]:
    """What each sheet's text tells; raises Refused when the archive is a trap or no workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_directory(members, bounds)
            return _count_out(archive, members, bounds)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as fault:
        raise Refused("damaged") from fault
    except (OSError, EOFError, ValueError) as fault:
        raise Refused("damaged") from fault


def _check_directory(members: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    if len(members) > bounds.members:
        raise Refused("members", found=len(members), most=bounds.members)
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise Refused("unsafe_path")
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if ".." in parts or parts[0] == "" or ":" in parts[0] or is_link:
            raise Refused("unsafe_path")
    unpacked = sum(member.file_size for member in members)
    if unpacked > bounds.unpacked_bytes:
        raise Refused("unpacked", most=bounds.unpacked_bytes // 1_000_000)
    for member in members:
        if member.file_size > 100_000 and member.file_size > bounds.ratio * member.compress_size:
            raise Refused("ratio", most=bounds.ratio)
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise Refused("no_workbook")


def _count_out(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], bounds: Bounds
) -> dict[str, Sheet]:
    """Unpack every XML part once, counting: a directory may lie about sizes."""
    total, sheets = 0, {}
    for member in members:
        if not member.filename.endswith((".xml", ".rels")):
            continue
        is_sheet = member.filename.startswith("xl/worksheets/")
        sheet = Sheet()
        with archive.open(member) as part:
            rest, is_head = b"", True
            while chunk := part.read(CHUNK):
                total += len(chunk)
                if total > bounds.unpacked_bytes:
                    raise Refused("unpacked", most=bounds.unpacked_bytes // 1_000_000)
                text = rest + chunk
                if is_head and _declares(text):
                    raise Refused("entities")
                if is_sheet:
                    _look(text, sheet)
                rest, is_head = text[-OVERLAP:], False
        if is_sheet:
            sheets[member.filename] = sheet
    return sheets


def _declares(head: bytes) -> bool:
    """Whether an XML part brings a document type, the home of entity bombs."""
    plain = head.replace(b"\x00", b"").upper()
    return b"<!DOCTYPE" in plain or b"<!ENTITY" in plain


def _look(text: bytes, sheet: Sheet) -> None:
    if len(sheet.formulas) < MOST_FORMULAS:
        sheet.formulas |= dict.fromkeys(ref.decode() for ref in FORMULA.findall(text))
    if len(sheet.merges) < MOST_MERGES:
        for left, top, right, bottom in MERGE.findall(text):
            sheet.merges.add((_column(left), int(top), _column(right), int(bottom)))
    if sheet.missing <= MOST_NOT_WORKED_OUT:
        for letters, row in NO_VALUE.findall(text):
            columns = sheet.not_worked_out.setdefault(int(row), set())
            sheet.missing += _column(letters) not in columns
            columns.add(_column(letters))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _rows(worksheet: Any, parts: dict[str, Sheet], bounds: Bounds) -> Iterator[Row]:
    """Rows that say anything, with their numbers; a merged cell counts for every row it covers."""
    sheet = parts.get(worksheet._worksheet_path, Sheet())
    if sheet.missing > MOST_NOT_WORKED_OUT:
        raise Refused("not_worked_out", most=MOST_NOT_WORKED_OUT)
    tall = sorted((top, bottom, left) for left, top, _right, bottom in sheet.merges if bottom > top)
    worksheet.reset_dimensions()
    open_ranges: list[tuple[int, int, str]] = []
    position = 0
    try:
        for line, values in enumerate(worksheet.iter_rows(values_only=True), 1):
            cells = [as_text(value) for value in values]
            for column in sheet.not_worked_out.get(line, ()):
                cells += [""] * (column - len(cells))
                cells[column - 1] = NOT_WORKED_OUT
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            open_ranges = [each for each in open_ranges if each[0] >= line]
            check_cells(cells, line, bounds)
            for _bottom, column, value in open_ranges:
                if column <= bounds.columns:
                    cells += [""] * (column - len(cells))
                    cells[column - 1] = cells[column - 1] or value
            while position < len(tall) and tall[position][0] <= line:
                top, bottom, left = tall[position]
                position += 1
                if top == line and left <= len(cells) and cells[left - 1]:
                    open_ranges.append((bottom, left, cells[left - 1]))
            yield line, cells
    except (Refused, MemoryError):
        raise
    except Exception as fault:
        raise Refused("damaged") from fault


def as_text(value: Any) -> str:
    """A cell as a person reads it: whole numbers without a point, days as 2023-02-15."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        at_midnight = value.time() == time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    # A hard blank at the end may be the second half of a misread letter.
    text = str(value)
    return text.strip(" \t\r\n") if text.strip() else ""
