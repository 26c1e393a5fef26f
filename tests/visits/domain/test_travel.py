"""What a site knows better than the estimate: factors of its own, journeys of its own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.domain.edits import ChangedMeanwhile, stamp
from crm.models import AuditEntry
from tests.factories.crm import CLOCK, CoordinatorFactory, PlaceFactory
from tests.factories.visits import TravelOverrideFactory
from visits.domain import known_journeys, travel_factors
from visits.domain.travel import place_ref, travel_table
from visits.models import TravelFactor, TravelOverride
from visits.planning.factors import REFERENCE
from visits.planning.travel import MODES

pytestmark = pytest.mark.django_db


@pytest.fixture
def cities():
    return [
        PlaceFactory(name="Oslo", country="NO", latitude=59.91, longitude=10.75),
        PlaceFactory(name="Lisboa", country="PT", latitude=38.72, longitude=-9.14),
        PlaceFactory(name="Gent"),
    ]


def journey(start, end):
    table = travel_table([start, end])
    i, j = table.index[place_ref(start)], table.index[place_ref(end)]
    return {
        "minutes": int(table.minutes[i, j]),
        "mode": MODES[table.mode[i, j]],
        "cost": float(table.cost[i, j]),
        "co2": float(table.co2[i, j]),
        "is_estimate": bool(table.estimated[i, j]),
    }


def test_names_of_the_factors_are_those_of_the_model():
    assert list(travel_factors.NAMES) == list(REFERENCE)


# --- Factors ---


def change(key, value, source="Our own records", **kwargs):
    values = {"value": value, "source": source}
    return travel_factors.change_factor(key, values, at=CLOCK, by=kwargs.pop("by", None), **kwargs)


def test_a_changed_factor_holds_for_every_table_made_afterwards(cities):
    oslo, lisbon, _ghent = cities
    before = journey(oslo, lisbon)
    coordinator = CoordinatorFactory()
    change("fly_check_in", 178.0, by=coordinator)
    assert journey(oslo, lisbon)["minutes"] == before["minutes"] + 60
    assert travel_table(cities).changed_factors == {"fly_check_in": 178.0}
    row = TravelFactor.objects.get()
    assert (row.source, row.changed_at, row.changed_by) == (
        "Our own records",
        CLOCK,
        coordinator,
    )
    assert list(AuditEntry.objects.values_list("verb", "row_id")) == [
        ("change_factor", "fly_check_in")
    ]


def test_a_factor_goes_back_to_the_reference(cities):
    before = journey(*cities[:2])
    change("fly_speed", 500.0)
    assert journey(*cities[:2]) != before
    assert travel_factors.reset_factor("fly_speed", at=CLOCK, by=None)
    assert journey(*cities[:2]) == before
    assert not travel_factors.reset_factor("fly_speed", at=CLOCK, by=None)


def test_all_faults_of_a_factor_are_told_at_once():
    with pytest.raises(ValidationError) as refusal:
        change("rail_co2_km", 7.0, source="")
    assert refusal.value.message_dict == {
        "value": ["Between 0 and 1 kg/km."],
        "source": ["Say where this value comes from."],
    }


def test_the_reference_value_needs_no_source_of_its_own():
    assert change("rail_co2_km", 0.033, source=REFERENCE["rail_co2_km"].source) == []
    assert not TravelFactor.objects.exists()


def test_a_factor_somebody_else_changed_is_not_overwritten():
    seen = stamp(travel_factors.factor_row("fly_out"), travel_factors.EDITABLE)
    change("fly_out", 50.0, seen=seen)
    with pytest.raises(ChangedMeanwhile):
        change("fly_out", 20.0, seen=seen)
    now = stamp(travel_factors.factor_row("fly_out"), travel_factors.EDITABLE)
    change("fly_out", 20.0, seen=now)
    travel_factors.reset_factor("fly_out", at=CLOCK, by=None)
    with pytest.raises(ChangedMeanwhile):
        change("fly_out", 60.0, seen=now)


def test_a_factor_that_is_gone_from_the_model_is_passed_over(cities):
    TravelFactor.objects.create(key="balloon_speed", value=20, source="x", changed_at=CLOCK)
    assert travel_table(cities).changed_factors == {}


# --- Known journeys ---


def values(start, end, **given):
    usual = {"mode": "rail", "minutes": 90, "cost": None, "co2_kg": None, "source": ""}
    return {"origin": start, "destination": end} | usual | given


def add(start, end, **given):
    return known_journeys.add_journey(values(start, end, **given), at=CLOCK, by=None)


def test_a_known_journey_holds_both_ways_and_is_no_estimate(cities):
    oslo, lisbon, _ghent = cities
    add(oslo, lisbon, mode="fly", minutes=290, cost=333, co2_kg=410.5)
    known = {"minutes": 290, "mode": "fly", "cost": 333.0, "co2": 410.5, "is_estimate": False}
    assert journey(oslo, lisbon) == journey(lisbon, oslo) == known


def test_what_is_not_told_is_estimated_for_its_own_way_of_travel():
    ghent = PlaceFactory()
    paris = PlaceFactory(name="Paris", latitude=48.85, longitude=2.35)
    assert journey(ghent, paris)["mode"] == "rail"
    add(ghent, paris, mode="drive", minutes=190)
    told = journey(ghent, paris)
    assert (told["minutes"], told["mode"]) == (190, "drive")
    # 263 km as the crow flies, 342 km by road at 0.30 EUR and 0.23 kg.
    assert (round(told["cost"]), round(told["co2"])) == (103, 79)


def test_a_removed_journey_is_estimated_again_until_the_undo(cities):
    oslo, lisbon, _ghent = cities
    row = add(oslo, lisbon, mode="fly", minutes=290)
    known_journeys.remove_journey(row, at=CLOCK, by=None)
    assert journey(oslo, lisbon)["is_estimate"]
    known_journeys.restore_journey(row, at=CLOCK, by=None)
    assert journey(oslo, lisbon)["minutes"] == 290


def test_an_undo_never_makes_a_second_row_of_a_pair(cities):
    oslo, lisbon, _ghent = cities
    row = add(oslo, lisbon, mode="fly", minutes=290)
    known_journeys.remove_journey(row, at=CLOCK, by=None)
    add(lisbon, oslo, mode="fly", minutes=300)
    with pytest.raises(ValidationError) as refusal:
        known_journeys.restore_journey(row, at=CLOCK, by=None)
    assert refusal.value.messages == [
        "Oslo – Lisboa was entered again meanwhile; correct that one."
    ]
    assert journey(oslo, lisbon)["minutes"] == 300


def test_all_faults_of_a_journey_are_told_at_once(cities):
    oslo, lisbon, _ghent = cities
    add(lisbon, oslo, mode="fly", minutes=290)
    with pytest.raises(ValidationError) as refusal:
        add(oslo, lisbon, minutes=30)
    assert refusal.value.message_dict == {
        "minutes": ["The places are 2738 km apart; no way of travel takes 30 min."],
        "destination": ["This journey is known already; correct that one instead."],
    }
    with pytest.raises(ValidationError, match="Choose another place"):
        add(oslo, oslo)


def test_a_journey_somebody_else_changed_is_not_overwritten(cities):
    row = add(*cities[:2], mode="fly", minutes=290)
    seen = stamp(row, known_journeys.EDITABLE)

    def edit(minutes):
        new = values(*cities[:2], mode="fly", minutes=minutes)
        return known_journeys.edit_journey(row, new, seen=seen, at=CLOCK, by=None)

    assert edit(300) == ["minutes"]
    with pytest.raises(ChangedMeanwhile):
        edit(310)
    assert TravelOverride.objects.get().minutes == 300


def test_the_database_keeps_one_journey_for_each_pair(cities):
    from django.db import IntegrityError, transaction

    oslo, lisbon, _ghent = cities
    TravelOverrideFactory(origin=oslo, destination=lisbon)
    with pytest.raises(IntegrityError), transaction.atomic():
        TravelOverrideFactory(origin=lisbon, destination=oslo)
    TravelOverrideFactory(origin=lisbon, destination=oslo, removed_at=CLOCK + timedelta(days=1))
