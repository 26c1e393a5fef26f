"""The texts in which anybody may be named, and how words are taken out of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Q

from crm.models import (
    AuditNote,
    ContactPoint,
    DataRequest,
    FollowUp,
    ImportBatch,
    ImportRow,
    IncomingMail,
    Interaction,
    Mailing,
    Merge,
    Message,
    NoticeDue,
    Organisation,
    OutgoingMail,
    Participation,
    Person,
    Post,
    SavedView,
    Tag,
)
from visits.briefs.content import FIXED, KIND
from visits.models import (
    AgendaItem,
    BriefEdition,
    ChecklistItem,
    DateWish,
    Disruption,
    Expense,
    FigureSnapshot,
    TravelFactor,
    TravelLeg,
    TravelOverride,
    Visit,
    VisitNote,
    VisitReport,
    VisitRequest,
)
from visits.models.availability import HostAnswer, HostAvailability
from visits.models.plans import PlanDecision, PlanVersion, Unplaced
from visits.models.reports import DisseminationActivity

# What stands where words of or about somebody were taken out; the same in every language.
GONE = "█"
# SQLite takes a thousand conditions in one question.
AT_ONCE = 400

# Texts that people type and that may name anybody: the person's words are taken out of them.
FREE_TEXTS: dict[type[models.Model], tuple[str, ...]] = {
    AgendaItem: ("title", "speaker", "room", "plan_b"),
    AuditNote: ("why",),
    BriefEdition: ("content",),
    ChecklistItem: ("text", "note"),
    ContactPoint: ("status_why",),
    DataRequest: ("text", "answer"),
    DateWish: ("reason",),
    Disruption: ("source",),
    DisseminationActivity: ("name", "evidence"),
    Expense: ("what", "receipt", "why"),
    FigureSnapshot: ("note",),
    FollowUp: ("text",),
    HostAnswer: ("reason",),
    HostAvailability: ("label",),
    ImportBatch: (
        "basis",
        "source",
        "error",
        "file_name",
        "headings",
        "other_encodings",
        "newsletter_proof",
        "suggestions",
    ),
    ImportRow: ("name", "changes", "differs", "remark", "message"),
    IncomingMail: (
        "subject",
        "text",
        "sender_name",
        "recipients",
        "attachments",
        "about",
        "answer",
        "message_id",
        "references",
        "thread",
    ),
    Interaction: ("text",),
    Mailing: ("title", "values", "query"),
    Merge: ("journal",),
    Message: ("subject", "body", "calendar"),
    NoticeDue: ("basis", "source", "told_how"),
    Organisation: ("notes",),
    OutgoingMail: ("subject", "text", "html", "calendar", "error"),
    Participation: ("part", "source", "note"),
    Person: ("notes",),
    Post: ("role", "department"),
    PlanDecision: ("reason",),
    PlanVersion: ("note",),
    SavedView: ("name", "query"),
    Tag: ("name",),
    TravelFactor: ("source",),
    TravelLeg: ("note",),
    TravelOverride: ("source",),
    Unplaced: ("reason", "would_fit_if"),
    Visit: (
        "address",
        "materials",
        "notes",
        "aim",
        "decides",
        "missing_people",
        "hotel",
        "last_way_home",
        "agreement",
        "override_reason",
        "cancel_reason",
        "local_contact_name",
        "local_contact_address",
        "local_contact_phone",
    ),
    VisitNote: ("text",),
    VisitReport: ("summary", "notes", "evidence", "correction", "host_summary"),
    VisitRequest: (
        "department",
        "planned_answers",
        "raw_text",
        "translation",
        "secrecy",
        "reason",
        "interpreter",
        "on_site_ruled_out",
    ),
}


def rows_that_hold(
    model: type[models.Model], words: Iterable[str], *, names: Iterable[str] = ()
) -> list[Any]:
    """Rows whose free texts, or those of these names, hold one of the words, be it as a part of
    another."""
    spellings = {spelling for word in words for spelling in _spellings(word)}
    asked = [
        Q(**{f"{name}__icontains": spelling})
        for name in names or FREE_TEXTS[model]
        for spelling in sorted(spellings)
    ]
    found: dict[Any, Any] = {}
    for start in range(0, len(asked), AT_ONCE):
        some = Q(*asked[start : start + AT_ONCE], _connector=Q.OR)
        found |= {row.pk: row for row in model._default_manager.filter(some)}
    return [found[pk] for pk in sorted(found)]


def _spellings(word: str) -> Iterator[str]:
    """What stands in the database where a text holds the word in whatever case.

    SQLite knows the case of ASCII letters alone, and keeps JSON with all others escaped.
    """
    if word.isascii():
        yield word
        return
    for each in (word, word.lower(), word.upper(), word.title()):
        yield each
        yield json.dumps(each)[1:-1]


def take_out(
    cut: Callable[[str], str],
    model: type[models.Model],
    rows: Iterable[Any],
    *,
    names: Iterable[str] = (),
) -> None:
    """Write the free texts of the rows, or those of these names, as `cut` leaves them."""
    for row in rows:
        changed = []
        for name in names or FREE_TEXTS[model]:
            said = getattr(row, name)
            left = _as_left(cut, said)
            if left != said:
                setattr(row, name, left)
                changed.append(name)
        if changed:
            row.save(update_fields=changed)


def _as_left(cut: Callable[[str], str], said: Any) -> Any:
    """A text as `cut` leaves it; so are all the texts in what is stored as JSON."""
    if isinstance(said, str):
        return cut(said)
    if isinstance(said, list):
        return [_as_left(cut, each) for each in said]
    if isinstance(said, dict):
        return {
            name: each if KIND in said and name in FIXED else _as_left(cut, each)
            for name, each in said.items()
        }
    return said


def texts_of(row: models.Model, *, names: Iterable[str] = ()) -> Iterator[str]:
    """The free texts of a row, or those of these names, what is stored as JSON too."""
    for name in names or FREE_TEXTS[type(row)]:
        yield from _texts(getattr(row, name))


def _texts(said: Any) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, list | dict):
        for each in said.values() if isinstance(said, dict) else said:
            yield from _texts(each)
