"""Print the brief of a visit, in any state, into a file."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from visits.briefs.files import write_whole
from visits.briefs.paper import PAPERS, paper_named
from visits.domain.briefs import build_edition, print_edition
from visits.models import BriefEdition, Visit


class Command(BaseCommand):
    """Keeps the edition when it says something new, and writes it whole or not at all.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Write the brief of a visit as PDF: internal for the host, public for the municipality."

    def add_arguments(self, parser):
        parser.add_argument("visit_ref", metavar="VISIT_REF", help="reference, such as V01")
        parser.add_argument("--edition", required=True, choices=BriefEdition.Kind.values)
        parser.add_argument("--language", default="", help="language code; the city's by default")
        parser.add_argument("--paper", default="a4", choices=PAPERS)
        parser.add_argument("--grey", action="store_true", help="without colours")
        parser.add_argument("--output", required=True, metavar="FILE")

    def handle(self, *args, **options):
        at = clock.now()
        visit = Visit.objects.filter(ref=options["visit_ref"]).first()
        if visit is None:
            raise CommandError(_("There is no visit %(ref)s.") % {"ref": options["visit_ref"]})
        try:
            kept = build_edition(visit, options["edition"], at=at, language=options["language"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        paper = paper_named(options["paper"], is_grey=options["grey"])
        pdf, _name = print_edition(kept, at=at, paper=paper)
        try:
            write_whole(Path(options["output"]), pdf)
        except OSError as error:
            raise CommandError(
                _("%(file)s could not be written: %(why)s.")
                % {"file": options["output"], "why": error.strerror or error}
            ) from error
        self.stdout.write(str(kept))
