"""A visit as iCalendar text: for the mail of the municipality and for downloads.

The identity of an entry is the UID and SEQUENCE of the visit; nothing is made up here. SUMMARY says
whose visit it is and the reference its reader knows, never a city: calendars are shared more widely
than one thinks.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import clock, languages, wording
from crm.validators import clean_line, clean_text, mail_address
from visits.late import icalendar
from visits.models import Visit
from visits.states import VisitState

PRODUCT = "-//Municipality Outreach CRM//visits//EN"
ENDED = frozenset({VisitState.CANCELLED, VisitState.POSTPONED, VisitState.NO_SHOW})
STATUS = {VisitState.TENTATIVE: "TENTATIVE"} | dict.fromkeys(ENDED, "CANCELLED")


def invitation(visit: Visit, *, at: datetime | None = None) -> tuple[str, str]:
    """The calendar text and method that fit the state: what a mail about the visit carries.

    REQUEST throughout, also while details are open (STATUS says TENTATIVE): a published entry is
    another one to a calendar and would not be moved by a later request (RFC 5546, 3.2.2).
    """
    method = "CANCEL" if visit.state in ENDED else "REQUEST"
    return visit_calendar(visit, method=method, at=at), method


def visit_calendar(visit: Visit, *, method: str = "REQUEST", at: datetime | None = None) -> str:
    """One visit as a calendar for its municipality: REQUEST, CANCEL or PUBLISH.

    `at` is the moment of writing (DTSTAMP), now when not given. Raises ValueError for any other
    method.
    """
    if method not in ("REQUEST", "CANCEL", "PUBLISH"):
        raise ValueError(f"{method} is no method of a visit's calendar.")
    with override(language_of(visit)):
        refs = ", ".join(sorted(request.ref for request in visit.requests.all()))
        event = _event(visit, at=at or clock.now(), location=location_of(visit), ref=refs)
        if method == "CANCEL":
            event["STATUS"] = icalendar.vText("CANCELLED")
        if method != "PUBLISH":
            _invite(event, visit)
        return calendar_text([event], method=method)


def language_of(visit: Visit) -> str:
    """The language the municipality asked for, where our words exist in it; English otherwise."""
    wanted = [request.language for request in visit.requests.all()]
    known = [language for language in wanted if languages.spoken(language) == language]
    return known[0] if known else settings.LANGUAGE_CODE


def calendar_text(events: list[icalendar.Event], *, method: str, name: str = "") -> str:
    """Events as a calendar, with a description of every zone they name."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", clean_line(name))
    for event in events:
        calendar.add_component(event)
    if events:
        years = [event.start.year for event in events]
        calendar.add_missing_timezones(date(min(years) - 1, 1, 1), date(max(years) + 2, 1, 1))
    return calendar.to_ical().decode()


def _event(visit: Visit, *, at: datetime, location: str, ref: str) -> icalendar.Event:
    event = visit_event(visit, location=location, summary=_summary(visit, ref or visit.ref))
    event.add("sequence", visit.ics_sequence)
    event.add("dtstamp", at.astimezone(UTC))
    return event


def visit_event(
    visit: Visit, *, location: str, summary: str = "", with_link: bool = True
) -> icalendar.Event:
    """A visit as an entry that is not stamped yet; our own readers know it by its reference."""
    zone = ZoneInfo(visit.zone)
    event = bare_event(
        uid_of(visit),
        (local_time(visit.starts_at, zone), local_time(visit.ends_at, zone)),
        summary=summary or visit.ref,
        status=STATUS.get(VisitState(visit.state), "CONFIRMED"),
    )
    event.add("description", _description(visit, with_link=with_link))
    if location:
        event.add("location", location)
    event.add("organizer", _organiser())
    return event


def _summary(visit: Visit, ref: str) -> str:
    """What it is and its reference: "IMPETUS visit (R27)"."""
    initiative = visit.campaign.initiative
    if initiative is None:
        return clean_line(_("Visit (%(ref)s)") % {"ref": ref})
    words = _("%(initiative)s visit (%(ref)s)")
    return clean_line(words % {"initiative": initiative.name, "ref": ref})


def bare_event(
    uid: str, times: tuple[icalendar.vDatetime, icalendar.vDatetime], *, summary: str, status: str
) -> icalendar.Event:
    """What every entry has: its name, its times, a line, and whether it takes time."""
    event = icalendar.Event()
    event.add("uid", uid)
    event["DTSTART"], event["DTEND"] = times
    event.add("summary", clean_line(summary))
    event.add("status", status)
    event.add("transp", "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    return event


def uid_of(visit: Visit) -> str:
    """The name of the visit in every calendar; a moved date keeps it."""
    return clean_line(visit.ics_uid) or f"{visit.ref}@{visit.campaign.slug}"


def local_time(moment: datetime, zone: ZoneInfo) -> icalendar.vDatetime:
    """A wall-clock time with the name of its zone, also where that zone keeps to UTC all year.

    An hour that comes twice in autumn goes as UTC: its second run has no other form (RFC 5545,
    3.3.5), and readers differ about the first.
    """
    local = moment.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return icalendar.vDatetime(moment.astimezone(UTC))
    written = icalendar.vDatetime(local.replace(tzinfo=None))
    written.params["TZID"] = icalendar.vText(zone.key)
    return written


def _description(visit: Visit, *, with_link: bool) -> str:
    """Local time first, our own second, then who comes and how to join; nothing internal."""
    home = visit.campaign.zone
    here = wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
    lines = [here]
    if not same_clock(visit.starts_at, visit.zone, home):
        lines.append(wording.time_range(visit.starts_at, visit.ends_at, home))
    lines.append("")
    host = visit.host
    visitor = f"{host.name}, {host.title}" if host.title else host.name
    lines.append(_("Visit %(ref)s with %(visitor)s") % {"ref": visit.ref, "visitor": visitor})
    if visit.meeting_link and with_link:
        lines.append(_("Join online: %(link)s") % {"link": visit.meeting_link})
    lines.append(_("Anything to change? Just answer our mail and name the reference."))
    return clean_text("\n".join(lines))


def same_clock(moment: datetime, zone: str, other: str) -> bool:
    """Whether clocks in both zones show the same time at that moment."""
    here, there = (moment.astimezone(ZoneInfo(name)) for name in (zone, other))
    return here.utcoffset() == there.utcoffset()


def location_of(visit: Visit) -> str:
    """Where one meets: a link, an address, or at least the city."""
    if visit.is_online:
        return clean_line(visit.meeting_link)
    return clean_line(visit.address) or clean_line(visit.city)


def may_be_named(visit: Visit, at: datetime) -> bool:
    """Whether the city may be named on the day of that moment."""
    municipality = visit.municipality
    day = at.astimezone(ZoneInfo(visit.campaign.zone)).date()
    return municipality is None or municipality.may_be_named(day)


def _organiser() -> icalendar.vCalAddress:
    organiser = icalendar.vCalAddress(f"mailto:{clean_line(settings.DEFAULT_FROM_EMAIL)}")
    organiser.params["CN"] = icalendar.vText(_parameter(settings.MAIL_SENDER_NAME))
    return organiser


def _invite(event: icalendar.Event, visit: Visit) -> None:
    """Add the local contact as the one who is asked; an unusable address is left out."""
    try:
        address = mail_address(visit.local_contact_address)
    except ValidationError:
        return
    attendee = icalendar.vCalAddress(f"mailto:{address}")
    if name := _parameter(visit.local_contact_name):
        attendee.params["CN"] = icalendar.vText(name)
    attendee.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = icalendar.vText("NEEDS-ACTION")
    attendee.params["RSVP"] = icalendar.vText("TRUE")
    event.add("attendee", attendee, encode=False)


def _parameter(value: str) -> str:
    """A name as a parameter: one line without the quotation marks a parameter cannot hold."""
    return clean_line(value).replace('"', "'")
