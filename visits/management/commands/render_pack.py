"""Print the trip pack of a host for a span of days into a file."""

from datetime import date
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from crm.validators import clean_line, sensible_date
from visits.briefs.files import write_whole
from visits.briefs.paper import PAPERS, paper_named
from visits.domain.packs import pack_pdf
from visits.models import Host


class Command(BaseCommand):
    """Writes the pack whole or not at all.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Write the trip pack of a host as PDF: itinerary, day sheets, contacts, every brief."

    def add_arguments(self, parser):
        parser.add_argument("--host", required=True, metavar="H1", help="reference of the host")
        parser.add_argument("--from", dest="first", required=True, metavar="DATE")
        parser.add_argument("--to", dest="last", required=True, metavar="DATE")
        parser.add_argument("--paper", default="a4", choices=PAPERS)
        parser.add_argument("--grey", action="store_true", help="without colours")
        parser.add_argument("--output", required=True, metavar="FILE")

    def handle(self, *args, **options):
        first, last = day_of(options["first"]), day_of(options["last"])
        host = Host.objects.filter(ref=options["host"]).select_related("home").first()
        if host is None:
            raise CommandError(_("There is no host %(ref)s.") % {"ref": options["host"]})
        paper = paper_named(options["paper"], is_grey=options["grey"])
        try:
            pdf, _name = pack_pdf(host, first=first, last=last, at=clock.now(), paper=paper)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            write_whole(Path(options["output"]), pdf)
        except OSError as error:
            raise CommandError(
                _("%(file)s could not be written: %(why)s.")
                % {"file": options["output"], "why": error.strerror or error}
            ) from error


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
