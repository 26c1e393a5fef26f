"""What must stand nowhere in the source, because one slip of it is a hole or a broken promise.

`ruff` bans functions; these bans are about text: templates, addresses, files that are not Python.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.installation import ROOT


def sources(*suffixes: str, under: tuple[str, ...] = ("config", "crm", "visits", "templates")):
    return [
        path
        for folder in under
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
    ]


def places(pattern: str, paths: list[Path]) -> list[str]:
    """`file:line: text` for each line of `paths` that holds `pattern`."""
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if found.search(line)
    ]


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (r"\|\s*safe\b", "{{ name|safe }}"),
        (r"\|\s*safeseq\b", "{{ names|safeseq }}"),
        (r"autoescape\s+off", "{% autoescape off %}"),
        (r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", "<script>alert(1)"),
        (r"<style\b", "<style>p {}</style>"),
        (r"\sstyle\s*=\s*[\"']", '<p style="color: red">'),
        (r"\son[a-z]+\s*=\s*[\"']", '<button onclick="go()">'),
        (r"hx-on", '<div hx-on:click="go()">'),
        (r"javascript:", '<a href="javascript:go()">'),
        (r"(src|srcset)\s*=\s*[\"'](https?:)?//", '<img src="https://elsewhere.example/a.png">'),
        (r"<link[^>]*href\s*=\s*[\"'](https?:)?//", '<link href="//elsewhere.example/a.css">'),
    ],
)
def test_pages_hold_no_unescaped_inline_or_foreign_parts(pattern, sample):
    assert re.search(pattern, sample), "the ban itself has to work"

    # Text mails have no markup to escape; HTML mails may carry styles, as mail programs ask.
    pages = [
        path
        for path in sources(".html", under=("templates",))
        if "mail" not in path.relative_to(ROOT / "templates").parts
    ]

    assert places(pattern, pages) == []


def test_html_mails_are_escaped_too():
    mails = sorted((ROOT / "templates" / "mail").rglob("*.html"))

    assert places(r"\|\s*safe\b|autoescape\s+off|<script", mails) == []


def test_links_in_mails_never_come_from_the_request():
    verbs = sources(".py", under=("crm/domain", "visits/domain"))

    assert places(r"build_absolute_uri|get_host\(|HTTP_HOST", verbs) == []


def test_no_address_is_built_from_the_host_a_request_names():
    code = sources(".py", ".html")

    assert places(r"build_absolute_uri|HTTP_HOST|X_FORWARDED_HOST", code) == []
    # Comparing with it is another matter: where "next" leads, and which page a click was made on.
    assert [line.split(":")[0] for line in places(r"get_host\(", code)] == [
        "crm/middleware.py",
        "visits/views/desk/access.py",
    ]


def test_one_function_follows_the_address_a_form_names():
    """`back_to` checks it; `toasts.done` only hands it on to there."""
    found = places(r"(GET|POST)(\.get\(|\[)[\"']next[\"']", sources(".py"))

    assert {line.split(":")[0] for line in found} == {
        "visits/views/desk/access.py",
        "visits/views/desk/toasts.py",
    }


def test_calendar_texts_are_never_written_by_hand():
    # What reads the calendars of others looks for these words and writes none.
    reader = ROOT / "visits" / "busy_calendar.py"
    writers = [path for path in sources(".py", ".html", ".txt") if path != reader]
    assert places(r"BEGIN:V(CALENDAR|EVENT)", writers) == []


def test_api_names_every_field():
    assert places(r"fields\s*=\s*[\"']__all__[\"']", sources(".py")) == []


def test_states_are_written_by_verbs_only():
    outside = [
        path
        for path in sources(".py", under=("crm", "visits"))
        if "views" in path.parts or "api" in path.parts or path.name in {"forms.py", "admin.py"}
    ]

    assert places(r"\.state\s*=[^=]|update\([^)]*\bstate=", outside) == []


def test_locks_name_no_index():
    locks = [*ROOT.glob("*.lock"), *(ROOT / ".ci").glob("*.lock")]

    assert len(locks) == 4
    assert places(r"https?://|--(extra-)?index-url|--find-links", locks) == []


def test_repository_names_no_folder_of_one_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    texts = [
        ROOT / name
        for name in listed
        if name.endswith((".py", ".md", ".toml", ".lock", ".html", ".js", ".css", "Makefile"))
        and name != "tests/house/test_bans.py"
        and (ROOT / name).exists()
    ]

    assert places(r"(?<![\w.])/(work|root|home)/", texts) == []


def test_complete_languages_have_a_catalogue():
    from config.settings_test import COMPLETE_LANGUAGES

    present = {path.parent.parent.name for path in ROOT.glob("locale/*/LC_MESSAGES/django.po")}

    assert set(COMPLETE_LANGUAGES) - {"en"} - present == set()
