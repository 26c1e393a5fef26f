"""The settings of the test suite: the real ones, on a database and in a folder of their own.

`tests/databases.py` chooses the database and exports DATA_DIR before this file is read, so that
every process a test starts (server, worker, command) reads the same values.
"""

import os
import tempfile

if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="outreach-tests-")

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR, DATABASES

# A file, not memory: WAL, locks and second processes behave as in production.
DATABASES["default"].setdefault("TEST", {})
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"]["NAME"] = DATA_DIR / "test.sqlite3"

# A child process works on the database that its test is using.
if name := os.environ.get("TEST_DATABASE_NAME"):
    DATABASES["default"]["NAME"] = name

# Argon2 is slow on purpose; tests sign in hundreds of times.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
# Tests read mail from the outbox rows, or from a real SMTP sink (fixture `smtp_sink`).
EMAIL_HOST = os.environ.get("SMTP_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("SMTP_PORT", "9"))
EMAIL_TIMEOUT = 5
