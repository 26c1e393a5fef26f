"""`manage.py hold_mail`: hold all waiting mail until a person releases it on the Mail page."""

from django.core.management.base import BaseCommand

from crm.domain.outbox import hold_everything


class Command(BaseCommand):
    help = "Holds all waiting mail, as after a restore; release it under Mail."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"Held {hold_everything()} mails; release them under Mail.")
