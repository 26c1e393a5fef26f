"""The programme of a new visit fits the agreed length."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.crm import CLOCK
from tests.factories.visits import HostFactory, VisitRequestFactory
from tests.visits.public.conftest import hour
from visits.domain.brief_parts import programme
from visits.domain.programmes import TEMPLATES, fitted, template_for
from visits.domain.proposals import accept_slot, propose_dates
from visits.domain.visits import make_visit

ON_SITE = {"is_online": False, "is_interpreted": False}
HALF_DAY = TEMPLATES["half_day"].items


@pytest.mark.parametrize("template", [each.items for each in TEMPLATES.values()])
def test_template_fits_itself(template):
    whole = sum(minutes for minutes, _title in template)

    assert fitted(template, whole) == list(template)


@given(
    template=st.lists(st.tuples(st.integers(5, 60), st.text(max_size=3)), min_size=1, max_size=10),
    minutes=st.integers(5, 480),
)
def test_programme_is_never_longer_and_leaves_less_than_five_minutes(template, minutes):
    items = fitted(template, minutes)
    length = sum(each for each, _title in items)

    assert minutes - 5 < length <= minutes
    assert all(each >= 5 and each % 5 == 0 for each, _title in items)
    rest = iter(title for _each, title in template)
    assert all(title in rest for _each, title in items)


def test_two_hours_keep_every_item_in_its_order():
    items = fitted(HALF_DAY, 120)

    assert [title for _minutes, title in items] == [title for _minutes, title in HALF_DAY]
    assert sum(minutes for minutes, _title in items) == 120


@pytest.mark.parametrize("hours", [1, 2, 3, 6])
def test_agenda_of_an_offered_visit_ends_with_the_visit(db, hours):
    slots = [hour(22, 9, hours)]
    visit = propose_dates(
        VisitRequestFactory(),
        host=HostFactory(),
        mode="on_site",
        slots=slots,
        expires_at=slots[0][0].replace(day=17),
        at=CLOCK,
    )

    assert programme(visit)[-1][1] == visit.ends_at


def test_agenda_follows_the_length_of_the_accepted_date(db):
    slots = [hour(22, 9, 3), hour(23, 9, 2)]
    visit = propose_dates(
        VisitRequestFactory(),
        host=HostFactory(),
        mode="on_site",
        slots=slots,
        expires_at=slots[0][0].replace(day=17),
        at=CLOCK,
    )
    visit = accept_slot(visit.holds.get(rank=2), at=CLOCK)

    assert programme(visit)[-1][1] == slots[1][1]


def test_edited_agenda_stays_as_it_was_written(db):
    slots = [hour(22, 9, 3), hour(23, 9, 2)]
    visit = propose_dates(
        VisitRequestFactory(),
        host=HostFactory(),
        mode="on_site",
        slots=slots,
        expires_at=slots[0][0].replace(day=17),
        at=CLOCK,
    )
    visit.agenda.filter(order=1).update(speaker="Deputy mayor")
    visit = accept_slot(visit.holds.get(rank=2), at=CLOCK)

    assert sum(item.minutes for item in visit.agenda.all()) == 180


@pytest.mark.parametrize(("key", "minutes"), [("half_day", 180), ("online", 90), ("full_day", 360)])
def test_with_interpreting_fewer_items_get_more_time_and_the_visit_lasts_as_long(key, minutes):
    plain = {str(title): length for length, title in TEMPLATES[key].items}
    interpreted = {str(title): length for length, title in TEMPLATES[f"{key}_interpreted"].items}

    lengths = [
        sum(length for length, _title in TEMPLATES[name].items)
        for name in (key, f"{key}_interpreted")
    ]
    assert lengths == [minutes, minutes]
    assert len(interpreted) < len(plain)
    assert all(interpreted[title] >= plain.get(title, 0) for title in interpreted)


def test_a_full_day_has_its_lunch_and_a_second_topic():
    titles = [str(title) for _length, title in template_for(360, **ON_SITE).items]

    assert {"Lunch", "Second topic with demonstration", "Law, ethics and data"} <= set(titles)
    assert template_for(180, **ON_SITE).key == "half_day"


def test_a_visit_with_an_interpreter_begins_with_the_interpreted_programme(db):
    request = VisitRequestFactory(interpreter="Polish–English")
    start, _end = hour(23, 10)
    visit = make_visit(
        [request],
        host=HostFactory(),
        mode="on_site",
        starts_at=start,
        ends_at=start + timedelta(hours=3),
        at=CLOCK,
    )

    template = TEMPLATES["half_day_interpreted"].items
    written = [(item.minutes, item.title) for item in visit.agenda.all()]
    assert written == [(minutes, str(title)) for minutes, title in template]
