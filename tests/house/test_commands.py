"""Commands on a real installation: what they keep, what they refuse, how they end."""

import os
import sqlite3
import subprocess
import sys

import pytest

from tests.support.installation import ROOT, Installation


def on_sqlite(made: Installation) -> Installation:
    if made.url:
        pytest.skip("SQLite's own")
    return made


def test_verify_says_that_nothing_has_been_set_up(tmp_path):
    fresh = Installation(tmp_path / "data")

    refused = fresh.manage("verify", status=1)

    assert (refused.stdout, refused.stderr.strip()) == (
        "",
        "CommandError: The database has not been set up; run “manage.py migrate”, or restore a "
        "backup.",
    )


def test_verify_finds_a_migrated_database_sound(installation):
    assert "The database is sound." in installation.manage("verify").stdout


def test_every_restore_keeps_what_was_there_before_it(installation, tmp_path):
    data = on_sqlite(installation).data_dir
    archive = tmp_path / "backup.tar.gz"
    installation.manage("backup", str(archive))
    with sqlite3.connect(data / "outreach.sqlite3") as database:
        database.execute("CREATE TABLE original (word text)")
    database.close()

    for _time in range(3):
        installation.manage("restore", str(archive))

    kept = sorted(path.name for path in data.glob("outreach.sqlite3.before-restore*"))
    assert kept == [f"outreach.sqlite3.before-restore{end}" for end in ("", "-2", "-3")]
    with sqlite3.connect(data / kept[0]) as first:
        assert first.execute("SELECT count(*) FROM original").fetchone() == (0,)


def test_a_restore_keeps_the_commits_of_a_log_that_nobody_closed(installation, tmp_path):
    data = on_sqlite(installation).data_dir
    archive = tmp_path / "backup.tar.gz"
    installation.manage("backup", str(archive))
    killed = (
        "import os, sqlite3; database = sqlite3.connect('outreach.sqlite3');"
        "database.execute('CREATE TABLE late (word text)'); database.commit(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", killed], cwd=data)
    assert (data / "outreach.sqlite3-wal").stat().st_size

    installation.manage("restore", str(archive))

    with sqlite3.connect(data / "outreach.sqlite3.before-restore") as before:
        assert before.execute("SELECT count(*) FROM late").fetchone() == (0,)


def test_a_backup_is_for_its_owner_alone_whatever_the_umask(installation, tmp_path):
    archive = tmp_path / "backup.tar.gz"
    on_sqlite(installation)
    before = os.umask(0)
    try:
        installation.manage("backup", str(archive))
    finally:
        os.umask(before)

    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_reader_who_has_seen_enough_ends_a_command_quietly(sample_installation):
    command = subprocess.Popen(
        [sys.executable, "manage.py", "figures", "february-2023", "--json"],
        cwd=ROOT,
        env=sample_installation.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    command.stdout.close()

    _out, words = command.communicate(timeout=120)

    assert (command.returncode, words) == (0, "")
