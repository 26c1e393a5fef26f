"""Starts a race as a program of its own, on an installation, and hears what came of it."""

import json
import subprocess
import sys

from tests.support.installation import ROOT, Installation


def hold(installation: Installation, race: str, *arguments: str | int) -> dict:
    """The outcome of `python -m tests.races.<race> …`, from its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.races.{race}", *map(str, arguments)],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
