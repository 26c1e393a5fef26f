"""What an edition of a brief says: plain values, ready to be set in type, hashed and compared.

An edition is gathered by `visits.domain.briefs` (one gather function per edition) and drawn by
`visits.briefs.document`. All words are already in the language of the edition.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Tone = Literal["plain", "quiet", "quote", "strong", "missing"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value: "Where" – "Sample Hall, Ghent"."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A list of labelled values."""

    rows: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Running text; line breaks begin a new paragraph. `spoken` is the language of words that are
    not in that of the edition."""

    text: str
    tone: Tone = "plain"
    heading: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list of short sentences, with a heading of its own when it has one."""

    items: tuple[str, ...]
    heading: str = ""
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to have ready; `status` says in a word whether it is."""

    text: str
    done: bool
    status: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """Things to tick, on the screen or with a pen."""

    items: tuple[Check, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, its share of the width, whether it holds figures, and the
    language of its cells where that is not the edition's."""

    title: str
    share: float
    figures: bool = False
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under column titles; every row has one cell per column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Empty lines to write on."""

    count: int
    heading: str = ""

    @property
    def lines_to_write(self) -> range:
        return range(self.count)


Block = Facts | Prose | Items | Checklist | Table | Lines


@dataclass(frozen=True, slots=True)
class Section:
    """One section. `key` is stable over languages; `hashed` is false for what grows every day,
    `whole` is true for a sheet to fill in that should lie on one page."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    hashed: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the day: the visit, one item of its programme, a break or a journey."""

    starts_at: datetime
    ends_at: datetime
    label: str
    kind: Literal["visit", "item", "break", "journey"]


@dataclass(frozen=True, slots=True)
class Day:
    """The day of a visit, to be drawn to scale in the local zone and, when given, the home one."""

    zone: str
    zone_name: str
    stretches: tuple[Stretch, ...]
    home_zone: str = ""
    home_zone_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the map: the place of the visit, another stop of the tour, or the host's home."""

    latitude: float
    longitude: float
    label: str
    kind: Literal["place", "stop", "home"]


@dataclass(frozen=True, slots=True)
class Tour:
    """What the map shows: marks, and the journeys between them as pairs of mark numbers."""

    marks: tuple[Mark, ...]
    journeys: tuple[tuple[int, int], ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """A code for a phone at the end of the section `section`: what it holds, what it is for, and
    the words beside it for those who do not scan."""

    section: str
    value: str
    label: str
    said: str


@dataclass(frozen=True, slots=True)
class State:
    """How the state of the visit looks: a word, a shape of `crm.marks`, a family of colour."""

    word: str
    shape: str
    hue: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the brief of one visit.

    `ref` alone names the visit in file names and metadata; `city` stands only inside the pages.
    `notice` is the sentence that warns a reader (draft, postponed, void), empty when all is well.
    """

    kind: Literal["internal", "public"]
    language: str
    ref: str
    name: str
    city: str
    country: str
    mode: str
    state: State
    notice: str
    when: str
    when_home: str
    essentials: tuple[Fact, ...]
    sections: tuple[Section, ...]
    foot: str
    day: Day | None = None
    tour: Tour | None = None
    scans: tuple[Scan, ...] = ()
    link: str = ""
    link_label: str = ""
    author: str = ""
    is_sample: bool = False

    @property
    def data_hash(self) -> str:
        """SHA-256 of what the edition says, without its state's look and what grows every day."""
        said = asdict(self, dict_factory=_words)
        del said["state"], said["link"], said["link_label"]
        hashed = (section for section in self.sections if section.hashed)
        said["sections"] = [asdict(section, dict_factory=_words) for section in hashed]
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=_iso)
        return hashlib.sha256(text.encode()).hexdigest()

    def section(self, key: str) -> Section | None:
        """The section of that key, if the edition has one."""
        return next((section for section in self.sections if section.key == key), None)


@dataclass(frozen=True, slots=True)
class Imprint:
    """Which printing of an edition this is. Version 0 is a preview that was never kept."""

    version: int
    built_at: datetime
    version_line: str
    built_line: str


@dataclass(frozen=True, slots=True)
class DaySheet:
    """One day of a trip: its visits to scale, then what happens in order."""

    key: str
    title: str
    lines: tuple[Day, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """The trip pack of a host: cover with map and itinerary, a sheet per day, contacts, briefs.

    `ref` is the host's reference; like in an edition it alone stands in metadata and file names.
    """

    ref: str
    name: str
    host: str
    span: str
    language: str
    built_at: datetime
    built_line: str
    facts: tuple[Fact, ...]
    itinerary: Section
    days: tuple[DaySheet, ...]
    contacts: Section
    foot: str
    briefs: tuple[tuple[Edition, Imprint], ...]
    tour: Tour | None = None
    author: str = ""
    is_sample: bool = False


def _words(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What a part says: in which language it is read aloud changes nothing in that."""
    return {name: value for name, value in pairs if name != "spoken"}


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"An edition holds plain values, not {type(value).__name__}.")
