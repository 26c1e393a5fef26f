"""What every test may ask for: a cast of users, installations, sites, a mail sink, a browser.

- `cast` and its members: one user per role, from `tests/cast.py`.
- `sample`: the whole Rotterdam sample in the test's own database, at the demo clock.
- `installation`, `sample_installation`: a data folder and database of the test's own, on the real
  settings, worked by real processes.
- `sample_site`: a server on the sample data, shared by all tests that only look.
- `fresh_site`: a server, a worker and a mail sink of the test's own, for tests that change things.
- `smtp_sink`: a real SMTP server that keeps what it receives.
- `page` (from pytest-playwright) runs in the Chromium that `tests/support/chromium.py` finds.
"""

import fcntl
import gc
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.support import chromium as chromium_finder
from tests.support import installation as installations
from tests.support.installation import ROOT, Installation
from tests.support.smtp import Sink

pytest_plugins = ["tests.cast"]

DEMO_USERS = ROOT / "fixtures" / "sample" / "demo_users.json"
# Begun first, so that no process waits at the end for another one's longest file.
SLOW = (
    "tests/browser/test_public_path.py",
    "tests/browser/test_every_page.py",
    "tests/browser",
    "tests/visits/planning",
    "tests/api/test_schema_fuzz.py",
    "tests/visits/domain/test_story_machine.py",
    "tests/races",
    "tests/kill",
    "tests/house",
    "tests/visits/views/desk",
    "tests/visits/domain",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT).as_posix()
        return next((n for n, name in enumerate(SLOW) if path.startswith(name)), len(SLOW))

    items.sort(key=place)


# --- What every test is spared ---


def pytest_configure() -> None:
    # Pages make many short-lived objects; looking through all others each time finds nothing.
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once() -> Iterator[None]:
    """Every client of a test would list and weigh all files of `static/` anew."""
    listed: dict[str, Any] = {}
    list_them = WhiteNoiseMiddleware.add_files_from_finders

    def list_once(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_them(middleware)
            listed.update(middleware.files)
        middleware.files = listed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", list_once)
        yield


@pytest.fixture(autouse=True)
def _nobody_waits_to_wipe(monkeypatch) -> Iterator[None]:
    """Inside a test's transaction SQLite cannot wipe what it keeps of former values.

    No test waits for it in vain, and none leaves it to the worker's rounds of later ones.
    """
    monkeypatch.setattr("crm.domain.free_space.PAUSE", 0)
    yield
    (Path(os.environ["DATA_DIR"]) / "wipe-due").unlink(missing_ok=True)


# --- Data in the test's own database ---


@pytest.fixture(scope="session")
def _sample_database(django_db_setup, django_db_blocker) -> str:
    """The name of this process's database with the sample."""
    from tests.support import sample_database

    with django_db_blocker.unblock():
        return sample_database.own_copy()


@pytest.fixture(scope="module")
def _sample_of_module(_sample_database, django_db_blocker) -> Iterator[None]:
    """The sample, for a module inside a transaction that is rolled back at its end."""
    from django.db import transaction

    from tests.support.sample_database import connected_to

    with django_db_blocker.unblock(), connected_to(_sample_database):
        whole = transaction.atomic()
        # Each test nests its own transaction in this one, which Django must take as a test's.
        whole._from_testcase = True
        whole.__enter__()
        try:
            django_db_blocker.restore()
            yield
        finally:
            django_db_blocker.unblock()
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture
def sample(_sample_of_module, db) -> None:
    """The Rotterdam sample at the demo clock; what the test changes is rolled back.

    Once a test of a module has asked for it, the later ones of the module see it too. Not for tests
    that need real commits: those take `sample_installation`.
    """


# --- Whole installations ---


def _template(name: str, make: Callable[[Path], Installation]) -> Installation:
    """An installation to copy from, made by whichever process of the run needs it first."""
    folder = Path(os.environ["DATA_DIR"]).parent
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = folder / f"{name}.url"
        if not note.exists():
            note.write_text(make(folder / name).url or "")
    return Installation(folder / name, note.read_text() or None)


@pytest.fixture(scope="session")
def _empty_template() -> Installation:
    return _template("empty", installations.empty)


@pytest.fixture(scope="session")
def _sample_template(_empty_template) -> Installation:
    def with_sample(folder: Path) -> Installation:
        made = _empty_template.copy(folder)
        made.manage("load_sample")
        return made

    return _template("sample", with_sample)


@pytest.fixture
def installation(_empty_template, tmp_path) -> Iterator[Installation]:
    """A migrated, empty installation of the test's own."""
    made = _empty_template.copy(tmp_path / "data")
    yield made
    made.remove()


@pytest.fixture
def sample_installation(_sample_template, tmp_path) -> Iterator[Installation]:
    """An installation of the test's own that holds the sample."""
    made = _sample_template.copy(tmp_path / "data")
    yield made
    made.remove()


@dataclass
class Site:
    """A running program: its address, its installation, and the mail it has sent."""

    url: str
    installation: Installation
    mail: Sink

    def sign_in(self, page, role: str = "coordinator") -> None:
        """Sign `page` in as the demo user of `role`, through the form, as a person does."""
        users = json.loads(DEMO_USERS.read_text(encoding="utf-8"))
        email = next(user["email"] for user in users["users"] if user["role"] == role)
        page.goto(f"{self.url}/accounts/login/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", users["password"])
        page.locator("form:has(input[name=password]) [type=submit]").click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)


def serve_site(installation: Installation, *, with_worker: bool) -> Site:
    """A server on an installation, with a mail sink and perhaps a worker."""
    sink = Sink()
    sink.start()
    smtp = {"SMTP_HOST": sink.host, "SMTP_PORT": str(sink.port)}
    url = installation.serve(**smtp)
    if with_worker:
        installation.start("worker", SITE_URL=url, **smtp)
    return Site(url, installation, sink)


@pytest.fixture(scope="session")
def sample_site(_sample_template, tmp_path_factory) -> Iterator[Site]:
    """A server on the sample for tests that only look: what one changes, the next one sees."""
    made = _sample_template.copy(tmp_path_factory.mktemp("site") / "data")
    site = serve_site(made, with_worker=False)
    yield site
    made.remove()
    site.mail.stop()


@pytest.fixture
def fresh_site(sample_installation) -> Iterator[Site]:
    """A server, a worker and a mail sink on a copy of the sample, for this test alone."""
    site = serve_site(sample_installation, with_worker=True)
    yield site
    sample_installation.stop()
    site.mail.stop()


# --- Mail ---


@pytest.fixture
def smtp_sink(settings) -> Iterator[Sink]:
    """A real SMTP server that Django's mail goes to during this test."""
    sink = Sink()
    sink.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = sink.host
    settings.EMAIL_PORT = sink.port
    yield sink
    sink.stop()


# --- Browser ---


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test fails under CI and is skipped elsewhere."""
    found = chromium_finder.find()
    if found is None and os.environ.get("CI"):
        pytest.fail(chromium_finder.MISSING, pytrace=False)
    if found is None:
        pytest.skip(chromium_finder.MISSING)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict, chromium: str) -> dict:
    # Playwright keeps an event loop in this thread; Django would refuse the database for it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        "args": chromium_finder.launch_arguments(),
    }


@pytest.fixture
def artefact(request) -> Callable[[str], Path]:
    """Where a test keeps a picture or a document for people: `artefact("today.png")`."""
    folder = ROOT / "test-artefacts" / request.config.getoption("--database")
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: folder / name


# --- A mailbox ---


@pytest.fixture(scope="session")
def _imap_server() -> Iterator[Any]:
    """One Dovecot for the whole run; skipped loudly, or failed under CI, where there is none."""
    from tests.support import imap

    try:
        server = imap.Mailbox().start()
    except imap.Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def mailbox(_imap_server, settings) -> Iterator[Any]:
    """A real IMAP server with an empty mailbox, which the program reads during this test."""
    _imap_server.empty()
    for name, value in _imap_server.settings().items():
        setattr(settings, name, value)
    yield _imap_server
    _imap_server.awake()
