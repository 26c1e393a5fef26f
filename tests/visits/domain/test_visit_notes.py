"""A host's notes about a visit: kept once each, also when the visit has changed meanwhile."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from crm.models import AuditEntry
from tests.factories.crm import CLOCK
from tests.factories.visits import HostFactory, VisitFactory
from visits.domain.history import visit_timeline
from visits.domain.visit_notes import change_words, changes_since, mark_of, write_note
from visits.models import Visit, VisitNote

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return VisitFactory(address="Town hall", notes="Ask for Ann.")


def write(visit, text="They want cameras.", **changes):
    given = {"key": uuid4(), "at": CLOCK, "by": visit.host.user} | changes
    return write_note(visit, text, **given)


def test_note_sent_again_is_the_same_note(visit):
    key = uuid4()
    first = write(visit, key=key)
    assert write(visit, key=key, at=CLOCK + timedelta(hours=1)) == first
    assert write(visit, "Other words", key=key).text == "They want cameras."
    assert VisitNote.objects.count() == 1
    assert AuditEntry.objects.about(visit).filter(verb="write_note").count() == 1


def test_database_takes_no_second_note_of_the_same_key(visit):
    note = write(visit)
    twin = VisitNote(
        visit=visit, key=note.key, text="twin", written_at=CLOCK, arrived_at=CLOCK, by=note.by
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)


def test_same_words_in_two_notes_are_two_notes(visit):
    write(visit)
    write(visit)
    assert visit.host_notes.count() == 2


def test_key_of_another_note_is_refused(visit):
    note = write(visit)
    with pytest.raises(ValidationError, match="number of another one"):
        write(VisitFactory(host=visit.host), key=note.key)
    with pytest.raises(ValidationError, match="number of another one"):
        write(visit, key=note.key, by=HostFactory().user)
    assert VisitNote.objects.get() == note


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  \n\x00 ", "Write the note first."),
        ("x" * 4_001, "4001 characters; shorten it to 4000"),
        ("ø" * 160_000, "160000 characters"),
    ],
)
def test_what_is_no_note_is_said_in_one_sentence(visit, text, sentence):
    with pytest.raises(ValidationError, match=sentence):
        write(visit, text)
    assert not VisitNote.objects.exists()


def test_control_characters_and_turned_letters_are_left_out(visit):
    assert write(visit, "a\x07b\u202ec\nd").text == "abc\nd"


@pytest.mark.parametrize(
    ("away", "kept"),
    [
        (timedelta(hours=-3), timedelta(hours=-3)),
        (timedelta(hours=3), timedelta(0)),
        (timedelta(days=-4_000), timedelta(0)),
    ],
)
def test_moment_of_a_phone_counts_when_it_can_be(visit, away, kept):
    note = write(visit, written_at=CLOCK + away)
    assert (note.written_at, note.arrived_at) == (CLOCK + kept, CLOCK)


def test_timeline_says_when_a_note_was_written_and_when_it_arrived(visit):
    write(visit, written_at=CLOCK - timedelta(hours=3), seen=mark_of(visit))
    (entry,) = [row for row in visit_timeline(visit, zone="Europe/Oslo") if row["body"]]
    assert entry["body"] == "They want cameras."
    assert entry["title"] == "Note"
    assert entry["at"] == CLOCK - timedelta(hours=3)
    assert entry["who"].endswith("arrived Wed 15 Feb 2023, 10:00 Oslo (CET)")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"address": "Library"}, "place"),
        ({"notes": "Ask for Bea."}, "notes"),
        ({"local_contact_phone": "+47 1"}, "contact"),
        ({"state": "cancelled"}, "state"),
        ({"state": "briefed"}, None),
        ({"aim": "a pilot"}, None),
    ],
)
def test_what_a_copy_of_the_visit_did_not_know_is_named(visit, change, part):
    seen = mark_of(visit)
    Visit.objects.filter(pk=visit.pk).update(**change)
    now = Visit.objects.get()
    assert changes_since(now, seen) == ([part] if part else [])
    note = write(now, seen=seen)
    assert note.visit_had_changed is bool(part)
    words = change_words(now, seen)
    assert all(value in words for value in change.values() if part in ("place", "notes"))


def test_note_about_a_moved_visit_is_kept_and_the_new_time_told(visit):
    seen = mark_of(visit)
    Visit.objects.filter(pk=visit.pk).update(state="postponed")
    newer = VisitFactory(replaces=visit, host=visit.host, starts_at=CLOCK + timedelta(days=9))
    moved = Visit.objects.get(pk=visit.pk)
    assert write(moved, seen=seen).visit_had_changed
    words = change_words(moved, seen)
    assert f"changed since: now it is {newer.ref}, Fri 24 Feb 2023" in words


@pytest.mark.parametrize("seen", ["", "-", "nothing of ours", "a-b-c-d-e-f-g"])
def test_unknown_mark_is_no_change(visit, seen):
    assert changes_since(visit, seen) == []
