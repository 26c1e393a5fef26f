import sys

from django.core.management.base import BaseCommand

from visits.domain.sample import SampleRefused, demo_clock, load_sample


class Command(BaseCommand):
    help = "Load the sample (event, people, requests, visits) and set the demo clock."

    def handle(self, *args, **options):
        try:
            loaded = load_sample()
        except SampleRefused as refused:
            self.stderr.write(str(refused))
            sys.exit(1)
        self.stdout.write(
            f"The sample is loaded; the demo clock stands at {demo_clock():%d %B %Y, %H:%M %z}."
            if loaded
            else "The sample is loaded already; nothing was changed."
        )
