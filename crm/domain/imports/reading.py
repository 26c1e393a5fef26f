"""Starts the process that reads a file, waits for it, and says in a sentence why it would not."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from crm.domain.imports.bounds import Bounds
from crm.domain.imports.encodings import offered
from crm.validators import clean_line

WAIT_SECONDS = 0.2

REFUSALS = {
    "empty": gettext_lazy("The file holds nothing. Choose the one with the list."),
    "no_rows": gettext_lazy(
        "The file holds headings and no row below them. Choose the one with the list."
    ),
    "no_table": gettext_lazy(
        "This is no table: save the list as CSV or XLSX, or the contacts as vCard."
    ),
    "old_excel": gettext_lazy("This is an old Excel file (.xls). Save it as .xlsx and try again."),
    "locked": gettext_lazy(
        "The workbook is protected by a password. Save it without one and try again."
    ),
    "no_workbook": gettext_lazy(
        "This archive is no Excel workbook. Unpack it and choose the file inside."
    ),
    "damaged": gettext_lazy(
        "The workbook is damaged and cannot be read. Open it, save it anew and try again."
    ),
    "unsafe_path": gettext_lazy(
        "The workbook names files outside itself, as attacks do. It was not opened."
    ),
    "entities": gettext_lazy(
        "The workbook declares entities of its own, as attacks do. It was not opened."
    ),
    "members": gettext_lazy(
        "The workbook consists of %(found)s parts; at most %(most)s are read. "
        "Copy the list into a new workbook."
    ),
    "unpacked": gettext_lazy(
        "Unpacked, the workbook is larger than %(most)s MB. Cut it into several files."
    ),
    "ratio": gettext_lazy(
        "The workbook is packed more than %(most)s times, as no list is. It was not opened."
    ),
    "not_worked_out": gettext_lazy(
        "The workbook holds more than %(most)s formulas that were never worked out. Open it in a "
        "spreadsheet program, save it, and choose it again."
    ),
    "rows": gettext_lazy("The file has more than %(most)s rows. Cut it into several files."),
    "columns": gettext_lazy(
        "Line %(line)s has more than %(most)s columns. Remove those that are not needed."
    ),
    "letters": gettext_lazy(
        "The cell in line %(line)s, column %(column)s has %(found)s characters; at most %(most)s "
        "are read. Shorten it."
    ),
    "quote": gettext_lazy(
        "A quotation mark that opens near line %(line)s is not closed where it should be: the file "
        "has %(lines)s lines, and after line %(rows)s rows would be swallowed. Correct that line."
    ),
    "undecodable": gettext_lazy(
        "The text is not in the encoding %(encoding)s. Choose another one."
    ),
    "encoding": gettext_lazy("We know no encoding “%(encoding)s”; write it like cp1252 or utf-8."),
    "sheet": gettext_lazy("The workbook has no sheet “%(sheet)s”."),
    "memory": gettext_lazy(
        "Reading the file took more memory than any list needs. Cut it into several files."
    ),
    "time": gettext_lazy(
        "Reading the file took longer than %(seconds)s seconds. Cut it into several files."
    ),
    "size": gettext_lazy("The file has more than %(most)s MB. Cut it into several files."),
    "broken": gettext_lazy("The file could not be read. Save it anew as CSV and try again."),
}

BAD_ROWS = {
    "nested": gettext_lazy("Another card lies inside this one; neither is read."),
    "no_end": gettext_lazy("This card has no end."),
    "empty_card": gettext_lazy("This card says nothing about anybody."),
    "outside": gettext_lazy("This text stands outside every card."),
    "card_size": gettext_lazy("Without its pictures this card has more than 64 kB."),
    "bad_line": gettext_lazy("A line of this card cannot be read."),
}


class Line(NamedTuple):
    """A row as it stands in the file: the number of its line, and its cells or what is wrong."""

    number: int
    cells: list[str]
    fault: str = ""


@dataclass
class Reading:
    """A file read whole, its rows waiting in a spool; close it when done."""

    kind: str
    encoding: str
    is_certain: bool
    others: list[list[str]]
    delimiter: str
    sheet: str
    sheets: list[str]
    ignored: list[str]
    formulas: list[str]
    spool: Path
    folder: Any = field(repr=False)

    def lines(self) -> Iterator[Line]:
        with self.spool.open(encoding="utf-8") as file:
            for text in file:
                number, cells, *bad = json.loads(text)
                if cells is None:
                    yield Line(number, [], str(BAD_ROWS[bad[0]] % bad[1]))
                else:
                    yield Line(number, cells)

    def close(self) -> None:
        self.folder.cleanup()

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()


def refusal(code: str, **params: Any) -> ValidationError:
    """The refusal of a whole file, as one sentence."""
    params = {
        name: clean_line(value) if isinstance(value, str) else value
        for name, value in params.items()
    }
    if code == "undecodable":
        params["encoding"] = offered(params["encoding"])
    return ValidationError(REFUSALS[code], code=code, params=params)


def read_file(
    path: Path,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    bounds: Bounds | None = None,
    on_wait: Callable[[], None] = lambda: None,
) -> Reading:
    """Read the file in a process with little memory and time; nothing is written but a spool.

    Raises ValidationError with one sentence when the file cannot be read.
    """
    bounds = bounds or Bounds()
    if path.stat().st_size > bounds.file_bytes:
        raise refusal("size", most=bounds.file_bytes // 1_000_000)
    folder = tempfile.TemporaryDirectory(
        prefix="reading-", dir=path.parent if _is_ours(path) else None
    )
    try:
        spool = Path(folder.name) / "rows"
        options: dict[str, Any] = {
            "encoding": encoding,
            "delimiter": delimiter,
            "sheet": sheet,
            "bounds": vars(bounds),
        }
        found = _run(path, spool, options, bounds, on_wait)
        if "refused" in found:
            raise refusal(found["refused"], **found["params"])
        return Reading(**found, spool=spool, folder=folder)
    except BaseException:
        folder.cleanup()
        raise


def _is_ours(path: Path) -> bool:
    return Path(settings.IMPORT_DIR) in path.parents


def _run(
    path: Path,
    spool: Path,
    options: dict[str, Any],
    bounds: Bounds,
    on_wait: Callable[[], None],
) -> dict[str, Any]:
    words = [sys.executable, "-m", "crm.domain.imports.child", str(path.resolve()), str(spool)]
    child = subprocess.Popen(
        [*words, json.dumps(options)],
        cwd=settings.BASE_DIR,
        # Nothing of our environment: no key, no address of the database.
        env={"PATH": os.defpath, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=True,
    )
    waited = 0.0
    try:
        while True:
            try:
                answer, _errors = child.communicate(timeout=WAIT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                on_wait()
                waited += WAIT_SECONDS
                if waited > bounds.seconds:
                    raise refusal("time", seconds=bounds.seconds) from None
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    if child.returncode < 0:
        # Stopped by the system: for its time, or because it could not even say that memory was out.
        raise refusal("time", seconds=bounds.seconds)
    try:
        return json.loads(answer)
    except ValueError:
        raise refusal("memory" if child.returncode == 1 else "broken") from None
