"""Files made of lists: nothing in them runs, everything in them survives."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from crm.exports import Column, cell, csv_lines, uncell, xlsx_bytes

ZONE = "Europe/Oslo"
BLANKS = ["", " ", "\u00a0", "\u200b", "\ufeff", "\u3000", "\u2060", "  \u00a0"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("trigger", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff20"])
def test_cell_disarms_a_formula_behind_any_blank(blank, trigger):
    text = f"{blank}{trigger}cmd|' /C calc'!A0"
    assert cell(text) == "'" + text


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n"])
def test_cell_disarms_a_formula_that_another_locale_would_cut_free(separator):
    assert cell(f"Rome{separator}=1+1") == f"Rome{separator}'=1+1"


@pytest.mark.parametrize("phone", ["+47 22 00 00 00", "+4722000000", "+39 (041) 27-48.111"])
def test_cell_leaves_phone_numbers_as_they_are(phone):
    assert cell(phone) == phone


@pytest.mark.parametrize("text", ["Gdańsk", "a=b", "x-y", "'t Berk", "", "O'Brien, Joe"])
def test_cell_leaves_plain_words_as_they_are(text):
    assert cell(text) == text


@given(st.text(alphabet=st.sampled_from("=+-@'; \t\n\r\u00a0\u200b\uff1dab1"), max_size=12))
def test_uncell_gives_back_what_cell_was_given(text):
    assert uncell(cell(text)) == text


def rows_of(lines) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines).lstrip("\ufeff"))))


COLUMNS = [Column("Name", lambda row: row[0]), Column("Due", lambda row: row[1])]


def test_csv_tells_days_moments_and_truth_in_plain_words():
    moment = datetime(2023, 2, 15, 9, 0, tzinfo=UTC)
    given = [("day", date(2023, 2, 1)), ("moment", moment), ("truth", True), ("none", None)]
    assert rows_of(csv_lines(COLUMNS, given, zone=ZONE)) == [
        ["Name", "Due"],
        ["day", "2023-02-01"],
        ["moment", "2023-02-15 10:00"],
        ["truth", "yes"],
        ["none", ""],
    ]


def test_csv_keeps_quotes_commas_and_line_breaks_in_one_cell():
    assert rows_of(csv_lines(COLUMNS, [('say "hi", all', "a\nb")], zone=ZONE))[1] == [
        'say "hi", all',
        "a\nb",
    ]


def test_xlsx_holds_texts_and_no_formula():
    book = load_workbook(io.BytesIO(xlsx_bytes(COLUMNS, [("=1+1", "+47 22 00 00 00")], zone=ZONE)))
    name, phone = book.active[2]
    assert (name.data_type, name.value) == ("s", "=1+1")
    assert (phone.data_type, phone.value) == ("s", "+47 22 00 00 00")


def test_xlsx_keeps_numbers_and_days_as_such():
    book = load_workbook(io.BytesIO(xlsx_bytes(COLUMNS, [(12, date(2023, 2, 1))], zone=ZONE)))
    number, day = book.active[2]
    assert (number.value, day.value) == (12, datetime(2023, 2, 1))


def test_xlsx_drops_control_characters_that_no_workbook_can_hold():
    book = load_workbook(io.BytesIO(xlsx_bytes(COLUMNS, [("a\x0bb\x00c", "")], zone=ZONE)))
    assert book.active["A2"].value == "abc"
