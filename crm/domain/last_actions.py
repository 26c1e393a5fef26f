"""What each person at the desk did last, as their session keeps it for an undo."""

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

# Its name in the session: the words of the toast, the address that takes it back, and what that
# needs to know.
LAST = "last_action"


def forget_last_actions() -> None:
    """Drop what every session keeps: after an erasure no undo may hold words about anybody."""
    for session in Session.objects.iterator():
        said = session.get_decoded()
        if said.pop(LAST, None) is not None:
            session.session_data = SessionStore().encode(said)
            session.save(update_fields=["session_data"])
