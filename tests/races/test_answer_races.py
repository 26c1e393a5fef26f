"""What a city and a coordinator do at the same instant to one visit has exactly one outcome.

The full number of rounds runs with `pytest -m full tests/races`.
"""

import pytest

from tests.races.answers import KINDS, ONE_WINNER
from tests.races.referee import hold

ROUNDS, FULL = 12, 250


def check(result: dict, kind: str, rounds: int) -> None:
    assert result["broken"] == []
    assert result["rounds_with_something_done"] == rounds
    if kind in ONE_WINNER:
        assert result["rounds_with_one_done"] == rounds


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_taken_once(installation, kind):
    check(hold(installation, "answers", kind, "--rounds", ROUNDS), kind, ROUNDS)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_taken_once_in_250_rounds(installation, kind):
    check(hold(installation, "answers", kind, "--rounds", FULL), kind, FULL)
