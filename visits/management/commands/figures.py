import json
import sys

from django.core.management.base import BaseCommand
from django.utils import translation

from crm import clock
from visits.domain.closing import as_values
from visits.domain.reporting import all_figures
from visits.models import Campaign


class Command(BaseCommand):
    help = "Print the twelve numbers of a campaign with the rows behind them."

    def add_arguments(self, parser):
        parser.add_argument("campaign", help="slug of the campaign, e.g. february-2023")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)) or "none yet"
            self.stderr.write(
                f"There is no campaign “{options['campaign']}”; the campaigns are: {known}."
            )
            sys.exit(1)
        at = clock.now()
        with translation.override("en"):
            figures = all_figures(campaign, at=at)
            if options["json"]:
                self.stdout.write(json.dumps(as_values(campaign, at, figures), ensure_ascii=False))
                return
            for figure in figures:
                self.stdout.write(
                    f"{figure.key:4} {figure.label:28} {figure.value:>8} {figure.unit}"
                )
