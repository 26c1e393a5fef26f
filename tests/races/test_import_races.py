"""Two coordinators, or two workers, bring one list of people in at once: nobody is made twice.

The full number of rounds runs with `pytest -m full tests/races`.
"""

import json
import subprocess
import sys

import pytest

from tests.races.imports import KINDS, PEOPLE
from tests.support.installation import ROOT, Installation

ROUNDS, FULL = 5, 100


def hold(installation: Installation, kind: str, rounds: int, *options: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.imports", kind, "--rounds", str(rounds), *options],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(installation: Installation, kind: str, rounds: int) -> None:
    told = hold(installation, kind, rounds)
    assert told["twice"] == 0
    assert told["people"] == rounds * PEOPLE
    assert told["rounds_with_one_that_made_them"] == rounds, told["told"]
    assert told["done"] == rounds * (2 if kind == "files" else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_brought_in_once(installation, kind):
    check(installation, kind, ROUNDS)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_brought_in_once_in_100_rounds(installation, kind):
    check(installation, kind, FULL)


def test_without_the_guard_these_duels_do_make_people_twice(installation):
    """Otherwise they would prove nothing."""
    assert hold(installation, "files", ROUNDS, "--unguarded")["twice"] > 0
