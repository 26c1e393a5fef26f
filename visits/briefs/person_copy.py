"""Everything kept about a person as a document to hand to them: plain values in, bytes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.platypus import Spacer

from crm import languages, wording
from visits.briefs.copy_words import CHANGED, CODES, DEEDS, DONE_TO, NAMES, SECTIONS
from visits.briefs.document import GAP, Story, bind, section_story
from visits.briefs.edition import Block, Fact, Facts, Prose, Section
from visits.briefs.flow import Chapter, Running, Wide
from visits.briefs.paper import A4, Paper
from visits.briefs.tags import Tag
from visits.briefs.text import line, text
from visits.domain.person_export import SOMEBODY, Reader


def render_copy(told: Mapping[str, Any], reader: Reader, *, paper: Paper = A4) -> bytes:
    """The PDF of what `visits.domain.person_export` gathered; the same values give the same bytes.

    Every value of the JSON stands in it, under names that its reader knows.
    """
    with override(reader.language):
        root = Tag("Document")
        part = root.child("Sect")
        title = _("What we keep about you")
        number = told["people"][0]["number"]
        head = " · ".join((title, str(number)))
        made = wording.local_time(told["exported_at"], reader.zone)
        story: Story = [
            Chapter(Running(line(head, 80), made, ""), title=title, bookmark="top"),
            Wide(text(title, "title", part.child("H1")), paper, after=4),
            text(
                _(
                    "Everything our records hold about you on %(moment)s. Names and addresses of "
                    "other people are taken out. You may ask us to correct or erase it."
                )
                % {"moment": made},
                "plain",
                part.child("P"),
            ),
            Spacer(1, GAP),
        ]
        kept = {
            key: tuple(_Spot(key, reader).blocks(value))
            for key, value in told.items()
            if key != "exported_at"
        }
        for key, blocks in kept.items():
            if blocks:
                story += section_story(Section(key, _heading(key), blocks), part, paper)
        if empty := [_heading(key) for key, blocks in kept.items() if not blocks]:
            nothing = Prose("; ".join(empty), "missing")
            title_of_nothing = _("Of this we keep nothing")
            story += section_story(Section("nothing", title_of_nothing, (nothing,)), part, paper)
        return bind(
            story,
            root,
            paper,
            title=f"{title} {number}",
            author="",
            language=reader.language,
            built_at=told["exported_at"],
        ).pdf


def _heading(key: str) -> str:
    return wording.sentence(str(SECTIONS.get(key, _spaced(key))))


def _deed_words(verb: str) -> tuple[str, str]:
    """What was done, and to what as far as it needs a word; of several fitting, the closest."""
    begins = max((each for each in DEEDS if verb.startswith(each)), key=len, default="")
    ends = max((each for each in DONE_TO if verb.endswith(each)), key=len, default="")
    return str(DEEDS.get(begins, CHANGED)), str(DONE_TO.get(ends, ""))


def _spaced(name: str) -> str:
    return name.replace("_", " ")


@dataclass(frozen=True)
class _Spot:
    """Where in the gathered values something stands, which says what its codes mean."""

    path: str
    reader: Reader

    def blocks(self, value: Any) -> Iterable[Block]:
        """One list of facts for each row; long words as paragraphs of their own. The log is one
        list, a line for each entry."""
        if self.path == "changes":
            yield from self._log(value)
            return
        for row in value:
            if isinstance(row, Mapping):
                yield from self._row_blocks(row)
            else:
                yield Prose(self.said("", row))

    def _row_blocks(self, row: Mapping[str, Any]) -> Iterable[Block]:
        short, long = [], []
        for label, said in self.flat(row):
            if not said:
                continue
            if len(said) > 160 or "\n" in said:
                long.append(Prose(said, "quote", heading=label))
            else:
                short.append(Fact(label, said))
        if short:
            yield Facts(tuple(short))
        yield from long

    def _log(self, rows: Iterable[Mapping[str, Any]]) -> Iterable[Block]:
        """When, and what was done to what: "written down: promises"."""
        lines = tuple(Fact(self.said("at", row["at"]), self._entry(row)) for row in rows)
        if lines:
            yield Facts(lines)

    def _entry(self, row: Mapping[str, Any]) -> str:
        deed, done_to = _deed_words(row["verb"])
        named = [done_to, *(self.said("fields", each) for each in row["fields"])]
        words = ", ".join(dict.fromkeys(filter(None, named)))
        states = [self.said(name, row[name]) for name in ("from_state", "to_state")]
        steps = " → ".join(filter(None, states))
        told = f"{deed}: {words}" if words else deed
        return f"{told} ({steps})" if steps else told

    def flat(self, row: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """The values of a row, in words; those of rows within it under joined names."""
        zone = row.get("zone") or self.reader.zone
        spot = _Spot(self.path, Reader(self.reader.language, zone, self.reader.topics))
        for name, value in row.items():
            within = _Spot(f"{spot.path}.{name}", spot.reader)
            label = within.label()
            if name in ("changes", "differs", "consents") and isinstance(value, Mapping):
                for key, each in value.items():
                    yield f"{label}: {within.key(key)}", within.change(key, each)
            elif isinstance(value, Mapping):
                yield from within.flat(value)
            elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
                for number, each in enumerate(value, 1):
                    for inner, said in within.flat(each):
                        yield f"{label} {number}: {inner}", said
            else:
                yield label, spot.said(name, value)

    def label(self) -> str:
        """What the value that stands here is called."""
        name = self.path.rpartition(".")[2]
        known = NAMES.get(self.path) or NAMES.get(name) or _spaced(name)
        return wording.sentence(str(known))

    def key(self, key: str) -> str:
        """What a value of an import or of a form is about: a field, or a purpose."""
        if key.startswith("part."):
            # What an import says of somebody's part in the event.
            name = key.removeprefix("part.")
            return str(NAMES.get(f"participations.{name}") or NAMES.get(name) or _spaced(name))
        known = CODES["consents.purpose"].get(key) or NAMES.get(key) or _spaced(key)
        return str(known)

    def change(self, key: str, value: Any) -> str:
        """The words agreed to, what a list says, or the value before and after."""
        if isinstance(value, list) and len(value) == 2 and self.path.endswith(".changes"):
            before, after = (self.said(key, each) for each in value)
            return f"{before} → {after}" if before else after
        return self.said(key, value)

    def said(self, name: str, value: Any) -> str:
        """One value in the words of its reader."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, datetime):
            return wording.local_time(value, self.reader.zone)
        if isinstance(value, date):
            return wording.day(value)
        if isinstance(value, list | tuple | set):
            return wording.listed(self.said(name, each) for each in value)
        return self._word(name, str(value)).replace(SOMEBODY, _("(another person)"))

    def _word(self, name: str, value: str) -> str:
        """A code in words; anything else as it is kept."""
        where = f"{self.path}.{name}"
        if where in CODES:
            return str(CODES[where].get(value, value))
        if where == "changes.fields":
            return self.key(value)
        if name in ("language", "languages", "raw_language"):
            return languages.name_of(value)
        if name == "country":
            return wording.country_name(value)
        if name == "topics":
            return str(self.reader.topics.get(value, value))
        if name == "on":
            return wording.day(date.fromisoformat(value))
        return value
