"""Lists: the filters of the pages, pages of at most 200 rows, the same questions at any length."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import AuditEntry, OutgoingMail
from crm.roles import Role
from tests.factories.crm import (
    ConsentRecordFactory,
    ContactPointFactory,
    EventFactory,
    FollowUpFactory,
    InteractionFactory,
    LookalikeFactory,
    MergeFactory,
    MessageFactory,
    MunicipalityFactory,
    OrganisationFactory,
    OutgoingMailFactory,
    ParticipationFactory,
    PersonFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.visits import (
    AgendaItemFactory,
    AttendanceCountFactory,
    BriefEditionFactory,
    CalendarDayFactory,
    CampaignFactory,
    ChecklistItemFactory,
    DisruptionFactory,
    ExpenseFactory,
    HoldFactory,
    HostAvailabilityFactory,
    HostFactory,
    PackRunFactory,
    PlacementFactory,
    PlanVersionFactory,
    PreferredDateFactory,
    TopicFactory,
    UnplacedFactory,
    VisitFactory,
    VisitNoteFactory,
    VisitReportFactory,
    VisitRequestFactory,
)
from visits.models import Host, Plan, VisitRequest


def a_person():
    ContactPointFactory(person=PersonFactory())


def a_message():
    OutgoingMailFactory()
    MessageFactory()


def a_request():
    row = VisitRequestFactory(topics=[TopicFactory()])
    PreferredDateFactory(request=row)


def a_visit():
    host = Host.objects.first() or HostFactory()
    row = VisitFactory(host=host, backup=host, topics=[TopicFactory()], experts=[host])
    AgendaItemFactory(visit=row)
    ChecklistItemFactory(visit=row)


def a_tentative_visit():
    a_visit()
    if not Plan.objects.exists():
        HoldFactory()


def a_report():
    AttendanceCountFactory(report=VisitReportFactory())


def a_version():
    plan = Plan.objects.first()
    number = plan.versions.count() + 1 if plan else 1
    version = PlanVersionFactory(number=number, **({"plan": plan} if plan else {}))
    host = Host.objects.first() or HostFactory()
    PlacementFactory(version=version, host=host)
    UnplacedFactory(version=version)


def a_campaign():
    CampaignFactory(slug=f"campaign-{VisitRequest.objects.count()}-{id(object())}")


MAKERS = {
    "organisations": OrganisationFactory,
    "municipalities": MunicipalityFactory,
    "people": a_person,
    "events": EventFactory,
    "sessions": SessionFactory,
    "participations": ParticipationFactory,
    "interactions": InteractionFactory,
    "messages": a_message,
    "follow-ups": FollowUpFactory,
    "consents": ConsentRecordFactory,
    "lookalikes": LookalikeFactory,
    "merges": MergeFactory,
    "requests": a_request,
    "visits": a_tentative_visit,
    "reports": a_report,
    "expenses": ExpenseFactory,
    "visit-notes": VisitNoteFactory,
    "packs": PackRunFactory,
    "briefs": BriefEditionFactory,
    "hosts": HostFactory,
    "availability": HostAvailabilityFactory,
    "calendar-days": CalendarDayFactory,
    "disruptions": DisruptionFactory,
    "plans": a_version,
}


def questions(desk, noun: str, at_least: int) -> int:
    with CaptureQueriesContext(connection) as asked:
        answer = desk.get(f"/{noun}/", limit="200")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) >= min(at_least, 200)
    return len(asked)


@pytest.mark.parametrize("noun", MAKERS)
def test_list_asks_the_same_questions_for_3_and_for_30_rows(noun, desk):
    for _ in range(3):
        MAKERS[noun]()
    few = questions(desk, noun, 3)
    for _ in range(27):
        MAKERS[noun]()
    assert questions(desk, noun, 30) == few
    assert few <= 20


@pytest.mark.parametrize("noun", ["people", "requests", "visits"])
def test_long_list_asks_the_same_questions_for_3_and_for_300_rows(noun, desk):
    for _ in range(3):
        MAKERS[noun]()
    few = questions(desk, noun, 3)
    for _ in range(297):
        MAKERS[noun]()
    assert questions(desk, noun, 300) == few


def test_pages_hold_every_row_once_in_any_order(desk):
    made = {VisitRequestFactory().ref for _ in range(23)}
    for sort in ("received_at", "-state", "city", ""):
        query = {"limit": "5"} | ({"sort": sort} if sort else {})
        found = [
            ref
            for offset in range(0, 25, 5)
            for ref in desk.names("/requests/", "ref", offset=str(offset), **query)
        ]
        assert sorted(found) == sorted(made)


def test_page_tells_how_many_and_where_to_go_on(desk):
    for _ in range(5):
        VisitRequestFactory()
    page = desk.get("/requests/", limit="2", offset="2").json()
    assert page["count"] == 5
    assert len(page["results"]) == 2
    assert "limit=2" in page["next"]
    assert "offset=4" in page["next"]
    assert desk.get(page["previous"].removeprefix("http://testserver")).json()["count"] == 5


def test_list_holds_50_rows_unless_asked(desk):
    for _ in range(51):
        CalendarDayFactory()
    assert len(desk.names("/calendar-days/", "id")) == 50
    assert len(desk.names("/calendar-days/", "id", limit="200")) == 51


def test_requests_are_filtered_as_on_their_page(desk):
    first = VisitRequestFactory(city="Łódź", country="PL", state="received", channel="phone")
    second = VisitRequestFactory(city="Ghent", country="BE", state="declined")
    assert desk.names("/requests/", "ref", q="lodz") == [first.ref]
    assert desk.names("/requests/", "ref", country="be") == [second.ref]
    assert desk.names("/requests/", "ref", state="declined") == [second.ref]
    assert desk.names("/requests/", "ref", waiting="true") == [first.ref]
    both = desk.names("/requests/", "ref", state=["received", "declined"], sort="city")
    assert both == [second.ref, first.ref]


def test_visits_are_filtered_by_host_and_time(desk):
    first = VisitFactory()
    second = VisitFactory(starts_at="2023-02-10T09:00:00Z", ends_at="2023-02-10T12:00:00Z")
    assert desk.names("/visits/", "ref", host=first.host.ref) == [first.ref]
    moment = "2023-02-15T00:00:00+01:00"
    assert desk.names("/visits/", "ref", starts_after=moment) == [first.ref]
    assert desk.names("/visits/", "ref", starts_before=moment) == [second.ref]


def test_archived_person_leaves_the_list_and_keeps_the_address(desk):
    person = PersonFactory()
    assert desk.post(f"/people/{person.pk}/archive/", {"why": "Retired."}).status_code == 200
    assert desk.names("/people/", "id") == []
    assert desk.names("/people/", "id", kept="archived") == [person.pk]
    assert desk.get(f"/people/{person.pk}/").status_code == 200
    assert desk.post(f"/people/{person.pk}/restore/").json()["archived_at"] is None


def test_figures_tell_value_and_rows(desk):
    CampaignFactory()
    VisitRequestFactory()
    answer = desk.get("/figures/", campaign="february-2023").json()
    assert [each["key"] for each in answer["figures"]] == [f"K{n}" for n in range(1, 13)]
    one = desk.get("/figures/K5/", campaign="february-2023").json()
    assert one == answer["figures"][4]
    assert desk.get("/figures/K13/", campaign="february-2023").status_code == 404
    assert desk.get("/figures/", campaign="nowhere").status_code == 400


def test_brief_is_built_once_and_read_as_pdf(desk):
    visit = VisitFactory(topics=[TopicFactory()])
    body = {"visit": visit.ref, "kind": "public", "language": "en"}
    made, again = (desk.post("/briefs/", body).json() for _ in range(2))
    assert (made["version"], made["id"]) == (1, again["id"])
    answer = desk.get(f"/briefs/{made['id']}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{visit.ref}-public-en-v1.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_plan_version_is_published_once(desk):
    version = PlanVersionFactory()
    assert desk.post(f"/plans/{version.pk}/publish/").json()["state"] == "published"
    assert desk.post(f"/plans/{version.pk}/publish/").status_code == 400


def test_reading_past_the_limit_of_exports_is_logged_and_told_once_a_day(
    api, coordinator, settings
):
    settings.LARGE_EXPORT_ROWS = 3
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    PersonFactory.create_batch(5)
    program = api(coordinator)

    assert program.get("/people/", limit=3).status_code == 200
    assert not AuditEntry.objects.filter(verb="export_large_list").exists()
    for offset in (2, 3, 4):
        assert program.get("/people/", limit=2, offset=offset).status_code == 200

    entry = AuditEntry.objects.get(verb="export_large_list")
    assert (entry.by, entry.fields) == (coordinator, ["API people (5)"])
    assert OutgoingMail.objects.filter(recipient=administrator.email).count() == 1
