"""Reminders of visits and chases of promises: each once, on its day, never about what is over."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.domain import reference
from crm.domain.follow_ups import reschedule_follow_up
from crm.domain.follow_ups import take_back_move as take_back_move_of_promise
from crm.models import FollowUp, Message, OutgoingMail
from tests.factories.crm import (
    DataRequestFactory,
    EventFactory,
    FollowUpFactory,
    MunicipalityFactory,
    PersonFactory,
    SuppressionFactory,
    UserFactory,
)
from tests.factories.visits import (
    CampaignFactory,
    ChecklistItemFactory,
    VisitFactory,
    VisitFollowUpFactory,
)
from visits.domain.cancellations import take_back_move, undo_cancellation
from visits.domain.letters import draft_letter
from visits.domain.reminders import due_after, due_before, remind
from visits.domain.visits import cancel_visit, postpone_visit
from visits.models import Reminder, Visit

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2023, 1, 20, 9, 0, tzinfo=UTC)
# What a visit needs to be confirmed at once when it is made again.
AGREED = {"agreement": "They said yes by phone.", "local_contact_verified_at": LONG_AGO}


@pytest.fixture(autouse=True)
def wordings():
    reference.load_mail_templates()


def day(number, hour=10):
    """A moment in February 2023, in the working time of Brussels."""
    return datetime(2023, 2, number, hour, 0, tzinfo=UTC)


def visit_on(number, **values):
    """A confirmed visit of 10 o'clock in Brussels, agreed on long ago."""
    defaults = {
        "starts_at": day(number, 9),
        "confirmed_at": LONG_AGO,
        "state_since": LONG_AGO,
        "address": "Town hall",
    }
    visit = VisitFactory(**defaults | values)
    visit.requests.update(address="city@ghent.example", requester_name="Ana Berg", language="en")
    ChecklistItemFactory(visit=visit, owner="theirs", text="A projector")
    return visit


def made():
    return list(Reminder.objects.order_by("pk").values_list("days", flat=True))


# --- Which one is due ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "expected"),
    [(12, None), (11, None), (10, 10), (9, 10), (6, 10), (5, 5), (4, 5), (3, 3), (2, 3), (1, 1)],
)
def test_the_latest_reminder_whose_day_has_come(left, expected):
    visit_day = date(2023, 2, 23)
    today = visit_day - timedelta(days=left)
    assert due_before(visit_day, agreed_on=date(2023, 1, 1), today=today) == expected


@pytest.mark.parametrize("left", [0, -1, -5])
def test_no_reminder_on_the_day_itself_or_after(left):
    visit_day = date(2023, 2, 23)
    today = visit_day - timedelta(days=left)
    assert due_before(visit_day, agreed_on=date(2023, 1, 1), today=today) is None


def test_a_day_that_had_passed_when_the_visit_was_confirmed_brings_none():
    visit_day, agreed = date(2023, 2, 23), date(2023, 2, 18)
    assert due_before(visit_day, agreed_on=agreed, today=date(2023, 2, 19)) is None
    assert due_before(visit_day, agreed_on=agreed, today=date(2023, 2, 20)) == 3


@pytest.mark.parametrize(
    ("late", "expected"),
    [(0, None), (1, 1), (2, 1), (3, 3), (9, 3), (10, 10), (20, 10), (21, None)],
)
def test_the_latest_chase_whose_day_has_come(late, expected):
    due = date(2023, 2, 1)
    assert due_after(due, today=due + timedelta(days=late)) == expected


# --- Reminders of visits -------------------------------------------------------------------------


def test_each_reminder_is_made_once_over_the_days_before_the_visit():
    visit_on(23)
    for number in range(10, 26):
        for hour in (7, 10, 15):
            remind(at=day(number, hour))

    assert made() == [-10, -5, -3, -1]
    letters = Message.objects.filter(template__key="reminder_d3")
    # Nobody sent the drafts: the last one replaced those before it, and is over with the visit.
    assert set(letters.values_list("status", flat=True)) == {Message.Status.CANCELLED}
    assert not OutgoingMail.objects.exists()


def test_after_days_without_a_worker_only_the_latest_is_made():
    visit_on(23)
    remind(at=day(21))
    remind(at=day(21, 12))
    assert made() == [-3]


@pytest.mark.parametrize(
    ("end", "values"),
    [(cancel_visit, {}), (postpone_visit, {"starts_at": day(27), "ends_at": day(27, 13)})],
)
def test_a_visit_called_off_takes_its_reminder_along_without_waiting_for_the_worker(end, values):
    visit = visit_on(23)
    remind(at=day(20))
    letters = Message.objects.filter(template__key="reminder_d3")
    assert [letter.status for letter in letters] == [Message.Status.DRAFT]

    end(visit, side="ours", reason="Strike.", at=day(20, 12), by=UserFactory(), **values)
    assert [letter.status for letter in letters.all()] == [Message.Status.CANCELLED]


def test_a_cancellation_undone_before_the_city_heard_brings_the_reminder_back():
    visit = visit_on(23, reserved=True, **AGREED)
    visit.requests.update(state="scheduled")
    remind(at=day(20))
    cancel_visit(visit, side="us", reason="A slip.", at=day(20, 12), by=UserFactory())
    undo_cancellation(visit, at=day(20, 13), why="A slip.")
    remind(at=day(20, 14))
    remind(at=day(20, 15))
    waiting = Message.objects.filter(template__key="reminder_d3", status=Message.Status.DRAFT)
    assert waiting.count() == 1
    assert waiting.get().reminders.get().visit.replaces == visit


def test_a_move_taken_back_before_the_city_heard_brings_the_reminder_back():
    visit = visit_on(23, reserved=True, **AGREED)
    visit.requests.update(state="scheduled")
    remind(at=day(20))
    moved = postpone_visit(
        visit,
        starts_at=day(24, 9),
        ends_at=day(24, 12),
        side="us",
        reason="A slip.",
        at=day(20, 12),
        by=UserFactory(),
    )
    again = take_back_move(moved, at=day(20, 13), why="A slip.")
    remind(at=day(20, 14))
    waiting = Message.objects.filter(template__key="reminder_d3", status=Message.Status.DRAFT)
    assert waiting.get().reminders.get().visit == again


def test_a_reminder_the_city_has_is_not_repeated_after_an_undo():
    visit = visit_on(23, reserved=True, **AGREED)
    visit.requests.update(state="scheduled")
    type(visit.campaign).objects.update(sends_reminders=True)
    remind(at=day(20))
    sent = OutgoingMail.objects.count()
    cancel_visit(visit, side="us", reason="A slip.", at=day(20, 12), by=UserFactory())
    undo_cancellation(visit, at=day(20, 13), why="A slip.")
    remind(at=day(20, 14))
    letters = Message.objects.filter(template__key="reminder_d3")
    assert letters.count() == 1
    assert OutgoingMail.objects.count() == sent == 1


def test_days_are_those_of_the_place():
    # 23 Feb, 00:30 in Auckland is 22 Feb in Brussels.
    visit_on(23, starts_at=datetime(2023, 2, 22, 20, 0, tzinfo=UTC), zone="Pacific/Auckland")
    remind(at=datetime(2023, 2, 19, 19, 30, tzinfo=UTC))
    assert made() == []
    remind(at=datetime(2023, 2, 19, 20, 30, tzinfo=UTC))
    assert made() == [-3]


def test_nothing_leaves_in_the_night():
    visit_on(23)
    remind(at=day(20, 4))
    assert made() == []
    remind(at=day(20, 8))
    assert made() == [-3]


def test_the_change_of_the_clocks_moves_no_day():
    """26 March 2023 has 23 hours; the visit is on the 28th."""
    visit_on(23, starts_at=datetime(2023, 3, 28, 7, 0, tzinfo=UTC))
    for number, expected in ((17, []), (18, [-10]), (22, [-10]), (23, [-10, -5])):
        remind(at=datetime(2023, 3, number, 9, 0, tzinfo=UTC))
        assert made() == expected


@pytest.mark.parametrize("state", ["tentative", "cancelled", "postponed", "no_show", "completed"])
def test_only_confirmed_and_briefed_visits_are_reminded_of(state):
    visit_on(23, state=state)
    remind(at=day(20))
    assert made() == []


def test_a_visit_that_is_called_off_takes_its_draft_along():
    visit = visit_on(23)
    remind(at=day(20))
    Visit.objects.filter(pk=visit.pk).update(state="cancelled")
    remind(at=day(20, 12))
    assert Message.objects.get().status == Message.Status.CANCELLED


def test_reminders_leave_by_themselves_where_the_campaign_says_so():
    visit = visit_on(23, campaign=CampaignFactory(sends_reminders=True), state="briefed")
    remind(at=day(20))
    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.state) == ("city@ghent.example", "queued")
    assert visit.requests.get().ref in mail.subject


def test_reminder_of_a_visit_at_risk_waits_for_a_person_where_the_others_leave_by_themselves():
    visit_on(23, campaign=CampaignFactory(sends_reminders=True), state="briefed", at_risk=True)
    remind(at=day(22))
    assert Message.objects.get().status == Message.Status.DRAFT
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("language", "words", "comes"),
    [
        ("en", "we meet as agreed", "come"),
        ("de", "Wir treffen uns wie vereinbart", "Wir kommen"),
        ("el", "θα συναντηθούμε όπως συμφωνήθηκε", "θα έρθουμε"),
        ("es", "nos reuniremos según lo acordado", "acudiremos"),
        ("fr", "nous nous retrouvons comme convenu", "nous venons"),
        ("it", "ci incontriamo come concordato", "arriviamo"),
        ("nb", "vi møtes som avtalt", "vi kommer"),
        ("nl", "wij ontmoeten elkaar zoals afgesproken", "wij komen"),
        ("pl", "spotkamy się zgodnie z ustaleniami", "przyjedziemy"),
    ],
)
def test_reminder_of_a_meeting_online_does_not_say_that_we_come(language, words, comes):
    visit = visit_on(23, mode="online")
    visit.requests.update(language=language)
    remind(at=day(20))
    letter = Message.objects.get()
    assert (letter.language, words in letter.body) == (language, True)
    assert comes not in letter.body


def test_a_letter_with_a_gap_stays_a_draft():
    visit = visit_on(23, campaign=CampaignFactory(sends_reminders=True))
    visit.checklist.all().delete()
    remind(at=day(20))
    assert Message.objects.get().status == Message.Status.DRAFT
    assert not OutgoingMail.objects.exists()


def test_a_reminder_written_by_hand_counts(coordinator):
    visit = visit_on(23)
    draft_letter(visit.requests.get(), "reminder_d3", at=day(20, 8), by=coordinator, visit=visit)
    remind(at=day(20))
    assert Message.objects.count() == 1


# --- Chases of promises --------------------------------------------------------------------------


def promise(due, *, owner="theirs", **values):
    visit = visit_on(9, state="reported")
    return VisitFollowUpFactory(
        visit=visit, owner=owner, due_on=date(2023, 2, due), text="Send the floor plan", **values
    )


def test_a_late_promise_of_the_city_is_chased_on_three_days_as_a_draft():
    promise(14)
    for number in range(13, 27):
        remind(at=day(number))

    assert made() == [1, 3, 10]
    [draft] = Message.objects.drafts()
    assert "Send the floor plan" in draft.body
    assert draft.template.key == "followup_reminder"
    assert not OutgoingMail.objects.exists()


def test_a_promise_moved_after_its_last_chase_is_chased_anew_for_the_new_day(coordinator):
    row = promise(9)
    for number in range(10, 21):
        remind(at=day(number))
    assert made() == [1, 3, 10]
    row.refresh_from_db()
    reschedule_follow_up(row, due_on=date(2023, 2, 22), at=day(20), by=coordinator)
    remind(at=day(20, 12))
    assert not Message.objects.drafts().exists()
    for number in range(21, 26):
        remind(at=day(number))
    assert made() == [1, 3, 10, 1, 3]
    [draft] = Message.objects.drafts()
    assert "22 Feb 2023" in draft.body


def test_a_day_taken_back_brings_no_chase_a_second_time(coordinator):
    row = promise(14)
    remind(at=day(15))
    reschedule_follow_up(row, due_on=date(2023, 2, 20), at=day(15), by=coordinator)
    row.refresh_from_db()
    take_back_move_of_promise(row, at=day(15), by=coordinator)
    remind(at=day(15, 12))
    assert made() == [1]


def test_promises_of_one_city_share_a_draft():
    first = promise(14)
    VisitFollowUpFactory(
        visit=first.visits.get(), owner="theirs", due_on=date(2023, 2, 14), text="Name the room"
    )
    remind(at=day(15))
    [draft] = Message.objects.drafts()
    assert "Send the floor plan" in draft.body
    assert "Name the room" in draft.body


def test_a_promise_kept_meanwhile_takes_its_draft_along():
    row = promise(14)
    remind(at=day(15))
    FollowUp.objects.filter(pk=row.pk).update(done_on=date(2023, 2, 15))
    remind(at=day(15, 12))
    assert Message.objects.get().status == Message.Status.CANCELLED


def test_a_late_promise_of_ours_reaches_who_keeps_it():
    owner = UserFactory(email="hanne@staff.example", time_zone="Europe/Oslo")
    promise(14, owner="ours", assigned_to=owner)
    remind(at=day(15))
    remind(at=day(15, 12))
    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.subject) == ("hanne@staff.example", "A promise is late")


def test_a_late_promise_is_told_in_the_language_of_who_keeps_it():
    owner = UserFactory(email="hanne@staff.example", time_zone="Europe/Oslo", language="nb")
    promise(14, owner="ours", assigned_to=owner)
    remind(at=day(15))
    message = OutgoingMail.objects.get().message
    assert (message.language, message.subject) == ("nb", "Et løfte er forsinket")
    assert "tir 14. feb 2023" in message.body


def test_an_old_promise_is_left_in_peace():
    row = promise(1)
    FollowUp.objects.filter(pk=row.pk).update(due_on=date(2022, 12, 1))
    remind(at=day(15))
    assert made() == []


def of_a_person(text="Send us your floor plan", *, due=16, **values):
    """A promise of somebody met at the event, who has asked for no visit."""
    defaults = {"owner": "theirs", "due_on": date(2023, 2, due), "text": text}
    return FollowUpFactory(**defaults | values)


def met(language="nb", address="ana@city.example", **values):
    city = MunicipalityFactory(
        name="Bergen", organisation__name="Bergen kommune", country="NO", languages=[language]
    )
    return PersonFactory(
        given="Ana",
        family="Berg",
        organisation=city.organisation,
        languages=[language],
        address=address,
        **values,
    )


def test_somebody_met_at_the_event_gets_one_draft_for_all_their_late_promises():
    person, hanne = met(), UserFactory(email="hanne@staff.example")
    event = EventFactory(name="Rotterdam meeting")
    CampaignFactory(event=event, answers_from="Hanne, project office")
    of_a_person(person=person, event=event, assigned_to=hanne)
    of_a_person("Name the room", due=13, person=person, event=event, assigned_to=hanne)
    of_a_person("Not due yet", due=20, person=person, event=event)
    remind(at=day(17))
    remind(at=day(17, 12))

    [draft] = Message.objects.drafts()
    assert (draft.person, draft.address, draft.language) == (person, "ana@city.example", "nb")
    assert draft.body.startswith("Hei Ana Berg,")
    assert "– Name the room (man 13. feb 2023)\n– Send us your floor plan (tor 16. feb 2023)" in (
        draft.body
    )
    assert "Rotterdam meeting" in draft.body
    assert "Hanne, project office" in draft.body
    for absent in ("Not due yet", "{", "[[", "forespørselen"):
        assert absent not in draft.body
    assert not OutgoingMail.objects.exists()


def test_a_promise_that_is_late_a_day_later_joins_the_draft():
    person = met()
    of_a_person(person=person)
    of_a_person("Name the room", due=17, person=person)
    remind(at=day(17))
    remind(at=day(18))
    [draft] = Message.objects.drafts()
    assert "Send us your floor plan" in draft.body
    assert "Name the room" in draft.body


def test_a_draft_to_a_person_goes_once_all_it_lists_is_kept():
    row = of_a_person(person=met())
    remind(at=day(17))
    FollowUp.objects.filter(pk=row.pk).update(done_on=date(2023, 2, 17))
    remind(at=day(17, 12))
    assert Message.objects.get().status == Message.Status.CANCELLED


@pytest.mark.parametrize("why", ["no address", "suppressed", "stop", "erased"])
def test_who_must_not_be_written_to_gets_no_draft_and_who_looks_after_it_hears(why):
    person = met(address="" if why == "no address" else "ana@city.example")
    if why == "suppressed":
        SuppressionFactory(match_key="ana@city.example")
    elif why == "stop":
        DataRequestFactory(person=person, kind="stop")
    elif why == "erased":
        type(person).objects.filter(pk=person.pk).update(erased_at=LONG_AGO)
    of_a_person(person=person, assigned_to=UserFactory(email="hanne@staff.example"))
    remind(at=day(17))
    assert not Message.objects.drafts().exists()
    assert OutgoingMail.objects.get().recipient == "hanne@staff.example"


def test_a_promise_of_an_organisation_goes_to_its_one_person_and_to_none_of_two():
    person = met()
    of_a_person(organisation=person.organisation)
    remind(at=day(17))
    assert Message.objects.drafts().get().person == person

    other = met(address="bo@city.example")
    PersonFactory(organisation=other.organisation, address="ida@city.example")
    of_a_person(organisation=other.organisation)
    remind(at=day(17))
    assert Message.objects.drafts().count() == 1


def test_who_looks_after_late_promises_reads_of_all_in_one_mail_with_who_owes_what():
    hanne = UserFactory(email="hanne@staff.example", time_zone="Europe/Oslo", language="en")
    silent = met(address="")
    of_a_person(person=silent, organisation=silent.organisation, assigned_to=hanne)
    of_a_person("Send them the guide", owner="ours", person=silent, due=14, assigned_to=hanne)
    of_a_person(
        "Print the posters", owner="ours", organisation=None, person=None, assigned_to=hanne
    )
    remind(at=day(17))
    remind(at=day(17, 12))

    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.subject) == ("hanne@staff.example", "3 promises are late")
    what, whose, link, _blank = mail.text.partition("– Send us")[2].split("\n")[:4]
    assert (what, whose) == (
        " your floor plan",
        "  Promised to us by Ana Berg, Bergen kommune, for Thu 16 Feb 2023",
    )
    assert link.startswith("  http")
    assert "– Send them the guide\n  Promised by us to Ana Berg" in mail.text
    assert "/follow-ups/?q=Send+us+your+floor+plan" in mail.text
