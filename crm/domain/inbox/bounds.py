"""What one mail may cost. Nothing of Django."""

import dataclasses

MEGABYTE = 1_000_000


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
