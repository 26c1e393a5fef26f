"""Lists that come in by the functions of the program."""

import pytest

from crm.domain.imports import batches
from tests.crm.domain.imports.lists import HEAD
from tests.factories.crm import CLOCK, EventFactory


@pytest.fixture
def event():
    return EventFactory(slug="rotterdam")


@pytest.fixture
def brought(event, tmp_path, settings):
    """Import these lines as a file: `brought("Anna Berg;a@x.eu")`; the batch and its faults."""
    settings.IMPORT_DIR = tmp_path / "imports"

    def bring(*lines: str, head: str = HEAD, **options):
        path = tmp_path / "list.csv"
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        words = {"event": event, "basis": "legitimate interest", "source": "attendee list"}
        return batches.import_now(path, at=CLOCK, **words | options)

    return bring
