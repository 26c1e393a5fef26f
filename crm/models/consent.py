import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Substr
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from crm.validators import address_key


class Purpose(models.TextChoices):
    NEWSLETTER = "newsletter", _("Newsletter")
    VISIT_CONTACT = "visit_contact", _("Contact about the visit")
    SHARE_SECU4ALL = "share_secu4all", _("Pass on to Secu4All")
    SHARE_COSSEC = "share_cossec", _("Pass on to COSSEC")
    PHOTO = "photo", _("Photos")
    NAME_CITY = "name_city", _("Name the city in public")


class ConsentText(SampleMark, models.Model):
    """The exact words a person agreed to; never changed, a new wording is a new version."""

    purpose = models.CharField(max_length=20, choices=Purpose)
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    text = models.TextField()
    # Our own form asks in the newest of these; the words of somebody's list are only kept.
    is_asked = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "language", "version"],
                name="one_consent_text_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} v{self.version}"


class ConsentRecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who said what is content: the coordinators' alone."""
        return self if user.is_coordinator else self.none()

    def current(self):
        """The latest record per address holder and purpose; that one counts."""
        same = ConsentRecord.objects.filter(purpose=OuterRef("purpose")).order_by("-at", "-pk")
        of_person = same.filter(person=OuterRef("person"))
        of_address = same.filter(person=None, address__iexact=OuterRef("address"))
        return self.filter(
            Q(pk=Subquery(of_person.values("pk")[:1]))
            | Q(person=None, pk=Subquery(of_address.values("pk")[:1]))
        )

    def with_currency(self):
        """Each record with `is_current`: whether it is the one that counts."""
        newest = ConsentRecord.objects.current().filter(pk=OuterRef("pk"))
        return self.annotate(is_current=Exists(newest))

    def granted(self, purpose: str):
        """Unknown is not yes: only a current record that says granted counts."""
        return self.current().filter(purpose=purpose, status=ConsentRecord.Status.GRANTED)

    def denied(self, purpose: str):
        """A current record that says no, or no longer."""
        no = (ConsentRecord.Status.REFUSED, ConsentRecord.Status.WITHDRAWN)
        return self.current().filter(purpose=purpose, status__in=no)


class ConsentRecord(SampleMark, models.Model):
    """What a person said to one purpose; append only, the latest counts."""

    class Status(models.TextChoices):
        PENDING = "pending", _("asked")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        UNKNOWN = "unknown", _("unknown")

    # When two people become one, the stricter answer wins.
    STRICTNESS = (
        Status.WITHDRAWN,
        Status.REFUSED,
        Status.UNKNOWN,
        Status.PENDING,
        Status.GRANTED,
    )

    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="consents",
    )
    address = models.CharField(max_length=320, blank=True)
    purpose = models.CharField(max_length=20, choices=Purpose, db_index=True)
    status = models.CharField(max_length=12, choices=Status)
    text = models.ForeignKey(ConsentText, null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=8, blank=True)
    at = models.DateTimeField()
    channel = models.CharField(max_length=40, blank=True)
    evidence = models.CharField(max_length=500, blank=True)

    objects = ConsentRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["person", "purpose", "-at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.get_status_display()}"

    @property
    def how(self) -> str:
        """The channel in words."""
        return self.channel.replace("_", " ")

    def save(self, *args, **kwargs):
        if self.pk is not None and not kwargs.get("force_insert"):
            raise ValueError("Consent records are append only; add a new one.")
        super().save(*args, **kwargs)


HASHED = "sha256:"
SALT_LENGTH = 32


class SuppressionQuerySet(models.QuerySet):
    def holds(self, address: str) -> bool:
        """Whether the address is listed, as it is or as a hash."""
        return bool(self.among([address]))

    def among(self, addresses: Iterable[str]) -> set[str]:
        """Those of the addresses that are listed, as they are or as a hash."""
        salts = self.salts()
        keys: dict[str, str] = {}
        for address in addresses:
            key = address_key(address)
            keys |= dict.fromkeys([key, *(hashed_key(key, salt) for salt in salts)], address)
        listed = self.filter(match_key__in=list(keys)).values_list("match_key", flat=True)
        return {keys[key] for key in listed}

    def salts(self) -> list[str]:
        """The salts of the hashed rows: one for the whole list, more after lists were joined."""
        rows = self.filter(match_key__startswith=HASHED)
        salt = Substr("match_key", len(HASHED) + 1, SALT_LENGTH)
        return list(rows.annotate(salt=salt).order_by().values_list("salt", flat=True).distinct())

    def keep_hashed(self, address: str, *, at: datetime, is_sample: bool = False) -> None:
        """List an address of somebody erased: nobody can read it here, but everybody can ask."""
        key = address_key(address)
        self.filter(match_key=key).delete()
        salt = next(iter(self.salts()), None) or secrets.token_hex(SALT_LENGTH // 2)
        self.get_or_create(
            match_key=hashed_key(key, salt),
            defaults={"reason": "erased", "at": at, "is_sample": is_sample},
        )


def hashed_key(key: str, salt: str) -> str:
    """`sha256:SALT:DIGEST` of an address key."""
    return f"{HASHED}{salt}:{sha256(f'{salt}:{key}'.encode()).hexdigest()}"


class Suppression(SampleMark, models.Model):
    """An address never to be mailed again, and why; of somebody erased only its salted hash."""

    match_key = models.CharField(max_length=320, unique=True)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.match_key


class DataRequestQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator or user.is_administrator else self.none()

    def open(self):
        return self.filter(done_at=None)


class DataRequest(SampleMark, models.Model):
    """A person asks to see, correct, stop or erase what is kept; due within a month."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("see")
        CORRECT = "correct", _("correct")
        STOP = "stop", _("stop")
        ERASE = "erase", _("erase")

    kind = models.CharField(max_length=8, choices=Kind)
    person = models.ForeignKey(
        "crm.Person",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="data_requests",
    )
    address = models.CharField(max_length=320, blank=True)
    text = models.TextField(blank=True, max_length=4_000)
    received_at = models.DateTimeField()
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    answer = models.CharField(max_length=500, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.due_on})"
