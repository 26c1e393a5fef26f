"""Reminders of visits (10, 5, 3 and 1 days before) and chases of late promises (1, 3, 10 after).

The worker makes each once, as a draft for the desk; reminders of visits leave by themselves where
the campaign says so and nothing puts the visit at risk. After days without a worker only the
latest one that still applies is made.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import languages, wording
from crm.domain.outbox import queue_mail
from crm.models import FollowUp, Message, User
from visits.domain.letters import draft_letter, send_draft
from visits.domain.promise_letters import LETTER as PROMISE_LETTER
from visits.domain.promise_letters import draft_promise_letter, promise_lines, reader_of
from visits.models import Reminder, Visit, VisitRequest
from visits.states import RequestState, VisitState

log = logging.getLogger(__name__)

BEFORE = (10, 5, 3, 1)
AFTER = (1, 3, 10)
# Nobody is pressed about what was due longer ago.
LONGEST_AFTER = 20
# Not in the night: from this hour on at the place.
FROM = time(9)
VISIT_LETTER = "reminder_d3"
REMINDED = (VisitState.CONFIRMED, VisitState.BRIEFED)
GONE = (RequestState.MERGED, RequestState.REJECTED, RequestState.WITHDRAWN)


# --- Which one is due ---


def due_before(visit_on: date, *, agreed_on: date, today: date) -> int | None:
    """How many days before the visit the reminder of today counts; None when none is due.

    The latest whose day has come; none on the day of the visit itself, and none whose day had
    passed when the visit was confirmed, because the confirmation said it all.
    """
    left = (visit_on - today).days
    coming = [days for days in BEFORE if 1 <= left <= days]
    if not coming or visit_on - timedelta(days=coming[-1]) <= agreed_on:
        return None
    return coming[-1]


def due_after(due_on: date, *, today: date) -> int | None:
    """How many days after the promised day the chase of today counts; None when none is due."""
    late = (today - due_on).days
    passed = [days for days in AFTER if days <= late]
    return passed[-1] if passed and late <= LONGEST_AFTER else None


def _today(zone: str, at: datetime) -> date | None:
    """The day at the place; None before anybody there is at work."""
    local = at.astimezone(ZoneInfo(zone))
    return local.date() if local.time() >= FROM else None


# --- Making them ---


def remind(*, at: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Make every reminder and chase that is due; how many. Safe to run twice and side by side."""
    _call_off(at=at)
    made = 0
    for visit in _visits_ahead(at):
        if stop():
            return made
        made += remind_of_visit(visit, at=at)
    return made + chase_promises(at=at, stop=stop)


def _visits_ahead(at: datetime) -> list[Visit]:
    ahead = Visit.objects.filter(
        state__in=REMINDED,
        starts_at__gt=at,
        starts_at__lt=at + timedelta(days=BEFORE[0] + 2),
    )
    return list(ahead.select_related("campaign").order_by("starts_at", "pk"))


def _call_off(*, at: datetime) -> int:
    """Drafts that speak of a visit which does not take place as they say, or of a promise that was
    kept or moved to another day."""
    of_visits = Reminder.objects.of_visits()
    over = of_visits.exclude(visit__state__in=REMINDED) | of_visits.filter(visit__starts_at__lte=at)
    # Of a letter about several, one that is open and due as it says keeps it.
    stands = Reminder.objects.filter(
        message=OuterRef("message"), follow_up__done_on=None, due_on=F("follow_up__due_on")
    )
    kept = Reminder.objects.exclude(follow_up=None).exclude(Exists(stands))
    return over.call_off() + kept.call_off()


def remind_of_visit(visit: Visit, *, at: datetime) -> int:
    """The reminder that is due for each city the visit serves; how many were made."""
    today = _today(visit.zone, at)
    if today is None:
        return 0
    zone = ZoneInfo(visit.zone)
    agreed_at = visit.confirmed_at or visit.state_since
    days = due_before(
        visit.starts_at.astimezone(zone).date(),
        agreed_on=agreed_at.astimezone(zone).date(),
        today=today,
    )
    if days is None:
        return 0
    requests = visit.requests.exclude(state__in=GONE).exclude(address="").order_by("ref")
    return sum(_remind(visit, request, days, at=at) for request in requests)


def _remind(visit: Visit, request: VisitRequest, days: int, *, at: datetime) -> bool:
    day = visit.starts_at.astimezone(ZoneInfo(visit.zone)).date() - timedelta(days=days)
    since = datetime.combine(day, time(0), ZoneInfo(visit.zone))
    try:
        with transaction.atomic():
            # The row comes first: of two workers one is refused here and writes nothing.
            row, is_new = Reminder.objects.get_or_create(
                visit=visit, request=request, days=-days, follow_up=None, defaults={"made_at": at}
            )
            by_hand = request.messages.filter(template__key=VISIT_LETTER, at__gte=since)
            by_hand = by_hand.exclude(status=Message.Status.CANCELLED)
            if not is_new or by_hand.exists():
                return False
            # An earlier reminder that nobody sent makes room for this one.
            visit.reminders.of_visits().filter(request=request).call_off()
            row.message = draft_letter(request, VISIT_LETTER, at=at, visit=visit)
            row.save(update_fields=["message"])
            # Of a visit at risk nobody but a person says that it takes place.
            if visit.campaign.sends_reminders and not visit.at_risk:
                _send(row.message, request, at=at)
    except IntegrityError:
        return False
    except ValidationError as error:
        # Written down as made: a letter that cannot be written is not tried every two seconds.
        log.warning("No reminder of %s: %s", visit.ref, "; ".join(error.messages))
        Reminder.objects.get_or_create(
            visit=visit, request=request, days=-days, follow_up=None, defaults={"made_at": at}
        )
        return False
    return True


def _send(message: Message, request: VisitRequest, *, at: datetime) -> None:
    """Hand the reminder over; one that still has a gap, or may not go, stays a draft."""
    try:
        with transaction.atomic():
            send_draft(message, request, at=at)
    except ValidationError as error:
        log.info("Reminder of %s stays a draft: %s", request.ref, "; ".join(error.messages))
        message.refresh_from_db()


@dataclass
class Chase:
    """The letter to one reader: all that is late, and of it what has a chase due today."""

    write: Callable[[Sequence[FollowUp]], Message | None]
    promises: list[FollowUp] = field(default_factory=list)
    due: list[tuple[FollowUp, int]] = field(default_factory=list)


def chase_promises(*, at: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """A draft to each city or person whose promises are late, a mail to each of us with all that
    nobody else is written to about; how many."""
    earliest = (at - timedelta(days=LONGEST_AFTER + 2)).date()
    late = FollowUp.objects.open().filter(due_on__gte=earliest, due_on__lt=at.date())
    late = late.select_related(
        "assigned_to", "event", "person__organisation__municipality", "organisation__municipality"
    ).prefetch_related("visits__requests", "visits__campaign", "visit_requests", "reminders")
    chases: dict[tuple[Any, ...], Chase] = {}
    for promise in late.order_by("due_on", "pk"):
        visit = max(promise.visits.all(), key=lambda each: each.pk, default=None)
        requests = [*promise.visit_requests.all(), *(visit.requests.all() if visit else ())]
        request = next((row for row in requests if row.address and row.state not in GONE), None)
        zone = visit.zone if visit else request.zone if request else _zone_of(promise)
        today = _today(zone, at)
        days = due_after(promise.due_on, today=today) if today else None
        if days is None:
            continue
        before = [row for row in promise.reminders.all() if row.due_on == promise.due_on]
        is_due = all(row.days < days for row in before)
        key, write = _reader(promise, request, visit, at=at)
        chase = chases.setdefault(key, Chase(write))
        chase.promises.append(promise)
        if is_due:
            chase.due.append((promise, days))
    made = 0
    for chase in chases.values():
        if stop():
            break
        made += bool(chase.due) and _chase(chase, at=at)
    return made


def _reader(
    promise: FollowUp,
    request: VisitRequest | None,
    visit: Visit | None,
    *,
    at: datetime,
) -> tuple[tuple[Any, ...], Callable[[Sequence[FollowUp]], Message | None]]:
    """Who reads of a late promise, and what writes the letter: the city, the person, one of us."""
    if promise.owner == FollowUp.Owner.THEIRS and request is not None:
        key = ("city", request.pk, visit.pk if visit else None)
        return key, partial(_write_to_city, request, visit, at=at)
    if person := reader_of(promise):
        return ("person", person.pk), partial(draft_promise_letter, person, at=at)
    return ("us", promise.assigned_to_id), partial(_tell_owner, promise.assigned_to, at=at)


def _zone_of(promise: FollowUp) -> str:
    body = promise.organisation or (promise.person.organisation if promise.person else None)
    city = getattr(body, "municipality", None)
    if promise.owner == FollowUp.Owner.THEIRS and city is not None:
        return city.time_zone
    return promise.assigned_to.time_zone if promise.assigned_to else "UTC"


def _chase(chase: Chase, *, at: datetime) -> bool:
    """One letter for all promises of a reader that are late by now; whether it was written."""
    try:
        with transaction.atomic():
            # The rows come first: of two workers one is refused here and writes nothing.
            rows = [
                Reminder.objects.create(
                    follow_up=promise, due_on=promise.due_on, days=days, made_at=at
                )
                for promise, days in chase.due
            ]
            before = Reminder.objects.filter(
                follow_up__in=chase.promises, message__status=Message.Status.DRAFT
            )
            numbers = [row.pk for row in rows] + list(before.values_list("pk", flat=True))
            # An earlier draft that nobody sent makes room for this one, which has all it had.
            before.call_off()
            message = chase.write(chase.promises)
            Reminder.objects.filter(pk__in=numbers).update(message=message)
    except IntegrityError:
        return False
    except ValidationError as error:
        log.warning("No chase of a late promise: %s", "; ".join(error.messages))
        for promise, days in chase.due:
            Reminder.objects.get_or_create(
                follow_up=promise, due_on=promise.due_on, days=days, defaults={"made_at": at}
            )
        return False
    return message is not None


def _write_to_city(
    request: VisitRequest, visit: Visit | None, promises: Sequence[FollowUp], *, at: datetime
) -> Message:
    with translation.override(languages.spoken(request.language)):
        lines = promise_lines(promises)
    return draft_letter(request, PROMISE_LETTER, at=at, visit=visit, extra={"promises": lines})


def _tell_owner(
    owner: User | None, promises: Sequence[FollowUp], *, at: datetime
) -> Message | None:
    """One mail to the colleague who keeps these promises, or looks after them; without one they
    stay on the list alone."""
    if owner is None or not owner.is_active:
        return None
    language = languages.spoken(owner.language)
    with translation.override(language):
        subject = ngettext("A promise is late", "%(n)d promises are late", len(promises))
        body = _(
            "%(promises)s\n\nTick off under Follow-ups what is done, or move it to another day."
        )
        words = {"promises": "\n\n".join(_told(row) for row in promises), "n": len(promises)}
        message = Message.objects.create(
            direction=Message.Direction.OUT,
            status=Message.Status.DRAFT,
            language=language,
            subject=subject % words,
            body=body % words,
            address=owner.email,
            address_name=owner.name,
            at=at,
            is_sample=owner.is_sample or all(row.is_sample for row in promises),
        )
    queue_mail(message, at=at)
    return message


def _told(promise: FollowUp) -> str:
    """What was promised, by whom, for when, and where to tick it off; in the active language."""
    bodies = [promise.person, promise.organisation]
    about: list[Any] = [each.name for each in bodies if each]
    about += promise.visits.all()
    if not promise.visits.all():
        about += promise.visit_requests.all()
    words = {
        "who": ", ".join(str(each) for each in about) or _("nobody named"),
        "day": wording.day(promise.due_on),
    }
    if promise.owner == FollowUp.Owner.THEIRS:
        whose = _("Promised to us by %(who)s, for %(day)s") % words
    else:
        whose = _("Promised by us to %(who)s, for %(day)s") % words
    query = urlencode({"q": promise.text[:40]})
    link = f"{settings.SITE_URL}{reverse('visits:follow-up-list')}?{query}"
    return f"– {promise.text}\n  {whose}\n  {link}"
