"""From rows to the planner's problem, on the sample, plain and fresh."""

import re
import time
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from crm import clock
from crm.models import User
from crm.roles import Role
from tests.visits.planning.verifier import faults
from visits.domain import planning
from visits.domain.plan_rollback import bring_back
from visits.domain.planning import load_problem
from visits.domain.plans import plan_as_json, solve_campaign, store_version, visit_ref
from visits.domain.publishing import changes_of, publish_version
from visits.domain.visits import postpone_visit
from visits.domain.why import Weighing
from visits.models import Campaign, Host, Visit, VisitRequest
from visits.planning.check import violations

pytestmark = pytest.mark.django_db
# So far away that counts end the search, as on an idle machine.
CEILING = 300


@pytest.fixture
def campaign(sample):
    return Campaign.objects.get(slug="february-2023")


def task(loaded, ref):
    return next(row for row in loaded.problem.tasks if row.ref == ref)


def test_plain_problem_takes_agreed_visits_and_held_dates_as_facts(campaign):
    loaded = load_problem(campaign, at=clock.now())
    assert sorted(visit.ref for visit in loaded.problem.fixed) == [
        *("V04 V07 V08 V09 V10 V11 V12 V13 V14 V16 V17 V18".split())
    ]
    assert sorted(row.ref for row in loaded.problem.tasks) == ["R05", "R12", "R20", "R24"]
    assert loaded.problem.earliest > clock.now()


def test_fresh_problem_plans_every_plannable_request_from_an_empty_calendar(campaign):
    loaded = load_problem(campaign, at=clock.now(), fresh=True)
    assert loaded.problem.fixed == ()
    planned = {ref for row in loaded.problem.tasks for ref in row.requests}
    # R13 is referred, N01 merged, N02 rejected.
    assert planned == {f"R{number:02}" for number in range(1, 26)} - {"R13"}
    assert task(loaded, "R14").requests == ("R14", "R15")


def test_fresh_plan_keeps_to_every_strike_of_the_window_and_tells_what_it_leaves_out(campaign):
    solved = solve_campaign(campaign, at=clock.now(), fresh=True, seconds=CEILING)
    days = {row.start.date() for row in solved.loaded.problem.disruptions}
    assert {date(2023, 2, 6), date(2023, 2, 15), date(2023, 2, 16)} == days
    assert violations(solved.loaded.problem, solved.solution) == []
    told = plan_as_json(solved)
    assert told["left_out"] == [
        "16 visits that stand or took place.",
        "Where the hosts are now, and the notice a new date gives.",
        "That these ended without a visit, as if they wanted one still: R09; R19; R21.",
        "Requests that were merged, rejected or referred: N01; N02; R13.",
    ]
    # Each request that was ours to answer is in the plan or told with its reason.
    refs = {ref for row in told["visits"] for ref in row["requests"]}
    refs |= {row["request"] for row in told["unplaced"]}
    assert refs == {f"R{number:02}" for number in range(1, 26)} - {"R13"}


def test_plain_plan_leaves_nothing_out_of_account(campaign):
    assert plan_as_json(solve_campaign(campaign, at=clock.now(), seconds=10))["left_out"] == []


def test_more_places_than_journeys_can_be_weighed_between_are_refused_by_their_number(
    campaign, monkeypatch, client
):
    monkeypatch.setattr(planning, "MOST_PLACES", 5)
    sentence = r"requests lie in \d+ places; a plan can weigh the journeys between 5\."
    with pytest.raises(ValidationError, match=sentence):
        solve_campaign(campaign, at=clock.now())

    client.force_login(User.objects.get(email="coordinator@example.org"))
    page = client.get("/requests/R24/why/", follow=True)
    assert page.redirect_chain == [("/requests/R24/", 302)]
    assert re.search(sentence, " ".join(str(told) for told in page.context["messages"]))


def test_what_takes_longer_than_a_page_may_is_left_to_the_search(campaign, monkeypatch, client):
    monkeypatch.setattr(planning, "MOST_PLACES_AT_ONCE", 5)
    assert solve_campaign(campaign, at=clock.now(), seconds=10).solution.visits
    client.force_login(User.objects.get(email="coordinator@example.org"))
    page = client.get("/requests/R24/why/", follow=True)
    assert page.redirect_chain == [("/requests/R24/", 302)]
    told = " ".join(str(message) for message in page.context["messages"])
    assert "the journeys between more than 5 are not weighed while you wait" in told


def test_ten_thousand_requests_are_counted_and_refused_before_one_is_read(
    campaign, client, django_assert_max_num_queries
):
    like, now = campaign.requests.get(ref="R24"), clock.now()
    VisitRequest.objects.bulk_create(
        VisitRequest(
            ref=f"X{number:05}",
            campaign=campaign,
            place=like.place,
            city=like.city,
            country=like.country,
            zone=like.zone,
            state="under_review",
            state_since=now,
            received_at=now,
            channel="web",
            mode="on_site",
        )
        for number in range(10_000)
    )
    sentence = r"100\d\d requests are more than one plan can weigh; plan at most 4000 at a time\."
    for fresh in (False, True):
        began = time.process_time()
        with django_assert_max_num_queries(20), pytest.raises(ValidationError, match=sentence):
            solve_campaign(campaign, at=now, fresh=fresh)
        assert time.process_time() - began < 3
    client.force_login(User.objects.get(email="coordinator@example.org"))
    page = client.get("/requests/X00001/why/", follow=True)
    assert re.search(sentence, " ".join(str(told) for told in page.context["messages"]))
    for path in ("/plan/", "/plan/replan/", "/plan/fill/", "/requests/X00001/propose/"):
        began = time.process_time()
        page = client.get(path)
        assert (page.status_code, time.process_time() - began < 5) == (200, True), path
    assert len(client.get("/plan/").context["waiting"]) == 100


def test_host_who_shares_no_language_with_a_city_does_not_meet_it_without_an_interpreter(campaign):
    Host.objects.filter(ref="H2").update(languages=["fr"])
    solved = solve_campaign(campaign, at=clock.now(), seconds=CEILING)
    assert not [row for row in solved.solution.visits if row.host == "H2" and row.task]
    told = {row["request"]: row for row in plan_as_json(solved)["unplaced"]}
    assert "Backup expert" not in (told["R24"]["would_fit_if"] or "")
    asked = VisitRequest.objects.get(ref="R24")
    (words,) = {row.hard for row in possible(asked) if row.host.ref == "H2" and row.day.day == 27}
    assert words == (
        "Backup expert (sample) speaks none of these languages, and no interpreter is asked for: "
        "Čeština and English."
    )
    VisitRequest.objects.filter(ref="R24").update(interpreter="Czech and English")
    told = plan_as_json(solve_campaign(campaign, at=clock.now(), seconds=CEILING))["unplaced"]
    (row,) = [row for row in told if row["request"] == "R24"]
    assert row["would_fit_if"].endswith("with Backup expert (sample).")


def possible(request):
    """The verdict of every host and day on a request, as the page that asks why tells it."""
    return [cell.cell for cell in Weighing(request, at=clock.now()).cells()]


def test_problem_knows_the_local_calendar_of_each_place(campaign):
    loaded = load_problem(campaign, at=clock.now(), fresh=True)
    closed = {ref: set(task(loaded, ref).closed) for ref in ("R03", "R08", "R09", "R10", "R12")}
    assert date(2023, 2, 15) in closed["R03"]  # patron saint of Brescia
    assert date(2023, 2, 24) in closed["R08"]
    assert date(2023, 2, 6) in closed["R09"]
    assert date(2023, 2, 27) in closed["R10"]
    assert date(2023, 2, 28) in closed["R12"]
    assert task(loaded, "R08").half_days[date(2023, 2, 23)] == 14 * 60
    assert date(2023, 2, 20) in task(loaded, "R04").soft_days


def test_request_without_a_place_is_set_aside_and_named(campaign):
    campaign.requests.filter(ref="R24").update(place=None)
    loaded = load_problem(campaign, at=clock.now())
    assert [row.ref for row in loaded.without_place] == ["R24"]
    solved = solve_campaign(campaign, at=clock.now(), seconds=10)
    from visits.domain.plans import unplaced_as_json

    row = next(row for row in unplaced_as_json(solved) if row["request"] == "R24")
    assert row["code"] == "no_place"
    assert row["reason"] == (
        "Ostrava is not in the register of places, so no journey can be planned."
    )


def test_request_online_needs_no_place_in_the_register(campaign):
    campaign.requests.filter(ref="R24").update(place=None, mode="online")
    loaded = load_problem(campaign, at=clock.now())
    assert loaded.without_place == ()
    solved = solve_campaign(campaign, at=clock.now(), seconds=10)
    (visit,) = [row for row in solved.solution.visits if "R24" in row.requests]
    assert (visit.mode, visit.zone, visit.start.date()) == (
        "online",
        "Europe/Prague",
        date(2023, 2, 21),
    )
    version = store_version(solved)
    publish_version(version, at=clock.now(), by=None)
    assert Visit.objects.get(requests__ref="R24").mode == "online"


def test_requests_online_of_two_cities_outside_the_register_are_two_visits_also_when_fresh(
    campaign,
):
    campaign.requests.filter(ref__in=["R24", "R20"]).update(place=None, mode="online")
    loaded = load_problem(campaign, at=clock.now(), fresh=True)
    assert task(loaded, "R24").requests == ("R24",)
    assert task(loaded, "R20").requests == ("R20",)


def test_request_longer_than_a_day_is_left_out_by_name_and_the_others_are_planned(campaign):
    campaign.requests.filter(ref="R24").update(duration_minutes=600)
    campaign.requests.filter(ref="R05").update(mode="online", duration_minutes=90)
    told = plan_as_json(solve_campaign(campaign, at=clock.now(), seconds=10))
    (row,) = [row for row in told["unplaced"] if row["request"] == "R24"]
    assert (row["code"], row["reason"]) == (
        "too_long",
        "R24 Ostrava takes 10 h; a visiting day has only 8 h.",
    )
    assert ["R05"] in [visit["requests"] for visit in told["visits"]]


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
@pytest.mark.parametrize("fresh", [False, True])
def test_plan_of_the_sample_breaks_no_rule_and_says_why_for_each_left(campaign, fresh):
    before = list(Visit.objects.order_by("ref").values())
    solved = solve_campaign(campaign, at=clock.now(), fresh=fresh, seconds=CEILING)
    solution = solved.solution
    assert faults(solved.loaded.problem, solution) == []
    assert solution.proven
    placed = {ref for visit in solution.visits for ref in visit.requests}
    left = {ref for row in solution.unplaced for ref in row.requests or (row.task,)}
    asked = {ref for row in solved.loaded.problem.tasks for ref in row.requests}
    assert asked <= placed | left
    assert placed & left == set()
    assert all(row.reason.text.endswith(".") for row in solution.unplaced)
    if fresh:
        assert sum(visit.mode == "on_site" for visit in solution.visits) >= 10
    # Planning alone writes nothing.
    assert list(Visit.objects.order_by("ref").values()) == before


def test_plain_plan_leaves_every_agreed_visit_where_it_is(campaign):
    solved = solve_campaign(campaign, at=clock.now(), seconds=10)
    told = {visit_ref(solved, row): (row.host, row.start) for row in solved.solution.visits}
    for visit in Visit.objects.agreed().select_related("host"):
        assert told[visit.ref] == (visit.host.ref, visit.starts_at)


@pytest.fixture
def moved(campaign):
    """V10 given a new day by us; its city has not answered yet."""
    visit = campaign.visits.get(ref="V10")
    return postpone_visit(
        visit,
        starts_at=visit.starts_at.replace(day=22, hour=9, minute=30),
        ends_at=visit.ends_at.replace(day=22, hour=12, minute=0),
        side="us",
        reason="A strike.",
        at=clock.now(),
        by=User.objects.filter(groups__name=Role.COORDINATOR).first(),
    )


def test_moved_visit_that_waits_for_its_city_stands_like_an_agreed_one(campaign, moved):
    loaded = load_problem(campaign, at=clock.now())
    assert moved.ref in {visit.ref for visit in loaded.problem.fixed}
    solved = solve_campaign(campaign, at=clock.now(), seconds=CEILING)
    new = [
        (visit.start, visit.end)
        for visit in solved.solution.visits
        if visit.task and visit.host == moved.host.ref
    ]
    assert not [slot for slot in new if slot[0] < moved.ends_at and moved.starts_at < slot[1]]


def test_plan_around_a_moved_visit_is_published_and_leaves_it_alone(campaign, moved):
    call_command("plan_visits", campaign.slug, "--publish", "--seconds", str(CEILING))
    moved.refresh_from_db()
    (request,) = moved.requests.all()
    assert (moved.state, request.state) == ("tentative", "scheduled")
    assert (
        campaign.plan.versions.filter(state="published")
        .latest("number")
        .placements.filter(visit=moved)
    )


def test_plan_brought_back_leaves_a_moved_visit_where_it_waits(campaign, moved):
    kept = campaign.plan.versions.filter(state="published").latest("number")
    version = bring_back(kept, at=clock.now(), by=None)
    assert version.placements.filter(visit=moved, starts_at=moved.starts_at)
    assert "dropped" not in {change.kind for change in changes_of(version)}
