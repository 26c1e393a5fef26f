"""What a host does over HTTP: expenses, reports, yes or no to a time."""

from tests.factories.crm import CLOCK, UserFactory
from tests.factories.visits import ExpenseFactory, HostFactory, VisitFactory, VisitReportFactory
from visits.domain import pack_runs
from visits.models import Expense, HostAnswer, VisitReport


def test_expense_is_made_read_put_right_and_taken_out(desk):
    visit = VisitFactory()
    body = {"visit": visit.ref, "spent_on": "2023-02-10", "what": "Tram", "amount": "12.50"}
    made = desk.post("/expenses/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["currency"], row["eligible"], row["host"]) == ("EUR", "ask", visit.host.ref)

    path = f"/expenses/{row['id']}/"
    seen = desk.get(path)["ETag"]
    refused = desk.send("PATCH", path, {"eligible": "no"}, {"If-Match": seen})
    assert refused.status_code == 400
    assert "why" in refused.json()["errors"]
    change = {"eligible": "no", "why": "Too late"}
    assert desk.send("PATCH", path, change, {"If-Match": seen}).json()["why"] == "Too late"
    assert desk.send("DELETE", path).status_code == 204
    assert desk.get("/expenses/", visit=visit.ref).json()["results"] == []
    assert Expense.objects.get().removed_at == CLOCK


def test_amount_below_a_cent_and_a_visit_nobody_knows_are_refused(desk):
    body = {"visit": VisitFactory().ref, "spent_on": "2023-02-10", "what": "Tram", "amount": "0"}
    assert desk.post("/expenses/", body).status_code == 400
    assert desk.post("/expenses/", body | {"amount": "1", "visit": "V99"}).status_code == 400


def test_host_neither_reads_nor_writes_the_money_of_others(api):
    row = ExpenseFactory()
    host = api(HostFactory().user)
    assert host.get(f"/expenses/{row.pk}/").status_code == 404
    body = {"visit": row.visit.ref, "spent_on": "2023-02-10", "what": "Tram", "amount": "1"}
    assert host.post("/expenses/", body).status_code == 400
    assert Expense.objects.count() == 1


def test_correction_of_the_city_is_read_and_taken_over(desk):
    report = VisitReportFactory(correction="It was two.", corrected_at=CLOCK)
    shown = desk.get("/reports/", visit=report.visit.ref).json()["results"][0]
    assert (shown["correction"], shown["validated_at"]) == ("It was two.", None)
    path = f"/visits/{report.visit.ref}/accept-correction/"
    assert desk.post(path).status_code == 200
    assert VisitReport.objects.get().summary == "It was two."
    assert desk.post(path).status_code in (400, 409)


def test_a_note_is_written_read_and_there_once(desk):
    visit = VisitFactory()
    key = "6a8b3f6e-3df7-4a5c-9b43-6f2d7a6f1c11"
    body = {"visit": visit.ref, "text": "They want cameras.", "key": key}
    made = [desk.post("/visit-notes/", body) for _again in range(2)]
    assert [answer.status_code for answer in made] == [201, 201], made[0].content
    assert desk.post("/visit-notes/", {"visit": visit.ref, "text": "A second."}).status_code == 201
    rows = desk.get("/visit-notes/", visit=visit.ref).json()["results"]
    assert [row["text"] for row in rows] == ["They want cameras.", "A second."]
    assert (rows[0]["key"], rows[0]["visit"]) == (key, visit.ref)
    for wrong in ({"text": " "}, {"text": "x" * 4_001}, {"visit": "V99"}):
        assert desk.post("/visit-notes/", body | wrong).status_code == 400


def test_host_neither_reads_nor_writes_notes_about_visits_of_others(api, desk):
    visit = VisitFactory()
    made = desk.post("/visit-notes/", {"visit": visit.ref, "text": "Secret."}).json()
    other = api(HostFactory().user)
    assert other.get("/visit-notes/").json()["results"] == []
    assert other.get(f"/visit-notes/{made['id']}/").status_code == 404
    assert other.post("/visit-notes/", {"visit": visit.ref, "text": "x"}).status_code == 400


def test_host_accepts_and_refuses_over_the_api(api, clock):
    visit = VisitFactory()
    host = HostFactory(user=UserFactory(roles=["host"]))
    visit.host = host
    visit.save()
    caller, path = api(host.user), f"/visits/{visit.ref}"
    assert caller.post(f"{path}/accept/").status_code == 200
    assert caller.post(f"{path}/refuse/", {"reason": ""}).status_code == 400
    assert caller.post(f"{path}/refuse/", {"reason": "I am away."}).status_code == 200
    assert [row.answer for row in HostAnswer.objects.order_by("pk")] == ["accepted", "refused"]


def test_pack_is_asked_for_looked_at_and_fetched(desk, settings, tmp_path):
    settings.PACK_DIR = tmp_path
    visit = VisitFactory()
    body = {"kind": "attendance", "visit": visit.ref}
    made = desk.post("/packs/", body)
    assert (made.status_code, made.json()["state"]) == (201, "queued"), made.content
    path = f"/packs/{made.json()['id']}"
    assert desk.get(f"{path}/pdf/").status_code == 409
    pack_runs.work_off()
    assert desk.get(f"{path}/").json()["state"] == "done"
    assert desk.get(f"{path}/pdf/").content.startswith(b"%PDF")
    for wrong in ({"kind": "trip"}, {"kind": "thanks", "visit": visit.ref}, {"kind": "thanks"}):
        assert desk.post("/packs/", wrong).status_code == 400
