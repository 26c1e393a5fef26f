"""Who reads what: other people's rows are unknown, contact details and embargoed cities unsaid."""

from datetime import timedelta

import pytest

from crm import clock
from crm.models import FollowUp
from tests.factories.crm import (
    FollowUpFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PersonFactory,
)
from tests.factories.visits import (
    BriefEditionFactory,
    CampaignFactory,
    HostAvailabilityFactory,
    PlacementFactory,
    PlanVersionFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.models import HostAvailability, Visit

# Roles and routes are the same on both.
pytestmark = pytest.mark.one_database

SECRETS = ("the-phone", "the@mail.example", "the-secret", "the-notes")
PLANTED = {
    "address": "the@mail.example",
    "phone": "the-phone",
    "secrecy": "the-secret",
    "raw_text": "the-notes",
    "translation": "the-notes",
}

READS = {
    "organisations": {"coordinator", "host", "other_host", "expert"},
    "municipalities": {"coordinator", "host", "other_host", "expert"},
    "people": {"coordinator"},
    "events": {"coordinator", "host", "other_host"},
    "sessions": {"coordinator", "host", "other_host"},
    "participations": {"coordinator"},
    "interactions": {"coordinator", "host", "other_host"},
    "messages": {"coordinator"},
    "follow-ups": {"coordinator", "host", "other_host"},
    "consents": {"coordinator"},
    "lookalikes": {"coordinator"},
    "merges": {"coordinator"},
    "tokens": {
        "coordinator",
        "host",
        "other_host",
        "expert",
        "reporter",
        "administrator",
    },
    "campaigns": {
        "coordinator",
        "host",
        "other_host",
        "expert",
        "reporter",
        "administrator",
    },
    "requests": {"coordinator", "host", "other_host", "expert"},
    "visits": {"coordinator", "host", "other_host", "expert"},
    "reports": {"coordinator", "host", "other_host"},
    "briefs": {"coordinator", "host", "other_host", "expert"},
    "hosts": {"coordinator", "host", "other_host", "expert", "administrator"},
    "availability": {"coordinator", "host", "other_host"},
    "calendar-days": {"coordinator", "host", "other_host"},
    "disruptions": {"coordinator", "host", "other_host"},
    "plans": {"coordinator", "host", "other_host"},
}


@pytest.mark.parametrize("noun", READS)
def test_list_is_open_to_its_roles_and_to_nobody_else(noun, cast, api):
    answers = {name: api(user).get(f"/{noun}/").status_code for name, user in vars(cast).items()}
    assert answers == {name: 200 if name in READS[noun] else 403 for name in answers}
    anonymous = api(None).get(f"/{noun}/")
    assert anonymous.status_code == 401
    assert anonymous["Content-Type"] == "application/problem+json"


def test_figures_are_for_coordinators_and_reporters(cast, api, clock):
    CampaignFactory()
    answers = {
        name: api(user).get("/figures/", campaign="february-2023").status_code
        for name, user in vars(cast).items()
    }
    readers = {"coordinator", "reporter"}
    assert answers == {name: 200 if name in readers else 403 for name in answers}


@pytest.fixture
def visit(host, expert, clock):
    """A visit of `host` with `expert`, with planted secrets, to a city under embargo."""
    city = MunicipalityFactory(name="Ghent", embargo_until="2023-12-31")
    request = VisitRequestFactory(**PLANTED, municipality=city)
    return VisitFactory(
        host=host.host,
        experts=[expert.host],
        requests=[request],
        municipality=city,
        address="Botermarkt 1, Ghent",
        local_contact_address="the@mail.example",
        local_contact_phone="the-phone",
        notes="the-notes",
        agreement="the-secret",
    )


def test_visit_of_others_is_unknown(visit, host, other_host, expert, nobody, api):
    request = visit.requests.get()
    for path in (f"/visits/{visit.ref}/", f"/requests/{request.ref}/"):
        assert api(host).get(path).status_code == 200
        assert api(expert).get(path).status_code == 200
        assert api(other_host).get(path).status_code == 404
        assert api(nobody).get(path).status_code == 403
    assert api(other_host).names("/visits/", "ref") == []


def test_step_on_a_visit_of_others_is_unknown(visit, other_host, api):
    answer = api(other_host).post(
        f"/visits/{visit.ref}/complete/", {"counts": {"policy_makers": 3}}
    )
    assert answer.status_code == 404
    visit.refresh_from_db()
    assert visit.state == "confirmed"


def test_host_completes_own_visit_and_may_not_cancel_it(visit, host, api):
    path = f"/visits/{visit.ref}"
    refused = api(host).post(f"{path}/cancel/", {"side": "us", "reason": "Tired."})
    assert refused.status_code == 403
    begun = clock.now() - timedelta(hours=4)
    Visit.objects.filter(pk=visit.pk).update(starts_at=begun, ends_at=begun + timedelta(hours=3))
    done = api(host).post(f"{path}/complete/", {"counts": {"policy_makers": 3}})
    assert done.json()["state"] == "completed"


def test_host_reads_no_requesters_address(visit, host, api):
    text = api(host).get("/requests/").content.decode()
    assert [word for word in SECRETS if word in text] == []
    # The contact the host is going to meet stands in the visit.
    assert api(host).get(f"/visits/{visit.ref}/").json()["local_contact_phone"] == "the-phone"


def test_expert_reads_no_contact_details_and_no_embargoed_city(visit, expert, api):
    client, request = api(expert), visit.requests.get()
    paths = (
        "/visits/",
        f"/visits/{visit.ref}/",
        "/requests/",
        f"/requests/{request.ref}/",
        "/organisations/",
        "/municipalities/",
        "/briefs/",
    )
    for path in paths:
        text = client.get(path).content.decode()
        found = [word for word in (*SECRETS, "Ghent", "Botermarkt", "Robin") if word in text]
        assert found == [], path
    city = visit.municipality
    assert client.get(f"/municipalities/{city.pk}/").status_code == 404
    assert client.get(f"/organisations/{city.organisation_id}/").status_code == 404


def test_coordinator_and_host_read_the_embargoed_city(visit, host, desk, api):
    for client in (desk, api(host)):
        assert client.get(f"/visits/{visit.ref}/").json()["city"] == "Ghent"


def test_search_is_no_oracle_for_what_is_left_out(visit, host, expert, api):
    for client, path in ((api(host), "/requests/"), (api(expert), "/visits/")):
        for query in ({"q": "ghent"}, {"sort": "city"}):
            answer = client.get(path, **query)
            assert answer.status_code == 400
            assert list(answer.json()["errors"]) == list(query)


def test_expert_reads_public_editions_only(visit, expert, api):
    BriefEditionFactory(visit=visit, kind="internal", version=1)
    public = BriefEditionFactory(visit=visit, kind="public", version=1)
    assert api(expert).names("/briefs/", "id") == [public.pk]
    assert api(expert).post("/briefs/", {"visit": visit.ref, "kind": "internal"}).status_code == 403


def test_brief_of_a_visit_of_others_cannot_be_built(visit, other_host, api):
    answer = api(other_host).post("/briefs/", {"visit": visit.ref, "kind": "internal"})
    assert answer.status_code == 400
    assert visit.editions.count() == 0


def test_host_reads_own_placements_alone(host, other_host, api, desk):
    version = PlanVersionFactory()
    mine = PlacementFactory(version=version, host=host.host)
    theirs = PlacementFactory(version=version, host=other_host.host)
    plan = api(host).get(f"/plans/{version.pk}/").json()
    assert [row["host"] for row in plan["placements"]] == [mine.host.ref]
    whole = desk.get(f"/plans/{version.pk}/").json()
    assert {row["host"] for row in whole["placements"]} == {mine.host.ref, theirs.host.ref}


def test_host_writes_only_own_availability(host, other_host, api):
    body = {
        "kind": "busy",
        "starts_at": "2023-02-20T08:00:00Z",
        "ends_at": "2023-02-20T16:00:00Z",
    }
    client = api(host)
    assert client.post("/availability/", body | {"host": other_host.host.ref}).status_code == 400
    made = client.post("/availability/", body | {"host": host.host.ref})
    assert made.status_code == 201
    theirs = HostAvailabilityFactory(host=other_host.host)
    assert client.delete(f"/availability/{theirs.pk}/").status_code == 404
    assert client.delete(f"/availability/{made.json()['id']}/").status_code == 204
    assert list(HostAvailability.objects.all()) == [theirs]


def test_host_keeps_own_promises_alone(host, other_host, api):
    mine = FollowUpFactory(assigned_to=host)
    theirs = FollowUpFactory(assigned_to=other_host)
    client = api(host)
    assert client.names("/follow-ups/", "id") == [mine.pk]
    assert client.post(f"/follow-ups/{theirs.pk}/complete/").status_code == 404
    assert client.post(f"/follow-ups/{mine.pk}/complete/").status_code == 200
    assert client.post("/follow-ups/", {"text": "Call.", "due_on": "2023-02-20"}).status_code == 201
    assert FollowUp.objects.filter(assigned_to=host).count() == 2


@pytest.mark.parametrize("field", ["person", "organisation"])
def test_row_one_may_not_know_of_is_refused_inside_a_body(field, host, api):
    row = {"person": PersonFactory, "organisation": OrganisationFactory}[field]()
    body = {"text": "A word.", field: row.pk}
    answer = api(host).post("/interactions/", body)
    # A host knows organisations and no people.
    assert answer.status_code == (400 if field == "person" else 201)


def test_organisation_shows_others_only_public_facts(host, api, desk):
    row = OrganisationFactory(notes="the-notes")
    assert set(api(host).get(f"/organisations/{row.pk}/").json()) == {
        "id",
        "name",
        "type",
        "country",
    }
    assert desk.get(f"/organisations/{row.pk}/").json()["notes"] == "the-notes"
