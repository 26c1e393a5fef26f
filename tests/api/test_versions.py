"""Edits say which version was seen; what somebody else changed meanwhile is never overwritten."""

import pytest

from crm.domain.people import edit_person
from crm.models import Person
from tests.factories.crm import (
    CLOCK,
    CoordinatorFactory,
    FollowUpFactory,
    MunicipalityFactory,
    OrganisationFactory,
    PersonFactory,
)
from tests.factories.visits import (
    CalendarDayFactory,
    CampaignFactory,
    DisruptionFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)

EDITS = [
    (PersonFactory, "people", "pk", {"family": "New"}),
    (OrganisationFactory, "organisations", "pk", {"name": "New"}),
    (MunicipalityFactory, "municipalities", "pk", {"embargo_until": "2023-03-01"}),
    (VisitFactory, "visits", "ref", {"address": "Town hall"}),
    (CampaignFactory, "campaigns", "slug", {"hold_days": 5}),
    (HostFactory, "hosts", "ref", {"title": "New"}),
    (CalendarDayFactory, "calendar-days", "pk", {"name": "New"}),
    (DisruptionFactory, "disruptions", "pk", {"countries": ["DE"]}),
    (FollowUpFactory, "follow-ups", "pk", {"due_on": "2023-03-01"}),
]


@pytest.mark.parametrize(("factory", "noun", "key", "change"), EDITS)
def test_edit_needs_the_present_version(factory, noun, key, change, desk):
    row = factory()
    path = f"/{noun}/{getattr(row, key)}/"
    seen = desk.get(path)["ETag"]
    name, value = next(iter(change.items()))
    before = desk.get(path).json()[name]
    assert desk.patch(path, change).status_code == 428
    assert desk.patch(path, change, If_Match='"another"').status_code == 412
    assert desk.patch(path, change, If_Match=f"W/{seen}").status_code == 412
    assert desk.get(path).json()[name] == before
    done = desk.patch(path, change, If_Match=seen)
    assert done.status_code == 200, done.content
    assert done.json()[name] == value
    assert done["ETag"] != seen
    assert desk.patch(path, change, If_Match=seen).status_code == 412
    assert desk.patch(path, {}, If_Match=f'"other", {done["ETag"]}').status_code == 200


def test_lost_update_tells_who_when_and_both_values(desk):
    person = PersonFactory(role="Clerk")
    path = f"/people/{person.pk}/"
    seen = desk.get(path)["ETag"]
    other = CoordinatorFactory(name="Otto")
    edit_person(person, {"role": "Mayor"}, at=CLOCK, by=other)
    answer = desk.patch(path, {"role": "Judge"}, If_Match=seen)
    problem = answer.json()
    assert answer.status_code == 412
    assert problem["fields"] == {"role": {"yours": "Judge", "now": "Mayor"}}
    assert problem["changed_by"] == "Otto"
    assert problem["changed_at"] == "2023-02-15T09:00:00+00:00"
    assert "Otto at Wed 15 Feb 2023, 10:00" in problem["detail"]
    assert problem["etag"] == desk.get(path)["ETag"]
    assert Person.objects.get().role == "Mayor"


def test_step_with_a_stale_version_is_refused_too(desk):
    row = VisitRequestFactory()
    path = f"/requests/{row.ref}"
    seen = desk.get(f"{path}/")["ETag"]
    assert desk.post(f"{path}/review/", If_Match=seen).status_code == 200
    stale = desk.post(f"{path}/decline/", {"reason": "No."}, If_Match=seen)
    assert stale.status_code == 412
    assert desk.get(f"{path}/").json()["state"] == "under_review"
