"""A journey entered or booked by hand: it stands for the estimate everywhere, and can be undone."""

from datetime import UTC, datetime

import pytest

from crm.models import AuditEntry, User
from tests.factories.visits import PlanVersionFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.domain.brief_standing import visit_standings
from visits.models import BriefEdition, PlanVersion, TravelLeg, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def journey(**changes):
    return {
        "origin": "Oslo, NO",
        "destination": "Stuttgart, DE",
        "mode": "rail",
        "status": "booked",
        "departs_at": "2023-02-16T17:00",
        "arrives_at": "2023-02-17T10:30",
        "cost": "212.50",
        "co2_kg": "",
        "note": "Night train, coach 12",
    } | changes


def lines(client, ref):
    """The journeys the visit's page tells, as "from → to, by" with their standing."""
    parts = go(client, "visit-detail", ref, tab="travel").context["travel"]["parts"]
    return [
        (row["journey"].origin.name, row["journey"].destination.name, row["standing"])
        for part in parts
        for row in part["journeys"]
    ]


def the_leg():
    return TravelLeg.objects.get(visit__ref="V08", version=None)


def test_booking_stands_for_the_estimate_on_page_calendar_and_brief(phone):
    assert lines(phone, "V08")[0][2] == "estimate, from the calendar"
    assert said(do(phone, "leg-new", "V08", **journey())) == ["The journey is written down."]
    leg = the_leg()
    assert leg.departs_at == datetime(2023, 2, 16, 16, tzinfo=UTC)
    assert leg.km > 900
    page = go(phone, "visit-detail", "V08", tab="travel").text
    assert "Night train, coach 12" in page
    assert "Thu 16 Feb 2023, 17:00 Oslo (CET)" in page
    assert [row for row in lines(phone, "V08") if row[2] == "booked"] == [
        ("Oslo", "Stuttgart", "booked")
    ]
    assert "Thu 16 Feb 2023, 17:00 Oslo (CET)" in go(phone, "brief-page", "V08", "internal").text
    assert AuditEntry.objects.about(Visit.objects.get(ref="V08")).filter(verb="enter_leg").exists()


def test_kept_brief_is_out_of_date_once_a_journey_is_booked(phone):
    host = User.objects.get(email="host@example.org")
    visit = Visit.objects.get(ref="V08")
    assert BriefEdition.objects.filter(visit=visit).exists()
    at = datetime(2023, 2, 15, 9, tzinfo=UTC)
    before = visit_standings([visit], at=at, user=host)[visit.pk]
    do(phone, "leg-new", "V08", **journey())
    after = visit_standings([visit], at=at, user=host)[visit.pk]
    assert before != after


def test_form_comes_filled_in_from_the_journey_the_calendar_asks_for(phone):
    parts = go(phone, "visit-detail", "V08", tab="travel").context["travel"]["parts"]
    row = parts[0]["journeys"][0]
    form = phone.get(row["enter"]).context["form"]
    assert form["origin"].value() == row["journey"].origin.label
    assert form["destination"].value() == "Stuttgart, Baden-Württemberg, DE"
    assert form["status"].value() == "booked"
    assert form["departs_at"].value() is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"destination": "Oslo, NO"}, "destination"),
        ({"arrives_at": "2023-02-16T16:00"}, "arrives_at"),
        ({"arrives_at": "2023-02-26T16:00"}, "arrives_at"),
        ({"departs_at": "tomorrow"}, "departs_at"),
        ({"departs_at": "9999-01-01T10:00"}, "departs_at"),
        ({"departs_at": ""}, "departs_at"),
        ({"origin": "Nowhere at all"}, "origin"),
        ({"cost": "-1"}, "cost"),
        ({"mode": "rocket"}, "mode"),
        ({"status": "cancelled"}, "status"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_kept_as_typed(phone, change, field):
    answer = do(phone, "leg-new", "V08", **journey(**change))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Night train, coach 12" in answer.text
    assert not TravelLeg.objects.filter(version=None).exists()


def test_journey_on_to_the_next_visit_belongs_to_that_one(phone):
    on = journey(
        origin="Gdańsk, PL",
        destination="Vilnius, LT",
        departs_at="2023-02-21T16:00",
        arrives_at="2023-02-21T22:00",
    )
    do(phone, "leg-new", "V09", **on)
    assert TravelLeg.objects.get(version=None).visit.ref == "V10"
    for ref in ("V09", "V10"):
        assert ("Gdańsk", "Vilnius", "booked") in lines(phone, ref)


def test_journey_is_put_right_called_off_and_brought_back(phone):
    do(phone, "leg-new", "V08", **journey())
    leg = the_leg()
    do(phone, "leg-edit", "V08", leg.pk, **journey(note="Seat 41", cost="199"))
    assert (the_leg().note, the_leg().cost) == ("Seat 41", 199)
    answer = do(phone, "leg-cancel", "V08", leg.pk)
    assert said(answer) == ["The journey is called off."]
    assert "booked" not in [row[2] for row in lines(phone, "V08")]
    assert said(do(phone, "leg-cancel", "V08", leg.pk)) == ["This journey was called off already."]
    phone.post(f"/visits/V08/journeys/{leg.pk}/restore/?status=booked")
    assert ("Oslo", "Stuttgart", "booked") in lines(phone, "V08")


def test_undo_of_a_called_off_journey_is_refused_once_another_was_entered(phone):
    do(phone, "leg-new", "V08", **journey())
    leg = the_leg()
    do(phone, "leg-cancel", "V08", leg.pk)
    do(phone, "leg-new", "V08", **journey(note="A later train"))
    answer = phone.post(f"/visits/V08/journeys/{leg.pk}/restore/?status=booked", follow=True)
    (words,) = said(answer)
    assert words.startswith("Another journey was entered meanwhile, from Oslo to Stuttgart at ")
    standing = TravelLeg.objects.standing().filter(version=None)
    assert [row.note for row in standing] == ["A later train"]
    do(phone, "leg-cancel", "V08", standing.get().pk)
    phone.post(f"/visits/V08/journeys/{leg.pk}/restore/?status=booked")
    assert standing.get() == leg


def test_a_journey_that_leads_to_another_visit_says_so(phone):
    on = journey(
        origin="Warsaw, PL",
        destination="Vilnius, LT",
        departs_at="2023-02-21T18:00",
        arrives_at="2023-02-21T22:00",
    )
    assert said(do(phone, "leg-new", "V09", **on)) == [
        "The journey is written down with V10 Vilnius, where it leads."
    ]


def test_what_is_emptied_while_correcting_is_estimated_and_the_way_is_measured_anew(phone):
    do(phone, "leg-new", "V08", **journey(mode="fly"))
    leg = the_leg()
    do(phone, "leg-edit", "V08", leg.pk, **journey(mode="fly", cost=""))
    assert the_leg().cost not in (None, leg.cost)
    by = "2023-02-21T16:00", "2023-02-21T22:00"
    on = journey(origin="Gdańsk, PL", destination="Vilnius, LT", departs_at=by[0], arrives_at=by[1])
    do(phone, "leg-edit", "V08", leg.pk, **on)
    leg.refresh_from_db()
    assert leg.km < 700
    assert leg.visit.ref == "V10"


def test_a_journey_called_off_meanwhile_is_not_saved_and_says_so(phone):
    do(phone, "leg-new", "V08", **journey())
    leg = the_leg()
    do(phone, "leg-cancel", "V08", leg.pk)
    answer = do(phone, "leg-edit", "V08", leg.pk, **journey(note="Seat 41"))
    assert said(answer) == ["This journey was called off meanwhile; nothing was saved."]
    leg.refresh_from_db()
    assert (leg.status, leg.note) == ("cancelled", "Night train, coach 12")


def test_only_what_was_entered_can_be_called_off_and_only_an_estimate_be_corrected(
    client, sample, coordinator
):
    client.force_login(coordinator)
    page = go(client, "visit-detail", "V08", tab="travel")
    assert "Correct the estimate" in page.text
    assert "Change or call off" not in page.text
    do(client, "leg-new", "V08", **journey())
    page = go(client, "visit-detail", "V08", tab="travel")
    rows = [row for part in page.context["travel"]["parts"] for row in part["journeys"]]
    assert [bool(row["correct"]) for row in rows] == [row["standing"] != "booked" for row in rows]
    assert "Change or call off" in page.text
    leg = the_leg()
    off = f"/visits/V08/journeys/{leg.pk}/call-off/"
    assert off in go(client, "leg-edit", "V08", leg.pk).text
    version = PlanVersion.objects.first() or PlanVersionFactory()
    TravelLeg.objects.filter(pk=leg.pk).update(version=version, status="estimated")
    assert off not in go(client, "leg-edit", "V08", leg.pk).text


def test_two_people_who_edit_one_journey_overwrite_nothing(phone):
    do(phone, "leg-new", "V08", **journey())
    leg = the_leg()
    seen = phone.get(f"/visits/V08/journeys/{leg.pk}/edit/").context["form"]["seen"].value()
    TravelLeg.objects.filter(pk=leg.pk).update(note="Changed by the other")
    answer = do(phone, "leg-edit", "V08", leg.pk, **journey(note="Mine", seen=seen))
    assert answer.status_code == 409
    assert "Changed by the other" in answer.text
    assert the_leg().note == "Changed by the other"
