"""Which folder of the mailbox is read, without a word to the server."""

from django.conf import settings


def folder_name() -> str:
    """The name of the folder we read, as the table of folders calls it; empty when none is set."""
    if not settings.IMAP_HOST:
        return ""
    return f"{settings.IMAP_USER}@{settings.IMAP_HOST}:{settings.IMAP_PORT}/{settings.IMAP_FOLDER}"
