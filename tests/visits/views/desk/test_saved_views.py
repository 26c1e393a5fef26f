"""Saved views: a list's filters under a name, found anew at each look; page and API."""

import pytest

from crm.models import Person, SavedView, User
from tests.factories.crm import SavedViewFactory
from tests.visits.views.desk.front_door import do, go, said

pytestmark = pytest.mark.django_db
DUTCH = "country=NL&type=municipality"


@pytest.fixture
def desk(client, sample):
    client.force_login(User.objects.get(email="coordinator@example.org"))
    return client


@pytest.fixture
def host(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def keep(client, name="Dutch cities", query="country=NL&type=municipality&page=2&q=", **more):
    return do(client, "saved-view-new", list="people", name=name, query=query, **more)


def names(answer):
    return {person.name for person in answer.context["list"].page_obj}


def test_view_brings_back_the_filters_and_finds_the_rows_of_now(desk):
    assert said(keep(desk)) == ["“Dutch cities” is kept under Views."]
    view = SavedView.objects.get()
    assert view.query == {"country": ["NL"], "type": ["municipality"]}
    before = names(desk.get(f"/people/{view.address}"))
    assert before == names(desk.get("/people/?type=municipality&country=NL"))
    gone = Person.objects.get(given="Sanne")
    do(desk, "person-archive", gone.pk)
    assert names(desk.get(f"/people/{view.address}")) == before - {gone.name}


def test_menu_names_the_view_that_is_looked_at_whatever_the_order_of_its_filters(desk):
    keep(desk)
    answer = desk.get("/people/?type=municipality&country=NL")
    assert answer.context["list"].views.current.name == "Dutch cities"
    assert desk.get("/people/?country=NL").context["list"].views.current is None
    assert "Narrow or sort the list, then keep that as a view." in go(desk, "visit-list").text


def test_same_name_is_written_over_and_nothing_to_keep_is_refused(desk):
    keep(desk)
    keep(desk, query="country=BE")
    assert SavedView.objects.get().query == {"country": ["BE"]}
    assert said(keep(desk, name="All", query="page=2")) == [
        "Narrow or sort the list first; the view keeps how."
    ]
    assert said(keep(desk, name=" ")) == ["Give the view a name of up to 80 letters."]
    assert said(keep(desk, query="q=" + "x" * 300)) == [
        "This is too much for one view; choose fewer filters."
    ]
    assert SavedView.objects.count() == 1


def test_removed_view_can_be_brought_back(desk):
    keep(desk)
    view = SavedView.objects.get()
    assert said(do(desk, "saved-view-remove", view.pk)) == ["“Dutch cities” is removed."]
    assert go(desk, "person-list").context["list"].views.views == []
    do(desk, "saved-view-restore", view.pk)
    assert go(desk, "person-list").context["list"].views.views == [view]
    do(desk, "saved-view-remove", view.pk)
    keep(desk)
    assert said(do(desk, "saved-view-restore", view.pk)) == ["You have a view of this name again."]


def test_shared_view_is_everybodys_to_use_and_its_owners_to_change(host):
    coordinator = User.objects.get(email="coordinator@example.org")
    shared = SavedViewFactory(owner=coordinator, is_shared=True, list="visits", name="Risky")
    SavedViewFactory(owner=coordinator, list="visits", name="Mine alone")
    views = go(host, "visit-list").context["page"].views.views
    assert [view.name for view in views] == ["Risky"]
    assert said(do(host, "saved-view-remove", shared.pk)) == [
        "Only who saved a view can change it."
    ]
    assert SavedView.objects.kept().count() == 2


def test_api_answers_the_rows_of_a_view(desk):
    body = {"list": "people", "name": "Belgians", "query": {"country": ["BE"]}}
    made = desk.post("/api/v1/saved-views/", body, content_type="application/json")
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    found = desk.get(f"/api/v1/people/?view={number}").json()
    assert found["count"] == desk.get("/api/v1/people/?country=BE").json()["count"] > 0
    both = desk.get(f"/api/v1/people/?view={number}&country=NL").json()
    assert both["count"] == desk.get("/api/v1/people/?country=NL").json()["count"]
    assert desk.get(f"/api/v1/organisations/?view={number}").status_code == 400
    assert desk.get("/api/v1/people/?view=x").status_code == 400
    assert desk.get(f"/api/v1/consents/?view={number}").status_code == 400
    assert desk.delete(f"/api/v1/saved-views/{number}/").status_code == 204
    assert desk.get(f"/api/v1/people/?view={number}").status_code == 400


def test_erased_person_is_searched_by_no_view_any_more(desk):
    from visits.domain.erasure import erase_person

    person = Person.objects.get(given="Fiammetta")
    keep(desk, name=f"About {person.name}", query=f"q={person.name}")
    erase_person(person, at=SavedView.objects.get().created_at)
    view = SavedView.objects.get()
    assert "Fiammetta" not in f"{view.name} {view.query}"


@pytest.mark.parametrize(
    ("name", "page", "query"),
    [
        ("consents", "consent-list", "status=granted"),
        ("notices", "notice-list", "state=overdue"),
        ("data_requests", "data-request-list", "state=done"),
    ],
)
def test_lists_of_privacy_keep_views_too(desk, name, page, query):
    answer = go(desk, page, **dict([query.split("=")]))
    assert "Keep this view as" in answer.text
    do(desk, "saved-view-new", list=name, name="Mine", query=query)
    kept = SavedView.objects.get(list=name)
    assert f'<a href="?{query}">Mine</a>' in go(desk, page).text
    shown = go(desk, page, **dict([query.split("=")])).context["list"]
    assert shown.views.current == kept


@pytest.mark.parametrize("shape", ["", "&as=csv", "&shown=map"])
def test_number_of_a_view_in_the_address_is_obeyed_in_every_shape_of_the_list(desk, shape):
    keep(desk)
    number = SavedView.objects.get().pk
    asked, meant = desk.get(f"/people/?view={number}{shape}"), desk.get(f"/people/?{DUTCH}{shape}")
    if shape == "&as=csv":
        told = [b"".join(answer.streaming_content) for answer in (asked, meant)]
        assert told[0] == told[1] != b""
        assert told[0] != b"".join(desk.get("/people/?as=csv").streaming_content)
        return
    assert asked.context["list"].shown == meant.context["list"].shown
    assert asked.context["list"].shown < desk.get("/people/").context["list"].shown
    assert asked.context["list"].views.current.pk == number


def test_a_filter_in_the_address_goes_before_that_of_the_view(desk):
    keep(desk)
    view = SavedView.objects.get()
    answer = desk.get(f"/people/?view={view.pk}&country=BE")
    assert names(answer) == names(desk.get("/people/?country=BE&type=municipality"))


@pytest.mark.parametrize("number", ["0", "x", "²", "9" * 30])
def test_number_of_no_view_is_not_found(desk, number):
    assert desk.get(f"/people/?view={number}").status_code == 404


def test_view_of_another_or_of_another_list_is_not_found(desk):
    assert desk.get(f"/people/?view={SavedViewFactory().pk}").status_code == 404
    keep(desk)
    assert desk.get(f"/visits/?view={SavedView.objects.last().pk}").status_code == 404
