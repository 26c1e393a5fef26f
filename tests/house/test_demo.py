"""`manage.py demo` as a person runs it: it starts, tells how to sign in, and ends as one."""

import json
import re
import signal
import socket
import time
import urllib.request

import pytest

from tests.conftest import DEMO_USERS
from tests.support.installation import ROOT, free_port

pytestmark = pytest.mark.one_database  # The demo is three processes, whichever database they use.

FIXTURE_PASSWORD = json.loads(DEMO_USERS.read_text("utf-8"))["password"]


def wait_for_words(installation, words: str, *, seconds: float = 400) -> str:
    """What the processes said, once it holds `words`."""
    log = installation.data_dir / "processes.log"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        said = log.read_text(errors="replace")
        if words in said:
            return said
        time.sleep(0.2)
    raise AssertionError(f"{words!r} was not said:\n{said}")


def children(process) -> list[int]:
    path = f"/proc/{process.pid}/task/{process.pid}/children"
    return [int(number) for number in open(path).read().split()]


def is_running(number: int) -> bool:
    try:
        return open(f"/proc/{number}/stat").read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_demo_loads_the_sample_and_prints_every_sign_in(installation):
    port = free_port()

    installation.start("demo", "--port", str(port))
    said = wait_for_words(installation, "Ctrl-C stops server and worker")

    users = json.loads(DEMO_USERS.read_text("utf-8"))["users"]
    assert f"http://127.0.0.1:{port}" in said
    assert [user["email"] for user in users if user["email"] not in said] == []
    assert FIXTURE_PASSWORD in said
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200


def test_ctrl_c_ends_server_and_worker_too(sample_installation):
    port = free_port()
    demo = sample_installation.start("demo", "--port", str(port))
    wait_for_words(sample_installation, "Ctrl-C stops server and worker")
    server, worker = children(demo)

    demo.send_signal(signal.SIGINT)

    assert demo.wait(timeout=20) == 0
    assert not is_running(server)
    assert not is_running(worker)


def test_killed_demo_takes_its_children_along(sample_installation):
    demo = sample_installation.start("demo", "--port", str(free_port()))
    wait_for_words(sample_installation, "Ctrl-C stops server and worker")
    left = children(demo)

    demo.kill()
    demo.wait()

    until = time.monotonic() + 15
    while any(map(is_running, left)) and time.monotonic() < until:
        time.sleep(0.1)
    assert [number for number in left if is_running(number)] == []


def test_second_demo_keeps_what_was_entered(sample_installation):
    load = "from crm.models import Event; rows = Event.objects.filter(slug='rotterdam-2023'); "
    sample_installation.manage("shell", "-v", "0", "-c", f"{load}rows.update(name='Mine')")

    demo = sample_installation.start("demo", "--port", str(free_port()))
    wait_for_words(sample_installation, "Ctrl-C stops server and worker")
    demo.terminate()
    assert demo.wait(timeout=20) == 0

    shown = sample_installation.manage("shell", "-v", "0", "-c", f"{load}print(rows.get().name)")
    assert shown.stdout.strip() == "Mine"


def test_demo_names_a_port_that_is_taken(installation):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = installation.manage("demo", "--port", str(port), status=1)

    assert refused.stderr.strip() == (
        f"CommandError: Port {port} cannot be used ([Errno 98] Address already in use); "
        "try another: make demo PORT=8001"
    )


def test_demo_serves_this_machine_alone(installation):
    public = {
        "ALLOWED_HOSTS": "visits.example.eu",
        "SITE_URL": "https://visits.example.eu",
        "MAIL_FROM": "visits@example.eu",
        "SMTP_HOST": "smtp.example.eu",
    }

    refused = installation.manage("demo", status=1, **public)

    assert refused.stderr.strip() == (
        "CommandError: The demo's passwords are published, so it serves this machine alone: "
        "unset ALLOWED_HOSTS and SITE_URL."
    )


def test_readme_tells_the_commands_that_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    named = {line.split()[1] for line in text.splitlines() if line.startswith("    make ")}

    assert named - targets == set()
    assert {"setup", "demo", "test", "check", "bench", "clean"} - targets == set()
