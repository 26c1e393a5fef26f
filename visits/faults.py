"""Fault points for the race and crash tests; without the FAULT variable they do nothing."""

import os
import time


def fault_point(name: str) -> None:
    """Wait here when FAULT names this point, e.g. `FAULT=after-check:0.05` (seconds)."""
    wanted, _, seconds = os.environ.get("FAULT", "").partition(":")
    if wanted == name:
        time.sleep(float(seconds or "0.05"))
