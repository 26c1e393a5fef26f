"""Two officers never get the same host at the same time; see `duels` for how this is tried.

The full number of faults.md, 1,250 duels of 8 processes, runs with `pytest -m full tests/races`.
"""

import pytest

from tests.races.referee import hold


def test_booking_has_one_winner_per_duel_and_polite_losers(installation):
    result = hold(installation, "duels", "--duels", 60)

    assert result["duels_with_one_winner"] == 60
    assert result["outcomes"] == {"won": 60, "taken": 60 * 7}


def test_booking_without_lock_and_guard_is_seen_to_double_book(installation):
    """The negative control: if this passes for broken code, the duels prove nothing."""
    result = hold(installation, "duels", "--duels", 60, "--unguarded")

    assert result["double_booked"] > 0


@pytest.mark.full
def test_booking_has_one_winner_in_1250_duels(installation):
    result = hold(installation, "duels", "--duels", 1_250)

    assert result["duels_with_one_winner"] == 1_250
    assert result["outcomes"] == {"won": 1_250, "taken": 1_250 * 7}
