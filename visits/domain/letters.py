"""Mails to a municipality: a checked template, filled from the request and its visit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm import languages, wording
from crm.domain.audit import record
from crm.domain.messages import find_gaps, find_template, quoted, render_template
from crm.domain.outbox import queue_mail
from crm.domain.working_time import add_working_hours
from crm.models import MailTemplate, Message, OutgoingMail, User
from crm.validators import clean_line, clean_text
from visits.domain.booking import hold_until
from visits.domain.links import make_link
from visits.domain.report_check import check_until
from visits.domain.requests import note_reply
from visits.ical import invitation
from visits.models import Visit, VisitRequest
from visits.models.requests import Mode

# Letters nobody chose or wrote: they are no personal answer.
AUTOMATIC = frozenset({"request_ack", "proposal_reminder", "needs_info_reminder", "reminder_d3"})
# Letters that put the visit into the reader's calendar, move it there or take it out.
CALENDAR_LETTERS = frozenset(
    {"confirmation", "public_brief", "date_changed", "visit_changed", "cancelled"}
)
# The placeholders that stand for the private link.
LINKS = dict.fromkeys(("link", "stop_link", "confirm_link"), "{link}")


def letter_values(
    request: VisitRequest,
    *,
    at: datetime,
    visit: Visit | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The closed list of placeholders; call it under the letter's language.

    Only what the city itself may read. {reason} is not among them: the reasons on record are
    ours, and what the city is told is written by a person or given by the verb as `extra`.
    """
    campaign = request.campaign
    values = {
        "reference": request.ref,
        "city": request.city,
        "name": request.requester_name or request.requester_role or request.city,
        "sender": campaign.answers_from or campaign.name,
        "funding_line": campaign.funding_line,
        "what_we_understood": what_we_understood(request),
        "deadline": _deadline(request, visit, at=at),
        "topics": ", ".join(topic.title for topic in request.topics.all()),
    }
    if visit is not None:
        values |= visit_values(visit, at=at)
    values |= dict(extra or {})
    return {name: quoted(str(value or "")) for name, value in values.items()} | LINKS


def _deadline(request: VisitRequest, visit: Visit | None, *, at: datetime) -> str:
    """By when the next step is done, never a moment that is over: as long as dates are on offer
    the end of the offer, for a visit that was moved as if it were offered now, then the start of
    the visit ahead, else our answer."""
    offer = visit.holds.offered(at).first() if visit else None
    if visit is not None and offer is not None:
        return wording.local_time(offer.expires_at, visit.zone)
    if visit is not None and visit.starts_at > at:
        begins = visit.starts_at
        by = hold_until(visit.campaign, at, before=begins) if visit.awaits_city else begins
        return wording.local_time(by, visit.zone)
    report = getattr(visit, "report", None)
    if visit is not None and report is not None and report.awaits_city:
        check_by = check_until(report)
        if check_by > at:
            return wording.local_time(check_by, visit.zone)
    campaign = request.campaign
    answer_by = request.due_at
    if answer_by is None or answer_by <= at:
        answer_by = add_working_hours(at, campaign.reply_target_hours, zone=campaign.zone)
    return wording.local_time(answer_by, request.zone)


def visit_values(visit: Visit, *, at: datetime) -> dict[str, str]:
    """What a letter may say about a visit: local time first, the host's home time second."""
    home = visit.campaign.zone
    offered = visit.holds.offered(at)
    lines = [_both_times(hold.starts_at, hold.ends_at, visit.zone, home) for hold in offered]
    when = _both_times(visit.starts_at, visit.ends_at, visit.zone, home)
    theirs = [item for item in visit.checklist.all() if item.owner == item.Owner.THEIRS]
    values = {
        "date_line": when,
        "slots": "\n".join(f"– {line}" for line in lines or [when]),
        "place_line": place_line(visit),
        "visitors": visitors_line(visit),
        "topics": ", ".join(topic.title for topic in visit.topics.all()),
        "agenda": agenda_lines(visit),
        "preparation": "\n".join(f"– {_(item.text)}" for item in theirs),
    }
    report = getattr(visit, "report", None)
    if report is not None and report.is_for_city:
        values["report_summary"] = report.summary
    if visit.replaces:
        old = last_known(visit.replaces) or visit.replaces
        values["old_date_line"] = _both_times(old.starts_at, old.ends_at, old.zone, home)
    return values


def place_line(visit: Visit) -> str:
    """Where a visit is; of a meeting online that it is one, as long as there is no link."""
    if visit.is_online:
        return visit.meeting_link or _("Online; the link follows")
    return visit.address or visit.meeting_link or _("still to be agreed")


def knows_of(visit: Visit) -> bool:
    """Whether the city has agreed to the visit or has had a letter about it."""
    return bool(visit.agreement) or visit.messages.filter(status=Message.Status.QUEUED).exists()


def last_known(visit: Visit | None) -> Visit | None:
    """The latest of a visit and those it took the place of that the city knows of."""
    while visit is not None and not knows_of(visit):
        visit = visit.replaces
    return visit


def is_date_alone(moved: Visit) -> bool:
    """Whether all that its city knows of a moved visit holds but the date: host and way to meet."""
    known = last_known(moved.replaces)
    return known is None or (known.host_id, known.mode) == (moved.host_id, moved.mode)


def old_date_words(since: Visit) -> str:
    """That a date told to the city since is off, and the one it had agreed to stands again."""
    when = wording.time_range(since.starts_at, since.ends_at, since.zone)
    words = _(
        "The date we wrote to you about since, %(when)s, no longer holds. The date that you had "
        "agreed to stands again."
    )
    return words % {"when": when}


def _both_times(starts_at: datetime, ends_at: datetime, zone: str, home: str) -> str:
    """The span at the place, and at the host's home where the clock there differs."""
    here = wording.time_range(starts_at, ends_at, zone)
    if (
        starts_at.astimezone(ZoneInfo(zone)).utcoffset()
        == starts_at.astimezone(ZoneInfo(home)).utcoffset()
    ):
        return here
    return f"{here} = {wording.time_range(starts_at, ends_at, home)}"


def visitors_line(visit: Visit) -> str:
    """Who comes from our side, by name and role."""
    people = [visit.host, *visit.experts.all()]
    return wording.listed(
        f"{person.name} ({person.title})" if person.title else person.name for person in people
    )


def agenda_lines(visit: Visit) -> str:
    """The programme, one item a line with local times."""
    moment, lines = visit.starts_at, []
    for item in visit.agenda.all():
        lines.append(f"{wording.clock_time(moment, visit.zone)}  {_(item.title)}")
        moment += timedelta(minutes=item.minutes)
    return "\n".join(lines)


def what_we_understood(request: VisitRequest) -> str:
    """The request in one paragraph, so that the city can correct us."""
    parts: list[Any] = [Mode(request.mode).label]
    if request.people:
        parts.append(wording.people(request.people))
    topics = [topic.title for topic in request.topics.all()]
    if topics:
        parts.append(_("topics: %(topics)s") % {"topics": ", ".join(topics)})
    wishes = [
        f"{wording.day(wish.on)} ({wish.get_part_display()})"
        for wish in request.preferred_dates.all()
    ]
    if wishes:
        parts.append(_("wished dates: %(days)s") % {"days": ", ".join(wishes)})
    return wording.listed(parts)


@transaction.atomic
def draft_letter(
    request: VisitRequest,
    key: str,
    *,
    at: datetime,
    by: User | None = None,
    visit: Visit | None = None,
    extra: Mapping[str, str] | None = None,
    with_gaps: bool = True,
) -> Message:
    """A draft from the template in the requester's language, else in English; nothing is sent.

    An English letter to somebody who wanted another language says so first, in that language.
    What only a person can say stays as a gap, `[[reason]]`, that must be written before it goes.
    Raises ValidationError when there is no such template.
    """
    template = find_template(key, request.language)
    with translation.override(template.language):
        subject, body = render_template(
            template, letter_values(request, at=at, visit=visit, extra=extra), with_gaps=with_gaps
        )
    message = keep_draft(
        template,
        subject,
        body,
        wanted=request.language,
        person=request.person,
        address=request.address,
        address_name=request.requester_name,
        written_by=by,
        is_personal=key not in AUTOMATIC,
        at=at,
        is_sample=request.is_sample,
    )
    request.messages.add(message)
    if visit is not None:
        visit.messages.add(message)
    return message


def keep_draft(
    template: MailTemplate, subject: str, body: str, *, wanted: str, **to: Any
) -> Message:
    """A draft of these words; one in another language than `wanted` says so first, in that one."""
    opening = languages.opening_line(wanted, template.language)
    return Message.objects.create(
        direction=Message.Direction.OUT,
        status=Message.Status.DRAFT,
        template=template,
        language=template.language,
        subject=subject,
        body="\n\n".join(filter(None, [opening, body])),
        **to,
    )


def refuse_gaps(message: Message) -> None:
    """Raises ValidationError when something in a draft is still to be written."""
    if gaps := find_gaps(message.subject + message.body):
        raise ValidationError(
            _("The letter cannot go yet: write what stands for [[%(name)s]]."),
            code="gap",
            params={"name": gaps[0]},
        )


@transaction.atomic
def send_draft(
    message: Message,
    request: VisitRequest,
    *,
    at: datetime,
    by: User | None = None,
    entry: Visit | None = None,
) -> OutgoingMail:
    """Hand a draft to the outbox with a private link of its own; a personal one is the reply.

    It carries the calendar entry of `entry`, else of the visit it speaks of where it is one of
    CALENDAR_LETTERS, as that visit stands now. Raises ValidationError when a gap is left in it,
    its private link was taken out, or the address must not be mailed.
    """
    refuse_gaps(message)
    if not message.address:
        raise ValidationError(
            _("%(ref)s has no mail address; call, or add one."),
            code="no_address",
            params={"ref": request.ref},
        )
    if message.template and "{link}" not in message.body:
        raise ValidationError(
            _("The letter cannot go without the private link; write {link} where it shall stand."),
            code="no_link",
        )
    if message.template and message.template.key in CALENDAR_LETTERS:
        entry = entry or message.visits.order_by("pk").last()
    calendar, method = invitation(entry, at=at) if entry else ("", "")
    link = make_link(request)
    mail = queue_mail(
        message,
        link_key=f"request:{link.pk}",
        calendar=calendar,
        calendar_method=method,
        at=at,
    )
    if message.is_personal:
        note_reply(request, at=at)
    record(request, "send_letter", at=at, by=by, actor="" if by else "worker")
    return mail


def send_letter(
    request: VisitRequest,
    key: str,
    *,
    at: datetime,
    by: User | None = None,
    visit: Visit | None = None,
    extra: Mapping[str, str] | None = None,
) -> OutgoingMail:
    """Write and queue a letter in one go."""
    with transaction.atomic():
        message = draft_letter(
            request, key, at=at, by=by, visit=visit, extra=extra, with_gaps=False
        )
        return send_draft(message, request, at=at, by=by)


@transaction.atomic
def edit_draft(message: Message, *, subject: str, body: str, at: datetime, by: User) -> Message:
    """Change the words of a draft before it goes."""
    message.subject, message.body = clean_line(subject), clean_text(body)
    message.written_by = by
    message.save(update_fields=["subject", "body", "written_by"])
    record(message, "edit_draft", at=at, by=by, fields=["subject", "body"])
    return message
