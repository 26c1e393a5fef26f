"""Promises due in working days of the right country, put off with their history kept."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from crm.domain.follow_ups import (
    open_follow_up,
    reschedule_follow_up,
    snooze_follow_up,
    take_back_move,
)
from crm.domain.working_time import add_working_days
from tests.factories.crm import (
    CLOCK,
    CoordinatorFactory,
    FollowUpFactory,
    MunicipalityFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import CalendarDayFactory

pytestmark = pytest.mark.django_db
# Wednesday 15 February 2023 in Oslo.


@pytest.fixture
def office():
    """A coordinator in Oslo, where 16 February is a holiday of this test's own."""
    PlaceFactory(name="Oslo", country="NO", zone="Europe/Oslo", population=600_000)
    holiday("NO", date(2023, 2, 16))
    return CoordinatorFactory(time_zone="Europe/Oslo")


def holiday(country, day, **values):
    return CalendarDayFactory(
        country=country, first_on=day, last_on=day, kind="public", hardness="hard", **values
    )


def due(by, **values):
    return open_follow_up("Send it", in_days=3, at=CLOCK, by=by, **values).due_on


def test_closed_days_are_no_working_days():
    closed = {date(2023, 2, 16)}
    assert add_working_days(date(2023, 2, 15), 3, closed=closed) == date(2023, 2, 21)


def test_what_we_promised_is_due_by_our_calendar(office):
    assert due(office) == date(2023, 2, 21)


def test_what_they_promised_is_due_by_theirs(office):
    lithuanian = PersonFactory(organisation=MunicipalityFactory(country="LT").organisation)
    assert due(office, person=lithuanian, owner="theirs") == date(2023, 2, 20)
    holiday("LT", date(2023, 2, 17))
    assert due(office, person=lithuanian, owner="theirs") == date(2023, 2, 21)
    assert due(office, person=lithuanian) == date(2023, 2, 21)


def test_a_patron_s_day_counts_in_its_city_alone(office):
    there = MunicipalityFactory(name="Brescia", country="IT")
    other = MunicipalityFactory(name="Venice", country="IT")
    holiday("IT", date(2023, 2, 17), city="Brescia")
    theirs = {"owner": "theirs"}
    assert due(office, organisation=there.organisation, **theirs) == date(2023, 2, 21)
    assert due(office, organisation=other.organisation, **theirs) == date(2023, 2, 20)


def test_half_days_and_days_of_another_year_are_worked(office):
    CalendarDayFactory(
        country="NO",
        first_on=date(2023, 2, 17),
        last_on=date(2023, 2, 17),
        kind="half_day",
        hardness="hard",
    )
    assert due(office) == date(2023, 2, 21)


def test_a_day_or_a_number_of_days_is_needed():
    for values in ({}, {"in_days": 0}, {"in_days": 61}):
        with pytest.raises(ValidationError):
            open_follow_up("Send it", at=CLOCK, by=None, **values)


@pytest.mark.parametrize(
    ("how", "day"),
    [
        ("day", date(2023, 2, 17)),
        ("working_days", date(2023, 2, 21)),
        ("week", date(2023, 2, 20)),
        ("date", date(2023, 3, 1)),
    ],
)
def test_a_promise_is_put_off_and_its_history_kept(office, how, day):
    promise = FollowUpFactory(due_on=date(2023, 2, 14))
    snooze_follow_up(promise, how, due_on=date(2023, 3, 1), at=CLOCK, by=office)
    assert promise.due_on == day
    move = promise.moves.get()
    assert (move.from_day, move.to_day, move.how, move.by) == (date(2023, 2, 14), day, how, office)
    take_back_move(promise, at=CLOCK, by=office)
    assert promise.due_on == date(2023, 2, 14)
    assert promise.moves.count() == 2


def test_the_next_working_day_after_a_friday_is_no_saturday_and_theirs_is_by_their_calendar(office):
    friday = CLOCK.replace(day=17)
    ours = FollowUpFactory(due_on=date(2023, 2, 14))
    snooze_follow_up(ours, "day", at=friday, by=office)
    assert ours.due_on == date(2023, 2, 20)

    holiday("LT", date(2023, 2, 20))
    organisation = MunicipalityFactory(country="LT").organisation
    theirs = FollowUpFactory(owner="theirs", organisation=organisation)
    snooze_follow_up(theirs, "day", at=friday, by=office)
    assert theirs.due_on == date(2023, 2, 21)


@pytest.mark.parametrize(
    ("moves", "day"),
    [
        ([], 14),
        # In time: the new day counts, also an earlier one.
        ([(14, 16)], 16),
        ([(10, 13)], 13),
        # Too late: the day it was promised for stays.
        ([(15, 20)], 14),
        ([(14, 16), (16, 18)], 18),
        ([(14, 16), (17, 20)], 16),
        ([(15, 20), (16, 22)], 14),
    ],
)
def test_a_promise_is_judged_by_the_day_in_force_when_it_came(office, moves, day):
    promise = FollowUpFactory(due_on=date(2023, 2, 14))
    for on, to in moves:
        at = CLOCK.replace(day=on)
        reschedule_follow_up(promise, due_on=date(2023, 2, to), at=at, by=office)
    assert promise.promised_for == date(2023, 2, day)


def test_what_was_taken_back_is_no_move_and_the_one_before_can_be_taken_back_too(office):
    promise, act = FollowUpFactory(due_on=date(2023, 2, 14)), {"at": CLOCK, "by": office}
    snooze_follow_up(promise, "day", **act)
    snooze_follow_up(promise, "week", **act)
    take_back_move(promise, **act)
    assert [move.how for move in promise.standing_moves] == ["day"]
    take_back_move(promise, **act)
    assert (promise.due_on, promise.standing_moves) == (date(2023, 2, 14), [])
    with pytest.raises(ValidationError, match="no move to take back"):
        take_back_move(promise, **act)


def test_bad_ways_and_kept_promises_are_refused(office):
    promise, kept = FollowUpFactory(), FollowUpFactory(done_on=date(2023, 2, 10))
    act = {"at": CLOCK, "by": office}
    for row, how, day in (
        (promise, "never", None),
        (promise, "date", None),
        (promise, "date", date(2023, 2, 15)),
        (kept, "day", None),
    ):
        with pytest.raises(ValidationError):
            snooze_follow_up(row, how, due_on=day, **act)
    with pytest.raises(ValidationError, match="no move to take back"):
        take_back_move(promise, **act)
