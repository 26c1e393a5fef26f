"""The private link: verify, see, accept, ask for others, withdraw, undo, correct, hand over."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from crm.models import AuditEntry, ClockSetting, ConsentRecord, DataRequest, OutgoingMail, RateHit
from tests.factories.crm import CLOCK, CoordinatorFactory, UserFactory
from tests.factories.visits import (
    ChecklistItemFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.visits.public.conftest import hour
from visits.domain import verification
from visits.domain.cancellations import free_expired_slots, free_kept_slot
from visits.domain.links import make_link, token_of
from visits.domain.visits import postpone_visit
from visits.models import Hold, PendingRequest, Reservation, Visit, VisitRequest

MINE = "/en/visit/mine/"


def text(answer) -> str:
    return answer.content.decode()


# --- verify ---


def test_verified_form_becomes_a_request_received_at_that_moment(verified, client):
    asked = verified()

    assert (asked.ref, asked.state, asked.channel) == ("R01", "received", "web")
    assert asked.received_at == CLOCK
    assert [str(wish.on) for wish in asked.preferred_dates.all()] == ["2023-02-22"]
    assert [topic.code for topic in asked.topics.all()] == ["T01"]
    assert asked.address == "robin@ghent.example"
    assert "Your request is with us" in text(client.get(MINE))


def test_acknowledgement_goes_out_in_the_language_wanted(verified):
    verified(language="it")

    assert OutgoingMail.objects.latest("pk").subject == "R01: abbiamo ricevuto la richiesta"


def test_consent_is_recorded_with_the_words_that_were_shown(verified):
    asked = verified(consent_name_city="on")

    record = ConsentRecord.objects.get(address=asked.address)
    assert (record.purpose, record.status, record.language) == ("name_city", "granted", "en")
    assert record.text.text == ("You may name our city in public as one that took part in a visit.")
    assert record.at == CLOCK


def test_untouched_verification_is_refused(client, ghent, form, last_link):
    client.post("/en/visit/", form())
    client.get(last_link())
    answer = client.post("/en/visit/mine/verify/", {})

    assert answer.status_code == 400
    assert "Choose whether this request is yours" in text(answer)
    assert VisitRequest.objects.count() == 0


def test_nothing_is_chosen_beforehand_on_the_verification_page(client, ghent, form, last_link):
    client.post("/en/visit/", form())
    page = text(client.get(last_link(), follow=True))

    assert "checked" not in page
    assert "What would you not do again?" in page


def test_verifying_twice_makes_one_request(client, ghent, form, last_link):
    client.post("/en/visit/", form())
    client.get(last_link())
    pending = PendingRequest.objects.get()
    answers = [client.post("/en/visit/mine/verify/", {"choice": pending.pk}) for _ in range(2)]

    assert [answer.url for answer in answers] == [MINE, MINE]
    assert VisitRequest.objects.count() == 1
    assert verification.verify(pending, at=CLOCK) == VisitRequest.objects.get()


def test_one_mail_serves_the_newer_forms_of_the_same_address(client, ghent, form, last_link):
    client.post("/en/visit/", form(people="5"))
    client.post("/en/visit/", form(people="50"))
    client.get(last_link())
    newer = PendingRequest.objects.latest("pk")
    client.post("/en/visit/mine/verify/", {"choice": newer.pk})

    assert VisitRequest.objects.get().people == 50


def test_form_that_is_not_theirs_is_deleted_with_its_mail(client, ghent, form, last_link):
    client.post("/en/visit/", form())
    client.get(last_link())
    answer = client.post("/en/visit/mine/verify/", {"choice": "none"})

    assert "Thank you, it is deleted" in text(answer)
    assert PendingRequest.objects.count() == OutgoingMail.objects.count() == 0


def test_unverified_form_vanishes_after_seven_days_and_a_verified_one_keeps_its_request(
    verified, client, form
):
    verified()
    client.post("/en/visit/", form(address="other@ghent.example"))

    assert verification.purge_unverified(timezone.now() + timedelta(days=6)) == 0
    assert verification.purge_unverified(timezone.now() + timedelta(days=7, minutes=1)) == 1
    assert PendingRequest.objects.count() == 0
    assert VisitRequest.objects.count() == 1
    assert not OutgoingMail.objects.filter(recipient="other@ghent.example").exists()


# --- links ---


def test_link_leaves_the_address_at_once_and_is_told_to_nobody(client, asked):
    answer = client.get(f"/en/visit/r/{token_of(make_link(asked))}/")
    page = client.get(answer.url)

    assert (answer.status_code, answer.url) == (302, MINE)
    assert (answer["Referrer-Policy"], page["Referrer-Policy"]) == ("no-referrer", "same-origin")
    for each in (answer, page):
        assert "no-store" in each["Cache-Control"]
    assert "/r/" not in text(page)


def test_links_that_open_nothing_are_answered_alike(client, asked, form, last_link):
    ended, revoked = make_link(asked), make_link(asked)
    ended.expires_at = timezone.now() - timedelta(seconds=1)
    ended.save()
    revoked.revoked_at = timezone.now()
    revoked.save()
    client.post("/en/visit/", form())
    used = last_link()
    PendingRequest.objects.update(verified_at=timezone.now())
    addresses = [
        "/en/visit/r/unknown/",
        f"/en/visit/r/{'x' * 500}/",
        f"/en/visit/r/{token_of(ended)}/",
        f"/en/visit/r/{token_of(revoked)}/",
        used,
    ]
    answers = [client.get(address) for address in addresses]

    assert {answer.status_code for answer in answers} == {404}
    pages = {text(answer).split("<main")[1] for answer in answers}
    assert len(pages) == 1


def test_guessing_is_limited_and_a_good_link_still_opens(client, asked):
    codes = [client.get(f"/en/visit/r/guess{n}/").status_code for n in range(102)]

    assert codes == [404] * 100 + [429] * 2
    assert client.get(f"/en/visit/r/{token_of(make_link(asked))}/").status_code == 302


def test_revoked_link_ends_the_session_it_opened(client, asked):
    asked.links.update(revoked_at=timezone.now())

    assert client.get(MINE).status_code == 404


def test_opening_every_mailed_link_twice_changes_nothing(client, offered, form, last_link):
    client.post("/en/visit/", form(address="new@ghent.example"))
    addresses = [f"/en/visit/r/{token_of(make_link(offered.asked))}/", last_link()]
    before = _everything()
    for address in addresses * 2:
        client.head(address, follow=True)
        client.get(address, follow=True)

    assert _everything() == before


def _everything():
    models = (VisitRequest, Visit, Hold, Reservation, PendingRequest, OutgoingMail, AuditEntry)
    return [list(model.objects.order_by("pk").values()) for model in (*models, RateHit)]


@pytest.mark.parametrize(
    "path",
    [
        "", "accept/", "other-dates/", "withdraw/", "undo/", "checklist/", "correct/",
        "colleague/", "data/", "data.json", "visit.ics", "programme.pdf", "programme/",
        "verify/",
    ],
)  # fmt: skip
def test_private_pages_open_to_nobody_without_a_link(client, campaign, path):
    assert client.get(MINE + path).status_code in (404, 405)
    assert client.post(MINE + path).status_code in (404, 405)


# --- accept ---


def test_status_page_offers_the_dates_in_local_time_with_the_hosts_beside(client, offered):
    Visit.objects.update(zone="Europe/Vilnius")
    page = text(client.get(MINE))

    assert "Please choose a date" in page
    assert "Wed 22 Feb 2023, 11:00–14:00 Vilnius (EET)" in page
    assert "for the host: Wed 22 Feb 2023, 10:00–13:00 Oslo (CET)" in page
    assert "Fri 17 Feb 2023, 17:00 Brussels (CET)" in page
    assert "checked" not in page


def test_accepting_one_date_frees_the_others_and_confirms_the_visit(client, offered):
    values = {"ref": "R30", "hold": offered.holds[1].pk, "place": "Town hall, room 2"}
    answer = client.post(MINE + "accept/", values)

    offered.asked.refresh_from_db()
    offered.visit.refresh_from_db()
    assert answer.url == MINE
    assert (offered.asked.state, offered.visit.state) == ("scheduled", "confirmed")
    assert offered.visit.starts_at == offered.holds[1].starts_at
    assert offered.visit.address == "Town hall, room 2"
    assert [row.starts_at for row in Reservation.objects.active()] == [offered.visit.starts_at]
    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R30: your visit is confirmed"
    assert "METHOD:REQUEST" in mail.calendar


def test_accepting_without_a_place_agrees_the_date_and_says_what_is_missing(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk})

    offered.visit.refresh_from_db()
    assert offered.visit.state == "tentative"
    assert OutgoingMail.objects.latest("pk").subject == "R30: the date is agreed"
    client.post(
        MINE + "correct/",
        {
            "ref": "R30",
            "requester_name": "Robin Example",
            "meeting_place": "Town hall",
            "people": "10",
        },
    )
    offered.visit.refresh_from_db()
    assert (offered.visit.address, offered.visit.state) == ("Town hall", "confirmed")
    assert OutgoingMail.objects.latest("pk").subject == "R30: your visit is confirmed"


def test_untouched_acceptance_is_refused(client, offered):
    answer = client.post(MINE + "accept/", {"ref": "R30"})

    assert answer.status_code == 400
    assert "Choose one of the dates, then press the button." in text(answer)
    assert VisitRequest.objects.get().state == "proposed"


def test_date_of_another_request_cannot_be_accepted(client, offered):
    other = VisitFactory(state="tentative")
    foreign = Hold.objects.create(
        visit=other,
        reservation=Reservation.objects.create(
            resource="host:other", starts_at=other.starts_at, ends_at=other.ends_at, visit=other
        ),
        starts_at=other.starts_at,
        ends_at=other.ends_at,
        expires_at=CLOCK + timedelta(days=2),
    )
    answer = client.post(MINE + "accept/", {"ref": "R30", "hold": foreign.pk})

    assert answer.status_code == 400
    foreign.refresh_from_db()
    assert foreign.accepted_at is None


def test_form_of_another_request_opened_meanwhile_changes_nothing(client, offered):
    answer = client.post(MINE + "accept/", {"ref": "R99", "hold": offered.holds[0].pk})

    assert answer.status_code == 409
    assert VisitRequest.objects.get(ref="R30").state == "proposed"


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("correct/", {"requester_name": "Somebody Else", "people": "99"}),
        ("colleague/", {"name": "Kim", "address": "kim@elsewhere.example"}),
        ("data/", {"kind": "erase", "text": ""}),
        ("withdraw/", {"reference": "R30"}),
        ("other-dates/", {"reason": "Not for us."}),
    ],
)
def test_every_form_of_another_request_changes_nothing(client, offered, path, values):
    before = list(VisitRequest.objects.values())
    answer = client.post(MINE + path, {"ref": "R99", **values})

    assert answer.status_code == 409
    assert list(VisitRequest.objects.values()) == before
    assert (PendingRequest.objects.count(), DataRequest.objects.count()) == (0, 0)


def test_date_whose_deadline_passed_is_no_longer_offered(client, offered):
    ClockSetting.objects.fix(CLOCK + timedelta(days=5))
    answer = client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk})

    assert answer.status_code == 400
    assert "no longer held for you" in text(answer)


def test_calendar_file_of_the_agreed_visit_names_no_city(client, offered):
    assert client.get(MINE + "visit.ics").status_code == 404
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk})
    answer = client.get(MINE + "visit.ics")

    event = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert event["DTSTART"].dt.isoformat() == "2023-02-22T10:00:00+01:00"
    assert "Ghent" not in str(event["SUMMARY"]) + answer["Content-Disposition"]


def test_programme_is_a_pdf_whose_name_carries_the_reference_alone(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    answer = client.get(MINE + "programme.pdf")

    assert answer.content[:5] == b"%PDF-"
    assert answer["Content-Disposition"] == f'attachment; filename="{offered.visit.ref}.pdf"'


def test_programme_is_also_a_page_in_the_language_of_the_address(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    offered.visit.refresh_from_db()
    offered.visit.notes, offered.visit.aim = "Only for the host.", "A trial"
    offered.visit.save()
    assert MINE + "programme/" in client.get(MINE).text
    page = client.get(MINE + "programme/").text

    assert ("Hall" in page, "Only for the host." in page, "A trial" in page) == (True, False, False)
    assert "Program for besøket deres" in client.get("/nb/visit/mine/programme/").text


def test_none_of_the_dates_needs_a_reason_and_frees_them(client, offered):
    refused = client.post(MINE + "other-dates/", {"ref": "R30", "reason": " "})
    values = {"ref": "R30", "reason": "Only Mondays.", "online_is_fine": "on"}
    taken = client.post(MINE + "other-dates/", values)

    assert (refused.status_code, taken.status_code) == (400, 302)
    asked = VisitRequest.objects.get()
    assert (asked.state, asked.online_is_fine, asked.reason) == (
        "under_review",
        True,
        "Only Mondays.",
    )
    assert Reservation.objects.active().count() == 0
    assert OutgoingMail.objects.latest("pk").subject == "R30: we have your other date"


# --- withdraw ---


def test_withdrawing_needs_the_reference_typed(client, asked):
    codes = [
        client.post(MINE + "withdraw/", {"ref": "R30", "reference": typed}).status_code
        for typed in ("", "R31", "r30 ")
    ]

    assert codes == [400, 400, 302]
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


def test_cancelled_visit_can_be_taken_back_with_its_date(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})
    mail = OutgoingMail.objects.latest("pk")
    untouched = client.post(MINE + "undo/", {"ref": "R30"})
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    assert "METHOD:CANCEL" in mail.calendar
    assert untouched.status_code == 400
    old, new = Visit.objects.order_by("pk")
    assert (old.state, new.state, new.replaces) == ("cancelled", "confirmed", old)
    assert (new.starts_at, new.ics_uid) == (old.starts_at, old.ics_uid)
    assert new.ics_sequence > old.ics_sequence
    assert VisitRequest.objects.get().state == "scheduled"


def cancelled(client, offered):
    """The first date accepted, then the visit cancelled with its request."""
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})
    offered.visit.refresh_from_db()
    return offered.visit


def test_cancelled_visit_keeps_its_date_for_a_day_and_says_so(client, offered):
    before = text(client.get(MINE + "withdraw/"))
    visit = cancelled(client, offered)

    hold = Hold.objects.kept().get()
    assert (hold.visit, hold.starts_at) == (visit, visit.starts_at)
    assert hold.expires_at == CLOCK + timedelta(hours=24)
    assert list(Reservation.objects.active()) == [hold.reservation]
    assert "free those we hold" in before
    page = text(client.get(MINE))
    assert "until Thu 16 Feb 2023, 10:00 Brussels (CET). We keep your date so long" in page
    assert "Wed 22 Feb 2023, 10:00–13:00 Brussels (CET)" in page


def test_date_of_a_cancelled_visit_is_kept_until_it_would_begin_at_most(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    begins = offered.holds[0].starts_at
    ClockSetting.objects.fix(begins - timedelta(hours=1))
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})

    assert Hold.objects.kept().get().expires_at == begins


def test_worker_frees_the_kept_date_after_a_day_and_not_before(client, offered):
    visit = cancelled(client, offered)
    day = CLOCK + timedelta(hours=24)
    early = free_expired_slots(at=day - timedelta(seconds=1))

    assert (early, free_expired_slots(at=day), free_expired_slots(at=day)) == (0, 1, 0)
    assert Reservation.objects.active().count() == 0
    entry = AuditEntry.objects.about(visit).get(verb="free_slot")
    assert entry.actor == "worker"


def test_undo_without_its_date_opens_the_request_again(client, offered):
    visit = cancelled(client, offered)
    by = UserFactory()
    free_kept_slot(visit, reason="Another city needs it.", at=CLOCK, by=by)
    assert "We then look for a date again." in text(client.get(MINE))
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    assert VisitRequest.objects.get(ref="R30").state == "under_review"
    assert Visit.objects.live().count() == Reservation.objects.active().count() == 0


def test_undo_of_a_withdrawal_never_accepts_a_date_that_was_only_offered(client, offered):
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})
    assert Reservation.objects.active().count() == 0
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    assert VisitRequest.objects.get(ref="R30").state == "under_review"
    assert Visit.objects.live().count() == 0


def test_undo_joins_the_visit_that_another_department_kept_alive(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    offered.visit.requests.add(VisitRequestFactory(ref="R31", state="scheduled"))
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    offered.asked.refresh_from_db()
    assert (offered.asked.state, Visit.objects.get().state) == ("scheduled", "confirmed")


def test_timeline_tells_an_undo_as_what_it_is(client, offered):
    cancelled(client, offered)
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})
    page = text(client.get(MINE))

    assert page.count("You took your withdrawal back; the date is agreed again") == 1
    assert page.count("We offered you dates") == page.count("You accepted a date") == 1


def test_undo_twice_books_once(client, offered):
    cancelled(client, offered)
    for _ in range(2):
        client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    assert Visit.objects.live().count() == Reservation.objects.active().count() == 1


def test_undo_ends_after_a_day(client, asked):
    client.post(MINE + "withdraw/", {"ref": "R30", "reference": "R30"})
    ClockSetting.objects.fix(CLOCK + timedelta(hours=24, seconds=1))
    client.post(MINE + "undo/", {"ref": "R30", "sure": "yes"})

    asked.refresh_from_db()
    assert asked.state == "withdrawn"


# --- own data ---


def test_correction_changes_the_request_and_names_fields_in_the_log(client, asked):
    values = {
        "ref": "R30",
        "requester_name": "Kim Example",
        "people": "25",
        "phone": "+32 1",
        "question_1": "A?",
    }
    client.post(MINE + "correct/", values)

    asked.refresh_from_db()
    assert (asked.requester_name, asked.people, asked.phone) == ("Kim Example", 25, "+32 1")
    assert asked.questions == ["A?"]
    assert "people" in AuditEntry.objects.get(verb="correct_request").fields


def test_added_facts_bring_a_waiting_request_back_under_review(client, asked):
    VisitRequest.objects.update(state="needs_info", people=None)
    assert "one to three dates that would suit you" in text(client.get(MINE))
    client.post(
        MINE + "correct/",
        {"ref": "R30", "requester_name": "Robin Example", "people": "8", "date_1": "2023-02-23"},
    )

    asked.refresh_from_db()
    assert asked.state == "under_review"
    assert [str(wish.on) for wish in asked.preferred_dates.all()] == ["2023-02-23"]


def test_checklist_keeps_only_ticks_of_the_own_visit(client, offered):
    client.post(MINE + "accept/", {"ref": "R30", "hold": offered.holds[0].pk})
    foreign = ChecklistItemFactory()
    first = offered.visit.checklist.first()
    client.post(MINE + "checklist/", {"ref": "R30", "done": [first.pk, foreign.pk]})

    foreign.refresh_from_db()
    ticks = [item.done for item in offered.visit.checklist.all()]
    assert ticks == [True] + [False] * (len(ticks) - 1)
    assert foreign.done is False


def test_colleague_takes_over_only_after_answering_and_the_old_link_ends(client, asked, last_link):
    old = f"/en/visit/r/{token_of(make_link(asked))}/"
    client.post(MINE + "colleague/", {"ref": "R30", "name": "Kim", "address": "kim@ghent.example"})
    link = last_link()
    asked.refresh_from_db()
    assert asked.address == "robin@ghent.example"

    client.post(MINE + "leave/")
    client.get(link)
    pending = PendingRequest.objects.get()
    client.post("/en/visit/mine/verify/", {"choice": pending.pk})

    asked.refresh_from_db()
    assert (asked.address, asked.requester_name) == ("kim@ghent.example", "Kim")
    assert client.get(old).status_code == 404
    assert OutgoingMail.objects.latest("pk").recipient == "kim@ghent.example"


def test_own_data_can_be_saved_and_erasure_asked_once(client, asked):
    data = json.loads(client.get(MINE + "data.json").content)
    for _ in range(2):
        client.post(MINE + "data/", {"ref": "R30", "kind": "erase", "text": ""})

    assert (data["reference"], data["address"]) == ("R30", "robin@ghent.example")
    wish = DataRequest.objects.get()
    assert (wish.kind, wish.address, str(wish.due_on)) == (
        "erase",
        "robin@ghent.example",
        "2023-03-15",
    )


def test_private_page_shows_no_internal_word(client, offered):
    planted = "internal-secret"
    VisitRequest.objects.update(
        reason=planted, raw_text=planted, translation=planted, on_site_ruled_out=planted
    )
    Visit.objects.update(
        notes=planted, materials=planted, override_reason=planted, agreement=planted
    )
    offered.visit.checklist.update(note=planted)
    offered.visit.agenda.update(plan_b=planted)
    HostFactory(name="Somebody else")
    pages = [MINE, MINE + "data/", MINE + "data.json", MINE + "correct/", MINE + "withdraw/"]

    assert [path for path in pages if planted in text(client.get(path))] == []


@pytest.mark.parametrize(
    "state",
    [
        "received", "needs_info", "under_review", "proposed", "scheduled", "fulfilled",
        "waitlisted", "declined", "expired", "withdrawn", "referred", "merged", "rejected",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "it", "nb"])
def test_every_state_has_its_page_in_every_language(client, asked, state, language):
    VisitRequest.objects.update(state=state)

    assert client.get(f"/{language}/visit/mine/").status_code == 200


def test_consent_taken_back_is_a_new_record_that_counts(verified, client):
    asked = verified(consent_name_city="on")
    client.post(MINE + "consents/", {"ref": asked.ref, "purpose": ["name_city", "newsletter"]})

    records = ConsentRecord.objects.filter(address=asked.address).order_by("pk")
    assert [(row.purpose, row.status) for row in records] == [
        ("name_city", "granted"),
        ("name_city", "withdrawn"),
    ]
    assert "You may name our city" not in text(client.get(MINE + "data/"))


@pytest.fixture
def moved(client, offered):
    """The request's agreed visit, moved by us from 22 to 23 February."""
    answer = {"ref": offered.asked.ref, "hold": offered.holds[0].pk, "place": "Town hall"}
    client.post(f"{MINE}accept/", answer)
    starts_at, ends_at = hour(23, 9)
    offered.visit.refresh_from_db()
    return postpone_visit(
        offered.visit,
        starts_at=starts_at,
        ends_at=ends_at,
        side="us",
        reason="SECRET of the house",
        at=CLOCK,
        by=CoordinatorFactory(),
    )


def test_moved_date_is_agreed_by_the_city_alone(client, offered, moved):
    page = client.get(MINE).content.decode()
    assert "The date has changed: does it suit you?" in page
    assert "SECRET" not in page

    untouched = client.post(f"{MINE}agree/", {"ref": offered.asked.ref})
    moved.refresh_from_db()
    assert (untouched.status_code, moved.state) == (400, "tentative")

    client.post(f"{MINE}agree/", {"ref": offered.asked.ref, "sure": "yes"})
    moved.refresh_from_db()
    assert moved.state == "confirmed"
    assert "Your date is agreed" in client.get(MINE).content.decode()
    again = client.post(f"{MINE}agree/", {"ref": offered.asked.ref, "sure": "yes"})
    assert again.status_code == 409


def test_city_is_asked_about_a_meeting_online_and_not_about_a_date_alone(client, offered, moved):
    online = postpone_visit(
        moved,
        mode="online",
        starts_at=moved.starts_at,
        ends_at=moved.ends_at,
        side="us",
        reason="SECRET of the house",
        at=CLOCK,
        by=CoordinatorFactory(),
    )
    page = client.get(MINE).content.decode()
    assert "The visit has changed: does it suit you?" in page
    assert "Online; the link follows" in page
    assert "Agree to the change" in page
    assert "new date" not in page
    client.post(f"{MINE}agree/", {"ref": offered.asked.ref, "sure": "yes"})
    online.refresh_from_db()
    # Agreed, and confirmed once there is a link.
    assert (online.state, bool(online.agreement), online.awaits_city) == ("tentative", True, False)


def test_moved_date_that_does_not_suit_is_freed_and_the_city_asks_for_others(
    client, offered, moved
):
    client.post(f"{MINE}other-dates/", {"ref": offered.asked.ref, "reason": "The mayor is away."})

    offered.asked.refresh_from_db()
    moved.refresh_from_db()
    assert (offered.asked.state, moved.state) == ("proposed", "cancelled")
    assert Reservation.objects.active().filter(visit=moved).count() == 0
    assert "We prepare new dates for you" in client.get(MINE).content.decode()
