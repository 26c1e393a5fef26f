"""One address and two names: the row may be about somebody else, and is never taken silently."""

import pytest

from crm.domain.imports import batches
from crm.models import ImportRow, Person
from tests.factories.crm import CLOCK, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def brought(tmp_path, settings):
    """Import these lines as a file: the batch and its faults."""
    settings.IMPORT_DIR = tmp_path / "imports"

    def bring(*lines: str, head: str = "name,email", **options):
        path = tmp_path / "list.csv"
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        words = {"event": None, "basis": "legitimate interest", "source": "attendee list"}
        return batches.import_now(path, at=CLOCK, **words | options)

    return bring


def test_two_of_one_given_name_at_one_mailbox_are_a_question(brought):
    batch, faults = brought("Same A,same@m.test", "Same B,same@m.test", "Karl C,same@m.test")

    assert [fault["message"] for fault in faults] == [
        "same@m.test belongs to Same A: another person, or another name of the same? Correct the "
        "row, or add them by hand."
    ]
    assert (batch.created, batch.skipped, batch.faulty) == (2, 0, 1)
    assert set(Person.objects.values_list("family", flat=True)) == {"A", "C"}


def test_another_family_name_is_not_taken_even_where_the_file_overwrites(brought):
    PersonFactory(given="Anna", family="Berg", address="info@x.eu")

    _batch, faults = brought("Anna Holm,info@x.eu", overwrites=True)
    assert len(faults) == 1
    assert Person.objects.get().family == "Berg"


@pytest.mark.parametrize(
    "name", ["Anna Berg", "A. Berg", "Berg Anna", "Anna", "Anna M. Berg", "Anna Brg", "Ana Berg"]
)
def test_initials_and_slips_of_the_pen_are_the_same_person(brought, name):
    PersonFactory(given="Anna", family="Berg", address="info@x.eu")

    assert brought(f"{name},info@x.eu")[1] == []
    assert Person.objects.count() == 1


def test_somebody_added_by_hand_answers_the_question(brought):
    for family in ("Berg", "Holm"):
        PersonFactory(given="Anna", family=family, address="info@x.eu")

    batch, faults = brought("Anna Holm,info@x.eu")
    assert (faults, batch.skipped) == ([], 1)


def test_a_row_imported_before_stays_with_whose_name_changed_since(brought):
    brought("Anna Berg,info@x.eu")
    Person.objects.update(family="Holm")

    batch, faults = brought("Anna Berg,info@x.eu")
    assert faults == []
    assert batch.entries.get().verb == ImportRow.Verb.SKIP
