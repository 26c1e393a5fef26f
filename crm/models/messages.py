from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from crm.search import SearchableModel, SearchQuerySet


class MailTemplate(SampleMark, models.Model):
    """A checked wording per language; changing one makes the next version."""

    key = models.SlugField(max_length=60)
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField(default=1)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=8_000)

    class Meta:
        ordering = ["key", "language", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "language", "version"], name="one_template_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.language}) v{self.version}"


def mail_is_caught() -> bool:
    """Whether this is the demo, whose mail server keeps everything to itself."""
    return settings.MAIL_IS_CAUGHT and settings.SITE_IS_LOCAL


class MessageQuerySet(SearchQuerySet):
    def visible_to(self, user):
        """Coordinators see all but what asks an address whether it is the sender's."""
        if not user.is_coordinator:
            return self.none()
        return self if mail_is_caught() else self.exclude(channel=Message.CONFIRMATION)

    def drafts(self):
        return self.filter(status=Message.Status.DRAFT)

    def exchanged(self):
        """What people wrote to each other: came in, was handed to the outbox, or was sent from
        elsewhere. What a program answers on its own is nobody's word."""
        return self.filter(status__in=Message.EXCHANGED).exclude(channel=Message.AUTOMATIC)

    def words_of_ours(self):
        """Letters that somebody of us wrote or chose, and that were not called off."""
        from crm.models.outbox import OutgoingMail

        called_off = OutgoingMail.objects.filter(
            message=OuterRef("pk"), state=OutgoingMail.State.CANCELLED
        )
        return self.exchanged().filter(
            Q(is_personal=True) | Q(status=Message.Status.LOGGED),
            ~Exists(called_off),
            direction=Message.Direction.OUT,
        )

    def unanswered(self):
        """What somebody known to us wrote, with no word of a person to them since: no letter that
        somebody wrote or chose, and no call, meeting or note."""
        later = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
        ours = Message.objects.words_of_ours().filter(later, person=OuterRef("person"))
        spoken = Interaction.objects.filter(person=OuterRef("person"), at__gte=OuterRef("at"))
        return self.exchanged().filter(
            ~Exists(ours),
            ~Exists(spoken),
            direction=Message.Direction.IN,
            person__isnull=False,
            person__erased_at=None,
            person__archived_at=None,
        )

    def that_went(self):
        """Those exchanged, without letters that still wait, are held, were called off or are a
        sample's, which nobody got."""
        from crm.models.outbox import OutgoingMail

        letters = OutgoingMail.objects.filter(message=OuterRef("pk"))
        went = letters.filter(state__in=OutgoingMail.GONE)
        return self.exchanged().filter(Exists(went) | ~Exists(letters))


class Message(SampleMark, SearchableModel):
    """A written word in or out. Its deliveries, one per recipient, are OutgoingMail rows."""

    class Direction(models.TextChoices):
        IN = "in", _("received")
        OUT = "out", _("sent by us")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        QUEUED = "queued", _("handed to the outbox")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")
        LOGGED = "logged", _("sent from elsewhere")

    EXCHANGED = (Status.QUEUED, Status.RECEIVED, Status.LOGGED)
    # An absence note or another answer that nobody wrote.
    AUTOMATIC = "automatic"
    # A mail to an address that has not answered yet: until it does, no person sees either.
    CONFIRMATION = "confirmation"

    key = models.CharField(max_length=60, unique=True, null=True, blank=True, editable=False)
    direction = models.CharField(max_length=3, choices=Direction)
    channel = models.CharField(max_length=20, default="mail")
    status = models.CharField(max_length=10, choices=Status)
    template = models.ForeignKey(MailTemplate, null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=8, default="en")
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(_("text"), blank=True, max_length=20_000)
    calendar = models.TextField(blank=True, editable=False)
    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
    )
    address = models.CharField(_("address"), max_length=320, blank=True)
    address_name = models.CharField(max_length=240, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    is_personal = models.BooleanField(_("a person wrote or chose it"), default=False)
    at = models.DateTimeField(db_index=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        # Every desk page counts the drafts.
        indexes = [
            models.Index(
                fields=["status"], condition=models.Q(status="draft"), name="message_drafts"
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.body[:60]

    def search_parts(self):
        return (self.subject, self.address, self.address_name, self.body)


class InteractionQuerySet(SearchQuerySet):
    def visible_to(self, user):
        if user.is_coordinator:
            return self
        return self.filter(by=user) if user.is_host else self.none()


class Interaction(SampleMark, SearchableModel):
    """A call or meeting that happened, or a note about somebody; internal."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        MEETING = "meeting", _("Meeting")
        NOTE = "note", _("Note")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.NOTE)
    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="interactions",
    )
    organisation = models.ForeignKey(
        "crm.Organisation",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="interactions",
    )
    event = models.ForeignKey(
        "crm.Event",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="interactions",
    )
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    text = models.TextField(_("what was said"), max_length=10_000)

    objects = InteractionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"

    def search_parts(self):
        return (self.text,)
