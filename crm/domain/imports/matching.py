"""Whom a row is about: by our own number, by mail address, by having been imported before, by name
and organisation, by name in an earlier import of the same list.

Every look-up is made for many rows at once; `compare` weighs one row against one person and
touches no database.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from crm.domain.imports.keys import name_key
from crm.domain.imports.values import PERSON_LINES, Entry
from crm.domain.places import bare_key, name_keys
from crm.models import (
    ContactPoint,
    ImportBatch,
    ImportRow,
    Organisation,
    Participation,
    Person,
    Place,
)
from crm.models.consent import Suppression
from crm.validators import address_key

MERGES_FOLLOWED = 10
Changes = dict[str, list[Any]]
# The number of an organisation, below zero while it is not stored yet, and a name in it.
NameKey = tuple[int, str]


@dataclass
class Known:
    """A person as the rows of a file see it: stored, or about to be, with a number all the same."""

    person: Person
    key: int
    points: list[ContactPoint] = field(default_factory=list)
    part: Participation | None = None

    def has(self, kind: str, value: str) -> bool:
        key = address_key(value)
        return any(point.kind == kind and point.match_key == key for point in self.points)


@dataclass
class Comparison:
    """What a row changes in a person, and what it says otherwise and leaves."""

    changes: Changes = field(default_factory=dict)
    differs: Changes = field(default_factory=dict)
    part_changes: Changes = field(default_factory=dict)
    part_differs: Changes = field(default_factory=dict)


def compare(
    known: Known, entry: Entry, organisation: Organisation | None, *, overwrites: bool
) -> Comparison:
    """Fill what is empty; with `overwrites` take what differs too, else only tell it."""
    found = Comparison()
    person = known.person
    said: dict[str, Any] = dict(entry.person)
    # How a whole name is split is our guess; who is written like this is known.
    if name_key(person.name) in (name_key(entry.name), name_key(entry.written)):
        said.pop("given", None)
        said.pop("family", None)
    for name, new in said.items():
        _weigh(
            found.differs, found.changes, name, getattr(person, name), new, overwrites=overwrites
        )
    if organisation is not None and person.organisation != organisation:
        old = person.organisation.name if person.organisation else ""
        _weigh(
            found.differs,
            found.changes,
            "organisation",
            old,
            organisation.name,
            overwrites=overwrites,
        )
    if known.part is not None:
        for name, new in entry.part_said.items():
            old = getattr(known.part, name)
            # Registered is what is known before the event; whether somebody came is news.
            is_open = name == "status" and old == Participation.Status.REGISTERED
            _weigh(
                found.part_differs,
                found.part_changes,
                name,
                old,
                new,
                overwrites=overwrites or is_open,
            )
    return found


def _weigh(
    differs: Changes, changes: Changes, name: str, old: Any, new: Any, *, overwrites: bool
) -> None:
    if new == old:
        return
    if old in ("", None, []) or overwrites:
        changes[name] = [old, new]
    else:
        differs[name] = [old, new]


class Directory:
    """What is known of people and organisations, looked up for a whole chunk of rows at once."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self._organisations: dict[str, list[Organisation]] | None = None
        # The place each is at home by what it is in memory: some are not stored yet.
        self._seats: dict[int, int] = {}
        self._stored_seats: dict[int, int] = {}
        self._cities: dict[int, Organisation] = {}
        # Municipalities of which nobody has told the place, by country and name.
        self._unplaced: dict[tuple[str, str], Organisation] = {}
        self._municipalities: dict[int, Organisation] = {}
        self._files: set[int] | None = None
        # Numbers of the people whom rows of this file were about.
        self.taken: set[int] = set()

    # --- Organisations ---

    def organisation_of(self, entry: Entry, place: Place | None = None) -> Organisation | None:
        """The organisation a row names, None when it is new; a fault when several are meant.

        Two of one name in two places are two; a municipality is also known by its place alone.
        """
        named = self._by_name().get(name_key(entry.organisation), [])
        if country := entry.country or (place.country if place else ""):
            named = [each for each in named if each.country in (country, "")]
            exact = [each for each in named if each.country]
            named = exact or named
        if place is not None:
            named = self._at(place, named, entry)
        if len(named) > 1:
            words = _("Several organisations are called “%(name)s”; add the country or the city.")
            entry.faults.append(("organisation", words % {"name": entry.organisation[:80]}))
            return None
        return named[0] if named else None

    def _at(self, place: Place, named: list[Organisation], entry: Entry) -> list[Organisation]:
        """Those at a place, else those of which we do not know where they are."""
        here = [each for each in named if self.seat_of(each) == place.pk]
        found = here or [each for each in named if self.seat_of(each) is None]
        if found:
            return found
        if named:
            words = _("Another “%(name)s” is known elsewhere; this is the one in %(city)s.")
            entry.remarks.append(words % {"name": entry.organisation[:80], "city": place.name})
        elif entry.organisation_type == Organisation.Type.MUNICIPALITY and (
            city := self.city_at(place)
        ):
            words = _("“%(file)s” is known to us as “%(name)s”.")
            entry.remarks.append(words % {"file": entry.organisation[:80], "name": city.name})
            return [city]
        return []

    def city_at(self, place: Place) -> Organisation | None:
        """The municipality of a place: by its place, else by a name of it in any language."""
        self._by_name()
        if place.pk in self._cities:
            return self._cities[place.pk]
        keys = ((place.country, key) for key in name_keys(place))
        named = (self._unplaced.get(key) for key in keys)
        return next((each for each in named if each and self.seat_of(each) is None), None)

    def cities_called(self, key: str, country: str) -> list[Organisation]:
        """Municipalities of which nobody has told the place, by the name without its body."""
        self._by_name()
        return [
            each
            for (where, name), each in self._unplaced.items()
            if name == key and (not country or where in (country, "")) and not self.seat_of(each)
        ]

    def municipality(self, number: int) -> Organisation | None:
        """A live municipality by its number."""
        self._by_name()
        return self._municipalities.get(number)

    def is_name_taken(self, name: str) -> bool:
        """Whether an organisation is called so, wherever it is."""
        return bool(self._by_name().get(name_key(name)))

    def seat_of(self, organisation: Organisation) -> int | None:
        """The number of the place where an organisation is at home, as far as we know."""
        stored = self._stored_seats.get(organisation.pk) if organisation.pk else None
        return self._seats.get(id(organisation), stored)

    def settle(self, organisation: Organisation, place: Place) -> None:
        """From now on the organisation is at home there."""
        self._seats[id(organisation)] = place.pk
        if organisation.pk:
            self._stored_seats[organisation.pk] = place.pk
        if organisation.type == Organisation.Type.MUNICIPALITY:
            self._cities.setdefault(place.pk, organisation)

    def add(self, organisation: Organisation, place: Place | None) -> None:
        """From now on an organisation that is not stored yet is known too."""
        self._by_name().setdefault(name_key(organisation.name), []).append(organisation)
        if place is not None:
            self.settle(organisation, place)
        elif organisation.type == Organisation.Type.MUNICIPALITY:
            key = (organisation.country, bare_key(organisation.name))
            self._unplaced.setdefault(key, organisation)

    def _by_name(self) -> dict[str, list[Organisation]]:
        if self._organisations is None:
            self._organisations = defaultdict(list)
            rows = (
                Organisation.objects.live()
                .order_by("is_sample", "pk")
                .values_list("pk", "name", "country", "type", "place", "municipality__place")
            )
            for pk, name, country, kind, place, of_city in rows.iterator(chunk_size=5_000):
                made = Organisation(pk=pk, name=name, country=country, type=kind)
                self._organisations[name_key(name)].append(made)
                if kind == Organisation.Type.MUNICIPALITY:
                    self._municipalities[pk] = made
                if seat := of_city or place:
                    self._stored_seats[pk] = seat
                elif kind == Organisation.Type.MUNICIPALITY:
                    self._unplaced.setdefault((country, bare_key(name)), made)
                if of_city:
                    self._cities.setdefault(of_city, made)
        return self._organisations

    # --- People ---

    def look_up(self, rows: Sequence[tuple[Entry, Organisation | None]]) -> "Found":
        """Everybody these rows may be about, in a fixed number of queries."""
        found = Found()
        entries = [entry for entry, _organisation in rows]
        found.by_number = self._by_number(entries)
        found.by_mail = self._by_mail(entries)
        found.by_digest = self._by_digest(entries)
        found.by_name = self._by_name_and_organisation(rows, found)
        found.by_list = self._by_list(entries, found)
        ids = {
            pk
            for group in (
                *(found.by_number, found.by_mail, found.by_digest, found.by_name, found.by_list),
            )
            for keys in group.values()
            for pk in keys
        }
        found.people = self._load(ids)
        found.taken = self.taken
        return found

    def _by_number(self, entries: Iterable[Entry]) -> dict[int, set[int]]:
        """Those our own list as a file was about, or whom they were merged into since."""
        pairs = [(entry.number, entry.number) for entry in entries if entry.number is not None]
        return _grouped((key, self._kept(pk)) for key, pk in self._with_roots(pairs))

    def _by_mail(self, entries: Iterable[Entry]) -> dict[str, set[int]]:
        keys = {address_key(mail) for entry in entries for mail in entry.mails}
        rows = ContactPoint.objects.emails().filter(match_key__in=keys)
        pairs = list(rows.values_list("match_key", "person")) if keys else []
        return _grouped((key, self._kept(pk)) for key, pk in self._with_roots(pairs))

    def _by_digest(self, entries: Iterable[Entry]) -> dict[str, set[int]]:
        """Rows that were imported before, by this batch or by one that still stands; one with a
        name and nothing to know its bearer by, only from the same list."""
        is_bare = {entry.digest(): _is_bare(entry) for entry in entries if entry.name}
        rows = ImportRow.objects.standing(self.batch).filter(digest__in=is_bare)
        told = rows.values_list("digest", "person", "batch").order_by() if is_bare else []
        pairs = [
            (digest, pk)
            for digest, pk, batch in told
            if not is_bare[digest] or batch == self.batch.pk or batch in self._earlier_files()
        ]
        return _grouped((key, self._kept(pk)) for key, pk in self._with_roots(pairs))

    def _by_list(self, entries: Iterable[Entry], found: "Found") -> dict[str, set[int]]:
        """Whom the same list named so before: people of whom it may know more by now."""
        names = {
            entry.name
            for entry in entries
            if entry.name
            and entry.number is None
            and not found.has_address_of(entry)
            and not found.has_row_of(entry)
        }
        if not names or not self._earlier_files():
            return {}
        rows = ImportRow.objects.standing(self.batch).filter(
            batch__in=self._earlier_files(), name__in=names
        )
        pairs = list(rows.values_list("name", "person").order_by())
        return _grouped((name_key(name), self._kept(pk)) for name, pk in self._with_roots(pairs))

    def _earlier_files(self) -> set[int]:
        """Imports of the same list: this very file, or of one event, or of one source where one of
        them knows no event."""
        if self._files is None:
            batch = self.batch
            same = Q(source__iexact=batch.source)
            if batch.event_id:
                same = Q(event=batch.event_id) | same & Q(event=None)
            if batch.checksum:
                same |= Q(checksum=batch.checksum)
            rows = ImportBatch.objects.filter(same, applied_at__isnull=False)
            self._files = set(rows.exclude(pk=batch.pk).values_list("pk", flat=True))
        return self._files

    def _by_name_and_organisation(
        self, named: Iterable[tuple[Entry, Organisation | None]], found: "Found"
    ) -> dict[NameKey, set[int]]:
        wanted: dict[int, set[str]] = defaultdict(set)
        for entry, organisation in named:
            if organisation is not None and organisation.pk and not found.has_address_of(entry):
                wanted[organisation.pk].add(name_key(entry.name))
        if not wanted:
            return {}
        rows = Person.objects.filter(erased_at=None, organisation__in=wanted)
        pairs = [
            ((organisation, key), pk)
            for pk, given, family, organisation in rows.values_list(
                "pk", "given", "family", "organisation"
            ).order_by()
            if (key := name_key(f"{given} {family}")) in wanted[organisation]
        ]
        return _grouped((key, self._kept(pk)) for key, pk in self._with_roots(pairs))

    def _with_roots(self, pairs: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
        """The same, with the records learned that others were merged into."""
        self._roots: dict[int, int] = {}
        fresh = {pk for _key, pk in pairs}
        for _step in range(MERGES_FOLLOWED):
            if not fresh:
                break
            merged = Person.objects.filter(pk__in=fresh).exclude(merged_into=None)
            moved = {pk: kept for pk, kept in merged.values_list("pk", "merged_into") if kept}
            self._roots |= moved
            fresh = set(moved.values())
        return pairs

    def _kept(self, pk: int) -> int:
        """The record that was kept when this one was merged."""
        seen = {pk}
        while (kept := self._roots.get(pk)) is not None and kept not in seen:
            pk = kept
            seen.add(pk)
        return pk

    def _load(self, ids: set[int]) -> dict[int, Known]:
        if not ids:
            return {}
        rows = Person.objects.filter(pk__in=ids, erased_at=None).select_related("organisation")
        known = {person.pk: Known(person, person.pk) for person in rows}
        points = ContactPoint.objects.filter(person__in=known).order_by("-is_preferred", "pk")
        for point in points:
            known[point.person_id].points.append(point)
        if self.batch.event_id:
            parts = Participation.objects.filter(event=self.batch.event_id, person__in=known)
            for part in parts:
                known[part.person_id].part = part
        return known


@dataclass
class Found:
    """People by what rows say of them; people made by earlier rows of the chunk are added."""

    by_number: dict[int, set[int]] = field(default_factory=dict)
    by_mail: dict[str, set[int]] = field(default_factory=dict)
    by_digest: dict[str, set[int]] = field(default_factory=dict)
    by_name: dict[NameKey, set[int]] = field(default_factory=dict)
    by_list: dict[str, set[int]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    people: dict[int, Known] = field(default_factory=dict)

    def has_address_of(self, entry: Entry) -> bool:
        """Whether an address of the row leads to somebody."""
        return any(address_key(mail) in self.by_mail for mail in entry.mails)

    def has_row_of(self, entry: Entry) -> bool:
        """Whether the same row was imported before."""
        return entry.digest() in self.by_digest

    def match(self, entry: Entry, organisation: Organisation | None) -> Known | None:
        """The one person the row is about, or None; adds a fault when it could be several."""
        if entry.number is not None:
            return self._numbered(entry)
        by_mail = self._all(self.by_mail, map(address_key, entry.mails))
        if by_mail:
            sharing = [known for known in by_mail if _may_be(known.person, entry.name)]
            same = [known for known in sharing if _is_of_the_name(known.person, entry.name)]
            if len(same) == 1:
                return same[0]
            if sharing and not same:
                return self._asked_about(entry, sharing)
            exact = [each for each in same if name_key(each.person.name) == name_key(entry.name)]
            if len(exact) == 1:
                return exact[0]
            if same:
                self._several(entry, same)
                return None
            if not entry.name and len(by_mail) > 1:
                self._several(entry, by_mail)
                return None
            words = _("%(mail)s also belongs to %(name)s.")
            told = {"mail": _shared(by_mail[0], entry), "name": by_mail[0].person.name}
            entry.remarks.append(words % told)
        if (before := self.before(entry)) is not None:
            return before
        if organisation is not None:
            named = self._all(self.by_name, [_name_in(organisation, entry)])
            if len(named) > 1:
                self._several(entry, named)
                return None
            if named:
                return named[0]
        return self._of_the_list(entry, organisation)

    def _numbered(self, entry: Entry) -> Known | None:
        """Who has the number; a fault when nobody has, or somebody of another name and address."""
        known = next(iter(self._all(self.by_number, [entry.number])), None)
        if known is None:
            words = _(
                "We know nobody by the number %(number)s. Leave the cell empty if the row is about "
                "somebody new."
            )
        elif _is_of_the_name(known.person, entry.name) or any(
            known.has(ContactPoint.Kind.EMAIL, mail) for mail in entry.mails
        ):
            return known
        else:
            words = _(
                "%(number)s is the number of %(name)s. Leave the cell empty if the list was made "
                "elsewhere, or correct the name."
            )
        told = {"number": entry.number, "name": known.person.name if known else ""}
        entry.faults.append(("number", words % told))
        return None

    def _asked_about(self, entry: Entry, sharing: list[Known]) -> Known | None:
        """Whom the row was about before; else whether these with another name are meant is a
        question for a person."""
        if (before := self.before(entry)) is not None and before in sharing:
            return before
        words = _(
            "%(mail)s belongs to %(name)s: another person, or another name of the same? Correct "
            "the row, or add them by hand."
        )
        told = {"mail": _shared(sharing[0], entry), "name": sharing[0].person.name}
        entry.faults.append(("name", words % told))
        return None

    def _of_the_list(self, entry: Entry, organisation: Organisation | None) -> Known | None:
        """The one of this name in an earlier import of the list whom nothing tells apart from the
        row, and whom no other row of the file is about."""
        named = self._all(self.by_list, [name_key(entry.name)])
        same = [known for known in named if _is_same(known, entry, organisation)]
        others = (self.taken, *self.by_mail.values(), *self.by_digest.values()) if same else ()
        same = [known for known in same if not any(known.key in keys for keys in others)]
        if len(same) != 1:
            return None
        entry.remarks.append(_("Known by this name from an earlier import of the list."))
        return same[0]

    def before(self, entry: Entry) -> Known | None:
        """Whom the same row was about when it was imported before, or who has its number."""
        if entry.number is not None:
            return next(iter(self._all(self.by_number, [entry.number])), None)
        known = self._all(self.by_digest, [entry.digest()])
        return known[0] if len(known) == 1 else None

    def _all(self, group: dict[Any, set[int]], keys: Iterable[Any]) -> list[Known]:
        found = {pk for key in keys for pk in group.get(key, ())}
        return [self.people[pk] for pk in sorted(found) if pk in self.people]

    def _several(self, entry: Entry, people: list[Known]) -> None:
        words = _("This may be several people: %(names)s. Merge them or correct the row.")
        names = ", ".join(f"{each.person.name} ({each.person.pk})" for each in people[:3])
        entry.faults.append(("name", words % {"names": names}))

    def add(self, known: Known, entry: Entry, organisation: Organisation | None) -> None:
        """Let later rows of the chunk find what this one says."""
        key = known.key
        self.people[key] = known
        for mail in entry.mails:
            self.by_mail.setdefault(address_key(mail), set()).add(key)
        self.by_digest.setdefault(entry.digest(), set()).add(key)
        if organisation is not None:
            self.by_name.setdefault(_name_in(organisation, entry), set()).add(key)


def _name_in(organisation: Organisation, entry: Entry) -> NameKey:
    return organisation.pk or -id(organisation), name_key(entry.name)


def _shared(known: Known, entry: Entry) -> str:
    """The address of the row that leads to this person."""
    mails = (mail for mail in entry.mails if known.has(ContactPoint.Kind.EMAIL, mail))
    return next(mails, entry.mails[0])


def _may_be(person: Person, name: str) -> bool:
    """Whether a name and a person share a word; a row without a name may be anybody."""
    words = set(name_key(name).split())
    mine = set(name_key(f"{person.name} {person.script_variant}").split())
    return not words or bool(words & mine)


def _is_another(person: Person, name: str) -> bool:
    """Whether a name and a person that share a word go on in ways that cannot mean the same: "Anna
    Berg" and "Anna Holm", but not "A. Berg" nor "Anna M. Berg"."""
    # Loaded by the processes that compare names, which few do.
    from crm.matching.compare import is_alike

    words = set(name_key(name).split())
    mine = set(name_key(f"{person.name} {person.script_variant}").split())
    rest, others = words - mine, mine - words
    return bool(rest and others) and not any(
        is_alike(one, other) for one in rest for other in others
    )


def _is_of_the_name(person: Person, name: str) -> bool:
    return _may_be(person, name) and not _is_another(person, name)


def _is_bare(entry: Entry) -> bool:
    """Whether a row says a name and nothing by which its bearer could be known."""
    return not (entry.mails or entry.phones or entry.organisation or entry.city)


def _is_same(known: Known, entry: Entry, organisation: Organisation | None) -> bool:
    """Whether a row and a person of one name contradict each other in nothing both tell."""
    person = known.person
    if organisation is not None and person.organisation not in (None, organisation):
        return False
    for name in PERSON_LINES:
        new, old = entry.person.get(name, ""), getattr(person, name)
        if new and old and name_key(new) != name_key(old):
            return False
    for kind, values in (
        (ContactPoint.Kind.EMAIL, entry.mails),
        (ContactPoint.Kind.PHONE, entry.phones),
    ):
        has_any = any(point.kind == kind for point in known.points)
        if values and has_any and not any(known.has(kind, value) for value in values):
            return False
    return True


def _grouped(pairs: Iterable[tuple[Any, int]]) -> dict[Any, set[int]]:
    found: dict[Any, set[int]] = defaultdict(set)
    for key, pk in pairs:
        found[key].add(pk)
    return dict(found)


def erased_among(mails: Iterable[str]) -> set[str]:
    """Keys of the addresses whose owners were erased: nobody brings them back by a list."""
    gone = Suppression.objects.filter(reason="erased").among(list(mails))
    return {address_key(mail) for mail in gone}
