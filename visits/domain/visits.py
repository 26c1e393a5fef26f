"""What happens to a visit once there is one: confirmed, moved, cancelled, held, reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from crm import wording
from crm.domain.audit import record
from crm.domain.edits import ChangedMeanwhile
from crm.models import AuditEntry, MailTemplate, Message, User
from crm.validators import clean_text
from visits.domain import booking
from visits.domain.briefing import settle_briefed
from visits.domain.busy_feeds import refuse_unknown_time
from visits.domain.disruptions import disruptions_touching
from visits.domain.letters import is_date_alone, knows_of, last_known
from visits.domain.notices import draft_notices
from visits.domain.programmes import fitted, template_for
from visits.domain.references import next_reference
from visits.domain.requests import DURATIONS, drop_visit
from visits.domain.steps import (
    check_begun,
    check_may_move,
    set_request_state,
    set_visit_state,
)
from visits.models import (
    AgendaItem,
    AttendanceCount,
    ChecklistItem,
    Host,
    Topic,
    Visit,
    VisitReport,
    VisitRequest,
)
from visits.models.requests import Mode
from visits.states import RequestState, VisitState

ROOM = (
    ("seats", _("A room with 12 to 20 seats")),
    ("projector", _("Projector and sound check")),
    ("wifi", _("Wi-Fi for visitors")),
    ("access", _("Step-free access")),
    ("id-list", _("List of visitors at the reception")),
)


@transaction.atomic
def make_visit(
    requests: Sequence[VisitRequest],
    *,
    host: Host,
    mode: str,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User | None = None,
    replaces: Visit | None = None,
    override_reason: str = "",
) -> Visit:
    """A new tentative visit for one or more requests of one city, with programme and checklist.

    It reserves nothing yet: `booking.reserve` or `booking.hold_slot` does, in the same transaction.
    """
    first = requests[0]
    ref = next_reference(Visit, "V")
    visit = Visit.objects.create(
        ref=ref,
        campaign=first.campaign,
        municipality=first.municipality,
        city=first.city,
        country=first.country,
        place=first.place,
        mode=mode,
        starts_at=starts_at,
        ends_at=ends_at,
        zone=first.zone,
        host=host,
        local_contact_name=first.requester_name,
        local_contact_address=first.address,
        local_contact_phone=first.phone,
        local_contact_verified_at=first.received_at if first.channel == "web" else None,
        state_since=at,
        replaces=replaces,
        override_reason=override_reason,
        ics_uid=replaces.ics_uid if replaces else f"{ref}@{first.campaign.slug}",
        ics_sequence=replaces.ics_sequence + 1 if replaces else 0,
        is_sample=all(request.is_sample for request in requests),
    )
    visit.requests.set(requests)
    visit.topics.set(Topic.objects.filter(requests__in=requests).distinct())
    _write_programme(visit)
    _write_checklist(visit)
    record(visit, "make_visit", at=at, by=by, to_state=visit.state)
    return visit


def _default_programme(visit: Visit, length: timedelta) -> list[tuple[int, Promise]]:
    minutes = length // timedelta(minutes=1)
    template = template_for(
        minutes,
        is_online=visit.mode == Mode.ONLINE,
        is_interpreted=any(request.interpreter.strip() for request in visit.requests.all()),
    )
    return fitted(template.items, minutes)


def fit_programme(visit: Visit, *, before: timedelta) -> None:
    """Fit the programme anew to a visit that lasted `before`, as long as nobody has edited it."""
    begun = _default_programme(visit, before)
    items = list(visit.agenda.all())
    is_edited = any(
        item.speaker or item.room or item.plan_b or item.can_be_dropped for item in items
    )
    with override(settings.LANGUAGE_CODE):
        written = [(minutes, str(title)) for minutes, title in begun]
    is_edited = is_edited or [(item.minutes, item.title) for item in items] != written
    if is_edited or visit.duration == before:
        return
    visit.agenda.all().delete()
    _write_programme(visit)


def _write_programme(visit: Visit) -> None:
    """Titles are stored in English whoever acts; each reader gets them in their own language."""
    with override(settings.LANGUAGE_CODE):
        AgendaItem.objects.bulk_create(
            AgendaItem(
                visit=visit,
                order=order,
                minutes=minutes,
                title=str(title),
                is_sample=visit.is_sample,
            )
            for order, (minutes, title) in enumerate(_default_programme(visit, visit.duration), 1)
        )


def _write_checklist(visit: Visit) -> None:
    if visit.mode != Mode.ONLINE:
        ChecklistItem.objects.bulk_create(
            ChecklistItem(
                visit=visit,
                key=key,
                text=text,
                owner=ChecklistItem.Owner.THEIRS,
                is_sample=visit.is_sample,
            )
            for key, text in ROOM
        )


def missing_for_confirmation(visit: Visit) -> list[str]:
    """What a visit lacks before it may be confirmed, as sentences; empty when nothing."""
    missing = []
    if not visit.agreement:
        missing.append(_("evidence that the municipality agreed"))
    if not visit.local_contact_verified_at:
        missing.append(_("a local contact whose address is verified"))
    if visit.mode == Mode.ONLINE and not visit.meeting_link:
        missing.append(_("the link of the online meeting"))
    if visit.mode != Mode.ONLINE and not visit.address:
        missing.append(_("the address of the meeting"))
    if not visit.topics.exists() and Topic.objects.exists():
        missing.append(_("at least one topic"))
    return [str(words) for words in missing]


@transaction.atomic
def confirm_visit(visit: Visit, *, at: datetime, by: User | None = None, actor: str = "") -> Visit:
    """Confirm a tentative visit once nothing is missing.

    Raises ValidationError naming what is missing, or when no slot was accepted yet.
    """
    if visit.holds.live().filter(accepted_at=None).exists():
        raise ValidationError(
            _("%(ref)s still has offered dates; the city chooses one first."),
            code="not_accepted",
            params={"ref": visit.ref},
        )
    if missing := missing_for_confirmation(visit):
        raise ValidationError(
            _("%(ref)s cannot be confirmed yet. Missing: %(missing)s."),
            code="missing",
            params={"ref": visit.ref, "missing": wording.listed(missing)},
        )
    return set_visit_state(visit, VisitState.CONFIRMED, at=at, by=by, actor=actor)


def confirm_if_complete(visit: Visit, *, at: datetime, by: User | None = None) -> Visit:
    """Confirm the visit when its conditions hold; else leave it tentative."""
    agreed = not visit.holds.live().filter(accepted_at=None).exists()
    if visit.state == VisitState.TENTATIVE and agreed and not missing_for_confirmation(visit):
        return set_visit_state(visit, VisitState.CONFIRMED, at=at, by=by)
    return visit


FACTS = (
    "address",
    "meeting_link",
    "local_contact_name",
    "local_contact_address",
    "local_contact_phone",
    "materials",
    "notes",
    "agreement",
)
# What only the brief tells, mostly the host's edition.
FOR_THE_BRIEF = (
    "aim",
    "decides",
    "missing_people",
    "hotel",
    "last_way_home",
    "budget",
    "print_again_after",
)
EDITABLE = FACTS + FOR_THE_BRIEF
# What belongs to one date: a visit that takes this one's place begins without it.
OF_THE_DATE = frozenset({"hotel", "last_way_home", "print_again_after"})
# What tells a city of a move: of another date alone, or of another host or way to meet as well.
MOVE_LETTERS = ("date_changed", "visit_changed")
# Changing one of these moves the entry in the city's calendar.
IN_THE_CALENDAR = frozenset({"address", "meeting_link"})


@transaction.atomic
def edit_visit(
    visit: Visit, *, values: Mapping[str, Any], at: datetime, by: User | None = None
) -> Visit:
    """Change facts of the visit; when a kept brief is untrue by that, it is no longer briefed."""
    wanted = {name: _cleaned(values[name]) for name in EDITABLE if name in values}
    changed = [name for name, value in wanted.items() if value != getattr(visit, name)]
    if not changed:
        return visit
    for name in changed:
        setattr(visit, name, wanted[name])
    if "local_contact_address" in changed:
        visit.local_contact_verified_at = None
    if IN_THE_CALENDAR & set(changed):
        visit.ics_sequence += 1
    visit.version += 1
    visit.save()
    record(visit, "edit_visit", at=at, by=by, fields=changed)
    settle_briefed([visit], at=at, by=by)
    return confirm_if_complete(visit, at=at, by=by)


def _cleaned(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


@transaction.atomic
def cancel_visit(
    visit: Visit,
    *,
    side: str,
    reason: str,
    at: datetime,
    by: User | None = None,
    actor: str = "",
) -> Visit:
    """Cancel a live visit; its requests go back to the waiting list or to a new proposal.

    A city that knows of the visit gets a draft that takes it out of its calendar. Agreed time is
    kept for a day; see `visits.domain.cancellations`.
    """
    booking.lock_resources([visit.host.resource])
    is_known = knows_of(visit)
    drop_visit(visit, side=side, reason=reason, at=at, by=by, actor=actor, may_undo=True)
    for request in visit.requests.all():
        if request.state == RequestState.SCHEDULED and not request.visits.live().exists():
            set_request_state(
                request, RequestState.WAITLISTED, at=at, by=by, actor=actor, why=reason
            )
        elif request.state == RequestState.PROPOSED and not request.visits.live().exists():
            set_request_state(request, RequestState.UNDER_REVIEW, at=at, by=by, actor=actor)
    if is_known:
        draft_notices(visit, "cancelled", at=at, by=by)
    return visit


@transaction.atomic
def postpone_visit(
    visit: Visit,
    *,
    starts_at: datetime,
    ends_at: datetime,
    side: str,
    reason: str,
    at: datetime,
    by: User,
    host: Host | None = None,
    mode: str = "",
    override_reason: str = "",
    seen: int | None = None,
) -> Visit:
    """Change an agreed visit: another time, `host` or `mode`. The old one is postponed, a new one,
    which its city has to agree to, replaces it under the same UID.

    One that was moved before and waits for its city's answer is moved again in the same way. What
    is new was weighed by `visits.domain.slots`. A draft tells the city that knew the old one.
    `seen` is the version of the visit that whoever changes it has seen. Raises ChangedMeanwhile
    when it has another one by now, SlotTaken when the new time is not free, and ValidationError
    when it is over, nothing would change, or the host's own calendar is not known and no reason is
    given; then nothing has changed.
    """
    host, mode = host or visit.host, mode or visit.mode
    if starts_at <= at:
        raise ValidationError(_("The new start has to lie ahead."), code="over")
    booking.lock_resources({visit.host.resource, host.resource})
    _refuse_changed(visit, seen)
    wanted = (host.pk, mode, starts_at, ends_at)
    if wanted == (visit.host_id, visit.mode, visit.starts_at, visit.ends_at):
        raise ValidationError(
            _("%(ref)s is so already: choose another host, another time, or another way to meet."),
            code="no_change",
            params={"ref": visit.ref},
        )
    put_off(visit, side=side, reason=reason, at=at, by=by)
    return replace_visit(
        visit,
        host=host,
        mode=mode,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        by=by,
        override_reason=override_reason,
    )


def _refuse_changed(visit: Visit, seen: int | None) -> None:
    """Raise ChangedMeanwhile when the visit has another version than the one `seen`."""
    if seen is None or Visit.objects.filter(pk=visit.pk, version=seen).exists():
        return
    visit.refresh_from_db()
    raise ChangedMeanwhile(visit, AuditEntry.objects.about(visit).select_related("by").first())


def usual_minutes(visit: Visit, mode: str) -> int:
    """How long the visit takes when it is met this way and nobody says otherwise."""
    if mode == Mode.ONLINE:
        return min(int(visit.duration.total_seconds() // 60), DURATIONS[Mode.ONLINE])
    met = _last_met(visit, online=False)
    return int((met or visit).duration.total_seconds() // 60)


def _last_met(visit: Visit, *, online: bool) -> Visit | None:
    """The latest of a visit and those it took the place of that is met online, or is not."""
    found: Visit | None = visit
    while found is not None and found.is_online != online:
        found = found.replaces
    return found


def put_off(visit: Visit, *, side: str, reason: str, at: datetime, by: User | None) -> None:
    """Give up a visit's time; what takes its place is made by `replace_visit`.

    An agreed visit is postponed, one moved before that nobody has agreed to yet is cancelled; a
    letter about that date which has not left is dropped. The caller holds the hosts' locks and the
    transaction.
    """
    check_may_move(visit, at=at)
    to = VisitState.CANCELLED if visit.awaits_city else VisitState.POSTPONED
    set_visit_state(visit, to, at=at, by=by, side=side, why=reason)
    booking.free(visit)
    letters = visit.messages.drafts().filter(template__key__in=MOVE_LETTERS)
    letters.update(status=Message.Status.CANCELLED)


def replace_visit(
    visit: Visit,
    *,
    host: Host,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User | None,
    mode: str = "",
    override_reason: str = "",
) -> Visit:
    """The visit that takes the place of one put off, under the same UID, with a draft for the city.

    Raises what `stand_in` raises; the caller holds the hosts' locks.
    """
    moved = stand_in(
        visit,
        host=host,
        mode=mode or visit.mode,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        by=by,
        override_reason=override_reason,
    )
    if last_known(visit) is not None:
        draft_notices(moved, _move_letter(moved), at=at, by=by)
    return moved


def _move_letter(moved: Visit) -> str:
    """The template that tells of a change of what the city knows: a date alone is spoken of so."""
    date_changed, visit_changed = MOVE_LETTERS
    if is_date_alone(moved) or not MailTemplate.objects.filter(key=visit_changed).exists():
        return date_changed
    return visit_changed


def stand_in(
    visit: Visit,
    *,
    host: Host,
    mode: str,
    starts_at: datetime,
    ends_at: datetime,
    at: datetime,
    by: User | None,
    override_reason: str = "",
) -> Visit:
    """The visit that takes the place of one put off, under the same UID; nobody is told.

    Raises SlotTaken when the time is not free, and ValidationError when nobody knows whether it is.
    The caller holds the hosts' locks.
    """
    refuse_unknown_time(host, [(starts_at, ends_at)], override_reason=override_reason)
    moved = make_visit(
        list(visit.requests.all()),
        host=host,
        mode=mode,
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
        by=by,
        replaces=visit,
        override_reason=override_reason,
    )
    kept = [name for name in EDITABLE if name not in OF_THE_DATE]
    for name in (*kept, "local_contact_verified_at", "mode_history"):
        setattr(moved, name, getattr(visit, name))
    moved.backup = None if visit.backup_id == host.pk else visit.backup
    moved.agreement = ""
    if mode != visit.mode:
        step = {"from": visit.mode, "to": mode, "at": at.isoformat()}
        moved.mode_history = [*visit.mode_history, step]
    if moved.is_online != visit.is_online:
        met = _last_met(visit, online=moved.is_online)
        moved.address = met.address if met else ""
    moved.at_risk = bool(disruptions_touching(moved))
    moved.save()
    booking.reserve(moved, starts_at=starts_at, ends_at=ends_at)
    return moved


@transaction.atomic
def start_visit(visit: Visit, *, at: datetime, by: User | None = None) -> Visit:
    """The visit has begun; refuses more than an hour before its start."""
    return set_visit_state(visit, VisitState.IN_PROGRESS, at=at, by=by)


@transaction.atomic
def mark_no_show(visit: Visit, *, side: str, reason: str, at: datetime, by: User) -> Visit:
    """Nobody came: the visit stays in history, its requests go back to a new proposal.

    Refuses before the visit has begun; until then it can only be cancelled or moved.
    """
    set_visit_state(visit, VisitState.NO_SHOW, at=at, by=by, side=side, why=reason)
    booking.free(visit)
    for request in visit.requests.all():
        if request.state == RequestState.SCHEDULED:
            set_request_state(request, RequestState.PROPOSED, at=at, by=by)
    return visit


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """The audiences of which somebody came; raises ValidationError when nobody did."""
    people = {audience: count for audience, count in counts.items() if count}
    if any(not 0 < count <= 1_000 for count in people.values()) or not people:
        raise ValidationError(
            _("Count at least one person; when nobody came, mark the visit so."),
            code="attendance",
        )
    return people


def write_counts(report: VisitReport, people: Mapping[str, int]) -> None:
    """Keep who came, in place of what was counted before."""
    report.counts.all().delete()
    AttendanceCount.objects.bulk_create(
        AttendanceCount(report=report, audience=name, people=count, is_sample=report.is_sample)
        for name, count in people.items()
    )


@transaction.atomic
def complete_visit(
    visit: Visit, *, counts: Mapping[str, int], at: datetime, by: User
) -> VisitReport:
    """The visit took place: who came, by audience; its requests are fulfilled.

    Raises ValidationError before the visit has begun, when nobody came (that is a no-show) or a
    count is not a number.
    """
    check_begun(visit, VisitState.COMPLETED, at=at)
    people = counted(counts)
    if visit.state in (VisitState.CONFIRMED, VisitState.BRIEFED):
        start_visit(visit, at=at, by=by)
    set_visit_state(visit, VisitState.COMPLETED, at=at, by=by)
    booking.free(visit)
    report, _made = VisitReport.objects.get_or_create(
        visit=visit, defaults={"is_sample": visit.is_sample}
    )
    write_counts(report, people)
    for request in visit.requests.all():
        if request.state == RequestState.SCHEDULED:
            set_request_state(request, RequestState.FULFILLED, at=at, by=by)
    return report


@transaction.atomic
def close_visit(visit: Visit, *, at: datetime, by: User) -> Visit:
    """Nothing is left to do: refuses while follow-ups are open."""
    if visit.follow_ups.filter(done_on=None).exists():
        raise ValidationError(
            _("%(ref)s still has open follow-ups; keep them or drop them first."),
            code="follow_ups",
            params={"ref": visit.ref},
        )
    return set_visit_state(visit, VisitState.CLOSED, at=at, by=by)
