"""A visit as iCalendar text: for the mail of the municipality, for downloads, for a host's feed.

The identity of an entry is the UID and SEQUENCE of the visit; nothing is made up here. SUMMARY is
the reference and never a city, for calendars are shared more widely than one thinks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override
from icalendar import Calendar, Event, vCalAddress, vDatetime, vText

from crm import clock, languages, wording
from crm.models import Place
from crm.validators import clean_line, clean_text, mail_address
from visits.domain.journeys import Journey, mode_words
from visits.models import Hold, Visit
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
        event = _event(visit, at=at or clock.now(), location=_location(visit))
        if method == "CANCEL":
            event["STATUS"] = vText("CANCELLED")
        if method != "PUBLISH":
            _invite(event, visit)
        return _calendar([event], method=method)


@dataclass(frozen=True)
class Stamp:
    """How often an entry has changed, and when it last did."""

    sequence: int
    changed_at: datetime


def visit_entry(visit: Visit, *, at: datetime, with_details: bool) -> Event:
    """A visit as an entry of its host's feed, not stamped yet.

    Places are left out without `with_details`, and always where the city must not be named.
    Raises ValueError or KeyError for a record that cannot be written.
    """
    named = with_details and _may_be_named(visit, at)
    event = _visit_entry(visit, location=_location(visit) if named else "")
    event.add("categories", ["Visit"])
    return event


def offer_entry(hold: Hold) -> Event:
    """One more date on offer to a city, beside the one its visit stands at."""
    visit, zone = hold.visit, ZoneInfo(hold.visit.zone)
    event = _entry(
        f"offer-{hold.rank}-{_uid(visit)}",
        (_local(hold.starts_at, zone), _local(hold.ends_at, zone)),
        summary=_("%(ref)s, also offered") % {"ref": visit.ref},
        status="TENTATIVE",
    )
    words = [wording.time_range(hold.starts_at, hold.ends_at, visit.zone)]
    home = visit.campaign.zone
    if not same_clock(hold.starts_at, visit.zone, home):
        words.append(wording.time_range(hold.starts_at, hold.ends_at, home))
    until = wording.local_time(hold.expires_at, home)
    words += ["", _("Held for the city until %(until)s.") % {"until": until}]
    event.add("description", clean_text("\n".join(words)))
    event.add("categories", ["Visit"])
    return event


def journey_entry(journey: Journey, *, at: datetime, with_details: bool) -> Event:
    """A journey as an entry: each end in the time of its own place."""
    origin, destination = ZoneInfo(journey.origin.zone), ZoneInfo(journey.destination.zone)
    is_firm = journey.is_booked
    event = _entry(
        _journey_uid(journey),
        (_local(journey.departs_at, origin), _local(journey.arrives_at, destination)),
        summary=_journey_summary(journey),
        status="CONFIRMED" if is_firm else "TENTATIVE",
    )
    lines = [
        _("Leave %(when)s") % {"when": _when(journey.departs_at, journey.origin)},
        _("Arrive %(when)s") % {"when": _when(journey.arrives_at, journey.destination)},
        "",
    ]
    if with_details:
        lines.append(_route(journey, at))
    if not is_firm:
        lines.append(_("An estimate, not booked."))
    if journey.missing_minutes:
        late = wording.duration(journey.missing_minutes)
        lines.append(_("%(minutes)s are missing to be there in time.") % {"minutes": late})
    event.add("description", clean_text("\n".join(lines)))
    event.add("categories", ["Travel"])
    return event


def cancelled_entry(uid: str, starts_at: datetime, ends_at: datetime) -> Event:
    """What is told for a while about an entry that has gone."""
    times = (vDatetime(starts_at.astimezone(UTC)), vDatetime(ends_at.astimezone(UTC)))
    return _entry(uid, times, summary=_("Cancelled"), status="CANCELLED")


def feed_text(entries: Iterable[tuple[Event, Stamp]], *, name: str) -> str:
    """Entries with their stamps as a calendar to subscribe to; the same entries, the same text."""
    events = []
    for event, stamp in entries:
        event.add("sequence", stamp.sequence)
        event.add("dtstamp", stamp.changed_at.astimezone(UTC))
        event.add("last-modified", stamp.changed_at.astimezone(UTC))
        events.append(event)
    return _calendar(events, method="PUBLISH", name=name)


def language_of(visit: Visit) -> str:
    """The language the municipality asked for, where our words exist in it; English otherwise."""
    wanted = [request.language for request in visit.requests.all()]
    known = [language for language in wanted if languages.spoken(language) == language]
    return known[0] if known else settings.LANGUAGE_CODE


def _calendar(events: list[Event], *, method: str, name: str = "") -> str:
    calendar = Calendar()
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


def _event(visit: Visit, *, at: datetime, location: str) -> Event:
    event = _visit_entry(visit, location=location)
    event.add("sequence", visit.ics_sequence)
    event.add("dtstamp", at.astimezone(UTC))
    return event


def _visit_entry(visit: Visit, *, location: str) -> Event:
    zone = ZoneInfo(visit.zone)
    event = _entry(
        _uid(visit),
        (_local(visit.starts_at, zone), _local(visit.ends_at, zone)),
        summary=visit.ref,
        status=STATUS.get(VisitState(visit.state), "CONFIRMED"),
    )
    event.add("description", _description(visit))
    if location:
        event.add("location", location)
    event.add("organizer", _organiser())
    return event


def _entry(uid: str, times: tuple[vDatetime, vDatetime], *, summary: str, status: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event["DTSTART"], event["DTEND"] = times
    event.add("summary", clean_line(summary))
    event.add("status", status)
    event.add("transp", "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    return event


def _uid(visit: Visit) -> str:
    return clean_line(visit.ics_uid) or f"{visit.ref}@{visit.campaign.slug}"


def _journey_uid(journey: Journey) -> str:
    """One name for the way to a visit, however it is travelled: it moves with the visit."""
    if journey.leg is not None:
        return f"leg-{journey.leg.pk}@journeys"
    if journey.to_visit is not None:
        return f"to-{_uid(journey.to_visit)}"
    assert journey.from_visit is not None, "an estimate begins or ends at a visit"
    return f"from-{_uid(journey.from_visit)}"


def _journey_summary(journey: Journey) -> str:
    if journey.to_visit is not None:
        return _("Travel to %(ref)s") % {"ref": journey.to_visit.ref}
    if journey.from_visit is not None:
        return _("Travel from %(ref)s") % {"ref": journey.from_visit.ref}
    return _("Travel")


def _when(moment: datetime, place: Place) -> str:
    return wording.local_time(moment, place.zone)


def _route(journey: Journey, at: datetime) -> str:
    return _("%(origin)s to %(destination)s, %(mode)s, %(time)s") % {
        "origin": _end(journey.origin, journey.from_visit, at),
        "destination": _end(journey.destination, journey.to_visit, at),
        "mode": mode_words(journey.mode),
        "time": wording.duration(journey.minutes),
    }


def _end(place: Place, visit: Visit | None, at: datetime) -> str:
    """An end of a journey by name, or as the visit's reference while its city is kept back."""
    if visit is None:
        return place.name
    return visit.city if _may_be_named(visit, at) else visit.ref


def _local(moment: datetime, zone: ZoneInfo) -> vDatetime:
    """A wall-clock time with the name of its zone, also where that zone keeps to UTC all year.

    An hour that comes twice in autumn goes as UTC: its second run has no other form (RFC 5545,
    3.3.5), and readers differ about the first.
    """
    local = moment.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return vDatetime(moment.astimezone(UTC))
    written = vDatetime(local.replace(tzinfo=None))
    written.params["TZID"] = vText(zone.key)
    return written


def _description(visit: Visit) -> str:
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
    if visit.meeting_link:
        lines.append(_("Join online: %(link)s") % {"link": visit.meeting_link})
    lines.append(_("Anything to change? Just answer our mail and name the reference."))
    return clean_text("\n".join(lines))


def same_clock(moment: datetime, zone: str, other: str) -> bool:
    """Whether clocks in both zones show the same time at that moment."""
    here, there = (moment.astimezone(ZoneInfo(name)) for name in (zone, other))
    return here.utcoffset() == there.utcoffset()


def _location(visit: Visit) -> str:
    if visit.is_online:
        return clean_line(visit.meeting_link)
    return clean_line(visit.address) or clean_line(visit.city)


def _may_be_named(visit: Visit, at: datetime) -> bool:
    municipality = visit.municipality
    day = at.astimezone(ZoneInfo(visit.campaign.zone)).date()
    return municipality is None or municipality.may_be_named(day)


def _organiser() -> vCalAddress:
    organiser = vCalAddress(f"mailto:{clean_line(settings.DEFAULT_FROM_EMAIL)}")
    organiser.params["CN"] = vText(_parameter(settings.MAIL_SENDER_NAME))
    return organiser


def _invite(event: Event, visit: Visit) -> None:
    """Add the local contact as the one who is asked; an unusable address is left out."""
    try:
        address = mail_address(visit.local_contact_address)
    except ValidationError:
        return
    attendee = vCalAddress(f"mailto:{address}")
    if name := _parameter(visit.local_contact_name):
        attendee.params["CN"] = vText(name)
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE")
    event.add("attendee", attendee, encode=False)


def _parameter(value: str) -> str:
    """A name as a parameter: one line without the quotation marks a parameter cannot hold."""
    return clean_line(value).replace('"', "'")
