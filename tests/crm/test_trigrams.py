"""A fragment of a name is found by an index, which follows every change of the rows."""

import random
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.counting import count_up_to, in_words
from crm.models import ContactPoint, Interaction, Message, Organisation, Person
from crm.search import search_key
from crm.trigrams import RARE_UP_TO, keep_index
from tests.factories.crm import (
    ContactPointFactory,
    InteractionFactory,
    MessageFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PersonFactory,
    PlaceFactory,
)

pytestmark = pytest.mark.django_db
INDEX = "crm_person_trigrams"


def many(count: int, organisation: Organisation, family: str = "Borgen") -> None:
    rng = random.Random(count)
    Person.objects.bulk_create(
        Person(
            given="".join(rng.choices("aeiou", k=6)).title(),
            family=family,
            organisation=organisation,
            search_key=search_key(family, str(number)),
            # As wide as people are, so that reading all of them is worth avoiding.
            notes="met in Rotterdam " * 30,
        )
        for number in range(count)
    )


def look_after_itself() -> None:
    """What the database does by itself a minute later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_person")
        if connection.vendor == "postgresql":
            cursor.execute("SELECT gin_clean_pending_list(%s)", [INDEX])


def explained(query: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}")
        return "\n".join(line for (line,) in cursor.fetchall())


def found(words: str) -> set[str]:
    return set(Person.objects.search(words).values_list("family", flat=True))


@pytest.mark.parametrize("words", ["vandermeer", "derme", "VANDERMEER meer", "vän der"])
def test_rare_fragment_is_looked_up_instead_of_reading_every_row(words):
    many(2_000, OrganisationFactory())
    PersonFactory(family="Vandermeer", given="Van der")
    look_after_itself()
    with CaptureQueriesContext(connection) as asked:
        page = Person.objects.live().search(words)[:50]
        plan = page.explain()
    if connection.vendor == "postgresql":
        assert "crm_person_pkey" in plan
        plan = explained(asked.captured_queries[0]["sql"])
    assert INDEX in plan
    assert found(words) == {"Vandermeer"}


def test_common_fragment_is_met_on_the_way_through_the_list_in_its_order():
    many(RARE_UP_TO + 10, OrganisationFactory())
    look_after_itself()
    plan = Person.objects.live().search("borgen")[:50].explain()
    assert "person_live_name" in plan or "person_name" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    assert INDEX not in plan
    assert found("borgen") == {"Borgen"}


def test_pieces_that_stand_apart_are_not_found():
    PersonFactory(given="Bora", family="Orgel")
    assert found("borg") == set()


def test_words_shorter_than_three_letters_and_odd_signs_are_searched_too():
    PersonFactory(given='A"b', family="Xu %_")
    assert found("xu") == {"Xu %_"}
    assert found('a"b') == {"Xu %_"}
    assert found('"""') == set()
    assert found("%_") == {"Xu %_"}


def test_index_follows_added_changed_and_removed_rows():
    person = PersonFactory(family="Before")
    person.family = "Afterwards"
    person.save()
    assert (found("before"), found("afterw")) == (set(), {"Afterwards"})
    ContactPoint.objects.filter(person=person).delete()
    person.delete()
    assert found("afterw") == set()


@pytest.mark.parametrize("words", ["Cologne", "Köln", "keulen", "colog"])
def test_people_are_found_by_any_name_of_the_city_their_body_is_at_home_in(words):
    place = PlaceFactory(name="Köln", alternate_names="Cologne|Keulen", country="DE")
    city = MunicipalityFactory(name="Stadtverwaltung", place=place).organisation
    police = OrganisationFactory(name="Polizei", place=place)
    for number, body in enumerate((city, police, OrganisationFactory())):
        PersonFactory(family=f"Number {number}", organisation=body)
    PersonFactory(family="Cologne Keulen Köln Colog", organisation=None)
    assert found(words) == {"Number 0", "Number 1", "Cologne Keulen Köln Colog"}


def test_a_city_without_people_of_ours_leaves_the_search_as_it_is():
    PlaceFactory(name="Köln", alternate_names="Cologne|Keulen", country="DE")
    many(2_000, OrganisationFactory())
    look_after_itself()
    with CaptureQueriesContext(connection) as asked:
        plan = Person.objects.live().search("keulen")[:50].explain()
    assert " OR " not in asked.captured_queries[-1]["sql"]
    assert INDEX in plan or connection.vendor == "postgresql"


def test_people_of_a_city_are_looked_up_instead_of_reading_every_row():
    place = PlaceFactory(name="Köln", alternate_names="Cologne|Keulen", country="DE")
    body = MunicipalityFactory(name="Stadtverwaltung", place=place).organisation
    many(2_000, OrganisationFactory())
    PersonFactory(family="Vandermeer", organisation=body)
    look_after_itself()
    plan = Person.objects.live().search("keulen")[:50].explain()
    assert "SCAN crm_person" not in plan
    assert "Seq Scan" not in plan
    assert found("keulen") == {"Vandermeer"}


@pytest.mark.one_database  # PostgreSQL keeps its index when a table changes.
def test_table_that_was_made_anew_gets_its_index_again():
    PersonFactory(family="Tobefound")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {INDEX}_in")
    PersonFactory(family="Missedbefore")
    keep_index()
    PersonFactory(family="Addedlater")
    for name in ("Tobefound", "Missedbefore", "Addedlater"):
        assert found(name) == {name}


@pytest.mark.one_database  # What PostgreSQL keeps is the row itself.
def test_index_keeps_no_text_of_anybody():
    PersonFactory(family="Unmistakeable")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT block FROM {INDEX}_data")
        assert not any(b"mistak" in bytes(block) for (block,) in cursor.fetchall())


def test_counts_stop_where_nobody_reads_on():
    for _ in range(4):
        PersonFactory()
    assert count_up_to(Person.objects.all(), 4) == 4
    assert count_up_to(Person.objects.all(), 2) == 3
    assert (in_words(1_234), in_words(10_001)) == ("1,234", "10,000+")


def test_what_was_written_before_the_words_were_kept_is_found_after_the_update():
    person = PersonFactory(family="Vandermeer")
    ContactPointFactory(person=person, kind="phone", value="+49 221 123456")
    note, mail = InteractionFactory(text="Zeppelinquarz"), MessageFactory(body="Zeppelinquarz")
    for row in (note, mail):
        type(row).objects.update(search_key="")
    Person.objects.filter(pk=person.pk).update(search_key="vandermeer")
    step = import_module("crm.migrations.0015_words_of_notes_and_mails")
    step.fill(apps, SimpleNamespace(connection=connection))
    assert [*Interaction.objects.search("zeppelinquarz")] == [note]
    assert [*Message.objects.search("zeppelinquarz")] == [mail]
    assert found("0221 123456") == {"Vandermeer"}
    assert found("vandermeer") == {"Vandermeer"}
