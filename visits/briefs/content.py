"""An edition as plain content that is kept with its version, and read back as it was."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from visits.briefs import edition as parts
from visits.briefs.edition import Edition

# Stands in the content for the kind of part it was; no field has this name.
KIND = "is"
MOMENT = "moment"
# Fields that hold no words of a person but say how a part is read.
FIXED = frozenset(
    {KIND, "at", "kind", "key", "tone", "language", "spoken", "zone", "home_zone", "hue", "shape"}
)
PARTS = {
    name: part
    for name, part in vars(parts).items()
    if isinstance(part, type) and is_dataclass(part)
}


def as_content(said: Any) -> Any:
    """Parts of an edition as lists, texts and numbers that JSON can hold."""
    if isinstance(said, datetime):
        return {KIND: MOMENT, "at": said.isoformat()}
    if isinstance(said, tuple):
        return [as_content(each) for each in said]
    if is_dataclass(said):
        values = {field.name: as_content(getattr(said, field.name)) for field in fields(said)}
        return {KIND: type(said).__name__} | values
    return said


def edition_from(content: dict[str, Any]) -> Edition:
    """The edition that was kept. A field it did not have yet takes its default."""
    edition = _part_from(content)
    if not isinstance(edition, Edition):
        raise TypeError("This is no kept edition.")
    return edition


def _part_from(content: Any) -> Any:
    if isinstance(content, list):
        return tuple(_part_from(each) for each in content)
    if not isinstance(content, dict):
        return content
    if content[KIND] == MOMENT:
        return datetime.fromisoformat(content["at"])
    part = PARTS[content[KIND]]
    known = {field.name for field in fields(part)}
    return part(**{name: _part_from(value) for name, value in content.items() if name in known})
