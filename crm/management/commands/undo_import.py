"""`manage.py undo_import ID`: take an import back, but for what was edited since."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from crm import clock
from crm.domain.imports.undoing import reasons_of, undo_import
from crm.models import ImportBatch


class Command(BaseCommand):
    """Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage."""

    help = "Undo an import: what it made goes, what it overwrote returns."

    def add_arguments(self, parser):
        parser.add_argument("id", type=int, metavar="ID", help="number of the import")

    def handle(self, *args, **options):
        number = options["id"]
        batch = ImportBatch.objects.filter(pk=number).first() if number < 2**63 else None
        if batch is None:
            raise CommandError(_("There is no import %(number)s.") % {"number": number})
        try:
            done = undo_import(batch, at=clock.now(), by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        told = f"{done.removed} people removed, {done.restored} as before, {len(done.kept)} stay."
        is_undone = batch.state == ImportBatch.State.UNDONE
        self.stdout.write(f"Import {number} is {'' if is_undone else 'not '}undone: {told}")
        for row in done.kept:
            self.stdout.write(
                f"  line {row.line}: {row.name} was edited or used since and stays"
                f" ({', '.join(reasons_of(row))})"
            )
