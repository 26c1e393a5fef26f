"""`manage.py demo [--port N]`: the whole program with sample data, on this machine alone."""

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.models import Event, User

HOST = "127.0.0.1"
SAMPLE_EVENT = "rotterdam-2023"
START_SECONDS = 60
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Starts the server, one worker and a mail sink with sample data; stops all on Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: object, port: int, **options: object) -> None:
        if not settings.SITE_IS_LOCAL:
            raise CommandError(
                "The demo's passwords are published, so it serves this machine alone: "
                "unset ALLOWED_HOSTS and SITE_URL."
            )
        refuse_taken(port)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        sink = start_mail_sink()
        address = f"http://{HOST}:{port}"
        self.environment = os.environ | {
            "SITE_URL": address,
            "SMTP_HOST": sink.hostname,
            "SMTP_PORT": str(sink.port),
            "SMTP_STARTTLS": "false",
            "SMTP_USER": "",
            "MAIL_IS_CAUGHT": "true",
        }
        try:
            self.prepare()
            status = self.run_until(stop, address, port)
        finally:
            sink.stop()
        if status:
            raise SystemExit(status)

    def prepare(self) -> None:
        """Bring the database up to date; load the sample when it is not there."""
        call_command("migrate", verbosity=0)
        if not Event.objects.filter(slug=SAMPLE_EVENT).exists():
            self.stdout.write("Loading the sample: Rotterdam and February 2023 …")
            # A process of its own: links in sample mails take the address of this demo.
            command = [sys.executable, "manage.py", "load_sample"]
            subprocess.run(command, cwd=settings.BASE_DIR, env=self.environment, check=True)

    def run_until(self, stop: threading.Event, address: str, port: int) -> int:
        """Keep server and worker running; 0 when asked to stop, 1 when one of them ended."""
        children = {
            "server": self.start(
                "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}",
                "--threads", "4", "--log-level", "warning",
            ),
            "worker": self.start("manage.py", "worker"),
        }  # fmt: skip
        try:
            if wait_until_ready(f"{address}/healthz", children, stop):
                self.greet(address)
            while not stop.wait(0.5):
                if name := first_ended(children):
                    self.stderr.write(f"The {name} ended by itself; stopping the rest.")
                    return 1
            return 0
        finally:
            end(children.values())

    def start(self, *arguments: str) -> subprocess.Popen:
        # In a session of its own it does not hear Ctrl-C; this process ends it in order.
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def greet(self, address: str) -> None:
        """Where to look and how to sign in."""
        kept = settings.BASE_DIR / "fixtures" / "sample" / "demo_users.json"
        demo = json.loads(kept.read_text("utf-8"))
        lines = [f"\nMunicipality Outreach CRM runs on {address}", "", "Sign in as:"]
        lines += [f"  {user['role']:<14} {user['email']}" for user in demo["users"]]
        lines += [
            f"  {'password':<14} {demo['password']} (the same for all)",
            "",
            f"A municipality starts at {address}/en/visit/",
            "The clock stands at 15 February 2023, 10:00 in Oslo, until you move it in Settings.",
            "No mail leaves this machine; the Mail page shows what was written.",
            f"What you enter is kept in {settings.DATA_DIR}. Ctrl-C stops server and worker.",
        ]
        if not User.objects.filter(email=demo["users"][0]["email"], is_sample=True).exists():
            lines.append("The demo accounts were removed; sign in with an account of your own.")
        self.stdout.write("\n".join(lines) + "\n")
        self.stdout.flush()


def refuse_taken(port: int) -> None:
    """Say so now when another program listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} cannot be used ({error}); try another: make demo PORT=8001"
            ) from error


def start_mail_sink():
    """An SMTP server that takes every mail and delivers none; the outbox rows show them."""
    try:
        from aiosmtpd.controller import Controller
        from aiosmtpd.handlers import Sink
    except ImportError as error:
        raise CommandError("The demo needs its mail sink; run `make setup` once.") from error
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every step
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    sink = Controller(Sink(), hostname=HOST, port=port)
    sink.start()
    return sink


def wait_until_ready(
    address: str, children: dict[str, subprocess.Popen], stop: threading.Event
) -> bool:
    """Whether `address` answers before a child ends or somebody stops us."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not stop.wait(0.2) and not first_ended(children):
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            continue
    return False


def first_ended(children: dict[str, subprocess.Popen]) -> str | None:
    return next((name for name, child in children.items() if child.poll() is not None), None)


def end(children) -> None:
    """Ask all at once, wait for each, and kill what does not listen."""
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def end_with_parent() -> None:
    """Runs in the child: should this process be killed, the kernel ends the child too (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
