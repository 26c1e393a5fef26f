"""What a city and a coordinator do at the same instant to one visit has exactly one outcome.

The full number of rounds runs with `pytest -m full tests/races`.
"""

import json
import subprocess
import sys

import pytest

from tests.races.answers import KINDS, ONE_WINNER
from tests.support.installation import ROOT, Installation

ROUNDS, FULL = 12, 250


def hold(installation: Installation, kind: str, rounds: int) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.answers", kind, "--rounds", str(rounds)],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(result: dict, kind: str, rounds: int) -> None:
    assert result["broken"] == []
    assert result["rounds_with_something_done"] == rounds
    if kind in ONE_WINNER:
        assert result["rounds_with_one_done"] == rounds


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_taken_once(installation, kind):
    check(hold(installation, kind, ROUNDS), kind, ROUNDS)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_taken_once_in_250_rounds(installation, kind):
    check(hold(installation, kind, FULL), kind, FULL)
