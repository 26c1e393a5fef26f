"""vCard 2.1, 3.0 and 4.0 as rows: cards are cut apart first, so that one bad card spoils no other.

Written here because the common library refuses a whole file for one bad line, does not know the
line breaks of quoted-printable, and takes 140 times a card's size in memory.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crm.domain.imports import encodings
from crm.domain.imports.bounds import BadRow, Bounds, Findings

COLUMNS = (
    "given",
    "family",
    "organisation",
    "department",
    "role",
    "email",
    "phone",
    "country",
    "languages",
    "notes",
    # Where a card does not part it: parted as in any other list.
    "name",
)
# Pictures, sounds and keys: dropped before a card is measured.
DROPPED = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
USED = frozenset({"N", "FN", "ORG", "TITLE", "ROLE", "EMAIL", "TEL", "ADR", "LANG", "NOTE"})
SILENT = frozenset({"VERSION", "PRODID", "REV", "UID", "BEGIN", "END", "KIND", "CLIENTPIDMAP"})
NAME = re.compile(r"^(?:[\w-]+\.)?([\w-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)$", re.S)
Row = tuple[int, list[str]]


class BadCard(Exception):
    """This card cannot be read; `code` chooses the sentence."""


def read_vcards(
    path: Path, bounds: Bounds, *, encoding: str
) -> tuple[Findings, Iterator[Row | BadRow]]:
    """What the file is, and one row for each card."""
    guess = encodings.Guess(encoding) if encoding else encodings.guess(path)
    found = Findings("vcard", encoding=guess.encoding, is_certain=guess.is_certain)
    if not guess.is_certain:
        found.others = [[guess.encoding, ", ".join(guess.words)], *map(list, guess.others)]
    return found, _cards(path, found, bounds)


@dataclass
class Card:
    """The lines of a card without its pictures, and what is wrong with it."""

    first: int
    lines: list[str] = field(default_factory=list)
    size: int = 0
    fault: str = ""
    is_dropping: bool = False
    # Whole cards that began in it; the last of them has just ended.
    inner: list["Card"] = field(default_factory=list)
    is_after_inner: bool = False

    def add(self, line: str, bounds: Bounds) -> None:
        if self.fault:
            return
        self.is_dropping = _drops(line, self.is_dropping)
        if self.is_dropping:
            return
        self.size += len(line)
        if self.size > bounds.card_bytes:
            self.fault, self.lines = "card_size", []
        else:
            self.lines.append(line)


def _cards(path: Path, found: Findings, bounds: Bounds) -> Iterator[Row | BadRow]:
    """Each card as a row or a fault. A card without an end is told from one with another inside by
    what follows the inner one's end: a next card, or the end of the file."""
    yield 0, list(COLUMNS)
    open_cards: list[Card] = []
    is_outside = False
    with encodings.opened(path, found.encoding) as file:
        for number, raw in enumerate(file, 1):
            line = raw.rstrip("\r\n").replace("\x00", "")
            word = line.strip().upper()
            if word == "BEGIN:VCARD":
                is_outside = False
                if open_cards and (len(open_cards) > 1 or open_cards[0].is_after_inner):
                    yield from _unended(open_cards.pop(0), found)
                open_cards.append(Card(number))
            elif word == "END:VCARD" and open_cards:
                card = open_cards.pop()
                if open_cards:
                    open_cards[-1].inner.append(card)
                    open_cards[-1].is_after_inner = True
                else:
                    yield _row(card, found)
            elif open_cards:
                open_cards[-1].is_after_inner &= not word
                open_cards[-1].add(line, bounds)
            elif word:
                if not is_outside:
                    yield BadRow(number, "outside")
                is_outside = word != "END:VCARD"
    for card in open_cards:
        yield from _unended(card, found)


def _unended(card: Card, found: Findings) -> Iterator[Row | BadRow]:
    yield BadRow(card.first, "no_end")
    for inner in card.inner:
        yield _row(inner, found)


def _drops(line: str, is_dropping: bool) -> bool:
    """Whether the line belongs to a picture: its first line, a folded one, or bare base64."""
    if line[:1] in (" ", "\t"):
        return is_dropping
    name = re.split("[;:]", line, maxsplit=1)[0].rpartition(".")[2].upper()
    if name in DROPPED:
        return True
    return is_dropping and ":" not in line and bool(line.strip())


def _row(card: Card, found: Findings) -> Row | BadRow:
    fault = "nested" if card.inner else card.fault
    if fault:
        return BadRow(card.first, fault)
    try:
        cells = _cells(list(_properties(card.lines)), found)
    except BadCard as bad:
        return BadRow(card.first, str(bad))
    return (card.first, cells) if any(cells) else BadRow(card.first, "empty_card")


def _unfolded(lines: list[str]) -> Iterator[str]:
    """Whole properties: folded lines joined, and quoted-printable ones ending with =."""
    whole = ""
    for line in lines:
        if whole and whole.endswith("=") and "QUOTED-PRINTABLE" in whole.upper():
            whole = whole[:-1] + line.lstrip(" \t")
        elif line[:1] in (" ", "\t"):
            whole += line[1:]
        else:
            if whole.strip():
                yield whole
            whole = line
    if whole.strip():
        yield whole


def _properties(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Name and raw value of each property, decoded from what its parameters say."""
    for line in _unfolded(lines):
        match = NAME.match(line)
        if match is None:
            raise BadCard("bad_line")
        name, parameters, value = match[1].upper(), match[2].upper(), match[3]
        if "QUOTED-PRINTABLE" in parameters:
            value = _text(quopri.decodestring(value.encode("utf-8", "replace")), parameters)
        elif re.search(r"ENCODING=(B|BASE64)(;|$)", parameters) and name in USED:
            try:
                value = _text(binascii.a2b_base64(value), parameters)
            except binascii.Error as fault:
                raise BadCard("bad_line") from fault
        yield name, value


def _text(content: bytes, parameters: str) -> str:
    said = re.search(r"CHARSET=\"?([\w-]+)", parameters)
    for encoding in (said[1] if said else "utf-8", "utf-8", "cp1252", "latin-1"):
        try:
            # Only text encodings: Python would look up "zlib" or "hex" too.
            if encoding.lower().replace("_", "-").startswith(("utf", "iso", "windows", "cp", "la")):
                return content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return content.decode("latin-1")


def _cells(properties: list[tuple[str, str]], found: Findings) -> list[str]:
    values: dict[str, list[str]] = {}
    for name, value in properties:
        if name in USED:
            values.setdefault(name, []).append(value)
        elif name not in SILENT and not name.startswith("X-") and name not in DROPPED:
            if name not in found.ignored and len(found.ignored) < 40:
                found.ignored.append(name)
    family, given, more = _parts(_first(values, "N"), 3)[:3]
    given = " ".join(filter(None, [given, more]))
    whole = "" if given or family else _plain(_first(values, "FN"))
    organisation, *units = _parts(_first(values, "ORG"), 2)
    return [
        given,
        family,
        organisation,
        " ".join(filter(None, units)),
        _plain(_first(values, "TITLE") or _first(values, "ROLE")),
        "; ".join(_plain(each).removeprefix("mailto:") for each in values.get("EMAIL", ())),
        "; ".join(_plain(each).removeprefix("tel:") for each in values.get("TEL", ())),
        _parts(_first(values, "ADR"), 7)[6],
        ", ".join(map(_plain, values.get("LANG", ()))),
        "\n".join(map(_plain, values.get("NOTE", ()))),
        whole,
    ]


def _first(values: dict[str, list[str]], name: str) -> str:
    return values.get(name, [""])[0]


def _parts(value: str, least: int) -> list[str]:
    """The components of a value, parted by semicolons that are not escaped."""
    pieces = [_plain(piece) for piece in re.split(r"(?<!\\);", value)]
    return pieces + [""] * (least - len(pieces))


def _plain(value: str) -> str:
    r"""A value without its escapes: \n is a line break, \, a comma."""
    return re.sub(
        r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value, flags=re.S
    ).strip()
