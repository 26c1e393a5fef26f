"""What lists can be narrowed to."""

from datetime import date

import pytest
from django_filters import FilterSet

from crm import filters as crm_filters
from crm.filters import (
    EventFilter,
    FollowUpFilter,
    KeptFilter,
    ListFilter,
    OrganisationFilter,
    OutgoingMailFilter,
    ParticipationFilter,
    PersonFilter,
)
from crm.models import (
    ClockSetting,
    ConsentRecord,
    ContactPoint,
    Event,
    FollowUp,
    Organisation,
    OutgoingMail,
    Participation,
    Person,
)
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    EventFactory,
    FollowUpFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    ParticipationFactory,
    PersonFactory,
)
from visits import filters as visit_filters

pytestmark = pytest.mark.django_db
Status = ConsentRecord.Status


def found(filter_class, model, **query):
    chosen = filter_class(query, queryset=model.objects.all())
    assert chosen.is_valid(), chosen.form.errors
    return list(chosen.qs)


def filter_sets():
    known = [*vars(crm_filters).values(), *vars(visit_filters).values()]
    return sorted(
        {each for each in known if isinstance(each, type) and issubclass(each, FilterSet)}
        - {FilterSet, ListFilter, KeptFilter},
        key=lambda each: each.__name__,
    )


@pytest.mark.parametrize("filter_class", filter_sets(), ids=lambda each: each.__name__)
def test_no_number_asked_for_is_too_large_for_the_database(filter_class):
    model = filter_class._meta.model
    for name in filter_class.base_filters:
        chosen = filter_class({name: "9" * 20}, queryset=model.objects.all())
        if chosen.is_valid():
            assert isinstance(list(chosen.qs), list), name


def test_person_filter_shows_live_people_unless_asked_for_the_archive():
    live, archived = PersonFactory(), PersonFactory(archived_at=CLOCK)
    assert found(PersonFilter, Person) == [live]
    assert found(PersonFilter, Person, kept="archived") == [archived]
    assert found(PersonFilter, Person, kept="all", sort="name") == [live, archived]


def test_person_filter_by_newsletter_counts_the_latest_answer_alone():
    took_back, never = PersonFactory(), PersonFactory()
    ConsentRecordFactory(person=took_back, status=Status.GRANTED, at=CLOCK.replace(day=1))
    ConsentRecordFactory(person=took_back, status=Status.WITHDRAWN, at=CLOCK.replace(day=3))
    assert found(PersonFilter, Person, newsletter="granted") == []
    assert found(PersonFilter, Person, newsletter="withdrawn") == [took_back]
    assert found(PersonFilter, Person, newsletter="never_asked") == [never]


def test_person_filter_takes_several_countries_as_one_or_the_other():
    people = [PersonFactory(organisation__country=code) for code in ("BE", "IT", "NO")]
    assert found(PersonFilter, Person, country=["BE", "IT"], sort="country") == people[:2]


def test_person_filter_by_attendance_means_the_event_asked_for():
    event, other = EventFactory(), EventFactory()
    came = ParticipationFactory(event=event).person
    ParticipationFactory(event=event, status=Participation.Status.NO_SHOW)
    missed = ParticipationFactory(event=event, status=Participation.Status.NO_SHOW).person
    ParticipationFactory(event=other, person=missed)
    assert found(PersonFilter, Person, event=event.slug, came=["attended"]) == [came]


def test_person_filter_says_whom_mail_reaches():
    reached = PersonFactory(address="a@city.example")
    bounced = PersonFactory()
    ContactPointFactory(person=bounced, status=ContactPoint.Status.BOUNCED)
    assert found(PersonFilter, Person, reachable="yes") == [reached]
    assert found(PersonFilter, Person, reachable="no") == [bounced]


@pytest.mark.parametrize("words", ["lodz", "Łódź", "łódź LODZ"])
def test_person_filter_searches_any_spelling(words):
    person = PersonFactory(organisation__name="Łódź (municipality)")
    PersonFactory(organisation__name="Gdańsk (municipality)")
    assert found(PersonFilter, Person, q=words) == [person]


@pytest.mark.parametrize(
    "query",
    [{"type": "dragon"}, {"sort": "password"}, {"organisation": "1e30"}, {"event": "nowhere"}],
)
def test_person_filter_refuses_what_it_does_not_know(query):
    assert not PersonFilter(query, queryset=Person.objects.all()).is_valid()


def test_sorting_never_shuffles_equal_rows():
    people = [PersonFactory(role="adviser", family="Same", given="Same") for _n in range(5)]
    assert found(PersonFilter, Person, sort="role") == people


def test_organisation_filter_by_event_wants_somebody_who_came():
    event = EventFactory()
    came = ParticipationFactory(event=event).person.organisation
    ParticipationFactory(event=event, status=Participation.Status.NO_SHOW)
    OrganisationFactory()
    assert found(OrganisationFilter, Organisation, event=event.slug) == [came]


def test_event_filter_by_days_finds_events_that_touch_them():
    event = EventFactory(starts_on=date(2023, 1, 30), ends_on=date(2023, 1, 31))
    EventFactory(starts_on=date(2023, 3, 1), ends_on=date(2023, 3, 2))
    assert found(EventFilter, Event, after="2023-01-31", before="2023-02-10") == [event]


def test_roster_filter_searches_people():
    row = ParticipationFactory(person__family="Sample-Bøg")
    ParticipationFactory()
    assert found(ParticipationFilter, Participation, q="bog") == [row]


def test_follow_up_filter_knows_overdue_by_the_clock():
    ClockSetting.objects.fix(CLOCK)
    late = FollowUpFactory(due_on=date(2023, 2, 14))
    today = FollowUpFactory(due_on=date(2023, 2, 15))
    done = FollowUpFactory(due_on=date(2023, 2, 13), done_on=date(2023, 2, 13))
    assert found(FollowUpFilter, FollowUp, state="overdue") == [late]
    assert found(FollowUpFilter, FollowUp, state="today") == [today]
    assert found(FollowUpFilter, FollowUp, state="open") == [late, today]
    assert found(FollowUpFilter, FollowUp, state="done") == [done]
    assert found(FollowUpFilter, FollowUp, state="all") == [done, late, today]


def test_mail_filter_finds_what_needs_a_person():
    unknown = OutgoingMailFactory(state=OutgoingMail.State.UNKNOWN)
    sent = OutgoingMailFactory(state=OutgoingMail.State.SENT)
    assert found(OutgoingMailFilter, OutgoingMail, needs="yes") == [unknown]
    assert found(OutgoingMailFilter, OutgoingMail, needs="no") == [sent]
    assert found(OutgoingMailFilter, OutgoingMail, q=sent.recipient) == [sent]
