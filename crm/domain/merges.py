"""Two records of one human become one, and come apart again as long as nothing stands in the way.

What hangs on the merged record moves to the kept one, whichever app it belongs to. A row that the
kept record has already (the same address, the same event) stays where it is, so nothing is lost.
Every change is written into the merge's journal; taking the merge apart writes the old values back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain import posts
from crm.domain.audit import record
from crm.domain.consents import entries_after
from crm.domain.edits import stamp
from crm.domain.working_calendar import OFFICE_ZONE
from crm.models import (
    ConsentRecord,
    ContactPoint,
    Interaction,
    Lookalike,
    Merge,
    Message,
    Participation,
    Person,
    Post,
    User,
)
from crm.models.consent import Purpose
from crm.search import SearchableModel

# A post is chosen whole, with the day it began: nobody is to get one that nobody held.
POST = "post"
CHOSEN = ("given", "family", "script_variant", POST, "languages", "notes")
FIELDS = (*(name for name in CHOSEN if name != POST), *posts.FIELDS, "post_since")
KEPT, MERGED, BOTH = "kept", "merged", "both"
# Fields whose two values can stand together.
JOINED = ("languages", "notes")
# Which address or number is used first is chosen like a field.
FIRST = tuple(ContactPoint.Kind.values)
CHANNEL = "merge"

Kind = ContactPoint.Kind
Status = ConsentRecord.Status
# What is known of an address that both records have: the first of these that either says.
POINT_CAUTION = (
    ContactPoint.Status.SUPPRESSED,
    ContactPoint.Status.WRONG,
    ContactPoint.Status.BOUNCED,
    ContactPoint.Status.VERIFIED,
    ContactPoint.Status.UNVERIFIED,
)
# What both records say of one event: the first of these is what happened.
PART_PROOF = (
    Participation.Status.ATTENDED,
    Participation.Status.NO_SHOW,
    Participation.Status.REGISTERED,
    Participation.Status.CANCELLED,
)
PART_FACTS = ("status", "day_1", "day_2", "walk", "part", "source", "note", "is_sample")
DAYS = ("day_1", "day_2", "walk")
# Made from other columns: written anew when they changed meanwhile, and in nobody's way.
DERIVED = ("search_key", "updated_at")


# --- Deciding ---


@dataclass(frozen=True)
class ConsentOutcome:
    """What counts for one purpose after the merge; `new` when the kept record must be told so."""

    purpose: str
    kept: str
    merged: str
    after: str
    is_new: bool

    @property
    def is_lost_grant(self) -> bool:
        """A yes of one record that does not count for the joined one."""
        return Status.GRANTED in (self.kept, self.merged) and self.after != Status.GRANTED


@dataclass(frozen=True)
class Plan:
    """What a merge will do, before it is done."""

    kept: Person
    merged: Person
    values: dict[str, Any]
    # The post that was not taken, to be a former one; without a last day when none is known.
    former: Post | None
    first: dict[str, ContactPoint]
    consents: list[ConsentOutcome]
    moving: dict[str, int]
    staying: dict[str, int]


def usual_choices(kept: Person, merged: Person) -> dict[str, str]:
    """For each field the side to take: the kept one's value unless it has none."""
    choices = dict.fromkeys((*CHOSEN, *FIRST), KEPT)
    for name in CHOSEN:
        ours, theirs = (_value(row, name) for row in (kept, merged))
        if not ours and theirs:
            choices[name] = MERGED
        elif name in JOINED and theirs and ours != theirs:
            choices[name] = BOTH
    for kind in FIRST:
        ours, theirs = _points(kept, kind), _points(merged, kind)
        is_no_use = not any(point.is_usable for point in ours)
        if not ours or is_no_use and any(point.is_usable for point in theirs):
            choices[kind] = MERGED
    return choices


def _value(person: Person, name: str) -> Any:
    """What is chosen by this name; nothing when it is empty."""
    if name == POST:
        return _post_of(person) if any(_post_of(person).values()) else {}
    return _column(name).value_from_object(person)


def _post_of(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in posts.FIELDS}


def _column(name: str) -> Any:
    return Person._meta.get_field(name)


def seen_stamp(kept: Person, merged: Person) -> str:
    """A mark of what somebody saw of both records before merging them."""
    return f"{stamp(kept, FIELDS)}-{stamp(merged, FIELDS)}"


def plan_merge(kept: Person, merged: Person, choices: Mapping[str, str] | None = None) -> Plan:
    """What the merge would do with these choices; raises ValidationError when it is not to be."""
    _refuse(kept, merged)
    wanted = usual_choices(kept, merged) | dict(choices or {})
    _refuse_choices(wanted)
    values = {name: _chosen(kept, merged, name, wanted[name]) for name in CHOSEN if name != POST}
    taken, left = (kept, merged) if wanted[POST] == KEPT else (merged, kept)
    values |= _post_taken(taken, left)
    values["given"] = values["given"] or kept.given or merged.given
    first = _first_points(kept, merged, wanted)
    moving: dict[str, int] = {}
    staying: dict[str, int] = {}
    for relation in relations():
        goes, stays = relation.split(kept, merged)
        for counted, rows in ((moving, goes), (staying, stays)):
            if rows:
                counted[relation.label] = counted.get(relation.label, 0) + len(rows)
    return Plan(
        kept=kept,
        merged=merged,
        values=values,
        former=_post_left(taken, left, kept),
        first=first,
        consents=_consent_outcomes(kept, merged, first.get(Kind.EMAIL)),
        moving=moving,
        staying=staying,
    )


def _refuse(kept: Person, merged: Person) -> None:
    if kept.pk == merged.pk:
        raise ValidationError(_("These are one record already."), code="same")
    for person in (kept, merged):
        if person.erased_at:
            raise ValidationError(_("An erased record cannot be merged."), code="erased")
        if person.merged_into_id:
            raise ValidationError(
                _("%(name)s is merged into another record already."),
                code="merged",
                params={"name": person.name},
            )
        if person.archived_at:
            raise ValidationError(
                _("%(name)s is archived; bring the record back first."),
                code="archived",
                params={"name": person.name},
            )
    if kept.is_sample != merged.is_sample:
        raise ValidationError(
            _("Sample data and real people stay apart; the sample can be removed as a whole."),
            code="sample",
        )


def _refuse_choices(choices: Mapping[str, str]) -> None:
    for name, side in choices.items():
        allowed = (KEPT, MERGED, BOTH) if name in JOINED else (KEPT, MERGED)
        if name not in (*CHOSEN, *FIRST) or side not in allowed:
            raise ValidationError(
                _("“%(name)s: %(side)s” is no choice; take one of the two records."),
                code="choice",
                params={"name": str(name)[:40], "side": str(side)[:40]},
            )


def _is_one_post(taken: Person, left: Person) -> bool:
    """Whether both may tell of the same post: no word of one is another word of the other."""
    pairs = zip(_post_of(taken).values(), _post_of(left).values(), strict=True)
    return all(not ours or not theirs or ours == theirs for ours, theirs in pairs)


def _post_taken(taken: Person, left: Person) -> dict[str, Any]:
    """The post of one side; what it leaves open is filled when the other tells of the same."""
    values = _post_of(taken) | {"post_since": taken.post_since}
    if any(_post_of(taken).values()) and _is_one_post(taken, left):
        values = {name: value or getattr(left, name) for name, value in values.items()}
    return values


def _post_left(taken: Person, left: Person, kept: Person) -> Post | None:
    """The post that was not taken, unless it is the same or known as a former one already."""
    said: dict[str, Any] = _post_of(left)
    is_dated = taken.post_since or left.post_since
    is_elsewhere = taken.organisation_id != left.organisation_id
    if _is_one_post(taken, left) or not (is_dated or is_elsewhere):
        # Two undated roles in one house are two wordings, as far as anybody knows.
        return None
    if Post.objects.filter(person__in=[taken, left], **said).exists():
        return None
    since, until = left.post_since, None
    if taken.post_since and (since is None or since < taken.post_since):
        until = taken.post_since - timedelta(days=1)
    # Which of the two came first is not known otherwise; it was over when the records became one.
    said |= {"from_on": since, "to_on": until, "is_sample": kept.is_sample}
    return Post(person=kept, **said)


def _chosen(kept: Person, merged: Person, name: str, side: str) -> Any:
    ours, theirs = getattr(kept, name), getattr(merged, name)
    if side == KEPT:
        return ours
    if side == MERGED:
        return theirs
    if name == "languages":
        return list(dict.fromkeys([*ours, *theirs]))
    longest = _column(name).max_length
    joined = "\n\n".join(text for text in dict.fromkeys((ours, theirs)) if text)
    if longest and len(joined) > longest:
        raise ValidationError(
            _("Both notes together are longer than %(most)d letters; shorten one first."),
            code="too_long",
            params={"most": longest},
        )
    return joined


def _points(person: Person, kind: str) -> list[ContactPoint]:
    return list(person.contact_points.filter(kind=kind))


def _first_points(
    kept: Person, merged: Person, choices: Mapping[str, str]
) -> dict[str, ContactPoint]:
    """The address and the number to use first, by kind: the first of the chosen side."""
    found = {}
    for kind in FIRST:
        sides = {KEPT: _points(kept, kind), MERGED: _points(merged, kind)}
        listed = sides[choices[kind]] or sides[KEPT] or sides[MERGED]
        if listed:
            found[kind] = listed[0]
    return found


def _consent_outcomes(
    kept: Person, merged: Person, first: ContactPoint | None
) -> list[ConsentOutcome]:
    """The stricter answer wins; one record's yes covers only an address that this record had.

    So no letter goes to somebody who did not say yes, even when the records are of two humans.
    """
    ours, theirs = _answers(kept), _answers(merged)
    outcomes = []
    for purpose in Purpose.values:
        said = {KEPT: ours.get(purpose, ""), MERGED: theirs.get(purpose, "")}
        given = [status for status in said.values() if status]
        if not given:
            continue
        after = min(given, key=lambda status: ConsentRecord.STRICTNESS.index(Status(status)))
        if after == Status.GRANTED and len(given) == 1:
            owner = kept if said[KEPT] else merged
            if first and not owner.contact_points.emails().matching(first.value).exists():
                after = Status.UNKNOWN
        outcomes.append(
            ConsentOutcome(purpose, said[KEPT], said[MERGED], after, is_new=after != said[KEPT])
        )
    return outcomes


def _answers(person: Person) -> dict[str, str]:
    """The present answer by purpose."""
    newest: dict[str, str] = {}
    for row in person.consents.order_by("-at", "-pk"):
        newest.setdefault(row.purpose, row.status)
    return newest


# --- What hangs on a person ---


@dataclass(frozen=True)
class Relation:
    """A kind of row that points to a person, whichever app keeps it."""

    model: type[models.Model]
    column: models.ForeignKey

    @property
    def label(self) -> str:
        """What a person calls these rows; empty for ties without a word of their own."""
        return "" if self.model._meta.auto_created else str(self.model._meta.verbose_name_plural)

    def rows_of(self, person: Person) -> list[Any]:
        rows = self.model._base_manager.filter(**{self.column.attname: person.pk})
        return list(rows.order_by("pk"))

    def split(self, kept: Person, merged: Person) -> tuple[list[Any], list[Any]]:
        """Rows of the merged record that move, and those the kept one has already."""
        rows = self.rows_of(merged)
        if not rows or not self._unique:
            return rows, []
        known = self.twins(kept)
        stays = [row for row in rows if known.keys() & set(self._keys(row))]
        return [row for row in rows if row not in stays], stays

    def twins(self, person: Person) -> dict[tuple, Any]:
        """Rows of a person by what only one of them may have."""
        return {key: row for row in self.rows_of(person) for key in self._keys(row)}

    def twin_of(self, row: Any, known: dict[tuple, Any]) -> Any:
        return next((known[key] for key in self._keys(row) if key in known), None)

    @property
    def _unique(self) -> list[tuple[str, ...]]:
        """The other columns of each rule that allows one row per person."""
        meta, name = self.model._meta, self.column.name
        rules = [tuple(fields) for fields in meta.unique_together]
        rules += [tuple(rule.fields) for rule in meta.total_unique_constraints]
        rules += [(name,)] if self.column.unique else []
        return [tuple(each for each in rule if each != name) for rule in rules if name in rule]

    def _keys(self, row: Any) -> list[tuple]:
        return [
            (rule, *(row._meta.get_field(name).value_from_object(row) for name in rule))
            for rule in self._unique
        ]


# The ledger of consents stays where the words were said; the rest is the merge's own.
STAYING = (ConsentRecord, Lookalike, Merge)


def relations() -> Iterator[Relation]:
    """Every column of every app that points to a person and moves when two become one."""
    found: Any
    for found in Person._meta.get_fields(include_hidden=True):
        points_here = found.auto_created and (found.one_to_many or found.one_to_one)
        if points_here and found.related_model not in STAYING:
            yield Relation(found.related_model, found.field)


# --- The journal ---


@dataclass
class Journal:
    """Changes in the order they were made: columns before and after, and rows that were added."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    # The newest consent of the kept record; a later one was said after the merge.
    last_consent: int = 0

    def change(self, row: models.Model, **values: Any) -> None:
        """Write these columns of a stored row, and remember what they were.

        Columns go by their attname; nothing of `save` is run.
        """
        before = {name: plain(getattr(row, name)) for name in values}
        after = {name: plain(value) for name, value in values.items()}
        changed = {name: value for name, value in values.items() if before[name] != after[name]}
        if not changed:
            return
        type(row)._base_manager.filter(pk=row.pk).update(**changed)
        for name, value in changed.items():
            setattr(row, name, value)
        self.changes.append(
            {
                "model": row._meta.label_lower,
                "pk": row.pk,
                "before": {name: before[name] for name in changed},
                "after": {name: after[name] for name in changed},
            }
        )

    def add(self, row: models.Model) -> None:
        row.save()
        self.made.append({"model": row._meta.label_lower, "pk": row.pk})

    def as_json(self) -> dict[str, Any]:
        return {
            "changes": self.changes,
            "made": self.made,
            "last_consent": self.last_consent,
        }


def plain(value: Any) -> Any:
    """A column's value as the journal stores it, to the microsecond."""
    return value.isoformat() if isinstance(value, datetime | date | time) else value


# --- Merging ---


@transaction.atomic
def merge_people(
    kept: Person,
    merged: Person,
    *,
    choices: Mapping[str, str] | None = None,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> Merge:
    """Make two records one: `kept` has all of it, `merged` points to it and leaves the lists.

    `choices` name the side for a field (see `usual_choices`). Raises ValidationError when the
    records cannot be merged, or when `seen` is not their `seen_stamp` any more.
    """
    kept, merged = _locked(kept, merged)
    if seen and seen != seen_stamp(kept, merged):
        raise ValidationError(
            _("Somebody changed one of the two records meanwhile; look at both once more."),
            code="changed_meanwhile",
        )
    plan = plan_merge(kept, merged, choices)
    journal = Journal()
    for relation in relations():
        _move(relation, kept, merged, journal)
    _settle_first(kept, plan, journal)
    for outcome in plan.consents:
        if outcome.is_new:
            journal.add(_consent_after(outcome, kept, merged, at=at))
    journal.last_consent = max(kept.consents.values_list("pk", flat=True), default=0)
    if plan.former is not None:
        today = at.astimezone(ZoneInfo(by.time_zone if by else OFFICE_ZONE)).date()
        plan.former.to_on = plan.former.to_on or max(today, plan.former.from_on or today)
        journal.add(plan.former)
    changed = _take_values(kept, plan.values, journal)
    journal.change(merged, merged_into_id=kept.pk)
    record(kept, "merge_person", at=at, by=by, fields=changed)
    record(merged, "merge_person", at=at, by=by, fields=["merged_into"])
    return Merge.objects.create(kept=kept, merged=merged, at=at, by=by, journal=journal.as_json())


def _locked(*people: Person) -> list[Person]:
    """The rows as they are now, locked in one order whoever comes first."""
    rows = Person.objects.select_for_update().order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=[person.pk for person in people])}
    missing = [person for person in people if person.pk not in found]
    if missing:
        raise ValidationError(_("One of the two records is gone."), code="gone")
    return [found[person.pk] for person in people]


def _move(relation: Relation, kept: Person, merged: Person, journal: Journal) -> None:
    goes, stays = relation.split(kept, merged)
    known = relation.twins(kept) if stays else {}
    for row in stays:
        _join_twins(relation.twin_of(row, known), row, journal)
    for row in goes:
        values: dict[str, Any] = {relation.column.attname: kept.pk}
        if isinstance(row, SearchableModel) and not isinstance(row, Person):
            setattr(row, relation.column.name, kept)
            row.refresh_search_key()
            values["search_key"] = row.search_key
            row.refresh_from_db(fields=["search_key", relation.column.attname])
        journal.change(row, **values)


def _join_twins(ours: Any, theirs: Any, journal: Journal) -> None:
    """Both records have this row: the kept one learns what the other knew better."""
    if isinstance(ours, ContactPoint):
        status = min((ours.status, theirs.status), key=POINT_CAUTION.index)
        journal.change(ours, status=status)
    elif isinstance(ours, Participation):
        if PART_PROOF.index(theirs.status) < PART_PROOF.index(ours.status):
            # Exchanged and not copied, so that an attendance is counted once.
            mine = {name: getattr(ours, name) for name in PART_FACTS}
            journal.change(ours, **{name: getattr(theirs, name) for name in PART_FACTS})
            journal.change(theirs, **mine)
        known = {name: getattr(ours, name) or getattr(theirs, name) for name in DAYS}
        journal.change(ours, **{name: known[name] for name in DAYS if known[name] is not None})


def _settle_first(kept: Person, plan: Plan, journal: Journal) -> None:
    """One address of each kind is used first, also when both records had one."""
    for kind, wanted in plan.first.items():
        for point in _points(kept, kind):
            is_wanted = point.match_key == wanted.match_key
            journal.change(point, is_preferred=is_wanted)


def _consent_after(
    outcome: ConsentOutcome, kept: Person, merged: Person, *, at: datetime
) -> ConsentRecord:
    """What the kept record is told: the other's answer, or that a yes does not carry over."""
    rows = ConsentRecord.objects.filter(
        person__in=[kept, merged], purpose=outcome.purpose, status=outcome.after
    )
    said = rows.order_by("-at", "-pk").first()
    newest = kept.consents.order_by("-at").values_list("at", flat=True).first()
    return ConsentRecord(
        person=kept,
        address=said.address if said else "",
        purpose=outcome.purpose,
        status=outcome.after,
        text=said.text if said else None,
        language=said.language if said else "",
        # Never before what it overrules.
        at=max(at, newest) if newest else at,
        channel=CHANNEL,
        evidence=f"merged with record {merged.pk}: the stricter answer counts",
        is_sample=kept.is_sample,
    )


def _take_values(kept: Person, values: dict[str, Any], journal: Journal) -> list[str]:
    """Write the chosen values and what is made from them; the names of the fields that changed."""
    columns = {_column(name).attname: getattr(value, "pk", value) for name, value in values.items()}
    changed = sorted(name for name, value in columns.items() if getattr(kept, name) != value)
    after = Person.objects.get(pk=kept.pk)
    for name, value in columns.items():
        setattr(after, name, value)
    after.refresh_search_key()
    journal.change(kept, **columns, search_key=after.search_key, updated_at=timezone.now())
    return changed


# --- Taking apart ---


GONE = gettext_lazy("The journal of this merge was emptied when the person was erased.")


def obstacles(merge: Merge) -> list[str]:
    """What stands in the way of taking a merge apart, as sentences; nothing when it can be."""
    if merge.undone_at:
        return [_("This merge was taken apart already.")]
    if merge.journal is None or merge.kept.erased_at or merge.merged.erased_at:
        return [str(GONE)]
    found = []
    if merge.kept.merged_into_id:
        found.append(
            _("%(name)s was merged into another record since; take that apart first.")
            % {"name": merge.kept.name}
        )
    later = Merge.objects.standing().filter(kept=merge.kept, pk__gt=merge.pk)
    for each in later.select_related("merged"):
        found.append(
            _("%(name)s was merged into this record since; take that apart first.")
            % {"name": each.merged.name}
        )
    if not found:
        found += _changed_since(merge)
    return found


def _changed_since(merge: Merge) -> list[str]:
    """Values the merge set that somebody changed since, and consents said since."""
    found = []
    journal = merge.journal or {}
    rows = _rows_of(journal["changes"])
    final: dict[tuple[str, int], dict[str, Any]] = {}
    for change in journal["changes"]:
        final.setdefault((change["model"], change["pk"]), {}).update(change["after"])
    for (label, pk), after in final.items():
        row = rows[label].get(pk)
        if row is None:
            # Deleted since: it was meant, and nothing brings it back.
            continue
        for name, value in after.items():
            if name not in DERIVED and plain(getattr(row, name)) != value:
                found.append(_changed_sentence(row, name))
    if entries_after(merge.kept, journal["last_consent"]):
        found.append(
            _(
                "A consent was written down after the merge, and nobody can say for certain which "
                "of the two gave it."
            )
        )
    return found


def _changed_sentence(row: Any, name: str) -> str:
    column = next(each for each in row._meta.concrete_fields if each.attname == name)
    return _("%(row)s: “%(field)s” was changed since.") % {
        "row": f"{row._meta.verbose_name} {row}"[:160],
        "field": column.verbose_name,
    }


def _rows_of(changes: list[dict[str, Any]]) -> dict[str, dict[int, Any]]:
    """The rows that a journal names, as they are now."""
    wanted: dict[str, set[int]] = {}
    for change in changes:
        wanted.setdefault(change["model"], set()).add(change["pk"])
    return {
        label: apps.get_model(label)._base_manager.in_bulk(sorted(keys))
        for label, keys in wanted.items()
    }


@transaction.atomic
def unmerge_people(merge: Merge, *, at: datetime, by: User | None) -> Merge:
    """Take a merge apart: every row is as it was, what was added since stays with the kept record.

    Raises ValidationError with every obstacle.
    """
    merge = (
        Merge.objects.select_for_update(of=["self"])
        .select_related("kept", "merged")
        .get(pk=merge.pk)
    )
    _locked(merge.kept, merge.merged)
    in_the_way = obstacles(merge)
    if in_the_way:
        raise ValidationError([ValidationError(words, code="obstacle") for words in in_the_way])
    journal = merge.journal or {}
    for each in journal["made"]:
        apps.get_model(each["model"])._base_manager.filter(pk=each["pk"]).delete()
    rows = _rows_of(journal["changes"])
    stale = []
    for change in reversed(journal["changes"]):
        row = rows[change["model"]].get(change["pk"])
        if row is not None and not _write_back(row, change):
            stale.append(row)
    for row in stale:
        if isinstance(row, SearchableModel):
            row = type(row)._base_manager.get(pk=row.pk)
            row.refresh_search_key()
            type(row)._base_manager.filter(pk=row.pk).update(search_key=row.search_key)
    for person in (merge.kept, merge.merged):
        record(person, "unmerge_person", at=at, by=by)
    merge.undone_at, merge.undone_by = at, by
    merge.save(update_fields=["undone_at", "undone_by"])
    return merge


def _write_back(row: Any, change: dict[str, Any]) -> bool:
    """The columns as they were; False when one that is made from others was made anew since."""
    columns = {each.attname: each for each in row._meta.concrete_fields}
    values = {}
    for name, value in change["before"].items():
        if name not in DERIVED or plain(getattr(row, name)) == change["after"][name]:
            values[name] = _stored(columns[name], value)
    type(row)._base_manager.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)
    return len(values) == len(change["before"])


def _stored(column: Any, value: Any) -> Any:
    return column.target_field.to_python(value) if column.is_relation else column.to_python(value)


# --- First contact ---


@dataclass(frozen=True)
class FirstContact:
    """When and where a human was met first, and the source of that knowledge."""

    on: date
    words: str
    source: str


def first_contact_of(person: Person, *, zone: str) -> FirstContact | None:
    """The earliest trace of a human, over all records merged into this one; days are of `zone`.

    Worked out and not stored, so no merge can lose it: a part in an event stays with its source.
    """
    people = [person.pk, *Person.objects.filter(merged_into=person).values_list("pk", flat=True)]
    found = []
    parts = Participation.objects.filter(person__in=people).select_related("event")
    for part in parts.exclude(status=Participation.Status.CANCELLED):
        found.append(FirstContact(part.event.starts_on, part.event.name, part.source))
    talks = Interaction.objects.filter(person__in=people).select_related("by")
    if talk := talks.order_by("at").first():
        by = str(talk.by) if talk.by else ""
        found.append(FirstContact(_day(talk.at, zone), talk.get_kind_display(), by))
    mails = Message.objects.that_went().filter(person__in=people)
    if mail := mails.order_by("at").first():
        found.append(FirstContact(_day(mail.at, zone), _("Mail"), mail.get_direction_display()))
    return min(found, key=lambda each: each.on, default=None)


def _day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def moving_words(counts: Mapping[str, int]) -> list[str]:
    """Numbers of rows by kind, as a person reads them: "1 interaction", "2 follow-ups"."""
    one = {relation.label: str(relation.model._meta.verbose_name) for relation in relations()}
    return [
        f"{count} {one.get(kind, kind) if count == 1 else kind}".replace("follow up", "follow-up")
        for kind, count in counts.items()
        if kind
    ]
