"""Working days of the right country: ours for what we promised, theirs for what they did.

Which days are closed is known to the calendar of places, which the setting CLOSED_DAYS names.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.module_loading import import_string

from crm.domain.working_time import add_working_days
from crm.models import FollowUp, Organisation, Person, Place, User

OFFICE_ZONE = "Europe/Oslo"
MOST_DAYS = 60


class Where(NamedTuple):
    """The place whose calendar counts."""

    country: str
    region: str = ""
    city: str = ""


def office_day(moment: datetime) -> date:
    """The day on which a moment lies at the office."""
    return moment.astimezone(ZoneInfo(OFFICE_ZONE)).date()


def office_of(user: User | None) -> Where:
    """Where somebody of us works, by the time zone of their account: its largest place."""
    zone = user.time_zone if user else OFFICE_ZONE
    place = Place.objects.filter(zone=zone).order_by("-population", "pk").first()
    return Where(place.country, place.region, place.name) if place else Where("")


def home_of(organisation: Organisation | None) -> Where:
    """Where an organisation works: a city at its place, any other in its country."""
    if organisation is None:
        return Where("")
    city = getattr(organisation, "municipality", None)
    if city is None:
        return Where(organisation.country)
    return Where(organisation.country, city.region, city.name)


def working_day_after(day: date, count: int, *, where: Where) -> date:
    """The working day `count` working days after `day` at a place: no weekend, no closed day."""
    last = day + timedelta(days=3 * count + 30)
    closed: Callable[[Where, date, date], frozenset[date]] = import_string(settings.CLOSED_DAYS)
    return add_working_days(
        day, count, closed=closed(where, day, last) if where.country else frozenset()
    )


def due_in(
    count: int,
    *,
    owner: str = FollowUp.Owner.OURS,
    person: Person | None = None,
    organisation: Organisation | None = None,
    at: datetime,
    by: User | None,
) -> date:
    """The day a promise is due `count` working days from now, in the calendar of who keeps it."""
    zone = by.time_zone if by else OFFICE_ZONE
    theirs = organisation or (person.organisation if person else None)
    is_theirs = owner == FollowUp.Owner.THEIRS and theirs is not None
    where = home_of(theirs) if is_theirs else office_of(by)
    return working_day_after(at.astimezone(ZoneInfo(zone)).date(), count, where=where)
