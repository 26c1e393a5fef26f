"""Which visits a strike or storm puts at risk."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.fixture_files import rows
from crm.models import AuditEntry
from tests.factories.crm import CLOCK, CoordinatorFactory, PlaceFactory
from tests.factories.visits import VisitFactory
from visits.domain.disruptions import (
    disruptions_touching,
    edit_disruption,
    enter_disruption,
    touched_visits,
)
from visits.domain.feeds import _journeys
from visits.domain.host_answers import cannot_travel, visits_without_host
from visits.domain.hosts import visits_hit
from visits.domain.plans import plan_as_json, solve_campaign, store_version
from visits.domain.replanning import candidates
from visits.domain.sample_load.plans import disruption_values
from visits.domain.travel_legs import store_legs
from visits.models import Campaign, Disruption, Host, TravelLeg, Visit
from visits.models.requests import Mode

pytestmark = pytest.mark.django_db
NOW = {"at": CLOCK, "by": None}
STARTS = datetime(2023, 2, 23, 9, 0, tzinfo=UTC)


def values(**given):
    return {
        "kind": "strike",
        "name": "Strike",
        "countries": ["BE"],
        "airports": [],
        "places": [],
        "modes": ["rail"],
        "starts_at": STARTS - timedelta(hours=2),
        "ends_at": STARTS + timedelta(hours=8),
        "severity": 3,
        "status": "announced",
        "source": "",
    } | given


def stuttgart(**given):
    place = PlaceFactory(
        name="Stuttgart", country="DE", latitude=48.78, longitude=9.18, zone="Europe/Berlin"
    )
    return VisitFactory(city="Stuttgart", country="DE", place=place, **given)


def touches(**given):
    return touched_visits(enter_disruption(values(**given), **NOW)[0])


def test_a_strike_in_the_country_touches_the_visit():
    visit = VisitFactory(country="BE", starts_at=STARTS)
    assert touches() == [visit]


def test_a_strike_where_the_host_sets_out_touches_the_visit():
    visit = VisitFactory(country="BE", starts_at=STARTS)
    assert touches(countries=["NO"]) == [visit]


def test_a_strike_elsewhere_touches_nothing():
    VisitFactory(country="BE", starts_at=STARTS)
    assert touches(countries=["PT"]) == []


def test_a_strike_on_the_evening_before_touches_the_journey():
    visit = VisitFactory(country="BE", starts_at=STARTS)
    evening = STARTS - timedelta(hours=14)
    assert touches(starts_at=evening, ends_at=evening + timedelta(hours=1)) == [visit]


def test_a_strike_two_days_before_touches_nothing():
    VisitFactory(country="BE", starts_at=STARTS)
    before = STARTS - timedelta(days=2)
    assert touches(starts_at=before, ends_at=before + timedelta(hours=6)) == []


def test_an_airport_strike_touches_its_own_city_and_no_other_of_the_country():
    visit = stuttgart(starts_at=STARTS)
    VisitFactory(city="Rostock", country="DE", place=None, starts_at=STARTS)
    assert touches(countries=["DE"], airports=["STR"]) == [visit]


def test_a_named_city_is_known_in_any_spelling():
    visit = VisitFactory(city="Gdańsk", country="PL", place=None, starts_at=STARTS)
    assert touches(countries=["PL"], places=["gdansk"]) == [visit]


@pytest.mark.parametrize("given", [{"mode": Mode.ONLINE}, {"state": "cancelled"}])
def test_an_online_or_ended_visit_has_no_journey_to_touch(given):
    VisitFactory(country="BE", starts_at=STARTS, **given)
    assert touches() == []


def test_entering_a_disruption_marks_visits_and_writes_it_down():
    visit = VisitFactory(country="BE", starts_at=STARTS)
    _row, at_risk = enter_disruption(values(), **NOW)
    visit.refresh_from_db()
    assert (at_risk, visit.at_risk) == ([visit], True)
    assert AuditEntry.objects.about(visit).get().verb == "mark_at_risk"


def test_a_visit_stays_at_risk_while_another_disruption_touches_it():
    visit = VisitFactory(country="BE", starts_at=STARTS)
    first, _at_risk = enter_disruption(values(), **NOW)
    enter_disruption(values(name="Storm"), **NOW)
    edit_disruption(first, values(status=Disruption.Status.OVER), **NOW)
    visit.refresh_from_db()
    assert visit.at_risk


@pytest.fixture
def tallinn():
    """A visit in Tallinn to which the host goes on from one in Ghent the day before."""
    ghent = VisitFactory(country="BE", starts_at=STARTS - timedelta(days=1), place=PlaceFactory())
    place = PlaceFactory(
        name="Tallinn", country="EE", latitude=59.44, longitude=24.75, zone="Europe/Tallinn"
    )
    return VisitFactory(
        campaign=ghent.campaign,
        host=ghent.host,
        city="Tallinn",
        country="EE",
        zone="Europe/Tallinn",
        place=place,
        starts_at=STARTS + timedelta(hours=1),
    )


def on_the_way(**given):
    """A strike in Belgium on the afternoon before."""
    afternoon = STARTS - timedelta(hours=21)
    return values(starts_at=afternoon, ends_at=afternoon + timedelta(hours=10), **given)


def test_a_strike_where_the_journey_there_begins_puts_the_visit_at_risk(tallinn):
    _row, at_risk = enter_disruption(on_the_way(modes=["fly"]), **NOW)
    assert tallinn in at_risk
    tallinn.refresh_from_db()
    assert tallinn.at_risk
    assert [row.name for row in disruptions_touching(tallinn)] == ["Strike"]


def test_a_strike_of_another_way_of_travel_leaves_the_next_visit_alone(tallinn):
    _row, at_risk = enter_disruption(on_the_way(modes=["ferry"]), **NOW)
    assert tallinn not in at_risk


def test_the_replan_page_says_that_the_journeys_are_touched(tallinn):
    enter_disruption(on_the_way(modes=["fly"]), **NOW)
    dangers = {row.visit: row.dangers for row in candidates(tallinn.campaign, at=CLOCK)}
    assert dangers[tallinn] == ("Strike touches its journeys.",)


def test_all_faults_of_a_disruption_are_told_at_once():
    wrong = values(ends_at=STARTS - timedelta(days=1), airports=["XXX"])
    with pytest.raises(ValidationError) as refusal:
        enter_disruption(wrong, **NOW)
    assert set(refusal.value.error_dict) == {"ends_at", "airports"}


def test_the_airport_strike_and_the_storm_of_the_sample_hit_the_visits_of_the_story(sample):
    strike = Disruption.objects.get(key="de-airport-strike-2023-02-17")
    assert [visit.ref for visit in touched_visits(strike)] == ["V08"]
    row = next(row for row in rows("disruptions.csv") if row["key"].startswith("nordic-storm"))
    storm = {name: value for name, value in disruption_values(row).items() if name != "key"}
    _made, at_risk = enter_disruption({"places": [], **storm}, **NOW)
    assert sorted(visit.ref for visit in at_risk) == ["V07", "V08"]
    assert sorted(Visit.objects.filter(at_risk=True).values_list("ref", flat=True)) == [
        "V07",
        "V08",
    ]


def joe_is_ill(first, last):
    return cannot_travel(
        Host.objects.get(ref="H1"), first=first, last=last, reason="ill", at=CLOCK, by=None
    )


def test_an_absence_touches_the_visit_that_it_leaves_no_time_to_travel_to(sample):
    absence = joe_is_ill(date(2023, 2, 22), date(2023, 2, 23))
    assert [visit.ref for visit in visits_hit(absence)] == ["V10", "V11", "V04"]
    away = visits_without_host(CoordinatorFactory(), at=CLOCK)
    assert [visit.ref for visit in away] == ["V10", "V11", "V04"]
    told = {row.visit.ref: row.dangers for row in candidates(Campaign.objects.get(), at=CLOCK)}
    assert told["V04"] == (
        "Joe Gorman is unavailable until shortly before and cannot be there in time.",
    )


def test_an_absence_after_which_one_still_comes_in_time_touches_nothing(sample):
    # Ljubljana begins on Monday at 14:00: from Oslo one is there at 13:00.
    absence = joe_is_ill(date(2023, 2, 25), date(2023, 2, 26))
    assert visits_hit(absence) == []


def test_a_plan_with_an_absence_stores_no_journey_into_it_and_names_it(sample):
    joe_is_ill(date(2023, 2, 22), date(2023, 2, 23))
    solved = solve_campaign(Campaign.objects.get(), at=CLOCK)
    told = plan_as_json(solved)
    assert not {leg["to"] for leg in told["legs"]} & {"Vilnius", "Tallinn", "Bergen"}
    late = [(leg["from"], leg["to"]) for leg in told["legs"] if leg["missing_minutes"]]
    assert late == [("Stuttgart", "Oslo")]  # home one goes all the same
    assert {"V10", "V11", "V04"} == {*told["standing"]["visits"]}
    assert told["standing"]["visits"] == [row["visit"] for row in told["visits"] if row["missed"]]
    for ref in ("V10", "V11", "V04"):
        assert [risk for risk in told["risks"] if ref in risk and "ill" in risk] != []


def test_an_online_visit_is_no_reason_for_a_trip_in_a_storm(sample):
    enter_disruption(
        values(
            kind="storm",
            countries=["PL", "LT"],
            modes=[],
            starts_at=datetime(2023, 2, 20, 5, tzinfo=UTC),
            ends_at=datetime(2023, 2, 21, 23, tzinfo=UTC),
        ),
        **NOW,
    )
    Visit.objects.filter(ref="V09").update(host=Host.objects.get(ref="H2"), mode=Mode.ONLINE)
    solved = solve_campaign(Campaign.objects.get(), at=CLOCK)
    joe = [leg for leg in solved.solution.legs if leg.host == "H1"]
    before_the_calls = datetime(2023, 2, 20, 13, tzinfo=UTC)
    assert [leg for leg in joe if leg.depart.day == 20 and leg.depart < before_the_calls] == []
    assert "Vilnius" not in {leg.destination.name for leg in joe}
    told = [risk for risk in plan_as_json(solved)["risks"] if "Vilnius" in risk]
    assert ["Strike" in risk for risk in told] == [True]


def test_a_published_plan_puts_no_journey_to_what_an_absence_prevents_into_the_calendar(sample):
    joe_is_ill(date(2023, 2, 22), date(2023, 2, 23))
    version = store_version(solve_campaign(Campaign.objects.get(), at=CLOCK))
    store_legs(version, at=CLOCK, by=None)
    joe = Host.objects.get(ref="H1")
    kept_from = {"Vilnius", "Tallinn", "Bergen"}
    stored = TravelLeg.objects.stored_by_plan(version.plan).filter(departs_at__gt=CLOCK)
    assert not {leg.destination.name for leg in stored} & kept_from
    live = list(Visit.objects.live().filter(host=joe).select_related("host__home", "place"))
    told = [row for row in _journeys(joe, live, CLOCK) if row.departs_at > CLOCK]
    assert not {row.destination.name for row in told} & kept_from
    assert {"Gdańsk", "Ljubljana", "Venice"} <= {row.destination.name for row in told}
