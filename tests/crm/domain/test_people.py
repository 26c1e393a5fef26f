import pytest
from django.core.exceptions import ValidationError

from crm.domain import people as verbs
from crm.domain.edits import ChangedMeanwhile, stamp
from crm.models import AuditEntry, ContactPoint, Person
from tests.factories.crm import (
    CLOCK,
    ContactPointFactory,
    OrganisationFactory,
    PersonFactory,
    SuppressionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Kind, Status = ContactPoint.Kind, ContactPoint.Status


def now(by=None):
    return {"at": CLOCK, "by": by}


def test_adding_a_person_makes_them_findable_by_their_address():
    person = verbs.add_person({"given": "Łucja"}, address=" L@City.Example ", **now())
    assert list(Person.objects.search("l@city.example")) == [person]
    assert person.contact_points.get().status == Status.UNVERIFIED


def test_a_person_needs_one_name():
    with pytest.raises(ValidationError) as refusal:
        verbs.add_person({"given": "  "}, **now())
    assert list(refusal.value.error_dict) == ["given"]


def test_what_is_not_editable_is_a_programmers_slip():
    with pytest.raises(ValueError, match="erased_at"):
        verbs.edit_person(PersonFactory(), {"erased_at": None}, **now())


def test_editing_writes_down_the_names_of_changed_fields_alone():
    person, by = PersonFactory(role="adviser", notes="secret words"), UserFactory()
    changed = verbs.edit_person(person, {"role": "head", "family": person.family}, **now(by))
    entry = AuditEntry.objects.about(person).get()
    assert (changed, entry.fields, entry.by) == (["role"], ["role"], by)


def test_an_edit_of_a_changed_record_overwrites_nothing_and_names_who_changed_it():
    person, colleague = PersonFactory(role="adviser"), UserFactory()
    seen = stamp(person, ("role", "notes"))
    verbs.edit_person(person, {"role": "head", "notes": ""}, **now(colleague))
    with pytest.raises(ChangedMeanwhile) as refusal:
        verbs.edit_person(person, {"role": "chief", "notes": ""}, seen=seen, **now())
    person.refresh_from_db()
    assert (person.role, refusal.value.entry.by) == ("head", colleague)


def test_an_edit_without_a_change_leaves_no_trace():
    person = PersonFactory(role="adviser")
    verbs.edit_person(person, {"role": "adviser"}, **now())
    assert AuditEntry.objects.about(person).count() == 0


def test_archive_hides_and_restore_brings_back():
    person = PersonFactory()
    verbs.archive_person(person, why="left the city", **now())
    assert not Person.objects.live().filter(pk=person.pk).exists()
    verbs.restore_person(person, **now())
    assert Person.objects.live().get() == person


def test_archiving_twice_is_refused():
    person = PersonFactory(archived_at=CLOCK)
    with pytest.raises(ValidationError):
        verbs.archive_person(person, **now())


@pytest.mark.parametrize("gone", [{"erased_at": CLOCK}, {"merged": True}])
def test_restore_never_brings_back_an_erased_or_merged_person(gone):
    if gone.pop("merged", False):
        gone["merged_into"] = PersonFactory()
    person = PersonFactory(archived_at=CLOCK, **gone)
    with pytest.raises(ValidationError):
        verbs.restore_person(person, **now())


def test_the_same_address_in_another_spelling_is_refused():
    person = PersonFactory(address="a@city.example")
    with pytest.raises(ValidationError, match="already"):
        verbs.add_contact_point(person, kind=Kind.EMAIL, value=" A@CITY.example", **now())


def test_a_suppressed_address_stays_suppressed_wherever_it_is_added():
    SuppressionFactory(match_key="stop@city.example")
    point = verbs.add_contact_point(
        PersonFactory(), kind=Kind.EMAIL, value="Stop@city.example", **now()
    )
    assert point.status == Status.SUPPRESSED
    with pytest.raises(ValidationError):
        verbs.mark_contact_point(point, Status.VERIFIED, **now())
    with pytest.raises(ValidationError):
        verbs.remove_contact_point(point, **now())


def test_removing_an_address_makes_the_person_unfindable_by_it():
    person = PersonFactory(address="old@city.example")
    verbs.remove_contact_point(person.contact_points.get(), **now())
    assert not Person.objects.search("old@city.example").exists()


def test_one_address_of_a_kind_is_preferred():
    person = PersonFactory()
    ContactPointFactory(person=person, value="a@city.example")
    second = ContactPointFactory(person=person, value="b@city.example", is_preferred=False)
    verbs.prefer_contact_point(second, **now())
    assert list(person.contact_points.filter(is_preferred=True)) == [second]


@pytest.mark.parametrize("number", ["+47 22 00 00 00", "041 274 8111", "(0)30/123-45"])
def test_phone_numbers_are_kept_as_typed(number):
    if number.startswith("("):
        with pytest.raises(ValidationError):
            verbs.phone_number(number)
    else:
        assert verbs.phone_number(number) == number


def test_an_organisation_is_known_by_its_whole_name_in_any_spelling():
    lodz = OrganisationFactory(name="Łódź (municipality)")
    OrganisationFactory(name="Łódź (municipality) transport")
    assert verbs.organisation_of("lodz (MUNICIPALITY)") == lodz
    assert verbs.organisation_of("Łódź") is None
