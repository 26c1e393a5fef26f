"""Rules about what may be written down; forms, serializers and verbs call the same ones."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

# The last two are no characters, and no workbook or other XML can hold them.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# What mail servers carry (RFC 5321): longer ones could never be reached.
LONGEST_ADDRESS, LONGEST_LOCAL_PART = 254, 64
# One digit less than what every database can compare a key with.
LONGEST_ROW_NUMBER = 18
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
# Spellings that make a name read backwards or hide a part of it.
DIRECTION_CONTROLS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
# Every sign that parts the labels of a domain.
DOTS = re.compile("[.\u3002\uff0e\uff61]")
# IDNA 2003, which Python speaks, rewrites these letters; IDNA 2008, in use today, keeps them.
KEPT_LETTERS = frozenset("ßς")


def clean_text(value: str) -> str:
    """`value` in NFC without control characters but tabs and line breaks, which are line feeds: a
    browser sends others, so that saving a form would change words that nobody touched."""
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    return DIRECTION_CONTROLS.sub("", CONTROL.sub("", text))


def clean_line(value: str) -> str:
    """`value` as one line: control characters out, blanks single. Fit for a mail header."""
    return " ".join(clean_text(value).split())


def address_key(address: str) -> str:
    """The spelling under which an address is matched: NFKC, no outer blanks, casefolded."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


def network_domain(domain: str) -> str:
    """`domain` as the network knows it: "münchen.example" is "xn--mnchen-3ya.example".

    Raises UnicodeError when it has no such name.
    """
    return ".".join(map(_network_label, DOTS.split(domain)))


def _network_label(label: str) -> str:
    if label.isascii():
        return label
    # Letter by letter: a capital sigma at the end of a word is no ς.
    small = unicodedata.normalize("NFKC", "".join(letter.lower() for letter in label))
    if KEPT_LETTERS.isdisjoint(small):
        return small.encode("idna").decode("ascii")
    return "xn--" + small.encode("punycode").decode("ascii")


def network_address(address: str) -> str:
    """`address` as mail servers take it, in ASCII alone. Raises ValueError when it has no such
    form."""
    local, _at, host = address.rpartition("@")
    if not local.isascii():
        raise ValueError("The part of the address before the @ is not plain ASCII.")
    return f"{local}@{network_domain(host)}"


def mail_address(value: str) -> str:
    """One usable mail address, trimmed; its domain may be written in any letters.

    Raises ValidationError when it is none, is several, names a host that is no public domain, or
    has letters before the @ that many mail servers refuse (SMTPUTF8).
    """
    address = clean_line(value)
    shown = {"value": address[:80]}
    local, _at, host = address.rpartition("@")
    if local and host and not local.isascii():
        raise ValidationError(
            _(
                "No mail reaches “%(value)s”: before the @ only the letters a to z, digits and "
                "signs can be used."
            ),
            code="mail_address",
            params=shown,
        )
    try:
        network = network_address(address)
        validate_email(network)
    except (ValidationError, ValueError):
        network = ""
    is_long = len(network) > LONGEST_ADDRESS or len(local) > LONGEST_LOCAL_PART
    if not network or is_long or "," in address or ";" in address or "." not in host or "[" in host:
        raise ValidationError(
            _("“%(value)s” is not a mail address; write it like name@city.example."),
            code="mail_address",
            params=shown,
        )
    return address


def sensible_date(day: date) -> date:
    """`day`, when it lies between 2000 and 2100."""
    if not EARLIEST <= day <= LATEST:
        raise ValidationError(
            _("%(day)s is not a date we can plan for; choose one between 2000 and 2100."),
            code="date_range",
            params={"day": day.isoformat()},
        )
    return day


def row_number(typed: str | None) -> int | None:
    """The number of a row that was typed or stands in an address; None for what cannot be one."""
    if typed is None or not typed.isdecimal() or len(typed) > LONGEST_ROW_NUMBER:
        return None
    return int(typed)


def row_numbers(typed: Iterable[str]) -> list[int]:
    """The numbers of rows among what was ticked, in the same order."""
    return [number for each in typed if (number := row_number(each)) is not None]


def known_zone(name: str) -> str:
    """An IANA time zone name; raises ValidationError otherwise."""
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; write it like Europe/Oslo."),
            code="zone",
            params={"name": clean_line(name)[:60]},
        )
    return name
