"""The debriefing after an event: who came, who met them, what was said and promised, in one go."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from crm.domain.debriefs import debrief, next_to_debrief, roster_to_debrief, take_back_debrief
from crm.models import FollowUp, Interaction
from tests.factories.crm import (
    CLOCK,
    CoordinatorFactory,
    EventFactory,
    MergeFactory,
    ParticipationFactory,
    PersonFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return CoordinatorFactory(time_zone="Europe/Oslo")


def write(part, by, **values):
    return debrief(part, **values, at=CLOCK, by=by)


def test_note_promise_and_attendance_are_written_in_one_go(ann):
    part, met_by = ParticipationFactory(status="registered"), UserFactory(role="host")
    made = write(
        part, ann, status="attended", note="Wants a morning.", promise="Send cost", met_by=met_by
    )
    part.refresh_from_db()
    assert part.status == "attended"
    meeting, promise = Interaction.objects.get(), FollowUp.objects.get()
    assert (made.meeting, made.promise, made.status_before) == (meeting, promise, "registered")
    assert (meeting.kind, meeting.by, meeting.event) == ("meeting", met_by, part.event)
    assert meeting.at.isoformat() == "2023-01-31T11:00:00+00:00"
    assert (promise.text, promise.event, promise.assigned_to) == ("Send cost", part.event, met_by)
    assert promise.due_on == date(2023, 2, 20)


def test_days_without_a_promise_promise_what_the_note_says_first(ann):
    write(ParticipationFactory(), ann, note="Send the guide\nNice talk.", in_days=1)
    assert FollowUp.objects.get().text == "Send the guide"


def test_a_note_alone_promises_nothing(ann):
    write(ParticipationFactory(), ann, note="Nice talk.")
    assert not FollowUp.objects.exists()


def test_a_promise_alone_counts_as_written_about(ann):
    part = ParticipationFactory()
    write(part, ann, promise="Send the cost sheet")
    assert not Interaction.objects.exists()
    assert [row.is_debriefed for row in roster_to_debrief(part.event)] == [True]
    assert next_to_debrief(part.event) is None


def test_days_for_nothing_are_refused_and_nothing_is_written(ann):
    part = ParticipationFactory(status="registered")
    with pytest.raises(ValidationError, match="Say what was promised"):
        write(part, ann, status="attended", met_by=ann, in_days=3, note=" ")
    part.refresh_from_db()
    assert (part.status, Interaction.objects.count()) == ("registered", 0)


def test_days_and_a_date_for_one_promise_are_refused_and_what_was_typed_stays(ann, client):
    part = ParticipationFactory(status="registered")
    path = reverse("visits:debrief-person", args=[part.event.slug, part.pk])
    typed = {"note": "Nice talk.", "promise": "Send cost", "owner": "ours", "status": "attended"}
    day = date.today() + timedelta(days=7)
    client.force_login(ann)
    answer = client.post(path, typed | {"in_days": "3", "due_on": day.isoformat()})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "due_on": ["Leave the working days or the day empty: a promise is due once."]
    }
    for kept in ("Nice talk.", 'value="Send cost"', 'value="3"', f'value="{day.isoformat()}"'):
        assert kept in answer.content.decode()
    assert (FollowUp.objects.count(), Interaction.objects.count()) == (0, 0)


def test_the_next_is_who_nobody_wrote_about_by_name_and_merged_people_once(ann):
    event = EventFactory()
    parts = [
        ParticipationFactory(event=event, person=PersonFactory(family=family))
        for family in ("Arne", "Berg", "Dahl")
    ]
    twin = ParticipationFactory(event=event, person=PersonFactory(family="Carl"))
    MergeFactory(kept=parts[0].person, merged=twin.person)
    assert list(roster_to_debrief(event)) == parts
    write(parts[1], ann, note="Met.")
    assert next_to_debrief(event) == parts[0]
    assert next_to_debrief(event, parts[0]) == parts[2]
    assert next_to_debrief(event, parts[2]) == parts[0]
    for part in (parts[0], parts[2]):
        write(part, ann, note="Met.")
    assert next_to_debrief(event, parts[2]) is None


def test_a_debriefing_is_taken_back_whole_or_not_at_all(ann):
    part = ParticipationFactory(status="registered")
    made = write(part, ann, status="attended", note="Met.", promise="Ring")
    back = {"meeting": made.meeting.pk, "promise": made.promise.pk, "status": "registered"}
    FollowUp.objects.update(done_on=date(2023, 2, 15))
    with pytest.raises(ValidationError, match="kept or moved meanwhile"):
        take_back_debrief(part, **back, at=CLOCK, by=ann)
    FollowUp.objects.update(done_on=None)
    take_back_debrief(part, **back, at=CLOCK, by=ann)
    part.refresh_from_db()
    assert (part.status, Interaction.objects.count(), FollowUp.objects.count()) == (
        "registered",
        0,
        0,
    )


def test_nobody_else_s_words_can_be_taken_back_with_it(ann):
    part, other = ParticipationFactory(), ParticipationFactory()
    made = write(other, ann, note="Met.", promise="Ring")
    back = {"meeting": made.meeting.pk, "promise": made.promise.pk, "status": "no_show"}
    take_back_debrief(part, **back, at=CLOCK, by=ann)
    assert (Interaction.objects.count(), FollowUp.objects.count()) == (1, 1)


def test_the_same_sent_twice_is_written_once_and_another_day_is_another_promise(ann):
    part = ParticipationFactory()
    write(part, ann, note="Send the guide", in_days=3, met_by=ann)
    again = write(part, ann, note="Send the guide", in_days=3, met_by=ann)
    assert (again.meeting, again.promise) == (None, None)
    assert (Interaction.objects.count(), FollowUp.objects.count()) == (1, 1)

    write(part, ann, note="Send the guide", in_days=5, met_by=ann)
    assert (Interaction.objects.count(), FollowUp.objects.count()) == (1, 2)
