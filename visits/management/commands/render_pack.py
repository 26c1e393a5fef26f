"""Print the trip pack of a host for a span of days, or a sheet of one visit, into a file."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from crm.validators import clean_line, sensible_date
from visits.briefs.files import write_whole
from visits.briefs.paper import PAPERS, paper_named
from visits.domain.pack_runs import make_pack
from visits.models import Host, PackRun, Visit


class Command(BaseCommand):
    """Writes the pack whole or not at all.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Write a trip pack of a host, or a sheet of one visit, as PDF."

    def add_arguments(self, parser):
        kinds = PackRun.Kind.values
        parser.add_argument("--kind", choices=kinds, default=PackRun.Kind.TRIP)
        parser.add_argument("--host", metavar="H1", help="reference of the host of a trip")
        parser.add_argument("--from", dest="first", metavar="DATE")
        parser.add_argument("--to", dest="last", metavar="DATE")
        parser.add_argument("--visit", metavar="V01", help="reference of the visit of a sheet")
        parser.add_argument("--language", default="", metavar="xx", help="of a sheet")
        parser.add_argument("--paper", default="a4", choices=PAPERS)
        parser.add_argument("--grey", action="store_true", help="without colours")
        parser.add_argument("--output", required=True, metavar="FILE")

    def handle(self, *args, **options):
        kind = options["kind"]
        asked = _of_host(options) if kind == PackRun.Kind.TRIP else _of_visit(options)
        paper = paper_named(options["paper"], is_grey=options["grey"])
        try:
            pdf, _name = make_pack(kind, **asked, at=clock.now(), paper=paper)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            write_whole(Path(options["output"]), pdf)
        except OSError as error:
            raise CommandError(
                _("%(file)s could not be written: %(why)s.")
                % {"file": options["output"], "why": error.strerror or error}
            ) from error


def _of_host(options) -> dict[str, Any]:
    _need(options, host="--host", first="--from", last="--to")
    first, last = day_of(options["first"]), day_of(options["last"])
    host = Host.objects.filter(ref=options["host"]).select_related("home").first()
    if host is None:
        raise CommandError(_("There is no host %(ref)s.") % {"ref": options["host"]})
    return {"host": host, "first": first, "last": last}


def _of_visit(options) -> dict[str, Any]:
    _need(options, visit="--visit")
    visit = Visit.objects.filter(ref=options["visit"]).select_related("campaign", "host").first()
    if visit is None:
        raise CommandError(_("There is no visit %(ref)s.") % {"ref": options["visit"]})
    return {"visit": visit, "language": options["language"]}


def _need(options, **names: str) -> None:
    """End with status 2 when an option this kind needs was left out."""
    if missing := [flag for name, flag in names.items() if not options[name]]:
        words = _("The following arguments are required: %(names)s.")
        raise CommandError(words % {"names": ", ".join(missing)}, returncode=2)


def day_of(text: str) -> date:
    """The day `text` names; one sentence and status 2 when there is no such day."""
    try:
        return sensible_date(date.fromisoformat(text))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages), returncode=2) from error
    except ValueError as error:
        raise CommandError(
            _("“%(day)s” is no day of the calendar; write it like 2023-02-15.")
            % {"day": clean_line(text)[:40]},
            returncode=2,
        ) from error
