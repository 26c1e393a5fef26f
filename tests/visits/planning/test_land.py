"""Where an estimate lets a car drive: never over open water, round gulfs, over known crossings."""

from itertools import combinations

import numpy as np
import pytest

from visits.domain.travel import airports, land_map
from visits.planning.factors import REFERENCE, TravelFactors, reference_factors
from visits.planning.land import (
    OFF_THE_MAP,
    Crossing,
    LandMap,
    great_circle_km,
    great_circles_km,
)
from visits.planning.travel import Estimator

PLACES = {
    "Oslo": (59.91, 10.75),
    "Copenhagen": (55.68, 12.57),
    "Malmö": (55.60, 13.00),
    "Aarhus": (56.16, 10.20),
    "Stockholm": (59.33, 18.06),
    "Visby": (57.63, 18.30),
    "Helsinki": (60.17, 24.94),
    "Tallinn": (59.44, 24.75),
    "London": (51.51, -0.13),
    "Paris": (48.86, 2.35),
    "Dublin": (53.35, -6.26),
    "Belfast": (54.60, -5.93),
    "Bari": (41.12, 16.87),
    "Dubrovnik": (42.65, 18.09),
    "Corfu": (39.62, 19.92),
    "Igoumenitsa": (39.50, 20.26),
    "Catania": (37.50, 15.09),
    "Naples": (40.85, 14.27),
    "Cagliari": (39.22, 9.11),
    "Ghent": (51.05, 3.72),
    "Antwerp": (51.22, 4.40),
    "Valletta": (35.90, 14.51),
    "Ponta Delgada": (37.74, -25.67),
    "Funchal": (32.65, -16.91),
    "Machico": (32.72, -16.77),
}


@pytest.fixture(scope="module")
def europe():
    return land_map()


@pytest.fixture(scope="module")
def estimator(europe):
    return Estimator(airports=airports(), land=europe)


def modes(estimator, pair):
    start, end = (PLACES[name] for name in pair.split("-"))
    return set(estimator.options(start, end))


OVER_WATER = (
    "Helsinki-Tallinn Stockholm-Visby Stockholm-Helsinki Bari-Dubrovnik Corfu-Igoumenitsa "
    "London-Dublin Naples-Cagliari Valletta-Catania Funchal-Ponta_Delgada"
).split()


@pytest.mark.parametrize("pair", OVER_WATER)
def test_nobody_drives_over_open_water(estimator, pair):
    assert not modes(estimator, pair.replace("_", " ")) & {"drive", "rail"}


@pytest.mark.parametrize(
    "pair", ["Copenhagen-Malmö", "Aarhus-Copenhagen", "London-Paris", "Catania-Naples"]
)
def test_bridges_tunnels_and_frequent_ferries_are_driven(estimator, pair):
    assert "drive" in modes(estimator, pair)


def test_a_road_leads_round_a_bay_and_the_tunnel_takes_its_time(europe):
    around = europe.way(PLACES["Aarhus"], PLACES["Copenhagen"])
    straight = great_circle_km(*PLACES["Aarhus"], *PLACES["Copenhagen"])
    assert 1.4 * straight < around.km < 2 * straight
    assert europe.way(PLACES["London"], PLACES["Paris"]).minutes == 75


def test_the_same_island_is_driven_across(estimator):
    assert "drive" in modes(estimator, "Dublin-Belfast")
    assert modes(estimator, "Ghent-Antwerp") == {"drive", "rail"}


def test_a_ferry_drives_to_the_water_and_sails_over_it(estimator):
    ferry = estimator.options(PLACES["Corfu"], PLACES["Igoumenitsa"])["ferry"]
    assert (ferry.minutes, ferry.km, ferry.is_estimate) == (135, 34.8, True)


def test_an_island_beyond_the_map_is_flown_to_and_driven_on(estimator, europe):
    assert europe.island(PLACES["Ponta Delgada"]) == OFF_THE_MAP
    assert "drive" in modes(estimator, "Funchal-Machico")
    assert estimator.journey(PLACES["Oslo"], PLACES["Ponta Delgada"]).mode == "fly"


def test_every_pair_of_places_has_a_journey_the_same_both_ways(estimator):
    for start in PLACES.values():
        for end in PLACES.values():
            there, back = estimator.journey(start, end), estimator.journey(end, start)
            assert there.minutes == back.minutes
            assert (there.minutes > 0) == (start != end)


def test_a_pair_is_estimated_alike_alone_and_among_many(estimator):
    pairs = list(combinations(PLACES.values(), 2))
    land_map.cache_clear()
    alone = Estimator(airports=airports(), land=land_map())
    together = list(estimator.options_of(pairs))
    assert together[::7] == [alone.options(*pair) for pair in pairs[::7]]


def test_distances_are_alike_one_by_one_and_of_many():
    pairs = list(combinations(PLACES.values(), 2))
    starts, ends = (np.array(side) for side in zip(*pairs, strict=True))
    one_by_one = [great_circle_km(*start, *end) for start, end in pairs]
    assert great_circles_km(starts, ends) == pytest.approx(one_by_one, rel=1e-12)


def test_a_crossing_that_ends_in_the_sea_is_refused():
    square = [(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)]
    with pytest.raises(ValueError, match="Nowhere Bridge"):
        LandMap([square], crossings=[Crossing("Nowhere Bridge", (1, 1), (1, 1.99 + 9))])


def test_two_islands_are_joined_by_a_bridge_alone():
    west = [(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)]
    east = [(3, 0), (5, 0), (5, 2), (3, 2), (3, 0)]
    assert LandMap([west, east]).way((1.0, 1.0), (1.0, 4.0)) is None
    joined = LandMap([west, east], crossings=[Crossing("Bridge", (1.0, 1.9), (1.0, 3.1), 20)])
    way = joined.way((1.0, 1.0), (1.0, 4.0))
    assert (round(way.km), way.minutes) == (334, 20)


# --- Factors ---


def test_every_factor_lies_in_its_bounds_and_names_its_source():
    for factor in reference_factors():
        assert factor.least <= factor.value <= factor.most, factor.key
        assert "" not in (factor.unit, factor.source), factor.key
    assert {factor.mode for factor in REFERENCE.values()} == {"drive", "rail", "fly", "ferry"}


@pytest.mark.parametrize("key", sorted(REFERENCE))
def test_every_factor_counts(europe, key):
    """A factor nobody reads would be a button that does nothing."""
    pairs = [
        ("Ghent", "Antwerp"),
        ("Ghent", "Paris"),
        ("Oslo", "Copenhagen"),
        ("Oslo", "Catania"),
        ("Corfu", "Igoumenitsa"),
        ("Oslo", "Dubrovnik"),
        ("Naples", "Cagliari"),
    ]

    def told(factors):
        found = []
        for known in (airports(), ()):
            estimator = Estimator(factors=factors, airports=known, land=europe)
            found += [estimator.options(PLACES[a], PLACES[b]) for a, b in pairs]
        return found

    usual = told(TravelFactors())
    bounds = (REFERENCE[key].least, REFERENCE[key].most)
    assert any(told(TravelFactors(**{key: value})) != usual for value in bounds)
