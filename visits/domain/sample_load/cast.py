"""What the sample has made so far, by the keys its files use."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm import fixture_files as files
from crm.models import (
    AuditEntry,
    AuditNote,
    Event,
    Initiative,
    Message,
    Municipality,
    Organisation,
    Person,
    User,
)
from visits.models import Campaign, Host, Topic, Visit, VisitRequest

DEMO_COORDINATOR = "coordinator@example.org"


@dataclass
class Cast:
    """Rows by key; `history` collects audit entries that are written in one go at the end."""

    users: dict[str, User] = field(default_factory=dict)
    initiatives: dict[str, Initiative] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    municipalities: dict[str, Municipality] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    requests: dict[str, VisitRequest] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    event: Event | None = None
    campaign: Campaign | None = None
    history: list[tuple[AuditEntry, str]] = field(default_factory=list)

    @property
    def coordinator(self) -> User:
        return self.users[DEMO_COORDINATOR]

    def actor(self, word: str) -> tuple[User | None, str]:
        """Who acted, from the word of a history file: a user, or a name for the audit log."""
        if word in self.hosts:
            user = self.hosts[word].user
            return user, "" if user else self.hosts[word].name
        if word.partition("@")[0] == "coordinator":
            return self.coordinator, ""
        return None, {"system": "worker"}.get(word, word)

    def topics_of(self, cell: str | list[str]) -> list[Topic]:
        codes = cell.split() if isinstance(cell, str) else cell
        return [self.topics[code] for code in codes]

    def note_step(self, row: Any, verb: str, step: dict[str, str]) -> None:
        """Remember one line of a history file for the audit log."""
        by, actor = self.actor(step["by"])
        entry = AuditEntry(
            at=_at(step),
            by=by,
            actor=actor,
            verb=verb,
            model=row._meta.label_lower,
            row_id=str(row.pk),
            row_ref=row.ref,
            fields=["state"],
            from_state=step["from_state"],
            to_state=step["to_state"],
            is_sample=True,
        )
        self.history.append((entry, step["reason"]))

    def write_history(self) -> None:
        """Append the remembered steps to the audit log, oldest first."""
        self.history.sort(key=lambda pair: pair[0].at)
        entries = AuditEntry.objects.bulk_create(entry for entry, _why in self.history)
        AuditNote.objects.bulk_create(
            AuditNote(entry=entry, why=why)
            for entry, (_same, why) in zip(entries, self.history, strict=True)
            if why
        )


def _at(step: dict[str, str]) -> datetime:
    at = files.moment(step["at"])
    if at is None:
        raise ValueError("A step of a history has no moment.")
    return at
