"""Pins, bans and locks: kept with their reason, obeyed by every search, refused when they clash."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from crm import clock
from crm.models import AuditEntry, User
from tests.factories.visits import CalendarDayFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.plan_edits import open_draft, verdicts_of
from visits.domain.planning import load_problem
from visits.domain.plans import plan_of, solve_campaign, store_version
from visits.domain.proposals import take_back_proposal
from visits.models import Campaign, PlanDecision, PlanVersion, Visit, VisitRequest

pytestmark = pytest.mark.django_db
ROME = ZoneInfo("Europe/Rome")


@pytest.fixture(scope="module")
def _draft_of_module(_sample_of_module, django_db_blocker):
    """Planned once, within the transaction of the module's sample."""
    with django_db_blocker.unblock():
        at = clock.now()
        for ref in ("R04", "R16", "R11", "R08"):
            visit = Visit.objects.live().get(requests__ref=ref)
            take_back_proposal(visit, reason="To plan it anew.", at=at, by=None)
        return store_version(solve_campaign(february(), at=at, seconds=10)).pk


@pytest.fixture
def draft(_draft_of_module, desk):
    """A draft in which Venice (R04), Nice (R16), Tallinn (R08) and Lisbon (R11) may move."""
    return PlanVersion.objects.get(pk=_draft_of_module)


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def february():
    return Campaign.objects.get(slug="february-2023")


def decide(desk, kind, **fields):
    return do(desk, "plan-decide", kind, **({"reason": "The mayor asked."} | fields))


def planned_anew():
    """Request to host and start, as a search would have it now."""
    found = solve_campaign(february(), at=clock.now(), seconds=60).solution
    assert found.proven
    assert found.bound == found.priority == sum(visit.priority for visit in found.visits)
    return {visit.task: (visit.host, visit.start) for visit in found.visits if visit.task}


def pin_of(ref):
    problem = load_problem(february(), at=clock.now()).problem
    return next(task.pin for task in problem.tasks if task.ref == ref)


def test_decision_is_kept_with_author_moment_and_reason_and_shown_on_the_page(
    desk, draft, coordinator
):
    answer = decide(desk, "pin", request="R24", day="2023-02-23")
    row = PlanDecision.objects.get()
    assert (row.kind, row.request.ref, row.day) == ("pin", "R24", date(2023, 2, 23))
    assert (row.made_by, row.made_at, row.reason) == (
        coordinator,
        clock.now(),
        "The mayor asked.",
    )
    assert said(answer) == ["R24 Ostrava pinned: Thu 23 Feb; every later search keeps to it."]
    assert "The mayor asked." in answer.text
    assert AuditEntry.objects.about(row).get().verb == "decide"
    assert "R24 Ostrava pinned: Thu 23 Feb" in go(desk, "plan-version", draft.number).text


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
def test_pin_to_a_day_holds_in_the_next_search(desk, draft):
    decide(desk, "pin", request="R24", day="2023-02-23")
    assert planned_anew()["R24"][1].date() == date(2023, 2, 23)


@pytest.mark.one_database
def test_pin_to_the_minute_and_ban_hold_in_the_next_search(desk, draft):
    decide(desk, "pin", request="R11", host="H2", day="2023-02-22", start="11:15")
    decide(desk, "forbid", request="R04", day=planned_anew()["R04"][1].date().isoformat())
    before = planned_anew()
    lisbon = datetime(2023, 2, 22, 11, 15, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert before["R11"] == ("H2", lisbon)
    banned = PlanDecision.objects.get(kind="forbid").day
    assert "R04" not in before or before["R04"][1].date() != banned


@pytest.mark.one_database
def test_locked_day_keeps_what_is_there_to_the_minute_and_nothing_is_added(desk, draft):
    stands = draft.placements.get(requests__ref="R11")
    decide(desk, "lock", host=stands.host.ref, day=f"{stands.on:%Y-%m-%d}", version=draft.number)
    row = PlanDecision.objects.get()
    kept = {"request": "R11", "starts_at": stands.starts_at.isoformat()}
    assert row.kept == [kept | {"mode": "online", "minutes": 90}]
    assert planned_anew()["R11"] == (stands.host.ref, stands.starts_at)
    decide(desk, "lock", host="H1", day="2023-02-23")
    others = [spot for ref, spot in planned_anew().items() if spot[0] == "H1"]
    assert all(start.date() != date(2023, 2, 23) for _host, start in others)


def test_what_is_taken_back_no_longer_holds_but_stays_on_record(desk, draft, coordinator):
    decide(desk, "pin", request="R24", day="2023-02-23")
    row = PlanDecision.objects.get()
    answer = do(desk, "plan-decision-take-back", row.pk)
    assert said(answer) == ["Taken back: R24 Ostrava pinned: Thu 23 Feb."]
    row.refresh_from_db()
    assert (row.taken_back_by, row.taken_back_at) == (coordinator, clock.now())
    assert pin_of("R24") is None
    assert said(do(desk, "plan-decision-take-back", row.pk)) == ["This was taken back already."]
    assert said(do(desk, "plan-decision-renew", row.pk)) == [
        "R24 Ostrava pinned: Thu 23 Feb again."
    ]
    assert list(PlanDecision.objects.active()) == [row]


PIN = {"request": "R24", "day": "2023-02-23"}
CLASHES = [
    (
        [("forbid", PIN)],
        ("pin", PIN),
        "R24 Ostrava pinned: Thu 23 Feb contradicts: R24 Ostrava forbidden: Thu 23 Feb.",
    ),
    (
        [("pin", PIN)],
        ("forbid", {"request": "R24", "host": "H1"}),
        "R24 Ostrava forbidden: with Joe Gorman contradicts: R24 Ostrava pinned: Thu 23 Feb.",
    ),
    (
        [("pin", PIN | {"host": "H1", "start": "10:00"})],
        ("pin", {"request": "R05", "host": "H1", "day": "2023-02-23", "start": "11:00"}),
        "R05 Cologne pinned: Thu 23 Feb 2023, 11:00 Berlin (CET), with Joe Gorman contradicts: "
        "R24 Ostrava pinned: Thu 23 Feb 2023, 10:00 Prague (CET), with Joe Gorman.",
    ),
    (
        [("lock", {"host": "H1", "day": "2023-02-23"})],
        ("pin", PIN),
        "R24 Ostrava pinned: Thu 23 Feb contradicts: Thu 23 Feb of Joe Gorman locked.",
    ),
    (
        [("pin", {"request": "R11", "day": "2023-02-23"})],
        ("pin", {"request": "R11", "day": "2023-02-22"}),
        "R11 Lisbon pinned: Wed 22 Feb contradicts: R11 Lisbon pinned: Thu 23 Feb.",
    ),
]


@pytest.mark.parametrize(("earlier", "later", "sentence"), CLASHES)
def test_contradiction_is_refused_naming_the_smallest_set_in_conflict(
    desk, draft, earlier, later, sentence
):
    decide(desk, "forbid", request="R12", day="2023-02-22")
    for kind, fields in earlier:
        decide(desk, kind, **fields)
    before = PlanDecision.objects.count()
    assert before == 1 + len(earlier)
    kind, fields = later
    answer = decide(desk, kind, **fields)
    assert refused(answer) == [sentence]
    assert answer.status_code == 422
    assert PlanDecision.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("pin", {"request": "R24"}, "Name a host, a day, or both."),
        ("pin", {"request": "R24", "start": "10:00"}, "A start needs a day."),
        ("pin", {"request": "R24", "day": "2023-02-30", "start": "10:00"}, "Enter a valid date."),
        ("pin", {"day": "2023-02-23"}, "Choose something for “Request”."),
        ("forbid", {"request": "R24"}, "Name a host, a day, or both."),
        ("lock", {"host": "H1"}, "Fill in “Day”."),
        ("pin", PIN | {"reason": ""}, "Fill in “Why”."),
        (
            "pin",
            {"request": "R24", "day": "2023-03-01"},
            "Wed 1 Mar 2023 lies outside the offer, which runs Wed 1 – Tue 28 Feb 2023.",
        ),
        (
            "pin",
            {"request": "R12", "day": "2023-02-28"},
            "The pin of Málaga cannot be kept: Tue 28 Feb 2023 is closed in Málaga: Andalusia Day.",
        ),
        (
            "pin",
            {"request": "R24", "day": "2023-02-25"},
            "The pin of Ostrava cannot be kept: Sat 25 Feb 2023 is not a working day of the offer. "
            "It would fit Thu 23 Feb 2023, 09:00 Prague (CET) with Joe Gorman.",
        ),
        (
            "pin",
            {"request": "R24", "host": "H2"},
            "The pin of Ostrava cannot be kept: Backup expert (sample) does not travel.",
        ),
        (
            "pin",
            {"request": "R24", "host": "H1", "day": "2023-02-21", "start": "10:00"},
            "The pin of Ostrava cannot be kept: 11 h 10 min are missing between it and V09 Gdańsk. "
            "It would fit Thu 23 Feb 2023, 09:00 Prague (CET) with Joe Gorman.",
        ),
        (
            "pin",
            {"request": "R14", "day": "2023-02-23"},
            "R14 Gdańsk has an agreed or offered date, or is not open; there is nothing to decide.",
        ),
    ],
)
def test_decision_that_cannot_be_kept_is_refused_in_one_sentence(
    desk, draft, kind, fields, sentence
):
    VisitRequest.objects.filter(ref="R14").update(state="under_review")
    answer = decide(desk, kind, **fields)
    assert refused(answer) == [sentence]
    assert answer.status_code == 422
    assert not PlanDecision.objects.exists()


@pytest.mark.parametrize(
    ("request_ref", "day"),
    [("R05", 22), ("R05", 24), ("R05", 27), ("R20", 22), ("R24", 20), ("R24", 28), ("R12", 23)],
)
def test_pin_that_cannot_be_kept_names_what_stands_there_on_that_day(desk, draft, request_ref, day):
    answer = decide(desk, "pin", request=request_ref, host="H1", day=f"2023-02-{day}")
    for words in refused(answer):
        assert "pinned this visit" not in words
        assert f"{day} Feb" in words or "Joe Gorman" in words
        assert re.search(r" (Would fit|It would fit) ", words), words
    assert answer.status_code == 422 or PlanDecision.objects.exists()


def test_pin_of_a_city_outside_the_register_says_so(desk, draft):
    VisitRequest.objects.filter(ref="R24").update(place=None)
    answer = decide(desk, "pin", request="R24", day="2023-02-23")
    assert refused(answer) == [
        "Ostrava is not in the register of places; choose the city from it first."
    ]


def test_same_decision_twice_is_kept_once(desk, draft):
    decide(desk, "forbid", **PIN)
    answer = decide(desk, "forbid", **PIN)
    assert refused(answer) == ["This is decided already: R24 Ostrava forbidden: Thu 23 Feb."]
    assert PlanDecision.objects.count() == 1


def test_board_shows_pins_and_locks_by_shape_and_word(desk, draft):
    place = draft.placements.get(requests__ref="R04")
    decide(desk, "pin", request="R04", host="H1", day=f"{place.on:%Y-%m-%d}", start=place.clock)
    decide(desk, "lock", host="H2", day="2023-02-28")
    page = go(desk, "plan-version", draft.number)
    boxes = [box for lane in page.context["board"].lanes for box in lane.boxes]
    pinned = next(box for box in boxes if box.key == "R04")
    assert pinned.is_pinned
    assert pinned.words.endswith("; pinned")
    locked = next(box for box in boxes if box.kind == "lock")
    assert locked.words == "Tue 28 Feb of Backup expert (sample) locked"
    marked = [column.number for column in page.context["board"].columns if column.is_marked]
    assert marked == sorted({place.on.day, 28})


def test_pinned_visit_is_not_moved_or_left_out_by_hand_either(desk, draft):
    place = draft.placements.get(requests__ref="R11")
    decide(desk, "pin", request="R11", host=place.host.ref, day=f"{place.on:%Y-%m-%d}")
    other = "H1 2023-02-23"
    answer = do(desk, "plan-move", draft.number, request="R11", seen=0, cell=other)
    sentence = str(PlanDecision.objects.get())
    assert refused(answer)[0].startswith(f"{sentence} (The mayor asked.).")
    answer = do(desk, "plan-move", draft.number, request="R11", seen=0, leave_out="1")
    assert said(answer) == [f"{sentence}; take that back first."]
    cells = verdicts_of(open_draft(draft, at=clock.now()), "R11")
    assert [cell.is_here for cell in cells if cell.is_possible] == [True]


def test_nothing_is_moved_onto_a_locked_day(desk, draft):
    decide(desk, "lock", host="H2", day="2023-02-22")
    answer = do(desk, "plan-move", draft.number, request="R11", seen=0, cell="H2 2023-02-22")
    (words,) = refused(answer)
    assert re.fullmatch(
        r"Wed 22 Feb of Backup expert \(sample\) is locked: what is there stays, nothing is "
        r"added\. "
        r"Would fit at \d\d:\d\d \w+ \(\w+\) if that decision is taken back\.",
        words,
    )
    # It is as it says.
    do(desk, "plan-decision-take-back", PlanDecision.objects.get().pk)
    start = words.split("Would fit at ")[1][:5]
    cell = {"cell": "H2 2023-02-22", "start": start}
    do(desk, "plan-move", draft.number, request="R11", seen=0, **cell)
    assert draft.placements.get(requests__ref="R11").clock == start


def test_decision_form_is_filled_in_from_the_block_it_was_asked_on(desk, draft):
    page = go(desk, "plan-decide", "pin", request="R24", host="H1", day="2023-02-23", start="10:00")
    form = page.context["form"]
    asked = [form[name].value() for name in ("request", "host", "day", "start")]
    assert asked == ["R24", "H1", "2023-02-23", "10:00"]
    assert go(desk, "plan-decide", "wish").status_code == 404


def test_changelog_tells_who_decided_edited_and_published_and_when(desk, draft, coordinator):
    decide(desk, "forbid", **PIN)
    do(desk, "plan-move", draft.number, request="R04", seen=0, leave_out="1")
    do(desk, "plan-publish", draft.number, seen=1)
    entries = go(desk, "plan").context["entries"]
    n = draft.number
    assert [entry["title"] for entry in entries[:4]] == [
        f"v{n} published",
        f"v{n} edited",
        "Decided",
        f"v{n} found by a search",
    ]
    assert entries[1]["body"].startswith("R04 Venice left out")
    assert {entry["who"] for entry in entries[:3]} == {str(coordinator)}


@pytest.mark.parametrize(
    ("kind", "fields", "names"),
    [
        ("forbid", {"request": "R04"}, "R04 Venice forbidden: "),
        ("pin", {"request": "R04", "start": "09:15"}, "R04 Venice pinned: "),
    ],
)
def test_draft_is_not_published_against_what_was_decided_since(desk, draft, kind, fields, names):
    place = draft.placements.get(requests__ref="R04")
    decide(desk, kind, host=place.host.ref, day=f"{place.on:%Y-%m-%d}", **fields)
    row = PlanDecision.objects.get()
    (words,) = said(do(desk, "plan-publish", draft.number, seen=0))
    assert words == (
        f"This draft does not keep to what was decided for R04 Venice: {row} (The mayor asked.). "
        "Move it, or take that back."
    )
    assert names in words
    draft.refresh_from_db()
    assert draft.state == "draft"
    do(desk, "plan-decision-take-back", row.pk)
    do(desk, "plan-publish", draft.number, seen=0)
    draft.refresh_from_db()
    assert draft.state == "published"


def test_host_sees_neither_reasons_nor_the_changelog(desk, draft, client):
    decide(desk, "forbid", **PIN)
    decide(desk, "lock", host="H1", day="2023-02-23")
    client.force_login(User.objects.get(email="host@example.org"))
    page = go(client, "plan")
    assert "The mayor asked." not in page.text
    assert "entries" not in page.context
    assert plan_of(february()).decisions.count() == 2


@pytest.mark.one_database
def test_pin_to_a_host_names_a_wished_day_and_none_that_is_over(desk, draft):
    only_open_on("R24")
    answer = decide(desk, "pin", request="R24", host="H1")
    assert refused(answer) == [
        "The pin of Ostrava cannot be kept: Tue 21 Feb 2023 is closed in Ostrava: City feast."
    ]


# --- What stands in the way now ---


def only_open_on(ref, *days):
    """Every other working day is a holiday in the city."""
    row = VisitRequest.objects.get(ref=ref)
    for day in february().working_days:
        if day not in days:
            CalendarDayFactory(
                country=row.country, city=row.city, first_on=day, last_on=day, name="City feast"
            )


def reason_now(ref):
    version = store_version(solve_campaign(february(), at=clock.now(), seconds=10))
    return version.unplaced.filter(request__ref=ref).first()


@pytest.fixture
def free_day(draft):
    """The day and host Venice (R04) is planned on; on every other day it is closed."""
    place = draft.placements.get(requests__ref="R04")
    only_open_on("R04", place.on)
    return place


@pytest.mark.one_database
@pytest.mark.parametrize("kind", ["lock", "forbid"])
def test_request_without_a_place_names_the_decision_that_alone_stands_in_the_way(
    desk, free_day, kind
):
    fields = {"host": free_day.host.ref, "day": f"{free_day.on:%Y-%m-%d}"}
    for other in ("R05", "R08", "R12", "R16", "R20", "R24"):
        only_open_on(other)  # Else the search would give the day to one of them.
    decide(desk, kind, **fields, **({"request": "R04"} if kind == "forbid" else {}))
    row = PlanDecision.objects.get()
    day = f"{free_day.on:%a %-d %b}"
    left = reason_now("R04")
    begins = {
        "lock": f"{day} is locked for Joe Gorman. Unlock it and it fits ",
        "forbid": f"R04 Venice forbidden: {day}, with Joe Gorman. Allow it and it fits ",
    }
    assert left.reason_code == "decided"
    assert left.reason.startswith(begins[kind])
    assert left.reason in go(desk, "plan-version", left.version.number).text
    assert go(desk, "request-why", "R04").context["why"].sentence.startswith(begins[kind])
    # What it says is so: once that is taken back, the request has its place.
    do(desk, "plan-decision-take-back", row.pk)
    assert reason_now("R04") is None


@pytest.mark.one_database
def test_wish_is_named_where_taking_back_decisions_would_not_help(desk, free_day):
    decide(desk, "lock", host=free_day.host.ref, day=f"{free_day.on:%Y-%m-%d}")
    only_open_on("R04")
    left = reason_now("R04")
    assert left.reason_code != "decided"
    assert "City feast" in left.reason


# --- What is said to a pin that cannot be kept ---

HINT = re.compile(
    r"(?P<how>Would fit online \(1 h 30 min\) at|Would fit at|It would fit) "
    r"(?:\w{3} (?P<day>\d+) Feb 2023, )?(?P<time>\d\d:\d\d) "
    r"\w+ \(\w+\)(?: if it lasted (?P<hours>\d) h)?"
)


def hint_of(answer):
    """Day (None: the one asked about), time and whether online, as the refusal tells them."""
    (words,) = refused(answer)
    return HINT.search(words)


@pytest.mark.one_database
def test_hint_to_a_pin_on_a_locked_or_forbidden_day_names_what_has_to_be_taken_back(desk, draft):
    for host in ("H1", "H2"):
        decide(desk, "lock", host=host, day="2023-02-22")
    answer = decide(desk, "pin", request="R05", day="2023-02-22")
    assert hint_of(answer)["day"] is None
    assert re.search(r" if taken back: Wed 22 Feb of .+ locked\.$", refused(answer)[0])


@pytest.mark.one_database
@pytest.mark.parametrize("ref", ["R05", "R24"])
def test_pin_made_as_the_hint_says_is_kept_beside_every_other_decision(desk, draft, ref):
    decide(desk, "lock", host="H1", day="2023-02-24")
    decide(desk, "lock", host="H2", day="2023-02-22")
    decide(desk, "forbid", request=ref, day="2023-02-23")
    decide(desk, "pin", request="R11", host="H2", day="2023-02-28", start="12:00")
    before = list(PlanDecision.objects.all())
    named = {str(row): row.pk for row in before}
    wanted = VisitRequest.objects.filter(ref=ref)
    asked = wanted.values("mode", "duration_minutes").get()
    told = []
    for day in (20, 21, 22, 24, 27, 28):
        answer = decide(desk, "pin", request=ref, day=f"2023-02-{day}")
        if answer.status_code == 422 and (hint := hint_of(answer)):
            told.append(hint[0])
            if "online" in hint["how"]:
                wanted.update(mode="online", duration_minutes=90)
            if hint["hours"]:
                wanted.update(duration_minutes=60 * int(hint["hours"]))
            back = [pk for name, pk in named.items() if name in refused(answer)[0]]
            PlanDecision.objects.filter(pk__in=back).update(taken_back_at=clock.now())
            fields = {"day": f"2023-02-{int(hint['day'] or day):02}", "start": hint["time"]}
            kept = decide(desk, "pin", request=ref, **fields)
            assert kept.status_code != 422, (refused(answer), refused(kept))
            wanted.update(**asked)
            PlanDecision.objects.filter(pk__in=back).update(taken_back_at=None)
        PlanDecision.objects.exclude(pk__in=[row.pk for row in before]).delete()
    assert len(told) >= 4


@pytest.mark.one_database
def test_request_forbidden_on_every_day_names_the_ban_beside_what_else_has_to_give_way(desk, draft):
    only_open_on("R05", date(2023, 2, 21))  # There a visit on site stands in the way.
    decide(desk, "forbid", request="R05", day="2023-02-21")
    left = reason_now("R05")
    assert re.fullmatch(
        r"If it is held online \(1 h 30 min\) and what was decided is taken back \(R05 Cologne "
        r"forbidden: Tue 21 Feb\): Tue 21 Feb 2023, \d\d:\d\d Berlin \(CET\) with .+\.",
        left.would_fit_if,
    )
    assert go(desk, "request-why", "R05").context["changes"][0]["href"] == ""
    do(desk, "plan-decision-take-back", PlanDecision.objects.get().pk)
    assert reason_now("R05").would_fit_if.startswith("If it is held online (1 h 30 min): Tue 21")


@pytest.mark.one_database
def test_request_pinned_to_a_minute_and_not_placed_there_stays_in_the_tray(desk, draft):
    place = draft.placements.get(requests__ref="R11")
    other = next(day for day in (22, 23, 24) if day != place.on.day)
    at = {"host": place.host.ref, "day": f"2023-02-{other}", "start": "09:00"}
    assert decide(desk, "pin", request="R11", **at).status_code != 422
    assert go(desk, "request-why", "R11").status_code == 200
    do(desk, "plan-bring-back", draft.number)
    made = PlanVersion.objects.order_by("number").last()
    assert not made.placements.filter(requests__ref="R11").exists()
    left = made.unplaced.get(request__ref="R11")
    assert left.reason == f"Its place in v{draft.number} is not possible any more: " + (
        f"{PlanDecision.objects.get()} (The mayor asked.)."
    )
    assert left.would_fit_if.startswith(f"If another day suits: {date(2023, 2, other):%a %-d %b}")
    assert go(desk, "request-why", "R11").status_code == 200
