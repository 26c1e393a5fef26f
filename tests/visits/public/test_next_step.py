"""The next step and by when: in the city's zone, after every answer, and after silence."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.domain.outbox import with_link
from crm.models import AuditEntry, ClockSetting, FollowUp, OutgoingMail
from tests.factories.crm import CLOCK
from tests.factories.visits import HostFactory, TopicFactory
from tests.visits.public.conftest import hour
from visits.domain.proposals import expire_proposals, propose_dates
from visits.models import Reservation, Visit, VisitRequest

MINE = "/en/visit/mine/"


def page_of(client, path: str = "") -> str:
    return client.get(MINE + path).content.decode()


def fact(page: str, name: str) -> str:
    """What stands beside a label on the page; empty when it is not there."""
    before, _label, after = page.partition(f"<dt>{name}</dt><dd>")
    return after.split("</dd>")[0]


# --- by when ---


def test_answer_is_promised_in_the_time_of_the_city(client, asked):
    VisitRequest.objects.update(
        zone="Europe/Athens", due_at=datetime(2023, 2, 16, 9, tzinfo=UTC), first_reply_at=None
    )

    assert fact(page_of(client), "By when") == "Thu 16 Feb 2023, 11:00 Athens (EET)"


def test_other_dates_are_answered_by_the_moment_the_mail_names(client, offered):
    VisitRequest.objects.update(first_reply_at=CLOCK - timedelta(days=1), due_at=CLOCK)
    client.post(f"{MINE}other-dates/", {"ref": "R30", "reason": "Only Mondays."})

    by_when = fact(page_of(client), "By when")
    assert by_when == "Thu 16 Feb 2023, 10:00 Brussels (CET)"
    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R30: we have your other date"
    assert by_when in mail.text


def test_answered_request_promises_no_time_that_was_kept_already(client, asked):
    VisitRequest.objects.update(
        state="under_review",
        state_since=CLOCK - timedelta(days=2),
        first_reply_at=CLOCK - timedelta(days=1),
        due_at=CLOCK + timedelta(hours=3),
    )

    assert fact(page_of(client), "By when") == ""


# --- silence ---


@pytest.fixture
def expired(client, offered):
    """The two dates were offered until 17 February and nobody answered."""
    late = datetime(2023, 2, 17, 16, 1, tzinfo=UTC)
    ClockSetting.objects.fix(late)
    assert expire_proposals(at=late) == 1
    offered.asked.refresh_from_db()
    return offered.asked


def test_silent_city_is_asked_once_more_as_the_offer_said(expired):
    mails = list(OutgoingMail.objects.order_by("pk"))
    assert expire_proposals(at=datetime(2023, 2, 18, tzinfo=UTC)) == 0
    mail = mails[-1]

    assert expired.state == "expired"
    assert mail.subject == "R30: do you still want a visit?"
    assert "by Fri 17 Feb 2023, 17:00 Brussels (CET), so the dates we held for you" in mail.text
    assert "tell us on your page by Sat 25 Feb 2023" in mail.text
    assert "/visit/r/" in with_link(mail, mail.text)
    assert OutgoingMail.objects.count() == len(mails)


def test_page_of_an_expired_request_names_the_next_step_and_takes_it(client, expired):
    page = page_of(client)
    assert fact(page, "By when") == "Sat 25 Feb 2023"
    assert fact(page, "Next step").startswith("If you still want a visit")
    assert "Yes, we still want a visit" in page
    empty = client.post(f"{MINE}other-dates/", {"ref": "R30", "reason": ""})
    client.post(f"{MINE}other-dates/", {"ref": "R30", "reason": "23 February."})

    expired.refresh_from_db()
    assert (empty.status_code, expired.state, expired.reason) == (
        400,
        "under_review",
        "23 February.",
    )
    assert fact(page_of(client), "By when").startswith("Mon 20 Feb 2023")
    assert OutgoingMail.objects.latest("pk").subject == "R30: we have your other date"


def test_asking_again_twice_changes_nothing_more(client, expired):
    codes = [
        client.post(f"{MINE}other-dates/", {"ref": "R30", "reason": "23 February."}).status_code
        for _ in range(2)
    ]

    assert codes == [302, 302]
    steps = AuditEntry.objects.about(expired).filter(to_state="under_review", actor="municipality")
    assert steps.count() == 1


def test_offer_that_is_over_is_not_asked_for_again(client, expired):
    ClockSetting.objects.fix(datetime(2023, 2, 26, 12, tzinfo=UTC))
    page = page_of(client)

    assert fact(page, "By when") == ""
    assert "Our offer is over." in fact(page, "Next step")
    assert "Yes, we still want a visit" not in page
    assert client.get(f"{MINE}other-dates/").status_code == 302


# --- the place ---


def test_agreed_date_without_a_place_asks_for_it_as_the_next_step(client, offered):
    client.post(f"{MINE}accept/", {"ref": "R30", "hold": offered.holds[0].pk})
    page = page_of(client)
    assert fact(page, "Next step").startswith("You tell us where we meet")
    assert f'action="{MINE}place/"' in page

    refused = client.post(f"{MINE}place/", {"ref": "R30", "place": " "})
    assert refused.status_code == 400
    assert 'href="#id_place">Write where we meet' in refused.content.decode()
    client.post(f"{MINE}place/", {"ref": "R30", "place": "Town hall, room 2"})

    visit = Visit.objects.get()
    assert (visit.address, visit.state) == ("Town hall, room 2", "confirmed")
    assert OutgoingMail.objects.latest("pk").subject == "R30: your visit is confirmed"
    again = client.post(f"{MINE}place/", {"ref": "R30", "place": "Elsewhere"})
    assert again.status_code == 409
    assert "Elsewhere" in again.content.decode()
    assert Visit.objects.get().address == "Town hall, room 2"


def test_over_long_place_is_refused_and_kept(client, offered):
    client.post(f"{MINE}accept/", {"ref": "R30", "hold": offered.holds[0].pk})
    answer = client.post(f"{MINE}place/", {"ref": "R30", "place": "x" * 301})

    assert answer.status_code == 400
    assert "x" * 301 in answer.content.decode()
    assert Visit.objects.get().address == ""


def test_typed_place_is_kept_when_the_date_is_gone_meanwhile(client, offered):
    values = {"ref": "R30", "hold": offered.holds[1].pk, "place": "Town hall"}
    client.post(f"{MINE}accept/", {"ref": "R30", "hold": offered.holds[0].pk})
    second_tab = client.post(f"{MINE}accept/", values)

    assert second_tab.status_code == 400
    assert 'value="Town hall"' in second_tab.content.decode()


def test_typed_place_is_shown_when_nothing_is_held_any_more(client, offered):
    ClockSetting.objects.fix(CLOCK + timedelta(days=5))
    values = {"ref": "R30", "hold": offered.holds[0].pk, "place": "Town hall <2>"}
    page = client.post(f"{MINE}accept/", values).content.decode()

    assert "You had typed this place:" in page
    assert "Town hall &lt;2&gt;" in page


# --- online alone, one date ---


def test_online_alone_says_enough(client, offered):
    nothing = client.post(f"{MINE}other-dates/", {"ref": "R30", "reason": ""})
    online = client.post(
        f"{MINE}other-dates/", {"ref": "R30", "reason": "", "online_is_fine": "on"}
    )

    asked = VisitRequest.objects.get()
    assert (nothing.status_code, online.status_code) == (400, 302)
    assert (asked.state, asked.online_is_fine, asked.reason) == (
        "under_review",
        True,
        "An online meeting is fine too.",
    )


def test_single_date_is_spoken_of_in_the_singular(client, asked):
    asked.topics.add(TopicFactory(code="T01"))
    propose_dates(
        asked,
        host=HostFactory(),
        mode="on_site",
        slots=[hour(22, 9)],
        expires_at=datetime(2023, 2, 17, 16, tzinfo=UTC),
        at=CLOCK,
    )
    page = page_of(client)

    assert "<h1>Does this date suit you?</h1>" in page
    assert "It does not suit us" in page
    assert "None of these" not in page
    expire_proposals(at=datetime(2023, 2, 17, 17, tzinfo=UTC))
    assert "so the date we held for you is free again" in OutgoingMail.objects.latest("pk").text


# --- withdrawn ---


def test_withdrawal_without_a_visit_is_told_by_mail_with_the_time_to_undo(client, asked):
    client.post(f"{MINE}withdraw/", {"ref": "R30", "reference": "R30"})
    mail = OutgoingMail.objects.get()

    assert mail.subject == "R30: your request is withdrawn"
    assert "until Thu 16 Feb 2023, 10:00 Brussels (CET)" in mail.text
    assert mail.calendar == ""


def test_cancelled_visit_gets_its_one_letter(client, offered):
    client.post(f"{MINE}accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Town hall"})
    before = OutgoingMail.objects.count()
    client.post(f"{MINE}withdraw/", {"ref": "R30", "reference": "R30"})

    assert OutgoingMail.objects.count() == before + 1
    assert "METHOD:CANCEL" in OutgoingMail.objects.latest("pk").calendar


# --- corrections ---


def test_language_of_the_mails_and_secrecy_can_be_changed(client, asked):
    page = page_of(client, "correct/")
    assert 'name="language"' in page
    client.post(
        f"{MINE}correct/",
        {
            "ref": "R30",
            "requester_name": "Robin Example",
            "language": "it",
            "secrecy": "Not before March.",
            "mode": "online",
            "online_is_fine": "on",
        },
    )
    client.post(f"{MINE}withdraw/", {"ref": "R30", "reference": "R30"})

    asked.refresh_from_db()
    assert (asked.language, asked.secrecy, asked.mode, asked.online_is_fine) == (
        "it",
        "Not before March.",
        "online",
        True,
    )
    assert OutgoingMail.objects.latest("pk").message.language == "it"
    fields = AuditEntry.objects.get(verb="correct_request").fields
    assert {"language", "secrecy", "mode", "online_is_fine"} <= set(fields)


def test_other_mode_for_an_agreed_date_is_asked_and_answered_by_a_person(client, offered):
    client.post(f"{MINE}accept/", {"ref": "R30", "hold": offered.holds[0].pk, "place": "Hall"})
    values = {"ref": "R30", "requester_name": "Robin Example", "mode": "online"}
    for _ in range(2):
        answer = client.post(f"{MINE}correct/", values, follow=True)

    asked, visit = VisitRequest.objects.get(), Visit.objects.get()
    assert (asked.mode, visit.mode) == ("on_site", "on_site")
    promise = asked.follow_ups.get()
    assert promise.text == "R30 would rather meet like this: online. Answer the city."
    assert (promise.owner, str(promise.due_on)) == ("ours", "2023-02-16")
    assert FollowUp.objects.count() == 1
    entries = AuditEntry.objects.about(asked).filter(verb="correct_request", fields=["mode"])
    assert entries.count() == 1
    assert "Nothing was changed." in answer.content.decode()
    assert Reservation.objects.active().count() == 1


# --- the timeline, the page of faults ---


def test_what_happened_at_one_moment_is_told_newest_first(client, verified):
    verified()
    page = page_of(client).split('id="so-far"')[1]

    assert page.index("Mail to you: R01") < page.index("Your request arrived")


def test_fault_leads_to_its_field(client, offered):
    page = client.post(f"{MINE}accept/", {"ref": "R30"}).content.decode()

    assert '<a href="#slot-1">Choose one of the dates' in page
    assert 'id="slot-1"' in page


def test_form_leads_to_the_first_choice_of_how_to_meet(client, ghent, form):
    page = client.post("/en/visit/", form(mode="")).content.decode()

    assert '<a href="#id_mode_0">Choose how we shall meet.</a>' in page
    assert 'id="id_mode_0"' in page


@pytest.mark.parametrize(
    ("state", "words"),
    [("confirmed", "You get the programme by mail"), ("briefed", "You have the programme")],
)
def test_a_city_that_has_its_programme_is_not_told_to_wait_for_it(client, offered, state, words):
    VisitRequest.objects.update(state="scheduled")
    Visit.objects.update(state=state, address="Town hall 1")
    assert fact(page_of(client), "Next step").startswith(words)
