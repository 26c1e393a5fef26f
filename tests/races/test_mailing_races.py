"""Two coordinators, or one who presses twice, send a mailing once.

The full number of rounds runs with `pytest -m full tests/races`.
"""

import pytest

from tests.races.mailings import KINDS, PEOPLE
from tests.races.referee import hold
from tests.support.installation import Installation

ROUNDS, FULL = 10, 200


def check(installation: Installation, kind: str, rounds: int) -> None:
    told = hold(installation, "mailings", kind, "--rounds", rounds)
    assert told["twice"] == 0
    assert told["rounds_with_one_done"] == rounds
    first = 0 if kind == "release" else rounds
    assert told["letters"] == rounds * PEOPLE + first


@pytest.mark.parametrize("kind", KINDS)
def test_a_mailing_is_written_once(installation, kind):
    check(installation, kind, ROUNDS)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_a_mailing_is_written_once_in_200_rounds(installation, kind):
    check(installation, kind, FULL)


def test_without_the_guard_these_duels_do_send_twice(installation):
    """Otherwise they would prove nothing."""
    assert hold(installation, "mailings", "release", "--rounds", ROUNDS, "--unguarded")["twice"] > 0
