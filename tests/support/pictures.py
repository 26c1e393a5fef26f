"""Pictures of printed pages: `python -m tests.support.pictures` draws those we keep anew.

Kept are small grey references that a test compares briefs with (`tests/visits/briefs/pictures`),
and the first pages of three briefs of the sample for the documentation (`docs/screenshots`). With
`--references` only the former, which takes a few seconds.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy
from PIL import Image

from tests.support import installation as installations
from tests.support.installation import ROOT

KEPT = ROOT / "tests" / "visits" / "briefs" / "pictures"
SCREENSHOTS = ROOT / "docs" / "screenshots"
# Low enough to be small and to forgive how a letter is smoothed, high enough to see a line move.
DOTS = 40
# The mean difference of brightness, of 255, that any square of so many dots may have.
SQUARE, TOLERANCE = 12, 26
SHOWN = (
    ("brief-internal", "V08", "internal", "en", 1),
    ("brief-public", "V09", "public", "pl", 1),
    ("brief-online", "V14", "public", "el", 1),
)


def references() -> dict[str, Callable[[], bytes]]:
    """What is drawn by hand for comparison, by name."""
    from tests.visits.briefs.editions import IMPRINT, ghent, thessaloniki, trip
    from visits.briefs.document import render
    from visits.briefs.pack import render_pack
    from visits.briefs.paper import LETTER

    return {
        "ghent": lambda: render(ghent(), IMPRINT),
        "ghent-letter": lambda: render(ghent(), IMPRINT, LETTER),
        "thessaloniki": lambda: render(thessaloniki(), IMPRINT),
        # Its briefs are those above.
        "trip": lambda: render_pack(replace(trip(), briefs=())),
    }


def pages(pdf: bytes, folder: Path, *, dots: int = DOTS, grey: bool = True) -> list[Path]:
    """A picture of every page, in order. Raises FileNotFoundError where poppler is missing."""
    source = folder / "pages.pdf"
    source.write_bytes(pdf)
    options = ["-r", str(dots), "-png", *(["-gray"] if grey else [])]
    subprocess.run(["pdftoppm", *options, str(source), str(folder / "page")], check=True)
    return sorted(folder.glob("page-*.png"))


def worst_square(one: Path, other: Path) -> float:
    """The largest mean difference of any square of two pictures; infinite when sizes differ."""
    first, second = (
        numpy.asarray(Image.open(path).convert("L"), dtype=float) for path in (one, other)
    )
    if first.shape != second.shape:
        return float("inf")
    apart = numpy.abs(first - second)
    height, width = (edge // SQUARE * SQUARE for edge in apart.shape)
    squares = apart[:height, :width].reshape(height // SQUARE, SQUARE, width // SQUARE, SQUARE)
    return float(squares.mean(axis=(1, 3)).max())


def draw_references() -> None:
    KEPT.mkdir(exist_ok=True)
    for old in KEPT.glob("*.png"):
        old.unlink()
    for name, draw in references().items():
        with tempfile.TemporaryDirectory() as folder:
            for number, page in enumerate(pages(draw(), Path(folder)), 1):
                Image.open(page).save(KEPT / f"{name}-{number}.png", optimize=True)


def draw_screenshots() -> None:
    """First pages from a fresh installation with the sample, so that any machine draws the same."""
    with tempfile.TemporaryDirectory() as folder:
        made = installations.empty(Path(folder) / "data")
        try:
            made.manage("load_sample")
            for name, ref, edition, language, number in SHOWN:
                path = Path(folder) / f"{name}.pdf"
                options = ("--edition", edition, "--language", language, "--output", path)
                made.manage("render_brief", ref, *options)
                drawn = Path(folder) / name
                drawn.mkdir()
                page = pages(path.read_bytes(), drawn, dots=84, grey=False)[number - 1]
                picture = Image.open(page).convert("RGB").quantize(96, Image.Quantize.MAXCOVERAGE)
                picture.save(SCREENSHOTS / f"{name}.png", optimize=True)
        finally:
            made.remove()


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django

    django.setup()
    try:
        draw_references()
        if "--references" not in sys.argv:
            draw_screenshots()
    except FileNotFoundError as missing:
        sys.stderr.write(f"{missing.filename} is not installed (Debian: poppler-utils).\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
