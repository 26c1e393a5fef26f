"""A city that has an agreed date asks for another one, on its private page."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.models import AuditEntry, ClockSetting, OutgoingMail
from tests.factories.crm import CLOCK, CoordinatorFactory, PersonFactory
from tests.factories.visits import VisitRequestFactory
from tests.visits.public.conftest import hour
from visits.domain.cancellations import take_back_move
from visits.domain.date_wishes import keep_date
from visits.domain.erasure import erase_person
from visits.domain.person_export import export_person
from visits.domain.requests import withdraw_request
from visits.domain.visits import cancel_visit, postpone_visit
from visits.models import DateWish, Reservation, Visit, VisitRequest

MINE = "/en/visit/mine/"
ASK = f"{MINE}another-date/"
STAY = f"{ASK}take-back/"
DAYS = {"date_1": "2023-02-27", "part_1": "morning", "date_2": "2023-02-24", "part_2": "any"}


def text(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def agreed(client, offered):
    """The request with the visit agreed on 22 February, its page open in `client`."""
    answer = {"ref": offered.asked.ref, "hold": offered.holds[0].pk, "place": "Town hall"}
    client.post(f"{MINE}accept/", answer)
    offered.asked.refresh_from_db()
    offered.visit.refresh_from_db()
    return offered


def ask(client, agreed, path=ASK, **more):
    return client.post(path, {"ref": agreed.asked.ref} | DAYS | more)


def move(visit, day=24):
    starts_at, ends_at = hour(day, 9)
    return postpone_visit(
        visit,
        starts_at=starts_at,
        ends_at=ends_at,
        side="municipality",
        reason="They asked.",
        at=CLOCK,
        by=CoordinatorFactory(),
    )


def test_city_asks_for_another_date_and_the_agreed_one_stands(client, agreed):
    assert "Ask for another date" in text(client.get(MINE))
    assert "The agreed date stays until we write to you with another one" in text(client.get(ASK))

    answer = ask(client, agreed, reason="The mayor is away.")

    assert answer.status_code == 302
    wish = DateWish.objects.get()
    assert (wish.request, wish.visit, wish.reason) == (
        agreed.asked,
        agreed.visit,
        "The mayor is away.",
    )
    assert wish.days == [
        {"on": "2023-02-27", "part": "morning"},
        {"on": "2023-02-24", "part": "any"},
    ]
    # Asked on Wednesday at ten; eight hours of the office later.
    assert wish.due_at == datetime(2023, 2, 16, 9, tzinfo=UTC)
    agreed.visit.refresh_from_db()
    agreed.asked.refresh_from_db()
    assert (agreed.visit.state, agreed.asked.state) == ("confirmed", "scheduled")
    assert Reservation.objects.active().filter(visit=agreed.visit).count() == 1
    page = text(client.get(MINE))
    assert "You asked for another date" in page
    assert "Mon 27 Feb 2023, morning" in page
    assert "The agreed date stays until we write to you with another one." in page
    assert "Thu 16 Feb 2023, 10:00 Brussels (CET)" in page


def test_receipt_says_that_the_agreed_date_stays_and_holds_nothing_that_was_typed(client, agreed):
    ask(client, agreed, reason="SECRET of the mayor")

    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R30: you asked for another date"
    assert "You named: Mon 27 Feb 2023, morning; Fri 24 Feb 2023, any time." in mail.text
    assert "Wed 22 Feb 2023, 10:00–13:00 Brussels (CET)" in mail.text
    assert "answers you by Thu 16 Feb 2023, 10:00" in mail.text
    assert "SECRET" not in mail.text


def test_page_and_receipt_speak_the_language_of_the_city(client, agreed):
    VisitRequest.objects.update(language="de")
    page = text(client.get("/de/visit/mine/another-date/"))
    assert "Einen anderen Termin erbitten" in page

    ask(client, agreed, "/de/visit/mine/another-date/")

    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R30: Sie haben um einen anderen Termin gebeten"
    assert "Mo 27. Februar 2023, vormittags" in mail.text
    assert "Sie haben um einen anderen Termin gebeten" in text(client.get("/de/visit/mine/"))


def test_same_wish_sent_twice_is_one_wish_and_one_mail(client, agreed):
    ask(client, agreed)
    sent = OutgoingMail.objects.count()
    ask(client, agreed)

    assert DateWish.objects.count() == 1
    assert OutgoingMail.objects.count() == sent
    assert AuditEntry.objects.about(agreed.asked).filter(verb="ask_for_date").count() == 1


def test_wish_can_be_changed_and_stays_due_when_it_was(client, agreed):
    ask(client, agreed)
    due = DateWish.objects.get().due_at
    ClockSetting.objects.fix(CLOCK + timedelta(hours=5))
    page = text(client.get(ASK))
    assert 'value="2023-02-27"' in page
    ask(client, agreed, date_1="2023-02-23", reason="Better so.")

    wish = DateWish.objects.get()
    assert (wish.days[0]["on"], wish.reason, wish.due_at) == ("2023-02-23", "Better so.", due)


def test_wish_needs_a_day_or_words_and_days_that_lie_ahead(client, agreed):
    nothing = client.post(ASK, {"ref": agreed.asked.ref})
    assert nothing.status_code == 400
    assert "Name at least one day, or tell us" in text(nothing)

    over = ask(client, agreed, date_1="2023-02-14")
    assert over.status_code == 400
    assert "Tue 14 Feb 2023 is over" in text(over)

    twice = ask(client, agreed, date_2="2023-02-27")
    assert twice.status_code == 400
    assert "each named once" in text(twice)
    assert not DateWish.objects.exists()

    assert client.post(ASK, {"ref": agreed.asked.ref, "reason": "March?"}).status_code == 302


def test_city_writes_anew_only_some_times_a_day(client, agreed):
    answers = [ask(client, agreed, reason=f"Reason {number}") for number in range(7)]

    assert [answer.status_code for answer in answers] == [302] * 6 + [400]
    assert "please send it tomorrow" in text(answers[-1])
    assert "Reason 6" in text(answers[-1])
    assert DateWish.objects.get().reason == "Reason 5"


def test_city_takes_its_wish_back_once(client, agreed):
    ask(client, agreed)
    first = client.post(STAY, {"ref": agreed.asked.ref})
    second = client.post(STAY, {"ref": agreed.asked.ref})

    assert (first.status_code, second.status_code) == (302, 409)
    assert "No wish for another date is open" in text(second)
    wish = DateWish.objects.get()
    assert (wish.outcome, wish.settled_at) == ("withdrawn", CLOCK)
    assert OutgoingMail.objects.latest("pk").subject == "R30: your date stays"
    assert "You asked for another date" not in text(client.get(MINE))
    # It may ask again.
    ask(client, agreed)
    assert DateWish.objects.unsettled().count() == 1


@pytest.mark.parametrize("state", ["confirmed", "in_progress", "completed"])
def test_visit_that_has_begun_gets_no_other_date(client, agreed, state):
    ClockSetting.objects.fix(agreed.visit.starts_at)
    Visit.objects.update(state=state)
    if state == "completed":
        VisitRequest.objects.update(state="fulfilled")

    assert "another-date" not in text(client.get(MINE))
    for answer in (client.get(ASK), ask(client, agreed)):
        assert answer.status_code == 409
        assert "The visit has begun or is over" in text(answer)
    assert not DateWish.objects.exists()


def test_request_without_an_agreed_date_asks_for_none(client, offered):
    assert "another-date" not in text(client.get(MINE))
    answer = client.post(ASK, {"ref": offered.asked.ref} | DAYS)
    assert answer.status_code == 409
    assert "No date is agreed now" in text(answer)


def test_moved_visit_is_refused_on_the_page_for_that(client, agreed):
    move(agreed.visit)
    assert "another-date" not in text(client.get(MINE))
    assert client.get(ASK)["Location"] == f"{MINE}other-dates/"


def test_form_sent_after_we_moved_the_visit_changes_nothing(client, agreed):
    client.get(ASK)
    move(agreed.visit)
    answer = ask(client, agreed)
    assert (answer.status_code, answer["Location"]) == (302, f"{MINE}other-dates/")
    assert not DateWish.objects.exists()


def test_wish_ends_with_a_new_date_and_stands_again_when_the_move_is_taken_back(client, agreed):
    ask(client, agreed)
    moved = move(agreed.visit)
    assert not DateWish.objects.open().exists()
    page = text(client.get(MINE))
    assert "You asked for another date. The new one is kept until you answer." in page
    assert "had to move" not in page

    again = take_back_move(moved, at=CLOCK, why="Not so.", by=CoordinatorFactory())
    assert [wish.visit for wish in DateWish.objects.open()] == [again]
    moved = move(again)
    client.post(f"{MINE}agree/", {"ref": agreed.asked.ref, "sure": "yes"})
    moved.refresh_from_db()
    assert moved.state == "confirmed"
    assert not DateWish.objects.open().exists()
    assert "You asked for another date" not in text(client.get(MINE))


def test_wish_ends_with_the_visit(client, agreed):
    ask(client, agreed)
    cancel_visit(agreed.visit, side="us", reason="Ill.", at=CLOCK, by=CoordinatorFactory())
    assert not DateWish.objects.open().exists()


def test_withdrawing_ends_the_wish_and_its_undo_brings_it_back(client, agreed):
    ask(client, agreed)
    client.post(f"{MINE}withdraw/", {"ref": agreed.asked.ref, "reference": agreed.asked.ref})
    assert not DateWish.objects.open().exists()

    client.post(f"{MINE}undo/", {"ref": agreed.asked.ref, "sure": "yes"})
    wish = DateWish.objects.open().get()
    assert wish.visit.state == "confirmed"


def test_department_that_leaves_a_shared_visit_takes_its_wish_along(client, agreed):
    other = VisitRequestFactory(campaign=agreed.asked.campaign, ref="R31", state="scheduled")
    agreed.visit.requests.add(other)
    ask(client, agreed)
    withdraw_request(agreed.asked, reason="No.", at=CLOCK)
    agreed.visit.refresh_from_db()
    assert agreed.visit.state == "confirmed"
    assert not DateWish.objects.open().exists()


def test_answer_of_the_coordinator_goes_out_in_the_language_of_the_city(client, agreed):
    VisitRequest.objects.update(language="de")
    ask(client, agreed)
    agreed.asked.refresh_from_db()
    by = CoordinatorFactory()

    assert keep_date(agreed.asked, answer="Leider nicht.", at=CLOCK, by=by)

    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R30: Der vereinbarte Termin bleibt"
    assert "Leider nicht." in mail.text
    message = agreed.asked.messages.latest("pk")
    assert (message.is_personal, message.written_by) == (True, by)
    assert "Leider nicht" not in text(client.get(MINE))
    assert DateWish.objects.get().outcome == "kept"


def test_person_is_handed_the_wish_and_an_erasure_takes_its_words(client, agreed):
    person = PersonFactory(given="Robin", family="Example")
    VisitRequest.objects.update(person=person)
    ask(client, agreed, reason="Robin Example is away.")

    own = client.get(f"{MINE}data.json").json()["other_dates_asked"]
    assert [(wish["visit"], wish["reason"]) for wish in own] == [
        (agreed.visit.ref, "Robin Example is away.")
    ]
    assert "Robin Example is away." in text(client.get(f"{MINE}data/"))
    told = export_person(person, at=CLOCK)["requests"][0]["other_dates_asked"]
    assert told[0]["reason"] == "Robin Example is away."
    assert [str(day["on"]) for day in told[0]["wished_dates"]] == ["2023-02-27", "2023-02-24"]

    erase_person(person, at=CLOCK)
    assert DateWish.objects.get().reason == ""
    notes = AuditEntry.objects.about(agreed.asked).filter(verb="ask_for_date")
    assert not any(hasattr(entry, "note") for entry in notes)


def test_wish_of_another_request_opened_meanwhile_changes_nothing(client, agreed):
    assert client.post(ASK, {"ref": "R99"} | DAYS).status_code == 409
    assert client.post(STAY, {"ref": "R99"}).status_code == 409
    assert not DateWish.objects.exists()
