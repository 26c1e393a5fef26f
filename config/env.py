"""Typed readers for the environment; each fails loudly with one sentence."""

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"", "0", "false", "no", "off"}
# What a browser takes as one site: https and a name, or this machine for trials; no path.
SITE = re.compile(
    r"(https://(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
    r"|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}; set it to true or false.")


def number(name: str, default: int) -> int:
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {raw!r}; set it to a whole number.") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def sites(name: str) -> list[str]:
    """Sites as a security policy names them: https://www.example.eu, or https://*.example.eu."""
    found = []
    for word in words(name):
        site = word.removesuffix("/").lower()
        if not SITE.fullmatch(site):
            raise ImproperlyConfigured(
                f"{name} holds {word!r}; write each site like https://www.example.eu, "
                "without a path, and put commas between them."
            )
        found.append(site)
    return found


def web_address(name: str) -> str:
    """An http or https address another program answers at, without its last slash; "" if unset."""
    address = os.environ.get(name, "").strip().rstrip("/")
    if not address:
        return ""
    parts = urlsplit(address)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    try:
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if parts.scheme not in {"http", "https"} or not plain or not whole:
        raise ImproperlyConfigured(
            f"{name} is {address!r}; write an address like http://127.0.0.1:5000, "
            "without a name, a password or a question mark."
        )
    return address


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`; the first when nothing is set."""
    word = os.environ.get(name, "").strip().lower() or allowed[0]
    if word not in allowed:
        raise ImproperlyConfigured(f"{name} is {word!r}; set it to {' or '.join(allowed)}.")
    return word


def private_directory(path: Path) -> Path:
    """The directory at `path`, made with mode 0700 when it is not there yet."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {path} cannot be made ({error.strerror}); set DATA_DIR."
        ) from error
    if not os.access(path, os.W_OK):
        raise ImproperlyConfigured(f"The data directory {path} is not writable; set DATA_DIR.")
    return path


def secret_key(directory: Path) -> str:
    """SECRET_KEY from the environment, else from a 0600 file made on first start."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    path = directory / "secret_key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text(encoding="ascii").strip()


def database(directory: Path) -> dict[str, Any]:
    """SQLite in the data directory, or PostgreSQL by DATABASE_URL."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        path = directory / "outreach.sqlite3"
        # Made before SQLite makes it, because its own mode would let everybody read it.
        path.touch(mode=0o600)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "OPTIONS": {
                # Without IMMEDIATE half of concurrent writes fail as "locked".
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                    "PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;"
                ),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://name:password@host:5432/database."
        )
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(options.pop("host", "") or parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
