"""Which visits a strike or storm puts at risk."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.fixture_files import rows
from crm.models import AuditEntry
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import VisitFactory
from visits.domain.disruptions import (
    disruptions_touching,
    edit_disruption,
    enter_disruption,
    touched_visits,
)
from visits.domain.replanning import candidates
from visits.domain.sample_load.plans import disruption_values
from visits.models import Disruption, Visit
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
