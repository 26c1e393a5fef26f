"""Handing a request over: what the colleague reads, and that it cannot be used to send mails."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.domain.outbox import with_link
from crm.models import AuditEntry, OutgoingMail, RateHit
from tests.visits.public.conftest import path_of
from visits.models import PendingRequest, Visit, VisitRequest

MINE = "/en/visit/mine/"


def ask(client, number: int = 1, *, name: str = "Kim Example", role: str = ""):
    values = {"ref": "R30", "name": name, "role": role, "address": f"kim{number}@ghent.example"}
    return client.post(f"{MINE}colleague/", values)


def confirm(client):
    """The newest colleague opens the mail and agrees."""
    client.post(f"{MINE}leave/")
    client.get(path_of(OutgoingMail.objects.latest("pk")))
    return client.post(f"{MINE}verify/", {"choice": PendingRequest.objects.latest("pk").pk})


def test_thirty_addresses_get_three_mails_and_the_typed_text_stays(client, asked):
    answers = [ask(client, number) for number in range(30)]

    assert [answer.status_code for answer in answers] == [302] * 3 + [400] * 27
    assert OutgoingMail.objects.count() <= 3
    page = answers[-1].content.decode()
    assert page.count("Several colleagues were asked today.") == 1
    assert "kim29@ghent.example" in page
    assert "Kim Example" in page


def test_another_day_lets_ask_again(client, asked):
    for number in range(3):
        ask(client, number)
    RateHit.objects.update(at=timezone.now() - timedelta(days=1, seconds=1))

    assert ask(client, 4).status_code == 302


def test_network_is_limited_over_all_its_requests(client, asked):
    codes = []
    for number in range(13):
        RateHit.objects.filter(scope="hand-over").delete()
        codes.append(ask(client, number).status_code)

    assert codes == [302] * 12 + [400]


def test_one_colleague_is_asked_at_a_time(client, asked):
    ask(client, 1)
    first = path_of(OutgoingMail.objects.get())
    ask(client, 2)

    assert [row.answers["address"] for row in PendingRequest.objects.all()] == [
        "kim2@ghent.example"
    ]
    assert client.get(first).status_code == 404


def test_colleague_asked_again_after_another_gets_the_new_link(client, asked):
    for number in (1, 2, 1):
        ask(client, number)

    mail = OutgoingMail.objects.get()
    assert mail.recipient == "kim1@ghent.example"
    assert client.get(path_of(mail)).status_code == 302


def test_asking_the_same_colleague_twice_sends_one_mail_and_counts_once(client, asked):
    codes = [ask(client).status_code for _ in range(6)]

    assert codes == [302] * 6
    assert OutgoingMail.objects.count() == PendingRequest.objects.count() == 1


def test_own_address_is_refused_in_one_sentence(client, asked):
    values = {"ref": "R30", "name": "Robin", "address": "Robin@Ghent.example"}
    answer = client.post(f"{MINE}colleague/", values)

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "This request is with that address already; give another one." in page
    assert 'href="#id_address"' in page
    assert OutgoingMail.objects.count() == 0


def test_mail_tells_who_hands_what_over_and_what_happens_then(client, asked):
    VisitRequest.objects.update(requester_role="Head of prevention", city="Gent")
    ask(client, name="Buy at evil.example", role="now")
    mail = OutgoingMail.objects.get()
    words = with_link(mail, mail.text)

    assert mail.subject == "R30: will you take this request over?"
    assert "Who asks you: Head of prevention, Gent" in words
    assert "our mails go to you, and your colleague's link no longer works." in words
    assert "the request stays with your colleague, and we delete your address." in words
    until = timezone.localtime(PendingRequest.objects.get().expires_at).strftime("%Y")
    assert f" {until}, " in words.split("The link works until")[1]
    assert "/visit/r/" in words
    assert "evil" not in words + mail.html
    assert "did not fill in a form" not in words


@pytest.mark.parametrize(
    "role", ["see http://evil.example", "evil.example", "mail me@evil.example", "x" * 81]
)
def test_role_that_is_no_role_is_left_out_of_the_mail(client, asked, role):
    VisitRequest.objects.update(requester_role=role, city="St. Gallen")
    ask(client)
    mail = OutgoingMail.objects.get()

    assert "Who asks you: St. Gallen\n" in mail.text


def test_colleague_reads_the_same_on_the_page_and_may_say_no(client, asked):
    VisitRequest.objects.update(requester_role="Head of prevention", city="Gent")
    ask(client)
    client.post(f"{MINE}leave/")
    page = client.get(path_of(OutgoingMail.objects.get()), follow=True).content.decode()
    client.post(f"{MINE}verify/", {"choice": "none"})

    assert "Will you take this request over?" in page
    assert "Who asks you: Head of prevention, Gent" in page
    assert VisitRequest.objects.get().address == "robin@ghent.example"
    assert PendingRequest.objects.count() == OutgoingMail.objects.count() == 0


def test_phone_and_role_of_the_predecessor_do_not_go_over(client, offered):
    values = {"phone": "+32 9 111", "requester_role": "Head"}
    VisitRequest.objects.update(requester_name="Robin Example", **values)
    Visit.objects.update(
        local_contact_address="robin@ghent.example", local_contact_phone="+32 9 111"
    )
    ask(client)
    confirm(client)

    asked, visit = VisitRequest.objects.get(), Visit.objects.get()
    assert (asked.requester_name, asked.requester_role, asked.phone) == ("Kim Example", "", "")
    assert (visit.local_contact_name, visit.local_contact_phone) == ("Kim Example", "")
    verbs = AuditEntry.objects.about(asked).values_list("verb", flat=True)
    assert {"ask_hand_over", "hand_over_request"} <= set(verbs)


def test_own_new_address_keeps_phone_and_role(client, asked):
    VisitRequest.objects.update(
        requester_name="Robin Example", phone="+32 9 111", requester_role="Head"
    )
    ask(client, name="robin example")
    confirm(client)

    asked.refresh_from_db()
    assert (asked.address, asked.phone, asked.requester_role) == (
        "kim1@ghent.example",
        "+32 9 111",
        "Head",
    )
