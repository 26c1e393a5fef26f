"""A person's posts: a move keeps the past, and can be taken back."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.domain.posts import add_post, change_post, remove_post, take_back_post
from crm.models import Organisation, Person, Post
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    InteractionFactory,
    MergeFactory,
    OrganisationFactory,
    ParticipationFactory,
    PersonFactory,
    PostFactory,
    UserFactory,
)
from visits.domain import timeline

pytestmark = pytest.mark.django_db
ACT = {"at": CLOCK, "by": None}


def moved() -> tuple[Person, Organisation, Organisation]:
    old, new = OrganisationFactory(name="Old Town"), OrganisationFactory(name="New Town")
    person = PersonFactory(role="clerk", organisation=old)
    change_post(person, on=date(2023, 2, 1), role="head", organisation=new, **ACT)
    return person, old, new


def test_a_move_puts_the_present_post_into_the_past():
    person, old, new = moved()
    person.refresh_from_db()
    assert (person.role, person.organisation, person.post_since) == ("head", new, date(2023, 2, 1))
    former = person.posts.get()
    assert (former.role, former.organisation, former.from_on, former.to_on) == (
        "clerk",
        old,
        None,
        date(2023, 1, 31),
    )
    assert list(Person.objects.search("new town")) == [person]


def test_a_move_taken_back_leaves_nothing_behind():
    person, old, _new = moved()
    take_back_post(person, **ACT)
    person.refresh_from_db()
    assert (person.role, person.organisation, person.post_since) == ("clerk", old, None)
    assert not Post.objects.exists()
    with pytest.raises(ValidationError, match="no move to take back"):
        take_back_post(person, **ACT)


def test_a_post_to_come_is_refused_and_changes_nothing():
    person, by = PersonFactory(role="clerk"), UserFactory(time_zone="Europe/Oslo")
    before = Person.objects.values().get(pk=person.pk)
    for day in (date(2029, 2, 18), date(2023, 2, 16)):
        with pytest.raises(ValidationError, match="still to come"):
            change_post(person, on=day, role="head", at=CLOCK, by=by)
        with pytest.raises(ValidationError, match="still to come"):
            add_post(person, to_on=day, role="trainee", at=CLOCK, by=by)
    assert Person.objects.values().get(pk=person.pk) == before
    assert not Post.objects.filter(person=person, role="trainee").exists()


def test_a_post_may_begin_today_where_who_writes_it_down_is():
    """15 February in Brussels, 16 February in Auckland."""
    late, there = CLOCK.replace(hour=20), UserFactory(time_zone="Pacific/Auckland")
    person = PersonFactory(role="clerk")
    change_post(person, on=date(2023, 2, 16), role="head", at=late, by=there)
    assert person.role == "head"


def test_days_out_of_order_and_empty_posts_are_refused():
    person, _old, new = moved()
    with pytest.raises(ValidationError, match="present post already"):
        change_post(person, on=date(2023, 3, 1), role="head", organisation=new, **ACT)
    with pytest.raises(ValidationError, match="began on that day or later"):
        change_post(person, on=date(2023, 2, 1), role="mayor", **ACT)
    for values, words in (
        ({"to_on": date(2020, 1, 1)}, "Write a role"),
        ({"to_on": date(2020, 1, 1), "from_on": date(2021, 1, 1), "role": "x"}, "lies before"),
        ({"to_on": date(2023, 2, 3), "role": "x"}, "had begun by then"),
    ):
        with pytest.raises(ValidationError, match=words):
            add_post(person, **values, **ACT)
    post = add_post(person, to_on=date(2020, 1, 1), role="intern", **ACT)
    remove_post(post, **ACT)
    assert person.posts.count() == 1


def titles(organisation: Organisation) -> str:
    scope = timeline.of_organisation(organisation, zone="UTC", now=CLOCK)
    entries = timeline.gather(scope, names_people=True)
    return " | ".join(f"{entry.title} {entry.body} {entry.who}" for entry in entries)


def test_the_past_stays_in_both_timelines_and_the_present_only_in_the_new_one():
    person, old, new = moved()
    part = ParticipationFactory(person=person, event__starts_on=date(2023, 1, 30))
    InteractionFactory(person=person, at=CLOCK - timedelta(days=30), text="while a clerk")
    InteractionFactory(person=person, at=CLOCK, text="while a head")
    ConsentRecordFactory(person=person, at=CLOCK - timedelta(days=30), evidence="signed as clerk")
    before, after = titles(old), titles(new)
    for words in (part.event.name, "while a clerk", "signed as clerk", "Until then: clerk"):
        assert words in before
    assert "while a head" not in before
    for words in (part.event.name, "while a clerk", "while a head"):
        assert words in after
    own = timeline.gather(timeline.of_person(person, zone="UTC", now=CLOCK), kinds=["post"])
    assert [entry.title for entry in own] == ["Until then: clerk, Old Town"]


def test_former_posts_of_a_merged_record_move_with_it():
    merged, kept = PersonFactory(), PersonFactory()
    post = PostFactory(person=merged)
    MergeFactory(kept=kept, merged=merged)
    post.refresh_from_db()
    assert post.person == kept
