"""The type and the colours of every printed page, in one place. Lengths are points."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import font_source_sans_pro
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

STEP = 4.0

FOLDER = Path(font_source_sans_pro.__file__).parent / "files"
REGULAR, STRONG = "Brief", "Brief-Strong"
FILES = {REGULAR: "SourceSansPro-Regular.ttf", STRONG: "SourceSansPro-Semibold.ttf"}

INK = HexColor("#1d2226")
QUIET = HexColor("#5a646c")
RULE = HexColor("#d6d2c8")
EDGE = HexColor("#858c92")
LAND = HexColor("#efece4")
BORDER = HexColor("#c9c4b8")
ACCENT = HexColor("#0b5f6b")
ACCENT_SOFT = HexColor("#e2f0f1")
PAPER = HexColor("#ffffff")
RED = HexColor("#a8231f")

HUES: dict[str, Color] = {
    "slate": HexColor("#4a5866"),
    "amber": HexColor("#855600"),
    "blue": HexColor("#1f5aa6"),
    "violet": HexColor("#6a3fb0"),
    "teal": ACCENT,
    "green": HexColor("#226b38"),
    "ochre": HexColor("#75581a"),
    "grey": QUIET,
    "red": RED,
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set; `after` is the space below it."""

    size: float
    leading: float
    font: str = REGULAR
    colour: Color = INK
    after: float = 0.0
    indent: float = 0.0
    right: float = 0.0


BODY = Style(9.4, 13.0)
STYLES = {
    "title": Style(31, 34, STRONG),
    "reference": Style(31, 34, REGULAR, QUIET),
    "eyebrow": Style(9.4, 13, STRONG, ACCENT),
    "lead": Style(14, 18, STRONG),
    "sublead": Style(9.4, 13, REGULAR, QUIET),
    "notice": Style(10.5, 14, STRONG, RED),
    "section": Style(10.5, 13, STRONG),
    "heading": Style(9.4, 13, STRONG, after=1),
    "day": Style(16, 20, STRONG, after=6),
    "plain": Style(9.4, 13, after=5, right=46),
    "quiet": Style(8.4, 11.5, REGULAR, QUIET, after=4, right=46),
    "quote": Style(9.4, 13, after=5, indent=10, right=46),
    "strong": Style(9.4, 13, STRONG, after=5, right=46),
    "missing": Style(9.4, 13, REGULAR, QUIET, after=4, right=46),
    "label": Style(8.4, 13, REGULAR, QUIET),
    "value": BODY,
    "cell": Style(8.8, 12),
    "cell-quiet": Style(8.4, 12, REGULAR, QUIET),
    "column": Style(7.8, 11, REGULAR, QUIET),
    "stretch": Style(8.4, 11, STRONG, ACCENT),
    "small": Style(7.6, 10.5, REGULAR, QUIET),
}


@cache
def register_fonts() -> None:
    """Make the two weights known to ReportLab; reading them takes a moment, so once a process."""
    for name, file in FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / file), shapable=False))


@cache
def coverage() -> frozenset[int]:
    """The code points both weights can draw."""
    register_fonts()
    drawn = [set(pdfmetrics.getFont(name).face.charToGlyph) for name in FILES]
    return frozenset(set.intersection(*drawn))
