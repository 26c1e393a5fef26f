"""Known journeys and travel factors at the desk, and the travel tab of a visit."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import ClockSetting
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import (
    HostFactory,
    PlanVersionFactory,
    TravelLegFactory,
    TravelOverrideFactory,
    VisitFactory,
)
from tests.visits.views.desk.test_queries import asked, copies
from visits.models import RoadSourceState, TravelFactor, TravelLeg, TravelOverride

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


@pytest.fixture
def oslo():
    return PlaceFactory(
        name="Oslo",
        alternate_names="",
        country="NO",
        region="Oslo",
        latitude=59.91,
        longitude=10.75,
    )


@pytest.fixture
def ghent():
    return PlaceFactory()


def typed(**given):
    usual = {"origin": "Oslo, Oslo, NO", "destination": "Gand", "mode": "fly", "minutes": "290"}
    return usual | given


def toasts(response):
    return [(str(message), message.extra_tags) for message in response.context["messages"]]


# --- Known journeys ---


def test_a_journey_is_added_from_two_cities_in_any_language(desk, oslo, ghent):
    answer = desk.post(
        reverse("visits:journey-new"), typed(cost="180.50", source="Timetable"), follow=True
    )
    row = TravelOverride.objects.get()
    assert (row.origin, row.destination, row.mode, row.minutes) == (oslo, ghent, "fly", 290)
    assert (float(row.cost), row.co2_kg, row.source) == (180.5, None, "Timetable")
    assert toasts(answer)[0][0] == "Saved. Plans made from now on use it."
    assert "Oslo, Oslo, NO" in answer.content.decode()


TOO_FAST = "The places are 1079 km apart; no way of travel takes 20 min."
NO_MODE = "Select a valid choice. balloon is not one of the available choices."


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"origin": "Atlantis"}, "origin", "We know no place called “Atlantis”."),
        ({"destination": "Oslo"}, "destination", "Choose another place than the first."),
        ({"minutes": "20"}, "minutes", TOO_FAST),
        ({"minutes": "99999"}, "minutes", "Ensure this value is less than or equal to 2880."),
        ({"minutes": "soon"}, "minutes", "Enter a whole number."),
        ({"cost": "-1"}, "cost", "Ensure this value is greater than or equal to 0."),
        ({"co2_kg": "nan"}, "co2_kg", "Enter a number."),
        ({"mode": "balloon"}, "mode", NO_MODE),
    ],
)
def test_bad_input_is_one_sentence_beside_its_field(desk, oslo, ghent, change, field, sentence):
    answer = desk.post(reverse("visits:journey-new"), typed(**change))
    form = answer.context["form"]
    assert form.errors == {field: [sentence]}
    assert form[field].value() == typed(**change)[field]
    assert not TravelOverride.objects.exists()


def test_namesakes_are_named_so_that_one_can_be_written(desk, oslo, ghent):
    PlaceFactory(name="Gent", alternate_names="", region="Elsewhere", country="FR", population=99)
    PlaceFactory(name="Gent", alternate_names="", region="Nowhere", country="NL", population=50_000)
    form = desk.post(reverse("visits:journey-new"), typed(destination="Gent")).context["form"]
    assert form.errors["destination"][0].startswith("There are several: write Gent, Flanders, BE;")


def test_a_journey_is_removed_and_the_toast_takes_it_back(desk):
    row = TravelOverrideFactory(minutes=200)
    answer = desk.post(reverse("visits:journey-remove", args=[row.pk]), follow=True)
    undo = reverse("visits:journey-restore", args=[row.pk])
    assert toasts(answer) == [("Gent – Gent is estimated again.", f"undo:{undo}")]
    assert answer.context["list"].shown == 0
    assert desk.get(reverse("visits:journey-edit", args=[row.pk])).status_code == 404
    answer = desk.post(undo, follow=True)
    assert toasts(answer)[0][0] == "Gent – Gent is known again."
    assert answer.context["list"].shown == 1


def test_two_coordinators_editing_a_journey_never_overwrite_each_other(desk, oslo, ghent):
    row = TravelOverrideFactory(origin=oslo, destination=ghent, mode="fly", minutes=200)
    path = reverse("visits:journey-edit", args=[row.pk])
    seen = desk.get(path).context["form"]["seen"].value()
    mine = typed(origin=oslo.label, destination=ghent.label, seen=seen)
    assert desk.post(path, mine | {"minutes": "210"}).status_code == 302
    answer = desk.post(path, mine | {"minutes": "220"})
    row.refresh_from_db()
    assert (answer.status_code, row.minutes) == (409, 210)
    assert answer.context["form"].theirs == [("Door to door (minutes)", "210")]


def test_the_list_is_searched_and_exported(desk, oslo, ghent):
    TravelOverrideFactory(origin=oslo, destination=ghent, source="Timetable")
    TravelOverrideFactory(origin=ghent, destination=PlaceFactory(name="Brugge"))
    path = reverse("visits:journey-list")
    found = desk.get(path, {"q": "oslo timetable"}).context["list"]
    assert [(row.origin.name, row.destination.name) for row in found.page_obj] == [("Oslo", "Gent")]
    assert "Brugge" in desk.get(path, {"as": "csv"}).getvalue().decode()


@pytest.mark.parametrize("count", [3, 300])
def test_the_list_of_journeys_asks_the_database_as_often_for_many(desk, count):
    places = [PlaceFactory(name=f"Place {n}") for n in range(count)]
    home = PlaceFactory(name="Home")
    TravelOverride.objects.bulk_create(
        TravelOverride(origin=home, destination=place, mode="rail", minutes=90) for place in places
    )
    assert asked(desk, reverse("visits:journey-list")) == 5


# --- Factors ---


def test_a_factor_is_changed_with_its_source_and_told_with_who_did_it(desk, coordinator):
    path = reverse("visits:factor-edit", args=["fly_check_in"])
    page = desk.get(path)
    assert page.context["form"]["value"].value() == 118.0
    data = {"value": "90", "source": "Our airport", "seen": page.context["form"]["seen"].value()}
    answer = desk.post(path, data, follow=True)
    row = TravelFactor.objects.get()
    assert (row.key, row.value, row.changed_by) == ("fly_check_in", 90.0, coordinator)
    text = answer.content.decode()
    assert "1 factor differs from the reference." in text
    assert f"{coordinator}; reference 118" in text


def test_a_factor_goes_back_to_the_reference_by_one_button(desk):
    TravelFactor.objects.create(key="fly_out", value=10, source="x", changed_at=CLOCK)
    path = reverse("visits:factor-edit", args=["fly_out"])
    assert "Back to the reference" in desk.get(path).content.decode()
    answer = desk.post(reverse("visits:factor-reset", args=["fly_out"]), follow=True)
    assert toasts(answer)[0][0] == (
        "At the airport after landing has the value of the reference again."
    )
    assert not TravelFactor.objects.exists()
    assert "Back to the reference" not in desk.get(path).content.decode()


@pytest.mark.parametrize("value", ["-5", "5000", "fast", "nan", "inf", ""])
def test_an_impossible_factor_is_refused_beside_its_field(desk, value):
    path = reverse("visits:factor-edit", args=["drive_speed"])
    answer = desk.post(path, {"value": value, "source": "Somebody said so"})
    assert list(answer.context["form"].errors) == ["value"]
    assert not TravelFactor.objects.exists()


def test_a_factor_nobody_knows_is_not_found(desk):
    assert desk.get(reverse("visits:factor-edit", args=["warp"])).status_code == 404
    assert desk.post(reverse("visits:factor-reset", args=["warp"])).status_code == 404


def test_two_coordinators_changing_a_factor_never_overwrite_each_other(desk):
    path = reverse("visits:factor-edit", args=["drive_speed"])
    seen = desk.get(path).context["form"]["seen"].value()
    assert desk.post(path, {"value": "90", "source": "a", "seen": seen}).status_code == 302
    answer = desk.post(path, {"value": "100", "source": "b", "seen": seen})
    assert (answer.status_code, TravelFactor.objects.get().value) == (409, 90.0)


# --- The travel tab ---


@pytest.fixture
def visit(ghent):
    return VisitFactory(ref="V09", place=ghent, host=HostFactory(name="Joe"))


def tab(client, visit):
    return client.get(reverse("visits:visit-detail", args=[visit.ref]), {"tab": "travel"})


def test_the_travel_tab_tells_both_ways_as_estimates_with_their_figures(desk, visit):
    page = tab(desk, visit)
    parts = page.context["travel"]["parts"]
    assert [part["title"] for part in parts] == ["On the way there", "On from there"]
    row = parts[0]["journeys"][0]
    assert row["standing"] == "estimate, from the calendar"
    assert row["figures"] == "6 h, 1113 km, 178 kg CO2, 151 EUR"


def test_correcting_a_leg_leads_to_a_filled_form_and_back(desk, visit):
    path = tab(desk, visit).context["travel"]["parts"][0]["journeys"][0]["correct"]
    form = desk.get(path)
    assert form.context["form"]["origin"].value() == "Oslo, Oslo, NO"
    assert form.context["form"]["mode"].value() == "fly"
    assert form.context["estimate"].startswith("The estimate: 6 h by flight, 1113 km")
    answer = desk.post(
        path,
        {
            "origin": visit.host.home.label,
            "destination": visit.place.label,
            "mode": "fly",
            "minutes": "240",
        },
    )
    assert answer.url == f"/visits/{visit.ref}/?tab=travel"
    row = tab(desk, visit).context["travel"]["parts"][0]["journeys"][0]
    assert row["standing"] == "planned, from the calendar"
    assert row["figures"].startswith("4 h, ")


def test_correcting_a_journey_that_is_known_opens_that_one(desk, visit):
    row = TravelOverrideFactory(
        origin=visit.place, destination=visit.host.home, mode="fly", minutes=240
    )
    path = tab(desk, visit).context["travel"]["parts"][0]["journeys"][0]["correct"]
    answer = desk.get(path)
    assert answer.url.startswith(reverse("visits:journey-edit", args=[row.pk]) + "?next=")


@pytest.mark.parametrize("query", ["from=x&to=-1", "from=99999999999&to=1", "from=²&to=³"])
def test_a_form_with_numbers_of_no_place_is_simply_empty(desk, query):
    assert desk.get(f"{reverse('visits:journey-new')}?{query}").status_code == 200


def test_a_host_reads_the_legs_but_corrects_none_and_an_expert_sees_no_prices(client, visit):
    from tests.factories.visits import ExpertFactory

    ClockSetting.objects.fix(CLOCK)
    expert = ExpertFactory()
    visit.experts.add(expert)
    client.force_login(visit.host.user)
    row = tab(client, visit).context["travel"]["parts"][0]["journeys"][0]
    assert (row["correct"], "EUR" in row["figures"]) == ("", True)
    client.force_login(expert.user)
    row = tab(client, visit).context["travel"]["parts"][0]["journeys"][0]
    assert (row["correct"], "EUR" in row["figures"]) == ("", False)


@pytest.mark.parametrize("count", [3, 300])
def test_the_travel_tab_asks_the_database_as_often_for_many_legs(desk, visit, count):
    version = PlanVersionFactory(plan__campaign=visit.campaign)
    leg = TravelLegFactory(visit=visit, version=version, destination=visit.place, km=1100)
    copies(leg, count - 1, departs_at=lambda n: leg.departs_at - timedelta(minutes=n))
    assert TravelLeg.objects.count() == count
    path = reverse("visits:visit-detail", args=[visit.ref]) + "?tab=travel"
    assert asked(desk, path) == 31


# --- Health ---


def test_health_tells_how_the_road_source_does(desk, settings):
    path = reverse("visits:health")
    assert "no road source is set up" in desk.get(path).content.decode()
    settings.ROAD_TIMES_URL = "http://127.0.0.1:9"
    assert "not asked yet" in desk.get(path).content.decode()
    RoadSourceState.objects.create(
        pk=1, failed_at=timezone.now(), fault="it did not answer in time"
    )
    text = desk.get(path).content.decode()
    assert "it did not answer in time" in text
    assert "its drives are estimated meanwhile" in text
