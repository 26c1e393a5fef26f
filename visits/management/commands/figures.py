import json
import sys
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand
from django.utils import translation

from crm import clock
from visits.domain.reporting import Figure, all_figures
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
                self.stdout.write(json.dumps(as_json(campaign, at, figures), ensure_ascii=False))
                return
            for figure in figures:
                self.stdout.write(
                    f"{figure.key:4} {figure.label:28} {figure.value:>8} {figure.unit}"
                )


def as_json(campaign: Campaign, at, figures: list[Figure]) -> dict:
    """The figures as plain values; `rows` are references and keys, never names."""
    return {
        "campaign": campaign.slug,
        "clock": at.astimezone(ZoneInfo(campaign.zone)).isoformat(),
        **{
            figure.key: {
                "label": str(figure.label),
                "value": figure.value,
                "unit": str(figure.unit),
                "detail": figure.detail,
                "rows": [row.ref for row in figure.rows],
            }
            for figure in figures
        },
    }
