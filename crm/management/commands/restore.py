"""`manage.py restore FILE`: put a backup in place; the outbox is held afterwards."""

from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm.domain.backups import restore_backup


class Command(BaseCommand):
    help = "Puts a backup in place of this site's data and holds all waiting mail."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, *args, file: Path, **options):
        try:
            report = restore_backup(file)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        rows = sum(report.rows.values())
        self.stdout.write(
            f"Restored {rows} rows of {report.made_at}. Waiting mail is held: release it under "
            "Mail. Run “manage.py migrate” when the program is newer than the backup."
        )
