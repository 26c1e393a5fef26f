"""The one client for addresses that somebody typed in: it never reaches the inside.

A name is resolved once, every address behind it must be public, and the connection goes to one of
those very addresses, so that a name cannot lead elsewhere between the check and the call. Each
redirect is checked the same way. Size, time and unpacking have limits.
"""

import http.client
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urljoin, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

AGENT = "Municipality-Outreach-CRM/1.0"
LONGEST_URL = 2_000
LONGEST_NAME = 253
LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
PIECE = 65_536
LOOK_UP_SECONDS = 5.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Not for the public, by IANA's registries; and what leads to another address or to a provider's
# own machines: 6to4 relays, Azure's host.
CLOSED_V4 = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Of IPv6 only global unicast is open, without tunnels (Teredo, 6to4) and documentation. Mapped
# addresses, NAT64, link-local, unique local and multicast all lie outside of 2000::/3.
OPEN_V6 = ip_network("2000::/3")
CLOSED_V6 = tuple(
    ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

FAULTS: dict[str, str | Promise] = {
    "address": gettext_lazy("This is not a https address we can read."),
    "unknown_name": gettext_lazy("Nobody knows the name in this address."),
    "inside": gettext_lazy("This address does not lead to the public internet."),
    "unreachable": gettext_lazy("The server cannot be reached."),
    "certificate": gettext_lazy("The server could not prove who it is (TLS certificate)."),
    "too_slow": gettext_lazy("The server took too long."),
    "too_large": gettext_lazy("The answer is too large."),
    "redirects": gettext_lazy("The address leads on to others too often."),
    "garbled": gettext_lazy("The answer broke off or made no sense."),
    "status": gettext_lazy("The server answered with an error."),
}


class FetchFault(Exception):
    """Why nothing was fetched: a `code` of FAULTS, with a detail such as the status."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


def sentence_of(code: str, detail: str = "") -> str:
    """A fault in a sentence a person understands."""
    if code == "status" and detail in ("401", "403", "404", "410"):
        return _("The server says that this address is not valid (any more): error %(number)s.") % {
            "number": detail
        }
    if code == "status" and detail:
        return _("The server answered with error %(number)s.") % {"number": detail}
    return str(FAULTS[code])


@dataclass(frozen=True)
class Limits:
    """The whole time in seconds, the unpacked size in bytes, and how many redirects."""

    seconds: float = 15.0
    size: int = 2_000_000
    redirects: int = 3


@dataclass(frozen=True)
class Answer:
    """What the server said; `headers` have lower-case names, `body` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet."""
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if isinstance(number, IPv4Address):
        return not any(number in net for net in CLOSED_V4)
    assert isinstance(number, IPv6Address)
    is_open = number in OPEN_V6 and number.scope_id is None
    return is_open and not any(number in net for net in CLOSED_V6)


def system_addresses(host: str, port: int) -> list[str]:
    """Every address the system knows for a name, also for odd spellings of a number."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFault("unknown_name") from error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Ask a public https address. Raises FetchFault; an error status is an answer."""
    client = Client(trusted=frozenset(settings.FETCH_TRUSTED_ORIGINS), limits=limits or Limits())
    return client.fetch(url, method=method, headers=headers or {}, body=body)


def check_url(url: str) -> None:
    """Raise FetchFault for an address that could never be fetched, without asking anybody.

    Its detail names the culprit where it is "name", "password" or "port".
    """
    target_of(url, frozenset(settings.FETCH_TRUSTED_ORIGINS))


def check_reach(url: str) -> None:
    """Raise FetchFault where the address of `url` leads inside, as far as its name is known now.

    It is no promise: every fetch checks again.
    """
    target = target_of(url, frozenset(settings.FETCH_TRUSTED_ORIGINS))
    if target.is_trusted:
        return
    try:
        with Deadline(LOOK_UP_SECONDS) as deadline:
            found = _in_time(lambda: system_addresses(target.host, target.port), deadline)
    except FetchFault:
        # Whether nobody knows the name, or only not now, is told when it is read.
        return
    if not all(map(is_public, found)):
        raise FetchFault("inside")


@dataclass(frozen=True)
class Target:
    """An address taken apart: where to connect, and what to ask there."""

    scheme: str
    host: str
    port: int
    path: str
    is_trusted: bool

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def target_of(url: str, trusted: frozenset[str] = frozenset()) -> Target:
    """`url` taken apart. Raises FetchFault unless it is https, or one of the trusted origins."""
    if len(url) > LONGEST_URL or not url.isprintable() or any(sign.isspace() for sign in url):
        raise FetchFault("address")
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        host = parts.hostname or ""
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise FetchFault("address") from error
    if host and not _may_be_a_name(host):
        raise FetchFault("address", "name")
    is_trusted = f"{parts.scheme}://{parts.netloc}".lower() in trusted
    is_usual = parts.scheme == "https" and (port == 443 or port >= 1024)
    if "@" in parts.netloc:
        raise FetchFault("address", "password")
    if not host or not (is_usual or is_trusted):
        raise FetchFault("address", "port" if host and parts.scheme == "https" else "")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~")
    return Target(parts.scheme, host, port, f"{path}?{query}" if query else path, is_trusted)


def _may_be_a_name(host: str) -> bool:
    """Whether a server could be called so: a number, or labels of letters, digits and hyphens."""
    if ":" in host:
        return True
    labels = host.removesuffix(".").split(".")
    return len(host) <= LONGEST_NAME and all(map(_may_be_a_label, labels))


def _may_be_a_label(label: str) -> bool:
    if not LABEL.fullmatch(label):
        return False
    if not label.lower().startswith("xn--"):
        return True
    try:
        written = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    return written.isprintable() and not written.isascii()


class Deadline:
    """One end for everything: when it comes, the connection in use is cut, whatever it does."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.is_over = False
        self.connection: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def left(self) -> float:
        """Seconds left; raises FetchFault when there are none."""
        left = self.until - time.monotonic()
        if left <= 0 or self.is_over:
            raise FetchFault("too_slow")
        return left

    def _cut(self) -> None:
        self.is_over = True
        if self.connection is not None:
            try:
                # Of the plain socket: that of a TLS socket would first take its state apart.
                socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
            except OSError:
                return


@dataclass(frozen=True)
class Client:
    """Fetches addresses; `resolve` and `allows` say where a name leads and what is public.

    `trusted` are origins such as http://127.0.0.1:8000 that may be reached as they are.
    """

    resolve: Callable[[str, int], Sequence[str]] = system_addresses
    allows: Callable[[str], bool] = is_public
    trusted: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Ask, and follow redirects of a GET; every hop is checked like the first."""
        with Deadline(self.limits.seconds) as deadline:
            for _hop in range(self.limits.redirects + 1):
                target = target_of(url, self.trusted)
                answer = self._ask(target, url, deadline, method, headers or {}, body)
                if answer.status not in REDIRECTS or method != "GET":
                    return answer
                url = urljoin(url, answer.headers.get("location", ""))
        raise FetchFault("redirects")

    def _ask(
        self,
        target: Target,
        url: str,
        deadline: Deadline,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Answer:
        connection = http.client.HTTPConnection(target.host, target.port)
        try:
            connection.sock = self._connect(target, deadline)
            said = {"Host": target.authority, "User-Agent": AGENT, "Accept-Encoding": "gzip"}
            connection.request(method, target.path, body=body, headers={**headers, **said})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            packed = b"" if response.status in REDIRECTS else self._read(response)
            deadline.left()
            return Answer(response.status, found, self._unpack(packed, found), url)
        except (FetchFault, OSError, http.client.HTTPException, ValueError) as error:
            # A connection that was cut in time looks like any other that broke off.
            deadline.left()
            raise _fault_of(error) from error
        finally:
            deadline.connection = None
            connection.close()

    def _connect(self, target: Target, deadline: Deadline) -> socket.socket:
        addresses = _in_time(lambda: self.resolve(target.host, target.port), deadline)
        if not addresses:
            raise FetchFault("unknown_name")
        if not target.is_trusted and not all(self.allows(address) for address in addresses):
            raise FetchFault("inside")
        plain = _first_open(addresses, target.port, deadline)
        deadline.connection = plain
        if target.scheme == "http":
            return plain
        try:
            tls = self.context.wrap_socket(
                plain, server_hostname=target.host, do_handshake_on_connect=False
            )
        except (OSError, ValueError):
            plain.close()
            raise
        deadline.connection = tls
        tls.settimeout(deadline.left())
        try:
            tls.do_handshake()
        except OSError:
            tls.close()
            raise
        return tls

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        promised, found = response.length, bytearray()
        if promised is not None and promised > self.limits.size:
            raise FetchFault("too_large")
        while piece := response.read(PIECE):
            found += piece
            if len(found) > self.limits.size:
                raise FetchFault("too_large")
        if promised is not None and len(found) < promised:
            raise FetchFault("garbled")
        return bytes(found)

    def _unpack(self, packed: bytes, headers: Mapping[str, str]) -> bytes:
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding in ("", "identity") or not packed:
            return packed
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise FetchFault("garbled")
        # 32 more than the largest window: gzip or zlib, as the data say themselves.
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS + 32)
        try:
            found = unpacking.decompress(packed, self.limits.size + 1)
        except zlib.error as error:
            raise FetchFault("garbled") from error
        if len(found) > self.limits.size:
            raise FetchFault("too_large")
        if not unpacking.eof:
            raise FetchFault("garbled")
        return found


def _in_time(question: Callable[[], Sequence[str]], deadline: Deadline) -> Sequence[str]:
    """The answer to a question that knows no limit of its own, as name servers do not."""
    answers: list[Sequence[str]] = []
    faults: list[FetchFault] = []

    def ask() -> None:
        try:
            answers.append(question())
        except FetchFault as fault:
            faults.append(fault)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline.left())
    if faults:
        raise faults[0]
    if not answers:
        raise FetchFault("too_slow")
    return answers[0]


def _first_open(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of the addresses that takes one; no name is asked any more."""
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=deadline.left())
        except OSError:
            deadline.left()
    raise FetchFault("unreachable")


def _fault_of(error: Exception) -> FetchFault:
    if isinstance(error, FetchFault):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return FetchFault("certificate")
    if isinstance(error, TimeoutError):
        return FetchFault("too_slow")
    if isinstance(error, http.client.HTTPException | ValueError):
        return FetchFault("garbled")
    return FetchFault("unreachable")
