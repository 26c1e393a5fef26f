"""Takes an import back: what it made goes, what it overwrote returns, later edits stay.

What stayed may be asked for again: each row remembers what of it was kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.domain.consents import loose_answers
from crm.domain.edits import field_value
from crm.domain.imports.applying import part_values
from crm.domain.imports.headings import FIELDS
from crm.domain.imports.seats import city_values
from crm.domain.limits import one_at_a_time
from crm.domain.people import EDITABLE
from crm.models import (
    AuditEntry,
    ConsentRecord,
    ContactPoint,
    ImportBatch,
    ImportRow,
    MailingRecipient,
    Merge,
    Municipality,
    NoticeDue,
    Organisation,
    Participation,
    Person,
    StopLink,
    User,
)
from crm.search import search_key

CHUNK = 500
# What a row changes in other rows than the person's.
ELSEWHERE = (*ContactPoint.Kind.values, "city", "newsletter")
_LETTERS = _("letters to or from them")
# Why something stays, by what hangs on a person or was changed; fields have their own headings.
REASONS: dict[str, str | Promise] = {
    **FIELDS,
    "edited": _("edited since"),
    "archived": _("archived since"),
    "later import": _("changed by a later import; undo that one first"),
    "address": _("an address, changed since"),
    "contact point": _("an address, added or changed since"),
    "part": _("the part in the event, changed since"),
    "participation": _("a part in an event"),
    "host": _("they are a host"),
    "visit request": _("a request of theirs"),
    "consent record": _("what they agreed to"),
    "newsletter": _("the answer about the newsletter, on which something rests by now"),
    "data request": _("a request about their data"),
    "session": _("they speak at an event"),
    "follow up": _("something promised to them"),
    "notice due": _("they were told that we have their data"),
    "mailing recipient": _LETTERS,
    "stop link": _LETTERS,
    "message": _LETTERS,
    "interaction": _("a call, a meeting or a note"),
    "person": _("another record was merged into theirs"),
    "merged": _("merged into another record"),
    "post": _("a post they had before"),
}


def reasons_of(row: ImportRow) -> list[str]:
    """Why an undo left something of a row alone, in words, each once."""
    names = [name.removeprefix("part.") for name in row.kept]
    return list(dict.fromkeys(str(REASONS.get(name, name)) for name in names))


@dataclass
class Undone:
    """What an undo did, or would do."""

    removed: int = 0
    restored: int = 0
    # Who was erased since: nothing of them is left to take back.
    erased: int = 0
    # Rows of the file with what was edited since, and therefore left as it is.
    kept: list[ImportRow] = field(default_factory=list)

    @property
    def taken_back(self) -> int:
        """People of whom something is as it was before."""
        return self.removed + self.restored

    @property
    def people_kept(self) -> int:
        """People of whom something is left as it is; several rows may be about one."""
        return len({row.person_id for row in self.kept})


@transaction.atomic
def undo_import(
    batch: ImportBatch, *, at: datetime, by: User | None, is_trial: bool = False
) -> Undone:
    """Take back what the batch wrote, or what an earlier undo left of it. Whatever somebody changed
    since is left alone and told; a batch of which nothing could be taken back stays imported.

    Raises ValidationError when the batch is not imported, or undone whole.
    """
    one_at_a_time("import people")
    if not may_undo(batch):
        raise ValidationError(
            _("Import %(number)s is not in the address book; there is nothing to undo."),
            code="not_applied",
            params={"number": batch.pk},
        )
    done = Undone()
    entries = batch.entries.exclude(person=None)
    if batch.undone_at is not None:
        entries = entries.exclude(kept=[])
    people = list(entries.order_by("person").values_list("person", flat=True).distinct())
    for start in range(0, len(people), CHUNK):
        _Chunk(batch, people[start : start + CHUNK], done, at=at, by=by).undo()
    _undo_seats(batch, done)
    _undo_organisations(batch)
    if is_trial:
        transaction.set_rollback(True)
        return done
    batch.undone_at = at
    if done.taken_back or not done.kept:
        batch.state = ImportBatch.State.UNDONE
    batch.save(update_fields=["state", "undone_at"])
    record(batch, "undo_import", at=at, by=by, actor="" if by else "import")
    return done


def may_undo(batch: ImportBatch) -> bool:
    """Whether something of the batch is in the address book still, as far as an undo knows."""
    stands = ImportBatch.objects.filter(pk=batch.pk)
    is_left = models.Exists(ImportRow.objects.filter(batch=models.OuterRef("pk")).exclude(kept=[]))
    return stands.applied().exists() or stands.undone().filter(is_left).exists()


class _Chunk:
    """Some of the people of a batch with their rows; a fixed number of queries for all of them."""

    def __init__(
        self,
        batch: ImportBatch,
        people: Sequence[int],
        done: Undone,
        *,
        at: datetime,
        by: User | None,
    ) -> None:
        self.batch, self.done, self.at, self.by = batch, done, at, by
        self.people = {
            person.pk: person
            for person in Person.objects.filter(pk__in=people).select_related("organisation")
        }
        self.rows: dict[int, list[ImportRow]] = defaultdict(list)
        for row in batch.entries.filter(person__in=people).order_by("pk"):
            self.rows[row.person_id or 0].append(row)
        points = ContactPoint.objects.filter(person__in=people)
        self.points = {(row.person_id, row.kind, row.match_key): row for row in points}
        parts = Participation.objects.filter(person__in=people, event=batch.event_id)
        self.parts = {part.person_id: part for part in parts} if batch.event_id else {}
        said = [row.made["answer"] for rows in self.rows.values() for row in rows if _answers(row)]
        self.answers = dict(
            ConsentRecord.objects.filter(pk__in=said).values_list("pk", "person") if said else ()
        )
        self.loose_answers = loose_answers(said) if said else set()
        initiatives = Person.initiatives.through.objects.filter(person__in=people)
        self.with_initiatives = set(initiatives.values_list("person", flat=True))
        self.used_parts = hanging(Participation, [part.pk for part in self.parts.values()], {})
        merged = Person.objects.filter(merged_into__in=people)
        self.kept_in_merges = set(merged.values_list("merged_into", flat=True))
        self.merged_rows = self._rows_merged() if self.kept_in_merges else set()
        self.gone_points: set[int] = set()
        self.gone_answers: set[int] = set()
        self.gone_parts: set[int] = set()
        self.changed_parts: dict[int, tuple[Participation, set[str]]] = {}

    def undo(self) -> None:
        self.done.erased += sum(person.erased_at is not None for person in self.people.values())
        made = {pk for pk, rows in self.rows.items() if any("person" in row.made for row in rows)}
        self._remove(made)
        others = [pk for pk in self.rows if pk not in made]
        changed = [pk for pk in others if self._restore(pk)]
        self._write(changed)

    # --- People who were not here before ---

    def _remove(self, made: set[int]) -> None:
        untouched = {pk for pk in made if self._is_as_made(pk)}
        own: dict[type[models.Model], set[int]] = {
            ContactPoint: self._points_as_made(untouched),
            Participation: self._parts_as_made(untouched),
            NoticeDue: self._notices_as_made(untouched),
            ConsentRecord: {pk for pk in self.loose_answers if self.answers[pk] in untouched},
            # Who is to get a letter has more than a place on its list, and more than a link.
            MailingRecipient: _keys(MailingRecipient.objects.without_letter(), untouched),
            StopLink: _keys(StopLink.objects.all(), untouched),
        }
        used = hanging(Person, untouched, own)
        later = self._later_imports(made - untouched)
        for pk in sorted(made):
            if pk in untouched and pk not in used:
                continue
            why = sorted(used.get(pk, ())) or [self._change_of(pk, later)]
            for row in self.rows[pk]:
                if row.verb != ImportRow.Verb.SKIP:
                    self._keep(row, ["merged"] if row.pk in self.merged_rows else why)
        going = untouched - set(used)
        for row in (row for pk in going for row in self.rows[pk] if row.kept):
            self._keep(row, [])
        self._audit("undo_import_person", going)
        # Children first and by their keys: nothing else hangs on them, as was just looked up.
        for model, keys in own.items():
            rows = model._default_manager.filter(pk__in=keys, person__in=going)
            rows.delete()
        Person.objects.filter(pk__in=going).delete()
        self.done.removed += len(going)

    def _rows_merged(self) -> set[int]:
        """Rows about records that were merged into these people, as the journals tell."""
        merges = Merge.objects.standing().filter(kept__in=self.kept_in_merges)
        return {
            change["pk"]
            for journal in merges.values_list("journal", flat=True)
            for change in (journal or {}).get("changes", ())
            if change["model"] == ImportRow._meta.label_lower
        }

    def _later_imports(self, people: set[int]) -> dict[int, set[datetime | None]]:
        """When later imports that stand wrote these people."""
        rows = ImportRow.objects.filter(
            person__in=people, batch__gt=self.batch.pk, batch__state=ImportBatch.State.DONE
        )
        found: dict[int, set[datetime | None]] = defaultdict(set)
        for pk, made in rows.filter(made__has_key="stamp").values_list("person", "made"):
            found[pk or 0].add(parse_datetime(made["stamp"]))
        return found

    def _change_of(self, pk: int, later: dict[int, set[datetime | None]]) -> str:
        """What became of a person since they were made, by the names that `kept` uses."""
        person = self.people[pk]
        if pk in self.kept_in_merges:
            return "person"
        if person.archived_at:
            return "archived"
        return "later import" if person.updated_at in later[pk] else "edited"

    def _is_as_made(self, pk: int) -> bool:
        person = self.people[pk]
        if person.merged_into_id or person.archived_at or person.erased_at:
            return False
        return person.updated_at == self._last_stamp(pk) or self._has_values_as_made(pk)

    def _has_values_as_made(self, pk: int) -> bool:
        """Whether every value is what the import wrote: what was edited was taken back."""
        made = Person()
        for row in self.rows[pk]:
            for name, (_old, new) in row.changes.items():
                if name in EDITABLE and name != "organisation":
                    setattr(made, name, new)
            if "moved" in row.made:
                made.organisation_id = row.made["moved"][1]
        said = [point for row in self.rows[pk] for point in row.made.get("points", ())]
        return (
            pk not in self.with_initiatives
            and values_of(self.people[pk]) == values_of(made)
            and all(self._point_as_made(pk, *point) for point in said)
        )

    def _last_stamp(self, pk: int) -> datetime | None:
        """When the import last wrote the person; later than that somebody else did."""
        stamps = [row.made["stamp"] for row in self.rows[pk] if "stamp" in row.made]
        return parse_datetime(stamps[-1]) if stamps else None

    def _points_as_made(self, people: Iterable[int]) -> set[int]:
        return {
            point.pk
            for pk in people
            for row in self.rows[pk]
            for said in row.made.get("points", ())
            if (point := self._point_as_made(pk, *said)) is not None
        }

    def _point_as_made(
        self, pk: int, kind: str, key: str, status: str, is_preferred: bool
    ) -> ContactPoint | None:
        point = self.points.get((pk, kind, key))
        is_same = point is not None and (point.status, point.is_preferred) == (status, is_preferred)
        return point if is_same else None

    def _parts_as_made(self, people: Iterable[int]) -> set[int]:
        """Parts in the event that nobody has touched since, later rows of the file undone."""
        found = set()
        for pk in people:
            for row in reversed(self.rows[pk]):
                self._restore_part(pk, row)
                if "part" in row.made and self._is_part_as_made(pk, row):
                    found.add(self.parts[pk].pk)
        return found

    def _is_part_as_made(self, pk: int, row: ImportRow) -> bool:
        part = self.parts.get(pk)
        is_same = part is not None and part_values(part) == row.made["part"]
        return is_same and part is not None and part.pk not in self.used_parts

    def _notices_as_made(self, people: Iterable[int]) -> set[int]:
        notices = NoticeDue.objects.open().filter(batch=self.batch, person__in=list(people))
        return set(notices.values_list("pk", flat=True))

    # --- People who were here already ---

    def _restore(self, pk: int) -> bool:
        """Put old values back in memory; whether the person's own record changes."""
        person, rows = self.people[pk], self.rows[pk]
        is_intact = person.updated_at == self._last_stamp(pk)
        if self.batch.undone_at is not None:
            rows = [row for row in rows if row.kept]
        has_changed = is_back = False
        for row in reversed(rows):
            names = row.kept or _written(row)
            kept = self._restore_row(person, row, set(names))
            has_changed |= "stamp" in row.made
            is_back |= set(kept) != set(names)
            if kept or row.kept:
                self._keep(row, kept)
        self.done.restored += is_back
        if not (has_changed and is_back):
            return False
        first = next(row for row in rows if "stamp" in row.made)
        is_whole = not any(row.kept for row in rows)
        if is_intact and is_whole and first.made["before"]:
            written_at, key = first.made["before"]
            if person.search_key == next(
                row.made["search_key"] for row in reversed(rows) if "stamp" in row.made
            ):
                person.search_key = key
            person.updated_at = parse_datetime(written_at) or timezone.now()
        else:
            person.updated_at = timezone.now()
            person.search_key = ""
        return True

    def _restore_row(self, person: Person, row: ImportRow, names: set[str]) -> list[str]:
        """Undo these of one row; the names of what was edited since and stays."""
        kept = ["city"] if "city" in row.kept else []
        for name, (old, new) in row.changes.items():
            if name.startswith("part.") or name in ELSEWHERE or name not in names:
                continue
            if name == "organisation":
                before, after = row.made["moved"]
                if person.organisation_id == after:
                    person.organisation_id = before
                else:
                    kept.append(name)
            elif getattr(person, name) == new:
                setattr(person, name, old)
            else:
                kept.append(name)
        for said in row.made.get("points", ()) if "address" in names else ():
            if (point := self._point_as_made(person.pk, *said)) is not None:
                self.gone_points.add(point.pk)
            elif (person.pk, said[0], said[1]) in self.points:
                kept.append("address")
        if _answers(row) and "newsletter" in names and row.made["answer"] in self.answers:
            answer = row.made["answer"]
            if answer in self.loose_answers and self.answers[answer] == person.pk:
                self.gone_answers.add(answer)
            else:
                kept.append("newsletter")
        kept += self._restore_part(person.pk, row, names)
        is_made = "part" in row.made and "part" in names
        if is_made and (part := self.parts.get(person.pk)) is not None:
            if self._is_part_as_made(person.pk, row):
                self.gone_parts.add(part.pk)
            else:
                kept.append("part")
        return kept

    def _restore_part(self, pk: int, row: ImportRow, names: set[str] | None = None) -> list[str]:
        part = self.parts.get(pk)
        if part is None:
            return []
        kept = []
        for name, (old, new) in row.changes.items():
            if not name.startswith("part.") or (names is not None and name not in names):
                continue
            column = name.removeprefix("part.")
            if getattr(part, column) == new:
                setattr(part, column, old)
                self.changed_parts.setdefault(part.pk, (part, set()))[1].add(column)
            else:
                kept.append(name)
        return kept

    def _write(self, changed: list[int]) -> None:
        ContactPoint.objects.filter(pk__in=self.gone_points).delete()
        Participation.objects.filter(pk__in=self.gone_parts).delete()
        ConsentRecord.objects.filter(pk__in=self.gone_answers).delete()
        names = {
            name
            for pk in changed
            for row in self.rows[pk]
            for name in row.changes
            if name not in ELSEWHERE and not name.startswith("part.")
        }
        people = [self.people[pk] for pk in changed]
        self._find_again([person for person in people if not person.search_key])
        if people:
            Person.objects.bulk_update(people, {*names, "updated_at", "search_key"}, batch_size=100)
        parts = {
            key: pair for key, pair in self.changed_parts.items() if key not in self.gone_parts
        }
        if parts:
            columns = {name for _part, names in parts.values() for name in names}
            rows = [part for part, _names in parts.values()]
            Participation.objects.bulk_update(rows, columns, batch_size=100)
        self._audit("undo_import_person", changed)

    @staticmethod
    def _find_again(people: list[Person]) -> None:
        """Search keys of people whose addresses or organisation are not what they were."""
        fresh = Person.objects.filter(pk__in=[person.pk for person in people])
        stored = {row.pk: row for row in fresh.prefetch_related("contact_points")}
        organisations = Organisation.objects.in_bulk(
            [person.organisation_id for person in people if person.organisation_id]
        )
        for person in people:
            person.organisation = organisations.get(person.organisation_id)
            values = [point.value for point in stored[person.pk].contact_points.all()]
            person.search_key = search_key(*person.search_parts_with(values))

    # --- Telling ---

    def _keep(self, row: ImportRow, names: list[str]) -> None:
        """Remember what of a row stays; nothing once all of it is taken back."""
        row.kept = names
        row.save(update_fields=["kept"])
        if names:
            self.done.kept.append(row)

    def _audit(self, verb: str, people: Iterable[int]) -> None:
        AuditEntry.objects.bulk_create(
            AuditEntry(
                at=self.at,
                by=self.by,
                actor="" if self.by else "import",
                verb=verb,
                model=Person._meta.label_lower,
                row_id=str(pk),
                row_ref=f"import {self.batch.pk}",
                is_sample=self.people[pk].is_sample,
            )
            for pk in people
        )


def _keys(rows: models.QuerySet, people: set[int]) -> set[int]:
    return set(rows.filter(person__in=people).values_list("pk", flat=True))


def _written(row: ImportRow) -> list[str]:
    """What a row wrote of somebody who was here already, by the names that `kept` uses."""
    names = [name for name in row.changes if name not in ELSEWHERE]
    names += ["newsletter"] if _answers(row) else []
    names += ["address"] if row.made.get("points") else []
    return names + (["part"] if "part" in row.made else [])


def values_of(person: Person) -> list[Any]:
    """What somebody may have edited of a person, but for what hangs on them."""
    names = [name for name in (*EDITABLE, "post_since") if name != "initiatives"]
    return [field_value(person, name) for name in names]


def _answers(row: ImportRow) -> bool:
    return "answer" in row.made


def _undo_seats(batch: ImportBatch, done: Undone) -> None:
    """Where organisations are, as nobody knew it before; a municipality made for it goes."""
    rows = list(batch.entries.filter(made__has_key="settled").order_by("-pk"))
    if batch.undone_at is not None:
        rows = [row for row in rows if "city" in row.kept]
    said = {row.made["settled"]["organisation"]: row for row in rows}
    stored = Organisation.objects.select_related("municipality").in_bulk(said)
    cities = {
        organisation.municipality.pk
        for pk, organisation in stored.items()
        if "city" in said[pk].made["settled"] and hasattr(organisation, "municipality")
    }
    used = hanging(Municipality, cities, {})
    for pk, organisation in stored.items():
        row = said[pk]
        kept = [name for name in row.kept if name != "city"]
        if not _unsettle(organisation, row.made["settled"], used):
            kept.append("city")
        if kept == row.kept and "city" not in kept:
            continue
        row.kept = kept
        row.save(update_fields=["kept"])
        done.kept = [each for each in done.kept if each.pk != row.pk] + [row] * bool(kept)


def _unsettle(organisation: Organisation, said: dict[str, Any], used: dict[int, set[str]]) -> bool:
    """Take back what a row told of where an organisation is; False when somebody used it since."""
    if "city" in said:
        city = getattr(organisation, "municipality", None)
        if city is None:
            return True
        if city.pk in used or city_values(city) != said["city"]:
            return False
        city.delete()
        return True
    if "place" not in said:
        return True
    if organisation.place_id != said["place"]:
        return False
    before, after = map(parse_datetime, said["stamps"])
    is_intact = organisation.updated_at == after
    moment = before if is_intact else timezone.now()
    Organisation.objects.filter(pk=organisation.pk).update(place=None, updated_at=moment)
    return True


def _undo_organisations(batch: ImportBatch) -> None:
    """Organisations that only this import brought, and that nobody has used or edited since."""
    made = [
        row["organisation"]
        for row in batch.entries.filter(made__has_key="organisation").values_list("made", flat=True)
    ]
    stamps = {key: parse_datetime(stamp) for key, stamp in made}
    untouched = {
        organisation.pk
        for organisation in Organisation.objects.filter(pk__in=stamps, archived_at=None)
        if organisation.updated_at == stamps[organisation.pk]
    }
    # Who was erased since is counted still, without having to be of anybody.
    erased = Person.objects.exclude(erased_at=None).filter(import_rows__batch=batch)
    stubs = {person.pk: person for person in erased.filter(organisation__in=untouched)}
    used = hanging(Organisation, untouched, {Person: set(stubs)})
    going = untouched - set(used)
    before = {
        row.person_id: row.made["moved"][0]
        for row in batch.entries.filter(person__in=stubs, made__has_key="moved").order_by("-pk")
    }
    for pk, person in stubs.items():
        if person.organisation_id in going:
            Person.objects.filter(pk=pk).update(organisation=before.get(pk))
    Organisation.objects.filter(pk__in=going).delete()


def hanging(
    model: type[models.Model], keys: Iterable[int], own: dict[type[models.Model], set[int]]
) -> dict[int, set[str]]:
    """What other rows point to these, by key: the names of their kinds. `own` rows do not count,
    and neither does the account of imports itself."""
    found: dict[int, set[str]] = defaultdict(set)
    keys = set(keys)
    if not keys:
        return {}
    for relation in model._meta.related_objects:
        child: Any = relation.related_model
        if child is ImportRow:
            continue
        name = relation.field.name
        rows = child._base_manager.filter(**{f"{name}__in": keys})
        if own.get(child):
            rows = rows.exclude(pk__in=own[child])
        for key in rows.values_list(name, flat=True).distinct():
            if key in keys:
                found[key].add(str(child._meta.verbose_name))
    return dict(found)
