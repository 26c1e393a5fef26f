"""Writes a file into the address book: all of it in one transaction, or nothing.

A trial does exactly the same and takes it back at the end, so that what is shown beforehand is what
will happen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import wording
from crm.domain.audit import record
from crm.domain.imports.answers import Answer, Answers, write_answers
from crm.domain.imports.headings import names_municipalities
from crm.domain.imports.keys import name_key
from crm.domain.imports.matching import Comparison, Directory, Found, Known, compare, erased_among
from crm.domain.imports.reading import Line, Reading
from crm.domain.imports.seats import Seats, city_at, city_values
from crm.domain.imports.values import Entry, entry_of
from crm.domain.limits import one_at_a_time
from crm.domain.notice_clock import a_month_after
from crm.domain.places import MOST_WORDS, bare_key, label_of, municipality_key, own_name
from crm.models import (
    AuditEntry,
    ContactPoint,
    ImportBatch,
    ImportRow,
    Municipality,
    NoticeDue,
    Organisation,
    Participation,
    Person,
    Place,
    Suppression,
    User,
)
from crm.search import search_key
from crm.validators import address_key

CHUNK = 500
# What somebody chose for an organisation that is none of those we know.
NEW = 0
MOST_SUGGESTED = 40
Verb = ImportRow.Verb
COUNTS = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.LINK: "linked",
    Verb.SKIP: "skipped",
    Verb.ERROR: "faulty",
}


@dataclass
class Row:
    """A row on its way into the tables."""

    entry: Entry
    verb: str = Verb.ERROR
    known: Known | None = None
    comparison: Comparison = field(default_factory=Comparison)
    points: list[ContactPoint] = field(default_factory=list)
    part: Participation | None = None
    part_said: list[Any] = field(default_factory=list)
    organisation: Organisation | None = None
    notice: NoticeDue | None = None
    answer: Answer | None = None
    moved: list[Organisation | None] = field(default_factory=list)
    is_new_organisation: bool = False
    # Its name was taken already, by one elsewhere.
    is_namesake: bool = False
    place: Place | None = None
    # What this row makes known of where its organisation is, for an undo.
    settled: dict[str, Any] | None = None
    before: list[str] = field(default_factory=list)


@transaction.atomic
def write_rows(
    batch: ImportBatch,
    reading: Reading,
    *,
    at: datetime,
    by: User | None,
    is_trial: bool = False,
    on_rows: Callable[[list[ImportRow]], None] = lambda rows: None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Bring every row of the file in by the mapping of the batch; its counts say what happened.

    `on_rows` gets what each chunk did. A trial leaves nothing behind but what it told.
    """
    one_at_a_time("import people")
    run = Run(batch, at=at, by=by)
    rows = _below_heading(reading, batch.heading_line)
    for name in ("rows", *COUNTS.values()):
        setattr(batch, name, 0)
    while lines := list(islice(rows, CHUNK)):
        told = run.write(lines, is_csv=reading.kind == "csv")
        on_rows(told)
        on_progress(batch.lines)
    batch.suggestions = list(run.suggestions.values())
    if is_trial:
        transaction.set_rollback(True)
        return
    batch.applied_at = at
    batch.state = ImportBatch.State.DONE
    batch.save()
    record(batch, "apply_import", at=at, by=by, actor="" if by else "import")


def _below_heading(reading: Reading, heading_line: int) -> Iterator[Line]:
    return (line for line in reading.lines() if line.fault or line.number > heading_line)


class Run:
    """One file being written; each chunk of rows takes the same number of queries."""

    def __init__(self, batch: ImportBatch, *, at: datetime, by: User | None) -> None:
        self.batch, self.at, self.by = batch, at, by
        self.directory = Directory(batch)
        self.seats = Seats()
        self.is_of_cities = names_municipalities(batch.headings, batch.mapping)
        self.due_on = a_month_after(at.date())
        self.answers = Answers(batch, at)
        self.suggestions: dict[str, dict[str, Any]] = {}
        self.shown = {name_key(each["name"]): each for each in batch.suggestions}
        # Of the last person made; those who are not stored yet are known by numbers below zero.
        self.new_key = 0

    def write(self, lines: Sequence[Line], *, is_csv: bool) -> list[ImportRow]:
        rows = [self._row(line, is_csv=is_csv) for line in lines]
        # A row without a name may be about somebody whom only a later one names.
        rows.sort(key=lambda row: not row.entry.name)
        self._refuse_erased(rows)
        self.seats.learn(
            key
            for row in rows
            if row.entry.organisation and not row.entry.city
            for key in city_keys(row.entry.organisation)
        )
        for row in rows:
            self._name_organisation(row)
        found = self.directory.look_up([(row.entry, row.organisation) for row in rows])
        self.answers.look_up((row.entry for row in rows), found.people.values())
        for row in rows:
            self._decide(row, found)
        self._store(rows)
        self.directory.taken |= {row.known.person.pk for row in rows if row.known is not None}
        told = [self._told(row) for row in rows]
        insert_plain(told)
        for row in rows:
            name = COUNTS[Verb(row.verb)]
            setattr(self.batch, name, getattr(self.batch, name) + 1)
            self.batch.rows += row.verb != Verb.ERROR
        return told

    # --- What each row means ---

    def _row(self, line: Line, *, is_csv: bool) -> Row:
        if line.fault:
            return Row(Entry(line.number, faults=[("", line.fault)]))
        entry = entry_of(line.number, line.cells, self.batch.mapping, is_csv=is_csv)
        beyond = [cell for cell in line.cells[len(self.batch.mapping) :] if cell.strip()]
        if beyond:
            words = _("The row has %(found)s columns, the heading %(known)s.")
            told = {"found": len(line.cells), "known": len(self.batch.mapping)}
            entry.faults.append(("", words % told))
        if not self.batch.event_id:
            entry.part = {}
        if self.is_of_cities and entry.organisation and not entry.organisation_type:
            entry.organisation_type = Organisation.Type.MUNICIPALITY
        return Row(entry)

    def _refuse_erased(self, rows: Iterable[Row]) -> None:
        gone = erased_among(mail for row in rows for mail in row.entry.mails)
        for row in rows:
            if any(address_key(mail) in gone for mail in row.entry.mails):
                words = _("The owner of this address was erased and must not be brought back.")
                row.entry.faults.append(("email", words))

    def _name_organisation(self, row: Row) -> None:
        """The organisation of the row; one nobody knows yet is made once a person needs it."""
        entry = row.entry
        if entry.faults:
            return
        row.place = self.seats.place_of(entry)
        if self.is_of_cities and entry.organisation and not entry.city:
            row.place = self.seats.place_called(entry.organisation, entry.country)
        if not entry.organisation:
            self._name_city(row)
            return
        chosen = self.batch.organisations.get(name_key(entry.organisation))
        perhaps = [] if chosen == NEW else self._look_for_city(row, chosen)
        if row.organisation is None:
            place = None if chosen == NEW else row.place
            row.organisation = self.directory.organisation_of(entry, place)
        self._suggest(row, perhaps)
        if row.organisation is None and not entry.faults:
            kind = entry.organisation_type or Organisation.Type.OTHER
            country = entry.country or (row.place.country if row.place else "")
            self._bring(row, Organisation(name=entry.organisation, type=kind, country=country))

    def _look_for_city(self, row: Row, chosen: int | None) -> list[Organisation]:
        """Find the municipality that an organisation of this name is: "Gent", "Bergen kommune",
        "Mairie de Lyon". Only one of exactly this name in some language is it for sure; those that
        may be meant are returned, for a person to choose from."""
        entry = row.entry
        city = self.directory.municipality(chosen) if chosen else None
        if city is not None:
            row.organisation = city
            return [city]
        named = municipality_key(entry.organisation)
        is_city = self.is_of_cities or bool(named)
        is_city |= entry.organisation_type == Organisation.Type.MUNICIPALITY
        if entry.organisation_type and not is_city:
            return []
        # Without a word for it, only the bare name of a place may be its municipality's.
        whole, key = city_keys(entry.organisation)
        key = key if is_city else whole
        place, maybe = row.place, list[Place]()
        if place is None and not entry.city:
            place, maybe = self.seats.named(key, entry.country, typed=entry.organisation)
        elif place is not None and not self.seats.is_name_of(key, place):
            # The city of the row says where; an organisation called otherwise is another body.
            place = None
        if place is None and named and row.place is None and len(key.split()) <= MOST_WORDS:
            entry.organisation_type = entry.organisation_type or Organisation.Type.MUNICIPALITY
        if place is not None and is_city:
            entry.organisation_type, row.place = Organisation.Type.MUNICIPALITY, place
        if self.directory.is_name_taken(entry.organisation):
            return []
        if place is not None:
            if city := self.directory.city_at(place):
                row.organisation, row.place = city, place
            return []
        if not key or not is_city or row.place is not None:
            return self._cities_at(maybe)
        unplaced = self.directory.cities_called(key, entry.country)
        if len(unplaced) == 1 and not maybe:
            (row.organisation,) = unplaced
            return []
        return [*unplaced, *self._cities_at(maybe)]

    def _cities_at(self, places: Iterable[Place]) -> list[Organisation]:
        found = (self.directory.city_at(place) for place in places)
        return [city for city in found if city is not None]

    def _suggest(self, row: Row, perhaps: Sequence[Organisation]) -> None:
        """Tell of an organisation we call otherwise, or may; a person can choose."""
        entry, taken = row.entry, row.organisation
        key = name_key(entry.organisation)
        is_other = taken is not None and name_key(taken.name) != key
        numbers = [each.pk for each in ([taken] if is_other and taken else perhaps) if each.pk]
        if taken is not None and is_other:
            words = _("“%(file)s” is known to us as “%(name)s”.")
            told = words % {"file": entry.organisation[:80], "name": taken.name}
            if told not in entry.remarks:
                entry.remarks.append(told)
        elif perhaps and taken is None:
            words = _("“%(file)s” may be %(names)s; say above which is meant.")
            names = wording.listed([f"“{each.name}”" for each in perhaps])
            entry.remarks.append(words % {"file": entry.organisation[:80], "names": names})
        if (numbers or key in self.batch.organisations) and len(self.suggestions) < MOST_SUGGESTED:
            before = (self.suggestions.get(key) or self.shown.get(key, {})).get("choices", ())
            self.suggestions[key] = {
                "name": entry.organisation,
                "choices": list(dict.fromkeys([*before, *numbers])),
                "taken": taken.pk if taken is not None and is_other and taken.pk else NEW,
            }

    def _name_city(self, row: Row) -> None:
        """A row with a city and no organisation is of the municipality of that city."""
        entry, place = row.entry, row.place
        if place is None:
            if entry.country:
                words = _(
                    "Country left out (%(value)s): the row names no organisation it could belong "
                    "to."
                )
                entry.remarks.append(words % {"value": wording.country_name(entry.country)})
            return
        row.organisation = self.directory.city_at(place)
        if row.organisation is None:
            name, kind = own_name(entry.city, place), Organisation.Type.MUNICIPALITY
            self._bring(row, Organisation(name=name, type=kind, country=place.country))
        elif name_key(row.organisation.name) != name_key(entry.city):
            words = _("“%(file)s” is known to us as “%(name)s”.")
            told = {"file": entry.city[:80], "name": row.organisation.name}
            entry.remarks.append(words % told)

    def _bring(self, row: Row, organisation: Organisation) -> None:
        """From now on the rows of the file know this organisation; `row` is the first of them."""
        row.organisation = organisation
        row.is_namesake = self.directory.is_name_taken(organisation.name)
        if organisation.type != Organisation.Type.MUNICIPALITY:
            organisation.place = row.place
        organisation.refresh_search_key()
        self.directory.add(organisation, row.place)

    def _decide(self, row: Row, found: Found) -> None:
        entry = row.entry
        self._name_organisation_as_before(row, found)
        is_nameless = [name for name, _words in entry.faults] == ["name"] and not entry.name
        if entry.faults and not (is_nameless and entry.mails):
            return
        known = found.match(entry, row.organisation)
        if is_nameless and known is not None:
            entry.faults.clear()
        if entry.faults:
            return
        if known is None:
            self.new_key -= 1
            person = Person(organisation=row.organisation, created_at=self.at, **entry.person)
            row.known, row.verb = Known(person, self.new_key), Verb.CREATE
            row.comparison.changes = {name: ["", value] for name, value in entry.person.items()}
            if row.organisation is not None:
                row.comparison.changes["organisation"] = ["", row.organisation.name]
                row.moved = [None]
        else:
            row.known = known
            self._change(row)
        self._settle(row)
        self._add_points(row)
        self._take_part(row)
        row.answer = self.answers.weigh(entry, row.known)
        found.add(row.known, entry, row.organisation)
        if known is not None:
            row.verb = self._verb(row)

    @staticmethod
    def _name_organisation_as_before(row: Row, found: Found) -> None:
        """Of several organisations of one name, the one the same row led to before."""
        entry = row.entry
        if [name for name, _words in entry.faults] != ["organisation"]:
            return
        known = found.before(entry)
        theirs = known.person.organisation if known is not None else None
        if theirs is not None and name_key(theirs.name) == name_key(entry.organisation):
            entry.faults.clear()
            row.organisation = theirs

    def _change(self, row: Row) -> None:
        known = row.known
        assert known is not None
        person = known.person
        row.comparison = compare(
            known, row.entry, self._said_organisation(row), overwrites=self.batch.overwrites
        )
        if person.pk:
            row.before = [person.updated_at.isoformat(), person.search_key]
        for name, (_old, new) in row.comparison.changes.items():
            if name == "organisation":
                row.moved = [person.organisation]
                person.organisation = row.organisation
            else:
                setattr(person, name, new)
        for name, (_old, new) in row.comparison.part_changes.items():
            setattr(known.part, name, new)

    def _said_organisation(self, row: Row) -> Organisation | None:
        """The organisation the row says the person is of. A city alone says so of those of no
        organisation; of others only where it is, which is told when it is elsewhere."""
        assert row.known is not None
        theirs = row.known.person.organisation
        if row.entry.organisation or row.place is None or theirs in (None, row.organisation):
            return row.organisation
        if self.directory.seat_of(theirs) != row.place.pk:
            words = _("City left out (%(city)s): they are of %(name)s.")
            told = {"city": row.entry.city[:60], "name": theirs.name[:80]}
            row.entry.remarks.append(words % told)
        return None

    def _settle(self, row: Row) -> None:
        """Tell an organisation we know where it is, if nobody did and the person is of it."""
        organisation, known = row.organisation, row.known
        if row.place is None or organisation is None:
            return
        is_theirs = known is not None and known.person.organisation == organisation
        if is_theirs and self.directory.seat_of(organisation) is None:
            self.directory.settle(organisation, row.place)
            row.settled = {}

    def _add_points(self, row: Row) -> None:
        known = row.known
        assert known is not None
        for kind, values in (
            (ContactPoint.Kind.EMAIL, row.entry.mails),
            (ContactPoint.Kind.PHONE, row.entry.phones),
        ):
            for value in values:
                if known.has(kind, value):
                    continue
                point = ContactPoint(
                    kind=kind,
                    value=value,
                    match_key=address_key(value),
                    is_preferred=not any(
                        each.kind == kind and each.is_preferred for each in known.points
                    ),
                )
                known.points.append(point)
                row.points.append(point)

    def _take_part(self, row: Row) -> None:
        known = row.known
        assert known is not None
        if not self.batch.event_id or known.part is not None:
            return
        said = {"status": Participation.Status.REGISTERED} | row.entry.part_said
        source = self.batch.source
        row.part = known.part = Participation(event_id=self.batch.event_id, source=source, **said)
        row.part_said = part_values(row.part)

    @staticmethod
    def _verb(row: Row) -> str:
        comparison = row.comparison
        if comparison.changes or comparison.part_changes or row.points:
            return Verb.UPDATE
        if row.settled is not None or row.answer is not None:
            return Verb.UPDATE
        return Verb.LINK if row.part is not None else Verb.SKIP

    # --- Into the tables ---

    def _store(self, rows: list[Row]) -> None:
        self._make_organisations(rows)
        self._settle_organisations(rows)
        self._suppress([point for row in rows for point in row.points])
        people: dict[int, Known] = {}
        for row in rows:
            if row.known is not None and (row.comparison.changes or row.points):
                people[id(row.known)] = row.known
        for known in people.values():
            points = sorted(known.points, key=lambda point: not point.is_preferred)
            values = [point.value for point in points]
            known.person.search_key = search_key(*known.person.search_parts_with(values))
        new = [known.person for known in people.values() if known.person.pk is None]
        old = [known.person for known in people.values() if known.person.pk is not None]
        Person.objects.bulk_create(new)
        self._update(old, rows)
        for row in rows:
            for made in [*row.points, row.part]:
                if made is not None and row.known is not None:
                    made.person_id = row.known.person.pk
            if row.verb == Verb.CREATE and row.known is not None:
                row.notice = NoticeDue(
                    person=row.known.person,
                    batch=self.batch,
                    source=self.batch.source,
                    basis=self.batch.basis,
                    due_on=self.due_on,
                )
        insert_plain([point for row in rows for point in row.points])
        insert_plain([row.part for row in rows if row.part is not None])
        insert_plain([row.notice for row in rows if row.notice is not None])
        said = [(row.answer, row.known) for row in rows if row.answer and row.known]
        if said:
            write_answers(said, at=self.at, by=self.by)
        self._audit_people(rows)

    def _make_organisations(self, rows: list[Row]) -> None:
        made: dict[int, Organisation] = {}
        for row in rows:
            organisation = row.organisation
            if organisation is None or organisation.pk is not None or id(organisation) in made:
                continue
            if "organisation" in row.comparison.changes:
                row.is_new_organisation = True
                made[id(organisation)] = organisation
                row.settled = {} if row.place is not None else None
        Organisation.objects.bulk_create(list(made.values()))
        self._audit("add_organisation", [(each, ["name", "country"]) for each in made.values()])

    def _settle_organisations(self, rows: list[Row]) -> None:
        """Write down where organisations are; a municipality nobody made yet is made for it."""
        settling = [row for row in rows if row.settled is not None]
        keys = [row.organisation.pk for row in settling if row.organisation is not None]
        rows_of = Organisation.objects.select_related("municipality")
        stored = rows_of.in_bulk(keys) if keys else {}
        cities: list[Municipality] = []
        moved: list[Organisation] = []
        for row in settling:
            assert row.organisation is not None
            assert row.place is not None
            organisation = stored[row.organisation.pk]
            row.settled = {"organisation": organisation.pk}
            if _is_city_to_make(organisation):
                typed = row.entry.city or row.entry.organisation
                cities.append(city_at(organisation, row.place, typed=typed))
                row.settled["city"] = city_values(cities[-1])
            elif organisation.place_id is None:
                before = organisation.updated_at.isoformat()
                organisation.place, organisation.updated_at = row.place, timezone.now()
                moved.append(organisation)
                after = organisation.updated_at.isoformat()
                row.settled |= {"place": row.place.pk, "stamps": [before, after]}
        Municipality.objects.bulk_create(cities)
        if moved:
            Organisation.objects.bulk_update(moved, ["place", "updated_at"], batch_size=100)
        self._audit("edit_organisation", [(each, ["place"]) for each in moved])

    def _update(self, people: list[Person], rows: list[Row]) -> None:
        names = {name for row in rows for name in row.comparison.changes}
        if people:
            now = timezone.now()
            for person in people:
                person.updated_at = now
            Person.objects.bulk_update(people, {*names, "updated_at", "search_key"}, batch_size=100)
        parts = {
            id(row.known.part): row.known.part
            for row in rows
            if row.known is not None and row.comparison.part_changes and row.known.part is not None
        }
        stored = [part for part in parts.values() if part.pk is not None]
        if stored:
            changed = {name for row in rows for name in row.comparison.part_changes}
            Participation.objects.bulk_update(stored, changed, batch_size=100)

    def _suppress(self, points: list[ContactPoint]) -> None:
        mails = [point.value for point in points if point.kind == ContactPoint.Kind.EMAIL]
        listed = Suppression.objects.among(mails) if mails else set()
        for point in points:
            if point.value in listed and point.kind == ContactPoint.Kind.EMAIL:
                point.status = ContactPoint.Status.SUPPRESSED

    def _audit_people(self, rows: list[Row]) -> None:
        touched = []
        for row in rows:
            if row.known is None or row.verb == Verb.SKIP:
                continue
            names = [*row.comparison.changes, *row.comparison.part_changes]
            names += sorted({point.kind for point in row.points})
            names += ["participation"] if row.part is not None else []
            touched.append((row.known.person, names))
        self._audit("import_person", touched)

    def _audit(self, verb: str, touched: list[tuple[Any, list[str]]]) -> None:
        insert_plain(
            [
                AuditEntry(
                    at=self.at,
                    by=self.by,
                    actor="" if self.by else "import",
                    verb=verb,
                    model=row._meta.label_lower,
                    row_id=str(row.pk),
                    row_ref=f"import {self.batch.pk}",
                    fields=sorted(names),
                    is_sample=row.is_sample,
                )
                for row, names in touched
            ]
        )

    # --- What is remembered of it ---

    def _told(self, row: Row) -> ImportRow:
        entry = row.entry
        remarks = [*self._news(row), *entry.remarks]
        told = ImportRow(
            batch=self.batch,
            line=entry.line,
            verb=row.verb,
            name=entry.name[:240],
            remark=" ".join(remarks)[:500],
        )
        if row.known is None:
            told.field = entry.faults[0][0]
            told.message = " ".join(words for _name, words in entry.faults)[:1_000]
            return told
        told.person = row.known.person
        told.digest = entry.digest()
        told.changes = row.comparison.changes | {
            f"part.{name}": values for name, values in row.comparison.part_changes.items()
        }
        for point in row.points:
            told.changes.setdefault(point.kind, ["", []])[1].append(point.value)
        if row.answer is not None:
            told.changes["newsletter"] = [row.answer.before, row.answer.status]
        if row.settled is not None and row.place is not None:
            told.changes["city"] = ["", label_of(row.place)]
        told.differs = row.comparison.differs | {
            f"part.{name}": values for name, values in row.comparison.part_differs.items()
        }
        if entry.answer_left:
            told.differs["newsletter"] = entry.answer_left
        told.made = self._made(row)
        return told

    @staticmethod
    def _news(row: Row) -> list[str]:
        """That the row makes an organisation, and which."""
        made = row.organisation
        if made is None or not row.is_new_organisation:
            return []
        words = _("New organisation “%(name)s”: %(kind)s, %(country)s.")
        if row.is_namesake:
            words = _(
                "New organisation “%(name)s”: %(kind)s, %(country)s. It is not the one of that "
                "name we know."
            )
        told = {
            "name": made.name[:80],
            "kind": Organisation.Type(made.type).label,
            "country": wording.country_name(made.country) if made.country else _("no country"),
        }
        return [words % told]

    def _made(self, row: Row) -> dict[str, Any]:
        """What an undo needs beside the changes."""
        made: dict[str, Any] = {}
        assert row.known is not None
        if row.verb == Verb.CREATE:
            made["person"] = True
        if row.comparison.changes or row.points:
            made["stamp"] = row.known.person.updated_at.isoformat()
            made["before"] = row.before
            made["search_key"] = row.known.person.search_key
        if row.moved:
            made["moved"] = [each and each.pk for each in (*row.moved, row.organisation)]
        if row.points:
            made["points"] = [
                [each.kind, each.match_key, each.status, each.is_preferred] for each in row.points
            ]
        if row.part is not None:
            made["part"] = row.part_said
        if row.is_new_organisation and row.organisation is not None:
            stamp = row.organisation.updated_at.isoformat()
            made["organisation"] = [row.organisation.pk, stamp]
        if row.settled:
            made["settled"] = row.settled
        if row.answer is not None and row.answer.record is not None:
            made["answer"] = row.answer.record.pk
        return made


def city_keys(organisation: str) -> tuple[str, str]:
    """The key of a name, and that of the place whose municipality it is if it is one."""
    return name_key(organisation), municipality_key(organisation) or bare_key(organisation)


def _is_city_to_make(organisation: Organisation) -> bool:
    is_city = organisation.type == Organisation.Type.MUNICIPALITY
    return is_city and getattr(organisation, "municipality", None) is None


def insert_plain(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model whose keys nobody needs: a third of what bulk_create takes."""
    if not rows:
        return
    columns: list[Any] = [each for each in rows[0]._meta.concrete_fields if not each.primary_key]
    names = ", ".join(connection.ops.quote_name(field.column) for field in columns)
    marks = ", ".join(["%s"] * len(columns))
    table = connection.ops.quote_name(rows[0]._meta.db_table)
    values = [
        [field.get_db_prep_save(field.pre_save(row, True), connection) for field in columns]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)


def part_values(part: Participation) -> list[Any]:
    """What an import writes of a part in an event."""
    return [part.status, part.day_1, part.day_2, part.walk, part.part, part.source, part.note]
