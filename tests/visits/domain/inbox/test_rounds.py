"""Mail read from a real IMAP server: kept once, understood, filed or left to a person."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from crm.domain.inbox import fetching
from crm.domain.inbox.bounds import Bounds
from crm.models import (
    ClockSetting,
    ConsentRecord,
    ContactPoint,
    IncomingMail,
    MailFolder,
    Message,
    OutgoingMail,
)
from tests.crm.domain.inbox.letters import committed, letter
from tests.factories.crm import (
    ConsentRecordFactory,
    ContactPointFactory,
    CoordinatorFactory,
    MailingRecipientFactory,
    MessageFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from tests.factories.visits import VisitRequestFactory
from visits.domain.inbox import rounds

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ADDRESS = "robin@city.invalid"


def read() -> int:
    return rounds.work_off(at=NOW)


def only() -> IncomingMail:
    return IncomingMail.objects.get()


def standing() -> tuple[str, str, str]:
    mail = only()
    return mail.state, mail.why, mail.kind


@pytest.fixture
def robin():
    person = PersonFactory(given="Robin", family="Example")
    ContactPointFactory(person=person, value=ADDRESS)
    return person


@pytest.fixture
def wish(robin):
    return VisitRequestFactory(
        address=ADDRESS, person=robin, received_at=datetime(2026, 11, 1, tzinfo=UTC)
    )


@pytest.fixture
def sent(robin, wish):
    """A personal letter of ours that left, about the request."""
    message = MessageFactory(
        direction="out", status="queued", person=robin, address=ADDRESS, is_personal=True
    )
    wish.messages.add(message)
    return OutgoingMailFactory(message=message, state="sent", recipient=ADDRESS)


# --- Kept once ---


def test_with_the_demo_clock_a_mail_comes_in_at_its_moment(mailbox, wish):
    moment = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    ClockSetting.objects.fix(moment)
    mailbox.deliver(letter(), at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC))

    read()

    assert only().received_at == moment


def test_a_mail_is_kept_with_its_bytes_and_marked_as_seen(mailbox):
    raw = letter()
    mailbox.deliver(raw, at=datetime(2026, 11, 3, 8, 0, tzinfo=UTC))

    assert read() == 1

    mail = only()
    assert bytes(mail.raw) == raw
    assert (mail.sender, mail.subject, mail.text) == (ADDRESS, "A question", "Could you visit us?")
    assert mail.received_at == datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    assert [b"\\Seen" in flags for flags in mailbox.flags().values()] == [True]
    assert read() == 0


def test_mails_somebody_has_already_seen_are_read_too(mailbox):
    mailbox.deliver(letter())
    with mailbox.client() as client:
        client.select_folder("Drop box")
        client.add_flags([1], [b"\\Seen"])

    assert read() == 1


def test_a_server_that_counts_anew_makes_no_second_row(mailbox):
    mailbox.deliver(letter(), letter(message_id="<2@city.invalid>", text="Another"))
    read()
    before = set(IncomingMail.objects.values_list("pk", "raw_hash"))

    mailbox.count_anew()
    read()

    assert set(IncomingMail.objects.values_list("pk", "raw_hash")) == before
    folder = MailFolder.objects.get()
    assert set(IncomingMail.objects.values_list("uidvalidity", flat=True)) == {folder.uidvalidity}
    mailbox.deliver(letter(message_id="<3@city.invalid>"))
    assert read() == 1


def test_bytes_that_never_arrived_before_the_server_counted_anew_arrive_once(mailbox):
    mailbox.deliver(letter())
    folder = MailFolder.objects.create(name=fetching.folder_name(), uidvalidity=7, last_uid=1)
    IncomingMail.objects.create(folder=folder, uidvalidity=7, uid=1, received_at=NOW)

    read()

    assert only().raw_hash


def test_the_same_mail_on_two_ways_is_kept_twice_and_looked_at_once(mailbox):
    raw = letter()
    mailbox.deliver(raw, b"Received: by another.way\r\n" + raw)

    read()

    rows = IncomingMail.objects.order_by("uid").values_list("state", "why")
    assert list(rows) == [("review", "stranger"), ("ignored", "repeat")]


def test_a_mail_under_the_message_id_of_another_is_not_hidden_by_it(mailbox):
    mailbox.deliver(letter(), letter(text="Other words under the same name"))

    read()

    assert set(IncomingMail.objects.values_list("state", flat=True)) == {"review"}


def test_a_stop_between_keeping_and_marking_loses_nothing(mailbox, monkeypatch):
    mailbox.deliver(letter())
    with monkeypatch.context() as broken:
        broken.setattr(fetching, "_mark_done", lambda *_args: None)
        read()
    assert [b"\\Seen" in flags for flags in mailbox.flags().values()] == [False]

    read()

    assert [b"\\Seen" in flags for flags in mailbox.flags().values()] == [True]
    assert only().marked_at


def test_a_stop_between_listing_and_fetching_loses_nothing(mailbox):
    mailbox.deliver(letter(), letter(message_id="<2@city.invalid>"))
    fetching.fetch_new(stop=lambda: True)
    assert list(IncomingMail.objects.values_list("raw_hash", flat=True)) == ["", ""]

    assert read() == 2


def test_mails_move_to_the_folder_for_what_is_done(mailbox, settings):
    settings.IMAP_DONE_FOLDER = "Kept"
    mailbox.deliver(letter())
    with mailbox.client() as client:
        client.create_folder("Kept")

    read()

    assert mailbox.flags() == {}
    with mailbox.client() as client:
        assert client.folder_status("Kept")[b"MESSAGES"] == 1


def test_a_mail_too_large_is_kept_by_its_head_for_a_person(mailbox):
    mailbox.deliver(letter(text="long\n" * 4_000))

    fetching.fetch_new(bounds=Bounds(mail_bytes=10_000))
    read()

    mail = only()
    assert (mail.state, mail.why, mail.is_stub) == ("review", "too_large", True)
    assert (mail.sender, mail.text) == (ADDRESS, "")
    assert mail.size > 10_000


def test_a_server_that_is_away_is_written_down_and_forgotten_when_it_is_back(mailbox):
    mailbox.deliver(letter())
    mailbox.halt()

    assert read() == 0
    assert read() == 0
    folder = MailFolder.objects.get()
    assert folder.fault.startswith("The mail server cannot be read (")
    assert folder.failing_since < folder.failing_since.now(UTC)

    mailbox.awake()
    assert read() == 1
    folder.refresh_from_db()
    assert (folder.failing_since, folder.fault) == (None, "")
    assert folder.read_at


def test_a_wrong_password_and_a_missing_folder_are_told_apart(mailbox, settings):
    settings.IMAP_PASSWORD = "another"
    read()
    assert MailFolder.objects.get().fault == (
        "The mail server refuses the name or the password of the mailbox."
    )
    settings.IMAP_PASSWORD, settings.IMAP_FOLDER = mailbox.settings()["IMAP_PASSWORD"], "Nowhere"
    read()
    assert MailFolder.objects.latest("pk").fault == "The mailbox has no folder “Nowhere”."


def test_nothing_is_asked_without_a_mailbox(settings):
    settings.IMAP_HOST = ""

    assert read() == 0
    assert not MailFolder.objects.exists()


def test_a_mail_that_fails_is_parked_after_five_tries_and_others_go_on(mailbox, monkeypatch):
    mailbox.deliver(letter(subject="poison"), letter(message_id="<2@city.invalid>"))
    real = rounds.look_into

    def look_into(mail, facts):
        if mail.subject == "poison":
            raise RuntimeError("a fault of ours")
        return real(mail, facts)

    monkeypatch.setattr(rounds, "look_into", look_into)
    for _ in range(7):
        read()
        IncomingMail.objects.update(next_try_at=None)

    poison = IncomingMail.objects.get(tries=5)
    assert (poison.state, poison.why) == ("review", "parked")
    assert IncomingMail.objects.filter(why="stranger").count() == 1


def test_the_words_of_a_letter_put_aside_go_with_its_bytes(mailbox, client, coordinator):
    mailbox.deliver(letter())
    read()
    client.force_login(coordinator)
    long_ago, pk = datetime(2026, 1, 1, tzinfo=UTC), only().pk
    client.post(reverse("visits:inbox-ignore", args=[pk]))
    mail = only()
    assert (mail.state, mail.text) == ("ignored", "Could you visit us?")
    # A letter that waited for long and was put aside now can still be taken back whole.
    IncomingMail.objects.update(fetched_at=long_ago, decided_at=datetime.now(UTC))
    read()
    assert only().text == "Could you visit us?"
    IncomingMail.objects.update(decided_at=long_ago)
    read()
    mail = only()
    assert (mail.raw, mail.subject, mail.text, mail.attachments) == (None, "", "", [])
    assert (mail.state, bool(mail.raw_hash), bool(mail.sender)) == ("ignored", True, True)
    assert "Its words are no longer kept." in client.get(f"/mail/inbox/{pk}/").text


def test_the_bytes_go_after_a_while_and_the_words_stay(mailbox, settings):
    mailbox.deliver(letter())
    read()
    IncomingMail.objects.update(fetched_at=datetime(2026, 1, 1, tzinfo=UTC))

    read()

    mail = only()
    assert (mail.raw, bool(mail.raw_hash), mail.text) == (None, True, "Could you visit us?")
    mailbox.count_anew()
    read()
    assert IncomingMail.objects.count() == 1


# --- Who wrote, and to whom ---


def test_a_stranger_goes_to_a_person_and_is_told_nothing(mailbox, smtp_sink):
    mailbox.deliver(letter("x <stranger@nowhere.invalid>"))

    read()

    assert standing() == ("review", "stranger", "letter")
    assert not OutgoingMail.objects.exists()
    assert not Message.objects.exists()
    assert smtp_sink.messages == []


def test_a_known_contact_without_an_exchange_goes_to_a_person(mailbox, robin):
    mailbox.deliver(letter())

    read()

    assert standing() == ("review", "known", "letter")


def test_a_reply_of_the_recipient_is_filed_to_person_and_request(mailbox, sent, wish, robin):
    mailbox.deliver(committed("reply", sent.mail_id))

    read()

    assert standing() == ("filed", "reply", "letter")
    message = Message.objects.get(direction="in")
    assert (message.person, message.body) == (robin, "Thursday suits us. Café included.")
    assert list(message.visit_requests.all()) == [wish]
    assert only().thread == sent.mail_id


def test_a_reply_ends_the_wait_for_information(mailbox, sent, wish):
    wish.state, wish.reason = "needs_info", "Which day?"
    wish.save()
    mailbox.deliver(committed("reply", sent.mail_id))

    read()

    wish.refresh_from_db()
    assert wish.state == "under_review"


def test_a_reply_by_somebody_else_goes_to_a_person(mailbox, sent):
    raw = committed("reply", sent.mail_id).replace(b"Robin@City.invalid", b"other@city.invalid")
    mailbox.deliver(raw)

    read()

    assert standing() == ("review", "other_sender", "letter")
    assert only().about == ADDRESS


def test_a_sender_whose_letters_only_look_the_same_goes_to_a_person(mailbox, sent):
    raw = committed("reply", sent.mail_id).replace(b"Robin@City", "rоbin@City".encode())
    mailbox.deliver(raw)

    read()

    assert standing() == ("review", "disguised", "letter")


def test_silence_is_over_with_a_reply_and_not_with_an_absence_note(mailbox, sent, robin):
    Message.objects.update(at=datetime(2026, 1, 1, tzinfo=UTC))
    type(robin).objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    month = datetime(2026, 11, 1, tzinfo=UTC)
    silent = type(robin).objects.silent_since

    mailbox.deliver(committed("away_exchange", sent.mail_id), at=NOW)
    read()
    assert standing() == ("filed", "automatic", "automatic")
    assert robin in silent(month)

    mailbox.deliver(committed("reply", sent.mail_id), at=NOW)
    read()
    assert robin not in silent(month)


@pytest.mark.parametrize("name", ["away_exchange", "away_gmail", "away_without_headers"])
def test_absence_notes_are_filed_as_such_and_never_answered(name, mailbox, sent, wish, smtp_sink):
    wish.state, wish.reason = "needs_info", "Which day?"
    wish.save()
    mailbox.deliver(committed(name, sent.mail_id))

    read()

    assert standing() == ("filed", "automatic", "automatic")
    assert Message.objects.get(direction="in").channel == "automatic"
    wish.refresh_from_db()
    assert wish.state == "needs_info"
    assert OutgoingMail.objects.count() == 1
    assert smtp_sink.messages == []


def test_our_own_mail_coming_back_is_put_aside(mailbox, sent, settings):
    mailbox.deliver(letter(settings.DEFAULT_FROM_EMAIL, message_id=sent.mail_id))

    read()

    assert standing() == ("ignored", "own_mail", "letter")


def test_a_foreign_mail_under_our_message_id_goes_to_a_person(mailbox, sent):
    mailbox.deliver(letter(message_id=sent.mail_id))

    read()

    assert standing() == ("review", "own_id", "letter")


# --- Copies of what is written elsewhere ---


@pytest.fixture
def ana():
    return CoordinatorFactory(email="ana@desk.example")


def copy(**more) -> bytes:
    return letter("Ana <ana@desk.example>", f"Robin <{ADDRESS}>", **more)


def test_a_copy_of_a_users_letter_is_filed_and_counts_as_the_first_reply(mailbox, ana, wish, robin):
    moment = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    mailbox.deliver(copy(), at=moment)

    read()

    assert standing() == ("filed", "copy", "copy")
    message = Message.objects.get()
    assert (message.direction, message.status, message.person) == ("out", "logged", robin)
    assert (message.written_by, message.is_personal, message.at) == (ana, True, moment)
    wish.refresh_from_db()
    assert wish.first_reply_at == moment


def test_a_copy_to_several_people_is_filed_to_each(mailbox, ana, robin):
    other = ContactPointFactory(value="kim@city.invalid").person
    mailbox.deliver(copy(Cc="kim@city.invalid, ana@desk.example, stranger@nowhere.invalid"))

    read()

    assert {row.person for row in Message.objects.all()} == {robin, other}


def test_a_copy_written_before_the_request_is_no_reply_to_it(mailbox, ana, wish):
    mailbox.deliver(copy(), at=datetime(2026, 10, 1, tzinfo=UTC))

    read()

    wish.refresh_from_db()
    assert wish.first_reply_at is None


def test_a_copy_to_nobody_known_goes_to_a_person(mailbox, ana):
    mailbox.deliver(copy())

    read()

    assert standing() == ("review", "nobody_known", "copy")


def test_a_copy_about_one_of_several_requests_asks_or_takes_the_one_named(mailbox, ana, wish):
    other = VisitRequestFactory(address=ADDRESS, ref="R77", received_at=wish.received_at)
    mailbox.deliver(copy())
    read()
    assert standing() == ("review", "which_request", "copy")

    mailbox.deliver(copy(subject="Your visit R77", message_id="<2@desk.example>"))
    read()
    (message,) = Message.objects.all()
    assert list(message.visit_requests.all()) == [other]


def test_a_reference_in_a_subject_names_no_request_of_another_city(mailbox, ana, wish):
    VisitRequestFactory(ref="R88", address="else@where.invalid")
    mailbox.deliver(copy(subject="R88"))

    read()

    assert [row.ref for row in Message.objects.get().visit_requests.all()] == [wish.ref]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("mx.desk.example; dmarc=pass header.from=desk.example", "filed"),
        ("mx.desk.example; dkim=pass (ok) header.d=desk.example", "filed"),
        ("mx.desk.example; spf=pass smtp.mailfrom=ana@desk.example", "filed"),
        ("mx.desk.example; dkim=pass header.d=evil.example", "review"),
        ("mx.desk.example; spf=pass smtp.mailfrom=ana@evil.example", "review"),
        ("mx.desk.example; dmarc=fail header.from=desk.example", "review"),
        ("mx.desk.example (dmarc=pass header.from=desk.example); dmarc=none", "review"),
        ("mx.evil.example; dmarc=pass header.from=desk.example", "review"),
        (None, "review"),
    ],
)
def test_a_copy_counts_only_when_the_named_server_vouches_for_it(
    said, state, mailbox, ana, robin, settings
):
    settings.IMAP_TRUSTED_SERVER = "mx.desk.example"
    mailbox.deliver(copy(**({"Authentication_Results": said} if said else {})))

    read()

    assert only().state == state


def test_a_field_under_the_servers_name_further_down_counts_nothing(mailbox, ana, robin, settings):
    settings.IMAP_TRUSTED_SERVER = "mx.desk.example"
    forged = b"Authentication-Results: mx.desk.example; dmarc=pass header.from=desk.example\r\n"
    true = b"Authentication-Results: mx.desk.example; dmarc=fail header.from=desk.example\r\n"
    mailbox.deliver(true + forged + copy())

    read()

    assert standing() == ("review", "unverified", "copy")


@pytest.mark.parametrize("sender", ["ana@dеsk.example", "ana@xn--dsk-ged.example"])
def test_a_sender_that_only_looks_like_a_user_is_none(sender, mailbox, ana, robin):
    mailbox.deliver(copy().replace(b"ana@desk.example", sender.encode()))

    read()

    assert only().state == "review"
    assert only().kind == "letter"


def test_a_user_who_left_files_nothing(mailbox, ana, robin):
    ana.is_active = False
    ana.save()
    mailbox.deliver(copy())

    read()

    assert standing() == ("review", "stranger", "letter")


# --- Delivery reports ---


@pytest.mark.parametrize("name", ["postfix", "exchange", "gmail", "exim", "qmail"])
def test_a_report_of_refusal_marks_mail_address_and_request(name, mailbox, sent, wish):
    wish.first_reply_at = sent.queued_at
    wish.save()
    mailbox.deliver(committed(name, sent.mail_id))

    read()

    assert standing() == ("bounce", "bounce_hard", "report")
    sent.refresh_from_db(), wish.refresh_from_db()
    assert sent.state == "bounced"
    assert "550" in sent.error
    assert ContactPoint.objects.get().status == "bounced"
    assert wish.address_bounced
    assert wish.first_reply_at is None


def test_after_a_refusal_the_next_letter_that_arrived_is_the_first_reply(mailbox, sent, wish):
    later = datetime(2026, 11, 20, tzinfo=UTC)
    wish.first_reply_at = sent.queued_at
    wish.save()
    message = MessageFactory(direction="out", status="logged", is_personal=True, at=later)
    wish.messages.add(message)
    mailbox.deliver(committed("postfix", sent.mail_id))

    read()

    wish.refresh_from_db()
    assert wish.first_reply_at == later


def test_a_report_of_delay_is_only_noted(mailbox, sent):
    mailbox.deliver(committed("postfix_delayed", sent.mail_id))

    read()

    assert standing() == ("bounce", "bounce_delayed", "report")
    sent.refresh_from_db()
    assert (sent.state, sent.reports.count()) == ("sent", 1)
    assert ContactPoint.objects.get().status == "verified"


def test_a_mail_that_servers_gave_up_needs_a_person_and_the_address_stays(mailbox, sent):
    mailbox.deliver(committed("postfix_gave_up", sent.mail_id))

    read()

    sent.refresh_from_db()
    assert sent.state == "failed"
    assert ContactPoint.objects.get().status == "verified"


def test_good_news_is_put_aside(mailbox, sent):
    mailbox.deliver(committed("postfix_delivered", sent.mail_id))

    read()

    assert standing() == ("ignored", "delivered", "report")


@pytest.mark.parametrize("name", ["postfix", "exchange", "gmail", "exim", "qmail"])
def test_a_forged_report_marks_nothing(name, mailbox, sent):
    mailbox.deliver(committed(name, "<guessed@desk.example>"))

    read()

    assert standing() == ("review", "report_unmatched", "report")
    assert only().about == ADDRESS
    sent.refresh_from_db()
    assert sent.state == "sent"
    assert ContactPoint.objects.get().status == "verified"


PLAIN = b"Your mail to somebody there came to an end here.\r\n"


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([b"From: MAILER-DAEMON@city.invalid", b"Subject: Bad news"], "report"),
        (
            [b"Return-Path: <>", b"From: x@city.invalid", b"Subject: Undelivered: Visit"],
            "report",
        ),
        (
            [
                b"From: mail@city.invalid",
                b"Subject: =?utf-8?q?Unzustellbar=3A_Besuch?=",
                b"Auto-Submitted: auto-generated",
            ],
            "report",
        ),
        ([b"From: postmaster@city.invalid", b"Subject: Undelivered mail"], "report"),
        # What is no report: a person behind such an address, an absence note, a city that asks.
        ([b"From: postmaster@city.invalid", b"Subject: A visit"], "letter"),
        (
            [
                b"Return-Path: <>",
                b"From: x@city.invalid",
                b"Subject: Out of office",
                b"Auto-Submitted: auto-replied",
            ],
            "automatic",
        ),
        ([b"From: x@city.invalid", b"Subject: Undelivered brochures"], "letter"),
    ],
)
def test_a_plain_mail_of_a_mail_server_is_a_report_to_look_at(lines, kind, mailbox, sent):
    heads = [*lines, b"To: desk@desk.example", b"Message-ID: <plain-1@city.invalid>"]
    mailbox.deliver(b"\r\n".join(heads) + b"\r\n\r\n" + PLAIN)

    read()

    assert only().kind == kind
    if kind == "report":
        assert standing() == ("review", "report_unmatched", "report")
    sent.refresh_from_db()
    assert sent.state == "sent"


def test_a_report_about_a_letter_of_the_sample_says_that_it_never_left(mailbox, sent):
    OutgoingMail.objects.filter(pk=sent.pk).update(state="held_sample")
    mailbox.deliver(committed("postfix", sent.mail_id))

    read()

    assert standing() == ("review", "report_never_sent", "report")
    assert only().bounce == ""
    sent.refresh_from_db()
    assert sent.state == "held_sample"


def test_a_report_marks_the_recipient_of_our_mail_and_never_the_one_it_names(mailbox, sent):
    other = ContactPointFactory(value="victim@city.invalid")
    raw = committed("postfix", sent.mail_id).replace(b"robin@city", b"victim@city")
    mailbox.deliver(raw)

    read()

    other.refresh_from_db()
    assert other.status == "verified"


def test_control_signs_in_every_field_hinder_no_database(mailbox, sent):
    raw = committed("qmail", sent.mail_id).replace(b"no such", b"no\x01 \x1b such")
    hostile = (
        letter()
        .replace(b"question", b"ques=?utf-8?b?AAE=?=tion")
        .replace(b"<letter-1@", b"<let\x02ter-1@")
    )
    mailbox.deliver(raw, hostile)

    assert read() == 2

    rows = IncomingMail.objects.order_by("uid").values_list("state", "message_id", "answer")
    assert [row[0] for row in rows] == ["bounce", "review"]
    assert rows[1][1] == "<letter-1@city.invalid>"
    assert "no such mailbox" in rows[0][2]


# --- "Unsubscribe" by mail ---


def stop_wish(**more) -> bytes:
    return letter(to="stop@desk.example", **{"subject": "unsubscribe", "text": "", **more})


@pytest.fixture
def subscriber(robin, settings):
    settings.UNSUBSCRIBE_MAIL = "stop@desk.example"
    ConsentRecordFactory(person=robin, purpose="newsletter", status="granted")
    return robin


def answers(**of):
    rows = ConsentRecord.objects.filter(**of).order_by("pk")
    return list(rows.values_list("purpose", "status", "channel", "evidence"))


@pytest.mark.parametrize("subject", ["unsubscribe", "Unsubscribe ", "UNSUBSCRIBE."])
def test_unsubscribe_by_mail_withdraws_with_its_proof(subject, mailbox, subscriber):
    mailbox.deliver(stop_wish(subject=subject))

    read()

    assert standing() == ("filed", "stop", "letter")
    assert answers(person=subscriber)[1:] == [
        ("newsletter", "withdrawn", "stop_mail", "mail <letter-1@city.invalid>")
    ]
    [message] = Message.objects.filter(person=subscriber)
    assert (message.direction, message.address) == ("in", ADDRESS)


def test_unsubscribe_by_mail_is_seen_on_the_persons_page_and_in_the_ledger(
    mailbox, subscriber, client, coordinator
):
    mailbox.deliver(stop_wish())
    read()

    client.force_login(coordinator)
    person = client.get(reverse("visits:person-detail", args=[subscriber.pk])).content.decode()
    ledger = client.get(reverse("visits:consent-list")).content.decode()

    assert "unsubscribe" in person
    assert "withdrawn" in person
    assert "mail &lt;letter-1@city.invalid&gt;" in ledger


def test_unsubscribe_by_mail_stops_what_waits_and_what_they_got_last(mailbox, subscriber):
    waits = MailingRecipientFactory(
        mailing__kind="newsletter",
        person=subscriber,
        mail=OutgoingMailFactory(message=MessageFactory(person=subscriber), state="queued"),
    )
    last = MailingRecipientFactory(
        mailing__kind="visit_contact",
        person=subscriber,
        mail=OutgoingMailFactory(message=MessageFactory(person=subscriber), state="sent"),
    )
    for row in (waits, last):
        OutgoingMail.objects.filter(pk=row.mail_id).update(mailing=row.mailing)
    mailbox.deliver(stop_wish())

    read()

    assert OutgoingMail.objects.get(pk=waits.mail_id).state == "cancelled"
    withdrawn = ConsentRecord.objects.filter(person=subscriber, status="withdrawn")
    assert set(withdrawn.values_list("purpose", flat=True)) == {"newsletter", "visit_contact"}


def test_unsubscribe_by_mail_twice_is_written_down_once(mailbox, subscriber):
    mailbox.deliver(stop_wish(), stop_wish(message_id="<2@city.invalid>"))
    read()
    assert len(answers(person=subscriber)) == 2
    assert set(IncomingMail.objects.values_list("why", flat=True)) == {"stop"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("mx.desk.example; dmarc=pass header.from=city.invalid", "stop"),
        ("mx.desk.example; dmarc=fail header.from=city.invalid", "stop_unverified"),
    ],
)
def test_what_our_mail_server_says_of_the_sender_is_obeyed(
    said, why, mailbox, subscriber, settings
):
    settings.IMAP_TRUSTED_SERVER = "mx.desk.example"
    mailbox.deliver(stop_wish(Authentication_Results=said))

    read()

    assert only().why == why
    assert (len(answers(person=subscriber)) == 2) == (why == "stop")


@pytest.mark.parametrize("subject", ["Please unsubscribe Ada", "Re: unsubscribe", "A question"])
def test_any_other_subject_withdraws_nothing(subject, mailbox, subscriber):
    mailbox.deliver(stop_wish(subject=subject))
    read()
    assert only().why == "known"
    assert len(answers(person=subscriber)) == 1


def test_a_strangers_wish_waits_for_a_look_and_is_written_down_by_one_press(
    mailbox, subscriber, client, coordinator
):
    mailbox.deliver(stop_wish(sender="other@city.invalid"))
    read()
    assert standing() == ("review", "stop_stranger", "letter")
    assert len(answers()) == 1
    client.force_login(coordinator)
    shown = client.get(reverse("visits:inbox-detail", args=[only().pk])).content.decode()
    assert "Unsubscribe this address" in shown

    for _n in range(2):
        client.post(reverse("visits:inbox-unsubscribe", args=[only().pk]))

    proof = ("withdrawn", "stop_mail", "mail <letter-1@city.invalid>")
    assert answers(address="other@city.invalid") == [
        ("newsletter", *proof),
        ("visit_contact", *proof),
    ]
    assert standing() == ("filed", "stop", "letter")


def test_a_wish_our_server_doubts_is_carried_out_by_one_press(
    mailbox, subscriber, client, coordinator, settings
):
    settings.IMAP_TRUSTED_SERVER = "mx.desk.example"
    mailbox.deliver(stop_wish())
    read()
    client.force_login(coordinator)
    client.post(reverse("visits:inbox-unsubscribe", args=[only().pk]))

    assert [row[1] for row in answers(person=subscriber)] == ["granted", "withdrawn"]
    assert Message.objects.filter(person=subscriber).count() == 1
