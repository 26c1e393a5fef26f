"""Everything kept about a person as a document to hand to them: plain values in, bytes out."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.platypus import Spacer

from visits.briefs.document import GAP, Story, bind, section_story
from visits.briefs.edition import Block, Fact, Facts, Prose, Section
from visits.briefs.flow import Chapter, Running, Wide
from visits.briefs.paper import A4, Paper
from visits.briefs.tags import Tag
from visits.briefs.text import line, text


def render_copy(told: Mapping[str, Any], *, language: str = "en", paper: Paper = A4) -> bytes:
    """The PDF of what `visits.domain.person_export` gathered; the same values give the same bytes.

    Every value of the JSON stands in it, under the same names.
    """
    with override(language):
        root = Tag("Document")
        part = root.child("Sect")
        title = _("What we keep about you")
        number = told["people"][0]["number"]
        head = " · ".join((title, str(number)))
        made = _said(told["exported_at"])
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
        kept = {key: tuple(_blocks(value)) for key, value in told.items() if key != "exported_at"}
        for key, blocks in kept.items():
            if blocks:
                story += section_story(Section(key, _label(key), blocks), part, paper)
        if empty := [_label(key) for key, blocks in kept.items() if not blocks]:
            nothing = Prose("; ".join(empty), "missing")
            story += section_story(Section("nothing", _("Nothing"), (nothing,)), part, paper)
        return bind(
            story,
            root,
            paper,
            title=f"{title} {number}",
            author="",
            language=language,
            built_at=told["exported_at"],
        ).pdf


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _blocks(value: Any) -> Iterable[Block]:
    """One list of facts for each row; long words as paragraphs of their own."""
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if isinstance(row, Mapping):
            yield from _row_blocks(row)
        else:
            yield Prose(_said(row))


def _row_blocks(row: Mapping[str, Any]) -> Iterable[Block]:
    short, long = [], []
    for name, value in _flat(row):
        said = _said(value)
        if not said:
            continue
        if len(said) > 160 or "\n" in said:
            long.append(Prose(said, "quote", heading=_label(name)))
        else:
            short.append(Fact(_label(name), said))
    if short:
        yield Facts(tuple(short))
    yield from long


def _flat(row: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """The values of a row, those of rows within it under joined names."""
    for name, value in row.items():
        whole = f"{before} {name}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, whole)
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, 1):
                if isinstance(each, Mapping):
                    yield from _flat(each, f"{whole} {number}")
                else:
                    yield f"{whole} {number}", each
        else:
            yield whole, value


def _said(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M %Z").strip()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return ", ".join(_said(each) for each in value)
    return str(value)
