from datetime import date

import pytest
from django.urls import reverse

from crm.models import ClockSetting, Participation
from tests.factories.crm import (
    CLOCK,
    EventFactory,
    MunicipalityFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    SessionFactory,
)
from tests.factories.visits import CalendarDayFactory, CampaignFactory, VisitRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def test_organisation_list_counts_people_requests_and_who_came(desk):
    city = MunicipalityFactory()
    ParticipationFactory(person__organisation=city.organisation)
    twin = PersonFactory(organisation=city.organisation, merged_into=PersonFactory())
    ParticipationFactory(person=twin)
    VisitRequestFactory(municipality=city)
    VisitRequestFactory(municipality=city, state="rejected")
    page = desk.get(reverse("visits:organisation-list"), {"q": city.name}).context["list"]
    row = page.page_obj[0]
    assert (row.people_count, row.came_count, row.request_count) == (1, 1, 1)


def test_organisation_page_sets_people_requests_and_visits_beside_each_other(desk):
    city = MunicipalityFactory()
    person = PersonFactory(organisation=city.organisation)
    request = VisitRequestFactory(municipality=city)
    page = desk.get(reverse("visits:organisation-detail", args=[city.organisation.pk])).context
    assert (list(page["people"]), list(page["requests"])) == ([person], [request])


def test_city_page_knows_the_special_days_of_its_region_in_the_window(desk):
    CampaignFactory()
    city = MunicipalityFactory(name="Ghent", region="Flanders")
    CalendarDayFactory(country="BE", region="Flanders", name="Spring half-term")
    CalendarDayFactory(country="BE", region="Wallonia", name="Elsewhere")
    page = desk.get(reverse("visits:organisation-detail", args=[city.organisation.pk]))
    assert [row.name for row in page.context["local_days"]] == ["Spring half-term"]


def test_an_embargo_is_set_on_the_city(desk):
    city = MunicipalityFactory(name="Antwerp")
    data = {
        "name": "Antwerp",
        "time_zone": "Europe/Brussels",
        "languages": ["nl"],
        "embargo_until": "2023-03-31",
    }
    desk.post(reverse("visits:city-edit", args=[city.organisation.pk]), data)
    city.refresh_from_db()
    assert city.embargo_until == date(2023, 3, 31)


def test_renaming_an_organisation_lets_its_people_be_found_under_the_new_name(desk):
    organisation = OrganisationFactory(name="Old name", country="NO")
    person = PersonFactory(organisation=organisation)
    data = {"name": "New institute", "type": "research", "country": "NO"}
    desk.post(reverse("visits:organisation-edit", args=[organisation.pk]), data)
    found = desk.get(reverse("visits:person-list"), {"q": "new institute"}).context["list"]
    assert list(found.page_obj) == [person]


def test_event_page_shows_the_programme_word_for_word(desk):
    event = EventFactory()
    title = "Quo vadis – where do we go from here?"
    SessionFactory(event=event, title=title)
    text = desk.get(reverse("visits:event-detail", args=[event.slug])).content.decode()
    assert title in text


def test_event_figures_count_a_merged_person_once(desk):
    event = EventFactory()
    kept = ParticipationFactory(event=event).person
    ParticipationFactory(event=event, person=PersonFactory(merged_into=kept))
    ParticipationFactory(event=event, status=Participation.Status.NO_SHOW)
    figures = desk.get(reverse("visits:event-detail", args=[event.slug])).context["figures"]
    assert (figures["people"], figures["attended"], figures["records"]) == (1, 2, 3)


def mark(desk, row, **data):
    path = reverse("visits:attendance", args=[row.event.slug, row.pk])
    return desk.post(path, data, headers=data.pop("headers", None))


def test_attendance_is_marked_by_a_plain_post(desk):
    row = ParticipationFactory(status=Participation.Status.REGISTERED)
    answer = mark(desk, row, status="no_show")
    row.refresh_from_db()
    assert (answer.status_code, row.status) == (302, "no_show")


def test_attendance_marked_by_htmx_answers_with_the_row_alone(desk):
    row = ParticipationFactory(day_1=False)
    path = reverse("visits:attendance", args=[row.event.slug, row.pk])
    answer = desk.post(path, {"day_1": "yes"}, headers={"HX-Request": "true"})
    row.refresh_from_db()
    assert row.day_1 is True
    assert answer.content.decode().startswith("<tr data-roster>")


def test_the_same_answer_is_marked_for_all_ticked_rows(desk):
    event = EventFactory()
    rows = [ParticipationFactory(event=event, status="registered") for _n in range(3)]
    path = reverse("visits:attendance-bulk", args=[event.slug])
    desk.post(path, {"rows": [row.pk for row in rows], "status": "attended"})
    assert Participation.objects.attended().count() == 3
    answer = desk.post(path, {"rows": [rows[0].pk], "status": "no_show"}, follow=True)
    assert [str(each) for each in answer.context["messages"]][-1] == "Written down for 1 person."


def test_a_row_of_another_event_is_not_found(desk):
    row, other = ParticipationFactory(), EventFactory()
    path = reverse("visits:attendance", args=[other.slug, row.pk])
    assert desk.post(path, {"status": "no_show"}).status_code == 404


def test_somebody_missing_is_put_on_the_roster_by_name(desk):
    event, person = EventFactory(), PersonFactory(given="Noor", family="")
    path = reverse("visits:participation-new", args=[event.slug])
    desk.post(path, {"who": "noor"})
    assert event.participations.get().person == person


def test_a_name_that_fits_several_people_is_asked_about(desk):
    event = EventFactory()
    PersonFactory(given="Søren", family="A")
    PersonFactory(given="Søren", family="B")
    path = reverse("visits:participation-new", args=[event.slug])
    answer = desk.post(path, {"who": "soren"}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Several people fit: Søren A, Søren B. Type more of the name, or the mail address."
    ]
    assert not event.participations.exists()


def test_an_event_without_a_place_ends_at_its_day(desk):
    event = EventFactory(venue="", city="", country="")
    lead = desk.get(reverse("visits:event-detail", args=[event.slug])).text
    assert "·" not in lead[lead.index('class="lead"') :].partition("</p>")[0]
