"""What a host can reach for a request, given everything booked and held."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import (
    CalendarDayFactory,
    CampaignFactory,
    HoldFactory,
    HostFactory,
    TopicFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.domain.reach import Reach, best_of_half_days, reachable_slots
from visits.domain.slots import weigh_slot
from visits.models import CalendarDay, Visit
from visits.states import VisitState

pytestmark = pytest.mark.django_db

WEDNESDAY = date(2023, 2, 22)


def moment(day, hour, minute=0):
    return datetime(2023, 2, day, hour, minute, tzinfo=UTC)


def far_visit(host, **values):
    """A confirmed visit in Athens on Wednesday, 12:00 to 15:00 there."""
    place = PlaceFactory(
        name="Athens",
        alternate_names="",
        country="GR",
        latitude=37.98,
        longitude=23.73,
        zone="Europe/Athens",
    )
    values = {"starts_at": moment(22, 10), "place": place, "zone": "Europe/Athens"} | values
    return VisitFactory(host=host, city="Athens", country="GR", **values)


def days(slots):
    return {slot.day for slot in slots}


def weigh(request, host, start, **values):
    length = timedelta(hours=3)
    return weigh_slot(
        request,
        host=host,
        mode=values.pop("mode", "on_site"),
        starts_at=start,
        ends_at=start + length,
        at=CLOCK,
    )


def test_best_slots_meet_the_wish_first_and_say_how_far_the_way_is():
    host = HostFactory()
    request = VisitRequestFactory(wishes=[WEDNESDAY])
    slots = best_of_half_days(reachable_slots(request, host=host, at=CLOCK))
    assert [(slot.day, slot.wish) for slot in slots[:2]] == [(WEDNESDAY, 1)] * 2
    assert all(slot.extra_minutes > 0 and slot.wish is None for slot in slots[2:])
    assert (slots[0].zone, slots[0].minute) == ("Europe/Brussels", 9 * 60 + 30)
    assert min(days(slots)) == date(2023, 2, 21)


def test_nothing_is_offered_that_the_visit_before_or_after_makes_unreachable():
    host, request = HostFactory(), VisitRequestFactory()
    far_visit(host)
    slots = reachable_slots(request, host=host, at=CLOCK)
    assert not days(slots) & {WEDNESDAY, date(2023, 2, 23)}
    assert date(2023, 2, 24) in days(slots)


def test_typed_time_out_of_reach_names_the_journey_that_is_too_short():
    host, request = HostFactory(name="Joe"), VisitRequestFactory()
    far_visit(host, starts_at=moment(22, 12))
    (sentence,) = weigh(request, host, moment(23, 8)).hard
    assert sentence.startswith("From Athens on Wed 22 Feb 2023, 17:30 Athens (EET) Joe cannot be")
    assert "by Thu 23 Feb 2023, 09:00 Brussels (CET): travel is between 07:00 and 21:00" in sentence


def test_weighing_and_offering_agree_on_every_half_hour():
    host, request = HostFactory(), VisitRequestFactory()
    far_visit(host)
    starts = {slot.starts_at for slot in reachable_slots(request, host=host, at=CLOCK)}
    reach = Reach(request, at=CLOCK, mode="on_site", minutes=180)
    for day in (21, 22, 23, 24):
        for half_hour in range(16, 27):
            start = moment(day, half_hour // 2, half_hour % 2 * 30)
            verdict = weigh_slot(
                request,
                host=host,
                mode="on_site",
                starts_at=start,
                ends_at=start + timedelta(hours=3),
                at=CLOCK,
                reach=reach,
            )
            assert verdict.is_possible == (start in starts), (start, verdict.hard)


def test_a_slot_is_offered_only_if_it_holds_whichever_date_another_city_takes():
    host, request = HostFactory(), VisitRequestFactory()
    offer = far_visit(host, state=VisitState.TENTATIVE)
    HoldFactory(visit=offer)
    HoldFactory(visit=offer, starts_at=moment(24, 10), ends_at=moment(24, 13), rank=2)
    slots = reachable_slots(request, host=host, at=CLOCK)
    assert not days(slots) & {WEDNESDAY, date(2023, 2, 24)}
    assert date(2023, 2, 28) in days(slots)


def test_visits_of_another_campaign_count_too():
    host, request = HostFactory(), VisitRequestFactory()
    other = CampaignFactory(slug="spring", name="Spring")
    far_visit(host, campaign=other, requests=[])
    assert WEDNESDAY not in days(reachable_slots(request, host=host, at=CLOCK))


def test_the_request_s_own_visit_is_not_in_its_way():
    host, request = HostFactory(), VisitRequestFactory()
    VisitFactory(host=host, place=request.place, requests=[request], starts_at=moment(22, 9))
    assert WEDNESDAY in days(reachable_slots(request, host=host, at=CLOCK))


def test_short_notice_is_mentioned_and_does_not_forbid():
    host, request = HostFactory(), VisitRequestFactory()
    verdict = weigh(request, host, moment(17, 9))
    assert verdict.hard == []
    assert verdict.soft == ["That is less than the 3 working days of notice the offer promises."]


def test_topic_the_host_does_not_cover_is_a_note_and_no_obstacle():
    host = HostFactory(name="Joe")
    request = VisitRequestFactory(topics=[TopicFactory(code="FLOOD")])
    slots = reachable_slots(request, host=host, at=CLOCK)
    assert {slot.notes[0] for slot in slots} == {"Joe does not cover FLOOD."}
    verdict = weigh(request, host, moment(22, 9))
    assert (verdict.hard, verdict.soft) == ([], ["Joe does not cover FLOOD."])


def test_city_outside_the_register_is_weighed_without_journeys():
    host, request = HostFactory(), VisitRequestFactory(place=None)
    assert reachable_slots(request, host=host, at=CLOCK) == []
    verdict = weigh(request, host, moment(22, 9))
    assert verdict.hard == []
    assert verdict.soft == ["Ghent is not in the register of places, so no journey was weighed."]


def test_meeting_online_with_a_city_outside_the_register_can_be_offered():
    host, request = HostFactory(), VisitRequestFactory(place=None, mode="on_site")
    far_visit(host)
    reach = Reach(request, at=CLOCK, mode="online", minutes=90)
    assert reach.is_known
    slots = reach.slots(host)
    # On Wednesday the host is in Athens until late; before and after that one can meet.
    assert date(2023, 2, 21) in days(slots)
    free = next(slot for slot in slots if slot.day == date(2023, 2, 21))
    assert weigh(request, host, free.starts_at, mode="online").hard == []
    taken = weigh(request, host, moment(22, 10), mode="online").hard
    assert taken != []
    assert not Reach(request, at=CLOCK, mode="on_site", minutes=180).is_known


def test_booking_between_two_looks_counts_in_the_second():
    host, request = HostFactory(), VisitRequestFactory()
    assert WEDNESDAY in days(reachable_slots(request, host=host, at=CLOCK))
    far_visit(host)
    assert WEDNESDAY not in days(reachable_slots(request, host=host, at=CLOCK))


def test_calendar_days_are_the_same_in_the_database_and_in_python():
    ghent = PlaceFactory()
    rows = [
        {"country": "BE"},
        {"country": "BE", "region": "Flanders"},
        {"country": "BE", "region": "Wallonia"},
        {"country": "BE", "city": "Gent"},
        {"country": "BE", "city": "Ghent"},
        {"country": "BE", "city": "Liège"},
        {"country": "BE", "region": "Wallonia", "city": "Gent"},
        {"country": "FR"},
    ]
    for row in rows:
        CalendarDayFactory(**row)
    for place in (ghent, None):
        where = {"country": "BE", "region": "", "city": "Ghent", "place": place}
        found = set(CalendarDay.objects.at_place(**where))
        assert found == {day for day in CalendarDay.objects.all() if day.is_at(**where)}


def test_nothing_is_written_by_looking(django_assert_max_num_queries):
    host, request = HostFactory(), VisitRequestFactory()
    for number in range(4):
        far_visit(host, ref=f"VZ{number}", starts_at=moment(20 + number, 10), requests=[])
    with django_assert_max_num_queries(27):
        reachable_slots(request, host=host, at=CLOCK)
    assert Visit.objects.count() == 4
