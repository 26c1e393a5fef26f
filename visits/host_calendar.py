"""Visits, dates on offer and journeys as entries of a host's own calendar.

SUMMARY names references and never a city, as everywhere. An entry is stamped when it is told, with
how often it has changed and when it last did, so that the text stays the same between changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from crm.models import Place
from crm.validators import clean_text
from visits.domain.journeys import Journey
from visits.ical import (
    bare_event,
    calendar_text,
    local_time,
    location_of,
    may_be_named,
    same_clock,
    uid_of,
    visit_event,
)
from visits.late import icalendar
from visits.models import Hold, Visit
from visits.models.travel import mode_words


@dataclass(frozen=True)
class Stamp:
    """How often an entry has changed, and when it last did."""

    sequence: int
    changed_at: datetime


def visit_entry(visit: Visit, *, at: datetime, with_details: bool) -> icalendar.Event:
    """A visit as an entry of its host's feed, not stamped yet.

    Places are left out without `with_details`, and always where the city must not be named.
    Raises ValueError or KeyError for a record that cannot be written.
    """
    named = with_details and may_be_named(visit, at)
    location = location_of(visit) if named else ""
    event = visit_event(visit, location=location, with_link=with_details)
    event.add("categories", ["Visit"])
    return event


def offer_entry(hold: Hold) -> icalendar.Event:
    """One more date on offer to a city, beside the one its visit stands at."""
    visit, zone = hold.visit, ZoneInfo(hold.visit.zone)
    event = bare_event(
        f"offer-{hold.rank}-{uid_of(visit)}",
        (local_time(hold.starts_at, zone), local_time(hold.ends_at, zone)),
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


def journey_entry(journey: Journey, *, at: datetime, with_details: bool) -> icalendar.Event:
    """A journey as an entry: each end in the time of its own place."""
    origin, destination = ZoneInfo(journey.origin.zone), ZoneInfo(journey.destination.zone)
    is_firm = journey.is_booked
    event = bare_event(
        _journey_uid(journey),
        (local_time(journey.departs_at, origin), local_time(journey.arrives_at, destination)),
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


def cancelled_entry(uid: str, starts_at: datetime, ends_at: datetime) -> icalendar.Event:
    """What is told for a while about an entry that has gone."""
    times = (
        icalendar.vDatetime(starts_at.astimezone(UTC)),
        icalendar.vDatetime(ends_at.astimezone(UTC)),
    )
    return bare_event(uid, times, summary=_("Cancelled"), status="CANCELLED")


def feed_text(entries: Iterable[tuple[icalendar.Event, Stamp]], *, name: str) -> str:
    """Entries with their stamps as a calendar to subscribe to; the same entries, the same text."""
    events = []
    for event, stamp in entries:
        event.add("sequence", stamp.sequence)
        event.add("dtstamp", stamp.changed_at.astimezone(UTC))
        event.add("last-modified", stamp.changed_at.astimezone(UTC))
        events.append(event)
    return calendar_text(events, method="PUBLISH", name=name)


def _journey_uid(journey: Journey) -> str:
    """One name for the way to a visit, however it is travelled: it moves with the visit.

    What a plan stored goes on under the name of its estimate, or where no visit is at its ends
    under that of its host, way and departure, since each publish stores it anew; a leg entered by
    hand has its own.
    """
    by_hand = journey.leg is not None and journey.leg.version_id is None
    if journey.to_visit is not None and not by_hand:
        return f"to-{uid_of(journey.to_visit)}"
    if journey.from_visit is not None and not by_hand:
        return f"from-{uid_of(journey.from_visit)}"
    assert journey.leg is not None, "an estimate begins or ends at a visit"
    if not by_hand:
        leg = journey.leg
        way = f"{leg.host_id}-{leg.origin_id}-{leg.destination_id}"
        return f"way-{way}-{leg.departs_at:%Y%m%dT%H%MZ}@journeys"
    return f"leg-{journey.leg.pk}@journeys"


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
    return visit.city if may_be_named(visit, at) else visit.ref
