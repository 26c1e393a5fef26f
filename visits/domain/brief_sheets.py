"""The end of the internal edition: what happened so far, and the sheets for the day itself."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from crm.models import Interaction, Message
from visits.briefs.edition import (
    Block,
    Check,
    Checklist,
    Column,
    Facts,
    Items,
    Lines,
    Prose,
    Section,
    Table,
)
from visits.domain import brief_parts as parts
from visits.domain.brief_sources import Sources
from visits.models import Visit, VisitRequest
from visits.models.reports import LADDER, Audience, Outcome
from visits.states import HELD_VISITS

NEWEST = 12


def history(visit: Visit, requests: Sequence[VisitRequest]) -> Section:
    """Mails and calls, newest first; it grows every day and is not part of the hash."""
    events = [*_letters(visit, requests), *_talks(visit, requests), *_earlier(visit)]
    events.sort(key=lambda event: event[0], reverse=True)
    blocks: list[Block] = []
    if events:
        columns = (Column(_("When"), 1.5), Column(_("What"), 1.1), Column(_("About"), 3.4))
        rows = tuple(
            (wording.day(moment.astimezone(ZoneInfo(visit.campaign.zone)).date()), what, about)
            for moment, what, about in events[:NEWEST]
        )
        blocks.append(Table(columns, rows))
        if len(events) > NEWEST:
            rest = len(events) - NEWEST
            words = ngettext(
                "%(count)d older entry is on the desk.",
                "%(count)d older entries are on the desk.",
                rest,
            )
            blocks.append(Prose(words % {"count": rest}, "quiet"))
    else:
        blocks.append(Prose(_("Nothing has been written down yet."), "missing"))
    return Section("history", _("History"), tuple(blocks), hashed=False)


def background(visit: Visit, requests: Sequence[VisitRequest], sources: Sources) -> Section:
    """What is promised, who else of the city asked, and what is known of the city."""
    blocks = [
        *_promises(visit, requests),
        *_others(visit, requests, sources),
        *_about_the_city(visit),
    ]
    if not blocks:
        blocks.append(Prose(_("Nothing has been written down yet."), "missing"))
    return Section("background", _("Promises, background"), tuple(blocks))


def newest_moments(visit: Visit, *, at: datetime) -> list[datetime]:
    """When the newest mail and the newest talk of the history happened, up to `at`."""
    requests = list(visit.requests.all())
    events = [*_letters(visit, requests), *_talks(visit, requests)]
    return sorted(moment for moment, _what, _about in events if moment <= at)[-1:]


Event = tuple[datetime, str, str]


def _letters(visit: Visit, requests: Sequence[VisitRequest]) -> list[Event]:
    letters = (
        Message.objects.that_went()
        .filter(Q(visits=visit) | Q(visit_requests__in=requests))
        .distinct()
    )
    return [
        (
            letter.at,
            _("we wrote") if letter.direction == Message.Direction.OUT else _("they wrote"),
            letter.subject or letter.body[:120],
        )
        for letter in letters
    ]


def _talks(visit: Visit, requests: Sequence[VisitRequest]) -> list[Event]:
    people = [request.person_id for request in requests if request.person_id]
    about = Q(person__in=people)
    if visit.municipality:
        organisation = visit.municipality.organisation_id
        about |= Q(organisation=organisation) | Q(person__organisation=organisation)
    talks = Interaction.objects.filter(about).distinct()
    return [(talk.at, str(talk.get_kind_display()), talk.text[:400]) for talk in talks]


def _earlier(visit: Visit) -> list[Event]:
    """The visit that this one replaces, and why it did."""
    old = visit.replaces
    if old is None:
        return []
    words = _("%(ref)s, planned for %(when)s: %(reason)s") % {
        "ref": old.ref,
        "when": wording.time_range(old.starts_at, old.ends_at, old.zone),
        "reason": old.cancel_reason or old.get_state_display(),
    }
    return [(old.state_since, str(old.get_state_display()), words)]


def _promises(visit: Visit, requests: Sequence[VisitRequest]) -> list[Block]:
    found = {promise.pk: promise for promise in visit.follow_ups.all()}
    for request in requests:
        found |= {promise.pk: promise for promise in request.follow_ups.all()}
    promises = sorted(found.values(), key=lambda promise: (promise.due_on, promise.pk))
    checks = tuple(
        Check(
            _("%(what)s (%(owner)s)")
            % {"what": promise.text, "owner": promise.get_owner_display()},
            not promise.is_open,
            wording.short_day(promise.due_on),
        )
        for promise in promises
    )
    return [Checklist(checks, _("Promises"))] if checks else []


def _others(visit: Visit, requests: Sequence[VisitRequest], sources: Sources) -> list[Block]:
    """Other requests of the same city: its departments may not know of each other."""
    lines = tuple(
        _("%(ref)s %(department)s: %(state)s")
        % {
            "ref": row.ref,
            "department": row.department or row.requester_role,
            "state": row.get_state_display(),
        }
        for row in sources.other_requests(visit, requests)
    )
    return [Items(lines, _("Other requests of the city"))] if lines else []


def _about_the_city(visit: Visit) -> list[Block]:
    place, notes = visit.place, ""
    if visit.municipality:
        organisation = visit.municipality.organisation
        if organisation.notes.strip():
            notes = _("%(notes)s (our notes, %(day)s)") % {
                "notes": organisation.notes,
                "day": wording.day(organisation.updated_at.date()),
            }
    people = (
        _("%(count)s (GeoNames)") % {"count": f"{place.population:,}".replace(",", "\u00a0")}
        if place and place.population
        else ""
    )
    rows = parts.facts(
        (
            _("Region"),
            parts.join((place.region if place else "", wording.country_name(visit.country))),
        ),
        (_("Inhabitants"), people),
        (_("City notes"), notes),
    )
    return [Facts(rows)] if rows else []


def on_the_spot(
    visit: Visit, requests: Sequence[VisitRequest], sources: Sources
) -> tuple[Section, ...]:
    """Outcome aimed at, the count sheet with lines to write on, and the money."""
    return (_result(visit), _count_sheet(visit, requests), _money(visit, sources))


def _result(visit: Visit) -> Section:
    report = getattr(visit, "report", None)
    reached = Outcome(report.outcome) if report else Outcome.OPEN
    higher = LADDER[min(LADDER.index(reached) + 1, len(LADDER) - 1)]
    rows = parts.facts(
        (_("Outcome now"), str(reached.label)),
        (_("Aim"), visit.aim or _("%(outcome)s, with evidence") % {"outcome": higher.label}),
        (_("Evidence"), report.evidence if report else ""),
        (_("Summary for the city"), report.summary if report else ""),
        (_("Our notes"), report.notes if report else ""),
    )
    blocks: list[Block] = [Facts(rows)]
    if report is None:
        words = (
            _("No report yet: it is due three days after the visit.")
            if visit.state in HELD_VISITS
            else _("The report is due three days after the visit.")
        )
        blocks.append(Prose(words, "missing"))
    return Section("result", _("Result"), tuple(blocks))


def _count_sheet(visit: Visit, requests: Sequence[VisitRequest]) -> Section:
    report = getattr(visit, "report", None)
    counted = {row.audience: row.people for row in report.counts.all()} if report else {}
    expected = sum(request.people or 0 for request in requests)
    columns = (Column(_("Audience"), 2.2), Column(_("Came"), 1.0, figures=True), Column("", 2.8))
    rows = [(str(kind.label), str(counted.get(kind, "")), "") for kind in Audience]
    whole = str(sum(counted.values())) if counted else ""
    rows.append(
        (_("Total"), whole, _("expected: %(count)d") % {"count": expected} if expected else "")
    )
    blocks: list[Block] = [Table(columns, tuple(rows), _("Count by category"))]
    if not counted:
        blocks += [Lines(3, _("Three lines")), Lines(3, _("Promises: who, what, until when"))]
    return Section("spot", _("On the spot"), tuple(blocks), whole=True)


def _money(visit: Visit, sources: Sources) -> Section:
    expenses = [row for row in visit.expenses.all() if row.removed_at is None]
    journeys = sources.entered_cost(visit)
    blocks: list[Block] = []
    if visit.budget is not None:
        words = _("Budget: EUR %(budget)s.") % {"budget": f"{visit.budget:.2f}"}
        blocks.append(Prose(words, "strong"))
    if expenses:
        columns = (
            Column(_("Day"), 1.3),
            Column(_("For what"), 2.4),
            Column(_("Amount"), 0.9, figures=True),
            Column(_("Eligible"), 1.2),
        )
        rows = tuple(
            (
                wording.day(row.spent_on),
                row.what,
                f"{row.amount:.2f} {row.currency}",
                parts.join((str(row.get_eligible_display()), row.why)),
            )
            for row in expenses
        )
        blocks.append(Table(columns, rows))
    if journeys is not None:
        words = _("Journeys entered for this visit: EUR %(cost)s.") % {"cost": f"{journeys:.2f}"}
        blocks.append(Prose(words))
    if not blocks:
        blocks.append(Prose(_("No budget and no expense entered. Keep receipts."), "missing"))
    return Section("money", _("Money"), tuple(blocks))
