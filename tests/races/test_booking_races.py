"""Two officers never get the same host at the same time; see `duels` for how this is tried.

The full number of faults.md, 1,250 duels of 8 processes, runs with `pytest -m full tests/races`.
"""

import json
import subprocess
import sys

import pytest

from tests.support.installation import ROOT, Installation


def hold_duels(installation: Installation, duels: int, *flags: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.duels", "--duels", str(duels), *flags],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_booking_has_one_winner_per_duel_and_polite_losers(installation):
    result = hold_duels(installation, 60)

    assert result["duels_with_one_winner"] == 60
    assert result["outcomes"] == {"won": 60, "taken": 60 * 7}


def test_booking_without_lock_and_guard_is_seen_to_double_book(installation):
    """The negative control: if this passes for broken code, the duels prove nothing."""
    result = hold_duels(installation, 60, "--unguarded")

    assert result["double_booked"] > 0


@pytest.mark.full
def test_booking_has_one_winner_in_1250_duels(installation):
    result = hold_duels(installation, 1_250)

    assert result["duels_with_one_winner"] == 1_250
    assert result["outcomes"] == {"won": 1_250, "taken": 1_250 * 7}
