from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from crm.models.messages import Message, mail_is_caught


class OutgoingMailQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As `Message.objects.visible_to`."""
        if not user.is_coordinator:
            return self.none()
        return self if mail_is_caught() else self.exclude(message__channel=Message.CONFIRMATION)

    def due(self, at: datetime):
        """Queued and due by the real moment `at`, oldest first."""
        return self.filter(state=OutgoingMail.State.QUEUED, next_try_at__lte=at).order_by("pk")

    def letters(self):
        """Those to one person about one matter, which go before those of a mailing."""
        return self.filter(mailing=None)

    def needing_a_person(self):
        """Those a person decides about; a mail to an address that has not answered is nobody's."""
        return self.exclude(message__channel=Message.CONFIRMATION).filter(
            state__in=(
                OutgoingMail.State.HELD,
                OutgoingMail.State.UNKNOWN,
                OutgoingMail.State.FAILED,
                OutgoingMail.State.BOUNCED,
            )
        )


class OutgoingMail(SampleMark, models.Model):
    """One mail to one recipient, rendered; its state is the truth about its delivery.

    Two-phase sending: `sending` is committed before the SMTP talk, `sent` after it. A row found
    in `sending` at start is `unknown`: it may have arrived, so a person decides and no machine
    resends.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        HELD = "held", _("held")
        HELD_SAMPLE = "held_sample", _("sample, never sent")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        UNKNOWN = "unknown", _("perhaps sent")
        BOUNCED = "bounced", _("refused by the address")
        FAILED = "failed", _("could not be sent")
        CANCELLED = "cancelled", _("cancelled")

    # It was handed over: the recipient may have read it.
    GONE = (State.SENT, State.UNKNOWN)

    message = models.ForeignKey("crm.Message", on_delete=models.CASCADE, related_name="deliveries")
    mailing = models.ForeignKey(
        "crm.Mailing", null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    recipient = models.CharField(max_length=320)
    recipient_name = models.CharField(max_length=240, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED, db_index=True)
    mail_id = models.CharField("Message-ID", max_length=200, unique=True)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    calendar = models.TextField(blank=True)
    calendar_method = models.CharField(max_length=12, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sending_since = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField()
    # The real moment of the first try that was put off, since a person last decided about it.
    first_try_at = models.DateTimeField(null=True, blank=True)
    link_key = models.CharField(max_length=40, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        ordering = ["-queued_at", "-pk"]
        indexes = [models.Index(fields=["state", "mailing", "id"], name="outgoing_queue")]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"
