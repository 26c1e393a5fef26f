"""Backups of an SQLite site: one archive with database, secret key and files, and its checksums.

Copying the database file alone misses commits that are still in its write-ahead log; `VACUUM INTO`
does not. A restored site holds its outbox, so that no old mail goes out again.
"""

import hashlib
import io
import itertools
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext_lazy as _

from crm.domain.outbox import hold_everything

DATABASE, KEY, MANIFEST = "outreach.sqlite3", "secret_key", "manifest.json"
BEFORE = ".before-restore"


@dataclass(frozen=True)
class BackupReport:
    """What an archive holds: when it was made, its migrations, and how many rows per table."""

    made_at: str
    migrations: int
    rows: dict[str, int]


def _refuse_other_databases() -> None:
    if connection.vendor != "sqlite":
        raise ValidationError(
            _("This site runs on PostgreSQL; use pg_dump and pg_restore as the manual tells."),
            code="not_sqlite",
        )


def write_backup(target: Path) -> BackupReport:
    """Write a consistent archive while the site runs; never leaves half a file.

    Raises ValidationError when the site is not on SQLite or the file cannot be written.
    """
    _refuse_other_databases()
    if target.exists():
        raise ValidationError(_("%(path)s exists already."), params={"path": str(target)})
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as room:
        copy = Path(room) / DATABASE
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        report = _describe(copy)
        files = {DATABASE: copy}
        if settings.DATA_DIR.joinpath(KEY).exists():
            files[KEY] = settings.DATA_DIR / KEY
        files |= {
            f"media/{path.relative_to(settings.MEDIA_ROOT)}": path
            for path in sorted(Path(settings.MEDIA_ROOT).rglob("*"))
            if path.is_file()
        }
        _write_archive(target, files, report)
    return report


def _write_archive(target: Path, files: dict[str, Path], report: BackupReport) -> None:
    manifest = {
        "made_at": report.made_at,
        "migrations": report.migrations,
        "rows": report.rows,
        "sha256": {name: _sha256(path) for name, path in files.items()},
    }
    half = target.with_name(target.name + ".part")
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)
        with (
            os.fdopen(handle, "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as archive,
        ):
            words = json.dumps(manifest, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size, entry.mode = len(words), 0o600
            archive.addfile(entry, io.BytesIO(words))
            for name, path in files.items():
                archive.add(path, arcname=name, recursive=False)
            file.flush()
        os.replace(half, target)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise ValidationError(
            _("The backup could not be written to %(path)s: %(why)s."),
            params={"path": str(target), "why": error.strerror or str(error)},
        ) from error


def read_archive(source: Path, room: Path) -> tuple[dict, Path]:
    """Unpack an archive into `room` and check every checksum; the manifest and the folder.

    Raises ValidationError when the file is no backup, is damaged, or holds anything unexpected.
    """
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(room, filter="data")
        manifest = json.loads((room / MANIFEST).read_text())
        for name, digest in manifest["sha256"].items():
            if _sha256(room / name) != digest:
                raise ValidationError(
                    _("%(name)s in the backup is damaged; use another backup."),
                    params={"name": name},
                )
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError) as error:
        raise ValidationError(
            _("%(path)s is not a readable backup; use another one."),
            params={"path": str(source)},
        ) from error
    return manifest, room


def verify_backup(source: Path) -> BackupReport:
    """Open an archive as a restore would, without touching the site; its report when sound."""
    with tempfile.TemporaryDirectory() as room:
        manifest, folder = read_archive(source, Path(room))
        found = _describe(folder / DATABASE)
    if found.rows != manifest["rows"]:
        raise ValidationError(_("The backup's tables do not hold the rows it names."))
    return BackupReport(manifest["made_at"], found.migrations, found.rows)


def restore_backup(source: Path) -> BackupReport:
    """Put a backup in place of this site's data; the outbox is held afterwards.

    What was here before is kept beside it as `*.before-restore`, that of later restores as
    `*.before-restore-2` and so on. Stop web and worker first.
    """
    _refuse_other_databases()
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as room:
        manifest, folder = read_archive(source, Path(room))
        report = _describe(folder / DATABASE)
        connections.close_all()
        current = Path(settings.DATABASES["default"]["NAME"])
        places = {
            DATABASE: current,
            KEY: settings.DATA_DIR / KEY,
            "media": Path(settings.MEDIA_ROOT),
        }
        ending = _free_ending(places.values())
        _keep_log(current, ending)
        for name, place in places.items():
            if (folder / name).exists():
                _swap(folder / name, place, ending)
    hold_everything()
    return BackupReport(manifest["made_at"], report.migrations, report.rows)


def _free_ending(places: Iterable[Path]) -> str:
    """`.before-restore`, numbered from the second time on, so that nothing kept is lost."""
    endings = itertools.chain([BEFORE], (f"{BEFORE}-{number}" for number in itertools.count(2)))
    places = list(places)
    return next(
        ending
        for ending in endings
        if not any(place.with_name(place.name + ending).exists() for place in places)
    )


def _keep_log(database: Path, ending: str) -> None:
    """Keep the write-ahead log with its database: it may hold commits the file still lacks."""
    Path(f"{database}-shm").unlink(missing_ok=True)
    log = Path(f"{database}-wal")
    if log.exists():
        os.replace(log, f"{database}{ending}-wal")


def _swap(new: Path, place: Path, ending: str) -> None:
    """Put `new` in the place, keeping what was there under its name with `ending`."""
    if place.exists():
        os.replace(place, place.with_name(place.name + ending))
    os.replace(new, place)
    if place.is_file():
        place.chmod(0o600)


def verify_site() -> list[str]:
    """What is wrong with the running site's database, as sentences; empty when it is sound.

    Raises ValidationError when there is no database of this program yet.
    """
    if MigrationRecorder.Migration._meta.db_table not in connection.introspection.table_names():
        raise ValidationError(
            _("The database has not been set up; run “manage.py migrate”, or restore a backup."),
            code="empty",
        )
    faults: list[str] = []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            faults += [row[0] for row in cursor.fetchall() if row[0] != "ok"]
            cursor.execute("PRAGMA foreign_key_check")
            faults += [f"{row[0]} row {row[1]} points to nothing" for row in cursor.fetchall()]
    return faults


def _describe(path: Path) -> BackupReport:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [
            row[0]
            for row in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
        ]
        rows = {
            table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in tables
        }
    table = MigrationRecorder.Migration._meta.db_table
    return BackupReport(datetime.now(UTC).isoformat(timespec="seconds"), rows.get(table, 0), rows)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
