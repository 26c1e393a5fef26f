"""Remove a person's identity from everything, for good; counts and facts stay."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm import clock
from visits.domain.dossiers import dossier_of, find_person
from visits.domain.erasure import erase_person
from visits.domain.mentions import mentions_of


class Command(BaseCommand):
    """Asks nothing: who may run this may do it.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "Remove the identity of a person and of all records merged into it; cannot be undone."

    def add_arguments(self, parser):
        parser.add_argument("id", metavar="ID", help="number of the person, as in their page")
        parser.add_argument(
            "--leave-family-name",
            action="store_true",
            help="leave notes about others that name them by the family name alone",
        )

    def handle(self, *args, **options):
        try:
            person = find_person(options["id"])
            naming = mentions_of(dossier_of(person))
            is_left = options["leave_family_name"]
            dossier = erase_person(
                person, at=clock.now(), actor="command line", mentions=() if is_left else naming
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Erased person {person.pk}: {len(dossier.people)} records, "
            f"{len(dossier.requests)} requests, {len(dossier.messages)} letters."
        )
        if naming and is_left:
            told = "Notes about others that name them by the family name alone stay as they are"
        else:
            told = "Taken out of notes about others that named them by the family name alone"
        if naming:
            self.stdout.write(f"{told}: {len(naming)}.")
