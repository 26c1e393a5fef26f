"""From what people type to a place of the register."""

import pytest

from crm.domain.places import (
    label_of,
    own_name,
    resolve_city,
    suggest_cities,
    zone_of_country,
)
from tests.factories.crm import PlaceFactory


@pytest.fixture
def namesakes(db):
    return {
        "large": PlaceFactory(
            name="Cologne", alternate_names="", country="IT", region="Lombardy", population=7_000
        ),
        "famous": PlaceFactory(
            name="Köln",
            alternate_names="Cologne|Colonia",
            country="DE",
            region="North Rhine-Westphalia",
            population=1_000_000,
        ),
    }


def test_name_that_two_places_could_mean_is_never_guessed(namesakes):
    answer = resolve_city("Cologne")

    assert answer.place is None
    assert list(answer.candidates) == [namesakes["famous"], namesakes["large"]]


@pytest.mark.parametrize(
    "typed", ["Cologne, Germany", "cologne, DE", "Köln", "KÖLN, Germany", "Colonia"]
)
def test_country_or_own_spelling_tells_namesakes_apart(namesakes, typed):
    assert resolve_city(typed).place == namesakes["famous"]


def test_country_that_contradicts_the_only_namesake_finds_nothing(namesakes):
    answer = resolve_city("Köln, Austria")

    assert (answer.place, list(answer.candidates)) == (None, [])


def test_words_that_name_no_region_we_know_do_no_harm(namesakes):
    assert resolve_city("Köln, Amt für öffentliche Ordnung").place == namesakes["famous"]


def test_large_city_is_meant_before_a_village_that_shares_a_by_name(db):
    ghent = PlaceFactory(name="Gent", alternate_names="Gand", population=265_000)
    PlaceFactory(name="Gendt", alternate_names="Gent", country="NL", population=5_600)

    assert resolve_city("gent").place == ghent


def test_suggestion_resolves_to_the_place_it_was_made_from(namesakes):
    for place in namesakes.values():
        assert resolve_city(label_of(place, "colo")).place == place
    assert suggest_cities("colo") == [
        "Cologne (Köln), North Rhine-Westphalia, Germany",
        "Cologne, Lombardy, Italy",
    ]


@pytest.mark.parametrize(
    "typed",
    ["", " ", ",", "%", "_", "|", "()", "x" * 300, "''; --", "\x00", "Stadt", "1000", "\x7f"],
)
def test_what_is_no_name_finds_nothing(namesakes, typed):
    answer = resolve_city(typed)

    assert (answer.place, list(answer.candidates), suggest_cities(typed)) == (None, [], [])


def test_unknown_city_of_a_country_gets_the_zone_of_its_largest_place(namesakes):
    PlaceFactory(country="PT", zone="Atlantic/Azores", population=10)
    PlaceFactory(country="PT", zone="Europe/Lisbon", population=500_000)

    assert (zone_of_country("PT"), zone_of_country("XX")) == ("Europe/Lisbon", "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Gand", "Gand"),
        ("GENT", "GENT"),
        ("Gand (Gent), Flanders, Belgium", "Gand"),
        ("9000 Gent", "Gent"),
        ("Ville de Gand", "Gent"),
    ],
)
def test_city_keeps_the_name_its_officer_gave_it(db, typed, kept):
    ghent = PlaceFactory(name="Gent", alternate_names="Gand")

    assert resolve_city(typed).place == ghent
    assert own_name(typed, ghent) == kept


def test_article_of_a_name_is_no_part_of_a_postcode(db):
    PlaceFactory(name="Louvière", population=1_000)
    louviere = PlaceFactory(name="La Louvière", population=80_000)

    assert resolve_city("7100 La Louvière").place == louviere
