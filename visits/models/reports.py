from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility
from visits.states import VisitState


class Audience(models.TextChoices):
    """The funder's audience categories; its template decides the wording."""

    SCIENTIFIC = "scientific_community", _("Scientific Community")
    INDUSTRY = "industry", _("Industry")
    CIVIL_SOCIETY = "civil_society", _("Civil Society")
    GENERAL_PUBLIC = "general_public", _("General Public")
    POLICY_MAKERS = "policy_makers", _("Policy Makers")
    MEDIAS = "medias", _("Medias")
    INVESTORS = "investors", _("Investors")
    CUSTOMERS = "customers", _("Customers")
    OTHER = "other", _("Other")


class Outcome(models.TextChoices):
    """The outcome ladder; `open` is no outcome yet."""

    OPEN = "open", _("open")
    INFORMED = "informed", _("informed")
    INTERESTED = "interested", _("interested")
    EXPLORING = "exploring", _("exploring")
    PLANNING_TRIAL = "planning_trial", _("planning a trial")
    ADOPTING = "adopting", _("adopting")


LADDER = [
    Outcome.OPEN,
    Outcome.INFORMED,
    Outcome.INTERESTED,
    Outcome.EXPLORING,
    Outcome.PLANNING_TRIAL,
    Outcome.ADOPTING,
]


class VisitReportQuerySet(models.QuerySet):
    def for_city(self):
        """Written, with words for the city."""
        return self.exclude(written_at=None).exclude(summary="")

    def awaiting_city(self):
        """The city was asked to check and has not answered."""
        open_visits = (VisitState.COMPLETED, VisitState.REPORTED)
        rows = self.for_city().filter(visit__state__in=open_visits)
        return rows.filter(validated_at=None, corrected_at=None)

    def corrected(self):
        """The city corrected it, and nobody of us has answered."""
        return self.exclude(corrected_at=None).filter(validated_at=None)


class VisitReport(SampleMark, Visibility, models.Model):
    """What happened at a visit: who came, what came of it.

    The city approves the summary or corrects it: `correction` are its words, which stand beside
    ours until one of us accepts them or writes anew. `host_summary` keeps what we had written
    before a correction was accepted.
    """

    public_fields = ("summary",)
    municipality_fields = ("summary", "correction", "topics_covered", "counts", "validated_at")

    visit = models.OneToOneField("visits.Visit", on_delete=models.CASCADE, related_name="report")
    topics_covered = models.ManyToManyField("visits.Topic", blank=True)
    summary = models.TextField(_("summary for the city"), blank=True, max_length=4_000)
    notes = models.TextField(_("notes"), blank=True, max_length=10_000)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.OPEN)
    evidence = models.CharField(_("evidence of the outcome"), max_length=500, blank=True)
    expected = models.PositiveSmallIntegerField(_("people expected"), null=True, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    validated_at = models.DateTimeField(null=True, blank=True)
    correction = models.TextField(_("the city's correction"), blank=True, max_length=4_000)
    corrected_at = models.DateTimeField(null=True, blank=True)
    host_summary = models.TextField(_("what we had written"), blank=True, max_length=4_000)

    objects = VisitReportQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.visit.ref}"

    @property
    def is_for_city(self) -> bool:
        return self.written_at is not None and bool(self.summary)

    @property
    def is_corrected(self) -> bool:
        """Whether a correction waits for us."""
        return self.corrected_at is not None and self.validated_at is None

    @property
    def awaits_city(self) -> bool:
        return self.is_for_city and self.validated_at is None and self.corrected_at is None


class AttendanceCount(SampleMark, models.Model):
    """How many people of one audience category were at a visit."""

    report = models.ForeignKey(VisitReport, on_delete=models.CASCADE, related_name="counts")
    audience = models.CharField(max_length=24, choices=Audience)
    people = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["report", "-people"]
        constraints = [
            models.UniqueConstraint(fields=["report", "audience"], name="one_count_per_audience")
        ]


class Referral(SampleMark, models.Model):
    """A hand-over to another initiative, only with the requester's consent."""

    request = models.OneToOneField(
        "visits.VisitRequest", on_delete=models.CASCADE, related_name="referral"
    )
    initiative = models.ForeignKey("crm.Initiative", on_delete=models.PROTECT)
    consent = models.ForeignKey(
        "crm.ConsentRecord", null=True, blank=True, on_delete=models.PROTECT
    )
    at = models.DateTimeField()


class DisseminationActivity(SampleMark, models.Model):
    """One activity as the funder counts them, with the numbers and their evidence."""

    class Type(models.TextChoices):
        EVENT = "event", _("Organisation of an event")
        VISIT = "visit", _("Visit to a municipality")
        NEWSLETTER = "newsletter", _("Newsletter")
        OTHER = "other", _("Other")

    type = models.CharField(max_length=12, choices=Type)
    name = models.CharField(max_length=300)
    campaign = models.ForeignKey("visits.Campaign", null=True, blank=True, on_delete=models.CASCADE)
    event = models.ForeignKey("crm.Event", null=True, blank=True, on_delete=models.CASCADE)
    visit = models.ForeignKey("visits.Visit", null=True, blank=True, on_delete=models.CASCADE)
    held_on = models.DateField()
    counts = models.JSONField(default=dict, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
