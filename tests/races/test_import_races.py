"""Two coordinators, or two workers, bring one list of people in at once: nobody is made twice.

The full number of rounds runs with `pytest -m full tests/races`.
"""

import pytest

from tests.races.imports import KINDS, PEOPLE
from tests.races.referee import hold
from tests.support.installation import Installation

ROUNDS, FULL = 5, 100


def check(installation: Installation, kind: str, rounds: int) -> None:
    told = hold(installation, "imports", kind, "--rounds", rounds)
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
    assert hold(installation, "imports", "files", "--rounds", ROUNDS, "--unguarded")["twice"] > 0
