"""Two records of one human: what becomes one, what stays, and that it comes apart again."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.domain import merges as verbs
from crm.domain.merges import (
    CHOSEN,
    FIRST,
    JOINED,
    first_contact_of,
    merge_people,
    moving_words,
    unmerge_people,
)
from crm.domain.people import add_contact_point, edit_person, remove_contact_point
from crm.models import (
    AuditEntry,
    ConsentRecord,
    ContactPoint,
    FollowUp,
    Merge,
    OutgoingMail,
    Participation,
    Person,
)
from crm.models.consent import Purpose
from tests.factories.crm import (
    CLOCK,
    ConsentRecordFactory,
    ContactPointFactory,
    DataRequestFactory,
    EventFactory,
    FollowUpFactory,
    InitiativeFactory,
    InteractionFactory,
    MessageFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    ParticipationFactory,
    PersonFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.visits import HostFactory, VisitRequestFactory

pytestmark = pytest.mark.django_db
Kind, Point = ContactPoint.Kind, ContactPoint.Status
Said = ConsentRecord.Status
NEWSLETTER = Purpose.NEWSLETTER
# The log of who did what grows by a merge and by taking it apart, and so it should.
LOGS = {"crm_auditentry", "crm_auditnote", "crm_merge"}


def now(by=None):
    return {"at": CLOCK, "by": by}


def merge(kept, merged, **choices):
    return merge_people(kept, merged, choices=choices, **now())


def dump():
    """Every row of every table but the logs, with all its columns, in an order of its own."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.db_table not in LOGS:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
                found[model._meta.db_table] = sorted(map(repr, cursor.fetchall()))
    return found


def two(**more):
    return PersonFactory(given="Anna", family="Larsen", **more), PersonFactory(
        given="Anna", family="Larsne"
    )


def newsletter_of(person):
    row = ConsentRecord.objects.filter(person=person, purpose=NEWSLETTER).current().first()
    return row.status if row else None


def test_everything_that_hangs_on_the_merged_record_hangs_on_the_kept_one():
    kept, merged = two()
    rows = [
        ContactPointFactory(person=merged, value="al@mail.example"),
        ParticipationFactory(person=merged),
        InteractionFactory(person=merged),
        FollowUpFactory(person=merged),
        MessageFactory(person=merged),
        DataRequestFactory(person=merged),
        VisitRequestFactory(person=merged),
        HostFactory(person=merged),
    ]
    initiative = InitiativeFactory(name="COSSEC")
    merged.initiatives.add(initiative)
    session = SessionFactory()
    session.speakers.add(merged)

    merge(kept, merged)

    for row in rows:
        row.refresh_from_db()
        assert row.person == kept, row
    assert initiative in kept.initiatives.all()
    assert list(session.speakers.all()) == [kept]
    merged.refresh_from_db()
    assert (merged.merged_into, list(Person.objects.live())) == (kept, [kept])


def test_the_joined_record_is_found_by_all_addresses_and_its_promises_by_its_name():
    kept, merged = PersonFactory(given="Anna", family="Larsen"), PersonFactory(given="Ana")
    ContactPointFactory(person=merged, value="al@mail.example")
    promise = FollowUpFactory(person=merged, text="Send the guide")

    merge(kept, merged)

    assert list(Person.objects.live().search("al@mail.example")) == [kept]
    assert list(FollowUp.objects.search("Larsen guide")) == [promise]


def test_each_field_is_taken_from_the_side_chosen():
    kept, merged = two(role="Adviser", notes="Likes tea.", languages=["nb"])
    edit_person(merged, {"role": "Head", "notes": "Likes maps.", "languages": ["en"]}, **now())

    merge(kept, merged, post="merged", family="kept", notes="both", languages="both")

    kept.refresh_from_db()
    assert (kept.family, kept.role, kept.languages) == ("Larsen", "Head", ["nb", "en"])
    assert kept.notes == "Likes tea.\n\nLikes maps."


def test_an_empty_field_is_filled_without_asking():
    kept, merged = PersonFactory(role="", organisation=None), PersonFactory(role="Head of Security")
    merge(kept, merged)
    kept.refresh_from_db()
    assert kept.role == "Head of Security"


def test_the_same_address_at_both_stays_at_both_and_the_caution_wins():
    kept, merged = two()
    ours = ContactPointFactory(person=kept, value="Anna@city.example", status=Point.VERIFIED)
    theirs = ContactPointFactory(person=merged, value="anna@City.example", status=Point.SUPPRESSED)

    merge(kept, merged)

    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.person, ours.status) == (kept, Point.SUPPRESSED)
    assert (theirs.person, ContactPoint.objects.count()) == (merged, 2)


def test_one_address_is_used_first():
    kept, merged = two()
    ContactPointFactory(person=kept, value="a@city.example")
    wanted = ContactPointFactory(person=merged, value="b@city.example")

    merge(kept, merged, email="merged")

    assert list(kept.contact_points.filter(is_preferred=True)) == [wanted]


def test_a_part_in_the_same_event_is_counted_once_and_keeps_both_sources():
    kept, merged = two()
    event = EventFactory()
    shared = {"event": event, "day_1": None, "day_2": None}
    ours = ParticipationFactory(person=kept, status="registered", source="web form", **shared)
    theirs = ParticipationFactory(person=merged, status="attended", source="signed list", **shared)

    merge(kept, merged)

    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.person, ours.status, ours.source) == (kept, "attended", "signed list")
    assert (theirs.person, theirs.status, theirs.source) == (merged, "registered", "web form")
    assert list(Participation.objects.attended().of_people_counted_once()) == [ours]


def test_first_contact_survives_merging():
    kept, merged = two()
    first = EventFactory(name="Rotterdam", starts_on=date(2022, 1, 30), ends_on=date(2022, 1, 31))
    later = EventFactory(name="Oslo", starts_on=date(2023, 1, 30), ends_on=date(2023, 1, 31))
    ParticipationFactory(person=kept, event=later, source="web form")
    ParticipationFactory(person=merged, event=later, source="second list")
    ParticipationFactory(person=merged, event=first, source="signed list")

    merge(kept, merged)

    met = first_contact_of(kept, zone="Europe/Oslo")
    assert (met.on, met.words, met.source) == (first.starts_on, "Rotterdam", "signed list")


@pytest.mark.parametrize("state", ["queued", "held", "held_sample", "cancelled"])
def test_a_letter_that_was_never_sent_is_no_first_contact(state):
    person = PersonFactory()
    mail = OutgoingMailFactory(message__person=person, message__at=CLOCK, state=state)
    assert first_contact_of(person, zone="Europe/Oslo") is None
    MessageFactory(person=person, at=CLOCK, draft=True)
    assert first_contact_of(person, zone="Europe/Oslo") is None

    OutgoingMail.objects.filter(pk=mail.pk).update(state="sent")
    assert first_contact_of(person, zone="Europe/Oslo").words == "Mail"


# --- Consent ---


@pytest.mark.parametrize("kept_says", [Said.GRANTED, Said.REFUSED, Said.WITHDRAWN, Said.UNKNOWN])
@pytest.mark.parametrize("merged_says", [Said.GRANTED, Said.REFUSED, Said.WITHDRAWN, Said.PENDING])
def test_the_stricter_answer_wins(kept_says, merged_says):
    kept, merged = two()
    # The yes came last, and does not win for that.
    for days, (person, said) in enumerate(
        sorted(((kept, kept_says), (merged, merged_says)), key=lambda pair: pair[1] == "granted")
    ):
        at = CLOCK - timedelta(days=9 - days)
        ConsentRecordFactory(person=person, purpose=NEWSLETTER, status=said, at=at)

    merge(kept, merged)

    strict = ConsentRecord.STRICTNESS
    assert newsletter_of(kept) == min(kept_says, merged_says, key=strict.index)


def test_a_yes_counts_only_for_an_address_its_giver_had():
    """Merged by mistake: nobody is written to who never agreed."""
    kept, merged = two()
    ContactPointFactory(person=kept, value="other@city.example")
    ContactPointFactory(person=merged, value="giver@city.example")
    ConsentRecordFactory(person=merged, purpose=NEWSLETTER, status=Said.GRANTED)

    merge(kept, merged)

    assert newsletter_of(kept) == Said.UNKNOWN
    assert not ConsentRecord.objects.granted(NEWSLETTER).filter(person=kept).exists()


def test_a_yes_of_the_kept_record_does_not_reach_the_others_address():
    kept, merged = two()
    ContactPointFactory(person=kept, value="giver@city.example")
    ContactPointFactory(person=merged, value="other@city.example")
    ConsentRecordFactory(person=kept, purpose=NEWSLETTER, status=Said.GRANTED)

    merge(kept, merged, email="merged")

    assert newsletter_of(kept) == Said.UNKNOWN


def test_a_yes_for_the_same_address_stays_with_its_words():
    kept, merged = two()
    for person in (kept, merged):
        ContactPointFactory(person=person, value="anna@city.example")
    said = ConsentRecordFactory(person=merged, purpose=NEWSLETTER, status=Said.GRANTED)

    merge(kept, merged)

    row = ConsentRecord.objects.granted(NEWSLETTER).get(person=kept)
    assert (row.text, row.language, row.channel) == (said.text, said.language, "merge")
    said.refresh_from_db()
    assert said.person == merged


# --- Refusals ---


@pytest.mark.parametrize(
    "state", [{"archived_at": CLOCK}, {"erased_at": CLOCK}, {"is_sample": True}, "merged"]
)
def test_what_is_not_in_the_lists_is_not_merged(state):
    kept = PersonFactory()
    merged = PersonFactory(**({"merged_into": PersonFactory()} if state == "merged" else state))
    for pair in ((kept, merged), (merged, kept)):
        with pytest.raises(ValidationError):
            merge(*pair)
    assert Merge.objects.count() == 0


def test_a_record_is_not_merged_with_itself():
    person = PersonFactory()
    with pytest.raises(ValidationError, match="one record already"):
        merge(person, person)


@pytest.mark.parametrize("choices", [{"key": "kept"}, {"given": "both"}, {"role": "theirs"}])
def test_a_choice_that_is_none_is_refused(choices):
    with pytest.raises(ValidationError, match="no choice"):
        merge(*two(), **choices)


def test_a_record_changed_meanwhile_is_looked_at_again():
    kept, merged = two()
    seen = verbs.seen_stamp(kept, merged)
    edit_person(merged, {"role": "Head"}, **now())
    with pytest.raises(ValidationError, match="meanwhile"):
        merge_people(kept, merged, seen=seen, **now())


# --- Taking apart ---


def test_what_was_added_since_stays_with_the_kept_record():
    kept, merged = two()
    ContactPointFactory(person=merged, value="al@mail.example")
    done = merge(kept, merged)
    note = InteractionFactory(person=kept)
    added = add_contact_point(kept, kind=Kind.EMAIL, value="new@city.example", **now())

    unmerge_people(done, **now())

    note.refresh_from_db()
    kept.refresh_from_db()
    assert (note.person, list(kept.contact_points.all())) == (kept, [added])
    assert [point.value for point in merged.contact_points.all()] == ["al@mail.example"]
    assert list(Person.objects.live().search("new@city.example")) == [kept]
    assert set(Person.objects.live()) == {kept, merged}


def test_a_field_edited_since_stands_in_the_way_and_is_named():
    kept, merged = PersonFactory(role="", organisation=None), PersonFactory(role="Head")
    done = merge(kept, merged)
    kept.refresh_from_db()
    edit_person(kept, {"role": "Director"}, **now())

    with pytest.raises(ValidationError) as refusal:
        unmerge_people(done, **now())

    assert len(refusal.value.messages) == 1
    assert "“role” was changed since" in refusal.value.messages[0]
    merged.refresh_from_db()
    assert merged.merged_into == kept


def test_a_later_edit_of_another_field_is_kept():
    kept, merged = PersonFactory(role="", organisation=None), PersonFactory(role="Head")
    done = merge(kept, merged)
    kept.refresh_from_db()
    edit_person(kept, {"department": "Security"}, **now())

    unmerge_people(done, **now())

    kept.refresh_from_db()
    assert (kept.role, kept.department) == ("", "Security")
    assert list(Person.objects.search("Head")) == [merged]


def test_an_address_removed_since_does_not_come_back():
    kept, merged = two()
    point = ContactPointFactory(person=merged, value="al@mail.example")
    done = merge(kept, merged)
    point.refresh_from_db()
    remove_contact_point(point, **now())

    unmerge_people(done, **now())

    assert ContactPoint.objects.count() == 0


def test_merges_come_apart_in_the_order_last_in_first_out():
    one, two_, three = PersonFactory(), PersonFactory(), PersonFactory()
    first, second = merge(two_, three), None
    two_.refresh_from_db()
    second = merge(one, two_)
    first.refresh_from_db()
    assert any("take that apart first" in words for words in verbs.obstacles(first))

    unmerge_people(second, **now())
    first.refresh_from_db()
    unmerge_people(first, **now())

    assert Person.objects.live().count() == 3


def test_records_merged_before_hang_on_the_last_one():
    one, two_, three = PersonFactory(), PersonFactory(), PersonFactory()
    merge(two_, three)
    two_.refresh_from_db()
    merge(one, two_)
    assert set(Person.objects.filter(merged_into=one)) == {two_, three}


def test_a_consent_said_since_stands_in_the_way():
    kept, merged = two()
    done = merge(kept, merged)
    ConsentRecordFactory(person=kept, purpose=NEWSLETTER, status=Said.GRANTED)
    assert any("consent" in words for words in verbs.obstacles(done))


def test_nothing_is_taken_apart_twice_nor_after_an_erasure():
    kept, merged = two()
    done = merge(kept, merged)
    unmerge_people(done, **now())
    done.refresh_from_db()
    with pytest.raises(ValidationError, match="already"):
        unmerge_people(done, **now())
    again = merge(kept, Person.objects.get(pk=merged.pk))
    Merge.objects.filter(pk=again.pk).update(journal=None)
    again.refresh_from_db()
    with pytest.raises(ValidationError, match="journal"):
        unmerge_people(again, **now())


def test_both_records_log_who_merged_and_who_took_apart():
    kept, merged = two()
    by = UserFactory()
    unmerge_people(merge_people(kept, merged, **now(by)), **now(by))
    for person in (kept, merged):
        entries = AuditEntry.objects.about(person).order_by("pk")
        assert [(each.verb, each.by) for each in entries] == [
            ("merge_person", by),
            ("unmerge_person", by),
        ]


# --- Merge, then take apart: nothing has changed ---

words = st.text("abcøł", max_size=6)
sides = st.sampled_from(["kept", "merged"])


def person_values():
    return st.fixed_dictionaries(
        {
            "given": st.text("abcø", min_size=1, max_size=6),
            "family": words,
            "role": words,
            "department": words,
            "post_since": st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
            "notes": words,
            "languages": st.lists(st.sampled_from(["en", "nb", "pl"]), unique=True),
        }
    )


def hanging_rows():
    """Rows of both records; few values, so that the same address and event meet often."""
    address = st.tuples(
        st.sampled_from(["a@x.example", " A@X.example", "b@x.example"]),
        st.sampled_from(Point.values),
        st.booleans(),
    )
    part = st.tuples(
        st.integers(0, 2),
        st.sampled_from(Participation.Status.values),
        st.sampled_from([None, True, False]),
    )
    consent = st.tuples(st.sampled_from(Purpose.values[:3]), st.sampled_from(Said.values))
    return st.fixed_dictionaries(
        {
            "addresses": st.lists(
                address, max_size=3, unique_by=lambda each: each[0].strip().casefold()
            ),
            "parts": st.lists(part, max_size=3, unique_by=lambda each: each[0]),
            "consents": st.lists(consent, max_size=3),
            "initiatives": st.sets(st.integers(0, 1)),
            "sessions": st.sets(st.integers(0, 1)),
            "others": st.sets(
                st.sampled_from(["note", "promise", "mail", "right", "request", "host"])
            ),
        }
    )


def choices():
    plain = {name: sides for name in (*CHOSEN, *FIRST) if name not in JOINED}
    joined = dict.fromkeys(JOINED, st.sampled_from(["kept", "merged", "both"]))
    return st.fixed_dictionaries({}, optional=plain | joined)


OTHERS = {
    "note": InteractionFactory,
    "promise": FollowUpFactory,
    "mail": MessageFactory,
    "right": DataRequestFactory,
    "request": VisitRequestFactory,
    "host": HostFactory,
}


def hang(person, rows, events, initiatives, sessions):
    for value, status, preferred in rows["addresses"]:
        ContactPointFactory(person=person, value=value, status=status, is_preferred=preferred)
    for event, status, day in rows["parts"]:
        ParticipationFactory(person=person, event=events[event], status=status, day_1=day)
    for days, (purpose, status) in enumerate(rows["consents"]):
        at = CLOCK - timedelta(days=days)
        ConsentRecordFactory(person=person, purpose=purpose, status=status, at=at)
    person.initiatives.set(initiatives[each] for each in rows["initiatives"])
    person.sessions_led.set(sessions[each] for each in rows["sessions"])
    for kind in rows["others"]:
        OTHERS[kind](person=person)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    values=st.tuples(person_values(), person_values()),
    rows=st.tuples(hanging_rows(), hanging_rows()),
    chosen=choices(),
    merged_before=st.booleans(),
)
def test_merge_then_unmerge_is_the_identity(values, rows, chosen, merged_before):
    with transaction.atomic():
        events, sessions = [EventFactory() for _ in range(3)], [SessionFactory() for _ in range(2)]
        initiatives = [InitiativeFactory(name=f"I{n}") for n in range(2)]
        people = [PersonFactory(organisation=OrganisationFactory(), **each) for each in values]
        for person, each in zip(people, rows, strict=True):
            hang(person, each, events, initiatives, sessions)
        kept, merged = people
        if merged_before:
            PersonFactory(merged_into=merged)
        before = dump()

        done = merge_people(kept, merged, choices=chosen, **now())
        joined = dump()
        unmerge_people(done, **now())
        after = dump()

        # Rows only move: none is lost, and one for each new answer is added.
        for table in before:
            assert len(joined[table]) >= len(before[table]), table
        assert joined["crm_person"] != before["crm_person"]
        assert {name for name in before if before[name] != after[name]} == set()
        transaction.set_rollback(True)


def test_what_moves_is_told_in_words():
    counts = {"follow ups": 1, "interactions": 1, "contact points": 2, "": 3}
    assert moving_words(counts) == ["1 follow-up", "1 interaction", "2 contact points"]
    assert moving_words({"follow ups": 2}) == ["2 follow-ups"]
