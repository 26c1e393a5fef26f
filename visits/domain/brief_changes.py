"""Changed since printed: what a kept version said and what the visit says now, field by field."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from crm import wording
from visits.briefs import press
from visits.briefs.content import edition_from
from visits.briefs.edition import (
    Block,
    Checklist,
    Column,
    Edition,
    Facts,
    Imprint,
    Items,
    Prose,
    Section,
    Table,
)
from visits.domain import brief_parts as parts
from visits.domain.briefs import edition_of
from visits.models import BriefEdition

NOTHING = "–"
# What is written beside the difference; the fields themselves are in the edition's language.
WRITTEN_IN = ("en", "nb")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that says something else; before or now is empty where it was added or left out."""

    section: str
    field: str
    before: str
    now: str


def changes_of(kept: BriefEdition, *, at: datetime) -> list[Change]:
    """Everything that a kept version says otherwise than the visit does at `at`.

    Raises ValidationError for a version of which only the hash was kept.
    """
    if kept.content is None:
        raise ValidationError(
            _("The words of version %(version)d are not kept; keep it anew to compare."),
            code="no_content",
            params={"version": kept.version},
        )
    before = edition_from(kept.content)
    now = edition_of(kept.visit, kept.kind, at=at, language=kept.language, with_history=False)
    return list(_changes(before, now))


def _changes(before: Edition, now: Edition) -> Iterator[Change]:
    old, new = _said(before), _said(now)
    for title in dict.fromkeys([*new, *old]):
        yield from _of_section(title, old.get(title, []), new.get(title, []))


Said = tuple[str, str]


def _said(edition: Edition) -> dict[str, list[Said]]:
    """What an edition says: under each title its fields with their values, in order."""
    head = [
        (_("Notice"), edition.notice),
        (_("Place"), parts.join((edition.city, edition.country))),
        (_("When"), edition.when),
        (_("At home"), edition.when_home),
        (_("Mode"), edition.mode),
        *((fact.label, fact.value) for fact in edition.essentials),
    ]
    found = {_("Head"): [pair for pair in head if pair[1]]}
    for section in edition.sections:
        if section.hashed:
            found[section.title] = [pair for block in section.blocks for pair in _of_block(block)]
    return found


def _of_block(block: Block) -> Iterator[Said]:
    if isinstance(block, Facts):
        yield from ((row.label, row.value) for row in block.rows)
    elif isinstance(block, Prose):
        yield (block.heading, block.text)
    elif isinstance(block, Items):
        yield from ((block.heading, line) for line in block.items)
    elif isinstance(block, Checklist):
        for check in block.items:
            yield (check.text, parts.join((check.status, check.note)))
    elif isinstance(block, Table):
        for row in block.rows:
            yield _of_row(row)


def _of_row(row: Sequence[str]) -> Said:
    """A row is named by its first cell in words; a running number says nothing of its own."""
    cells = [cell for cell in row if cell and not cell.isdigit()]
    named = [cell for cell in cells if not cell[0].isdigit()]
    name = named[0] if named else ""
    return name, "; ".join(cell for cell in cells if cell != name)


def _of_section(title: str, old: list[Said], new: list[Said]) -> Iterator[Change]:
    """Fields that are in both with other values are one change; the rest came or went."""
    gone, come = _without(old, new), _without(new, old)
    for label, value in come:
        twin = next((pair for pair in gone if pair[0] == label), None)
        if twin is not None:
            gone.remove(twin)
        yield Change(title, label, twin[1] if twin else "", value)
    yield from (Change(title, label, value, "") for label, value in gone)


def _without(pairs: Iterable[Said], others: Sequence[Said]) -> list[Said]:
    rest, left = list(others), []
    for pair in pairs:
        if pair in rest:
            rest.remove(pair)
        else:
            left.append(pair)
    return left


def difference(kept: BriefEdition, *, at: datetime) -> tuple[Edition, Imprint]:
    """The difference as a document of its own, laid out and printed like an edition."""
    language = kept.language if kept.language in WRITTEN_IN else "en"
    with override(language):
        found = changes_of(kept, at=at)
        now = edition_of(kept.visit, kept.kind, at=at, language=kept.language, with_history=False)
        zone = kept.visit.campaign.zone
        count = len(found)
        words = ngettext("%(count)d change", "%(count)d changes", count) % {"count": count}
        told = replace(
            now,
            name=_("Changed since version %(version)d") % {"version": kept.version},
            essentials=parts.facts(
                (_("Edition"), f"{kept.get_kind_display()}, {kept.language}"),
                (_("Kept"), wording.local_time(kept.built_at, zone)),
                (_("Since then"), words),
            ),
            sections=_sections(found),
            day=None,
            tour=None,
        )
        built = _("as of %(when)s") % {"when": wording.local_time(at, zone)}
        return told, Imprint(0, at, _("Difference"), built)


def _sections(found: list[Change]) -> tuple[Section, ...]:
    if not found:
        same = Prose(_("Nothing: the visit says what this version said."))
        return (Section("changes", _("Changes"), (same,)),)
    columns = (Column(_("What"), 1.6), Column(_("Before"), 2.2), Column(_("Now"), 2.2))
    titles = dict.fromkeys(change.section for change in found)
    return tuple(
        Section(
            f"changes-{number}",
            title,
            (
                Table(
                    columns,
                    tuple(
                        (row.field or NOTHING, row.before or NOTHING, row.now or NOTHING)
                        for row in found
                        if row.section == title
                    ),
                ),
            ),
        )
        for number, title in enumerate(titles, 1)
    )


def difference_pdf(kept: BriefEdition, *, at: datetime) -> tuple[bytes, str]:
    """The difference as PDF, and a file name that never holds the city."""
    edition, imprint = difference(kept, at=at)
    name = f"{edition.ref}-{kept.kind}-{kept.language}-since-v{kept.version}.pdf"
    return press.brief_pdf(edition, imprint), name
