from datetime import datetime
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.models.marks import SampleMark
from visits.states import LIVE_VISITS, VisitState


class ReservationQuerySet(models.QuerySet):
    def active(self):
        return self.filter(active=True)

    def overlapping(self, resource: str, starts_at: datetime, ends_at: datetime):
        """Active rows of the resource that share time with `[starts_at, ends_at)`."""
        return self.active().filter(resource=resource, starts_at__lt=ends_at, ends_at__gt=starts_at)


class Reservation(SampleMark, models.Model):
    """One busy interval `[starts_at, ends_at)` of one resource, a host as `host:H1`.

    Two active rows of a resource never overlap: an exclusion constraint on PostgreSQL and triggers
    on SQLite see to it, whoever writes. Only `visits.domain.booking` writes here.
    """

    resource = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    active = models.BooleanField(default=True)
    visit = models.ForeignKey(
        "visits.Visit",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="reservations",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        ordering = ["resource", "starts_at"]
        indexes = [models.Index(fields=["resource", "starts_at", "ends_at"], name="reserved")]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="reservation_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%H:%M}"

    @property
    def kept_until(self) -> datetime | None:
        """Until when a cancelled visit keeps this time for an undo; None for any other row."""
        is_kept = self.active and self.visit and self.visit.state == VisitState.CANCELLED
        hold = getattr(self, "hold", None)
        return hold.expires_at if is_kept and hold else None


class HoldQuerySet(models.QuerySet):
    def live(self):
        """Holds whose reservation is still active."""
        return self.filter(reservation__active=True)

    def offered(self, at: datetime):
        """Those a city can accept at the moment `at`, in the order they were offered."""
        return self.live().filter(accepted_at=None, expires_at__gt=at).order_by("rank")

    def expired_at(self, at: datetime):
        return self.live().filter(expires_at__lte=at)

    def kept(self):
        """The time of cancelled visits, kept for a while so that the cancellation can be undone."""
        return self.live().filter(visit__state=VisitState.CANCELLED)


class Hold(SampleMark, models.Model):
    """One slot reserved until it expires: offered to a city until it answers, or kept for a day
    after an agreed visit was cancelled, so that the cancellation can be undone."""

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="holds")
    reservation = models.OneToOneField(Reservation, on_delete=models.CASCADE, related_name="hold")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rank = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["visit", "rank"]

    def __str__(self) -> str:
        return f"{self.visit} {self.starts_at:%Y-%m-%d %H:%M}"


class BusyFeedQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_coordinator:
            return self
        return self.filter(host__user=user) if user.is_host else self.none()

    def due(self, at: datetime):
        """Feeds to be read at the real moment `at`, the longest waiting first.

        The calendar of a host whose account was closed is read no more.
        """
        here = Q(host__user=None) | Q(host__user__is_active=True)
        return self.filter(here, next_try_at__lte=at).order_by("next_try_at", "pk")


class BusyFeed(SampleMark, models.Model):
    """A host's own calendar behind a private https address, read again and again.

    Of its entries nothing is kept but when the host is busy, as HostAvailability rows of this
    feed. `known_until` is the last moment they speak of. The moments of reading are real time,
    whatever the domain's clock says. `fault` names why the last reading failed.
    """

    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="busy_feeds")
    url = models.CharField(_("address"), max_length=2_000)
    added_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    good_at = models.DateTimeField(null=True, blank=True)
    known_until = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_index=True)
    failures = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=20, blank=True)
    fault_detail = models.CharField(max_length=60, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    modified = models.CharField(max_length=60, blank=True)

    objects = BusyFeedQuerySet.as_manager()

    class Meta:
        ordering = ["host", "pk"]
        verbose_name = _("calendar of a host")
        verbose_name_plural = _("calendars of hosts")

    def __str__(self) -> str:
        return self.site

    @property
    def site(self) -> str:
        """Where the calendar is kept; the rest of the address is a secret of the host's."""
        return urlsplit(self.url).hostname or ""


class HostAvailabilityQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_coordinator:
            return self
        return self.filter(host__user=user) if user.is_host else self.none()

    def busy(self):
        return self.exclude(kind=HostAvailability.Kind.FREE)

    def written_down(self):
        """What a person entered, without what was read from the hosts' own calendars."""
        return self.filter(feed=None)

    def touching(self, starts_at: datetime, ends_at: datetime):
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class HostAvailability(SampleMark, models.Model):
    """When a host can or cannot; a busy row needs no reason in words.

    Rows with a `feed` were read from the host's own calendar and are kept by that reading alone.
    """

    class Kind(models.TextChoices):
        FREE = "free", _("free")
        BUSY = "busy", _("unavailable")
        LEAVE = "leave", _("leave")
        ILL = "ill", _("ill")
        TRAVEL = "travel", _("other travel")

    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="availability")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.BUSY)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    label = models.CharField(_("shown as"), max_length=120, blank=True)
    feed = models.ForeignKey(
        BusyFeed,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="spans",
        verbose_name=_("own calendar"),
    )

    objects = HostAvailabilityQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        verbose_name_plural = "times of hosts"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="availability_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.label or self.get_kind_display()


class HostAnswerQuerySet(models.QuerySet):
    def current(self):
        """The newest of each visit, as long as host and time are still what they were."""
        newer = HostAnswer.objects.filter(visit=OuterRef("visit"), pk__gt=OuterRef("pk"))
        same = {"host": F("visit__host"), "starts_at": F("visit__starts_at")}
        return self.filter(~Exists(newer), **same)

    def refused(self):
        """Current refusals of visits that are still to happen."""
        rows = self.current().filter(answer=HostAnswer.Answer.REFUSED)
        return rows.filter(visit__state__in=LIVE_VISITS)


class HostAnswer(SampleMark, models.Model):
    """What a host said to the time planned for a visit; the newest counts."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    visit = models.ForeignKey("visits.Visit", on_delete=models.CASCADE, related_name="host_answers")
    host = models.ForeignKey("visits.Host", on_delete=models.CASCADE, related_name="answers")
    answer = models.CharField(max_length=8, choices=Answer)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    starts_at = models.DateTimeField()
    at = models.DateTimeField()

    objects = HostAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.visit.ref} {self.host.ref}: {self.get_answer_display()}"
