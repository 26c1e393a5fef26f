"""The languages a reader may choose, and how an English letter begins for the others."""

from datetime import date

import pytest
from django.conf import settings
from django.utils import translation

from crm import languages, wording


def test_every_language_is_offered_once_by_its_own_name():
    offered = dict(languages.choices())
    assert len(offered) == len(languages.choices())
    assert set(offered) == set(settings.COMPLETE_LANGUAGES) | set(languages.OPENINGS)
    assert offered["el"] == "Ελληνικά"
    assert offered["cs"] == "Čeština"


def test_opening_line_stands_only_where_the_letter_is_not_in_the_wanted_language():
    assert languages.opening_line("cs", "en").startswith("Píšeme")
    assert languages.opening_line("cs", "cs") == ""
    assert languages.opening_line("it", "en") == ""
    assert languages.opening_line("xx", "en") == ""


def test_our_words_are_in_the_wanted_language_or_in_english():
    assert languages.spoken("nb") == "nb"
    assert languages.spoken("et") == "en"


@pytest.mark.parametrize(
    ("language", "day", "span"),
    [
        ("en", "Wed 1 Mar 2023", "Wed 1 – Tue 28 Mar 2023"),
        ("nb", "ons 1. mar 2023", "ons 1. – tir 28. mar 2023"),
        ("nl", "wo 1 maart 2023", "wo 1 – di 28 maart 2023"),
        ("it", "mer 1 mar 2023", "mer 1 – mar 28 mar 2023"),
        ("fr", "mer. 1 mars 2023", "mer. 1 – mar. 28 mars 2023"),
        ("de", "Mi 1. März 2023", "Mi 1. – Di 28. März 2023"),
        ("es", "mié. 1 de marzo de 2023", "mié. 1 – mar. 28 de marzo de 2023"),
        ("pl", "śr 1 marca 2023", "śr 1 – wt 28 marca 2023"),
        ("el", "Τετ 1 Μαρτίου 2023", "Τετ 1 – Τρί 28 Μαρτίου 2023"),
    ],
)
def test_days_within_a_sentence_are_written_large_only_where_the_language_does(language, day, span):
    first, last = date(2023, 3, 1), date(2023, 3, 28)
    with translation.override(language):
        assert (wording.day(first), wording.day_range(first, last)) == (day, span)
