"""Taken back: a cancellation within a day, whose kept time may be freed early or by the clock, and
a move that its city has not agreed to yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from crm import wording
from crm.domain.audit import record
from crm.models import Message, User
from visits.domain import booking
from visits.domain.letters import last_known, old_date_words
from visits.domain.notices import draft_notices
from visits.domain.replies import tell_agreed
from visits.domain.slots import weigh_slot
from visits.domain.steps import set_request_state
from visits.domain.visits import (
    EDITABLE,
    OF_THE_DATE,
    confirm_if_complete,
    make_visit,
    put_off,
    stand_in,
)
from visits.models import Campaign, Hold, Visit, VisitRequest
from visits.models.visits import Side
from visits.states import RequestState, VisitState

# Where a request goes when its visit is cancelled, and the steps that lead back from there.
WAY_BACK = {
    RequestState.WITHDRAWN: (
        RequestState.UNDER_REVIEW,
        RequestState.PROPOSED,
        RequestState.SCHEDULED,
    ),
    RequestState.WAITLISTED: (RequestState.PROPOSED, RequestState.SCHEDULED),
}


def kept_slot(visit: Visit, *, at: datetime) -> Hold | None:
    """The time kept for an undo of the visit's cancellation, while that is possible."""
    return Hold.objects.kept().filter(visit=visit, expires_at__gt=at).first()


def ended_with(visit: Visit) -> QuerySet[VisitRequest]:
    """The requests that lost their date by this cancellation and have not moved on since."""
    return visit.requests.filter(state__in=WAY_BACK, state_since=visit.state_since)


@transaction.atomic
def undo_cancellation(
    lost: Visit,
    *,
    at: datetime,
    why: str,
    by: User | None = None,
    actor: str = "",
    requests: Sequence[VisitRequest] | None = None,
) -> Visit:
    """A new visit takes the kept time of a cancelled one, under its UID with a higher SEQUENCE.

    Its requests (or those given) are scheduled again; whoever was told of the cancellation is told
    of this, and a letter about it that still waits for us is dropped. Raises ValidationError when
    the time is no longer kept or no request waits for it.
    """
    booking.lock_resources([lost.host.resource])
    lost.refresh_from_db()
    if kept_slot(lost, at=at) is None:
        raise ValidationError(
            _("The time of %(ref)s is no longer kept; offer new dates instead."),
            code="not_kept",
            params={"ref": lost.ref},
        )
    rows = list(ended_with(lost)) if requests is None else list(requests)
    if not rows:
        raise ValidationError(
            _("The requests of %(ref)s have moved on meanwhile; offer new dates instead."),
            code="moved_on",
            params={"ref": lost.ref},
        )
    for request in rows:
        for state in WAY_BACK[RequestState(request.state)]:
            words = why if state == RequestState.UNDER_REVIEW else ""
            set_request_state(request, state, at=at, by=by, actor=actor, why=words)
    visit = _made_again(lost, rows, at=at, by=by)
    booking.free(lost)
    booking.reserve(visit, starts_at=visit.starts_at, ends_at=visit.ends_at)
    record(lost, "undo_cancellation", at=at, by=by, actor=actor, why=why)
    visit = confirm_if_complete(visit, at=at, by=by)
    letters = lost.messages.filter(template__key="cancelled", direction=Message.Direction.OUT)
    was_told = letters.filter(status=Message.Status.QUEUED).exists()
    letters.filter(status=Message.Status.DRAFT).update(status=Message.Status.CANCELLED)
    if was_told:
        for request in rows:
            tell_agreed(request, visit, at=at)
    else:
        _never_off(visit, lost)
    return visit


def _never_off(visit: Visit, lost: Visit) -> None:
    """For its city the date stood all along: no letter confirms it anew, so its reminders go on."""
    if visit.confirmed_at and lost.confirmed_at:
        visit.confirmed_at = lost.confirmed_at
        visit.save(update_fields=["confirmed_at"])


def _made_again(
    lost: Visit, requests: Sequence[VisitRequest], *, at: datetime, by: User | None
) -> Visit:
    """A new visit with everything that was agreed and prepared for the cancelled one."""
    visit = make_visit(
        requests,
        host=lost.host,
        mode=lost.mode,
        starts_at=lost.starts_at,
        ends_at=lost.ends_at,
        at=at,
        by=by,
        replaces=lost,
        override_reason=lost.override_reason,
    )
    for name in (*EDITABLE, "local_contact_verified_at", "backup", "mode_history"):
        setattr(visit, name, getattr(lost, name))
    visit.save()
    _take_over(lost, visit)
    return visit


def _take_over(lost: Visit, visit: Visit) -> None:
    """Give a visit what was prepared for the one it takes the place of, and the wishes of its city
    for another date, which stand again with it."""
    visit.topics.set(lost.topics.all())
    visit.experts.set(lost.experts.all())
    for theirs, mine in ((lost.agenda, visit.agenda), (lost.checklist, visit.checklist)):
        mine.all().delete()
        for row in theirs.all():
            row.pk, row.visit = None, visit
            row.save()
    lost.legs.update(visit=visit)
    lost.date_wishes.unsettled().update(visit=visit)


@transaction.atomic
def take_back_move(visit: Visit, *, at: datetime, why: str, by: User | None = None) -> Visit:
    """The time before a move that the city has not agreed to holds again: a new visit, agreed and
    with what was prepared for that time, under the same UID with a higher SEQUENCE.

    A letter about the move that still waits for us is dropped; a city that had it gets a draft.
    Raises ValidationError when there is no such move, or the old time is not possible any more, and
    SlotTaken when somebody else has it by now; then nothing has changed.
    """
    old = visit.agreed_before
    booking.lock_resources({row.host.resource for row in (visit, old) if row is not None})
    visit.refresh_from_db()
    if old is None or not visit.awaits_city:
        raise ValidationError(
            _("%(ref)s is not a moved visit that waits for its city."),
            code="not_moved",
            params={"ref": visit.ref},
        )
    known = last_known(visit)
    is_told = known is not None and known != old
    _refuse_lost_time(visit, old, is_told=is_told, at=at)
    put_off(visit, side=Side.US, reason=why, at=at, by=by)
    again = stand_in(
        visit,
        host=old.host,
        mode=old.mode,
        starts_at=old.starts_at,
        ends_at=old.ends_at,
        at=at,
        by=by,
        override_reason=old.override_reason,
    )
    for name in ("agreement", "backup", *OF_THE_DATE):
        setattr(again, name, getattr(old, name))
    again.save()
    _take_over(old, again)
    record(visit, "take_back_move", at=at, by=by, why=why)
    again = confirm_if_complete(again, at=at, by=by)
    if known is not None and is_told:
        _draft_old_date(again, known, at=at, by=by)
    else:
        _never_off(again, old)
    return again


def why_no_way_back(visit: Visit, *, at: datetime) -> str:
    """Why the time before a move that its city has not agreed to cannot hold again, in words; empty
    where it can."""
    old = visit.agreed_before
    if old is None or not visit.awaits_city:
        return ""
    known = last_known(visit)
    try:
        _refuse_lost_time(visit, old, is_told=known is not None and known != old, at=at)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def moves_that_wait(campaign: Campaign, *, at: datetime) -> list[tuple[Visit, str]]:
    """The agreed visits ahead that we moved and whose cities have not agreed yet, each with why the
    move cannot be taken back any more."""
    rows = Visit.objects.promised().filter(state=VisitState.TENTATIVE, campaign=campaign)
    rows = rows.filter(starts_at__gt=at).select_related("replaces__host", "host", "campaign")
    rows = rows.prefetch_related("holds").order_by("starts_at")
    return with_way_back([visit for visit in rows if visit.agreed_before], at=at)


def with_way_back(visits: Iterable[Visit], *, at: datetime) -> list[tuple[Visit, str]]:
    """Visits that were moved, each with why the move cannot be taken back any more."""
    return [(visit, why_no_way_back(visit, at=at)) for visit in visits]


def _refuse_lost_time(visit: Visit, old: Visit, *, is_told: bool, at: datetime) -> None:
    """The host has to be free and able to come; a rule set aside for that time once stays aside.

    While the city was told of no other time the old one stood for it all along, with whatever
    speaks against it since: a strike puts an agreed visit at risk, it does not end it.
    """
    request = visit.requests.order_by("ref").first()
    assert request is not None, "a moved visit serves a request"
    is_over = old.starts_at <= at
    may_stay = bool(old.override_reason) or not is_told
    weighed = weigh_slot(
        request,
        host=old.host,
        mode=old.mode,
        starts_at=old.starts_at,
        ends_at=old.ends_at,
        at=at,
        moving=visit,
        with_road=not may_stay,
    )
    if weighed.hard and (weighed.host_is_taken or is_over or not may_stay):
        raise ValidationError(weighed.hard, code="lost_time")


def _draft_old_date(again: Visit, known: Visit, *, at: datetime, by: User | None) -> None:
    """The confirmation of the old date, which says below it that the one told since is off."""
    for draft in draft_notices(again, "confirmation", at=at, by=by):
        with translation.override(draft.language):
            words = old_date_words(known)
            when = wording.time_range(again.starts_at, again.ends_at, again.zone)
        parts = draft.body.split("\n\n")
        place = next((number for number, part in enumerate(parts, 1) if when in part), 1)
        draft.body = "\n\n".join([*parts[:place], words, *parts[place:]])
        draft.save(update_fields=["body"])


@transaction.atomic
def free_kept_slot(visit: Visit, *, reason: str, at: datetime, by: User) -> Visit:
    """Give the kept time away before the day is over; the undo then brings no date back.

    Raises ValidationError without a reason, or when nothing is kept any more.
    """
    booking.lock_resources([visit.host.resource])
    if not reason.strip():
        raise ValidationError(_("Say why, in a sentence."), code="reason")
    if not Hold.objects.kept().filter(visit=visit).exists():
        raise ValidationError(
            _("Nothing is kept for %(ref)s any more."), code="not_kept", params={"ref": visit.ref}
        )
    booking.free(visit)
    record(visit, "free_slot", at=at, by=by, why=reason)
    return visit


def free_expired_slots(*, at: datetime) -> int:
    """Give back the time of cancelled visits whose day for an undo is over; the number freed."""
    over = Hold.objects.kept().filter(expires_at__lte=at).select_related("visit__host")
    return sum(_free_one(hold, at=at) for hold in over)


@transaction.atomic
def _free_one(hold: Hold, *, at: datetime) -> bool:
    booking.lock_resources([hold.visit.host.resource])
    if not Hold.objects.kept().filter(pk=hold.pk).exists():
        return False
    booking.free(hold.visit)
    record(hold.visit, "free_slot", at=at, actor="worker")
    return True
