"""A real SMTP server for tests: keeps what it receives, and fails on request."""

import asyncio
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass(frozen=True)
class Received:
    """One accepted mail with its envelope; `at` is on the clock that all processes share."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    at: float = field(default_factory=time.monotonic)


@dataclass
class Sink:
    """Accepts every mail, unless told otherwise.

    `answer`: reply to DATA instead of accepting, such as "451 try later".
    `refused`: addresses whose RCPT TO is answered with the given reply.
    `delay`: seconds to wait after DATA, before the reply.
    `refuses_login`: whoever signs in is told 535.
    """

    received: list[Received] = field(default_factory=list)
    answer: str | None = None
    refused: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    refuses_login: bool = False
    host: str = "127.0.0.1"
    port: int = 0

    def start(self) -> None:
        self._controller = _AnyPort(
            _Handler(self),
            hostname=self.host,
            port=self.port,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=not self.refuses_login, handled=False),
        )
        self._controller.start()
        self.port = self._controller.port

    def stop(self) -> None:
        self._controller.stop()

    @property
    def messages(self) -> list[EmailMessage]:
        return [mail.message for mail in self.received]

    def to(self, address: str) -> list[EmailMessage]:
        """The mails whose envelope names `address`, oldest first."""
        return [mail.message for mail in self.received if address in mail.recipients]


class _AnyPort(Controller):
    """Learns which port the system gave before the first connection to it."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_RCPT(self, server, session, envelope, address, options):
        if reply := self.sink.refused.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.sink.delay)
        if self.sink.answer:
            return self.sink.answer
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.sink.received.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 OK"
