"""The process that reads one file: `python -m crm.domain.imports.child FILE SPOOL OPTIONS`.

It starts without Django, takes only so much memory and time, opens no network and starts no other
process. Rows go to SPOOL as lines of JSON, what was found goes to standard output.
"""

import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crm.confinement import shut_in
from crm.domain.imports.bounds import BadRow, Bounds, Refused
from crm.domain.imports.encodings import KNOWN, MIXED, is_wide

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
# Inside such a container Excel keeps a workbook with a password, under this name.
LOCKED = "EncryptedPackage".encode("utf-16-le")
# How a text of objects and lists begins, and no heading.
JSON = re.compile(rb"[\xef\xbb\xbf\xff\xfe\s]*[\[{]\s*[\"{}\[\]]")


def main(path: Path, spool: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Read the file into the spool; what was found, or why not."""
    bounds = Bounds(**options.pop("bounds", {}))
    try:
        return _read(path, spool, bounds, **options)
    except Refused as refused:
        return {"refused": refused.code, "params": refused.params}
    except MemoryError:
        return {"refused": "memory", "params": {}}


def _read(
    path: Path, spool: Path, bounds: Bounds, *, encoding: str, delimiter: str, sheet: str
) -> dict[str, Any]:
    if encoding and encoding.removeprefix(f"{MIXED}:") not in KNOWN:
        raise Refused("encoding", encoding=encoding[:40])
    kind = kind_of(path)
    rows: Iterator[tuple[int, list[str]] | BadRow]
    if kind == "xlsx":
        from crm.domain.imports.xlsx_rows import read_xlsx

        found, rows = read_xlsx(path, bounds, sheet=sheet)
    elif kind == "vcard":
        from crm.domain.imports.vcards import read_vcards

        found, rows = read_vcards(path, bounds, encoding=encoding)
    else:
        from crm.domain.imports.csv_rows import read_csv

        found, rows = read_csv(path, bounds, encoding=encoding, delimiter=delimiter)
    count = 0
    try:
        with spool.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                if isinstance(row, BadRow):
                    told: list[Any] = [row.line, None, row.code, row.params]
                elif any(cell.strip() for cell in row[1]):
                    told = [row[0], row[1]]
                else:
                    continue
                count += 1
                # The heading is one more.
                if count > bounds.rows + 1:
                    raise Refused("rows", most=bounds.rows)
                file.write(json.dumps(told, ensure_ascii=True) + "\n")
    except UnicodeError as fault:
        raise Refused("undecodable", encoding=found.encoding) from fault
    if not count:
        raise Refused("empty")
    return dataclasses.asdict(found)


def kind_of(path: Path) -> str:
    """By its first bytes, never by its name."""
    with path.open("rb") as file:
        head = file.read(4_096)
    if not head.strip(b"\x00\xef\xbb\xbf\xff\xfe \r\n\t"):
        raise Refused("empty")
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith(OLD_EXCEL):
        raise Refused("locked" if LOCKED in path.read_bytes() else "old_excel")
    plain = head.replace(b"\x00", b"")
    if b"BEGIN:VCARD" in plain[:1_000].upper():
        return "vcard"
    strange = sum(byte < 9 or 14 <= byte < 32 for byte in plain)
    if JSON.match(plain):
        raise Refused("no_table")
    if plain.startswith((b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"{\\rtf")):
        raise Refused("no_table")
    if strange * 20 > len(plain) and not is_wide(head):
        raise Refused("no_table")
    return "csv"


if __name__ == "__main__":
    given = json.loads(sys.argv[3])
    limits = Bounds(**given.get("bounds", {}))
    shut_in(memory_bytes=limits.memory_bytes, seconds=limits.seconds, may_write=True)
    # openpyxl would import it to know its numbers; there are none here, and it is large.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    answer = main(Path(sys.argv[1]), Path(sys.argv[2]), given)
    json.dump(answer, sys.stdout)
