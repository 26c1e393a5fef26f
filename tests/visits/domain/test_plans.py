"""`plan_visits`: the public contract of its JSON, and what it refuses."""

import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from tests.factories.crm import CLOCK
from visits.domain.plans import plan_as_json, solve_campaign
from visits.models import Campaign, PlanVersion, Visit
from visits.planning.reasons import LEFT_OPEN

pytestmark = pytest.mark.django_db
KEYS = {
    "campaign", "seed", "proven", "proven_all", "bound", "priority", "visits", "unplaced", "legs",
}  # fmt: skip


def planned(capsys, *args):
    call_command("plan_visits", "february-2023", "--json", "--seconds", "300", *args)
    return json.loads(capsys.readouterr().out)


@pytest.mark.one_database  # The planner sees values; how they are loaded is tested on both.
@pytest.mark.parametrize("args", [(), ("--fresh",)])
def test_json_holds_the_contract_and_is_the_same_twice(sample, capsys, args):
    first, again = planned(capsys, *args), planned(capsys, *args)
    assert first.keys() >= KEYS
    assert first["campaign"] == "february-2023"
    for row in first["visits"]:
        assert row.keys() >= {
            *("requests visit fixed host mode starts_at ends_at zone".split()),
        }
    for row in first["unplaced"]:
        assert row.keys() >= {"request", "reason", "would_fit_if"}
        assert row["reason"]
    assert first["proven"] is True
    assert first["bound"] == first["priority"]
    for answer in (first, again):
        for name in ("seconds", "made_at", "run"):
            answer.pop(name, None)
    assert first == again


def test_reasons_that_nobody_waits_for_any_more_are_left_open(sample):
    solved = solve_campaign(Campaign.objects.get(), at=CLOCK, seconds=300)
    told = {row["code"] for row in plan_as_json(solved)["unplaced"]}
    assert LEFT_OPEN not in told
    late = plan_as_json(replace(solved, over=lambda: True))["unplaced"]
    assert {row["code"] for row in late} == {LEFT_OPEN}
    assert {row["would_fit_if"] for row in late} == {None}


def test_planning_without_publishing_keeps_nothing(sample, capsys):
    before = PlanVersion.objects.count(), Visit.objects.count()
    planned(capsys)
    assert (PlanVersion.objects.count(), Visit.objects.count()) == before


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("atlantis",), "There is no campaign “atlantis”; known: february-2023."),
        (
            ("february-2023", "--fresh", "--publish"),
            "A plan from an empty calendar cannot be published.",
        ),
        (("february-2023", "--seconds", "0"), "--seconds has to be at least 1."),
    ],
)
def test_command_refuses_in_one_sentence(sample, args, sentence):
    with pytest.raises(CommandError, match=r".") as refusal:
        call_command("plan_visits", *args)
    assert str(refusal.value) == sentence


def test_publishing_by_command_publishes_one_version_and_sends_nothing(sample, capsys):
    from crm.models import OutgoingMail

    before, mails = PlanVersion.objects.count(), OutgoingMail.objects.count()
    planned(capsys, "--publish")
    version = PlanVersion.objects.order_by("number").last()
    assert (PlanVersion.objects.count(), version.state) == (before + 1, "published")
    assert OutgoingMail.objects.count() == mails
