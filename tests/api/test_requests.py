"""Requests over HTTP: noted by hand, reviewed, offered dates, ended."""

from datetime import UTC, datetime, timedelta

from tests.factories.crm import (
    CLOCK,
    InitiativeFactory,
    MailTemplateFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import (
    CampaignFactory,
    HostFactory,
    ReservationFactory,
    TopicFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.domain.proposals import accept_slot
from visits.models import Hold, Reservation, Visit, VisitRequest
from visits.states import RequestState, VisitState

SLOT = {"starts_at": "2023-02-23T09:00:00Z", "ends_at": "2023-02-23T12:00:00Z"}


def offer(host, **changes):
    return {"host": host.ref, "mode": "on_site", "slots": [SLOT], "letter": "none"} | changes


def test_request_by_hand_is_received_with_its_own_words(desk):
    CampaignFactory()
    TopicFactory(code="T01")
    PlaceFactory(name="Ghent", alternate_names="Gent|Gand", country="BE", zone="Europe/Brussels")
    answer = desk.post(
        "/requests/",
        {
            "campaign": "february-2023",
            "channel": "phone",
            "city": "Gand",
            "raw_text": "They called and want us in March.",
            "topics": ["T01"],
            "wishes": [{"on": "2023-02-23", "part": "morning"}],
            "people": 12,
        },
    )
    assert answer.status_code == 201, answer.content
    made = VisitRequest.objects.get()
    assert answer["Location"].endswith(f"/api/v1/requests/{made.ref}/")
    assert answer.json()["city"] == "Ghent"
    assert answer.json()["topics"] == ["T01"]
    assert answer.json()["preferred_dates"] == [{"rank": 1, "on": "2023-02-23", "part": "morning"}]
    assert (made.channel, made.state, made.zone) == ("phone", "received", "Europe/Brussels")
    assert made.raw_text == "They called and want us in March."


def test_request_with_a_visit_is_not_taken_up_or_put_to_wait_beside_it(desk):
    row = VisitRequestFactory(state=RequestState.UNDER_REVIEW)
    path = f"/requests/{row.ref}"
    assert desk.post(f"{path}/propose/", offer(HostFactory())).status_code == 200
    visit = Visit.objects.get()
    stands = f"{visit} stands: take the offer back or cancel the visit first."
    answer = desk.post(f"{path}/review/")
    assert (answer.status_code, stands in answer.content.decode()) == (400, True)
    row.refresh_from_db()
    assert (row.state, visit.holds.count()) == ("proposed", 1)

    accept_slot(visit.holds.get(), at=CLOCK)
    answer = desk.post(f"{path}/waitlist/", {"reason": "full"})
    assert (answer.status_code, stands in answer.content.decode()) == (400, True)


def test_request_for_a_name_of_two_places_asks_which(desk):
    CampaignFactory()
    places = [
        PlaceFactory(name="Halle", alternate_names="", country=country, population=30_000)
        for country in ("BE", "DE")
    ]
    body = {"campaign": "february-2023", "channel": "email", "city": "Halle"}
    answer = desk.post("/requests/", body)
    assert answer.status_code == 400
    assert all(str(place.pk) in answer.json()["detail"] for place in places)
    assert desk.post("/requests/", body | {"place": places[1].pk}).json()["country"] == "DE"


def test_request_for_an_unlisted_city_is_kept_with_its_country(desk):
    CampaignFactory()
    PlaceFactory(name="Lisbon", country="PT", zone="Europe/Lisbon", population=500_000)
    body = {"campaign": "february-2023", "channel": "email", "city": "Atlantis"}
    refused = desk.post("/requests/", body)
    assert refused.status_code == 400
    assert "Atlantis is not in our list of places" in refused.json()["errors"]["country"][0]
    assert desk.post("/requests/", body | {"country": "PT"}).status_code == 201
    made = VisitRequest.objects.get()
    assert (made.city, made.country, made.zone) == ("Atlantis", "PT", "Europe/Lisbon")


def test_city_of_another_country_is_not_moved_there_in_silence(desk):
    CampaignFactory()
    place = PlaceFactory(name="Brescia", alternate_names="", country="IT", region="Lombardy")
    body = {"campaign": "february-2023", "channel": "email", "city": "Brescia", "country": "FR"}
    answer = desk.post("/requests/", body)
    assert answer.status_code == 400
    assert "Brescia is in Italy, not in France." in answer.json()["detail"]
    assert f"= {place.pk}" in answer.json()["detail"]
    assert VisitRequest.objects.count() == 0


def test_one_fault_of_several_fields_is_told_once_with_their_names(desk):
    answer = desk.post("/requests/", {})
    assert answer.json()["detail"] == "campaign, channel, city: This field is required."


def test_request_by_hand_tells_every_fault_at_once(desk):
    answer = desk.post(
        "/requests/",
        {"campaign": "nowhere", "channel": "web", "city": "", "people": 0, "wishes": [{"on": "x"}]},
    )
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) == {"campaign", "channel", "city", "people", "wishes"}


def test_steps_of_a_request_move_it_and_answer_it_anew(desk):
    row = VisitRequestFactory()
    path = f"/requests/{row.ref}"
    assert desk.post(f"{path}/review/").json()["state"] == "under_review"
    triaged = desk.post(f"{path}/triage/", {"priority": 4, "duration_minutes": 120}).json()
    assert (triaged["priority"], triaged["duration_minutes"]) == (4, 120)
    assert desk.post(f"{path}/needs-info/", {"what": "How many?"}).json()["state"] == "needs_info"
    assert desk.post(f"{path}/review/").json()["state"] == "under_review"
    assert desk.post(f"{path}/waitlist/", {"reason": "Full."}).json()["state"] == "waitlisted"
    assert desk.post(f"{path}/decline/", {"reason": "Full."}).json()["state"] == "declined"
    assert desk.post(f"{path}/reopen/", {"reason": "Free."}).json()["state"] == "under_review"
    assert desk.post(f"{path}/withdraw/", {"reason": "They say."}).json()["state"] == "withdrawn"


def test_request_is_taken_over_and_merged(desk):
    first, second = VisitRequestFactory(), VisitRequestFactory()
    taken = desk.post(f"/requests/{first.ref}/take-over/").json()
    assert taken["municipality"] == VisitRequest.objects.get(pk=first.pk).municipality_id
    merged = desk.post(f"/requests/{second.ref}/merge/", {"into": first.ref}).json()
    assert (merged["state"], merged["merged_into"]) == ("merged", first.ref)


def test_request_is_linked_to_a_known_person_and_the_link_taken_back(desk):
    row, person = VisitRequestFactory(phone="+32 9 210 10 10"), PersonFactory()
    path = f"/requests/{row.ref}"
    linked = desk.post(f"{path}/link-person/", {"person": person.pk, "add_phone": True}).json()
    assert linked["person"] == person.pk
    assert person.contact_points.filter(kind="phone").count() == 1
    assert desk.post(f"{path}/unlink-person/").json()["person"] is None
    again = desk.post(f"{path}/unlink-person/")
    assert again.status_code == 400
    assert f"{row.ref} is linked to nobody." in again.text


def test_who_asks_is_taken_over_as_a_new_person_once(desk):
    row = VisitRequestFactory(requester_name="Kim New", address="kim@ghent.example")
    taken = desk.post(f"/requests/{row.ref}/take-over-contact/").json()
    assert taken["person"] == VisitRequest.objects.get(pk=row.pk).person_id
    assert desk.post(f"/requests/{row.ref}/take-over-contact/").status_code == 400


def test_referral_without_consent_is_refused_with_a_sentence(desk):
    row = VisitRequestFactory(state=RequestState.UNDER_REVIEW)
    InitiativeFactory(name="Secu4All")
    body = {"initiative": "Secu4All", "reason": "Fits better."}
    answer = desk.post(f"/requests/{row.ref}/refer/", body)
    assert answer.status_code == 400
    assert "has not agreed" in answer.json()["detail"]


def test_step_the_table_does_not_have_is_refused_and_changes_nothing(desk):
    row = VisitRequestFactory(state=RequestState.MERGED)
    answer = desk.post(f"/requests/{row.ref}/decline/", {"reason": "No."})
    assert answer.status_code == 400
    assert "cannot become" in answer.json()["detail"]
    row.refresh_from_db()
    assert row.state == RequestState.MERGED


def test_proposal_holds_each_date_and_keeps_a_draft(desk):
    row, host = VisitRequestFactory(), HostFactory()
    MailTemplateFactory(key="date_proposal", language="en", subject="Dates", body="For {city}.")
    other = {"starts_at": "2023-02-24T09:00:00Z", "ends_at": "2023-02-24T12:00:00Z"}
    body = offer(host, slots=[SLOT, other], letter="draft")
    answer = desk.post(f"/requests/{row.ref}/propose/", body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "proposed"
    visit = Visit.objects.get()
    assert answer.json()["visits"] == [visit.ref]
    assert [hold.starts_at for hold in visit.holds.all()] == [
        datetime(2023, 2, 23, 9, tzinfo=UTC),
        datetime(2023, 2, 24, 9, tzinfo=UTC),
    ]
    assert visit.messages.get().status == "draft"


def test_taken_slot_is_a_conflict_with_what_is_in_the_way_and_other_times(desk):
    row, host = VisitRequestFactory(), HostFactory()
    theirs = VisitFactory(host=host, reserved=True)
    answer = desk.post(f"/requests/{row.ref}/propose/", offer(host))
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["title"] == "Conflict"
    assert problem["taken"] == {
        "starts_at": "2023-02-23T09:00:00+00:00",
        "ends_at": "2023-02-23T12:30:00+00:00",
        "visit": theirs.ref,
    }
    assert len(problem["other_times"]) == 3
    assert Hold.objects.count() == 0
    row.refresh_from_db()
    assert row.state == RequestState.RECEIVED
    again = desk.post(f"/requests/{row.ref}/propose/", offer(host, slots=problem["other_times"]))
    assert again.status_code == 200, again.content


def test_one_taken_slot_of_two_holds_neither(desk):
    row, host = VisitRequestFactory(), HostFactory()
    free = {"starts_at": "2023-02-24T09:00:00Z", "ends_at": "2023-02-24T12:00:00Z"}
    ReservationFactory(visit__host=host)
    answer = desk.post(f"/requests/{row.ref}/propose/", offer(host, slots=[free, SLOT]))
    assert answer.status_code == 409
    assert Reservation.objects.count() == 1


def test_slot_against_a_rule_needs_a_reason(desk):
    row, host = VisitRequestFactory(), HostFactory()
    sunday = {"starts_at": "2023-02-26T09:00:00Z", "ends_at": "2023-02-26T12:00:00Z"}
    path = f"/requests/{row.ref}/propose/"
    answer = desk.post(path, offer(host, slots=[sunday]))
    assert answer.status_code == 422
    assert answer.json()["rules"][0]["hard"] == ["Sun 26 Feb 2023 is a weekend day."]
    body = offer(host, slots=[sunday], override_reason="They insist.")
    assert desk.post(path, body).status_code == 200
    assert Visit.objects.get().override_reason == "They insist."


def test_visit_goes_from_offer_to_report(desk):
    visit = VisitFactory(state=VisitState.CONFIRMED, starts_at=CLOCK, reserved=True)
    path = f"/visits/{visit.ref}"
    refused = desk.post(f"{path}/report/", _report())
    assert refused.status_code == 409
    done = desk.post(f"{path}/complete/", {"counts": {"policy_makers": 9, "industry": 0}})
    assert done.json()["state"] == "completed", done.content
    assert desk.post(f"{path}/report/", _report()).json()["state"] == "reported"
    report = desk.get("/reports/", visit=visit.ref).json()["results"][0]
    assert report["counts"] == [{"audience": "policy_makers", "people": 9}]
    assert desk.post(f"{path}/close/").json()["state"] == "closed"


def test_visit_neither_takes_place_nor_fails_before_it_has_begun(desk):
    visit = VisitFactory(starts_at=CLOCK + timedelta(minutes=1))
    for step, body in (
        ("complete", {"counts": {"other": 3}}),
        ("no-show", {"side": "us", "reason": "Nobody."}),
    ):
        answer = desk.post(f"/visits/{visit.ref}/{step}/", body)
        assert answer.status_code == 400
        assert "has not begun: it starts on Wed 15 Feb 2023, 10:01" in answer.json()["detail"]


def test_deadline_of_an_offer_ends_before_its_first_date(desk):
    row, host = VisitRequestFactory(), HostFactory()
    path = f"/requests/{row.ref}/propose/"
    answer = desk.post(path, offer(host, expires_at="2023-02-23T12:00:00Z"))
    assert answer.status_code == 400
    assert "The deadline has to end before the first date begins" in answer.json()["detail"]
    soon = {"starts_at": "2023-02-16T09:00:00Z", "ends_at": "2023-02-16T12:00:00Z"}
    assert desk.post(path, offer(host, slots=[soon])).status_code == 200
    assert Hold.objects.get().expires_at == datetime(2023, 2, 15, 16, tzinfo=UTC)


def test_dates_of_one_offer_do_not_overlap_each_other(desk):
    row, host = VisitRequestFactory(), HostFactory()
    answer = desk.post(f"/requests/{row.ref}/propose/", offer(host, slots=[SLOT, SLOT]))
    assert answer.status_code == 400
    assert "Dates 1 and 2 overlap each other" in answer.json()["detail"]
    assert Hold.objects.count() == 0


def _report():
    return {"summary": "Good.", "notes": "", "outcome": "interested", "evidence": "They said so."}


def test_postponed_visit_is_replaced_and_keeps_its_calendar_identity(desk):
    visit = VisitFactory(reserved=True)
    body = {
        "side": "us",
        "reason": "Ill.",
        "starts_at": "2023-02-22T09:00:00Z",
        "ends_at": "2023-02-22T12:00:00Z",
    }
    assert desk.post(f"/visits/{visit.ref}/postpone/", body).json()["state"] == "postponed"
    moved = Visit.objects.exclude(pk=visit.pk).get()
    assert (moved.replaces, moved.ics_uid) == (visit, visit.ics_uid)


def test_agreed_visit_gets_another_host_and_goes_online_by_the_same_step(desk):
    visit = VisitFactory(reserved=True, agreement="They said yes.")
    visit.address = "Botermarkt 1"
    visit.save()
    other = HostFactory()
    for key in ("date_changed", "visit_changed"):
        MailTemplateFactory(key=key, language="en", subject="-", body="{place_line}")
    body = {
        "side": "us",
        "reason": "Ill.",
        "host": other.ref,
        "mode": "online",
        "starts_at": "2023-02-22T09:00:00Z",
        "ends_at": "2023-02-22T10:30:00Z",
    }
    assert desk.post(f"/visits/{visit.ref}/postpone/", body).json()["state"] == "postponed"
    moved = Visit.objects.get(replaces=visit)
    assert (moved.host, moved.mode, moved.address) == (other, "online", "")
    assert [(step["from"], step["to"]) for step in moved.mode_history] == [("on_site", "online")]
    (letter,) = moved.messages.drafts()
    assert (letter.template.key, letter.body) == ("visit_changed", "Online; the link follows")
    same = {**body, "starts_at": "2023-02-22T10:00:00Z", "ends_at": "2023-02-22T11:00:00Z"}
    del same["mode"], same["host"]
    desk.post(f"/visits/{moved.ref}/postpone/", same)
    again = Visit.objects.get(replaces=moved)
    assert (again.host, again.mode) == (other, "online")
    # The city knows the agreed visit alone, so the letter still tells of host and mode.
    assert [row.template.key for row in again.messages.drafts()] == ["visit_changed"]
    assert not moved.messages.drafts().exists()
    back = {**same, "mode": "on_site", "override_reason": "They insist."}
    desk.post(f"/visits/{again.ref}/postpone/", back)
    assert Visit.objects.get(replaces=again).address == "Botermarkt 1"


def test_visit_that_changed_since_it_was_read_is_not_moved(desk):
    visit = VisitFactory(reserved=True)
    read = desk.get(f"/visits/{visit.ref}/")["ETag"]
    desk.patch(f"/visits/{visit.ref}/", {"address": "Korenmarkt 2"}, if_match=read)
    body = {
        "side": "us",
        "reason": "Ill.",
        "mode": "online",
        "starts_at": "2023-02-22T09:00:00Z",
        "ends_at": "2023-02-22T10:30:00Z",
    }
    late = desk.post(f"/visits/{visit.ref}/postpone/", body, if_match=read)
    assert late.status_code == 412
    assert Visit.objects.get().state == "confirmed"


def test_move_that_waits_for_its_city_is_taken_back(desk):
    visit = VisitFactory(reserved=True, requests=[VisitRequestFactory(state="scheduled")])
    body = {
        "side": "us",
        "reason": "Ill.",
        "starts_at": "2023-02-22T09:00:00Z",
        "ends_at": "2023-02-22T12:00:00Z",
        "override_reason": "They asked for it.",
    }
    desk.post(f"/visits/{visit.ref}/postpone/", body)
    moved = Visit.objects.get(replaces=visit)
    assert desk.post(f"/visits/{moved.ref}/take-back/").json()["state"] == "cancelled"
    assert Visit.objects.get(replaces=moved).starts_at == visit.starts_at
    assert desk.post(f"/visits/{moved.ref}/take-back/").status_code == 400


def test_city_that_asks_for_another_date_is_noted_and_answered(desk):
    request = VisitRequestFactory(state="scheduled", language="en")
    visit = VisitFactory(reserved=True, state="confirmed", requests=[request])
    path = f"/requests/{request.ref}/"
    nothing = desk.post(f"{path}ask-for-date/", {})
    assert (nothing.status_code, "Name at least one day" in nothing.text) == (400, True)

    body = {"wishes": [{"on": "2023-02-27", "part": "morning"}], "reason": "The mayor is away."}
    answer = desk.post(f"{path}ask-for-date/", body)
    assert answer.status_code == 200, answer.content
    (wish,) = answer.json()["date_wishes"]
    assert (wish["visit"], wish["days"], wish["reason"], wish["outcome"]) == (
        visit.ref,
        body["wishes"],
        "The mayor is away.",
        "",
    )

    kept = desk.post(f"{path}keep-date/", {"answer": "No train runs then."})
    assert kept.status_code == 200, kept.content
    assert kept.json()["date_wishes"][0]["outcome"] == "kept"
    assert "No train runs then." in request.messages.latest("pk").body
    assert desk.post(f"{path}keep-date/", {"answer": "Again."}).status_code == 400


def test_visit_moves_to_a_time_against_the_rules_only_with_a_reason(desk):
    visit = VisitFactory(reserved=True)
    night = {
        "side": "us",
        "reason": "Ill.",
        "starts_at": "2023-02-27T20:00:00Z",
        "ends_at": "2023-02-27T23:00:00Z",
    }
    refused = desk.post(f"/visits/{visit.ref}/postpone/", night)
    assert refused.status_code == 422
    assert "17:00" in refused.json()["rules"][0]["hard"][0]
    assert Visit.objects.get().state == visit.state
    insisted = night | {"override_reason": "Their night watch asked for it."}
    assert desk.post(f"/visits/{visit.ref}/postpone/", insisted).json()["state"] == "postponed"


def test_failed_visit_says_whose_side_it_was(desk):
    cancelled, missed = VisitFactory(), VisitFactory(starts_at=CLOCK)
    body = {"side": "municipality", "reason": "Elections."}
    answer = desk.post(f"/visits/{cancelled.ref}/cancel/", body).json()
    assert (answer["state"], answer["cancel_side"]) == ("cancelled", "municipality")
    assert desk.post(f"/visits/{missed.ref}/no-show/", body).json()["state"] == "no_show"
    assert desk.post(f"/visits/{missed.ref}/no-show/", {"side": "us"}).status_code == 400
