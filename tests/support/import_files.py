"""Files to import: lists as the world sends them, and files made to hurt.

Everything is made anew from words in this file and from the sample, so that nothing binary lies in
the repository. `python -m tests.support.import_files FOLDER` writes all of them to look at.
"""

import csv
import io
import quopri
import stat
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "fixtures" / "sample"
SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'

# --- A list as a coordinator gets it: the 70 participations of the sample ---


def sample_rows() -> list[dict[str, str]]:
    """The participations with the names of their organisations, as the fixture has them."""
    with (SAMPLE / "organisations.csv").open(encoding="utf-8", newline="") as file:
        organisations = {row["org"]: row for row in csv.DictReader(file)}
    with (SAMPLE / "participations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["organisation"] = organisations[row["org"]]["name"]
        row["country"] = organisations[row["org"]]["country"]
    return rows


def messy_xlsx(path: Path) -> dict[str, int]:
    """The 70 participations as a grown spreadsheet; how many rows and doubles it holds.

    A title across merged cells, names in one column (some "Family, Given"), organisation merged
    over the rows of its people, names that were read in the wrong encoding once, addresses with
    blanks and capitals, and every tenth row once more further down.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "Participants"
    sheet["A1"] = "Participants Rotterdam, final FINAL (2)"
    sheet["A1"].font = Font(bold=True)
    sheet.merge_cells("A1:F1")
    sheet.append([])
    sheet.append(
        ["Organisation", "Land", "Name / Vorname", "E-Mail", "Funktion", "Anwesend", "Day 1"]
    )
    sheet.cell(3, 3).value = "Participant"
    rows = sorted(sample_rows(), key=lambda row: row["org"])
    for number, row in enumerate(rows):
        sheet.append(_messy(row, number))
    _merge_alike(sheet, rows, first=4)
    doubles = rows[::10]
    for row in doubles:
        cells = _messy(row, 1)
        sheet.append([row["organisation"], row["country"], *cells[2:]])
    other = book.create_sheet("Hotel list")
    other.append(["Room", "Nights"])
    book.save(path)
    return {"rows": len(rows), "doubles": len(doubles)}


def _messy(row: dict[str, str], number: int) -> list[str | bool]:
    given, family = row["given"], row["family"]
    name = f"{family}, {given}" if number % 4 == 0 and family else f"{given}  {family}".strip()
    if number % 5 == 1:
        # Written in UTF-8, read as Windows-1252 by somebody on the way.
        name = misread(name)
    mail = row["email"].upper() if number % 7 == 3 else row["email"]
    came = {"attended": "ja", "no_show": "nein"}[row["status"]]
    day = {"Y": "x", "N": "nein", "?": "?"}[row["d1"]]
    return [row["organisation"], row["country"], name, f" {mail} ", row["role"], came, day]


def misread(text: str) -> str:
    """`text` as it looks when its UTF-8 is taken for Windows-1252."""
    return "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in text.encode()
    )


def _merge_alike(sheet, rows: list[dict[str, str]], *, first: int) -> None:
    start = 0
    for number in range(1, len(rows) + 1):
        if number < len(rows) and rows[number]["org"] == rows[start]["org"]:
            continue
        if number - start > 1:
            for column in (1, 2):
                sheet.merge_cells(
                    start_row=first + start,
                    end_row=first + number - 1,
                    start_column=column,
                    end_column=column,
                )
        start = number


# --- Text files in the encodings and with the delimiters of European offices ---

LISTS = {
    "da": (
        "Navn;E-mail;Organisation",
        ["Søren Ærøskøbing", "Åse Bjørnstad", "Jørgen Nørgård", "Mads Kjær"],
        ("cp1252", "cp850", "mac_roman"),
    ),
    "de": (
        "Name;E-Mail;Organisation",
        ["Jörg Müller", "Käthe Weiß", "Günther Schäfer", "Änne Öztürk-Groß"],
        ("cp1252", "cp850", "mac_roman"),
    ),
    "pl": (
        "Imię i nazwisko;E-mail;Organizacja",
        ["Łucja Wąsowska", "Świętosław Żółć", "Małgorzata Dąbrowska", "Jędrzej Gęślicki"],
        ("cp1250", "iso8859_2", "cp852"),
    ),
    "el": (
        "Ονοματεπώνυμο;E-mail;Οργανισμός",
        ["Ελένη Παπαδοπούλου", "Γιώργος Ιωαννίδης", "Άννα Κωνσταντίνου", "Νίκος Δημητρίου"],
        ("cp1253", "iso8859_7"),
    ),
    "bg": (
        "Име и фамилия;E-mail;Организация",
        ["Георги Иванов", "Мария Стоянова", "Димитър Петров", "Йорданка Щерева"],
        ("cp1251", "iso8859_5"),
    ),
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")
BREAKS = {"windows": "\r\n", "unix": "\n", "old mac": "\r"}


def encoded_lists() -> Iterable[tuple[str, bytes, list[str]]]:
    """What a file is called, its bytes, and the names it holds: more than sixty of them."""
    breaks = list(BREAKS.items())
    number = 0
    for language, (heading, names, old) in LISTS.items():
        for encoding in (*UNICODE, *old):
            for delimiter in (";", "\t"):
                kind, end = breaks[number % 3]
                number += 1
                lines = [
                    heading,
                    *(f"{name};p{n}@city.example;City {n}" for n, name in enumerate(names)),
                ]
                text = end.join(line.replace(";", delimiter) for line in lines) + end
                label = f"{language} {encoding} {delimiter!r} {kind}"
                yield label, text.encode(encoding), names


# --- A thousand lines each, every one of which must be taken or told ---

GREEK = ["Ελένη Παπαδοπούλου", "Γιώργος Ιωαννίδης", "Άννα Κωνσταντίνου", "Νίκος Δημητρίου"]
WEST = ["Søren Ærøskøbing", "Jörg Müller", "Åse Bjørnstad", "Zoë Lefèvre"]


def _thousand(names: list[str]) -> list[list[str]]:
    """Rows with doubles, bad addresses, no names, and cells with blanks, quotes and line breaks."""
    rows = []
    for number in range(1_000):
        name, mail = names[number % len(names)], f"p{number % 900}@city.example"
        if number % 50 == 7:
            mail = "nowhere"
        if number % 90 == 11:
            name = mail = ""
        note = ["", 'says "yes"', "one\ntwo", " \u00a0 ", "=1+1"][number % 5]
        rows.append([name and f"{name} {number % 900}", mail, f"Org {number % 40}", note or "-"])
    return rows


def _table(names: list[str], encoding: str, delimiter: str, end: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["Name", "E-mail", "Organisation", "Notes"], *_thousand(names)])
    return buffer.getvalue().encode(encoding)


def _sheet_of_thousand() -> bytes:
    """Merged cells, formulas, dates, hidden rows and columns, and a hidden sheet before it."""
    book = Workbook()
    book.create_sheet("Hidden", 0).sheet_state = "hidden"
    sheet = book["Sheet"]
    sheet.append(["Name", "E-mail", "Organisation", "Notes"])
    for number, row in enumerate(_thousand(WEST), 2):
        sheet.append(row)
        if number % 10 == 0:
            sheet.cell(number, 4).value = datetime(2023, 2, 15)
        if number % 10 == 1:
            sheet.cell(number, 4).value = "=A1&B1"
        sheet.row_dimensions[number].hidden = number % 7 == 0
    sheet.column_dimensions["C"].hidden = True
    for first in range(12, 900, 100):
        sheet.merge_cells(start_row=first, end_row=first + 3, start_column=3, end_column=3)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _thousand_cards() -> bytes:
    """Of three versions, with folded lines, quoted-printable and pictures; some without an end."""
    cards = []
    for number, (name, mail, organisation, note) in enumerate(_thousand(WEST)):
        said = quopri.encodestring(name.encode()).decode().replace("\n", "\r\n")
        lines = [
            "BEGIN:VCARD",
            f"VERSION:{['2.1', '3.0', '4.0'][number % 3]}",
            f"FN:{name}" if number % 3 else f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;{said};;;",
            f"EMAIL:{mail}",
            f"ORG:{organisation[:3]}",
            f" {organisation[3:]}",
            "NOTE:" + note.replace("\n", "\\n"),
            *(["PHOTO;ENCODING=b:AAAA", *[" " + "B" * 76] * 20] if number % 4 == 0 else []),
            *(["END:VCARD"] if number % 100 != 99 else []),
        ]
        cards.append("\r\n".join(lines))
    return ("\r\n".join(cards) + "\r\n").encode()


def _with_nuls(content: bytes) -> bytes:
    return content.replace(b"p1@city", b"p1\x00@city").replace(b"\r\n", b"\r\n\r\n;;\r\n", 3)


THOUSANDS: dict[str, Callable[[], bytes]] = {
    "mark": lambda: _table(WEST, "utf-8-sig", ",", "\n"),
    "UTF-16": lambda: _table(GREEK, "utf-16", "\t", "\r\n"),
    "Greek Windows": lambda: _table(GREEK, "cp1253", ";", "\r\n"),
    "old Mac": lambda: _table(WEST, "mac_roman", ";", "\r"),
    "NULs and blank lines": lambda: _with_nuls(_table(WEST, "utf-8", ";", "\r\n")),
    "workbook": _sheet_of_thousand,
    "cards": _thousand_cards,
}


# --- Files made to hurt ---


def archive(members: dict[str, bytes]) -> bytes:
    """A zip of these members, compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(
                zipfile.ZipInfo(name, (2023, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


TYPES, STRINGS = "[Content_Types].xml", "xl/sharedStrings.xml"
STRINGS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def workbook(sheet: bytes, **more: bytes) -> bytes:
    """A workbook as openpyxl writes it, with this text for its one sheet and more members."""
    buffer = io.BytesIO()
    Workbook().save(buffer)
    with zipfile.ZipFile(buffer) as plain:
        members = {name: plain.read(name) for name in plain.namelist()}
    if STRINGS in more:
        # A table of shared texts that the package does not name would not be read.
        members[TYPES] = members[TYPES].replace(b"</Types>", STRINGS_TYPE + b"</Types>")
    return archive({**members, SHEET: sheet, **more})


def sheet_of(rows: str, *, before: str = "", after: str = "") -> bytes:
    head = f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet {NAMESPACE}>'
    return f"{head}<sheetData>{rows}</sheetData>{after}</worksheet>".encode()


def text_cell(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD_ROW = f'<row r="1">{text_cell("A1", "Name")}{text_cell("B1", "E-mail")}</row>'
ONE_ROW = f'<row r="2">{text_cell("A2", "Anna Berg")}{text_cell("B2", "anna@city.example")}</row>'


def _symlink() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(sheet_of(HEAD_ROW + ONE_ROW)))) as plain:
        with zipfile.ZipFile(buffer, "w") as made:
            for name in plain.namelist():
                made.writestr(name, plain.read(name))
            link = zipfile.ZipInfo("xl/media/link.xml")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def _lying() -> bytes:
    """A directory that says a megabyte is a hundred bytes."""
    honest = workbook(sheet_of(HEAD_ROW + ONE_ROW + " " * 1_000_000))
    size = len(sheet_of(HEAD_ROW + ONE_ROW + " " * 1_000_000))
    return honest.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))


def _strings_bomb() -> bytes:
    strings = b"<sst>" + b"<si><t>a</t></si>" * 2_500_000 + b"</sst>"
    return workbook(sheet_of(HEAD_ROW), **{STRINGS: strings})


def _entities(declared: str) -> bytes:
    return workbook(sheet_of(HEAD_ROW + ONE_ROW, before=f"<!DOCTYPE w [{declared}]>"))


def _csv(*rows: str, end: str = "\n") -> bytes:
    return end.join(["Name,E-mail,Organisation", *rows, ""]).encode()


# What must refuse the whole file: name -> (bytes, the code of the refusal).
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip bomb": (lambda: workbook(sheet_of(HEAD_ROW) + b" " * 60_000_000), "unpacked"),
    "packed a thousand times": (lambda: workbook(sheet_of(HEAD_ROW) + b" " * 9_000_000), "ratio"),
    "too many members": (
        lambda: workbook(sheet_of(HEAD_ROW), **{f"xl/x{n}.xml": b"<a/>" for n in range(300)}),
        "members",
    ),
    "nested zip": (
        lambda: archive({"inner.zip": archive({"a.csv": b"Name\nAnna"})}),
        "no_workbook",
    ),
    "symlink": (_symlink, "unsafe_path"),
    "path upwards": (
        lambda: workbook(sheet_of(HEAD_ROW), **{"../../etc/cron.d/x.xml": b"<a/>"}),
        "unsafe_path",
    ),
    "lying directory": (_lying, "damaged"),
    "two and a half million strings": (_strings_bomb, "ratio"),
    "a million rows": (
        lambda: workbook(
            sheet_of(
                HEAD_ROW
                + "".join(
                    f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 60_000)
                )
            )
        ),
        "rows",
    ),
    "far columns": (
        lambda: workbook(sheet_of(HEAD_ROW + f'<row r="2">{text_cell("XFD2", "far")}</row>')),
        "columns",
    ),
    "wide CSV": (lambda: b",".join([b"a"] * 100_000), "columns"),
    "long cell": (lambda: _csv(f"{'a' * 10_000_000},a@city.example,x"), "letters"),
    "entity bomb": (
        lambda: _entities('<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">'),
        "entities",
    ),
    "external entity": (lambda: _entities('<!ENTITY x SYSTEM "file:///etc/passwd">'), "entities"),
    "external DTD": (
        lambda: workbook(
            sheet_of(HEAD_ROW, before='<!DOCTYPE w SYSTEM "http://127.0.0.1:9/evil.dtd">')
        ),
        "entities",
    ),
    "unclosed quote": (
        lambda: _csv('"Anna,a@city.example,A', "Bert,b@city.example,B", "Carl,c@city.example,C"),
        "quote",
    ),
    "quote that swallows rows": (
        lambda: _csv(
            'Anna,a@city.example,"A',
            "Bert,b@city.example,B",
            'Carl,c@city.example,C"',
            "Dan,d@x.eu,D",
        ),
        "quote",
    ),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512, "old_excel"),
    "workbook with a password": (
        lambda: (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + b"\x00" * 5_000
            + "EncryptedPackage".encode("utf-16-le")
        ),
        "locked",
    ),
    "quote that swallows rows of two": (
        lambda: b'Name,E-mail\n"Anna,a@x.eu\nBert,b@x.eu\nCarl",c@x.eu\nDan,d@x.eu\n',
        "quote",
    ),
    "quote in the last column of two": (
        lambda: b'Name;E-mail\nAnna;"a@x.eu\nBert;b@x.eu\nCarl;c@x.eu"\nDan;d@x.eu\n',
        "quote",
    ),
    "PDF": (lambda: b"%PDF-1.7\n" + b"%\xe2\xe3\xcf\xd3\n" * 20, "no_table"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no_table"),
    "noise": (lambda: bytes(range(256)) * 40, "no_table"),
    "nothing": (lambda: b"", "empty"),
    "blank lines": (lambda: b"\n\n  \n", "empty"),
    "empty workbook": (lambda: workbook(sheet_of("")), "empty"),
    "formulas alone": (
        lambda: workbook(
            sheet_of(
                HEAD_ROW
                + "".join(
                    f'<row r="{n}"><c r="A{n}"><f>B{n}</f></c></row>' for n in range(2, 20_100)
                )
            )
        ),
        "not_worked_out",
    ),
    "half a workbook": (lambda: workbook(sheet_of(HEAD_ROW))[:400], "damaged"),
    "too many cards": (lambda: card("Anna", "a@x.eu") * 50_002, "rows"),
}


def card(name: str, mail: str, *more: str, version: str = "3.0") -> bytes:
    """One vCard."""
    lines = [
        "BEGIN:VCARD",
        f"VERSION:{version}",
        f"N:{name};;;;",
        f"EMAIL:{mail}",
        *more,
        "END:VCARD",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def many_vcards() -> tuple[bytes, int, int]:
    """Cards of all versions with traps among them: the file, good cards, bad ones."""
    good = [
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=\r\n"
        b"=C3=98degaard;=C3=85s=\r\ne;;;\r\nTEL;CELL:+47 22 00 00 00\r\n"
        b"EMAIL;INTERNET:ase@city.example\r\nEND:VCARD\r\n",
        card("Berg;Anna", "anna@city.example", "ORG:Oslo kommune;Etat", "TITLE:Leder"),
        card("Long;Paul", "paul@city.example", "PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 5_000_000),
        card("Fold;Ida", "ida@city.example", "PHOTO;ENCODING=b:AAAA", *[" " + "B" * 76] * 2_000),
        card(
            "Four;Vera", "mailto:vera@city.example", "TEL;VALUE=uri:tel:+4930123456", version="4.0"
        ),
        card("Note;Nils", "nils@city.example", r"NOTE:one\, two\nthree\; four"),
    ]
    bad = [
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nthis is no property\r\nEND:VCARD\r\n",
        card("Big;Ben", "ben@city.example", "NOTE:" + "x" * 5_000_000),
        b"BEGIN:VCARD\r\nN:Out;Er\r\nBEGIN:VCARD\r\nN:In;Ner\r\nEND:VCARD\r\nEND:VCARD\r\n",
    ]
    mixed = [good[0], bad[0], good[1], bad[1], good[2], good[3], bad[2], good[4], good[5]]
    unfinished = b"BEGIN:VCARD\r\nN:Never;Ends\r\n"
    return b"".join([*mixed, unfinished]), len(good), len(bad) + 1


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    messy_xlsx(folder / "messy.xlsx")
    for label, content, _names in encoded_lists():
        (folder / f"{label.replace(chr(39), '').replace(chr(92), '')}.csv").write_bytes(content)
    for name, (make, _code) in HOSTILE.items():
        (folder / f"hostile {name}").write_bytes(make())
    for name, thousand in THOUSANDS.items():
        (folder / f"thousand {name}").write_bytes(thousand())
    (folder / "cards.vcf").write_bytes(many_vcards()[0])
    sys.stdout.write(f"Written to {folder} at {datetime.now():%H:%M}.\n")


if __name__ == "__main__":
    main()
