from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm import clock, wording
from crm.models.marks import SampleMark
from visits.models.requests import Mode
from visits.models.visits import Visit


class PlanQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_coordinator or user.is_host:
            return self
        return self.none()


class Plan(SampleMark, models.Model):
    """The planning of one campaign: its versions over time."""

    campaign = models.OneToOneField(
        "visits.Campaign", on_delete=models.CASCADE, related_name="plan"
    )

    objects = PlanQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.campaign)


class PlanVersion(SampleMark, models.Model):
    """A solved plan; a draft may be edited by hand, once published it never changes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    published_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("what changed"), max_length=500, blank=True)
    priority = models.PositiveIntegerField(default=0)
    bound = models.PositiveIntegerField(null=True, blank=True)
    proven = models.BooleanField(default=False)
    totals = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    # How often it was edited by hand; whoever edits names the number they saw.
    edits = models.PositiveIntegerField(default=0)
    # What the search had placed before the first edit.
    searched_priority = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def is_fresh(self) -> bool:
        """Whether it was planned from an empty calendar, only to compare."""
        return bool(self.result.get("fresh"))

    @property
    def may_be_edited(self) -> bool:
        return self.state == self.State.DRAFT and not self.is_fresh

    def may_move(self, placement) -> bool:
        """Whether a visit of this draft may be moved by hand: what it places, and agreed visits
        that were released for it, also where they are back where they stand."""
        visit = placement.visit
        is_released = visit is not None and visit.ref in self.result.get("released", [])
        return not placement.is_fixed or is_released

    @property
    def standing(self) -> dict:
        """The agreed visits it counts although they have no place: references, and priority."""
        return self.result.get("standing", {"visits": [], "priority": 0})

    @property
    def left_open(self) -> set[str]:
        """References of the requests in its tray whose reasons wait for somebody who looks."""
        return set(self.result.get("open", []))

    @property
    def searched_was_proven(self) -> bool:
        """Whether nothing better than what the search had placed was possible."""
        return self.searched_priority is not None and self.searched_priority == self.bound

    @property
    def priority_lost(self) -> int:
        """How much less priority the edits place than the search had."""
        return (self.searched_priority or self.priority) - self.priority


class Placement(SampleMark, models.Model):
    """One visit's place in a plan version."""

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="placements")
    visit = models.ForeignKey(
        "visits.Visit",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="placements",
    )
    requests = models.ManyToManyField("visits.VisitRequest", related_name="placements")
    host = models.ForeignKey("visits.Host", on_delete=models.PROTECT)
    mode = models.CharField(max_length=12, choices=Mode)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    is_fixed = models.BooleanField(default=False)

    class Meta:
        ordering = ["version", "starts_at"]

    @property
    def on(self) -> date:
        """The date at the place."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def clock(self) -> str:
        """The start as the clock of the place shows it."""
        return wording.clock_time(self.starts_at, self.zone)


class UnplacedQuerySet(models.QuerySet):
    def with_standing(self):
        """Tells of each whether its visit `stands` in the plan: it was to move and could not.
        Then `standing_visit` is its reference and `standing_mode` how it is met; `on_offer` says
        that its city was only offered the date and has not agreed to it."""
        there = Placement.objects.filter(
            version=OuterRef("version"), requests=OuterRef("request"), is_fixed=True
        )
        return self.annotate(
            stands=Exists(there),
            standing_visit=Subquery(there.values("visit__ref")[:1]),
            standing_mode=Subquery(there.values("mode")[:1]),
            on_offer=Exists(Visit.objects.offered().filter(requests=OuterRef("request"))),
        )


class Unplaced(SampleMark, models.Model):
    """A request a plan version could not place, or not anew, and why, as a sentence."""

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="unplaced")
    request = models.ForeignKey("visits.VisitRequest", on_delete=models.CASCADE)
    reason_code = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    would_fit_if = models.CharField(max_length=500, blank=True)

    objects = UnplacedQuerySet.as_manager()

    class Meta:
        ordering = ["version", "request__ref"]

    @property
    def mend(self) -> str:
        """The change that would help, where the reason does not tell it already."""
        return "" if self.would_fit_if == self.reason else self.would_fit_if


class Spot(NamedTuple):
    """Where a visit is in a plan: who leads it, and when it starts."""

    host: Any
    starts_at: datetime


class PlanEdit(SampleMark, models.Model):
    """One change a person made to a draft: a visit moved, placed from the tray, or left out."""

    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="history")
    number = models.PositiveIntegerField()
    request = models.ForeignKey("visits.VisitRequest", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    from_host = models.ForeignKey(
        "visits.Host", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    from_start = models.DateTimeField(null=True, blank=True)
    to_host = models.ForeignKey(
        "visits.Host", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    to_start = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["version", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="one_edit_per_number")
        ]

    def __str__(self) -> str:
        values = {
            "request": self.request,
            "before": _spot_words(self.origin, self.request.zone),
            "after": _spot_words(self.target, self.request.zone),
        }
        if self.target is None:
            return gettext("%(request)s left out; it was on %(before)s") % values
        if self.origin is None:
            return gettext("%(request)s placed on %(after)s") % values
        return gettext("%(request)s moved from %(before)s to %(after)s") % values

    @property
    def origin(self) -> Spot | None:
        """Where it was; None for the tray."""
        return Spot(self.from_host, self.from_start) if self.from_start else None

    @property
    def target(self) -> Spot | None:
        """Where it went; None for the tray."""
        return Spot(self.to_host, self.to_start) if self.to_start else None


def _spot_words(spot: Spot | None, zone: str) -> str:
    if spot is None:
        return ""
    return gettext("%(when)s with %(host)s") % {
        "when": wording.local_time(spot.starts_at, zone),
        "host": spot.host,
    }


class PlanDecisionQuerySet(models.QuerySet):
    def active(self):
        return self.filter(taken_back_at=None)

    def with_names(self):
        return self.select_related("request", "host", "made_by", "plan__campaign")


class PlanDecision(SampleMark, models.Model):
    """What the coordinator decided for every later search, with the reason; kept when taken back.

    A pin says where a request goes (host, day or start, as far as given), a ban where it must not
    go (a host, a day, or that host on that day). A lock keeps a host's day as it is: `kept` holds
    what stood there ({"request": ref, "starts_at": ISO, "mode": mode, "minutes": length}), nothing
    is added.
    """

    class Kind(models.TextChoices):
        PIN = "pin", _("pinned")
        FORBID = "forbid", _("forbidden")
        LOCK = "lock", _("locked")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=8, choices=Kind)
    request = models.ForeignKey(
        "visits.VisitRequest",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="plan_decisions",
    )
    host = models.ForeignKey(
        "visits.Host", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    day = models.DateField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    kept = models.JSONField(default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = PlanDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        if self.kind == self.Kind.LOCK:
            return gettext("%(day)s of %(host)s locked") % self._names
        if self.kind == self.Kind.PIN:
            return gettext("%(request)s pinned: %(place)s") % self._names
        return gettext("%(request)s forbidden: %(place)s") % self._names

    @property
    def on(self) -> date | None:
        """The day it speaks of, at the place; None when it names no day."""
        if self.starts_at and self.request:
            return self.starts_at.astimezone(ZoneInfo(self.request.zone)).date()
        return self.day

    @property
    def _names(self) -> dict[str, object]:
        return {
            "request": self.request,
            "host": self.host,
            "day": wording.short_day(self.day) if self.day else "",
            "place": self.place_words,
        }

    @property
    def place_words(self) -> str:
        """Host and time it speaks of, as far as given: "Thu 23 Feb, with Joe Gorman"."""
        when = ""
        if self.starts_at and self.request:
            when = wording.local_time(self.starts_at, self.request.zone)
        elif self.day:
            when = wording.short_day(self.day)
        host = gettext("with %(host)s") % {"host": self.host} if self.host else ""
        return ", ".join(word for word in (when, host) if word)


class PlanRun(models.Model):
    """One search started from a page; the row is the truth, a task only says "look"."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("searching")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("could not be planned")
        INTERRUPTED = "interrupted", _("interrupted")

    class Freedom(models.TextChoices):
        INSERT = "insert", _("insert only")
        FEW = "few", _("few moves")
        BEST = "best", _("best plan")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    fresh = models.BooleanField(default=False)
    freedom = models.CharField(max_length=6, choices=Freedom, default=Freedom.BEST)
    released = models.JSONField(default=list, blank=True)
    because = models.CharField(_("why"), max_length=300, blank=True)
    group = models.CharField(max_length=16, blank=True, editable=False, db_index=True)
    seconds = models.PositiveSmallIntegerField(default=30)
    seed = models.PositiveIntegerField(default=1)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    beat_at = models.DateTimeField(null=True, blank=True)
    stop_asked = models.BooleanField(default=False)
    priority = models.PositiveIntegerField(null=True, blank=True)
    bound = models.PositiveIntegerField(null=True, blank=True)
    version = models.ForeignKey(PlanVersion, null=True, blank=True, on_delete=models.SET_NULL)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-pk"]
