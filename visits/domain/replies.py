"""Mails that answer what a municipality just did itself; one that cannot go undoes nothing."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm import languages
from crm.domain.messages import quoted
from crm.models import Message, User
from visits.domain.letters import send_draft, send_letter, visit_values
from visits.models import Visit, VisitRequest
from visits.states import VisitState

log = logging.getLogger(__name__)


def tell_agreed(request: VisitRequest, visit: Visit, *, at: datetime) -> None:
    """The confirmation once the visit is confirmed; until then only that the date is agreed."""
    if visit.state == VisitState.CONFIRMED:
        send_reply(request, "confirmation", at=at, visit=visit)
        return
    with translation.override(languages.spoken(request.language)):
        when = visit_values(visit, at=at)["date_line"]
        subject = _("%(ref)s: the date is agreed") % {"ref": request.ref}
        paragraphs = [
            _("Thank you. We keep this date for you: %(when)s.") % {"when": when},
            _(
                "Next step: we complete the details, such as where we meet, and send you the "
                "confirmation with the programme. On your page you can tell us the address, tick "
                "what is ready and change the number of people:"
            ),
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at, visit=visit)


def tell_newly_confirmed(visit: Visit, *, before: str, at: datetime) -> bool | None:
    """Send the confirmation when a step at the desk has just confirmed an agreed visit.

    None when the step did not confirm it; else whether every letter is in the outbox.
    """
    if before != VisitState.TENTATIVE or visit.state != VisitState.CONFIRMED:
        return None
    told = [
        send_reply(request, "confirmation", at=at, visit=visit) for request in visit.requests.open()
    ]
    return bool(told) and all(told)


def send_reply(
    request: VisitRequest,
    key: str,
    *,
    at: datetime,
    visit: Visit | None = None,
    extra: Mapping[str, str] | None = None,
) -> bool:
    """Queue a letter about what just happened; one that cannot be written never undoes it.

    Whether it is in the outbox.
    """
    try:
        with transaction.atomic():
            send_letter(request, key, at=at, visit=visit, extra=extra)
    except ValidationError as error:
        log.warning("No %s for %s: %s", key, request.ref, "; ".join(error.messages))
        return False
    return True


def send_words(
    request: VisitRequest,
    subject: str,
    paragraphs: Sequence[str],
    *,
    at: datetime,
    by: User | None = None,
    visit: Visit | None = None,
) -> bool:
    """Queue a short letter in our own words, framed like the templates; with `by` it is that
    person's. Whether it is in the outbox.
    """
    campaign = request.campaign
    language = languages.spoken(request.language)
    opening = languages.opening_line(request.language, language)
    with translation.override(language):
        hello = _("Hello %(name)s,") % {"name": quoted(request.requester_name or request.city)}
        regards = _("Kind regards\n%(sender)s") % {"sender": campaign.answers_from or campaign.name}
        reference = _("Reference %(ref)s") % {"ref": request.ref}
    end = "\n".join(filter(None, [reference, campaign.funding_line]))
    message = Message.objects.create(
        direction=Message.Direction.OUT,
        status=Message.Status.DRAFT,
        language=language,
        subject=subject,
        body="\n\n".join(filter(None, [opening, hello, *paragraphs, regards, end])),
        address=request.address,
        address_name=request.requester_name,
        written_by=by,
        is_personal=by is not None,
        at=at,
        is_sample=request.is_sample,
    )
    request.messages.add(message)
    try:
        with transaction.atomic():
            send_draft(message, request, at=at, by=by, entry=visit)
    except ValidationError as error:
        log.warning("No mail for %s: %s", request.ref, "; ".join(error.messages))
        return False
    return True
