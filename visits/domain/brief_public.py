"""The public edition: what the municipality gets, built up from fields it may see and no others.

Every attribute read here is named in `public_fields` or `municipality_fields` of its model; a test
fills all the others with secrets and looks for them.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from crm import wording
from visits.briefs.edition import (
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
from visits.domain import brief_parts as parts
from visits.domain.brief_sources import Sources
from visits.models import ChecklistItem, Host, Topic, Visit, VisitRequest
from visits.models.requests import Mode
from visits.states import HELD_VISITS, VisitState

# Steps that are ours alone are shown to the city as what they mean for it.
SHOWN: dict[str, str] = dict.fromkeys(HELD_VISITS, VisitState.COMPLETED)
SHOWN[VisitState.BRIEFED] = VisitState.CONFIRMED


def gather_public(
    visit: Visit, language: str, *, at: datetime, sources: Sources | None = None
) -> Edition:
    """The public edition in `language`, whatever the state of the visit; `at` changes nothing in
    it, it is asked so that both gather functions are called alike."""
    sources = sources or Sources([visit])
    visit = sources.stored(visit)
    with override(language):
        requests = parts.requests_of(visit)
        city = _city(visit, requests)
        return Edition(
            kind="public",
            language=language,
            ref=visit.ref,
            name=_("Programme of your visit"),
            city=city,
            country=_country(visit),
            mode=str(Mode(visit.mode).label),
            state=parts.state_of(SHOWN.get(visit.state, visit.state)),
            notice=_notice(visit),
            when=wording.time_range(visit.starts_at, visit.ends_at, visit.zone),
            when_home="",
            essentials=_essentials(visit, requests),
            sections=_sections(visit, requests, sources),
            foot=_foot(visit),
            day=parts.day_line(visit, label=city),
            tour=parts.place_map(visit, city),
            link=f"{settings.SITE_URL}/{language}/visit/",
            link_label=_("About these visits"),
            author=visit.campaign.name,
            is_sample=visit.is_sample,
        )


def _city(visit: Visit, requests: list[VisitRequest]) -> str:
    names = [request.city for request in requests]
    if visit.municipality:
        names.insert(0, visit.municipality.name)
    return names[0] if names else _("Your city")


def _country(visit: Visit) -> str:
    return wording.country_name(visit.municipality.country) if visit.municipality else ""


def _notice(visit: Visit) -> str:
    if visit.state == VisitState.TENTATIVE:
        return _("Draft: this visit is not confirmed yet.")
    if visit.state == VisitState.CANCELLED:
        return _("Void: this visit was cancelled.")
    if visit.state == VisitState.NO_SHOW:
        return _("Void: this meeting did not take place.")
    if visit.state != VisitState.POSTPONED:
        return ""
    moved = parts.replacement_of(visit)
    if moved is None:
        return _("Void: this visit was postponed.")
    when = wording.time_range(moved.starts_at, moved.ends_at, moved.zone)
    return _("Void: this visit was moved. The new date is %(when)s, reference %(ref)s.") % {
        "when": when,
        "ref": moved.ref,
    }


def _essentials(visit: Visit, requests: list[VisitRequest]) -> tuple[Any, ...]:
    people = sum(request.people or 0 for request in requests)
    expected = wording.people(people) if people else ""
    return parts.facts(
        (_("Where"), _where(visit)),
        (_("Visitors"), wording.listed(_visitors(visit))),
        (_("Your contact"), visit.local_contact_name),
        (_("From your side"), expected),
        (_("Topics"), wording.listed(topic.title for topic in visit.topics.all())),
        (_("Interpreter"), parts.join(request.interpreter for request in requests)),
        (_("Costs"), _("None for the city.")),
    )


def _where(visit: Visit) -> str:
    if visit.is_online:
        return visit.meeting_link or _("Online; the link follows.")
    return visit.address or _("Still to be agreed.")


def _visitors(visit: Visit) -> list[str]:
    people: list[Host] = [visit.host, *visit.experts.all()]
    return [f"{host.name}, {host.title}" if host.title else host.name for host in people]


def _sections(visit: Visit, requests: list[VisitRequest], sources: Sources) -> tuple[Section, ...]:
    made = (
        _what_it_is(),
        _programme(visit),
        _questions(requests),
        _people(visit, requests),
        _topics(visit),
        _place(visit),
        _journey(visit, sources),
        _data(),
        _afterwards(visit),
    )
    return tuple(section for section in made if section is not None)


def _what_it_is() -> Section:
    words = _(
        "A conversation between practitioners: what was learned in the pilot cities, your own "
        "situation, one to three topics with prepared material, law and ethics, and next steps."
    )
    lines = (
        _("It is not a security audit and not a sale; nothing is connected to city systems."),
        _("It costs the city nothing."),
    )
    return Section("minute", _("What this visit is"), (Prose(words), Items(lines)))


def _programme(visit: Visit) -> Section | None:
    items = parts.programme(visit)
    if not items:
        return None
    columns: tuple[Column, ...] = (
        Column(pgettext("number of an item", "No"), 0.5),
        Column(parts.zone_name(visit.starts_at, visit.zone), 1.35, figures=True),
        Column(_("Item"), 3.2),
        Column(_("Speaker"), 1.9),
        Column(_("Room"), 1.2),
    )
    rows: tuple[tuple[str, ...], ...] = tuple(
        (
            str(number),
            f"{wording.clock_time(start, visit.zone)}–{wording.clock_time(end, visit.zone)}",
            parts.said(item.title),
            parts.said(item.speaker),
            item.room,
        )
        for number, (start, end, item) in enumerate(items, 1)
    )
    if not any(row[4] for row in rows):
        columns, rows = columns[:4], tuple(row[:4] for row in rows)
    return Section("programme", _("Programme"), (Table(columns, rows),))


def _questions(requests: list[VisitRequest]) -> Section | None:
    asked = tuple(str(question) for request in requests for question in request.questions)
    if not asked:
        return None
    return Section("questions", _("Your questions"), (Items(asked, numbered=True),))


def _people(visit: Visit, requests: list[VisitRequest]) -> Section:
    yours = [
        parts.join((request.requester_name, request.requester_role, request.department))
        for request in requests
    ]
    rows = parts.facts(
        (_("From our side"), wording.listed(_visitors(visit))),
        (_("You asked"), wording.listed(dict.fromkeys(yours))),
        (_("Your contact"), visit.local_contact_name),
    )
    return Section("people", _("People"), (Facts(rows),))


def _topics(visit: Visit) -> Section | None:
    topics: list[Topic] = list(visit.topics.all())
    if not topics:
        return None
    columns = (Column(_("Topic"), 2), Column(_("What it is"), 4))
    rows = tuple(
        (topic.title, parts.join((topic.explanation, _guide(topic)), "\n")) for topic in topics
    )
    return Section("topics", _("Topics"), (Table(columns, rows),))


def _guide(topic: Topic) -> str:
    return _("Guide: %(address)s") % {"address": topic.guide_url} if topic.guide_url else ""


def _place(visit: Visit) -> Section:
    sender = f"{settings.MAIL_SENDER_NAME}, {settings.DEFAULT_FROM_EMAIL}"
    rows = parts.facts(
        (_("Online") if visit.is_online else _("Address"), _where(visit)),
        (_("Our contact"), sender),
        (_("Reference"), visit.ref),
    )
    theirs = [item for item in visit.checklist.all() if item.owner == ChecklistItem.Owner.THEIRS]
    ready = tuple(
        Check(parts.said(item.text), item.done, _("ready") if item.done else _("open"))
        for item in theirs
    )
    blocks = (Facts(rows), Checklist(ready, _("Please have ready"))) if ready else (Facts(rows),)
    title = _("How to join") if visit.is_online else _("Place and room")
    return Section("place", title, blocks)


def _journey(visit: Visit, sources: Sources) -> Section | None:
    """When the visitors arrive and leave; nothing of where from, how, or at what price."""
    there, on = sources.journeys(visit)
    before = [row.arrives_at for row in there if row.is_firm and row.arrives_at <= visit.starts_at]
    after = [row.departs_at for row in on if row.is_firm and row.departs_at >= visit.ends_at]
    rows = parts.facts(
        (_("We arrive"), wording.local_time(before[-1], visit.zone) if before else ""),
        (_("We leave"), wording.local_time(after[0], visit.zone) if after else ""),
    )
    return Section("journey", _("Arrival"), (Facts(rows),)) if rows else None


def _data() -> Section:
    lines = (
        _("We count how many people of which kind of body come; we need no list of names."),
        _("Photos are taken only when everybody in them has agreed."),
        _("Names and addresses are used for this visit only, unless you agreed to more."),
        _("You may see, correct or have deleted what we keep: just answer our mail."),
    )
    return Section("data", _("Data and photos"), (Items(lines),))


def _afterwards(visit: Visit) -> Section:
    blocks: list = []
    report = getattr(visit, "report", None)
    if visit.state in HELD_VISITS and report is not None and report.summary.strip():
        blocks.append(Prose(report.summary))
    blocks.append(
        Items(
            (
                _("Within three days you get a short report to check and correct."),
                _("What we promised on the spot is sent with a date for each point."),
                _("Whether the city is named in public is for you to decide."),
            )
        )
    )
    return Section("afterwards", _("What happens afterwards"), tuple(blocks))


def _foot(visit: Visit) -> str:
    sample = _("Sample data: people and requests are invented.") if visit.is_sample else ""
    return parts.join((visit.campaign.funding_line, sample), "\n")
