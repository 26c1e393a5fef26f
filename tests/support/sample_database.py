"""The sample in a database beside the test database, made once per run and copied per process.

Tests change to it for a module and back. Putting 57,000 places back for each module instead took
half of all the time of a run on PostgreSQL.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection

from tests.support.installation import copy_database, create_database


def own_copy() -> str:
    """The name of this process's own database with the sample, made anew."""
    kept = _template()
    if connection.vendor == "sqlite":
        copy = kept.with_name(f"sample-{os.getpid()}.sqlite3")
        shutil.copy(kept, copy)
        return str(copy)
    return _name(copy_database(kept.read_text()))


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Inside, the default connection is one to the database called `name`."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _template() -> Path:
    """The database file, or a note of the database's address, that copies are made from."""
    folder = Path(os.environ["DATA_DIR"])
    kept = folder / "sample-template"
    with open(folder / "sample-template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            making = _empty(folder)
            with connected_to(_name(making)):
                call_command("load_sample", verbosity=0)
                with connection.cursor() as cursor:
                    # Else the server may take the tables for empty, and join places row by row.
                    cursor.execute("ANALYZE")
            if "://" in making:
                kept.write_text(making)
            else:
                Path(making).rename(kept)
    return kept


def _name(place: str) -> str:
    """What Django calls the database at a path or an address."""
    return urlsplit(place).path.lstrip("/") if "://" in place else place


def _empty(folder: Path) -> str:
    """A copy of this process's empty test database: a file's path, or an address."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    if connection.vendor == "sqlite":
        making = folder / "sample-making.sqlite3"
        shutil.copy(usual, making)
        return str(making)
    return create_database(os.environ["DATABASE_URL"], template=usual)
