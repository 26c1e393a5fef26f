"""What a city and a coordinator do at the same instant to one proposal has exactly one outcome."""

import json
import subprocess
import sys

import pytest

from tests.support.installation import ROOT, Installation

ROUNDS = 12


def hold(installation: Installation, kind: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.answers", kind, "--rounds", str(ROUNDS)],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["accept-accept", "accept-withdraw", "accept-expire"])
def test_an_offer_is_answered_once(installation, kind):
    result = hold(installation, kind)

    assert result["rounds_with_one_outcome"] == ROUNDS
    assert result["broken"] == []
