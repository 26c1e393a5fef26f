"""Reference data of the visits: the calendar, and loading all of it in one go."""

from collections.abc import Callable, Iterator

from crm import fixture_files as files
from crm.domain.reference import (
    load_consent_texts,
    load_initiatives,
    load_mail_templates,
    load_places,
    load_roles,
)
from crm.models import Place
from visits.models import CalendarDay


def load_calendar_days() -> int:
    """Holidays, school breaks and carnival; the number added.

    A row for several places becomes one row per place, under the place's name in the register. A
    day that is there (same area, first day and kind) stays as it is, however it was edited.
    """
    known = set(map(_identity, CalendarDay.objects.all()))
    new = [day for day in _calendar_days() if _identity(day) not in known]
    return len(CalendarDay.objects.bulk_create(new, batch_size=500))


def _identity(day: CalendarDay) -> tuple:
    return (day.country, day.region, day.city, day.first_on, day.kind)


def _calendar_days() -> Iterator[CalendarDay]:
    listed = list(files.rows("calendar_days.csv"))
    wanted = {int(key) for row in listed for key in files.parts(row["geonameids"])}
    names = dict(Place.objects.filter(pk__in=wanted).values_list("pk", "name"))
    for row in listed:
        keys = files.parts(row["geonameids"])
        cities = [names[int(key)] for key in keys if int(key) in names] if keys else [""]
        for city in cities:
            yield _calendar_day(row, city)


def _calendar_day(row: dict[str, str], city: str) -> CalendarDay:
    return CalendarDay(
        country=row["country"],
        region=row["region"],
        city=city,
        first_on=files.day(row["first_date"]),
        last_on=files.day(row["last_date"]),
        kind=row["kind"],
        name=row["name"],
        hardness=row["hardness"],
        shorter_by_minutes=int(row["shorter_by_minutes"] or 0),
        source=row["source"],
        confidence=row["confidence"],
    )


REFERENCE: dict[str, Callable[[], int]] = {
    "roles": load_roles,
    "places": load_places,
    "initiatives": load_initiatives,
    "calendar days": load_calendar_days,
    "mail templates": load_mail_templates,
    "consent texts": load_consent_texts,
}


def load_reference() -> dict[str, int]:
    """Add every missing row of reference data; how many of each kind."""
    return {kind: load() for kind, load in REFERENCE.items()}


def load_absent_reference() -> dict[str, int]:
    """The same, but a register or calendar that has rows is left as its users keep it."""
    present = {"places": Place.objects.exists(), "calendar days": CalendarDay.objects.exists()}
    return {kind: load() for kind, load in REFERENCE.items() if not present.get(kind)}
