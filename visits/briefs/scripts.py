"""Hebrew and Arabic on a printed page: in which order letters stand and which form each takes.

The order follows the Unicode bidirectional algorithm (UAX 9) for a line without embeddings, which
never get here; forms, ligatures and places of marks come from HarfBuzz. Readers of the file find
the letters as they were typed: every glyph says which ones it stands for.
"""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any
from unicodedata import bidirectional

import uharfbuzz
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

from visits.briefs import styles

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "fonts"
LATIN = "latin"
FAMILIES = {"hebrew": "NotoSansHebrew", "arabic": "NotoSansArabic"}
OURS = {
    "hebrew": re.compile("[\u0591-\u05f4\ufb1d-\ufb4f]"),
    "arabic": re.compile("[\u0600-\u06ff\u0750-\u077f]"),
}
# Letters of these scripts, and the joiners that only they need.
JOINERS = "\u200c\u200d"
RIGHT_TO_LEFT = re.compile(f"[\u0591-\u05f4\u0600-\u06ff\u0750-\u077f\ufb1d-\ufb4f{JOINERS}]")
# Codes of our own for glyphs, beyond those of Unicode's planes in use.
FIRST_CODE = 0x100000
# Less than this share of the size of type is no move.
SLIGHT = 1e-3
BRACKETS = {"(": ")", "[": "]", "{": "}"}


def is_right_to_left(value: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    for letter in value:
        kind = bidirectional(letter)
        if kind in ("L", "R", "AL"):
            return kind != "L"
    return False


def covers(letter: str) -> bool:
    """Whether one of the fonts of these scripts can draw the letter in both weights."""
    if letter in JOINERS:
        return True
    family = _family(letter)
    return family is not None and ord(letter) in _coverage(family)


def _family(letter: str) -> str | None:
    return next((name for name, letters in OURS.items() if letters.match(letter)), None)


@cache
def _coverage(family: str) -> frozenset[int]:
    fonts = [script_font(family, is_strong=strong) for strong in (False, True)]
    return frozenset.intersection(*(font.covered for font in fonts))


# --- Fonts ---


class ScriptFont(TTFont):
    """A font whose glyphs HarfBuzz chooses; each carries the letters that it stands for."""

    def __init__(self, name: str, path: Path):
        super().__init__(name, str(path), shapable=False)
        # Two fonts of one file are two in a document.
        self.face.name = name.encode("ascii")
        self.covered = frozenset(self.face.charToGlyph)
        face = uharfbuzz.Face(path.read_bytes())
        self.per_em = face.upem
        self.shaper = uharfbuzz.Font(face)
        self._codes: dict[tuple[int, str], int] = {}
        self._letters: dict[int, str] = {}
        self._lock = threading.Lock()

    def code_of(self, glyph: int, letters: str) -> int:
        """The code that draws the glyph where it stands for these letters."""
        with self._lock:
            code = self._codes.get((glyph, letters))
            if code is None:
                code = FIRST_CODE + len(self._codes)
                advance = self.shaper.get_glyph_h_advance(glyph)
                self.face.charToGlyph[code] = glyph
                self.face.charWidths[code] = round(advance * 1000 / self.per_em)
                self._letters[code] = letters
                self._codes[glyph, letters] = code
            return code

    def addObjects(self, doc: Any) -> None:
        subsets = self.state[doc].subsets
        super().addObjects(doc)
        for number, subset in enumerate(subsets):
            prefix = b"".join((SUBSETN(number), b"+", self.face.name, self.face.subfontNameX))
            stream = doc.idToObject[f"toUnicodeCMap:{prefix.decode('ascii')}"]
            stream.content = self._said(stream.content, subset)

    def _said(self, table: str, subset: list[int]) -> str:
        """ReportLab's table of letters with ours in the place of the codes."""
        head, rest = table.split("beginbfchar\n", 1)
        tail = rest.split("endbfchar", 1)[1]
        rows = [
            f"<{number:02X}> <{self._letters.get(code, chr(code)).encode('utf-16-be').hex()}>"
            for number, code in enumerate(subset)
        ]
        return "\n".join([f"{head}beginbfchar", *rows, f"endbfchar{tail}"])


@cache
def script_font(family: str, *, is_strong: bool) -> ScriptFont:
    """The font of a script in one of the two weights, made known to ReportLab."""
    latin = styles.STRONG if is_strong else styles.REGULAR
    if family == LATIN:
        font = ScriptFont(f"{latin}-turned", styles.FOLDER / styles.FILES[latin])
    else:
        weight = "Bold" if is_strong else "Regular"
        font = ScriptFont(f"{latin}-{family}", FOLDER / f"{FAMILIES[family]}-{weight}.ttf")
    pdfmetrics.registerFont(font)
    return font


# --- Order ---


def levels(words: str, *, is_rtl: bool) -> list[int]:
    """The level of every letter (UAX 9): odd ones run from right to left."""
    own = "R" if is_rtl else "L"
    kinds = _weak([bidirectional(letter) or "L" for letter in words], own)
    kinds = _neutral(_brackets(words, kinds, own), own)
    # Rules I1 and I2; in a line from right to left, numbers and Latin run within it.
    level = {"L": 2, "R": 1, "EN": 2, "AN": 2} if is_rtl else {"L": 0, "R": 1, "EN": 2, "AN": 2}
    return [level[kind] for kind in kinds]


def _weak(kinds: list[str], own: str) -> list[str]:
    """Rules W1 to W7: marks, numbers and what stands between numbers."""
    strong, before, found = own, own, []
    for kind in kinds:
        if kind == "NSM":
            kind = before
        before = kind
        if kind in ("L", "R", "AL"):
            strong = kind
        if kind == "EN" and strong == "AL":
            kind = "AN"
        found.append("R" if kind == "AL" else kind)
    for at in range(1, len(found) - 1):
        left, kind, right = found[at - 1 : at + 2]
        if left == right and (
            (kind == "ES" and left == "EN") or (kind == "CS" and left in ("EN", "AN"))
        ):
            found[at] = left
    at = 0
    for kind, run in groupby(found[:]):
        size = len(list(run))
        if kind == "ET":
            beside = {
                found[at - 1] if at else "",
                found[at + size] if at + size < len(found) else "",
            }
            found[at : at + size] = ["EN" if "EN" in beside else "ON"] * size
        at += size
    strong = own
    for at, kind in enumerate(found):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN":
            found[at] = "L" if strong == "L" else "EN"
        elif kind != "AN":
            found[at] = "ON"
    return found


def _direction(kind: str) -> str:
    return "" if kind == "ON" else "L" if kind == "L" else "R"


def _brackets(words: str, kinds: list[str], own: str) -> list[str]:
    """Rule N0: both brackets of a pair run as what they hold."""
    found, waiting, pairs = kinds[:], [], []
    for at, letter in enumerate(words):
        if kinds[at] != "ON":
            continue
        if letter in BRACKETS:
            waiting.append((BRACKETS[letter], at))
        elif letter in BRACKETS.values():
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == letter:
                    pairs.append((waiting[depth][1], at))
                    del waiting[depth:]
                    break
    for opening, closing in sorted(pairs):
        held = {_direction(kind) for kind in found[opening + 1 : closing]} - {""}
        if not held:
            continue
        before = next((d for d in map(_direction, found[:opening][::-1]) if d), own)
        found[opening] = found[closing] = own if own in held or before == own else before
    return found


def _neutral(kinds: list[str], own: str) -> list[str]:
    """Rules N1 and N2: what has no direction takes that of both sides, else that of the line."""
    found, at = kinds[:], 0
    for kind, run in groupby(kinds):
        size = len(list(run))
        if kind == "ON":
            left = _direction(kinds[at - 1]) if at else own
            right = _direction(kinds[at + size]) if at + size < len(kinds) else own
            found[at : at + size] = [left if left == right else own] * size
        at += size
    return found


def runs_in_order(words: str, *, is_rtl: bool) -> list[tuple[str, bool]]:
    """The stretches of one direction, from left to right, each as typed (rule L2)."""
    runs, at = [], 0
    for level, run in groupby(levels(words, is_rtl=is_rtl)):
        size = len(list(run))
        runs.append((level, words[at : at + size]))
        at += size
    highest = max((level for level, _run in runs), default=0)
    for level in range(highest, 0, -1):
        turned: list[tuple[int, str]] = []
        for is_inside, group in groupby(runs, key=lambda each: each[0] >= level):
            inside = list(group)
            turned += inside[::-1] if is_inside else inside
        runs = turned
    return [(run, level % 2 == 1) for level, run in runs]


# --- Forms ---


@dataclass(frozen=True, slots=True)
class Placed:
    """Characters of a font, how far right and up they stand from the start of the line, in em."""

    font: str
    letters: str
    x: float
    y: float = 0.0


@lru_cache(maxsize=4_000)
def set_line(
    words: str, font: str, *, is_strong: bool, is_rtl: bool
) -> tuple[tuple[Placed, ...], float]:
    """A line with Hebrew or Arabic in it, set from left to right, and its width in em.

    `font` draws what these scripts do not have.
    """
    found: list[Placed] = []
    x = 0.0
    for run, turned in runs_in_order(words, is_rtl=is_rtl):
        pieces = list(_by_font(run))
        for family, letters in pieces[::-1] if turned else pieces:
            if family is None and not turned:
                found.append(Placed(font, letters, x))
                x += pdfmetrics.stringWidth(letters, font, 1.0)
            else:
                # Brackets between Hebrew words show their other side; HarfBuzz turns them.
                script = script_font(family or LATIN, is_strong=is_strong)
                placed, x = _shape(script, letters, x, is_rtl=turned)
                found += placed
    return tuple(found), x


def _by_font(run: str) -> Iterator[tuple[str | None, str]]:
    """The run in stretches for one font each; blanks and joiners stay with the letters before."""
    at: str | None = None
    held = ""
    for letter in run:
        if letter in JOINERS and not at:
            continue
        family = at if letter in JOINERS or (letter == " " and at) else _family(letter)
        if family != at and held:
            yield at, held
            held = ""
        at = family
        held += letter
    if held:
        yield at, held


def _shape(font: ScriptFont, letters: str, x: float, *, is_rtl: bool) -> tuple[list[Placed], float]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(letters)
    buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_CHARACTERS
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_rtl else "ltr"
    uharfbuzz.shape(font.shaper, buffer)
    glyphs = list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))
    said = _said(font, letters, [(info.cluster, info.codepoint) for info, _where in glyphs])
    placed: list[Placed] = []
    held, begins, expected = "", x, x
    for (info, where), words in zip(glyphs, said, strict=True):
        code = font.code_of(info.codepoint, words)
        left = x + where.x_offset / font.per_em
        x += where.x_advance / font.per_em
        if where.y_offset or abs(left - expected) > SLIGHT:
            if held:
                placed.append(Placed(font.fontName, held, begins))
            held = ""
            begins = left
        if where.y_offset:
            placed.append(Placed(font.fontName, chr(code), left, where.y_offset / font.per_em))
            begins = x
        else:
            begins = begins if held else left
            held += chr(code)
        expected = begins + pdfmetrics.stringWidth(held, font.fontName, 1.0)
    if held:
        placed.append(Placed(font.fontName, held, begins))
    return placed, x


def _said(font: ScriptFont, letters: str, glyphs: list[tuple[int, int]]) -> list[str]:
    """Which letters each glyph stands for: all of them once, a ligature for several."""
    starts = sorted({cluster for cluster, _glyph in glyphs})
    ends = dict(zip(starts, [*starts[1:], len(letters)], strict=True))
    left = {start: letters[start : ends[start]] for start in starts}
    said = [""] * len(glyphs)
    sizes = {start: sum(start == cluster for cluster, _glyph in glyphs) for start in starts}
    for at, (cluster, glyph) in enumerate(glyphs):
        if sizes[cluster] == 1:
            said[at] = left[cluster]
            continue
        own = next(
            (one for one in left[cluster] if font.shaper.get_nominal_glyph(ord(one)) == glyph), ""
        )
        said[at] = own
        left[cluster] = left[cluster].replace(own, "", 1) if own else left[cluster]
    for at, (cluster, _glyph) in enumerate(glyphs):
        if sizes[cluster] > 1 and not said[at]:
            said[at], left[cluster] = left[cluster], ""
    return said


def draw(canvas: Any, x: float, y: float, line: Iterable[Placed], size: float) -> None:
    """Draw a set line with its left end at `x`.

    What follows each other in one font is one operator, as readers of files expect of words.
    """
    text, pen, parts = canvas.beginText(x, y), 0.0, []
    now: tuple[str, int, float] | None = None
    for placed in line:
        font = pdfmetrics.getFont(placed.font)
        if abs(placed.x - pen) > SLIGHT:
            parts.append(f"{1000 * (pen - placed.x):.0f}")
        for subset, letters in font.splitString(placed.letters, canvas._doc):
            if now != (placed.font, subset, placed.y):
                _show(text, parts)
                now, parts = (placed.font, subset, placed.y), []
                name = font.getSubsetInternalName(subset, canvas._doc)
                text._code.append(f"{name} {size} Tf {placed.y * size:.2f} Ts")
            parts.append(f"({canvas._escape(letters)})")
        pen = placed.x + pdfmetrics.stringWidth(placed.letters, placed.font, 1.0)
    _show(text, parts)
    text._code.append("0 Ts")
    canvas.drawText(text)


def _show(text: Any, parts: list[str]) -> None:
    if parts:
        text._code.append(f"[{' '.join(parts)}] TJ")
