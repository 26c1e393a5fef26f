"""Print the trip pack of a host for a span of days into a file."""

from datetime import date
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from visits.briefs.files import write_whole
from visits.domain.packs import pack_pdf
from visits.models import Host


class Command(BaseCommand):
    """Writes the pack whole or not at all.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Write the trip pack of a host as PDF: itinerary, day sheets, contacts, every brief."

    def add_arguments(self, parser):
        parser.add_argument("--host", required=True, metavar="H1", help="reference of the host")
        parser.add_argument("--from", dest="first", required=True, type=date.fromisoformat)
        parser.add_argument("--to", dest="last", required=True, type=date.fromisoformat)
        parser.add_argument("--output", required=True, metavar="FILE")

    def handle(self, *args, **options):
        host = Host.objects.filter(ref=options["host"]).select_related("home").first()
        if host is None:
            raise CommandError(_("There is no host %(ref)s.") % {"ref": options["host"]})
        try:
            pdf, _name = pack_pdf(
                host, first=options["first"], last=options["last"], at=clock.now()
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        try:
            write_whole(Path(options["output"]), pdf)
        except OSError as error:
            raise CommandError(
                _("%(file)s could not be written: %(why)s.")
                % {"file": options["output"], "why": error.strerror or error}
            ) from error
