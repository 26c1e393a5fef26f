"""The outbox: what is written, what leaves, what a person decides."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from crm.domain import outbox
from crm.models import ContactPoint, Message, OutboxStanding, OutgoingMail
from tests.factories.crm import ContactPointFactory, MessageFactory, SuppressionFactory
from tests.factories.visits import VisitRequestFactory

State = OutgoingMail.State


def letter(address="officer@city.example", **values):
    defaults = {
        "direction": Message.Direction.OUT,
        "status": Message.Status.DRAFT,
        "address": address,
        "subject": "R26: dates for your choice",
        "body": "Hello,\n\nyour page:\n{link}\n\nKind regards",
        "is_sample": False,
    }
    return MessageFactory(**defaults | values)


def queue(message=None, **values):
    return outbox.queue_mail(message or letter(), at=timezone.now(), **values)


@pytest.mark.django_db(transaction=True)
def test_send_due_delivers_once_to_a_real_server(smtp_sink):
    mail = queue()

    assert outbox.send_due() == 1
    assert outbox.send_due() == 0

    mail.refresh_from_db()
    assert mail.state == State.SENT
    assert [received["Message-ID"] for received in smtp_sink.messages] == [mail.mail_id]
    assert smtp_sink.messages[0]["Auto-Submitted"] == "auto-generated"


@pytest.mark.django_db(transaction=True)
def test_send_due_keeps_mail_while_the_server_is_away(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    mail = queue()

    assert outbox.send_due() == 0

    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (State.QUEUED, 1)
    assert mail.next_try_at > timezone.now()
    assert "cannot be reached" in mail.error


@pytest.fixture
def busy(settings):
    """A server that puts every mail off."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def try_now(mail, *, first_try=None):
    """One more try, the first of which was so long ago."""
    due = {"next_try_at": timezone.now()}
    if first_try is not None:
        due["first_try_at"] = timezone.now() - first_try
    OutgoingMail.objects.filter(pk=mail.pk).update(**due)
    outbox.send_due()
    mail.refresh_from_db()
    return mail.state


@pytest.mark.django_db
def test_a_mail_written_long_ahead_is_tried_for_two_days_from_its_first_try(busy):
    mail = queue()
    OutgoingMail.objects.filter(pk=mail.pk).update(queued_at=timezone.now() - timedelta(days=9))

    assert try_now(mail) == State.QUEUED
    assert try_now(mail, first_try=timedelta(hours=47)) == State.QUEUED
    assert try_now(mail, first_try=timedelta(hours=48)) == State.FAILED


@pytest.mark.django_db
@pytest.mark.parametrize("steps", [("send_again",), ("hold", "release")])
def test_what_a_person_sends_again_is_tried_for_two_days_anew(steps, busy, coordinator):
    mail = queue()
    hours = 48 if steps == ("send_again",) else 47
    try_now(mail, first_try=timedelta(hours=hours))
    for step in steps:
        outbox.decide_mail(mail, step, by=coordinator, at=timezone.now())

    assert try_now(mail) == State.QUEUED
    assert timezone.now() - mail.first_try_at < timedelta(hours=1)


@pytest.mark.django_db
def test_mail_found_in_sending_becomes_unknown_and_is_not_sent_again():
    mail = queue()
    long_ago = timezone.now() - timedelta(hours=1)
    OutgoingMail.objects.filter(pk=mail.pk).update(state=State.SENDING, sending_since=long_ago)

    assert outbox.recover_interrupted() == 1

    mail.refresh_from_db()
    assert mail.state == State.UNKNOWN
    assert outbox.claim_next(timezone.now()) is None


@pytest.mark.django_db
def test_sample_mail_is_kept_and_never_claimed():
    mail = queue(letter(is_sample=True))

    assert mail.state == State.HELD_SAMPLE
    assert outbox.claim_next(timezone.now()) is None


@pytest.mark.django_db
def test_queue_refuses_a_suppressed_address_in_any_spelling():
    SuppressionFactory(match_key="officer@city.example")

    with pytest.raises(ValidationError, match="must not be mailed"):
        queue(letter(" Officer@City.example "))
    assert OutgoingMail.objects.count() == 0


@pytest.mark.django_db
def test_queue_refuses_a_bounced_address():
    ContactPointFactory(value="gone@city.example", status=ContactPoint.Status.BOUNCED)

    with pytest.raises(ValidationError, match="choose another contact"):
        queue(letter("gone@city.example"))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["a@x.example, b@y.example", "x@localhost", "x@[127.0.0.1]"])
def test_queue_takes_one_public_address_only(address):
    with pytest.raises(ValidationError, match="is not a mail address"):
        queue(letter(address))


@pytest.mark.django_db
def test_line_breaks_in_subject_and_name_do_not_stop_the_mail():
    mail = queue(letter(subject="R26:\r\nBcc: all@x.example", address_name="Ana\r\nBcc: x"))

    built = outbox.compose(mail).message()

    assert built["Subject"] == "R26: Bcc: all@x.example"
    assert built.get_all("Bcc") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "subject",
    [
        "Παρακαλούμε επιβεβαιώστε το αίτημά σας για επίσκεψη",
        "R26: Παρακαλούμε επιβεβαιώστε το αίτημά σας για επίσκεψη στον δήμο της Θεσσαλονίκης",
        "R26: proszę potwierdzić prośbę o wizytę w mieście Zakopane i okolicach",
        "R26: a plain subject that is a good deal longer than one line of a mail header may be",
    ],
)
def test_subject_arrives_letter_by_letter(smtp_sink, subject):
    queue(letter(subject=subject))
    outbox.send_due()

    assert [received["Subject"] for received in smtp_sink.messages] == [subject]


@pytest.mark.django_db
def test_only_our_own_link_becomes_a_link():
    mail = queue(letter(body="Visit https://evil.example now\n\n{link}"))

    assert "https://evil.example</a>" not in mail.html
    assert mail.html.count("<a href=") == 1


@pytest.mark.django_db
def test_link_in_a_sentence_is_two_words_that_lead_there():
    mail = queue(letter(body="You can see your request at any time: {link} Until then.\n\n{link}"))
    marker = outbox.link_marker(mail.mail_id)

    assert f'at any time: <a href="{marker}" style="color:#0b5f6b">your page</a> Until' in mail.html
    assert mail.html.count(f'<a href="{marker}"') == 2
    assert mail.html.count(f">{marker}<") == 1


@pytest.mark.django_db
def test_person_decides_once(coordinator):
    mail = queue()
    now = timezone.now()
    outbox.decide_mail(mail, "hold", by=coordinator, at=now)

    with pytest.raises(ValidationError, match="look at it again"):
        outbox.decide_mail(mail, "hold", by=coordinator, at=now)
    assert outbox.decide_mail(mail, "release", by=coordinator, at=now).state == State.QUEUED


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["hold", "hold_mail"])
def test_a_mail_for_later_keeps_its_moment_when_it_is_held_and_released(coordinator, way):
    mail, now = queue(), timezone.now()
    later = now + timedelta(days=3)
    OutgoingMail.objects.update(next_try_at=later)

    if way == "hold":
        outbox.decide_mail(mail, "hold", by=coordinator, at=now)
    else:
        call_command("hold_mail")
    outbox.decide_mail(mail, "release", by=coordinator, at=now)

    assert not OutgoingMail.objects.due(later - timedelta(minutes=1)).exists()
    assert OutgoingMail.objects.due(later).get() == mail


@pytest.mark.django_db
def test_a_mail_that_waited_for_another_try_leaves_at_once_when_it_is_released(coordinator):
    mail, now = queue(), timezone.now()
    OutgoingMail.objects.update(next_try_at=now + timedelta(hours=6), attempts=6)

    outbox.decide_mail(mail, "hold", by=coordinator, at=now)
    outbox.decide_mail(mail, "release", by=coordinator, at=now)

    assert OutgoingMail.objects.due(timezone.now()).get() == mail


# --- The server refuses us, and not the recipient ------------------------------------------------


@pytest.fixture
def signing_in(smtp_sink, settings):
    """The server, which we sign in to with a name and a password."""
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "a secret"
    return smtp_sink


@pytest.mark.django_db(transaction=True)
def test_refused_sign_in_marks_nobody_and_the_mail_goes_once_it_is_mended(signing_in):
    point = ContactPointFactory(value="officer@city.example")
    mails = [queue(), queue()]
    signing_in.refuses_login = True

    assert outbox.send_due() == 0
    assert outbox.send_due() == 0

    point.refresh_from_db()
    assert point.status == ContactPoint.Status.VERIFIED
    standing = OutboxStanding.objects.get()
    # One try, and then the whole outbox waits: the second mail would be refused alike.
    assert (standing.fault[:3], standing.faults) == ("535", 1)
    assert standing.retry_at > timezone.now()
    states = OutgoingMail.objects.values_list("state", "attempts")
    assert list(states) == [(State.QUEUED, 0)] * 2

    signing_in.refuses_login = False
    OutboxStanding.objects.update(retry_at=timezone.now())
    assert outbox.send_due() == 2
    standing.refresh_from_db()
    assert (standing.fault, standing.faults, standing.retry_at) == ("", 0, None)
    assert {each["Message-ID"] for each in signing_in.messages} == {m.mail_id for m in mails}


@pytest.mark.django_db(transaction=True)
def test_waits_grow_while_the_server_keeps_refusing_and_nothing_is_given_up(signing_in):
    mail = queue()
    signing_in.refuses_login = True
    waits = []
    for _n in range(8):
        OutboxStanding.objects.update(retry_at=None)
        before = timezone.now()
        outbox.send_due()
        waits.append(round((OutboxStanding.objects.get().retry_at - before).total_seconds() / 60))
    assert waits == [1, 5, 15, 60, 180, 360, 360, 360]
    mail.refresh_from_db()
    assert mail.state == State.QUEUED


@pytest.mark.django_db(transaction=True)
def test_health_tells_what_the_server_said(signing_in, client, administrator):
    queue()
    signing_in.refuses_login = True
    outbox.send_due()
    client.force_login(administrator)
    page = client.get(reverse("visits:health")).content.decode()
    assert "The mail server does not take our mail: 535" in page


@pytest.mark.django_db(transaction=True)
def test_stopped_outbox_hands_nothing_over(smtp_sink, coordinator):
    queue()
    outbox.stop_outbox(at=timezone.now(), by=coordinator)
    with pytest.raises(ValidationError, match="stopped already"):
        outbox.stop_outbox(at=timezone.now(), by=coordinator)
    queue(letter("later@city.example"))
    assert outbox.send_due() == 0

    outbox.start_outbox(at=timezone.now(), by=coordinator)
    assert outbox.send_due() == 2


@pytest.mark.django_db(transaction=True)
def test_refused_recipient_is_still_marked(smtp_sink):
    point = ContactPointFactory(value="officer@city.example")
    smtp_sink.refused["officer@city.example"] = "550 5.1.1 unknown"
    mail = queue()
    outbox.send_due()
    point.refresh_from_db()
    mail.refresh_from_db()
    assert (point.status, mail.state) == (ContactPoint.Status.BOUNCED, State.BOUNCED)


@pytest.mark.parametrize(
    ("at_step", "reply", "state", "is_dead"),
    [
        ("recipient", "550 5.1.1 unknown", State.BOUNCED, True),
        ("recipient", "450 4.2.1 try later", State.QUEUED, False),
        ("recipient", "530 5.7.0 Authentication required", State.QUEUED, False),
        ("recipient", "535 5.7.8 Bad credentials", State.QUEUED, False),
        ("content", "554 5.7.1 looks like spam", State.FAILED, False),
        ("content", "552 too large", State.FAILED, False),
        ("content", "550 5.1.1 unknown", State.BOUNCED, True),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_request_knows_of_a_dead_address_and_of_no_other_refusal(
    smtp_sink, at_step, reply, state, is_dead
):
    asked = VisitRequestFactory(address="officer@city.example")
    point = ContactPointFactory(value="officer@city.example")
    if at_step == "recipient":
        smtp_sink.refused["officer@city.example"] = reply
    else:
        smtp_sink.answer = reply
    mail = queue()
    asked.first_reply_at = mail.queued_at
    asked.save()
    asked.messages.add(mail.message)
    Message.objects.update(is_personal=True)

    outbox.send_due()

    for row in (asked, point, mail):
        row.refresh_from_db()
    assert (mail.state, mail.error[:3]) == (state, reply[:3])
    assert asked.address_bounced == is_dead
    assert (asked.first_reply_at is None) == is_dead
    assert (point.status == ContactPoint.Status.BOUNCED) == is_dead
