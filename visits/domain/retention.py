"""How long each kind of data is kept, what is over its time, and its going.

A preview and the deed ask the same question. What still has a duty on it stays: an open promise, an
open request or visit, mail on its way, a question about data, somebody still to be told.
"""

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain.audit import record
from crm.domain.free_space import wipe_freed_space
from crm.models import (
    AuditNote,
    ConsentRecord,
    DataRequest,
    FollowUp,
    ImportBatch,
    ImportRow,
    Interaction,
    Merge,
    Message,
    NoticeDue,
    OutgoingMail,
    Participation,
    Person,
    RetentionRule,
    User,
)
from visits import states
from visits.domain.erasure import EMPTIED, WAITING, empty_rows, erase_person
from visits.domain.free_texts import GONE
from visits.models import Host, PrivateLink, Visit, VisitRequest
from visits.states import VisitState

MOST_MONTHS = 240
UNSENT = (*WAITING, OutgoingMail.State.SENDING, OutgoingMail.State.UNKNOWN)
UNFINISHED = states.LIVE_VISITS | {VisitState.COMPLETED, VisitState.REPORTED}


@dataclass(frozen=True)
class Category:
    """One kind of data: what goes when its time is over, and after how many months unless a rule
    says otherwise. `find` names the rows, `go` takes them away."""

    key: str
    label: str | Promise
    goes: str | Promise
    why: str | Promise
    months: int
    find: Callable[[datetime], QuerySet]
    go: Callable[[list[Any], datetime, User | None, str], None]


@dataclass(frozen=True)
class Due:
    """What of one category is over its time at a moment; without months nothing ever is."""

    category: Category
    months: int | None
    before: datetime | None
    rows: QuerySet

    @property
    def why(self) -> str:
        return str(self.category.why)


# --- What is over its time ---


def _people(before: datetime) -> QuerySet:
    """Records nobody has heard of since, without a duty on them, who want no news from us."""
    day = before.date()
    about = Q(person=OuterRef("pk")) | Q(person__merged_into=OuterRef("pk"))
    asked = Q(requests__person=OuterRef("pk")) | Q(requests__person__merged_into=OuterRef("pk"))
    granted = ConsentRecord.objects.granted("newsletter").filter(about)
    recent = (
        Interaction.objects.filter(about, at__gte=before),
        Message.objects.filter(about, at__gte=before),
        Participation.objects.filter(about, event__ends_on__gte=day),
        ConsentRecord.objects.filter(about, at__gte=before),
        FollowUp.objects.filter(about).filter(Q(due_on__gte=day) | Q(done_on__gte=day)),
        VisitRequest.objects.filter(about).filter(
            Q(received_at__gte=before) | Q(state_since__gte=before)
        ),
        Visit.objects.filter(asked, starts_at__gte=before),
        ImportRow.objects.filter(about, batch__applied_at__gte=before),
        granted,
    )
    duties = (
        FollowUp.objects.open().filter(about),
        DataRequest.objects.open().filter(about),
        NoticeDue.objects.open().filter(about),
        VisitRequest.objects.open().filter(about),
        Visit.objects.filter(asked, state__in=UNFINISHED),
        OutgoingMail.objects.filter(
            Q(message__person=OuterRef("pk")) | Q(message__person__merged_into=OuterRef("pk")),
            state__in=UNSENT,
        ),
        Host.objects.filter(about),
    )
    rows = Person.objects.filter(erased_at=None, merged_into=None, created_at__lt=before)
    for each in (*recent, *duties):
        rows = rows.filter(~Exists(each))
    return rows.select_related("organisation")


def _without_duties(rows: QuerySet) -> QuerySet:
    """Rows about nobody to whom something is promised, or who asks for something."""
    person = Q(person=OuterRef("person"))
    for duty in (
        FollowUp.objects.open().filter(person),
        DataRequest.objects.open().filter(person),
        VisitRequest.objects.open().filter(person),
    ):
        rows = rows.filter(Q(person=None) | ~Exists(duty))
    return rows


def _notes(before: datetime) -> QuerySet:
    rows = Interaction.objects.filter(at__lt=before).exclude(text=GONE)
    promised = FollowUp.objects.open().filter(organisation=OuterRef("organisation"))
    return _without_duties(rows).filter(Q(organisation=None) | ~Exists(promised))


def _letters(before: datetime) -> QuerySet:
    """Texts of letters; drafts, mail on its way and letters of what is still open stay."""
    open_request = VisitRequest.objects.open().filter(messages=OuterRef("pk"))
    unfinished = Visit.objects.filter(messages=OuterRef("pk"), state__in=UNFINISHED)
    unsent = OutgoingMail.objects.filter(message=OuterRef("pk"), state__in=UNSENT)
    rows = Message.objects.filter(at__lt=before).exclude(body="", subject=GONE)
    rows = rows.exclude(status=Message.Status.DRAFT)
    return _without_duties(rows).filter(~Exists(open_request), ~Exists(unfinished), ~Exists(unsent))


def _requests(before: datetime) -> QuerySet:
    """Who asked, in requests that ended; the city, the dates and the state stay."""
    rows = VisitRequest.objects.filter(state_since__lt=before)
    rows = rows.exclude(state__in=states.OPEN_REQUESTS)
    rows = rows.exclude(requester_name="", address="", raw_text="", phone="")
    unfinished = Visit.objects.filter(requests=OuterRef("pk"), state__in=UNFINISHED)
    promised = FollowUp.objects.open().filter(visit_requests=OuterRef("pk"))
    return _without_duties(rows).filter(~Exists(unfinished), ~Exists(promised))


def _imports(before: datetime) -> QuerySet:
    """What a file said row by row, once nobody of it is still to be told."""
    untold = NoticeDue.objects.open().filter(batch=OuterRef("pk"))
    told = ImportRow.objects.filter(batch=OuterRef("pk")).exclude(name="", changes={}, message="")
    rows = ImportBatch.objects.filter(Q(applied_at__lt=before) | Q(undone_at__lt=before))
    return rows.filter(~Exists(untold), Exists(told))


def _merges(before: datetime) -> QuerySet:
    return Merge.objects.filter(at__lt=before).exclude(journal=None).select_related("kept")


def _data_requests(before: datetime) -> QuerySet:
    rows = DataRequest.objects.filter(done_at__lt=before)
    return rows.exclude(text="", address="", answer="")


def _reasons(before: datetime) -> QuerySet:
    return AuditNote.objects.filter(entry__at__lt=before).select_related("entry")


# --- Its going ---


def _erase(rows: list[Person], at: datetime, by: User | None, actor: str) -> None:
    for person in rows:
        # Nobody has looked at what their family name means in the notes about others.
        erase_person(person, at=at, by=by, actor=actor, mentions=(), wipes=False)


def _empty(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    empty_rows(rows)


def _empty_letters(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    empty_rows(OutgoingMail.objects.filter(message__in=rows))
    empty_rows(rows)


def _empty_requests(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    others = VisitRequest.objects.exclude(pk__in=[row.pk for row in rows])
    still_asked = others.exclude(requester_name="").exclude(visits=None).values("visits")
    PrivateLink.objects.filter(request__in=rows).delete()
    empty_rows(Visit.objects.filter(requests__in=rows).exclude(pk__in=still_asked).distinct())
    empty_rows(rows)


def _empty_imports(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    _empty_import_rows(ImportRow.objects.filter(batch__in=rows))


def _empty_import_rows(rows: QuerySet) -> None:
    rows.update(**EMPTIED[ImportRow])


def _empty_merges(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    Merge.objects.filter(pk__in=[row.pk for row in rows]).update(journal=None)


def _delete(rows: list[Any], at: datetime, by: User | None, actor: str) -> None:
    AuditNote.objects.filter(pk__in=[row.pk for row in rows]).delete()


CATEGORIES = (
    Category(
        "people",
        gettext_lazy("People"),
        gettext_lazy("The whole record is erased; what happened stays countable."),
        gettext_lazy("nothing was heard, said or written since, and nothing is open"),
        36,
        _people,
        _erase,
    ),
    Category(
        "requests",
        gettext_lazy("Who asked for a visit"),
        gettext_lazy("Names, addresses and texts; the city, the dates and the end stay."),
        gettext_lazy("the request has ended"),
        36,
        _requests,
        _empty_requests,
    ),
    Category(
        "letters",
        gettext_lazy("Letters"),
        gettext_lazy("Texts and addresses; that a letter was written, and when, stays."),
        gettext_lazy("the letter is old, and what it was about has ended"),
        36,
        _letters,
        _empty_letters,
    ),
    Category(
        "notes",
        gettext_lazy("Calls, meetings, notes"),
        gettext_lazy("What was said; that it was said, and when, stays."),
        gettext_lazy("the note is old, and nothing it was about is open"),
        36,
        _notes,
        _empty,
    ),
    Category(
        "imports",
        gettext_lazy("Rows of imported files"),
        gettext_lazy("What each row said; afterwards the import cannot be undone."),
        gettext_lazy("the file was imported, and everybody in it was told"),
        12,
        _imports,
        _empty_imports,
    ),
    Category(
        "merges",
        gettext_lazy("Journals of merges"),
        gettext_lazy("The old values; afterwards the records cannot be taken apart."),
        gettext_lazy("the merge was left standing"),
        12,
        _merges,
        _empty_merges,
    ),
    Category(
        "data_requests",
        gettext_lazy("Requests about own data"),
        gettext_lazy("Address, text and answer; that somebody asked, and when, stays."),
        gettext_lazy("it was answered"),
        36,
        _data_requests,
        _empty,
    ),
    Category(
        "reasons",
        gettext_lazy("Reasons in the log"),
        gettext_lazy("The words somebody gave; who did what when stays."),
        gettext_lazy("the entry is old"),
        36,
        _reasons,
        _delete,
    ),
)
BY_KEY = {category.key: category for category in CATEGORIES}


def months_before(at: datetime, months: int) -> datetime:
    """The same day and hour so many months earlier, or the last day that month had."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def months_kept() -> dict[str, int | None]:
    """For how many months each category is kept, by its key; None for good."""
    usual: dict[str, int | None] = {category.key: category.months for category in CATEGORIES}
    return usual | dict(RetentionRule.objects.values_list("category", "months"))


def due_at(at: datetime, *, only: Iterable[str] = ()) -> list[Due]:
    """What of each category is over its time at `at`; of the named ones alone when some are."""
    wanted, kept, found = set(only), months_kept(), []
    for category in CATEGORIES:
        if wanted and category.key not in wanted:
            continue
        months = kept[category.key]
        before = months_before(at, months) if months else None
        rows = category.find(before) if before else _nothing(category)
        found.append(Due(category, months, before, rows))
    return found


def _nothing(category: Category) -> QuerySet:
    return category.find(datetime(2000, 1, 1, tzinfo=UTC)).none()


@transaction.atomic
def set_months(key: str, months: int | None, *, at: datetime, by: User) -> RetentionRule:
    """Keep a category for so many months, or for good with None.

    Raises ValidationError for a category we do not have, or months beyond twenty years.
    """
    if key not in BY_KEY:
        raise ValidationError(_("There is no such kind of data."), code="category")
    if months is not None and not 1 <= months <= MOST_MONTHS:
        raise ValidationError(
            _("Write a number of months from 1 to %(most)d, or nothing to keep it for good."),
            code="months",
            params={"most": MOST_MONTHS},
        )
    values = {"months": months, "changed_at": at, "changed_by": by}
    rule, _made = RetentionRule.objects.update_or_create(category=key, defaults=values)
    record(rule, "change_retention", at=at, by=by, fields=[key, f"{months or 0} months"])
    return rule


def apply_due(
    at: datetime, *, only: Iterable[str] = (), by: User | None = None, actor: str = ""
) -> dict[str, int]:
    """Take away what is over its time; how many rows of each category went.

    Each category goes whole or not at all, and is written into the log.
    """
    gone: dict[str, int] = {}
    for due in due_at(at, only=only):
        with transaction.atomic():
            rows = list(due.rows)
            if rows:
                due.category.go(rows, at, by, actor)
                _log(due.category, len(rows), at=at, by=by, actor=actor)
        gone[due.category.key] = len(rows)
    if any(gone.values()):
        transaction.on_commit(wipe_freed_space, robust=True)
    return gone


def rows_stay_until(batch: ImportBatch) -> datetime | None:
    """Until when what the rows of an import say is kept; None for good."""
    months = months_kept()["imports"]
    return months_before(batch.applied_at, -months) if months and batch.applied_at else None


def forgettable_rows(batch: ImportBatch) -> QuerySet:
    """Rows of an undone import that still say something, but those whose undo may be asked for
    again: their people are in the lists."""
    rows = ImportRow.objects.filter(batch=batch, batch__state=ImportBatch.State.UNDONE, kept=[])
    return rows.exclude(name="", changes={}, message="", remark="")


@transaction.atomic
def forget_rows(batch: ImportBatch, *, at: datetime, by: User) -> int:
    """Empty what the rows of an undone import say, before their time; how many. That there were
    rows, and who did what, stays.

    Raises ValidationError when no row of it is to be forgotten.
    """
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    found = list(forgettable_rows(locked).values_list("pk", flat=True))
    if not found:
        raise ValidationError(
            _("No row of this import is to be forgotten: undo it first."), code="state"
        )
    _empty_import_rows(forgettable_rows(locked))
    record(locked, "forget_import_rows", at=at, by=by, fields=[f"{len(found)} rows"])
    transaction.on_commit(wipe_freed_space, robust=True)
    return len(found)


def _log(category: Category, count: int, *, at: datetime, by: User | None, actor: str) -> None:
    rule = RetentionRule(pk=0, category=category.key)
    record(
        rule, "apply_retention", at=at, by=by, actor=actor, fields=[category.key, f"{count} rows"]
    )


def reference_of(row: Model) -> str:
    """What a row is called without naming anybody: "person 17", "R04"."""
    ref = getattr(row, "ref", "")
    return str(ref or f"{row._meta.verbose_name} {row.pk}")
