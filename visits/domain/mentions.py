"""Notes about others in which somebody to be erased stands by the family name alone.

A family name may mean another bearer of it, or a hill, so a person looks at each; who is not asked
has it taken out, as whole names are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.models import (
    DataRequest,
    FollowUp,
    ImportBatch,
    IncomingMail,
    Interaction,
    Message,
    NoticeDue,
    Organisation,
    Participation,
    Person,
    SavedView,
    Tag,
)
from visits.domain.dossiers import SHORTEST_WORD, Dossier, word_pattern
from visits.domain.free_texts import GONE, rows_that_hold, take_out, texts_of
from visits.models import (
    AgendaItem,
    ChecklistItem,
    Expense,
    TravelLeg,
    Visit,
    VisitNote,
    VisitReport,
    VisitRequest,
)
from visits.models.availability import HostAnswer

# What people at the desk and on the road write down, and what others wrote to us. Letters of ours
# and files stay as they went and came.
NOTES: dict[type[models.Model], str | Promise] = {
    Person: _("notes"),
    Interaction: _("call, meeting or note"),
    FollowUp: _("promise"),
    Participation: _("part in an event"),
    Organisation: _("notes"),
    VisitRequest: _("request"),
    Visit: _("visit"),
    VisitNote: _("note from the road"),
    VisitReport: _("report"),
    AgendaItem: _("programme"),
    ChecklistItem: _("checklist"),
    HostAnswer: _("answer of a host"),
    TravelLeg: _("journey"),
    Expense: _("expense"),
    DataRequest: _("request about data"),
    Tag: _("tag"),
    SavedView: _("saved view"),
    ImportBatch: _("import"),
    NoticeDue: _("notice due"),
    IncomingMail: _("incoming mail"),
    Message: _("mail"),
}
# Of these, only some columns: an address of another of the name stays one.
COLUMNS: dict[type[models.Model], tuple[str, ...]] = {
    ImportBatch: ("basis", "source", "newsletter_proof"),
    IncomingMail: ("subject", "text"),
    Message: ("subject", "body"),
}
AROUND = 50
# Columns that say whom a row is about.
BEARERS = ("requester_name", "local_contact_name", "sender_name", "address_name")
# The word before a name, which may be the given name of another bearer.
BEFORE = r"(?<!\w)(?:(?P<before>\w[\w.’'-]{0,60})(?P<gap>\s+))?"


@dataclass(frozen=True)
class Mention:
    """A row about somebody else that says the family name, with the words around it."""

    row: models.Model
    words: str

    @property
    def key(self) -> str:
        return f"{self.row._meta.label_lower}-{self.row.pk}"

    @property
    def kind(self) -> str:
        return str(NOTES[type(self.row)])

    @property
    def about(self) -> Any:
        """Whose page shows the note."""
        if isinstance(self.row, Person | Organisation | Visit | VisitRequest | IncomingMail):
            return self.row
        names = ("person", "visit", "organisation")
        return next((each for name in names if (each := getattr(self.row, name, None))), None)


class FamilyNames:
    """The family names of a person, and how they are told from those of others who bear them."""

    def __init__(self, dossier: Dossier) -> None:
        names = {row.family.strip() for row in dossier.people}
        self.names = sorted(name for name in names if len(name) >= SHORTEST_WORD)
        bearers = Q(pk__in=[])
        for name in self.names:
            bearers |= Q(family__iexact=name)
        own = [row.pk for row in dossier.people]
        others = Person.objects.filter(bearers, erased_at=None).exclude(pk__in=own)
        given = others.exclude(given="").values_list("given", flat=True)
        self.given_of_others = {name.split()[-1].casefold() for name in given.iterator()}
        words = "|".join(map(re.escape, self.names))
        self.pattern = re.compile(rf"{BEFORE}(?:{words})(?!\w)", re.IGNORECASE)

    def found_in(self, text: str) -> str:
        """The words around the first place where a name stands alone; nothing without one."""
        for match in self.pattern.finditer(text):
            if not self._is_of_another(match):
                start, end = match.end() - AROUND, match.end() + AROUND
                before = "… " if start > 0 else ""
                after = " …" if end < len(text) else ""
                return f"{before}{text[max(start, 0) : end].strip()}{after}"
        return ""

    def taken_out_of(self, text: str) -> str:
        return self.pattern.sub(self._left, text)

    def _left(self, match: re.Match[str]) -> str:
        if self._is_of_another(match):
            return match[0]
        before = match["before"] or ""
        if before.casefold() in map(str.casefold, self.names):
            before = GONE
        return f"{before}{match['gap'] or ''}{GONE}"

    def _is_of_another(self, match: re.Match[str]) -> bool:
        return (match["before"] or "").casefold() in self.given_of_others

    def is_borne_in(self, row: Any) -> bool:
        """Whether the row is about somebody else of the name, whom the name then means."""
        person = row if isinstance(row, Person) else getattr(row, "person", None)
        named = [person.family if person else ""]
        named += [getattr(row, name, "") for name in BEARERS]
        ends = tuple(name.casefold() for name in self.names)
        return any(name.casefold().endswith(ends) for name in named)


def mentions_of(dossier: Dossier) -> list[Mention]:
    """Every note about others that says a family name of the person as a word of its own.

    Whole names do not count, theirs nor another bearer's, and neither does what is about a bearer.
    """
    family = FamilyNames(dossier)
    if not family.names:
        return []
    whole, own = word_pattern(dossier.sure_words), dossier.own_rows()
    found = []
    for model in NOTES:
        known = {row.pk for row in own.get(model, ())}
        for row in rows_that_hold(model, family.names, names=COLUMNS.get(model, ())):
            if row.pk in known or family.is_borne_in(row) or _is_of_ours(row):
                continue
            texts = texts_of(row, names=COLUMNS.get(model, ()))
            said = (whole.sub(GONE, text) if whole else text for text in texts)
            if words := next(filter(None, map(family.found_in, said)), ""):
                found.append(Mention(row, words))
    return found


def take_out_of(mentions: Iterable[Mention], family: FamilyNames) -> None:
    """Take the family names out of these notes."""
    for mention in mentions:
        model = type(mention.row)
        row = model._default_manager.filter(pk=mention.row.pk)
        take_out(family.taken_out_of, model, row, names=COLUMNS.get(model, ()))
        if model is IncomingMail:
            # The bytes say it too, and cannot be cut.
            row.update(raw=None)


def _is_of_ours(row: Any) -> bool:
    return isinstance(row, Message) and row.direction == Message.Direction.OUT
