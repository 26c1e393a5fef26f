"""The whole register of places: names in many languages find their place, by an index."""

import csv
import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection, transaction

from crm.domain.reference import load_places
from crm.models import Place, PlaceName
from visits.domain.places import resolve_city, suggest_cities

HERE = Path(__file__).parent
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("register")]


@pytest.fixture(scope="module")
def register(django_db_setup, django_db_blocker):
    """Every place, loaded once for this module and rolled back at its end."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        # Each test nests its own transaction in this one, which Django must take as a test's.
        whole._from_testcase = True
        whole.__enter__()
        try:
            load_places()
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE crm_place")
                cursor.execute("ANALYZE crm_placename")
            django_db_blocker.restore()
            yield
        finally:
            django_db_blocker.unblock()
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


def listed(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def verdict(typed, number):
    """ "found", "asked" when the place is among the candidates, else "wrong"."""
    answer = resolve_city(typed)
    if answer.place is not None:
        return "found" if answer.place.pk == number else "wrong"
    return "asked" if number in [place.pk for place in answer.candidates] else "wrong"


def verdicts(rows):
    return {row["typed"]: verdict(row["typed"], int(row["geonameid"])) for row in rows}


def test_three_hundred_names_in_many_languages_find_their_place_or_ask():
    given = verdicts(listed("city_names.csv"))
    count = Counter(given.values())

    assert len(given) == 300
    assert [typed for typed, word in given.items() if word == "wrong"] == []
    assert count["found"] / (300 - count["asked"]) >= 0.98
    assert count["asked"] <= 10


def test_names_as_officers_of_nine_languages_type_them_find_their_place():
    """Exonyms, no diacritics, postcodes, the words for the body itself."""
    rows = [row for row in listed("typed_cities.csv") if row["how"] != "asks"]
    given = verdicts(rows)

    assert {row["how"] for row in rows} == set(
        "nl fr de es pl el it nb cyrillic plain postal body".split()
    )
    assert [typed for typed, word in given.items() if word != "found"] == ["Frankfurt a. M."]
    assert len(rows) >= 200


def test_name_that_several_large_places_bear_asks():
    rows = [row for row in listed("typed_cities.csv") if row["how"] == "asks"]

    assert set(verdicts(rows).values()) == {"asked"}
    assert len(rows) == 15


@pytest.mark.parametrize("script", ["LATIN", "CYRILLIC", "GREEK"])
def test_fair_draw_from_all_names_of_a_script_is_right_or_asks(script):
    """Villages and all, not only the cities that visits are asked for."""
    names = [
        (name, number)
        for number, own, others in Place.objects.values_list("pk", "name", "alternate_names")
        for name in (own, *filter(None, others.split("|")))
        if _script_of(name) == script
    ]
    drawn = random.Random(883286).sample(sorted(names), 600)
    count = Counter(verdict(name, number) for name, number in drawn)

    assert count["found"] / (count["found"] + count["wrong"]) >= 0.98


def _script_of(name):
    letter = next(letter for letter in name if letter.isalpha())
    return unicodedata.name(letter).partition(" ")[0]


@pytest.mark.parametrize(
    "question",
    [
        lambda: Place.objects.named("La Haye"),
        lambda: Place.objects.starting_with("san", most=8),
        lambda: Place.objects.starting_with("h", most=8),
    ],
    ids=["equality", "prefix", "one letter"],
)
def test_both_questions_are_answered_by_the_index(question):
    plan = question().explain()

    assert "place_name_once" in plan or "autoindex_crm_placename_1 (key" in plan
    for reading_all in ("SCAN crm_place", "SCAN U0", "Seq Scan"):
        assert reading_all not in plan


@pytest.mark.parametrize(
    ("typed", "most"),
    [("La Haye", 1), ("Köln", 1), ("Gent, Flanders", 2), ("75004 Paris", 2), ("Nowheretown", 1)],
)
def test_look_up_asks_the_database_once_for_each_reading(django_assert_num_queries, typed, most):
    with django_assert_num_queries(most):
        resolve_city(typed)


@pytest.mark.parametrize("typed", ["ha", "den haa", "Łó", "zzzz"])
def test_suggestions_ask_the_database_twice(django_assert_num_queries, typed):
    with django_assert_num_queries(2):
        suggest_cities(typed)


def test_prefix_in_any_language_and_spelling_is_suggested_largest_first():
    assert suggest_cities("la haye")[0] == "La Haye (The Hague), South Holland, Netherlands"
    assert suggest_cities("lodz")[0].startswith("Łódź, ")
    assert suggest_cities("Лодзь")[0].startswith("Лодзь (Łódź), ")
    assert any(words.startswith("Łódź, ") for words in suggest_cities("lod"))


def test_register_loaded_again_adds_nothing_and_repairs_lost_names():
    before = PlaceName.objects.count()
    lost = PlaceName.objects.filter(place__name="Vaduz").delete()[0]
    Place.objects.filter(name="Eindhoven").delete()

    assert lost >= 1
    assert load_places() == 1
    assert load_places() == 0
    assert PlaceName.objects.count() == before
