"""Today: the four short lists, what comes next, and nothing that is not one's own."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.models import ClockSetting, User
from tests.factories.crm import CLOCK, MessageFactory, PersonFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.models import Campaign, Visit, VisitRequest

pytestmark = pytest.mark.django_db
OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def refs(rows):
    return [row.ref for row in rows]


def test_today_lists_who_waits_for_a_first_answer_by_deadline(desk):
    answers = go(desk, "today").context["answers"]
    assert [(item["row"].ref, item["left"]) for item in answers] == [
        ("R20", -(72 * 60 + 5)),
        ("R24", 6 * 60 + 25),
    ]


def test_number_at_requests_is_that_of_the_list_on_today(desk):
    page = go(desk, "today")
    item = next(item for item in page.context["frame"]["navigation"] if item.path == "/requests/")
    assert (item.count, item.count_words) == (2, "2 requests wait")
    assert len(page.context["answers"]) == 2
    VisitRequest.objects.filter(ref__in=["R05", "R06", "R10"]).update(first_reply_at=None)
    page = go(desk, "today")
    item = next(item for item in page.context["frame"]["navigation"] if item.path == "/requests/")
    assert item.count == len(page.context["answers"]) == 5


def test_today_names_the_rest_of_a_long_list(desk):
    VisitRequest.objects.open().update(first_reply_at=None)
    page = go(desk, "today")
    assert len(page.context["answers"]) == 8
    assert f"All {VisitRequest.objects.to_answer().count()} that wait" in page.text


def test_letters_that_wait_stand_on_today_while_there_are_some(desk):
    assert "Letters waiting" not in go(desk, "today").text
    do(desk, "request-answer", "R24", template="needs_info")
    page = go(desk, "today")
    assert "Letters waiting" in page.text
    draft = page.context["letters"][0]
    assert f"/requests/R24/draft/{draft.pk}/" in page.text


def test_today_lists_the_offers_that_end_within_three_days(desk):
    ending = go(desk, "today").context["ending"]
    assert refs(ending) == ["V11", "V12", "V13", "V14", "V16", "V18"]
    assert {visit.expires_at for visit in ending} == {datetime(2023, 2, 17, 17, tzinfo=OSLO)}


def test_today_lists_our_late_promise_and_the_visit_at_risk(desk):
    context = go(desk, "today").context
    assert [str(row.due_on) for row in context["promises"]] == ["2023-02-14"]
    assert refs(context["risks"]) == ["V08"]


def test_today_asks_coordinator_and_host_who_came_until_somebody_has_said_it(desk, client):
    words = "Nobody has said yet who came"
    assert words not in go(desk, "today").text
    ClockSetting.objects.fix(Visit.objects.get(ref="V08").ends_at)
    host = Visit.objects.get(ref="V07").host.user
    for user in (User.objects.get(email="coordinator@example.org"), host):
        client.force_login(user)
        page = go(client, "today")
        own = [row for row in ("V07", "V08") if Visit.objects.visible_to(user).filter(ref=row)]
        assert "V07" in own
        assert refs(page.context["uncounted"]) == own
        assert words in page.text
        assert all(f'href="/my-week/visits/{ref}/after/"' in page.text for ref in own)
    do(client, "visit-complete", "V07", other=5)
    assert "V07" not in refs(go(client, "today").context["uncounted"])


def test_today_leads_to_the_closing_once_the_window_is_over(desk):
    propose, close = "Propose dates to a request", 'href="/figures/closing/"'
    Visit.objects.update(state="closed")
    page = go(desk, "today").text
    assert propose in page
    assert close not in page
    campaign = Campaign.objects.get()
    last = datetime.combine(campaign.window_end, time(23, 59), OSLO)
    ClockSetting.objects.fix(last)
    assert propose in go(desk, "today").text
    ClockSetting.objects.fix(last + timedelta(minutes=1))
    page = go(desk, "today").text
    assert propose not in page
    assert close in page


def test_today_shows_the_next_visits_in_the_order_of_their_hours(desk):
    visits = go(desk, "today").context["visits"]
    assert refs(visits) == ["V07", "V08", "V16", "V17", "V09", "V10", "V11", "V04"]


def test_funnel_counts_the_valid_requests_by_state_and_links_to_them(desk):
    page = go(desk, "today")
    counts = {str(part.stage.label): part.stage.count for part in page.context["funnel"].segments}
    assert counts["scheduled"] == 7
    assert counts["date proposed"] == 6
    assert sum(counts.values()) == 25
    assert "/requests/?state=scheduled" in page.text


def test_a_host_sees_each_request_in_the_funnel_once_however_many_visits_it_had(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    counts = {
        str(part.stage.label): part.stage.count
        for part in go(client, "today").context["funnel"].segments
    }
    # R02 has V03 and V04, R11 has V15 and V16; R10 and R16 are another host's.
    assert (counts["scheduled"], counts["date proposed"]) == (7, 4)


def test_host_sees_only_the_own_visits_and_requests_today(client, sample):
    host = User.objects.get(host__ref="H1")
    client.force_login(host)
    context = go(client, "today").context
    own = set(Visit.objects.visible_to(host).values_list("ref", flat=True))
    assert set(refs(context["visits"])) <= own
    assert context["answers"] == []


def test_reporter_is_led_to_the_figures_and_administrator_to_the_settings(client, cast):
    for user, path in ((cast.reporter, "/figures/"), (cast.administrator, "/settings/")):
        client.force_login(user)
        assert go(client, "today").headers["Location"] == path


def test_pages_that_are_read_change_nothing(desk):
    before = list(VisitRequest.objects.order_by("pk").values())
    visits = list(Visit.objects.order_by("pk").values())
    for name, *args in (
        ("today",),
        ("request-list",),
        ("request-detail", "R24"),
        ("request-propose", "R24"),
        ("request-answer", "R24"),
        ("visit-list",),
        ("visit-detail", "V09"),
        ("visit-edit", "V07"),
        ("plan-version", 2),
    ):
        assert go(desk, name, *args).status_code == 200
    assert list(VisitRequest.objects.order_by("pk").values()) == before
    assert list(Visit.objects.order_by("pk").values()) == visits


def test_what_somebody_wrote_stays_on_today_until_it_is_ticked_off_and_the_tick_can_be_undone(desk):
    person = PersonFactory(given="Ana", family="Berg")
    MessageFactory(incoming=True, person=person, subject="Yes, gladly", at=CLOCK)
    replies = "Replies to answer"

    def listed():
        return [row.subject for row in go(desk, "today").context["replies"]]

    assert "Yes, gladly" in listed()
    assert replies in go(desk, "today").text
    page = go(desk, "person-detail", person.pk).text
    assert "Answer their mail of Wed 15 Feb 2023: Yes, gladly" in page
    assert "nobody waits" not in page

    answer = do(desk, "person-no-answer", person.pk)
    assert said(answer) == ["Read; nothing waits any more."]
    assert "nobody waits" in go(desk, "person-detail", person.pk).text
    assert "Yes, gladly" not in listed()

    note = person.interactions.get()
    do(desk, "note-take-back", note.pk)
    assert "Yes, gladly" in listed()


def test_a_reply_of_a_requester_without_a_record_is_listed_until_somebody_writes_to_the_request(
    desk,
):
    request = VisitRequest.objects.get(ref="R24")
    VisitRequest.objects.filter(pk=request.pk).update(first_reply_at=CLOCK, state="under_review")
    reply = MessageFactory(
        incoming=True, subject="Rather the 23rd", address_name="R. Sample-Buk", at=CLOCK
    )
    before = go(desk, "today").context["reply_count"]
    request.messages.add(reply)
    page = go(desk, "today")
    assert page.context["reply_count"] == before + 1
    assert "Rather the 23rd" in [row.subject for row in page.context["replies"]]
    assert '<a href="/requests/R24/">R24</a> R. Sample-Buk' in page.text

    later = CLOCK + timedelta(minutes=1)
    request.messages.add(MessageFactory(at=later))
    assert go(desk, "today").context["reply_count"] == before + 1
    request.messages.add(MessageFactory(at=later, is_personal=True))
    assert go(desk, "today").context["reply_count"] == before


def test_a_letter_of_a_request_that_waits_for_its_first_answer_is_listed_once(desk):
    before = go(desk, "today").context["reply_count"]
    request = VisitRequest.objects.to_answer().first()
    letter = MessageFactory(incoming=True, person=PersonFactory(), at=CLOCK)
    assert go(desk, "today").context["reply_count"] == before + 1
    request.messages.add(letter)
    assert go(desk, "today").context["reply_count"] == before
