from datetime import date, timedelta

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.models.follow_ups import FollowUp, FollowUpQuerySet
from crm.models.marks import SampleMark, Visibility


class CampaignQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.roles or user.is_administrator else self.none()

    def chosen_first(self, slug: str):
        """The campaign with this slug, then the others, the newest window first."""
        is_other = Case(When(slug=slug, then=0), default=1)
        return self.order_by(is_other, "-window_start", "-pk")

    def open_on(self, day: date):
        return self.filter(window_end__gte=day)


class Campaign(SampleMark, Visibility, models.Model):
    """The offer of visits, with the window of local dates it covers."""

    public_fields = ("name", "offer", "window_start", "window_end", "funding_line", "answers_from")

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=200)
    offer = models.TextField(_("offer in public words"), max_length=4_000)
    event = models.ForeignKey("crm.Event", null=True, blank=True, on_delete=models.SET_NULL)
    initiative = models.ForeignKey(
        "crm.Initiative", null=True, blank=True, on_delete=models.PROTECT
    )
    window_start = models.DateField(_("first day of visits"))
    window_end = models.DateField(_("last day of visits"))
    project_end = models.DateField(_("end of the project"))
    zone = models.CharField(_("office time zone"), max_length=64, default="Europe/Oslo")
    office_opens = models.TimeField(_("office opens"), default="09:00")
    office_closes = models.TimeField(_("office closes"), default="17:00")
    reply_target_hours = models.PositiveSmallIntegerField(_("reply target (hours)"), default=8)
    lead_days = models.PositiveSmallIntegerField(_("shortest notice (working days)"), default=3)
    hold_days = models.PositiveSmallIntegerField(_("how long a date is held (days)"), default=3)
    targets = models.JSONField(default=dict, blank=True)
    audience_map = models.JSONField(_("audience of each organisation type"), default=dict)
    funding_line = models.CharField(_("funding line"), max_length=400, blank=True)
    sends_reminders = models.BooleanField(
        _("reminders of visits leave by themselves"), default=False
    )
    answers_from = models.CharField(_("who answers"), max_length=200, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-window_start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(window_start__lte=F("window_end")), name="window_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def days(self) -> list[date]:
        """Every date of the window."""
        length = (self.window_end - self.window_start).days
        return [self.window_start + timedelta(days=count) for count in range(length + 1)]

    @property
    def last_day_to_ask(self) -> date:
        """Who asks later leaves too little time to prepare and to travel."""
        return self.window_end - timedelta(days=self.lead_days)

    @property
    def working_days(self) -> list[date]:
        """Monday to Friday within the window."""
        return [day for day in self.days if day.weekday() < 5]

    @property
    def promises(self) -> FollowUpQuerySet:
        """What was promised at its visits, in its requests and at its event."""
        promised = Q(visits__campaign=self) | Q(visit_requests__campaign=self)
        if self.event_id:
            promised |= Q(event=self.event_id)
        return FollowUp.objects.filter(promised).distinct()


class Topic(SampleMark, Visibility, models.Model):
    """One thing a visit can be about, with what must not be promised."""

    public_fields = ("code", "name", "plain_text", "guide_url")

    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=200)
    plain_text = models.TextField(_("in plain words"), blank=True, max_length=2_000)
    limits = models.TextField(_("limits, what not to promise"), blank=True, max_length=2_000)
    materials = models.TextField(_("material to bring"), blank=True, max_length=2_000)
    guide_url = models.URLField(blank=True)
    needs_expert = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def title(self) -> str:
        """The name in the active language, where the program brings a translation."""
        return gettext(self.name) if self.name else ""

    @property
    def explanation(self) -> str:
        """`plain_text` in the active language, where the program brings a translation."""
        return gettext(self.plain_text) if self.plain_text else ""
