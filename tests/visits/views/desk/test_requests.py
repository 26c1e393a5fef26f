"""Requests: the list, the one that is open, each step of it, and a new one by hand."""

import csv
import io

import pytest

from crm.models import AuditEntry, Initiative, Municipality, Person, User
from crm.models.consent import ConsentRecord, Purpose
from tests.factories.crm import PersonFactory, PlaceFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.models import Reservation, Visit, VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def request(ref):
    return VisitRequest.objects.get(ref=ref)


def shown(page):
    return [row.ref for row in page.context["rows"]]


# --- The list ---


def test_list_begins_with_who_waits_for_an_answer_then_for_a_decision(desk):
    assert shown(go(desk, "request-list"))[:3] == ["R20", "R24", "R12"]


def test_list_opens_its_first_request_beside_it(desk):
    page = go(desk, "request-list")
    assert page.context["row"].ref == "R20"
    assert "Emergency planner" in page.text


def test_detail_shows_the_page_of_the_list_that_holds_the_open_request(desk, monkeypatch):
    monkeypatch.setattr("visits.views.desk.requests.PAGE", 5)
    last = desk.get("/requests/R21/")
    other = desk.get("/requests/R21/?page=1")
    assert [row.ref for row in last.context["rows"] if row.is_current] == ["R21"]
    assert "Requests 26 to 27 of 27" in last.text
    assert "Requests 1 to 5 of 27" in other.text
    assert other.context["row"].ref == "R21"


def test_list_narrows_by_state_and_by_words_of_any_spelling(desk):
    page = go(desk, "request-list", state=["waitlisted", "under_review"])
    assert shown(page) == ["R12", "R05"]
    assert (page.context["shown"], page.context["total"]) == (2, 27)
    assert shown(go(desk, "request-list", q="malaga")) == ["R12"]


def test_list_that_nothing_matches_says_so_and_opens_nothing(desk):
    page = go(desk, "request-list", q="atlantis")
    assert shown(page) == []
    assert "row" not in page.context
    assert "Nothing here" in page.text


def test_export_holds_the_rows_of_the_page_in_its_order(desk):
    query = {"state": ["proposed", "scheduled"], "sort": "city"}
    page = go(desk, "request-list", **query)
    text = b"".join(go(desk, "request-export", **query).streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Reference"] for row in rows] == shown(page)
    assert rows[0]["City"] == "Aarhus"


def test_export_is_for_the_coordinator_alone(client, sample, host):
    client.force_login(host)
    assert go(client, "request-export").status_code == 403


# --- The open request ---


def test_detail_says_what_speaks_against_each_wish_in_local_words(desk):
    wishes = go(desk, "request-detail", "R04").context["wishes"]
    assert [str(item.wish.on) for item in wishes] == ["2023-02-20", "2023-02-21"]
    assert all("arnival" in " ".join(item.soft) for item in wishes)


def test_detail_does_not_call_a_wish_free_whose_day_is_over(desk):
    (wish,) = go(desk, "request-detail", "R20").context["wishes"]
    assert (str(wish.wish.on), wish.hard, wish.is_clear) == ("2023-02-14", ["over"], False)


def test_detail_names_the_visits_that_have_the_wished_days(desk):
    wishes = go(desk, "request-detail", "R24").context["wishes"]
    assert [[visit.ref for visit in item.visits] for item in wishes] == [["V09"], ["V11"]]


def test_detail_names_the_holiday_that_closes_the_wished_day(desk):
    (wish,) = go(desk, "request-detail", "R12").context["wishes"]
    assert any("Andaluc" in words or "Andalusia" in words for words in wish.hard)


def test_detail_shows_the_person_of_that_city_met_at_the_event(desk):
    met = go(desk, "request-detail", "R20").context["met"]
    assert met.of_city
    assert [str(part.person.family) for part in met.people] == ["Sample-Breza"]


def test_detail_says_when_only_people_of_the_country_were_met(desk):
    page = go(desk, "request-detail", "R24")
    assert not page.context["met"].of_city
    assert "Nobody of Ostrava; these people came from the same country, Czechia." in page.text


def test_detail_shows_the_other_department_of_the_city(desk):
    others = go(desk, "request-detail", "R14").context["others"]
    assert [row.ref for row in others] == ["R15"]


def test_detail_keeps_the_original_words_beside_their_translation(desk):
    page = go(desk, "request-detail", "R24")
    assert "Dobrý den" in page.text
    assert "Good day, we are interested" in page.text


def test_detail_says_why_the_latest_plan_has_no_place(desk):
    page = go(desk, "request-detail", "R12")
    assert "The only wish, 28 Feb, is Andalusia Day, a regional holiday." in page.text


# --- Steps ---


def test_review_sets_priority_and_length_and_says_so(desk, coordinator):
    VisitRequest.objects.filter(ref="R24").update(priority=None, duration_minutes=None)
    answer = do(desk, "request-review", "R24")
    row = request("R24")
    assert said(answer) == ["R24 is under review."]
    # A new municipality in a country without a visit.
    assert (row.state, row.priority, row.duration_minutes) == ("under_review", 3, 180)
    assert row.assigned_to == coordinator


@pytest.mark.parametrize(
    ("ref", "step", "state"),
    [
        ("R24", "needs-info", "needs_info"),
        ("R12", "waitlist", "waitlisted"),
        ("R12", "decline", "declined"),
        ("R24", "reject", "rejected"),
        ("R24", "withdraw", "withdrawn"),
        ("R19", "reopen", "under_review"),
    ],
)
def test_step_with_a_reason_is_taken_and_its_reason_is_written_down(desk, ref, step, state):
    do(desk, "request-step", ref, step, reason="They asked on the phone.")
    assert (request(ref).state, request(ref).reason) == (state, "They asked on the phone.")
    last = AuditEntry.objects.about(request(ref)).order_by("-pk").first()
    assert (last.to_state, last.note.why) == (state, "They asked on the phone.")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1_001])
def test_step_without_a_fitting_reason_is_refused_and_keeps_what_was_typed(desk, reason):
    answer = do(desk, "request-step", "R12", "decline", reason=reason)
    assert answer.status_code == 422
    assert len(refused(answer)) == 1
    assert request("R12").state == "under_review"
    assert answer.context["form"]["reason"].value() == reason


def test_step_that_the_state_does_not_allow_is_refused_in_one_sentence(desk):
    answer = do(desk, "request-step", "R01", "decline", reason="Too late.")
    assert said(answer) == ["R01 is “fulfilled” and cannot become “declined”."]
    assert 'name="reason"' in answer.text
    assert "Too late." in answer.text
    assert request("R01").state == "fulfilled"


def test_step_that_does_not_exist_is_not_found(desk):
    assert do(desk, "request-step", "R12", "explode", reason="x").status_code == 404


def test_refer_without_consent_is_refused_in_one_sentence(desk):
    initiative = Initiative.objects.get(name="Secu4All")
    answer = do(desk, "request-refer", "R12", initiative=initiative.pk, reason="Training")
    assert said(answer) == ["R12 has not agreed to be passed on to Secu4All; ask first."]
    assert request("R12").state == "under_review"


def test_refer_with_consent_hands_over(desk):
    initiative = Initiative.objects.get(name="Secu4All")
    ConsentRecord.objects.create(
        address="r12@example.org",
        purpose=Purpose.SHARE_SECU4ALL,
        status="granted",
        at=request("R12").received_at,
        language="en",
        channel="phone",
    )
    do(desk, "request-refer", "R12", initiative=initiative.pk, reason="Training")
    assert request("R12").state == "referred"


def test_merge_keeps_a_pointer_to_the_other_wish(desk):
    do(desk, "request-merge", "R24", into="r12")
    assert (request("R24").state, request("R24").merged_into.ref) == ("merged", "R12")


@pytest.mark.parametrize(
    ("into", "sentence"),
    [
        ("R99", "There is no request with this reference."),
        ("R24", "Choose another request that is not merged itself."),
        ("N01", "Choose another request that is not merged itself."),
    ],
)
def test_merge_into_nothing_or_itself_is_refused(desk, into, sentence):
    answer = do(desk, "request-merge", "R24", into=into)
    assert sentence in refused(answer) + said(answer)
    assert request("R24").state == "received"


def test_withdrawal_frees_the_dates_on_offer(desk):
    assert Reservation.objects.active().filter(visit__ref="V13").count() == 1
    do(desk, "request-step", "R04", "withdraw", reason="Budget.")
    assert request("R04").state == "withdrawn"
    assert Visit.objects.get(ref="V13").state == "cancelled"
    assert Reservation.objects.active().filter(visit__ref="V13").count() == 0


def test_withdrawal_of_one_department_leaves_the_visit_to_the_other(desk):
    do(desk, "request-step", "R15", "withdraw", reason="No time.")
    assert request("R15").state == "withdrawn"
    assert Visit.objects.get(ref="V09").state == "confirmed"


def test_triage_keeps_priority_and_length(desk):
    answer = do(desk, "request-triage", "R24", priority=5, duration_minutes=360)
    assert said(answer) == ["Priority and length are set."]
    assert (request("R24").priority, request("R24").duration_minutes) == (5, 360)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"priority": 6, "duration_minutes": 90}, "Priority runs from 1 to 5."),
        ({"priority": 3, "duration_minutes": 29}, "A visit takes between 30 minutes and 8 hours."),
        ({"priority": 3, "duration_minutes": 481}, "A visit takes between 30 minutes and 8 hours."),
        ({"priority": "many", "duration_minutes": 90}, "Enter a whole number."),
    ],
)
def test_triage_outside_its_limits_is_refused_in_one_sentence(desk, fields, sentence):
    answer = do(desk, "request-triage", "R24", **fields)
    assert said(answer) == [sentence]
    assert (request("R24").priority, request("R24").duration_minutes) == (3, 180)


# --- Whom we know there ---


def known(desk, ref):
    return [
        person.name for person, _found in go(desk, "request-detail", ref).context["known"].people
    ]


def test_detail_suggests_the_event_contact_with_the_reasons(desk):
    page = go(desk, "request-detail", "R20")
    assert known(desk, "R20") == ["Đurđa Sample-Breza"]
    assert "Met in Rotterdam, Mon 30 Jan 2023." in page.text
    assert "Nothing is linked until you say so." in page.text


def test_link_is_made_by_a_button_and_its_toast_takes_it_back(desk):
    person = Person.objects.get(key="p059")
    answer = do(desk, "request-link", "R20", person=person.pk, add_phone="on")
    assert said(answer) == ["R20 is linked to Đurđa Sample-Breza."]
    assert request("R20").person == person
    assert known(desk, "R20") == []
    (message,) = answer.context["messages"]
    desk.post(message.extra_tags.removeprefix("undo:"))
    assert request("R20").person is None
    assert known(desk, "R20") == ["Đurđa Sample-Breza"]


@pytest.mark.parametrize("person", ["", "x", "0", "9" * 40])
def test_link_to_nobody_is_refused_in_one_sentence(desk, person):
    answer = do(desk, "request-link", "R20", person=person)
    assert said(answer) == ["Choose a person of the address book."]
    assert request("R20").person is None


def test_contact_is_taken_over_as_a_new_person_and_the_toast_takes_it_back(desk):
    VisitRequest.objects.filter(ref="R24").update(person=None, requester_name="Kim Sample-New")
    answer = do(desk, "request-take-over-contact", "R24")
    made = request("R24").person
    assert said(answer) == ["Kim Sample-New is in the address book now."]
    assert made.is_sample
    (message,) = answer.context["messages"]
    desk.post(message.extra_tags.removeprefix("undo:"))
    made.refresh_from_db()
    assert request("R24").person is None
    assert made.archived_at is not None


def test_address_that_looks_like_a_known_one_is_shown_with_a_warning_and_no_button(desk):
    PersonFactory(given="Jo", family="Real", address="jo@ghent.example")
    VisitRequest.objects.filter(ref="R24").update(address="jо@ghent.example", municipality=None)
    row = request("R24")
    row.save()
    page = go(desk, "request-detail", "R24")
    assert "looks like jo@ghent.example and is another" in page.text
    assert "This address mixes alphabets" in page.text
    assert "This is Jo Real" not in page.text


def test_host_is_shown_no_address_book(client, sample):
    host = User.objects.get(host__ref="H1")
    client.force_login(host)
    ref = VisitRequest.objects.visible_to(host).first().ref
    page = go(client, "request-detail", ref)
    assert "known" not in page.context
    assert "Whom we know there" not in page.text


# --- By hand ---


def noted(desk, **fields):
    campaign = request("R24").campaign
    values = {"campaign": campaign.pk, "channel": "phone", "language": "nl", "mode": "on_site"}
    return do(desk, "request-new", **(values | fields))


def test_new_request_by_hand_keeps_the_words_and_takes_the_register_s_facts(desk, coordinator):
    words = "Dag,\nwij willen graag een bezoek – “Ethiek”!"
    answer = noted(desk, city="Den Haag", raw_text=words, date_1="2023-02-22", people=12)
    made = VisitRequest.objects.order_by("pk").last()
    assert said(answer) == [f"{made.ref} is noted."]
    assert (made.country, made.zone, made.channel) == ("NL", "Europe/Amsterdam", "phone")
    assert made.raw_text.splitlines() == words.splitlines()
    assert [str(wish.on) for wish in made.preferred_dates.all()] == ["2023-02-22"]
    assert made.municipality == Municipality.objects.get(place=made.place)
    assert made.due_at is not None


def test_new_request_of_an_ambiguous_city_asks_which_place_is_meant(desk):
    for number, region in enumerate(("North", "South")):
        PlaceFactory(name="Twinville", alternate_names="", region=region, population=900 + number)
    before = VisitRequest.objects.count()
    answer = noted(desk, city="Twinville", raw_text="We call again.")
    assert refused(answer) == ["Several places have this name; choose one below."]
    candidates = answer.context["candidates"]
    assert sorted(place.region for place in candidates) == ["North", "South"]
    assert "We call again." in answer.text
    assert VisitRequest.objects.count() == before
    chosen = candidates[0]
    noted(desk, city="Twinville", place=chosen.pk)
    assert VisitRequest.objects.order_by("pk").last().place == chosen


def test_new_request_of_an_unknown_city_is_refused_and_keeps_what_was_typed(desk):
    answer = noted(desk, city="Atlantis", raw_text="Kept words", requester_name="Nemo Sample")
    assert answer.status_code == 422
    assert refused(answer) == [
        "Atlantis is not in our list of places. Check the spelling, or choose the country: "
        "then we keep the name as you typed it."
    ]
    for words in ("Atlantis", "Kept words", "Nemo Sample"):
        assert words in answer.text


def test_new_request_of_an_unknown_city_is_kept_as_typed_with_its_country(desk):
    PlaceFactory(name="Bigtown", country="PT", zone="Atlantic/Azores", population=10_000_000)
    answer = noted(desk, city="Atlantis", country="PT")
    made = VisitRequest.objects.order_by("pk").last()
    assert said(answer) == [f"{made.ref} is noted."]
    assert (made.city, made.country, made.zone) == ("Atlantis", "PT", "Atlantic/Azores")
    assert (made.place, made.municipality.name) == (None, "Atlantis")


def test_new_request_of_a_city_in_another_country_asks_which_is_right(desk):
    before = VisitRequest.objects.count()
    answer = noted(desk, city="Brescia", country="FR")
    assert refused(answer) == [
        "Brescia is in Italy, not in France. Choose the right country; for another place of this "
        "name, write its region after a comma."
    ]
    assert [place.name for place in answer.context["candidates"]] == ["Brescia"]
    assert VisitRequest.objects.count() == before
    noted(desk, city="Brescia, Savoie", country="FR")
    made = VisitRequest.objects.order_by("pk").last()
    assert (made.city, made.country, made.place) == ("Brescia, Savoie", "FR", None)
    place = answer.context["candidates"][0].pk
    noted(desk, city="Brescia", country="FR", place=place)
    assert VisitRequest.objects.order_by("pk").last().country == "IT"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"city": ""}, "city"),
        ({"city": "x" * 201}, "city"),
        ({"date_1": "2023-02-30"}, "date_1"),
        ({"date_1": "soon"}, "date_1"),
        ({"people": 0}, "people"),
        ({"people": "99999999999999999999"}, "people"),
        ({"address": "not an address"}, "address"),
        ({"raw_text": "x" * 20_001}, "raw_text"),
        ({"questions": "a\nb\nc\nd"}, "questions"),
        ({"channel": "pigeon"}, "channel"),
        ({"language": "xx"}, "language"),
        ({"place": "here"}, "place"),
    ],
)
def test_new_request_with_one_wrong_answer_gets_one_sentence_and_is_not_kept(desk, fields, name):
    before = VisitRequest.objects.count()
    answer = noted(desk, **({"city": "Utrecht", "requester_name": "Kept Name"} | fields))
    assert answer.status_code == 422
    assert {key: len(faults) for key, faults in answer.context["form"].errors.items()} == {name: 1}
    assert "Kept Name" in answer.text
    assert VisitRequest.objects.count() == before


def test_new_request_for_a_far_year_is_refused_beside_its_date(desk):
    answer = noted(desk, city="Utrecht", date_1="0001-01-01")
    assert answer.status_code == 422
    assert len(refused(answer)) == 1


def test_control_characters_are_left_out_of_a_noted_request(desk):
    noted(desk, city="Utrecht\x00")
    assert VisitRequest.objects.latest("pk").city == "Utrecht"


def test_new_request_from_a_person_begins_with_what_is_known(desk):
    person = PersonFactory(given="Maximilian-Alexander", family="Sample-Platane", role="Head")
    page = go(desk, "request-new", person=person.pk)
    initial = page.context["form"].initial
    assert (initial["requester_name"], initial["requester_role"]) == (person.name, "Head")


@pytest.mark.parametrize("person", ["0", "999999999", "99999999999999999999999", "abc", "²"])
def test_new_request_from_nobody_is_not_an_error(desk, person):
    assert go(desk, "request-new", person=person).status_code in (200, 404)


# --- Who ---


def test_host_sees_the_requests_of_the_own_visits_alone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    assert go(client, "request-detail", "R24").status_code == 404
    assert go(client, "request-detail", "R01").status_code == 200


def test_host_and_expert_are_shown_no_address_of_a_requester(client, sample):
    for email, ref in (("host@example.org", "R01"), ("expert@example.org", "R14")):
        client.force_login(User.objects.get(email=email))
        page = go(client, "request-detail", ref)
        assert page.status_code == 200
        assert f"{ref.lower()}@example.org" not in page.text


def test_reporter_and_administrator_may_not_see_requests(client, sample, reporter, administrator):
    for user in (reporter, administrator):
        client.force_login(user)
        assert go(client, "request-list").status_code == 403
        assert go(client, "request-detail", "R24").status_code == 403


def test_host_may_take_no_step(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    assert do(client, "request-review", "R24").status_code == 403
    assert do(client, "request-step", "R01", "withdraw", reason="x").status_code == 403
