"""HTML to plain text, in one pass over the letters and whatever the HTML is. Nothing of Django.

The result is shown as text, so nothing here has to be safe against scripts; it has to be readable
and, unlike the parsers at hand, take time in proportion to the length.
"""

import html
import re

# What stands inside these is never read by a person.
SILENT = ("script", "style", "head", "title", "template", "svg", "noscript")
BREAKS = frozenset(
    "address article blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li ol p "
    "pre section table tr ul".split()
)
CELLS = frozenset({"td", "th"})
NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")
BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def html_to_text(source: str, *, most: int) -> str:
    """The words of the first `most` letters of `source`, one block a line."""
    source = source[:most]
    lowered = source.lower()
    found: list[str] = []
    at, end = 0, len(source)
    while at < end:
        opens = source.find("<", at)
        if opens < 0:
            found.append(_words(source[at:]))
            break
        found.append(_words(source[at:opens]))
        if source.startswith("<!--", opens):
            closes = source.find("-->", opens + 4)
            at = closes + 3 if closes >= 0 else end
            continue
        name = NAME.match(source, opens + 1)
        if name is None and source[opens + 1 : opens + 2] not in ("!", "?", "/"):
            found.append("<")
            at = opens + 1
            continue
        closes = source.find(">", opens + 1)
        if closes < 0:
            break
        at = closes + 1
        tag = name.group(1).lower() if name else ""
        if tag in SILENT and source[opens + 1] != "/" and source[closes - 1] != "/":
            over = lowered.find(f"</{tag}", at)
            if over < 0:
                # A page without an end of its head is all head; of a script nothing is read.
                if tag in ("head", "title"):
                    continue
                break
            at = over
        elif tag in BREAKS:
            found.append("\n")
        elif tag in CELLS:
            found.append(" ")
    return _tidy("".join(found))


def _words(text: str) -> str:
    return BLANKS.sub(" ", html.unescape(text)) if text else ""


def _tidy(text: str) -> str:
    lines = [BLANKS.sub(" ", line).strip(" ") for line in text.split("\n")]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
