"""Many promises at once: first what would change, then the deed, then all of it back."""

from datetime import date

import pytest

from crm.models import ClockSetting, FollowUp
from tests.factories.crm import CLOCK, EventFactory, FollowUpFactory, PersonFactory
from tests.visits.views.desk.front_door import do, go, refused, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    ClockSetting.objects.fix(CLOCK)
    client.force_login(coordinator)
    return client


def undo_of(answer) -> str:
    return list(answer.context["messages"])[-1].extra_tags.removeprefix("undo:")


def days() -> list[date]:
    return list(FollowUp.objects.order_by("pk").values_list("due_on", flat=True))


def test_a_preview_says_what_would_change_and_changes_nothing(desk, host):
    rows = [FollowUpFactory(due_on=date(2023, 2, n)) for n in (10, 17)]
    ticked = {"rows": [row.pk for row in rows], "preview": "1"}
    for fields, after in (
        ({"verb": "snooze", "how": "week"}, "Mon 20 Feb 2023"),
        ({"verb": "reschedule", "due_on": "2023-02-24"}, "Fri 24 Feb 2023"),
        ({"verb": "assign", "assigned_to": host.pk}, host),
        ({"verb": "complete"}, "kept on Wed 15 Feb 2023"),
    ):
        answer = do(desk, "follow-up-bulk", **ticked, **fields)
        assert [line["after"] for line in answer.context["lines"]] == [after, after]
    assert days() == [date(2023, 2, 10), date(2023, 2, 17)]
    assert not FollowUp.objects.exclude(assigned_to=None, done_on=None).exists()


def test_what_a_preview_shows_can_be_sent_as_it_is(desk):
    row = FollowUpFactory()
    page = do(desk, "follow-up-bulk", rows=[row.pk], preview="1", verb="snooze", how="day")
    carried = dict(page.context["carried"]) | {"verb": page.context["verb"], "rows": [row.pk]}
    assert said(do(desk, "follow-up-bulk", **carried)) == ["1 promise is put off."]
    assert days() == [date(2023, 2, 16)]


def test_promises_put_off_come_back_to_their_own_days(desk):
    rows = [FollowUpFactory(due_on=date(2023, 2, n)) for n in (10, 17)]
    answer = do(desk, "follow-up-bulk", rows=[r.pk for r in rows], verb="snooze", how="week")
    assert days() == [date(2023, 2, 20)] * 2
    desk.post(undo_of(answer))
    assert days() == [date(2023, 2, 10), date(2023, 2, 17)]


def test_promises_given_away_come_back_to_who_had_them(desk, host, coordinator):
    one, other = FollowUpFactory(assigned_to=coordinator), FollowUpFactory()
    both = [one.pk, other.pk]
    answer = do(desk, "follow-up-bulk", rows=both, verb="assign", assigned_to=host.pk)
    assert {row.assigned_to for row in FollowUp.objects.all()} == {host}
    desk.post(undo_of(answer))
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.assigned_to, other.assigned_to) == (coordinator, None)


@pytest.mark.parametrize("query", ["moved=x", "kept=7", "kept=a-b", "kept=007-1&moved=-1", ""])
def test_an_address_made_up_undoes_nothing_and_breaks_nothing(desk, query):
    FollowUpFactory()
    assert desk.post(f"/follow-ups/bulk/undo/?{query}").status_code == 302
    assert days() == [date(2023, 2, 17)]


def test_a_bad_choice_is_told_before_the_preview(desk):
    row = FollowUpFactory()
    answer = do(desk, "follow-up-bulk", rows=[row.pk], preview="1", verb="snooze", how="never")
    assert said(answer)[0].startswith("Nothing was done:")


def test_one_promise_is_put_off_from_its_row_with_its_history_on_the_list(desk):
    row = FollowUpFactory(due_on=date(2023, 2, 14))
    answer = do(desk, "follow-up-snooze", row.pk, how="day")
    assert said(answer) == ["Put off to Thu 16 Feb 2023."]
    assert "moved once" in go(desk, "follow-up-list").text
    desk.post(undo_of(answer))
    assert "moved" not in go(desk, "follow-up-list").text
    do(desk, "follow-up-snooze", row.pk, how="week")
    assert "moved once" in go(desk, "follow-up-list").text


def test_what_was_promised_at_an_event_is_found_by_the_event(desk):
    event = EventFactory(name="Rotterdam")
    there, _elsewhere = FollowUpFactory(event=event), FollowUpFactory()
    page = go(desk, "follow-up-list", event=event.slug)
    assert list(page.context["list"].page_obj) == [there]


def test_a_follow_up_without_a_day_is_due_in_three_working_days(desk):
    person = PersonFactory()
    do(desk, "person-promise", person.pk, text="Ring back", in_days="3", owner="ours")
    assert days() == [date(2023, 2, 20)]
    do(
        desk,
        "person-promise",
        person.pk,
        text="Ring",
        in_days="",
        due_on="2023-02-28",
        owner="ours",
    )
    assert days()[-1] == date(2023, 2, 28)


def test_the_digest_is_switched_on_at_one_s_own_account(desk, coordinator):
    FollowUpFactory(due_on=date(2023, 2, 10), text="Send the guide")
    assert "Send the guide" in go(desk, "my-account").text
    kept = {"time_zone": "Europe/Oslo", "language": "en"}
    do(desk, "my-account", wants_digest="on", **kept)
    coordinator.refresh_from_db()
    assert coordinator.wants_digest
    do(desk, "my-account", **kept)
    coordinator.refresh_from_db()
    assert not coordinator.wants_digest


def test_the_language_and_the_clock_of_one_s_own_account_are_those_of_the_digest(desk, coordinator):
    FollowUpFactory(due_on=date(2023, 2, 10), text="Send the guide")
    do(desk, "my-account", wants_digest="on", time_zone="Europe/Athens", language="nb")
    coordinator.refresh_from_db()
    assert (coordinator.time_zone, coordinator.language) == ("Europe/Athens", "nb")
    page = go(desk, "my-account").text
    assert "Uken din fra" in page
    assert "Over fristen" in page


def test_a_clock_that_is_none_is_refused_in_a_sentence(desk, coordinator):
    answer = do(desk, "my-account", time_zone="Oslo", language="de")
    assert len(refused(answer)) == 2
    coordinator.refresh_from_db()
    assert coordinator.language == "en"
