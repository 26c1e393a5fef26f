"""A file of people goes in whole and comes out again to the byte."""

import json
import tracemalloc
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from crm.domain import people as person_verbs
from crm.domain.imports import applying, batches
from crm.domain.imports.applying import write_rows
from crm.domain.imports.reading import Line
from crm.domain.imports.undoing import reasons_of, undo_import
from crm.domain.notice_clock import a_month_after
from crm.models import (
    AuditEntry,
    ContactPoint,
    ImportBatch,
    ImportRow,
    Mailing,
    MailingRecipient,
    Municipality,
    NoticeDue,
    Organisation,
    Participation,
    Person,
    Suppression,
)
from tests.crm.domain.imports.lists import HEAD, dump, verbs
from tests.factories.crm import (
    CLOCK,
    ContactPointFactory,
    EventFactory,
    FollowUpFactory,
    ImportBatchFactory,
    MailingRecipientFactory,
    MunicipalityFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import VisitRequestFactory
from tests.support import import_files as files
from visits.domain.erasure import erase_person

pytestmark = pytest.mark.django_db

NUNEZ = "Name;E-mail\nAna Nuñez;e@x.eu\n"


# --- In ---


def test_a_list_becomes_people_with_addresses_and_parts(brought, event):
    batch, faults = brought(
        "Anna Berg;anna@city.example;Oslo kommune;Norge;Leder;ja",
        "Noor;noor@city.example;;;;",
    )

    assert faults == []
    anna, noor = Person.objects.order_by("pk")
    assert (anna.given, anna.family, anna.role) == ("Anna", "Berg", "Leder")
    assert (anna.organisation.name, anna.organisation.country) == ("Oslo kommune", "NO")
    assert "anna@city.example" in anna.search_key
    assert "oslo kommune" in anna.search_key
    assert (noor.given, noor.family) == ("Noor", "")
    part = anna.participations.get()
    assert (part.event, part.status, part.day_1, part.source) == (
        *(event, "attended", True, "attendee list"),
    )
    assert noor.participations.get().status == "registered"
    assert (batch.state, batch.created, batch.rows) == ("done", 2, 2)
    assert batch.applied_at == CLOCK
    done = AuditEntry.objects.filter(verb="import_person")
    assert done.count() == 2


def test_who_is_imported_must_be_told_within_a_month(brought):
    brought("Anna Berg;anna@city.example")
    notice = NoticeDue.objects.open().get()
    assert (notice.due_on, notice.source) == (date(2023, 3, 15), "attendee list")
    assert NoticeDue.objects.due_by(date(2023, 3, 14)).count() == 0
    assert a_month_after(date(2024, 1, 31)) == date(2024, 2, 29)
    assert a_month_after(date(2023, 12, 31)) == date(2024, 1, 31)


@pytest.mark.parametrize("missing", ["basis", "source"])
def test_without_basis_or_source_nothing_is_imported(missing, brought, event, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Name\nAnna")
    words = {"basis": "b", "source": "s"} | {missing: " "}
    with pytest.raises(ValidationError) as refused:
        batches.import_now(path, event=event, at=CLOCK, **words)
    assert list(refused.value.message_dict) == [missing]
    assert not Person.objects.exists()


def test_the_same_file_twice_makes_nothing_new(brought, event):
    lines = [
        "Anna Berg;anna@x.eu;Oslo;NO;;ja",
        "Noor;;;;;",
        "Bo Dahl;;Oslo;;;",
        "Ida Ek;;New Town;;;",
    ]
    first, _faults = brought(*lines)
    assert verbs(first) == ["create"] * 4
    before = dump()

    second, _faults = brought(*lines)

    assert verbs(second) == ["skip"] * 4
    assert dump() == before
    assert batches.imported_before(second) == first


def test_a_list_that_knows_more_later_adds_to_whom_it_named(brought):
    brought("Noor;;;;;", "Anna Berg;;;;Leder;", "Anna Berg;;;;Clerk;", "Bo Dahl;;;;;")

    batch, faults = brought(
        "Noor;noor@x.eu;Oslo;NO;Mayor;",
        "Anna Berg;anna@x.eu;;;Clerk;",
        "Bo Dahl;;;;;",
        "Bo Dahl;;;;Driver;",
    )

    assert (faults, verbs(batch)) == ([], ["update", "update", "skip", "create"])
    noor = Person.objects.get(given="Noor")
    assert (noor.organisation.name, noor.role) == ("Oslo", "Mayor")
    assert ContactPoint.objects.get(value="anna@x.eu").person.role == "Clerk"
    assert Person.objects.filter(given="Bo").count() == 2
    known = "Known by this name from an earlier import of the list."
    assert [known in row.remark for row in batch.entries.all()] == [True, True, False, False]


@pytest.mark.parametrize(
    "row", ["Noor;;;;Clerk;", "Noor;n@y.eu;;;;", "Noor;;Oslo;;;"], ids=["role", "mail", "body"]
)
def test_what_tells_two_of_one_name_apart_makes_two_people(row, brought):
    brought("Noor;noor@x.eu;Bergen;;Leder;")
    assert verbs(brought(row)[0]) == ["create"]


def test_one_name_alone_in_two_lists_is_two_people(brought, event):
    """Of one event they are one list, whoever wrote it."""
    brought("Noor;;;;Leder;")
    assert verbs(brought("Noor;;;;Leder;", source="door list")[0]) == ["skip"]
    other = {"event": EventFactory(slug="oslo"), "source": "another list"}
    assert verbs(brought("Noor;;;;Leder;ja", **other)[0]) == ["create"]
    assert verbs(brought("Noor ;;;;Leder;", event=None, source="a third")[0]) == ["create"]
    assert verbs(brought(" Noor;;;;Leder;", event=None, source="A third")[0]) == ["skip"]


def test_whom_an_undo_left_is_not_made_again(brought):
    batch, _faults = brought("Noor;;;;;", "Bo Dahl;;;;;")
    FollowUpFactory(person=Person.objects.get(given="Noor"))
    undo_import(batch, at=CLOCK, by=None)

    again, _faults = brought("Noor;;;;;", "Bo Dahl;;;;;")

    assert verbs(again) == ["skip", "create"]


def test_columns_read_another_way_make_nobody_new(brought, event):
    brought("Noor;ja", "Bo;nei", head="Name;Day 1", event=None)
    again, _faults = brought("Noor;ja", "Bo;nei", head="Name;Day 1")
    assert verbs(again) == ["link", "link"]


def test_reordered_columns_make_nothing_new(brought):
    brought("Anna Berg;anna@x.eu;Oslo;NO;Leder;ja", "Noor;;;;;")
    second, _faults = brought(
        "ja;Leder;NO;Oslo;anna@x.eu;Anna Berg", ";;;;;Noor", head=";".join(HEAD.split(";")[::-1])
    )
    assert verbs(second) == ["skip"] * 2


def test_double_rows_in_one_file_make_one_person(brought):
    batch, _faults = brought(
        "Anna Berg;anna@x.eu;;;;",
        "BERG, Anna; ANNA@x.eu ;;;;",
        "Anna Berg;anna@x.eu;Oslo;NO;;ja",
    )
    assert verbs(batch) == ["create", "skip", "update"]
    anna = Person.objects.get()
    assert (anna.organisation.name, anna.participations.get().day_1) == ("Oslo", True)


def test_double_rows_among_others_are_of_those_they_name(brought):
    lines = ["Anna Berg;anna@x.eu;;;;", "Bo Dahl;bo@x.eu;;;;"]
    batch, _faults = brought(*lines, *lines, "Bo Dahl;bo@x.eu;;;Clerk;")
    assert verbs(batch) == ["create", "create", "skip", "skip", "update"]
    roles = Person.objects.order_by("given").values_list("given", "role")
    assert list(roles) == [("Anna", ""), ("Bo", "Clerk")]
    assert set(batch.entries.values_list("remark", flat=True)) == {""}


def test_only_empty_fields_are_filled_and_what_differs_is_told(brought):
    anna = PersonFactory(given="Anna", family="Berg", role="Director", department="")
    ContactPointFactory(person=anna, value="anna@x.eu")
    head = "Name;E-mail;Role;Department"

    batch, _faults = brought("Anna Berg;ANNA@x.eu;Clerk;Safety", head=head)

    anna.refresh_from_db()
    assert (anna.role, anna.department) == ("Director", "Safety")
    row = batch.entries.get()
    assert (row.verb, row.changes) == ("update", {"department": ["", "Safety"]})
    assert row.differs == {"role": ["Director", "Clerk"]}


def test_overwriting_has_to_be_chosen_and_shows_old_and_new(brought):
    anna = PersonFactory(given="Anna", family="Berg", role="Director")
    ContactPointFactory(person=anna, value="anna@x.eu")

    batch, _faults = brought("Anna Berg;anna@x.eu;;;Clerk;", overwrites=True)

    anna.refresh_from_db()
    assert anna.role == "Clerk"
    assert batch.entries.get().changes == {"role": ["Director", "Clerk"]}


def test_people_are_found_by_address_then_by_name_and_organisation(brought):
    oslo, bergen = OrganisationFactory(name="Oslo kommune"), OrganisationFactory(name="Bergen")
    PersonFactory(given="Łukasz", family="Żak", organisation=oslo)
    PersonFactory(given="Łukasz", family="Żak", organisation=bergen)

    batch, faults = brought("lukasz ZAK;l@x.eu;OSLO Kommune;;;", "Łukasz Żak;;Tromsø;NO;;")

    assert faults == []
    assert verbs(batch) == ["update", "create"]
    assert ContactPoint.objects.get(value="l@x.eu").person.organisation == oslo


def test_a_part_is_added_to_somebody_known(brought, event):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    batch, _faults = brought("Anna Berg;anna@x.eu;;;;ja")
    assert verbs(batch) == ["link"]
    assert anna.participations.get().day_1 is True


def test_somebody_registered_becomes_somebody_who_came(brought, event):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    part = ParticipationFactory(person=anna, event=event, status="registered")
    batch, _faults = brought("Anna Berg;anna@x.eu;yes", head="Name;E-mail;Attended")
    part.refresh_from_db()
    assert part.status == "attended"
    undo_import(batch, at=CLOCK, by=None)
    part.refresh_from_db()
    assert part.status == "registered"


def test_a_shared_mailbox_makes_two_people_and_says_so(brought):
    PersonFactory(given="Anna", family="Berg", address="info@x.eu")
    batch, _faults = brought("Bo Dahl;info@x.eu;;;;")
    assert verbs(batch) == ["create"]
    assert batch.entries.get().remark == "info@x.eu also belongs to Anna Berg."
    again, _faults = brought("Bo Dahl;info@x.eu;;;;")
    assert verbs(again) == ["skip"]


def test_the_record_kept_in_a_merge_is_the_one_found(brought):
    kept = PersonFactory(given="Søren", family="Bøg")
    merged = PersonFactory(given="Søren K.", family="Bøg", merged_into=kept, address="s@x.eu")
    batch, _faults = brought("Søren Bøg;s@x.eu;;;Chief;", overwrites=True)
    kept.refresh_from_db()
    assert kept.role == "Chief"
    assert batch.entries.get().person == kept
    assert merged.participations.count() == 0


def test_somebody_erased_is_not_brought_back(brought):
    Suppression.objects.keep_hashed("gone@x.eu", at=CLOCK)
    _batch, faults = brought("Gone Girl;GONE@x.eu;;;;", "Anna Berg;anna@x.eu;;;;")
    assert [fault["line"] for fault in faults] == [2]
    assert Person.objects.get().given == "Anna"


def test_an_address_never_to_be_mailed_stays_so(brought):
    Suppression.objects.create(match_key="stop@x.eu", reason="asked", at=CLOCK)
    brought("Anna Berg;stop@x.eu;;;;")
    assert ContactPoint.objects.get().status == "suppressed"


def test_every_line_is_accounted_for(brought):
    batch, faults = brought(
        "Anna Berg;anna@x.eu;;;;",
        "Bad;no mail;;;;",
        "",
        ";x@x.eu;;;;",
        "Too;many@x.eu;a;NO;c;ja;more;cells",
        "Where;w@x.eu;;Atlantis;;",
        "Anna Berg;anna@x.eu;;;;",
    )
    assert [fault["line"] for fault in faults] == [3, 5, 6, 7]
    assert all(fault["message"] for fault in faults)
    assert (batch.rows, batch.faulty, batch.lines) == (2, 4, 6)


@pytest.mark.parametrize("name", files.THOUSANDS)
def test_each_of_a_thousand_lines_is_taken_or_told(name, tmp_path):
    path = tmp_path / "list"
    path.write_bytes(files.THOUSANDS[name]())

    batch, faults = batches.import_now(
        path, event=None, basis="b", source="s", at=CLOCK, is_trial=True
    )

    assert (batch.lines, batch.faulty) == (1_000, len(faults))
    assert len({fault["line"] for fault in faults}) == len(faults)
    assert all(fault["message"] for fault in faults)
    # Bad addresses and rows without a name; of the cards also every hundredth, without an end, of
    # the workbook formulas that no program ever worked out.
    assert len(faults) == {"cards": 41, "workbook": 231}.get(name, 31)


def test_what_a_formula_shows_that_went_wrong_is_nobody(brought):
    _batch, faults = brought(
        "#REF!;;;;;", "#N/A;;Oslo;;;", "Anna Berg;#N/A;#N/A;;#N/A;", "Bo Dahl;;;;#VALUE!;"
    )
    anna = Person.objects.get()
    assert (anna.name, anna.role, anna.organisation) == ("Anna Berg", "", None)
    assert [fault["line"] for fault in faults] == [2, 3, 5]
    assert faults[2]["message"] == (
        "A formula shows #VALUE! here. Write what it should show, or nothing."
    )


def test_formulas_and_markup_are_kept_as_text(brought):
    brought('=cmd|\'/C calc\'!A0;a@x.eu;<script>alert(1)</script>;NO;"=HYPERLINK(""x"")";')
    anna = Person.objects.get()
    assert anna.name == "=cmd|'/C calc'!A0"
    assert anna.organisation.name == "<script>alert(1)</script>"
    assert anna.role == '=HYPERLINK("x")'


def test_spellings_of_unicode_are_one_person(brought):
    """Composed, decomposed, wide, zero-width: one key, the first spelling kept."""
    batch, _faults = brought(
        "José Ångström;jose@x.eu;Malmö;SE;;",
        "Jose\u0301 A\u030angstro\u0308m;JOSE@x.eu;Malmo\u0308;SE;;",
    )
    assert verbs(batch) == ["create", "skip"]
    assert Person.objects.get().name == "José Ångström"
    assert Organisation.objects.count() == 1


# --- Beforehand ---


def test_a_trial_tells_what_will_happen_and_writes_nothing(brought):
    lines = ["Anna Berg;anna@x.eu;Oslo;NO;;ja", "anna berg;anna@x.eu;;;;", "Bad;bad;;;;"]
    before, rows = dump(), ImportRow.objects.count()

    tried, tried_faults = brought(*lines, is_trial=True)

    assert dump() == before
    assert (ImportRow.objects.count(), ImportBatch.objects.count()) == (rows, 0)
    batch, faults = brought(*lines)
    told = ("rows", "created", "updated", "linked", "skipped", "faulty")
    assert [getattr(tried, name) for name in told] == [getattr(batch, name) for name in told]
    assert tried_faults == faults


# --- Out ---


def test_import_then_undo_leaves_the_database_as_it_was(brought, event):
    anna = PersonFactory(given="Anna", family="Berg", role="", address="anna@x.eu")
    ParticipationFactory(person=anna, event=event, status="registered", day_1=None)
    PersonFactory(given="Bo", family="Dahl", role="Chief", address="bo@x.eu")
    before = dump()
    batch, _faults = brought(
        "Anna Berg;anna@x.eu,anna@home.example;New Org;NO;Leder;ja",
        "Bo Dahl;bo@x.eu;New Org;NO;Clerk;nei",
        "Cy Eng;cy@x.eu;New Org;NO;Clerk;nei",
        "Cy Eng;cy@x.eu;;;;ja",
        overwrites=True,
    )
    assert dump() != before

    done = undo_import(batch, at=CLOCK, by=None)

    assert dump() == before
    assert (done.removed, done.restored, done.kept) == (1, 2, [])
    with pytest.raises(ValidationError):
        undo_import(batch, at=CLOCK, by=None)


def test_two_columns_of_addresses_are_two_contact_points_and_go_again(brought):
    bo = PersonFactory(given="Bo", family="Dahl", address="bo@home.example")
    before = dump()
    head, lines = (
        "Name;E-mail;Phone;E-mail;Mobile",
        [
            "Anna Berg;anna@x.eu;22 22 22 22;anna@home.example;+47 99 99 99 99",
            "Bo Dahl;bo@x.eu;;bo@home.example;",
        ],
    )
    tried, _faults = brought(*lines, head=head, is_trial=True)
    assert tried.mapping == ["name", "email", "phone", "email", "phone"]
    assert dump() == before

    batch, faults = brought(*lines, head=head)

    assert (faults, verbs(batch)) == ([], ["create", "update"])
    anna = Person.objects.get(given="Anna")
    points = anna.contact_points.order_by("kind", "pk").values_list("value", "is_preferred")
    assert list(points) == [
        *[("anna@x.eu", True), ("anna@home.example", False)],
        *[("22 22 22 22", True), ("+47 99 99 99 99", False)],
    ]
    row = batch.entries.get(person=anna)
    assert row.changes["email"] == ["", ["anna@x.eu", "anna@home.example"]]
    preferred = bo.contact_points.filter(is_preferred=True)
    assert [point.value for point in preferred] == ["bo@home.example"]
    assert bo.contact_points.count() == 2
    standing = dump()
    again, _faults = brought(*lines, head=head)
    assert verbs(again) == ["skip", "skip"]
    assert dump() == standing

    undo_import(again, at=CLOCK, by=None)
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


def test_who_else_has_an_address_is_told_of_that_address(brought):
    PersonFactory(given="Bo", family="Dahl", address="office@x.eu")
    batch, faults = brought("Anna Berg;anna@x.eu, office@x.eu;;;;")
    assert faults == []
    assert "office@x.eu also belongs to Bo Dahl." in batch.entries.get().remark


WORDS = ["Anna Berg", "Bo Dahl", "Berg, Anna", "Noor", "", "Łucja Dąb", "anna berg"]
MAILS = ["a@x.eu", "A@X.eu", "b@x.eu", "a@x.eu; b@x.eu", "", "bad", "c@x.eu"]
PLACES = ["", "Oslo", "Bergen", "oslo"]
CITIES = ["", "Oslo", "Gand", "Atlantis"]
KINDS = ["", "municipality", "research"]
ROWS = st.tuples(
    st.sampled_from(WORDS),
    st.sampled_from(MAILS),
    st.sampled_from(PLACES),
    st.sampled_from(["", "NO", "SE"]),
    st.sampled_from(["", "Leder", "Clerk"]),
    st.sampled_from(["", "ja", "nei"]),
    st.sampled_from(CITIES),
    st.sampled_from(KINDS),
)
MAPPING = [
    *("name", "email", "organisation", "country", "role", "day_1", "city", "organisation_type")
]


@dataclass
class Lines:
    """A file that was read, without the reading."""

    rows: list[tuple]
    kind: str = "csv"

    def lines(self):
        return (Line(number, list(row)) for number, row in enumerate(self.rows, 2))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # Making a failing example smaller would take minutes for seconds of reading.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    known=st.lists(ROWS, max_size=4),
    rows=st.lists(ROWS, min_size=1, max_size=8),
    overwrites=st.booleans(),
    has_event=st.booleans(),
)
def test_import_then_undo_is_the_identity(event, known, rows, overwrites, has_event):
    """Whatever was there, whatever the file says: afterwards every byte is as before."""
    with transaction.atomic():
        PlaceFactory()
        PlaceFactory(name="Oslo", country="NO", alternate_names="")
        _write(known, event=event, overwrites=False)
        before = dump()
        batch = _write(rows, event=event if has_event else None, overwrites=overwrites)
        assert batch.rows + batch.faulty == len(rows)
        undo_import(batch, at=CLOCK, by=None)
        assert dump() == before
        transaction.set_rollback(True)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    known=st.lists(ROWS, max_size=3),
    rows=st.lists(ROWS, min_size=1, max_size=6),
    has_event=st.booleans(),
)
# Each as a list at random had it: a namesake without an organisation, an organisation whose place
# a later row tells, an address before its name, one name for a body and for its city.
@example(
    known=[],
    rows=[
        ("Noor", "", "", "", "Leder", "", "", ""),
        ("Noor", "", "", "", "Clerk", "", "", ""),
        ("Noor", "", "", "", "", "ja", "", ""),
    ],
    has_event=False,
)
@example(
    known=[],
    rows=[
        ("Anna Berg", "", "Oslo", "", "", "", "", ""),
        ("Bo Dahl", "", "Oslo", "", "", "", "Oslo", ""),
    ],
    has_event=True,
)
@example(
    known=[],
    rows=[
        ("", "a@x.eu", "", "", "Leder", "", "", ""),
        ("Bo Dahl", "a@x.eu", "", "", "", "", "", ""),
    ],
    has_event=True,
)
@example(
    known=[],
    rows=[
        ("Anna Berg", "", "Oslo", "", "", "", "", ""),
        ("Anna Berg", "", "", "NO", "", "", "Oslo", ""),
    ],
    has_event=False,
)
@example(
    known=[],
    rows=[
        ("Anna Berg", "a@x.eu", "Oslo", "NO", "", "", "", "municipality"),
        ("Anna Berg", "b@x.eu", "", "NO", "", "", "Oslo", ""),
        ("Anna Berg", "b@x.eu", "Oslo", "SE", "", "", "", ""),
    ],
    has_event=False,
)
def test_any_file_twice_makes_nothing_new(event, known, rows, has_event):
    """Whatever columns are empty: the second time nothing changes and no other row is at fault."""
    with transaction.atomic():
        PlaceFactory()
        PlaceFactory(name="Oslo", country="NO", alternate_names="")
        _write(known, event=event, overwrites=False)
        first = _write(rows, event=event if has_event else None, overwrites=False)
        before = dump()
        second = _write(rows, event=event if has_event else None, overwrites=False)
        assert dump() == before
        assert (second.skipped, second.faulty) == (first.rows, first.faulty)
        transaction.set_rollback(True)


def _write(rows, *, event, overwrites) -> ImportBatch:
    batch = ImportBatchFactory(
        event=event, overwrites=overwrites, mapping=MAPPING, state="running", applied_at=None
    )
    write_rows(batch, Lines(rows), at=CLOCK, by=None)
    return batch


def test_what_was_edited_since_is_left_alone_and_listed(brought, coordinator):
    anna = PersonFactory(given="Anna", family="Berg", role="", department="", address="anna@x.eu")
    head = "Name;E-mail;Role;Department"
    batch, _faults = brought(
        "Anna Berg;anna@x.eu;Leder;Etat", "Bo Dahl;bo@x.eu;Chief;", "Cy Eng;cy@x.eu;;", head=head
    )
    bo = Person.objects.get(given="Bo")
    anna.refresh_from_db()
    person_verbs.edit_person(anna, {"role": "Mayor"}, at=CLOCK, by=coordinator)
    FollowUpFactory(person=bo)

    trial = undo_import(batch, at=CLOCK, by=coordinator, is_trial=True)
    done = undo_import(batch, at=CLOCK, by=coordinator)

    anna.refresh_from_db()
    assert (anna.role, anna.department) == ("Mayor", "")
    assert Person.objects.filter(given="Bo").exists()
    assert not Person.objects.filter(given="Cy").exists()
    told = [(row.name, row.kept) for row in done.kept]
    assert told == [("Bo Dahl", ["follow up"]), ("Anna Berg", ["role"])]
    assert [(row.name, row.kept) for row in trial.kept] == told
    assert "etat" not in Person.objects.get(pk=anna.pk).search_key


def test_an_address_that_bounced_since_stays(brought, coordinator):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    batch, _faults = brought("Anna Berg;anna@x.eu;;;;", "Anna Berg;anna@x.eu,two@x.eu;;;;")
    point = ContactPoint.objects.get(value="two@x.eu")
    person_verbs.mark_contact_point(point, "bounced", at=CLOCK, by=coordinator)

    done = undo_import(batch, at=CLOCK, by=coordinator)

    assert anna.contact_points.count() == 2
    assert [row.kept for row in done.kept] == [["address"]]
    assert anna.participations.count() == 0


def test_a_draft_of_a_mailing_keeps_nobody(brought):
    batch, _faults = brought("Anna Berg;anna@x.eu;;;;", "Bo Dahl;bo@x.eu;;;;")
    anna, bo = Person.objects.order_by("given")
    draft = MailingRecipientFactory(person=anna)
    released = MailingRecipientFactory(person=bo, mailing__released_at=CLOCK)

    done = undo_import(batch, at=CLOCK, by=None)

    assert (done.removed, [reasons_of(row) for row in done.kept]) == (
        *(1, [["letters to or from them"]]),
    )
    assert list(MailingRecipient.objects.all()) == [released]
    assert list(Mailing.objects.order_by("pk")) == [draft.mailing, released.mailing]


def test_an_organisation_goes_though_who_brought_it_was_erased_since(brought):
    old = OrganisationFactory(name="Old House")
    bo = PersonFactory(given="Bo", family="Dahl", organisation=old, address="bo@x.eu")
    batch, _faults = brought(
        "Anna Berg;anna@x.eu;New House;NO;;",
        "Bo Dahl;bo@x.eu;New House;NO;;",
        "Cy Eng;cy@x.eu;Used House;NO;;",
        overwrites=True,
    )
    anna, cy = Person.objects.get(given="Anna"), Person.objects.get(given="Cy")
    PersonFactory(organisation=cy.organisation)
    for person in (anna, bo, cy):
        erase_person(Person.objects.get(pk=person.pk), at=CLOCK)

    done = undo_import(batch, at=CLOCK, by=None)

    assert (done.erased, done.kept) == (3, [])
    assert not Organisation.objects.filter(name="New House").exists()
    assert Organisation.objects.filter(name="Used House").exists()
    for person in (anna, bo, cy):
        person.refresh_from_db()
    assert (anna.organisation, bo.organisation) == (None, old)
    assert cy.organisation.name == "Used House"


def test_an_undo_that_took_nothing_back_leaves_the_import_standing(brought):
    batch, _faults = brought("Anna Berg;anna@x.eu;;;;")
    promise = FollowUpFactory(person=Person.objects.get())

    done = undo_import(batch, at=CLOCK, by=None)

    assert (done.taken_back, len(done.kept), batch.state) == (0, 1, "done")
    promise.delete()
    again = undo_import(batch, at=CLOCK, by=None)
    assert (again.removed, again.kept, batch.state) == (1, [], "undone")
    assert not Person.objects.exists()
    with pytest.raises(ValidationError):
        undo_import(batch, at=CLOCK, by=None)


def test_what_stayed_may_be_undone_again_and_nothing_else_is_touched(brought, coordinator):
    anna = PersonFactory(given="Anna", family="Berg", role="", department="", address="anna@x.eu")
    PersonFactory(given="Bo", family="Dahl", role="", address="bo@x.eu")
    batch, _faults = brought(
        *("Anna Berg;anna@x.eu;Leder;Etat", "Bo Dahl;bo@x.eu;Chief;"),
        head="Name;E-mail;Role;Department",
    )

    def edit(**values) -> None:
        anna.refresh_from_db()
        person_verbs.edit_person(anna, values, at=CLOCK, by=coordinator)
        anna.refresh_from_db()

    edit(role="Mayor")
    done = undo_import(batch, at=CLOCK, by=coordinator)
    assert (done.restored, [row.kept for row in done.kept]) == (2, [["role"]])
    # The words of the file, written by somebody since: they are no longer the import's.
    edit(department="Etat")

    still = undo_import(batch, at=CLOCK, by=coordinator)
    assert (still.taken_back, [row.kept for row in still.kept]) == (0, [["role"]])
    edit(role="Leder")
    last = undo_import(batch, at=CLOCK, by=coordinator)

    anna.refresh_from_db()
    assert (last.restored, last.kept) == (1, [])
    assert (anna.role, anna.department) == ("", "Etat")
    assert not batch.entries.exclude(kept=[]).exists()


def test_two_imports_are_undone_in_any_order(brought):
    before = dump()
    first, _faults = brought("Anna Berg;anna@x.eu;;;;")
    second, _faults = brought("Anna Berg;anna@x.eu;Oslo;NO;Leder;")

    early = undo_import(first, at=CLOCK, by=None)
    assert [row.name for row in early.kept] == ["Anna Berg"]
    undo_import(second, at=CLOCK, by=None)
    assert Person.objects.get().role == ""

    Person.objects.all().delete()
    assert {name for name, rows in dump().items() if rows != before[name]} <= {"crm_noticedue"}


# --- The list as it comes ---


def test_the_seventy_come_in_from_a_messy_workbook_and_go_out_to_the_byte(event, tmp_path):
    path = tmp_path / "list.xlsx"
    made = files.messy_xlsx(path)
    wanted = files.sample_rows()
    before = dump()
    words = {"event": event, "basis": "legitimate interest", "source": "list", "at": CLOCK}

    tried, faults = batches.import_now(path, is_trial=True, **words)
    assert faults == []
    # p055 is p054 under a second address and a name with one letter more.
    assert (tried.created, tried.skipped, tried.rows) == (70, made["doubles"], 70 + made["doubles"])
    assert dump() == before

    batch, _faults = batches.import_now(path, **words)

    parts = Participation.objects.filter(event=event).select_related("person__organisation")
    brought = {
        (part.person.given, part.person.family, part.person.organisation.name, part.status)
        for part in parts
    }
    assert brought == {
        (row["given"], row["family"], row["organisation"], row["status"]) for row in wanted
    }
    assert ContactPoint.objects.count() == sum(bool(row["email"]) for row in wanted)
    remarked = batch.entries.exclude(remark="").count()
    assert remarked > 5
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


# --- Where organisations are ---

CITY_HEAD = "Name;E-mail;Organisation;Type of organisation;City;Country"


@pytest.fixture
def places():
    """Oslo, Bergen, Ghent, and two Villanovas as large as each other."""
    norway = {"alternate_names": "", "country": "NO", "zone": "Europe/Oslo"}
    oslo = PlaceFactory(name="Oslo", region="Oslo", **norway)
    PlaceFactory(name="Bergen", region="Vestland", **norway)
    ghent = PlaceFactory()
    for region in ("Veneto", "Piedmont"):
        PlaceFactory(name="Villanova", alternate_names="", country="IT", region=region)
    return {"Oslo": oslo, "Gent": ghent}


def test_the_city_beside_an_organisation_becomes_its_place(brought, places):
    batch, faults = brought(
        "Anna Berg;anna@x.eu;Red Cross;;Oslo;",
        "Ben;ben@x.eu;Red Cross;;Gand;Belgia",
        "Cat;cat@x.eu;Red Cross;;Bergen;Norge",
        head=CITY_HEAD,
    )

    assert faults == []
    in_oslo, in_ghent, in_bergen = Organisation.objects.order_by("pk")
    assert {each.name for each in Organisation.objects.all()} == {"Red Cross"}
    assert (in_oslo.seat, in_oslo.country) == (places["Oslo"], "NO")
    assert (in_ghent.seat, in_ghent.country) == (places["Gent"], "BE")
    assert (in_bergen.seat.name, in_bergen.country) == ("Bergen", "NO")
    first, second, third = batch.entries.order_by("line")
    assert first.changes["city"] == ["", "Oslo, Oslo, Norway"]
    assert first.remark == "New organisation “Red Cross”: Other, Norway."
    known = "It is not the one of that name we know."
    assert second.remark == f"New organisation “Red Cross”: Other, Belgium. {known}"
    assert third.remark == (
        f"New organisation “Red Cross”: Other, Norway. {known} "
        "Another “Red Cross” is known elsewhere; this is the one in Bergen."
    )


def test_one_name_in_two_bodies_of_one_name_is_two_people(brought, places):
    lines = ["Anna Berg;;Red Cross;;Oslo;", "Anna Berg;;Red Cross;;Gent;"]
    batch, faults = brought(*lines, head=CITY_HEAD)
    assert (faults, verbs(batch)) == ([], ["create", "create"])
    seats = {person.organisation.seat.name for person in Person.objects.all()}
    assert seats == {"Oslo", "Gent"}
    assert verbs(brought(*lines, head=CITY_HEAD)[0]) == ["skip", "skip"]


def test_a_municipality_is_made_with_its_place_and_found_by_it(brought, places):
    brought("Anna;anna@x.eu;Ville de Gand;municipality;Gand;", head=CITY_HEAD)

    city = Municipality.objects.get()
    assert (city.place, city.name, city.time_zone) == (places["Gent"], "Gand", "Europe/Brussels")
    assert city.organisation.place is None

    batch, _faults = brought("Ben;ben@x.eu;Stad Gent;municipality;Gent;", head=CITY_HEAD)
    assert Person.objects.get(given="Ben").organisation == city.organisation
    assert "“Stad Gent” is known to us as “Ville de Gand”." in batch.entries.get().remark
    assert Municipality.objects.count() == 1


@pytest.mark.parametrize(
    ("city", "country", "sentence"),
    [
        ("Atlantis", "", "City left out: “Atlantis” is not in our list of places."),
        ("Oslo", "BE", "City left out: Oslo is in Norway, not in Belgium."),
        (
            *("Villanova", "IT"),
            "City left out: “Villanova” may be Villanova, Veneto, Italy; Villanova, Piedmont, "
            "Italy. Write the country or the region after a comma.",
        ),
    ],
)
def test_a_city_that_leads_nowhere_is_told_and_its_row_is_taken(
    city, country, sentence, brought, places
):
    batch, faults = brought(f"Anna;anna@x.eu;Club;;{city};{country}", head=CITY_HEAD)

    assert faults == []
    assert sentence in batch.entries.get().remark
    organisation = Person.objects.get().organisation
    assert (organisation.name, organisation.country, organisation.seat) == ("Club", country, None)


def test_a_city_corrected_later_is_filled_in_and_an_undo_takes_it_back(brought, places):
    brought("Anna;anna@x.eu;Club;;Villanova;IT", head=CITY_HEAD)
    before = dump()

    batch, _faults = brought("Anna;anna@x.eu;Club;;Villanova, Veneto;IT", head=CITY_HEAD)

    organisation = Organisation.objects.get()
    assert organisation.seat.region == "Veneto"
    row = batch.entries.get()
    assert (row.verb, row.changes) == ("update", {"city": ["", "Villanova, Veneto, Italy"]})
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


@pytest.mark.parametrize("typed", ["Gent", "Gand", "Ghent, Belgium"])
def test_a_city_alone_leads_to_its_municipality_in_any_language(typed, brought, places):
    city = MunicipalityFactory(name="Ghent", country="BE", place=places["Gent"])
    organisation = city.organisation
    Organisation.objects.filter(pk=organisation.pk).update(name="Ghent (municipality)")
    before = dump()

    batch, faults = brought(f'Anna;anna@x.eu;"{typed}"', head="Name;E-Mail;Stadt")

    assert faults == []
    assert Person.objects.get().organisation == organisation
    assert Organisation.objects.count() == 1
    known_as = f"“{typed}” is known to us as “Ghent (municipality)”."
    assert batch.entries.get().remark == known_as
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


def test_a_city_alone_leads_to_a_municipality_whose_place_nobody_told(brought, places):
    organisation = OrganisationFactory(
        name="Gent (municipality)", type=Organisation.Type.MUNICIPALITY, country="BE"
    )
    batch, _faults = brought("Anna;anna@x.eu;Gand", head="Name;E-Mail;Stadt")
    assert Person.objects.get().organisation == organisation
    assert organisation.municipality.place == places["Gent"]
    undo_import(batch, at=CLOCK, by=None)
    assert not Municipality.objects.exists()
    assert Organisation.objects.get() == organisation


def test_a_city_alone_makes_a_municipality_with_its_country_and_says_so(brought, places):
    before = dump()
    batch, faults = brought(
        "Anna;anna@x.eu;;;Gand;",
        "Ben;ben@x.eu;;;Gent;Belgium",
        "Cat;cat@x.eu;;;Atlantis;Belgium",
        head=CITY_HEAD,
    )
    assert faults == []
    made = Organisation.objects.get()
    assert (made.name, made.type, made.country) == ("Gand", "municipality", "BE")
    assert made.municipality.place == places["Gent"]
    assert list(made.people.values_list("given", flat=True).order_by("given")) == ["Anna", "Ben"]
    first, _second, third = batch.entries.order_by("line")
    assert first.remark == "New organisation “Gand”: Municipality, Belgium."
    assert "City left out: “Atlantis” is not in our list" in third.remark
    assert "Country left out (Belgium)" in third.remark
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


@pytest.mark.parametrize("heading", ["Municipality", "Kommune", "Gemeinde"])
def test_a_column_of_municipalities_makes_municipalities(heading, brought, places):
    lines = ["Anna;anna@x.eu;Atlantis", "Ben;ben@x.eu;Oslo kommune", "Cat;cat@x.eu;Gand"]
    before = dump()

    batch, faults = brought(*lines, head=f"Name;E-mail;{heading}")

    assert faults == []
    rows = Organisation.objects.order_by("pk").values_list("name", "type", "country")
    assert list(rows) == [
        ("Atlantis", "municipality", ""),
        ("Oslo kommune", "municipality", "NO"),
        ("Gand", "municipality", "BE"),
    ]
    cities = Municipality.objects.order_by("pk").values_list("name", "place")
    assert list(cities) == [("Oslo", places["Oslo"].pk), ("Gand", places["Gent"].pk)]
    remark = batch.entries.order_by("line").first().remark
    assert remark == "New organisation “Atlantis”: Municipality, no country."
    assert verbs(brought(*lines, head=f"Name;E-mail;{heading}")[0]) == ["skip"] * 3
    undo_import(batch, at=CLOCK, by=None)
    assert dump() == before


def test_a_column_of_municipalities_finds_those_we_know_in_any_language(brought, places):
    city = MunicipalityFactory(name="Ghent", country="BE", place=places["Gent"])
    told = OrganisationFactory(
        name="Oslo (municipality)", type=Organisation.Type.MUNICIPALITY, country="NO"
    )
    club = OrganisationFactory(name="Guild", type=Organisation.Type.INDUSTRY)

    brought("Anna;;Gand", "Ben;;Oslo kommune", "Cat;;Guild", head="Name;E-mail;Municipality")

    people = Person.objects.order_by("given").values_list("organisation", flat=True)
    assert list(people) == [city.organisation_id, told.pk, club.pk]


def test_a_city_alone_takes_nobody_out_of_their_organisation(brought, places):
    club = OrganisationFactory(name="Club", country="BE", place=places["Gent"])
    for name in ("Anna", "Ben"):
        PersonFactory(given=name, family="Berg", organisation=club, address=f"{name}@x.eu")
    batch, _faults = brought(
        "Anna Berg;anna@x.eu;Gand", "Ben Berg;ben@x.eu;Oslo", head="Name;E-Mail;By", overwrites=True
    )
    assert club.people.count() == 2
    first, second = batch.entries.order_by("line")
    assert first.remark == ""
    assert second.remark == "City left out (Oslo): they are of Club."
    assert Organisation.objects.count() == 1


def test_a_municipality_that_was_asked_about_since_stays(brought, places):
    batch, _faults = brought("Anna;anna@x.eu;Gent;municipality;Gent;", head=CITY_HEAD)
    city = Municipality.objects.get()
    VisitRequestFactory(municipality=city)

    done = undo_import(batch, at=CLOCK, by=None)

    assert [row.kept for row in done.kept] == [["city"]]
    assert list(Municipality.objects.all()) == [city]
    assert not Person.objects.exists()


# --- Cost ---


def test_the_number_of_queries_does_not_grow_with_the_rows(event):
    def queries(count: int) -> int:
        rows = [
            (f"Anna B{n}", f"a{n}@x.eu", f"Org {n}", "NO", "", "ja", "Oslo", "municipality")
            for n in range(count)
        ]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            _write(rows, event=event, overwrites=False)
        # SQLite takes large inserts in several statements; what is looked up counts.
        return sum(query["sql"].startswith("SELECT") for query in seen.captured_queries)

    queries(1)
    few, many = queries(5), queries(400)
    assert few == many
    assert many < 20


@pytest.mark.one_database  # The reader is the same on both.
def test_memory_does_not_grow_with_the_rows(event):
    """Rows go through in chunks, of which two live at once; more rows are only more chunks."""

    def peak(start: int, count: int) -> int:
        numbers = range(start, start + count)
        rows = [(f"Anna B{n}", f"m{n}@x.eu", f"Org {n % 9}", "NO", "", "ja") for n in numbers]
        tracemalloc.start()
        _write(rows, event=event, overwrites=False)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(0, 1)
    few, many = peak(1_000, 1_500), peak(5_000, 3_500)
    assert many < few * 1.3


# --- The command ---


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_public_shape_and_undo_takes_it_back(event, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Name,E-mail\nAnna Berg,anna@x.eu\nBad,bad\n")
    words = ["import_people", str(path), "--event", "rotterdam", "--json"]

    tried = json.loads(run(*words, "--dry-run"))
    told = json.loads(run(*words, "--basis", "contract", "--source", "list"))

    assert list(told) == ["batch", "rows", "create", "update", "link", "skip", "errors"]
    assert (told["rows"], told["create"]) == (1, 1)
    assert [list(fault) for fault in told["errors"]] == [["line", "field", "message"]]
    assert told["errors"][0]["line"] == 3
    assert tried == told | {"batch": None}
    assert "1 people removed" in run("undo_import", str(told["batch"]))
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no-such-file.csv", "--event", "rotterdam"], "There is no file"),
        (["{list}", "--event", "nowhere"], "There is no event “nowhere”"),
        (["{list}", "--event", "rotterdam"], "Say on what basis"),
        (
            ["{list}", "--event", "rotterdam", "--dry-run", "--encoding", "zlib"],
            "no encoding “zlib”",
        ),
    ],
)
def test_the_command_refuses_with_one_sentence_and_status_1(words, sentence, event, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Name,E-mail\nAnna Berg,anna@x.eu\n")
    with pytest.raises(CommandError, match=sentence) as refused:
        call_command("import_people", *[word.format(list=path) for word in words])
    assert refused.value.returncode == 1


@pytest.mark.parametrize(
    ("content", "readings"),
    [
        # A byte that is ñ in the west and ń further east.
        (NUNEZ.encode("cp1252"), ["cp1252 (Nuñez)", "cp1250 (Nuńez)"]),
        # Lines of two sources; no other reading is as good, and it is a guess all the same.
        (f"{NUNEZ}Ada Łąka;l@x.eu\nEwa Żółć;z@x.eu\n".encode(), []),
        ("Navn\nSøren Blåbær\n".encode() + "Åse Sjøberg\n".encode("cp1252"), ["mixed:cp1252 ("]),
    ],
)
def test_the_command_asks_which_encoding_whenever_the_page_does(
    content, readings, event, uploaded, tmp_path
):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    words = ["import_people", str(path), "--event", "rotterdam"]
    said = ["--basis", "contract", "--source", "list"]
    batch = uploaded(content)
    batches.work_off()
    batch.refresh_from_db()
    assert batch.is_encoding_sure == (not readings)
    if not readings:
        run(*words, *said)
        return

    err = StringIO()
    call_command(*words, "--dry-run", stdout=StringIO(), stderr=err)
    with pytest.raises(CommandError, match="Say with --encoding which reads right") as refused:
        run(*words, *said)
    assert not Person.objects.exists()
    for reading in readings:
        assert reading in str(refused.value)
        assert reading in err.getvalue()

    name = readings[0].partition(" ")[0]
    run(*words, *said, "--encoding", name)
    assert Person.objects.count() == content.count(b"\n") - 1


def test_the_command_tells_the_parts_in_the_event_and_what_the_file_says_otherwise(event, tmp_path):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    ParticipationFactory(person=anna, event=event, status="cancelled")
    path = tmp_path / "list.csv"
    path.write_text("Name,E-mail,Day 1\nAnna Berg,anna@x.eu,yes\nBo,b@x.eu,yes\nCy,c@x.eu,\n")

    told = run("import_people", str(path), "--event", "rotterdam", "--dry-run").splitlines()

    assert told[-3:] == [
        f"On the roster of {event.name}: 1 × attended; Day 1: yes",
        f"On the roster of {event.name}: 1 × registered",
        "  line 2: Came to the event? stays cancelled; the file says attended",
    ]
    assert Participation.objects.get().status == "cancelled"


def test_undo_of_nothing_is_refused(event):
    with pytest.raises(CommandError, match="There is no import 99"):
        call_command("undo_import", "99")
    with pytest.raises(CommandError, match="not in the address book"):
        call_command("undo_import", str(ImportBatchFactory(state="ready").pk))


# --- The worker ---


@pytest.fixture
def uploaded(event, tmp_path, settings, coordinator):
    settings.IMPORT_DIR = tmp_path / "imports"

    def upload(content: bytes, name: str = "list.csv") -> ImportBatch:
        words = {"event": event, "basis": "contract", "source": "list", "by": coordinator}
        return batches.receive_file(BytesIO(content), name, **words)

    return upload


def test_a_file_is_read_shown_imported_and_forgotten(
    uploaded, tmp_path, django_capture_on_commit_callbacks
):
    batch = uploaded(b"Name,E-mail\nAnna Berg,anna@x.eu\n", "../../etc/list.csv")
    assert batches.work_off() == 1
    batch.refresh_from_db()
    assert (batch.state, batch.created, batch.file_name) == ("ready", 1, "list.csv")
    assert batch.entries.get().changes["email"] == ["", ["anna@x.eu"]]
    assert not Person.objects.exists()

    batches.ask_to_import(batch)
    with django_capture_on_commit_callbacks(execute=True):
        assert batches.work_off() == 1
    batch.refresh_from_db()
    assert (batch.state, batch.file) == ("done", "")
    assert Person.objects.get().given == "Anna"
    assert list((tmp_path / "imports").iterdir()) == []


def test_a_guessed_encoding_needs_a_yes(uploaded):
    # A byte that is ñ in the west and ń further east.
    batch = uploaded("Name;E-mail\nAna Nu\u00f1ez;e@x.eu\n".encode("cp1252"))
    batches.work_off()
    batch.refresh_from_db()
    assert not batch.is_encoding_sure
    with pytest.raises(ValidationError, match="encoding is a guess"):
        batches.ask_to_import(batch)
    batches.ask_to_import(batch, is_read_right=True)


def test_another_encoding_reads_the_file_anew(uploaded):
    batch = uploaded("Navn;E-mail\nSøren Bø;s@x.eu\n".encode("cp1252"))
    batches.work_off()
    batch.refresh_from_db()
    batches.change_reading(batch, {"encoding": "cp1250"})
    batches.work_off()
    batch.refresh_from_db()
    assert (batch.state, batch.entries.get().name) == ("ready", "Sřren Bř")


def test_columns_chosen_by_hand_are_remembered_for_the_next_file(uploaded):
    lines = "Wer;Wie;Was\nAnna Berg;anna@x.eu;Chefin\n"
    batch = uploaded(lines.encode())
    batches.work_off()
    batch.refresh_from_db()
    assert batch.mapping == ["name", "email", ""]
    batches.change_reading(batch, {"mapping": ["name", "email", "role"]})
    batches.work_off()
    batches.ask_to_import(ImportBatch.objects.get(pk=batch.pk))
    batches.work_off()

    following = uploaded(b"Wer;Wie;Was\nBo Dahl;bo@x.eu;Koch\n")
    batches.work_off()
    following.refresh_from_db()
    assert following.mapping == ["name", "email", "role"]


@pytest.mark.parametrize(
    "mapping", [["name", "name"], ["is_staff", "name"], ["role", "country"], ["", ""]]
)
def test_a_mapping_that_cannot_be_is_refused(mapping, uploaded):
    batch = uploaded(b"Name,E-mail\nAnna,a@x.eu\n")
    batches.work_off()
    with pytest.raises(ValidationError):
        batches.change_reading(batch, {"mapping": mapping})


def test_a_refused_file_says_why(uploaded):
    batch = uploaded(files.HOSTILE["entity bomb"][0]())
    batches.work_off()
    batch.refresh_from_db()
    assert batch.state == "failed"
    assert batch.error.startswith("The workbook declares entities")


def test_a_worker_that_was_killed_leaves_the_file_waiting(uploaded):
    batch = uploaded(b"Name,E-mail\nAnna,a@x.eu\n")
    long_ago = timezone.now() - timedelta(minutes=10)
    ImportBatch.objects.filter(pk=batch.pk).update(state="running", beat_at=long_ago)
    assert batches.work_off() == 1
    batch.refresh_from_db()
    assert batch.state == "done"


def test_an_import_that_breaks_off_leaves_nothing(uploaded, monkeypatch):
    batch = uploaded(b"Name,E-mail\nAnna,a@x.eu\n")
    batches.work_off()
    batches.ask_to_import(ImportBatch.objects.get(pk=batch.pk))
    monkeypatch.setattr(applying, "part_values", lambda part: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        batches.work_off()
    batch.refresh_from_db()
    assert batch.state == "failed"
    assert not Person.objects.exists()


def test_old_files_are_forgotten(uploaded, tmp_path):
    batch = uploaded(b"Name,E-mail\nAnna,a@x.eu\n")
    batches.work_off()
    old: datetime = timezone.now() - timedelta(days=8)
    ImportBatch.objects.filter(pk=batch.pk).update(beat_at=old)
    batches.clean_up()
    assert not ImportBatch.objects.exists()


def test_a_file_that_another_worker_removes_meanwhile_stops_nobody(uploaded):
    uploaded(b"Name,E-mail\nAnna,a@x.eu\n")
    (batches.folder() / "gone.upload").symlink_to("removed")
    assert batches.work_off() == 1


def test_a_file_about_somebody_erased_is_forgotten_before_it_is_imported(uploaded):
    anna = PersonFactory(given="Anna", family="Berg", address="anna@x.eu")
    uploaded(b"Name,E-mail\nAnna Berg,anna@x.eu\n")
    uploaded(b"Name,E-mail\nBo Dahl,bo@x.eu\n")
    batches.work_off()

    erase_person(anna, at=CLOCK)

    assert ImportBatch.objects.get().entries.get().name == "Bo Dahl"


def test_headings_without_a_row_are_refused_instead_of_importing_nothing(brought, uploaded):
    batch = uploaded(b"Name,E-mail\n")
    batches.work_off()
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.FAILED
    assert batch.error.startswith("The file holds headings and no row below them.")


def test_a_country_without_an_organisation_is_said_to_be_left_out(brought):
    batch, _faults = brought("Anna Berg;a@x.eu;;Belgium", head="Name;E-mail;Organisation;Country")
    row = batch.entries.get()
    assert (row.verb, Organisation.objects.count()) == ("create", 0)
    assert row.remark.startswith("Country left out (Belgium)")
