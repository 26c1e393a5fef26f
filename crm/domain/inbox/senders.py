"""Whom to believe about who wrote a mail: our own people, a check by our server, ignored addresses.

The From of a mail is what its writer typed. It counts for filing a copy only where it is a user's
own plain address and, when IMAP_TRUSTED_SERVER names the receiving server, that server says in its
Authentication-Results (RFC 8601) that the domain vouches for the mail.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.lookalikes import disguise_of
from crm.models import IgnoredSender, User
from crm.validators import address_key, network_domain

COMMENT = re.compile(r"\([^()]*\)")
RESULT = re.compile(r"^\s*(dmarc|dkim|spf)\s*=\s*pass\b(.*)$", re.I | re.S)
PROPERTY = re.compile(r"([a-z]+\.[a-z0-9-]+)\s*=\s*\"?([^\s\";]+)", re.I)


def user_at(address: str) -> User | None:
    """The user whose address this is; nobody for one that only looks like it."""
    if not address or disguise_of(address) is not None:
        return None
    return User.objects.filter(email__iexact=address.strip(), is_active=True).first()


def own_addresses() -> set[str]:
    """Keys of the addresses under which the installation itself writes and is written to."""
    own = {settings.DEFAULT_FROM_EMAIL, settings.IMAP_USER, settings.UNSUBSCRIBE_MAIL}
    return {address_key(address) for address in own if "@" in address}


def is_verified(address: str, results: Iterable[str]) -> bool | None:
    """Whether our receiving server says that the domain of `address` vouches for the mail.

    None when no such server is named. Only the topmost field under its name is read: the server
    adds its own above whatever came with the mail, and has to strip those under its name.
    """
    server = settings.IMAP_TRUSTED_SERVER
    if not server:
        return None
    for field in results:
        name, _semicolon, rest = _uncommented(field).partition(";")
        if (name.split() or [""])[0].lower() == server:
            return vouches(rest, _domain_of(address))
    return False


def vouches(results: str, domain: str) -> bool:
    """Whether a DMARC, DKIM or SPF result passes for exactly this domain (for DKIM: or one above).

    `results` is an Authentication-Results field without its server's name and comments.
    """
    for result in results.split(";"):
        passed = RESULT.match(result)
        if not passed or not domain:
            continue
        method, said = passed.group(1).lower(), _properties(passed.group(2))
        if method == "dmarc" and said.get("header.from", "") == domain:
            return True
        if method == "spf" and said.get("smtp.mailfrom", "").rpartition("@")[2] == domain:
            return True
        signer = said.get("header.d") or said.get("header.i", "").rpartition("@")[2]
        if method == "dkim" and "." in signer and f".{domain}".endswith(f".{signer}"):
            return True
    return False


def _properties(text: str) -> dict[str, str]:
    return {name.lower(): value.lower().strip("<>") for name, value in PROPERTY.findall(text)}


def _uncommented(field: str) -> str:
    before = ""
    while before != field:
        before, field = field, COMMENT.sub(" ", field)
    return field


def _domain_of(address: str) -> str:
    try:
        return network_domain(address.rpartition("@")[2]).lower()
    except UnicodeError:
        return ""


def is_ignored(address: str) -> bool:
    return IgnoredSender.objects.filter(address_key=address_key(address)).exists()


@transaction.atomic
def ignore_sender(address: str, *, at: datetime, by: User) -> IgnoredSender:
    """Put letters of this address aside from now on. Raises ValidationError without an address, or
    for one of our own people."""
    if "@" not in address:
        raise ValidationError(_("This mail names no sender to ignore."), code="no_sender")
    if user_at(address) is not None or address_key(address) in own_addresses():
        raise ValidationError(_("Mail of our own people is never ignored."), code="own")
    row, made = IgnoredSender.objects.get_or_create(
        address_key=address_key(address), defaults={"address": address[:320], "by": by, "at": at}
    )
    if made:
        record(row, "ignore_sender", at=at, by=by)
    return row


@transaction.atomic
def hear_sender(row: IgnoredSender, *, at: datetime, by: User) -> None:
    """Look at letters of this address again."""
    record(row, "hear_sender", at=at, by=by)
    row.delete()
