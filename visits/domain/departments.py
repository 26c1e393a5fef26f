"""Who else there is in the same city: the departments we know people of, or requests from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crm.models import Organisation, Person
from crm.search import search_key
from visits.models import VisitRequest

MOST_PEOPLE = 200


@dataclass
class Department:
    """One department of a city: its people and its requests."""

    name: str
    people: list[Person] = field(default_factory=list)
    requests: list[VisitRequest] = field(default_factory=list)


def departments_of(
    organisation: Organisation | None, user: Any, *, but: str = ""
) -> list[Department]:
    """The departments of an organisation and of its city, by name, without the one named `but`.

    A department is told by people's records and by requests; spellings are matched. People and
    requests without a department are in none.
    """
    if organisation is None:
        return []
    people = Person.objects.visible_to(user).live().filter(organisation=organisation)
    people = people.exclude(department="").order_by("family", "given", "pk")[:MOST_PEOPLE]
    asked = VisitRequest.objects.visible_to(user).valid().exclude(department="")
    asked = asked.filter(municipality__organisation=organisation).order_by("ref")
    found: dict[str, Department] = {}
    _sort(found, people, "people")
    _sort(found, asked, "requests")
    found.pop(search_key(but), None)
    return sorted(found.values(), key=lambda each: search_key(each.name))


def _sort(found: dict[str, Department], rows: Iterable[Any], kind: str) -> None:
    for row in rows:
        key = search_key(row.department)
        department = found.setdefault(key, Department(row.department))
        getattr(department, kind).append(row)
