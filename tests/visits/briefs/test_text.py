"""Letters: nothing is lost, nothing is taken for markup, nothing prints as a box."""

import unicodedata

import pytest

from visits.briefs import styles
from visits.briefs.text import LONGEST, break_lines, legible, line, shortened, width_of

EUROPE = (
    "ÁÀÂÄÃÅÆĀĂĄ ĆĈĊČÇ ĎĐÐ ÉÈÊËĒĔĖĘĚ ĞĢ Ħ ÍÌÎÏĪĮİ Ķ ŁĹĻĽ ŃŅŇÑ ÓÒÔÖÕØŌŎŐŒ ŔŖŘ ŚŞȘŠß ŤŢȚ "
    "ÚÙÛÜŨŪŬŮŰŲ ŴŶŸÝ ŹŻŽ Þ ĿĸŊ áàâäãåæ łńśźżąęć şțăâî őűđħĳ "
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ άέήίόύώϊϋΐΰς "
    "АБВГҐДЕЄЁЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ ђћљњџјѓќѕ"
)


def test_letters_of_every_european_language_are_drawn_as_they_are():
    composed = unicodedata.normalize("NFC", EUROPE)
    assert legible(EUROPE) == composed


def test_letters_the_font_lacks_are_written_in_latin_within_brackets():
    assert legible("漢字") == "[HanZi]"
    assert legible("Иван (山田)") == "Иван ([ShanTian])"


@pytest.mark.parametrize("value", ["■", "\u2b1b", "\ufffd", "🏛", "\ue000", "\U000e0041", "ﷺ"])
def test_no_character_is_left_that_the_font_cannot_draw(value):
    assert {ord(letter) for letter in legible(f"a{value}b")} <= styles.coverage()


def test_decomposed_letters_become_one_letter():
    assert legible("Go\u0301ra\u0328") == "Górą"


def test_control_characters_and_direction_marks_vanish():
    assert legible("Ada\x00 \x07\u202eevil\u2069\u200b Smith") == "Ada evil Smith"


def test_markup_stays_the_letters_it_is():
    value = 'Smith </b> <img src="/etc/passwd"> <a href="javascript:x">'
    assert legible(value) == value


def test_a_line_is_shortened_with_an_ellipsis():
    assert line("Maximilian-Alexander  Sample-Platane", 12) == "Maximilian-…"


def test_lines_fit_their_width_and_keep_every_word():
    style = styles.STYLES["plain"]
    value = "Maximilian-Alexander Sample-Platane " * 30 + "x" * 400
    lines = break_lines(value, style, 180)
    assert all(width_of(words, style) <= 180 for words in lines)
    assert "".join(lines).replace(" ", "") == value.replace(" ", "")


def test_a_long_address_breaks_after_a_stroke():
    style = styles.STYLES["small"]
    assert break_lines("http://127.0.0.1:8000/visits/V01/", style, 100)[0].endswith("/")


def test_text_beyond_all_measure_is_cut_with_a_word_about_it():
    cut = shortened("a" * (LONGEST + 7))
    assert cut.endswith("[Shortened here: 7 more characters are kept with the visit.]")
