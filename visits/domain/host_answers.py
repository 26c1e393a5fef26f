"""What a host says to a time planned for them, and when a host cannot travel."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import User
from crm.validators import clean_line, clean_text, sensible_date
from visits.domain.hosts import add_availability
from visits.domain.journeys import RIGHT_BEFORE, unreachable_after_absence
from visits.models import Campaign, Host, HostAnswer, HostAvailability, Visit
from visits.models.visits import VisitQuerySet

LONGEST_ABSENCE = timedelta(days=92)


def may_answer(visit: Visit, user: User) -> bool:
    """Whether this is the host of the visit, or somebody who notes the host's word."""
    return user.is_coordinator or visit.host.user_id == user.pk


def check_answerable(visit: Visit, *, at: datetime) -> None:
    """Raise ValidationError when there is no time ahead to say yes or no to."""
    if not visit.is_live or visit.has_begun(at):
        raise ValidationError(
            _("%(ref)s is “%(state)s” or has begun; there is no time to accept or refuse."),
            code="not_ahead",
            params={"ref": visit.ref, "state": visit.get_state_display()},
        )


@transaction.atomic
def accept_visit(visit: Visit, *, at: datetime, by: User) -> HostAnswer:
    """The host takes the visit at the time it has now."""
    return _answer(visit, HostAnswer.Answer.ACCEPTED, "", at=at, by=by)


@transaction.atomic
def refuse_visit(visit: Visit, *, reason: str, at: datetime, by: User) -> HostAnswer:
    """The host cannot take the visit at this time; it stays planned until a person moves it.

    Raises ValidationError without a reason, and when the visit does not lie ahead.
    """
    words = clean_text(reason).strip()
    if not words:
        raise ValidationError({"reason": _("Say why, in a sentence.")}, code="reason")
    return _answer(visit, HostAnswer.Answer.REFUSED, words, at=at, by=by)


def _answer(visit: Visit, answer: str, reason: str, *, at: datetime, by: User) -> HostAnswer:
    check_answerable(visit, at=at)
    known = answer_of(visit)
    if known is not None and (known.answer, known.reason) == (answer, reason):
        return known
    made = HostAnswer.objects.create(
        visit=visit,
        host=visit.host,
        answer=answer,
        reason=reason,
        starts_at=visit.starts_at,
        at=at,
        is_sample=visit.is_sample,
    )
    verb = "accept_visit" if answer == HostAnswer.Answer.ACCEPTED else "refuse_visit"
    record(visit, verb, at=at, by=by, why=reason)
    return made


def answer_of(visit: Visit) -> HostAnswer | None:
    """What the host last said to the time the visit has now."""
    return HostAnswer.objects.current().filter(visit=visit).first()


def answers_of(visits: Iterable[Visit]) -> dict[int, HostAnswer]:
    """The same for many visits, by their keys."""
    rows = HostAnswer.objects.current().filter(visit__in=list(visits))
    return {row.visit_id: row for row in rows}


def refusals(user: Any, *, campaign: Campaign | None = None) -> list[HostAnswer]:
    """Times a host has refused and nobody has changed, the soonest first; of one campaign, or of
    all."""
    rows = HostAnswer.objects.refused().filter(visit__in=_seen(user, campaign))
    return list(rows.select_related("visit", "host").order_by("visit__starts_at"))


def visits_without_host(
    user: Any, *, at: datetime, campaign: Campaign | None = None
) -> list[Visit]:
    """Live visits ahead whose host has said to be away then, or right before so that no time is
    left to travel, the soonest first; of one campaign, or of all."""
    rows = _seen(user, campaign).upcoming(at).host_away_around(RIGHT_BEFORE)
    near = list(rows.select_related("host__home", "backup", "place").order_by("starts_at", "ref"))
    late = unreachable_after_absence(each for each in near if not each.is_host_away)
    return [each for each in near if each.is_host_away or each in late]


def _seen(user: Any, campaign: Campaign | None) -> VisitQuerySet:
    rows = Visit.objects.visible_to(user)
    return rows if campaign is None else rows.filter(campaign=campaign)


@transaction.atomic
def cannot_travel(
    host: Host, *, first: date, last: date, reason: str, at: datetime, by: User
) -> HostAvailability:
    """The host is away on these whole days at home; the visits it touches wait for a person.

    Raises ValidationError for days that are upside down, over or too many, and without a reason.
    """
    faults: dict[str, Any] = {}
    if not clean_line(reason):
        faults["reason"] = _("Say why, in a few words colleagues may read.")
    for name, day in (("first", first), ("last", last)):
        try:
            sensible_date(day)
        except ValidationError as error:
            faults[name] = error.messages
    zone = ZoneInfo(host.zone)
    if not faults and last < first:
        faults["last"] = _("The last day lies before the first.")
    elif not faults and last < at.astimezone(zone).date():
        faults["last"] = _("These days are over.")
    elif not faults and last - first > LONGEST_ABSENCE:
        faults["last"] = _("Write down three months at most.")
    if faults:
        raise ValidationError(faults)
    return add_availability(
        host,
        kind=HostAvailability.Kind.BUSY,
        starts_at=datetime.combine(first, time(0), zone),
        ends_at=datetime.combine(last + timedelta(days=1), time(0), zone),
        label=reason,
        at=at,
        by=by,
    )
