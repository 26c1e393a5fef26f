"""Reading a file of people: every encoding, every trap, and no row lost in silence."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import vobject
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm.domain.imports import child
from crm.domain.imports.bounds import NOT_WORKED_OUT, Bounds
from crm.domain.imports.encodings import mended
from crm.domain.imports.reading import REFUSALS, read_file
from crm.domain.imports.values import Entry, cell_text
from crm.exports import Column, csv_lines, xlsx_bytes
from crm.validators import clean_line
from tests.support import import_files as files

NOTHING = {"encoding": "", "delimiter": "", "sheet": ""}


def read_here(path, tmp_path, **options) -> tuple[dict, list]:
    """The same reader without a process of its own, which is quicker."""
    spool = tmp_path / "spool"
    found = child.main(path, spool, {**NOTHING, **options})
    rows = [json.loads(line) for line in spool.read_text().splitlines()] if spool.exists() else []
    return found, rows


def written(tmp_path, content: bytes, name: str = "list"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", files.HOSTILE)
def test_a_hostile_file_is_refused_with_a_sentence(name, tmp_path):
    make, code = files.HOSTILE[name]
    path = written(tmp_path, make())

    with pytest.raises(ValidationError) as refused:
        read_file(path)

    assert refused.value.code == code
    assert "%(" not in " ".join(refused.value.messages)


def test_a_reader_out_of_memory_or_time_is_stopped_and_says_so(tmp_path):
    # Packed only twenty times, so that neither size nor ratio refuses it.
    strings = b"".join(b"<si><t>%d</t></si>" % n for n in range(1_200_000))
    head = f"<sst {files.NAMESPACE}>".encode()
    content = files.workbook(
        files.sheet_of(files.HEAD_ROW), **{files.STRINGS: head + strings + b"</sst>"}
    )
    path = written(tmp_path, content)

    with pytest.raises(ValidationError) as refused:
        read_file(path, bounds=Bounds(memory_bytes=150_000_000))
    assert refused.value.code == "memory"

    with pytest.raises(ValidationError) as refused:
        read_file(path, bounds=Bounds(seconds=1))
    assert refused.value.code == "time"


def test_the_reader_opens_no_network_and_starts_no_process():
    words = (
        "from crm.confinement import shut_in; from crm.domain.imports.bounds import Bounds\n"
        "given = Bounds()\n"
        "shut_in(memory_bytes=given.memory_bytes, seconds=given.seconds, may_write=True)\n"
        "import socket, subprocess\n"
        "for act in (lambda: socket.create_connection(('127.0.0.1', 9)),"
        " lambda: subprocess.run(['true'])):\n"
        "    try:\n        act()\n"
        "    except PermissionError:\n        print('refused')\n"
    )
    answer = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True)
    assert answer.stdout.split() == ["refused", "refused"]


@pytest.mark.parametrize(
    ("content", "names"), [(c, n) for _label, c, n in files.encoded_lists()], ids=lambda v: None
)
def test_every_encoding_and_delimiter_is_recognised(content, names, tmp_path):
    found, rows = read_here(written(tmp_path, content), tmp_path)

    assert [row[1][0] for row in rows[1:]] == names
    assert [len(row[1]) for row in rows] == [3] * 5
    is_unicode = found["encoding"].startswith("utf")
    # What is only a guess is shown with its rivals, and asks for a yes.
    assert found["is_certain"] or (not is_unicode and found["others"][0][0] == found["encoding"])


def test_there_are_at_least_sixty_of_them():
    assert len(list(files.encoded_lists())) >= 60


def test_two_encodings_in_one_file_are_read_line_by_line_and_ask_for_a_yes(tmp_path):
    content = "Name;Mail\nJörg;a@x.de\nKäthe;c@x.de\n".encode("cp1252") + "Łucja;b@x.pl\n".encode()

    found, rows = read_here(written(tmp_path, content), tmp_path)

    assert [row[1][0] for row in rows] == ["Name", "Jörg", "Käthe", "Łucja"]
    assert (found["encoding"], found["is_certain"]) == ("mixed:cp1252", False)


def test_nuls_marks_and_a_line_with_the_delimiter_are_left_out(tmp_path):
    content = b"\xef\xbb\xbfsep=;\r\nName;E-mail\r\nAn\x00na;a,b@x.eu\r\n\r\n"

    _found, rows = read_here(written(tmp_path, content), tmp_path)

    assert rows == [[2, ["Name", "E-mail"]], [3, ["Anna", "a,b@x.eu"]]]


def test_cells_of_several_lines_stay_whole(tmp_path):
    content = b'Name,E-mail,Notes\nAnna,a@x.eu,"two\nlines"\nBert,b@x.eu,x\n'

    _found, rows = read_here(written(tmp_path, content), tmp_path)

    assert rows[1:] == [[2, ["Anna", "a@x.eu", "two\nlines"]], [4, ["Bert", "b@x.eu", "x"]]]


def test_sentences_over_lines_beside_a_name_are_no_rows(tmp_path):
    content = b'Name,Notes\nAnna,"Met, by chance\nWrite to a@x.eu, she said\n"\nBo,\n'
    _found, rows = read_here(written(tmp_path, content), tmp_path)
    assert [cells[0] for _line, cells in rows] == ["Name", "Anna", "Bo"]


def test_merged_cells_count_for_every_row_they_cover(tmp_path):
    sheet = files.sheet_of(
        files.HEAD_ROW
        + f'<row r="2">{files.text_cell("A2", "Oslo")}{files.text_cell("B2", "a@x.eu")}</row>'
        + f'<row r="3">{files.text_cell("B3", "b@x.eu")}</row>'
        + f'<row r="4">{files.text_cell("B4", "c@x.eu")}</row>',
        after='<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>',
    )
    _found, rows = read_here(written(tmp_path, files.workbook(sheet)), tmp_path)

    assert [row[1] for row in rows[1:]] == [["Oslo", "a@x.eu"], ["Oslo", "b@x.eu"], ["", "c@x.eu"]]


def test_formulas_are_read_as_what_they_last_gave_and_named(tmp_path):
    cells = (
        '<c r="A2" t="str"><f>CONCATENATE("Anna"," Berg")</f><v>Anna Berg</v></c>'
        f"{files.text_cell('B2', '=HYPERLINK(&quot;http://evil&quot;)')}"
    )
    sheet = files.sheet_of(f'{files.HEAD_ROW}<row r="2">{cells}</row>')

    found, rows = read_here(written(tmp_path, files.workbook(sheet)), tmp_path)

    assert rows[1][1] == ["Anna Berg", '=HYPERLINK("http://evil")']
    assert found["formulas"] == ["A2"]


def test_a_formula_that_was_never_worked_out_is_no_empty_cell(tmp_path):
    long = f'CONCATENATE("{"x" * 7_000}","y")'
    rows = (
        '<row r="2"><c r="A2"><f>CONCATENATE("Anna"," Berg")</f></c></row>'
        '<row r="3"><c r="A3"><f>B3</f><v></v></c><c r="B3"><f t="shared" si="0"/><v/></c></row>'
        # A text that the formula left empty.
        f'<row r="4"><c r="A4" t="str"><f>""</f><v></v></c>{files.text_cell("B4", "b@x.eu")}</row>'
    )
    rows += "".join(f'<row r="{n}"><c r="A{n}"><f>{long}</f></c></row>' for n in range(5, 100))
    path = written(tmp_path, files.workbook(files.sheet_of(files.HEAD_ROW + rows)))

    _found, read = read_here(path, tmp_path, bounds={"ratio": 10_000})

    gone = NOT_WORKED_OUT
    assert read[1:4] == [[2, [gone]], [3, [gone, gone]], [4, ["", "b@x.eu"]]]
    assert [cells for _line, cells in read[4:]] == [[gone]] * 95


def test_a_cell_at_the_bottom_of_the_sheet_is_found_quickly(tmp_path):
    last = f'<row r="1048576">{files.text_cell("A1048576", "Anna")}</row>'
    path = written(tmp_path, files.workbook(files.sheet_of(files.HEAD_ROW + last)))

    _found, rows = read_here(path, tmp_path)

    assert rows[-1] == [1_048_576, ["Anna"]]


def test_other_sheets_are_named_and_one_can_be_chosen(tmp_path):
    path = tmp_path / "list.xlsx"
    files.messy_xlsx(path)

    found, _rows = read_here(path, tmp_path)
    assert (found["sheet"], found["sheets"]) == ("Participants", ["Participants", "Hotel list"])

    _found, rows = read_here(path, tmp_path, sheet="Hotel list")
    assert rows == [[1, ["Room", "Nights"]]]

    found, _rows = read_here(path, tmp_path, sheet="None such")
    assert found["refused"] == "sheet"


def test_a_bad_card_is_one_line_and_the_others_are_read(tmp_path):
    content, good, bad = files.many_vcards()

    _found, rows = read_here(written(tmp_path, content), tmp_path)

    read = [row for row in rows[1:] if row[1] is not None]
    faults = [row for row in rows if row[1] is None]
    assert (len(read), len(faults)) == (good, bad)
    assert [row[1][0] for row in read] == ["Åse", "Anna", "Paul", "Ida", "Vera", "Nils"]
    assert read[0][1][1] == "Ødegaard"
    assert read[-1][1][9] == "one, two\nthree; four"
    assert {row[2] for row in faults} == {"bad_line", "card_size", "nested", "no_end"}


BEGIN, END = b"BEGIN:VCARD", b"END:VCARD"


@pytest.mark.parametrize(
    ("lines", "names", "faults"),
    [
        ([BEGIN, b"N:;Anna", BEGIN, b"N:;Bo", END, BEGIN, b"N:;Cy", END], ["Bo", "Cy"], [1]),
        ([BEGIN, b"N:;Anna", BEGIN, b"N:;Bo", END], ["Bo"], [1]),
        ([BEGIN, b"N:;Anna", BEGIN, b"N:;Bo", BEGIN, b"N:;Cy", END], ["Cy"], [1, 3]),
        ([b"N:;Anna", END, b"N:;Bo", END, BEGIN, b"N:;Cy", END], ["Cy"], [1, 3]),
        (
            [BEGIN, b"N:;Anna", END, END, b"N:;Bo", END, BEGIN, b"N:;Cy", END],
            ["Anna", "Cy"],
            [4, 5],
        ),
        ([BEGIN, b"N:;Anna", BEGIN, b"N:;Bo", END, b"NOTE:x", END], [], [1]),
    ],
)
def test_a_card_without_its_begin_or_end_takes_no_other_along(lines, names, faults, tmp_path):
    _found, rows = read_here(written(tmp_path, b"\r\n".join([BEGIN, END, *lines])), tmp_path)
    read = [cells[0] for number, cells, *_fault in rows[1:] if cells is not None]
    assert read == names
    # The empty card before them is told as well: as many cards as there are rows and faults.
    assert [row[0] - 2 for row in rows if row[1] is None] == [-1, *faults]


def test_an_empty_card_is_a_fault_of_its_line(tmp_path):
    lines = [BEGIN, b"N:;Anna", END, BEGIN, b"VERSION:3.0", b"N:;;;;", END, BEGIN, END]
    _found, rows = read_here(written(tmp_path, b"\r\n".join(lines)), tmp_path)
    assert [(row[0], row[2]) for row in rows if row[1] is None] == [
        (4, "empty_card"),
        (8, "empty_card"),
    ]
    assert len(rows[1:]) == 3


@pytest.mark.parametrize(
    "content",
    [
        b'[{"name": "Anna Berg", "email": "anna@x.eu"}]',
        b'\xef\xbb\xbf\r\n{\n "people": []\n}',
        b'{"name": "Anna"}\n{"name": "Bo"}\n',
        b"[]",
        '[{"name": "Anna"}]'.encode("utf-16"),
    ],
)
def test_json_is_no_list_of_people_and_what_is_taken_is_named(content, tmp_path):
    with pytest.raises(ValidationError) as refused:
        read_file(written(tmp_path, content))
    assert refused.value.messages == [
        "This is no table: save the list as CSV or XLSX, or the contacts as vCard."
    ]


def test_a_heading_in_brackets_is_no_json(tmp_path):
    _found, rows = read_here(written(tmp_path, b"[Name];[E-mail]\nAnna;a@x.eu\n"), tmp_path)
    assert len(rows) == 2


NAMES = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"], exclude_characters="\\"), min_size=1
).filter(lambda text: text.strip() == text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_cards_of_another_program_are_read_as_they_were_written(people):
    told = ""
    for given_name, family in people:
        made = vobject.vCard()
        made.add("n").value = vobject.vcard.Name(family=family, given=given_name)
        made.add("fn").value = given_name
        told += made.serialize()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cards.vcf"
        path.write_bytes(told.encode())
        _found, rows = read_here(path, Path(folder))
    assert [(row[1][0], row[1][1]) for row in rows[1:]] == people


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=30)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
@example(rows=[["Anna\uffff", "a@x.eu\ufffe"]])
@example(rows=[["", "Â¡"]])
@example(rows=[["", "Ã\xa0"]])
def test_what_we_export_is_read_back_as_it_was(kind, rows):
    columns = [Column("Name", lambda row: row[0]), Column("E-mail", lambda row: row[1])]
    if kind == "csv":
        content = "".join(csv_lines(columns, rows, zone="UTC")).encode()
    else:
        content = xlsx_bytes(columns, rows, zone="UTC")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(content)
        _found, told = read_here(path, Path(folder))
    read = [
        [cell_text(Entry(0), cell, is_csv=kind == "csv") for cell in (cells + ["", ""])[:2]]
        for _line, cells in told[1:]
    ]
    # But for what looks like letters misread elsewhere: that is mended, with a remark.
    wanted = [[clean_line(mended(cell)) for cell in row] for row in rows]
    assert read == [row for row in wanted if any(row)]


def test_a_text_in_another_encoding_is_told_by_the_name_offered_on_the_page(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("\ufeffName\n".encode() + b"S\xf8ren\n" * 3)
    with pytest.raises(ValidationError) as refused:
        read_file(path, encoding="utf-8-sig")
    assert refused.value.messages == ["The text is not in the encoding utf-8. Choose another one."]


def test_every_refusal_of_the_reader_has_its_sentence():
    folder = Path(child.__file__).parent
    told = "".join(path.read_text() for path in folder.glob("*.py"))
    codes = set(re.findall(r'Refused\(\s*"(\w+)"', told))
    assert codes <= set(REFUSALS)


def test_the_bytes_of_a_member_are_counted_not_believed(tmp_path):
    """A directory that declares little is found out while unpacking."""
    content = files.HOSTILE["lying directory"][0]()
    with zipfile.ZipFile(io.BytesIO(content)) as lying:
        assert lying.getinfo(files.SHEET).file_size == 100
