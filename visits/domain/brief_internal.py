"""The internal edition: what the host needs on the day. Empty is better than guessed: a section
without data says what is missing, and facts carry their date or source."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override, pgettext

from crm import wording
from visits.briefs.edition import (
    Block,
    Check,
    Checklist,
    Column,
    Edition,
    Facts,
    Items,
    Prose,
    Section,
    Table,
)
from visits.domain import brief_journeys as journeys
from visits.domain import brief_parts as parts
from visits.domain.brief_scans import scans_of
from visits.domain.brief_sheets import background, history, on_the_spot
from visits.domain.brief_sources import Sources
from visits.models import AgendaItem, CalendarDay, ChecklistItem, Disruption, Visit, VisitRequest
from visits.models.requests import Channel, Mode
from visits.states import VisitState

LONGEST_QUOTE = 420
STAFF_TOPICS, SOCIAL_TOPICS = {"T14"}, {"T10"}


def gather_internal(
    visit: Visit,
    *,
    at: datetime,
    language: str = "en",
    sources: Sources | None = None,
    with_history: bool = True,
) -> Edition:
    """The internal edition as of `at` (which decides whether another city may be named in it).

    `sources` are those of several visits, where more than one brief is gathered; whoever asks for
    the hash alone leaves out the history, which is no part of it.
    """
    sources = sources or Sources([visit])
    visit = sources.stored(visit)
    with override(language):
        requests = parts.requests_of(visit)
        trip = journeys.trip_of(visit, sources, at=at)
        same = _same_clock(visit)
        return Edition(
            kind="internal",
            language=language,
            ref=visit.ref,
            name=_("Visit brief, internal edition"),
            city=visit.city,
            country=wording.country_name(visit.country),
            mode=str(Mode(visit.mode).label),
            state=parts.state_of(visit.state),
            notice=_notice(visit),
            when=wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
            when_home=_at_home(visit, same=same),
            essentials=_essentials(visit, requests, trip),
            sections=tuple(_sections(visit, requests, trip, sources, with_history=with_history)),
            foot=_foot(visit),
            day=parts.day_line(
                visit,
                label=visit.city,
                journeys=trip.stretches,
                home_zone="" if same else visit.host.zone,
            ),
            tour=trip.tour,
            scans=scans_of(visit),
            link=f"{settings.SITE_URL}/visits/{visit.ref}/",
            link_label=_("This visit on the desk"),
            author=visit.campaign.name,
            is_sample=visit.is_sample,
        )


def _same_clock(visit: Visit) -> bool:
    """Whether clocks at the place and at the host's home agree on that day."""
    here, home = (
        visit.starts_at.astimezone(ZoneInfo(zone)).utcoffset()
        for zone in (visit.zone, visit.host.zone)
    )
    return here == home


def _at_home(visit: Visit, *, same: bool) -> str:
    city = wording.zone_city(visit.host.zone)
    if visit.zone == visit.host.zone:
        return ""
    if same:
        return _("%(city)s has the same time.") % {"city": city}
    return wording.time_range(visit.starts_at, visit.ends_at, visit.host.zone)


def _notice(visit: Visit) -> str:
    if visit.state == VisitState.TENTATIVE:
        return _("Draft: visit not confirmed.")
    if visit.state == VisitState.CANCELLED:
        words = _("Void: visit cancelled.")
    elif visit.state == VisitState.POSTPONED:
        words = _("Void: visit postponed.")
    elif visit.state == VisitState.NO_SHOW:
        words = _("Void: nobody came.")
    else:
        return _("At risk: see “In one minute”.") if visit.at_risk else ""
    moved = parts.replacement_of(visit)
    follows = _("Replaced by %(ref)s.") % {"ref": moved.ref} if moved else ""
    reason = (
        _("%(side)s: %(reason)s")
        % {"side": visit.get_cancel_side_display(), "reason": visit.cancel_reason}
        if visit.cancel_reason
        else ""
    )
    return parts.join((words, follows, reason), " ")


def _essentials(visit: Visit, requests: list[VisitRequest], trip: journeys.Trip) -> tuple[Any, ...]:
    people = sum(request.people or 0 for request in requests)
    expected = (
        ngettext("%(count)d expected", "%(count)d expected", people) % {"count": people}
        if people
        else _("number not known")
    )
    interpreter = parts.join(request.interpreter for request in requests)
    languages = dict.fromkeys(parts.language_name(request.language) for request in requests)
    contact = parts.join(
        (visit.local_contact_name, visit.local_contact_phone, visit.local_contact_address)
    )
    return parts.facts(
        (_("Where"), _where(visit)),
        (_("Who leads"), parts.join((visit.host.name, visit.host.title))),
        (_("Can take over"), visit.backup.name if visit.backup else _("nobody named")),
        (_("Expert"), parts.join(expert.name for expert in visit.experts.all())),
        (_("Local contact"), contact or _("not known")),
        (_("People"), expected),
        (_("Language"), parts.join((parts.join(languages), interpreter), "; ")),
        (_("Topics"), parts.join((f"{t.code} {t.name}" for t in visit.topics.all()), "; ")),
        (_("Journey there"), trip.out),
        (_("Journey on"), trip.on),
        (_("Aim"), visit.aim),
        (_("Print again after"), _validity(visit)),
    )


def _validity(visit: Visit) -> str:
    return wording.day(visit.print_again_after) if visit.print_again_after else ""


def _where(visit: Visit) -> str:
    if visit.is_online:
        return visit.meeting_link or _("online, link missing")
    return visit.address or _("address missing")


def _sections(
    visit: Visit,
    requests: list[VisitRequest],
    trip: journeys.Trip,
    sources: Sources,
    *,
    with_history: bool,
) -> Iterator[Section]:
    disruptions = journeys.disruptions_near(visit, sources)
    yield _minute(visit, requests, disruptions, sources)
    yield _people(visit, requests, sources)
    yield _questions(requests)
    yield _programme(visit, requests)
    yield _topics(visit)
    yield _law(visit, requests, sources)
    yield _place(visit)
    yield _travel(visit, trip, disruptions, sources)
    yield background(visit, requests, sources)
    if with_history:
        yield history(visit, requests)
    yield from on_the_spot(visit, requests, sources)


def _missing(words: str) -> Prose:
    return Prose(words, "missing")


def _minute(
    visit: Visit,
    requests: list[VisitRequest],
    disruptions: list[Disruption],
    sources: Sources,
) -> Section:
    blocks: list[Block] = []
    for request in requests:
        blocks += _said(request)
    blocks.append(Items(_reminders(visit, requests)[:3], _("Three reminders")))
    blocks.append(Items(_risks(visit, disruptions, sources), _("Risks")))
    if visit.notes.strip():
        blocks.append(Prose(visit.notes, heading=_("Notes for the host")))
    return Section("minute", _("In one minute"), tuple(blocks))


def _said(request: VisitRequest) -> list[Block]:
    """The city's own words, its translation beside them, and where they come from."""
    own, translated = request.raw_text.strip(), request.translation.strip()
    spoken = parts.spoken_in(request.raw_language or request.language)
    language = parts.language_name(request.raw_language or request.language)
    source = _("%(ref)s, %(channel)s, %(day)s, %(department)s") % {
        "ref": request.ref,
        "channel": Channel(request.channel).label,
        "day": wording.day(request.received_at.astimezone(ZoneInfo(request.zone)).date()),
        "department": request.department or _("department not known"),
    }
    blocks: list[Block] = []
    if own and translated:
        columns = (
            Column(_("In their words (%(language)s)") % {"language": language}, 3, spoken=spoken),
            Column(_("Translation"), 3),
        )
        blocks.append(Table(columns, ((_shortened(own), _shortened(translated)),)))
    elif own:
        blocks.append(Prose(_shortened(own), "quote", spoken=spoken))
    elif translated:
        blocks.append(Prose(_shortened(translated), "quote"))
        source += "; " + _("translated from %(language)s") % {"language": language}
    else:
        words = _("No words of the city are kept with %(ref)s.") % {"ref": request.ref}
        blocks.append(_missing(words))
    blocks.append(Prose(source, "quiet"))
    return blocks


def _shortened(words: str) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= LONGEST_QUOTE else flat[: LONGEST_QUOTE - 1].rstrip() + "…"


def _reminders(visit: Visit, requests: list[VisitRequest]) -> tuple[str, ...]:
    codes = {topic.code for topic in visit.topics.all()}
    lines = [
        _("To be kept secret: %(what)s") % {"what": request.secrecy}
        for request in requests
        if request.secrecy.strip()
    ]
    if visit.municipality and visit.municipality.embargo_until:
        lines.append(
            _("The city is not to be named in public until %(day)s.")
            % {"day": wording.day(visit.municipality.embargo_until)}
        )
    if codes & STAFF_TOPICS:
        lines.append(_("Data about staff: speak about works councils first, volunteers only."))
    if codes & SOCIAL_TOPICS:
        lines.append(_("Social media: only with its ethical questions, never a named person."))
    if any(request.interpreter.strip() for request in requests):
        lines.append(_("With interpreting plan for about 40 % less content."))
    if any(request.step_free for request in requests):
        lines.append(_("Step-free access was asked for."))
    lines += [
        _("No security audit, no sale, no connection to systems of the city: say so at the start."),
        _("The AI Act is only a proposal; promise nothing after the project's end on %(day)s.")
        % {"day": wording.day(visit.campaign.project_end)},
        _("Agree one next step with a name and a date before you leave."),
    ]
    return tuple(lines)


def _risks(visit: Visit, disruptions: list[Disruption], sources: Sources) -> tuple[str, ...]:
    lines = [journeys.disruption_words(row, visit.zone) for row in disruptions]
    lines += [
        _("%(name)s (%(kind)s)") % {"name": day.name, "kind": day.get_kind_display()}
        for day in _days_near(visit, 0, sources)
    ]
    if not visit.local_contact_verified_at:
        lines.append(_("The local contact has not been verified."))
    if visit.backup is None:
        lines.append(_("Nobody is named who could take over."))
    if visit.override_reason.strip():
        lines.append(_("A rule was set aside: %(why)s") % {"why": visit.override_reason})
    if visit.at_risk and not disruptions:
        lines.insert(0, _("Marked as at risk."))
    return tuple(lines) or (_("None known."),)


def _people(visit: Visit, requests: list[VisitRequest], sources: Sources) -> Section:
    rows = [
        (
            request.requester_name or _("name not known"),
            parts.join((request.requester_role, request.department)),
            request.ref,
        )
        for request in requests
    ]
    rows += _met(visit, sources)
    columns = (Column(_("Name"), 2), Column(_("Role"), 2.4), Column(_("Known from"), 2))
    blocks: list[Block] = [Table(columns, tuple(rows))] if rows else []
    known = parts.facts((_("Who decides"), visit.decides), (_("Missing"), visit.missing_people))
    if known:
        blocks.append(Facts(known))
    if not visit.decides:
        blocks.append(_missing(_("Not known: who decides.")))
    if not visit.missing_people:
        words = _(
            "Not known: who is missing. Ask for the data protection officer, IT, legal and "
            "communications."
        )
        blocks.append(_missing(words))
    return Section("people", _("People"), tuple(blocks))


def _met(visit: Visit, sources: Sources) -> list[tuple[str, str, str]]:
    """People of the city who were at the campaign's event, with how their name is also written."""
    rows = []
    for part in sources.met(visit):
        person = part.person
        name = f"{person.name} ({person.script_variant})" if person.script_variant else person.name
        event = part.event
        where = _("met in %(city)s, %(days)s") % {
            "city": event.city,
            "days": wording.day_range(event.starts_on, event.ends_on),
        }
        rows.append((name, parts.join((person.role, person.department)), where))
    return rows


def _questions(requests: list[VisitRequest]) -> Section:
    asked = [
        (
            _("%(question)s (%(ref)s)") % {"question": question, "ref": request.ref},
            request.planned_answers.get(str(question), {}),
        )
        for request in requests
        for question in request.questions
    ]
    title = _("Questions")
    if not asked:
        return Section("questions", title, (_missing(_("The city asked none.")),))
    if not any(planned for _question, planned in asked):
        lines = tuple(question for question, _planned in asked)
        words = _missing(_("Planned answers: none written yet."))
        return Section("questions", title, (Items(lines, numbered=True), words))
    columns = (
        Column(_("Question"), 2.4),
        Column(_("Planned answer"), 2.8),
        Column(_("Who answers"), 1.2),
    )
    rows = tuple(
        (question, planned.get("answer") or _("not written yet"), planned.get("owner") or "–")
        for question, planned in asked
    )
    return Section("questions", title, (Table(columns, rows),))


def _programme(visit: Visit, requests: list[VisitRequest]) -> Section:
    timed = parts.programme(visit)
    if not timed:
        return Section("programme", _("Programme"), (_missing(_("No programme entered yet.")),))
    columns: tuple[Column, ...] = (
        Column(pgettext("number of an item", "No"), 0.45),
        Column(parts.zone_name(visit.starts_at, visit.zone), 1.35, figures=True),
        Column(_("Item"), 2.9),
        Column(_("Speaker"), 1.6),
        Column(_("Plan B, what to drop"), 1.6),
    )
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            str(number),
            f"{wording.clock_time(start, visit.zone)}–{wording.clock_time(end, visit.zone)}",
            parts.join((parts.said(item.title), item.room)),
            parts.said(item.speaker),
            _plan_b(item),
        )
        for number, (start, end, item) in enumerate(timed, 1)
    )
    has_plan_b = any(row[4].strip() for row in rows)
    if not has_plan_b:
        columns, rows = columns[:4], tuple(row[:4] for row in rows)
    blocks: list[Block] = [Table(columns, rows)]
    if words := overrun_words(visit, [item.minutes for _start, _end, item in timed]):
        blocks.append(Prose(words, "strong"))
    if not has_plan_b:
        blocks.append(
            _missing(_("No plan B is written: which item goes first when time is short?"))
        )
    return Section("programme", _("Programme"), tuple(blocks))


def overrun_words(visit: Visit, lengths: Iterable[int]) -> str:
    """By how much items of these minutes are longer than the visit, as a sentence; empty when they
    fit."""
    over = (timedelta(minutes=sum(lengths)) - visit.duration) // timedelta(minutes=1)
    if over <= 0:
        return ""
    words = _("The programme is %(time)s longer than the visit.")
    return words % {"time": wording.duration(over)}


def _plan_b(item: AgendaItem) -> str:
    return parts.join((item.plan_b, _("can be dropped") if item.can_be_dropped else ""), "; ")


def _topics(visit: Visit) -> Section:
    topics = list(visit.topics.all())
    if not topics:
        return Section("topics", _("Topics, tools"), (_missing(_("No topic chosen yet.")),))
    columns = (
        Column(_("Topic"), 1.7),
        Column(_("Limits, what not to promise"), 2.6),
        Column(_("Bring"), 1.7),
    )
    rows = tuple((f"{topic.code} {topic.name}", topic.limits, topic.materials) for topic in topics)
    blocks: list[Block] = [Table(columns, rows)]
    if visit.materials.strip():
        blocks.append(Prose(_("Material: %(what)s") % {"what": visit.materials}))
    return Section("topics", _("Topics, tools"), tuple(blocks))


def _law(visit: Visit, requests: list[VisitRequest], sources: Sources) -> Section:
    always = (
        _("GDPR or the Law Enforcement Directive 2016/680? Public task, not consent."),
        _("Impact assessment, notices and retention; biometrics; social media."),
        _("Data of staff, false alarms, procurement."),
    )
    rows = parts.facts(
        (_("Naming the city"), journeys.consent_words(requests, "name_city", sources)),
        (_("Photos"), journeys.consent_words(requests, "photo", sources)),
        (_("Passing on to Secu4All"), journeys.consent_words(requests, "share_secu4all", sources)),
    )
    blocks = (Items(always, _("Always asked")), Facts(rows))
    return Section("law", _("Law, ethics, data"), blocks)


def _place(visit: Visit) -> Section:
    verified = visit.local_contact_verified_at
    rows = parts.facts(
        (_("Online") if visit.is_online else _("Address"), _where(visit)),
        (_("On the day"), visit.local_contact_name or _("contact missing")),
        (_("Phone"), visit.local_contact_phone or _("missing: ask before you travel")),
        (_("Mail"), visit.local_contact_address),
        (
            _("Verified"),
            wording.local_time(verified, visit.zone) if verified else _("not yet"),
        ),
        (_("Agreed"), visit.agreement),
    )
    blocks: list[Block] = [Facts(rows)]
    items = list(visit.checklist.all())
    for owner, heading in (
        (ChecklistItem.Owner.OURS, _("Ours")),
        (ChecklistItem.Owner.THEIRS, _("Theirs")),
    ):
        checks = tuple(
            Check(
                parts.said(item.text), item.done, _("ready") if item.done else _("open"), item.note
            )
            for item in items
            if item.owner == owner
        )
        if checks:
            blocks.append(Checklist(checks, heading))
    if not items and not visit.is_online:
        blocks.append(_missing(_("No checklist for the room yet.")))
    return Section("place", _("Place, room"), tuple(blocks))


def _travel(
    visit: Visit, trip: journeys.Trip, disruptions: list[Disruption], sources: Sources
) -> Section:
    blocks: list[Block] = list(trip.blocks)
    if disruptions:
        words = tuple(journeys.disruption_words(row, visit.zone) for row in disruptions)
        blocks.append(Items(words, _("Disruptions")))
    days = _days_near(visit, 3, sources)
    if days:
        columns = (
            Column(_("Day"), 1.6),
            Column(_("What"), 2.6),
            Column(_("Kind"), 1.2),
            Column(_("Source"), 1.8),
        )
        rows = tuple(
            (
                wording.day_range(day.first_on, day.last_on),
                day.name,
                str(day.get_kind_display()),
                parts.join((day.source, day.confidence)),
            )
            for day in days
        )
        blocks.append(Table(columns, rows, _("Local calendar")))
    else:
        blocks.append(Prose(_("Local calendar: no special day within three days."), "plain"))
    return Section("travel", _("Travel, calendar"), tuple(blocks))


def _days_near(visit: Visit, around: int, sources: Sources) -> list[CalendarDay]:
    day, span = visit.local_date, timedelta(days=around)
    return sources.days(visit, day - span, day + span)


def _foot(visit: Visit) -> str:
    sample = _("Sample data: people and requests are invented.") if visit.is_sample else ""
    return parts.join((_("Internal. For the host; do not forward."), sample), "\n")
