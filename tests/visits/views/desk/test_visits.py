"""Visits: the list, one visit, and each step from an offer to the end."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import AuditEntry, ClockSetting, OutgoingMail, User
from tests.factories.crm import CLOCK
from tests.factories.visits import BriefEditionFactory, HostAvailabilityFactory
from tests.visits.views.desk.front_door import change_visit, do, go, refused, said
from visits.models import Reservation, Visit, VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def visit(ref):
    return Visit.objects.get(ref=ref)


def shown(page):
    return [row.ref for row in page.context["page"].page_obj]


# --- List and detail ---


def test_list_narrows_by_host_and_says_so_in_words(desk):
    page = go(desk, "visit-list", host="H2")
    assert shown(page) == ["V18", "V14"]
    assert [pill.label for pill in page.context["page"].pills] == ["Host: Backup expert (sample)"]


def test_list_without_a_filter_shows_no_pill(desk):
    assert go(desk, "visit-list").context["page"].pills == []


def test_list_finds_cities_in_any_spelling(desk):
    assert shown(go(desk, "visit-list", q="gdansk")) == ["V09"]


def test_export_holds_the_rows_of_the_page_in_its_order(desk):
    query = {"state": ["tentative"], "sort": "-starts_at"}
    page = go(desk, "visit-list", **query)
    file = b"".join(go(desk, "visit-list", **query, **{"as": "csv"}).streaming_content)
    rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
    assert [row["Reference"] for row in rows] == shown(page)
    assert len(rows) == 6


@pytest.mark.parametrize(
    "query", [{"sort": "nothing"}, {"state": "flying"}, {"host": "H9"}, {"q": "x" * 201}]
)
def test_list_that_cannot_be_read_says_why_and_finds_nothing(desk, query):
    page = go(desk, "visit-list", **query)
    assert page.status_code == 200
    assert len(page.context["page"].faults) == 1
    assert shown(page) == []


def test_detail_shows_both_times_and_both_requests(desk):
    page = go(desk, "visit-detail", "V10")
    assert "10:00–14:30 Vilnius (EET)" in page.text
    assert "09:00–13:30 Oslo (CET)" in page.text
    assert [row.ref for row in go(desk, "visit-detail", "V09").context["requests"]] == [
        "R15",
        "R14",
    ]


@pytest.mark.parametrize(
    "tab", ["agenda", "people", "checklist", "travel", "mail", "brief", "report", "history", "?"]
)
@pytest.mark.parametrize("ref", ["V01", "V03", "V06", "V09", "V11", "V15"])
def test_every_tab_opens_in_every_state(desk, ref, tab):
    assert go(desk, "visit-detail", ref, tab=tab).status_code == 200


def test_detail_names_the_disruption_of_a_visit_at_risk(desk):
    page = go(desk, "visit-detail", "V08")
    assert len(page.context["disruptions"]) == 1
    assert "Decide: an earlier journey, online, another host or another day." in page.text


def test_detail_of_a_postponed_visit_leads_to_the_one_that_replaces_it(desk):
    assert go(desk, "visit-detail", "V03").context["later"].ref == "V04"


# --- Steps ---


def ready(ref):
    """An offer the city has taken, with nothing missing."""
    row = visit(ref)
    hold = row.holds.get()
    hold.accepted_at = CLOCK
    hold.save()
    row.requests.update(state="scheduled")
    row.agreement, row.address = "Mail of 15 Feb", "City hall"
    row.meeting_link = "https://meet.example/x"
    row.local_contact_verified_at = timezone.now()
    row.save()
    return row


def test_confirming_an_open_offer_is_refused(desk):
    answer = do(desk, "visit-confirm", "V11")
    assert said(answer) == ["V11 still has offered dates; the city chooses one first."]
    assert visit("V11").state == "tentative"


def test_confirming_names_what_is_missing(desk):
    row = ready("V11")
    row.agreement, row.address = "", ""
    row.save()
    answer = do(desk, "visit-confirm", "V11")
    assert said(answer) == [
        "V11 cannot be confirmed yet. Missing: evidence that the municipality agreed; "
        "the address of the meeting."
    ]
    assert visit("V11").state == "tentative"


def test_visit_with_nothing_missing_is_confirmed(desk):
    ready("V11")
    answer = do(desk, "visit-confirm", "V11")
    assert said(answer) == ["V11 is confirmed; the confirmation is in the outbox."]
    assert visit("V11").state == "confirmed"


def facts(ref, **changed):
    page_fields = (
        "address meeting_link local_contact_name local_contact_address local_contact_phone "
        "materials notes agreement"
    ).split()
    return {name: getattr(visit(ref), name) for name in page_fields} | changed


def test_fact_that_was_the_last_one_missing_confirms_the_visit_and_says_so(desk):
    row = ready("V11")
    row.address = ""
    row.save()
    answer = do(desk, "visit-edit", "V11", **facts("V11", address="Town hall, Tallinn"))
    assert said(answer) == ["V11 is confirmed; the confirmation is in the outbox."]
    assert visit("V11").state == "confirmed"
    letters = OutgoingMail.objects.filter(message__visits=row, subject__contains="is confirmed")
    assert letters.count() == 1


def test_fact_that_leaves_something_missing_says_that_it_is_kept(desk):
    answer = do(desk, "visit-edit", "V11", **facts("V11", address="Town hall, Tallinn"))
    assert said(answer) == ["V11 is changed."]


def test_visit_that_is_confirmed_without_a_letter_says_so(desk):
    row = ready("V11")
    row.requests.update(address="", address_key="")
    answer = do(desk, "visit-confirm", "V11")
    assert said(answer) == [
        "V11 is confirmed, but no letter could be written; tell the city yourself."
    ]


def test_changing_the_address_sends_a_briefed_visit_back_to_confirmed(desk):
    do(desk, "visit-edit", "V07", **facts("V07", address="Rådhuspladsen 2, Aarhus"))
    assert (visit("V07").state, visit("V07").address) == ("confirmed", "Rådhuspladsen 2, Aarhus")


def test_changing_our_own_notes_makes_the_host_s_brief_untrue(desk):
    do(desk, "visit-edit", "V07", **facts("V07", notes="Bring the small projector."))
    assert (visit("V07").state, visit("V07").notes) == ("confirmed", "Bring the small projector.")


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "x" * 301},
        {"meeting_link": "not a link"},
        {"local_contact_address": "nobody at home"},
        {"local_contact_name": "x" * 201},
    ],
)
def test_facts_with_one_wrong_answer_get_one_sentence_and_change_nothing(desk, changed):
    before = facts("V07")
    answer = do(desk, "visit-edit", "V07", **facts("V07", **changed))
    assert answer.status_code == 422
    assert len(refused(answer)) == 1
    assert next(iter(changed.values())) in answer.text
    assert facts("V07") == before


def moved(desk, ref, **fields):
    values = {"side": "municipality", "reason": "Council meets.", "starts_at": "2023-02-24T09:00"}
    return change_visit(desk, ref, **(values | fields))


def test_moving_a_visit_makes_a_new_one_under_the_same_calendar_identity(desk):
    old = visit("V10")
    moved(desk, "V10", starts_at="2023-02-27T09:00", override_reason="He travels on Sunday.")
    old.refresh_from_db()
    new = old.replaced_by.get()
    assert (old.state, old.cancel_reason, old.brief_void) == ("postponed", "Council meets.", True)
    assert (new.state, new.ics_uid, new.ics_sequence) == (
        "tentative",
        old.ics_uid,
        old.ics_sequence + 1,
    )
    assert new.starts_at.isoformat() == "2023-02-27T07:00:00+00:00"
    assert new.duration == old.duration
    assert Reservation.objects.active().filter(visit=old).count() == 0
    assert Reservation.objects.active().filter(visit=new).count() == 1


def test_moving_a_visit_out_of_reach_is_refused_and_names_the_journey(desk):
    (sentence, *_on) = refused(moved(desk, "V10", starts_at="2023-02-27T09:00"))
    assert sentence.startswith(
        "From Oslo on Mon 27 Feb 2023, 07:00 Oslo (CET) Joe Gorman cannot be"
    )
    assert visit("V10").state == "confirmed"


def test_moving_a_visit_onto_another_is_refused_and_changes_nothing(desk):
    answer = moved(desk, "V10", starts_at="2023-02-21T10:00")
    assert refused(answer) == ["Joe Gorman is at V09 Gdańsk then."]
    assert "Council meets." in answer.text
    assert visit("V10").state == "confirmed"
    assert Reservation.objects.active().filter(visit__ref="V10").count() == 1


@pytest.mark.parametrize(
    ("starts_at", "sentence"),
    [
        ("2023-03-01T10:00", "lies outside the offer"),
        ("2023-02-25T10:00", "is a weekend day"),
        ("2023-02-14T10:00", "is over"),
        ("2023-02-24T07:00", "between 09:00 and 17:00 local time"),
    ],
)
def test_moving_a_visit_against_a_rule_needs_a_reason(desk, starts_at, sentence):
    answer = moved(desk, "V10", starts_at=starts_at)
    assert any(sentence in words for words in refused(answer))
    assert visit("V10").state == "confirmed"


def test_moving_a_visit_by_an_hour_is_not_in_its_own_way(desk):
    moved(desk, "V10", starts_at="2023-02-22T11:00")
    assert visit("V10").replaced_by.get().starts_at.isoformat() == "2023-02-22T09:00:00+00:00"


def test_moving_a_visit_against_a_rule_with_a_reason_is_written_down(desk):
    moved(desk, "V10", starts_at="2023-03-01T10:00", override_reason="The mayor insists.")
    assert visit("V10").replaced_by.get().override_reason == "The mayor insists."


@pytest.mark.parametrize(
    "starts_at", ["", "soon", "2023-02-30T10:00", "0001-01-01T00:00", "9999-12-31T23:00"]
)
def test_moving_a_visit_to_no_date_is_refused(desk, starts_at):
    assert len(refused(moved(desk, "V10", starts_at=starts_at))) == 1
    assert visit("V10").state == "confirmed"


def test_visit_that_is_over_cannot_be_moved(desk):
    answer = moved(desk, "V01")
    assert said(answer) == ["V01 is “reported” and cannot become “postponed”."]


def moved_by_an_hour(desk):
    """V10 of R07, moved by us to an hour later; the visit that waits for the city's answer."""
    moved(desk, "V10", side="us", starts_at="2023-02-22T11:00")
    return visit("V10").replaced_by.get()


def test_letter_about_a_move_asks_for_an_answer_before_the_new_date_begins(desk):
    letters = moved_by_an_hour(desk).messages.drafts()
    (letter,) = letters
    assert "please confirm by Mon 20 Feb 2023, 18:00 Vilnius (EET)" in letter.body


def test_plan_offers_to_take_back_a_move_nobody_was_told_of_without_weighing_journeys(desk):
    with CaptureQueriesContext(connection) as before:
        go(desk, "plan")
    moved_by_an_hour(desk)
    with CaptureQueriesContext(connection) as after:
        page = go(desk, "plan")
    assert "Take the move back" in page.text
    assert len(after) - len(before) < 20


def mail_sent(row):
    """Say that the letter about the row's date has left."""
    row.messages.drafts().update(status="queued")


def letters_of(ref):
    rows = Visit.objects.get(ref=ref).messages.order_by("pk")
    return [(row.template.key, row.status) for row in rows]


def test_moved_visit_that_waits_for_its_city_is_moved_again(desk):
    first = moved_by_an_hour(desk)
    mail_sent(first)
    assert "Change this agreed visit" in go(desk, "visit-detail", first.ref).text
    moved(desk, first.ref, side="us", starts_at="2023-02-22T12:00")
    first.refresh_from_db()
    second = first.replaced_by.get()
    assert (first.state, second.state) == ("cancelled", "tentative")
    assert (second.ics_uid, second.ics_sequence) == (first.ics_uid, first.ics_sequence + 1)
    assert VisitRequest.objects.get(ref="R07").state == "scheduled"
    assert (kept(first.ref).count(), kept(second.ref).count()) == (0, 1)
    (letter,) = second.messages.drafts()
    assert "11:00–15:30 Vilnius" in letter.body
    assert "12:00–16:30 Vilnius" in letter.body


def test_city_that_never_heard_of_a_move_is_told_of_the_date_it_knows(desk):
    first = moved_by_an_hour(desk)
    moved(desk, first.ref, side="us", starts_at="2023-02-22T12:00")
    assert letters_of(first.ref) == [("date_changed", "cancelled")]
    (letter,) = first.replaced_by.get().messages.drafts()
    assert "10:00–14:30 Vilnius" in letter.body
    assert "11:00–15:30 Vilnius" not in letter.body


def test_move_is_taken_back_and_the_old_time_is_agreed_again(desk):
    old = visit("V10")
    item = old.checklist.first()
    item.done = True
    item.save()
    waiting = moved_by_an_hour(desk)
    mail_sent(waiting)
    assert "Take the move back" in go(desk, "visit-detail", waiting.ref).text
    answer = do(desk, "visit-take-back", waiting.ref)
    again = visit(waiting.ref).replaced_by.get()
    assert said(answer) == [
        f"{again.ref} takes the place of {waiting.ref}, at the time before the move."
    ]
    assert (visit(waiting.ref).state, again.state) == ("cancelled", "confirmed")
    assert (again.starts_at, again.host, again.agreement) == (
        old.starts_at,
        old.host,
        old.agreement,
    )
    assert (again.ics_uid, again.ics_sequence) == (old.ics_uid, waiting.ics_sequence + 1)
    assert again.checklist.get(key=item.key).done
    assert VisitRequest.objects.get(ref="R07").state == "scheduled"
    assert kept(again.ref).count() == 1
    (letter,) = again.messages.drafts()
    assert letter.template.key == "confirmation"
    assert "10:00–14:30 Vilnius" in letter.body
    assert "11:00–15:30 Vilnius" in letter.body
    assert "Take the move back" not in go(desk, "visit-detail", again.ref).text


def test_taking_back_a_move_nobody_was_told_of_leaves_no_letter(desk):
    waiting = moved_by_an_hour(desk)
    do(desk, "visit-take-back", waiting.ref)
    again = visit(waiting.ref).replaced_by.get()
    assert letters_of(waiting.ref) == [("date_changed", "cancelled")]
    assert letters_of(again.ref) == []


def test_move_after_a_move_is_taken_back_to_the_agreed_time(desk):
    old = visit("V10")
    moved(desk, moved_by_an_hour(desk).ref, side="us", starts_at="2023-02-22T12:00")
    waiting = Visit.objects.get(state="tentative", requests__ref="R07")
    do(desk, "visit-take-back", waiting.ref)
    assert visit(waiting.ref).replaced_by.get().starts_at == old.starts_at


def test_move_is_not_taken_back_to_a_time_the_host_has_lost(desk):
    old = visit("V10")
    waiting = moved_by_an_hour(desk)
    HostAvailabilityFactory(
        host=old.host, starts_at=old.starts_at, ends_at=old.starts_at + timedelta(minutes=30)
    )
    answer = do(desk, "visit-take-back", waiting.ref)
    assert said(answer) == ["Joe Gorman is unavailable then."]
    assert visit(waiting.ref).state == "tentative"
    assert letters_of(waiting.ref) == [("date_changed", "draft")]


@pytest.mark.parametrize("ref", ["V10", "V11", "V16"])
def test_only_a_move_that_waits_for_its_city_is_taken_back(desk, ref):
    assert "Take the move back" not in go(desk, "visit-detail", ref).text
    answer = do(desk, "visit-take-back", ref)
    assert said(answer) == [f"{ref} is not a moved visit that waits for its city."]


def cancelled(desk):
    """V10 of R07, cancelled at the desk; what is said about it."""
    words = {"side": "us", "reason": "The host cannot travel."}
    return do(desk, "visit-step", "V10", "cancel", **words)


def kept(ref):
    return Reservation.objects.active().filter(visit__ref=ref)


def test_cancelling_gives_the_request_back_and_keeps_the_time_for_a_day(desk):
    sequence = visit("V10").ics_sequence
    answer = cancelled(desk)
    assert (visit("V10").state, visit("V10").ics_sequence) == ("cancelled", sequence + 1)
    assert VisitRequest.objects.get(ref="R07").state == "waitlisted"
    assert kept("V10").get().hold.expires_at == CLOCK + timedelta(days=1)
    assert said(answer) == ["V10 is cancelled; its time is kept for a day."]


def test_cancelling_an_open_offer_gives_its_time_free_at_once(desk):
    do(desk, "visit-step", "V11", "cancel", side="us", reason="Elections.")
    assert VisitRequest.objects.get(ref="R08").state == "under_review"
    assert kept("V11").count() == 0


def test_desk_says_until_when_the_time_of_a_cancelled_visit_is_kept(desk):
    cancelled(desk)
    assert (
        "Thu 16 Feb 2023, 10:00 Oslo (CET)</time> nobody else gets this time"
        in go(desk, "visit-detail", "V10").text
    )
    assert "time kept for an undo" in go(desk, "today").text
    assert "its time is kept until Thu 16 Feb 2023, 10:00 Oslo (CET)" in go(desk, "plan").text


def test_kept_time_is_offered_to_nobody_else(desk):
    cancelled(desk)
    answer = moved(desk, "V09", starts_at="2023-02-22T10:00")
    assert refused(answer) == [
        "Joe Gorman keeps this time for the cancelled visit V10 Vilnius until "
        "Thu 16 Feb 2023, 10:00 Oslo (CET), should that be undone; it can be freed on the "
        "visit's page."
    ]


def test_undoing_a_cancellation_makes_the_visit_anew_with_what_was_prepared(desk):
    old = visit("V10")
    item = old.checklist.first()
    item.done = True
    item.save()
    cancelled(desk)
    answer = do(desk, "visit-undo", "V10")
    new = visit("V10").replaced_by.get()
    assert said(answer) == [f"{new.ref} takes the place of V10, at the same time."]
    assert (new.state, new.starts_at, new.ics_uid) == ("confirmed", old.starts_at, old.ics_uid)
    assert new.ics_sequence == old.ics_sequence + 2
    assert new.checklist.get(key=item.key).done
    assert VisitRequest.objects.get(ref="R07").state == "scheduled"
    assert (kept("V10").count(), kept(new.ref).count()) == (0, 1)


def test_letter_about_a_cancellation_that_was_undone_waits_no_longer(desk):
    cancelled(desk)
    draft = visit("V10").messages.get(status="draft", template__key="cancelled")
    do(desk, "visit-undo", "V10")
    draft.refresh_from_db()
    assert draft.status == "cancelled"


def test_freeing_the_kept_time_needs_a_reason_and_ends_the_undo(desk):
    cancelled(desk)
    assert len(refused(do(desk, "visit-free", "V10", reason=" "))) == 1
    answer = do(desk, "visit-free", "V10", reason="Bergen needs it.")
    assert said(answer) == ["The time of V10 is free."]
    assert kept("V10").count() == 0
    entry = AuditEntry.objects.about(visit("V10")).get(verb="free_slot")
    assert (entry.note.why, entry.by.is_coordinator) == ("Bergen needs it.", True)
    assert said(do(desk, "visit-undo", "V10")) == [
        "The time of V10 is no longer kept; offer new dates instead."
    ]


def test_request_that_moved_on_is_not_drawn_back_by_an_undo(desk):
    cancelled(desk)
    VisitRequest.objects.filter(ref="R07").update(state="declined")
    assert said(do(desk, "visit-undo", "V10")) == [
        "The requests of V10 have moved on meanwhile; offer new dates instead."
    ]


def test_cancelling_an_agreed_visit_leaves_a_letter_that_waits_on_its_page(desk):
    do(desk, "visit-step", "V10", "cancel", side="us", reason="Of the house alone")
    page = go(desk, "visit-detail", "V10").content.decode()

    assert "A letter waits for you" in page
    letter = re.search(r"/requests/R07/draft/\d+/", page)[0]
    assert "Of the house alone" not in desk.get(letter).content.decode()


@pytest.mark.parametrize("fields", [{"reason": "x"}, {"side": "us"}, {"side": "x", "reason": "y"}])
def test_cancelling_without_side_or_reason_is_refused(desk, fields):
    answer = do(desk, "visit-step", "V10", "cancel", **fields)
    assert len(refused(answer)) == 1
    assert visit("V10").state == "confirmed"


def begun(ref):
    """The demo clock stands at the start of the visit."""
    ClockSetting.objects.fix(visit(ref).starts_at)


def test_nobody_came_goes_back_to_a_new_proposal(desk):
    begun("V10")
    do(desk, "visit-step", "V10", "no-show", side="municipality", reason="Power cut.")
    assert visit("V10").state == "no_show"
    assert VisitRequest.objects.get(ref="R07").state == "proposed"


def test_counts_complete_the_visit_and_fulfil_its_requests(desk):
    begun("V09")
    answer = do(desk, "visit-complete", "V09", policy_makers=6, other=2)
    assert said(answer) == ["V09 took place."]
    assert visit("V09").state == "completed"
    assert {row.people for row in visit("V09").report.counts.all()} == {6, 2}
    assert set(visit("V09").requests.values_list("state", flat=True)) == {"fulfilled"}


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "Count at least one person; when nobody came, mark the visit so."),
        ({"other": 0}, "Count at least one person; when nobody came, mark the visit so."),
        ({"other": -1}, "Write whole numbers of people, 0 to 1000."),
        ({"other": 1001}, "Write whole numbers of people, 0 to 1000."),
        ({"other": "many"}, "Write whole numbers of people, 0 to 1000."),
    ],
)
def test_counts_that_cannot_be_are_refused_in_one_sentence(desk, counts, sentence):
    begun("V09")
    assert said(do(desk, "visit-complete", "V09", **counts)) == [sentence]
    assert visit("V09").state == "confirmed"


def report(desk, ref, **fields):
    values = {"summary": "Good talks.", "notes": "", "outcome": "open", "evidence": ""}
    return do(desk, "visit-report", ref, **(values | fields))


def test_report_of_a_completed_visit_is_kept(desk):
    assert said(report(desk, "V02")) == ["The report is kept."]
    assert (visit("V02").state, visit("V02").report.summary) == ("reported", "Good talks.")


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "love"},
        {"summary": "x" * 4_001},
        {"outcome": "interested", "evidence": " "},
        {"expected": "many"},
        {"topics_covered": "0"},
    ],
)
def test_report_with_one_wrong_answer_gets_one_sentence_and_keeps_what_was_typed(desk, fields):
    answer = report(desk, "V02", notes="Typed for an hour", **fields)
    (faults,) = answer.context["report_form"].errors.values()
    assert (answer.status_code, len(faults)) == (422, 1)
    assert "Typed for an hour" in answer.text
    assert visit("V02").state == "completed"


def test_report_tells_what_was_expected_and_spoken_of(desk):
    topic = visit("V02").topics.first()
    report(desk, "V02", expected=12, topics_covered=topic.pk)
    kept = visit("V02").report
    assert (kept.expected, list(kept.topics_covered.all())) == (12, [topic])


def test_report_of_a_visit_that_did_not_take_place_is_not_found(desk):
    assert report(desk, "V09").status_code == 404


def test_closing_is_refused_while_a_promise_is_open(desk):
    answer = do(desk, "visit-close", "V01")
    assert said(answer) == ["V01 still has open follow-ups; keep them or drop them first."]
    visit("V01").follow_ups.update(done_on="2023-02-15")
    assert said(do(desk, "visit-close", "V01")) == ["Closed."]
    assert visit("V01").state == "closed"


def test_checklist_item_is_ticked_and_unticked(desk):
    item = visit("V09").checklist.first()
    before = item.done
    do(desk, "visit-tick", "V09", item.pk)
    assert visit("V09").checklist.get(pk=item.pk).done is not before
    do(desk, "visit-tick", "V09", item.pk)
    assert visit("V09").checklist.get(pk=item.pk).done is before
    assert do(desk, "visit-tick", "V10", item.pk).status_code == 404


def test_promise_made_at_a_visit_is_tied_to_it(desk):
    before = visit("V01").follow_ups.count()
    do(desk, "visit-promise", "V01", text="Send the slides", owner="ours", due_on="2023-02-20")
    promise = visit("V01").follow_ups.latest("pk")
    assert visit("V01").follow_ups.count() == before + 1
    assert (promise.text, str(promise.due_on)) == ("Send the slides", "2023-02-20")


@pytest.mark.parametrize(
    "fields", [{"text": ""}, {"text": "x" * 501}, {"due_on": "never"}, {"owner": "nobody"}]
)
def test_promise_with_one_wrong_answer_gets_one_sentence(desk, fields):
    values = {"text": "Send the slides", "owner": "ours", "due_on": "2023-02-20"} | fields
    answer = do(desk, "visit-promise", "V01", **values)
    assert (answer.status_code, len(refused(answer))) == (422, 1)


def test_calendar_file_is_named_by_the_reference_alone(desk):
    answer = go(desk, "visit-ics", "V02")
    assert answer["Content-Disposition"] == 'attachment; filename="V02.ics"'


# --- Who ---


def test_other_host_does_not_know_of_the_visit(client, sample, other_host):
    client.force_login(other_host)
    assert go(client, "visit-detail", "V09").status_code == 404
    assert do(client, "visit-complete", "V09", other=1).status_code == 404


def test_expert_sees_assigned_visits_without_contact_details(client, sample):
    client.force_login(User.objects.get(email="expert@example.org"))
    page = go(client, "visit-detail", "V09")
    assert page.status_code == 200
    assert "r14@example.org" not in page.text
    assert go(client, "visit-detail", "V10").status_code == 404


def test_host_counts_the_people_of_the_own_visit(client, sample):
    begun("V09")
    client.force_login(User.objects.get(email="host@example.org"))
    assert said(do(client, "visit-complete", "V09", other=3)) == ["V09 took place."]
    assert do(client, "visit-confirm", "V11").status_code == 403


def test_a_changed_address_marks_the_sent_programme_as_out_of_date(desk):
    assert "out of date" not in go(desk, "visit-detail", "V07", tab="brief").text
    assert "brief in date" in go(desk, "visit-detail", "V07").text
    Visit.objects.filter(ref="V07").update(address="Another hall 9")
    page = go(desk, "visit-detail", "V07", tab="brief")
    assert [each.standing for each in page.context["editions"]] == ["out_of_date"] * 2
    assert "out of date: the visit says something else now" in page.text
    assert "brief out of date" in go(desk, "visit-detail", "V07").text
    assert "brief out of date" in go(desk, "today").text


def test_nothing_warns_of_the_old_brief_of_a_visit_that_is_over(desk):
    Visit.objects.filter(ref="V01").update(address="Another hall 9")
    page = go(desk, "visit-detail", "V01")
    assert "out of date" not in page.text
    assert "A kept brief says something else" not in page.text


def test_the_brief_is_opened_and_kept_in_a_language_of_choice(desk):
    page = go(desk, "visit-detail", "V09", tab="brief", public="pl", internal="pl")
    internal, public = page.context["kinds"]
    assert [each["code"] for each in internal["languages"]] == ["en", "nb"]
    assert (internal["language"], public["language"]) == ("en", "pl")
    assert "/visits/V09/brief/public.pdf?language=pl" in page.text
    do(desk, "brief-build", "V09", "internal", language="nb")
    assert visit("V09").editions.get(kind="internal", language="nb").version == 1


def test_expert_is_shown_no_internal_edition(client, sample):
    expert = User.objects.get(email="expert@example.org")
    BriefEditionFactory(visit=visit("V09"), kind="internal")
    client.force_login(expert)
    editions = go(client, "visit-detail", "V09", tab="brief").context["editions"]
    assert {edition.kind for edition in editions} <= {"public"}


def test_reporter_may_not_see_visits(client, sample, reporter):
    client.force_login(reporter)
    assert go(client, "visit-list").status_code == 403
    assert go(client, "visit-detail", "V09").status_code == 403
