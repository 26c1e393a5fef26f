"""What SQLite keeps of former values in free space and in its write-ahead log, overwritten.

PostgreSQL needs none of it: its own VACUUM sees to that. The log can be emptied only while nobody
reads an older state of the database. Where that does not come about in a few seconds, a file in
the data folder says so, and the worker goes on with it.
"""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection

log = logging.getLogger(__name__)

TRIES = 10
PAUSE = 0.25  # seconds


def wipe_freed_space() -> bool:
    """Overwrite it now; whether all of it is gone. What is not, the worker tries again."""
    if connection.vendor != "sqlite":
        return True
    _due().touch(mode=0o600)
    steps = [_pack, _empty_log]
    for _attempt in range(TRIES):
        while steps and steps[0]():
            del steps[0]
        if not steps:
            _due().unlink(missing_ok=True)
            return True
        time.sleep(PAUSE)
    log.warning("The write-ahead log is in use; the worker empties it as soon as nobody reads.")
    return False


def finish_wiping() -> int:
    """The worker's part: go on where `wipe_freed_space` was held up; 1 when that is done."""
    return int(_due().exists() and wipe_freed_space())


def _due() -> Path:
    return Path(settings.DATA_DIR) / "wipe-due"


def _pack() -> bool:
    """Write the whole database anew, without what was deleted; False while others write."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute("VACUUM")
    except OperationalError:
        return False
    return True


def _empty_log() -> bool:
    """Move the log into the database and cut it; False while somebody else uses it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        [patience] = cursor.fetchone()
        try:
            # Whoever reads may read for long; a page does not wait for them.
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            [is_busy, *_pages] = cursor.fetchone()
        except OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")
    return not is_busy
