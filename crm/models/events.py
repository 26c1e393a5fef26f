from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark, Visibility
from crm.search import SearchableModel, SearchQuerySet


class EventQuerySet(SearchQuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator or user.is_host else self.none()


class Event(SampleMark, Visibility, SearchableModel):
    """What people take part in, as its page tells it."""

    public_fields = (
        "name",
        "starts_on",
        "ends_on",
        "venue",
        "city",
        "country",
        "goals",
    )

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=300)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    venue = models.CharField(_("venue"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    attendance_words = models.CharField(
        _("attendance in the organisers' words"), max_length=120, blank=True
    )
    goals = models.JSONField(_("goals"), default=list, blank=True)
    description = models.TextField(_("description"), blank=True)
    initiatives = models.ManyToManyField("crm.Initiative", blank=True, related_name="events")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "name"]

    def __str__(self) -> str:
        return self.name

    def search_parts(self):
        return (self.name, self.venue, self.city)


class Session(SampleMark, Visibility, models.Model):
    """One item of an event's programme, its title word for word; times only where known."""

    public_fields = ("day", "order", "title", "starts_at", "ends_at")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="sessions")
    day = models.PositiveSmallIntegerField(_("day"))
    order = models.PositiveSmallIntegerField(_("order"))
    title = models.CharField(_("title"), max_length=300)
    detail = models.TextField(_("detail"), blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    speakers = models.ManyToManyField("crm.Person", blank=True, related_name="sessions_led")

    class Meta:
        ordering = ["event", "day", "order"]

    def __str__(self) -> str:
        return self.title


class ParticipationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_coordinator else self.none()

    def attended(self):
        return self.filter(status=Participation.Status.ATTENDED)

    def of_people_counted_once(self):
        """Without rows whose person was merged into another who is counted already."""
        return self.filter(person__merged_into=None)


class Participation(SampleMark, models.Model):
    """One person's part in one event."""

    class Status(models.TextChoices):
        REGISTERED = "registered", _("registered")
        ATTENDED = "attended", _("attended")
        NO_SHOW = "no_show", _("did not come")
        CANCELLED = "cancelled", _("cancelled")

    person = models.ForeignKey(
        "crm.Person", on_delete=models.CASCADE, related_name="participations"
    )
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="participations")
    status = models.CharField(_("status"), max_length=12, choices=Status)
    day_1 = models.BooleanField(_("day 1"), null=True)
    day_2 = models.BooleanField(_("day 2"), null=True)
    walk = models.BooleanField(_("walk-and-talk"), null=True)
    part = models.CharField(_("part taken"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        ordering = ["event", "person__family", "person__given"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "event"], name="one_part_per_person_and_event"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.event}"
