"""A button of a public page pressed three times at the same instant counts once."""

import pytest

from tests.races.presses import KINDS
from tests.races.referee import hold

ROUNDS = 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_button_pressed_three_times_counts_once_and_each_press_is_told_so(installation, kind):
    result = hold(installation, "presses", kind, "--rounds", ROUNDS)
    assert result == {"told": [302], "kept": [[1, 1]] * ROUNDS}


def test_without_the_lock_a_form_is_kept_more_than_once(installation):
    """Otherwise these races would prove nothing."""
    result = hold(installation, "presses", "form", "--rounds", ROUNDS, "--unguarded")
    assert max(rows for rows, _mails in result["kept"]) > 1
