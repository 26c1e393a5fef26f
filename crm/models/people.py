from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.matching.contacts import PHONE_END
from crm.models.consent import ConsentRecord, DataRequest, Purpose
from crm.models.events import Participation
from crm.models.marks import SampleMark, Visibility
from crm.models.messages import Interaction, Message
from crm.models.organisations import Organisation
from crm.search import SearchableModel, SearchQuerySet, holding, phone_digits
from crm.validators import address_key

# More bodies of a city, or more people found, are met soon on the way through a list.
MOST_BODIES, MOST_NAMED = 200, 2_000


class PersonQuerySet(SearchQuerySet):
    def search(self, text: str):
        """Rows whose key holds every word, those at home in a city with a name like this, and
        those with this phone number, however it is typed."""
        ways, among = [super().search(text)], holding(text)
        if digits := phone_digits(text)[-PHONE_END:]:
            ways.append(super().search(digits))
            among |= holding(digits)
        elif bodies := Organisation.objects.using(self.db).at_home_in(text, most=MOST_BODIES):
            ways.append(self.filter(organisation__in=bodies))
            among |= models.Q(organisation__in=bodies)
        if len(ways) == 1:
            return ways[0]
        numbers: set[int] = set()
        for rows in ways:
            numbers.update(rows.order_by().values_list("pk", flat=True)[: MOST_NAMED + 1])
            if len(numbers) > MOST_NAMED:
                return self.filter(among)
        return self.filter(pk__in=numbers)

    def visible_to(self, user):
        """People are the coordinators' work; a host meets them in the briefs of own visits."""
        return self if user.is_coordinator else self.none()

    def live(self):
        """Neither merged into another nor archived nor erased."""
        return self.filter(merged_into=None, archived_at=None, erased_at=None)

    def reachable(self):
        """People with at least one address mail may go to."""
        return self.filter(
            contact_points__kind=ContactPoint.Kind.EMAIL,
            contact_points__status__in=ContactPoint.USABLE,
        ).distinct()

    def contactable(self):
        """Whom we may write to about a visit: with a usable address, not having said no to that,
        and not having asked us to stop."""
        denied = ConsentRecord.objects.denied(Purpose.VISIT_CONTACT).filter(person=OuterRef("pk"))
        stop = DataRequest.objects.open().filter(
            person=OuterRef("pk"), kind__in=[DataRequest.Kind.STOP, DataRequest.Kind.ERASE]
        )
        return self.live().reachable().exclude(Exists(denied)).exclude(Exists(stop))

    def silent_since(self, moment):
        """People known before then, with whom nothing was exchanged since: no call, meeting, note,
        letter or event that they came to."""
        of_person = {"person": OuterRef("pk"), "at__gte": moment}
        heard = Interaction.objects.filter(**of_person)
        written = Message.objects.that_went().filter(**of_person)
        met = Participation.objects.attended().filter(
            person=OuterRef("pk"), event__ends_on__gte=moment.date()
        )
        known = self.filter(created_at__lt=moment)
        return known.filter(~Exists(heard), ~Exists(written), ~Exists(met))


class Person(SampleMark, Visibility, SearchableModel):
    """A human known to us. The family name may be empty."""

    public_fields = ()
    municipality_fields = ("given", "family", "role")

    key = models.CharField(max_length=40, unique=True, null=True, blank=True, editable=False)
    given = models.CharField(_("given name"), max_length=120)
    family = models.CharField(_("family name"), max_length=120, blank=True)
    script_variant = models.CharField(_("name in another script"), max_length=240, blank=True)
    role = models.CharField(_("role"), max_length=200, blank=True)
    department = models.CharField(_("department"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        "crm.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
        verbose_name=_("organisation"),
    )
    post_since = models.DateField(_("in this post since"), null=True, blank=True, editable=False)
    initiatives = models.ManyToManyField("crm.Initiative", blank=True, related_name="people")
    languages = models.JSONField(_("languages"), default=list, blank=True)
    tags = models.ManyToManyField("crm.Tag", blank=True, related_name="people")
    notes = models.TextField(_("notes"), blank=True, max_length=10_000)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, db_index=False
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["family", "given", "pk"]
        verbose_name_plural = "people"
        indexes = [
            models.Index(fields=["family", "given", "id"], name="person_name"),
            # The list as it opens: walked in its order and counted without touching a row.
            models.Index(
                fields=["family", "given", "id"],
                name="person_live_name",
                condition=Q(merged_into=None, archived_at=None, erased_at=None),
            ),
            # The people of a country are counted by their organisations.
            models.Index(
                fields=["organisation"],
                name="person_live_organisation",
                condition=Q(merged_into=None, archived_at=None, erased_at=None),
            ),
            # A full index would be walked for those not merged, who are nearly all.
            models.Index(
                fields=["merged_into"],
                name="person_merged",
                condition=Q(merged_into__isnull=False),
            ),
            # Every page asks whether there is sample data.
            models.Index(fields=["id"], name="person_sample", condition=Q(is_sample=True)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_closed(self) -> bool:
        """Whether the record stands for nobody any more: erased, or merged into another."""
        return self.erased_at is not None or self.merged_into_id is not None

    @property
    def name(self) -> str:
        if self.erased_at:
            return gettext("(erased)")
        return f"{self.given} {self.family}".strip()

    def search_parts(self):
        """With the addresses of this moment, not those that were read with the person."""
        points = self.contact_points.values_list("value", flat=True) if self.pk is not None else ()
        return self.search_parts_with(points)

    def search_parts_with(self, addresses):
        """What the person is found by when these are the addresses, stored or not yet."""
        addresses = [*addresses]
        organisation = self.organisation.name if self.organisation else ""
        return (
            self.given,
            self.family,
            self.script_variant,
            self.role,
            organisation,
            *addresses,
            *map(phone_digits, addresses),
        )


class ContactPointQuerySet(models.QuerySet):
    def emails(self):
        return self.filter(kind=ContactPoint.Kind.EMAIL)

    def usable(self):
        return self.filter(status__in=ContactPoint.USABLE)

    def matching(self, address: str):
        return self.filter(match_key=address_key(address))


class ContactPoint(SampleMark, Visibility, models.Model):
    """One address of a person: as typed, and as a key that matches other spellings."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("Mail")
        PHONE = "phone", _("Phone")

    class Status(models.TextChoices):
        UNVERIFIED = "unverified", _("not verified")
        VERIFIED = "verified", _("verified")
        BOUNCED = "bounced", _("bounced")
        WRONG = "wrong", _("wrong")
        SUPPRESSED = "suppressed", _("never to be mailed")

    USABLE = (Status.UNVERIFIED, Status.VERIFIED)

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.EMAIL)
    value = models.CharField(_("as typed"), max_length=320)
    match_key = models.CharField(max_length=320, editable=False, db_index=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.UNVERIFIED)
    # Why it has this status, and since when we know.
    status_why = models.CharField(_("why"), max_length=300, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    is_preferred = models.BooleanField(_("preferred"), default=True)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        ordering = ["-is_preferred", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "match_key"],
                name="one_address_once_per_person",
            ),
            models.CheckConstraint(condition=~Q(match_key=""), name="address_not_empty"),
        ]

    def __str__(self) -> str:
        return self.value.strip()

    @property
    def is_usable(self) -> bool:
        return self.status in self.USABLE

    def save(self, *args, **kwargs):
        self.match_key = address_key(self.value)
        super().save(*args, **kwargs)
