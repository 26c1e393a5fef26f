from datetime import date

import pytest
from django.urls import reverse

from crm.models import ClockSetting, FollowUp, Message, OutgoingMail
from tests.factories.crm import (
    CLOCK,
    FollowUpFactory,
    IncomingMailFactory,
    MailTemplateFactory,
    MessageFactory,
    OutgoingMailFactory,
    UserFactory,
)
from tests.factories.visits import CampaignFactory

pytestmark = pytest.mark.django_db
State = OutgoingMail.State


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def toasts(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_follow_ups_open_on_what_is_still_to_do(desk):
    todo = FollowUpFactory()
    FollowUpFactory(done_on=date(2023, 2, 10))
    page = desk.get(reverse("visits:follow-up-list")).context
    assert list(page["list"].page_obj) == [todo]
    assert [(tab["label"], tab["count"]) for tab in page["tabs"]] == [
        ("Open", 1),
        ("Overdue", 0),
        ("Due today", 0),
        ("Done", 1),
        ("All", 2),
    ]


def test_completing_a_promise_can_be_undone_from_the_toast(desk):
    promise = FollowUpFactory()
    answer = desk.post(reverse("visits:follow-up-complete", args=[promise.pk]), follow=True)
    assert FollowUp.objects.get().done_on == date(2023, 2, 15)
    undo = next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:")
    desk.post(undo)
    assert FollowUp.objects.get().done_on is None


def test_ticked_promises_are_completed_together_and_reopened_together(desk):
    rows = [FollowUpFactory() for _n in range(3)]
    data = {"rows": [row.pk for row in rows], "verb": "complete"}
    answer = desk.post(reverse("visits:follow-up-bulk"), data, follow=True)
    assert FollowUp.objects.open().count() == 0
    undo = next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:")
    desk.post(undo)
    assert FollowUp.objects.open().count() == 3


def test_a_bulk_with_a_promise_already_kept_does_nothing(desk):
    todo, kept = FollowUpFactory(), FollowUpFactory(done_on=date(2023, 2, 10))
    data = {"rows": [todo.pk, kept.pk], "verb": "complete"}
    answer = desk.post(reverse("visits:follow-up-bulk"), data, follow=True)
    assert toasts(answer) == ["Nothing was done: This promise was kept already."]
    assert list(FollowUp.objects.open()) == [todo]


def test_ticked_promises_move_to_another_day(desk):
    rows = [FollowUpFactory() for _n in range(2)]
    data = {"rows": [row.pk for row in rows], "verb": "reschedule", "due_on": "2023-02-24"}
    desk.post(reverse("visits:follow-up-bulk"), data)
    assert {row.due_on for row in FollowUp.objects.all()} == {date(2023, 2, 24)}


def test_ticked_promises_are_given_to_a_host(desk, host):
    row = FollowUpFactory()
    data = {"rows": [row.pk], "verb": "assign", "assigned_to": host.pk}
    desk.post(reverse("visits:follow-up-bulk"), data)
    assert FollowUp.objects.get().assigned_to == host


def test_a_promise_is_never_given_to_an_account_without_a_part_in_visits(desk):
    row, stranger = FollowUpFactory(), UserFactory()
    data = {"rows": [row.pk], "verb": "assign", "assigned_to": stranger.pk}
    desk.post(reverse("visits:follow-up-bulk"), data)
    assert FollowUp.objects.get().assigned_to is None


def test_a_host_keeps_own_promises_and_knows_of_no_others(client, host):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(host)
    own, other = FollowUpFactory(assigned_to=host), FollowUpFactory()
    assert list(client.get(reverse("visits:follow-up-list")).context["list"].page_obj) == [own]
    complete = "visits:follow-up-complete"
    assert client.post(reverse(complete, args=[own.pk])).status_code == 302
    assert client.post(reverse(complete, args=[other.pk])).status_code == 404


def test_mail_list_counts_what_needs_a_person(desk):
    for state in (State.UNKNOWN, State.BOUNCED, State.SENT):
        OutgoingMailFactory(state=state)
    pills = desk.get(reverse("visits:mail-list")).context["tabs"]
    assert [(pill["label"], pill["count"]) for pill in pills[:2]] == [("All", 3), ("Needs you", 2)]


def test_mail_in_the_navigation_counts_what_the_mail_page_says_waits(desk):
    CampaignFactory()
    for _each in range(7):
        MessageFactory(draft=True)
    OutgoingMailFactory(state=State.UNKNOWN)
    OutgoingMailFactory(state=State.FAILED, message__channel=Message.CONFIRMATION)
    IncomingMailFactory()
    context = desk.get(reverse("visits:mail-list")).context
    (mail,) = (item for item in context["frame"]["navigation"] if item.path == "/mail/")
    assert (mail.count, mail.count_words) == (9, "7 drafts, 1 mail needs you, 1 mail came in")
    needs_you = context["tabs"][1]
    found = desk.get(needs_you["path"]).context["list"]
    assert (context["draft_count"], needs_you["count"], found.shown) == (7, 1, 1)


def test_mail_names_its_wording_as_the_desk_calls_it(desk):
    mail = OutgoingMailFactory(message__template=MailTemplateFactory(key="last_call"))
    page = desk.get(reverse("visits:mail-detail", args=[mail.pk])).text
    assert ">Last call</a> v" in page
    assert ">last_call" not in page


def test_a_waiting_mail_is_held_and_released_again(desk):
    mail = OutgoingMailFactory(state=State.QUEUED)
    answer = desk.post(reverse("visits:mail-step", args=[mail.pk, "hold"]), follow=True)
    mail.refresh_from_db()
    assert mail.state == State.HELD
    undo = next(iter(answer.context["messages"])).extra_tags.removeprefix("undo:")
    desk.post(undo)
    mail.refresh_from_db()
    assert mail.state == State.QUEUED


@pytest.mark.parametrize(("step", "end"), [("arrived", State.SENT), ("send_again", State.QUEUED)])
def test_a_person_decides_about_a_mail_that_may_have_arrived(desk, step, end):
    mail = OutgoingMailFactory(state=State.UNKNOWN)
    offered = desk.get(reverse("visits:mail-detail", args=[mail.pk])).context["steps"]
    assert [each["step"] for each in offered] == ["cancel", "arrived", "send_again"]
    desk.post(reverse("visits:mail-step", args=[mail.pk, step]))
    mail.refresh_from_db()
    assert mail.state == end


def test_a_step_that_the_mail_has_outrun_is_refused_in_words(desk):
    mail = OutgoingMailFactory(state=State.SENT)
    answer = desk.post(reverse("visits:mail-step", args=[mail.pk, "cancel"]), follow=True)
    assert toasts(answer) == ["This mail is sent by now; look at it again."]


def test_ticked_mails_are_held_together_or_not_at_all(desk):
    waiting, sent = OutgoingMailFactory(state=State.QUEUED), OutgoingMailFactory(state=State.SENT)
    path = reverse("visits:mail-bulk")
    desk.post(path, {"rows": [waiting.pk, sent.pk], "verb": "hold"})
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED
    desk.post(path, {"rows": [waiting.pk], "verb": "hold"})
    waiting.refresh_from_db()
    assert waiting.state == State.HELD


def test_the_letter_runs_nothing_and_only_our_page_frames_it(desk):
    mail = OutgoingMailFactory(html="<html><head></head><body>Hello</body></html>")
    answer = desk.get(reverse("visits:mail-preview", args=[mail.pk]))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_the_private_link_of_a_real_mail_is_not_shown_at_the_desk(desk):
    mail = OutgoingMailFactory(
        link_key="request:1", text="Open https://private-link.invalid/mail-x", mail_id="<mail-x@o>"
    )
    page = desk.get(reverse("visits:mail-detail", args=[mail.pk]))
    assert page.context["text"] == "Open [the city's private link]"


def test_the_calendar_entry_is_shown_and_can_be_taken_along(desk):
    mail = OutgoingMailFactory(calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    answer = desk.get(reverse("visits:mail-calendar", args=[mail.pk]))
    assert answer.content.decode() == mail.calendar
    none = OutgoingMailFactory()
    assert desk.get(reverse("visits:mail-calendar", args=[none.pk])).status_code == 404


def test_drafts_are_named_above_the_outbox(desk):
    MessageFactory(draft=True)
    assert desk.get(reverse("visits:mail-list")).context["draft_count"] == 1
