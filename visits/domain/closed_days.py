"""The days on which offices of a place are closed, from the calendar of places."""

from datetime import date, timedelta

from crm.domain.working_calendar import Where
from visits.models import CalendarDay


def closed_days(where: Where, first: date, last: date) -> frozenset[date]:
    """The public and local holidays of a place between two days; short days are working days."""
    rows = CalendarDay.objects.at_place(country=where.country, region=where.region, city=where.city)
    rows = rows.hard().exclude(kind=CalendarDay.Kind.HALF_DAY).between(first, last)
    return frozenset(
        row.first_on + timedelta(days=number)
        for row in rows
        for number in range((row.last_on - row.first_on).days + 1)
    )
