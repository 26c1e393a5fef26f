"""Closing a campaign: what is left, the same end for many or for none, the figures frozen."""

import csv
import json
import re

import pytest

from crm.models import FollowUp, Message, User
from tests.factories.crm import (
    CLOCK,
    EventFactory,
    FollowUpFactory,
    MessageFactory,
    PersonFactory,
)
from tests.visits.views.desk.front_door import do, go, said
from visits.models import Campaign, FigureSnapshot, Visit, VisitRequest
from visits.models.reports import Audience
from visits.public.standing import standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, sample):
    client.force_login(User.objects.get(email="coordinator@example.org"))
    return client


def state(ref):
    return VisitRequest.objects.get(ref=ref).state


def told_to(ref):
    """What the city reads of its request on its private page, newest first."""
    timeline = standing_of(VisitRequest.objects.get(ref=ref), at=CLOCK).timeline
    return [entry["title"] for entry in timeline]


def test_page_lists_what_has_no_end(desk):
    left = go(desk, "closing").context["left"]
    assert (
        {row.ref for row in left.requests}
        == {row.ref for row in VisitRequest.objects.open()}
        > {"R05", "R24"}
    )
    assert "V01" in {row.ref for row in left.visits}
    assert not {"V03", "V15"} & {row.ref for row in left.visits}
    assert not left.is_done


def test_promises_of_a_request_and_of_the_event_are_left_over_too(desk):
    request = VisitRequest.objects.get(ref="R04")
    event = request.campaign.event
    of_request, at_event, kept = FollowUpFactory.create_batch(3, person=PersonFactory())
    request.follow_ups.add(of_request)
    Visit.objects.get(ref="V01").follow_ups.add(of_request)
    elsewhere = FollowUpFactory(event=EventFactory())
    FollowUp.objects.filter(pk__in=[at_event.pk, kept.pk]).update(event=event)
    FollowUp.objects.filter(pk=kept.pk).update(done_on=kept.due_on)
    page = go(desk, "closing")
    promises = page.context["left"].promises
    assert [promises.count(row) for row in (of_request, at_event, kept, elsewhere)] == [1, 1, 0, 0]
    assert at_event.text in page.text


def test_promises_and_drafts_of_no_campaign_are_named_beside_those_that_are_left(desk):
    def rest():
        left = go(desk, "closing").context["left"]
        all_drafts = Message.objects.drafts().count()
        assert len(left.promises) + left.other_promises == FollowUp.objects.open().count()
        assert len(left.letters) + left.other_letters == all_drafts
        return left.other_promises, left.other_letters

    assert rest() == (0, 0)
    assert "of this campaign." not in go(desk, "closing").text
    FollowUpFactory.create_batch(2, person=PersonFactory())
    MessageFactory(person=PersonFactory(), status="draft")
    of_visit = MessageFactory(status="draft")
    of_visit.visits.add(Visit.objects.get(ref="V09"))
    assert rest() == (2, 1)
    page = go(desk, "closing")
    assert of_visit in page.context["left"].letters
    assert "2 more are open that are not of this campaign." in page.text
    assert "1 more draft is not of this campaign." in page.text


def test_an_end_is_looked_at_first_with_what_is_left_out_and_why(desk):
    before = {ref: state(ref) for ref in ("R04", "R05", "R12", "R20", "R24")}
    typed = {"end": "declined", "reason": "February is over"}
    page = do(desk, "closing-end", rows=[*before], **typed)

    assert {ref: state(ref) for ref in before} == before
    assert [row.ref for row in page.context["fitting"]] == ["R12", "R05"]
    assert {each.request.ref: each.why_not for each in page.context["skipped"]} == {
        "R04": "“date proposed” has a step of its own first; open it to see what it waits for.",
        "R20": "“needs information” may only end as: expired, withdrawn. "
        "Once you have reviewed it, it may also be declined.",
        "R24": "“received” may only end as: withdrawn. "
        "Once you have reviewed it, it may also be declined.",
    }
    assert re.findall(r'name="rows" value="(\w+)"', page.text) == ["R12", "R05"]
    assert "End 2 requests" in page.text

    answer = do(desk, "closing-end", rows=["R12", "R05"], step="do", **typed)
    assert said(answer) == ["2 requests have their end."]
    assert {ref: state(ref) for ref in before} == before | {"R05": "declined", "R12": "declined"}
    assert VisitRequest.objects.get(ref="R05").reason == "February is over"


def test_requests_get_the_same_end_or_none_of_them(desk):
    both = ["R05", "R12"]
    for end, reason, sentence in (
        ("declined", " ", "Say why, in a sentence."),
        ("fulfilled", "x", "Choose how they end."),
    ):
        for step in ("", "do"):
            answer = do(desk, "closing-end", rows=both, end=end, reason=reason, step=step)
            assert said(answer) == [sentence]
    assert said(do(desk, "closing-end", end="declined", reason="x")) == [
        "Tick at least one row first."
    ]
    # What was shown is old by now: one of them moved on.
    rows = [*both, "R04"]
    answer = do(desk, "closing-end", rows=rows, end="declined", reason="It is over", step="do")
    assert said(answer) == ["Nothing was changed: “declined” does not follow the state of R04."]
    assert (state("R05"), state("R12")) == ("waitlisted", "under_review")


def test_an_end_for_many_is_taken_back_from_any_page_but_for_what_was_touched_since(desk):
    def rows(*refs):
        names = ("ref", "state", "state_since", "reason")
        return list(VisitRequest.objects.filter(ref__in=refs).order_by("ref").values(*names))

    before = rows("R05", "R12")
    told = told_to("R05")
    typed = {"end": "declined", "reason": "It is over", "step": "do"}
    do(desk, "closing-end", rows=["R05", "R12"], **typed)
    assert said(do(desk, "undo-last")) == ["2 requests are as before."]
    assert rows("R05", "R12") == before
    # The city, which was told nothing, reads nothing of it.
    assert told_to("R05") == told
    assert said(do(desk, "undo-last")) == ["There is nothing to take back."]

    do(desk, "closing-end", rows=["R05", "R12"], **typed)
    do(desk, "request-step", "R12", "reopen", reason="They rang")
    assert said(do(desk, "undo-last")) == [
        "1 request is as before.",
        "Left as they are, because they were touched since: R12.",
    ]
    assert rows("R05") == before[:1]
    assert state("R12") == "under_review"
    assert VisitRequest.objects.get(ref="R12").reason == "They rang"


def test_a_reference_that_is_not_known_ends_nothing_and_is_named(desk):
    rows = ["R05", "R999"]
    answer = do(desk, "closing-end", rows=rows, end="declined", reason="February is over")
    assert said(answer) == ["Nothing was changed: there is no request R999 in this campaign."]
    assert state("R05") != "declined"


def test_refused_end_keeps_the_ticks_the_end_and_the_reason(desk):
    typed = {"end": "withdrawn", "reason": "February is “over”"}
    answer = do(desk, "closing-end", rows=["R05", "R04"], step="do", **typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    ticked = re.findall(r'name="rows" value="(\w+)" checked', page)
    assert sorted(ticked) == ["R04", "R05"]
    assert '<option value="withdrawn" selected>' in page
    assert 'value="February is “over”"' in page
    page = do(desk, "closing-end", **typed).content.decode()
    assert 'value="February is “over”"' in page
    assert "data-row-tick checked" not in page
    assert " checked" not in go(desk, "closing").content.decode()


def test_frozen_figures_stay_when_the_live_ones_move(desk):
    answer = do(desk, "figures-freeze", note="Report of 29 April")
    snapshot = FigureSnapshot.objects.get()
    assert snapshot.figures["K1"]["value"] == 67
    assert len(snapshot.figures["K1"]["rows"]) == 67
    assert all(line.is_same for line in answer.context["lines"])
    # A visit that took place is found not to have: it leaves K7 and the persons of K8.
    Visit.objects.filter(ref="V06").update(state="no_show")
    lines = {line.key: line for line in go(desk, "figures-frozen", snapshot.pk).context["lines"]}
    assert (lines["K7"].then, lines["K7"].now, lines["K7"].went) == (4, 3, ["V06"])
    assert (lines["K8"].then, lines["K8"].now) == (45, 39)
    assert FigureSnapshot.objects.get().figures["K7"]["value"] == 4
    assert said(do(desk, "figures-freeze", note=" ")) == [
        "Say in up to 200 letters what they are frozen for."
    ]


def test_a_refused_freeze_keeps_the_note_that_was_typed(desk):
    note = "Report for the “board” " * 10
    answer = do(desk, "figures-freeze", note=note)
    assert answer.status_code == 422
    assert f'name="note" value="{note}"' in answer.text
    assert not FigureSnapshot.objects.exists()


def test_frozen_figures_name_no_person_and_no_embargoed_city(desk):
    do(desk, "figures-freeze", note="Report")
    kept = json.dumps(FigureSnapshot.objects.get().figures, ensure_ascii=False)
    assert "Antwerp" not in kept
    assert "Sample-" not in kept


def test_frozen_figures_leave_as_a_file_with_the_references_of_their_rows(desk):
    do(desk, "figures-freeze", note="Report")
    pk = FigureSnapshot.objects.get().pk
    text = desk.get(f"/figures/frozen/{pk}/?as=csv").getvalue().decode("utf-8-sig")
    row = next(row for row in csv.reader(text.splitlines()) if row[0] == "K7")
    assert sorted(row[-1].split()) == ["V01", "V02", "V05", "V06"]


def test_a_frozen_breakdown_is_told_beside_that_of_now_on_the_page_and_in_the_file(desk):
    do(desk, "figures-freeze", note="Report")
    pk = FigureSnapshot.objects.get().pk
    before = go(desk, "figures-frozen", pk).text
    assert "Scientific Community 12" in before
    assert "changed: now" not in before
    # Their organisations turn out to count elsewhere: the rows and the sum stay, the mix moves.
    campaign = Campaign.objects.get()
    for kind, audience in campaign.audience_map.items():
        if audience == Audience.SCIENTIFIC:
            campaign.audience_map[kind] = Audience.INVESTORS
    campaign.save()
    page = go(desk, "figures-frozen", pk)
    line = next(line for line in page.context["lines"] if line.key == "K2")
    assert (line.then, line.now, line.came, line.went) == (67, 67, [], [])
    assert not line.is_same
    assert "Scientific Community 12 <b>changed: now 0</b>" in page.text
    assert "Investors 0 <b>changed: now 12</b>" in page.text
    text = desk.get(f"/figures/frozen/{pk}/?as=csv").getvalue().decode("utf-8-sig")
    rows = [row[:6] for row in csv.reader(text.splitlines()) if row[0] == "K2"]
    assert rows[:2] == [
        ["K2", "Audience mix", "67", "people", "67", "changed"],
        ["K2", "Audience mix: Policy Makers", "33", "", "33", ""],
    ]
    assert ["K2", "Audience mix: Scientific Community", "12", "", "0", "changed"] in rows
    assert desk.get(f"/figures/frozen/{pk}/?as=xlsx").status_code == 200


def test_reporter_reads_frozen_figures_and_closes_nothing(client, desk):
    do(desk, "figures-freeze", note="Report")
    pk = FigureSnapshot.objects.get().pk
    client.force_login(User.objects.get(email="reporter@example.org"))
    assert go(client, "figures-frozen", pk).status_code == 200
    assert go(client, "closing").status_code == 403
    assert do(client, "closing-end", rows=["R05"], end="declined", reason="x").status_code == 403
