"""Letters about late promises to somebody without a request: drafted, sent by a person's word."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.domain.bases import verdict_on_letter
from crm.domain.letters_of_mailings import languages_of
from crm.domain.messages import fill, find_template, quoted
from crm.domain.outbox import queue_mail
from crm.domain.working_calendar import home_of, office_day, working_day_after
from crm.mailing_words import block_of
from crm.models import ContactPoint, FollowUp, MailTemplate, Message, OutgoingMail, Person, User
from crm.validators import clean_line, clean_text
from visits.domain.letters import keep_draft, refuse_gaps
from visits.models import Campaign

LETTER = "followup_reminder"
# Paragraphs of the wording that speak of a request are left out where there is none.
OF_REQUESTS = ("{link}", "{stop_link}")
ANSWER_IN_WORKING_DAYS = 5


def promise_lines(promises: Sequence[FollowUp]) -> str:
    """What was promised and for when, one a line, in the active language."""
    return "\n".join(f"– {row.text} ({wording.day(row.due_on)})" for row in promises)


def reader_of(promise: FollowUp) -> Person | None:
    """Whom to write to about a promise of theirs: the person, else the only one of the
    organisation; nobody who must not be written to, and nobody by guess."""
    if promise.owner != FollowUp.Owner.THEIRS:
        return None
    people = [promise.person] if promise.person else []
    if not people and promise.organisation:
        people = list(promise.organisation.people.live()[:2])
    if len(people) != 1 or not verdict_on_letter(people[0]).address:
        return None
    return people[0]


@transaction.atomic
def draft_promise_letter(person: Person, promises: Sequence[FollowUp], *, at: datetime) -> Message:
    """A draft about these promises, in the person's language; what is not known stays a gap.

    Raises ValidationError where the person must not be written to.
    """
    point = _point_of(person)
    wanted = languages_of(person)
    found = [find_template(LETTER, language) for language in wanted]
    template = next((row for row in found if row.language in wanted), found[0])
    with translation.override(template.language):
        values = _values(person, promises, template, at=at)
        body = "\n\n".join(
            paragraph
            for paragraph in template.body.split("\n\n")
            if not any(name in paragraph for name in OF_REQUESTS)
            and ("{what_we_understood}" not in paragraph or values["what_we_understood"])
        )
        subject = clean_line(fill(template.subject, values, with_gaps=True))
        text = clean_text(fill(body, values, with_gaps=True))
    return keep_draft(
        template,
        subject,
        text,
        wanted=wanted[0],
        person=person,
        address=point.value,
        address_name=person.name,
        is_personal=True,
        at=at,
        is_sample=person.is_sample,
    )


def _values(
    person: Person, promises: Sequence[FollowUp], template: MailTemplate, *, at: datetime
) -> dict[str, str]:
    first = promises[0]
    event = first.event
    campaigns = Campaign.objects.chosen_first("")
    campaign = campaigns.filter(event=event).first() or campaigns.first()
    answer_by = working_day_after(
        office_day(at),
        ANSWER_IN_WORKING_DAYS,
        where=home_of(person.organisation),
    )
    values = {
        "reference": event.name if event else campaign.name if campaign else "",
        "name": person.name,
        "promises": promise_lines(promises),
        "what_we_understood": _("you took part in “%(event)s”.") % {"event": event.name}
        if event
        else "",
        "deadline": wording.day(answer_by),
        "sender": (campaign.answers_from or campaign.name) if campaign else "",
        "funding_line": campaign.funding_line if campaign else "",
    }
    if event:
        # Without an event nobody knows where it was promised, and the gap is for a person to fill.
        values["date_line"] = f"{event.name}, {wording.day(event.starts_on)}"
    return {name: quoted(value) for name, value in values.items()}


@transaction.atomic
def send_promise_letter(message: Message, *, at: datetime, by: User) -> OutgoingMail:
    """Hand the draft to the outbox.

    Raises ValidationError when a gap is left in it, or its reader must not be written to by now.
    """
    refuse_gaps(message)
    if message.person is None:
        raise ValidationError(block_of("gone").what, code="gone")
    message.address = _point_of(message.person).value
    message.save(update_fields=["address"])
    mail = queue_mail(message, at=at)
    record(message.person, "send_letter", at=at, by=by)
    return mail


def _point_of(person: Person) -> ContactPoint:
    verdict = verdict_on_letter(person)
    if verdict.address is None:
        raise ValidationError(block_of(verdict.reason).what, code=verdict.reason)
    return ContactPoint.objects.get(pk=verdict.address.pk)
