"""Write everything kept about a person into a file, JSON or PDF, to be handed to them."""

import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import translation
from django.utils.translation import gettext as _

from crm import clock
from visits.briefs import press
from visits.briefs.files import write_whole
from visits.domain.dossiers import find_person
from visits.domain.person_export import export_person, reader_of


class Command(BaseCommand):
    """Writes the file whole or not at all, for its owner's eyes alone.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Write all kept about a person, without other people's data, as JSON or (*.pdf) PDF."

    def add_arguments(self, parser):
        parser.add_argument("id", metavar="ID", help="number of the person, as in their page")
        parser.add_argument("--output", required=True, metavar="FILE")

    def handle(self, *args, **options):
        with translation.override("en"):
            try:
                person = find_person(options["id"])
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            path = Path(options["output"])
            as_format = "pdf" if path.suffix.lower() == ".pdf" else "json"
            told = export_person(person, at=clock.now(), actor="command line", as_format=as_format)
            is_pdf = as_format == "pdf"
            content = press.copy_pdf(told, reader_of(person)) if is_pdf else _as_json(told)
        try:
            write_whole(path, content)
        except OSError as error:
            raise CommandError(
                _("%(file)s could not be written: %(why)s.")
                % {"file": options["output"], "why": error.strerror or error}
            ) from error


def _as_json(told: dict) -> bytes:
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1).encode()
