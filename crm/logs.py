"""Log lines without people: addresses and secret links are cut out before anything is written."""

import logging
import re

ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[^\s@<>\"'(),;:=]+")
# The part of a path that opens a private page or a calendar feed, whatever its length.
LINK = re.compile(r"(/r/|/calendar/)[^/\s?\"']+")
# Tokens, keys and digests: long runs with at least one letter and one digit.
SECRET = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{32,}(?![\w-])")


def scrub(text: str) -> str:
    """`text` with e-mail addresses and tokens replaced by a word that says what stood there."""
    text = ADDRESS.sub("[address]", text)
    text = LINK.sub(r"\1[token]", text)
    return SECRET.sub("[token]", text)


def scrub_server_logs() -> None:
    """Scrub what gunicorn writes too: its access log names every path, its error log some."""
    for name in ("gunicorn.access", "gunicorn.error"):
        logging.getLogger(name).addFilter(PrivateFilter())


class PrivateFilter(logging.Filter):
    """Scrubs the message and the traceback of every record; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            # A formatter prints exc_text when it is there, so the raw traceback never shows.
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        return True
