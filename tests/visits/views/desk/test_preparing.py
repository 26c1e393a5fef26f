"""Preparing a visit at the desk and over the API: programme, people, answers, checklist."""

import pytest
from django.urls import reverse

from tests.factories.crm import CLOCK
from tests.factories.visits import (
    AgendaItemFactory,
    ExpertFactory,
    HostFactory,
    TopicFactory,
    VisitFactory,
    VisitRequestFactory,
)
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.briefs import build_edition
from visits.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def visit():
    """Two hours, with a programme of three items."""
    row = VisitFactory(ref="V50", requests=[VisitRequestFactory(ref="R50", questions=["Why?"])])
    for order, (minutes, title) in enumerate([(15, "Welcome"), (30, "Lessons"), (45, "Talk")], 1):
        AgendaItemFactory(
            visit=row, order=order, minutes=minutes, title=title, speaker="", room="", plan_b=""
        )
    return row


def items(visit):
    return [(item.title, item.minutes) for item in visit.agenda.all()]


def typed(page, step, **changes):
    """The programme's form as the page shows it, with a few cells typed over, and one button."""
    rows = [dict(row) for row in page.context["rows"]]
    rows.append(dict.fromkeys(("title", "minutes", "speaker", "room", "plan_b"), ""))
    for place, values in changes.items():
        rows[int(place[1:]) - 1] |= values
    fields = {name: [str(row[name]) for row in rows] for name in rows[-1]}
    dropped = [str(number) for number, row in enumerate(rows, 1) if row.get("can_be_dropped")]
    return fields | {"seen": page.context["seen"], "do": step, "can_be_dropped": dropped}


def build(desk, step, **changes):
    page = go(desk, "visit-programme", "V50")
    return do(desk, "visit-programme", "V50", **typed(page, step, **changes))


def test_an_item_is_added_worded_and_may_be_dropped(desk, visit):
    build(
        desk,
        "keep",
        n2={"title": "Lessons learned", "can_be_dropped": True, "plan_b": "Hand it out"},
        n4={"title": "Wrap-up", "minutes": "10", "speaker": "Joe", "room": "Hall"},
    )
    assert items(visit) == [("Welcome", 15), ("Lessons learned", 30), ("Talk", 45), ("Wrap-up", 10)]
    assert [item.can_be_dropped for item in visit.agenda.all()] == [False, True, False, False]


def test_an_item_is_moved_and_what_was_typed_beside_it_is_kept(desk, visit):
    answer = build(desk, "up:3", n1={"minutes": "20"})
    assert items(visit) == [("Welcome", 20), ("Talk", 45), ("Lessons", 30)]
    assert said(answer) == ["“Talk” is moved."]


def test_a_removed_item_comes_back_by_the_undo_of_the_toast(desk, visit):
    answer = build(desk, "remove:1")
    assert items(visit) == [("Lessons", 30), ("Talk", 45)]
    undo = reverse("visits:visit-programme-undo", args=["V50"])
    assert f'action="{undo}"' in answer.text
    do(desk, "visit-programme-undo", "V50")
    assert items(visit) == [("Welcome", 15), ("Lessons", 30), ("Talk", 45)]


def test_a_template_takes_the_place_of_the_programme(desk, visit):
    page = go(desk, "visit-programme", "V50")
    fields = typed(page, "fill") | {"template": "full_day_interpreted"}
    do(desk, "visit-programme", "V50", **fields)
    assert ("Lunch", 60) in items(visit)
    assert sum(minutes for _title, minutes in items(visit)) == 360


def test_a_programme_longer_than_the_visit_is_kept_and_warned_of(desk, visit):
    over = int(visit.duration.total_seconds() // 60) + 5
    answer = build(desk, "keep", n3={"minutes": str(over)})
    assert "The programme is 50 min longer than the visit." in answer.text
    assert "50 min longer than the visit" in go(desk, "visit-detail", "V50").text


@pytest.mark.parametrize(
    ("typed_over", "sentence"),
    [
        ({"minutes": "soon"}, "Item 2 lasts 1 to 600 minutes."),
        ({"title": ""}, "Item 2 needs a title."),
        ({"title": "x" * 201}, "Item 2: “item” takes 200 letters at most."),
    ],
)
def test_a_fault_is_told_and_what_was_typed_stays(desk, visit, typed_over, sentence):
    answer = build(desk, "up:3", n1={"title": "Good morning"}, n2=typed_over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Good morning" in answer.text
    assert items(visit)[0] == ("Welcome", 15)


def test_two_people_do_not_overwrite_each_other(desk, visit):
    page = go(desk, "visit-programme", "V50")
    visit.agenda.filter(order=1).update(title="Opening")
    answer = do(desk, "visit-programme", "V50", **typed(page, "keep", n3={"title": "Mine"}))
    assert answer.status_code == 422
    assert "Somebody else changed the programme meanwhile" in answer.text
    assert "Mine" in answer.text
    assert items(visit)[0] == ("Opening", 15)


def test_the_host_builds_the_programme_of_the_own_visit(client, visit):
    client.force_login(visit.host.user)
    build(client, "remove:2")
    assert items(visit) == [("Welcome", 15), ("Talk", 45)]


def test_backup_experts_and_topics_are_chosen(desk, visit):
    topic = TopicFactory()
    backup, expert = HostFactory(), ExpertFactory()
    backup.topics.add(topic)
    fields = {"backup": backup.pk, "experts": [expert.pk], "topics": [topic.pk]}
    do(desk, "visit-assign", "V50", **fields)
    visit.refresh_from_db()
    assert (visit.backup, [*visit.experts.all()], [*visit.topics.all()]) == (
        backup,
        [expert],
        [topic],
    )


def test_a_backup_who_does_not_hold_the_topic_is_refused(desk, visit):
    topic, backup = TopicFactory(name="Dilemmas"), HostFactory(name="Ola Example")
    answer = do(desk, "visit-assign", "V50", backup=backup.pk, topics=[topic.pk])
    assert refused(answer) == [
        "Ola Example does not hold Dilemmas; choose another, or an expert who does."
    ]


def test_answers_and_notes_for_the_brief_are_written_down(desk, visit):
    fields = {"aim": "A trial", "decides": "The mayor", "budget": "300", "answer_0": "Because."}
    do(desk, "visit-prepare", "V50", **fields, owner_0="Joe", print_again_after="2023-02-20")
    visit.refresh_from_db()
    assert (visit.aim, visit.decides, visit.budget) == ("A trial", "The mayor", 300)
    assert visit.requests.get().planned_answers == {"Why?": {"answer": "Because.", "owner": "Joe"}}


@pytest.mark.parametrize("budget", ["much", "-1", "NaN", "1e99"])
def test_a_budget_that_is_no_amount_is_refused_and_the_answer_stays(desk, visit, budget):
    answer = do(desk, "visit-prepare", "V50", budget=budget, answer_0="Because.")
    assert answer.status_code == 422
    assert "Because." in answer.text


def test_a_checklist_item_is_added_worded_anew_and_ticked(desk, visit):
    do(desk, "checklist-new", "V50", text="Lift key", owner="ours", note="Ask Ana")
    item = visit.checklist.get(text="Lift key")
    do(desk, "checklist-edit", "V50", item.pk, text="Key of the lift", owner="theirs", note="")
    do(desk, "visit-tick", "V50", item.pk)
    item.refresh_from_db()
    assert (item.text, item.owner, item.note, item.done) == ("Key of the lift", "theirs", "", True)


def test_a_checklist_item_is_taken_out_and_comes_back_with_an_undo(desk, visit):
    do(desk, "checklist-new", "V50", text="Lift & key", owner="theirs", note="Ask Ana")
    item = visit.checklist.get(text="Lift & key")
    build_edition(visit, "internal", at=CLOCK)
    answer = do(desk, "checklist-remove", "V50", item.pk)
    assert not visit.checklist.filter(text="Lift & key").exists()
    assert answer.context["brief_standing"] == "out_of_date"
    (toast,) = answer.context["messages"]
    assert str(toast) == "“Lift & key” is taken out."
    desk.post(toast.extra_tags.removeprefix("undo:"))
    again = visit.checklist.get(text="Lift & key")
    assert (again.owner, again.note) == ("theirs", "Ask Ana")


def test_every_change_puts_the_kept_brief_out_of_date(desk, visit):
    build_edition(visit, "internal", at=CLOCK)
    do(desk, "visit-prepare", "V50", answer_0="Because.")
    assert go(desk, "visit-detail", "V50").context["brief_standing"] == "out_of_date"


# --- The same over the API ---


@pytest.fixture
def api(desk):
    def post(path, body):
        url = f"/api/v1/visits/V50/{path}/"
        return desk.post(url, body, content_type="application/json")

    return post


def test_api_writes_the_programme_as_a_whole_or_from_a_template(api, visit):
    answer = api("programme", {"items": [{"title": "Talk", "minutes": 60, "room": "Hall"}]})
    assert [(row["title"], row["minutes"]) for row in answer.json()["agenda"]] == [("Talk", 60)]
    answer = api("programme", {"template": "half_day"})
    assert len(answer.json()["agenda"]) == 8
    assert api("programme", {}).status_code == 400
    assert api("programme", {"items": [{"title": "x", "minutes": 0}]}).status_code == 400


def test_api_plans_answers_and_refuses_a_question_nobody_asked(api, visit):
    row = {"request": "R50", "question": "Why?", "answer": "Because.", "owner": "Joe"}
    assert api("planned-answers", {"answers": [row]}).json()["planned_answers"] == [row]
    answer = api("planned-answers", {"answers": [row | {"question": "How?"}]})
    assert answer.status_code == 400


def test_api_keeps_the_checklist(api, visit):
    made = api("checklist", {"text": "Badges", "owner": "ours"}).json()["checklist"][-1]
    done = api("tick", {"id": made["id"], "done": True}).json()["checklist"][-1]
    assert (done["text"], done["done"]) == ("Badges", True)
    assert api("tick", {"id": 10**9, "done": True}).status_code == 404
    left = api("remove-from-checklist", {"id": made["id"]}).json()["checklist"]
    assert made["id"] not in [row["id"] for row in left]
    assert api("remove-from-checklist", {"id": made["id"]}).status_code == 404


def test_api_assigns_people(api, visit):
    topic, backup = TopicFactory(), HostFactory()
    backup.topics.add(topic)
    body = {"backup": backup.ref, "experts": [], "topics": [topic.code]}
    assert api("assign", body).json()["backup"] == backup.ref
    assert Visit.objects.get(ref="V50").backup == backup
