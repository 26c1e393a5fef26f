from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MailFolder(models.Model):
    """A folder of a mailbox on a server, how far it has been read, and since when it is away.

    Moments are real time. `last_uid` counts under `uidvalidity` (RFC 3501): when the server says
    another one, all numbers are new and everything is looked at again.
    """

    name = models.CharField(max_length=500, unique=True)
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class IncomingMailQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Incoming mail is the coordinators' work."""
        return self if user.is_coordinator else self.none()

    def to_review(self):
        return self.filter(state=IncomingMail.State.REVIEW)

    def to_fetch(self, folder: MailFolder, *, at: datetime):
        """Seen on the server, and their bytes not yet here."""
        return self.filter(
            Q(next_try_at=None) | Q(next_try_at__lte=at),
            folder=folder,
            uidvalidity=folder.uidvalidity,
            state=IncomingMail.State.NEW,
            raw=None,
        )

    def to_read(self, *, at: datetime):
        """Here, and not yet understood."""
        return self.filter(
            Q(next_try_at=None) | Q(next_try_at__lte=at), state=IncomingMail.State.NEW
        ).exclude(raw=None)

    def in_thread_of(self, mail: "IncomingMail"):
        return self.filter(thread=mail.thread).exclude(thread="") if mail.thread else self.none()


class IncomingMail(models.Model):
    """One mail as a server holds it: kept before anything in it is believed, then understood.

    `why` is a word of `crm.inbox_words`, with `about` in it. `raw` is emptied after a while, its
    hash stays. `journal` says what filing it changed, for the undo.
    """

    class State(models.TextChoices):
        NEW = "new", _("not read yet")
        REVIEW = "review", _("to look at")
        FILED = "filed", _("filed")
        IGNORED = "ignored", _("ignored")
        BOUNCE = "bounce", _("delivery report")

    class Kind(models.TextChoices):
        LETTER = "letter", _("letter")
        COPY = "copy", _("copy of a letter of ours")
        AUTOMATIC = "automatic", _("automatic answer")
        REPORT = "report", _("delivery report")

    class Bounce(models.TextChoices):
        HARD = "hard", _("refused for good")
        GAVE_UP = "gave_up", _("given up after many tries")
        DELAYED = "delayed", _("late, still being tried")

    folder = models.ForeignKey(MailFolder, on_delete=models.PROTECT, related_name="mails")
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    raw = models.BinaryField(null=True, editable=False)
    raw_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    # Only its head was fetched.
    is_stub = models.BooleanField(default=False, editable=False)
    received_at = models.DateTimeField(_("received"), db_index=True)
    fetched_at = models.DateTimeField(auto_now_add=True)
    marked_at = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.NEW, db_index=True
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.LETTER)
    why = models.CharField(max_length=30, blank=True)
    about = models.CharField(max_length=300, blank=True)

    message_id = models.CharField("Message-ID", max_length=300, blank=True, db_index=True)
    references = models.JSONField(default=list)
    thread = models.CharField(max_length=300, blank=True, db_index=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    sender_key = models.CharField(max_length=320, blank=True, editable=False, db_index=True)
    sender_name = models.CharField(max_length=200, blank=True)
    recipients = models.JSONField(default=list)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    text = models.TextField(_("text"), blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attachments = models.JSONField(default=list)
    attachment_count = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)

    outgoing = models.ForeignKey(
        "crm.OutgoingMail",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reports",
    )
    bounce = models.CharField(max_length=8, choices=Bounce, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    organisation = models.ForeignKey(
        "crm.Organisation",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="incoming",
    )
    messages = models.ManyToManyField("crm.Message", blank=True, related_name="incoming")
    journal = models.JSONField(default=dict, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = IncomingMailQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["folder", "uidvalidity", "uid"], name="one_row_per_mail_on_the_server"
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.text[:60] or self.sender or str(self.pk)


class IgnoredSender(models.Model):
    """An address whose letters are put aside unread; reports and replies to us are not."""

    address = models.CharField(max_length=320)
    address_key = models.CharField(max_length=320, unique=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return self.address
