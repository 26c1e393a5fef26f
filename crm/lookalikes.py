"""Mail addresses that look like another one: letters of other alphabets, domains in disguise.

Pure: takes what was typed, touches no database. An address that only looks like a known one is
shown with a warning and is never taken for it.
"""

import unicodedata
from dataclasses import dataclass

from crm.validators import address_key, network_domain

# Cyrillic, Greek and other letters whose shape is that of a Latin one.
TWINS = str.maketrans(
    "аеорсухіјѕԁһкмтвнгԛԝӏυοαινρτκχуєɡıℓ",
    "aeopcyxijsdhkmtbhrqwluoaivptkxyegil",
)
ACE = "xn--"


@dataclass(frozen=True)
class Disguise:
    """What is odd about an address: its domain as the network knows it, and mixed alphabets."""

    domain: str
    is_mixed: bool


def disguise_of(address: str) -> Disguise | None:
    """What a person should know before trusting the address; None for a plain one."""
    name, _at, domain = _unfolded(address).rpartition("@")
    is_mixed = any(len(_scripts(part)) > 1 for part in [name, *domain.split(".")])
    network = _as_network(domain)
    if not is_mixed and name.isascii() and network == domain and ACE not in domain:
        return None
    return Disguise(network, is_mixed)


def looks_like(address: str, other: str) -> bool:
    """Whether two different addresses are read as the same."""
    return address_key(address) != address_key(other) and look(address) == look(other)


def look(address: str) -> str:
    """What the eye takes the address for: Latin letters without marks, the domain unwrapped."""
    name, _at, domain = address_key(address).rpartition("@")
    shown = f"{name}@{'.'.join(map(_unwrapped, domain.split('.')))}"
    letters = unicodedata.normalize("NFKD", shown.translate(TWINS))
    return "".join(each for each in letters if not unicodedata.combining(each)).translate(TWINS)


def _unfolded(address: str) -> str:
    """As `address_key`, but wide and other compatible letters stay as they were typed."""
    return address.strip().casefold()


def _scripts(text: str) -> set[str]:
    """The alphabets of a part of an address, as the first word of each letter's name."""
    shown = _unwrapped(text)
    return {unicodedata.name(each, "?").partition(" ")[0] for each in shown if each.isalpha()}


def _unwrapped(label: str) -> str:
    if not label.startswith(ACE):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


def _as_network(domain: str) -> str:
    try:
        return network_domain(domain)
    except UnicodeError:
        return domain
