"""Remove a person's identity from everything, for good; counts and facts stay."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm import clock
from visits.domain.dossiers import find_person
from visits.domain.erasure import erase_person


class Command(BaseCommand):
    """Asks nothing: who may run this may do it.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Remove the identity of a person and of all records merged into it; cannot be undone."

    def add_arguments(self, parser):
        parser.add_argument("id", metavar="ID", help="number of the person, as in their page")

    def handle(self, *args, **options):
        try:
            person = find_person(options["id"])
            dossier = erase_person(person, at=clock.now(), actor="command line")
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Erased person {person.pk}: {len(dossier.people)} records, "
            f"{len(dossier.requests)} requests, {len(dossier.messages)} letters."
        )
