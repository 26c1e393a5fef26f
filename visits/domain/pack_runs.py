"""Packs and sheets asked for on a page and made by the worker; the PackRun row is the truth."""

import logging
import secrets
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.models import User
from crm.stored_files import forget_unknown
from visits.briefs.files import write_whole
from visits.briefs.paper import A4, Paper, paper_named
from visits.domain.packs import pack_pdf, visits_for_pack
from visits.domain.visit_sheets import gather_thanks, sheet_pdf
from visits.models import Host, PackRun, Visit

log = logging.getLogger(__name__)

State, Kind = PackRun.State, PackRun.Kind
SILENT_FOR = timedelta(minutes=5)
KEEP_FOR = timedelta(days=7)


class GivenUp(Exception):
    """The person who asked for the pack wants it no more, or the worker ends."""


def make_pack(
    kind: str,
    *,
    host: Host | None = None,
    visit: Visit | None = None,
    first: date | None = None,
    last: date | None = None,
    language: str = "",
    at: datetime,
    paper: Paper = A4,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[bytes, str]:
    """The document of that kind as PDF and its file name: of a host and a span, or of one visit.

    Raises ValidationError when it cannot be made.
    """
    if kind == Kind.TRIP:
        if host is None or first is None or last is None:
            raise ValidationError(_("Name the host and both days."), code="span")
        return pack_pdf(host, first=first, last=last, at=at, paper=paper, on_progress=on_progress)
    if visit is None:
        raise ValidationError(_("Name the visit."), code="visit")
    return sheet_pdf(visit, kind, at=at, language=language, paper=paper)


@transaction.atomic
def ask_for_pack(
    kind: str,
    *,
    by: User,
    host: Host | None = None,
    visit: Visit | None = None,
    first: date | None = None,
    last: date | None = None,
    language: str = "",
    paper: str = PackRun.Paper.A4,
    is_grey: bool = False,
) -> PackRun:
    """Queue a document; while the same one is waiting or being made that one is returned.

    Raises ValidationError when there is nothing to print.
    """
    if kind == Kind.TRIP:
        if host is None or first is None or last is None:
            raise ValidationError(_("Name the host and both days."), code="span")
        total = len(visits_for_pack(host, first=first, last=last)) + 1
        visit = None
    elif visit is None:
        raise ValidationError(_("Name the visit."), code="visit")
    else:
        host, first, last, total = visit.host, None, None, 1
        if kind == Kind.THANKS:
            gather_thanks(visit, "en")
    asked = {"kind": kind, "host": host, "visit": visit, "first": first, "last": last}
    asked |= {"language": language, "paper": paper, "is_grey": is_grey, "asked_by": by}
    if run := PackRun.objects.waiting().filter(**asked).first():
        return run
    return PackRun.objects.create(**asked, total=total)


def ask_to_stop(run: PackRun) -> None:
    """Give up a pack that waits or is being made."""
    PackRun.objects.filter(pk=run.pk).update(stop_asked=True)
    PackRun.objects.filter(pk=run.pk, state=State.QUEUED).update(state=State.STOPPED)


def folder() -> Path:
    """Where the finished files lie; only their owner may read them."""
    path = Path(settings.PACK_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def content_of(run: PackRun) -> bytes | None:
    """The finished file; None when it is not there, or not there any more."""
    if run.state != State.DONE or not run.file:
        return None
    try:
        return (folder() / run.file).read_bytes()
    except OSError:
        return None


def work_off(*, stop: Callable[[], bool] = lambda: False) -> int:
    """Make what waits, after throwing away what is old; the number made."""
    clean_up()
    _mark_interrupted()
    done = 0
    while not stop():
        run = PackRun.objects.filter(state=State.QUEUED).order_by("pk").first()
        if run is None:
            return done
        queued = PackRun.objects.filter(pk=run.pk, state=State.QUEUED)
        if queued.update(state=State.RUNNING, beat_at=timezone.now()):
            _work(run, stop=stop)
            done += 1
    return done


def clean_up() -> int:
    """Forget packs older than a week, and files no row knows of; the number of rows forgotten."""
    # In real time: a demo clock that is moved throws nothing away.
    old = PackRun.objects.filter(beat_at__lt=timezone.now() - KEEP_FOR)
    forgotten = old.delete()[0]
    known = set(PackRun.objects.exclude(file="").values_list("file", flat=True))
    before = (timezone.now() - SILENT_FOR).timestamp()
    forget_unknown(folder(), known, before=before)
    return forgotten


def forget_all() -> None:
    """Throw away every document, also those being made: somebody named in them is erased.

    They are made again in a moment. The files go once the rows are gone for good.
    """
    files = list(PackRun.objects.exclude(file="").values_list("file", flat=True))
    PackRun.objects.all().delete()
    transaction.on_commit(lambda: _unlink(files), robust=True)


def _unlink(files: Iterable[str]) -> None:
    for name in files:
        (folder() / name).unlink(missing_ok=True)


def _mark_interrupted() -> None:
    before = timezone.now() - SILENT_FOR
    PackRun.objects.filter(state=State.RUNNING, beat_at__lt=before).update(
        state=State.INTERRUPTED, error=str(_("The worker stopped meanwhile; ask for it again."))
    )


def _work(run: PackRun, *, stop: Callable[[], bool]) -> None:
    """Make one; a file is named only once it is whole on the disk."""
    rows = PackRun.objects.filter(pk=run.pk)

    def on_progress(done: int, total: int) -> None:
        rows.update(done=done, total=total, beat_at=timezone.now())
        if stop() or rows.filter(stop_asked=True).exists():
            raise GivenUp

    try:
        on_progress(0, run.total)
        pdf, name = make_pack(
            run.kind,
            host=run.host,
            visit=run.visit,
            first=run.first,
            last=run.last,
            language=run.language,
            paper=paper_named(run.paper, is_grey=run.is_grey),
            at=clock.now(),
            on_progress=on_progress,
        )
        file = f"{secrets.token_hex(16)}.pdf"
        write_whole(folder() / file, pdf)
    except GivenUp:
        rows.update(state=State.STOPPED)
    except ValidationError as error:
        rows.update(state=State.FAILED, error=" ".join(error.messages)[:500])
    except OSError as error:
        log.warning("Pack %s could not be written: %s", run.pk, error)
        words = _("The file could not be written: %(why)s. Ask for it again later.")
        rows.update(state=State.FAILED, error=str(words % {"why": error.strerror or error})[:500])
    except Exception:
        rows.update(
            state=State.FAILED, error=str(_("It could not be made; the fault is in our log."))
        )
        raise
    else:
        said = {"state": State.DONE, "done": run.total, "file": file, "name": name}
        if not rows.update(**said, beat_at=timezone.now()):
            _unlink([file])
