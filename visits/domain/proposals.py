"""Dates offered, held until a deadline, and what the city answers."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import languages, wording
from crm.domain.audit import MUNICIPALITY
from crm.models import MailTemplate, User
from visits.domain import booking
from visits.domain.busy_feeds import refuse_unknown_time
from visits.domain.replies import send_words
from visits.domain.requests import (
    drop_visit,
    note_online_is_fine,
    promise_answer,
    start_review,
)
from visits.domain.steps import check_request_step, set_request_state
from visits.domain.visits import confirm_if_complete, fit_programme, make_visit
from visits.models import Hold, Host, Visit, VisitRequest
from visits.models.visits import Side
from visits.states import RequestState, VisitState

MOST_SLOTS = 4
# An offer takes these up for review on its way.
TAKEN_UP_FIRST = frozenset({RequestState.RECEIVED, RequestState.NEEDS_INFO})


def check_may_propose(request: VisitRequest) -> None:
    """Raise ValidationError when the request cannot be offered dates now."""
    if request.state not in TAKEN_UP_FIRST and request.state != RequestState.PROPOSED:
        check_request_step(request, RequestState.PROPOSED)
    live = request.visits.live().first()
    if live is None:
        return
    if request.state == RequestState.PROPOSED:
        words = _("%(ref)s has an open proposal; take it back before you offer new dates.")
    else:
        words = _("%(ref)s has a date already; move or cancel that visit instead.")
    raise ValidationError(words, code="open_proposal", params={"ref": request.ref})


def may_propose(request: VisitRequest) -> bool:
    """Whether the request can be offered dates now."""
    try:
        check_may_propose(request)
    except ValidationError:
        return False
    return True


def offer_faults(
    slots: Sequence[tuple[datetime, datetime]], *, expires_at: datetime, zone: str, at: datetime
) -> dict[str, list[str]]:
    """What is wrong with dates and deadline taken together, as sentences by field.

    No reason lifts these: a date that is over and a host in two places are nobody's wish.
    """
    faults: dict[str, list[str]] = {}
    if not 1 <= len(slots) <= MOST_SLOTS:
        faults["slots"] = [_("Offer between one and four dates.")]
        return faults
    for (one, first), (other, second) in combinations(enumerate(slots, 1), 2):
        if first[0] < second[1] + booking.BUFFER and second[0] < first[1] + booking.BUFFER:
            words = _(
                "Dates %(one)d and %(other)d overlap each other; the host needs half an hour "
                "after each."
            )
            faults.setdefault("slots", []).append(words % {"one": one, "other": other})
    begins = min(start for start, _end in slots)
    if expires_at <= at:
        faults["expires_at"] = [_("The deadline has to lie ahead.")]
    elif expires_at >= begins:
        faults["expires_at"] = [
            _("The deadline has to end before the first date begins: %(when)s.")
            % {"when": wording.local_time(begins, zone)}
        ]
    return faults


@transaction.atomic
def propose_dates(
    request: VisitRequest,
    *,
    host: Host,
    mode: str,
    slots: Sequence[tuple[datetime, datetime]],
    expires_at: datetime,
    at: datetime,
    by: User | None = None,
    override_reason: str = "",
    replaces: Visit | None = None,
) -> Visit:
    """Offer one to four slots, each reserved until `expires_at`; makes one tentative visit.

    Each slot by itself was checked by `visits.domain.slots`. Raises SlotTaken when one is not free
    any more and ValidationError when the dates and their deadline do not go together, the request
    cannot be offered dates, or the host's own calendar is not known and no reason is given; then
    nothing is held.
    """
    if faults := offer_faults(slots, expires_at=expires_at, zone=request.zone, at=at):
        raise ValidationError(faults)
    booking.lock_resources([host.resource])
    check_may_propose(request)
    refuse_unknown_time(host, slots, override_reason=override_reason)
    if request.state in TAKEN_UP_FIRST:
        start_review(request, at=at, by=by)
    if request.state != RequestState.PROPOSED:
        set_request_state(request, RequestState.PROPOSED, at=at, by=by)
    starts_at, ends_at = slots[0]
    visit = make_visit(
        [request],
        host=host,
        mode=mode,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        by=by,
        replaces=replaces,
        override_reason=override_reason,
    )
    for rank, (start, end) in enumerate(slots, 1):
        booking.hold_slot(visit, starts_at=start, ends_at=end, rank=rank, expires_at=expires_at)
    return visit


def offer_letter(visit: Visit) -> str:
    """The template that tells of an offer: one date is spoken of in the singular."""
    is_single = visit.holds.filter(accepted_at=None).count() == 1
    has_words = MailTemplate.objects.filter(key="single_date_proposal").exists()
    return "single_date_proposal" if is_single and has_words else "date_proposal"


@transaction.atomic
def accept_slot(hold: Hold, *, at: datetime, by: User | None = None, evidence: str = "") -> Visit:
    """The city takes one offered slot: the others are freed, the request is scheduled.

    Raises ValidationError when the offer has ended, the date is over, it was answered already, or
    the request moved on.
    """
    visit = Visit.objects.select_related("host").get(pk=hold.visit_id)
    booking.lock_resources([visit.host.resource])
    visit.refresh_from_db()
    hold = Hold.objects.select_related("reservation").get(pk=hold.pk)
    if visit.state != VisitState.TENTATIVE or not hold.reservation.active:
        raise ValidationError(
            _("This date is no longer held for you; the page shows where things stand."),
            code="not_held",
        )
    if hold.accepted_at is not None:
        raise ValidationError(_("This date is already agreed."), code="already_agreed")
    if visit.holds.filter(accepted_at__isnull=False).exists():
        raise ValidationError(_("Another date was agreed meanwhile."), code="already_agreed")
    if hold.starts_at <= at:
        raise ValidationError(
            _("This date is over; choose another one or ask for new dates on this page."),
            code="over",
        )
    if hold.expires_at <= at:
        raise ValidationError(
            _("The time to answer ran out; ask for new dates on this page."),
            code="expired",
        )
    booking.free(visit, keep=hold)
    hold.accepted_at = at
    hold.save(update_fields=["accepted_at"])
    before = visit.duration
    visit.starts_at, visit.ends_at = hold.starts_at, hold.ends_at
    visit.agreement = evidence or visit.agreement
    visit.ics_sequence += 1
    visit.version += 1
    visit.save()
    fit_programme(visit, before=before)
    for request in visit.requests.all():
        actor = "" if by else MUNICIPALITY
        set_request_state(request, RequestState.SCHEDULED, at=at, by=by, actor=actor)
    return confirm_if_complete(visit, at=at, by=by)


@transaction.atomic
def ask_other_dates(
    visit: Visit,
    *,
    reason: str,
    at: datetime,
    by: User | None = None,
    online_is_fine: bool = False,
) -> VisitRequest:
    """No offered date suits the city: all are freed and the request is reviewed again."""
    booking.lock_resources([visit.host.resource])
    visit.refresh_from_db()
    if (
        visit.state != VisitState.TENTATIVE
        or visit.holds.filter(accepted_at__isnull=False).exists()
    ):
        raise ValidationError(
            _("These dates are no longer open; the page shows where things stand."),
            code="not_open",
        )
    actor = "" if by else MUNICIPALITY
    words = reason.strip() or str(_("None of the offered dates suits."))
    drop_visit(visit, side=Side.MUNICIPALITY, reason=words, at=at, by=by, actor=actor)
    request = visit.requests.first()
    assert request is not None, "a proposal serves a request"
    if online_is_fine:
        note_online_is_fine(request)
    promise_answer(request, at=at)
    set_request_state(request, RequestState.UNDER_REVIEW, at=at, by=by, actor=actor, why=words)
    return request


def take_back_proposal(visit: Visit, *, reason: str, at: datetime, by: User | None) -> VisitRequest:
    """The coordinator withdraws an unanswered offer."""
    with transaction.atomic():
        booking.lock_resources([visit.host.resource])
        visit.refresh_from_db()
        drop_visit(visit, side=Side.US, reason=reason, at=at, by=by)
        request = visit.requests.first()
        assert request is not None, "a proposal serves a request"
        return set_request_state(request, RequestState.UNDER_REVIEW, at=at, by=by, why=reason)


def expire_proposals(*, at: datetime) -> int:
    """Free every proposal whose deadline has passed; the number ended. Safe to run twice."""
    overdue = Hold.objects.expired_at(at).filter(
        accepted_at=None, visit__state=VisitState.TENTATIVE
    )
    ended = 0
    for visit in Visit.objects.filter(holds__in=overdue).select_related("host").distinct():
        ended += _expire_one(visit, at=at)
    return ended


@transaction.atomic
def _expire_one(visit: Visit, *, at: datetime) -> bool:
    booking.lock_resources([visit.host.resource])
    visit.refresh_from_db()
    still_open = visit.holds.live().filter(accepted_at=None, expires_at__lte=at).exists()
    if visit.state != VisitState.TENTATIVE or not still_open:
        return False
    words = str(_("No answer before the deadline."))
    drop_visit(visit, side=Side.MUNICIPALITY, reason=words, at=at, actor="worker")
    holds = list(visit.holds.all())
    deadline = max(hold.expires_at for hold in holds)
    for request in visit.requests.filter(state=RequestState.PROPOSED):
        set_request_state(request, RequestState.EXPIRED, at=at, actor="worker", why=words)
        _ask_once_more(request, len(holds), deadline, at=at)
    return True


def may_ask_again(request: VisitRequest, *, at: datetime) -> bool:
    """Whether the city can still ask for dates after the time to answer ran out."""
    today = at.astimezone(ZoneInfo(request.zone)).date()
    return request.state == RequestState.EXPIRED and today <= request.campaign.last_day_to_ask


def _ask_once_more(request: VisitRequest, count: int, deadline: datetime, *, at: datetime) -> None:
    """The mail the offer promised for the case that nobody answers it."""
    with translation.override(languages.spoken(request.language)):
        values = {
            "ref": request.ref,
            "deadline": wording.local_time(deadline, request.zone),
            "until": wording.day(request.campaign.last_day_to_ask),
            "end": wording.day(request.campaign.window_end),
        }
        if may_ask_again(request, at=at):
            subject = _("%(ref)s: do you still want a visit?") % values
            next_step = _(
                "Next step: if you still want a visit, tell us on your page by %(until)s which "
                "dates would suit you; we then look for new ones. Otherwise you need not do "
                "anything."
            )
        else:
            subject = _("%(ref)s: the time to answer ran out") % values
            next_step = _(
                "Our offer ends on %(end)s, so no new date can be prepared and the request is "
                "closed. On your page you see what was agreed and asked:"
            )
        paragraphs = [
            ngettext(
                "We had no answer by %(deadline)s, so the date we held for you is free again.",
                "We had no answer by %(deadline)s, so the dates we held for you are free again.",
                count,
            )
            % values,
            next_step % values,
            "{link}",
        ]
    send_words(request, subject, paragraphs, at=at)
