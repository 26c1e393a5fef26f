"""Which words of a line lead somewhere: mail addresses, phone numbers, web addresses.

Only words that show their target become links, so nobody can hide an address behind a name. Other
schemes (`javascript:`, `file:`, `data:`) stay the letters they are.
"""

import re
from typing import NamedTuple

# An address stands by itself: between blanks, brackets or commas, never within markup.
LINKS = re.compile(
    r"""(?<![^\s(;,])
    (?: (?P<web>  https?://[a-z0-9][a-z0-9.:_-]*(?:/[a-z0-9._~:/?\#\[\]@!$&*+,;=%-]*)? )
      | (?P<mail> [a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]+(?:\.[a-z0-9-]+)* )
      | (?P<call> \+[0-9](?:[ \u00a0-]?[0-9]){6,14} ) )
    (?=[);,.]*(?:\s|$))""",
    re.VERBOSE | re.IGNORECASE,
)
TRAILING = ".,;"


class Link(NamedTuple):
    """Letters `start` to `end` of a text lead to `target`; `words` is what the whole link says."""

    start: int
    end: int
    target: str
    words: str


def links_in(value: str) -> list[Link]:
    """The links of a text, first to last."""
    if "@" not in value and "://" not in value and "+" not in value:
        return []
    found = []
    for match in LINKS.finditer(value):
        words = match[0].rstrip(TRAILING)
        found.append(Link(match.start(), match.start() + len(words), _target(match, words), words))
    return found


def _target(match: re.Match[str], words: str) -> str:
    if match["mail"]:
        return f"mailto:{words}"
    if match["call"]:
        return "tel:" + re.sub(r"[^+0-9]", "", words)
    return words


def by_line(value: str, lines: list[str], links: list[Link]) -> list[list[Link]]:
    """The parts of the links in every line that `value` was broken into, counted in that line."""
    parts: list[list[Link]] = []
    at = 0
    for words in lines:
        kept = words.strip()
        start = value.find(kept, at)
        if start < 0:
            return [[] for _ in lines]
        end = start + len(kept)
        at = end
        shift = len(words) - len(words.lstrip()) - start
        parts.append(
            [
                link._replace(start=max(link.start, start) + shift, end=min(link.end, end) + shift)
                for link in links
                if link.start < end and link.end > start
            ]
        )
    return parts
