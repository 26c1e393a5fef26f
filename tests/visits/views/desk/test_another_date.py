"""A city asks for another date: Today, the visit, the move, the plan and the answer."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import ClockSetting, OutgoingMail, User
from tests.factories.visits import DateWishFactory
from tests.visits.views.desk.front_door import change_visit, do, go, refused, said
from visits.domain.date_wishes import ask_for_date
from visits.domain.planning_runs import work_off
from visits.domain.reach import Reach
from visits.domain.requests import Wish
from visits.models import DateWish, Host, PlanRun, PlanVersion, Visit, VisitRequest

pytestmark = pytest.mark.django_db
DUE = datetime(2023, 2, 16, 9, tzinfo=UTC)


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def wish(desk):
    """Bergen, agreed on the morning of 24 February, would rather have the afternoon."""
    return ask_for_date(
        VisitRequest.objects.get(ref="R02"),
        wishes=[Wish(date(2023, 2, 24), "afternoon")],
        reason="The <b>mayor</b> is away.",
        at=DUE.replace(day=15),
    )


def test_today_lists_the_city_with_the_working_time_left_to_answer(desk, wish):
    (item,) = go(desk, "today").context["other_dates"]
    assert (item["row"], item["left"]) == (wish, 8 * 60)
    assert "Asks for another date" in go(desk, "today").text

    ClockSetting.objects.fix(DUE.replace(hour=11))
    (item,) = go(desk, "today").context["other_dates"]
    assert item["left"] == -2 * 60
    assert "2 h late" in go(desk, "today").text


def test_today_asks_nothing_more_for_more_wishes(desk):
    DateWishFactory(request=VisitRequest.objects.get(ref="R02"), visit=Visit.objects.get(ref="V04"))
    go(desk, "today")
    with CaptureQueriesContext(connection) as one:
        go(desk, "today")
    for ref, visit in (("R18", "V07"), ("R17", "V08"), ("R14", "V09")):
        DateWishFactory(
            request=VisitRequest.objects.get(ref=ref), visit=Visit.objects.get(ref=visit)
        )
    with CaptureQueriesContext(connection) as four:
        page = go(desk, "today")
    assert len(page.context["other_dates"]) == 4
    assert len(four) == len(one)


def test_today_says_nothing_while_no_city_asks(desk):
    assert "Asks for another date" not in go(desk, "today").text


def test_visit_shows_what_is_asked_and_leads_to_move_plan_and_answer(desk, wish):
    page = go(desk, "visit-detail", "V04").text
    assert "The city asks for another date" in page
    assert "Fri 24 Feb 2023</time>, afternoon" in page
    assert "The &lt;b&gt;mayor&lt;/b&gt; is away." in page
    for path in ("/visits/V04/move/", "/plan/replan/", "/requests/R02/keep-date/"):
        assert f'href="{path}"' in page
    assert "The city asked for another date" in go(desk, "visit-detail", "V04", tab="history").text
    assert "The &lt;b&gt;mayor&lt;/b&gt; is away." in go(desk, "request-detail", "R02").text


def test_host_reads_the_wish_and_an_expert_does_not(desk, wish, client):
    client.force_login(User.objects.get(email="host@example.org"))
    page = go(client, "visit-detail", "V04").text
    assert "The city asks for another date" in page
    assert "keep-date" not in page

    expert = User.objects.get(email="expert@example.org")
    Visit.objects.get(ref="V04").experts.add(Host.objects.get(user=expert))
    client.force_login(expert)
    assert "another date" not in go(client, "visit-detail", "V04").text


def test_page_of_a_move_puts_the_wished_time_first_and_the_city_as_who_moves(desk, wish):
    page = go(desk, "visit-postpone", "V04")
    assert "The city asks for another date" in page.text
    first = page.context["offers"][0]["slot"]
    assert (first.day, first.minute >= 12 * 60, first.wish) == (date(2023, 2, 24), True, 1)
    assert page.context["form"]["side"].value() == "municipality"
    looked = desk.get(f"/visits/V04/move/{page.context['offers'][0]['path']}")
    assert "R02 named this day itself, as wish 1." in looked.context["outlook"].favours
    assert looked.context["form"]["side"].value() == "municipality"


def test_move_answers_the_wish(desk, wish):
    fields = {"starts_at": "2023-02-24T12:30", "side": "municipality", "reason": "They asked."}
    change_visit(desk, "V04", override_reason="They insist.", **fields)
    moved = Visit.objects.latest("pk")
    assert (moved.replaces.ref, moved.awaits_city) == ("V04", True)
    assert go(desk, "today").context["other_dates"] == []
    for ref in ("V04", moved.ref):
        assert "The city asks for another date" not in go(desk, "visit-detail", ref).text

    again = do(desk, "visit-take-back", moved.ref)
    assert "The city asks for another date" in again.text
    assert DateWish.objects.open().get().visit.ref == again.context["visit"].ref


def test_planning_anew_ticks_the_visit_and_says_why(desk, wish):
    page = go(desk, "plan-replan")
    rows = {row.visit.ref: (row.dangers, ticked) for row, ticked in page.context["rows"]}
    assert rows["V04"] == (("The city asks for another date.",), True)


def test_planner_counts_the_days_asked_for_as_wished(desk, wish):
    row = VisitRequest.objects.get(ref="R02")
    reach = Reach(row, at=wish.asked_at)
    assert [(each.day, each.rank) for each in reach.as_asked.wishes] == [(date(2023, 2, 24), 1)]
    DateWish.objects.update(settled_at=wish.asked_at, outcome="withdrawn")
    again = Reach(VisitRequest.objects.get(ref="R02"), at=wish.asked_at)
    assert [each.day.day for each in again.as_asked.wishes] == [7, 8]


def test_date_is_kept_with_an_answer_to_the_city(desk, wish):
    page = go(desk, "request-keep-date", "R02")
    assert "Write in their language: Norsk bokmål." in page.text
    assert refused(do(desk, "request-keep-date", "R02", answer=" ")) != []

    answer = do(desk, "request-keep-date", "R02", answer="Da kan vi ikke.")
    assert said(answer) == ["The date stays; the answer is in the outbox."]
    mail = OutgoingMail.objects.latest("pk")
    assert mail.subject == "R02: den avtalte datoen står"
    assert "Da kan vi ikke." in mail.text
    wish.refresh_from_db()
    assert wish.outcome == "kept"
    assert go(desk, "today").context["other_dates"] == []
    assert "The agreed date was kept" in answer.text


def test_second_answer_and_answer_without_a_wish_are_refused(desk, wish):
    do(desk, "request-keep-date", "R02", answer="Da kan vi ikke.")
    sent = OutgoingMail.objects.count()
    late = do(desk, "request-keep-date", "R02", answer="Nei.")
    assert said(late) == [
        "No wish for another date is open; the page shows where things stand.",
    ]
    assert OutgoingMail.objects.count() == sent
    assert said(desk.get("/requests/R02/keep-date/", follow=True)) == [
        "R02 asks for no other date now."
    ]


def test_coordinator_is_told_when_no_answer_could_be_mailed(desk, wish):
    VisitRequest.objects.filter(ref="R02").update(address="")
    answer = do(desk, "request-keep-date", "R02", answer="Da kan vi ikke.")
    assert said(answer) == [
        "The date stays, but no letter could be written; tell the city yourself."
    ]


def test_wish_of_a_visit_that_begins_leaves_today(desk, wish):
    ClockSetting.objects.fix(wish.visit.starts_at)
    assert go(desk, "today").context["other_dates"] == []


def replanned(desk, ref):
    """What each of the three answers does with a visit that is planned anew."""
    do(desk, "plan-replan", released=[ref], because="Another date")
    PlanRun.objects.update(seconds=60)
    work_off()
    answers = go(desk, "plan-replan").context["answers"]
    return {
        run.freedom: (
            [change for change in answer["changes"] if change.visit and change.visit.ref == ref],
            [row.reason for row in answer["without_place"]],
        )
        for answer in answers
        for run in answer["runs"]
    }


def ask(ref, day, part="any"):
    ask_for_date(
        VisitRequest.objects.get(ref=ref),
        wishes=[Wish(day, part)],
        reason="",
        at=DUE.replace(day=15),
    )


def test_planned_anew_it_moves_to_the_day_its_city_asks_for_and_nothing_else_moves(desk):
    ask("R23", date(2023, 2, 27), "afternoon")
    ways = replanned(desk, "V17")
    for changes, left in ways.values():
        (change,) = changes
        assert (change.kind, change.placement.starts_at.date()) == ("moved", date(2023, 2, 27))
        assert change.placement.starts_at.hour >= 10  # noon in Lviv
        assert left == []


def test_planned_anew_it_stays_where_it_is_when_its_city_s_days_are_taken(desk):
    ask("R02", date(2023, 2, 22))
    for changes, left in replanned(desk, "V04").values():
        assert [change for change in changes if change.kind == "moved"] == []
        assert left == [
            "Joe Gorman cannot fit it on Wed 22 Feb 2023 beside V10 Vilnius, which stands."
        ]
    assert PlanVersion.objects.exclude(result__online=None).count() == 0


def test_planned_anew_it_tells_what_stands_against_every_day_its_city_asks_for(desk):
    ask_for_date(
        VisitRequest.objects.get(ref="R02"),
        wishes=[Wish(date(2023, 2, 22), "any"), Wish(date(2023, 2, 23), "any")],
        reason="",
        at=DUE.replace(day=15),
    )
    for _changes, (left,) in replanned(desk, "V04").values():
        assert "on Wed 22 Feb 2023 beside V10 Vilnius" in left
        assert "on Thu 23 Feb 2023 beside V11 Tallinn" in left


def test_joint_visit_planned_anew_minds_the_days_of_the_city_that_asks_for_others(desk):
    # R15, which is visited together with R14, wished for the very day that is agreed.
    other = VisitRequest.objects.get(ref="R15")
    other.preferred_dates.all().delete()
    other.preferred_dates.create(on=date(2023, 2, 21), rank=1)
    ask("R14", date(2023, 2, 22))
    for changes, left in replanned(desk, "V09").values():
        assert [change for change in changes if change.kind == "moved"] == []
        assert len(left) == 2
        assert all("on Wed 22 Feb 2023" in reason for reason in left)
