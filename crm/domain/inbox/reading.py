"""Starts the process that reads a mail, and waits for it; it always comes back with something."""

import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings

from crm.domain.inbox.bounds import Bounds


class Unreadable(Exception):
    """Not even the head of the mail could be read in the time and memory given."""


def read_facts(raw: bytes, *, bounds: Bounds | None = None) -> dict[str, Any]:
    """What `parsing.read_mail` finds. A mail that costs too much is read by its head alone.

    Raises Unreadable when that fails too.
    """
    bounds = bounds or Bounds()
    for headers_only in (False, True):
        given = raw[: bounds.header_bytes] if headers_only else raw
        answer = _run(given, {"headers_only": headers_only}, bounds)
        if answer is None:
            continue
        try:
            told: dict[str, Any] = json.loads(answer)
        except ValueError:
            continue
        return told
    raise Unreadable


def read_attachment(raw: bytes, number: int, *, bounds: Bounds | None = None) -> bytes | None:
    """The bytes of one attachment; None when there is none of this number, or it costs too much."""
    return _run(raw, {"attachment": number}, bounds or Bounds())


def _run(raw: bytes, options: dict[str, Any], bounds: Bounds) -> bytes | None:
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "crm.domain.inbox.child",
                json.dumps(options | {"bounds": vars(bounds)}),
            ],
            cwd=settings.BASE_DIR,
            # Nothing of our environment: no key, no password of the mailbox.
            env={"PATH": os.defpath, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=bounds.seconds * 2,
            close_fds=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None
