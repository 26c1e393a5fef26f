import sys

from django.core.management.base import BaseCommand

from crm.models import ClockSetting
from visits.domain.sample import SampleRefused
from visits.domain.sample_removal import remove_sample


class Command(BaseCommand):
    help = "Remove every row the sample wrote; reference data and users' own rows stay."

    def add_arguments(self, parser):
        parser.add_argument(
            "--force", action="store_true", help="also remove users' rows that hang on the sample"
        )

    def handle(self, *args, **options):
        try:
            removed = remove_sample(force=options["force"])
        except SampleRefused as refused:
            self.stderr.write(str(refused))
            sys.exit(1)
        self.stdout.write(f"{sum(removed.values())} rows removed.")
        if at := ClockSetting.objects.fixed_at():
            self.stdout.write(
                f"The clock still stands at {at:%d %B %Y, %H:%M} UTC; let it run in Settings."
            )
