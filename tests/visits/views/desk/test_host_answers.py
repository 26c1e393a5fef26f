"""A host accepts or refuses a time, and says when travelling is impossible."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from crm.models import AuditEntry, User
from tests.factories.visits import CampaignFactory, HostAvailabilityFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.models import HostAnswer, HostAvailability, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


@pytest.fixture
def desk(sample, coordinator):
    client = Client()
    client.force_login(coordinator, backend="crm.authentication.PasswordBackend")
    return client


def visit(ref="V09"):
    return Visit.objects.get(ref=ref)


def test_host_accepts_the_time_from_my_week(phone):
    assert "/my-week/visits/V09/answer/" in go(phone, "my-week", week="2023-W08").text
    page = go(phone, "visit-answer", "V09")
    assert " checked" not in page.text
    answer = do(phone, "visit-answer", "V09", answer="accepted")
    assert said(answer) == ["V09 is accepted."]
    assert "Accepted by the host" in answer.text
    assert AuditEntry.objects.about(visit()).get(verb="accept_visit").by.email == "host@example.org"


def test_refusal_is_seen_on_today_on_the_plan_and_on_the_visit(phone, desk):
    state = visit().state
    do(phone, "visit-answer", "V09", answer="refused", reason="My daughter graduates.")
    for page in (
        go(desk, "today"),
        go(desk, "plan"),
        go(desk, "visit-detail", "V09"),
        go(desk, "plan-replan"),
        go(phone, "my-week", week="2023-W08"),
    ):
        assert "My daughter graduates." in page.text
    assert visit().state == state

    do(phone, "visit-answer", "V09", answer="accepted")
    assert "My daughter graduates." not in go(desk, "today").text


def test_plan_lists_only_visits_of_its_own_campaign_under_hosts_who_cannot(phone, desk):
    do(phone, "visit-answer", "V09", answer="refused", reason="My daughter graduates.")
    HostAvailabilityFactory(
        host=visit().host,
        starts_at=datetime(2023, 2, 16, tzinfo=UTC),
        ends_at=datetime(2023, 2, 28, tzinfo=UTC),
    )
    assert "V10" in {row.ref for row in go(desk, "plan").context["away"]}
    assert go(desk, "plan-replan").context["on_offer"]

    CampaignFactory(slug="second", name="Second round", window_start=date(2023, 2, 20))
    page = go(desk, "plan")
    assert page.context["campaign"].slug == "second"
    assert (page.context["refusals"], page.context["away"]) == ([], [])
    assert "Hosts who cannot" not in page.text
    assert go(desk, "plan-replan").context["on_offer"] == []
    assert "My daughter graduates." in go(desk, "today").text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"answer": "perhaps"},
        {"answer": "refused"},
        {"answer": "refused", "reason": " \n"},
        {"answer": "refused", "reason": "x" * 501},
    ],
)
def test_answer_that_cannot_be_read_gets_one_sentence(phone, fields):
    answer = do(phone, "visit-answer", "V09", **fields)
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert not HostAnswer.objects.exists()


def test_a_refusal_speaks_of_one_time_only(phone, desk):
    do(phone, "visit-answer", "V09", answer="refused", reason="Not on that day.")
    Visit.objects.filter(ref="V09").update(starts_at=datetime(2023, 2, 21, 9, 30, tzinfo=UTC))
    assert "Not on that day." not in go(desk, "today").text


def test_a_visit_that_is_over_is_neither_accepted_nor_refused(phone):
    (sentence,) = said(do(phone, "visit-answer", "V01", answer="accepted"))
    assert sentence.startswith("V01 is “")


def test_backup_host_does_not_answer_for_the_host(sample, client):
    backup = Visit.objects.get(ref="V09").backup
    backup.user = User.objects.create_user("h2@example.org", "a long enough password")
    backup.user.groups.set(User.objects.get(email="host@example.org").groups.all())
    backup.save()
    client.force_login(backup.user)
    assert go(client, "visit-detail", "V09").status_code == 200
    assert do(client, "visit-answer", "V09", answer="accepted").status_code == 403


def test_cannot_travel_leads_the_coordinator_to_the_visits_that_must_move(phone, desk):
    days = {"first": "2023-02-20", "last": "2023-02-21", "reason": "Strike at the airport"}
    answer = do(phone, "cannot-travel", **days)
    (sentence,) = said(answer)
    assert "V09" in sentence
    row = HostAvailability.objects.latest("pk")
    assert (row.host.ref, row.label, row.kind) == ("H1", "Strike at the airport", "busy")
    # Whole days at home: from midnight to midnight in Oslo.
    assert row.starts_at == datetime(2023, 2, 19, 23, tzinfo=UTC)
    assert row.ends_at == datetime(2023, 2, 21, 23, tzinfo=UTC)

    today = go(desk, "today").text
    assert "is unavailable then" in today
    page = go(desk, "plan-replan", absence=row.pk)
    ticked = {candidate.visit.ref for candidate, is_ticked in page.context["rows"] if is_ticked}
    assert "V09" in ticked
    assert page.context["because"] == f"{row.host.name} is unavailable."


def test_coordinator_who_writes_it_down_is_led_to_the_plan_at_once(desk):
    days = {"first": "2023-02-20", "last": "2023-02-21", "reason": "Called in"}
    answer = do(desk, "cannot-travel", **days)
    assert answer.request["PATH_INFO"] == "/plan/replan/"


@pytest.mark.parametrize(
    "fields",
    [
        {"first": "never"},
        {"last": "2023-02-19"},
        {"first": "2023-02-01", "last": "2023-02-02"},
        {"last": "2024-02-20"},
        {"first": "0001-01-01"},
        {"reason": " "},
        {"reason": "x" * 121},
    ],
)
def test_days_that_cannot_be_get_one_sentence_and_keep_what_was_typed(phone, fields):
    days = {"first": "2023-02-20", "last": "2023-02-21", "reason": "A strike"} | fields
    before = HostAvailability.objects.count()
    answer = do(phone, "cannot-travel", **days)
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert HostAvailability.objects.count() == before


@pytest.mark.parametrize("absence", ["x", "²", "9" * 40, "999999"])
def test_replan_opens_for_an_absence_nobody_knows(desk, absence):
    assert go(desk, "plan-replan", absence=absence).status_code == 200


def test_today_leads_to_planning_anew_in_the_campaign_the_visit_belongs_to(desk):
    here = visit()
    do(desk, "campaign-choose", here.campaign.slug)
    HostAvailabilityFactory(host=here.host, starts_at=here.starts_at, ends_at=here.ends_at)
    assert "Plan them anew" in go(desk, "today").text
    other = CampaignFactory(name="Spring round", slug="spring")
    Visit.objects.filter(pk=here.pk).update(campaign=other)
    page = go(desk, "today")
    assert "Plan them anew" not in page.text
    assert "Work on Spring round to plan its visits anew" in page.text
    do(desk, "campaign-choose", "spring")
    assert "Plan them anew" in go(desk, "today").text
