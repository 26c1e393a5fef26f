from django.core.management.base import BaseCommand

from visits.domain.reference import load_reference


class Command(BaseCommand):
    help = "Add missing reference data: roles, places, calendar days, mail templates."

    def handle(self, *args, **options):
        for kind, count in load_reference().items():
            self.stdout.write(f"{kind}: {count} added")
