"""A strike meets the plan: the coordinator sees what it touches and gets three answers."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from crm import clock
from crm.models import Message
from tests.factories.visits import DisruptionFactory, HostAvailabilityFactory, VisitFactory
from tests.visits.views.desk.front_door import change_visit, do, go, said
from visits.domain.plan_edits import open_draft
from visits.domain.planning_runs import work_off
from visits.domain.plans import solve_campaign, store_version
from visits.domain.proposals import propose_dates
from visits.models import Campaign, Disruption, PlanRun, PlanVersion, Visit, VisitRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def ticked(page):
    return [row.visit.ref for row, is_ticked in page.context["rows"] if is_ticked]


def listed(page):
    return [row.visit.ref for row, _is_ticked in page.context["rows"]]


def test_page_lists_the_agreed_visits_ahead_and_ticks_those_in_danger(desk):
    page = go(desk, "plan-replan")
    assert set(listed(page)) == set(
        Visit.objects.filter(
            state__in=["confirmed", "briefed"], starts_at__gt=clock.now()
        ).values_list("ref", flat=True)
    )
    assert "V08" in ticked(page)
    assert "Airport strike in Germany touches it." in page.text


def test_absence_of_the_host_is_a_danger_too(desk):
    visit = Visit.objects.get(ref="V10")
    HostAvailabilityFactory(
        host=visit.host,
        starts_at=visit.starts_at - timedelta(hours=1),
        ends_at=visit.ends_at + timedelta(hours=1),
    )
    assert "V10" in ticked(go(desk, "plan-replan"))


def test_page_opened_from_a_disruption_is_named_after_it(desk):
    row = next(row for row in Disruption.objects.all() if "STR" in row.airports)
    page = go(desk, "plan-replan", disruption=row.pk)
    assert page.context["because"] == row.name
    assert f'value="{row.name}"' in page.text


@pytest.mark.one_database  # The planner is the same on both.
def test_three_plans_keep_every_visit_that_was_not_released(desk):
    before = {
        row.ref: (row.starts_at, row.host.ref)
        for row in Visit.objects.agreed().select_related("host")
    }
    do(desk, "plan-replan", released=["V08"], because="Airport strike")
    PlanRun.objects.update(seconds=10)
    assert work_off() == 3
    page = go(desk, "plan-replan")
    answers = page.context["answers"]
    assert [run.freedom for answer in answers for run in answer["runs"]] == [
        "insert",
        "few",
        "best",
    ]
    # Plans that are the same stand there once, and leaving V08 without a place is a change.
    gists = [
        [(c.kind, c.requests, c.placement.starts_at) for c in answer["changes"]]
        for answer in answers
    ]
    assert all(gist not in gists[:n] for n, gist in enumerate(gists))
    assert "Nothing needs to change" not in page.text
    for answer in page.context["answers"]:
        version = answer["version"]
        assert version.note.endswith(": Airport strike")
        for placement in version.placements.select_related("visit", "host"):
            if placement.visit and placement.visit.ref in before:
                assert (placement.starts_at, placement.host.ref) == before[placement.visit.ref]
        # No day is left for Stuttgart, and the page says why.
        assert [row.request.ref for row in answer["without_place"]] == ["R17"]
        moved = {c.visit.ref for c in answer["changes"] if c.visit and c.visit.ref in before}
        assert moved <= {"V08"}
    assert Visit.objects.get(ref="V08").is_agreed


@pytest.fixture
def storm(desk):
    """A storm over Poland on 21 February, when V09 is in Gdańsk."""
    warsaw = ZoneInfo("Europe/Warsaw")
    return DisruptionFactory(
        name="Storm over Poland",
        countries=["PL"],
        starts_at=datetime(2023, 2, 21, tzinfo=warsaw),
        ends_at=datetime(2023, 2, 22, tzinfo=warsaw),
    )


def answers(desk, released, because="Storm"):
    """The three answers by their freedom."""
    do(desk, "plan-replan", released=released, because=because)
    PlanRun.objects.update(seconds=60)
    assert work_off() == 3
    found = go(desk, "plan-replan").context["answers"]
    return {run.freedom: answer for answer in found for run in answer["runs"]}


def moved(answer):
    return {change.visit.ref for change in answer["changes"] if change.kind == "moved"}


@pytest.mark.one_database  # The planner is the same on both.
def test_insert_only_leaves_a_ticked_visit_that_can_stay(desk, storm):
    found = answers(desk, ["V04", "V09"])
    assert {freedom: moved(answer) for freedom, answer in found.items()} == {
        "insert": set(),
        "few": {"V04", "V09"},
        "best": {"V04", "V09"},
    }
    left = {freedom: answer["without_place"] for freedom, answer in found.items()}
    assert [row.request.ref for row in left["insert"]] == ["R14", "R15"]
    assert "Storm over Poland stops the journey" in left["insert"][0].reason
    assert left["few"] == left["best"] == []


@pytest.mark.one_database  # The planner is the same on both.
@pytest.mark.parametrize("released", [["V09"], ["V04", "V09"]])
def test_every_plan_offered_can_be_published_as_it_is(desk, storm, released):
    offered = answers(desk, released)
    assert set(offered) == set(PlanRun.Freedom.values)
    for answer in offered.values():
        with transaction.atomic():
            publish_as_it_is(desk, answer["version"])
            transaction.set_rollback(True)


def publish_as_it_is(desk, version):
    """V09 keeps its time unless the plan moves it, so nothing new is put there."""
    page = go(desk, "plan-version", version.number)
    approved = [change.visit.ref for change in page.context["changes"] if change.needs_approval]
    spots = list(version.placements.values_list("host", "starts_at", "ends_at"))
    answer = do(desk, "plan-publish", version.number, seen=version.edits, approved=approved)
    assert said(answer)[0].startswith("Published.")
    standing = Visit.objects.live().filter(campaign=version.plan.campaign)
    stands = set(standing.values_list("host", "starts_at", "ends_at"))
    assert set(spots) <= stands
    assert Visit.objects.get(ref="V09").is_agreed == ("V09" not in approved)


@pytest.mark.parametrize("published", ["one of them", "another plan"])
def test_answers_are_gone_once_a_plan_was_published(desk, storm, published):
    """They were worked out against the plan before; also those that still wait or come late."""
    other = store_version(solve_campaign(Campaign.objects.get(), at=clock.now(), seconds=10))
    found = answers(desk, ["V09"])
    assert len(found) == 3
    version = found["insert"]["version"] if published == "one of them" else other
    do(desk, "plan-replan", released=["V09"], because="Asked again")
    if published == "one of them":
        PlanRun.objects.filter(because="Asked again", freedom="best").update(state="running")
    assert "Plans for “Asked again”" in go(desk, "plan-replan").text
    answer = do(desk, "plan-publish", version.number, seen=0)
    assert said(answer)[0].startswith("Published.")
    page = go(desk, "plan-replan")
    assert (page.context["answers"], page.context["active"]) == ([], False)
    assert "Plans for" not in page.text
    assert not PlanRun.objects.filter(state="queued").exists()
    assert not PlanRun.objects.filter(state="running", stop_asked=False).exists()
    do(desk, "plan-replan", released=["V09"], because="Anew")
    assert "Plans for “Anew”" in go(desk, "plan-replan").text


@pytest.mark.one_database  # The planner is the same on both.
def test_visit_without_a_new_place_stands_in_the_draft_and_is_told_apart_from_the_tray(desk, storm):
    version = answers(desk, ["V09"])["insert"]["version"]
    page = go(desk, "plan-version", version.number)
    assert [row.request.ref for row in page.context["left_standing"]] == ["R14", "R15"]
    assert not {"R14", "R15"} & {row.request.ref for row in page.context["unplaced"]}
    assert version.placements.get(visit__ref="V09").is_fixed
    assert version.proven
    assert (
        "The journey from Gdańsk to Vilnius (flight) is stopped until Wed 22 Feb 2023, 01:00 "
        "Vilnius (EET), a day touched counting whole: Storm over Poland."
    ) in page.text
    assert "24 h too short" not in page.text
    weight = version.standing["priority"]
    assert (version.standing["visits"], 0 < weight < version.priority) == (["V09", "V10"], True)
    for each in (page, go(desk, "plan-replan")):
        words = f"Of this, priority {weight} is of visits that stand without a place: V09, V10."
        assert words in each.text
        assert 'href="/visits/V09/move/"' in each.text


def calls(page):
    """What the page proposes to meet online: the address of each, by the visit it changes."""
    found = re.findall(r'href="(/visits/(V\d+)/move/\?[^"]*mode=online[^"]*)"', page.text)
    return {ref: unescape(path) for path, ref in found}


@pytest.fixture
def long_storm(desk):
    """A storm from Poland to Estonia for a week, with two agreed visits and an offer in it."""
    return DisruptionFactory(
        name="Storm over the Baltic",
        countries=["PL", "LT", "EE"],
        starts_at=datetime(2023, 2, 20, tzinfo=UTC),
        ends_at=datetime(2023, 2, 25, tzinfo=UTC),
    )


@pytest.mark.one_database  # The planner is the same on both.
def test_visits_nobody_can_get_to_are_answered_once_with_times_to_meet_online(desk, long_storm):
    found = answers(desk, ticked(go(desk, "plan-replan")))
    assert found["insert"] is found["few"] is found["best"]
    page = go(desk, "plan-replan")
    assert page.text.count("Agreed, but without a place in this plan") == 1
    online = calls(page)
    assert {"V09", "V10"} <= online.keys()
    booked = []
    for path in online.values():
        looked = desk.get(path)
        move, outlook = looked.context["move"], looked.context["outlook"]
        assert (move.mode, outlook.verdict.hard, outlook.refusal) == ("online", [], "")
        booked.append((move.host, move.starts_at, move.ends_at))
    # All of them can be had together.
    for n, (host, start, end) in enumerate(booked):
        assert not [row for row in booked[:n] if row[0] == host and row[1] < end and start < row[2]]


@pytest.mark.one_database  # The planner is the same on both.
def test_visit_is_met_online_at_its_own_time_where_that_is_possible(desk, storm):
    answers(desk, ["V09"])
    for page in (
        go(desk, "plan-replan"),
        go(desk, "plan-version", PlanVersion.objects.order_by("-number").first().number),
    ):
        move = desk.get(calls(page)["V09"]).context["move"]
        visit = Visit.objects.get(ref="V09")
        assert (move.host, move.starts_at, move.mode) == (visit.host, visit.starts_at, "online")
        words = "Meet online Tue 21 Feb 2023, 09:00 Warsaw (CET) with Joe Gorman…"
        assert f"{words}</a>" in page.text


@pytest.mark.one_database  # The planner is the same on both.
def test_nothing_that_has_to_change_is_said_in_one_sentence_without_a_list(desk):
    found = answers(desk, ["V10"])
    assert found["insert"]["changes"] == found["insert"]["without_place"] == []
    text = go(desk, "plan-replan").text
    assert text.count("Nothing needs to change: every visit can stay where it is.") == 1


def test_offer_in_a_storm_is_ticked_and_given_up_by_the_plan_that_is_published(desk, long_storm):
    page = go(desk, "plan-replan")
    assert "V11" in ticked(page)
    assert [visit.ref for visit in page.context["on_offer"]] == ["V11"]
    answer = answers(desk, ticked(page))["insert"]
    # Without the offer Stuttgart, where the airport is on strike, has a place of its own.
    changes = [(c.kind, c.visit.ref) for c in answer["changes"]]
    assert changes == [("moved", "V08"), ("dropped", "V11")]
    assert [row.request.ref for row in answer["offers_lost"]] == ["R08"]
    assert "Storm over the Baltic stops the journey" in answer["offers_lost"][0].reason
    assert Visit.objects.get(ref="V11").state == "tentative"
    version = answer["version"]
    do(desk, "plan-publish", version.number, seen=version.edits, approved=["V08"])
    assert Visit.objects.get(ref="V11").state == "cancelled"


def test_offer_in_a_storm_is_taken_back_on_the_page_itself(desk, long_storm):
    page = go(desk, "plan-replan")
    assert '<form class="post-button" method="post" action="/requests/R08/take-back/"' in page.text
    answer = do(desk, "request-take-back", "R08", next="/plan/replan/")
    assert answer.redirect_chain[-1][0] == "/plan/replan/"
    assert Visit.objects.get(ref="V11").state == "cancelled"
    assert answer.context["on_offer"] == []


def test_offer_whose_date_its_city_has_accepted_is_not_planned_anew(desk, long_storm):
    Visit.objects.get(ref="V11").holds.update(accepted_at=clock.now())
    assert "V11" not in listed(go(desk, "plan-replan"))


def test_offer_that_nothing_endangers_is_not_listed(desk, storm):
    assert "V11" not in listed(go(desk, "plan-replan"))


def test_visit_that_is_over_meanwhile_is_refused_by_name_and_nothing_starts(desk):
    answer = do(desk, "plan-replan", released=["V01"], because="")
    assert said(answer) == ["V01 cannot be planned anew any more; look at the list again."]
    assert not PlanRun.objects.exclude(group="").exists()


def test_offer_whose_host_cannot_is_named_and_ticked(desk):
    visit = Visit.objects.get(ref="V11")
    HostAvailabilityFactory(host=visit.host, starts_at=visit.starts_at, ends_at=visit.ends_at)
    page = go(desk, "plan-replan")
    assert [row.ref for row in page.context["on_offer"]] == ["V11"]
    assert "V11" in ticked(page)
    assert "/visits/V11/" in page.text


def test_nothing_ticked_asks_to_tick_something(desk):
    answer = do(desk, "plan-replan", released=[], because="")
    assert said(answer) == ["Tick at least one visit that may move."]
    assert not PlanRun.objects.exclude(group="").exists()


def test_asking_again_gives_up_the_searches_that_still_wait(desk):
    do(desk, "plan-replan", released=["V08"], because="first")
    do(desk, "plan-replan", released=["V08"], because="second")
    assert sorted(PlanRun.objects.values_list("because", "state")) == [
        *[("first", "stopped")] * 3,
        *[("second", "queued")] * 3,
    ]


def test_campaign_without_agreed_visits_says_so(desk):
    Visit.objects.update(state="tentative")
    assert "No agreed visit lies ahead" in go(desk, "plan-replan").text


def test_queries_do_not_grow_with_the_visits(desk, django_assert_max_num_queries):
    campaign = Campaign.objects.get(slug="february-2023")
    with django_assert_max_num_queries(40) as few:
        go(desk, "plan-replan")
    start = datetime(2023, 2, 27, 9, tzinfo=UTC)
    for _number in range(20):
        VisitFactory(campaign=campaign, state="confirmed", starts_at=start)
    DisruptionFactory.create_batch(5)
    with django_assert_max_num_queries(len(few)):
        go(desk, "plan-replan")
    assert PlanVersion.objects.exists()


def test_move_page_tells_the_time_at_which_a_visit_is_now_not_that_day_s_best(desk):
    """V10 is in Vilnius at 10:00; the same day could begin at 09:00."""
    version = answers(desk, ["V10"])["insert"]["version"]
    page = go(desk, "plan-move", version.number, request="R07").text
    ((best, here),) = re.findall(r"<span>([^<]*) <b>([^<]*)</b>", page)
    assert "22 Feb 2023, 09:00" in best
    assert here == "It is on this day now, at 10:00 Vilnius (EET)."


# --- Publishing what moves an agreed visit ---


@pytest.fixture
def moving(desk):
    """A draft that moves V08, which its city agreed to, because the airport strike stops its way
    home; with the visit as it stands. All offers were taken back, so that there is room."""
    for offer in Visit.objects.filter(state="tentative"):
        do(desk, "request-take-back", offer.requests.get().ref)
    do(desk, "plan-replan", released=["V08"], because="Airport strike")
    PlanRun.objects.update(seconds=10)
    work_off()
    version = PlanRun.objects.get(freedom="best").version
    placement = version.placements.get(requests__ref="R17")
    assert placement.visit is None
    return version, Visit.objects.get(ref="V08"), placement


def test_agreed_visit_is_not_moved_without_its_own_approval(desk, moving):
    version, visit, _placement = moving
    page = go(desk, "plan-version", version.number)
    assert 'name="approved" value="V08"' in page.text
    answer = do(desk, "plan-publish", version.number, seen=version.edits)
    assert said(answer) == ["V08 has a date with its city: approve the new one, or move it back."]
    visit.refresh_from_db()
    version.refresh_from_db()
    assert (visit.is_agreed, version.state) == (True, "draft")


def test_ticks_are_kept_when_publishing_is_refused(desk, moving):
    version, visit, _placement = moving
    other = version.placements.filter(visit=None).exclude(requests__ref="R17").first()
    row = other.requests.get()
    do(desk, "plan-move", version.number, request=row.ref, seen=0, leave_out="1")
    ticked_box = 'name="approved" value="V08" form="publish" checked'
    assert ticked_box not in go(desk, "plan-version", version.number).text
    answer = do(desk, "plan-publish", version.number, seen=0, approved=["V08"])
    assert answer.status_code == 409
    assert said(answer)[0].endswith("Nothing was published.")
    assert ticked_box in answer.text
    assert Visit.objects.get(pk=visit.pk).is_agreed


@pytest.mark.one_database  # The planner is the same on both.
def test_agreed_visit_left_out_by_hand_stands_and_keeps_its_time(desk, moving):
    version, visit, placement = moving
    move = {"request": "R17", "seen": 0, "leave_out": "1"}
    answer = do(desk, "plan-move", version.number, **move)
    stands = version.placements.get(requests__ref="R17")
    assert (stands.visit, stands.is_fixed, stands.starts_at) == (visit, True, visit.starts_at)
    assert said(answer)[0].endswith(
        "V08 Stuttgart stays where it stands with its city: "
        "Fri 17 Feb 2023, 12:00–15:00 Berlin (CET)."
    )
    version.refresh_from_db()
    facts = open_draft(version, at=clock.now()).loaded.problem.fixed
    assert visit.starts_at in {fact.start for fact in facts if fact.ref == "V08"}
    do(desk, "plan-edit-undo", version.number, 1)
    again = version.placements.get(requests__ref="R17")
    assert (again.visit, again.starts_at) == (None, placement.starts_at)
    do(desk, "plan-move", version.number, **(move | {"seen": 2}))
    version.refresh_from_db()
    answer = do(desk, "plan-publish", version.number, seen=version.edits)
    assert said(answer)[0].startswith("Published.")
    visit.refresh_from_db()
    assert visit.is_agreed


def test_approved_move_replaces_the_visit_and_drafts_one_letter_to_its_city(desk, moving):
    version, visit, placement = moving
    others = {row.ref: row.starts_at for row in Visit.objects.agreed().exclude(ref="V08")}
    drafts = set(Message.objects.drafts().values_list("pk", flat=True))
    answer = do(desk, "plan-publish", version.number, seen=version.edits, approved=["V08"])
    assert said(answer)[0].startswith("Published.")
    visit.refresh_from_db()
    moved = Visit.objects.get(replaces=visit)
    assert (visit.state, moved.starts_at, moved.host) == (
        "postponed",
        placement.starts_at,
        placement.host,
    )
    assert (moved.ics_uid, moved.ics_sequence > visit.ics_sequence) == (visit.ics_uid, True)
    letters = Message.objects.drafts().exclude(pk__in=drafts).filter(visit_requests__ref="R17")
    assert [letter.template.key for letter in letters] == ["date_changed"]
    assert {row.ref: row.starts_at for row in Visit.objects.agreed()} == others


@pytest.fixture
def put_off(desk, moving):
    """V08 as it stands after a plan moved it, and as it stood before; its city was not told yet."""
    version, visit, _placement = moving
    do(desk, "plan-publish", version.number, seen=version.edits, approved=["V08"])
    return Visit.objects.get(replaces=visit), visit


def test_move_can_be_taken_back_on_the_plan_after_a_later_plan_was_published(desk, put_off):
    moved, before = put_off
    later = store_version(solve_campaign(Campaign.objects.get(), at=clock.now(), seconds=10))
    answer = do(desk, "plan-publish", later.number, seen=0)
    assert said(answer)[0].startswith("Published.")
    for page in (answer, go(desk, "visit-detail", moved.ref)):
        assert f'action="/visits/{moved.ref}/take-back/"' in page.text
    do(desk, "visit-take-back", moved.ref)
    again = Visit.objects.live().get(requests__ref="R17")
    assert (again.starts_at, again.host_id, again.is_agreed) == (
        before.starts_at,
        before.host_id,
        True,
    )
    assert "take-back" not in go(desk, "plan").text


def test_move_whose_old_time_is_taken_says_so_instead_of_offering_to_take_it_back(desk, put_off):
    moved, before = put_off
    propose_dates(
        VisitRequest.objects.get(ref="R12"),
        host=before.host,
        mode="online",
        slots=[(before.starts_at, before.ends_at)],
        expires_at=before.starts_at - timedelta(hours=2),
        at=clock.now(),
        by=None,
        override_reason="-",
    )
    for page in (go(desk, "plan"), go(desk, "visit-detail", moved.ref)):
        assert "take-back" not in page.text
        (why,) = re.findall(r"It cannot go back to its old time: ([^<]+)<", page.text)
        assert "Málaga" in why


@pytest.mark.one_database  # The planner is the same on both.
def test_draft_names_the_storm_that_a_visit_moves_into_and_how_one_still_gets_there(desk):
    storm = DisruptionFactory(
        name="Storm over Germany",
        countries=["DE"],
        modes=["rail"],
        starts_at=datetime(2023, 2, 19, 23, tzinfo=UTC),
        ends_at=datetime(2023, 2, 28, 23, tzinfo=UTC),
    )
    for offer in Visit.objects.filter(state="tentative"):
        do(desk, "request-take-back", offer.requests.get().ref)
    found = answers(desk, ["V08"])
    answer = next(each for each in found.values() if moved(each) == {"V08"})
    (change,) = [each for each in answer["changes"] if each.kind == "moved"]
    words = (
        "Moves into “Storm over Germany” (Mon 20 – Tue 28 Feb 2023); by flight, which still runs."
    )
    assert change.dangers == (words,)
    page = go(desk, "plan-version", answer["version"].number)
    for each in (page, go(desk, "plan-replan")):
        assert words in each.text
    storm.status = "over"
    storm.save()
    assert "Storm over Germany" not in go(desk, "plan-version", answer["version"].number).text


@pytest.fixture
def waiting(desk):
    """V10, moved by us by an hour; its city has not answered yet. All offers were taken back."""
    for offer in Visit.objects.filter(state="tentative"):
        do(desk, "request-take-back", offer.requests.get().ref)
    words = {"side": "us", "reason": "A strike.", "starts_at": "2023-02-22T11:00"}
    change_visit(desk, "V10", **words)
    return Visit.objects.get(replaces__ref="V10")


def test_moved_visit_that_waits_for_its_city_may_be_planned_anew(desk, waiting):
    HostAvailabilityFactory(host=waiting.host, starts_at=waiting.starts_at, ends_at=waiting.ends_at)
    assert waiting.ref in ticked(go(desk, "plan-replan"))
    do(desk, "plan-replan", released=[waiting.ref], because="The host cannot.")
    PlanRun.objects.update(seconds=10)
    work_off()
    version = PlanRun.objects.get(freedom="best").version
    page = go(desk, "plan-version", version.number)
    assert f'name="approved" value="{waiting.ref}"' in page.text
    answer = do(desk, "plan-publish", version.number, seen=version.edits)
    assert said(answer) == [
        f"{waiting.ref} has a date with its city: approve the new one, or move it back."
    ]
    do(desk, "plan-publish", version.number, seen=version.edits, approved=[waiting.ref])
    waiting.refresh_from_db()
    again = waiting.replaced_by.get()
    placement = version.placements.get(requests__ref="R07")
    assert (waiting.state, again.state) == ("cancelled", "tentative")
    assert (again.starts_at, again.host) == (placement.starts_at, placement.host)
    assert (again.ics_uid, again.ics_sequence > waiting.ics_sequence) == (waiting.ics_uid, True)
    assert again.requests.get().state == "scheduled"


def test_visits_with_a_promised_date_are_the_same_by_row_and_by_query(desk, waiting):
    rows = Visit.objects.all()
    assert set(rows.promised()) == {row for row in rows if row.is_promised}
    assert waiting in rows.promised()


def test_visit_that_was_agreed_after_the_search_is_never_moved(desk, moving):
    version, _visit, _placement = moving
    version.result["released"] = []
    version.save()
    answer = do(desk, "plan-publish", version.number, seen=version.edits, approved=["V08"])
    assert said(answer) == ["V08 was agreed or moved meanwhile; plan again."]
