"""Briefs look as they did: pages against kept pictures, within the tolerance of `pictures.py`.

When a change of the look is meant, look at the pages, then `make pictures`.
"""

import pytest

from tests.support.pictures import KEPT, TOLERANCE, pages, references, worst_square


def draw(name: str, folder):
    try:
        return pages(references()[name](), folder)
    except FileNotFoundError:
        pytest.skip("pdftoppm is not installed")


@pytest.mark.parametrize("name", list(references()))
def test_every_page_looks_as_it_did(name, tmp_path):
    drawn = draw(name, tmp_path)
    kept = [KEPT / f"{name}-{number}.png" for number in range(1, len(drawn) + 1)]
    assert sorted(KEPT.glob(f"{name}-[0-9].png")) == kept
    apart = {one.name: worst_square(one, page) for one, page in zip(kept, drawn, strict=True)}
    assert {page: worst for page, worst in apart.items() if worst > TOLERANCE} == {}


def test_a_moved_line_would_be_seen(tmp_path, monkeypatch):
    """One section set a line lower: the tolerance is not so wide that nothing fails."""
    from visits.briefs import document

    monkeypatch.setattr(document, "GAP", document.GAP + 13)
    drawn = draw("ghent", tmp_path)
    assert worst_square(KEPT / "ghent-1.png", drawn[0]) > TOLERANCE
