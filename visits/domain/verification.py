"""A web form waits here until the address it gave has answered; nobody sees it before that."""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm import languages
from crm.domain import limits
from crm.domain.consents import text_of
from crm.domain.outbox import queue_mail
from crm.models import ConsentRecord, Message, OutgoingMail, Place
from crm.validators import address_key, mail_address
from visits.domain import links
from visits.domain.letters import send_letter
from visits.domain.requests import RequestAnswers, Wish, receive_request
from visits.models import Campaign, PendingRequest, Topic, VisitRequest
from visits.models.requests import Channel

log = logging.getLogger(__name__)

LIFE = timedelta(days=7)
MAIL_EVERY, MAILS_PER_DAY = timedelta(hours=1), 3
# So many forms may wait for one address, and all of them are shown to whoever opens its mail: a
# stranger who gives the address again and again hides nothing.
MOST_WAITING = 20
CONSENT_CHANNEL = "form"


@transaction.atomic
def submit_form(
    campaign: Campaign, answers: Mapping[str, Any], *, language: str, at: datetime
) -> PendingRequest:
    """Keep a form until its address has answered, and mail that address a link.

    `answers` are plain JSON values as `visits.public.forms.RequestForm.answers` makes them,
    `language` is the page's; the mail is in the one that the answers name. The same form sent twice
    is kept once. At most one mail goes to an address per hour and three per day; whoever asks gets
    the same answer either way. The mail holds no word of the sender's. Raises ValidationError when
    too many forms wait for the address.
    """
    address = mail_address(answers["address"])
    key = address_key(address)
    limits.one_at_a_time(f"pending:{key}")
    waiting = _waiting(key)
    again = waiting.filter(campaign=campaign, answers=dict(answers)).first()
    if again is not None:
        return again
    if waiting.count() >= MOST_WAITING:
        raise ValidationError(
            _(
                "Many forms with this mail address wait to be confirmed. Open the mail we sent "
                "there first, or give another address."
            ),
            code="waiting",
        )
    pending = PendingRequest.objects.create(
        campaign=campaign,
        answers=dict(answers),
        language=language,
        address_key=key,
        expires_at=timezone.now() + LIFE,
    )
    pending.token_hash = links.hash_of(token_of(pending))
    pending.save(update_fields=["token_hash"])
    # Asking a colleague is counted by the request; who is asked again needs the new link at once.
    if _may_mail(key, is_spaced="change_address_of" not in answers):
        _mail_confirmation(pending, address, at=at)
    return pending


def _waiting(key: str) -> QuerySet[PendingRequest]:
    return PendingRequest.objects.filter(
        address_key=key, verified_at=None, expires_at__gt=timezone.now()
    ).order_by("-pk")


def _may_mail(key: str, *, is_spaced: bool) -> bool:
    day = timedelta(days=1)
    now = timezone.now()
    if not limits.is_within("confirm-day", key, most=MAILS_PER_DAY, within=day, at=now):
        return False
    if is_spaced and not limits.allow("confirm-hour", key, most=1, within=MAIL_EVERY, at=now):
        return False
    return limits.allow("confirm-day", key, most=MAILS_PER_DAY, within=day, at=now)


def _mail_confirmation(pending: PendingRequest, address: str, *, at: datetime) -> None:
    """Queue the mail that asks whether the form is theirs; a suppressed address gets none."""
    wanted = _mail_language(pending)
    language = languages.spoken(wanted)
    with translation.override(language):
        subject, body = _words_of(pending)
    opening = languages.opening_line(wanted, language)
    message = Message.objects.create(
        direction=Message.Direction.OUT,
        status=Message.Status.DRAFT,
        channel=Message.CONFIRMATION,
        language=language,
        subject=subject,
        body="\n\n".join(filter(None, [opening, body])),
        address=address,
        at=at,
    )
    try:
        queue_mail(message, link_key=f"verify:{pending.pk}", at=at)
    except ValidationError:
        message.delete()


def _mail_language(pending: PendingRequest) -> str:
    """The language for our mails that the form names, else that of its page."""
    return str(pending.answers.get("language") or pending.language)


def _words_of(pending: PendingRequest) -> tuple[str, str]:
    campaign = pending.campaign
    if "change_address_of" in pending.answers:
        from visits.domain.own_request import hand_over_words

        subject, paragraphs = hand_over_words(pending)
    else:
        subject, paragraphs = _confirmation_words(campaign)
    framed = [
        _("Hello,"),
        *paragraphs,
        _("Kind regards\n%(sender)s") % {"sender": campaign.answers_from or campaign.name},
        campaign.funding_line,
    ]
    return subject, "\n\n".join(filter(None, framed))


def _confirmation_words(campaign: Campaign) -> tuple[str, list[str]]:
    paragraphs = [
        _(
            "this address was given in a form that asks for a visit to a municipality "
            "(%(campaign)s). If that was you, open the page below, look at what we received and "
            "confirm it there. Only then does a person read it."
        )
        % {"campaign": campaign.name},
        "{link}",
        _(
            "The link works for seven days. If you did not fill in a form, you need not do "
            "anything: what was typed is deleted after seven days and nobody reads it."
        ),
    ]
    return _("Please confirm your request for a visit"), paragraphs


def token_of(pending: PendingRequest) -> str:
    """The secret of the mailed link, derived so that the database never holds it."""
    return links.derive_token("verify", f"{pending.pk}:{pending.salt}")


def address_of(pk: int) -> str:
    """The address in the confirmation mail; the form's own page once the row is forgotten."""
    pending = PendingRequest.objects.filter(pk=pk).first()
    if pending is None:
        return settings.SITE_URL + reverse(
            "public:form", kwargs={"language": settings.COMPLETE_LANGUAGES[0]}
        )
    return links.url_for(token_of(pending), _mail_language(pending))


def find_pending(token: str) -> PendingRequest | None:
    """The waiting form of a token; None alike for unknown, expired and used."""
    if len(token) > 100:
        return None
    return (
        PendingRequest.objects.select_related("campaign")
        .filter(token_hash=links.hash_of(token), verified_at=None, expires_at__gt=timezone.now())
        .first()
    )


def waiting_with(pending: PendingRequest) -> list[PendingRequest]:
    """The waiting form and newer ones of the same address, newest first: one mail serves them."""
    same = _waiting(pending.address_key).filter(campaign=pending.campaign, pk__gte=pending.pk)
    return list(same.select_related("campaign")[:MOST_WAITING])


@transaction.atomic
def verify(pending: PendingRequest, *, at: datetime) -> VisitRequest:
    """The address has answered: fold the form into a VisitRequest received at `at`.

    Records consents with the words shown, makes a private link and queues the acknowledgement.
    May be called twice, also at the same time: the second call returns the same request. Raises
    ValidationError when the form was forgotten or its link has ended.
    """
    now = timezone.now()
    claimed = PendingRequest.objects.filter(
        pk=pending.pk, verified_at=None, expires_at__gt=now
    ).update(verified_at=now)
    if not claimed:
        return _verified_already(pending)
    row = PendingRequest.objects.select_related("campaign").get(pk=pending.pk)
    if "change_address_of" in row.answers:
        from visits.domain.own_request import take_over

        return take_over(row, at=at)
    answers = answers_of(row.answers)
    request = receive_request(row.campaign, answers, channel=Channel.WEB, received_at=at)
    _record_consents(row, request, at=at)
    keep_mail_with(row, request)
    # What was typed now lives in the request; the row stays until the link ends.
    row.answers, row.request = {}, request
    row.save(update_fields=["answers", "request"])
    links.make_link(request)
    _acknowledge(request, at=at)
    return request


def _verified_already(pending: PendingRequest) -> VisitRequest:
    found = VisitRequest.objects.filter(pendingrequest=pending.pk).first()
    if found is None:
        raise ValidationError(
            _("This link has ended. Please fill in the form again."), code="ended"
        )
    return found


def answers_of(stored: Mapping[str, Any]) -> RequestAnswers:
    """What was kept of a form as the answers `receive_request` takes."""
    place = Place.objects.filter(pk=stored.get("place") or 0).first()
    topics = Topic.objects.filter(code__in=stored.get("topics", []))
    wishes = [
        Wish(on=date.fromisoformat(wish["on"]), part=wish["part"])
        for wish in stored.get("wishes", [])
    ]
    same = (
        "city country region zone department requester_name requester_role address phone "
        "language questions mode online_is_fine people interpreter step_free secrecy raw_text "
        "raw_language"
    ).split()
    values = {name: stored[name] for name in same if name in stored}
    return RequestAnswers(place=place, topics=list(topics), wishes=wishes, **values)


def _record_consents(pending: PendingRequest, request: VisitRequest, *, at: datetime) -> None:
    for purpose, words in pending.answers.get("consents", {}).items():
        ConsentRecord.objects.create(
            address=request.address,
            purpose=purpose,
            status=ConsentRecord.Status.GRANTED,
            text=text_of(purpose, pending.language, words),
            language=pending.language,
            at=at,
            channel=CONSENT_CHANNEL,
            evidence=f"Ticked in the form of {request.ref}; the address answered its mail.",
            is_sample=request.is_sample,
        )


def keep_mail_with(pending: PendingRequest, request: VisitRequest) -> None:
    """The mail that asked the address becomes part of the request it led to."""
    key = f"verify:{pending.pk}"
    asked = Message.objects.filter(deliveries__link_key=key)
    request.messages.add(*asked)
    asked.update(channel="mail")


def _acknowledge(request: VisitRequest, *, at: datetime) -> None:
    """Queue the acknowledgement. A template that cannot be filled must not lose the request."""
    try:
        with transaction.atomic():
            send_letter(request, "request_ack", at=at)
    except ValidationError as error:
        log.warning("No acknowledgement for %s: %s", request.ref, "; ".join(error.messages))


@transaction.atomic
def forget(pending: PendingRequest) -> None:
    """The address says the form is not theirs: it and its mail go at once."""
    for row in waiting_with(pending):
        forget_one(row)


def forget_one(pending: PendingRequest) -> None:
    """Delete a waiting form and the mail about it; the mailed link then opens nothing."""
    _forget_mail(pending.pk)
    pending.delete()


def _forget_mail(pk: int) -> None:
    Message.objects.filter(
        pk__in=OutgoingMail.objects.filter(link_key=f"verify:{pk}").values("message")
    ).delete()


@transaction.atomic
def purge_unverified(at: datetime) -> int:
    """Delete the forms whose seven days are over at the real moment `at`; the number forgotten."""
    over = PendingRequest.objects.filter(expires_at__lte=at)
    forgotten = 0
    for pk in list(over.filter(verified_at=None).values_list("pk", flat=True)):
        _forget_mail(pk)
        forgotten += 1
    over.delete()
    return forgotten
