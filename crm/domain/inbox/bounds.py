"""What one mail may cost. Nothing of Django."""

import dataclasses
import re

MEGABYTE = 1_000_000
# Signs no line of text needs; some databases refuse the first of them.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The most that is read of one mail; beyond that it is cut, and the cut is named."""

    mail_bytes: int = 10 * MEGABYTE
    header_bytes: int = 64_000
    headers: int = 500
    header_letters: int = 10_000
    parts: int = 1_000
    depth: int = 30
    attachments_listed: int = 50
    people: int = 100
    references: int = 50
    html_letters: int = 1 * MEGABYTE
    letters: int = 20_000
    memory_bytes: int = 512 * 1024 * 1024
    seconds: int = 20
