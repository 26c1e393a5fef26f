"""Versions beside each other, an earlier one brought back, and what publishing then changes."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random

import pytest
from django.urls import reverse
from django.utils.html import strip_tags
from icalendar import Calendar

from crm import clock, wording
from crm.models import Message, OutgoingMail
from tests.visits.views.desk.front_door import change_visit, do, go, said
from visits.domain.booking import hold_until
from visits.domain.feeds import renew_feed
from visits.domain.plan_edits import move_visit, open_draft, verdicts_of
from visits.domain.plans import solve_campaign, store_version
from visits.domain.proposals import propose_dates, take_back_proposal
from visits.models import Campaign, Host, PlanDecision, PlanVersion, Visit, VisitRequest

pytestmark = pytest.mark.django_db


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
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def place_of(version, ref):
    row = version.placements.filter(requests__ref=ref).first()
    return (row.host.ref, row.starts_at) if row else None


def newest():
    return PlanVersion.objects.order_by("number").last()


def offer_of(ref):
    return Visit.objects.live().get(requests__ref=ref)


def feed(client, address):
    """UID to sequence and start of every entry that still stands."""
    calendar = Calendar.from_ical(client.get(address).content)
    return {
        str(event["UID"]): (int(event["SEQUENCE"]), event["DTSTART"].dt)
        for event in calendar.walk("VEVENT")
        if str(event["STATUS"]) != "CANCELLED"
    }


def test_published_version_is_brought_back_over_a_later_one_with_higher_sequences(
    desk, draft, client
):
    n = draft.number
    do(desk, "plan-publish", n, seen=0)
    first = offer_of("R11")
    address = renew_feed(first.host, at=clock.now())
    before = feed(client, address)
    do(desk, "plan-bring-back", 2)
    later = newest()
    assert later.note == "v2 brought back"
    assert place_of(later, "R11") != place_of(draft, "R11")
    do(desk, "plan-publish", later.number, seen=0)
    middle = offer_of("R11")
    assert (middle.host.ref, middle.starts_at) == place_of(later, "R11")
    do(desk, "plan-bring-back", n)
    back = newest()
    assert place_of(back, "R11") == place_of(draft, "R11")
    changes = {
        change.requests[0].ref: change.kind
        for change in go(desk, "plan-version", back.number).context["changes"]
    }
    assert changes["R11"] == "moved"
    do(desk, "plan-publish", back.number, seen=0)
    last = offer_of("R11")
    assert (last.host.ref, last.starts_at) == (first.host.ref, first.starts_at)
    after = feed(client, address)
    assert last.ics_uid == first.ics_uid
    assert after[last.ics_uid][0] > before[first.ics_uid][0]
    assert after[last.ics_uid][1] == before[first.ics_uid][1]


def shape_of(version):
    """What a version places, without which visit stands for it by now."""
    rows = version.placements.select_related("host").prefetch_related("requests")
    return {
        tuple(sorted(request.ref for request in row.requests.all())): (
            row.host.ref,
            row.mode,
            row.starts_at,
            row.ends_at,
            row.zone,
        )
        for row in rows
    }


def test_visit_held_online_by_an_expert_comes_back_online(desk, draft):
    """Nice (R16) wished to be visited; v2 has it online with one who does not travel."""
    do(desk, "plan-bring-back", 2)
    back = newest()
    row = back.placements.get(requests__ref="R16")
    then = PlanVersion.objects.get(number=2).placements.get(requests__ref="R16")
    for name in ("host_id", "mode", "starts_at", "ends_at", "zone"):
        assert getattr(row, name) == getattr(then, name), name
    assert row.mode == "online"
    assert not back.unplaced.filter(request__ref="R16").exists()
    # It stays so while others are moved by hand, left out and put back.
    do(desk, "plan-move", back.number, request="R04", seen=0, leave_out="1")
    do(desk, "plan-move", back.number, request="R16", seen=1, leave_out="1")
    do(desk, "plan-edit-undo", back.number, 2)
    assert shape_of(back)[("R16",)][:2] == (then.host.ref, "online")
    do(desk, "plan-publish", back.number, seen=3)
    offer = offer_of("R16")
    assert (offer.host_id, offer.mode, offer.starts_at) == (
        then.host_id,
        "online",
        then.starts_at,
    )


def test_day_locked_in_a_version_that_was_brought_back_keeps_its_online_visit(desk, draft):
    do(desk, "plan-bring-back", 2)
    back = newest()
    row = back.placements.get(requests__ref="R16")
    fields = {"host": row.host.ref, "day": row.on.isoformat(), "reason": "Agreed by phone."}
    do(desk, "plan-decide", "lock", version=back.number, **fields)
    assert PlanDecision.objects.get().kept[0]["mode"] == "online"
    again = store_version(solve_campaign(back.plan.campaign, at=clock.now(), seconds=10))
    assert shape_of(again)[("R16",)] == shape_of(back)[("R16",)]


def test_place_that_was_forbidden_since_does_not_come_back(desk, draft):
    row = PlanVersion.objects.get(number=2).placements.get(requests__ref="R16")
    fields = {"request": "R16", "host": row.host.ref, "reason": "Speaks no French."}
    do(desk, "plan-decide", "forbid", **fields)
    do(desk, "plan-bring-back", 2)
    left = newest().unplaced.get(request__ref="R16")
    assert left.reason_code == "not_back"
    assert "Speaks no French." in left.reason


@pytest.mark.one_database  # What is drawn at random is the plan; its storing is tested on both.
@pytest.mark.parametrize("seed", range(4))
def test_any_version_comes_back_as_it_was(desk, draft, seed):
    """Drafts arranged by hand at random, some published, each brought back over a later plan."""
    chance, at = Random(seed), clock.now()
    do(desk, "plan-bring-back", chance.choice([2, draft.number]))
    version = newest()
    for _step in range(chance.randint(1, 4)):
        opened = open_draft(version, at=at)
        ref = chance.choice(sorted(task.ref for task in opened.loaded.problem.tasks))
        spots = [
            (cell.host, start.start)
            for cell in verdicts_of(opened, ref)
            for start in cell.starts
            if (cell.host, start.start) != opened.spot(ref)
        ]
        if opened.spot(ref) and (not spots or chance.random() < 0.2):
            move_visit(version, ref, host=None, seen=None, at=at, by=None)
        elif spots:
            host, start = chance.choice(spots)
            move_visit(version, ref, host=host, starts_at=start, seen=None, at=at, by=None)
    if chance.random() < 0.5:
        do(desk, "plan-publish", version.number, seen=version.edits + 9)
        do(desk, "plan-bring-back", 2)
    version = PlanVersion.objects.get(pk=version.pk)
    before = shape_of(version)
    for _times in range(2):
        do(desk, "plan-bring-back", version.number)
        version = newest()
        assert shape_of(version) == before


def test_what_cannot_come_back_is_named_with_its_reason(desk, draft):
    do(desk, "plan-bring-back", 2)
    made = newest()
    assert said(go(desk, "plan-version", made.number)) == []
    reasons = {row.request.ref: row.reason for row in made.unplaced.select_related("request")}
    for placement in PlanVersion.objects.get(number=2).placements.all():
        if placement.ends_at <= clock.now():
            continue
        for request in placement.requests.all():
            stands = place_of(made, request.ref) == (placement.host.ref, placement.starts_at)
            assert stands or request.ref in reasons, request.ref
    moved = [words for words in reasons.values() if "which a plan does not move" in words]
    assert moved or all("v2" in words or words for words in reasons.values())


def test_bringing_back_changes_nothing_until_it_is_published(desk, draft):
    do(desk, "plan-publish", draft.number, seen=0)
    visits = list(Visit.objects.order_by("ref").values())
    letters = Message.objects.count()
    answer = do(desk, "plan-bring-back", 2)
    assert said(answer) == [
        f"v{draft.number + 1} is a new draft with what v2 placed; publish it to make it hold."
    ]
    assert list(Visit.objects.order_by("ref").values()) == visits
    assert Message.objects.count() == letters


def test_publish_page_shows_for_each_visit_what_changes_and_sends_nothing(desk, draft):
    do(desk, "plan-publish", draft.number, seen=0)
    offered = offer_of("R11")
    do(desk, "plan-bring-back", 2)
    back = newest()
    page = go(desk, "plan-version", back.number)
    kinds = {row.requests[0].ref: row.kind for row in page.context["changes"]}
    assert kinds["R11"] == "moved"
    assert "Draft letter: date proposal" in page.text
    assert "<s>" in page.text
    mails = OutgoingMail.objects.count()
    drafts = set(Message.objects.drafts())
    do(desk, "plan-publish", back.number, seen=0)
    touched = {
        message.visit_requests.get().ref
        for message in Message.objects.drafts()
        if message not in drafts
    }
    assert touched == set(kinds)
    assert OutgoingMail.objects.count() == mails
    offered.refresh_from_db()
    assert offered.state == "cancelled"


def test_pinned_offer_outlasts_bringing_back_a_version_that_has_it_elsewhere(desk, draft):
    placed = draft.placements.select_related("host").get(requests__ref="R11")
    fields = {
        "request": "R11",
        "host": placed.host.ref,
        "day": placed.on.isoformat(),
        "start": placed.clock,
        "reason": "Lisbon can only then.",
    }
    assert do(desk, "plan-decide", "pin", **fields).status_code == 200
    do(desk, "plan-publish", draft.number, seen=0)
    offer = offer_of("R11")
    assert place_of(PlanVersion.objects.get(number=2), "R11") != (offer.host.ref, offer.starts_at)
    do(desk, "plan-bring-back", 2)
    back = newest()
    assert place_of(back, "R11") == (offer.host.ref, offer.starts_at)
    page = go(desk, "plan-version", back.number)
    assert "R11" not in {row.ref for each in page.context["changes"] for row in each.requests}
    reason = back.unplaced.get(request__ref="R11").reason
    assert reason.startswith("It stays on offer at Tue 21 Feb 2023, ")
    assert "its place in v2 is not possible: " in reason
    assert "Lisbon can only then." in reason
    assert [row.request.ref for row in page.context["left_on_offer"]] == ["R11"]
    assert page.context["left_standing"] == []
    assert "On offer, but without a place in this plan" in page.text
    assert reverse("visits:request-take-back", args=["R11"]) in page.text
    assert "Change this agreed visit" not in page.text
    answer = do(desk, "plan-publish", back.number, seen=0)
    assert said(answer)[0].startswith("Published.")
    offer.refresh_from_db()
    assert offer.state == "tentative"


def test_compare_shows_sums_and_only_requests_treated_differently(desk, draft):
    n = draft.number
    before = draft.priority
    first = store_version(
        solve_campaign(Campaign.objects.get(slug="february-2023"), at=clock.now(), seconds=10)
    )
    do(desk, "plan-move", first.number, request="R04", seen=0, leave_out="1")
    page = go(desk, "plan-compare", left=n, right=first.number)
    rows = {row.request.ref: row for row in page.context["differences"]}
    assert set(rows) == {"R04"}
    assert rows["R04"].left.placement is not None
    assert rows["R04"].right.reason == "Left out by hand."
    sums = {row.label: row for row in page.context["sums"]}
    assert list(sums) == [
        "Priority",
        "Wishes",
        "Distance",
        "Nights away",
        "CO2",
        "Cost",
        "Changes against the calendar",
    ]
    assert sums["Priority"].left == before
    assert sums["Priority"].difference < 0
    assert sums["Distance"].difference < 0
    assert sums["Changes against the calendar"].difference == -1
    assert len(page.context["boards"]) == 2
    lines = [tour.is_booked for tour in page.context["map"].tours]
    assert set(lines) == {True, False}


def test_compare_says_which_visits_were_over_when_the_later_plan_was_made(desk, draft):
    page = go(desk, "plan-compare", left=2, right=draft.number)
    reasons = {row.request.ref: row.right.reason for row in page.context["differences"]}
    assert {reasons[ref] for ref in ("R01", "R03", "R22", "R25")} == {
        "over when this plan was made"
    }
    assert "not in this plan" not in reasons.values()
    assert "4 visits were over when the one plan was made" in page.text


def test_compare_of_the_same_version_says_that_nothing_differs(desk, draft):
    page = go(desk, "plan-compare", left=draft.number, right=draft.number)
    assert "Both versions place every request alike." in page.text


def test_map_of_two_versions_says_only_what_is_drawn(desk, draft):
    """v1 and v2 of the sample keep no journeys."""
    n = draft.number
    page = go(desk, "plan-compare", left=2, right=n)
    assert {tour.is_booked for tour in page.context["map"].tours} == {False}
    assert f"The dashed lines are the tours of v{n}; v2 keeps no journeys." in page.text
    assert "solid lines" not in page.text
    page = go(desk, "plan-compare", left=1, right=2)
    assert page.context["map"].tours == ()
    assert "Only the visits of v2 are drawn" in page.text
    assert "this version keeps no journeys" in go(desk, "plan-version", 2).text


def test_older_draft_says_how_many_versions_are_newer_and_leads_to_the_newest(desk, draft):
    n = draft.number
    assert "newer version" not in go(desk, "plan-version", n).text
    do(desk, "plan-bring-back", 2)
    assert "1 newer version was made since this draft" in go(desk, "plan-version", n).text
    do(desk, "plan-bring-back", 2)
    page = go(desk, "plan-version", n)
    assert "2 newer versions were made since this draft; the newest is" in page.text
    assert [version.number for version in page.context["newer"]] == [n + 2, n + 1]
    assert "newer version" not in go(desk, "plan-version", 2).text


def test_visit_has_one_colour_in_calendar_draft_and_map(desk, draft):
    """V08 of Stuttgart is at risk: the airport strike of 17 February."""

    def hues(board):
        boxes = [box for lane in board.lanes for box in lane.boxes if box.kind == "visit"]
        return {box.hue for box in boxes if "Stuttgart" in box.words}

    pages = [go(desk, "plan"), go(desk, "plan-version", draft.number)]
    assert [hues(page.context["board"]) for page in pages] == [{"red"}, {"red"}]
    for page in pages:
        dots = [dot for dot in page.context["map"].dots if "Stuttgart" in dot.name]
        assert [dot.hue for dot in dots] == ["red"]


@pytest.mark.parametrize(
    "query", [{}, {"left": 1}, {"left": "x", "right": 2}, {"left": 1, "right": 99}]
)
def test_compare_without_two_versions_asks_for_them(desk, draft, query):
    page = go(desk, "plan-compare", **query)
    assert page.status_code == 200
    assert "Choose two versions." in page.text


def test_nights_away_stand_between_the_journeys(desk, draft):
    lane = go(desk, "plan-version", draft.number).context["board"].lanes[0]
    nights = [box.words for box in lane.boxes if box.kind == "night"]
    assert "Night in Gdańsk" in nights
    assert any(box.words == "Back home in Oslo" for box in lane.boxes if box.kind == "home")
    assert len(nights) == draft.totals["nights"]


def test_bringing_back_a_version_before_a_move_leads_to_taking_the_move_back(desk, draft):
    do(desk, "plan-publish", draft.number, seen=0)
    agreed = Visit.objects.get(ref="V10")
    later = agreed.local_start.replace(tzinfo=None) + timedelta(hours=2)
    change_visit(
        desk,
        "V10",
        side="us",
        reason="A strike.",
        starts_at=later.isoformat(),
        override_reason="-",
    )
    moved = Visit.objects.live().get(replaces=agreed)
    answer = do(desk, "plan-bring-back", draft.number)
    assert f"{moved.ref} was moved since: take its move back to have it where it was." in said(
        answer
    )
    page = go(desk, "plan-version", newest().number)
    assert "Nothing: everything stays where it is." not in page.text
    assert reverse("visits:visit-take-back", args=[moved.ref]) in page.text
    agreed_at, stands_at = (
        wording.time_range(row.starts_at, row.ends_at, row.zone) for row in (agreed, moved)
    )
    for told in (page, go(desk, "plan")):
        text = " ".join(strip_tags(re.sub("</?s>", "~", told.text)).split())
        assert f"agreed before: ~{agreed_at}, Joe Gorman~" in text
        assert f"stands now, and waits for the city: {stands_at}, Joe Gorman" in text
    do(desk, "visit-take-back", moved.ref)
    again = Visit.objects.live().get(requests=agreed.requests.get())
    assert (again.state, again.starts_at) == ("confirmed", agreed.starts_at)
    assert "take-back" not in go(desk, "plan-version", newest().number).text


@pytest.mark.one_database
def test_page_and_api_name_the_journeys_that_publishing_changes(desk, draft):
    page = go(desk, "plan-version", draft.number)
    rows = page.context["journeys"]
    assert "Joe Gorman" in [row.host.name for row in rows]
    shown = re.findall(r"<details><summary>(.*?)</summary>(.*?)</details>", page.text, re.DOTALL)
    assert [words for words, _rows in shown] == [row.words for row in rows]
    counts = [int(re.search(r": (\d+) journeys? change", words)[1]) for words, _rows in shown]
    assert [beneath.count("<li>") for _words, beneath in shown] == counts
    told = desk.get(reverse("api:plans-journeys", args=[draft.pk])).json()
    assert [row["words"] for row in told] == [row.words for row in rows]
    assert [len(row["come"]) for row in told] == [len(row.come) for row in rows]
    do(desk, "plan-publish", draft.number, seen=0)
    assert desk.get(reverse("api:plans-journeys", args=[draft.pk])).json() == []
    history = go(desk, "plan").text
    assert all(row.words in history for row in rows)


@pytest.mark.one_database
def test_changelog_keeps_what_publishing_changed_in_the_words_of_the_page(desk, draft):
    changes = go(desk, "plan-version", draft.number).context["changes"]
    told = [change.words for change in changes]
    row = draft.placements.get(requests__ref="R04")
    when = wording.time_range(row.starts_at, row.ends_at, row.zone)
    assert f"new: R04 Venice, {when}, {row.host}, {row.get_mode_display()}" in told
    do(desk, "plan-publish", draft.number, seen=0)
    take_back_proposal(offer_of("R04"), reason="Not now.", at=clock.now(), by=None)
    page = go(desk, "plan")
    assert page.context["entries"][0]["earlier"] == told
    history = unescape(page.text)
    assert all(words in history for words in told)


def test_change_of_a_moved_offer_names_both_dates(desk, draft):
    do(desk, "plan-publish", draft.number, seen=0)
    old = offer_of("R11")
    do(desk, "plan-bring-back", 2)
    back = newest()
    new = back.placements.get(requests__ref="R11")
    before, after = (
        f"{wording.time_range(row.starts_at, row.ends_at, row.zone)}, {row.host}"
        for row in (old, new)
    )
    (moved,) = [
        change.words
        for change in go(desk, "plan-version", back.number).context["changes"]
        if change.requests[0].ref == "R11"
    ]
    assert moved == f"moves: R11 Lisbon, {before} → {after}, {new.get_mode_display()}"


def test_older_draft_shows_no_change_to_what_stands_there_already(desk, draft):
    do(desk, "plan-bring-back", draft.number)
    twin = newest()
    do(desk, "plan-publish", twin.number, seen=0)
    page = go(desk, "plan-version", draft.number)
    assert page.context["changes"] == []
    assert {change.requests[0].ref for change in page.context["movable"]} >= {"R04", "R11"}


def test_date_offered_meanwhile_just_as_planned_stays_on_offer(desk, draft):
    row = draft.placements.get(requests__ref="R04")
    request = row.requests.get()
    offer = propose_dates(
        request,
        host=row.host,
        mode=row.mode,
        slots=[(row.starts_at, row.ends_at)],
        expires_at=hold_until(request.campaign, clock.now(), before=row.starts_at),
        at=clock.now(),
        by=None,
    )
    do(desk, "plan-publish", draft.number, seen=0)
    assert offer_of("R04") == offer
    row.refresh_from_db()
    assert row.visit == offer


def test_page_of_an_older_version_says_which_offers_it_leaves_when_brought_back(desk, draft):
    assert go(desk, "plan-version", 2).context["stay_on_offer"] == []
    VisitRequest.objects.filter(ref="R24").update(state="under_review")
    at = clock.now()
    offer = propose_dates(
        VisitRequest.objects.get(ref="R24"),
        host=Host.objects.get(ref="H2"),
        mode="online",
        slots=[(datetime(2023, 2, 21, 8, tzinfo=UTC), datetime(2023, 2, 21, 9, 30, tzinfo=UTC))],
        expires_at=at + timedelta(days=2),
        at=at,
        by=None,
    )
    page = go(desk, "plan-version", 2)
    assert page.context["stay_on_offer"] == [offer]
    words = "Bringing back v2 takes no date back from a city; these stay on offer"
    assert words in page.text
    do(desk, "plan-bring-back", 2)
    back = newest()
    assert words not in go(desk, "plan-version", back.number).text
    do(desk, "plan-publish", back.number, seen=0)
    assert offer_of("R24") == offer
