"""`manage.py read_mail`: look into the mailbox once, and say what came of it."""

from django.core.management.base import BaseCommand, CommandError

from crm import clock
from crm.domain.inbox.folder import folder_name
from crm.models import IncomingMail, MailFolder
from visits.domain.inbox.rounds import work_off


class Command(BaseCommand):
    help = "Reads what is new in the mailbox and files it, as the worker does every minute."

    def handle(self, *args, **options):
        name = folder_name()
        if not name:
            raise CommandError("No mailbox is set up; set IMAP_HOST, IMAP_USER and IMAP_PASSWORD.")
        newest = IncomingMail.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        read = work_off(at=clock.now())
        folder = MailFolder.objects.get(name=name)
        for state, label in IncomingMail.State.choices:
            if count := IncomingMail.objects.filter(pk__gt=newest, state=state).count():
                self.stdout.write(f"{label}: {count}")
        self.stdout.write(
            f"Mails read: {read}. To look at: {IncomingMail.objects.to_review().count()}."
        )
        if folder.failing_since:
            raise CommandError(folder.fault)
