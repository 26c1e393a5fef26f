"""The IMAP server: one connection, numbers by UID, never more bytes of a mail than we keep."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from crm.domain.inbox.bounds import Bounds

TIMEOUT_SECONDS = 30
# What an IMAP server that is away, ill or another one's may raise.
ServerFault = (OSError, IMAPClientError)
Broken = (OSError, IMAPClientAbortError)


class Away(Exception):
    """The mailbox cannot be read now; the message is one sentence for the health page."""


@dataclass(frozen=True)
class Listed:
    """A mail as the server lists it."""

    uid: int
    size: int
    received_at: datetime


@dataclass
class Connection:
    """A folder selected on the server."""

    client: IMAPClient
    uidvalidity: int

    def uids_after(self, uid: int) -> list[int]:
        # "n:*" names the last mail even when its number is lower.
        return sorted(n for n in self.client.search(["UID", f"{uid + 1}:*"]) if n > uid)

    def listed(self, uids: list[int]) -> list[Listed]:
        rows: dict[int, Any] = self.client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
        return [
            Listed(uid, _number(row.get(b"RFC822.SIZE")), _moment(row.get(b"INTERNALDATE")))
            for uid, row in sorted(rows.items())
            if uid in set(uids)
        ]

    def content(self, uid: int, bounds: Bounds) -> tuple[bytes | None, bool]:
        """The bytes of the mail, or of its head alone when it is too large, and whether it is;
        None when it is gone."""
        most = bounds.mail_bytes
        given = self._part(uid, "BODY.PEEK[]", b"BODY[]", most + 1)
        if given is None or len(given) <= most:
            return given, False
        return self._part(uid, "BODY.PEEK[HEADER]", b"BODY[HEADER]", bounds.header_bytes), True

    def _part(self, uid: int, asked: str, named: bytes, most: int) -> bytes | None:
        row: dict[bytes, Any] = self.client.fetch([uid], [f"{asked}<0.{most}>"]).get(uid, {})
        given = next((row[key] for key in (named + b"<0>", named) if key in row), None)
        return bytes(given[:most]) if given is not None else None

    def done_with(self, uids: list[int]) -> None:
        """Mark as seen, and move away where a folder for that is named."""
        self.client.add_flags(uids, [SEEN], silent=True)
        if not settings.IMAP_DONE_FOLDER:
            return
        if self.client.has_capability("MOVE"):
            self.client.move(uids, settings.IMAP_DONE_FOLDER)
        else:
            self.client.copy(uids, settings.IMAP_DONE_FOLDER)
            self.client.delete_messages(uids, silent=True)
            self.client.expunge(uids if self.client.has_capability("UIDPLUS") else None)


@contextlib.contextmanager
def connected() -> Iterator[Connection]:
    """Sign in and select the folder. Raises Away with a sentence when that cannot be done."""
    client = None
    try:
        client = _signed_in()
        try:
            selected = client.select_folder(settings.IMAP_FOLDER)
        except IMAPClientError as error:
            raise Away(f"The mailbox has no folder “{settings.IMAP_FOLDER}”.") from error
        yield Connection(client, _number(selected.get(b"UIDVALIDITY")))
    except LoginError as error:
        raise Away("The mail server refuses the name or the password of the mailbox.") from error
    except ssl.SSLCertVerificationError as error:
        raise Away(
            f"The mail server's certificate is not trusted ({error.verify_message})."
        ) from error
    except ServerFault as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Away(f"The mail server cannot be read ({words[:160]}).") from error
    finally:
        if client is not None:
            with contextlib.suppress(Exception):
                client.logout()


def _signed_in() -> IMAPClient:
    is_tls = settings.IMAP_TLS == "tls"
    context = ssl.create_default_context()
    client = IMAPClient(
        settings.IMAP_HOST,
        port=settings.IMAP_PORT,
        ssl=is_tls,
        ssl_context=context if is_tls else None,
        timeout=TIMEOUT_SECONDS,
    )
    try:
        if settings.IMAP_TLS == "starttls":
            client.starttls(ssl_context=context)
        client.login(settings.IMAP_USER, settings.IMAP_PASSWORD)
    except BaseException:
        with contextlib.suppress(Exception):
            client.shutdown()
        raise
    client.normalise_times = False
    return client


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _moment(value: Any) -> datetime:
    """When the server got the mail; now when it does not say."""
    if not isinstance(value, datetime):
        return datetime.now(UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
