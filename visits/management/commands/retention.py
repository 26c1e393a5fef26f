"""What is kept longer than its rule allows: listed by default, taken away with --apply."""

import json

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from crm import clock
from visits.domain.retention import BY_KEY, Due, apply_due, due_at, reference_of


class Command(BaseCommand):
    """Without `--apply` nothing changes. Names nobody: rows are told by kind and number.

    Exit status 0 done, 1 refused with a sentence on standard error, 2 wrong usage.
    """

    help = "List what is over its time by the rules of retention; with --apply take it away."

    def add_arguments(self, parser):
        parser.add_argument("--apply", action="store_true", help="take it away, for good")
        parser.add_argument(
            "--category", action="append", default=[], metavar="NAME", help=", ".join(BY_KEY)
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args, **options):
        only = options["category"]
        if unknown := sorted(set(only) - set(BY_KEY)):
            raise CommandError(
                f"There is no category {', '.join(unknown)}; choose from {', '.join(BY_KEY)}."
            )
        at = clock.now()
        with translation.override("en"):
            told = [self._told(due) for due in due_at(at, only=only)]
            gone = apply_due(at, only=only, actor="command line") if options["apply"] else None
        if options["as_json"]:
            said = {"at": at.isoformat(), "applied": gone is not None, "categories": told}
            self.stdout.write(json.dumps(said, ensure_ascii=False, indent=1))
            return
        for each in told:
            self._write(each)
        if gone is None:
            self.stdout.write("Nothing was changed. With --apply this goes for good.")
        else:
            count = sum(gone.values())
            self.stdout.write(f"Gone: {count} {'row' if count == 1 else 'rows'}.")

    @staticmethod
    def _told(due: Due) -> dict:
        return {
            "category": due.category.key,
            "months": due.months,
            "before": due.before.date().isoformat() if due.before else None,
            "goes": str(due.category.goes),
            "why": due.why,
            "rows": [reference_of(row) for row in due.rows],
        }

    def _write(self, each: dict) -> None:
        if each["months"] is None:
            self.stdout.write(f"{each['category']}: kept for good")
            return
        kept = f"kept {each['months']} months, so until {each['before']}"
        self.stdout.write(f"{each['category']} ({kept}): {len(each['rows'])}")
        for ref in each["rows"]:
            self.stdout.write(f"  {ref}: {each['why']}")
