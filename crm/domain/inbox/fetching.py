"""From the server into rows: a mail is a row before its bytes are here, and here before it is read.

Each step is committed on its own, so a kill between two loses nothing: the row is there, its bytes
are asked for again, and a mail that was kept and not marked is marked on the next look. The same
bytes under another number (the server began to count anew) are the same row.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm import clock
from crm.domain.inbox.bounds import Bounds
from crm.domain.inbox.folder import folder_name
from crm.domain.inbox.server import (
    Away,
    Broken,
    Connection,
    Listed,
    connected,
)
from crm.models import IncomingMail, MailFolder

log = logging.getLogger(__name__)

State = IncomingMail.State
LEASE = timedelta(minutes=10)
AT_ONCE = 50
MOST_TRIES = 5


def try_later(tries: int) -> timedelta:
    """How long a mail that failed `tries` times is left alone: 1, 2, 4, 8 minutes."""
    return timedelta(minutes=2 ** (tries - 1))


def fetch_new(*, stop: Callable[[], bool] = lambda: False, bounds: Bounds | None = None) -> int:
    """Bring what is new in the mailbox into rows; the number of mails whose bytes arrived.

    Without a mailbox, or while another worker reads it, nothing happens. A server that is away is
    written down with its sentence, and is no reason for others to stop.
    """
    name = folder_name()
    if not name:
        return 0
    folder, _made = MailFolder.objects.get_or_create(name=name)
    if not _claim(folder):
        return 0
    try:
        with connected() as server:
            fetched = _read_folder(folder, server, bounds or Bounds(), stop)
    except Away as away:
        log.warning("The mailbox was not read: %s", away)
        MailFolder.objects.filter(pk=folder.pk, failing_since=None).update(
            failing_since=timezone.now()
        )
        MailFolder.objects.filter(pk=folder.pk).update(fault=str(away)[:300], busy_until=None)
        return 0
    except BaseException:
        MailFolder.objects.filter(pk=folder.pk).update(busy_until=None)
        raise
    MailFolder.objects.filter(pk=folder.pk).update(
        read_at=timezone.now(), failing_since=None, fault="", busy_until=None
    )
    return fetched


def _claim(folder: MailFolder) -> bool:
    now = timezone.now()
    free = MailFolder.objects.filter(Q(busy_until=None) | Q(busy_until__lt=now), pk=folder.pk)
    return bool(free.update(busy_until=now + LEASE))


def _read_folder(
    folder: MailFolder, server: Connection, bounds: Bounds, stop: Callable[[], bool]
) -> int:
    if folder.uidvalidity != server.uidvalidity:
        _count_anew(folder, server.uidvalidity)
    _mark_done(folder, server)
    uids = server.uids_after(folder.last_uid)[:AT_ONCE]
    if uids:
        _note_listed(folder, server.listed(uids), until=uids[-1])
    fetched = 0
    for mail in IncomingMail.objects.to_fetch(folder, at=timezone.now()).order_by("tries", "uid"):
        if stop():
            break
        fetched += _fetch_one(mail, server, bounds)
    _mark_done(folder, server)
    return fetched


@transaction.atomic
def _count_anew(folder: MailFolder, uidvalidity: int) -> None:
    """The server numbers its mails anew. What never arrived under an old number is listed again."""
    folder.uidvalidity, folder.last_uid = uidvalidity, 0
    folder.save(update_fields=["uidvalidity", "last_uid"])
    never_here = IncomingMail.objects.filter(folder=folder, raw_hash="", state=State.NEW)
    never_here.exclude(uidvalidity=uidvalidity).delete()


@transaction.atomic
def _note_listed(folder: MailFolder, rows: list[Listed], *, until: int) -> None:
    """Rows for mails whose bytes come later; with them, how far the folder is known."""
    now = clock.now()
    IncomingMail.objects.bulk_create(
        [
            IncomingMail(
                folder=folder,
                uidvalidity=folder.uidvalidity,
                uid=row.uid,
                size=row.size,
                # By the demo clock nothing comes from the future.
                received_at=min(row.received_at, now),
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )
    folder.last_uid = until
    folder.save(update_fields=["last_uid"])


def _fetch_one(mail: IncomingMail, server: Connection, bounds: Bounds) -> bool:
    """The bytes of one mail. A try counts before it begins, so that a mail that breaks the
    connection each time is parked in the end."""
    tries = mail.tries + 1
    IncomingMail.objects.filter(pk=mail.pk).update(
        tries=tries, next_try_at=timezone.now() + try_later(tries)
    )
    try:
        raw, is_stub = server.content(mail.uid, bounds)
    except Exception as error:
        if tries >= MOST_TRIES:
            IncomingMail.objects.filter(pk=mail.pk).update(
                state=State.REVIEW, why="not_fetched", next_try_at=None
            )
        if isinstance(error, Broken):
            raise
        log.warning("Mail %s could not be fetched: %s", mail.uid, error)
        return False
    if raw is None:
        # Somebody took it out of the mailbox before its bytes were here.
        IncomingMail.objects.filter(pk=mail.pk).update(
            state=State.IGNORED, why="gone", next_try_at=None
        )
        return False
    keep_raw(mail, raw, is_stub=is_stub)
    return True


@transaction.atomic
def keep_raw(mail: IncomingMail, raw: bytes, *, is_stub: bool) -> IncomingMail:
    """Keep the bytes of a mail. Those we have had under another count of the server stay one row:
    the older row takes over the number, and this one goes."""
    found = hashlib.sha256(raw).hexdigest()
    same = IncomingMail.objects.filter(folder=mail.folder, raw_hash=found)
    if older := same.exclude(uidvalidity=mail.uidvalidity).order_by("pk").first():
        uidvalidity, uid = mail.uidvalidity, mail.uid
        mail.delete()
        older.uidvalidity, older.uid, older.marked_at = uidvalidity, uid, None
        older.save(update_fields=["uidvalidity", "uid", "marked_at"])
        return older
    mail.raw, mail.raw_hash, mail.is_stub = raw, found, is_stub
    mail.size = max(mail.size, len(raw))
    mail.tries, mail.next_try_at = 0, None
    mail.save(update_fields=["raw", "raw_hash", "is_stub", "size", "tries", "next_try_at"])
    return mail


def _mark_done(folder: MailFolder, server: Connection) -> None:
    """Tell the server which mails are kept here; after the commit, and again if that was lost."""
    kept = IncomingMail.objects.filter(
        folder=folder, uidvalidity=folder.uidvalidity, marked_at=None
    ).exclude(raw_hash="")
    rows = list(kept.order_by("uid").values_list("pk", "uid")[: AT_ONCE * 4])
    if not rows:
        return
    server.done_with([uid for _pk, uid in rows])
    IncomingMail.objects.filter(pk__in=[pk for pk, _uid in rows]).update(marked_at=timezone.now())


def forget_raw(*, days: int) -> int:
    """Empty the bytes of mails kept for longer than `days`; the number emptied.

    What was read of them stays, and so does the hash that knows them again; of a mail that was put
    aside for as long, the words go too.
    """
    before = timezone.now() - timedelta(days=days)
    old = IncomingMail.objects.filter(fetched_at__lt=before)
    aside = old.filter(Q(decided_at=None) | Q(decided_at__lt=before), state=State.IGNORED)
    aside.exclude(subject="", text="").update(subject="", text="", attachments=[])
    return old.exclude(raw=None).exclude(state=State.NEW).update(raw=None)
