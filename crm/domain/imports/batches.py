"""A file from upload to undo. The ImportBatch row is the truth; the worker does what is slow."""

import hashlib
import json
import logging
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.domain.consents import text_of
from crm.domain.imports.applying import write_rows
from crm.domain.imports.bounds import Bounds
from crm.domain.imports.headings import (
    FIELDS,
    LOOKED_AT,
    SEVERAL,
    guess_mapping,
    heading_key,
    heading_row,
)
from crm.domain.imports.keys import name_key
from crm.domain.imports.reading import Reading, read_file, refusal
from crm.domain.notice_clock import check_words
from crm.models import Event, ImportBatch, ImportRow, Organisation, User
from crm.models.consent import Purpose
from crm.stored_files import forget_unknown
from crm.validators import address_key, clean_line, clean_text

log = logging.getLogger(__name__)

State = ImportBatch.State
SILENT_FOR = timedelta(minutes=3)
KEEP_FOR = timedelta(days=7)
STORED_AT_ONCE = 500


# --- Before: a file arrives ---


def folder() -> Path:
    """Where uploaded files wait; only their owner may read them."""
    path = Path(settings.IMPORT_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def receive_file(
    content: IO[bytes],
    name: str,
    *,
    event: Event | None,
    basis: str,
    source: str,
    by: User | None,
) -> ImportBatch:
    """Keep an uploaded file for the worker to read. Raises ValidationError, all faults at once."""
    basis, source = check_words(basis, source)
    stored = f"{secrets.token_hex(16)}.upload"
    digest, size, most = hashlib.sha256(), 0, Bounds().file_bytes
    path = folder() / stored
    path.touch(mode=0o600)
    try:
        with path.open("wb") as file:
            while chunk := content.read(1_000_000):
                size += len(chunk)
                if size > most:
                    raise refusal("size", most=most // 1_000_000)
                digest.update(chunk)
                file.write(chunk)
        return ImportBatch.objects.create(
            event=event,
            basis=basis,
            source=source,
            file_name=file_name(name),
            file=stored,
            checksum=digest.hexdigest(),
            size=size,
            asked_by=by,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def file_name(name: str) -> str:
    """The last part of a name as somebody's computer gave it, to be shown and never opened."""
    return clean_line(name.replace("\\", "/").rpartition("/")[2])[:200] or "file"


def imported_before(batch: ImportBatch) -> ImportBatch | None:
    """The import of this very file that still stands, if there is one."""
    same = ImportBatch.objects.applied().filter(checksum=batch.checksum, event=batch.event)
    return same.exclude(pk=batch.pk).first()


# --- Choosing: encoding, columns, whether to overwrite ---


@transaction.atomic
def change_reading(batch: ImportBatch, values: Mapping[str, Any]) -> ImportBatch:
    """Read the file again with other choices: encoding, delimiter, sheet, mapping, overwrites,
    words, day and proof of its answers about the newsletter, and which organisations its names
    mean.

    Raises ValidationError when the batch is not waiting for a decision, or two columns go to a
    field that takes one.
    """
    locked = _of_state(batch, State.READY, State.FAILED)
    mapping = values.get("mapping")
    if mapping is not None:
        check_mapping(mapping)
        locked.mapping = list(mapping)
    if "organisations" in values:
        locked.organisations = _chosen(values["organisations"])
    for name in ("encoding", "delimiter", "sheet", "overwrites"):
        if name in values:
            if name != "overwrites" and mapping is None and getattr(locked, name) != values[name]:
                # Read another way, the columns are others.
                locked.mapping = []
            setattr(locked, name, values[name])
    if values.get("encoding"):
        locked.is_encoding_sure = True
    _prove_answers(locked, values)
    locked.state, locked.error = State.UPLOADED, ""
    locked.save()
    return locked


def _chosen(organisations: Mapping[str, int]) -> dict[str, int]:
    """Which municipality each name means, by the name's key; 0 for none that we know."""
    known = Organisation.objects.live().filter(type=Organisation.Type.MUNICIPALITY)
    numbers = {number for number in organisations.values() if number}
    if numbers - set(known.filter(pk__in=numbers).values_list("pk", flat=True)):
        raise ValidationError(
            {"organisations": _("One of these is no municipality in the lists any more.")}
        )
    return {name_key(name): number for name, number in organisations.items() if name_key(name)}


def _prove_answers(batch: ImportBatch, values: Mapping[str, Any]) -> None:
    """Take words, day and proof of the newsletter answers from `values`, where they are told.

    `newsletter_text` is one of the wordings we know; `newsletter_words` are the words of somebody
    else's list, in `newsletter_language`, kept as a wording our own form never asks in.
    """
    for name in ("newsletter_text", "newsletter_on", "newsletter_proof"):
        if name in values:
            setattr(batch, name, values[name])
    words = clean_text(values.get("newsletter_words") or "").strip()
    if not words:
        return
    if values.get("newsletter_text"):
        raise ValidationError(
            {"newsletter_words": _("Choose words we know or write others, not both.")}
        )
    if not values.get("newsletter_language"):
        raise ValidationError({"newsletter_language": _("Say which language these words are in.")})
    language = values["newsletter_language"]
    batch.newsletter_text = text_of(Purpose.NEWSLETTER, language, words, is_asked=False)


def check_mapping(mapping: Iterable[str]) -> None:
    """Raise ValidationError unless every column goes to a field of its own, or one that may have
    several, a name among them."""
    used = [name for name in mapping if name]
    if unknown := [name for name in used if name not in FIELDS]:
        raise ValidationError(
            _("There is no field “%(name)s”."), code="field", params={"name": str(unknown[0])[:60]}
        )
    if twice := [name for name in FIELDS if used.count(name) > 1 and name not in SEVERAL]:
        raise ValidationError(
            _("Two columns go to “%(name)s”; leave one of them out."),
            code="twice",
            params={"name": FIELDS[twice[0]]},
        )
    if not {"name", "given", "family", "email"} & set(used):
        raise ValidationError(_("Say which column holds the name."), code="no_name")


@transaction.atomic
def ask_to_import(batch: ImportBatch, *, is_read_right: bool = False) -> ImportBatch:
    """Queue what was shown. Raises ValidationError while the encoding is only a guess that nobody
    has confirmed, or when the batch is not ready."""
    locked = _of_state(batch, State.READY)
    if not locked.is_encoding_sure:
        if not is_read_right:
            raise ValidationError(
                _(
                    "The encoding is a guess: look at the names, then confirm it or choose "
                    "another. It may be %(readings)s."
                ),
                code="encoding",
                params={"readings": readings_of(locked)},
            )
        locked.is_encoding_sure = True
    locked.state = State.QUEUED
    locked.save(update_fields=["state", "is_encoding_sure"])
    return locked


def readings_of(batch: ImportBatch) -> str:
    """What the encoding may be, the likeliest first, each with words of the file as it reads."""
    return "; ".join(f"{name} ({words})" for name, words in batch.other_encodings)


@transaction.atomic
def drop_file(batch: ImportBatch) -> None:
    """Forget a file that is not imported, with all that was read of it."""
    locked = _of_state(batch, State.READY, State.FAILED, State.UPLOADED, State.QUEUED)
    _remove_file(locked)
    locked.delete()


@transaction.atomic
def forget_files_about(*, people: set[int], names: set[str], addresses: set[str]) -> int:
    """Drop every file not imported yet that speaks of somebody who is to be erased; how many."""
    waiting = ImportBatch.objects.exclude(file="")
    found = set()
    for row in ImportRow.objects.filter(batch__in=waiting).iterator():
        mails = row.changes.get("email", ["", []])[1]
        if row.person_id in people or row.name in names or addresses & set(map(address_key, mails)):
            found.add(row.batch_id)
    for batch in waiting.filter(pk__in=found):
        _remove_file(batch)
        batch.delete()
    return len(found)


def _of_state(batch: ImportBatch, *states: str) -> ImportBatch:
    locked = ImportBatch.objects.select_for_update().filter(pk=batch.pk, state__in=states).first()
    if locked is None:
        raise ValidationError(
            _("This file is not waiting for a decision any more. Look at it again."), code="state"
        )
    return locked


def _remove_file(batch: ImportBatch) -> None:
    if batch.file:
        name = batch.file
        transaction.on_commit(lambda: (folder() / name).unlink(missing_ok=True))


# --- The worker's part ---


def work_off(
    *,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[ImportBatch], Any] = lambda batch: 0,
) -> int:
    """Read and import what waits, after throwing away what is old; the number done.

    `tell` gets each batch that was imported, within the import's own transaction, and each that
    could not be.
    """
    clean_up()
    _take_up_again()
    done = 0
    while not stop():
        batch = (
            ImportBatch.objects.filter(state__in=[State.UPLOADED, State.QUEUED])
            .order_by("pk")
            .first()
        )
        if batch is None:
            return done
        goes_on = State.CHECKING if batch.state == State.UPLOADED else State.RUNNING
        claimed = ImportBatch.objects.filter(pk=batch.pk, state=batch.state)
        now = timezone.now()
        if claimed.update(state=goes_on, beat_at=now):
            batch.state, batch.beat_at = goes_on, now
            _work(batch, tell)
            done += 1
    return done


def clean_up() -> int:
    """Forget files nobody imported within a week, and files no row knows of; the rows forgotten."""
    # In real time: a demo clock that is moved throws nothing away.
    old = ImportBatch.objects.filter(
        state__in=[State.READY, State.FAILED], beat_at__lt=timezone.now() - KEEP_FOR
    )
    forgotten = old.delete()[1].get("crm.ImportBatch", 0)
    known = set(ImportBatch.objects.exclude(file="").values_list("file", flat=True))
    before = (timezone.now() - SILENT_FOR).timestamp()
    forget_unknown(folder(), known, before=before, named="*.upload")
    return forgotten


def _take_up_again() -> None:
    """What a worker left when it was killed: nothing of it is in the tables, so it waits again."""
    before = timezone.now() - SILENT_FOR
    for row in ImportBatch.objects.filter(
        state__in=[State.CHECKING, State.RUNNING], beat_at__lt=before
    ):
        if progress_of(row)[1] > SILENT_FOR.total_seconds():
            again = State.UPLOADED if row.state == State.CHECKING else State.QUEUED
            ImportBatch.objects.filter(pk=row.pk, state=row.state).update(state=again)


def _work(batch: ImportBatch, tell: Callable[[ImportBatch], Any]) -> None:
    """Read, or import, one batch; what it finds wrong becomes its sentence."""
    is_check = batch.state == State.CHECKING

    def fail(sentence: str) -> None:
        failed = _fail(batch, sentence)
        if not is_check:
            tell(failed)

    try:
        check_file(batch) if is_check else _import_file(batch, tell)
    except ValidationError as error:
        fail(" ".join(error.messages))
    except FileNotFoundError:
        fail(str(_("The file is not there any more; choose it again.")))
    except Exception:
        fail(str(_("The import broke off, nothing was written; the fault is in our log.")))
        raise
    finally:
        _progress_file(batch).unlink(missing_ok=True)


def _fail(batch: ImportBatch, sentence: str) -> ImportBatch:
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.FAILED, error=sentence[:500])
    return ImportBatch.objects.get(pk=batch.pk)


def check_file(batch: ImportBatch) -> None:
    """Read the file and try it: afterwards the batch is ready, its rows say what would happen."""
    with _opened(batch) as reading, tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        prepare(batch, reading)
        made: set[int] = set()

        def keep(rows: list[ImportRow]) -> None:
            made.update(row.person_id or 0 for row in rows if row.verb == ImportRow.Verb.CREATE)
            for row in rows:
                spool.write(json.dumps(_shown(row, made)) + "\n")

        write_rows(
            batch,
            reading,
            at=clock.now(),
            by=batch.asked_by,
            is_trial=True,
            on_rows=keep,
            on_progress=_teller(batch),
        )
        spool.seek(0)
        with transaction.atomic():
            batch.entries.all().delete()
            told: list[ImportRow] = []
            for line in spool:
                told.append(ImportRow(batch=batch, **json.loads(line)))
                if len(told) == STORED_AT_ONCE:
                    ImportRow.objects.bulk_create(told)
                    told = []
            ImportRow.objects.bulk_create(told)
            batch.state = State.READY
            batch.save()


def _shown(row: ImportRow, made: set[int]) -> dict[str, Any]:
    """What a trial keeps of a row; people it made do not exist."""
    return {
        "line": row.line,
        "verb": row.verb,
        "person_id": row.person_id if row.person_id not in made else None,
        "name": row.name,
        "changes": row.changes,
        "differs": row.differs,
        "remark": row.remark,
        "field": row.field,
        "message": row.message,
        # Nothing is made yet; what part in the event it would be is told all the same.
        "made": {"part": row.made["part"]} if "part" in row.made else {},
    }


def _import_file(batch: ImportBatch, tell: Callable[[ImportBatch], Any]) -> None:
    with _opened(batch) as reading, transaction.atomic():
        batch.entries.all().delete()
        batch.file, stored = "", batch.file
        write_rows(batch, reading, at=clock.now(), by=batch.asked_by, on_progress=_teller(batch))
        tell(batch)
        transaction.on_commit(lambda: (folder() / stored).unlink(missing_ok=True))


def _opened(batch: ImportBatch) -> Reading:
    return read_file(
        folder() / batch.file,
        encoding=batch.encoding,
        delimiter=batch.delimiter,
        sheet=batch.sheet,
        on_wait=lambda: _teller(batch)(0),
    )


def prepare(batch: ImportBatch, reading: Reading) -> None:
    """Write into the batch what was found out about the file, and which column holds what.

    Raises ValidationError when the file holds headings alone.
    """
    chosen = bool(batch.encoding)
    for name in ("kind", "encoding", "delimiter", "sheet", "sheets", "ignored", "formulas"):
        setattr(batch, name, getattr(reading, name))
    batch.is_encoding_sure = reading.is_certain or (chosen and batch.is_encoding_sure)
    batch.other_encodings = reading.others
    head = [line for line, _n in zip(reading.lines(), range(LOOKED_AT), strict=False)]
    rows = [line.cells for line in head if not line.fault]
    numbers = [line.number for line in head if not line.fault]
    where = heading_row(rows)
    headings = rows[where] if where is not None else []
    batch.headings = [clean_line(heading)[:80] for heading in headings]
    batch.heading_line = numbers[where] if where is not None else 0
    if where is not None and batch.kind == "vcard":
        batch.heading_line = 0
    batch.heading_key = heading_key(batch.headings) if batch.headings else ""
    if where is not None and batch.kind != "vcard" and head[-1].number == batch.heading_line:
        raise refusal("no_rows")
    below = rows[where + 1 :] if where is not None else rows
    width = max([len(headings), *map(len, below[:1])], default=0)
    if len(batch.mapping) != width or not any(batch.mapping):
        guessed = guess_mapping(headings, below)[:width]
        batch.mapping = _saved_mapping(batch, width) or guessed
    try:
        check_mapping(batch.mapping)
    except ValidationError:
        # Nothing here looks like a name; every row will say so, and the page asks for the column.
        batch.mapping = [name if name in FIELDS else "" for name in batch.mapping]


def _saved_mapping(batch: ImportBatch, width: int) -> list[str]:
    """What the last file with the same headings was imported by."""
    if not batch.heading_key:
        return []
    same = ImportBatch.objects.filter(heading_key=batch.heading_key, applied_at__isnull=False)
    last = same.exclude(pk=batch.pk).order_by("-pk").first()
    return last.mapping if last is not None and len(last.mapping) == width else []


# --- Progress: in a file, because the import holds the database until it is whole ---


def _progress_file(batch: ImportBatch) -> Path:
    return folder() / f"{batch.pk}.progress"


def _teller(batch: ImportBatch) -> Callable[[int], None]:
    def tell(done: int) -> None:
        _progress_file(batch).write_text(str(done))

    return tell


def progress_of(batch: ImportBatch) -> tuple[int, float]:
    """How many rows are done, and how many seconds ago that was said; (0, endless) without."""
    path = _progress_file(batch)
    try:
        return int(path.read_text() or 0), time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return 0, float("inf")


# --- At once, for the command line ---


def import_now(
    path: Path,
    *,
    event: Event | None,
    basis: str,
    source: str,
    at: datetime,
    by: User | None = None,
    encoding: str = "",
    overwrites: bool = False,
    answers: Mapping[str, Any] | None = None,
    is_trial: bool = False,
    bounds: Bounds | None = None,
    on_rows: Callable[[list[ImportRow]], None] = lambda rows: None,
) -> tuple[ImportBatch, list[dict[str, Any]]]:
    """Import a file that lies on this machine; the batch and the faults of its rows.

    `on_rows` gets what each chunk of rows did, or would do. `answers` are words, day and proof of
    its answers about the newsletter, as `change_reading` takes them.

    A trial leaves no batch behind. Raises ValidationError when the file is refused, or while its
    encoding is only a guess.
    """
    basis, source = check_words(basis, source)
    faults: list[dict[str, Any]] = []

    def keep(rows: list[ImportRow]) -> None:
        faults.extend(
            {"line": row.line, "field": row.field, "message": row.message}
            for row in rows
            if row.verb == ImportRow.Verb.ERROR
        )
        on_rows(rows)

    with read_file(path, encoding=encoding, bounds=bounds) as reading, transaction.atomic():
        batch = ImportBatch(
            event=event,
            basis=basis,
            source=source,
            overwrites=overwrites,
            file_name=file_name(path.name),
            checksum=hashlib.sha256(path.read_bytes()).hexdigest(),
            size=path.stat().st_size,
            asked_at=at,
            asked_by=by,
            encoding=encoding,
        )
        _prove_answers(batch, answers or {})
        prepare(batch, reading)
        if not batch.is_encoding_sure and not is_trial:
            raise ValidationError(
                _(
                    "The encoding is a guess; nothing was imported. It may be %(readings)s. Say "
                    "with --encoding which reads right."
                ),
                code="encoding",
                params={"readings": readings_of(batch)},
            )
        batch.save()
        write_rows(batch, reading, at=at, by=by, is_trial=is_trial, on_rows=keep)
        if is_trial:
            transaction.set_rollback(True)
            batch.pk = None
    return batch, sorted(faults, key=lambda fault: fault["line"])
