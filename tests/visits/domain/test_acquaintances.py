"""Request meets history: suggestions with reasons, and the steps that act on one."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.models import AuditEntry, ContactPoint, Municipality, Person
from tests.factories.crm import (
    CLOCK,
    CoordinatorFactory,
    EventFactory,
    InteractionFactory,
    MunicipalityFactory,
    ParticipationFactory,
    PersonFactory,
    PlaceFactory,
)
from tests.factories.visits import VisitRequestFactory
from visits.domain.acquaintances import (
    Asker,
    Known,
    Talk,
    acquaintances_of,
    link_person,
    take_over_contact,
    unlink_person,
    weigh,
)

ROBIN = Asker("Robin Example", "Safety", "robin@ghent.example", "+32 9 210 10 10")


def known(**values):
    """Somebody of the same city of whom nothing else fits."""
    plain = {"name": "Jo Other", "family": "Other", "department": "IT", "is_of_city": True}
    return Known(**(plain | values))


def reasons(found):
    return [str(reason) for reason in found.reasons]


# --- Weighing: plain values ---


def test_being_of_the_same_city_alone_is_no_reason():
    assert weigh(ROBIN, known()) is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"addresses": ["Robin@Ghent.example "]}, "Same mail address."),
        ({"phones": ["09 210 10 10"]}, "Same phone number."),
        ({"name": "ROBIN  example", "family": "example"}, "Same name."),
        ({"name": "Kim Example", "family": "Example"}, "Same family name."),
        ({"department": "safety"}, "Same department."),
        ({"met": [("Rotterdam", date(2023, 1, 30))]}, "Met in Rotterdam, Mon 30 Jan 2023."),
        (
            {"talks": [Talk("Call", date(2023, 2, 1), "Chris")]},
            "Call logged on Wed 1 Feb 2023 by Chris.",
        ),
        ({"talks": [Talk("Call", date(2023, 2, 1), "")]}, "Call logged on Wed 1 Feb 2023."),
        (
            {"addresses": ["office@ghent.example"]},
            "Mail address at the same domain, ghent.example.",
        ),
    ],
)
def test_one_more_reason_makes_somebody_of_the_city_worth_a_look(values, sentence):
    found = weigh(ROBIN, known(**values))

    assert sentence in reasons(found)
    assert reasons(found)[-1] == "Of the same city."


def test_elsewhere_only_the_same_address_or_phone_counts():
    far = {"is_of_city": False}
    same_words = {"name": "Robin Example", "family": "Example", "department": "Safety"}

    assert weigh(ROBIN, known(**far, **same_words)) is None
    assert reasons(weigh(ROBIN, known(**far, addresses=["robin@ghent.example"]))) == [
        "Same mail address."
    ]


def test_address_weighs_more_than_name_and_meeting_together():
    met = {"met": [("Rotterdam", date(2023, 1, 30))], "name": "Robin Example", "family": "Example"}
    by_address = weigh(ROBIN, known(is_of_city=False, addresses=["robin@ghent.example"]))

    assert by_address.points > weigh(ROBIN, known(**met)).points


def test_shared_free_mail_domain_says_nothing():
    asker = Asker("Robin Example", "Safety", "robin@gmail.com", "")

    assert weigh(asker, known(addresses=["jo@gmail.com"])) is None


@pytest.mark.parametrize(
    "typed", ["rоbin@ghent.example", "robin@gհent.example", "robin@ghеnt.example"]
)
def test_lookalike_address_is_a_warning_and_never_the_same(typed):
    asker = Asker("", "", typed, "")
    found = weigh(asker, known(is_of_city=False, addresses=["robin@ghent.example"]))

    assert found is None or (found.points, found.lookalike) == (0, "robin@ghent.example")


def test_address_that_mixes_alphabets_is_not_the_same_even_letter_for_letter():
    asker = Asker("", "", "rоbin@ghent.example", "")

    assert weigh(asker, known(is_of_city=False, addresses=["rоbin@ghent.example"])) is None


@pytest.mark.parametrize("phone", ["", "12", "ask for Robin"])
def test_what_is_no_phone_number_is_no_reason(phone):
    asker = Asker("", "", "", phone)

    assert weigh(asker, known(is_of_city=False, phones=["", "12", "ask for Robin"])) is None


# --- Finding them ---

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator():
    return CoordinatorFactory()


@pytest.fixture
def ghent():
    return MunicipalityFactory(name="Ghent")


@pytest.fixture
def asked(ghent):
    """A request of Ghent, whose authority we know, by somebody new."""
    return VisitRequestFactory(
        place=ghent.place,
        municipality=ghent,
        city="Ghent",
        requester_name="Robin Example",
        requester_role="Head of prevention",
        department="Safety",
        address="robin@ghent.example",
        phone="+32 9 210 10 10",
        language="nl",
    )


def suggested(request):
    return [person for person, _found in acquaintances_of(request).people]


def test_person_met_at_the_event_and_one_with_the_address_are_suggested_best_first(asked, ghent):
    event = EventFactory(city="Rotterdam")
    met = PersonFactory(organisation=ghent.organisation)
    ParticipationFactory(person=met, event=event, status="attended")
    absent = PersonFactory(organisation=ghent.organisation)
    ParticipationFactory(person=absent, event=event, status="no_show")
    same = PersonFactory(address="ROBIN@ghent.example")

    assert suggested(asked) == [same, met]


def test_earlier_call_names_its_day_and_who_logged_it(asked, ghent, coordinator):
    person = PersonFactory(organisation=ghent.organisation)
    InteractionFactory(kind="call", person=person, by=coordinator, at=CLOCK)
    (pair,) = acquaintances_of(asked).people

    assert reasons(pair[1])[0] == f"Call logged on Wed 15 Feb 2023 by {coordinator}."


def test_call_with_the_city_that_names_nobody_is_shown(asked, ghent):
    call = InteractionFactory(kind="call", person=None, organisation=ghent.organisation)
    InteractionFactory(kind="note", person=None, organisation=ghent.organisation)

    assert acquaintances_of(asked).talks == [call]


def test_city_is_known_by_its_place_before_the_request_is_tied_to_it(asked, ghent):
    person = PersonFactory(organisation=ghent.organisation, department="Safety")
    asked.municipality = None

    assert suggested(asked) == [person]


def test_people_of_other_cities_archived_ones_and_the_linked_one_are_not_suggested(asked, ghent):
    PersonFactory(organisation=MunicipalityFactory().organisation, department="Safety")
    PersonFactory(address="robin@ghent.example", archived_at=CLOCK)
    asked.person = PersonFactory(organisation=ghent.organisation, department="Safety")

    assert suggested(asked) == []


def test_request_without_place_address_or_city_finds_nobody():
    PersonFactory(department="")
    row = VisitRequestFactory(
        place=None, municipality=None, department="", address="", phone="", requester_name=""
    )

    assert not acquaintances_of(row)


# --- Steps ---


def audited(row):
    return list(AuditEntry.objects.about(row).order_by("pk").values_list("verb", flat=True))


def contacts(person):
    return sorted(person.contact_points.values_list("value", "status"))


def test_linking_leaves_everything_we_have_of_the_person_as_it_is(asked, coordinator):
    person = PersonFactory(given="Jo", family="Other", address="jo@ghent.example")
    link_person(asked, person, at=CLOCK, by=coordinator)
    asked.refresh_from_db()
    person.refresh_from_db()

    assert asked.person == person
    assert person.name == "Jo Other"
    assert contacts(person) == [("jo@ghent.example", "verified")]
    assert audited(asked) == ["take_over_request"]


def test_linking_adds_the_address_only_when_asked_and_undo_takes_it_away(asked, coordinator):
    person = PersonFactory(address="jo@ghent.example")
    added = link_person(asked, person, add_address=True, add_phone=True, at=CLOCK, by=coordinator)
    assert [point.value for point in added] == ["robin@ghent.example", "+32 9 210 10 10"]
    assert person.contact_points.get(is_preferred=True, kind="email").value == "jo@ghent.example"

    unlink_person(asked, added=[point.pk for point in added], at=CLOCK, by=coordinator)
    asked.refresh_from_db()
    assert asked.person is None
    assert contacts(person) == [("jo@ghent.example", "verified")]
    assert audited(asked) == ["take_over_request", "unlink_person"]


def test_undo_never_removes_an_address_of_somebody_else(asked, coordinator):
    person, other = PersonFactory(), PersonFactory(address="other@ghent.example")
    link_person(asked, person, at=CLOCK, by=coordinator)
    unlink_person(asked, added=[other.contact_points.get().pk], at=CLOCK, by=coordinator)

    assert contacts(other) == [("other@ghent.example", "verified")]


def test_linking_with_an_address_they_have_already_adds_none(asked, coordinator):
    person = PersonFactory(address="ROBIN@ghent.example")

    assert link_person(asked, person, add_address=True, at=CLOCK, by=coordinator) == []


def test_linking_an_address_that_mixes_alphabets_is_refused_whole(asked, coordinator):
    asked.address = "rоbin@ghent.example"
    person = PersonFactory()
    with pytest.raises(ValidationError, match="mixes alphabets"):
        link_person(asked, person, add_address=True, at=CLOCK, by=coordinator)
    asked.refresh_from_db()

    assert asked.person is None
    assert not ContactPoint.objects.filter(person=person, value=asked.address).exists()


def test_linking_somebody_archived_is_refused(asked, coordinator):
    with pytest.raises(ValidationError, match="not in the lists"):
        link_person(asked, PersonFactory(archived_at=CLOCK), at=CLOCK, by=coordinator)


def test_taking_over_makes_a_person_of_the_city_from_the_request_s_copy(asked, coordinator, ghent):
    person = take_over_contact(asked, at=CLOCK, by=coordinator)

    assert (person.given, person.family) == ("Robin", "Example")
    assert (person.role, person.department) == ("Head of prevention", "Safety")
    assert (person.organisation, person.languages) == (ghent.organisation, ["nl"])
    assert contacts(person) == [
        ("+32 9 210 10 10", "unverified"),
        ("robin@ghent.example", "unverified"),
    ]
    asked.refresh_from_db()
    assert asked.person == person


def test_taking_over_makes_the_municipality_when_it_is_new(coordinator):
    place = PlaceFactory(name="Kortrijk")
    row = VisitRequestFactory(place=place, municipality=None, city="Kortrijk", requester_name="Kim")
    person = take_over_contact(row, at=CLOCK, by=coordinator)

    assert person.organisation == Municipality.objects.get(place=place).organisation
    assert (person.given, person.family) == ("Kim", "")


def test_taking_over_leaves_out_a_bounced_address_and_words_in_the_phone_field(asked, coordinator):
    asked.address_bounced, asked.phone = True, "after 2 pm"

    assert contacts(take_over_contact(asked, at=CLOCK, by=coordinator)) == []


def test_taking_over_somebody_whose_address_we_have_is_refused(asked, coordinator):
    PersonFactory(given="Jo", family="Other", address="robin@ghent.example")
    with pytest.raises(ValidationError, match="Jo Other has this address already"):
        take_over_contact(asked, at=CLOCK, by=coordinator)

    assert Person.objects.count() == 1


def test_taking_over_twice_is_refused(asked, coordinator):
    take_over_contact(asked, at=CLOCK, by=coordinator)
    with pytest.raises(ValidationError, match="linked to a person already"):
        take_over_contact(asked, at=CLOCK, by=coordinator)


def test_person_taken_over_from_a_sample_request_is_sample_too(asked, coordinator):
    asked.is_sample = True
    person = take_over_contact(asked, at=CLOCK, by=coordinator)

    assert person.is_sample
    assert set(person.contact_points.values_list("is_sample", flat=True)) == {True}


def test_undo_of_a_take_over_archives_the_new_person(asked, coordinator):
    person = take_over_contact(asked, at=CLOCK, by=coordinator)
    later = CLOCK + timedelta(minutes=1)
    unlink_person(asked, is_new=True, at=later, by=coordinator)
    person.refresh_from_db()

    assert person.archived_at == later
    assert asked.person is None


def test_undo_without_a_link_is_refused(asked, coordinator):
    with pytest.raises(ValidationError, match="linked to nobody"):
        unlink_person(asked, at=CLOCK, by=coordinator)
