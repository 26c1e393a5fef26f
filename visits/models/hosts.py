from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility


class HostQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_coordinator or user.is_administrator:
            return self
        return self.filter(user=user) if user.is_host or user.is_expert else self.none()

    def who_lead(self):
        """Hosts and backup hosts; an expert joins but never leads."""
        return self.exclude(kind=Host.Kind.EXPERT)


class Host(SampleMark, Visibility, models.Model):
    """Who leads visits for us, with home, hours, languages and topics covered."""

    class Kind(models.TextChoices):
        HOST = "host", _("Host")
        BACKUP = "backup", _("Backup host")
        EXPERT = "expert", _("Partner expert")

    public_fields = ("name", "title")

    ref = models.CharField(max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=200)
    title = models.CharField(_("title"), max_length=200, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HOST)
    person = models.ForeignKey("crm.Person", null=True, blank=True, on_delete=models.SET_NULL)
    user = models.OneToOneField(
        "crm.User",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="host",
    )
    home = models.ForeignKey("crm.Place", on_delete=models.PROTECT, verbose_name=_("home"))
    zone = models.CharField(_("time zone"), max_length=64)
    languages = models.JSONField(_("languages"), default=list)
    topics = models.ManyToManyField("visits.Topic", blank=True, related_name="hosts")
    work_from = models.TimeField(_("visits from"), default="09:00")
    work_until = models.TimeField(_("visits until"), default="17:00")
    travel_from = models.TimeField(_("travels from"), default="07:00")
    travel_until = models.TimeField(_("travels until"), default="21:00")
    travels = models.BooleanField(_("travels to visits"), default=True)
    max_days_in_row = models.PositiveSmallIntegerField(_("on-site days in a row"), default=4)
    keeps_office_day = models.BooleanField(_("one weekday a week without visits"), default=True)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["ref"]

    def __str__(self) -> str:
        return self.name

    @property
    def resource(self) -> str:
        """The name under which this host's time is reserved."""
        return f"host:{self.ref}"
