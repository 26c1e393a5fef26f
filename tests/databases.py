"""Chooses the database of a test run before Django reads its settings.

A pytest plugin (loaded by `-p tests.databases` in pyproject.toml):

    python -m pytest                         SQLite, in a file
    python -m pytest --database=postgresql   a PostgreSQL of its own, started and stopped here

The PostgreSQL run keeps only tests that touch a database; pure ones say nothing new there. A test
marked `one_database` runs on SQLite alone, with its reason beside the mark.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import postgres

BYTECODE = Path(__file__).resolve().parent.parent / ".cache" / "bytecode"
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_serialized_rollback",
    "django_db_reset_sequences",
    "live_server",
    "installation",
    "sample_installation",
    "sample_site",
    "fresh_site",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="the database the tests run on",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config, parser, args):
    # A wrapper, because pytest-django reads the settings in its own turn of this hook.
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker:
        _prepare(early_config, early_config.known_args_namespace.database)
    return (yield)


def _prepare(config: pytest.Config, database: str) -> None:
    """Folder and server of this run; the workers of pytest-xdist inherit both by environment."""
    folder = tempfile.mkdtemp(prefix="outreach-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["DATA_DIR"] = os.path.join(folder, "data")
    os.environ.pop("DATABASE_URL", None)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        # The processes that tests start, hundreds of them, would each compile Django anew.
        os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    if database == "postgresql":
        try:
            server = postgres.start()
        except postgres.Missing as missing:
            _refuse(str(missing))
        config.add_cleanup(server.stop)
        os.environ["DATABASE_URL"] = server.url("outreach")


def _refuse(sentence: str) -> None:
    if os.environ.get("CI"):
        raise pytest.UsageError(sentence)
    sys.stderr.write(f"\n*** SKIPPED: every test on PostgreSQL. {sentence}\n\n")
    raise SystemExit(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database") != "postgresql":
        return
    kept = [item for item in items if _needs_this_database(item)]
    dropped = [item for item in items if item not in set(kept)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _needs_this_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("one_database"):
        return False
    if item.get_closest_marker("django_db"):
        return True
    return bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('--database')}"
