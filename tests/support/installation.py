"""Whole installations for tests: a data folder, a database, and real processes on them.

Making one from scratch takes seconds, so a template is made once per run and copied.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """One installation on the real settings; `url` is None on SQLite."""

    data_dir: Path
    url: str | None = None
    processes: list[subprocess.Popen] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this installation is started with."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "SECRET_KEY", "SITE_URL", "TEST_DATABASE_NAME"}
        }
        ours = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(self.data_dir),
            "PYTHONUNBUFFERED": "1",
        }
        return inherited | ours | ({"DATABASE_URL": self.url} if self.url else {})

    def manage(
        self, *arguments: str, status: int | None = 0, timeout: float = 180, **environment: str
    ) -> subprocess.CompletedProcess:
        """Run `manage.py …` to its end; asserts the exit status unless `status` is None."""
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if status is not None:
            assert done.returncode == status, f"{done.args}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start `manage.py …` (or `-m module …`) in the background; ended with the test."""
        command = arguments if arguments[0] == "-m" else ("manage.py", *arguments)
        log = open(self.data_dir / "processes.log", "ab")
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self.processes.append(process)
        return process

    def serve(self, *, workers: int = 1, **environment: str) -> str:
        """Start gunicorn as docs/operations.md says, on a free port; its address."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        process = self.start(
            "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
            "--workers", str(workers), "--threads", "4", "--worker-tmp-dir", "/tmp",
            SITE_URL=address, MALLOC_ARENA_MAX="2", **environment,
        )  # fmt: skip
        wait_for(f"{address}/healthz", process, self.data_dir / "processes.log")
        return address

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def copy(self, data_dir: Path) -> "Installation":
        """The same data in a new folder and database; nobody may be connected to this one."""
        shutil.copytree(self.data_dir, data_dir)
        data_dir.chmod(0o700)
        url = copy_database(self.url) if self.url else None
        return Installation(data_dir, url)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)
        if self.url:
            drop_database(self.url)


def empty(data_dir: Path) -> Installation:
    """An installation whose database is migrated and holds nothing else."""
    data_dir.mkdir(mode=0o700, parents=True)
    server = os.environ.get("DATABASE_URL")
    made = Installation(data_dir, create_database(server) if server else None)
    made.manage("migrate", "--verbosity=0")
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address: str, process: subprocess.Popen, log: Path, *, seconds: float = 240) -> None:
    """Until `address` answers at all; fails with the process's own words when it ends first."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer\n{log.read_text(errors='replace')[-4000:]}")


def create_database(server: str, *, template: str = "template1") -> str:
    """A new database on the server of `server` (a URL); its own URL."""
    name = f"installation_{uuid.uuid4().hex[:12]}"
    _command(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def copy_database(url: str) -> str:
    return create_database(url, template=urlsplit(url).path.lstrip("/"))


def drop_database(url: str) -> None:
    _command(url, f'DROP DATABASE IF EXISTS "{urlsplit(url).path.lstrip("/")}" WITH (FORCE)')


def _command(url: str, sql: str) -> None:
    import psycopg

    maintenance = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql)
