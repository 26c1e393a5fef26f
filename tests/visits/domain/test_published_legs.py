"""The stored journeys after a publish lead to the visits as they stand then, without a gap."""

import re
from datetime import UTC, date, datetime, timedelta
from random import Random

import icalendar
import pytest
from django.core.exceptions import ValidationError

from crm.models import ClockSetting
from tests.factories.crm import MailTemplateFactory, PlaceFactory
from tests.factories.visits import (
    CalendarFeedFactory,
    CampaignFactory,
    DisruptionFactory,
    HostAvailabilityFactory,
    HostFactory,
    PlanFactory,
    PlanVersionFactory,
    TopicFactory,
    TravelLegFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.visits.views.desk.front_door import go
from visits.domain.briefing import settle_upcoming
from visits.domain.briefs import build_edition
from visits.domain.feeds import feed_text
from visits.domain.journeys import Journey, journeys_between, journeys_of, visits_near
from visits.domain.my_week import week_of
from visits.domain.plan_board import Look, board_of_calendar, board_of_version, standing_visits
from visits.domain.plan_history import plan_timeline
from visits.domain.planning import load_problem
from visits.domain.plans import solve_campaign, store_version
from visits.domain.publishing import aftermath_of_publishing, changes_of, publish_version
from visits.domain.travel_legs import HostJourneys, legs_around, sum_of, sums_by_host
from visits.models import (
    BriefEdition,
    CalendarFeed,
    Disruption,
    HostAvailability,
    Reservation,
    TravelLeg,
    Visit,
    VisitRequest,
)
from visits.states import VisitState

pytestmark = pytest.mark.django_db

MONDAY = datetime(2023, 2, 6, 8, tzinfo=UTC)
CITIES = {
    "Gent": ("BE", "Europe/Brussels", 51.05, 3.72),
    "Antwerpen": ("BE", "Europe/Brussels", 51.22, 4.40),
    "Utrecht": ("NL", "Europe/Amsterdam", 52.09, 5.12),
    "Vilnius": ("LT", "Europe/Vilnius", 54.69, 25.28),
    "Kaunas": ("LT", "Europe/Vilnius", 54.90, 23.90),
}


@pytest.fixture
def campaign():
    for key in ("date_proposal", "single_date_proposal", "date_changed", "waitlist"):
        MailTemplateFactory(key=key, language="en", subject="Visit", body="For {city}.")
    return CampaignFactory(window_end=date(2023, 2, 24))


@pytest.fixture
def host(campaign):
    return HostFactory(ref="H1", name="Joe")


@pytest.fixture
def places():
    return {
        name: PlaceFactory(name=name, country=country, zone=zone, latitude=north, longitude=east)
        for name, (country, zone, north, east) in CITIES.items()
    }


def agreed(host, campaign, place, start, *, ref):
    request = VisitRequestFactory(
        campaign=campaign, city=place.name, zone=place.zone, place=place, state="scheduled"
    )
    return VisitFactory(
        ref=ref,
        host=host,
        campaign=campaign,
        place=place,
        city=place.name,
        zone=place.zone,
        starts_at=start,
        requests=[request],
        reserved=True,
    )


def plan_and_publish(campaign, at, *, released=(), approves=True):
    """Publish what the planner answers; how many agreed visits it moves."""
    ClockSetting.objects.fix(at)
    version = store_version(solve_campaign(campaign, at=at, released=released, seconds=5))
    moved = [row.visit.ref for row in changes_of(version) if row.needs_approval]
    publish_version(version, at=at, by=None, approved=moved if approves else ())
    return len(moved)


def no_gap(host):
    """Each leg begins where the last one ended and after it; each visit finds the host there."""
    legs = TravelLeg.objects.standing().filter(host=host).select_related("origin", "destination")
    visits = Visit.objects.standing().filter(host=host).select_related("place")
    steps = [(leg.departs_at, leg.arrives_at, leg.origin, leg.destination) for leg in legs]
    steps += [(row.starts_at, row.ends_at, row.place, row.place) for row in visits]
    steps.sort(key=lambda step: step[:2])
    here, free = host.home, MONDAY - timedelta(days=9)
    for begins, ends, origin, destination in steps:
        assert (origin, begins >= free) == (here, True), [
            f"{step[0]:%a %d %H:%M} {step[2].name}-{step[3].name}"
            for step in sorted(steps, key=str)
        ]
        here, free = destination, ends
    assert here == host.home


@pytest.mark.one_database  # The planner sees values; storing is tested on both.
@pytest.mark.parametrize("seed", range(8))
def test_the_chain_of_legs_has_no_gap_over_several_publishes(campaign, host, places, seed):
    chance, at = Random(seed), MONDAY
    skill = TopicFactory(code="T9")
    for number, (place, day) in enumerate(zip(places.values(), (2, 3, 8, 9, 10), strict=True)):
        agreed(host, campaign, place, MONDAY + timedelta(days=day), ref=f"V{number:02}")
    for _turn in range(5):
        ahead = list(Visit.objects.agreed().filter(starts_at__gt=at).order_by("pk"))
        visit = chance.choice(ahead)
        kind = chance.choice(["stays", "moves", "new", "gone", "no place"])
        away = None
        if kind == "moves":
            away = HostAvailabilityFactory(
                host=host,
                starts_at=visit.starts_at - timedelta(hours=8),
                ends_at=visit.ends_at,
            )
        elif kind == "no place":
            visit.requests.get().topics.set([skill])
        elif kind == "new":
            VisitRequestFactory(campaign=campaign, place=chance.choice(list(places.values())))
        elif kind == "gone":
            Visit.objects.filter(pk=visit.pk).update(state=VisitState.CANCELLED, state_since=at)
            Reservation.objects.filter(visit=visit).delete()
        begun = list(TravelLeg.objects.filter(departs_at__lte=at).values())
        released = [] if kind in ("new", "gone") else [visit.ref]
        plan_and_publish(campaign, at, released=released)
        no_gap(host)
        assert list(TravelLeg.objects.filter(pk__in=[row["id"] for row in begun]).values()) == begun
        HostAvailability.objects.filter(pk=away.pk if away else 0).delete()
        visit.requests.get().topics.clear()
        at += timedelta(hours=chance.choice([7, 20, 30]))


@pytest.mark.one_database
def test_a_released_visit_without_a_place_stays_and_so_do_its_journeys(campaign, host, places):
    stays = agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=10), ref="V02")
    plan_and_publish(campaign, MONDAY)
    before = list(TravelLeg.objects.values_list("origin", "destination", "departs_at", "visit"))
    stays.requests.get().topics.set([TopicFactory(code="T9")])
    assert plan_and_publish(campaign, MONDAY, released=["V01"]) == 0
    stays.refresh_from_db()
    assert (stays.state, stays.starts_at) == ("confirmed", MONDAY + timedelta(days=8))
    after = list(TravelLeg.objects.values_list("origin", "destination", "departs_at", "visit"))
    assert after == before
    no_gap(host)


@pytest.mark.one_database
def test_a_publish_that_lacks_an_approval_leaves_every_leg_alone(campaign, host, places):
    visit = agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    plan_and_publish(campaign, MONDAY)
    before = list(TravelLeg.objects.values())
    HostAvailabilityFactory(host=host, starts_at=visit.starts_at, ends_at=visit.ends_at)
    with pytest.raises(ValidationError, match="approve the new one"):
        plan_and_publish(campaign, MONDAY, released=["V01"], approves=False)
    assert list(TravelLeg.objects.values()) == before


@pytest.mark.one_database
def test_a_plan_made_on_the_way_goes_on_from_where_the_journey_ends(campaign, host, places):
    visit = agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=1), ref="V01")
    plan_and_publish(campaign, MONDAY)
    out = TravelLeg.objects.earliest("departs_at")
    assert out.destination == visit.place
    under_way = out.departs_at + timedelta(minutes=30)
    # The city asks for another week while the host is on the train to it.
    HostAvailabilityFactory(
        host=host, starts_at=visit.starts_at, ends_at=visit.starts_at + timedelta(days=3)
    )
    assert plan_and_publish(campaign, under_way, released=["V01"]) == 1
    assert TravelLeg.objects.filter(pk=out.pk).exists()
    no_gap(host)


# --- The host's calendar ---


def feed_of(host):
    made = CalendarFeedFactory(host=host)
    return CalendarFeed.objects.select_related("host__home", "host__user").get(pk=made.pk)


def journeys(feed):
    events = icalendar.Calendar.from_ical(feed_text(feed)).walk("VEVENT")
    return {
        str(event["UID"]): (event["SEQUENCE"], event["STATUS"], event.start, event.end)
        for event in events
        if event["UID"].startswith(("to-", "from-", "leg-", "way-"))
    }


@pytest.mark.one_database
def test_publishing_the_same_journeys_leaves_their_entries_as_they_are(campaign, host, places):
    ClockSetting.objects.fix(MONDAY)
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    # A drive of more than a day is interrupted by a night.
    agreed(host, campaign, places["Utrecht"], MONDAY + timedelta(days=9), ref="V02")
    agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=15), ref="V03")
    feed = feed_of(host)
    before = feed_text(feed)
    assert len(journeys(feed)) == 5
    for days in range(3):
        plan_and_publish(campaign, MONDAY + timedelta(days=days))
        assert TravelLeg.objects.count() == 5
        assert feed_text(feed) == before


@pytest.mark.one_database
def test_a_publish_counts_up_only_the_journeys_it_changes(campaign, host, places):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    moves = agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=15), ref="V02")
    feed = feed_of(host)
    plan_and_publish(campaign, MONDAY)
    before = journeys(feed)
    HostAvailabilityFactory(host=host, starts_at=moves.starts_at, ends_at=moves.ends_at)
    assert plan_and_publish(campaign, MONDAY, released=["V02"]) == 1
    after = journeys(feed)
    assert after.keys() == before.keys()
    # The visit that moves joins the tour of the other one, so that the way home from it is gone.
    rises = {uid[:8]: after[uid][0] - before[uid][0] for uid in after if after[uid] != before[uid]}
    assert rises == {"from-V01": 1, "from-V02": 1, "to-V02@o": 1}


@pytest.mark.one_database
def test_booking_a_planned_journey_goes_on_under_its_name(campaign, host, places):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    feed = feed_of(host)
    plan_and_publish(campaign, MONDAY)
    before = journeys(feed)
    TravelLeg.objects.filter(visit__ref="V01").update(status=TravelLeg.Status.BOOKED)
    assert journeys(feed).keys() == before.keys()


@pytest.mark.one_database
def test_a_stored_journey_does_not_outlive_the_date_it_led_to(campaign, host, places):
    visit = agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    feed = feed_of(host)
    plan_and_publish(campaign, MONDAY)
    later = visit.starts_at + timedelta(days=2)
    Visit.objects.filter(pk=visit.pk).update(starts_at=later, ends_at=later + timedelta(hours=3))
    out, back = sorted(journeys(feed).values(), key=lambda row: row[2])
    assert visit.starts_at + timedelta(days=1) < out[2] < out[3] <= later < back[2]


# --- A visit leaves the published plan ---


def told_of(host):
    """The journeys as the pages tell them."""
    span = MONDAY, MONDAY + timedelta(days=30)
    host = feed_of(host).host
    told = journeys_of(host, visits_near([host], *span), span=span)
    return [journey for journey in told if not journey.is_missed]


def ways(host):
    """The ends of the journeys that the pages tell; the host's calendar tells the same."""
    entries = journeys(feed_of(host)).values()
    live = {row[2:] for row in entries if row[1] in ("CONFIRMED", "TENTATIVE")}
    found = told_of(host)
    assert {(row.departs_at, row.arrives_at) for row in found} == live
    return [(row.origin.name, row.destination.name) for row in found]


def tour(host, campaign, places):
    """Gent and Vilnius on one tour of a published plan."""
    gent = agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    vilnius = agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=9), ref="V02")
    plan_and_publish(campaign, MONDAY)
    return gent, vilnius


LEAVES = {
    "online": {"mode": "online"},
    "cancelled": {"state": VisitState.CANCELLED, "state_since": MONDAY},
    "postponed": {"state": VisitState.POSTPONED, "state_since": MONDAY},
    "other host": {},
}


@pytest.mark.one_database
@pytest.mark.parametrize("why", LEAVES)
def test_a_published_journey_is_told_as_long_as_its_visit_stands(campaign, host, places, why):
    feed, home = feed_of(host), host.home.name
    gent, vilnius = tour(host, campaign, places)
    assert ways(host) == [(home, "Gent"), ("Gent", "Vilnius"), ("Vilnius", home)]
    before = journeys(feed)
    fields = LEAVES[why] or {"host": HostFactory(ref="H2")}
    Visit.objects.filter(pk=vilnius.pk).update(**fields)
    assert ways(host) == [(home, "Gent"), ("Gent", home)]
    gone = {uid: row for uid, row in journeys(feed).items() if row[1] == "CANCELLED"}
    assert {uid[:6] for uid in gone} == {"to-V02", "from-V"}
    assert all(row[0] > before[uid][0] for uid, row in gone.items())
    Visit.objects.filter(pk=gent.pk).update(state=VisitState.CANCELLED, state_since=MONDAY)
    assert ways(host) == []


@pytest.mark.one_database
def test_a_visit_gone_from_the_middle_of_a_tour_leaves_the_other_legs_alone(campaign, host, places):
    agreed(host, campaign, places["Utrecht"], MONDAY + timedelta(days=10), ref="V03")
    _gent, vilnius = tour(host, campaign, places)
    home = host.home.name
    there, _east, _west, back = told_of(host)
    assert (there.leg is None, back.leg is None) == (False, False)
    Visit.objects.filter(pk=vilnius.pk).update(mode="online")
    assert ways(host) == [(home, "Gent"), ("Gent", "Utrecht"), ("Utrecht", home)]
    first, anew, last = told_of(host)
    assert (first.leg, anew.leg, last.leg) == (there.leg, None, back.leg)


@pytest.mark.one_database
def test_a_visit_at_another_time_of_its_day_is_travelled_to_anew(campaign, host, places):
    gent, _vilnius = tour(host, campaign, places)
    later = gent.starts_at + timedelta(hours=2)
    fields = {"host": host, "campaign": campaign, "place": gent.place, "city": gent.city}
    Visit.objects.filter(pk=gent.pk).update(state=VisitState.POSTPONED)
    VisitFactory(ref="V09", starts_at=later, ends_at=later + timedelta(hours=2), **fields)
    told = told_of(host)
    assert [row.leg is None for row in told] == [True, True, False]


@pytest.mark.one_database
def test_a_booked_journey_stays_in_the_calendar_when_its_visit_is_gone(campaign, host, places):
    feed = feed_of(host)
    gent, vilnius = tour(host, campaign, places)
    TravelLeg.objects.filter(destination=gent.place).update(status=TravelLeg.Status.BOOKED)
    for visit in (gent, vilnius):
        Visit.objects.filter(pk=visit.pk).update(state=VisitState.CANCELLED, state_since=MONDAY)
    assert ways(host) == [(host.home.name, "Gent")]
    assert [row[1] for row in journeys(feed).values()].count("CONFIRMED") == 1


@pytest.mark.one_database
def test_a_journey_without_a_visit_keeps_its_entry_when_it_is_stored_anew(campaign, host, places):
    ClockSetting.objects.fix(MONDAY)
    feed = feed_of(host)
    leg = {
        "host": host,
        "origin": host.home,
        "destination": places["Gent"],
        "departs_at": MONDAY + timedelta(days=1),
        "arrives_at": MONDAY + timedelta(days=1, hours=5),
        "status": TravelLeg.Status.BOOKED,
    }
    plan = PlanFactory(campaign=campaign)
    for number in (1, 2):
        TravelLeg.objects.all().delete()
        TravelLegFactory(version=PlanVersionFactory(plan=plan, number=number), **leg)
        before, after = (journeys(feed) for _turn in range(2))
        assert before == after
        assert [(row[0], row[1]) for row in after.values()] == [(0, "CONFIRMED")]


# --- A visit that its host cannot reach ---


def storm_over(country, day, **given):
    """A storm that stops every way of travel to a country on one day."""
    begins = MONDAY + timedelta(days=day, hours=-8)
    return DisruptionFactory(
        countries=[country], modes=[], starts_at=begins, ends_at=begins + timedelta(days=1), **given
    )


def three_days(host, campaign, places):
    """Gent, Utrecht and Antwerpen on days after each other."""
    ClockSetting.objects.fix(MONDAY)
    for ref, city, day in [("V01", "Gent", 8), ("V02", "Utrecht", 9), ("V03", "Antwerpen", 10)]:
        agreed(host, campaign, places[city], MONDAY + timedelta(days=day), ref=ref)
    home = host.home.name
    return [(home, "Gent"), ("Gent", "Utrecht"), ("Utrecht", "Antwerpen"), ("Antwerpen", home)]


def no_way_to_utrecht():
    storm_over("NL", 8, name="Storm")
    storm_over("NL", 9, name="Storm")


def tour_in_a_storm(host, campaign, places):
    """The three, of which a storm leaves no way to Utrecht, planned and published."""
    through = three_days(host, campaign, places)
    no_way_to_utrecht()
    plan_and_publish(campaign, MONDAY)
    return through


@pytest.mark.one_database
def test_a_published_journey_past_a_visit_out_of_reach_is_told(campaign, host, places):
    home = host.home.name
    tour_in_a_storm(host, campaign, places)
    stored = list(TravelLeg.objects.order_by("departs_at"))
    assert [leg.destination.name for leg in stored] == ["Gent", "Antwerpen", home]
    assert [leg.visit.ref for leg in stored] == ["V01", "V03", "V03"]
    assert ways(host) == [(home, "Gent"), ("Gent", "Antwerpen"), ("Antwerpen", home)]
    assert [row.leg for row in told_of(host)] == stored
    summed = sum_of(sums_by_host(campaign))
    assert (summed.legs, summed.km) == (3, sum(leg.km for leg in stored))


@pytest.mark.one_database
def test_the_pages_agree_on_the_nights_of_a_tour_past_a_visit_out_of_reach(campaign, host, places):
    tour_in_a_storm(host, campaign, places)
    version, look = campaign.plan.versions.get(), Look(MONDAY)
    visits = standing_visits(campaign)
    calendar = board_of_calendar(campaign, look, visits, [], journeys_between(visits))
    drawn = [
        sorted(
            (box.kind, box.words)
            for lane in board.lanes
            for box in lane.boxes
            if box.kind in ("travel", "night", "home")
        )
        for board in (board_of_version(version, look), calendar)
    ]
    assert drawn[0] == drawn[1]
    nights = [words for kind, words in drawn[1] if kind == "night"]
    assert len(nights) == version.totals["nights"]
    week = week_of(feed_of(host).host, (MONDAY + timedelta(days=7)).date(), at=MONDAY)
    told = [entry.title for day in week.days for entry in day.entries if entry.kind == "night"]
    assert sorted(told) == sorted(nights)


@pytest.mark.one_database
def test_a_visit_out_of_reach_is_told_as_missed_with_the_reason(campaign, host, places):
    tour_in_a_storm(host, campaign, places)
    told = legs_around(Visit.objects.get(ref="V02"))
    assert [(row.is_missed, "Storm" in row.risk) for row in told.before] == [(True, True)]
    assert told.after == []
    on = legs_around(Visit.objects.get(ref="V01")).after
    assert [row.destination.name for row in on] == ["Antwerpen"]


@pytest.mark.one_database
def test_the_way_to_a_visit_comes_back_when_its_storm_is_called_off(campaign, host, places):
    through = tour_in_a_storm(host, campaign, places)
    Disruption.objects.update(status=Disruption.Status.OVER)
    assert ways(host) == through
    assert [row.leg is None for row in told_of(host)] == [False, True, True, False]
    version = store_version(solve_campaign(campaign, at=MONDAY, seconds=5))
    assert aftermath_of_publishing(version, changes_of(version), at=MONDAY).journeys == []
    plan_and_publish(campaign, MONDAY)
    assert ways(host) == through
    assert None not in [row.leg for row in told_of(host)]


@pytest.mark.one_database
def test_publishing_past_a_visit_out_of_reach_names_the_journeys(campaign, host, places):
    three_days(host, campaign, places)
    plan_and_publish(campaign, MONDAY)
    before = told_of(host)
    no_way_to_utrecht()
    # What was published stands until somebody publishes anew.
    assert [row.leg for row in told_of(host)] == [row.leg for row in before]
    version = store_version(solve_campaign(campaign, at=MONDAY, seconds=5))
    (row,) = aftermath_of_publishing(version, changes_of(version), at=MONDAY).journeys
    gone, come = (
        [(way.origin.name, way.destination.name) for way in rows] for rows in (row.gone, row.come)
    )
    assert gone == [("Gent", "Utrecht"), ("Utrecht", "Antwerpen")]
    assert come == [("Gent", "Antwerpen")]
    assert (row.count, row.words) == (3, "Joe: 3 journeys change")


@pytest.mark.one_database
def test_journeys_arranged_by_hand_go_past_what_a_storm_stops(campaign, host, places):
    through, home = three_days(host, campaign, places), host.home.name
    assert ways(host) == through
    no_way_to_utrecht()
    assert ways(host) == [(home, "Gent"), ("Gent", "Antwerpen"), ("Antwerpen", home)]
    # Reached all the same.
    Visit.objects.filter(ref="V02").update(state=VisitState.COMPLETED)
    assert ways(host) == through


@pytest.mark.one_database
def test_an_estimate_takes_another_way_round_a_strike(campaign, host, places):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    agreed(host, campaign, places["Utrecht"], MONDAY + timedelta(days=9), ref="V02")
    usual = told_of(host)[1]
    begins = MONDAY + timedelta(days=8)
    DisruptionFactory(
        countries=["NL"],
        modes=[usual.mode],
        starts_at=begins,
        ends_at=begins + timedelta(days=1, hours=4),
    )
    round_it = told_of(host)[1]
    assert round_it.way[:2] == usual.way[:2]
    assert (round_it.mode != usual.mode, round_it.missing_minutes) == (True, 0)


def book(host, journey):
    TravelLegFactory(
        host=host,
        visit=journey.to_visit,
        origin=journey.origin,
        destination=journey.destination,
        departs_at=journey.departs_at,
        arrives_at=journey.arrives_at,
        status=TravelLeg.Status.BOOKED,
    )


@pytest.mark.one_database
def test_what_somebody_booked_into_a_storm_is_gone_on_from(campaign, host, places):
    through = three_days(host, campaign, places)
    there = told_of(host)[1]
    book(host, there)
    no_way_to_utrecht()
    assert ways(host) == through


@pytest.mark.one_database
def test_what_somebody_booked_into_a_storm_opens_no_way_to_another_visit(campaign, host, places):
    ClockSetting.objects.fix(MONDAY)
    home = host.home.name
    agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=8), ref="V01")
    agreed(host, campaign, places["Kaunas"], MONDAY + timedelta(days=9), ref="V02")
    there = told_of(host)[0]
    book(host, there)
    for day in (7, 8, 9):
        storm_over("LT", day, name="Storm")
    assert ways(host) == [(home, "Vilnius"), ("Vilnius", home)]
    (missed,) = legs_around(Visit.objects.get(ref="V02")).before
    assert (missed.is_missed, "Storm" in missed.risk) == (True, True)


@pytest.mark.one_database
@pytest.mark.parametrize("state", ["confirmed", "completed"])
def test_a_host_is_where_a_visit_was_held_and_not_where_a_storm_let_nobody_go(
    campaign, host, places, state
):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=1), ref="V01")
    for day in (-1, 0, 1, 2):
        storm_over("BE", day)
    Visit.objects.update(state=state)
    (planned,) = load_problem(campaign, at=MONDAY + timedelta(days=1, hours=3)).problem.hosts
    where = planned.position.place.name if planned.position else host.home.name
    assert where == {"confirmed": host.home.name, "completed": "Gent"}[state]


@pytest.mark.one_database
def test_of_visits_that_cannot_all_be_reached_those_of_the_plan_are(campaign, host, places):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    agreed(host, campaign, places["Utrecht"], MONDAY + timedelta(days=9), ref="V02")
    no_way_to_utrecht()
    for ref in ("V01", "V02"):
        VisitRequest.objects.update(priority=1)
        heavy = Visit.objects.get(ref=ref)
        heavy.requests.update(priority=3)
        plan_and_publish(campaign, MONDAY)
        home = host.home.name
        assert ways(host) == [(home, heavy.city), (heavy.city, home)]
        assert None not in [row.leg for row in told_of(host)]


# --- What publishing changes ---


def briefed():
    return set(Visit.objects.filter(state="briefed").values_list("ref", flat=True))


@pytest.mark.one_database
def test_the_briefs_that_publishing_makes_untrue_are_named_before(
    campaign, host, places, client, coordinator
):
    ClockSetting.objects.fix(MONDAY)
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=15), ref="V02")
    plan_and_publish(campaign, MONDAY)
    for visit in Visit.objects.all():
        for kind in BriefEdition.Kind:
            build_edition(visit, kind, at=MONDAY)
    BriefEdition.objects.filter(kind="public").update(sent_at=MONDAY)
    settle_upcoming(at=MONDAY)
    assert briefed() == {"V01", "V02"}
    VisitRequestFactory(campaign=campaign, place=places["Antwerpen"], zone="Europe/Brussels")
    version = store_version(solve_campaign(campaign, at=MONDAY, seconds=5))
    told = aftermath_of_publishing(version, changes_of(version), at=MONDAY)
    assert [visit.ref for visit in told.outdated] == ["V01"]
    client.force_login(coordinator)
    page = go(client, "plan-version", version.number).text
    (named,) = re.findall(r"publishing makes it out of date.*?</p>", page)
    assert re.findall(r'href="/visits/(\w+)/\?tab=brief"', named) == ["V01"]
    path = f"/api/v1/plans/{version.pk}/outdated-briefs/"
    (row,) = client.get(path).json()
    assert datetime.fromisoformat(row.pop("starts_at")) == told.outdated[0].starts_at
    assert row == {"visit": "V01", "city": "Gent", "zone": "Europe/Brussels"}
    publish_version(version, at=MONDAY, by=None)
    assert briefed() == {"V02"}
    assert client.get(path).json() == []
    assert "out of date, and they" not in go(client, "plan-version", version.number).text


@pytest.mark.one_database
def test_each_change_of_a_journey_is_a_row(host, places):
    gent, antwerpen, home = places["Gent"], places["Antwerpen"], host.home

    def way(origin, destination, day):
        departs = MONDAY + timedelta(days=day)
        return Journey(
            origin, destination, departs, departs + timedelta(hours=1), "rail", 60, "estimated"
        )

    gone = [way(home, gent, 1), way(gent, home, 2)]
    come = [way(home, gent, 3), way(gent, antwerpen, 4), way(antwerpen, home, 5)]
    told = HostJourneys(host, gone, come)
    assert told.changes == [(gone[1], None), (gone[0], come[0]), (None, come[1]), (None, come[2])]
    assert told.words == "Joe: 4 journeys change"


@pytest.mark.one_database
def test_difference_names_the_journeys_that_publishing_changes(campaign, host, places):
    agreed(host, campaign, places["Gent"], MONDAY + timedelta(days=8), ref="V01")
    moves = agreed(host, campaign, places["Vilnius"], MONDAY + timedelta(days=15), ref="V02")
    plan_and_publish(campaign, MONDAY)
    VisitRequestFactory(campaign=campaign, place=places["Kaunas"], zone="Europe/Vilnius")
    HostAvailabilityFactory(host=host, starts_at=moves.starts_at, ends_at=moves.ends_at)
    solved = solve_campaign(campaign, at=MONDAY, released=["V02"], seconds=5)
    version = store_version(solved)
    changes = changes_of(version)
    assert {change.kind for change in changes} == {"kept", "moved", "new"}

    def told():
        return {(row.origin, row.destination, row.departs_at, row.mode) for row in told_of(host)}

    before = told()
    (row,) = aftermath_of_publishing(version, changes, at=MONDAY).journeys
    gone, come = (
        {(way.origin, way.destination, way.departs_at, way.mode) for way in ways}
        for ways in (row.gone, row.come)
    )
    assert row.words == f"Joe: {row.count} journeys change"
    publish_version(version, at=MONDAY, by=None, approved=["V02"])
    after = told()
    assert (gone, come) == (before - after, after - before)
    assert row.words in plan_timeline(version.plan)[0]["body"]
    again = store_version(solve_campaign(campaign, at=MONDAY, seconds=5))
    assert aftermath_of_publishing(again, changes_of(again), at=MONDAY).journeys == []
