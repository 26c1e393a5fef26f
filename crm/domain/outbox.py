"""The outbox: mails are written in the transaction of their cause and sent by the worker.

Two-phase sending: mark `sending` and commit, talk to the server, mark `sent`. A worker that dies
between the two leaves `sending`; the next look makes it `unknown`, and a person decides. Nothing
is lost silently and no machine sends twice.
"""

import logging
import re
import secrets
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.header import Header
from email.message import Message as EmailHeaders
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Value, When
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.domain import bases, notice_clock
from crm.domain.audit import record
from crm.mailing_words import block_of
from crm.models import (
    ContactPoint,
    Mailing,
    MailingRecipient,
    Message,
    OutboxStanding,
    OutgoingMail,
    Suppression,
    User,
)
from crm.validators import clean_line, mail_address, network_address

log = logging.getLogger(__name__)

State = OutgoingMail.State
RETRY_AFTER = [timedelta(minutes=wait) for wait in (1, 5, 15, 60, 180, 360)]
GIVE_UP_AFTER = timedelta(hours=48)
SENDING_LEASE = timedelta(minutes=5)
# What a server says about us and not about a recipient: sign-in, greeting, sender, encryption.
OURS = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
)
# Answers to a recipient by which a server asks for another sign-in (RFC 4954).
WANTS_SIGN_IN = frozenset({530, 534, 535, 538})
# How some servers refuse a recipient only once they have the whole mail (RFC 3463).
BAD_ADDRESS = re.compile(r"\s*5\.1\.\d")
# Stands in stored mails where the private link goes, so that the database never holds the link.
LINK_HOST = "https://private-link.invalid/"


def link_marker(mail_id: str) -> str:
    """The words that stand for the private link in one mail; nobody outside can guess them."""
    return LINK_HOST + mail_id.split("@")[0].strip("<")


def queue_mail(
    message: Message,
    *,
    link_key: str = "",
    calendar: str = "",
    calendar_method: str = "",
    at: datetime,
) -> OutgoingMail:
    """Write one delivery of `message` to the outbox, in the caller's transaction.

    The words `{link}` in the message's text stand for the private link named by `link_key`.
    A sample message is kept and never sent; a suppressed address is refused.
    """
    recipient = mail_address(message.address)
    if not message.is_sample and is_suppressed(recipient):
        raise ValidationError(
            _("%(address)s must not be mailed; choose another contact of the city."),
            code="suppressed",
            params={"address": recipient},
        )
    mail = mail_of(
        message,
        link_key=link_key,
        calendar=calendar,
        calendar_method=calendar_method,
        due_at=timezone.now(),
        at=at,
    )
    mail.html = mail_html(mail.text, language=message.language, link=link_marker(mail.mail_id))
    mail.save()
    message.status = Message.Status.QUEUED
    message.save(update_fields=["status"])
    return mail


def mail_of(
    message: Message,
    *,
    link_key: str = "",
    calendar: str = "",
    calendar_method: str = "",
    mailing: Mailing | None = None,
    due_at: datetime,
    at: datetime,
) -> OutgoingMail:
    """The delivery of a message, not saved yet; due at the real moment `due_at`.

    Without stored HTML it is made from the text when the mail leaves.
    """
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] or "localhost"
    mail_id = f"<{secrets.token_urlsafe(24)}@{domain}>"
    return OutgoingMail(
        message=message,
        mailing=mailing,
        recipient=mail_address(message.address),
        recipient_name=clean_line(message.address_name),
        state=State.HELD_SAMPLE if message.is_sample else State.QUEUED,
        mail_id=mail_id,
        link_key=link_key,
        subject=clean_line(message.subject),
        text=message.body.replace("{link}", link_marker(mail_id)),
        calendar=calendar,
        calendar_method=calendar_method,
        next_try_at=due_at,
        queued_at=at,
        is_sample=message.is_sample,
    )


def is_suppressed(address: str) -> bool:
    """Whether the address is on the list of those never to be mailed, or refused our mail."""
    refused = (ContactPoint.Status.BOUNCED, ContactPoint.Status.SUPPRESSED)
    return (
        Suppression.objects.holds(address)
        or ContactPoint.objects.matching(address).filter(status__in=refused).exists()
    )


def mail_html(text: str, *, language: str, link: str = "", is_stop: bool = False) -> str:
    """The same words as HTML; only our own private link becomes a link, nothing else.

    On a line of its own it is a button with the address below, in a sentence it is two words:
    "your page", or "stop these mails" where it `is_stop`.
    """
    with translation.override(language if translation.check_for_language(language) else "en"):
        paragraphs = [
            [line.split(link) if link else [line] for line in block.splitlines()]
            for block in text.split("\n\n")
            if block.strip()
        ]
        context = {"paragraphs": paragraphs, "link": link, "is_stop": is_stop}
        return render_to_string("mail/letter.html", context)


def html_of(mail: OutgoingMail) -> str:
    """The HTML of a mail as it is stored, or made now."""
    return mail.html or mail_html(
        mail.text,
        language=mail.message.language,
        link=link_marker(mail.mail_id),
        is_stop=mail.mailing_id is not None,
    )


def with_link(mail: OutgoingMail, part: str) -> str:
    """`part` of the mail with its private link in place."""
    if not mail.link_key:
        return part
    resolve: Callable[[str], str] = import_string(settings.MAIL_LINK_RESOLVER)
    return part.replace(link_marker(mail.mail_id), resolve(mail.link_key))


def attachments(message: Message) -> list[tuple[str, bytes, str]]:
    """The documents that go with a message, each with its name and kind, made at this moment."""
    attach: Callable[[Message], list[tuple[str, bytes, str]]]
    attach = import_string(settings.MAIL_ATTACHER)
    return attach(message)


class Letter(EmailMultiAlternatives):
    """A mail whose subject is folded so that its first line has room for the word "Subject".

    Django folds without it; the generator then breaks the line before the first word, and mail
    programs show a blank there.
    """

    def message(self, **options: Any) -> Any:
        built = super().message(**options)
        del built["Subject"]
        # Past Django's own setter, which would fold again.
        subject = Header(str(self.subject), header_name="Subject")
        EmailHeaders.__setitem__(built, "Subject", subject)
        if ways := self.extra_headers.get("List-Unsubscribe"):
            # On one line: mail programs that press the button do not all unfold it.
            del built["List-Unsubscribe"]
            EmailHeaders.__setitem__(built, "List-Unsubscribe", Header(ways, maxlinelen=900))
        return built


def compose(mail: OutgoingMail) -> Letter:
    """The mail as it goes over the wire: text, HTML and, for a visit, its calendar entry and the
    documents the letter speaks of."""
    sender = (settings.MAIL_SENDER_NAME, network_address(settings.DEFAULT_FROM_EMAIL))
    headers = {
        "Message-ID": mail.mail_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.mailing_id is not None:
        headers |= stop_headers(mail)
    letter = Letter(
        subject=mail.subject,
        body=with_link(mail, mail.text),
        from_email=formataddr(sender),
        to=[formataddr((mail.recipient_name, network_address(mail.recipient)))],
        headers=headers,
    )
    letter.attach_alternative(with_link(mail, html_of(mail)), "text/html")
    if mail.calendar:
        method = mail.calendar_method or "PUBLISH"
        letter.attach("visit.ics", mail.calendar, f"text/calendar; method={method}; charset=utf-8")
    for name, content, kind in attachments(mail.message):
        letter.attach(name, content, kind)
    return letter


def stop_headers(mail: OutgoingMail) -> dict[str, str]:
    """How a mail program stops the mails of a mailing by one press (RFC 8058, RFC 2369)."""
    ways = [f"<{with_link(mail, link_marker(mail.mail_id))}>"]
    # By mail only where somebody reads what arrives.
    if settings.UNSUBSCRIBE_MAIL and settings.IMAP_HOST:
        ways.append(f"<mailto:{network_address(settings.UNSUBSCRIBE_MAIL)}?subject=unsubscribe>")
    return {
        "List-Unsubscribe": ", ".join(ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def claim_next(at: datetime) -> OutgoingMail | None:
    """Mark the next due mail `sending`, committed before anything is said to the server.

    Letters go before mailings. Nothing is claimed while the outbox is stopped or the server
    refuses us, and nothing of a mailing that was stopped: asked anew for every single mail.
    """
    if OutboxStanding.objects.is_closed(at):
        return None
    due = OutgoingMail.objects.due(at)
    for rows in (due.letters(), due.exclude(mailing=None).order_by("mailing", "pk")):
        for pk in rows.values_list("pk", flat=True)[:20]:
            if _claim(pk, at):
                return OutgoingMail.objects.select_related(
                    "mailing", "message__template", "message__person"
                ).get(pk=pk)
    return None


def _claim(pk: int, at: datetime) -> bool:
    stopped = Mailing.objects.exclude(state=Mailing.State.RELEASED)
    waiting = OutgoingMail.objects.filter(pk=pk, state=State.QUEUED)
    waiting = waiting.exclude(Exists(stopped.filter(pk=OuterRef("mailing"))))
    waiting = waiting.exclude(Exists(OutboxStanding.objects.exclude(stopped_at=None)))
    return bool(waiting.update(state=State.SENDING, sending_since=at))


def send_due(*, limit: int = 50, stop: Callable[[], bool] = lambda: False) -> int:
    """Send up to `limit` due mails over one connection; the number that left."""
    recover_interrupted()
    sent = 0
    connection = get_connection()
    try:
        while sent < limit and not stop():
            mail = claim_next(timezone.now())
            if mail is None:
                break
            if reason := bases.objection_to(mail):
                _call_off(mail, reason)
            else:
                sent += deliver(mail, connection)
    finally:
        connection.close()
    return sent


def deliver(mail: OutgoingMail, connection: Any) -> bool:
    """Say one claimed mail to the server and write down what it answered; whether it left.

    Whatever is wrong with one mail is written down there too, and never stops the others.
    """
    letter = _composed(mail)
    if letter is None:
        return False
    letter.connection = connection
    try:
        letter.send()
    except OURS as error:
        _wait_for_the_server(mail, error)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        if code in WANTS_SIGN_IN:
            _wait_for_the_server(mail, smtplib.SMTPResponseException(code, words))
        else:
            _refused(mail, code, words)
    except smtplib.SMTPResponseException as error:
        _refused(mail, error.smtp_code, error.smtp_error, is_content=True)
    except smtplib.SMTPServerDisconnected:
        # The server may have taken the mail before it went away.
        _settle(mail, State.UNKNOWN, error="The mail server hung up before it answered.")
    except TimeoutError:
        _settle(mail, State.UNKNOWN, error="The mail server did not answer in time.")
    except OSError as error:
        _retry(mail, f"The mail server cannot be reached ({error.strerror or error}).")
    except Exception as error:
        log.exception("Mail %s broke off while it was being sent.", mail.pk)
        _settle(mail, State.UNKNOWN, error=f"Sending broke off: {_words_of(error)}")
    else:
        with transaction.atomic():
            _settle(mail, State.SENT, sent_at=timezone.now())
            notice_clock.tell_by_mail(mail, at=clock.now())
        OutboxStanding.objects.filter(pk=1).exclude(fault="").update(
            fault="", faults=0, retry_at=None
        )
        return True
    _drop(connection)
    return False


def _wait_for_the_server(mail: OutgoingMail, error: Exception) -> None:
    """The server refuses us and not the recipient: the mail waits, and all others with it.

    Nobody's address is marked, no try is counted; the Health page says what the server said.
    """
    words = error.smtp_error if isinstance(error, smtplib.SMTPResponseException) else str(error)
    answer = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    code = f"{error.smtp_code} " if isinstance(error, smtplib.SMTPResponseException) else ""
    standing = OutboxStanding.objects.now()
    wait = RETRY_AFTER[min(standing.faults, len(RETRY_AFTER) - 1)]
    OutboxStanding.objects.filter(pk=1).update(
        fault=f"{code}{answer}"[:500],
        faults=F("faults") + 1,
        retry_at=timezone.now() + wait,
    )
    _settle(mail, State.QUEUED, error=f"{code}{answer}")


def _call_off(mail: OutgoingMail, reason: str) -> None:
    """Cancel a claimed mail of a mailing that must not leave any more, and say why."""
    with transaction.atomic():
        _settle(mail, State.CANCELLED, error=block_of(reason).what)
        MailingRecipient.objects.filter(mail=mail).update(
            standing=MailingRecipient.Standing.BLOCKED, reason=reason
        )


def _composed(mail: OutgoingMail) -> Letter | None:
    """The mail ready to be said to the server; None when it cannot be put together: it failed."""
    try:
        letter = compose(mail)
        letter.message()
    except Exception as error:
        log.exception("Mail %s cannot be put together.", mail.pk)
        _settle(mail, State.FAILED, error=f"It cannot be put together: {_words_of(error)}")
        return None
    return letter


def _words_of(error: Exception) -> str:
    return str(error) or type(error).__name__


def _drop(connection: Any) -> None:
    """Forget a connection that broke, so that the next mail opens a new one."""
    try:
        connection.close()
    except OSError:
        connection.connection = None


def _refused(
    mail: OutgoingMail, code: int, words: bytes | str, *, is_content: bool = False
) -> None:
    """Try again later what may pass; else the address is dead, or a person looks at a mail whose
    content was refused."""
    answer = words.decode(errors="replace") if isinstance(words, bytes) else words
    if 400 <= code < 500:
        _retry(mail, f"{code} {answer}")
    elif is_content and not BAD_ADDRESS.match(answer):
        _settle(mail, State.FAILED, error=f"{code} {answer}")
    else:
        mark_bounced(mail, f"{code} {answer}", from_states=(State.SENDING,))


@transaction.atomic
def mark_bounced(
    mail: OutgoingMail,
    answer: str,
    *,
    from_states: tuple[str, ...] = (State.SENT, State.UNKNOWN),
) -> bool:
    """The address refused the mail for good, at once or in a report that came later: neither the
    mail nor its address is used again, and the requests of the letter know it. Whether the mail
    was still in one of `from_states`.
    """
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=from_states).update(
        state=State.BOUNCED, error=answer[:500], sending_since=None
    )
    if changed:
        usable = ContactPoint.objects.matching(mail.recipient).usable()
        usable.update(status=ContactPoint.Status.BOUNCED)
        note: Callable[[OutgoingMail], None] = import_string(settings.MAIL_REFUSAL_NOTER)
        note(mail)
        notice_clock.untell_by_mail(mail, at=clock.now())
    return bool(changed)


def mark_given_up(mail: OutgoingMail, answer: str) -> bool:
    """A server on the way gave up after many tries; the address may be right, so only this mail
    needs a person. Whether it was still thought to have left."""
    left = OutgoingMail.objects.filter(pk=mail.pk, state__in=(State.SENT, State.UNKNOWN))
    return bool(left.update(state=State.FAILED, error=answer[:500]))


def _retry(mail: OutgoingMail, error: str) -> None:
    now = timezone.now()
    attempts = mail.attempts + 1
    first = mail.first_try_at or now
    if now - first >= GIVE_UP_AFTER:
        _settle(mail, State.FAILED, error=error)
        return
    tried = {"attempts": attempts, "first_try_at": first}
    wait = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
    _settle(mail, State.QUEUED, error=error, next_try_at=now + wait, **tried)


def _settle(mail: OutgoingMail, state: str, *, error: str = "", **values: Any) -> None:
    OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING).update(
        state=state, error=error[:500], sending_since=None, **values
    )


def recover_interrupted() -> int:
    """Mails whose worker died in mid-sending become `unknown`; the number found."""
    before = timezone.now() - SENDING_LEASE
    return OutgoingMail.objects.filter(state=State.SENDING, sending_since__lt=before).update(
        state=State.UNKNOWN, error="The worker stopped while this mail was being sent."
    )


PERSON_STEPS = {
    "hold": ({State.QUEUED}, State.HELD),
    "release": ({State.HELD}, State.QUEUED),
    "cancel": (
        {State.QUEUED, State.HELD, State.UNKNOWN, State.FAILED},
        State.CANCELLED,
    ),
    "arrived": ({State.UNKNOWN}, State.SENT),
    "send_again": ({State.UNKNOWN, State.FAILED, State.BOUNCED}, State.QUEUED),
}


@transaction.atomic
def decide_mail(mail: OutgoingMail, step: str, *, by: User, at: datetime) -> OutgoingMail:
    """A person's decision about one mail: hold, release, cancel, arrived, send_again.

    One that is to leave from a moment on keeps that moment when it is held and released; one that
    waited for another try leaves at once. Raises ValidationError when the mail has moved on
    meanwhile.
    """
    start, end = PERSON_STEPS[step]
    changed = OutgoingMail.objects.filter(pk=mail.pk, state__in=start).update(
        state=end, next_try_at=_due_after(step), first_try_at=None, error=""
    )
    mail.refresh_from_db()
    if not changed:
        raise ValidationError(
            _("This mail is %(state)s by now; look at it again."),
            code="mail_moved_on",
            params={"state": mail.get_state_display()},
        )
    record(mail, f"mail_{step}", at=at, by=by, to_state=end)
    if end == State.SENT:
        notice_clock.tell_by_mail(mail, at=at)
    return mail


def _due_after(step: str) -> Any:
    """From when on a mail leaves after a person's step, as a value for the database."""
    if step == "hold":
        return F("next_try_at")
    if step == "release":
        return Case(When(attempts=0, then=F("next_try_at")), default=Value(timezone.now()))
    return timezone.now()


@transaction.atomic
def stop_outbox(*, at: datetime, by: User) -> None:
    """Nothing more is handed over until somebody starts it again; what waits keeps waiting."""
    standing = OutboxStanding.objects.now()
    if not OutboxStanding.objects.filter(pk=1, stopped_at=None).update(
        stopped_at=at, stopped_by=by
    ):
        raise ValidationError(_("The outbox was stopped already."), code="stopped")
    record(standing, "stop_outbox", at=at, by=by)


@transaction.atomic
def start_outbox(*, at: datetime, by: User) -> None:
    """Let mail leave again, also where we waited for a server that had refused us."""
    standing = OutboxStanding.objects.now()
    OutboxStanding.objects.filter(pk=1).update(stopped_at=None, stopped_by=None, retry_at=None)
    # Nobody tried while it stood still.
    OutgoingMail.objects.filter(state=State.QUEUED).update(first_try_at=None)
    record(standing, "start_outbox", at=at, by=by)


def hold_everything() -> int:
    """Hold all waiting mail, as after a restore, so that nothing old goes out again."""
    return OutgoingMail.objects.filter(state__in=[State.QUEUED, State.SENDING]).update(
        state=State.HELD
    )
