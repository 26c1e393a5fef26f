"""What the API tells of a plan besides its places, as the page of the version tells it."""

import pytest

from tests.factories.visits import PlanVersionFactory

pytestmark = pytest.mark.django_db
STANDING = {"visits": ["V09", "V10"], "priority": 7}


def test_plan_tells_how_much_of_its_priority_stands_without_a_place(desk):
    plain = PlanVersionFactory()
    version = PlanVersionFactory(plan=plain.plan, number=2, result={"standing": STANDING})
    told = {row["id"]: row["standing"] for row in desk.get("/plans/").json()["results"]}
    assert told == {version.pk: STANDING, plain.pk: {"visits": [], "priority": 0}}
    assert desk.get(f"/plans/{version.pk}/").json()["standing"] == STANDING


def test_nobody_is_told_of_outdated_briefs_who_does_not_publish(api, host):
    version = PlanVersionFactory()
    assert api(host).get(f"/plans/{version.pk}/outdated-briefs/").status_code == 403
