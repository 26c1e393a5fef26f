"""`manage.py verify [FILE]`: is the site's database sound, or a backup usable?"""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm.domain.backups import verify_backup, verify_site


class Command(BaseCommand):
    help = "Checks the running site's database, or a backup when a file is named."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, nargs="?")

    def handle(self, *args, file: Path | None, **options):
        if file is None:
            try:
                faults = verify_site()
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            if faults:
                raise CommandError("The database is damaged: " + "; ".join(faults))
            self.stdout.write("The database is sound.")
            return
        try:
            report = verify_backup(file)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        rows = sum(report.rows.values())
        self.stdout.write(f"{file} is sound: {rows} rows of {report.made_at}.")
