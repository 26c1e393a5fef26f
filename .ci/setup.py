"""Makes .venv and installs the locked packages: `python3 .ci/setup.py [--runtime]`.

Standard library only, so that a bare machine can run it. Everything is skipped when it is up to
date; `--runtime` leaves out what only tests and development need. Under an old python3 the script
looks for a newer one, so its own syntax stays plain.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed-locks")
NAMES = ["python3", "python3.13", "python3.12", "python3.11", "python3.14"]
IS_NEW = "import sys; sys.exit(sys.version_info < (3, 11))"
HAS_VENV = "import venv, ensurepip"


def main():
    runtime_only = "--runtime" in sys.argv[1:]
    os.chdir(ROOT)
    if not succeeds(PYTHON, IS_NEW):
        make_environment()
    locks = wanted_locks(runtime_only)
    if read(STAMP) != fingerprint(locks):
        install(locks)
    run([PYTHON, os.path.join(".ci", "translations.py"), "compile"])


def make_environment():
    """A fresh .venv with pip; installs Debian's python3-venv first when root and missing."""
    python = find_python()
    if python is None:
        stop(
            "Python 3.11 or newer is needed; install it (Debian 12 and later bring it as python3)."
        )
    if not succeeds(python, HAS_VENV):
        add_venv_package(python)
    say("Making .venv with " + python)
    run([python, "-m", "venv", "--clear", VENV])


def find_python():
    for name in [sys.executable] + NAMES:
        if name and succeeds(name, IS_NEW):
            return name
    return None


def add_venv_package(python):
    """Debian splits venv from python3; only root may add it."""
    command = "apt-get install -y python3-venv"
    if os.geteuid() != 0:
        stop("Python's venv module is missing; run once: sudo " + command)
    if not has("apt-get"):
        stop("Python's venv module is missing; install it with your system's package manager.")
    say("Installing python3-venv")
    quietly(["apt-get", "update"])
    quietly(command.split())
    if not succeeds(python, HAS_VENV):
        stop(
            "python3-venv is installed, but " + python + " still has no venv; remove that Python "
            "from PATH or install its venv module."
        )


def wanted_locks(runtime_only):
    """The runtime's lock alone, or the full one, which a full environment keeps."""
    full = read(STAMP).startswith("requirements-dev.lock")
    if runtime_only and not full:
        return ["requirements.lock"]
    # Its own lock, because its dependencies are not wanted: only its data files are read.
    return ["requirements-dev.lock", os.path.join(".ci", "febrl.lock")]


def fingerprint(locks):
    """What the stamp says when exactly these locks are installed."""
    digest = hashlib.sha256()
    for lock in locks:
        with open(lock, "rb") as file:
            digest.update(file.read())
    return " ".join(locks) + " " + digest.hexdigest() + "\n"


def install(locks):
    add_uv(locks[0])
    say("Installing packages from " + " and ".join(locks))
    run(
        [PYTHON, "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON]
        + locks
    )
    with open(STAMP, "w", encoding="ascii") as file:
        file.write(fingerprint(locks))


def add_uv(lock):
    """uv, at the version and with the hashes that the lock gives."""
    with open(lock, encoding="utf-8") as file:
        found = re.search(r"^uv==(\S+)(?: \\\n\s+--hash=\S+)+", file.read(), re.MULTILINE)
    if found is None:
        stop(lock + " names no uv; renew it with .ci/lock.")
    version = found.group(1)
    if succeeds(
        PYTHON,
        "from importlib.metadata import version as v; import sys; "
        "sys.exit(v('uv') != '%s')" % version,
    ):
        return
    say("Installing uv " + version)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write(found.group(0) + "\n")
    try:
        run(
            [
                PYTHON,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "--requirement",
                file.name,
            ]
        )
    finally:
        os.unlink(file.name)


def succeeds(python, code):
    try:
        return (
            subprocess.call(
                [python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            == 0
        )
    except OSError:
        return False


def has(program):
    return any(
        os.access(os.path.join(folder, program), os.X_OK)
        for folder in os.environ.get("PATH", "").split(os.pathsep)
    )


def run(command):
    try:
        status = subprocess.call(command)
    except OSError as error:
        stop(command[0] + " cannot be started: " + str(error))
    if status != 0:
        stop(
            "Set-up stopped: this command failed with status %d:\n  %s"
            % (status, " ".join(command))
        )


def quietly(command):
    """Run an apt command; its words are shown only when it fails."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        stop("This command failed: " + " ".join(command))


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def say(sentence):
    print(sentence, flush=True)


def stop(sentence):
    sys.exit(sentence)


if __name__ == "__main__":
    main()
