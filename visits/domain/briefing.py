"""Sending a city its brief: every edition is kept, the letter carries the programme, and the visit
is briefed."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import clock, languages
from crm.models import Message, OutgoingMail, User
from visits.domain.briefs import build_edition, print_edition
from visits.domain.letters import send_letter
from visits.domain.steps import set_visit_state
from visits.models import BriefEdition, Visit
from visits.states import AGREED_VISITS, VisitState

Kind = BriefEdition.Kind


@transaction.atomic
def send_brief(visit: Visit, *, at: datetime, by: User | None) -> list[OutgoingMail]:
    """Keep both editions as they read now and mail the public one to every requester.

    Each gets it in the language of the letter, and finds it on its private page too. Raises
    ValidationError when the visit is not agreed, or when a letter lacks something; then nothing is
    kept and nothing sent.
    """
    if visit.state not in AGREED_VISITS:
        raise ValidationError(
            _("%(ref)s is %(state)s; its brief goes out once it is confirmed."),
            code="not_agreed",
            params={"ref": visit.ref, "state": visit.get_state_display()},
        )
    build_edition(visit, Kind.INTERNAL, at=at, by=by)
    mails = [
        send_letter(request, "public_brief", at=at, by=by, visit=visit)
        for request in visit.requests.open().order_by("ref")
    ]
    for language in sorted({_language_of(mail.message) for mail in mails} or {""}):
        public = build_edition(visit, Kind.PUBLIC, at=at, by=by, language=language)
        BriefEdition.objects.filter(pk=public.pk).update(sent_at=at)
    if visit.state == VisitState.CONFIRMED:
        set_visit_state(visit, VisitState.BRIEFED, at=at, by=by)
    return mails


def briefed_visit(message: Message) -> Visit | None:
    """The visit whose programme goes with a message; None when it carries none."""
    if message.template is None or message.template.key != "public_brief":
        return None
    return message.visits.order_by("pk").last()


def attachments_of(message: Message) -> list[tuple[str, bytes, str]]:
    """The programme that a letter says is attached: the public edition, never the internal one.

    It is the kept version in the letter's language; where the visit says something else by now
    the new words are kept first, so that what the city holds always has a number.
    """
    visit = briefed_visit(message)
    if visit is None:
        return []
    at = clock.now()
    kept = build_edition(visit, Kind.PUBLIC, at=at, language=_language_of(message))
    if kept.sent_at is None:
        BriefEdition.objects.filter(pk=kept.pk).update(sent_at=at)
    pdf, name = print_edition(kept, at=at)
    return [(name, pdf, "application/pdf")]


def _language_of(message: Message) -> str:
    return languages.spoken(message.language)
