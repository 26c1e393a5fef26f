"""The weekly digest: what a coordinator should know on Monday morning, once a week, by mail."""

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from crm.domain.audit import record
from crm.domain.staff_mail import tell_staff
from crm.models import FollowUp, Person, User, WeeklyDigest
from crm.roles import Role
from visits.domain import agenda
from visits.domain.agenda import SILENT_DAYS
from visits.domain.answer_clock import minutes_left, time_left_words
from visits.domain.host_answers import refusals, visits_without_host
from visits.models import DateWish, Hold, Host, Visit, VisitReport, VisitRequest

LEAVES_AT = time(8)
# A worker that was away on Monday sends it until the evening; later it would be old news.
UNTIL = time(20)
LISTED = 15


@dataclass(frozen=True)
class Digest:
    """One person's week as of `at`: what Today lists of requests and visits, promises of theirs or
    of nobody's, what others promised to us, and who is silent."""

    at: datetime
    monday: date
    answers: list[VisitRequest]
    other_dates: list[DateWish]
    ending: list[Visit]
    kept: list[Hold]
    unable: list[tuple[Visit, Host]]
    risks: list[Visit]
    overdue: list[FollowUp]
    this_week: list[FollowUp]
    from_them: list[FollowUp]
    uncounted: list[Visit]
    reports: list[VisitReport]
    silent: int
    silent_people: list[Person]

    @property
    def is_empty(self) -> bool:
        when = ("at", "monday")
        return not any(getattr(self, row.name) for row in fields(self) if row.name not in when)


def digest_of(user: User, *, at: datetime) -> Digest:
    """What the digest of this week says to somebody, as of `at`."""
    today = at.astimezone(ZoneInfo(user.time_zone)).date()
    monday = today - timedelta(days=today.weekday())
    sunday = monday + timedelta(days=6)
    rows = FollowUp.objects.visible_to(user).open().select_related("person", "organisation")
    ours = rows.filter(owner=FollowUp.Owner.OURS)
    ours = ours.filter(assigned_to=user) | ours.filter(assigned_to=None)
    theirs = rows.filter(owner=FollowUp.Owner.THEIRS)
    people = Person.objects.visible_to(user).live()
    silent = people.silent_since(at - timedelta(days=SILENT_DAYS))
    unable = [(row.visit, row.host) for row in refusals(user)]
    unable += [(visit, visit.host) for visit in visits_without_host(user, at=at)]
    return Digest(
        at=at,
        monday=monday,
        answers=agenda.answer_now(user, most=None),
        other_dates=agenda.other_dates_asked(user, at=at, most=None),
        ending=agenda.proposals_ending(user, at=at, most=None),
        kept=agenda.kept_slots(user, most=None),
        unable=unable,
        risks=agenda.visits_at_risk(user, at=at, most=None),
        overdue=list(ours.filter(due_on__lt=today).order_by("due_on", "pk")),
        this_week=list(ours.filter(due_on__range=(today, sunday)).order_by("due_on", "pk")),
        from_them=list(theirs.filter(due_on__lte=sunday).order_by("due_on", "pk")),
        uncounted=agenda.visits_uncounted(user, at=at, most=None),
        reports=agenda.reports_open(user, most=None),
        silent=silent.count(),
        silent_people=list(silent[:LISTED]),
    )


def words_of(digest: Digest) -> tuple[str, str]:
    """Subject and text of the mail, in the active language."""
    subject = _("Your week from %(day)s") % {"day": wording.day(digest.monday)}
    parts = [
        _part(_("Answer now"), [_to_answer(row, digest.at) for row in digest.answers]),
        _part(
            _("Asks for another date"), [_other_date(row, digest.at) for row in digest.other_dates]
        ),
        _part(_("Offers that end"), [*map(_ending, digest.ending), *map(_kept, digest.kept)]),
        _part(_("Hosts who cannot"), [_ahead(visit, host) for visit, host in digest.unable]),
        _part(_("At risk"), [_ahead(visit) for visit in digest.risks]),
        _part(_("Overdue"), [_promise(row) for row in digest.overdue]),
        _part(_("Due this week"), [_promise(row) for row in digest.this_week]),
        _part(_("Waiting for them"), [_promise(row) for row in digest.from_them]),
        _part(_("Nobody has said yet who came"), [_visit(row) for row in digest.uncounted]),
        _part(_("Reports"), [_report(row) for row in digest.reports]),
    ]
    if digest.silent:
        words = ngettext(
            "Nothing heard, said or written for %(days)d days: %(n)d person",
            "Nothing heard, said or written for %(days)d days: %(n)d people",
            digest.silent,
        ) % {"n": digest.silent, "days": SILENT_DAYS}
        parts.append(_part(words, [person.name for person in digest.silent_people]))
    parts.append(_("All follow-ups: %(address)s") % {"address": _address("visits:follow-up-list")})
    parts.append(
        _("You get this because you asked for it. Switch it off: %(address)s")
        % {"address": _address("visits:my-account")}
    )
    return subject, "\n\n".join(part for part in parts if part)


def _address(name: str, *args: str) -> str:
    return settings.SITE_URL + reverse(name, args=args)


def _part(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [_("and %(n)d more") % {"n": len(lines) - LISTED}] if len(lines) > LISTED else []
    return "\n".join([title, *(f"– {line}" for line in [*lines[:LISTED], *more])])


def _promise(row: FollowUp) -> str:
    about = row.person or row.organisation
    words = f"{wording.day(row.due_on)}: {row.text}"
    return f"{words} ({about})" if about else words


def _visit(row: Visit) -> str:
    return f"{wording.day(row.local_date)}: {row} ({_address('visits:visit-after', row.ref)})"


def _to_answer(row: VisitRequest, at: datetime) -> str:
    return _time_left(row, at) + f"{row} ({_address('visits:request-detail', row.ref)})"


def _other_date(row: DateWish, at: datetime) -> str:
    visit = row.visit
    when = wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
    return _time_left(row, at) + _named(visit, f"{row.request.ref}, {when}")


def _time_left(row: VisitRequest | DateWish, at: datetime) -> str:
    """The beginning of a line about what waits for an answer."""
    words = time_left_words(minutes_left(row, at=at))
    return f"{words}: " if words else ""


def _ending(visit: Any) -> str:
    """An offer, with the `expires_at` that its list tells of it."""
    return f"{wording.local_time(visit.expires_at, visit.campaign.zone)}: {_named(visit)}"


def _kept(hold: Hold) -> str:
    kept = _named(hold.visit, _("time kept for an undo"))
    return f"{wording.local_time(hold.expires_at, hold.visit.campaign.zone)}: {kept}"


def _ahead(visit: Visit, host: Host | None = None) -> str:
    when = wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
    return f"{when}: {_named(visit, host.name if host else '')}"


def _named(visit: Visit, more: str = "") -> str:
    words = f"{visit}, {more}" if more else str(visit)
    return f"{words} ({_address('visits:visit-detail', visit.ref)})"


def _report(row: VisitReport) -> str:
    if row.is_corrected:
        return _named(row.visit, _("corrected by the city, waits for us"))
    return _named(row.visit, _("waits for the city"))


def send_digests(*, at: datetime) -> int:
    """Send this week's digest to every coordinator who wants it and has not had it; how many went.

    It leaves on Monday from 08:00 on, in the time zone of the account. Two workers at once send it
    once: the week's row is written first, and the database takes only one.
    """
    sent = 0
    wanting = User.objects.with_role(Role.COORDINATOR).filter(wants_digest=True).distinct()
    for user in wanting.order_by("pk"):
        local = at.astimezone(ZoneInfo(user.time_zone))
        if local.weekday() == 0 and LEAVES_AT <= local.time() < UNTIL:
            sent += _send(user, monday=local.date(), at=at)
    return sent


def _send(user: User, *, monday: date, at: datetime) -> int:
    if WeeklyDigest.objects.filter(user=user, monday=monday).exists():
        return 0
    try:
        with transaction.atomic():
            row = WeeklyDigest.objects.create(user=user, monday=monday, made_at=at)
            digest = digest_of(user, at=at)
            if digest.is_empty:
                return 0
            with translation.override(user.language):
                subject, body = words_of(digest)
            row.message = tell_staff(user, subject=subject, body=body, at=at)
            row.save(update_fields=["message"])
            record(user, "send_digest", at=at, actor="worker")
    except IntegrityError:
        return 0
    return int(row.message is not None)
