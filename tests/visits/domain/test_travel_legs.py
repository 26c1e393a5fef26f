"""Journeys stored with a published plan, journeys the calendar needs, and their sums."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.models import AuditEntry, ClockSetting
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import (
    HostFactory,
    PlacementFactory,
    PlanVersionFactory,
    TravelLegFactory,
    TravelOverrideFactory,
    VisitFactory,
)
from visits.domain.plans import solve_campaign, store_version
from visits.domain.travel_legs import basis_of, legs_around, store_legs, sum_of, sums_by_host
from visits.models import Host, TravelLeg, Visit

pytestmark = pytest.mark.django_db


def at(day, hour, minute=0):
    return datetime(2023, 2, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def joe():
    return Host.objects.select_related("home").get(pk=HostFactory(ref="H1", name="Joe").pk)


@pytest.fixture
def ghent(joe):
    return VisitFactory(
        ref="V01",
        host=joe,
        place=PlaceFactory(),
        starts_at=at(21, 9),
        ends_at=at(21, 12),
    )


@pytest.fixture
def antwerp(joe, ghent):
    place = PlaceFactory(name="Antwerpen", latitude=51.22, longitude=4.40)
    return VisitFactory(
        ref="V02",
        host=joe,
        campaign=ghent.campaign,
        place=place,
        city="Antwerp",
        starts_at=at(22, 9),
        ends_at=at(22, 12),
    )


def planned_leg(host, start, end, departs, arrives, *, mode="fly", estimated=True):
    return {
        "host": host.ref,
        "from": start.name,
        "from_place": f"g{start.pk}",
        "to": end.name,
        "to_place": f"g{end.pk}",
        "mode": mode,
        "departs_at": departs.isoformat(),
        "arrives_at": arrives.isoformat(),
        "minutes": 300,
        "km": 1100,
        "cost": 150.0,
        "co2": 176.0,
        "estimated": estimated,
        "missing_minutes": 0,
    }


def version_of(ghent, antwerp, **values):
    """A plan of both visits: out, on by car, home."""
    host, home = ghent.host, ghent.host.home
    legs = [
        planned_leg(host, home, ghent.place, at(20, 13), at(20, 18)),
        planned_leg(
            host, ghent.place, antwerp.place, at(21, 13), at(21, 14), mode="drive", estimated=False
        ),
        planned_leg(host, antwerp.place, antwerp.place, at(22, 9), at(22, 9), mode="stay"),
        planned_leg(host, antwerp.place, home, at(22, 13), at(22, 18)),
    ]
    version = PlanVersionFactory(plan__campaign=ghent.campaign, result={"legs": legs, **values})
    for visit in (ghent, antwerp):
        PlacementFactory(version=version, visit=visit)
    return version


def stored():
    rows = TravelLeg.objects.select_related("origin", "destination", "visit")
    return [(row.origin.name, row.destination.name, row.visit.ref, row.status) for row in rows]


# --- Stored with the plan ---


def test_publishing_stores_each_journey_with_the_visit_it_leads_to(ghent, antwerp):
    version = version_of(ghent, antwerp)
    store_legs(version, at=CLOCK, by=None)
    assert stored() == [
        ("Oslo", "Gent", "V01", "estimated"),
        ("Gent", "Antwerpen", "V02", "planned"),
        ("Antwerpen", "Oslo", "V02", "estimated"),
    ]
    leg = TravelLeg.objects.first()
    assert (leg.version, leg.host.ref, leg.mode) == (version, "H1", "fly")
    assert (leg.km, float(leg.cost), leg.co2_kg) == (1100.0, 150.0, 176.0)
    assert AuditEntry.objects.filter(verb="store_legs").count() == 1


def test_a_newer_plan_replaces_what_the_earlier_one_stored(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    plan = ghent.campaign.plan
    Visit.objects.update(state="cancelled")
    second = PlanVersionFactory(plan=plan, number=7, result={"legs": []})
    store_legs(second, at=CLOCK, by=None)
    assert stored() == []


def test_booked_cancelled_and_hand_entered_legs_are_never_touched(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    out, on, home = TravelLeg.objects.order_by("departs_at")
    TravelLeg.objects.filter(pk=out.pk).update(status="booked", cost=99)
    TravelLeg.objects.filter(pk=on.pk).update(status="cancelled")
    by_hand = TravelLegFactory(
        visit=antwerp,
        origin=antwerp.place,
        destination=ghent.host.home,
        departs_at=at(22, 15),
        arrives_at=at(22, 20),
    )
    again = PlanVersionFactory(
        plan=ghent.campaign.plan, number=7, result=version_of_result(ghent, antwerp)
    )
    store_legs(again, at=CLOCK, by=None)
    assert not TravelLeg.objects.filter(pk=home.pk).exists()
    assert set(TravelLeg.objects.values_list("pk", flat=True)) >= {out.pk, on.pk, by_hand.pk}
    # The booked flight out and the flight home by hand stand; only the drive is planned anew.
    fresh = TravelLeg.objects.filter(version=again)
    assert [(row.origin.name, row.destination.name) for row in fresh] == [("Gent", "Antwerpen")]


def test_a_booked_journey_stands_for_one_of_the_same_way_only(ghent, antwerp):
    """There and back on two days in a row: the booked way out of one is not that of the other."""
    home, place = ghent.host.home, ghent.place
    Visit.objects.filter(pk=antwerp.pk).update(place=place)
    days = [(at(day, 5), at(day, 8), at(day, 13), at(day, 16)) for day in (21, 22)]
    legs = [
        planned_leg(ghent.host, *way, *times)
        for out, there, back, here in days
        for way, times in (((home, place), (out, there)), ((place, home), (back, here)))
    ]
    version = PlanVersionFactory(plan__campaign=ghent.campaign, result={"legs": legs})
    for visit in (ghent, antwerp):
        PlacementFactory(version=version, visit=visit)
    TravelLegFactory(
        visit=ghent,
        origin=home,
        destination=place,
        departs_at=at(21, 6),
        arrives_at=at(21, 8),
        status="booked",
    )
    store_legs(version, at=CLOCK, by=None)
    assert [row[:2] for row in stored()] == [("Oslo", "Gent"), ("Gent", "Oslo")] * 2


def version_of_result(ghent, antwerp):
    return ghent.campaign.plan.versions.order_by("number").first().result


def test_journeys_that_have_begun_stay_as_history(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    Visit.objects.update(state="cancelled")
    second = PlanVersionFactory(plan=ghent.campaign.plan, number=7, result={"legs": []})
    store_legs(second, at=at(21, 8), by=None)
    assert stored() == [("Oslo", "Gent", "V01", "estimated")]


def test_another_campaigns_journeys_are_left_alone(ghent, antwerp):
    other = TravelLegFactory(version=PlanVersionFactory(plan__campaign__slug="another"))
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    assert TravelLeg.objects.filter(pk=other.pk).exists()


# --- What the calendar needs ---


def lines(rows):
    return [
        (row.origin.name, row.destination.name, row.mode, row.status, row.leg is not None)
        for row in rows
    ]


def test_a_visit_arranged_by_hand_has_its_journeys_worked_out(ghent, antwerp):
    there = legs_around(ghent)
    assert lines(there.before) == [("Oslo", "Gent", "fly", "estimated", False)]
    assert lines(there.after) == [("Gent", "Antwerpen", "drive", "estimated", False)]
    assert there.before[0].arrives_at <= ghent.starts_at
    on = legs_around(antwerp)
    assert lines(on.after) == [("Antwerpen", "Oslo", "fly", "estimated", False)]
    assert not TravelLeg.objects.exists()


def test_a_stored_leg_is_told_where_it_fits_the_calendar(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    there = legs_around(ghent)
    assert lines(there.before) == [("Oslo", "Gent", "fly", "estimated", True)]
    assert there.before[0].departs_at == at(20, 13)
    assert lines(there.after) == [("Gent", "Antwerpen", "drive", "planned", True)]


def test_a_visit_that_moved_since_tells_the_journeys_of_now(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    Visit.objects.filter(pk=ghent.pk).update(starts_at=at(23, 9), ends_at=at(23, 12))
    ghent.refresh_from_db()
    there = legs_around(ghent)
    assert lines(there.before) == [("Antwerpen", "Gent", "drive", "estimated", False)]
    assert lines(there.after) == [("Gent", "Oslo", "fly", "estimated", False)]


def test_a_stored_leg_too_late_for_a_visit_that_moved_is_not_told(ghent):
    ways = ((ghent.host.home, ghent.place, at(21, 4)), (ghent.place, ghent.host.home, at(21, 13)))
    for origin, destination, departs in ways:
        TravelLegFactory(
            visit=ghent,
            version=PlanVersionFactory(plan__campaign=ghent.campaign),
            origin=origin,
            destination=destination,
            departs_at=departs,
            arrives_at=departs + timedelta(hours=4),
        )
    assert lines(legs_around(ghent).before) == [("Oslo", "Gent", "fly", "estimated", True)]
    Visit.objects.filter(pk=ghent.pk).update(starts_at=at(21, 7), ends_at=at(21, 10))
    ghent.refresh_from_db()
    assert lines(legs_around(ghent).before) == [("Oslo", "Gent", "fly", "estimated", False)]


def test_a_booked_leg_stands_before_a_planned_one(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    booked = TravelLegFactory(
        visit=ghent,
        origin=ghent.host.home,
        destination=ghent.place,
        departs_at=at(20, 15),
        arrives_at=at(20, 19),
        status="booked",
    )
    assert [row.leg for row in legs_around(ghent).before] == [booked]


def test_a_leg_entered_by_hand_is_told_for_the_estimate_of_the_same_way(ghent, antwerp):
    detour = TravelLegFactory(
        visit=ghent,
        origin=antwerp.place,
        destination=ghent.place,
        departs_at=at(20, 19),
        arrives_at=at(20, 20),
    )
    told = legs_around(ghent).before
    assert [row.leg for row in told] == [detour]


def test_a_known_journey_is_told_as_planned_not_as_estimate(ghent, antwerp):
    TravelOverrideFactory(origin=ghent.place, destination=antwerp.place, mode="rail", minutes=55)
    leg = legs_around(ghent).after[0]
    assert (leg.mode, leg.minutes, leg.status) == ("rail", 55, "planned")


def test_two_visits_in_one_city_need_no_journey_between_them(ghent):
    second = VisitFactory(
        ref="V03",
        host=ghent.host,
        campaign=ghent.campaign,
        place=ghent.place,
        starts_at=at(22, 9),
        ends_at=at(22, 12),
    )
    assert lines(legs_around(ghent).after) == []
    assert lines(legs_around(second).before) == []
    assert lines(legs_around(second).after) == [("Gent", "Oslo", "fly", "estimated", False)]


def test_online_and_cancelled_visits_need_no_journey(ghent, antwerp):
    Visit.objects.filter(pk=antwerp.pk).update(mode="online")
    antwerp.refresh_from_db()
    assert lines(legs_around(antwerp).before) == []
    Visit.objects.filter(pk=ghent.pk).update(state="cancelled")
    ghent.refresh_from_db()
    assert lines(legs_around(ghent).before) == []


def test_too_little_time_is_told_in_minutes(ghent):
    PlaceFactory(name="Lisboa")
    far = PlaceFactory(name="Lisboa", country="PT", latitude=38.72, longitude=-9.14)
    same_day = VisitFactory(
        ref="V04",
        host=ghent.host,
        campaign=ghent.campaign,
        place=far,
        starts_at=at(21, 14),
        ends_at=at(21, 16),
    )
    assert legs_around(same_day).before[0].missing_minutes > 0


# --- Sums ---


def test_sums_are_told_for_each_host_and_for_all(ghent, antwerp):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    ann = VisitFactory(
        host=HostFactory(name="Ann"),
        campaign=ghent.campaign,
        starts_at=at(27, 9),
        ends_at=at(27, 12),
    )
    TravelLegFactory(visit=ann, status="booked", cost=220, co2_kg=180.0, km=None)
    TravelLegFactory(visit=ann, status="cancelled", cost=1000)
    rows = sums_by_host(ghent.campaign)
    assert [(row.host, row.legs, row.estimates) for row in rows] == [("Ann", 1, 0), ("Joe", 3, 2)]
    whole = sum_of(rows)
    assert (whole.legs, whole.estimates, whole.km) == (4, 2, 3300.0)
    assert (whole.cost, whole.co2_kg) == (670.0, 708.0)


@pytest.mark.parametrize("booked", [{"status": "booked"}, {"status": "estimated"}])
def test_a_journey_entered_in_the_stead_of_the_plan_s_is_summed_once_as_it_is(
    ghent, antwerp, booked
):
    store_legs(version_of(ghent, antwerp), at=CLOCK, by=None)
    before = sum_of(sums_by_host(ghent.campaign))
    planned = TravelLeg.objects.filter(destination=ghent.place).get()
    TravelLegFactory(
        visit=ghent,
        host=ghent.host,
        origin=planned.origin,
        destination=planned.destination,
        departs_at=planned.departs_at + timedelta(hours=1),
        arrives_at=planned.arrives_at + timedelta(hours=1),
        km=planned.km + 10,
        cost=planned.cost + 20,
        co2_kg=planned.co2_kg + 30,
        **booked,
    )
    after = sum_of(sums_by_host(ghent.campaign))
    assert (after.legs, after.km, after.cost, after.co2_kg) == (
        before.legs,
        before.km + 10,
        before.cost + 20,
        before.co2_kg + 30,
    )


def test_a_version_says_which_factors_its_estimates_were_made_with(ghent, antwerp):
    basis = basis_of(version_of(ghent, antwerp, changed_factors={"rail_co2_km": 0.02, "gone": 1}))
    assert (basis.journeys, basis.estimates) == (4, 3)
    assert basis.changed == ("CO2 of rail 0.02 kg/km (reference 0.033)",)


def test_a_solved_plan_remembers_changed_factors(ghent):
    from visits.domain import travel_factors

    ClockSetting.objects.fix(CLOCK)
    values = {"value": 150.0, "source": "Our airport is slow."}
    travel_factors.change_factor("fly_check_in", values, at=CLOCK, by=None)
    version = store_version(solve_campaign(ghent.campaign, at=CLOCK, seconds=5))
    assert version.result["changed_factors"] == {"fly_check_in": 150.0}
    travel_factors.reset_factor("fly_check_in", at=CLOCK + timedelta(hours=1), by=None)
    assert basis_of(version).changed == ("At the airport before departure 150 min (reference 118)",)
