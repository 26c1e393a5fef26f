"""The whole register of places: names in many languages find their place, by an index."""

import csv
import random
import unicodedata
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import translation

from crm.domain.places import place_fault, resolve_city, suggest_cities
from crm.domain.reference import load_places
from crm.models import Place, PlaceName

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
    """Exonyms, no diacritics, blanks for hyphens, postcodes, the words for the body itself."""
    rows = [row for row in listed("typed_cities.csv") if row["how"] != "asks"]
    given = verdicts(rows)

    assert {row["how"] for row in rows} == set(
        "nl fr de es pl el it nb cyrillic plain postal body blank short bracket".split()
    )
    assert [typed for typed, word in given.items() if word != "found"] == []
    assert len(rows) >= 200


def test_name_that_several_large_places_bear_asks():
    rows = [row for row in listed("typed_cities.csv") if row["how"] == "asks"]

    assert set(verdicts(rows).values()) == {"asked"}
    assert len(rows) == 18


def test_blanks_typed_for_hyphens_find_what_the_hyphens_find():
    signed = Place.objects.filter(name__regex="[-'.(]", population__gte=5_000)
    rows = sorted(signed.values_list("name", "pk"))
    drawn = random.Random(883286).sample(rows, 300)
    given = {name: (verdict(name, pk), verdict(_blanked(name), pk)) for name, pk in drawn}

    assert {name: words for name, words in given.items() if words[0] != words[1]} == {}
    assert {word for words in given.values() for word in words} <= {"found", "asked"}


def _blanked(name):
    return " ".join("".join(sign if sign.isalnum() else " " for sign in name).split())


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("Urząd Miasta Krakowa", "Kraków"),
        ("Urząd Miejski w Gdańsku", "Gdańsk"),
        ("Δήμος Αθηναίων", "Athens"),
        ("Δήμος Θεσσαλονίκης", "Thessaloníki"),
    ],
)
def test_name_declined_behind_the_word_for_its_body_is_asked_for(typed, place):
    answer = resolve_city(typed)

    assert (answer.place, [each.name for each in answer.similar]) == (None, [place])
    assert f"Do you mean {place}, " in place_fault(answer, country="")
    assert place_fault(answer, country="PL") == ""


@pytest.mark.parametrize(
    ("language", "typed", "countries"),
    [
        ("en", "Aalst", {"BE"}),
        ("fr", "Aalst", {"BE"}),
        ("nl", "Aalst", {"BE", "NL"}),
        ("nl", "Gent", {"BE"}),
        ("fr", "Saint Denis", {"FR"}),
    ],
)
def test_namesake_in_the_country_of_the_readers_language_leaves_it_open(language, typed, countries):
    with translation.override(language):
        answer = resolve_city(typed)
    found = [answer.place] if answer.place else answer.candidates

    assert {place.country for place in found} == countries


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
    assert suggest_cities("lod")[0].startswith("Łódź, ")
    assert suggest_cities("st galle")[0].startswith("St. Gallen ")


def test_register_of_an_older_version_finds_the_same_names_after_the_migration():
    migration = import_module("crm.migrations.0004_worker_beat_and_place_keys")
    place = Place.objects.named("Saint-Nazaire")[0]
    rows = PlaceName.objects.filter(place=place)
    before = set(rows.values_list("key", flat=True))
    rows.delete()
    for key in (*before, "saint-nazaire", "saint nazaire'"):
        PlaceName.objects.get_or_create(key=key, population=place.population, place=place)
    PlaceName.objects.filter(place=place, key="saint nazaire").delete()

    migration.fold_signs(apps, SimpleNamespace(connection=connection))

    assert set(rows.values_list("key", flat=True)) == before
    assert resolve_city("Saint Nazaire").place == place


def test_register_loaded_again_adds_nothing_and_repairs_lost_names():
    before = PlaceName.objects.count()
    lost = PlaceName.objects.filter(place__name="Vaduz").delete()[0]
    Place.objects.filter(name="Eindhoven").delete()

    assert lost >= 1
    assert load_places() == 1
    assert load_places() == 0
    assert PlaceName.objects.count() == before
