"""The pages about people recorded twice."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.domain.merges import merge_people
from crm.domain.posts import change_post
from crm.models import ClockSetting, DuplicateScan, Lookalike, Merge, Person
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    LookalikeFactory,
    NoticeDueFactory,
    OrganisationFactory,
    PersonFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def words(answer):
    return " ".join(answer.content.decode().split())


def page_of(person, name="person-detail"):
    return reverse(f"visits:{name}", args=[person.pk])


def merge_page(kept, other):
    return reverse("visits:person-merge", args=[kept.pk, other.pk])


def test_the_list_asks_the_same_questions_for_2_and_for_20_pairs(desk):
    def asked():
        with CaptureQueriesContext(connection) as questions:
            desk.get(reverse("visits:duplicate-list"))
        return len(questions)

    def add(count):
        for _ in range(count):
            LookalikeFactory(
                one__organisation=OrganisationFactory(), other__organisation=OrganisationFactory()
            )

    add(2)
    asked()
    few = asked()
    add(18)
    assert asked() == few


def test_the_likeliest_pair_comes_first_with_its_reasons(desk):
    LookalikeFactory(bits=12.0)
    sure = LookalikeFactory(bits=30.0)
    answer = desk.get(reverse("visits:duplicate-list"))
    shown = answer.context["suggestions"][0]
    assert shown.lookalike == sure
    assert [(each.words, each.is_for) for each in shown.reasons] == [
        ("same given name", True),
        ("family name one letter apart", True),
        ("same mail address", True),
        ("other city", False),
    ]


def test_not_the_same_leaves_the_list_and_can_be_taken_back(desk):
    pair = LookalikeFactory()
    desk.post(reverse("visits:duplicate-apart", args=[pair.pk]))
    assert not Lookalike.objects.open().exists()
    desk.post(reverse("visits:duplicate-ask-again", args=[pair.pk]))
    assert Lookalike.objects.open().get() == pair


def test_side_by_side_shows_both_values_and_what_consent_becomes(desk):
    home = OrganisationFactory(name="Ghent")
    kept = PersonFactory(role="Adviser", organisation=home)
    other = PersonFactory(role="Head of Safety", organisation=home)
    ContactPointFactory(person=kept, value="a@city.example")
    ContactPointFactory(person=other, value="b@city.example")
    ConsentRecordFactory(person=kept, status="granted")
    ConsentRecordFactory(person=other, status="refused")
    answer = desk.get(merge_page(kept, other))
    lines = {line.name: (line.ours, line.theirs, line.chosen) for line in answer.context["lines"]}
    assert lines["post"] == ("Adviser, Ghent", "Head of Safety, Ghent", "kept")
    assert lines["email"] == ("a@city.example", "b@city.example", "kept")
    assert [(line.after, bool(line.warning)) for line in answer.context["consents"]] == [
        ("refused", True)
    ]
    assert Merge.objects.count() == 0


def test_choices_in_the_address_are_shown_before_anything_is_done(desk):
    kept, other = PersonFactory(), PersonFactory()
    ContactPointFactory(person=kept, value="giver@city.example")
    ContactPointFactory(person=other, value="b@city.example")
    ConsentRecordFactory(person=kept, status="granted")
    assert desk.get(merge_page(kept, other)).context["consents"][0].after == "granted"
    answer = desk.get(merge_page(kept, other), {"email": "merged"})
    assert answer.context["consents"][0].after == "unknown"


def test_merging_and_undoing_by_plain_posts(desk, coordinator):
    kept, other = PersonFactory(role="Adviser"), PersonFactory(role="Head")
    seen = desk.get(merge_page(kept, other)).context["seen"]
    desk.post(merge_page(kept, other), {"post": "merged", "seen": seen})
    kept.refresh_from_db()
    merge = Merge.objects.get()
    assert (kept.role, merge.by, list(Person.objects.live())) == ("Head", coordinator, [kept])
    assert "Take apart" in words(desk.get(page_of(kept)))
    desk.post(reverse("visits:person-unmerge", args=[merge.pk]))
    kept.refresh_from_db()
    assert (kept.role, Person.objects.live().count()) == ("Adviser", 2)


@pytest.fixture
def moved():
    """One record of somebody before they moved, and one that knows of the move."""
    ghent, antwerp = OrganisationFactory(name="Ghent"), OrganisationFactory(name="Antwerp")
    kept = PersonFactory(role="Officer", organisation=ghent)
    other = PersonFactory(role="Officer", department="Safety", organisation=ghent)
    change_post(other, on=date(2023, 2, 1), role="Head", organisation=antwerp, at=CLOCK, by=None)
    return kept, other


def posts_of(person):
    person.refresh_from_db()
    former = [(str(post), post.from_on, post.to_on) for post in person.posts.all()]
    return person.role, person.organisation.name, person.post_since, former


def test_a_post_is_taken_whole_with_the_day_it_began(desk, moved):
    kept, other = moved
    before = posts_of(kept), posts_of(other)
    page = desk.get(merge_page(kept, other), {"post": "merged"})
    assert "Head, Antwerp, since Wed 1 Feb 2023" in words(page)
    desk.post(merge_page(kept, other), {"post": "merged"})
    former = [
        ("Officer, Ghent", None, date(2023, 1, 31)),
        ("Officer, Safety, Ghent", None, date(2023, 1, 31)),
    ]
    assert posts_of(kept) == ("Head", "Antwerp", date(2023, 2, 1), former)

    desk.post(reverse("visits:person-unmerge", args=[Merge.objects.get().pk]))
    assert (posts_of(kept), posts_of(other)) == before


def test_the_post_that_was_not_taken_stays_as_a_former_one(desk, moved):
    kept, other = moved
    before = posts_of(kept), posts_of(other)
    assert "Becomes a former post: Head, Antwerp" in words(desk.get(merge_page(kept, other)))
    desk.post(merge_page(kept, other))
    former = [
        ("Head, Antwerp", date(2023, 2, 1), date(2023, 2, 15)),
        ("Officer, Safety, Ghent", None, date(2023, 1, 31)),
    ]
    assert posts_of(kept) == ("Officer", "Ghent", None, former)

    desk.post(reverse("visits:person-unmerge", args=[Merge.objects.get().pk]))
    assert (posts_of(kept), posts_of(other)) == before


def test_what_one_record_leaves_open_of_the_same_post_is_filled(desk):
    home = OrganisationFactory(name="Ghent")
    kept = PersonFactory(role="Officer", organisation=None)
    other = PersonFactory(role="Officer", organisation=home, post_since=date(2023, 1, 9))
    desk.post(merge_page(kept, other))
    assert posts_of(kept) == ("Officer", "Ghent", date(2023, 1, 9), [])


def test_two_wordings_of_a_role_in_one_house_make_no_former_post(desk):
    home = OrganisationFactory(name="Ghent")
    kept = PersonFactory(role="Officer", organisation=home)
    other = PersonFactory(role="Safety officer", organisation=home)
    assert "Becomes a former post" not in words(desk.get(merge_page(kept, other)))
    desk.post(merge_page(kept, other), {"post": "merged"})
    assert posts_of(kept) == ("Safety officer", "Ghent", None, [])


def test_a_yes_written_by_mistake_and_taken_back_does_not_make_a_merge_final(desk):
    kept, other = PersonFactory(), PersonFactory()
    ConsentRecordFactory(person=kept, purpose="newsletter", status="refused")
    desk.post(merge_page(kept, other))
    merge = Merge.objects.get()
    ConsentRecordFactory(person=kept, purpose="newsletter", status="granted", at=CLOCK)
    path = reverse("visits:person-unmerge", args=[merge.pk])
    assert "A consent was written down after the merge" in words(desk.get(path))

    withdraw = reverse("visits:person-consent-withdraw", args=[kept.pk])
    desk.post(withdraw, {"purpose": "newsletter"})
    desk.post(path)

    assert Person.objects.live().count() == 2


def test_a_yes_from_before_a_merge_that_is_taken_back_since_stands_in_the_way(desk):
    kept, other = PersonFactory(), PersonFactory()
    ConsentRecordFactory(person=kept, purpose="newsletter", status="granted")
    desk.post(merge_page(kept, other))
    desk.post(reverse("visits:person-consent-withdraw", args=[kept.pk]), {"purpose": "newsletter"})
    desk.post(reverse("visits:person-unmerge", args=[Merge.objects.get().pk]))
    assert Person.objects.live().count() == 1


def test_a_merge_of_something_changed_meanwhile_shows_both_again(desk):
    kept, other = PersonFactory(), PersonFactory()
    answer = desk.post(merge_page(kept, other), {"seen": "0-0"}, follow=True)
    assert "meanwhile" in words(answer)
    assert Merge.objects.count() == 0


def test_choices_that_are_none_are_refused_in_a_sentence(desk):
    kept, other = PersonFactory(), PersonFactory()
    answer = desk.post(merge_page(kept, other), {"post": "theirs"})
    assert answer.status_code == 200
    assert "is no choice" in words(answer)


def test_what_stands_in_the_way_is_told_before_and_instead(desk):
    one, two, three = PersonFactory(), PersonFactory(), PersonFactory(family="Bergan")
    first = merge_people(one, two, at=CLOCK, by=None)
    one.refresh_from_db()
    merge_people(three, one, at=CLOCK, by=None)
    path = reverse("visits:person-unmerge", args=[first.pk])
    assert "take that apart first" in words(desk.get(path))
    assert "take that apart first" in words(desk.post(path))
    assert Merge.objects.standing().count() == 2


def test_a_person_page_says_who_looks_like_them_and_who_was_met_first(desk):
    pair = LookalikeFactory(other__family="Twin-Name")
    assert "Twin-Name" in words(desk.get(page_of(pair.one)))
    found = desk.get(page_of(pair.one, "person-twin"), {"q": "twin-name"}).context["found"]
    assert found == [pair.other]


def test_adding_somebody_who_is_there_already_asks_first_and_keeps_what_was_typed(desk):
    known = PersonFactory(given="Anna", family="Karlsborg")
    ContactPointFactory(person=known, value="anna@city.example")
    typed = {"given": "Anna", "family": "Karlsborgh", "address": "anna@city.example"}
    typed["origin"] = "self"
    before = Person.objects.count()

    answer = desk.post(reverse("visits:person-new"), typed)

    assert [each["person"] for each in answer.context["alike"]] == [known]
    # It is the first thing of the form and has the focus; Enter in a field still asks the lists.
    form = words(answer).partition('<form class="form"')[2]
    assert 0 < form.index("autofocus><h2>Perhaps in the lists already") < form.index("<label")
    assert form.index("Add the person") < form.index('name="is_new"')
    assert answer.context["form"]["family"].value() == "Karlsborgh"
    assert Person.objects.count() == before
    desk.post(reverse("visits:person-new"), typed | {"is_new": "1"})
    assert Person.objects.count() == before + 1


def test_source_and_basis_of_a_new_person_are_not_called_optional(desk):
    page = words(desk.get(reverse("visits:person-new")))
    assert 'for="id_phone">Phone <span class="field-optional">' in page
    assert 'for="id_source">Source</label>' in page
    assert 'for="id_basis">Basis</label>' in page


def test_what_two_merged_records_are_to_be_told_of_one_list_stands_once(desk):
    pair = PersonFactory(), PersonFactory()
    for person in pair:
        for source in ("signed list", "fair"):
            NoticeDueFactory(person=person, source=source, due_on=date(2023, 3, 1))
    merge_people(*pair, at=CLOCK, by=None)
    page = words(desk.get(page_of(pair[0])))
    assert page.count("<dt>To be told</dt>") == 2


def test_an_address_elsewhere_is_no_way_back(desk):
    pair = LookalikeFactory()
    answer = desk.get(merge_page(pair.one, pair.other), {"next": "https://evil.example/"})
    assert "evil.example" not in words(answer)


def test_the_last_look_is_as_old_as_the_clock_says(desk):
    DuplicateScan.objects.create(state="done", people=69, beat_at=timezone.now())
    shown = words(desk.get(reverse("visits:duplicate-list")))
    assert "69 people were in the lists and looked at on" in shown
    assert "Wed 15 Feb 2023" in shown
    assert f"{timezone.now():%Y}" not in shown.partition('id="scan"')[2].partition("</div>")[0]


def test_the_search_for_the_other_record_offers_no_sample_for_a_real_person(desk):
    real = PersonFactory(given="Ann", family="Larsen")
    twin = PersonFactory(given="Anna", family="Larsen")
    PersonFactory(given="Anne", family="Larsen", is_sample=True)
    page = desk.get(page_of(real, "person-twin"), {"q": "larsen"})
    assert page.context["found"] == [twin]
