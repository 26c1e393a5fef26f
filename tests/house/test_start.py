"""What a real start does and refuses: modes of files, damaged databases, demo accounts."""

import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from tests.support.installation import ROOT, Installation, free_port

PUBLIC = {
    "ALLOWED_HOSTS": "visits.example.eu",
    "SITE_URL": "https://visits.example.eu",
    "MAIL_FROM": "visits@example.eu",
    "SMTP_HOST": "smtp.example.eu",
    "SMTP_PORT": "587",
}


def on_sqlite(installation: Installation) -> Installation:
    if installation.url:
        pytest.skip("a fault of SQLite's file")
    return installation


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# SQLite's own files; says nothing about a PostgreSQL server.
@pytest.mark.one_database
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_first_start_makes_private_files_under_any_umask(tmp_path, umask):
    made = Installation(tmp_path / "data")
    check = f"{sys.executable} manage.py check --tag database --database default"

    subprocess.run(
        ["sh", "-c", f"umask {umask:03o}; exec {check}"],
        cwd=ROOT,
        env=made.environment,
        check=True,
    )

    assert mode(made.data_dir) == 0o700
    assert {path.name: mode(path) for path in made.data_dir.iterdir() if path.is_file()} == {
        "secret_key": 0o600,
        "outreach.sqlite3": 0o600,
    }


def test_public_site_that_is_well_set_up_starts(installation):
    assert (
        installation.manage(
            "check", "--tag", "database", "--database", "default", **PUBLIC
        ).returncode
        == 0
    )


def test_public_site_refuses_debug_with_one_sentence(installation):
    refused = installation.manage("check", status=1, **(PUBLIC | {"DEBUG": "true"}))

    assert refused.stderr.splitlines() == [
        "This site is not safe to start:",
        "- DEBUG shows secrets to every visitor; set DEBUG=false.",
    ]


def test_public_site_refuses_a_key_others_can_read(installation):
    key = installation.data_dir / "secret_key"
    key.chmod(0o644)

    refused = installation.manage("check", status=1, **PUBLIC)

    assert refused.stderr.splitlines()[1:] == [
        f"- Other accounts may read {key}; run: chmod 600 {key}"
    ]


def test_public_site_refuses_demo_accounts(sample_installation):
    refused = sample_installation.manage(
        "check", "--tag", "database", "--database", "default", status=1, **PUBLIC
    )

    assert "Demo accounts with a published password may sign in" in refused.stderr


def test_data_folder_that_cannot_be_made_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    refused = Installation(blocked / "data").manage("check", status=1)

    assert refused.stderr.strip() == (
        f"The data directory {blocked / 'data'} cannot be made (Not a directory); set DATA_DIR."
    )


def test_damaged_database_is_refused_and_left_alone(installation):
    database = on_sqlite(installation).data_dir / "outreach.sqlite3"
    with open(database, "r+b") as file:
        file.write(b"not a database at all, alas")
    damaged = database.read_bytes()

    refused = installation.manage("check", "--tag", "database", "--database", "default", status=1)

    assert "restore a backup" in refused.stderr
    assert database.read_bytes() == damaged


def test_truncated_database_is_refused(installation):
    database = on_sqlite(installation).data_dir / "outreach.sqlite3"
    sqlite3.connect(database).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(database, "r+b") as file:
        file.truncate(database.stat().st_size // 2)

    refused = installation.manage("check", "--tag", "database", "--database", "default", status=1)

    assert "restore a backup" in refused.stderr


def test_server_refuses_an_empty_database(tmp_path):
    fresh = Installation(tmp_path / "data")

    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{free_port()}"],
        cwd=ROOT,
        env=fresh.environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode != 0
    assert "The database is empty. Run `manage.py migrate`" in done.stderr


def test_sqlite_opens_with_wal_and_immediate_transactions(installation):
    on_sqlite(installation)
    code = (
        "from django.db import connection as c; cursor = c.cursor();"
        "print(cursor.execute('PRAGMA journal_mode').fetchone()[0], c.transaction_mode,"
        "cursor.execute('PRAGMA busy_timeout').fetchone()[0])"
    )

    assert installation.manage("shell", "-v", "0", "-c", code).stdout.split() == [
        "wal",
        "IMMEDIATE",
        "10000",
    ]


# What is loaded at the start does not depend on the database.
@pytest.mark.one_database
def test_web_process_carries_no_library_that_only_plans_prints_or_searches_doubles(tmp_path):
    heavy = (
        "numpy",
        "highspy",
        "reportlab",
        "openpyxl",
        "PIL",
        "rapidfuzz",
        "icalendar",
        "imapclient",
    )
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, django\n"
            "django.setup()\n"
            "from django.urls import get_resolver\n"
            "assert get_resolver().url_patterns\n"
            "print(*sys.modules)",
        ],
        cwd=ROOT,
        env=Installation(tmp_path / "data").environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "visits.views.desk.plans" in loaded or "visits.planning.problem" in loaded
    assert [name for name in heavy if name in loaded] == []
