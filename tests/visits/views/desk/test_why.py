"""Why a request has no date, what would help, and whom one meets on the way."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from crm.models import ConsentRecord, ContactPoint, DataRequest, Municipality, Person
from crm.models.consent import Purpose, Suppression
from tests.factories.crm import CLOCK
from tests.visits.views.desk.front_door import do, go, read_tray, said
from visits.domain.fill import cities_near, journeys_ahead
from visits.domain.plan_edits import move_visit
from visits.domain.plans import solve_campaign, store_version
from visits.domain.proposals import take_back_proposal
from visits.domain.why import Weighing
from visits.models import Campaign, Host, Visit, VisitRequest
from visits.planning.changes import Placed
from visits.planning.problem import Limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


# --- Why not ---


def test_page_tells_the_reason_of_each_wished_date_and_the_changes_that_help(desk):
    page = go(desk, "request-why", "R24")
    assert page.context["why"].sentence == (
        "Joe Gorman cannot fit it on Tue 21 Feb 2023 beside V09 Gdańsk, which stands. "
        "Joe Gorman cannot fit it on Thu 23 Feb 2023 beside V11 Tallinn, which stands. "
        "No other day is free for it."
    )
    told = [change["words"].sentence for change in page.context["changes"]]
    assert told == [
        "If it is held online (1 h 30 min): Tue 21 Feb 2023, 09:00 Prague (CET) with "
        "Backup expert (sample).",
        "If V11 Tallinn gives way: Thu 23 Feb 2023, 09:00 Prague (CET) with Joe Gorman.",
    ]
    costs = [change["costs"] for change in page.context["changes"]]
    assert costs == [
        "no more travel",
        "1 h 15 min more travel · drops priority 3, places priority 3 · "
        "dates on offer are taken back",
    ]


def test_change_that_touches_nobody_leads_to_the_offer_it_names(desk):
    (online, drop) = go(desk, "request-why", "R24").context["changes"]
    assert drop["href"] == ""
    page = desk.get(online["href"])
    ticked = [tick.slot.value for tick in page.context["ticks"] if tick.is_ticked]
    assert ticked == ["2023-02-21T09:00+01:00"]
    assert (page.context["host"].ref, page.context["form"]["minutes"].value()) == ("H2", 90)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2023-02-18", "Sat 18 Feb 2023 is not a working day of the offer; below are all days."),
        ("x", "“x” is no day; below are all days."),
    ],
)
def test_day_that_cannot_be_asked_about_is_told(desk, day, sentence):
    assert sentence in go(desk, "request-why", "R24", day=day).text


def test_every_day_ahead_of_every_host_has_a_mark_and_a_sentence(desk):
    page = go(desk, "request-why", "R12")
    days = [day for day in Campaign.objects.get().working_days if day >= date(2023, 2, 15)]
    for line in page.context["lines"]:
        assert [cell["day"] for cell in line["cells"]] == days
        assert all(cell["words"] for cell in line["cells"])
    assert "Tue 28 Feb 2023 is closed in Málaga: Andalusia Day." in page.text


def cell_of(desk, ref, day):
    cells = go(desk, "request-why", ref).context["why"].cells
    (cell,) = [each for each in cells if (each.host.ref, each.day) == ("H1", day)]
    return cell.mark, cell.sentence


def test_day_that_a_host_could_not_reach_anyhow_is_blamed_on_no_visit(desk):
    # From Oslo nobody is in Ostrava on a Monday in time, whatever else stands that day.
    assert cell_of(desk, "R24", date(2023, 2, 27)) == (
        "closed",
        "Joe Gorman cannot get to Ostrava and back home around Mon 27 Feb 2023 within travel "
        "hours.",
    )


def test_visit_that_breaks_a_rule_where_it_is_may_give_way_as_well(desk):
    # V12 of the day before is reached later than the rule asks for.
    mark, sentence = cell_of(desk, "R24", date(2023, 2, 28))
    assert (mark, sentence.split(". ")[-1]) == (
        "taken",
        "There is room only if two visits or more give way.",
    )


def test_two_visits_that_are_in_the_way_together_are_both_named(desk):
    assert go(desk, "request-why", "R05").context["why"].sentence == (
        "Joe Gorman cannot fit it on Mon 20 Feb 2023 beside V16 Lisbon and V17 Lviv, which stand. "
        "No other day is free for it."
    )


def test_asking_about_a_day_and_a_host_answers_for_them_alone(desk):
    page = go(desk, "request-why", "R12", day="2023-02-28", host="H1")
    assert page.context["why"].sentence == "Tue 28 Feb 2023 is closed in Málaga: Andalusia Day."
    changes = [change["words"].change for change in page.context["changes"]]
    assert {change.placed.host for change in changes} <= {"H1"}
    assert {change.placed.start.date() for change in changes} <= {date(2023, 2, 28)}


@pytest.mark.parametrize("query", [{"day": "soon"}, {"day": "2031-01-01"}, {"host": "H99"}])
def test_asking_about_what_there_is_not_answers_for_all(desk, query):
    page = go(desk, "request-why", "R12", **query)
    assert (page.status_code, page.context["on"], page.context["host"]) == (200, None, None)


def test_words_for_a_letter_tell_of_no_other_city_and_no_colleague(desk):
    names = {visit.city for visit in Visit.objects.exclude(requests__ref="R24")}
    names |= {visit.ref for visit in Visit.objects.all()}
    names |= {host.name for host in Host.objects.all()}
    page = go(desk, "request-why", "R24")
    public = [each.public for each in page.context["why"].cells] + [page.context["why"].public]
    assert any(public)
    for sentence in public:
        assert not [name for name in names if name in sentence], sentence


def test_letter_speaks_of_every_wished_date_that_is_left_and_of_no_other_day(desk):
    assert go(desk, "request-why", "R24").context["why"].public == (
        "Our host is already booked around Tue 21 Feb 2023. "
        "Our host is already booked around Thu 23 Feb 2023."
    )
    row = VisitRequest.objects.get(ref="R24")
    row.preferred_dates.filter(on=date(2023, 2, 21)).update(on=date(2023, 2, 25))
    assert go(desk, "request-why", "R24").context["why"].public == (
        "Our host is already booked around Thu 23 Feb 2023. "
        "Sat 25 Feb 2023 lies outside the days of our offer."
    )
    page = go(desk, "request-why", "R24", day="2023-02-28")
    assert page.context["why"].public == "Our host is already booked around Tue 28 Feb 2023."


def test_letter_says_that_every_wished_date_is_over(desk):
    page = go(desk, "request-why", "R20")
    assert page.context["why"].sentence.startswith("Every date it wished for is over or too soon.")
    assert page.context["why"].public == (
        "Every date you wished for is over, or too soon for us to prepare and to travel. "
        "No other day that is left of our offer is free."
    )
    assert page.context["why"].public in page.text


def test_exact_price_is_worked_out_when_asked_for(desk):
    assert go(desk, "request-why", "R24").context["exact"] is None
    page = go(desk, "request-why", "R24", best="1")
    assert page.context["exact"].sentences == [
        "No plan can hold it as long as everything agreed and on offer stays where it is."
    ]
    assert "It has a place in no plan" in page.text
    assert "In the best plan" not in page.text


@pytest.mark.parametrize(
    ("ref", "title", "begins"),
    [
        ("R04", "It has a place in the best plan", "The best plan has a place for it already"),
        ("R16", "What saying yes costs the best plan", "Priority placed goes from"),
    ],
)
def test_heading_of_the_exact_price_is_what_the_answer_says(desk, ref, title, begins):
    for taken in ("R04", "R16", "R11"):
        do(desk, "request-take-back", taken)
    page = go(desk, "request-why", ref, best="1")
    exact = page.context["exact"]
    assert (exact.title, exact.note) == (title, "exact")
    assert exact.sentences[0].startswith(begins)
    assert f"<h2>{title}</h2>" in page.text
    assert "In the best plan" not in page.text


def test_price_that_was_not_proven_is_not_called_exact(desk, monkeypatch):
    monkeypatch.setattr("visits.domain.why.EXACT", Limits(seconds=0.0))
    for taken in ("R04", "R16", "R11"):
        do(desk, "request-take-back", taken)
    exact = go(desk, "request-why", "R16", best="1").context["exact"]
    assert exact.note == "as far as was searched"


def test_request_with_a_date_or_without_a_place_is_explained_in_one_sentence(desk):
    page = go(desk, "request-why", "R04")
    assert "This request has a date: V13 Venice." in page.text
    VisitRequest.objects.filter(ref="R12").update(place=None)
    assert "is not in the register of places" in go(desk, "request-why", "R12").text


def test_request_page_and_tray_lead_to_the_reasons(desk):
    assert "/requests/R24/why/" in go(desk, "request-detail", "R24").text
    assert "/requests/R24/why/" in go(desk, "plan").text


@pytest.fixture
def draft(desk):
    """A draft in which Venice, Nice, Tallinn and Lisbon may move; Venice was left out by hand."""
    for ref in ("R04", "R16", "R11", "R08"):
        visit = Visit.objects.live().get(requests__ref=ref)
        take_back_proposal(visit, reason="To plan it anew.", at=CLOCK, by=None)
    return store_version(solve_campaign(campaign(), at=CLOCK, seconds=60))


def leave_out(draft, ref):
    draft.refresh_from_db()
    move_visit(draft, ref, host=None, seen=draft.edits, at=CLOCK, by=None)


def told_on_why_page(desk, ref):
    why = go(desk, "request-why", ref).context["why"]
    return why.sentence, why.changes[0].sentence if why.changes else None


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
def test_tray_why_page_and_command_tell_the_same_reason_and_smallest_change(desk, capsys):
    call_command("plan_visits", "february-2023", "--json", "--seconds", "60")
    rows = json.loads(capsys.readouterr().out)["unplaced"]
    by_command = {row["request"]: (row["reason"], row["would_fit_if"]) for row in rows}
    version = store_version(solve_campaign(campaign(), at=CLOCK, seconds=60))
    in_tray = {
        row.request.ref: (row.reason, row.would_fit_if)
        for row in version.unplaced.select_related("request")
    }
    on_page = {ref: told_on_why_page(desk, ref) for ref in in_tray}
    assert in_tray.keys() >= {"R05", "R12", "R20", "R24"}
    assert by_command == in_tray == on_page


@pytest.mark.one_database
def test_tray_of_an_edited_draft_and_why_page_tell_the_same_change(desk, draft):
    leave_out(draft, "R04")
    read_tray(desk, draft)
    for row in draft.unplaced.select_related("request"):
        sentence, change = told_on_why_page(desk, row.request.ref)
        assert change == row.would_fit_if
        if row.reason_code not in ("left_out", "fits_now"):
            assert sentence == row.reason


@pytest.mark.one_database
@pytest.mark.parametrize("ref", ["R24", "R08"])
def test_move_page_and_why_page_say_the_same_of_every_host_and_day(desk, draft, ref):
    draft.refresh_from_db()
    answer = go(desk, "plan-verdicts", draft.number, request=ref).json()
    moved = {
        (cell["host"], cell["day"]): cell["possible"] or cell["words"] for cell in answer["cells"]
    }
    why = {
        (each.host.ref, each.day.isoformat()): each.cell.is_possible or each.cell.hard
        for each in go(desk, "request-why", ref).context["why"].cells
    }
    assert moved == why


def test_days_that_are_over_do_not_hide_what_stands_against_a_request(desk):
    page = go(desk, "request-why", "R20")
    assert page.context["why"].sentence == (
        "Every date it wished for is over or too soon. "
        "Joe Gorman cannot fit it on Tue 21 Feb 2023 beside V09 Gdańsk, which stands."
    )
    assert "Tue 14 Feb 2023 is over." not in page.context["why"].public


@pytest.mark.parametrize(
    ("days", "begins"),
    [
        ([25, 26], "No date it wished for is a working day of the offer. Joe Gorman "),
        (
            [14, 25],
            "Every date it wished for is over, too soon or no working day of the offer. Joe ",
        ),
    ],
)
def test_wishes_that_no_plan_can_meet_are_named_before_what_stands_elsewhere(desk, days, begins):
    row = VisitRequest.objects.get(ref="R24")
    row.preferred_dates.all().delete()
    for rank, day in enumerate(days, 1):
        row.preferred_dates.create(on=date(2023, 2, day), rank=rank)
    assert go(desk, "request-why", "R24").context["why"].sentence.startswith(begins)


def test_window_without_a_working_day_is_told_in_one_sentence(desk):
    Campaign.objects.update(window_start=date(2023, 2, 18), window_end=date(2023, 2, 19))
    answer = desk.get("/requests/R24/why/", follow=True)
    assert said(answer) == ["The window has no working day."]


def test_swap_says_which_wish_the_other_city_loses_by_it(desk):
    weighing = Weighing(VisitRequest.objects.get(ref="R24"), at=CLOCK)
    host, noon = "H1", datetime(2023, 2, 22, 10, tzinfo=UTC)
    assert weighing.alternatives.cost_of_move(Placed("V11", host, noon)) == [
        "its dates are on offer and would be offered anew",
        "V11 Tallinn loses 1.5 wish points: it wished for Thu 23 Feb 2023",
    ]
    stays = next(v for v in weighing.alternatives.wide[1].visits if v.task == "V11")
    assert weighing.alternatives.cost_of_move(Placed("V11", host, stays.start)) == [
        "its dates are on offer and would be offered anew"
    ]


# --- Fill a journey ---


def campaign():
    return Campaign.objects.get()


def journey(origin, destination):
    ahead = journeys_ahead(campaign(), at=CLOCK)
    names = [(leg.origin.name, leg.destination.name) for leg in ahead]
    return ahead[names.index((origin, destination))]


def near(origin, destination):
    return cities_near(campaign(), journey(origin, destination), at=CLOCK)


def names(cities):
    return {city.municipality.name for city in cities}


def test_journeys_ahead_lead_to_the_people_met_near_their_way(desk):
    page = go(desk, "plan-fill")
    legs = page.context["journeys"]
    assert [leg.departs_at for leg in legs] == sorted(leg.departs_at for leg in legs)
    answer = desk.get(f"/plan/fill/?{journey('Vilnius', 'Tallinn').query}")
    (line,) = answer.context["others"]
    assert line["city"].municipality.name == "Turku"
    assert "Aino Sample-Mänty" in answer.text
    person = Person.objects.get(family="Sample-Mänty")
    write = f"/mail/mailings/new/?person={person.pk}"
    assert f'href="{write}"' in answer.text
    assert "mailto:" not in answer.text
    assert desk.get(write).context["count"] == 1


def test_city_that_can_be_visited_on_the_way_comes_with_its_day_and_minutes(desk):
    Visit.objects.filter(ref__in=["V10", "V16", "V17"]).update(state="cancelled")
    found = near("Gdańsk", "Tallinn")
    fitting = [city for city in found if city.starts_at]
    assert fitting
    assert [city.extra_minutes for city in fitting] == sorted(
        city.extra_minutes for city in fitting
    )
    assert all(
        datetime(2023, 2, 21, tzinfo=UTC) <= city.starts_at < datetime(2023, 2, 25, tzinfo=UTC)
        for city in fitting
    )


def test_pilot_cities_and_cities_with_a_visit_are_left_out(desk):
    pilots = set(Municipality.objects.filter(is_pilot=True).values_list("name", flat=True))
    served = set(Visit.objects.live().values_list("city", flat=True))
    assert not names(near("Oslo", "Ljubljana")) & (pilots | served)


@pytest.mark.parametrize(
    "change",
    [
        lambda person: person.participations.update(status="no_show"),
        lambda person: person.contact_points.update(status=ContactPoint.Status.SUPPRESSED),
        lambda person: ConsentRecord.objects.create(
            person=person, purpose=Purpose.VISIT_CONTACT, status="withdrawn", at=CLOCK
        ),
        lambda person: DataRequest.objects.create(
            person=person, kind="stop", received_at=CLOCK, due_on=date(2023, 3, 15)
        ),
        lambda person: Person.objects.filter(pk=person.pk).update(archived_at=CLOCK),
    ],
    ids=["was not there", "address suppressed", "said no", "asked us to stop", "archived"],
)
def test_who_may_not_be_contacted_is_not_listed(desk, change):
    assert "Turku" in names(near("Vilnius", "Tallinn"))
    change(Person.objects.get(family="Sample-Mänty"))
    assert "Turku" not in names(near("Vilnius", "Tallinn"))


def test_address_never_to_be_mailed_is_not_shown_even_where_the_person_is(desk):
    Suppression.objects.keep_hashed("p052@example.org", at=CLOCK)
    answer = desk.get(f"/plan/fill/?{journey('Vilnius', 'Tallinn').query}")
    assert "Aino Sample-Mänty" in answer.text
    assert "/mail/mailings/new/" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"host": "H9"},
        {"from": "x"},
        {"to": "99999999"},
        {"departs": "soon"},
        {"departs": "2023-02-22T10:00"},
        {"arrives": "2023-02-01T10:00+00:00"},
    ],
)
def test_journey_that_does_not_exist_is_not_found(desk, change):
    leg = journey("Vilnius", "Tallinn")
    query = {
        "host": leg.host.ref,
        "from": leg.origin.pk,
        "to": leg.destination.pk,
        "departs": leg.departs_at.isoformat(),
        "arrives": leg.arrives_at.isoformat(),
    }
    assert go(desk, "plan-fill", **query).status_code == 200
    assert go(desk, "plan-fill", **(query | change)).status_code == 404


def test_arrow_marks_say_in_words_whose_going_would_help_and_on_which_days(desk):
    page = go(desk, "request-why", "R24")
    told = {(row["host"].ref, row["days"]): row["words"] for row in page.context["rooms"]}
    marked = {
        (line["host"].ref, cell["day"].day)
        for line in page.context["lines"]
        for cell in line["cells"]
        if cell["mark"] == "↔"
    }
    days = {
        (host, int(day.split()[1])) for (host, row) in told for day in row.split(", ") if marked
    }
    assert days == marked != set()
    assert all(words.startswith("There is room ") for words in told.values())
    assert any("V11 Tallinn" in words for words in told.values())
    for words in told.values():
        assert f'<span class="quiet">{words}</span>' in page.text


def test_place_that_is_free_on_a_day_nobody_wished_for_tells_the_wishes(desk):
    VisitRequest.objects.get(ref="R24").preferred_dates.exclude(on=date(2023, 2, 21)).delete()
    do(desk, "request-take-back", Visit.objects.get(ref="V11").requests.get().ref)
    page = go(desk, "request-why", "R24", day="2023-02-23", host="H1")
    assert "Nothing stands against it." not in page.text
    assert "No rule forbids it, but: " in page.text
    assert "Its city wished for Tue 21 Feb." in page.text


def test_wish_that_comes_too_soon_or_is_struck_is_not_called_clear(desk):
    page = go(desk, "request-detail", "R17").text
    assert "Airport strike in Germany" in page
    assert "too soon" not in page  # Its visit is agreed and needs no notice.
    assert "nothing speaks against it" not in page
    row = VisitRequest.objects.get(ref="R24")
    row.preferred_dates.all().delete()
    row.preferred_dates.create(on=date(2023, 2, 17), rank=1)
    page = go(desk, "request-detail", "R24").text
    assert "too soon: a new visit may begin on Mon 20 Feb 2023 at the earliest" in page
    assert "nothing speaks against it" not in page
