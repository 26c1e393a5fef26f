"""The languages a reader may choose, and how an English letter begins for the others."""

from django.conf import settings

from crm import languages


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
