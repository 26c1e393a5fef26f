"""Tables of measurements in the documentation, between marks that name them."""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def put(document: str, name: str, table: list[str]) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises ValueError when the document has no such marks, or more than one pair.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    path = DOCS / document
    before, rest = path.read_text().split(begin)
    _old, after = rest.split(end)
    path.write_text("\n".join([before + begin, "", *table, "", end + after]))
