"""`manage.py plan_visits CAMPAIGN [--fresh] [--seconds N] [--seed N] [--json] [--publish]
[--override-reason TEXT]`."""

import json

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm import clock
from visits.domain.booking import Busy, SlotTaken
from visits.domain.plans import BrokenPlan, plan_as_json, solve_campaign, store_version
from visits.domain.publishing import publish_version
from visits.models import Campaign


class Command(BaseCommand):
    help = "Plans the visits of a campaign, with a bound or a proof, and a reason per request."

    def add_arguments(self, parser):
        parser.add_argument("campaign", help="the campaign's slug, as february-2023")
        parser.add_argument(
            "--fresh",
            action="store_true",
            help="plan all who want or wanted a visit, from an empty calendar",
        )
        parser.add_argument("--seconds", type=int, default=30, help="ceiling of the search")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument(
            "--publish",
            action="store_true",
            help="hold the dates and draft the proposals",
        )
        parser.add_argument(
            "--override-reason",
            default="",
            help="why it is published although a host's own calendar cannot be read",
        )

    def handle(
        self, *args, campaign, fresh, seconds, seed, as_json, publish, override_reason, **options
    ):
        if seconds < 1:
            raise CommandError("--seconds has to be at least 1.", returncode=2)
        row = Campaign.objects.filter(slug=campaign).first()
        if row is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no campaign “{campaign}”; known: {known}.")
        if publish and fresh:
            raise CommandError("A plan from an empty calendar cannot be published.")
        at = clock.now()
        try:
            solved = solve_campaign(row, at=at, fresh=fresh, seconds=seconds, seed=seed)
            if publish:
                version = store_version(solved)
                publish_version(version, at=at, by=None, override_reason=override_reason)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except (SlotTaken, Busy, BrokenPlan) as error:
            raise CommandError(str(error)) from error
        result = plan_as_json(solved) | {"made_at": at.isoformat()}
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
        else:
            self._tell(result)

    def _tell(self, result) -> None:
        if result["proven"]:
            word = "proven best"
        elif result["bound"] is not None:
            word = f"bound {result['bound']}"
        else:
            word = "best found"
        self.stdout.write(f"Priority {result['priority']} ({word})")
        if refs := result["standing"]["visits"]:
            words = f"{result['standing']['priority']} of it stands without a place"
            self.stdout.write(f"  {words}: {', '.join(refs)}")
        for visit in result["visits"]:
            mark = "fixed" if visit["fixed"] else visit["visit"] or "new"
            refs = " ".join(visit["requests"])
            self.stdout.write(
                f"  {visit['starts_at'][:16]} {visit['zone']}  {visit['host']}  {refs}"
                f"  {visit['city']}  {visit['mode']}  {mark}"
            )
        for words in result["left_out"]:
            self.stdout.write(f"  left out of account: {words}")
        for risk in result["risks"]:
            self.stdout.write(f"  risk: {risk}")
        for row in result["unplaced"]:
            told = dict.fromkeys(filter(None, (row["reason"], row["would_fit_if"])))
            self.stdout.write(f"  not placed: {row['request']}: {' '.join(told)}")
