"""What a brief is printed on: size of the page, grid, colours or grey. Lengths are points."""

from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MM = 72 / 25.4
INCH = 72.0


@dataclass(frozen=True, slots=True)
class Paper:
    """A narrow column for titles and times, a wide one for text, as in a timetable.

    In grey every colour becomes the grey of the same brightness, so that contrasts stay. `air` is
    the share of the usual space between sections and rows.
    """

    width: float
    height: float
    is_grey: bool = False
    air: float = 1.0
    margin: float = 42.0
    top: float = 60.0
    bottom: float = 48.0
    titles: float = 112.0
    gutter: float = 16.0

    @property
    def full(self) -> float:
        """The width between the margins."""
        return self.width - 2 * self.margin

    @property
    def body(self) -> float:
        """The height between running head and folio."""
        return self.height - self.top - self.bottom

    @property
    def hang(self) -> float:
        """How far the column of titles reaches to the left of the text."""
        return self.titles + self.gutter

    @property
    def text(self) -> float:
        """The width of the text."""
        return self.full - self.hang


A4 = Paper(210 * MM, 297 * MM)
LETTER = Paper(8.5 * INCH, 11 * INCH)
PAPERS = {"a4": A4, "letter": LETTER}


def paper_named(name: str, *, is_grey: bool = False) -> Paper:
    """The paper of that name, A4 without one. Raises ValidationError when there is none."""
    if name and name not in PAPERS:
        raise ValidationError(
            _("There is no paper “%(paper)s”; choose one of %(known)s.")
            % {"paper": name[:20], "known": ", ".join(PAPERS)},
            code="paper",
        )
    return replace(PAPERS[name or "a4"], is_grey=is_grey)
