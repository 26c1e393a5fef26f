"""Suggestions of who is recorded twice: found by the worker, decided by people."""

import unicodedata
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.domain import duplicates as verbs
from crm.domain.merges import merge_people, unmerge_people
from crm.domain.people import archive_person, edit_person
from crm.duplicate_words import reasons, suggestion_of
from crm.matching.fields import Level
from crm.models import ContactPoint, DuplicateScan, Lookalike, Person
from tests.factories.crm import (
    CLOCK,
    ContactPointFactory,
    LookalikeFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PersonFactory,
    PlaceFactory,
)

pytestmark = pytest.mark.django_db


def now(by=None):
    return {"at": CLOCK, "by": by}


def someone(given, family, address="", organisation=None, **more):
    person = PersonFactory(given=given, family=family, organisation=organisation, **more)
    if address:
        ContactPointFactory(person=person, value=address)
    return person


def a_crowd(count=40):
    """Strangers, so that names and cities are worth something."""
    for number in range(count):
        word = f"{chr(97 + number % 26)}{chr(97 + number * 7 % 26)}o"
        someone(f"{word}ra", f"{word[::-1]}sen{number % 9}nu", f"{word}{number}@city.example")


def look_through():
    verbs.ask_for_scan(by=None)
    verbs.work_off()
    return DuplicateScan.objects.get(state="done")


def found():
    return {(row.one, row.other) for row in Lookalike.objects.open()}


def test_the_worker_finds_a_pair_and_merges_nobody():
    a_crowd()
    one = someone("Anna", "Larsen", "anna@bergen.example")
    other = someone("Anna", "Larsne", "anna@Bergen.example")

    scan = look_through()

    assert found() == {(one, other)}
    assert (scan.people, scan.found, scan.done) == (42, 1, scan.total)
    assert Person.objects.live().count() == 42
    words = [reason.words for reason in reasons(Lookalike.objects.get()) if reason.is_for]
    assert "same mail address" in words
    assert "family name one letter apart" in words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Łódź", unicodedata.normalize("NFD", "łódź")),
        ("MÜNCHEN", "münchen"),
        ("Søren", "SØREN"),
        ("Zoë", "Zoë".encode().decode()),
        ("Anna\u200b", "Anna"),
        ("Ａｎｎａ", "anna"),
    ],
)
def test_spellings_of_one_name_are_the_same_on_every_database(one, other):
    a_crowd()
    people = someone(one, "Karlsborg", "k@x.example"), someone(other, "Karlsborg", "k@x.example")

    look_through()

    assert found() == {people}
    assert Lookalike.objects.get().levels["given"] == 0
    assert Person.objects.get(pk=people[0].pk).given == one


def test_an_address_that_only_looks_the_same_is_not_the_same():
    """Cyrillic а in the domain: another mailbox, so it speaks against and not for."""
    a_crowd()
    someone("Anna", "Larsen", "anna@example.com")
    someone("Bjorn", "Holm", "anna@exаmple.com")
    look_through()
    assert found() == set()


def test_namesakes_in_two_cities_stay_apart():
    a_crowd()
    for name, country in (("Bergen", "NO"), ("Ghent", "BE")):
        body = OrganisationFactory(name=f"City of {name}", country=country)
        MunicipalityFactory(organisation=body, name=name, place=PlaceFactory(name=name))
        someone("Anna", "Larsen", f"anna.larsen@{name.lower()}.example", body)
    look_through()
    assert found() == set()


def test_whoever_is_not_the_same_is_not_suggested_again():
    a_crowd()
    someone("Anna", "Larsen", "anna@bergen.example")
    someone("Anna", "Larsen", "anna@bergen.example")
    look_through()
    pair = Lookalike.objects.get()

    verbs.say_not_the_same(pair, **now())
    verbs.ask_for_scan(by=None)
    verbs.work_off()

    assert found() == set()
    verbs.ask_again(pair, **now())
    assert len(found()) == 1


def test_a_person_added_later_is_weighed_by_itself():
    a_crowd()
    one = someone("Anna", "Larsen", "anna@bergen.example")
    look_through()
    other = someone("Ana", "Larsen", "anna@bergen.example")
    Person.objects.filter(pk=other.pk).update(updated_at=timezone.now() + timedelta(seconds=1))

    assert verbs.work_off() >= 1

    assert found() == {(one, other)}
    assert verbs.work_off() == 0


def test_a_suggestion_goes_when_the_record_is_corrected():
    a_crowd()
    someone("Anna", "Larsen", "anna@bergen.example")
    other = someone("Anna", "Larsen", "anna@bergen.example")
    look_through()
    other.contact_points.all().delete()
    edit_person(other, {"given": "Marek", "family": "Zielinski"}, **now())

    verbs.look_for(Person.objects.get(pk=other.pk), at=CLOCK)

    assert found() == set()


def test_archived_and_merged_people_are_not_suggested_and_come_back_when_taken_apart():
    a_crowd()
    one = someone("Anna", "Larsen", "anna@bergen.example")
    other = someone("Anna", "Larsen", "anna@bergen.example")
    look_through()
    done = merge_people(one, other, **now())
    assert found() == set()
    unmerge_people(done, **now())
    assert found() == {(one, other)}
    archive_person(Person.objects.get(pk=other.pk), **now())
    assert found() == set()


@pytest.mark.parametrize("look", ["at whom was saved", "at all"])
def test_a_pair_that_comes_apart_stands_in_the_review_again(look):
    a_crowd()
    one = someone("Anna", "Karlsborg", "anna@city.example")
    other = someone("Anna", "Karlsborgh", "anna@city.example")
    look_through()
    assert found() == {(one, other)}

    done = merge_people(one, other, **now())
    if look == "at all":
        verbs.ask_for_scan(by=None)
    verbs.work_off()
    assert found() == set()
    unmerge_people(done, **now())
    verbs.work_off()

    assert found() == {(one, other)}


def test_the_first_look_is_taken_without_asking():
    a_crowd(3)
    assert verbs.work_off() == 0
    assert verbs.work_off() == 3


def test_a_look_that_was_broken_off_says_so():
    late = timezone.now() - timedelta(hours=1)
    scan = DuplicateScan.objects.create(state="running", beat_at=late)
    verbs.work_off()
    scan.refresh_from_db()
    assert (scan.state, bool(scan.error)) == ("interrupted", True)


def test_asking_twice_looks_once():
    assert verbs.ask_for_scan(by=None) == verbs.ask_for_scan(by=None)


def test_somebody_not_stored_yet_is_weighed_against_the_lists():
    a_crowd()
    body = OrganisationFactory(name="City of Bergen", country="NO")
    known = someone("Anna", "Larsen", "anna@bergen.example", body)
    ContactPointFactory(person=known, kind=ContactPoint.Kind.PHONE, value="+47 22 00 11 22")
    look_through()

    alike = verbs.like(given="Ana", family="Larsen", organisation=body, phones=["22001122"])

    assert [person for person, _pair in alike] == [known]
    assert verbs.like(given="Marek", family="Zielinski", addresses=["m@z.example"]) == []


def test_a_suggestion_never_claims_certainty():
    pair = Lookalike(probability=0.99999, levels={})
    assert suggestion_of(pair).percent == 99


def test_a_look_asks_no_question_per_person():
    a_crowd(10)
    with CaptureQueriesContext(connection) as few:
        verbs.scan_people()
    a_crowd(40)
    with CaptureQueriesContext(connection) as many:
        verbs.scan_people()
    assert len(many) == len(few) == 3


@pytest.mark.parametrize(("given", "family"), [("Joe", "Gorman"), ("Anna", "Smith")])
def test_exactly_the_same_name_with_nothing_else_is_told(given, family):
    a_crowd()
    # Common names are worth little to the weights.
    for number in range(12):
        someone(given, f"Other{number}", f"{number}@one.example")
        someone(f"Else{number}", family, f"{number}@two.example")
    four = [someone(given, family) for _record in range(4)]
    look_through()
    assert {pair for pair in found() if set(pair) <= set(four)} == {
        (one, other) for at, one in enumerate(four) for other in four[at + 1 :]
    }
    told = [person for person, _pair in verbs.like(given=given, family=family)]
    assert set(told) >= set(four)


def test_a_given_name_alone_is_told_at_the_same_organisation_only():
    a_crowd()
    here, elsewhere = OrganisationFactory(name="Gent"), OrganisationFactory(name="Lisboa")
    one, other = someone("Noor", "", organisation=here), someone("Noor", "", organisation=here)
    away = someone("Noor", "", organisation=elsewhere)
    look_through()
    assert (one, other) in found()
    assert not any(away in pair for pair in found())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Stadt Köln", "Stadt Bonn"),
        ("Gemeente Gent", "Gemeente Den Haag"),
        ("Comune di Bari", "Comune di Roma"),
        ("Ville de Nice", "Ville de Lyon"),
        ("Municipality of Riga", "Municipality of Oslo"),
        ("Bergen kommune", "Oslo kommune"),
        ("Gmina Lublin", "Gmina Kraków"),
        ("Città di Torino", "Città di Trento"),
    ],
)
def test_two_bodies_are_not_alike_for_both_being_a_towns(one, other):
    a_crowd()
    for name in (one, other):
        body = OrganisationFactory(name=name, country="")
        someone("Anna", "Larsen", f"anna@{name.split()[-1].lower()}.example", body)
    pairs = verbs.scan_people()[1]
    assert [pair.levels["organisation"] for pair in pairs] in ([], [Level.OTHER])
    stranger = OrganisationFactory(name=other)
    for _person, pair in verbs.like(given="Anna", family="Larsen", organisation=stranger):
        if pair.levels["organisation"] != Level.SAME:
            assert pair.levels["organisation"] == Level.OTHER


def test_a_word_for_the_body_alone_says_nothing_and_its_city_counts():
    a_crowd()
    bare = OrganisationFactory(name="Gemeente", country="")
    one = someone("Anna", "Larsen", "a@x.example", OrganisationFactory(name="Stadt Köln"))
    someone("Bo", "Holm", "b@x.example", bare)
    for name, level in (("Köln", Level.SAME), ("Koeln Stadt", Level.NEAR)):
        found = verbs.like(
            given="Anna", family="Larsen", organisation=OrganisationFactory(name=name)
        )
        assert {person: pair.levels["organisation"] for person, pair in found} == {one: level}
    (_bo,) = verbs.like(
        given="Bo",
        family="Holm",
        addresses=["b@x.example"],
        organisation=OrganisationFactory(name="Stadt"),
    )
    assert _bo[1].levels["organisation"] == Level.UNKNOWN


def test_a_sample_person_is_never_the_same_as_a_real_one():
    a_crowd()
    real = someone("Anna", "Larsen", "anna@bergen.example")
    sample = someone("Anna", "Larsen", "anna@bergen.example", is_sample=True)
    look_through()
    assert found() == set()
    verbs.look_for(real, at=CLOCK)
    verbs.look_for(sample, at=CLOCK)
    assert found() == set()
    # One found by an earlier version is not offered either.
    one, other = sorted([real, sample], key=lambda person: person.pk)
    LookalikeFactory(one=one, other=other)
    assert found() == set()

    twin = someone("Anna", "Larsen", "anna@bergen.example", is_sample=True)
    verbs.look_for(twin, at=CLOCK)
    assert found() == {(sample, twin)}
