"""Plan: the calendar as it stands, a search, its version, and publishing it."""

from itertools import pairwise

import pytest

from crm.models import Message, OutgoingMail, User
from tests.factories.crm import CLOCK
from tests.factories.visits import VisitFactory
from tests.visits.views.desk.front_door import do, go, said
from visits.domain.planning_runs import work_off
from visits.models import Campaign, Host, PlanRun, PlanVersion, Reservation, Visit, VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def planned(desk):
    """The version a search from the page has made, after two offers were taken back."""
    do(desk, "request-take-back", "R04")
    do(desk, "request-take-back", "R16")
    do(desk, "plan-start")
    PlanRun.objects.update(seconds=10)
    assert work_off() == 1
    return PlanVersion.objects.order_by("number").last()


def test_search_from_the_page_has_the_longer_the_more_there_is_to_weigh(desk):
    do(desk, "plan-start")
    assert PlanRun.objects.get().seconds == 30
    PlanRun.objects.all().delete()
    campaign = Campaign.objects.get()
    VisitRequest.objects.bulk_create(
        VisitRequest(ref=f"R9{n:03}", campaign=campaign, received_at=CLOCK, state_since=CLOCK)
        for n in range(300)
    )
    do(desk, "plan-start")
    leading = Host.objects.who_lead().count()
    assert 30 < PlanRun.objects.get().seconds == campaign.requests.count() * leading // 15


def agreed():
    """Which visits are agreed, when and with whom. One whose journey changes is to be briefed
    anew, which is no move."""
    return list(Visit.objects.agreed().order_by("ref").values("ref", "starts_at", "host_id"))


def test_plan_shows_every_visit_that_stands_in_its_host_s_lane(desk):
    board = go(desk, "plan").context["board"]
    lanes = {
        lane.label: [box.key for box in lane.boxes if box.kind == "visit"] for lane in board.lanes
    }
    assert lanes["Backup expert (sample)"] == ["V18", "V14"]
    assert len(lanes["Joe Gorman"]) == 14


def test_words_of_visits_never_run_into_each_other_or_out_of_the_drawing(desk):
    board = go(desk, "plan").context["board"]
    for lane in board.lanes:
        lines = {}
        for box in lane.boxes:
            if box.kind == "visit":
                lines.setdefault(box.words_y, []).append((box.words_x, box.words_x + box.room))
        for spans in lines.values():
            spans.sort()
            assert all(end <= start for (_s, end), (start, _e) in pairwise(spans))
            assert spans[-1][1] <= board.width


def test_tray_holds_the_requests_without_a_date_and_why(desk):
    waiting = go(desk, "plan").context["waiting"]
    assert [item["row"].ref for item in waiting] == ["R05", "R12", "R20", "R24"]
    assert [item["tried"] is not None for item in waiting] == [True, True, True, False]


def test_starting_a_search_twice_asks_once(desk):
    do(desk, "plan-start")
    answer = do(desk, "plan-start")
    assert PlanRun.objects.filter(state="queued").count() == 1
    assert "Searching for the best plan." in answer.text


def test_waiting_search_can_be_stopped(desk):
    do(desk, "plan-start")
    run = PlanRun.objects.get()
    do(desk, "plan-stop", run.pk)
    run.refresh_from_db()
    assert run.state == "stopped"
    assert work_off() == 0


def test_search_makes_a_draft_with_a_reason_for_each_request_left(desk, planned):
    page = go(desk, "plan-version", planned.number)
    assert (planned.number, planned.state) == (3, "draft")
    assert all(row.reason for row in page.context["unplaced"])
    placed = {request.ref for row in planned.placements.all() for request in row.requests.all()}
    left = {row.request.ref for row in planned.unplaced.all()}
    assert {"R05", "R12", "R20", "R24"} <= placed | left
    assert placed & left == set()


def test_plan_page_shows_the_reasons_of_the_latest_version(desk, planned):
    waiting = go(desk, "plan").context["waiting"]
    told = {item["row"].ref: item["tried"].reason for item in waiting if item["tried"]}
    left = {row.request.ref: row.reason for row in planned.unplaced.all()}
    assert told == {ref: reason for ref, reason in left.items() if ref in told}
    assert told


def test_publishing_drafts_exactly_for_the_touched_and_moves_nothing_agreed(desk, planned):
    changes = go(desk, "plan-version", planned.number).context["changes"]
    touched = {request.ref for change in changes for request in change.requests}
    before, drafts, mails = agreed(), set(Message.objects.drafts()), OutgoingMail.objects.count()
    visits = set(Visit.objects.values_list("ref", flat=True))
    answer = do(desk, "plan-publish", planned.number)
    assert said(answer)[0].startswith("Published.")
    made = Message.objects.drafts().exclude(pk__in=[row.pk for row in drafts])
    assert sorted(row.visit_requests.get().ref for row in made) == sorted(touched)
    assert len(touched) == made.count() > 0
    assert agreed() == before
    assert OutgoingMail.objects.count() == mails
    for visit in Visit.objects.exclude(ref__in=visits):
        assert visit.state == "tentative"
        assert Reservation.objects.active().filter(visit=visit).count() == 1
        assert set(visit.requests.values_list("state", flat=True)) == {"proposed"}


def test_publishing_twice_is_refused_and_changes_nothing(desk, planned):
    do(desk, "plan-publish", planned.number)
    before = Visit.objects.count(), Message.objects.count()
    assert said(do(desk, "plan-publish", planned.number)) == ["This plan is published already."]
    assert (Visit.objects.count(), Message.objects.count()) == before


def test_older_plan_is_refused_once_a_newer_one_is_published(desk, planned):
    PlanVersion.objects.filter(pk=planned.pk).update(number=1_000)
    old = PlanVersion.objects.get(number=2)
    PlanVersion.objects.filter(pk=old.pk).update(state="draft", published_at=None)
    do(desk, "plan-publish", 1_000)
    before = Visit.objects.count()
    answer = do(desk, "plan-publish", 2)
    assert said(answer) == ["A newer plan was published meanwhile; plan again."]
    assert Visit.objects.count() == before


def test_plan_whose_request_moved_on_is_refused_whole(desk, planned):
    changes = go(desk, "plan-version", planned.number).context["changes"]
    gone = next(change for change in changes if change.kind == "new").requests[0]
    do(desk, "request-step", gone.ref, "withdraw", reason="They found another way.")
    before = Visit.objects.count(), Message.objects.count()
    answer = do(desk, "plan-publish", planned.number)
    assert said(answer) == [f"{gone.ref} moved on meanwhile; plan again."]
    assert (Visit.objects.count(), Message.objects.count()) == before
    assert PlanVersion.objects.get(pk=planned.pk).state == "draft"


def test_time_that_went_to_another_visit_is_refused_naming_it_and_the_way_on(desk, planned):
    changes = go(desk, "plan-version", planned.number).context["changes"]
    new = next(change for change in changes if change.kind == "new").placement
    other = VisitFactory(host=new.host, starts_at=new.starts_at, ends_at=new.ends_at)
    Reservation.objects.create(
        resource=new.host.resource, starts_at=new.starts_at, ends_at=new.ends_at, visit=other
    )
    (words,) = said(do(desk, "plan-publish", planned.number))
    assert words.startswith(f"{new.host.name} has {other} on ")
    assert words.endswith('<a href="/plan/">To the plan</a>')
    assert PlanVersion.objects.get(pk=planned.pk).state == "draft"


def test_page_of_the_calendar_tells_a_draft_s_sentences_as_such_and_on_paper_alone(desk, planned):
    page = go(desk, "plan")
    left = planned.unplaced.select_related("request")
    waiting = {item["row"].ref for item in page.context["waiting"]}
    for row in left:
        beginning = f'<span class="print-only">In draft v{planned.number}: '
        on_paper = f'{beginning}<span id="reason-{row.request.ref}">{row.reason}'
        assert page.text.count(row.reason) == page.text.count(on_paper)
        if row.request.ref in waiting:
            assert f"/plan/v{planned.number}/#at-{row.request.ref}" in page.text


def test_end_of_a_search_is_told_with_the_way_to_its_draft(desk, planned):
    assert go(desk, "plan-run-status").headers["HX-Refresh"] == "true"
    words = f'href="/plan/v{planned.number}/">Draft v{planned.number} is found'
    assert words in go(desk, "plan").text
    assert words not in go(desk, "plan").text


def test_visit_on_offer_says_where_its_dates_are_taken_back(desk, planned):
    page = go(desk, "plan-move", planned.number, request="R08")
    assert "Take the dates back at its request, then plan again." in page.context["stands"]
    assert 'class="button" href="/requests/R08/"' in page.text


def test_plan_from_an_empty_calendar_is_a_comparison_and_cannot_be_published(desk, planned):
    planned.result["fresh"] = True
    planned.save()
    before = Visit.objects.count()
    page = go(desk, "plan-version", planned.number)
    assert "Planned from an empty calendar, to compare." in page.text
    assert f"/plan/v{planned.number}/publish/" not in page.text
    answer = do(desk, "plan-publish", planned.number)
    assert said(answer) == [
        "A plan from an empty calendar is a comparison; it cannot be published."
    ]
    assert Visit.objects.count() == before


def test_version_that_does_not_exist_is_not_found(desk):
    assert go(desk, "plan-version", 99).status_code == 404
    assert do(desk, "plan-publish", 99).status_code == 404
    assert do(desk, "plan-stop", 99).status_code == 404


def test_host_reads_the_plan_and_changes_nothing(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    assert go(client, "plan").status_code == 200
    for name, *args in (("plan-start",), ("plan-publish", 2), ("plan-stop", 1)):
        assert do(client, name, *args).status_code == 403


def test_expert_and_reporter_do_not_see_the_plan(client, sample, expert, reporter):
    for user in (expert, reporter):
        client.force_login(user)
        assert go(client, "plan").status_code == 403
        assert go(client, "plan-version", 2).status_code == 403


def test_tray_of_a_host_holds_only_the_own_requests(client, sample):
    host = User.objects.get(email="host@example.org")
    client.force_login(host)
    own = set(VisitRequest.objects.visible_to(host).values_list("ref", flat=True))
    assert {item["row"].ref for item in go(client, "plan").context["waiting"]} <= own


def test_tray_says_truly_whether_the_latest_plan_weighed_a_request(desk):
    """R24 came after the plan was published; a request taken back has its place in it still."""
    do(desk, "request-take-back", "R04")
    page = go(desk, "plan")
    has_place = {item["row"].ref: item["has_place"] for item in page.context["waiting"]}
    assert (has_place["R24"], has_place["R04"]) == (False, True)
    assert "Plan v2 did not weigh it." in page.text
    assert "Plan v2 has a place for it." in page.text


def test_a_reason_speaks_of_the_days_the_city_wished(planned):
    """R24 wishes 21 and 23 February, R20 the 14th: other days are told as the way out."""
    reasons = {row.request.ref: row.reason for row in planned.unplaced.select_related("request")}
    assert "R24" in reasons or "R20" in reasons
    for ref, days in (("R24", ("21 February", "23 February")), ("R20", ("14 February",))):
        if "February" in reasons.get(ref, ""):
            assert any(day in reasons[ref] for day in days), reasons[ref]


def test_plan_page_says_what_changed_since_its_reasons_were_worked_out(desk, planned):
    do(desk, "plan-publish", planned.number)
    told = "Since these reasons were worked out, decisions were made or taken back."
    assert told not in go(desk, "plan").text
    left = planned.unplaced.filter(request__ref="R24").get().request
    do(desk, "plan-decide", "forbid", request=left.ref, day="2023-02-23", reason="Council.")
    assert told in go(desk, "plan").text
