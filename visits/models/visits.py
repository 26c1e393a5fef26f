from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.marks import Mark, mark
from crm.models.marks import SampleMark, Visibility
from crm.models.places import PlacedQuerySet
from crm.search import SearchableModel
from visits import states
from visits.models.availability import Hold, HostAvailability, Reservation
from visits.models.requests import Mode
from visits.states import VisitState


class Side(models.TextChoices):
    US = "us", _("our side")
    MUNICIPALITY = "municipality", _("the municipality")
    OTHER = "other", _("neither side")


class VisitQuerySet(PlacedQuerySet):
    def visible_to(self, user):
        """Coordinators see all visits; hosts and experts those they take part in."""
        if user.is_coordinator:
            return self
        if user.is_host:
            return self.filter(Q(host__user=user) | Q(backup__user=user)).distinct()
        if user.is_expert:
            return self.filter(experts__user=user).distinct()
        return self.none()

    def live(self):
        """Tentative to in progress: these reserve their host."""
        return self.filter(state__in=states.LIVE_VISITS)

    def agreed(self):
        return self.filter(state__in=states.AGREED_VISITS)

    def standing(self):
        """Whose time is taken: agreed, on offer to a city, or moved and waiting for its answer."""
        reserved = Reservation.objects.active().filter(visit=OuterRef("pk"))
        return self.live().filter(Q(state__in=states.AGREED_VISITS) | Exists(reserved))

    def promised(self):
        """Whose date is settled with a city, or was until we moved it; see Visit.is_promised."""
        proposed = Hold.objects.filter(visit=OuterRef("pk"))
        moved = Q(state=VisitState.TENTATIVE, replaces__isnull=False, agreement="")
        return self.filter(Q(state__in=states.AGREED_VISITS) | (moved & ~Exists(proposed)))

    def offered(self):
        """Tentative visits made by a proposal; a moved one waits for an answer without any."""
        proposed = Hold.objects.filter(visit=OuterRef("pk"))
        return self.filter(Exists(proposed), state=VisitState.TENTATIVE)

    def delivered(self):
        """Completed, reported or closed."""
        return self.filter(state__in=states.HELD_VISITS)

    def taking_place(self):
        """Live or delivered: the host travels, or travelled, to those on site."""
        return self.filter(state__in=states.LIVE_VISITS | states.HELD_VISITS)

    def upcoming(self, at: datetime):
        return self.live().filter(ends_at__gt=at).order_by("starts_at")

    def awaiting_counts(self, at: datetime):
        """Agreed and over, but nobody has said yet who came."""
        return self.agreed().filter(ends_at__lte=at)

    def host_away_around(self, before: timedelta):
        """The host has said to be unavailable then (`is_host_away`), or until so shortly before."""
        absences = HostAvailability.objects.busy().written_down()
        begun = absences.filter(host=OuterRef("host"), starts_at__lt=OuterRef("ends_at"))
        during = begun.filter(ends_at__gt=OuterRef("starts_at"))
        around = begun.filter(ends_at__gt=OuterRef("starts_at") - before)
        return self.annotate(is_host_away=Exists(during)).filter(Exists(around))

    def unreported(self):
        """It took place, but nobody has told yet how it went."""
        return self.filter(state=VisitState.COMPLETED, report__written_at=None)

    def within(self, starts_at: datetime, ends_at: datetime):
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class Visit(SampleMark, Visibility, SearchableModel):
    """One dated meeting with a municipality; a new date is a new visit that `replaces` this one."""

    public_fields = (
        "ref",
        "mode",
        "starts_at",
        "ends_at",
        "zone",
        "topics",
        "campaign",
    )
    municipality_fields = (
        "ref",
        "requests",
        "mode",
        "starts_at",
        "ends_at",
        "zone",
        "address",
        "meeting_link",
        "local_contact_name",
        "agenda",
        "checklist",
        "topics",
        "state",
    )

    ref = models.CharField(max_length=12, unique=True)
    campaign = models.ForeignKey("visits.Campaign", on_delete=models.PROTECT, related_name="visits")
    requests = models.ManyToManyField("visits.VisitRequest", related_name="visits")
    municipality = models.ForeignKey(
        "crm.Municipality",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="visits",
        verbose_name=_("municipality"),
    )
    city = models.CharField(_("city"), max_length=200)
    country = models.CharField(_("country"), max_length=2)
    place = models.ForeignKey("crm.Place", null=True, blank=True, on_delete=models.PROTECT)
    mode = models.CharField(_("mode"), max_length=12, choices=Mode)
    mode_history = models.JSONField(default=list, blank=True, editable=False)
    starts_at = models.DateTimeField(_("starts"), db_index=True)
    ends_at = models.DateTimeField(_("ends"))
    zone = models.CharField(_("time zone"), max_length=64)
    address = models.CharField(_("address"), max_length=300, blank=True)
    meeting_link = models.URLField(_("online link"), blank=True, max_length=500)
    host = models.ForeignKey("visits.Host", on_delete=models.PROTECT, related_name="visits")
    backup = models.ForeignKey(
        "visits.Host",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="backed_visits",
        verbose_name=_("backup host"),
    )
    experts = models.ManyToManyField("visits.Host", blank=True, related_name="expert_visits")
    local_contact_name = models.CharField(_("local contact"), max_length=200, blank=True)
    local_contact_address = models.CharField(_("their mail"), max_length=320, blank=True)
    local_contact_phone = models.CharField(_("their phone"), max_length=60, blank=True)
    local_contact_verified_at = models.DateTimeField(null=True, blank=True)
    topics = models.ManyToManyField("visits.Topic", blank=True, related_name="visits")
    materials = models.TextField(_("material"), blank=True, max_length=4_000)
    notes = models.TextField(_("notes for the host"), blank=True, max_length=10_000)
    aim = models.CharField(_("outcome we aim at"), blank=True, max_length=500)
    decides = models.CharField(_("who decides for the city"), blank=True, max_length=300)
    missing_people = models.CharField(_("who is missing"), blank=True, max_length=300)
    hotel = models.CharField(_("hotel"), blank=True, max_length=300)
    last_way_home = models.CharField(_("last way home"), blank=True, max_length=300)
    budget = models.DecimalField(
        _("budget (EUR)"),
        null=True,
        blank=True,
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(0)],
    )
    print_again_after = models.DateField(_("print the brief again after"), null=True, blank=True)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=VisitState,
        default=VisitState.TENTATIVE,
        db_index=True,
    )
    state_since = models.DateTimeField(_("in this state since"))
    confirmed_at = models.DateTimeField(null=True, blank=True)
    agreement = models.CharField(_("evidence of the agreement"), max_length=500, blank=True)
    at_risk = models.BooleanField(_("at risk"), default=False)
    brief_void = models.BooleanField(_("brief no longer valid"), default=False)
    override_reason = models.CharField(_("why a rule was set aside"), max_length=500, blank=True)
    replaces = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
    )
    cancel_side = models.CharField(max_length=12, choices=Side, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    ics_uid = models.CharField(max_length=200, db_index=True)
    ics_sequence = models.PositiveIntegerField(default=0)
    messages = models.ManyToManyField("crm.Message", blank=True, related_name="visits")
    follow_ups = models.ManyToManyField("crm.FollowUp", blank=True, related_name="visits")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "ref"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="visit_in_order")
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.city}"

    def search_parts(self):
        return (self.ref, self.city, self.country)

    @property
    def local_start(self) -> datetime:
        return self.starts_at.astimezone(ZoneInfo(self.zone))

    @property
    def local_end(self) -> datetime:
        return self.ends_at.astimezone(ZoneInfo(self.zone))

    @property
    def local_date(self) -> date:
        return self.local_start.date()

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    def has_begun(self, at: datetime) -> bool:
        return at >= self.starts_at

    @property
    def awaits_city(self) -> bool:
        """Moved by us to a time that the city has not agreed to yet."""
        return (
            self.state == VisitState.TENTATIVE
            and self.replaces_id is not None
            and not self.agreement
            and not self.holds.all()
        )

    @property
    def is_live(self) -> bool:
        return self.state in states.LIVE_VISITS

    @property
    def shown_as(self) -> tuple[str, str]:
        """How the visit is marked where one mark has to do: at risk, else its state, with the kind
        of that mark."""
        if self.at_risk and self.is_live:
            return "at_risk", "flag"
        return str(self.state), "visit"

    @property
    def mark(self) -> Mark:
        """Word, shape and hue of the visit, the same on every board, calendar and map."""
        return mark(*self.shown_as)

    @property
    def is_agreed(self) -> bool:
        """Whether the city has agreed to the date."""
        return self.state in states.AGREED_VISITS

    @property
    def is_promised(self) -> bool:
        """Whether the date is agreed, or was until we moved it: it moves only with an approval."""
        return self.is_agreed or self.awaits_city

    @property
    def agreed_before(self) -> "Visit | None":
        """The visit as its city had agreed to it before we moved it, once or more often."""
        old = self.replaces
        while old is not None and old.state == VisitState.CANCELLED:
            old = old.replaces
        return old if old is not None and old.state == VisitState.POSTPONED else None

    @property
    def is_online(self) -> bool:
        return self.mode == Mode.ONLINE


class AgendaItem(SampleMark, Visibility, models.Model):
    """One item of a visit's programme; minutes count from the start of the visit."""

    municipality_fields = ("order", "minutes", "title", "speaker", "room")

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="agenda")
    order = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    title = models.CharField(_("item"), max_length=200)
    speaker = models.CharField(_("speaker"), max_length=200, blank=True)
    room = models.CharField(_("room"), max_length=120, blank=True)
    plan_b = models.CharField(_("plan B"), max_length=500, blank=True)
    can_be_dropped = models.BooleanField(_("can be dropped"), default=False)

    class Meta:
        ordering = ["visit", "order"]

    def __str__(self) -> str:
        return self.title


class ChecklistItem(SampleMark, Visibility, models.Model):
    """One thing to have ready for a visit; the municipality ticks its own."""

    municipality_fields = ("text", "done", "owner")

    class Owner(models.TextChoices):
        OURS = "ours", _("ours")
        THEIRS = "theirs", _("theirs")

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="checklist")
    key = models.SlugField(max_length=40, blank=True)
    text = models.CharField(_("what"), max_length=300)
    owner = models.CharField(max_length=8, choices=Owner)
    done = models.BooleanField(_("done"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["visit", "pk"]

    def __str__(self) -> str:
        return self.text
