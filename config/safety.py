"""Why this program must not start as it is set up: one sentence per fault, saying what to set.

On the loopback (this machine alone) anything goes. As soon as a host name or the site's address
leads further, secrets, names and files have to be those of a real site.
"""

import ipaddress
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 50
FEWEST_LETTERS = 8
SINK_PORT = 1025
# Keys that stand in tutorials, images and other people's repositories.
KNOWN_KEYS = ("django-insecure", "changeme", "change-me", "change_me", "secret", "password", "xxxx")
UNFIT_SENDERS = {
    "",
    "localhost",
    "localhost.localdomain",
    "example.com",
    "example.org",
    "webmaster",
}

Modes = Mapping[Path, int]


def refuse_unsafe(settings: Mapping[str, Any]) -> None:
    """Raises ImproperlyConfigured with one line per fault of `settings` (names to values)."""
    if found := faults(settings, modes(private_paths(settings))):
        raise ImproperlyConfigured(
            "This site is not safe to start:\n" + "\n".join(f"- {fault}" for fault in found)
        )


def faults(settings: Mapping[str, Any], file_modes: Modes) -> list[str]:
    """What is unsafe about `settings` and the modes of its files; empty on the loopback."""
    found = list(_database_faults(settings["DATABASES"]["default"]))
    found += _mailbox_faults(settings)
    if is_loopback_only(settings):
        return found
    found += _address_faults(settings)
    found += _key_faults(settings)
    found += _mail_faults(settings)
    found += _file_faults(file_modes)
    return found


def is_loopback_only(settings: Mapping[str, Any]) -> bool:
    """Whether nobody but this machine is served: every allowed host and the site's own address."""
    hosts = [*settings["ALLOWED_HOSTS"], urlsplit(settings["SITE_URL"]).hostname or ""]
    return bool(settings["ALLOWED_HOSTS"]) and all(_is_loopback(host) for host in hosts)


def private_paths(settings: Mapping[str, Any]) -> list[Path]:
    """The files and folders that only the site's own account may read."""
    data = Path(settings["DATA_DIR"])
    media = Path(settings["MEDIA_ROOT"])
    found = [data, data / "secret_key", media]
    if settings["DATABASES"]["default"]["ENGINE"].endswith("sqlite3"):
        name = str(settings["DATABASES"]["default"]["NAME"])
        found += [Path(name + ending) for ending in ("", "-wal", "-shm")]
    return found


def modes(paths: Iterable[Path]) -> Modes:
    """The mode of each of `paths` that exists."""
    return {path: path.stat().st_mode for path in paths if path.exists()}


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _database_faults(database: Mapping[str, Any]) -> Iterator[str]:
    # Asked everywhere: without both, concurrent writers are refused as "locked" or lose data.
    if not database["ENGINE"].endswith("sqlite3"):
        return
    options = database.get("OPTIONS", {})
    if options.get("transaction_mode") != "IMMEDIATE":
        yield 'SQLite does not lock first; set OPTIONS["transaction_mode"] to "IMMEDIATE".'
    if "journal_mode=wal" not in options.get("init_command", "").lower().replace(" ", ""):
        yield "SQLite does not write ahead; set PRAGMA journal_mode=WAL in the init_command."


def _address_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    hosts, address = settings["ALLOWED_HOSTS"], urlsplit(settings["SITE_URL"])
    if settings["DEBUG"]:
        yield "DEBUG shows secrets to every visitor; set DEBUG=false."
    if not hosts or any(host.strip() in {"", "*", "."} for host in hosts):
        yield "Any host name is answered; set ALLOWED_HOSTS to the names of this site."
    if address.scheme != "https" or not address.hostname:
        yield "Links in mails would travel in clear; set SITE_URL to this site's https:// address."
    elif not _answers_to(address.hostname, hosts):
        yield f"SITE_URL leads to {address.hostname}; add that name to ALLOWED_HOSTS."
    elif not settings["SECURE_HSTS_SECONDS"] or not settings["SESSION_COOKIE_SECURE"]:
        yield "Browsers may fall back to http; leave the HSTS and cookie settings as shipped."
    if settings["TRUSTED_PROXY_COUNT"] < 0:
        yield "TRUSTED_PROXY_COUNT is negative; set it to the number of proxies in front."


def _answers_to(name: str, hosts: Iterable[str]) -> bool:
    """Whether Django, given `hosts`, answers requests for `name`."""
    return any(
        host in {"*", name} or (host.startswith(".") and f".{name}".endswith(host))
        for host in hosts
    )


def _key_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    make = "unset it to have one made, or set 50 random characters"
    if is_weak_key(settings["SECRET_KEY"]):
        yield f"SECRET_KEY can be guessed; {make}."
    if any(is_weak_key(key) for key in settings["SECRET_KEY_FALLBACKS"]):
        yield "A key in SECRET_KEY_FALLBACKS can be guessed; take it out."


def is_weak_key(key: str) -> bool:
    """Whether `key` is short, monotonous, or one that others know."""
    return (
        len(key) < SHORTEST_KEY
        or len(set(key)) < FEWEST_LETTERS
        or any(known in key.lower() for known in KNOWN_KEYS)
    )


def _mail_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    _, _, sender = settings["DEFAULT_FROM_EMAIL"].strip("<> ").rpartition("@")
    if sender.lower() in UNFIT_SENDERS:
        yield "Mail has no sender; set MAIL_FROM to an address of your organisation."
    if not settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        return
    host, port = settings["EMAIL_HOST"], settings["EMAIL_PORT"]
    if not host or (_is_loopback(host) and port == SINK_PORT):
        yield "Mail would go to the demo's own sink; set SMTP_HOST and SMTP_PORT to your server."
    encrypted = settings.get("EMAIL_USE_TLS") or settings.get("EMAIL_USE_SSL")
    if settings["EMAIL_HOST_PASSWORD"] and not encrypted and not _is_loopback(host):
        yield "The mail password would travel in clear; set SMTP_STARTTLS=true."


def _mailbox_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    # Asked everywhere: a mailbox that is half set up would silently read nothing.
    names = ("IMAP_HOST", "IMAP_USER", "IMAP_PASSWORD")
    given = [name for name in names if settings[name]]
    if not given:
        return
    if missing := [name for name in names if name not in given]:
        yield f"The mailbox is set up by half; set {' and '.join(missing)} too, or none of them."
        return
    if not settings["IMAP_FOLDER"].strip():
        yield "No folder of the mailbox would be read; set IMAP_FOLDER, as INBOX."
    if settings["IMAP_DONE_FOLDER"] == settings["IMAP_FOLDER"]:
        yield "Mails would move to where they are; set IMAP_DONE_FOLDER to another folder."
    if not 1 <= settings["IMAP_PORT"] <= 65_535:
        yield "IMAP_PORT is no port; set a number from 1 to 65535."
    if settings["IMAP_TLS"] == "off" and not _is_loopback(settings["IMAP_HOST"]):
        yield "The mailbox's password would travel in clear; set IMAP_TLS to tls or starttls."
    if settings["IMAP_RAW_DAYS"] < 1:
        yield "Mails could not be looked at as they came; set IMAP_RAW_DAYS to 1 or more."


def _file_faults(file_modes: Modes) -> Iterator[str]:
    for path, mode in file_modes.items():
        if mode & 0o077:
            wanted = "700" if stat.S_ISDIR(mode) else "600"
            yield f"Other accounts may read {path}; run: chmod {wanted} {path}"
