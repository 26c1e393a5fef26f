"""The worker's round: one part that fails neither stops the others nor goes unseen."""

import pytest
from django.urls import reverse

from crm.models import ClockSetting, WorkerBeat
from tests.factories.crm import CLOCK
from visits.domain import planning_runs, rounds

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(monkeypatch):
    """The search for plans raises; the number of times it was tried."""
    ClockSetting.objects.fix(CLOCK)
    tried = []

    def search(**_options):
        tried.append(1)
        raise RuntimeError("no such luck")

    monkeypatch.setattr(planning_runs, "work_off", search)
    return tried


def test_a_part_that_fails_leaves_the_others_their_turn(broken):
    done = rounds.one_round(worker="w")

    assert "planned" not in done
    assert done["sent"] == 0


def test_a_part_that_fails_rests_before_it_is_tried_again_and_then_longer(broken, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(rounds.time, "monotonic", lambda: now[0])
    rests = rounds.Rests()
    tried_at = []
    for _ in range(70):
        before = len(broken)
        rounds.one_round(worker="w", rests=rests)
        if len(broken) > before:
            tried_at.append(now[0] - 100)
        now[0] += 1

    assert tried_at == [0, 2, 6, 14, 30, 62]


def test_the_health_page_names_the_part_that_fails_until_it_works(
    broken, client, coordinator, monkeypatch
):
    client.force_login(coordinator)
    rests = rounds.Rests()
    rounds.one_round(worker="w", rests=rests)
    assert "fails at: planned" in _text(client)

    monkeypatch.setattr(planning_runs, "work_off", lambda **_options: 0)
    monkeypatch.setattr(rests, "is_resting", lambda part: False)
    rounds.one_round(worker="w", rests=rests)
    assert WorkerBeat.objects.get().failing == ""
    assert "fails at" not in _text(client)


def _text(client) -> str:
    return " ".join(client.get(reverse("visits:health")).content.decode().split())
