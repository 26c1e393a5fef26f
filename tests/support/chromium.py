"""Finds a Chromium: $CHROMIUM, the system's, Playwright's own, or the one `make test` unpacked."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / ".cache" / "chromium" / "run"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium found: set CHROMIUM to one, install the system package chromium, "
    "or run `make test`, which brings one."
)


def find() -> str | None:
    """The path of a Chromium that exists, or None."""
    if given := os.environ.get("CHROMIUM"):
        return given if os.access(given, os.X_OK) else None
    for name in NAMES:
        if found := shutil.which(name):
            return found
    for candidate in (_playwrights_own(), UNPACKED):
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    return None


def launch_arguments() -> list[str]:
    """Chromium refuses its sandbox to root, and /dev/shm is small in containers."""
    arguments = ["--disable-dev-shm-usage", "--font-render-hinting=none"]
    return ["--no-sandbox", *arguments] if os.geteuid() == 0 else arguments


def _playwrights_own() -> Path | None:
    """Playwright's download folder, newest build first; Playwright itself is not started for it."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    found = [
        *folder.glob("chromium-*/chrome-linux*/chrome"),
        *folder.glob("chromium_headless_shell-*/*/*headless*shell"),
    ]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)
