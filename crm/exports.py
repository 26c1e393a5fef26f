"""Lists as files: CSV and XLSX of exactly what a page shows, safe to open in a spreadsheet."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm.validators import clean_text

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TRIGGERS = "=+-@"
# A spreadsheet set to semicolons or tabs starts a new cell at one of these.
BREAKS = re.compile(r"([;\t\r\n])")
# Digits and separators only: at worst a sum, never a function or a link.
PHONE = re.compile(r"\+[0-9][0-9 ()./-]{3,}")
MARK = "'"


class Column(NamedTuple):
    """One column of a list: its heading, what it says of a row, and the name it sorts by."""

    label: str | Promise
    value: Callable[[Any], Any]
    sort: str = ""
    is_number: bool = False


def cell(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula; phone numbers stay as they are.

    Leading blanks of every kind are looked through, and so are the separators of other locales.
    `uncell` takes the marks away again.
    """
    return "".join(MARK + piece if _is_risky(piece) else piece for piece in BREAKS.split(text))


def uncell(text: str) -> str:
    """The inverse of `cell`."""
    pieces = BREAKS.split(text)
    return "".join(
        piece[1:] if piece.startswith(MARK) and _is_risky(piece[1:]) else piece for piece in pieces
    )


def _is_risky(piece: str) -> bool:
    seen = piece.lstrip(MARK)
    # Formats, blanks and marks that a spreadsheet may drop before it looks at the first letter.
    first = next((letter for letter in seen if not _is_blank(letter)), "")
    if unicodedata.normalize("NFKC", first)[:1] not in tuple(TRIGGERS):
        return False
    return not PHONE.fullmatch(piece)


def _is_blank(letter: str) -> bool:
    return (
        letter.isspace()
        or letter == MARK
        or unicodedata.category(letter) in {"Cf", "Cc", "Zs", "Mn"}
        or letter in "\u115f\u1160\u2800\u3164\uffa0"
    )


def export(
    name: str, columns: Iterable[Column], rows: Iterable[Any], *, file_format: str, zone: str
) -> HttpResponse | StreamingHttpResponse:
    """The list as a download called `name`; moments are told in `zone`."""
    columns = list(columns)
    answer: HttpResponse | StreamingHttpResponse
    if file_format == "xlsx":
        answer = HttpResponse(xlsx_bytes(columns, rows, zone=zone))
    else:
        answer = StreamingHttpResponse(csv_lines(columns, rows, zone=zone))
    answer["Content-Type"] = FORMATS[file_format]
    answer["Content-Disposition"] = f'attachment; filename="{name}.{file_format}"'
    return answer


def csv_lines(columns: list[Column], rows: Iterable[Any], *, zone: str) -> Iterator[str]:
    """CSV with a byte order mark, so that every spreadsheet reads it as UTF-8."""
    yield "\ufeff"
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([cell(str(column.label)) for column in columns])
    for row in rows:
        writer.writerow([cell(as_text(column.value(row), zone=zone)) for column in columns])
        if buffer.tell() > 64_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def xlsx_bytes(columns: list[Column], rows: Iterable[Any], *, zone: str) -> bytes:
    """A workbook whose texts are texts: nothing in it is a formula."""
    # Loaded by the processes that write workbooks, which few do.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=_("List")[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_text_cell(sheet, str(column.label), bold=True) for column in columns])
    for row in rows:
        values = [column.value(row) for column in columns]
        sheet.append([_xlsx_value(sheet, value, zone=zone) for value in values])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_text(value: Any, *, zone: str) -> str:
    """A value in words: days as 2023-02-15, moments as 2023-02-15 10:00, truth as yes or no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(each) for each in value)
    return clean_text(str(value))


def _xlsx_value(sheet: Any, value: Any, *, zone: str) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if isinstance(value, int | float | date) and not isinstance(value, bool):
        return value
    return _text_cell(sheet, as_text(value, zone=zone))


def _text_cell(sheet: Any, text: str, *, bold: bool = False) -> "WriteOnlyCell":
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    made = WriteOnlyCell(sheet, text)
    made.data_type = "s"
    if bold:
        made.font = Font(bold=True)
    return made
