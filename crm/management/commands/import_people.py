"""Bring people from a file into the address book and onto the roster of an event."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from crm.domain.imports.answers import newsletter_texts, text_key
from crm.domain.imports.batches import import_now, imported_before, readings_of
from crm.import_words import changes_of, part_words
from crm.models import Event, ImportBatch, ImportRow
from crm.validators import clean_line


class Command(BaseCommand):
    """Brings a file in whole, or not at all; but for a dry run, basis and source must be said.

    Exit status 0 done (a dry run that found faults is done), 1 refused with a sentence on standard
    error, 2 wrong usage.
    """

    help = "Import people from CSV, XLSX or vCard into the address book and an event's roster."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--event", required=True, metavar="SLUG")
        parser.add_argument("--basis", default="", help="why these people may be kept")
        parser.add_argument("--source", default="", help="where the list comes from")
        parser.add_argument(
            "--encoding", default="", help="which one, where it can only be guessed"
        )
        parser.add_argument(
            "--newsletter-words",
            default="",
            metavar="TEXT",
            help="a column of newsletter answers: the words they were asked in, or en v1",
        )
        parser.add_argument("--newsletter-language", default="", metavar="xx")
        parser.add_argument("--newsletter-on", type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--newsletter-proof", default="", metavar="TEXT")
        parser.add_argument("--overwrite", action="store_true", help="take what differs too")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args, file, event, dry_run, as_json, **options):
        path = Path(file)
        if not path.is_file():
            raise CommandError(_("There is no file %(name)s.") % {"name": path})
        row = Event.objects.filter(slug=event).first()
        if row is None:
            known = ", ".join(Event.objects.values_list("slug", flat=True)) or "–"
            words = _("There is no event “%(slug)s”; known: %(known)s.")
            raise CommandError(words % {"slug": event, "known": known})
        basis, source = options["basis"], options["source"]
        if dry_run:
            basis, source = basis or "–", source or "–"
        seats: Counter[str] = Counter()
        otherwise: list[tuple[int, str]] = []

        def look_at(rows: list[ImportRow]) -> None:
            seats.update(filter(None, map(part_words, rows)))
            otherwise.extend((row.line, _otherwise(row)) for row in rows if row.differs)

        try:
            batch, faults = import_now(
                path,
                event=row,
                basis=basis,
                source=source,
                encoding=options["encoding"],
                overwrites=options["overwrite"],
                answers=_answers(options),
                is_trial=dry_run,
                at=clock.now(),
                on_rows=look_at,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OSError as error:
            words = _("%(name)s could not be read: %(why)s.")
            told = {"name": path, "why": error.strerror or error}
            raise CommandError(words % told) from error
        if not batch.is_encoding_sure:
            words = _("The encoding is a guess: %(readings)s. Say with --encoding which is right.")
            self.stderr.write(words % {"readings": readings_of(batch)})
        told = told_as_json(batch, faults)
        if as_json:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            self._tell(batch, told, dry_run=dry_run)
            for words, count in sorted(seats.items()):
                self.stdout.write(f"On the roster of {row.name}: {count} × {words}")
            for line, words in sorted(otherwise):
                self.stdout.write(f"  line {line}: {words}")

    def _tell(self, batch: ImportBatch, told: dict[str, Any], *, dry_run: bool) -> None:
        head = "Would import" if dry_run else f"Import {batch.pk}:"
        self.stdout.write(
            f"{head} {told['rows']} rows: {told['create']} new, {told['update']} changed, "
            f"{told['link']} put on the roster, {told['skip']} with nothing new; "
            f"{len(told['errors'])} with a fault."
        )
        for fault in told["errors"]:
            self.stdout.write(f"  line {fault['line']}: {fault['message']}")
        if batch.pk and (before := imported_before(batch)):
            self.stdout.write(f"This file was imported before, as import {before.pk}.")


def _answers(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the newsletter answers, as `import_now` takes them."""
    known = newsletter_texts().get(text_key(options["newsletter_words"]))
    return {
        "newsletter_text": known,
        "newsletter_words": "" if known else options["newsletter_words"],
        "newsletter_language": options["newsletter_language"],
        "newsletter_on": options["newsletter_on"],
        "newsletter_proof": clean_line(options["newsletter_proof"])[:470],
    }


def _otherwise(row: ImportRow) -> str:
    """What the file says otherwise, which is left out."""
    words = _("%(field)s stays %(ours)s; the file says %(theirs)s")
    return "; ".join(
        words % {"field": change.label, "ours": change.old, "theirs": change.new}
        for change in changes_of(row.differs)
    )


def told_as_json(batch: ImportBatch, faults: list[dict[str, Any]]) -> dict[str, Any]:
    """The public shape; `rows` are those taken, so lines of the file = rows + errors."""
    return {
        "batch": batch.pk,
        "rows": batch.rows,
        "create": batch.created,
        "update": batch.updated,
        "link": batch.linked,
        "skip": batch.skipped,
        "errors": faults,
    }
