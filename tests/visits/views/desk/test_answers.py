"""Answering: a letter from a checked template, and dates that are weighed, held, taken back."""

from datetime import date

import pytest

from crm import clock, wording
from crm.models import Message, OutgoingMail
from tests.factories.crm import DataRequestFactory, FollowUpFactory, PersonFactory
from tests.factories.visits import HostAvailabilityFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.promise_letters import draft_promise_letter
from visits.models import Host, Reservation, Visit, VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def request(ref):
    return VisitRequest.objects.get(ref=ref)


def open_answers(desk):
    return [item["row"].ref for item in go(desk, "today").context["answers"]]


def drafted(desk, ref, key):
    do(desk, "request-answer", ref, template=key)
    return Message.objects.drafts().latest("pk")


# --- Letters ---


def test_answer_opens_a_draft_in_the_requester_s_language_and_sends_nothing(desk):
    before = OutgoingMail.objects.count()
    draft = drafted(desk, "R12", "needs_info")
    assert (draft.language, draft.address) == ("es", "r12@example.org")
    draft = drafted(desk, "R04", "needs_info")
    assert draft.language == "it"
    assert OutgoingMail.objects.count() == before


def test_draft_with_a_gap_is_refused_and_keeps_what_was_typed(desk):
    draft = drafted(desk, "R24", "needs_info")
    answer = do(
        desk, "request-draft", "R24", draft.pk, subject="About R24", body="Why [[reason]]?", send=1
    )
    assert said(answer) == ["The letter cannot go yet: write what stands for [[reason]]."]
    assert "Why [[reason]]?" in answer.text
    draft.refresh_from_db()
    assert (draft.status, request("R24").first_reply_at) == ("draft", None)


def test_letter_that_goes_is_the_first_reply_and_ends_the_waiting(desk):
    assert "R24" in open_answers(desk)
    draft = drafted(desk, "R24", "needs_info")
    fields = {"subject": "About your visit", "body": "Dear R24, which day suits? {link}"}
    answer = do(desk, "request-draft", "R24", draft.pk, send=1, **fields)
    assert said(answer) == ["The letter is in the outbox."]
    mail = OutgoingMail.objects.get(message=draft)
    assert (mail.state, mail.recipient) == ("held_sample", "r24@example.org")
    assert request("R24").first_reply_at.isoformat() == "2023-02-15T09:00:00+00:00"
    assert "R24" not in open_answers(desk)


def test_draft_that_is_kept_goes_nowhere(desk):
    draft = drafted(desk, "R24", "needs_info")
    answer = do(desk, "request-draft", "R24", draft.pk, subject="Later", body="Later")
    assert said(answer) == ["The draft is kept."]
    draft.refresh_from_db()
    assert (draft.status, draft.subject) == ("draft", "Later")
    assert "R24" in open_answers(desk)


def test_draft_that_is_dropped_cannot_be_sent_any_more(desk):
    draft = drafted(desk, "R24", "needs_info")
    do(desk, "request-draft-drop", "R24", draft.pk)
    assert go(desk, "request-draft", "R24", draft.pk).status_code == 404


@pytest.mark.parametrize("fields", [{"subject": ""}, {"body": ""}, {"subject": "x" * 301}])
def test_draft_without_fitting_words_is_refused_and_keeps_them(desk, fields):
    draft = drafted(desk, "R24", "needs_info")
    words = {"subject": "Typed subject", "body": "Typed body"} | fields
    answer = do(desk, "request-draft", "R24", draft.pk, send=1, **words)
    assert len(refused(answer)) == 1
    assert answer.context["form"]["body"].value() == words["body"]
    assert not OutgoingMail.objects.filter(message=draft).exists()


def test_letter_to_a_request_without_an_address_is_refused_in_one_sentence(desk):
    VisitRequest.objects.filter(ref="R24").update(address="", address_key="")
    draft = drafted(desk, "R24", "needs_info")
    answer = do(desk, "request-draft", "R24", draft.pk, subject="S", body="B", send=1)
    assert said(answer) == ["R24 has no mail address; call, or add one."]


def test_draft_of_another_request_is_not_found(desk):
    draft = drafted(desk, "R24", "needs_info")
    assert go(desk, "request-draft", "R12", draft.pk).status_code == 404


def test_unknown_template_is_refused(desk):
    answer = do(desk, "request-answer", "R24", template="no_such")
    assert len(refused(answer)) == 1
    assert Message.objects.drafts().filter(visit_requests__ref="R24").count() == 0


def answer_groups(desk, ref):
    choices = go(desk, "request-answer", ref).context["form"].fields["template"].choices
    return dict(choices[1:])


def test_answer_offers_first_what_fits_the_state_and_chooses_nothing(desk):
    form = go(desk, "request-answer", "R24").context["form"]
    assert form["template"].value() is None
    groups = answer_groups(desk, "R24")
    assert list(groups) == ["Fit for a request in this state", "Other letters"]
    fitting = dict(groups["Fit for a request in this state"])
    assert fitting["needs_info"] == "Ask for what is missing"
    assert not {"cancelled", "visit_thanks", "confirmation"} & set(fitting)


def test_answer_offers_no_letter_to_colleagues_speakers_or_readers(desk):
    offered = {key for group in answer_groups(desk, "R24").values() for key, _title in group}
    assert not {"weekly_status", "travel_approval", "speaker_thanks", "unsubscribed"} & offered
    assert "declined" in offered


@pytest.mark.parametrize("ref", ["R24", "R12", "R19", "R02", "R01", "N01"])
def test_every_letter_offered_has_a_title_of_its_own(desk, ref):
    titles = [title for group in answer_groups(desk, ref).values() for _key, title in group]
    assert len(titles) == len(set(titles)) == 28
    assert not [title for title in titles if "_" in title]


def test_answer_names_the_language(desk):
    assert "reads Español;" in go(desk, "request-answer", "R12").text


# --- Dates ---


def offered(desk, ref="R24", **fields):
    values = {
        "host": "H2",
        "mode": "online",
        "minutes": 90,
        "slot_1": "2023-02-27T10:00",
        "only_one": "on",
        "expires_at": "2023-02-17T17:00",
    }
    return do(desk, "request-propose", ref, **(values | fields))


def ticked(page):
    return [tick.slot.value for tick in page.context["ticks"] if tick.is_ticked]


def test_propose_form_ticks_the_wishes_that_can_be_reached_and_prefills_nothing_else(desk):
    page = go(desk, "request-propose", "R24", mode="online")
    assert ticked(page) == ["2023-02-21T09:30+01:00", "2023-02-23T09:30+01:00"]
    assert page.context["host"].ref == "H2"
    assert page.context["form"]["slot_1"].value() is None
    assert [str(item.wish.on) for item in page.context["wishes"]] == ["2023-02-21", "2023-02-23"]


def test_propose_form_offers_nothing_a_host_cannot_reach_and_leads_to_the_reason(desk):
    page = go(desk, "request-propose", "R24")
    assert (page.context["ticks"], page.context["form"]["slot_1"].value()) == ([], None)
    assert "/requests/R24/why/" in page.text


def test_propose_form_opened_for_a_day_ticks_it_or_says_why_it_cannot_be(desk):
    free = go(desk, "request-propose", "R24", mode="online", host="H2", slot_1="2023-02-22T09:30")
    assert ticked(free) == ["2023-02-22T09:30+01:00"]
    taken = go(desk, "request-propose", "R24", host="H1", slot_1="2023-02-21T09:30")
    assert ticked(taken) == []
    (verdict,) = [verdict for _start, verdict in taken.context["weighed"]]
    assert verdict.hard == ["Joe Gorman is at V09 Gdańsk then."]
    assert "Joe Gorman is at V09 Gdańsk then." in taken.text


def test_what_can_be_reached_is_shown_for_another_host_without_holding_anything(desk):
    before = Visit.objects.count()
    page = offered(desk, look=1, host="H1", slot_2="2023-02-24T13:00")
    assert (page.status_code, Visit.objects.count()) == (200, before)
    assert page.context["host"].ref == "H1"
    assert page.context["form"]["slot_2"].value() == "2023-02-24T13:00"
    assert {tick.slot.host.ref for tick in page.context["ticks"]} == {"H1"}


def test_ticked_dates_are_held_like_typed_ones(desk):
    page = go(desk, "request-propose", "R24", mode="online")
    values = ticked(page)
    answer = offered(desk, slot_1="", ticked=values, expires_at="2023-02-17T17:00")
    assert said(answer) == ["The dates are held; the letter waits as a draft."]
    holds = request("R24").visits.get().holds.order_by("rank")
    assert [hold.starts_at.isoformat() for hold in holds] == [
        "2023-02-21T08:30:00+00:00",
        "2023-02-23T08:30:00+00:00",
    ]


def test_held_dates_are_not_offered_to_the_next_city(desk):
    def free(ref):
        page = go(desk, "request-propose", ref, mode="online", host="H2", minutes=90)
        return {tick.slot.starts_at.isoformat() for tick in page.context["ticks"]}

    start = "2023-02-27T08:30:00+00:00"
    assert start in free("R12")
    offered(desk, slot_1="2023-02-27T09:30")
    assert start not in free("R12")


@pytest.mark.parametrize("value", ["soon", "2023-02-27T10:00", "1899-01-01T10:00+00:00"])
def test_tick_that_no_list_holds_is_refused_in_one_sentence(desk, value):
    answer = offered(desk, slot_1="", ticked=[value])
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert request("R24").visits.count() == 0


def test_typed_date_out_of_reach_names_the_journeys_there_and_on(desk):
    answer = offered(desk, "R12", slot_1="2023-02-22T14:00", mode="on_site", host="H1")
    assert [words for words in refused(answer) if words.startswith("From ")] == [
        "From Vilnius on Wed 22 Feb 2023, 15:00 Vilnius (EET) Joe Gorman cannot be in Málaga by "
        "Wed 22 Feb 2023, 14:00 Madrid (CET); the journey takes 8 h 30 min.",
        "From Málaga on Wed 22 Feb 2023, 16:00 Madrid (CET) Joe Gorman cannot be in Tallinn by "
        "Thu 23 Feb 2023, 09:00 Tallinn (EET): travel is between 07:00 and 21:00, and the journey "
        "takes 8 h 50 min.",
    ]


def test_propose_holds_each_date_and_drafts_the_letter_without_sending(desk):
    before = OutgoingMail.objects.count()
    answer = offered(desk, slot_2="2023-02-24T13:00")
    assert said(answer) == ["The dates are held; the letter waits as a draft."]
    visit = request("R24").visits.get()
    assert (visit.state, visit.host.ref, request("R24").state) == ("tentative", "H2", "proposed")
    assert [hold.starts_at.isoformat() for hold in visit.holds.order_by("rank")] == [
        "2023-02-27T09:00:00+00:00",
        "2023-02-24T12:00:00+00:00",
    ]
    assert {str(hold.expires_at) for hold in visit.holds.all()} == {"2023-02-17 16:00:00+00:00"}
    assert Reservation.objects.active().filter(visit=visit).count() == 2
    assert visit.messages.get().status == "draft"
    assert OutgoingMail.objects.count() == before


def test_propose_and_send_puts_the_letter_in_the_outbox(desk):
    answer = offered(desk, send_now="on")
    assert said(answer) == ["The dates are held and the letter is in the outbox."]
    assert OutgoingMail.objects.filter(message__visit_requests__ref="R24").count() == 1
    assert request("R24").first_reply_at is not None


@pytest.mark.parametrize(
    ("ref", "fields", "sentence"),
    [
        ("R12", {"slot_1": "2023-02-28T10:00", "mode": "on_site"}, "Andalusia"),
        ("R24", {"slot_1": "2023-02-25T10:00"}, "Sat 25 Feb 2023 is a weekend day."),
        ("R24", {"slot_1": "2023-03-01T10:00"}, "lies outside the offer"),
        ("R24", {"slot_1": "2023-02-14T10:00"}, "is over."),
        ("R24", {"slot_1": "2023-02-27T16:00"}, "between 09:00 and 17:00 local time."),
        ("R24", {"slot_1": "2023-02-21T09:30", "host": "H1"}, "Joe Gorman is at V09 Gdańsk then."),
    ],
)
def test_propose_names_the_hard_rule_and_holds_nothing(desk, ref, fields, sentence):
    before = Visit.objects.count()
    answer = offered(desk, ref, **fields)
    assert answer.status_code == 422
    assert any(sentence in words for words in refused(answer))
    assert Visit.objects.count() == before


def test_propose_names_a_host_who_is_unavailable(desk):
    host = Host.objects.get(ref="H2")
    HostAvailabilityFactory(
        host=host, starts_at="2023-02-27T08:00+00:00", ends_at="2023-02-27T16:00+00:00"
    )
    assert refused(offered(desk)) == [f"{host.name} is unavailable then."]


def test_propose_against_a_rule_with_a_reason_is_written_down(desk):
    offered(desk, slot_1="2023-02-25T10:00", override_reason="The city insists on Saturday.")
    assert request("R24").visits.get().override_reason == "The city insists on Saturday."


def test_slot_that_is_taken_cannot_be_had_for_a_reason(desk):
    before = Visit.objects.count()
    answer = offered(desk, slot_1="2023-02-21T09:30", host="H1", override_reason="They insist.")
    assert len(said(answer)) == 1
    assert said(answer)[0].startswith("This slot was taken by another visit")
    assert "They insist." in answer.text
    assert (Visit.objects.count(), request("R24").state) == (before, "received")


def test_only_check_holds_nothing_and_says_how_the_dates_look(desk):
    before = Visit.objects.count()
    answer = offered(desk, check=1)
    assert "possible" in answer.text
    assert Visit.objects.count() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"slot_1": "2023-02-30T10:00"},
        {"slot_1": "soon"},
        {"slot_1": ""},
        {"minutes": 29},
        {"minutes": "x"},
        {"host": "H9"},
        {"mode": "by_boat"},
        {"override_reason": "x" * 501},
        {"expires_at": "yesterday"},
    ],
)
def test_propose_with_one_wrong_answer_gets_one_sentence_and_holds_nothing(desk, fields):
    before = Visit.objects.count()
    answer = offered(desk, **fields)
    assert answer.status_code == 422
    assert len(refused(answer)) == 1
    assert Visit.objects.count() == before


def test_one_date_alone_is_offered_only_on_purpose(desk):
    before = Visit.objects.count()
    answer = offered(desk, only_one="")
    assert refused(answer) == [
        "Offer two to four dates, or tick that this one date is all there is."
    ]
    assert Visit.objects.count() == before
    assert offered(desk, only_one="", check=1).status_code == 200


def test_letter_speaks_of_one_date_in_the_singular_and_of_two_in_the_plural(desk):
    offered(desk)
    (draft,) = request("R24").messages.drafts()
    do(desk, "request-take-back", "R24")
    offered(desk, only_one="", slot_2="2023-02-24T13:00")
    newer = request("R24").messages.drafts().latest("pk")
    assert (draft.template.key, newer.template.key) == ("single_date_proposal", "date_proposal")


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_propose_in_a_far_year_is_refused_with_a_sentence(desk, year):
    answer = offered(desk, slot_1=f"{year}-01-01T00:00", slot_2=f"{year}-12-31T23:30")
    assert refused(answer) or said(answer)
    assert request("R24").visits.count() == 0


def test_deadline_that_has_passed_is_refused_in_one_sentence(desk):
    answer = offered(desk, expires_at="2023-02-14T17:00")
    assert refused(answer) == ["The deadline has to lie ahead."]
    assert request("R24").visits.count() == 0


def test_second_proposal_is_refused_while_one_is_open(desk):
    answer = offered(desk, "R04", slot_1="2023-02-27T10:00")
    assert len(said(answer)) == 1
    assert "take it back before you offer new dates" in said(answer)[0]


def test_taking_back_frees_the_dates_and_the_request(desk):
    offered(desk)
    visit = request("R24").visits.get()
    assert said(do(desk, "request-take-back", "R24")) == ["The dates are free again."]
    assert Reservation.objects.active().filter(visit=visit).count() == 0
    assert request("R24").state == "under_review"
    assert Visit.objects.get(pk=visit.pk).state == "cancelled"


def test_host_may_neither_answer_nor_propose(client, sample, host):
    client.force_login(host)
    assert offered(client).status_code == 403
    assert do(client, "request-answer", "R24", template="needs_info").status_code == 403


# --- To somebody without a request --------------------------------------------------------------


@pytest.fixture
def chase():
    """The draft that presses somebody met at the event for a late promise."""
    person = PersonFactory(given="Ana", family="Berg", address="ana@city.example")
    promise = FollowUpFactory(
        owner="theirs", person=person, text="Send us your floor plan", due_on=date(2023, 2, 14)
    )
    return draft_promise_letter(person, [promise], at=clock.now())


def test_a_chase_without_an_event_leaves_where_they_met_to_be_written(desk):
    person = PersonFactory(given="Ana", family="Berg", address="ana@city.example")
    promise = FollowUpFactory(owner="theirs", person=person, event=None)
    draft = draft_promise_letter(person, [promise], at=clock.now())
    assert "[[" in draft.body
    assert wording.day(promise.created_at.date()) not in draft.body.split(promise.text)[0]


def test_a_chase_opens_from_today_and_mail_and_leaves_by_a_persons_word(desk, chase):
    for page in ("today", "mail-list"):
        assert f'href="/mail/drafts/{chase.pk}/"' in go(desk, page).content.decode()
    shown = go(desk, "mail-draft", chase.pk).content.decode()
    assert "Letter to Ana Berg" in shown
    assert "To ana@city.example, in English. Nothing has gone yet." in shown
    do(desk, "mail-draft", chase.pk, subject="About the plan", body="Dear Ana", send=1)
    mail = OutgoingMail.objects.get(message=chase)
    assert (mail.recipient, mail.subject, mail.state) == (
        "ana@city.example",
        "About the plan",
        "queued",
    )


def test_a_chase_does_not_leave_once_its_reader_asked_us_to_stop(desk, chase):
    DataRequestFactory(person=chase.person, kind="stop")
    answer = do(desk, "mail-draft", chase.pk, subject="About the plan", body="Dear Ana", send=1)
    assert said(answer) == ["They asked us to stop writing, or to be erased."]
    assert not OutgoingMail.objects.filter(message=chase).exists()


def test_a_chase_with_a_gap_stays_and_can_be_dropped(desk, chase):
    answer = do(desk, "mail-draft", chase.pk, subject="S", body="Why [[reason]]?", send=1)
    assert said(answer) == ["The letter cannot go yet: write what stands for [[reason]]."]
    do(desk, "mail-draft-drop", chase.pk)
    chase.refresh_from_db()
    assert chase.status == "cancelled"
    assert go(desk, "mail-draft", chase.pk).status_code == 404
