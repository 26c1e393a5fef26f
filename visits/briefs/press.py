"""Where the rest of the program has editions drawn: ReportLab is loaded at the first one.

A web process that prints nothing does without its 20 MB.
"""

from collections.abc import Mapping
from typing import Any

from visits.briefs.edition import Edition, Imprint, Pack
from visits.briefs.paper import A4, Paper
from visits.domain.person_export import Reader


def brief_pdf(edition: Edition, imprint: Imprint, paper: Paper = A4) -> bytes:
    """The PDF of an edition; see `visits.briefs.document.render`."""
    from visits.briefs.document import render

    return render(edition, imprint, paper)


def brief_page(edition: Edition, imprint: Imprint) -> dict[str, Any]:
    """What the template of an edition shows; see `visits.briefs.page.page_of`."""
    from visits.briefs.page import page_of

    return page_of(edition, imprint)


def pack_pdf(pack: Pack, paper: Paper = A4) -> bytes:
    """The PDF of a trip pack; see `visits.briefs.pack.render_pack`."""
    from visits.briefs.pack import render_pack

    return render_pack(pack, paper)


def copy_pdf(told: Mapping[str, Any], reader: Reader) -> bytes:
    """The PDF of a person's copy; see `visits.briefs.person_copy.render_copy`."""
    from visits.briefs.person_copy import render_copy

    return render_copy(told, reader)
