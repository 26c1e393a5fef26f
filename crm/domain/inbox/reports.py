"""What a delivery report says (RFC 3464, and the free words of older servers). Nothing of Django.

A report is the word of whoever sent it. Only the Message-ID of a mail of ours in it, which nobody
outside can guess, makes it count; that is weighed elsewhere.
"""

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from crm.domain.inbox.bounds import CONTROL

MOST_RECIPIENTS = 20
MOST_IDS = 20
LONGEST = 500
STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
MESSAGE_ID = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,290}>)", re.I | re.M)
ADDRESS = r"[^\s<>@\"(),:;]{1,64}@[^\s<>@\"(),:;]{1,255}"
# No person has the first three; behind the last one there may be one.
DAEMON = re.compile(r"^(mailer-daemon|mdaemon|mail-daemon)@", re.I)
POSTMASTER = re.compile(r"^postmaster@", re.I)
# What the subjects of such mails begin with or hold, in the languages of our cities.
UNDELIVERED = re.compile(
    r"undeliver|delivery (?:status notification|failure|has failed)|delivery failed|returned mail"
    r"|failure notice|mail delivery (?:failed|system)|unzustellbar|nicht zugestellt|onbestelbaar"
    r"|non[- ]remis|[ée]chec de (?:la )?remise|mancat[ao] (?:recapito|consegna)"
    r"|no se (?:puede|pudo) entregar|kunne ikke leveres|nie(?:dor[ęe]czon|dostarczon)"
    r"|δεν παραδόθηκε",
    re.I,
)
# How servers without RFC 3464 begin: qmail, Exim, and what imitates them.
SPOKEN = re.compile(
    r"this is the qmail-send program|this message was created automatically by mail delivery "
    r"software|undelivered mail returned to sender|could not be delivered to|delivery (?:has )?"
    r"failed|delivery to the following recipients? failed",
    re.I,
)
SPOKEN_RECIPIENT = re.compile(rf"^[ \t]*<?({ADDRESS})>?:?[ \t]*$", re.M)
COPY_BEGINS = re.compile(
    r"^-{2,}\s*(?:below this line is a copy of the message|this is a copy of (?:the|your) message"
    r"|the header of the original message|original message)",
    re.I | re.M,
)


def report_in(
    mail: Message, parts: list[Message], text: str, *, sender: str, subject: str
) -> dict[str, Any] | None:
    """Recipients with action, status and the server's words, and the Message-IDs given back; None
    when the mail is no delivery report."""
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if statuses:
        recipients = [row for part in statuses for row in _recipients(part)]
        return {
            "recipients": recipients[:MOST_RECIPIENTS],
            "message_ids": _returned_ids(parts) or _ids_in(text),
        }
    if DAEMON.match(sender):
        return _spoken(text, parts)
    if not (_from_a_program(mail) or POSTMASTER.match(sender)):
        return None
    is_spoken = SPOKEN.search(text[:4_000]) or UNDELIVERED.search(subject)
    return _spoken(text, parts) if is_spoken else None


def _from_a_program(mail: Message) -> bool:
    """Sent so that nobody answers it: from nobody, or by its own word; an absence note is not."""
    submitted = str(mail.get("Auto-Submitted", "")).partition(";")[0].strip().lower()
    return str(mail.get("Return-Path", "")).strip() == "<>" or submitted == "auto-generated"


def _recipients(part: Message) -> Iterator[dict[str, str]]:
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return
    for block in blocks[: MOST_RECIPIENTS + 1]:
        if not isinstance(block, Message) or not (
            block.get("Final-Recipient") or block.get("Original-Recipient")
        ):
            continue
        diagnostic = _typed(block.get("Diagnostic-Code"))
        status = STATUS.search(str(block.get("Status", ""))) or STATUS.search(diagnostic)
        yield {
            "final": _typed(block.get("Final-Recipient")),
            "original": _typed(block.get("Original-Recipient")),
            "action": _line(block.get("Action")).partition(" ")[0].lower(),
            "status": status.group(0) if status else "",
            "diagnostic": diagnostic,
        }


def _typed(value: Any) -> str:
    """The value without its type: "rfc822; a@b" is "a@b"."""
    kind, semicolon, rest = _line(value).partition(";")
    return (rest if semicolon else kind).strip()


def _line(value: Any) -> str:
    return " ".join(CONTROL.sub("", str(value or "")).split())[:LONGEST]


def _returned_ids(parts: list[Message]) -> list[str]:
    """Message-IDs of the mails or headers that came back with the report."""
    found: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        payload = part.get_payload()
        first = payload[0] if isinstance(payload, list) and payload else None
        if kind == "message/rfc822" and isinstance(first, Message):
            found += _ids_in(f"Message-ID: {_line(first.get('Message-ID'))}")
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            given = part.get_payload(decode=True)
            if isinstance(given, bytes):
                found += _ids_in(given[:64_000].decode("utf-8", "replace"))
            elif isinstance(first, Message):
                found += _ids_in(f"Message-ID: {_line(first.get('Message-ID'))}")
    return found[:MOST_IDS]


def _ids_in(text: str) -> list[str]:
    return list(dict.fromkeys(MESSAGE_ID.findall(CONTROL.sub("", text))))[:MOST_IDS]


def _spoken(text: str, parts: list[Message]) -> dict[str, Any]:
    """A report in free words: whom it names before the copy of the mail, and what it says."""
    copy = COPY_BEGINS.search(text)
    told = text[: copy.start()] if copy else text
    returned = text[copy.start() :] if copy else ""
    named = list(SPOKEN_RECIPIENT.finditer(told))[:MOST_RECIPIENTS]
    recipients = []
    for number, name in enumerate(named):
        until = named[number + 1].start() if number + 1 < len(named) else len(told)
        words = _line(told[name.end() : until])
        status, code = STATUS.search(words), REPLY_CODE.search(words)
        said = status.group(0) if status else f"{code.group(1)}.0.0" if code else ""
        action = "delayed" if said.startswith("4") else "failed"
        recipients.append(
            {
                "final": name.group(1),
                "original": "",
                "action": action,
                "status": said,
                "diagnostic": words,
            }
        )
    ids = _returned_ids(parts) or _ids_in(returned) or _ids_in(text)
    return {"recipients": recipients, "message_ids": ids}
