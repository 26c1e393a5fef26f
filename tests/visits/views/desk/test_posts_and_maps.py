"""Posts, departments of one city, marked addresses, filters of the timeline, and lists as maps."""

import pytest

from crm.models import ClockSetting, ContactPoint
from tests.factories.crm import (
    CLOCK,
    ContactPointFactory,
    InteractionFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import VisitRequestFactory
from tests.visits.views.desk.front_door import do, go, refused, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def test_a_move_is_written_down_on_a_page_and_taken_back(desk):
    person = PersonFactory(role="clerk", organisation=OrganisationFactory(name="Old Town"))
    OrganisationFactory(name="New Town")
    answer = do(
        desk, "person-posts", person.pk, on="2023-02-01", role="head", organisation="New Town"
    )
    assert said(answer) == ["Written down."]
    page = go(desk, "person-detail", person.pk).text
    assert "Former posts" in page
    assert "Old Town" in page
    do(desk, "person-post-undo", person.pk)
    person.refresh_from_db()
    assert (person.role, person.organisation.name) == ("clerk", "Old Town")


def test_a_post_to_come_is_told_at_its_field_and_is_not_the_role_of_today(desk):
    person = PersonFactory(role="clerk")
    answer = do(desk, "person-posts", person.pk, on="2029-02-18", role="head")
    assert refused(answer) == [
        "This day is still to come. Write it down on that day; a follow-up reminds you."
    ]
    person.refresh_from_db()
    assert (person.role, person.post_since, person.posts.count()) == ("clerk", None, 0)


def test_an_unknown_organisation_is_told_and_what_was_typed_stays(desk):
    person = PersonFactory()
    answer = do(desk, "person-posts", person.pk, on="2023-02-01", role="mage", organisation="X")
    assert "We know no organisation called “X”" in refused(answer)[0]
    assert "mage" in answer.text


def test_other_departments_of_the_city_are_named_with_people_and_requests(desk):
    city = MunicipalityFactory()
    ann = PersonFactory(organisation=city.organisation, department="Police")
    bo = PersonFactory(organisation=city.organisation, department="Civil protection")
    VisitRequestFactory(municipality=city, department="civil Protection", ref="R77")
    page = go(desk, "person-detail", ann.pk)
    (department,) = page.context["departments"]
    assert (department.people, [row.ref for row in department.requests]) == ([bo], ["R77"])
    names = [
        each.name
        for each in go(desk, "organisation-detail", city.organisation_id).context["departments"]
    ]
    assert names == ["Civil protection", "Police"]


def test_an_address_is_marked_with_a_reason_that_is_shown(desk):
    point = ContactPointFactory()
    do(desk, "contact-point-change", point.person_id, point.pk, verb="wrong", why="rang: left")
    point.refresh_from_db()
    assert (point.status, point.status_why, point.status_at) == (
        ContactPoint.Status.WRONG,
        "rang: left",
        CLOCK,
    )
    assert "rang: left" in go(desk, "person-detail", point.person_id).text


def test_the_timeline_shows_calls_meetings_or_notes_alone(desk):
    person = PersonFactory()
    for kind in ("call", "meeting", "note"):
        InteractionFactory(person=person, kind=kind, text=f"said in a {kind}")
    for kind in ("call", "meeting", "note"):
        page = go(desk, "person-detail", person.pk, show=kind).text
        shown = [each for each in ("call", "meeting", "note") if f"said in a {each}" in page]
        assert shown == [kind]


def test_people_and_organisations_are_a_map_of_the_same_selection(desk):
    city = MunicipalityFactory(name="Bergen", country="NO")
    for _n in range(2):
        PersonFactory(organisation=city.organisation)
    PersonFactory()
    places = go(desk, "person-list", shown="map", country="NO").context["places"]
    assert (places.placed, places.without_place) == (2, 1)
    assert [(dot.name, dot.note) for dot in places.drawn.dots] == [("Bergen", "2 people")]
    assert go(desk, "person-list", shown="map", country="SE").context["places"].placed == 0
    page = go(desk, "organisation-list", shown="map")
    assert page.context["places"].placed == 1
    table = next(link for link in page.context["switch"] if not link["current"])
    assert table["path"] == "/organisations/"


def test_bodies_that_are_no_municipality_are_on_the_map_where_they_are_at_home(desk):
    place = PlaceFactory(name="Malmö", country="SE")
    club = OrganisationFactory(name="Club", country="SE", place=place)
    PersonFactory(organisation=club)
    for name, note in (("person-list", "1 person"), ("organisation-list", "")):
        places = go(desk, name, shown="map").context["places"]
        assert (places.placed, places.without_place) == (1, 0)
        assert [(dot.name, dot.note) for dot in places.drawn.dots] == [("Club, Malmö", note)]


def test_bodies_of_one_town_share_a_dot_that_leads_to_all_of_them(desk):
    place = PlaceFactory(name="Malmö", country="SE")
    city = MunicipalityFactory(name="Malmö", country="SE", place=place).organisation
    club = OrganisationFactory(name="Club", country="SE", place=place)
    for body in (city, club, club):
        PersonFactory(organisation=body)
    page = go(desk, "person-list", shown="map")
    (dot,) = page.context["places"].drawn.dots
    assert (dot.name, dot.note, dot.href) == ("Malmö (2)", "3 people", f"#place-{place.pk}")
    assert f'id="place-{place.pk}"' in page.text
    listed = {(each.name, each.note) for each in dot.members}
    assert listed == {(city.name, "1 person"), ("Club", "2 people")}
    for body in (city, club):
        assert f'href="/organisations/{body.pk}/"' in page.text.partition("map-table")[2]
    (dot,) = go(desk, "organisation-list", shown="map").context["places"].drawn.dots
    assert (dot.name, dot.note, len(dot.members)) == ("Malmö (2)", "", 2)


def test_the_switch_keeps_the_filters(desk):
    links = go(desk, "person-list", country="NO", page="3").context["switch"]
    assert [link["path"] for link in links] == [
        "/people/?country=NO",
        "/people/?country=NO&shown=map",
    ]
