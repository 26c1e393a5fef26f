import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.consent import Purpose


class MailingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()


class Mailing(models.Model):
    """One letter to many people: a wording, whom it goes to, and what became of each.

    `query` holds the parameters of the people list when the recipients are found by it; None when
    they were ticked one by one. `values` fills the placeholders that are the same for everybody.
    """

    class Kind(models.TextChoices):
        NEWSLETTER = "newsletter", _("Newsletter: to those who agreed to it")
        VISIT_CONTACT = (
            "visit_contact",
            _("About the offer of visits: to those who agreed to that"),
        )
        EVENT = "event", _("About an event: to those who took part")
        NOTICE = "notice", _("That we have their data (GDPR art. 14): to those still to be told")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RELEASED = "released", _("released")
        STOPPED = "stopped", _("stopped")
        CANCELLED = "cancelled", _("cancelled")

    # Kinds that rest on consent, and on consent to what.
    CONSENT = {Kind.NEWSLETTER: Purpose.NEWSLETTER, Kind.VISIT_CONTACT: Purpose.VISIT_CONTACT}

    title = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    event = models.ForeignKey(
        "crm.Event",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mailings",
        verbose_name=_("event"),
    )
    template_key = models.SlugField(_("wording"), max_length=60)
    with_english = models.BooleanField(
        _("in English where the wording is missing in somebody's language"), default=False
    )
    again = models.BooleanField(_("also to those who got this wording before"), default=False)
    values = models.JSONField(default=dict, blank=True)
    query = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    # Of whom it goes to and how, as it was last shown; a release names it.
    digest = models.CharField(max_length=32, blank=True, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    scheduled_at = models.DateTimeField(_("not before"), null=True, blank=True)

    objects = MailingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def ref(self) -> str:
        return f"M{self.pk}"

    @property
    def consent_purpose(self) -> str:
        """What its recipients must have agreed to; empty for a kind that rests on another basis."""
        return self.CONSENT.get(self.Kind(self.kind), "")

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


class MailingRecipientQuerySet(models.QuerySet):
    def without_letter(self):
        """Those to whom nothing was written nor will be: only looked at, or not to get it."""
        not_to_get = models.Q(standing__in=["blocked", "left_out"])
        return self.filter(models.Q(mailing__released_at=None) | not_to_get, mail=None)


class MailingRecipient(models.Model):
    """One person of a mailing: whether a letter goes, why not, and the letter once it is written.

    Neither name nor address is kept here: the letter is written from the person's record, and the
    outbox holds what was written.
    """

    class Standing(models.TextChoices):
        GOES = "goes", _("gets it")
        SAMPLE = "sample", _("sample, kept and never sent")
        BLOCKED = "blocked", _("does not get it")
        LEFT_OUT = "left_out", _("left out by us")
        QUEUED = "queued", _("in the outbox")

    class Reason(models.TextChoices):
        GONE = "gone", _("the record is erased, archived or merged")
        STOPPED = "stopped", _("asked us to stop writing or to erase")
        DENIED = "denied", _("said no to this")
        NO_CONSENT = "no_consent", _("has not agreed to this")
        NO_PART = "no_part", _("did not take part in the event")
        NO_NOTICE = "no_notice", _("is not to be told: told already, or came from no list")
        NO_ADDRESS = "no_address", _("has no mail address")
        WRONG = "wrong", _("the address is known to be wrong")
        BOUNCED = "bounced", _("the address refused our mail")
        SUPPRESSED = "suppressed", _("the address must never be mailed")
        DUPLICATE = "duplicate", _("somebody else with the same address gets it")
        GOT_BEFORE = "got_before", _("got this wording before")
        NO_WORDING = "no_wording", _("no wording in their language")
        MISSING = "missing", _("a placeholder has no value")

    # States of a mail by which its wording reached somebody, or will.
    REACHES = ("queued", "held", "held_sample", "sending", "sent", "unknown")
    SENDABLE = (Standing.GOES, Standing.SAMPLE)

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="recipients")
    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="mailings")
    standing = models.CharField(max_length=8, choices=Standing)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    # Names of placeholders, codes of languages, or the mailing they got before and its day; never
    # words about the person.
    detail = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True)
    point = models.ForeignKey(
        "crm.ContactPoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    mail = models.OneToOneField(
        "crm.OutgoingMail",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="mailing_recipient",
    )

    objects = MailingRecipientQuerySet.as_manager()

    class Meta:
        ordering = ["mailing", "pk"]
        verbose_name_plural = "recipients of mailings"
        constraints = [
            models.UniqueConstraint(
                fields=["mailing", "person"], name="one_letter_per_person_and_mailing"
            )
        ]


def new_salt() -> str:
    return secrets.token_urlsafe(32)


class StopLink(models.Model):
    """One person's way to stop one kind of mailing; of its 256 random bits only a hash is kept.

    Usually one for each person and kind; there is a second one after the site's key was changed.
    """

    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, related_name="stop_links")
    kind = models.CharField(max_length=16, choices=Mailing.Kind)
    salt = models.CharField(max_length=64, default=new_salt)
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "links that stop mailings"
        indexes = [models.Index(fields=["person", "kind"], name="stop_link_of_person")]


class OutboxStandingQuerySet(models.QuerySet):
    def now(self):
        """The one row, made when there is none."""
        return self.get_or_create(pk=1)[0]

    def stopped(self):
        """The one row while somebody has stopped all mail, with who did."""
        return self.exclude(stopped_at=None).select_related("stopped_by")

    def is_closed(self, at):
        """Whether nothing may be handed over at the real moment `at`."""
        stopped = models.Q(stopped_at__isnull=False) | models.Q(retry_at__gt=at)
        return self.filter(stopped, pk=1).exists()


class OutboxStanding(models.Model):
    """Whether the whole outbox stands still: a person stopped it, or the server refuses us.

    Moments are real time, but for `stopped_at`, which is the domain's.
    """

    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    fault = models.CharField(max_length=500, blank=True)
    faults = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxStandingQuerySet.as_manager()
