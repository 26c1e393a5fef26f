"""Every letter on a printed page passes here: cleaned, made drawable, broken into lines.

No markup language is involved: `<b>`, `<img>` and links in a name are set as the letters they are.
Hebrew and Arabic run from right to left in their own letters; characters that no font of ours has
are written in Latin letters within brackets, so that nothing ever prints as a box. Work grows in
proportion to the length of the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from anyascii import anyascii
from django.utils.translation import gettext as _
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from crm.validators import clean_text
from visits.briefs import scripts, styles
from visits.briefs.links import Link, by_line, links_in
from visits.briefs.styles import Style
from visits.briefs.tags import Tag

# A page of a brief is no place for a book; the record keeps the whole text.
LONGEST, MOST_LINES = 40_000, 1_000
BLANK_LINES = re.compile(r"\n\s*\n\s*\n")
LONGEST_LINE = 400
SOFT_BREAKS = "/@._-?&="


def legible(value: str) -> str:
    """`value` as letters our fonts have: "漢字" reads "[HanZi]". Line breaks stay."""
    cleaned = clean_text(value).replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n")
    cleaned = cleaned.replace("\u2028", "\n").replace("\u2029", "\n").replace("\u202f", "\u00a0")
    if cleaned.isascii():
        return cleaned
    return "".join(_drawable(cleaned))


def line(value: str, limit: int = 0) -> str:
    """`value` legible on one line; longer than `limit` characters it ends in an ellipsis."""
    words = " ".join(legible(value[: 4 * limit] if limit else value).split())
    return words if not limit or len(words) <= limit else words[: limit - 1].rstrip() + "…"


def shortened(value: str) -> str:
    """`value`, cut with a plain word about it when it is longer than a brief can hold."""
    value = BLANK_LINES.sub("\n\n", value)
    kept = "\n".join(value[:LONGEST].split("\n", MOST_LINES)[:MOST_LINES])
    rest = len(value) - len(kept)
    if not rest:
        return value
    note = _("[Shortened here: %(count)d more characters are kept with the visit.]")
    return f"{kept}…\n{note % {'count': rest}}"


def _drawable(value: str) -> Iterator[str]:
    covered = styles.coverage()
    for kind, run in groupby(value, key=lambda letter: _kind(letter, covered)):
        letters = "".join(run)
        if kind == "drawn":
            yield letters
        elif kind == "foreign":
            yield f"[{_in_latin(letters)}]"


def _kind(letter: str, covered: frozenset[int]) -> str:
    if letter == "\n" or ord(letter) in covered or scripts.covers(letter):
        return "drawn"
    category = unicodedata.category(letter)
    # Joiners, variation selectors and stray marks have no form of their own.
    return "silent" if category in ("Cf", "Mn", "Me", "Cn", "Co") else "foreign"


def _in_latin(letters: str) -> str:
    latin = " ".join(anyascii(letters).split())
    return latin or " ".join(f"U+{ord(letter):04X}" for letter in letters)


def _measure(word: str, font: str, size: float) -> float:
    if scripts.RIGHT_TO_LEFT.search(word):
        return _set(word, font, is_rtl=False)[1] * size
    return stringWidth(word, font, size)


_width = lru_cache(maxsize=20_000)(_measure)


def _set(words: str, font: str, *, is_rtl: bool) -> tuple[tuple[scripts.Placed, ...], float]:
    return scripts.set_line(words, font, is_strong=font == styles.STRONG, is_rtl=is_rtl)


def draw_line(
    canvas: Any, x: float, y: float, words: str, font: str, size: float, *, is_rtl: bool = False
) -> None:
    """Draw one line with its left end at `x`; `is_rtl` says which way it runs as a whole."""
    if not scripts.RIGHT_TO_LEFT.search(words):
        canvas.setFont(font, size)
        canvas.drawString(x, y, words)
        return
    scripts.draw(canvas, x, y, _set(words, font, is_rtl=is_rtl)[0], size)


def width_of(value: str, style: Style) -> float:
    """The width of a line in points, without breaking it."""
    return _width(value, style.font, style.size)


def break_lines(value: str, style: Style, width: float) -> list[str]:
    """`value` broken into lines no wider than `width`; a longer word is broken within."""
    lines: list[str] = []
    space = _width(" ", style.font, style.size)
    for part in value.split("\n"):
        words: list[str] = []
        used = 0.0
        for word in part.split(" "):
            for piece, needed in _pieces(word, style, width):
                gap = space if words else 0.0
                if words and used + gap + needed > width:
                    lines.append(" ".join(words))
                    words, used, gap = [], 0.0, 0.0
                words.append(piece)
                used += gap + needed
        lines.append(" ".join(words))
    return lines


def _pieces(word: str, style: Style, width: float) -> Iterator[tuple[str, float]]:
    """A word whole, or in pieces that fit: after a stroke or a dot when there is one near."""
    while word:
        # No line holds more letters than this: the rest of a very long word is looked at later.
        head = word[:LONGEST_LINE]
        needed = _width(head, style.font, style.size)
        if needed <= width and len(head) == len(word):
            yield word, needed
            return
        fits = min(len(head) - 1, max(1, int(len(head) * width / needed)))
        while fits > 1 and _measure(head[:fits], style.font, style.size) > width:
            fits -= 1
        fits = max(fits, 1)
        soft = max(head.rfind(mark, 0, fits) for mark in SOFT_BREAKS) + 1
        cut = soft if soft > fits // 2 else fits
        yield word[:cut], _width(word[:cut], style.font, style.size)
        word = word[cut:]
    yield "", 0.0


class Text(Flowable):
    """A paragraph that knows its tag, splits between lines and leaves no line alone.

    With `links` the addresses in it can be followed.
    """

    def __init__(
        self,
        value: str,
        style: Style,
        tag: Tag | None,
        lines: list[str] | None = None,
        links: list[list[Link]] | None = None,
    ):
        super().__init__()
        self.value, self.style, self.tag, self.target = value, style, tag, ""
        self._lines = lines
        self._links = links
        self._broken_for = -1.0

    def lead_to(self, bookmark: str) -> None:
        """Make the whole of it a link to a bookmark of the same file."""
        self.target = f"#{bookmark}"
        self._lines, self._links = None, []

    def getSpaceAfter(self) -> float:
        return self.style.after

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        if self._lines is None or (self._broken_for not in (-1.0, available_width)):
            room = available_width - self.style.indent - self.style.right
            self._lines = break_lines(self.value, self.style, max(room, 20.0))
            if self._links is not None:
                self._links = by_line(self.value, self._lines, self._find_links())
        self._broken_for = available_width
        self.width = available_width
        self.height = len(self._lines) * self.style.leading
        return self.width, self.height

    def _find_links(self) -> list[Link]:
        if self.target:
            return [Link(0, len(self.value), self.target, self.value)]
        return links_in(self.value)

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        self.wrap(available_width, available_height)
        lines = self._lines or []
        fits = int((available_height + 1e-7) / self.style.leading)
        if fits >= len(lines):
            return [self]
        if len(lines) - fits == 1:
            fits -= 1
        if fits < 2 and len(lines) > 2:
            return []
        if fits < 1:
            return []
        return [self._part(0, fits), self._part(fits, len(lines))]

    def _part(self, first: int, last: int) -> "Text":
        links = self._links[first:last] if self._links is not None else None
        lines = (self._lines or [])[first:last]
        part = Text(self.value, self.style, self.tag, lines, links)
        part.target = self.target
        return part

    def draw(self) -> None:
        lines = self._lines or []
        if self.tag is None or not any(self._links or []):
            self._draw_plain(lines)
        else:
            self._draw_linked(lines, self.tag)

    def _draw_plain(self, lines: list[str]) -> None:
        canvas, style = self.canv, self.style
        canvas.begin_mark(_as_said(self.tag, " ".join(lines)))
        canvas.setFillColor(style.colour)
        if scripts.RIGHT_TO_LEFT.search(self.value):
            self._draw_either_way(lines)
            canvas.end_mark()
            return
        text = canvas.beginText(style.indent, self.height - _baseline(style))
        text.setFont(style.font, style.size, style.leading)
        for number, words in enumerate(lines, 1):
            # The space keeps words apart for readers who hear or copy the text.
            text.textLine(words + " " if number < len(lines) else words)
        canvas.drawText(text)
        canvas.end_mark()

    def _draw_either_way(self, lines: list[str]) -> None:
        """Lines with Hebrew or Arabic; a paragraph that begins so stands on the right."""
        style, is_rtl = self.style, scripts.is_right_to_left(self.value)
        y = self.height - _baseline(style)
        for number, words in enumerate(lines, 1):
            said = words + " " if number < len(lines) else words
            x = style.indent
            if is_rtl and len(lines) > 1:
                x = self.width - style.right - _measure(said, style.font, style.size)
            draw_line(self.canv, x, y, said, style.font, style.size, is_rtl=is_rtl)
            y -= style.leading

    def _draw_linked(self, lines: list[str], tag: Tag) -> None:
        """Line by line: a link over two lines is one element with an area on each."""
        y = self.height - _baseline(self.style)
        open_link: tuple[str, Tag] | None = None
        for words, links in zip(lines, self._links or [], strict=True):
            x, at = self.style.indent, 0
            for link in links:
                x = self._draw_run(words[at : link.start], x, y, tag)
                if open_link is None or open_link[0] != link.target or link.start:
                    open_link = (link.target, tag.child("Link"))
                left, x = x, self._draw_run(words[link.start : link.end], x, y, open_link[1])
                box = (left, y - 0.25 * self.style.size, x, y + 0.85 * self.style.size)
                self.canv.link(open_link[1], box, link.target, link.words)
                at = link.end
            self._draw_run(words[at:] + " ", x, y, tag)
            if not links or links[-1].end < len(words.rstrip()):
                open_link = None
            y -= self.style.leading

    def _draw_run(self, words: str, x: float, y: float, tag: Tag) -> float:
        """Draw some letters of a line for an element; returns where the next ones begin."""
        if not words:
            return x
        canvas, style = self.canv, self.style
        canvas.begin_mark(_as_said(tag, words))
        canvas.setFillColor(styles.ACCENT if tag.role == "Link" else style.colour)
        draw_line(canvas, x, y, words, style.font, style.size)
        end = x + _measure(words, style.font, style.size)
        if tag.role == "Link":
            canvas.setStrokeColor(styles.ACCENT)
            canvas.setLineWidth(0.3)
            canvas.line(x, y - 1.6, end, y - 1.6)
        canvas.end_mark()
        return end


def _as_said(tag: Tag | None, words: str) -> Tag | None:
    """The element to draw words for: those that run both ways say theirs in reading order."""
    if tag is None or not scripts.RIGHT_TO_LEFT.search(words):
        return tag
    return tag.child("Span", said=words)


def _baseline(style: Style) -> float:
    """How far the first baseline lies below the top of the paragraph."""
    return (style.leading - style.size) / 2 + style.size * 0.78


def text(value: str, style: str, tag: Tag | None = None, *, links: bool = False) -> Text:
    """A paragraph of any string in a style of `styles.STYLES`; without a `tag` it is decoration.

    With `links` the addresses in it can be followed.
    """
    found: list[list[Link]] | None = [] if links else None
    return Text(legible(shortened(value)), styles.STYLES[style], tag, links=found)


def put(canvas: Any, x: float, y: float, value: str, style: str, *, align: str = "left") -> float:
    """Draw one line with its baseline at `y`, and return its width."""
    set_as = styles.STYLES[style]
    width = width_of(value, set_as)
    canvas.setFillColor(set_as.colour)
    start = {"left": x, "right": x - width, "centre": x - width / 2}[align]
    is_rtl = scripts.is_right_to_left(value)
    draw_line(canvas, start, y, value, set_as.font, set_as.size, is_rtl=is_rtl)
    return width
