"""One mail taken apart: hostile bytes in, plain values out, never an exception. Nothing of Django.

Header fields are read raw and decoded here, because the parsers that come with Python raise on
some of what real and hostile mail contains.
"""

import codecs
import email
import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from crm.domain.inbox.bounds import CONTROL, Bounds
from crm.domain.inbox.html_text import html_to_text
from crm.domain.inbox.reports import report_in

REFERENCE = re.compile(r"<[^<>\s]{3,290}>")
# Codecs that are no character sets, or cost more than they give.
NO_CHARSET = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
ONE_BYTE = frozenset({"ascii", "iso8859-1", "cp1252", "iso8859-15"})
AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from")
BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
# What servers write before the subject of an absence note that carries no header for it.
AWAY = re.compile(
    r"^\s*(out of (the )?office|automatic reply|auto(matic)?[- ]?reply|automatische antwort|"
    r"abwesenheits|automatisch antwoord|réponse automatique|respuesta automática|"
    r"risposta automatica|automatisk svar|autosvar|odpowiedź automatyczna|αυτόματη απάντηση)",
    re.I,
)
Headers = list[tuple[str, str]]


def read_mail(raw: bytes, bounds: Bounds, *, headers_only: bool = False) -> dict[str, Any]:
    """What the mail says, cut to `bounds`; `faults` names what could not be read."""
    faults: list[str] = []
    mail = _parsed(raw, faults, headers_only=headers_only)
    headers = _headers(mail, bounds, faults)
    told: dict[str, Any] = {
        "message_id": _try(lambda: _ids(_first(headers, "message-id"), 1), [], faults),
        "references": _try(lambda: _references(headers, bounds), [], faults),
        "subject": _try(lambda: _decoded(_first(headers, "subject"))[:300], "", faults),
        "sent_at": _try(lambda: _moment(_first(headers, "date")), None, []),
        "automatic": _try(lambda: _automatic(headers), "", faults),
        "authentication": [
            _line(value) for name, value in headers if name == "authentication-results"
        ][:10],
    }
    told["message_id"] = told["message_id"][0] if told["message_id"] else ""
    senders = _try(lambda: _people(headers, ("from",), bounds), [], faults)
    if len(senders) > 1:
        faults.append("several_senders")
    told["sender_name"], told["sender"] = senders[0] if senders else ("", "")
    told["recipients"] = _try(lambda: _people(headers, ("to", "cc"), bounds), [], faults)
    told |= {"text": "", "attachments": [], "attachment_count": 0, "report": None}
    if not headers_only and "structure" not in faults:
        told |= _try(lambda: _content(mail, told, bounds, faults), {}, faults)
    told["digest"] = _digest(told)
    told["faults"] = sorted(set(faults))
    return told


def attachment_of(raw: bytes, number: int, bounds: Bounds) -> bytes | None:
    """The bytes of the attachment that `read_mail` listed under `number`; None without it."""
    try:
        leaves = _leaves(email.message_from_bytes(raw), bounds, [])
        return _bytes_of(leaves[number]) if 0 <= number < len(leaves) else None
    except Exception:
        return None


def _try(read: Callable[[], Any], otherwise: Any, faults: list[str]) -> Any:
    """What `read` finds. Whatever hostile bytes make it raise is one more fault of the mail."""
    try:
        return read()
    except Exception:
        faults.append("unreadable")
        return otherwise


def _parsed(raw: bytes, faults: list[str], *, headers_only: bool) -> Message:
    if not headers_only:
        try:
            return email.message_from_bytes(raw)
        except Exception:
            faults.append("structure")
    else:
        faults.append("structure")
    try:
        return BytesHeaderParser().parsebytes(raw[: Bounds().header_bytes])
    except Exception:
        return Message()


# --- Header fields ---


def _headers(mail: Message, bounds: Bounds, faults: list[str]) -> Headers:
    rows = list(mail.raw_items())
    if len(rows) > bounds.headers:
        faults.append("headers")
    return [
        (str(name).lower(), CONTROL.sub("", _text_of(value)[: bounds.header_letters]))
        for name, value in rows[: bounds.headers]
    ]


def _text_of(value: Any) -> str:
    """A raw field as text: bytes beyond ASCII are UTF-8, else what Windows writes."""
    text = str(value)
    if text.isascii():
        return text
    given = text.encode("utf-8", "surrogateescape")
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        return given.decode("cp1252", "replace")


def _first(headers: Headers, name: str) -> str:
    return next((value for each, value in headers if each == name), "")


def _line(text: str) -> str:
    return " ".join(CONTROL.sub("", unicodedata.normalize("NFC", text)).split())


def _decoded(value: str) -> str:
    """A field with its encoded words (RFC 2047) put right, on one line."""
    try:
        pieces = decode_header(value)
    except Exception:
        return _line(value)
    words = [
        piece if isinstance(piece, str) else decode_bytes(piece, charset or "ascii")[0]
        for piece, charset in pieces
    ]
    return _line("".join(words))


def _people(headers: Headers, names: tuple[str, ...], bounds: Bounds) -> list[list[str]]:
    """Names with addresses, in the order of the fields."""
    found = []
    values = [value for name, value in headers if name in names]
    for name, address in getaddresses(values):
        address = "".join(_line(address).split())
        if "@" in address and len(address) <= 320:
            found.append([_decoded(name)[:200], address])
        if len(found) == bounds.people:
            break
    return found


def _ids(value: str, most: int) -> list[str]:
    return list(dict.fromkeys(REFERENCE.findall(value)))[:most]


def _references(headers: Headers, bounds: Bounds) -> list[str]:
    """What the mail answers, the nearest last."""
    older = _ids(_first(headers, "references"), 10_000)[-bounds.references :]
    return list(dict.fromkeys([*older, *_ids(_first(headers, "in-reply-to"), 5)]))


def _moment(value: str) -> str | None:
    if not value:
        return None
    moment = parsedate_to_datetime(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    return moment.isoformat() if 1990 <= moment.year <= 2100 else None


def _automatic(headers: Headers) -> str:
    """Why the mail was written by a program and not by a person; empty for a person's."""
    submitted = _first(headers, "auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto-submitted"
    if any(name in AUTOMATIC_HEADERS for name, _value in headers):
        return "x-autoreply"
    if _first(headers, "precedence").strip().lower() in BULK:
        return "precedence"
    if any(name == "list-id" for name, _value in headers):
        return "list"
    if any(name == "return-path" and value.strip() == "<>" for name, value in headers):
        return "return-path"
    return "subject" if AWAY.match(_decoded(_first(headers, "subject"))) else ""


# --- Content ---


def _content(
    mail: Message, told: dict[str, Any], bounds: Bounds, faults: list[str]
) -> dict[str, Any]:
    leaves = _leaves(mail, bounds, faults)
    plain, rich, body = "", "", []
    for part in leaves:
        kind = part.get_content_type()
        if _is_attached(part) or kind not in ("text/plain", "text/html"):
            continue
        if kind == "text/plain":
            body.append(part)
            plain += ("\n\n" if plain else "") + _text_in(part, faults)
        elif not rich:
            body.append(part)
            source = _text_in(part, faults)
            if len(source) > bounds.html_letters:
                faults.append("cut")
            rich = html_to_text(source, most=bounds.html_letters)
    text = plain if plain.strip() else rich
    attached = [(n, part) for n, part in enumerate(leaves) if part not in body]
    text = CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    report = report_in(mail, leaves, text, sender=told["sender"], subject=told["subject"])
    if len(text) > bounds.letters:
        faults.append("cut")
        text = text[: bounds.letters]
    return {
        "text": text,
        "attachments": [
            _listed(number, part) for number, part in attached[: bounds.attachments_listed]
        ],
        "attachment_count": len(attached),
        "report": report,
    }


def _leaves(mail: Message, bounds: Bounds, faults: list[str]) -> list[Message]:
    """The parts that hold something, in order; a mail inside the mail is one part."""
    found: list[Message] = []
    waiting: list[tuple[Message, int]] = [(mail, 0)]
    while waiting:
        part, depth = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            if depth >= bounds.depth:
                faults.append("structure")
                continue
            inner = [each for each in reversed(payload) if isinstance(each, Message)]
            waiting += [(each, depth + 1) for each in inner]
            continue
        if len(found) == bounds.parts:
            faults.append("parts")
            break
        found.append(part)
    return found


def _is_attached(part: Message) -> bool:
    return (part.get_content_disposition() or "") == "attachment"


def _bytes_of(part: Message) -> bytes:
    if part.get_content_maintype() == "message":
        payload = part.get_payload()
        if isinstance(payload, list):
            return b"\n".join(each.as_bytes() for each in payload if isinstance(each, Message))
    given = part.get_payload(decode=True)
    return given if isinstance(given, bytes) else b""


def _text_in(part: Message, faults: list[str]) -> str:
    charset = "ascii"
    try:
        charset = part.get_content_charset() or "ascii"
    except Exception:
        faults.append("charset")
    text, is_true = decode_bytes(_bytes_of(part), charset)
    if not is_true:
        faults.append("charset")
    return text


def decode_bytes(given: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether its charset was what it said."""
    try:
        known = codecs.lookup(charset)
        name = known.name
        if name in NO_CHARSET or not getattr(known, "_is_text_encoding", True):
            name = ""
    except (LookupError, ValueError, UnicodeError):
        name = ""
    # Western names are written on everything, and what reads as UTF-8 by chance is rare.
    order = ["utf-8", name] if not name or name in ONE_BYTE else [name, "utf-8"]
    for each in filter(None, order):
        try:
            text = given.decode(each)
        except Exception:
            continue
        return text, each == name or given.isascii()
    return given.decode("cp1252", "replace"), False


def _listed(number: int, part: Message) -> dict[str, Any]:
    try:
        name = _decoded(part.get_filename() or "")
    except Exception:
        name = ""
    try:
        size = len(_bytes_of(part))
    except Exception:
        size = 0
    kind = _line(part.get_content_type())[:100]
    name = name.replace("\\", "/").rpartition("/")[2].strip(". ")[:150]
    return {"number": number, "name": name or f"part-{number + 1}", "type": kind, "size": size}


def _digest(told: dict[str, Any]) -> str:
    """What tells the same mail on two ways: words and people, without the marks of the way."""
    names = ("message_id", "sender", "recipients", "subject", "text", "attachments")
    return hashlib.sha256(repr([told[name] for name in names]).encode()).hexdigest()
