"""Editing a draft by hand: verdicts before a move, what is refused, two at once, undo."""

import re
from datetime import UTC, date, datetime
from html import unescape
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock
from crm.models import AuditEntry, User
from tests.factories.crm import UserFactory
from tests.factories.visits import (
    HostAvailabilityFactory,
    PlacementFactory,
    PlanVersionFactory,
)
from tests.visits.planning.verifier import faults
from tests.visits.views.desk.front_door import do, go, read_tray, refused, said
from visits.domain.alternatives import Alternatives
from visits.domain.plan_edits import open_draft, verdicts_of
from visits.domain.plans import solve_campaign, store_version
from visits.domain.proposals import take_back_proposal
from visits.domain.replanning import candidates
from visits.models import (
    Campaign,
    Host,
    Placement,
    PlanDecision,
    PlanVersion,
    Visit,
    VisitRequest,
)
from visits.planning import moves
from visits.planning.moves import arrange

pytestmark = pytest.mark.django_db
LISBON = ZoneInfo("Europe/Lisbon")


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture(scope="module")
def _draft_of_module(_sample_of_module, django_db_blocker):
    """Planned once, within the transaction of the module's sample."""
    with django_db_blocker.unblock():
        at = clock.now()
        for ref in ("R04", "R16", "R11"):
            visit = Visit.objects.live().get(requests__ref=ref)
            take_back_proposal(visit, reason="To plan it anew.", at=at, by=None)
        campaign = Campaign.objects.get(slug="february-2023")
        return store_version(solve_campaign(campaign, at=at, seconds=10)).pk


@pytest.fixture
def draft(_draft_of_module, desk):
    """A draft in which Venice (R04), Nice (R16) and Lisbon (R11, online) may move."""
    return PlanVersion.objects.get(pk=_draft_of_module)


@pytest.fixture
def at(sample):
    return clock.now()


def verdicts(desk, version, ref):
    answer = go(desk, "plan-verdicts", version.number, request=ref)
    return {cell["cell"]: cell for cell in answer.json()["cells"]}


def place_of(version, ref):
    row = Placement.objects.filter(version=version, requests__ref=ref).first()
    return (row.host.ref, row.on, row.clock) if row else None


def move(desk, version, ref, **fields):
    seen = PlanVersion.objects.get(pk=version.pk).edits
    return do(desk, "plan-move", version.number, **({"request": ref, "seen": seen} | fields))


def possible(desk, version, ref):
    """A host's day the request is not on and could go to."""
    cells = verdicts(desk, version, ref)
    return next(key for key, cell in cells.items() if cell["possible"] and not cell["here"])


def as_stored(version):
    rows = Placement.objects.filter(version=version).order_by("starts_at", "host")
    return list(rows.values("host", "starts_at", "ends_at", "visit", "is_fixed"))


def test_verdicts_cover_every_host_and_day_and_say_a_reason_where_nothing_is_possible(desk, draft):
    cells = verdicts(desk, draft, "R11")
    days = Campaign.objects.get(slug="february-2023").working_days
    assert len(cells) == 2 * len(days)
    assert all(cell["words"].endswith(".") for cell in cells.values())
    assert sum(cell["here"] for cell in cells.values()) == 1
    assert cells["H1 2023-02-01"]["words"] == "Wed 1 Feb 2023 is over."
    shrove = cells["H2 2023-02-21"]
    assert shrove["soft"] == ["Tue 21 Feb 2023 in Lisbon: Carnival (leave usually given)."]


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
def test_every_cell_called_possible_stands_the_check_and_costs_what_was_said(draft, at):
    opened = open_draft(draft, at=at)
    problem = opened.loaded.problem
    before = arrange(problem, opened.places).totals.minutes
    tried = 0
    for ref in ("R04", "R11", "R16"):
        for cell in verdicts_of(opened, ref):
            if cell.best is not None:
                place = {ref: (cell.host.ref, cell.best.start)}
                plan = arrange(problem, opened.places | place)
                assert faults(problem, plan) == []
                assert plan.totals.minutes - before == cell.best.extra_minutes
                tried += 1
    assert tried > 6


def test_move_stores_the_plan_anew_by_its_author_and_ends_what_was_proven(desk, draft, coordinator):
    assert draft.proven
    key = possible(desk, draft, "R11")
    answer = move(desk, draft, "R11", cell=key)
    host, day = key.split()
    assert place_of(draft, "R11")[:2] == (host, date.fromisoformat(day))
    edit = PlanVersion.objects.get(pk=draft.pk).history.get()
    assert (edit.number, edit.by, edit.request.ref) == (1, coordinator, "R11")
    assert said(answer)[0].startswith(f"{edit}.")
    now = PlanVersion.objects.get(pk=draft.pk)
    assert (now.edits, now.proven, now.searched_priority) == (1, False, draft.priority)
    assert "Edited by hand: priority" in answer.text
    entry = AuditEntry.objects.about(now).first()
    assert (entry.verb, entry.by) == ("edit_version", coordinator)


def test_edited_plan_breaks_no_rule_and_its_sums_are_those_of_its_journeys(desk, draft, at):
    before = draft.totals["minutes"]
    move(desk, draft, "R04", leave_out="1")
    now = PlanVersion.objects.get(pk=draft.pk)
    assert now.totals["minutes"] < before
    assert now.totals["minutes"] == sum(leg["minutes"] for leg in now.result["legs"])
    edited = open_draft(now, at=at)
    assert faults(edited.loaded.problem, arrange(edited.loaded.problem, edited.places)) == []


def test_leaving_out_puts_the_request_into_the_tray_and_says_how_much_less_is_placed(desk, draft):
    weight = VisitRequest.objects.get(ref="R04").priority
    answer = move(desk, draft, "R04", leave_out="1")
    assert place_of(draft, "R04") is None
    left = draft.unplaced.get(request__ref="R04")
    assert left.reason == "Left out by hand."
    words = (
        f"Edited by hand: priority {draft.priority - weight}, {weight} less than the proven best"
    )
    assert words in answer.text


def test_request_of_the_tray_is_placed_and_leaves_it(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    key = possible(desk, draft, "R04")
    move(desk, draft, "R04", cell=key)
    assert place_of(draft, "R04")[0] == key.split()[0]
    placed = {row.ref for each in draft.placements.all() for row in each.requests.all()}
    left = {row.request.ref for row in draft.unplaced.select_related("request")}
    assert not placed & left


def test_reasons_of_the_tray_are_those_of_the_plan_as_it_is_now(desk, draft):
    """With Venice out, its day is free for others, and the tray says so."""
    move(desk, draft, "R04", leave_out="1")
    told = read_tray(desk, draft)
    assert any(FITS.match(mend) for _reason, mend in told.values())
    assert not any("Venice" in f"{reason} {mend}" for reason, mend in told.values())


def test_request_that_still_fits_says_why_it_has_no_place_as_it_wished(desk, draft):
    """Zagreb (R20) wished for 14 February alone, which is over; with Venice out it fits later."""
    move(desk, draft, "R04", leave_out="1")
    reason, mend = read_tray(desk, draft)["R20"]
    assert reason == "Every date it wished for is over or too soon. Another day is free."
    assert mend.startswith("If another day suits: Tue 28 Feb 2023, 09:00 Zagreb (CET) with ")


def test_tray_tells_of_every_date_a_request_wished_for(desk, draft):
    """Ostrava (R24) wished for 21 and 23 February."""
    reason, _mend = read_tray(desk, draft)["R24"]
    assert "Tue 21 Feb 2023" in reason
    assert "Thu 23 Feb 2023" in reason


def test_table_of_a_request_names_the_rules_that_its_tray_names(desk, draft):
    opened = open_draft(draft, at=clock.now())
    problem, plan = opened.loaded.problem, opened.solution
    for row in moves.reasons_left(problem, plan):
        by_day = {(cell.host, cell.day): cell for cell in moves.cells(problem, plan, row.task)}
        told = {
            (slot.host, slot.day): slot.reason.text
            for slot in row.slots
            if slot.reason.code not in ("fits_now", "fits_if", "needs_more_than_two")
        }
        assert told
        assert {key: by_day[key].reason.text for key in told} == told


OPEN = "Not worked out since the last change by hand."


def test_edit_works_out_no_reason_and_each_reason_is_worked_out_once_when_looked_at(
    desk, draft, monkeypatch
):
    asked = []

    def counted(name):
        real = getattr(Alternatives, name)

        def count(self, ref, *more):
            asked.append((name, ref))
            return real(self, ref, *more)

        monkeypatch.setattr(Alternatives, name, count)

    counted("smallest")
    counted("reason")
    move(desk, draft, "R04", leave_out="1")
    tray = {row.request.ref: row.reason for row in draft.unplaced.select_related("request")}
    assert tray.pop("R04") == "Left out by hand."
    assert set(tray.values()) == {OPEN}
    assert len(tray) == 5
    assert asked == []
    told = read_tray(desk, draft)
    assert OPEN not in {reason for reason, _mend in told.values()}
    assert sorted(ref for name, ref in asked if name == "smallest") == sorted(told)
    asked.clear()
    assert read_tray(desk, draft) == told
    assert asked == []


def test_reasons_are_asked_for_a_few_at_a_time(desk, draft, monkeypatch):
    monkeypatch.setattr("visits.views.desk.plan.REASONS_AT_ONCE", 4)
    move(desk, draft, "R04", leave_out="1")
    page = go(desk, "plan-version", draft.number)
    asks = [row.ask for row in page.context["unplaced"] if hasattr(row, "ask")]
    assert [len(ask.split("request=")) - 1 for ask in asks] == [4, 2]
    assert desk.get(asks[0]).status_code == 405
    answer = desk.post(asks[0])
    assert answer.text.count('hx-swap-oob="true"') == 4
    assert OPEN not in answer.text
    assert draft.unplaced.filter(reason=OPEN).count() == 2


@pytest.mark.one_database  # The planner is the same on both.
def test_reasons_worked_out_after_an_edit_are_those_of_a_plan_made_anew(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    told = read_tray(desk, draft)
    do(desk, "plan-bring-back", draft.number)
    anew = read_tray(desk, PlanVersion.objects.latest("number"))
    assert {ref: row for ref, row in anew.items() if ref != "R04"} == {
        ref: row for ref, row in told.items() if ref != "R04"
    }


def test_reasons_that_cannot_be_worked_out_any_more_stay_open(desk, draft, at):
    move(desk, draft, "R04", leave_out="1")
    offer = Visit.objects.live().get(requests__ref="R06")
    take_back_proposal(offer, reason="They asked.", at=at, by=None)
    assert OPEN in {reason for reason, _mend in read_tray(desk, draft).values()}


def asks(page):
    """The addresses that a page asks for reasons, by itself or before it is printed."""
    return [unescape(path) for path in re.findall(r'(?:hx-post|data-ask)="([^"]+)"', page.text)]


@pytest.mark.parametrize("place", ["paper of the plan", "comparison", "page of a request"])
def test_reasons_of_a_draft_nobody_opened_are_worked_out_wherever_they_are_told(
    desk, draft, place, django_assert_num_queries
):
    def look():
        if place == "comparison":
            return go(desk, "plan-compare", left=draft.number, right=other.number)
        if place == "page of a request":
            return go(desk, "request-detail", "R24")
        return go(desk, "plan")

    if place == "comparison":
        other = PlanVersionFactory(plan=draft.plan, number=draft.number + 1)
        PlacementFactory(
            version=other,
            visit=None,
            host=Host.objects.get(ref="H1"),
            mode="on_site",
            starts_at=datetime(2023, 2, 21, 9, tzinfo=UTC),
            ends_at=datetime(2023, 2, 21, 12, tzinfo=UTC),
            zone="Europe/Prague",
            requests=[VisitRequest.objects.get(ref="R24")],
        )
    with CaptureQueriesContext(connection) as before:
        assert asks(look()) == []
        queries = len(before)
    seen = {"request": "R04", "leave_out": "1", "seen": 0}
    desk.post(reverse("visits:plan-move", args=[draft.number]), seen)
    with django_assert_num_queries(queries):
        page = look()
    assert OPEN in page.text
    for path in asks(page):
        assert desk.post(path).status_code == 200
    page = look()
    assert OPEN not in page.text
    told = draft.unplaced.get(request__ref="R24")
    assert told.reason in unescape(page.text)


def test_reasons_of_a_draft_nobody_opened_are_told_by_the_api(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    path = f"/api/v1/plans/{draft.pk}/"
    tray = {row["request"]: row for row in desk.get(path).json()["unplaced"]}
    assert OPEN not in {row["reason"] for row in tray.values()}
    read = {ref: (row["reason"], row["would_fit_if"]) for ref, row in tray.items()}
    assert read == read_tray(desk, draft)


def test_published_draft_says_which_reasons_were_not_worked_out(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    do(desk, "plan-publish", draft.number, seen=1)
    assert OPEN in go(desk, "plan").text
    assert draft.unplaced.filter(reason=OPEN).count() == 5


IMPOSSIBLE = [
    ({"cell": "H1 2023-02-01"}, "Wed 1 Feb 2023 is over."),
    ({"cell": "H2 2023-02-22"}, "Backup expert (sample) does not travel."),
    ({"cell": "H1 2023-02-23", "start": "03:00"}, "Venice could start between"),
    ({"cell": "H1 2023-02-21", "start": "10:00"}, "cannot be in Venice by"),
    ({"cell": "H1 2023-02-25"}, "Choose a day of the window."),
    ({"cell": "H9 2023-02-23"}, "Choose a day of the window."),
    ({"cell": ""}, "Choose a day."),
    ({"cell": "H1 2023-02-23", "start": "soon"}, "Enter a valid time."),
    ({"cell": "H1 2023-02-23", "seen": "x"}, "This page is out of date; open the plan again."),
]


@pytest.mark.parametrize(("fields", "sentence"), IMPOSSIBLE)
def test_impossible_move_is_refused_with_its_reason_and_the_draft_unchanged(
    desk, draft, fields, sentence
):
    before = as_stored(draft)
    answer = move(desk, draft, "R04", **fields)
    assert answer.status_code == 422
    assert any(sentence in words for words in refused(answer)), refused(answer)
    assert as_stored(draft) == before
    assert PlanVersion.objects.get(pk=draft.pk).edits == 0


def test_refused_start_names_the_nearest_one_that_day_which_then_works(desk, draft):
    cells = verdicts(desk, draft, "R11")
    key = next(key for key, cell in cells.items() if cell["possible"] and not cell["here"])
    (words,) = refused(move(desk, draft, "R11", cell=key, start="03:00"))
    assert re.search(r"\. Would fit if it started at \d\d:\d\d \w+ \(\w+\)\.$", words)
    start = words.split("started at ")[1][:5]
    move(desk, draft, "R11", cell=key, start=start)
    host, day = key.split()
    assert place_of(draft, "R11") == (host, date.fromisoformat(day), start)


def test_day_that_refuses_names_the_smallest_change_before_the_drop_and_after(
    desk, draft, django_assert_max_num_queries
):
    with CaptureQueriesContext(connection) as asked:
        assert "helps" not in go(desk, "plan-verdicts", draft.number, request="R04").json()
    with django_assert_max_num_queries(len(asked)):
        answer = go(desk, "plan-verdicts", draft.number, request="R04", helps="1").json()
    cells = {cell["cell"]: cell for cell in answer["cells"]}
    assert answer["helps"]
    assert not any(cells[key]["possible"] for key in answer["helps"])
    key = "H2 2023-02-22"
    assert answer["helps"][key].startswith("Would fit online (1 h 30 min) at ")
    assert refused(move(desk, draft, "R04", cell=key)) == [
        f"{cells[key]['words']} {answer['helps'][key]}"
    ]
    assert "H1 2023-02-01" not in answer["helps"]


@pytest.mark.one_database  # The planner is the same on both.
def test_request_asked_on_site_is_placed_online_and_asked_on_site_again_once_left_out(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    page = go(desk, "plan-move", draft.number, request="R04")
    assert "&amp;online=1" in page.text
    answer = go(desk, "plan-verdicts", draft.number, request="R04", helps="1").json()
    key = "H2 2023-02-22"
    assert key in answer["online"]
    page = go(desk, "plan-move", draft.number, request="R04", online="1", cell=key)
    assert f'value="{key}" checked' in page.text
    move(desk, draft, "R04", cell=key, online="True")
    row = Placement.objects.get(version=draft, requests__ref="R04")
    assert (row.mode, row.host.ref) == ("online", "H2")
    assert int((row.ends_at - row.starts_at).total_seconds()) == 90 * 60
    move(desk, draft, "R11", leave_out="1")
    assert Placement.objects.get(version=draft, requests__ref="R04").mode == "online"
    move(desk, draft, "R04", leave_out="1")
    cells = verdicts(desk, draft, "R04")
    assert cells[key]["words"] == "Backup expert (sample) does not travel."


def test_day_beside_an_absence_names_the_absence_and_not_the_day(desk, draft):
    rome = {"tzinfo": ZoneInfo("Europe/Rome")}
    away = datetime(2023, 2, 23, 0, **rome), datetime(2023, 2, 23, 23, **rome)
    host = Host.objects.get(ref="H1")
    HostAvailabilityFactory(host=host, starts_at=away[0], ends_at=away[1])
    cells = verdicts(desk, draft, "R24")
    assert "unavailable on Thu 23 Feb 2023" in cells["H1 2023-02-23"]["words"]
    for day in (22, 24):
        words = cells[f"H1 2023-02-{day}"]["words"]
        assert f"unavailable on {day}" not in words
        assert f"is unavailable on {date(2023, 2, day):%a %-d %b}" not in words


def test_move_to_where_it_is_already_is_no_edit(desk, draft):
    host, day, clock = place_of(draft, "R04")
    answer = move(desk, draft, "R04", cell=f"{host} {day}", start=clock)
    assert refused(answer) == ["R04 is there already."]


def test_agreed_visit_is_never_moved(desk, draft):
    before = as_stored(draft)
    answer = move(desk, draft, "R14", cell="H1 2023-02-23")
    sentence = "R14 cannot be placed here: it has an agreed date or is no longer open."
    assert said(answer) == [sentence]
    assert as_stored(draft) == before
    page = go(desk, "plan-move", draft.number, request="R14")
    assert "V09 Gdańsk is agreed with its city: " in page.text
    assert "/visits/V09/" in page.text
    assert "/plan/replan/" in page.text


def test_unknown_request_is_refused_in_one_sentence(desk, draft):
    answer = move(desk, draft, "R99", cell="H1 2023-02-23")
    assert said(answer) == ["There is no request with this reference."]


@pytest.mark.parametrize("number", [1, 2])
def test_published_version_cannot_be_edited(desk, draft, number):
    version = PlanVersion.objects.get(number=number)
    answer = move(desk, version, "R24", cell="H1 2023-02-23")
    assert said(answer) == ["A published plan never changes; plan again."]
    assert f"/plan/v{number}/move/" not in go(desk, "plan-version", number).text


def test_comparison_with_an_empty_calendar_cannot_be_edited(desk, draft):
    PlanVersion.objects.filter(pk=draft.pk).update(result={"fresh": True})
    answer = move(desk, draft, "R04", leave_out="1")
    assert "A plan from an empty calendar is a comparison; it cannot be edited." in said(answer)


def test_draft_under_which_the_calendar_changed_says_so_and_can_be_brought_up_to_date(
    desk, draft, at
):
    take_back_proposal(
        Visit.objects.live().get(requests__ref="R06"), reason="They asked.", at=at, by=None
    )
    page = go(desk, "plan-version", draft.number)
    assert "The calendar changed since this draft was made: V12." in page.text
    answer = move(desk, draft, "R04", leave_out="1")
    assert "The calendar changed since this draft was made (V12); bring it up to date." in said(
        answer
    )
    do(desk, "plan-bring-back", draft.number)
    newer = PlanVersion.objects.order_by("number").last()
    assert newer.number == draft.number + 1
    assert place_of(newer, "R04") == place_of(draft, "R04")
    move(desk, newer, "R04", leave_out="1")
    assert place_of(newer, "R04") is None


def test_undo_puts_the_request_back_to_the_minute(desk, draft):
    before = as_stored(draft)
    answer = move(desk, draft, "R11", cell=possible(desk, draft, "R11"))
    assert f"/plan/v{draft.number}/edit/1/undo/" in answer.text
    answer = do(desk, "plan-edit-undo", draft.number, 1)
    assert said(answer)[0].startswith("Undone: R11 Lisbon moved from")
    assert as_stored(draft) == before


def test_undo_leaves_the_tray_as_it_was_told_before(desk, draft):
    before = read_tray(desk, draft)
    move(desk, draft, "R04", leave_out="1")
    do(desk, "plan-edit-undo", draft.number, 1)
    tray = draft.unplaced.values_list("request__ref", "reason", "would_fit_if")
    assert {ref: (reason, mend) for ref, reason, mend in tray} == before


@pytest.mark.one_database  # The planner is the same on both.
def test_request_put_back_into_the_tray_by_an_undo_was_not_left_out_by_hand(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    before = read_tray(desk, draft)
    ref = next(ref for ref, (reason, mend) in before.items() if ref != "R04" and FITS.match(mend))
    move(desk, draft, ref, cell=possible(desk, draft, ref))
    do(desk, "plan-edit-undo", draft.number, 2)
    assert read_tray(desk, draft) == before
    # Nor after other edits in between, nor placed and undone again.
    move(desk, draft, ref, cell=possible(desk, draft, ref))
    move(desk, draft, "R11", leave_out="1")
    do(desk, "plan-edit-undo", draft.number, 5)
    do(desk, "plan-edit-undo", draft.number, 4)
    assert read_tray(desk, draft) == before
    move(desk, draft, "R04", cell=possible(desk, draft, "R04"))
    do(desk, "plan-edit-undo", draft.number, 8)
    assert read_tray(desk, draft) == before
    assert before["R04"][0] == "Left out by hand."


@pytest.mark.one_database  # The planner is the same on both.
def test_request_placed_and_taken_out_again_by_hand_was_left_out_by_hand(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    tray = read_tray(desk, draft)
    ref = next(ref for ref, (reason, mend) in tray.items() if ref != "R04" and FITS.match(mend))
    move(desk, draft, ref, cell=possible(desk, draft, ref))
    move(desk, draft, ref, leave_out="1")
    assert read_tray(desk, draft)[ref][0] == "Left out by hand."


@pytest.mark.one_database  # The planner is the same on both.
def test_what_a_plan_brought_back_says_outlasts_an_edit_and_its_undo(desk, draft):
    VisitRequest.objects.filter(ref="R04").update(state="declined")
    do(desk, "plan-decide", "forbid", request="R11", host=place_of(draft, "R11")[0], reason="No.")
    do(desk, "plan-bring-back", draft.number)
    newer = PlanVersion.objects.latest("number")
    before = read_tray(desk, newer)
    gone = "It cannot be placed any more: the request is declined."
    assert before["R04"][0] == gone
    assert before["R11"][0].startswith(f"Its place in v{draft.number} is not possible any more: ")
    move(desk, newer, "R11", cell=possible(desk, newer, "R11"))
    assert read_tray(desk, newer)["R04"][0] == gone
    do(desk, "plan-edit-undo", newer.number, 1)
    assert read_tray(desk, newer) == before


def test_undo_of_a_move_that_was_followed_by_another_is_refused(desk, draft):
    move(desk, draft, "R11", cell=possible(desk, draft, "R11"))
    move(desk, draft, "R11", leave_out="1")
    answer = do(desk, "plan-edit-undo", draft.number, 1)
    assert said(answer) == ["R11 was moved again meanwhile; nothing was undone."]
    assert place_of(draft, "R11") is None


def test_move_on_an_old_page_overwrites_nothing_and_is_offered_again(desk, draft, client_of):
    other = UserFactory(name="Second coordinator")
    other.groups.set(User.objects.get(email="coordinator@example.org").groups.all())
    move(client_of(other), draft, "R04", leave_out="1")
    before = as_stored(draft)
    key = possible(desk, draft, "R11")
    answer = do(desk, "plan-move", draft.number, request="R11", seen=0, cell=key, start="")
    assert answer.status_code == 409
    assert as_stored(draft) == before
    assert "Second coordinator" in answer.text
    assert "R04 Venice left out; it was on" in answer.text
    form = answer.context["form"]
    again = {"request": "R11", "seen": form["seen"].value(), "cell": form["cell"].value()}
    assert do(desk, "plan-move", draft.number, **again).status_code == 200
    assert place_of(draft, "R11")[0] == key.split()[0]


def test_leaving_out_on_an_old_page_is_offered_again_too(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    answer = do(desk, "plan-move", draft.number, request="R11", seen=0, leave_out="1")
    assert answer.status_code == 409
    assert place_of(draft, "R11") is not None


def test_publishing_what_one_has_not_seen_is_refused(desk, draft):
    move(desk, draft, "R04", leave_out="1")
    answer = do(desk, "plan-publish", draft.number, seen=0)
    assert answer.status_code == 409
    assert said(answer)[0].startswith(f"v{draft.number} was changed meanwhile: R04 Venice left out")
    assert PlanVersion.objects.get(pk=draft.pk).state == "draft"


def test_open_page_hears_of_edits_decisions_and_publishing_by_others(desk, draft):
    page = go(desk, "plan-version", draft.number)
    shown = page.context["news"]
    assert "Changed meanwhile" not in go(desk, "plan-news", draft.number, **shown).text
    move(desk, draft, "R04", leave_out="1")
    news = go(desk, "plan-news", draft.number, **shown).text
    assert "R04 Venice left out" in news
    do(desk, "plan-decide", "forbid", request="R24", day="2023-02-23", reason="Council.")
    assert "Decisions were made" in go(desk, "plan-news", draft.number, **shown).text
    do(desk, "plan-publish", draft.number)
    assert "This version was published." in go(desk, "plan-news", draft.number, **shown).text


def test_published_edit_offers_what_the_coordinator_placed(desk, draft):
    key = possible(desk, draft, "R11")
    move(desk, draft, "R11", cell=key)
    host, day, clock = place_of(draft, "R11")
    do(desk, "plan-publish", draft.number, seen=1)
    visit = Visit.objects.live().get(requests__ref="R11")
    start = datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), LISBON)
    assert (visit.state, visit.host.ref, visit.starts_at) == ("tentative", host, start)


def test_move_page_works_without_a_script(desk, draft):
    page = go(desk, "plan-move", draft.number, request="R11")
    assert "<html" in page.text
    assert 'name="cell"' in page.text
    part = desk.get(f"/plan/v{draft.number}/move/?request=R11", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "R11" in go(desk, "plan-move", draft.number).text


@pytest.fixture
def client_of():
    from django.test import Client

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in


# --- Agreed visits that were released for the draft ---


@pytest.fixture
def released(desk, at):
    """A draft in which the agreed visits from 20 February on may move too."""
    campaign = Campaign.objects.get(slug="february-2023")
    ahead = [row.visit for row in candidates(campaign, at=at)]
    refs = [visit.ref for visit in ahead if visit.starts_at.day >= 20]
    return store_version(solve_campaign(campaign, at=at, seconds=10, released=refs))


FITS = re.compile(
    r"^(?:It fits as things stand|If another (?:day|part of the day) suits): "
    r"\w+ (\d+) Feb 2023, .+ with (.+)\.$"
)


def told_fits(opened, row):
    """Host and day on which the tray says that a request fits as the draft stands."""
    for words in (row.reason, row.would_fit_if):
        if found := FITS.match(words):
            names = {host.name: host for host in opened.loaded.hosts.values()}
            yield names[found[2]].ref, date(2023, 2, int(found[1]))


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
def test_what_the_tray_says_fits_fits_after_every_edit(desk, released, at):
    told = 0
    placed = sorted({r.ref for p in released.placements.all() for r in p.requests.all()})
    for seed in range(3):
        chance = Random(seed)
        for _step in range(4):
            version = PlanVersion.objects.get(pk=released.pk)
            read_tray(desk, version)
            opened = open_draft(version, at=at)
            for row in version.unplaced.select_related("request"):
                cells = {}
                for spot in told_fits(opened, row):
                    cells = cells or {
                        (cell.host.ref, cell.day): cell
                        for cell in verdicts_of(opened, row.request.ref)
                    }
                    assert cells[spot].is_possible, (row.reason, row.would_fit_if)
                    told += 1
            ref = chance.choice(placed)
            if ref in {row.request.ref for row in version.unplaced.all()}:
                keys = [k for k, cell in verdicts(desk, version, ref).items() if cell["possible"]]
                if keys:
                    move(desk, version, ref, cell=chance.choice(keys))
            else:
                move(desk, version, ref, leave_out="1")
    assert told


@pytest.mark.one_database  # The planner is the same on both.
def test_any_request_of_a_joint_visit_stands_for_it(desk, released):
    key = next(k for k, c in verdicts(desk, released, "R14").items() if c["possible"])
    assert verdicts(desk, released, "R15") == verdicts(desk, released, "R14")
    assert place_of(released, "R15") == place_of(released, "R14")
    answer = move(desk, released, "R15", leave_out="1")
    assert said(answer)[0].startswith("R14 Gdańsk left out")
    stands = released.placements.get(requests__ref="R14")
    assert (stands.visit.ref, stands.starts_at) == ("V09", stands.visit.starts_at)
    move(desk, released, "R15", cell=key)
    assert place_of(released, "R15") == place_of(released, "R14")
    page = go(desk, "plan-version", released.number)
    boxes = [box for lane in page.context["board"].lanes for box in lane.boxes]
    assert "R14" in {box.key for box in boxes if box.can_move}


def test_agreed_visit_put_back_by_hand_can_be_moved_again(desk, released):
    """V10 was released for the draft, taken out by hand, and stands again where it was agreed."""
    move(desk, released, "R07", leave_out="1")
    stands = released.placements.get(requests__ref="R07")
    assert (stands.visit.ref, stands.is_fixed) == ("V10", True)
    page = go(desk, "plan-version", released.number)
    boxes = [box for lane in page.context["board"].lanes for box in lane.boxes]
    assert "R07" in {box.key for box in boxes if box.can_move}
    assert f"/plan/v{released.number}/move/?request=R07" in page.text
    assert "request=R07" in go(desk, "plan-move", released.number).text
    assert "agreed with its city" not in go(desk, "plan-move", released.number, request="R07").text
    cells = verdicts(desk, released, "R07")
    here = f"{stands.host.ref} {stands.on}"
    assert [key for key, cell in cells.items() if cell["here"]] == [here]
    assert said(move(desk, released, "R07", leave_out="1")) == [
        "R07 Vilnius stays where it stands with its city."
    ]
    move(desk, released, "R07", cell=here, start="09:00")
    now = released.placements.get(requests__ref="R07")
    assert (stands.clock, now.clock, now.visit, now.is_fixed) == ("10:00", "09:00", None, False)
    edit = PlanVersion.objects.get(pk=released.pk).history.first()
    assert edit.origin.starts_at == stands.starts_at
    do(desk, "plan-edit-undo", released.number, 2)
    back = released.placements.get(requests__ref="R07")
    assert (back.visit.ref, back.starts_at) == ("V10", stands.starts_at)


@pytest.mark.one_database  # The planner is the same on both.
def test_pin_of_the_second_request_of_a_joint_visit_holds_the_whole_visit(desk, released, at):
    placement = released.placements.get(requests__ref="R15")
    pin = PlanDecision.objects.create(
        plan=released.plan,
        kind="pin",
        request=VisitRequest.objects.get(ref="R15"),
        host=placement.host,
        day=placement.starts_at.date(),
        reason="The mayor asked.",
        made_at=at,
    )
    here = place_of(released, "R14")
    cells = verdicts(desk, released, "R14")
    assert [key for key, cell in cells.items() if cell["possible"]] == [
        f"{placement.host.ref} {placement.starts_at:%Y-%m-%d}"
    ]
    assert said(move(desk, released, "R14", leave_out="1")) == [f"{pin}; take that back first."]
    other = next(key for key, cell in cells.items() if not cell["possible"])
    move(desk, released, "R14", cell=other)
    assert place_of(released, "R14") == here
    # Decided for one request, it is drawn on the one visit there is.
    board = go(desk, "plan-version", released.number).context["board"]
    assert "R14" in {box.key for lane in board.lanes for box in lane.boxes if box.is_pinned}


def test_draft_says_what_changed_since_its_reasons_were_worked_out(desk, draft):
    told = "Since the reasons of this draft were worked out, "
    assert told not in go(desk, "plan-version", draft.number).text
    host = Host.objects.get(ref="H2")
    day = datetime(2023, 2, 27, 12, tzinfo=LISBON)
    away = HostAvailabilityFactory(host=host, starts_at=day, ends_at=day.replace(hour=13))
    words = "the times when hosts are away changed"
    assert f"{told}{words}." in go(desk, "plan-version", draft.number).text
    do(desk, "plan-decide", "forbid", request="R24", day="2023-02-23", reason="Council.")
    page = go(desk, "plan-version", draft.number)
    assert f"{told}decisions were made or taken back and {words}." in page.text
    assert "Bring up to date" in page.text
    do(desk, "plan-bring-back", draft.number)
    newest = PlanVersion.objects.latest("number")
    assert newest.number > draft.number
    assert told not in go(desk, "plan-version", newest.number).text
    away.delete()
    assert f"{told}{words}." in go(desk, "plan-version", newest.number).text


def test_move_by_hand_works_the_reasons_out_anew(desk, draft):
    do(desk, "plan-decide", "forbid", request="R24", day="2023-02-23", reason="Council.")
    move(desk, draft, "R11", leave_out="1")
    page = go(desk, "plan-version", draft.number)
    assert "Since the reasons of this draft were worked out" not in page.text
