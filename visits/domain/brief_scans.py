"""What a phone can read off the internal edition: the way there, the meeting, the host's card.

The card is shown to people of the city, so it holds only what the public edition says of a host.
"""

from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from crm.validators import clean_line
from visits.briefs.edition import Scan
from visits.models import Host, Visit

# A code with more letters than this has squares too small for a phone to tell apart.
LONGEST = 120


def scans_of(visit: Visit) -> tuple[Scan, ...]:
    """The codes of the internal edition besides that of the page of the visit."""
    made = (_meeting(visit) if visit.is_online else _way(visit), _card(visit.host))
    return tuple(scan for scan in made if scan is not None)


def _way(visit: Visit) -> Scan | None:
    """A `geo:` address: the phone's own map opens, and no map service learns of it from us."""
    place = visit.place
    if place is None or not visit.address.strip():
        return None
    where = clean_line(visit.address)[:LONGEST]
    value = f"geo:{place.latitude:.4f},{place.longitude:.4f}?q={quote(where)}"
    return Scan("place", value, _("Way there, for the map of your phone"), where)


def _meeting(visit: Visit) -> Scan | None:
    link = clean_line(visit.meeting_link)
    if not link.startswith("https://") or len(link) > 2 * LONGEST:
        return None
    return Scan("place", link, _("Join on your phone"), link)


def _card(host: Host) -> Scan:
    name, title = clean_line(host.name)[:LONGEST], clean_line(host.title)[:LONGEST]
    lines = (
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"N:{_escaped(name)};;;;",
        f"FN:{_escaped(name)}",
        f"TITLE:{_escaped(title)}" if title else "",
        f"ORG:{_escaped(clean_line(settings.MAIL_SENDER_NAME))}",
        f"EMAIL:{_escaped(settings.DEFAULT_FROM_EMAIL)}",
        "END:VCARD",
    )
    value = "\r\n".join(line for line in lines if line)
    return Scan("spot", value, _("Your card, for them to scan"), name)


def _escaped(value: str) -> str:
    """A value of a vCard 3.0 (RFC 2426): its own signs are written with a backslash."""
    for sign in "\\;,":
        value = value.replace(sign, f"\\{sign}")
    return value
