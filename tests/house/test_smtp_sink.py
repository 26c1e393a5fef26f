"""The mail sink is a real server: these tests talk SMTP to it."""

import smtplib

import pytest
from django.core.mail import send_mail


def test_sink_keeps_what_django_sends(smtp_sink):
    send_mail("Łódź", "words", "from@example.org", ["to@example.org"])

    [received] = smtp_sink.received
    assert received.recipients == ("to@example.org",)
    assert received.message["Subject"] == "Łódź"


def test_sink_refuses_when_told(smtp_sink):
    smtp_sink.answer = "451 try later"

    with pytest.raises(smtplib.SMTPDataError) as refused:
        send_mail("Subject", "words", "from@example.org", ["to@example.org"])

    assert refused.value.smtp_code == 451
    assert smtp_sink.received == []


def test_sink_refuses_one_recipient_when_told(smtp_sink):
    smtp_sink.refused = {"gone@example.org": "550 no such user"}

    send_mail("Subject", "words", "from@example.org", ["gone@example.org", "to@example.org"])

    assert [mail.recipients for mail in smtp_sink.received] == [("to@example.org",)]
