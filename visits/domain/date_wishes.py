"""A city that has an agreed date asks for another one; until it has one, the agreed one stands."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm import languages, wording
from crm.domain import limits
from crm.domain.audit import MUNICIPALITY, record
from crm.models import User
from crm.validators import clean_text
from visits.domain import booking
from visits.domain.local_days import wish_fault
from visits.domain.replies import send_words
from visits.domain.requests import MOST_DATES, Wish, reply_due
from visits.models import DateWish, Visit, VisitRequest
from visits.states import RequestState, VisitState

# So many times in 24 hours a city may write anew which date it would rather have.
ASKED_A_DAY = 6


def check_may_ask(request: VisitRequest, visit: Visit | None, *, at: datetime) -> Visit:
    """The agreed visit whose date can still be changed; raises ValidationError saying why none."""
    if visit is not None and (visit.has_begun(at) or visit.state == VisitState.IN_PROGRESS):
        raise ValidationError(
            _("The visit has begun or is over, so it cannot get another date any more."),
            code="too_late",
        )
    if request.state != RequestState.SCHEDULED or visit is None or visit.awaits_city:
        raise ValidationError(
            _("No date is agreed now; the page shows where things stand."), code="not_agreed"
        )
    return visit


def may_ask(request: VisitRequest, visit: Visit | None, *, at: datetime) -> bool:
    """Whether the city can ask for another date now."""
    try:
        check_may_ask(request, visit, at=at)
    except ValidationError:
        return False
    return True


def open_wish(request: VisitRequest) -> DateWish | None:
    """The wish of this request for another date that waits for our word."""
    return request.date_wishes.open().select_related("visit__campaign").last()


@transaction.atomic
def ask_for_date(
    request: VisitRequest,
    *,
    wishes: Sequence[Wish],
    reason: str,
    at: datetime,
    by: User | None = None,
) -> DateWish:
    """Keep that the city would rather have another date; the agreed one stands, a mail says so.

    A wish that is open is written anew and stays due when it was, unless that is over; the same one
    again changes and sends nothing. `by` is who noted it on the city's word. Raises ValidationError
    when no date ahead is agreed, nothing was said, a day cannot be wished for, or the city asked
    too often in a day.
    """
    visit = check_may_ask(request, _lock(request), at=at)
    reason = clean_text(reason).strip()
    _check_days(request, wishes, reason, at=at)
    days = [{"on": wish.on.isoformat(), "part": str(wish.part)} for wish in wishes]
    wish = open_wish(request)
    if wish is not None and (wish.days, wish.reason) == (days, reason):
        return wish
    if by is None and not limits.allow(
        "date-wish", request.ref, most=ASKED_A_DAY, within=timedelta(days=1)
    ):
        raise ValidationError(
            _(
                "You changed this several times today. What you typed is still here: please send "
                "it tomorrow, or answer our mail."
            ),
            code="limit",
        )
    if wish is None:
        wish = DateWish(
            request=request,
            visit=visit,
            asked_at=at,
            due_at=reply_due(request.campaign, at),
            is_sample=request.is_sample,
        )
    elif wish.due_at <= at:
        wish.due_at = reply_due(request.campaign, at)
    wish.days, wish.reason = days, reason
    wish.save()
    _record(wish, "ask_for_date", at=at, by=by, fields=["days", "reason"], why=reason)
    _tell_asked(wish, at=at)
    return wish


def _lock(request: VisitRequest) -> Visit | None:
    """The request and its live visit as they are once nobody else changes that visit."""
    live = request.visits.live().select_related("host", "campaign").order_by("-pk")
    visit = live.first()
    if visit is not None:
        booking.lock_resources([visit.host.resource])
    request.refresh_from_db()
    return live.first()


def _check_days(
    request: VisitRequest, wishes: Sequence[Wish], reason: str, *, at: datetime
) -> None:
    if not wishes and not reason:
        raise ValidationError(
            _("Name at least one day, or tell us in a few words what would suit you."),
            code="nothing",
        )
    if len(wishes) > MOST_DATES or len({wish.on for wish in wishes}) < len(wishes):
        raise ValidationError(_("Wish for up to three dates, each named once."), code="wishes")
    today = at.astimezone(ZoneInfo(request.zone)).date()
    faults = [wish_fault(request.campaign, wish.on, today) for wish in wishes]
    if found := list(filter(None, faults)):
        raise ValidationError(found, code="wishes")


@transaction.atomic
def take_back_wish(request: VisitRequest, *, at: datetime) -> DateWish:
    """The city keeps its agreed date after all; a mail says so.

    Raises ValidationError when no wish waits any more.
    """
    _lock(request)
    wish = _settle(request, DateWish.Outcome.WITHDRAWN, at=at)
    _record(wish, "take_back_date_wish", at=at)
    with translation.override(languages.spoken(request.language)):
        values = {"ref": request.ref, "when": _when(wish.visit)}
        subject = _("%(ref)s: your date stays") % values
        paragraphs = [
            _(
                "You took your wish for another date back. The agreed date stays: %(when)s. You "
                "need not do anything."
            )
            % values,
            _("On your page you see where it stands:"),
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at)
    return wish


@transaction.atomic
def keep_date(request: VisitRequest, *, answer: str, at: datetime, by: User) -> bool:
    """Answer the city's wish: the agreed date stays. Whether the letter is in the outbox.

    `answer` is mailed as it is written, so it is in the city's language. Raises ValidationError
    without one, or when no wish waits any more.
    """
    _lock(request)
    words = clean_text(answer).strip()
    if not words:
        raise ValidationError({"answer": _("Say why, in a sentence.")}, code="reason")
    wish = _settle(request, DateWish.Outcome.KEPT, at=at)
    _record(wish, "keep_date", at=at, by=by, why=words)
    with translation.override(languages.spoken(request.language)):
        values = {"ref": request.ref, "when": _when(wish.visit)}
        subject = _("%(ref)s: the agreed date stays") % values
        paragraphs = [
            _(
                "You asked us for another date. We cannot offer one; the agreed date stays: "
                "%(when)s."
            )
            % values,
            words,
            _(
                "Next step: if you can meet us then, you need not do anything. If you cannot, tell "
                "us on your page, where you can also name other days or cancel the visit:"
            ),
            "{link}",
        ]
    return send_words(request, subject, paragraphs, at=at, by=by)


def _settle(request: VisitRequest, outcome: str, *, at: datetime) -> DateWish:
    wish = open_wish(request)
    if wish is None:
        raise ValidationError(
            _("No wish for another date is open; the page shows where things stand."),
            code="not_open",
        )
    wish.settled_at, wish.outcome = at, outcome
    wish.save(update_fields=["settled_at", "outcome"])
    return wish


def _record(
    wish: DateWish,
    verb: str,
    *,
    at: datetime,
    by: User | None = None,
    fields: Iterable[str] = (),
    why: str = "",
) -> None:
    """Written down at the request with what was said, and at the visit that it was."""
    actor = "" if by else MUNICIPALITY
    record(wish.request, verb, at=at, by=by, actor=actor, fields=fields, why=why)
    record(wish.visit, verb, at=at, by=by, actor=actor, fields=fields)


def _tell_asked(wish: DateWish, *, at: datetime) -> None:
    """The receipt; of what the city typed it tells the days alone."""
    request = wish.request
    with translation.override(languages.spoken(request.language)):
        values = {
            "ref": request.ref,
            "when": _when(wish.visit),
            "days": wording.listed(days_in_words(wish)),
            "due": wording.local_time(wish.due_at, request.zone),
        }
        subject = _("%(ref)s: you asked for another date") % values
        paragraphs = [
            _("You asked us for another date. You named: %(days)s.") % values
            if wish.days
            else _("You asked us for another date."),
            _(
                "The agreed date stays until we write to you with another one, and you then say "
                "whether that one suits you: %(when)s."
            )
            % values,
            _(
                "Next step: a person looks for a date and answers you by %(due)s. On your page you "
                "can change your wish or take it back:"
            )
            % values,
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at)


def days_in_words(wish: DateWish) -> list[str]:
    """The days that were named, each with the part of the day, in the active language."""
    return [
        _("%(day)s, %(part)s") % {"day": wording.day(on), "part": part.label}
        for on, part in wish.wished
    ]


def _when(visit: Visit) -> str:
    return wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
