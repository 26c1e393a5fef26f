"""`manage.py backup FILE`: one archive of database, key and files, taken while the site runs."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm.domain.backups import write_backup


class Command(BaseCommand):
    help = "Writes one archive with the database, the secret key and all files."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, *args, file: Path, **options):
        try:
            report = write_backup(file)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        rows = sum(report.rows.values())
        self.stdout.write(f"Wrote {file}: {rows} rows in {len(report.rows)} tables.")
